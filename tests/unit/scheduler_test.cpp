// The scheduler: order inside lanes, turns between them, isolation of destinations; then random
// histories against the rules that must always hold.
#include "core/delivery/scheduler.hpp"

#include <gtest/gtest.h>

#include <map>

#include "core/base/random.hpp"

namespace syncline::delivery {
namespace {

using Ids = std::vector<std::uint64_t>;

DestinationPolicy policy(std::uint32_t concurrency) {
    DestinationPolicy made;
    made.retry = RetryPolicy{{1000, 2000}, 0};
    made.concurrency = concurrency;
    return made;
}

Ticket ticket(std::uint64_t id, std::string lane, std::uint32_t destination = 0) {
    Ticket made;
    made.id = id;
    made.lane = std::move(lane);
    made.destination = destination;
    return made;
}

struct Bench {
    explicit Bench(std::vector<DestinationPolicy> policies) : scheduler(std::move(policies)) {}
    Ids add(Ticket made) {
        Ids superseded;
        scheduler.add(std::move(made), superseded);
        return superseded;
    }
    Ids start(std::int64_t now_ms) {
        Ids started;
        scheduler.start_due(now_ms, started);
        return started;
    }
    Decision finish(std::uint64_t id, OutcomeKind kind, std::int64_t now_ms,
                    bool destination_fault = false) {
        Report report;
        report.kind = kind;
        report.destination_fault = destination_fault;
        auto decision = scheduler.finished(id, report, now_ms, 0);
        scheduler.settled(id);
        return decision;
    }
    Scheduler scheduler;
};

TEST(Scheduler, runs_a_lane_one_at_a_time_in_order) {
    Bench bench({policy(8)});
    for (std::uint64_t id : {1, 2, 3}) bench.add(ticket(id, "a"));
    bench.add(ticket(4, "b"));
    EXPECT_EQ(bench.start(0), (Ids{1, 4}));
    EXPECT_EQ(bench.start(0), Ids{});
    EXPECT_EQ(bench.finish(1, OutcomeKind::delivered, 5).state, DeliveryState::delivered);
    EXPECT_EQ(bench.start(5), Ids{2});
}

TEST(Scheduler, unordered_tickets_do_not_wait_for_each_other) {
    Bench bench({policy(8)});
    for (std::uint64_t id : {1, 2, 3}) bench.add(ticket(id, ""));
    EXPECT_EQ(bench.start(0), (Ids{1, 2, 3}));
}

TEST(Scheduler, a_retry_keeps_its_place_at_the_head_of_its_lane) {
    Bench bench({policy(8)});
    bench.add(ticket(1, "a"));
    bench.add(ticket(2, "a"));
    bench.start(0);
    auto decision = bench.finish(1, OutcomeKind::retry, 0);
    EXPECT_EQ(decision.state, DeliveryState::pending);
    EXPECT_EQ(decision.wait_ms, 1000);
    EXPECT_EQ(decision.attempts, 1u);
    EXPECT_EQ(bench.start(999), Ids{});
    EXPECT_EQ(bench.scheduler.wake_in_ms(999), 1);
    EXPECT_EQ(bench.start(1000), Ids{1});
}

TEST(Scheduler, gives_up_after_the_schedule_and_the_lane_goes_on) {
    Bench bench({policy(8)});
    bench.add(ticket(1, "a"));
    bench.add(ticket(2, "a"));
    std::int64_t now = 0;
    for (int attempt = 1; attempt <= 3; ++attempt) {
        now += 10'000;
        ASSERT_EQ(bench.start(now), Ids{1});
        auto decision = bench.finish(1, OutcomeKind::retry, now);
        EXPECT_EQ(decision.state,
                  attempt == 3 ? DeliveryState::dead : DeliveryState::pending);
    }
    EXPECT_EQ(bench.start(now), Ids{2});
}

TEST(Scheduler, a_dead_letter_blocks_its_lane_when_the_rule_says_so) {
    Bench bench({policy(8)});
    Ticket first = ticket(1, "a");
    first.hold_lane_when_dead = true;
    bench.add(first);
    bench.add(ticket(2, "a"));
    bench.add(ticket(3, "b"));
    bench.start(0);
    EXPECT_EQ(bench.finish(1, OutcomeKind::reject, 0).state, DeliveryState::dead);
    bench.add(ticket(4, "a"));
    EXPECT_EQ(bench.start(1'000'000), Ids{});
    EXPECT_EQ(bench.finish(3, OutcomeKind::delivered, 0).state, DeliveryState::delivered);
}

TEST(Scheduler, the_replay_of_a_dead_letter_goes_first_and_releases_its_lane) {
    Bench bench({policy(8)});
    bench.scheduler.hold_lane(0, "a", 7);
    bench.add(ticket(8, "a"));
    EXPECT_EQ(bench.start(0), Ids{});
    Ticket other = ticket(9, "a");
    other.parent = 3;
    bench.add(other);
    EXPECT_EQ(bench.start(0), Ids{}) << "the replay of something else";
    Ticket again = ticket(10, "a");
    again.parent = 7;
    again.hold_lane_when_dead = true;
    bench.add(again);
    EXPECT_EQ(bench.start(0), Ids{10});
    bench.finish(10, OutcomeKind::reject, 0);
    EXPECT_EQ(bench.start(0), Ids{}) << "dead again: it holds the lane itself";
    again.id = 11;
    again.parent = 10;
    bench.add(again);
    EXPECT_EQ(bench.start(0), Ids{11});
    bench.finish(11, OutcomeKind::delivered, 0);
    EXPECT_EQ(bench.start(0), Ids{8});
}

TEST(Scheduler, a_hold_costs_no_attempt_and_stops_the_destination) {
    Bench bench({policy(8)});
    bench.add(ticket(1, "a"));
    bench.start(0);
    auto decision = bench.finish(1, OutcomeKind::hold, 0, true);
    EXPECT_EQ(decision.state, DeliveryState::pending);
    EXPECT_EQ(decision.attempts, 0u);
    bench.add(ticket(2, "b"));
    EXPECT_EQ(bench.start(59'999), Ids{});
    EXPECT_EQ(bench.start(60'000).size(), 1u) << "one probe";
}

TEST(Scheduler, newer_tickets_replace_waiting_ones_of_the_same_kind) {
    Bench bench({policy(8)});
    auto update = [](std::uint64_t id) {
        Ticket made = ticket(id, "a");
        made.coalesce_key = "rule/put";
        return made;
    };
    EXPECT_EQ(bench.add(update(1)), Ids{});
    bench.start(0);
    EXPECT_EQ(bench.add(update(2)), Ids{}) << "the running one stays";
    EXPECT_EQ(bench.add(ticket(3, "a")), Ids{});
    EXPECT_EQ(bench.add(update(4)), Ids{2});
    bench.finish(1, OutcomeKind::delivered, 0);
    EXPECT_EQ(bench.start(0), Ids{3});
    bench.finish(3, OutcomeKind::delivered, 0);
    EXPECT_EQ(bench.start(0), Ids{4});
    EXPECT_EQ(bench.scheduler.size(0), 1u);
}

TEST(Scheduler, a_fresher_ticket_ends_the_backoff_of_the_one_it_replaces) {
    Bench bench({policy(8)});
    Ticket stale = ticket(1, "a");
    stale.coalesce_key = "k";
    bench.add(stale);
    bench.start(0);
    bench.finish(1, OutcomeKind::retry, 0);
    Ticket fresh = ticket(2, "a");
    fresh.coalesce_key = "k";
    EXPECT_EQ(bench.add(fresh), Ids{1});
    EXPECT_EQ(bench.start(1), Ids{2});
}

TEST(Scheduler, a_dead_destination_costs_the_others_nothing) {
    Bench bench({policy(2), policy(2)});
    for (std::uint64_t id = 1; id <= 100; ++id) bench.add(ticket(id, std::to_string(id), 0));
    for (std::uint64_t id = 101; id <= 200; ++id) bench.add(ticket(id, std::to_string(id), 1));
    std::size_t delivered = 0;
    std::size_t tried_dead = 0;
    for (std::int64_t now = 0; now < 50; ++now)
        for (auto id : bench.start(now)) {
            bool dead = id <= 100;
            (dead ? tried_dead : delivered)++;
            bench.finish(id, dead ? OutcomeKind::retry : OutcomeKind::delivered, now, dead);
        }
    EXPECT_EQ(delivered, 100u);
    EXPECT_LE(tried_dead, Breaker::failures_to_open + 1) << "the breaker spares it";
}

TEST(Scheduler, a_throttled_destination_rests_as_long_as_it_asked) {
    Bench bench({policy(8)});
    bench.add(ticket(1, "a"));
    bench.start(0);
    Report report;
    report.after_ms = 7000;
    report.destination_fault = true;
    EXPECT_EQ(bench.scheduler.finished(1, report, 0, 0).wait_ms, 7000);
    bench.scheduler.settled(1);
    bench.add(ticket(2, "b"));
    EXPECT_EQ(bench.start(6999), Ids{});
    EXPECT_EQ(bench.scheduler.wake_in_ms(6999), 1);
    EXPECT_EQ(bench.start(7000), (Ids{2, 1})) << "2 was ready first";
}

TEST(Scheduler, a_lane_waits_until_its_head_is_settled_but_the_slot_is_free) {
    Bench bench({policy(1)});
    bench.add(ticket(1, "a"));
    bench.add(ticket(2, "a"));
    bench.add(ticket(3, "b"));
    EXPECT_EQ(bench.start(0), Ids{1});
    bench.scheduler.finished(1, Report{OutcomeKind::delivered, {}, false}, 0, 0);
    EXPECT_EQ(bench.start(0), Ids{3}) << "another lane takes the slot";
    bench.scheduler.finished(3, Report{OutcomeKind::delivered, {}, false}, 0, 0);
    EXPECT_EQ(bench.start(0), Ids{}) << "2 waits for 1 to be durable";
    EXPECT_EQ(bench.scheduler.settling(), 2u);
    bench.scheduler.settled(1);
    EXPECT_EQ(bench.start(0), Ids{2});
}

TEST(Scheduler, removes_waiting_tickets_only) {
    Bench bench({policy(1)});
    bench.add(ticket(1, "a"));
    bench.add(ticket(2, "a"));
    bench.start(0);
    EXPECT_FALSE(bench.scheduler.remove(1));
    EXPECT_TRUE(bench.scheduler.remove(2));
    EXPECT_FALSE(bench.scheduler.remove(2));
    bench.finish(1, OutcomeKind::delivered, 0);
    EXPECT_EQ(bench.start(0), Ids{});
    EXPECT_EQ(bench.scheduler.size(0), 0u);
}

/// Random histories: at every step each lane has at most one running ticket, lanes deliver in order,
/// concurrency is kept, nothing is lost, and what waits is announced by wake_in_ms.
void check_history(std::uint64_t seed) {
    SeededRandom random(seed);
    auto chance = [&](std::uint64_t of) { return random.next_u64() % of; };
    Bench bench({policy(1 + static_cast<std::uint32_t>(chance(4))), policy(2)});
    std::map<std::uint64_t, std::string> lane_of;
    std::map<std::string, std::uint64_t> last_ended;
    std::map<std::string, int> running_in;
    Ids running;
    std::uint64_t next_id = 1;
    std::size_t ended = 0;
    std::int64_t now = 0;
    for (int step = 0; step < 400 || ended < lane_of.size(); ++step) {
        ASSERT_LT(step, 100'000) << "seed " << seed << " does not come to an end";
        if (step < 400 && chance(2) == 0) {
            auto destination = static_cast<std::uint32_t>(chance(2));
            std::string lane = "lane" + std::to_string(destination) + std::to_string(chance(5));
            lane_of[next_id] = lane;
            bench.add(ticket(next_id++, lane, destination));
        }
        for (auto id : bench.start(now)) {
            running.push_back(id);
            ASSERT_EQ(++running_in[lane_of[id]], 1) << "seed " << seed;
            ASSERT_GE(id, last_ended[lane_of[id]]) << "seed " << seed;
        }
        if (!running.empty()) {
            auto at = chance(running.size());
            auto id = running[at];
            running.erase(running.begin() + static_cast<std::ptrdiff_t>(at));
            auto kind = chance(4) == 0 ? OutcomeKind::retry : OutcomeKind::delivered;
            auto decision = bench.finish(id, kind, now, chance(2) == 0);
            --running_in[lane_of[id]];
            if (decision.state != DeliveryState::pending) {
                ++ended;
                ASSERT_GT(id, last_ended[lane_of[id]]) << "seed " << seed;
                last_ended[lane_of[id]] = id;
            }
        } else if (auto wake = bench.scheduler.wake_in_ms(now)) {
            now += *wake;
        } else {
            ASSERT_EQ(bench.scheduler.size(0) + bench.scheduler.size(1), 0u)
                << "seed " << seed << ": tickets wait and nothing will wake them";
        }
    }
}

TEST(Scheduler, keeps_its_rules_in_random_histories) {
    for (std::uint64_t seed = 1; seed <= 1000; ++seed) check_history(seed);
}

}  // namespace
}  // namespace syncline::delivery
