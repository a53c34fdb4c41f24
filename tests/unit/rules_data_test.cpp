// The answers of tests/rules/*.jsonl: pairs on which other engines disagree, each with the answer
// that this language gives, and patterns that it refuses. A line there is a case here.
#include <fstream>

#include "rules_support.hpp"

namespace syncline::rules {
namespace {

std::vector<Json> lines_of(const std::string& name) {
    std::ifstream file(std::string(SYNCLINE_ROOT) + "/tests/rules/" + name);
    EXPECT_TRUE(file.is_open()) << name;
    std::vector<Json> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(json(line));
    return lines;
}

/// "refused", "accepted" (when there is no event), "true" or "false".
std::string answer_of(const Json& line) {
    auto compiled = Pattern::parse(line["pattern"].as_string());
    if (std::holds_alternative<Fault>(compiled)) return "refused";
    if (!line.find("event")) return "accepted";
    auto event = Json::parse(line["event"].as_string());
    if (!event || !event->is_object()) return "refused";
    const auto& pattern = std::get<Pattern>(compiled);
    bool held = pattern.matches(*event, 0);
    EXPECT_EQ(held, !pattern.explain(*event, 0).has_value()) << line["id"].as_string();
    return held ? "true" : "false";
}

TEST(PatternData, PairsOnWhichEnginesDisagreeHaveTheDecidedAnswer) {
    auto lines = lines_of("quirks.jsonl");
    EXPECT_EQ(lines.size(), 722u);
    for (const auto& line : lines) {
        const auto& match = line["match"];
        std::string expected = match.is_bool() ? (match.as_bool() ? "true" : "false")
                                               : match.as_string();
        EXPECT_EQ(answer_of(line), expected) << line.dump();
    }
}

TEST(PatternData, RefusedPatternsSayWhy) {
    auto lines = lines_of("refused.jsonl");
    EXPECT_EQ(lines.size(), 131u);
    for (const auto& line : lines) {
        auto compiled = Pattern::parse(line["pattern"].as_string());
        auto* fault = std::get_if<Fault>(&compiled);
        ASSERT_TRUE(fault) << "accepted: " << line.dump();
        EXPECT_GE(fault->message.size(), 15u) << line.dump();
        bool placed = !fault->path.empty() || fault->line > 0 ||
                      fault->message.find("expected an object") != std::string::npos;
        EXPECT_TRUE(placed) << fault->message << " in " << line.dump();
    }
}

}  // namespace
}  // namespace syncline::rules
