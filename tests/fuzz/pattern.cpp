// A pattern, and an event for it. Input: the pattern in the first line, the event behind it.
//
// Whatever the texts are, nothing breaks; a refusal has its words; match and explain agree; a rule
// answers in a set, between others, as it answers alone; both doors agree where both are open.
#include "fuzz.hpp"

namespace syncline::fuzz {
namespace {

const char* const company[] = {R"({"a":["x"]})", R"({"a":[{"wildcard":"*x*"}]})",
                               R"({"a":[{"anything-but":"x"}],"b":[{"exists":false}]})"};

rules::Pattern compiled(const Json& written) {
    auto made = rules::Pattern::compile(written);
    check(std::holds_alternative<rules::Pattern>(made), "a pattern compiles only once");
    return std::get<rules::Pattern>(std::move(made));
}

/// The pattern twice among others: the answers to its two copies.
bool held_in_company(const Json& written, const Json& event) {
    std::vector<rules::RuleEntry> rules;
    auto add = [&](const Json& where) {
        auto& rule = rules.emplace_back();
        rule.on = std::get<rules::TypeSet>(rules::TypeSet::compile({"t"}));
        rule.where = compiled(where);
    };
    add(written);
    for (const char* other : company) add(*Json::parse(other));
    add(written);
    rules::RuleSet set(std::move(rules));
    std::vector<std::uint32_t> found;
    set.match({"source", "t", now_ms}, event, found);
    bool first = !found.empty() && found.front() == 0;
    bool last = !found.empty() && found.back() == 1 + std::size(company);
    check(first == last, "two equal rules of one set answer differently");
    return first;
}

/// Against one event, alone and in company.
bool held(const rules::Pattern& pattern, const Json& written, const Json& event) {
    bool holds = pattern.matches(event, now_ms);
    auto mismatch = pattern.explain(event, now_ms);
    check(holds != mismatch.has_value(), "match and explain disagree");
    if (mismatch) {
        check(!mismatch->expected.empty() && !mismatch->found.empty(), "explain says nothing");
        check(mismatch->held <= mismatch->tests, "explain counts more than there is");
    }
    if (event.is_object())
        check(held_in_company(written, event) == holds, "alone and in a set the answers differ");
    return holds;
}

void run(const Input& input) {
    auto parsed = rules::Pattern::parse(input.head);
    if (auto* fault = std::get_if<rules::Fault>(&parsed)) check(is_fault(*fault), "a poor refusal");
    auto written = Json::parse(input.head);
    if (!written) return check(std::holds_alternative<rules::Fault>(parsed), "no JSON, no refusal");
    auto lenient = rules::Pattern::compile(*written);
    if (auto* fault = std::get_if<rules::Fault>(&lenient)) {
        check(is_fault(*fault), "a poor refusal");
        return;
    }
    auto event = Json::parse(input.tail);
    if (!event) event = Json::parse(R"({"a":["x",{"b":1}],"c":null})");
    const auto& pattern = std::get<rules::Pattern>(lenient);
    pattern.paths();
    bool holds = held(pattern, *written, *event);
    // An operator's name outside a list is a field in one door and an operator in the other; where
    // the second takes the pattern as well, no such name is in it.
    if (auto* strict = std::get_if<rules::Pattern>(&parsed))
        if (strict->paths() == pattern.paths())
            check(strict->matches(*event, now_ms) == holds, "the two doors disagree");
}

}  // namespace
}  // namespace syncline::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    syncline::fuzz::run(syncline::fuzz::Input(data, size));
    return 0;
}
