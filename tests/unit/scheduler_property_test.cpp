// Random histories of the scheduler against a model that knows the rules and nothing of how they are
// kept: order, slots, rates, holds, breakers, batches, expiry, cancelling. A failure names its seed;
// SYNCLINE_SEED=n runs that one alone, SYNCLINE_STEPS=n sets how long each history is.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <map>
#include <set>

#include "core/base/random.hpp"
#include "core/delivery/scheduler.hpp"

namespace syncline::delivery {
namespace {

using Ids = std::vector<std::uint64_t>;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
    const char* value = std::getenv(name);
    return value ? std::strtoull(value, nullptr, 10) : otherwise;
}

/// What is known of one ticket.
struct Known {
    Ticket ticket;
    std::int64_t not_before = 0;
    bool put_off = false;      // by a hold: it may be called back before its time
    bool rides = false;
};

struct KnownDestination {
    DestinationPolicy policy;
    bool held = false;
    std::size_t slots = 0;
    std::deque<std::int64_t> starts;          // of attempts, inside the last period of its rate
    std::int64_t paused_until = 0;
    std::int64_t allowed = 0, allowed_until = 0;
};

class History {
public:
    explicit History(std::uint64_t seed) : random_(seed) {
        std::vector<DestinationPolicy> policies;
        for (int i = 0; i < 3; ++i) {
            DestinationPolicy policy;
            policy.retry = RetryPolicy{{100, 1000, 5000}, 20};
            policy.concurrency = 1 + static_cast<std::uint32_t>(below(4));
            policy.rate_count = below(2) == 0 ? 0 : 1 + static_cast<std::uint32_t>(below(5));
            policy.rate_per_ms = 1000;
            KnownDestination known;
            known.policy = policy;
            destinations_.push_back(std::move(known));
            policies.push_back(std::move(policy));
        }
        scheduler_ = std::make_unique<Scheduler>(std::move(policies));
    }

    void step() {
        switch (below(12)) {
            case 0: case 1: case 2: return add();
            case 3: case 4: return start();
            case 5: case 6: return finish();
            case 7: case 8: return settle();
            case 9: return by_hand();
            case 10: now_ += static_cast<std::int64_t>(below(300)); return start();
            default: return wait_for_wake();
        }
    }

    /// Everything comes to an end once people let it.
    void come_to_an_end() {
        for (std::uint32_t d = 0; d < destinations_.size(); ++d) {
            destinations_[d].held = false;
            scheduler_->release(d, now_);
        }
        kind_only_ = true;
        for (int turn = 0; !known_.empty(); ++turn) {
            ASSERT_LT(turn, 1'000'000) << "it does not come to an end";
            start();
            while (!out_.empty()) finish();
            while (!settling_.empty()) settle();
            for (auto& [dead, lane] : std::exchange(holding_, {})) scheduler_->release_lane(dead);
            auto wake = scheduler_->wake_in_ms(now_);
            ASSERT_TRUE(wake || known_.empty()) << "tickets wait and nothing will wake them";
            if (wake) now_ += *wake;
        }
        for (std::uint32_t d = 0; d < destinations_.size(); ++d)
            ASSERT_EQ(scheduler_->size(d), 0u);
    }

    void check_sizes() {
        for (std::uint32_t d = 0; d < destinations_.size(); ++d) {
            std::size_t expected = 0;
            for (const auto& [id, one] : known_) expected += one.ticket.destination == d;
            ASSERT_EQ(scheduler_->size(d), expected);
        }
        ASSERT_EQ(scheduler_->running(), out_.size());
        ASSERT_EQ(scheduler_->settling(), settling_.size());
    }

private:
    using LaneKey = std::pair<std::uint32_t, std::string>;

    std::uint64_t below(std::uint64_t bound) { return random_.next_u64() % bound; }
    LaneKey lane_key(const Ticket& ticket) const {
        return {ticket.destination,
                ticket.lane.empty() ? "#" + std::to_string(ticket.id) : ticket.lane};
    }
    template <class Set>
    std::uint64_t any_of(const Set& ids) {
        return *std::next(ids.begin(), static_cast<std::ptrdiff_t>(below(ids.size())));
    }

