// What patterns match: values, operators, paths, arrays of objects, groups, and what explain says.
// The semantics tables are in rules/README.md; each row there has a case here.
#include <chrono>

#include "rules_support.hpp"

namespace syncline::rules {
namespace {

TEST(PatternLiterals, AreEqualByValueAndKind) {
    EXPECT_TRUE(matches(R"({"a":["x"]})", R"({"a":"x"})"));
    EXPECT_FALSE(matches(R"({"a":["x"]})", R"({"a":"X"})"));
    EXPECT_FALSE(matches(R"({"a":[1]})", R"({"a":"1"})"));
    EXPECT_TRUE(matches(R"({"a":[null]})", R"({"a":null})"));
    EXPECT_FALSE(matches(R"({"a":[null]})", "{}"));
    EXPECT_FALSE(matches(R"({"a":[false]})", R"({"a":0})"));
    EXPECT_TRUE(matches(R"({"a":[true]})", R"({"a":true})"));
}

TEST(PatternLiterals, NumbersAreComparedAsExactDecimals) {
    for (auto one : {"1", "1.0", "1e0", "10e-1"})
        EXPECT_TRUE(matches(R"({"a":[1.00]})", std::string(R"({"a":)") + one + "}")) << one;
    EXPECT_TRUE(matches(R"({"a":[0]})", R"({"a":-0})"));
    EXPECT_FALSE(matches(R"({"a":[9007199254740993]})", R"({"a":9007199254740992})"));
    EXPECT_TRUE(matches(R"({"a":[9007199254740993]})", R"({"a":9007199254740993.0})"));
    EXPECT_TRUE(matches(R"({"a":{"numeric":[">",9007199254740992]}})", R"({"a":9007199254740993})"));
}

TEST(PatternLiterals, AListIsOrAndAScalarIsAListOfOne) {
    EXPECT_TRUE(matches(R"({"a":["x",2,null]})", R"({"a":2})"));
    EXPECT_FALSE(matches(R"({"a":["x",2,null]})", R"({"a":3})"));
    EXPECT_TRUE(matches(R"({"a":"x"})", R"({"a":"x"})"));
    EXPECT_TRUE(matches(R"({"a":{"prefix":"x"}})", R"({"a":"xy"})"));
    EXPECT_TRUE(matches(R"({"a":["q",{"prefix":"x"}]})", R"({"a":"xy"})"));
}

TEST(PatternLiterals, KeysAreAnd) {
    EXPECT_TRUE(matches(R"({"a":"x","b":"y"})", R"({"a":"x","b":"y","c":1})"));
    EXPECT_FALSE(matches(R"({"a":"x","b":"y"})", R"({"a":"x","b":"z"})"));
}

TEST(PatternLiterals, AnEmptyPatternMatchesEveryEvent) {
    EXPECT_TRUE(matches("{}", R"({"a":1})"));
    EXPECT_TRUE(matches("null", "{}"));
    EXPECT_TRUE(Pattern().matches(json("{}"), 0));
    EXPECT_FALSE(matches(R"({"a":[{"exists":false}]})", "[]")) << "no event at all";
}

struct OperatorCase {
    const char* test;
    const char* value;
    bool holds;
};

class PatternOperator : public ::testing::TestWithParam<OperatorCase> {};

TEST_P(PatternOperator, HoldsAsDocumented) {
    const auto& c = GetParam();
    EXPECT_EQ(c.holds, matches(std::string(R"({"a":[)") + c.test + "]}",
                               std::string(R"({"a":)") + c.value + "}"))
        << c.test << " on " << c.value;
}

INSTANTIATE_TEST_SUITE_P(Text, PatternOperator, ::testing::ValuesIn<OperatorCase>({
    {R"({"prefix":"re"})", R"("record")", true},
    {R"({"prefix":"re"})", R"("Record")", false},
    {R"({"prefix":""})", R"("")", true},
    {R"({"prefix":""})", "5", false},
    {R"({"prefix":{"equals-ignore-case":"RÉ"}})", R"("récord")", true},
    {R"({"suffix":"rd"})", R"("record")", true},
    {R"({"suffix":"\"x"})", R"("x")", false},
    {R"({"suffix":{"equals-ignore-case":"Ω"}})", R"("xω")", true},
    {R"({"equals-ignore-case":"DEAL"})", R"("deal")", true},
    {R"({"equals-ignore-case":"Привет"})", R"("пРИВЕТ")", true},
    {R"({"equals-ignore-case":"😀a"})", R"("😀A")", true},
    {R"({"equals-ignore-case":"straße"})", R"("STRASSE")", false},
    {R"({"exactly":"10.0.0.1"})", R"("10.0.0.1")", true},
    {R"("10.0.0.1")", R"("010.0.0.1")", false},
    {R"({"wildcard":"a*c"})", R"("abbbc")", true},
    {R"({"wildcard":"a*c"})", R"("ac")", true},
    {R"({"wildcard":"a*c"})", R"("acd")", false},
    {R"({"wildcard":"*a*b*"})", R"("xxaxxb")", true},
    {R"({"wildcard":"*aa"})", R"("aa")", true},
    {R"({"wildcard":"a*a"})", R"("a")", false},
    {R"({"wildcard":""})", R"("")", true},
    {R"({"wildcard":"*"})", R"("line\nline")", true},
    {R"({"wildcard":"\\*"})", R"("*")", true},
    {R"({"wildcard":"\\*"})", R"("x")", false},
    {R"({"wildcard":"a*\\*b"})", R"("ax*b")", true},
    {R"({"wildcard":"*\\\\*"})", R"("x\\y")", true},
    {R"({"wildcard":"a?[b]"})", R"("axb")", false},
    {R"({"wildcard":"*"})", "1", false}}));

INSTANTIATE_TEST_SUITE_P(Negation, PatternOperator, ::testing::ValuesIn<OperatorCase>({
    {R"({"anything-but":"x"})", R"("y")", true},
    {R"({"anything-but":"x"})", R"("x")", false},
    {R"({"anything-but":"x"})", "null", true},
    {R"({"anything-but":["x","y"]})", R"("y")", false},
    {R"({"anything-but":[1,2]})", "2.0", false},
    {R"({"anything-but":[1,2]})", R"("1")", true},
    {R"({"anything-but":"x"})", R"(["x","z"])", true},
    {R"({"anything-but":"x"})", "[]", false},
    {R"({"anything-but":"x"})", "{}", false},
    {R"({"anything-but":{"prefix":"x"}})", R"("xa")", false},
    {R"({"anything-but":{"prefix":["x","y"]}})", R"("za")", true},
    {R"({"anything-but":{"suffix":"x"}})", R"("ax")", false},
    {R"({"anything-but":{"wildcard":"a*b"}})", R"("ab")", false},
    {R"({"anything-but":{"equals-ignore-case":["A","b"]}})", R"("B")", false}}));

INSTANTIATE_TEST_SUITE_P(Numeric, PatternOperator, ::testing::ValuesIn<OperatorCase>({
    {R"({"numeric":[">",0,"<=",5]})", "5.0", true},
    {R"({"numeric":[">",0,"<=",5]})", "0", false},
    {R"({"numeric":["=",1]})", "1e0", true},
    {R"({"numeric":["<",1]})", R"("0")", false},
    {R"({"numeric":[">",0]})", "12345678901234567890", true},
    {R"({"numeric":[">=",-1.5]})", "-1.5", true}}));

INSTANTIATE_TEST_SUITE_P(FilterSpelling, PatternOperator, ::testing::ValuesIn<OperatorCase>({
    {R"({"$eq":"x"})", R"("x")", true},
    {R"({"$ne":true})", "false", true},
    {R"({"$ne":true})", "true", false},
    {R"({"$in":[1,"x",null]})", "null", true},
    {R"({"$in":[1,"x"]})", R"("y")", false},
    {R"({"$not_in":["x","y"]})", R"("z")", true},
    {R"({"$not_in":["x","y"]})", R"("y")", false},
    {R"({"$gt":5})", "5", false},
    {R"({"$gte":5})", "5", true},
    {R"({"$lt":5})", "4.99", true},
    {R"({"$lte":5})", "5.01", false},
    {R"({"$gte":"2026-01-01"})", R"("2026-03-01T00:00:00Z")", true},
    {R"({"$gte":"2026-01-01"})", "20260301", false},
    {R"({"$contains":"ea"})", R"("deal")", true},
    {R"({"$starts_with":"de"})", R"("deal")", true},
    {R"({"$ends_with":"al"})", R"("deal")", true},
    {R"({"$gt":1,"$lt":3})", "2", true},
    {R"({"$gt":1,"$lt":3})", "3", false},
    {R"({"$not":{"$gt":3}})", "3", true},
    {R"({"$not":["x","y"]})", R"("y")", false}}));

INSTANTIATE_TEST_SUITE_P(Addresses, PatternOperator, ::testing::ValuesIn<OperatorCase>({
    {R"({"cidr":"10.0.0.0/24"})", R"("10.0.0.5")", true},
    {R"({"cidr":"10.0.0.77/24"})", R"("10.0.0.5")", true},
    {R"({"cidr":"10.0.0.0/24"})", R"("10.0.1.0")", false},
    {R"({"cidr":"10.0.0.0/31"})", R"("10.0.0.1")", true},
    {R"({"cidr":"10.0.0.0/31"})", R"("10.0.0.2")", false},
    {R"({"cidr":"10.0.0.0/32"})", R"("10.0.0.0")", true},
    {R"({"cidr":"10.0.0.0/32"})", R"("10.0.0.1")", false},
    {R"({"cidr":"0.0.0.0/0"})", R"("255.255.255.255")", true},
    {R"({"cidr":"0.0.0.0/0"})", R"("::")", false},
    {R"({"cidr":"0.0.0.0/0"})", R"("::ffff:10.0.0.5")", false},
    {R"({"cidr":"::/0"})", R"("1.2.3.4")", false},
    {R"({"cidr":"10.0.0.0/24"})", R"("a00:5::1")", false},
    {R"({"cidr":"10.0.0.0/24"})", R"("010.000.000.005")", false},
    {R"({"cidr":"10.0.0.0/24"})", R"("10.0.5")", false},
    {R"({"cidr":"10.0.0.0/24"})", R"("10.0.0.5\u0000")", false},
    {R"({"cidr":"10.0.0.0/24"})", "167772165", false},
    {R"({"cidr":"10.0.0.0/24"})", R"(["x","10.0.0.9"])", true},
    {R"({"cidr":"2001:db8::/32"})", R"("2001:0DB8:0:0::1")", true},
    {R"({"cidr":"2001:db8::/32"})", R"("2001:db9::")", false},
    {R"({"cidr":"2001:db8::/32"})", R"("2001:db8::1%eth0")", false},
    {R"({"cidr":"2001:db8::/32"})", R"("[2001:db8::1]")", false},
    {R"({"cidr":"::1/128"})", R"("0:0:0:0:0:0:0:1")", true},
    {R"({"cidr":"::ffff:10.0.0.0/120"})", R"("::ffff:10.0.0.5")", true}}));

TEST(PatternOperator, AgesCountFromTheGivenTime) {
    constexpr std::int64_t now_ms = 1'767'225'600'000;   // 2026-01-01T00:00:00Z
    auto held = [](const char* test, const char* value) {
        return matches(std::string(R"({"a":)") + test + "}", std::string(R"({"a":)") + value + "}",
                       now_ms);
    };
    const char* older = R"({"older-than":"3d"})";
    const char* newer = R"({"newer-than":"3d"})";
    EXPECT_TRUE(held(older, R"("2025-12-28T23:59:59Z")"));
    EXPECT_FALSE(held(newer, R"("2025-12-28T23:59:59Z")"));
    EXPECT_FALSE(held(older, R"("2025-12-29T00:00:00.001Z")"));
    EXPECT_TRUE(held(newer, R"("2025-12-29T00:00:00.001Z")"));
    EXPECT_FALSE(held(older, R"("2025-12-29T00:00:00Z")")) << "neither, to the millisecond";
    EXPECT_FALSE(held(newer, R"("2025-12-29T00:00:00Z")"));
    EXPECT_TRUE(held(older, R"("2025-12-29T01:00:00+02:00")"));
    EXPECT_TRUE(held(older, R"("2025-12-28")"));
    EXPECT_TRUE(held(newer, R"("2027-06-01T00:00:00Z")")) << "what is to come is new";
    EXPECT_TRUE(held(older, "1766000000")) << "seconds";
    EXPECT_TRUE(held(older, "1766000000000")) << "milliseconds";
    EXPECT_TRUE(held(newer, "1767225599.5"));
    EXPECT_TRUE(held(R"({"older-than":"30s"})", R"("2025-12-31T23:59:29Z")"));
    EXPECT_TRUE(held(R"({"older-than":"1500ms"})", R"("2025-12-31T23:59:58.4Z")"));
    EXPECT_TRUE(held(R"({"older-than":"36500d"})", R"("1900-01-01")"));
    for (auto none : {R"("yesterday")", R"("2025-13-01")", R"("1766000000")", "true", "null", "[]",
                      "1e300"}) {
        EXPECT_FALSE(held(older, none)) << none;
        EXPECT_FALSE(held(newer, none)) << none;
    }
}

TEST(PatternExplain, SaysAddressesAndAges) {
    auto said = [](const char* test) {
        auto why = pattern(std::string(R"({"a":)") + test + "}").explain(json(R"({"a":true})"), 0);
        return why ? why->expected : "matches";
    };
    EXPECT_EQ(said(R"({"cidr":"10.0.0.7/8"})"), "is an address in 10.0.0.7/8");
    EXPECT_EQ(said(R"({"older-than":"3d"})"), "is a time more than 3d ago");
    EXPECT_EQ(said(R"([{"newer-than":"30s"},"x"])"), "is \"x\", or is a time less than 30s ago");
}

TEST(PatternExplain, SaysEveryTestInWords) {
    const std::vector<std::pair<const char*, const char*>> cases = {
        {R"(["b","a",3,"c",null])", R"(is one of "b", "a", 3, "c", null)"},
        {R"(["a","a"])", R"(is "a")"},
        {R"([1,2,3,4,5,6,7,8,9,10])", "is one of 1, 2, 3, 4, 5, 6, 7, 8 or 2 more"},
        {R"(["j","i","h","g","f","e","d","c","b","a"])",
         R"(is one of "j", "i", "h", "g", "f", "e", "d", "c" or 2 more)"},
        {R"({"$in":["b","a"]})", R"(is one of "b", "a")"},
        {R"({"$eq":"b"})", R"(is "b")"},
        {R"([{"exists":false},{"prefix":"p"},"x"])", R"(is "x", or begins with "p", or is absent)"},
        {R"({"suffix":{"equals-ignore-case":"BÉ"}})", R"(ends with (in any case) "BÉ")"},
        {R"({"equals-ignore-case":"BÉ"})", R"(is, in any case, "BÉ")"},
        {R"({"wildcard":"a\\*b*"})", R"(is like "a\\*b*")"},
        {R"({"numeric":[">",0,"<=",5]})", "is a number > 0 and <= 5"},
        {R"({"$gt":"a","$lt":"b"})", R"(is > "a" and is < "b")"},
        {R"({"$gte":7})", "is >= 7"},
        {R"({"anything-but":["x","y"]})", R"(is anything but "x", "y")"},
        {R"({"anything-but":{"prefix":["x","y"]}})",
         R"(is nothing that begins with "x" or begins with "y")"},
        {R"({"$not":{"$contains":"x"}})", R"(is nothing that contains "x")"},
        {R"({"$in":["x"],"$contains":"y"})", R"(is "x" and contains "y")"},
        {R"({"exists":true})", "is present"}};
    for (const auto& [test, words] : cases) {
        auto p = pattern(std::string(R"({"a":)") + test + "}");
        auto why = p.explain(json("{}"), 0);   // absence satisfies the one test that asks for it
        if (!why) why = p.explain(json(R"({"a":true})"), 0);
        EXPECT_EQ(why ? why->expected : "matches", words) << test;
    }
}

TEST(PatternOperator, SeveralDollarOperatorsHoldOnOneValue) {
    EXPECT_FALSE(matches(R"({"a":{"$gt":1,"$lt":3}})", R"({"a":[0,5]})"));
    EXPECT_TRUE(matches(R"({"a":{"$gt":1,"$lt":3}})", R"({"a":[0,2]})"));
}

TEST(PatternOperator, ExistsLooksAtLeaves) {
    for (auto there : {"null", "\"\"", "0", "false", "[[1]]", "[{\"b\":1},2]"}) {
        std::string event = std::string(R"({"a":)") + there + "}";
        EXPECT_TRUE(matches(R"({"a":{"exists":true}})", event)) << there;
        EXPECT_FALSE(matches(R"({"a":{"exists":false}})", event)) << there;
    }
    for (auto absent : {"[]", "{}", "[[]]", "[{}]", "{\"b\":1}", "[{\"b\":1}]"}) {
        std::string event = std::string(R"({"a":)") + absent + "}";
        EXPECT_FALSE(matches(R"({"a":{"exists":true}})", event)) << absent;
        EXPECT_TRUE(matches(R"({"a":{"exists":false}})", event)) << absent;
    }
    EXPECT_TRUE(matches(R"({"a":["x",{"exists":false}]})", "{}"));
    EXPECT_FALSE(matches(R"({"a":["x",{"exists":false}]})", R"({"a":"y"})"));
}

TEST(PatternOperator, AMissingFieldSatisfiesNothingButExistsFalse) {
    for (auto test : {R"({"anything-but":"x"})", R"({"$ne":"x"})", R"({"$not_in":["x"]})",
                      R"({"$not":"x"})", R"({"wildcard":"*"})", R"({"prefix":""})"})
        EXPECT_FALSE(matches(std::string(R"({"a":[)") + test + "]}", R"({"b":1})")) << test;
}

TEST(PatternPaths, DottedAndNestedAreTheSame) {
    for (auto p : {R"({"a":{"b":["x"]}})", R"({"a.b":["x"]})"})
        for (auto event : {R"({"a":{"b":"x"}})", R"({"a.b":"x"})"})
            EXPECT_TRUE(matches(p, event)) << p << " " << event;
    EXPECT_TRUE(matches(R"({"a":{"b.c":[1]}})", R"({"a.b":{"c":1}})"));
    EXPECT_TRUE(matches(R"({"a.b":1,"a":{"c":2}})", R"({"a.b":1,"a":{"c":2}})"));
    EXPECT_FALSE(matches(R"({"a.b":{"exists":false}})", R"({"a":{"b":1}})"));
    EXPECT_TRUE(matches(R"({"":[1]})", R"({"":1})"));
    EXPECT_TRUE(matches(R"({"a":{"":[1]}})", R"({"a":{"":1}})"));
}

TEST(PatternPaths, AFieldNamedLikeAnOperatorIsReachedByADottedPath) {
    EXPECT_TRUE(matches(R"({"a.prefix":["x"]})", R"({"a":{"prefix":"x"}})"));
    EXPECT_TRUE(matches(R"({"prefix":["x"]})", R"({"prefix":"x"})"));
}

TEST(PatternArrays, AnyElementMatches) {
    EXPECT_TRUE(matches(R"({"tags":["x"]})", R"({"tags":["a",["b","x"]]})"));
    EXPECT_FALSE(matches(R"({"tags":["x"]})", R"({"tags":["a",["b"]]})"));
    EXPECT_TRUE(matches(R"({"a":{"b":[1]}})", R"({"a":[1,{"b":1}]})"));
}

TEST(PatternArrays, TestsOnAnArrayOfObjectsHoldOnOneElement) {
    for (auto p : {R"({"i":{"s":["x"],"n":[5]}})", R"({"i.s":"x","i.n":5})"}) {
        EXPECT_TRUE(matches(p, R"({"i":[{"s":"y","n":5},{"s":"x","n":5}]})"));
        EXPECT_FALSE(matches(p, R"({"i":[{"s":"x","n":1},{"s":"y","n":5}]})"));
        EXPECT_FALSE(matches(p, R"({"i":[[{"s":"x"}],[{"n":5}]]})"));
    }
    EXPECT_TRUE(matches(R"({"a.b.x":1,"a.t":2})",
                        R"({"a":[{"b":[{"x":1}],"t":1},{"b":[{"x":1}],"t":2}]})"));
    EXPECT_FALSE(matches(R"({"a.b.x":1,"a.t":2})",
                         R"({"a":[{"b":[{"x":1}],"t":1},{"b":[{"x":2}],"t":2}]})"));
}

TEST(PatternArrays, ExistsFalseIsPerElementIndependentOfFieldOrder) {
    auto event = R"({"a":[{"b":1},{"b":2,"c":2}]})";
    EXPECT_TRUE(matches(R"({"a":{"b":[1],"c":[{"exists":false}]}})", event));
    EXPECT_TRUE(matches(R"({"a":{"c":[{"exists":false}],"b":[1]}})", event));
    EXPECT_FALSE(matches(R"({"a":{"b":[2],"c":[{"exists":false}]}})", event));
    EXPECT_FALSE(matches(R"({"a":{"c":[{"exists":false}]}})", event)) << "alone: no element has it";
    EXPECT_TRUE(matches(R"({"a":{"d":[{"exists":false}]}})", event));
}

TEST(PatternGroups, OrJoinsTheFieldsAroundIt) {
    auto p = R"({"c":1,"$or":[{"a":1},{"b":1}]})";
    EXPECT_TRUE(matches(p, R"({"c":1,"b":1})"));
    EXPECT_FALSE(matches(p, R"({"c":2,"b":1})"));
    EXPECT_FALSE(matches(p, R"({"c":1,"b":2})"));
    auto element = R"({"i.s":"x","$or":[{"i.n":1},{"i.n":2}]})";
    EXPECT_TRUE(matches(element, R"({"i":[{"s":"x","n":2}]})"));
    EXPECT_FALSE(matches(element, R"({"i":[{"s":"x","n":3},{"s":"y","n":2}]})"));
    EXPECT_TRUE(matches(R"({"d":{"$or":[{"e":1},{"$or":[{"f":1},{"g":1}]}]}})", R"({"d":{"g":1}})"));
}

TEST(PatternGroups, AndLetsEachGroupPickItsElement) {
    auto all = R"({"$and":[{"tags":"x"},{"tags":"y"}]})";
    EXPECT_TRUE(matches(all, R"({"tags":["y","x"]})"));
    EXPECT_FALSE(matches(all, R"({"tags":["y"]})"));
}

TEST(PatternGroups, AllOfAnArrayIsShortForAnd) {
    auto all = R"({"tags":{"$all":["x",{"prefix":"y"}]}})";
    EXPECT_TRUE(matches(all, R"({"tags":["yes",["x"]]})"));
    EXPECT_FALSE(matches(all, R"({"tags":["x"]})"));
    EXPECT_FALSE(matches(all, "{}"));
    EXPECT_TRUE(matches(R"({"tags":[{"$all":["x","y"]}]})", R"({"tags":["y","x"]})"));
    EXPECT_TRUE(matches(R"({"tags":{"$all":[["x","z"],"y"]}})", R"({"tags":["y","z"]})"));
    auto element = R"({"i":{"n":5,"tags":{"$all":["x","y"]}}})";
    EXPECT_TRUE(matches(element, R"({"i":[{"n":1},{"n":5,"tags":["x","y"]}]})"));
    EXPECT_FALSE(matches(element, R"({"i":[{"n":5,"tags":["x"]},{"n":5,"tags":["y"]}]})"));
    EXPECT_FALSE(matches(R"({"i.tags":{"$all":["x","y"]}})", R"({"i":[{"tags":"x"},{"tags":"y"}]})"));
    auto why = pattern(all).explain(json(R"({"tags":["x","z"]})"), 0);
    EXPECT_EQ(why->path, "tags");
    EXPECT_EQ(why->expected, "begins with \"y\"");
    EXPECT_EQ(why->found, R"(["x","z"])");
    EXPECT_EQ(pattern(all).paths(), (std::vector<std::string>{"tags"}));
}

TEST(PatternGroups, NotHoldsWhenTheGroupDoesNot) {
    EXPECT_TRUE(matches(R"({"$not":{"a":"x"}})", "{}"));
    EXPECT_FALSE(matches(R"({"$not":{"a":"x"}})", R"({"a":["y","x"]})"));
    auto inside = R"({"i":{"n":5,"$not":{"s":"x"}}})";
    EXPECT_TRUE(matches(inside, R"({"i":[{"n":5,"s":"y"},{"n":1,"s":"x"}]})"));
    EXPECT_FALSE(matches(inside, R"({"i":[{"n":5,"s":"x"}]})"));
    EXPECT_FALSE(matches(R"({"i":{"$not":{"s":"x"}}})", R"({"i":[{"s":"y"},{"s":"x"}]})"));
}

TEST(PatternExplain, NamesTheFirstFailingTestInTheOrderWritten) {
    auto p = pattern(R"({"object":["people","deals"],"actor.type":{"anything-but":["app"]},"z":1})");
    auto why = p.explain(json(R"({"object":"deals","actor":{"type":"app"},"z":2})"), 0);
    ASSERT_TRUE(why.has_value());
    EXPECT_EQ(why->path, "actor.type");
    EXPECT_EQ(why->expected, "is anything but \"app\"");
    EXPECT_EQ(why->found, "\"app\"");
    why = p.explain(json(R"({"object":"notes"})"), 0);
    ASSERT_TRUE(why.has_value());
    EXPECT_EQ(why->expected, "is one of \"people\", \"deals\"");
    EXPECT_EQ(why->found, "\"notes\"");
    why = p.explain(json("{}"), 0);
    ASSERT_TRUE(why.has_value());
    EXPECT_EQ(why->found, "nothing");
}

TEST(PatternExplain, TellsThatNoSingleElementHasAllTests) {
    auto why = pattern(R"({"i":{"s":"x","n":5}})")
                   .explain(json(R"({"i":[{"s":"x","n":1},{"s":"y","n":5}]})"), 0);
    ASSERT_TRUE(why.has_value());
    EXPECT_EQ(why->path, "i");
    EXPECT_EQ(why->found, "2 elements, none with all of them");
    why = pattern(R"({"i":{"s":"x","n":5}})").explain(json(R"({"i":[{"s":"x"},{"n":6}]})"), 0);
    ASSERT_TRUE(why.has_value());
    EXPECT_EQ(why->path, "i.n");
    EXPECT_EQ(why->found, "6");
}

TEST(PatternExplain, SaysWhatGroupsExpected) {
    auto why = pattern(R"({"$or":[{"a":1},{"b":1,"c":2}]})").explain(json(R"({"b":1,"c":3})"), 0);
    ASSERT_TRUE(why.has_value());
    EXPECT_EQ(why->path, "c");
    EXPECT_EQ(why->expected, "is 2 (nearest of 2 alternatives)");
    why = pattern(R"({"a":{"$not":{"b":1}}})").explain(json(R"({"a":{"b":1}})"), 0);
    ASSERT_TRUE(why.has_value());
    EXPECT_EQ(why->path, "a");
}

TEST(PatternExplain, CutsLongValues) {
    Json event = Json::object();
    event.set("a", Json(std::string(100'000, 'x')));
    auto why = pattern(R"({"a":"y"})").explain(event, 0);
    ASSERT_TRUE(why.has_value());
    EXPECT_LT(why->found.size(), 300u);
}

TEST(PatternPathsList, HasEveryTestedPathOnce) {
    auto p = pattern(R"({"a":{"b":1,"c":2},"$or":[{"d.e":1},{"f":1}],"$not":{"g":1}})");
    EXPECT_EQ(p.paths(), (std::vector<std::string>{"a.b", "a.c", "d.e", "f", "g"}));
    EXPECT_TRUE(Pattern().paths().empty());
}

TEST(PatternSpeed, AWildcardBombIsLinearInTheText) {
    std::string wild;
    for (int i = 0; i < 200; ++i) wild += "*a";
    auto p = pattern(R"({"a":{"wildcard":")" + wild + R"(*b"}})");
    Json event = Json::object();
    event.set("a", Json(std::string(1'000'000, 'a')));
    auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(p.matches(event, 0));
    auto one_part = pattern(R"({"a":{"wildcard":"*)" + std::string(5000, 'a') + R"(b*"}})");
    EXPECT_FALSE(one_part.matches(event, 0));
    // A quadratic search takes 5 × 10^9 steps here; the bound leaves room for sanitizers.
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

}  // namespace
}  // namespace syncline::rules
