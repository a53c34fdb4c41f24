// Patterns as JSON text, in EventBridge's form: what is a list, what is an object, where a text is
// broken. The form that people write in YAML is in rules_pattern_test.cpp.
#include "rules_support.hpp"

namespace syncline::rules {
namespace {

Fault parse_fault(std::string_view text) {
    auto parsed = Pattern::parse(text);
    if (auto* fault = std::get_if<Fault>(&parsed)) return *fault;
    ADD_FAILURE() << "accepted: " << text;
    return Fault();
}

bool parsed_matches(std::string_view text, std::string_view event) {
    auto parsed = Pattern::parse(text);
    if (auto* fault = std::get_if<Fault>(&parsed)) {
        ADD_FAILURE() << fault->path << ": " << fault->message << " in " << text;
        return false;
    }
    return std::get<Pattern>(parsed).matches(json(event), 0);
}

TEST(PatternParse, WantsAListAtEveryField) {
    for (auto text : {R"({"a":"x"})", R"({"a":1})", R"({"a":null})", R"({"a":true})"}) {
        auto fault = parse_fault(text);
        EXPECT_EQ(fault.path, "a");
        EXPECT_NE(fault.message.find("expected a list of values or an object of fields, found "),
                  std::string::npos);
    }
    EXPECT_EQ(parse_fault(R"({"$or":[{"a":["x"]},{"b":{"c":2}}]})").path, "$or[1].b.c");
    EXPECT_TRUE(parsed_matches(R"({"a":["x"],"b":{"c":[2]}})", R"({"a":"x","b":{"c":2}})"));
}

TEST(PatternParse, ReadsOperatorsInListsOnly) {
    EXPECT_TRUE(parsed_matches(R"({"a":{"prefix":["x"]}})", R"({"a":{"prefix":"x"}})"))
        << "outside a list it is a field's name";
    EXPECT_FALSE(parsed_matches(R"({"a":{"prefix":["x"]}})", R"({"a":"xy"})"));
    EXPECT_TRUE(parsed_matches(R"({"a":[{"prefix":"x"}]})", R"({"a":"xy"})"));
    EXPECT_TRUE(parsed_matches(R"({"a":[{"$gt":1,"$lt":3}]})", R"({"a":2})"));
    auto fault = parse_fault(R"({"a":{"$gt":[1]}})");
    EXPECT_EQ(fault.path, "a.$gt");
    EXPECT_NE(fault.message.find("stands where a path is expected"), std::string::npos);
    EXPECT_NE(parse_fault(R"({"a":{"prefix":"x"}})").message.find("expected a list"),
              std::string::npos);
}

TEST(PatternParse, ReadsGroups) {
    auto text = R"({"$or":[{"a":[1]},{"b":[1]}],"$not":{"c":[1]},"$and":[{"d":[1]},{"d":[2]}]})";
    EXPECT_TRUE(parsed_matches(text, R"({"b":1,"d":[1,2]})"));
    EXPECT_FALSE(parsed_matches(text, R"({"b":1,"d":[1]})"));
    EXPECT_FALSE(parsed_matches(text, R"({"b":1,"c":1,"d":[1,2]})"));
}

TEST(PatternParse, WantsAnObjectWithFields) {
    EXPECT_NE(parse_fault("null").message.find("expected an object {path: test}, found null"),
              std::string::npos);
    EXPECT_NE(parse_fault(R"([{"a":[1]}])").message.find("found a list"), std::string::npos);
    EXPECT_NE(parse_fault("{}").message.find("an empty object tests nothing"), std::string::npos);
    EXPECT_NE(parse_fault(R"({"a":{}})").message.find("write [{\"exists\": true}]"),
              std::string::npos);
}

TEST(PatternParse, NamesLineAndColumnOfBrokenJson) {
    auto fault = parse_fault("{\"a\":\n [\"é\", 1 2]}");
    EXPECT_EQ(fault.line, 2u);
    EXPECT_EQ(fault.column, 10u);
    EXPECT_TRUE(fault.message.starts_with("not JSON: ")) << fault.message;
    EXPECT_EQ(parse_fault("").line, 1u);
    EXPECT_EQ(parse_fault("").column, 1u);
}

struct BrokenText {
    const char* name;
    std::string text;
    const char* message;
};

TEST(PatternParse, RefusesBrokenTexts) {
    const std::vector<BrokenText> cases = {
        {"invalid UTF-8", "{\"a\":[\"\xC3(\"]}", "UTF-8"},
        {"overlong UTF-8", "{\"a\":[\"\xC0\x80\"]}", "UTF-8"},
        {"a surrogate in UTF-8", "{\"a\":[\"\xED\xA0\x80\"]}", "UTF-8"},
        {"a lone surrogate", R"({"a":["\ud800"]})", "lone surrogate"},
        {"half a pair", R"({"a":["\ud800\u0041"]})", "lone surrogate"},
        {"a number above a double", R"({"a":[1e400]})", "overflows a double"},
        {"a huge integer", "{\"a\":[1" + std::string(400, '0') + "]}", "overflows a double"},
        {"one name twice", R"({"a":[1],"a":[2]})", "names a member twice"},
        {"one name twice, escaped", "{\"a\":[1],\"\\u0061\":[2]}", "names a member twice"},
        {"text after the end", R"({"a":[1]} x)", "text after the end"},
        {"a byte order mark", "\xEF\xBB\xBF{\"a\":[1]}", "expected a JSON value"},
        {"a depth bomb", std::string(100'000, '{'), "not JSON: "},
        {"a depth bomb of lists", "{\"a\":" + std::string(100'000, '['), "nested too deep"},
    };
    for (const auto& c : cases)
        EXPECT_NE(parse_fault(c.text).message.find(c.message), std::string::npos)
            << c.name << ": " << parse_fault(c.text).message;
}

}  // namespace
}  // namespace syncline::rules