    void add() {
        Ticket ticket;
        ticket.id = ++last_id_;
        ticket.destination = static_cast<std::uint32_t>(below(destinations_.size()));
        if (below(4) != 0) ticket.lane = "lane" + std::to_string(below(6));
        if (!ticket.lane.empty() && below(4) == 0) ticket.coalesce_key = "k" + std::to_string(below(2));
        if (below(5) == 0) ticket.due_ms = now_ + static_cast<std::int64_t>(below(500));
        if (below(8) == 0) ticket.expires_ms = now_ + 1 + static_cast<std::int64_t>(below(3000));
        if (!ticket.lane.empty()) ticket.hold_lane_when_dead = below(6) == 0;
        if (below(3) == 0) {
            ticket.batch_kind = 1 + static_cast<std::uint32_t>(below(2));
            ticket.batch_max = 2 + static_cast<std::uint32_t>(below(3));
        }
        Ids superseded;
        scheduler_->add(ticket, superseded);
        for (auto stale : superseded) {
            ASSERT_TRUE(known_.contains(stale) && !out_.contains(stale) && !settling_.contains(stale));
            ASSERT_EQ(known_[stale].ticket.coalesce_key, ticket.coalesce_key);
            forget(stale);
        }
        auto& lane = lanes_[lane_key(ticket)];
        for (auto id : lane) {   // none of its kind is left waiting
            bool waits = !out_.contains(id) && !settling_.contains(id);
            ASSERT_FALSE(waits && !ticket.coalesce_key.empty() &&
                         known_[id].ticket.coalesce_key == ticket.coalesce_key);
        }
        lane.push_back(ticket.id);
        Known one;
        one.not_before = ticket.due_ms;
        one.ticket = std::move(ticket);
        known_.emplace(one.ticket.id, std::move(one));
    }

    void forget(std::uint64_t id) {
        auto key = lane_key(known_[id].ticket);
        std::erase(lanes_[key], id);
        if (lanes_[key].empty()) lanes_.erase(key);
        known_.erase(id);
    }

    void start() {
        std::vector<Breaker::State> before;
        for (std::uint32_t d = 0; d < destinations_.size(); ++d)
            before.push_back(scheduler_->breaker(d).state());
        Ids started;
        scheduler_->start_due(now_, started);
        for (auto id : scheduler_->take_expired()) {
            ASSERT_TRUE(known_.contains(id) && !out_.contains(id) && !settling_.contains(id));
            ASSERT_GT(known_[id].ticket.expires_ms, 0);
            ASSERT_LE(known_[id].ticket.expires_ms, now_);
            if (scheduler_->holds_lane(id)) holding_.emplace(id, lane_key(known_[id].ticket));
            forget(id);
        }
        std::uint64_t leader = 0;
        std::size_t in_batch = 0;
        std::vector<std::size_t> by_destination(destinations_.size());
        for (auto id : started) {
            ASSERT_TRUE(known_.contains(id));
            Known& one = known_[id];
            ++by_destination[one.ticket.destination];
            one.rides = scheduler_->rides(id);
            check_start(id, one);
            if (one.rides) {
                ASSERT_NE(leader, 0u);
                const Ticket& first = known_[leader].ticket;
                ASSERT_EQ(first.destination, one.ticket.destination);
                ASSERT_EQ(first.batch_kind, one.ticket.batch_kind);
                ASSERT_LE(++in_batch, first.batch_max);
            } else {
                leader = id, in_batch = 1;
                check_call(destinations_[one.ticket.destination]);
            }
            out_.insert(id);
        }
        for (std::uint32_t d = 0; d < destinations_.size(); ++d) {
            if (before[d] == Breaker::State::probing) { ASSERT_EQ(by_destination[d], 0u); }
            if (before[d] == Breaker::State::open) { ASSERT_LE(by_destination[d], 1u); }
        }
    }

