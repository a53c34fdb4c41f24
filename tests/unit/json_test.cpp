// The JSON value: what is kept, what is refused, and how numbers compare.
#include "core/sdk/json.hpp"

#include <gtest/gtest.h>

namespace syncline {
namespace {

std::string refusal(std::string_view text) {
    JsonError error;
    auto parsed = Json::parse(text, &error);
    return parsed ? "accepted" : error.message;
}

TEST(Json, keeps_number_texts_member_order_and_escapes) {
    const char* text =
        R"({"b":19.90,"a":12345678901234567890123,"c":[1e0,-0,0.1],"d":"\u00e9\ud83d\ude00\n"})";
    auto parsed = Json::parse(text);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->dump(),
              "{\"b\":19.90,\"a\":12345678901234567890123,\"c\":[1e0,-0,0.1],"
              "\"d\":\"é😀\\n\"}");
}

TEST(Json, writes_every_byte_so_that_it_reads_back_or_is_replaced) {
    std::string all;
    for (int c = 0; c < 128; ++c) all.push_back(static_cast<char>(c));
    auto back = Json::parse(Json(all).dump());
    ASSERT_TRUE(back);
    EXPECT_EQ(back->as_string(), all);
    EXPECT_EQ(Json("a\xff" "b\xc3" "c\x7f").dump(), "\"a\xEF\xBF\xBD" "b\xEF\xBF\xBD" "c\x7f\"");
}

TEST(Json, knows_the_source_range_of_each_value) {
    std::string_view text = R"( {"events": [ {"x": 1} , 2 ]} )";
    auto parsed = Json::parse(text);
    ASSERT_TRUE(parsed);
    auto [begin, end] = (*parsed)["events"][0].source_range();
    EXPECT_EQ(text.substr(begin, end - begin), R"({"x": 1})");
}

TEST(Json, refuses_what_could_be_read_two_ways_or_harm) {
    EXPECT_EQ(refusal(R"({"a":1,"a":2})"), "an object names a member twice");
    EXPECT_EQ(refusal("1 2"), "text after the end of the JSON value");
    EXPECT_EQ(refusal("\"\xc3\x28\""), "invalid UTF-8 in a string");
    EXPECT_EQ(refusal("\"\xed\xa0\x80\""), "invalid UTF-8 in a string");
    EXPECT_EQ(refusal(R"("\ud800")"), "a lone surrogate");
    EXPECT_EQ(refusal(R"("\udc00")"), "a lone surrogate");
    EXPECT_EQ(refusal("1e400"), "the number overflows a double");
    EXPECT_EQ(refusal("01"), "a number may not begin with 0");
    EXPECT_EQ(refusal("+1"), "expected a JSON value");
    EXPECT_EQ(refusal("\xef\xbb\xbf{}"), "expected a JSON value");
    EXPECT_EQ(refusal("[1,]"), "expected a JSON value");
    EXPECT_EQ(refusal("{\"a\":1,}"), "expected a member name in quotes");
    EXPECT_EQ(refusal("\"a\nb\""), "a control character in a string");
    EXPECT_EQ(refusal(""), "the text ends where a value is expected");
    EXPECT_EQ(refusal("nul"), "expected a JSON value");
    EXPECT_EQ(refusal("NaN"), "expected a JSON value");
    EXPECT_EQ(refusal("1e-400"), "accepted") << "an underflow is a number near zero";
}

TEST(Json, refuses_depth_and_node_bombs_without_using_the_stack) {
    EXPECT_EQ(refusal(std::string(64, '[') + std::string(64, ']')), "accepted");
    EXPECT_EQ(refusal(std::string(65, '[') + std::string(65, ']')), "nested too deep");
    EXPECT_EQ(refusal(std::string(1'000'000, '[')), "nested too deep");
    std::string many = "[";
    for (int i = 0; i < 1'000'000; ++i) many += "0,";
    EXPECT_EQ(refusal(many + "0]"), "too many values");
}

TEST(Json, finds_duplicate_names_in_large_objects_quickly) {
    std::string large = "{";
    for (int i = 0; i < 200'000; ++i) large += "\"k" + std::to_string(i) + "\":0,";
    EXPECT_EQ(refusal(large + "\"z\":0}"), "accepted");
    EXPECT_EQ(refusal(large + "\"k77\":0}"), "an object names a member twice");
}

TEST(Json, compares_numbers_as_decimals) {
    EXPECT_EQ(json_compare_numbers("1", "1.0"), 0);
    EXPECT_EQ(json_compare_numbers("10e-1", "1"), 0);
    EXPECT_EQ(json_compare_numbers("0", "-0.0e5"), 0);
    EXPECT_LT(json_compare_numbers("9007199254740992", "9007199254740993"), 0);
    EXPECT_GT(json_compare_numbers("-1", "-2"), 0);
    EXPECT_LT(json_compare_numbers("-10", "1e-300"), 0);
    EXPECT_LT(json_compare_numbers("1e-400", "1e-399"), 0);
    EXPECT_EQ(*Json::parse("[1.0]"), *Json::parse("[1]"));
    EXPECT_FALSE(*Json::parse("1") == *Json::parse("\"1\""));
}

TEST(Json, gives_integers_only_when_they_are_exact) {
    EXPECT_EQ(Json::parse("1e3")->as_int64(), 1000);
    EXPECT_EQ(Json::parse("-9223372036854775808")->as_int64(), INT64_MIN);
    EXPECT_EQ(Json::parse("9223372036854775808")->as_int64(), std::nullopt);
    EXPECT_EQ(Json::parse("1.5")->as_int64(), std::nullopt);
    EXPECT_EQ(Json::parse("1e30")->as_int64(), std::nullopt);
}

TEST(Json, walks_missing_members_without_checks) {
    auto parsed = Json::parse(R"({"a":{"b":[{"c":7}]}})");
    EXPECT_EQ((*parsed)["a"]["b"][0]["c"].as_int64(), 7);
    EXPECT_TRUE((*parsed)["x"]["y"][3]["z"].is_null());
    EXPECT_EQ(parsed->at_path("a.b.0.c")->as_int64(), 7);
    EXPECT_EQ(parsed->at_path("a.b.1"), nullptr);
    EXPECT_EQ(parsed->at_path("a.b.x"), nullptr);
}

}  // namespace
}  // namespace syncline
