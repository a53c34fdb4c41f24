// How near a pattern came to matching: the counts that explain gives beside the first failing test.
#include "rules_support.hpp"

namespace syncline::rules {
namespace {

/// "held of tests", or "matches".
std::string nearness(std::string_view pattern_text, std::string_view event) {
    auto why = pattern(pattern_text).explain(json(event), 0);
    return why ? std::to_string(why->held) + " of " + std::to_string(why->tests) : "matches";
}

TEST(PatternNearness, CountsEachTestOfAnEvent) {
    constexpr const char* three = R"({"object":"deals","actor":{"type":"app","id":{"exists":true}}})";
    EXPECT_EQ(nearness(three, R"({"object":"people"})"), "0 of 3");
    EXPECT_EQ(nearness(three, R"({"object":"people","actor":{"id":"a"}})"), "1 of 3");
    EXPECT_EQ(nearness(three, R"({"object":"deals","actor":{"id":"a","type":"x"}})"), "2 of 3");
    EXPECT_EQ(nearness(three, R"({"object":"deals","actor":{"id":"a","type":"app"}})"), "matches");
}

TEST(PatternNearness, CountsTheAlternativeThatGotFarthest) {
    constexpr const char* either = R"({"$or":[{"a":1},{"b":1,"c":{"d":2,"e":3}}]})";
    EXPECT_EQ(nearness(either, "{}"), "0 of 1");
    EXPECT_EQ(nearness(either, R"({"b":1,"c":{"d":2}})"), "2 of 3");
}

TEST(PatternNearness, CountsAGroupUnderAndOrNotAsOneTest) {
    constexpr const char* groups = R"({"a":1,"$and":[{"b":1,"c":1},{"d":1}],"$not":{"e":1}})";
    EXPECT_EQ(nearness(groups, R"({"a":1,"d":1,"e":1})"), "2 of 4");
}

TEST(PatternNearness, TestsThatHoldOnDifferentElementsAllCount) {
    EXPECT_EQ(nearness(R"({"i":{"s":"x","n":1}})", R"({"i":[{"s":"x"},{"n":1}]})"), "2 of 2");
    EXPECT_EQ(nearness(R"({"i":{"s":"x"}})", "[1]"), "0 of 0");
}

}  // namespace
}  // namespace syncline::rules