    /// The head of its lane, alone in it, due, alive, not held.
    void check_start(std::uint64_t id, const Known& one) {
        const auto& lane = lanes_[lane_key(one.ticket)];
        ASSERT_EQ(lane.front(), id) << "out of order";
        for (auto other : lane) ASSERT_FALSE(out_.contains(other) || settling_.contains(other));
        ASSERT_TRUE(one.not_before <= now_ || one.put_off);
        if (one.ticket.expires_ms > 0) { ASSERT_GT(one.ticket.expires_ms, now_); }
        ASSERT_FALSE(destinations_[one.ticket.destination].held);
    }

    /// A slot, the rate, the pause and the limit that the other side named.
    void check_call(KnownDestination& destination) {
        ASSERT_LE(++destination.slots, destination.policy.concurrency);
        ASSERT_GE(now_, destination.paused_until);
        if (now_ < destination.allowed_until) { ASSERT_GE(--destination.allowed, 0); }
        if (destination.policy.rate_count == 0) return;
        auto& starts = destination.starts;
        starts.push_back(now_);
        while (starts.front() <= now_ - destination.policy.rate_per_ms) starts.pop_front();
        ASSERT_LE(starts.size(), 2 * destination.policy.rate_count) << "saved ones and new ones";
    }

    Report any_report() {
        Report report;
        constexpr OutcomeKind kinds[] = {OutcomeKind::delivered, OutcomeKind::delivered,
                                         OutcomeKind::skipped, OutcomeKind::retry,
                                         OutcomeKind::retry, OutcomeKind::reject,
                                         OutcomeKind::hold};
        report.kind = kind_only_ && below(3) != 0 ? OutcomeKind::delivered : kinds[below(7)];
        report.destination_fault = report.kind == OutcomeKind::hold ||
                                   (report.kind == OutcomeKind::retry && below(2) == 0);
        report.destination_called = below(5) != 0 || report.destination_fault;
        if (report.kind == OutcomeKind::retry && below(4) == 0)
            report.after_ms = static_cast<std::int64_t>(below(4000));
        if (below(6) == 0) {
            report.limit.emplace();
            report.limit->remaining = static_cast<std::int64_t>(below(6));
            report.limit->reset_ms = 1 + static_cast<std::int64_t>(below(3000));
        }
        return report;
    }

    void finish() {
        if (out_.empty()) return;
        std::uint64_t id = any_of(out_);
        Known& one = known_[id];
        KnownDestination& destination = destinations_[one.ticket.destination];
        Report report = any_report();
        bool cancelled = cancelled_.contains(id);
        std::uint32_t before = one.ticket.attempts;
        if (!one.rides) --destination.slots;
        auto decision = scheduler_->finished(id, report, now_, random_.next_u64());
        out_.erase(id);
        settling_.insert(id);
        if (report.limit) {
            destination.allowed = report.limit->remaining -
                                  static_cast<std::int64_t>(destination.slots);
            destination.allowed_until = now_ + report.limit->reset_ms;
        }
        bool throttled = report.kind == OutcomeKind::retry && report.destination_fault &&
                         report.after_ms.value_or(0) > 0;
        if (throttled)
            destination.paused_until = std::max(destination.paused_until, now_ + *report.after_ms);
        bool done = report.kind == OutcomeKind::delivered || report.kind == OutcomeKind::skipped;
        ASSERT_EQ(done, decision.state == DeliveryState::delivered ||
                            decision.state == DeliveryState::skipped);
        if (!done && cancelled) { ASSERT_EQ(decision.state, DeliveryState::cancelled); }
        if (!done && !cancelled) { ASSERT_NE(decision.state, DeliveryState::cancelled); }
        ASSERT_LE(decision.attempts, 4u) << "the schedule has three waits";
        if (report.kind == OutcomeKind::hold && decision.attempts == before) one.put_off = true;
        if (report.kind == OutcomeKind::retry && decision.state == DeliveryState::pending) {
            ASSERT_GE(decision.wait_ms, report.after_ms.value_or(0));
            const auto& waits = destination.policy.retry.schedule_ms;
            ASSERT_GE(decision.wait_ms, waits[decision.attempts - 1] * 80 / 100);
        }
        one.ticket.attempts = decision.attempts;
        one.not_before = now_ + decision.wait_ms;
    }

