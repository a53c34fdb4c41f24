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

Report delivered() {
    Report made;
    made.kind = OutcomeKind::delivered;
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
    bench.scheduler.finished(1, delivered(), 0, 0);
    EXPECT_EQ(bench.start(0), Ids{3}) << "another lane takes the slot";
    bench.scheduler.finished(3, delivered(), 0, 0);
    EXPECT_EQ(bench.start(0), Ids{}) << "2 waits for 1 to be durable";
    EXPECT_EQ(bench.scheduler.settling(), 2u);
    bench.scheduler.settled(1);
    EXPECT_EQ(bench.start(0), Ids{2});
}

TEST(Scheduler, cancels_what_waits_at_once_and_what_is_out_with_its_attempt) {
    using Found = Scheduler::Found;
    Bench bench({policy(1)});
    for (std::uint64_t id : {1, 2, 3}) bench.add(ticket(id, "a"));
    bench.start(0);
    EXPECT_EQ(bench.scheduler.cancel({0, "a", 1}), Found::out);
    EXPECT_EQ(bench.scheduler.cancel({0, "a", 2}), Found::waiting);
    EXPECT_EQ(bench.scheduler.cancel({0, "a", 2}), Found::absent);
    EXPECT_EQ(bench.scheduler.cancel({0, "b", 3}), Found::absent);
    EXPECT_EQ(bench.finish(1, OutcomeKind::retry, 0).state, DeliveryState::cancelled);
    EXPECT_EQ(bench.start(0), Ids{3}) << "the lane goes on";
    bench.scheduler.cancel({0, "a", 3});
    EXPECT_EQ(bench.finish(3, OutcomeKind::delivered, 0).state, DeliveryState::delivered)
        << "what was delivered was not cancelled";
    EXPECT_EQ(bench.scheduler.size(0), 0u);
}

TEST(Scheduler, cancels_what_has_ended_but_is_not_settled) {
    Bench bench({policy(1)});
    bench.add(ticket(1, "a"));
    bench.add(ticket(2, "a"));
    bench.start(0);
    bench.scheduler.finished(1, Report(), 0, 0);
    EXPECT_EQ(bench.scheduler.cancel({0, "a", 1}), Scheduler::Found::out);
    bench.scheduler.settled(1);
    EXPECT_EQ(bench.start(0), Ids{2});
}

TEST(Scheduler, a_cancelled_dead_letter_lets_its_lane_go_on) {
    Bench bench({policy(1)});
    bench.scheduler.hold_lane(0, "a", 7);
    bench.add(ticket(8, "a"));
    bench.scheduler.release_lane(6);
    EXPECT_EQ(bench.start(0), Ids{}) << "another dead letter";
    bench.scheduler.release_lane(7);
    EXPECT_EQ(bench.start(0), Ids{8});
}

TEST(Scheduler, retry_now_ends_a_wait_and_lets_an_open_breaker_probe) {
    Bench bench({policy(8)});
    for (std::uint64_t id = 1; id <= 5; ++id) bench.add(ticket(id, std::to_string(id)));
    bench.start(0);
    for (std::uint64_t id = 1; id <= 5; ++id) bench.finish(id, OutcomeKind::retry, 0, true);
    bench.add(ticket(6, "1"));
    EXPECT_EQ(bench.start(1), Ids{}) << "the breaker is open";
    EXPECT_FALSE(bench.scheduler.retry_now({0, "1", 99}, 1));
    EXPECT_TRUE(bench.scheduler.retry_now({0, "2", 2}, 1));
    EXPECT_TRUE(bench.scheduler.retry_now({0, "3", 3}, 1));
    EXPECT_TRUE(bench.scheduler.retry_now({0, "1", 6}, 1));
    EXPECT_EQ(bench.start(1), Ids{2}) << "one probe";
    EXPECT_FALSE(bench.scheduler.retry_now({0, "2", 2}, 1)) << "it is under way";
    bench.finish(2, OutcomeKind::delivered, 1);
    EXPECT_EQ(bench.start(1), Ids{3}) << "6 waits behind 1, which waits for its time";
}

