// Runs files of conformance cases through the rules library: `tests/corpus FILE…`.
//
// A file is either one JSON object with "tests" (templates) or a JSON value a line (rules). The form
// of a line is told by its members. A line that is none of them is named and counts as failed.
//
//   conformance_corpus [--decided FILE] FILE…
//
// --decided FILE: the project's own answers ({"pattern", "event", "match"} a line) to pairs on which
// other engines disagree; "match" is true, false, "refused" or "accepted".
// Exit codes: 0 all passed, 1 something failed, 2 usage, or a file that cannot be read.
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>
#include <vector>

#include "core/base/text.hpp"
#include "tests/conformance/corpus.hpp"

namespace syncline::corpus {

void Tally::fail(const std::string& message) {
    ++failed_;
    constexpr std::size_t shown_bytes_max = 2000;
    std::cout << "FAIL " << printable(place_) << ": " << printable(message, shown_bytes_max)
              << '\n';
}

bool Tally::print() const {
    if (undecided_ > 0)
        std::cout << undecided_ << " pairs have no decided answer: only looked at whether the "
                                   "answer is the same alone and between other rules\n";
    std::cout << passed_ << " passed, " << failed_ << " failed";
    if (skipped_ > 0) std::cout << ", " << skipped_ << " skipped";
    std::cout << '\n';
    return failed_ == 0;
}

namespace {

std::optional<std::string> content_of(const std::string& name) {
    std::error_code ignored;
    std::ifstream stream(name, std::ios::binary);
    bool folder = std::filesystem::is_directory(name, ignored);
    if (!stream || folder) {
        std::cerr << "corpus: " << printable(name) << " cannot be read: "
                  << (folder ? "it is a folder" : std::strerror(errno)) << '\n';
        return std::nullopt;
    }
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

template <class Function>
void for_lines(const std::string& text, Function function) {
    std::istringstream lines(text);
    std::size_t number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        if (line.find_first_not_of(" \t\r") != std::string::npos) function(number, line);
    }
}

void run_line(const Json& item, const Decisions& decisions, Tally& tally) {
    bool pattern = item["pattern"].is_string(), event = item["event"].is_string();
    bool match = item["match"].is_bool() || item["match"].is_string();
    if (pattern && match) return run_triple(item, tally);
    if (item["patterns"].is_array() && item["events"].is_array()) return run_set(item, tally);
    if (item["patterns"].is_array() && event) return run_crossrule(item, tally);
    if (pattern && item.find("ruler")) return run_quirk(item, decisions, tally);
    if (pattern && !event && item.find("reason")) return run_invalid(item, tally);
    std::string names;
    for (const auto& member : item.members()) names += (names.empty() ? "" : ", ") + member.name;
    tally.fail("no known form of a case: " +
               (item.is_object() ? "an object with " + names : std::string("no object")));
}

/// The tests of a file that is one object, or nothing when it has lines.
std::optional<Json> liquid_tests(const std::string& text) {
    auto whole = Json::parse(text);
    if (!whole || !(*whole)["tests"].is_array()) return std::nullopt;
    return std::move(*whole->find("tests"));
}

void run_file(const std::string& name, const std::string& text, const Decisions& decisions,
              Tally& tally) {
    if (auto tests = liquid_tests(text)) {
        for (std::size_t i = 0; i < tests->size(); ++i) {
            tally.at(name + " test " + std::to_string(i + 1));
            if ((*tests)[i]["template"].is_string()) run_liquid((*tests)[i], tally);
            else tally.fail("a test without a template");
        }
        return;
    }
    for_lines(text, [&](std::size_t number, const std::string& line) {
        tally.at(name + ":" + std::to_string(number));
        JsonError error;
        auto item = Json::parse(line, &error);
        if (item) run_line(*item, decisions, tally);
        else tally.fail("the line is no JSON: " + error.message);
    });
}

bool read_decisions(const std::string& name, Decisions& out) {
    auto text = content_of(name);
    if (!text) return false;
    for_lines(*text, [&](std::size_t, const std::string& line) {
        auto item = Json::parse(line);
        if (item && item->find("match")) out.emplace(decision_key(*item), (*item)["match"]);
    });
    return true;
}

int run(std::vector<std::string> words) {
    Decisions decisions;
    if (words.size() >= 2 && words[0] == "--decided") {
        if (!read_decisions(words[1], decisions)) return 2;
        words.erase(words.begin(), words.begin() + 2);
    }
    if (words.empty() || words[0].starts_with("-")) {
        std::cerr << "usage: tests/corpus FILE…\n";
        return 2;
    }
    std::vector<std::string> texts;
    for (const auto& name : words) {
        auto text = content_of(name);
        if (!text) return 2;
        texts.push_back(std::move(*text));
    }
    Tally tally;
    for (std::size_t i = 0; i < words.size(); ++i)
        run_file(words[i], texts[i], decisions, tally);
    return tally.print() ? 0 : 1;
}

}  // namespace
}  // namespace syncline::corpus

int main(int count, char** words) {
    return syncline::corpus::run(std::vector<std::string>(words + 1, words + count));
}