    void settle() {
        if (settling_.empty()) return;
        std::uint64_t id = any_of(settling_);
        bool ends = scheduler_->ends_when_settled(id);
        scheduler_->settled(id);
        settling_.erase(id);
        if (!ends) return;
        if (scheduler_->holds_lane(id)) {
            ASSERT_TRUE(known_[id].ticket.hold_lane_when_dead);
            holding_.emplace(id, lane_key(known_[id].ticket));
        }
        cancelled_.erase(id);
        forget(id);
    }

    void by_hand() {
        auto d = static_cast<std::uint32_t>(below(destinations_.size()));
        switch (below(6)) {
            case 0:
                destinations_[d].held = true;
                return scheduler_->hold(d);
            case 1:
                destinations_[d].held = false;
                return scheduler_->release(d, now_);
            case 2: return cancel();
            case 3: return retry_now();
            case 4:
                if (holding_.empty()) return;
                scheduler_->release_lane(holding_.begin()->first);
                holding_.erase(holding_.begin());
                return;
            default: return replay();
        }
    }

    void cancel() {
        if (known_.empty()) return;
        auto at = std::next(known_.begin(), static_cast<std::ptrdiff_t>(below(known_.size())));
        const Ticket& ticket = at->second.ticket;
        std::uint64_t id = ticket.id;
        auto found = scheduler_->cancel({ticket.destination, ticket.lane, id});
        bool is_out = out_.contains(id) || settling_.contains(id);
        ASSERT_EQ(found, is_out ? Scheduler::Found::out : Scheduler::Found::waiting);
        if (out_.contains(id)) cancelled_.insert(id);
        if (settling_.contains(id)) { ASSERT_TRUE(scheduler_->ends_when_settled(id)); }
        if (!is_out) forget(id);
    }

    void retry_now() {
        if (known_.empty()) return;
        auto at = std::next(known_.begin(), static_cast<std::ptrdiff_t>(below(known_.size())));
        Known& one = at->second;
        bool is_out = out_.contains(at->first) || settling_.contains(at->first);
        bool hurried = scheduler_->retry_now({one.ticket.destination, one.ticket.lane, at->first},
                                             now_);
        ASSERT_EQ(hurried, !is_out);
        if (hurried) one.not_before = std::min(one.not_before, now_);
    }

    /// Of a dead letter that holds its lane: it goes before what waits.
    void replay() {
        if (holding_.empty()) return;
        auto dead = holding_.begin();
        Ticket ticket;
        ticket.id = ++last_id_;
        ticket.parent = dead->first;
        ticket.destination = dead->second.first;
        ticket.lane = dead->second.second;
        Ids superseded;
        scheduler_->add(ticket, superseded);
        ASSERT_TRUE(superseded.empty());
        ASSERT_FALSE(scheduler_->holds_lane(dead->first));
        lanes_[lane_key(ticket)].push_front(ticket.id);
        holding_.erase(dead);
        Known one;
        one.ticket = std::move(ticket);
        known_.emplace(one.ticket.id, std::move(one));
    }

    SeededRandom random_;
    std::unique_ptr<Scheduler> scheduler_;
    std::vector<KnownDestination> destinations_;
    std::map<std::uint64_t, Known> known_;
    std::map<LaneKey, std::deque<std::uint64_t>> lanes_;   // in order
    std::set<std::uint64_t> out_, settling_, cancelled_;
    std::map<std::uint64_t, LaneKey> holding_;             // dead letters that hold a lane
    std::uint64_t last_id_ = 0;
    std::int64_t now_ = 1000;
    bool kind_only_ = false;

