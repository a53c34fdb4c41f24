// Patterns and events made to hurt: what is refused, with its words, and what must stay linear.
//
// No clock is read: where a product of two lengths would be walked the sizes here make it minutes, so
// that the tier's time limit is the judge.
#include "rules_support.hpp"

namespace syncline::rules {
namespace {

Json one(const std::string& name, Json value) {
    Json made = Json::object();
    made.set(name, std::move(value));
    return made;
}

std::string repeated(std::string_view part, std::size_t count) {
    std::string made;
    made.reserve(part.size() * count);
    for (; count > 0; --count) made += part;
    return made;
}

void expect_refused(const Json& written, const std::string& path, std::string_view message) {
    auto fault = pattern_fault_of(written);
    EXPECT_EQ(fault.path, path);
    EXPECT_NE(fault.message.find(message), std::string::npos) << fault.message;
}

TEST(PatternHostile, LiteralsAndOperandsHaveABound) {
    std::string fits(64 << 10, 'x'), longer(fits + 'x'), huge(1 << 20, 'x');
    EXPECT_TRUE(std::holds_alternative<Pattern>(Pattern::compile(one("a", Json(fits)))));
    expect_refused(one("a", Json(longer)), "a", "a text of 65537 bytes; at most 65536 fit");
    expect_refused(one("a", Json(huge)), "a", "a text of 1048576 bytes");
    for (const char* name : {"prefix", "suffix", "equals-ignore-case", "wildcard", "exactly", "$eq",
                             "$ne", "$gt", "$contains", "anything-but"})
        expect_refused(one("a", one(name, Json(huge))), std::string("a.") + name,
                       "at most 65536 fit in a pattern");
    expect_refused(one("a", one("prefix", one("equals-ignore-case", Json(huge)))),
                   "a.prefix.equals-ignore-case", "at most 65536");
    Json list = Json::array();
    list.push_back(Json("x"));
    list.push_back(Json(huge));
    expect_refused(one("a", list), "a[1]", "at most 65536");
    expect_refused(one("a", one("$in", list)), "a.$in[1]", "at most 65536");
    EXPECT_LT(pattern_fault_of(one("a", one("cidr", Json(huge)))).message.size(), 300u);
    EXPECT_LT(pattern_fault_of(one("a", one(huge, Json(1)))).message.size(), 300u);
    EXPECT_LE(pattern_fault_of(one("a", one(huge, Json(1)))).path.size(), 1030u);
    EXPECT_LE(pattern_fault_of(one(huge, Json(1))).path.size(), 1030u);
}

TEST(PatternHostile, NumbersStayWithinADouble) {
    auto number = [](const std::string& text) { return one("a", Json::number_from_text(text)); };
    expect_refused(number("1e400"), "a", "the number 1e400 overflows a double");
    expect_refused(number("-1E+309"), "a", "overflows a double");
    expect_refused(number("1e99999999999999999999"), "a", "overflows a double");
    expect_refused(number("1" + std::string(400, '0')), "a", "overflows a double");
    expect_refused(number("0." + std::string(2000, '1')), "a", "a number of 2002 digits");
    expect_refused(one("a", one("$gt", Json::number_from_text("1e400"))), "a.$gt", "overflows");
    for (auto text : {"1e308", "-1.7976931348623157e308", "1e-400", "12345678901234567890"})
        EXPECT_TRUE(std::holds_alternative<Pattern>(Pattern::compile(number(text)))) << text;
}

TEST(PatternHostile, TextsAreUtf8) {
    for (auto broken : {"\xC3(", "\xC0\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80", "x\xE2\x82"}) {
        expect_refused(one("a", Json(broken)), "a", "a text that is not UTF-8");
        expect_refused(one("a", one("wildcard", Json(broken))), "a.wildcard", "not UTF-8");
        EXPECT_NE(pattern_fault_of(one(broken, Json(1))).message.find("not UTF-8"),
                  std::string::npos);
    }
}

TEST(PatternHostile, TenThousandBranchesAreRefused) {
    Json branches = Json::array();
    for (int i = 0; i < 10'000; ++i) branches.push_back(one("a" + std::to_string(i), Json(1)));
    expect_refused(one("$or", branches), "$or",
                   "$or multiplies out to more than 1024 alternatives; split the rule");
}

TEST(PatternHostile, FieldsAreBounded) {
    Json wide = Json::object();
    for (int i = 0; i < 16'384; ++i) wide.members().emplace_back("f" + std::to_string(i), Json(1));
    EXPECT_TRUE(std::holds_alternative<Pattern>(Pattern::compile(wide)));
    wide.members().emplace_back("one more", Json(1));
    expect_refused(wide, "one more", "multiplies out to more than 16384 tests; split the rule");
}

TEST(PatternHostile, ManyStarsTakeTimeLinearInTheText) {
    auto stars = repeated("*a", 30'000) + "*b";
    auto p = pattern(one("a", one("wildcard", Json(stars))).dump());
    EXPECT_FALSE(p.matches(one("a", Json(std::string(1 << 20, 'a'))), 0));
    EXPECT_TRUE(p.matches(one("a", Json(std::string(1 << 20, 'a') + "b")), 0));
    EXPECT_FALSE(p.matches(one("a", Json(std::string(29'999, 'a') + "b")), 0));
}

TEST(PatternHostile, LongPartsTakeTimeLinearInTheText) {
    // The needle fits nowhere, but at every place half of it does: 10^10 steps as a product.
    auto needle = std::string(30'000, 'a') + "b" + std::string(30'000, 'a');
    std::string text(1 << 20, 'a');
    for (Json test : {one("$contains", Json(needle)), one("wildcard", Json("*" + needle + "*"))}) {
        auto p = pattern(one("a", test).dump());
        for (int times = 0; times < 200; ++times)
            EXPECT_FALSE(p.matches(one("a", Json(text)), 0));
        EXPECT_TRUE(p.matches(one("a", Json(text + needle + text)), 0));
    }
}

TEST(PatternHostile, PathsWrittenTwiceBesideListsDoNotMultiply) {
    // Elements of a list, and as many members beside it under the same path: 10^10 as a product.
    constexpr int many = 100'000;
    Json list = Json::array(), wide = Json::object(), event = Json::object();
    for (int i = 0; i < many; ++i) {
        list.push_back(one("c", Json(1)));
        wide.members().emplace_back("x" + std::to_string(i), Json(1));
    }
    event.set("a", list);
    event.set("a.b", wide);
    auto p = pattern(R"({"a.b.d":2,"a.c":1})");
    EXPECT_FALSE(p.matches(event, 0));
    EXPECT_TRUE(p.explain(event, 0).has_value());
    EXPECT_TRUE(pattern(R"({"a.b.x5":1})").matches(event, 0)) << "beside the list";
    EXPECT_TRUE(pattern(R"({"a.c":1})").matches(event, 0)) << "in the list";
    Json names = Json::object();
    for (int i = 0; i < many; ++i) names.members().emplace_back("a.x" + std::to_string(i), Json(1));
    names.members().emplace_back("a", list);
    EXPECT_FALSE(p.matches(names, 0));
}

TEST(PatternHostile, PathsWrittenTwiceBesideShortListsStandTogether) {
    auto p = pattern(R"({"a.b":2,"a.c":1})");
    EXPECT_TRUE(p.matches(json(R"({"a":[{"c":0},{"c":1}],"a.b":2})"), 0));
}

TEST(PatternHostile, DeepEventsAreWalked) {
    std::string lists = repeated("[", 60) + "1" + repeated("]", 60);
    EXPECT_TRUE(matches(R"({"a":[1]})", "{\"a\":" + lists + "}"));
    EXPECT_FALSE(matches(R"({"a":{"b":[1]}})", "{\"a\":" + lists + "}"));
    JsonError error;
    EXPECT_FALSE(Json::parse("{\"a\":" + std::string(100'000, '['), &error));
    EXPECT_NE(error.message.find("nested too deep"), std::string::npos);
}

}  // namespace
}  // namespace syncline::rules
