// The SDK's own helpers: encodings, times, bytes in messages.
#include <gtest/gtest.h>

#include "core/sdk/messages.hpp"

namespace syncline::sdk {
namespace {

TEST(SdkEncoding, base64_round_trips_and_refuses_what_is_none) {
    EXPECT_EQ(base64_encode("any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw==");
    EXPECT_EQ(base64_decode("YW55IGNhcm5hbCBwbGVhcw=="), "any carnal pleas");
    EXPECT_EQ(base64_decode("YW55IGNhcm5hbCBwbGVhcw"), "any carnal pleas");
    EXPECT_EQ(base64_decode(""), "");
    EXPECT_EQ(base64_decode("A"), std::nullopt);
    EXPECT_EQ(base64_decode("AA*A"), std::nullopt);
    EXPECT_EQ(base64_decode("===="), std::nullopt);
}

TEST(SdkEncoding, url_components_are_encoded_byte_by_byte) {
    EXPECT_EQ(url_encode("a b/ü?~"), "a%20b%2F%C3%BC%3F~");
    EXPECT_EQ(base_url("https://a.test//"), "https://a.test");
}

TEST(SdkEncoding, reads_times_with_fractions_and_offsets) {
    EXPECT_EQ(parse_rfc3339_ms("1970-01-01T00:00:00Z"), 0);
    EXPECT_EQ(parse_rfc3339_ms("2026-01-02T03:04:05.061281000Z"), 1767323045061);
    EXPECT_EQ(parse_rfc3339_ms("2026-01-01T02:00:00+02:00"), 1767225600000);
    EXPECT_EQ(parse_rfc3339_ms("2024-02-29T00:00:00Z"), 1709164800000);
    for (const char* bad : {"", "2026", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
                            "2026-01-01T00:00:00", "2026-01-01T00:00:00.Z", "2026-01-01T24:00:00Z",
                            "2026-01-01T00:00:00+2", "2026-01-01T00:00:00Zz"})
        EXPECT_EQ(parse_rfc3339_ms(bad), std::nullopt) << bad;
}

TEST(SdkMessages, bytes_that_are_no_text_cross_as_base64) {
    Json request = Request("POST", "https://a.test").body("\xff\x00x", "x/y").to_json();
    EXPECT_EQ(request.find("body"), nullptr);
    EXPECT_EQ(request["body_base64"].as_string(), base64_encode("\xff"));
    Json answer = Json::object();
    answer.set("status", 200);
    answer.set("body_base64", base64_encode("\xff\xfe"));
    EXPECT_EQ(Response(answer).body(), "\xff\xfe");
    Json delivery = Json::object();
    delivery.set("payload_base64", base64_encode("\x80"));
    EXPECT_EQ(Event(delivery).payload(), "\x80");
}

TEST(SdkMessages, an_excerpt_is_one_short_line_of_whole_characters) {
    Json answer = Json::object();
    std::string body = "a\nb\t\xff";
    while (body.size() < 199) body += "x";
    answer.set("body", body + "é and more");
    std::string excerpt = Response(answer).excerpt();
    EXPECT_EQ(excerpt.substr(0, 4), "a b ");
    EXPECT_TRUE(json_is_utf8(excerpt));
    EXPECT_LE(excerpt.size(), 203u);
}

}  // namespace
}  // namespace syncline::sdk