    void wait_for_wake() {
        auto wake = scheduler_->wake_in_ms(now_);
        if (!wake) return;
        ASSERT_GE(*wake, 0);
        now_ += *wake;
        start();
    }
};

TEST(SchedulerProperty, keeps_its_rules_whatever_happens) {
    std::uint64_t steps = from_environment("SYNCLINE_STEPS", 1000);
    std::uint64_t only = from_environment("SYNCLINE_SEED", 0);
    for (std::uint64_t seed = only ? only : 1; seed <= (only ? only : 300); ++seed) {
        SCOPED_TRACE("SYNCLINE_SEED=" + std::to_string(seed));
        History history(seed);
        for (std::uint64_t i = 0; i < steps && !::testing::Test::HasFatalFailure(); ++i) {
            history.step();
            if (i % 16 == 0) history.check_sizes();
        }
        if (!::testing::Test::HasFatalFailure()) history.come_to_an_end();
        if (::testing::Test::HasFatalFailure()) return;
    }
}

// --- Fairness ------------------------------------------------------------------------------------

/// What happens to destination 0 under a random load, beside whatever `noise` does to destination 1.
using Trace = std::vector<std::pair<std::int64_t, std::uint64_t>>;
enum class Noise { none, dead, slow, throttled, flood };

Trace trace_beside(Noise noise, std::uint64_t seed) {
    SeededRandom random(seed);
    DestinationPolicy policy;
    policy.retry = RetryPolicy{{10, 100}, 0};
    policy.concurrency = 2;
    policy.rate_count = 3;
    policy.rate_per_ms = 20;
    Scheduler scheduler({policy, policy});
    Trace trace;
    Ids ignored;
    std::uint64_t id = 0;
    std::uint64_t noisy_id = 1'000'000;
    for (std::int64_t now = 0; now < 3000; ++now) {
        if (now < 2000 && random.next_u64() % 10 == 0) {
            Ticket ticket;
            ticket.id = ++id;
            ticket.lane = "l" + std::to_string(random.next_u64() % 5);
            scheduler.add(std::move(ticket), ignored);
        }
        for (int i = 0; noise != Noise::none && i < (noise == Noise::flood ? 20 : 1); ++i) {
            Ticket ticket;
            ticket.id = ++noisy_id;
            ticket.destination = 1;
            scheduler.add(std::move(ticket), ignored);
        }
        Ids started;
        scheduler.start_due(now, started);
        for (auto one : started) {
            Report report;
            report.kind = OutcomeKind::delivered;
            if (one > 1'000'000) {
                if (noise == Noise::slow) continue;   // never ends
                report.kind = noise == Noise::flood ? OutcomeKind::delivered : OutcomeKind::retry;
                report.destination_fault = noise != Noise::flood;
                if (noise == Noise::throttled) report.after_ms = 50;
            } else {
                trace.emplace_back(now, one);
                if (one % 7 == 0) report.kind = OutcomeKind::retry;
            }
            scheduler.finished(one, report, now, 0);
            scheduler.settled(one);
        }
    }
    return trace;
}

TEST(SchedulerProperty, what_happens_to_one_destination_does_not_depend_on_the_others) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        auto alone = trace_beside(Noise::none, seed);
        ASSERT_GT(alone.size(), 100u);
        for (auto noise : {Noise::dead, Noise::slow, Noise::throttled, Noise::flood})
            ASSERT_EQ(trace_beside(noise, seed), alone)
                << "seed " << seed << ", noise " << static_cast<int>(noise);
    }
}

TEST(SchedulerProperty, one_hot_key_takes_its_turns_and_no_more) {
    DestinationPolicy policy;
    policy.retry = RetryPolicy{{10}, 0};
    policy.concurrency = 1;
    Scheduler scheduler({policy});
    Ids ignored;
    for (std::uint64_t id = 1; id <= 1000; ++id) {
        Ticket ticket;
        ticket.id = id;
        ticket.lane = id <= 900 ? "hot" : "cold" + std::to_string(id);
        scheduler.add(std::move(ticket), ignored);
    }
    std::size_t cold = 0;
    for (std::int64_t now = 0; now < 200; ++now) {
        Ids started;
        scheduler.start_due(now, started);
        ASSERT_EQ(started.size(), 1u);
        cold += started[0] > 900;
        Report report;
        report.kind = OutcomeKind::delivered;
        scheduler.finished(started[0], report, now, 0);
        scheduler.settled(started[0]);
    }
    EXPECT_EQ(cold, 100u) << "a hundred keys had their turn while the hot one had its hundred";
}

