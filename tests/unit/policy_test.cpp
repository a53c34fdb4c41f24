// Retry waits, token buckets and breakers, by a clock of plain numbers.
#include "core/delivery/policy.hpp"

#include <gtest/gtest.h>

#include "core/base/random.hpp"

namespace syncline::delivery {
namespace {

const RetryPolicy schedule{{5'000, 30'000, 120'000}, 20};

TEST(RetryWait, follows_the_schedule_within_its_jitter_and_then_ends) {
    SeededRandom random(7);
    for (int i = 0; i < 1000; ++i) {
        auto first = retry_wait_ms(schedule, 1, std::nullopt, random.next_u64());
        ASSERT_TRUE(first && *first >= 4'000 && *first <= 6'000);
        auto third = retry_wait_ms(schedule, 3, std::nullopt, random.next_u64());
        ASSERT_TRUE(third && *third >= 96'000 && *third <= 144'000);
    }
    EXPECT_EQ(retry_wait_ms(schedule, 4, std::nullopt, 0), std::nullopt);
}

TEST(RetryWait, retry_after_lengthens_and_never_shortens) {
    EXPECT_EQ(retry_wait_ms(schedule, 1, 60'000, 0), 60'000);
    EXPECT_EQ(retry_wait_ms(schedule, 1, 1, 0), 4'000);
    EXPECT_EQ(retry_wait_ms(schedule, 4, 60'000, 0), std::nullopt)
        << "a request to wait does not add attempts";
}

TEST(TokenBucket, gives_its_count_at_once_and_then_its_rate) {
    TokenBucket bucket(3, 1000);
    for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(bucket.wait_ms(0), 0);
        bucket.take(0);
    }
    EXPECT_EQ(bucket.wait_ms(0), 334);
    EXPECT_EQ(bucket.wait_ms(333), 1);
    EXPECT_EQ(bucket.wait_ms(334), 0);
}

TEST(TokenBucket, never_exceeds_its_rate_over_a_long_run) {
    TokenBucket bucket(100, 10'000);
    std::int64_t now = 0;
    int taken = 0;
    while (now < 100'000) {
        auto wait = bucket.wait_ms(now);
        if (wait == 0) bucket.take(now), ++taken;
        else now += wait;
    }
    EXPECT_GE(taken, 1090);
    EXPECT_LE(taken, 1101) << "100 saved, then 100 each 10 s for 100 s";
}

TEST(TokenBucket, pauses_when_told_and_is_unlimited_without_a_count) {
    TokenBucket bucket(0, 1000);
    for (int i = 0; i < 10'000; ++i) bucket.take(0);
    EXPECT_EQ(bucket.wait_ms(0), 0);
    bucket.pause(0, 500);
    EXPECT_EQ(bucket.wait_ms(100), 400);
    bucket.pause(0, 100);
    EXPECT_EQ(bucket.wait_ms(100), 400) << "a shorter pause does not shorten";
    EXPECT_EQ(bucket.wait_ms(500), 0);
}

TEST(TokenBucket, obeys_what_the_other_side_says_it_takes) {
    TokenBucket bucket(0, 1000);
    bucket.obey(0, 2, 5000);
    for (int i = 0; i < 2; ++i) {
        ASSERT_EQ(bucket.wait_ms(10), 0);
        bucket.take(10);
    }
    EXPECT_EQ(bucket.wait_ms(10), 4990);
    EXPECT_EQ(bucket.wait_ms(5000), 0);
    for (int i = 0; i < 100; ++i) bucket.take(5000);
    EXPECT_EQ(bucket.wait_ms(5000), 0) << "its word has ended";
    bucket.obey(6000, 0, 1000);
    EXPECT_EQ(bucket.wait_ms(6000), 1000);
    bucket.obey(6100, 50, 900);
    EXPECT_EQ(bucket.wait_ms(6100), 0) << "the newest word counts";
    bucket.pause(6100, 300);
    EXPECT_EQ(bucket.wait_ms(6100), 300) << "a pause stays a pause";
}

TEST(Breaker, opens_after_failures_in_a_row_probes_once_and_doubles) {
    Breaker breaker;
    for (int i = 0; i < 4; ++i) breaker.failed(0);
    EXPECT_EQ(breaker.wait_ms(0), 0);
    breaker.failed(0);
    EXPECT_EQ(breaker.wait_ms(0), 5'000);
    EXPECT_EQ(breaker.wait_ms(5'000), 0);
    breaker.started(5'000);
    EXPECT_EQ(breaker.wait_ms(5'000), -1) << "one probe at a time";
    breaker.failed(5'100);
    EXPECT_EQ(breaker.wait_ms(5'100), 10'000);
    breaker.started(15'100);
    breaker.succeeded();
    EXPECT_EQ(breaker.state(), Breaker::State::closed);
    for (int i = 0; i < 4; ++i) breaker.failed(20'000);
    EXPECT_EQ(breaker.wait_ms(20'000), 0) << "the count starts anew";
}

TEST(Breaker, a_success_between_failures_keeps_it_closed) {
    Breaker breaker;
    for (int i = 0; i < 100; ++i) {
        breaker.failed(i);
        if (i % 4 == 3) breaker.succeeded();
    }
    EXPECT_EQ(breaker.state(), Breaker::State::closed);
}

TEST(Breaker, the_wait_has_a_cap) {
    Breaker breaker;
    for (int i = 0; i < 5; ++i) breaker.failed(0);
    std::int64_t now = 0;
    for (int i = 0; i < 20; ++i) {
        now += breaker.wait_ms(now);
        breaker.started(now);
        breaker.failed(now);
    }
    EXPECT_EQ(breaker.wait_ms(now), Breaker::wait_ms_max);
}

TEST(Breaker, a_hold_opens_at_once_and_probes_seldom) {
    Breaker breaker;
    breaker.hold(0);
    EXPECT_TRUE(breaker.held());
    EXPECT_EQ(breaker.wait_ms(0), 60'000);
    breaker.started(60'000);
    breaker.hold(60'000);
    EXPECT_EQ(breaker.wait_ms(60'000), 120'000);
    breaker.started(180'000);
    breaker.succeeded();
    EXPECT_FALSE(breaker.held());
    EXPECT_EQ(breaker.wait_ms(180'000), 0);
}

TEST(Breaker, a_restored_hold_probes_at_once_and_an_undecided_probe_is_repeated) {
    Breaker breaker;
    breaker.restore_hold();
    EXPECT_TRUE(breaker.held());
    EXPECT_EQ(breaker.wait_ms(-50), 0);
    breaker.started(10);
    EXPECT_EQ(breaker.wait_ms(10), -1);
    breaker.undecided(10);
    EXPECT_EQ(breaker.wait_ms(10), 0);
    EXPECT_TRUE(breaker.held());
    breaker.started(10);
    breaker.hold(10);
    EXPECT_EQ(breaker.wait_ms(10), 120'000);
    breaker.probe_now(20);
    EXPECT_EQ(breaker.wait_ms(20), 0);
}

}  // namespace
}  // namespace syncline::delivery
