// Patterns that are refused: the path inside the pattern, what was found, what was expected.
#include "rules_support.hpp"

namespace syncline::rules {
namespace {

struct FaultCase {
    const char* pattern;
    const char* path;
    const char* part;   // of the message
};

class PatternFaults : public ::testing::TestWithParam<FaultCase> {};

TEST_P(PatternFaults, NameTheirPlaceAndReason) {
    const auto& c = GetParam();
    auto fault = pattern_fault(c.pattern);
    EXPECT_EQ(fault.path, c.path) << fault.message;
    EXPECT_NE(fault.message.find(c.part), std::string::npos) << fault.message;
}

INSTANTIATE_TEST_SUITE_P(Shape, PatternFaults, ::testing::ValuesIn<FaultCase>({
    {"1", "", "expected an object {path: test}, found the number 1"},
    {R"(["a"])", "", "found a list"},
    {R"("a")", "", "found the text \"a\""},
    {R"({"a":[]})", "a", "empty list"},
    {R"({"a":{"b":{}}})", "a.b", "exists: true"},
    {R"({"a":[{}]})", "a[0]", "expected {operator: operand}"},
    {R"({"a":["x",["y"]]})", "a[1]", "list in a list"},
    {R"({"a":{"b":[1]},"a.b":[2]})", "a.b", "\"a.b\" is tested twice"},
    {R"({"a":1,"$or":[{"a":2},{"b":3}]})", "$or", "\"a\" is tested twice"}}));

INSTANTIATE_TEST_SUITE_P(Operators, PatternFaults, ::testing::ValuesIn<FaultCase>({
    {R"({"actor.type":[{"prefx":"x"}]})", "actor.type[0].prefx", "did you mean \"prefix\""},
    {R"({"a":[{"PREFIX":"x"}]})", "a[0].PREFIX", "did you mean \"prefix\""},
    {R"({"a":{"$start_with":"x"}})", "a.$start_with", "did you mean \"$starts_with\""},
    {R"({"a":[{"contains":"x"}]})", "a[0].contains", "did you mean \"$contains\""},
    {R"({"$nor":[{"a":1}]})", "$nor", "did you mean \"$or\""},
    {R"({"a":{"prefix":"x","suffix":"y"}})", "a", "several operators in one object"},
    {R"({"a":{"prefix":"x","b":1}})", "a.b", "unknown operator \"b\""},
    {R"({"a":[{"prefix":1}]})", "a[0].prefix", "found the number 1"},
    {R"({"a":{"prefix":["x"]}})", "a.prefix", "found a list"},
    {R"({"a":[{"suffix":{"prefix":"x"}}]})", "a[0].suffix", "found an object"},
    {R"({"a":[{"equals-ignore-case":true}]})", "a[0].equals-ignore-case", "one text, found true"},
    {R"({"a":[{"exists":"yes"}]})", "a[0].exists", "true or false, found the text \"yes\""},
    {R"({"a":{"$in":"x"}})", "a.$in", "needs a list, found the text"},
    {R"({"a":{"$in":[]}})", "a.$in", "empty list"},
    {R"({"a":{"$in":[{"prefix":"x"}]}})", "a.$in[0]", "plain values, found an object"},
    {R"({"a":{"$eq":[1]}})", "a.$eq", "one plain value, found a list"},
    {R"({"a":{"$gt":null}})", "a.$gt", "a number or a text, found null"},
    {R"({"a":{"$gt":1,"exists":false}})", "a", "only those that begin with $"}}));

INSTANTIATE_TEST_SUITE_P(AnythingBut, PatternFaults, ::testing::ValuesIn<FaultCase>({
    {R"({"a":[{"anything-but":false}]})", "a[0].anything-but", "found false"},
    {R"({"a":[{"anything-but":["x",1]}]})", "a[0].anything-but[1]", "found both"},
    {R"({"a":[{"anything-but":[null]}]})", "a[0].anything-but[0]", "found null"},
    {R"({"a":[{"anything-but":[]}]})", "a[0].anything-but", "empty list"},
    {R"({"a":[{"anything-but":{"prefix":""}}]})", "a[0].anything-but.prefix", "empty prefix"},
    {R"({"a":[{"anything-but":{"numeric":["=",1]}}]})", "a[0].anything-but.numeric",
     "takes prefix, suffix, wildcard"},
    {R"({"a":[{"anything-but":{"prefix":"x","suffix":"y"}}]})", "a[0].anything-but",
     "one operator, found 2"}}));

INSTANTIATE_TEST_SUITE_P(Numeric, PatternFaults, ::testing::ValuesIn<FaultCase>({
    {R"({"a":[{"numeric":1}]})", "a[0].numeric", "found 1"},
    {R"({"a":[{"numeric":[">","x"]}]})", "a[0].numeric[1]", "expected a number, found the text"},
    {R"({"a":[{"numeric":["!=",1]}]})", "a[0].numeric[0]", "expected one of = < <= > >="},
    {R"({"a":[{"numeric":["<",5,">",1]}]})", "a[0].numeric", "a lower bound"},
    {R"({"a":[{"numeric":[">=",5,"<=",5]}]})", "a[0].numeric", "empty numeric range"},
    {R"({"a":[{"numeric":[">",1,"<"]}]})", "a[0].numeric", "lower bound then an upper"}}));

INSTANTIATE_TEST_SUITE_P(Addresses, PatternFaults, ::testing::ValuesIn<FaultCase>({
    {R"({"a":[{"cidr":1}]})", "a[0].cidr", "one text such as \"10.0.0.0/8\", found the number 1"},
    {R"({"a":[{"cidr":["10.0.0.0/8"]}]})", "a[0].cidr", "found a list"},
    {R"({"a":{"cidr":"10.0.0.0"}})", "a.cidr", "an address and its leading bits"},
    {R"({"a":{"cidr":"10.0.0.0/"}})", "a.cidr", "found the text \"10.0.0.0/\""},
    {R"({"a":{"cidr":"10.0.0.0/33"}})", "a.cidr", "leading bits"},
    {R"({"a":{"cidr":"10.0.0.0/-1"}})", "a.cidr", "leading bits"},
    {R"({"a":{"cidr":"10.0.0.0/08"}})", "a.cidr", "leading bits"},
    {R"({"a":{"cidr":"010.0.0.0/8"}})", "a.cidr", "leading bits"},
    {R"({"a":{"cidr":"10.0.0/8"}})", "a.cidr", "leading bits"},
    {R"({"a":{"cidr":"::1/129"}})", "a.cidr", "leading bits"},
    {R"({"a":{"cidr":"fe80::1%eth0/64"}})", "a.cidr", "leading bits"},
    {R"({"a":{"cidr":"[::1]/64"}})", "a.cidr", "leading bits"},
    {R"({"a":{"anything-but":{"cidr":"10.0.0.0/8"}}})", "a.anything-but.cidr", "found cidr"},
    {R"({"$or":[{"cidr":["10.0.0.0/8"]},{"b":1}]})", "$or[0].cidr", "where a path is expected"}}));

INSTANTIATE_TEST_SUITE_P(Ages, PatternFaults, ::testing::ValuesIn<FaultCase>({
    {R"({"a":{"older-than":3}})", "a.older-than", "such as \"30s\" or \"3d\", up to 100 years, "
     "found the number 3"},
    {R"({"a":{"newer-than":"3"}})", "a.newer-than", "found the text \"3\""},
    {R"({"a":{"newer-than":""}})", "a.newer-than", "found the text \"\""},
    {R"({"a":{"older-than":"-3d"}})", "a.older-than", "found the text"},
    {R"({"a":{"older-than":"1.5h"}})", "a.older-than", "found the text"},
    {R"({"a":{"older-than":"2h30m"}})", "a.older-than", "found the text"},
    {R"({"a":{"older-than":"36501d"}})", "a.older-than", "up to 100 years"},
    {R"({"a":{"older-than":"99999999999999999999d"}})", "a.older-than", "up to 100 years"}}));

INSTANTIATE_TEST_SUITE_P(Wildcard, PatternFaults, ::testing::ValuesIn<FaultCase>({
    {R"({"a":[{"wildcard":"a**b"}]})", "a[0].wildcard", "two * in a row"},
    {R"({"a":[{"wildcard":"a\\?"}]})", "a[0].wildcard", "backslash"},
    {R"({"a":[{"wildcard":"a\\"}]})", "a[0].wildcard", "backslash"},
    {R"({"a":[{"wildcard":1}]})", "a[0].wildcard", "one text, found the number 1"}}));

INSTANTIATE_TEST_SUITE_P(Groups, PatternFaults, ::testing::ValuesIn<FaultCase>({
    {R"({"$or":[{"a":1}]})", "$or", "two or more groups, found 1"},
    {R"({"$or":{"a":1}})", "$or", "found an object"},
    {R"({"$or":[{"a":1},3]})", "$or[1]", "found the number 3"},
    {R"({"$or":[{"a":1},{}]})", "$or[1]", "an empty object"},
    {R"({"$or":[{"prefix":["a"]},{"b":1}]})", "$or[0].prefix", "where a path is expected"},
    {R"({"$or":[{"a":1},{"=":[1]}]})", "$or[1].=", "where a path is expected"},
    {R"({"a":[{"$or":[{"b":1},{"c":1}]}]})", "a[0].$or", "between groups"},
    {R"({"$and":[]})", "$and", "an empty list"},
    {R"({"a":{"$all":[]}})", "a.$all", "a list of tests, found an empty list"},
    {R"({"a":{"$all":"x"}})", "a.$all", "a list of tests, found the text \"x\""},
    {R"({"a":{"$all":["x",{"prefx":"y"}]}})", "a.$all[1].prefx", "did you mean \"prefix\""},
    {R"({"a":["x",{"$all":["y","z"]}]})", "a[1].$all", "$all stands alone at a path"},
    {R"({"a":{"$all":["y"],"$gt":1}})", "a.$all", "$all stands alone at a path"},
    {R"({"$all":[{"a":1}]})", "$all", "where a path is expected"},
    {R"({"$not":[1]})", "$not", "found a list"},
    {R"({"$gt":1})", "$gt", "where a path is expected"}}));

/// {"a":{"a":…["x"]…}} with `levels` objects.
Json nested(std::size_t levels) {
    Json value = Json("x");
    for (std::size_t i = 0; i < levels; ++i) {
        Json outer = Json::object();
        outer.set("a", std::move(value));
        value = std::move(outer);
    }
    return value;
}

TEST(PatternLimits, DepthIsBounded) {
    EXPECT_TRUE(std::holds_alternative<Pattern>(Pattern::compile(nested(32))));
    EXPECT_NE(pattern_fault_of(nested(33)).message.find("deeper than 32 levels"), std::string::npos);
    EXPECT_NE(pattern_fault_of(nested(5000)).message.find("deeper than 32 levels"), std::string::npos);
    std::string dotted = "a";
    for (int i = 0; i < 40; ++i) dotted += ".a";
    EXPECT_NE(pattern_fault("{\"" + dotted + "\":1}").message.find("deeper than 32 levels"),
              std::string::npos);
    EXPECT_NE(pattern_fault("{\"" + std::string(2000, 'a') + "\":1}").message.find("1024 bytes"),
              std::string::npos);
}

/// A pattern of `count` $or, each of `width` one-field groups.
Json product(int count, int width) {
    Json groups = Json::object();
    for (int i = 0; i < count; ++i) {
        Json list = Json::array();
        for (int j = 0; j < width; ++j) {
            Json branch = Json::object();
            branch.set("f" + std::to_string(i) + "_" + std::to_string(j), Json(1));
            list.push_back(std::move(branch));
        }
        // One $or an object: deeper ones are nested below a name, where they multiply too.
        Json outer = Json::object();
        outer.set("$or", std::move(list));
        groups.set("g" + std::to_string(i), std::move(outer));
    }
    return groups;
}

TEST(PatternLimits, AlternativesAreBounded) {
    Json wide = Json::array();
    for (int i = 0; i < 1025; ++i) wide.push_back(Json::object({{"a" + std::to_string(i), Json(1)}}));
    Json too_wide = Json::object();
    too_wide.set("$or", wide);
    auto fault = pattern_fault_of(too_wide);
    EXPECT_EQ(fault.path, "$or");
    EXPECT_NE(fault.message.find("more than 1024 alternatives"), std::string::npos);
    wide.items().pop_back();
    Json fits = Json::object();
    fits.set("$or", wide);
    EXPECT_TRUE(std::holds_alternative<Pattern>(Pattern::compile(fits)));
}

TEST(PatternLimits, TheProductOfNestedChoicesIsBoundedBeforeItIsMade) {
    // (a or b)^11 at one level: 2048 alternatives.
    Json inner = json(R"({"x":1})");
    for (int i = 0; i < 11; ++i) {
        Json list = Json::array();
        for (const char* name : {"p", "q"}) {
            Json branch = Json::object();
            branch.set(name + std::to_string(i), Json(1));
            list.push_back(std::move(branch));
        }
        Json both = Json::array();
        for (int twice = 0; twice < 2; ++twice) {
            Json branch = Json::object();
            branch.set("r" + std::to_string(i) + std::to_string(twice), Json(1));
            for (const auto& member : inner.members()) branch.set(member.name, member.value);
            both.push_back(std::move(branch));
        }
        inner = Json::object();
        inner.set("$or", std::move(both));
    }
    EXPECT_NE(pattern_fault_of(inner).message.find("more than 1024 alternatives"), std::string::npos);
    EXPECT_TRUE(std::holds_alternative<Pattern>(Pattern::compile(product(10, 10))))
        << "choices below different names do not multiply";
}

TEST(PatternHostile, AHugeListOfValuesIsQuick) {
    Json list = Json::array();
    for (int i = 0; i < 100'000; ++i) list.push_back(Json("value-" + std::to_string(i)));
    Json written = Json::object();
    written.set("a", std::move(list));
    auto compiled = Pattern::compile(written);
    ASSERT_TRUE(std::holds_alternative<Pattern>(compiled));
    EXPECT_TRUE(std::get<Pattern>(compiled).matches(json(R"({"a":"value-99999"})"), 0));
    EXPECT_FALSE(std::get<Pattern>(compiled).matches(json(R"({"a":"value-100000"})"), 0));
}

TEST(PatternHostile, DottedNamesBesideArraysDoNotMultiply) {
    // Every way to write one path, each an array: chosen one by one, not as a product.
    Json event = Json::object();
    Json many = Json::array();
    for (int i = 0; i < 2000; ++i) many.push_back(json(R"({"d":1})"));
    for (const char* name : {"a.b.c", "a.b", "a"}) {
        Json value = many;
        if (std::string_view(name) == "a.b") value = Json::object({{"c", many}});
        if (std::string_view(name) == "a") value = json(R"({"b.c":[{"d":1}],"b":{"c":[{"d":1}]}})");
        event.set(name, std::move(value));
    }
    auto p = pattern(R"({"a.b.c.d":2,"a.b.c.e":3})");
    EXPECT_FALSE(p.matches(event, 0));
    EXPECT_TRUE(pattern(R"({"a.b.c.d":1})").matches(event, 0));
}

}  // namespace
}  // namespace syncline::rules