TEST(SchedulerProperty, ten_thousand_idle_destinations_cost_a_start_nothing) {
    // Counted, not timed: a destination that nothing happens to is not looked at, so a run of starts
    // beside 10,000 held ones does the same as one alone.
    std::vector<DestinationPolicy> policies(10'001);
    for (auto& policy : policies) policy.retry = RetryPolicy{{10}, 0}, policy.concurrency = 1;
    Scheduler scheduler(std::move(policies));
    Ids ignored;
    for (std::uint32_t d = 1; d <= 10'000; ++d) {
        Ticket ticket;
        ticket.id = d;
        ticket.destination = d;
        scheduler.hold(d);
        scheduler.add(std::move(ticket), ignored);
    }
    Ids started;
    scheduler.start_due(0, started);
    EXPECT_TRUE(started.empty());
    EXPECT_EQ(scheduler.wake_in_ms(0), std::nullopt);
    for (std::uint64_t id = 20'000; id < 220'000; ++id) {
        Ticket ticket;
        ticket.id = id;
        scheduler.add(std::move(ticket), ignored);
        started.clear();
        scheduler.start_due(1, started);
        ASSERT_EQ(started, Ids{id});
        Report report;
        report.kind = OutcomeKind::delivered;
        scheduler.finished(id, report, 1, 0);
        scheduler.settled(id);
    }
}

// --- Buckets and breakers ------------------------------------------------------------------------

TEST(PolicyProperty, a_bucket_never_gives_more_than_its_rate_and_wastes_nothing) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        SeededRandom random(seed);
        auto below = [&](std::uint64_t bound) { return random.next_u64() % bound; };
        auto count = 1 + static_cast<std::uint32_t>(below(20));
        auto per_ms = 1 + static_cast<std::int64_t>(below(5000));
        TokenBucket bucket(count, per_ms);
        std::vector<std::int64_t> taken;
        std::int64_t now = 0;
        for (int step = 0; step < 1000; ++step) {
            auto wait = bucket.wait_ms(now);
            ASSERT_GE(wait, 0) << seed;
            if (wait == 0 && below(3) != 0) {
                bucket.take(now);
                taken.push_back(now);
            } else {
                // A wait that is told is neither too short nor longer than a period.
                ASSERT_LE(wait, per_ms) << "seed " << seed;
                now += below(4) == 0 ? wait : static_cast<std::int64_t>(below(50));
            }
        }
        for (std::size_t i = 0; i < taken.size(); ++i)
            for (std::size_t j = i; j < taken.size(); j += 7) {
                auto span = taken[j] - taken[i];
                auto most = count + (span * count + per_ms - 1) / per_ms;
                ASSERT_LE(static_cast<std::int64_t>(j - i + 1), most + 1) << "seed " << seed;
            }
    }
}

TEST(PolicyProperty, a_breaker_that_is_not_closed_lets_one_try_at_a_time) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        SeededRandom random(seed);
        Breaker breaker;
        std::int64_t now = 0;
        int failures = 0;
        bool probing = false;
        for (int step = 0; step < 500; ++step) {
            now += static_cast<std::int64_t>(random.next_u64() % 20'000);
            if (breaker.wait_ms(now) == 0) {
                ASSERT_FALSE(probing) << "seed " << seed;
                bool was_open = breaker.state() != Breaker::State::closed;
                breaker.started(now);
                probing = was_open;
            }
            switch (random.next_u64() % 5) {
                case 0:
                    breaker.succeeded();
                    failures = 0;
                    probing = false;
                    ASSERT_EQ(breaker.state(), Breaker::State::closed);
                    break;
                case 1:
                    breaker.hold(now);
                    probing = false;
                    ASSERT_GE(breaker.wait_ms(now), Breaker::hold_ms_first);
                    ASSERT_LE(breaker.wait_ms(now), Breaker::hold_ms_max);
                    break;
                default:
                    breaker.failed(now);
                    probing = false;
                    if (++failures >= static_cast<int>(Breaker::failures_to_open)) {
                        ASSERT_NE(breaker.state(), Breaker::State::closed) << "seed " << seed;
                    }
            }
        }
    }
}

}  // namespace
}  // namespace syncline::delivery
