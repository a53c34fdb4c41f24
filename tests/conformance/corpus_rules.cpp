// Cases about patterns and rule sets. A pattern is compiled anew for each set that it stands in:
// compiled ones cannot be copied, and a set is as good as its building.
#include <algorithm>
#include <numeric>
#include <optional>
#include <variant>
#include <vector>

#include "rules/rules.hpp"
#include "tests/conformance/corpus.hpp"

namespace syncline::corpus {
namespace {

using Indexes = std::vector<std::uint32_t>;

constexpr const char* event_type = "corpus.event";
/// No case asks for the time.
constexpr std::int64_t now_ms = 0;
/// 5! orders of a case; larger cases are turned round instead.
constexpr std::size_t all_orders_max = 5;

rules::Compiled<rules::Pattern> compiled(const std::string& text) {
    return rules::Pattern::parse(text);
}

std::string refusal(const rules::Fault& fault) {
    return fault.path.empty() ? fault.message : fault.path + ": " + fault.message;
}

/// The set of the patterns, in that order; a refusal goes to `fault`.
std::optional<rules::RuleSet> set_of(const std::vector<std::string>& patterns,
                                     std::string& fault) {
    std::vector<rules::RuleEntry> entries;
    for (std::size_t i = 0; i < patterns.size(); ++i) {
        auto pattern = compiled(patterns[i]);
        if (auto* bad = std::get_if<rules::Fault>(&pattern)) {
            fault = "pattern " + std::to_string(i) + " is refused: " + refusal(*bad);
            return std::nullopt;
        }
        rules::RuleEntry entry;
        entry.on = std::get<rules::TypeSet>(rules::TypeSet::compile({event_type}));
        entry.where = std::get<rules::Pattern>(std::move(pattern));
        entries.push_back(std::move(entry));
    }
    return rules::RuleSet(std::move(entries));
}

Indexes matched(const rules::RuleSet& set, const Json& event) {
    Indexes found, found_in_text;
    rules::Matcher matcher;
    matcher.match(set, {"corpus", event_type, now_ms}, event, found);
    auto refused =
        matcher.match_text(set, {"corpus", event_type, now_ms}, event.dump(), found_in_text);
    // The two ways to read an event have one answer; a number that no rule has says they do not.
    if (refused || found != found_in_text) found.push_back(UINT32_MAX);
    return found;
}

std::string shown(const Indexes& indexes) {
    std::string text = "[";
    for (auto index : indexes) text += (text.size() > 1 ? "," : "") + std::to_string(index);
    return text + "]";
}

std::vector<std::string> texts_of(const Json& list) {
    std::vector<std::string> texts;
    for (const auto& item : list.items()) texts.push_back(item.as_string());
    return texts;
}

const char* word(bool value) { return value ? "true" : "false"; }

/// What a pattern says to an event: true, false, or that one of them is refused.
struct Answer {
    std::string said;
    std::string why;
};

std::optional<Json> event_of(const std::string& text, Answer& refused) {
    JsonError error;
    auto event = Json::parse(text, &error);
    if (event && event->is_object()) return event;
    refused.said = "refused";
    refused.why = event ? "the event is no object" : "the event is no JSON: " + error.message;
    return std::nullopt;
}

Answer answer_alone(const std::string& pattern_text, const Json* event_text) {
    Answer answer;
    auto pattern = compiled(pattern_text);
    if (auto* fault = std::get_if<rules::Fault>(&pattern)) {
        answer.said = "refused";
        answer.why = refusal(*fault);
        return answer;
    }
    answer.said = "accepted";
    if (!event_text) return answer;
    auto event = event_of(event_text->as_string(), answer);
    if (!event) return answer;
    const auto& alone = std::get<rules::Pattern>(pattern);
    bool holds = alone.matches(*event, now_ms);
    answer.said = word(holds);
    auto mismatch = alone.explain(*event, now_ms);
    if (mismatch.has_value() == holds)
        answer.said = "explain and match disagree";
    else if (mismatch)
        answer.why = mismatch->path + " " + mismatch->expected + ", found " + mismatch->found;
    return answer;
}

/// The same pair in company: between other rules, which must not change the answer.
std::string answer_in_set(const std::string& pattern, const Json& event_text) {
    const std::vector<std::string> company = {
        R"({"a":[{"wildcard":"*zz"}]})", pattern, R"({"a":[{"anything-but":["x"]}]})",
        pattern, R"({"id":[{"exists":false}],"name":[{"prefix":{"equals-ignore-case":"A"}}]})"};
    std::string fault;
    auto set = set_of(company, fault);
    auto event = Json::parse(event_text.as_string());
    if (!set || !event) return fault;
    auto found = matched(*set, *event);
    bool first = std::count(found.begin(), found.end(), 1u) > 0;
    bool second = std::count(found.begin(), found.end(), 3u) > 0;
    return first == second ? word(first) : "different for two equal rules";
}

/// Nothing, or what is wrong with the answer of one pair.
std::string fault_of_pair(const Json& item, const std::string& expected) {
    const std::string& pattern = item["pattern"].as_string();
    const Json* event = item.find("event");
    auto answer = answer_alone(pattern, event);
    bool accepted = expected == "accepted" && answer.said != "refused";
    std::string pair = "; pattern " + pattern + (event ? "; event " + event->as_string() : "");
    if (answer.said != expected && !accepted)
        return "expected " + expected + ", found " + answer.said +
               (answer.why.empty() ? "" : " (" + answer.why + ")") + pair;
    if (answer.said != "true" && answer.said != "false") return {};
    auto together = answer_in_set(pattern, *event);
    if (together != answer.said)
        return "alone " + answer.said + ", between other rules " + together + pair;
    return {};
}

std::string expected_of(const Json& match) {
    return match.is_bool() ? word(match.as_bool()) : match.as_string();
}

/// Every order of n rules, or as many turns when there are too many orders.
std::vector<Indexes> orders_of(std::size_t count) {
    Indexes order(count);
    std::iota(order.begin(), order.end(), 0u);
    std::vector<Indexes> orders;
    if (count <= all_orders_max) {
        do orders.push_back(order);
        while (std::next_permutation(order.begin(), order.end()));
        return orders;
    }
    for (std::size_t i = 0; i < count; ++i) {
        orders.push_back(order);
        std::rotate(order.begin(), order.begin() + 1, order.end());
    }
    return orders;
}

/// The rules that match, by their original numbers, when added in that order.
std::optional<Indexes> matched_in_order(const std::vector<std::string>& patterns,
                                        const Indexes& order, const Json& event,
                                        std::string& fault) {
    std::vector<std::string> turned;
    for (auto index : order) turned.push_back(patterns[index]);
    auto set = set_of(turned, fault);
    if (!set) return std::nullopt;
    Indexes found = matched(*set, event);
    for (auto& index : found) index = order[index];
    std::sort(found.begin(), found.end());
    return found;
}

/// What a case about several rules states: all that match, or the answer of one.
std::string against_statement(const Json& item, const Indexes& found) {
    auto one = [&](std::uint32_t index, bool wanted) {
        bool holds = std::count(found.begin(), found.end(), index) > 0;
        return holds == wanted ? std::string()
                               : "rule " + std::to_string(index) + ": expected " + word(wanted) +
                                     ", found " + word(holds);
    };
    if (const Json* expected = item.find("expected")) {
        Indexes wanted;
        for (const auto& index : expected->items())
            wanted.push_back(static_cast<std::uint32_t>(index.as_int64().value_or(0)));
        return wanted == found ? std::string()
                               : "expected " + shown(wanted) + ", found " + shown(found);
    }
    if (const Json* alone = item.find("pattern_1_alone")) return one(1, alone->as_bool());
    auto target = static_cast<std::uint32_t>(item["target"].as_int64().value_or(0));
    return one(target, item["target_alone"].as_bool());
}

std::string fault_of_crossrule(const Json& item) {
    auto patterns = texts_of(item["patterns"]);
    Answer refused;
    auto event = event_of(item["event"].as_string(), refused);
    if (!event) return refused.why;
    Indexes alone;
    for (std::size_t i = 0; i < patterns.size(); ++i)
        if (answer_alone(patterns[i], item.find("event")).said == "true")
            alone.push_back(static_cast<std::uint32_t>(i));
    for (const auto& order : orders_of(patterns.size())) {
        std::string fault;
        auto found = matched_in_order(patterns, order, *event, fault);
        if (!found) return fault;
        if (*found != alone)
            return "alone " + shown(alone) + ", together " + shown(*found) +
                   " when added in the order " + shown(order) + "; " + item["patterns"].dump();
        if (auto wrong = against_statement(item, *found); !wrong.empty())
            return wrong + "; " + item["patterns"].dump() + "; event " + item["event"].as_string();
    }
    return {};
}

}  // namespace

std::string decision_key(const Json& item) {
    return item["pattern"].as_string() + '\0' + item["event"].as_string();
}

void run_triple(const Json& item, Tally& tally) {
    tally.judge(fault_of_pair(item, expected_of(item["match"])));
}

void run_set(const Json& item, Tally& tally) {
    std::string fault;
    auto set = set_of(texts_of(item["patterns"]), fault);
    for (const auto& one : item["events"].items()) {
        if (!set) {
            tally.fail(fault);
            continue;
        }
        Answer refused;
        auto event = event_of(one["event"].as_string(), refused);
        if (!event) {
            tally.fail(refused.why);
            continue;
        }
        auto wrong = against_statement(one, matched(*set, *event));
        tally.judge(wrong.empty() ? wrong : wrong + "; event " + one["event"].as_string());
    }
}

void run_crossrule(const Json& item, Tally& tally) { tally.judge(fault_of_crossrule(item)); }

void run_invalid(const Json& item, Tally& tally) {
    const std::string& text = item["pattern"].as_string();
    auto pattern = compiled(text);
    bool refused = std::holds_alternative<rules::Fault>(pattern);
    tally.judge(refused ? std::string()
                        : "accepted, but must be refused: " + item["reason"].as_string() +
                              "; pattern " + text);
}

void run_quirk(const Json& item, const Decisions& decisions, Tally& tally) {
    auto decided = decisions.find(decision_key(item));
    if (decided != decisions.end())
        return tally.judge(fault_of_pair(item, expected_of(decided->second)));
    tally.undecided();
    auto answer = answer_alone(item["pattern"].as_string(), item.find("event"));
    tally.judge(fault_of_pair(item, answer.said));
}

}  // namespace syncline::corpus
