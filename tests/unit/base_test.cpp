// The base room: encodings, times, durations, names, queue, log redaction.
#include <gtest/gtest.h>

#include <thread>

#include "core/base/clock.hpp"
#include "core/base/hash.hpp"
#include "core/base/log.hpp"
#include "core/base/queue.hpp"
#include "core/base/text.hpp"

namespace syncline {
namespace {

TEST(Hash, matches_published_vectors) {
    // FIPS 180-4 "abc"; RFC 4231 test case 2.
    EXPECT_EQ(hex_encode(sha256("abc")),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex_encode(hmac_sha256("Jefe", {"what do ya want ", "for nothing?"})),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Hash, length_prefixes_keep_parts_apart) {
    EXPECT_NE(sha256_parts({"ab", "c"}), sha256_parts({"a", "bc"}));
    EXPECT_NE(sha256_parts({"ab"}), sha256_parts({"ab", ""}));
}

TEST(Hash, decodes_only_what_is_well_formed) {
    EXPECT_EQ(hex_decode("00fFA1"), std::string("\x00\xff\xa1", 3));
    EXPECT_EQ(hex_decode("0"), std::nullopt);
    EXPECT_EQ(hex_decode("0g"), std::nullopt);
    EXPECT_EQ(base64_encode("any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw==");
    EXPECT_EQ(base64_decode("YW55IGNhcm5hbCBwbGVhcw=="), "any carnal pleas");
    EXPECT_EQ(base64_decode("YW55IGNhcm5hbCBwbGVhcw"), "any carnal pleas");
    EXPECT_EQ(base64_decode("A"), std::nullopt);
    EXPECT_EQ(base64_decode("AA*A"), std::nullopt);
    EXPECT_EQ(base64_decode(""), "");
}

TEST(Hash, uuid7_carries_time_version_and_variant) {
    SeededRandom random(1);
    auto id = make_uuid7(0x0123456789AB, random);
    EXPECT_EQ(id.substr(0, 15), "01234567-89ab-7");
    EXPECT_EQ(id.size(), 36u);
    EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
    EXPECT_NE(id, make_uuid7(0x0123456789AB, random));
}

TEST(Text, reads_durations_and_sizes_as_users_write_them) {
    EXPECT_EQ(parse_duration_ms("30s"), 30'000);
    EXPECT_EQ(parse_duration_ms("3d"), 3 * 86'400'000);
    EXPECT_EQ(parse_duration_ms("250ms"), 250);
    EXPECT_EQ(parse_duration_ms("30"), std::nullopt);
    EXPECT_EQ(parse_duration_ms("-3s"), std::nullopt);
    EXPECT_EQ(parse_duration_ms("1.5h"), std::nullopt);
    EXPECT_EQ(parse_duration_ms("99999999999999d"), std::nullopt);
    EXPECT_EQ(parse_size_bytes("64KiB"), 65536u);
    EXPECT_EQ(parse_size_bytes("1MB"), std::nullopt);
    EXPECT_EQ(format_duration(90'000), "90s");
    EXPECT_EQ(format_duration(7'200'000), "2h");
    EXPECT_EQ(format_duration(0), "0ms");
}

TEST(Text, reads_and_writes_times) {
    EXPECT_EQ(format_time(1'767'225'600'123), "2026-01-01T00:00:00.123Z");
    EXPECT_EQ(parse_time("2026-01-01T00:00:00.123456789Z"), 1'767'225'600'123);
    EXPECT_EQ(parse_time("2026-01-01T02:30:00+02:30"), 1'767'225'600'000);
    EXPECT_EQ(parse_time("2026-02-30T00:00:00Z"), std::nullopt);
    EXPECT_EQ(parse_time("2026-01-01"), std::nullopt);
    EXPECT_EQ(parse_time("2026-01-01T00:00:00"), std::nullopt);
    // The three forms of RFC 9110 §5.6.7.
    for (auto text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                      "Sun Nov  6 08:49:37 1994"})
        EXPECT_EQ(parse_http_date(text), 784111777000) << text;
    EXPECT_EQ(parse_http_date("Sun, 06 Foo 1994 08:49:37 GMT"), std::nullopt);
    EXPECT_EQ(parse_http_date("soon"), std::nullopt);
    EXPECT_EQ(format_http_date(784111777000), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(Text, makes_outside_text_safe_to_print) {
    EXPECT_EQ(printable("a\nb\x1b[31mé\x7f\xff"), "a\\x0ab\\x1b[31mé\\x7f\\xff");
    EXPECT_EQ(printable("\xc2\x9b" "31m"), "\\xc2\\x9b31m") << "C1 control sequence introducer";
    EXPECT_EQ(printable("abcdef", 3), "abc…");
}

TEST(Text, guesses_at_typos_but_not_wildly) {
    std::vector<std::string> names{"destinations", "sources", "rules"};
    EXPECT_EQ(nearest_name("destination", names), "destinations");
    EXPECT_EQ(nearest_name("ruels", names), "rules") << "a swap of neighbours is one slip";
    EXPECT_EQ(nearest_name("rulxx", names), std::nullopt) << "two edits of five are too far";
    EXPECT_EQ(nearest_name("rule", names), "rules");
    EXPECT_EQ(nearest_name("banana", names), std::nullopt);
}

TEST(BoundedQueue, refuses_when_full_and_drains_after_close) {
    BoundedQueue<int> queue(2);
    EXPECT_TRUE(queue.try_push(1));
    EXPECT_TRUE(queue.try_push(2));
    EXPECT_FALSE(queue.try_push(3));
    EXPECT_TRUE(queue.push_owed(4));
    queue.close();
    EXPECT_FALSE(queue.try_push(5));
    EXPECT_FALSE(queue.push_owed(5));
    EXPECT_EQ(queue.pop_batch(2), (std::vector<int>{1, 2}));
    EXPECT_EQ(queue.pop_batch(9), (std::vector<int>{4}));
    EXPECT_TRUE(queue.pop_batch(9).empty());
}

TEST(BoundedQueue, hands_over_between_threads) {
    BoundedQueue<int> queue(4);
    std::thread producer([&] {
        for (int i = 0; i < 1000; ++i)
            while (!queue.try_push(int(i))) std::this_thread::yield();
        queue.close();
    });
    int expected = 0;
    for (auto batch = queue.pop_batch(3); !batch.empty(); batch = queue.pop_batch(3))
        for (int value : batch) EXPECT_EQ(value, expected++);
    EXPECT_EQ(expected, 1000);
    producer.join();
}

TEST(Log, hides_secrets_longest_first) {
    log_hide_secret("whsec_planted");
    log_hide_secret("whsec_planted_longer");
    log_hide_secret("abc");
    EXPECT_EQ(hide_secrets("x whsec_planted_longer y whsec_planted z abc"), "x *** y *** z abc");
}

}  // namespace
}  // namespace syncline