TEST(Scheduler, a_destination_held_by_hand_starts_nothing_until_its_release) {
    Bench bench({policy(8), policy(8)});
    bench.add(ticket(1, "a"));
    bench.start(0);
    bench.scheduler.hold(0);
    EXPECT_TRUE(bench.scheduler.held_by_hand(0));
    bench.finish(1, OutcomeKind::retry, 0);
    bench.add(ticket(2, "b"));
    bench.add(ticket(3, "a", 1));
    EXPECT_EQ(bench.start(10'000), Ids{3}) << "the other one goes on";
    EXPECT_EQ(bench.scheduler.wake_in_ms(10'000), std::nullopt);
    bench.scheduler.release(0, 10'000);
    EXPECT_EQ(bench.start(10'000), (Ids{2, 1}));
}

TEST(Scheduler, a_release_lets_a_destination_that_held_itself_probe) {
    Bench bench({policy(8)});
    bench.add(ticket(1, "a"));
    bench.start(0);
    auto began = bench.finish(1, OutcomeKind::hold, 0, true);
    EXPECT_TRUE(began.hold_began);
    EXPECT_FALSE(began.hold_ended);
    bench.scheduler.release(0, 5);
    EXPECT_EQ(bench.start(5), Ids{1});
    EXPECT_TRUE(bench.finish(1, OutcomeKind::hold, 5, true).hold_began) << "a new one";
    EXPECT_FALSE(bench.scheduler.breaker(0).wait_ms(5) == 0);
    bench.start(300'000);
    EXPECT_TRUE(bench.finish(1, OutcomeKind::delivered, 300'000).hold_ended);
}

TEST(Scheduler, a_hold_from_before_the_start_probes_with_one) {
    Bench bench({policy(8)});
    bench.scheduler.restore_hold(0);
    bench.add(ticket(1, "a"));
    bench.add(ticket(2, "b"));
    EXPECT_EQ(bench.start(0), Ids{1});
    auto decision = bench.finish(1, OutcomeKind::delivered, 0);
    EXPECT_TRUE(decision.hold_ended);
    EXPECT_EQ(bench.start(0), Ids{2});
}

TEST(Scheduler, an_end_of_a_hold_calls_back_what_it_put_off) {
    Bench bench({policy(8)});
    for (std::uint64_t id : {1, 2, 3}) bench.add(ticket(id, std::to_string(id)));
    bench.start(0);
    for (std::uint64_t id : {1, 2, 3}) bench.finish(id, OutcomeKind::hold, 0, true);
    EXPECT_EQ(bench.start(60'000).size(), 0u) << "three holds: the wait has doubled";
    EXPECT_EQ(bench.start(240'000), Ids{1});
    bench.finish(1, OutcomeKind::delivered, 240'000);
    EXPECT_EQ(bench.start(240'000), (Ids{2, 3}));
}

TEST(Scheduler, one_that_alone_is_told_to_hold_pays_with_attempts_and_dies) {
    Bench bench({policy(8)});
    bench.add(ticket(1, "a"));
    std::int64_t now = 0;
    std::uint64_t other = 10;
    int told = 0;
    DeliveryState state = DeliveryState::pending;
    while (state == DeliveryState::pending && told < 10) {
        bench.add(ticket(++other, "b"));
        now += 100'000;
        for (auto id : bench.start(now)) {
            auto kind = id == 1 ? OutcomeKind::hold : OutcomeKind::delivered;
            auto decision = bench.finish(id, kind, now, id == 1);
            if (id != 1) continue;
            ++told;
            state = decision.state;
        }
    }
    EXPECT_EQ(state, DeliveryState::dead);
    EXPECT_EQ(told, 4) << "one hold, then the three attempts of the schedule";
}

TEST(Scheduler, an_outcome_without_a_call_says_nothing_of_the_destination) {
    Bench bench({policy(8)});
    bench.scheduler.restore_hold(0);
    bench.add(ticket(1, "a"));
    bench.add(ticket(2, "b"));
    ASSERT_EQ(bench.start(0), Ids{1});
    Report report;
    report.kind = OutcomeKind::skipped;
    report.destination_called = false;
    EXPECT_FALSE(bench.scheduler.finished(1, report, 0, 0).hold_ended);
    bench.scheduler.settled(1);
    EXPECT_EQ(bench.start(0), Ids{2}) << "another one probes";
    EXPECT_TRUE(bench.scheduler.breaker(0).held());
}

TEST(Scheduler, expires_what_waits_too_long_also_behind_a_hold) {
    Bench bench({policy(1)});
    auto dated = [](std::uint64_t id, const char* lane, std::int64_t expires_ms) {
        Ticket made = ticket(id, lane);
        made.expires_ms = expires_ms;
        return made;
    };
    bench.add(dated(1, "a", 100));
    bench.add(dated(2, "a", 200));
    bench.add(dated(3, "b", 300));
    EXPECT_EQ(bench.start(0), Ids{1});
    bench.scheduler.hold(0);
    bench.start(150);
    EXPECT_EQ(bench.scheduler.take_expired(), Ids{}) << "what is under way is let end";
    EXPECT_EQ(bench.finish(1, OutcomeKind::retry, 150).state, DeliveryState::pending);
    EXPECT_EQ(bench.scheduler.wake_in_ms(150), 0);
    bench.start(199);
    EXPECT_EQ(bench.scheduler.take_expired(), Ids{1});
    EXPECT_EQ(bench.scheduler.wake_in_ms(199), 1);
    bench.start(250);
    EXPECT_EQ(bench.scheduler.take_expired(), Ids{2});
    bench.scheduler.release(0, 250);
    EXPECT_EQ(bench.start(250), Ids{3});
    bench.finish(3, OutcomeKind::delivered, 260);
    bench.start(1000);
    EXPECT_EQ(bench.scheduler.take_expired(), Ids{});
    EXPECT_EQ(bench.scheduler.size(0), 0u);
}

TEST(Scheduler, one_that_expires_holds_its_lane_when_the_rule_says_so) {
    Bench bench({policy(1)});
    bench.scheduler.hold(0);
    Ticket first = ticket(1, "a");
    first.expires_ms = 100;
    first.hold_lane_when_dead = true;
    bench.add(first);
    bench.add(ticket(2, "a"));
    bench.start(100);
    EXPECT_EQ(bench.scheduler.take_expired(), Ids{1});
    bench.scheduler.release(0, 100);
    EXPECT_EQ(bench.start(100), Ids{});
    EXPECT_TRUE(bench.scheduler.holds_lane(1));
}

TEST(Scheduler, sends_no_more_than_the_destination_says_it_takes) {
    Bench bench({policy(2)});
    for (std::uint64_t id = 1; id <= 9; ++id) bench.add(ticket(id, ""));
    ASSERT_EQ(bench.start(0), (Ids{1, 2}));
    Report report;
    report.kind = OutcomeKind::delivered;
    report.limit = RateLimit{3, 5000};
    bench.scheduler.finished(1, report, 0, 0);
    bench.scheduler.settled(1);
    std::size_t sent = bench.start(0).size();
    report.limit = RateLimit{2, 5000};
    bench.scheduler.finished(2, report, 0, 0);
    bench.scheduler.settled(2);
    sent += bench.start(0).size();
    EXPECT_EQ(sent, 2u) << "of the two that are left one was on its way";
    report.limit.reset();
    for (std::uint64_t id : {3, 4}) bench.scheduler.finished(id, report, 1, 0);
    for (std::uint64_t id : {3, 4}) bench.scheduler.settled(id);
    EXPECT_EQ(bench.start(1), Ids{});
    EXPECT_EQ(bench.scheduler.wake_in_ms(1), 4999);
    EXPECT_EQ(bench.start(5000).size(), 2u);
}

TEST(Scheduler, ready_lanes_of_a_kind_share_an_attempt) {
    Bench bench({policy(1)});
    auto batched = [](std::uint64_t id, const char* lane, std::uint32_t kind) {
        Ticket made = ticket(id, lane);
        made.batch_kind = kind;
        made.batch_max = 3;
        return made;
    };
    bench.add(batched(1, "a", 1));
    bench.add(batched(2, "a", 1));
    bench.add(batched(3, "b", 2));
    for (std::uint64_t id : {4, 5, 6}) bench.add(batched(id, "", 1));
    EXPECT_EQ(bench.start(0), (Ids{1, 4, 5})) << "2 waits for its lane, 3 is of another kind";
    EXPECT_FALSE(bench.scheduler.rides(1));
    EXPECT_TRUE(bench.scheduler.rides(4) && bench.scheduler.rides(5));
    bench.finish(1, OutcomeKind::delivered, 0);
    bench.finish(4, OutcomeKind::retry, 0);
    bench.finish(5, OutcomeKind::delivered, 0);
    EXPECT_EQ(bench.start(0), Ids{3}) << "who was passed over keeps the turn";
    bench.finish(3, OutcomeKind::delivered, 0);
    EXPECT_EQ(bench.start(0), (Ids{6, 2}));
}

TEST(Scheduler, a_probe_is_no_batch) {
    Bench bench({policy(4)});
    bench.scheduler.restore_hold(0);
    for (std::uint64_t id : {1, 2}) {
        Ticket made = ticket(id, "");
        made.batch_kind = 1;
        made.batch_max = 3;
        bench.add(made);
    }
    EXPECT_EQ(bench.start(0), Ids{1});
}

TEST(Scheduler, a_replay_makes_nothing_newer_superfluous) {
    Bench bench({policy(1)});
    bench.scheduler.hold(0);
    Ticket newer = ticket(5, "a");
    newer.coalesce_key = "k";
    bench.add(newer);
    Ticket replay = ticket(6, "a");
    replay.coalesce_key = "k";
    replay.parent = 1;
    EXPECT_EQ(bench.add(replay), Ids{});
    EXPECT_EQ(bench.scheduler.size(0), 2u);
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
