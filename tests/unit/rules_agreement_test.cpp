// The engine against the plain evaluator on random pairs of pattern and event, alone and in sets to
// which rules are added and from which they are removed in any order.
//
// One seed, printed when something disagrees together with the smallest pair that still does:
//   SYNCLINE_RULES_SEED=n SYNCLINE_RULES_ROUNDS=n build/tests/unit_rules_agreement
// runs other ones. A round is one pattern with ten events.
#include <cstdlib>
#include <map>

#include "rules_naive.hpp"
#include "rules_random.hpp"
#include "rules_support.hpp"

namespace syncline::rules {
namespace {

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
    const char* value = std::getenv(name);
    return value ? std::strtoull(value, nullptr, 10) : otherwise;
}

/// Fewer where the sanitizers make each ten times as long.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t rounds_otherwise = 4'000;
#else
constexpr std::uint64_t rounds_otherwise = 16'000;
#endif

std::uint64_t rounds() { return setting("SYNCLINE_RULES_ROUNDS", rounds_otherwise); }

std::uint64_t seed() { return setting("SYNCLINE_RULES_SEED", 20261124); }

/// Nothing when the pattern is refused.
std::optional<bool> engine_says(const Json& written, const Json& event) {
    auto compiled = Pattern::compile(written);
    if (std::holds_alternative<Fault>(compiled)) return std::nullopt;
    return std::get<Pattern>(compiled).matches(event, random_now_ms);
}

bool disagree(const Json& written, const Json& event) {
    auto said = engine_says(written, event);
    return said && *said != naive::matches(written, event, random_now_ms);
}

/// The pair in its smallest form, for the message.
std::string smallest(Json written, Json event) {
    written = shrunk(written, [&](const Json& less) { return disagree(less, event); });
    event = shrunk(event, [&](const Json& less) { return disagree(written, less); });
    bool held = engine_says(written, event).value_or(false);
    return std::string(held ? "matches" : "does not match") + ", but should" +
           (held ? " not: " : ": ") + written.dump() + "  " + event.dump() + "  (seed " +
           std::to_string(seed()) + ")";
}

struct Tally {
    std::size_t pairs = 0, held = 0, refused = 0, patterns = 0;
};

/// One pattern against some events; false after a disagreement.
bool agree(const Json& written, RandomRules& random, std::size_t events, Tally& tally) {
    ++tally.patterns;
    auto compiled = Pattern::compile(written);
    if (std::holds_alternative<Fault>(compiled)) return ++tally.refused > 0;
    const auto& pattern = std::get<Pattern>(compiled);
    for (; events > 0; --events) {
        Json event = random.event();
        bool held = pattern.matches(event, random_now_ms);
        ++tally.pairs;
        tally.held += held;
        if (held != naive::matches(written, event, random_now_ms)) {
            ADD_FAILURE() << smallest(written, event);
            return false;
        }
        if (held == pattern.explain(event, random_now_ms).has_value()) {
            ADD_FAILURE() << "explain and match disagree: " << written.dump() << " "
                          << event.dump();
            return false;
        }
    }
    return true;
}

TEST(PatternAgreement, OfEngineAndPlainEvaluatorOnRandomPairs) {
    RandomRules random(seed());
    Tally tally;
    for (std::uint64_t i = 0; i < rounds(); ++i)
        if (!agree(random.pattern(), random, 10, tally)) return;
    RecordProperty("pairs", static_cast<int>(tally.pairs));
    EXPECT_LT(tally.refused * 5, tally.patterns) << "too few patterns are accepted";
    EXPECT_GT(tally.held * 20, tally.pairs) << "too few pairs match";
    EXPECT_LT(tally.held * 2, tally.pairs) << "too few pairs do not match";
}

TEST(PatternAgreement, OfEveryTwoOperatorsOnOneField) {
    RandomRules random(seed() + 1);
    Tally tally;
    for (std::uint64_t i = 0; i < rounds() / 2; ++i)
        if (!agree(random.operator_pair(), random, 10, tally)) return;
    EXPECT_LT(tally.refused * 5, tally.patterns);
    EXPECT_GT(tally.held * 20, tally.pairs);
}

/// A set to which rules are added and from which they are removed; rules are known by a number.
class ChangingSet {
public:
    void add(std::uint32_t rule, const Json& written) { rules_[rule] = written; }
    void remove(std::uint32_t rule) { rules_.erase(rule); }
    const std::map<std::uint32_t, Json>& rules() const { return rules_; }

