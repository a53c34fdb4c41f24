// Rule sets: which event types a rule looks at, from which sources, and in which order they answer.
#include "rules_support.hpp"

namespace syncline::rules {
namespace {

TypeSet types(const std::vector<std::string>& names) {
    auto compiled = TypeSet::compile(names);
    if (auto* fault = std::get_if<Fault>(&compiled)) {
        ADD_FAILURE() << fault->message;
        return TypeSet();
    }
    return std::get<TypeSet>(compiled);
}

std::string type_fault(const std::vector<std::string>& names) {
    auto compiled = TypeSet::compile(names);
    auto* fault = std::get_if<Fault>(&compiled);
    return fault ? fault->path + " " + fault->message : "accepted";
}

RuleEntry rule(const std::vector<std::string>& on, std::vector<std::string> from = {},
               std::string_view where = "{}") {
    RuleEntry made;
    made.on = types(on);
    made.from = std::move(from);
    made.where = pattern(where);
    return made;
}

std::vector<std::uint32_t> matched(const RuleSet& set, std::string_view type,
                                   std::string_view event = "{}",
                                   std::string_view source = "attio") {
    std::vector<std::uint32_t> out;
    set.match({source, type, 0}, json(event), out);
    return out;
}

using Indexes = std::vector<std::uint32_t>;

TEST(TypeSet, StarStandsForAnyRun) {
    auto set = types({"record.*", "*.deleted", "note.created"});
    EXPECT_TRUE(set.contains("record.created"));
    EXPECT_TRUE(set.contains("record."));
    EXPECT_TRUE(set.contains("task.deleted"));
    EXPECT_TRUE(set.contains("note.created"));
    EXPECT_FALSE(set.contains("note.updated"));
    EXPECT_FALSE(set.contains("xrecord.created"));
    EXPECT_TRUE(types({"*"}).contains(""));
    EXPECT_FALSE(TypeSet().contains("record.created"));
}

TEST(TypeSet, RefusesWhatIsNoName) {
    EXPECT_NE(type_fault({}).find("at least one event type"), std::string::npos);
    EXPECT_NE(type_fault({"a", ""}).find("[1] an event type cannot be empty"), std::string::npos);
    EXPECT_NE(type_fault({"record created"}).find("[0] an event type has no blanks"),
              std::string::npos);
    EXPECT_NE(type_fault({std::string(257, 'x')}).find("longer than 256"), std::string::npos);
    EXPECT_EQ(type_fault({std::string(256, 'x')}), "accepted");
}

TEST(RuleSet, GivesAllThatMatchAscending) {
    std::vector<RuleEntry> rules;
    rules.push_back(rule({"*"}));
    rules.push_back(rule({"record.created"}, {}, R"({"object":"deals"})"));
    rules.push_back(rule({"record.*", "record.created"}));
    rules.push_back(rule({"note.created"}));
    rules.push_back(rule({"record.created", "record.created"}));
    RuleSet set(std::move(rules));
    EXPECT_EQ(matched(set, "record.created", R"({"object":"deals"})"), (Indexes{0, 1, 2, 4}));
    EXPECT_EQ(matched(set, "record.created", R"({"object":"people"})"), (Indexes{0, 2, 4}));
    EXPECT_EQ(matched(set, "note.created"), (Indexes{0, 3}));
    EXPECT_EQ(matched(set, "task.created"), (Indexes{0}));
    EXPECT_EQ(set.size(), 5u);
}

TEST(RuleSet, KnowsWhichTypesNobodyListensTo) {
    std::vector<RuleEntry> rules;
    for (auto name : {"record.created", "note.*"}) {
        RuleEntry entry;
        entry.on = std::get<TypeSet>(TypeSet::compile({name}));
        rules.push_back(std::move(entry));
    }
    RuleSet set(std::move(rules));
    EXPECT_TRUE(set.listens("record.created"));
    EXPECT_TRUE(set.listens("note.deleted"));
    EXPECT_FALSE(set.listens("record.updated"));
    EXPECT_FALSE(RuleSet(std::vector<RuleEntry>()).listens("record.created"));
}

TEST(RuleSet, AsksForTheSourceWhenTheRuleNamesOne) {
    std::vector<RuleEntry> rules;
    rules.push_back(rule({"x"}, {"attio", "other"}));
    rules.push_back(rule({"x"}, {"github"}));
    RuleSet set(std::move(rules));
    EXPECT_EQ(matched(set, "x"), (Indexes{0}));
    EXPECT_EQ(matched(set, "x", "{}", "github"), (Indexes{1}));
}

TEST(RuleSet, AppendsAndKeepsWhatIsThere) {
    std::vector<RuleEntry> rules;
    rules.push_back(rule({"x"}));
    RuleSet set(std::move(rules));
    Indexes out = {7};
    set.match({"attio", "x", 0}, Json::object(), out);
    EXPECT_EQ(out, (Indexes{7, 0}));
}

TEST(RuleSet, AnEmptySetMatchesNothing) {
    RuleSet set{std::vector<RuleEntry>()};
    EXPECT_TRUE(matched(set, "x").empty());
}

TEST(RuleSet, ARulesAnswerDoesNotDependOnTheOthers) {
    // Pairs on which engines with one shared automaton are known to go wrong.
    const char* wheres[] = {R"({"a":["x"]})", R"({"a":{"numeric":["<=",2]}})", R"({"a":["x"]})",
                            R"({"a":{"wildcard":"*zz"}})", R"({"a":{"equals-ignore-case":"people"}})",
                            R"({"a":{"anything-but":{"wildcard":"*q"}}})"};
    const char* events[] = {R"({"a":"x"})", R"({"a":"Apeople"})", R"({"a":"abq"})", R"({"a":1})"};
    std::vector<RuleEntry> rules;
    for (auto where : wheres) rules.push_back(rule({"t"}, {}, where));
    RuleSet set(std::move(rules));
    for (auto event : events) {
        Indexes alone;
        for (std::uint32_t i = 0; i < std::size(wheres); ++i)
            if (matches(wheres[i], event)) alone.push_back(i);
        EXPECT_EQ(matched(set, "t", event), alone) << event;
    }
}

}  // namespace
}  // namespace syncline::rules