    /// To be called after changes, before `match`.
    void settle() {
        RuleSet::Builder builder;
        numbers_.clear();
        for (const auto& [rule, written] : rules_) {
            // Beside each rule one that asks the same and is taken out again.
            auto twin = builder.add(entry(rule, written));
            builder.add(entry(rule, written));
            EXPECT_TRUE(builder.remove(twin));
            numbers_.insert(numbers_.end(), 2, rule);
        }
        set_.emplace(builder.build());
    }

    /// By the event as a value and as a text, which must agree.
    std::vector<std::uint32_t> match(const Json& event) {
        std::vector<std::uint32_t> found, found_in_text;
        const Occasion occasion{"source", "t", random_now_ms};
        matcher_.match(*set_, occasion, event, found);
        EXPECT_FALSE(matcher_.match_text(*set_, occasion, event.pretty(), found_in_text));
        EXPECT_EQ(found, found_in_text) << event.dump();
        for (auto& index : found) index = numbers_[index];
        return found;
    }

private:
    static RuleEntry entry(std::uint32_t rule, const Json& written) {
        RuleEntry made;
        made.on = std::get<TypeSet>(TypeSet::compile({rule % 3 == 0 ? "*" : "t"}));
        made.where = std::get<Pattern>(Pattern::compile(written));
        return made;
    }

    Matcher matcher_;
    std::map<std::uint32_t, Json> rules_;
    std::vector<std::uint32_t> numbers_;   // of the set's indexes
    std::optional<RuleSet> set_;
};

/// The set's answers to some events are those of each rule alone; false after a disagreement.
bool agree_together(ChangingSet& set, RandomRules& random, std::size_t& pairs) {
    for (int i = 0; i < 12; ++i) {
        Json event = random.event();
        std::vector<std::uint32_t> expected;
        for (const auto& [rule, written] : set.rules())
            if (naive::matches(written, event, random_now_ms)) expected.push_back(rule);
        pairs += set.rules().size();
        auto found = set.match(event);
        if (found == expected) continue;
        std::string rules;
        for (const auto& [rule, written] : set.rules())
            rules += std::to_string(rule) + ": " + written.dump() + "\n";
        ADD_FAILURE() << "event " << event.dump() << "\nexpected "
                      << ::testing::PrintToString(expected) << "\nfound    "
                      << ::testing::PrintToString(found) << "\nseed " << seed() << "\n" << rules;
        return false;
    }
    return true;
}

TEST(PatternAgreement, OfSetsWhoseRulesComeAndGo) {
    RandomRules random(seed() + 2);
    std::size_t pairs = 0;
    for (std::uint64_t round = 0; round < rounds() / 400; ++round) {
        ChangingSet set;
        std::uint32_t next = 0;
        for (int step = 0; step < 14; ++step) {
            for (auto more = 1 + random.below(8); more > 0; --more) {
                Json written = random.below(2) ? random.pattern() : random.operator_pair();
                if (std::holds_alternative<Pattern>(Pattern::compile(written)))
                    set.add(next++, written);
            }
            for (auto less = random.below(6); less > 0; --less)
                set.remove(static_cast<std::uint32_t>(random.below(next + 1)));
            set.settle();
            if (!agree_together(set, random, pairs)) return;
        }
    }
    RecordProperty("pairs", static_cast<int>(pairs));
}

TEST(PatternAgreement, ShrinkingKeepsWhatFails) {
    auto json = Json::parse(R"({"a":[1,{"b":2,"c":[3,4]}],"d":5})");
    auto small = shrunk(*json, [](const Json& less) { return less.dump().find('4') < 100; });
    EXPECT_EQ(small.dump(), R"({"a":[{"c":[4]}]})");
}

}  // namespace
}  // namespace syncline::rules
