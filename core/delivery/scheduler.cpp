// Adding, starting, finishing, settling. Moving lanes about is in lane.cpp, what a person orders in
// by_hand.cpp.
//
// A destination to which something happened is touched: start_due() looks at those, and at those
// whose moment has come (wakes_). All others cost nothing.
#include "core/delivery/scheduler.hpp"

#include <algorithm>

#include "core/base/assert.hpp"
#include "core/delivery/lane.hpp"

namespace syncline::delivery {
namespace {

/// Lanes that are looked through for one batch: four times what it can hold, so that a queue of
/// other kinds costs a batch little.
constexpr std::size_t batch_search_factor = 4;

}  // namespace

Scheduler::Scheduler(std::vector<DestinationPolicy> policies) {
    for (auto& policy : policies)
        destinations_.push_back(std::make_unique<Destination>(
            static_cast<std::uint32_t>(destinations_.size()), std::move(policy)));
}

Scheduler::~Scheduler() = default;

// --- In ------------------------------------------------------------------------------------------

void Scheduler::supersede(Destination& destination, Lane& lane, const Ticket& by,
                          std::vector<std::uint64_t>& superseded) {
    auto first = lane.tickets.begin() + (lane.head_is_out() ? 1 : 0);
    auto stale = std::stable_partition(first, lane.tickets.end(), [&](const Ticket& waiting) {
        return waiting.coalesce_key != by.coalesce_key;
    });
    for (auto it = stale; it != lane.tickets.end(); ++it) {
        forget_expiry(destination, *it);
        superseded.push_back(it->id);
    }
    destination.tickets -= static_cast<std::size_t>(lane.tickets.end() - stale);
    lane.tickets.erase(stale, lane.tickets.end());
}

void Scheduler::add(Ticket ticket, std::vector<std::uint64_t>& superseded) {
    SYNCLINE_ASSERT(ticket.destination < destinations_.size(), "unknown destination");
    Destination& destination = *destinations_[ticket.destination];
    Lane& lane = lane_of(ticket.destination, lane_key(ticket.lane, ticket.id));
    expect_expiry(destination, lane, ticket);
    ++destination.tickets;
    if (lane.place == Lane::Place::blocked && ticket.parent == lane.held_by) {
        lane.tickets.push_front(std::move(ticket));
        unblock(lane);
        return place(destination, lane);
    }
    std::uint64_t old_head = lane.tickets.empty() ? 0 : lane.tickets.front().id;
    // A replay says again what was said before: it makes nothing newer superfluous.
    if (!ticket.coalesce_key.empty() && ticket.parent == 0)
        supersede(destination, lane, ticket, superseded);
    lane.tickets.push_back(std::move(ticket));
    bool same_head = lane.tickets.front().id == old_head;
    if (lane.head_is_out() || same_head || lane.place == Lane::Place::blocked) return;
    unplace(destination, lane);
    place(destination, lane);
}

// --- Starting ------------------------------------------------------------------------------------

void Scheduler::promote_due(Destination& destination, std::int64_t now_ms) {
    while (!destination.timed.empty() && destination.timed.begin()->first.first <= now_ms) {
        Lane* lane = destination.timed.begin()->second;
        destination.timed.erase(destination.timed.begin());
        lane->place = Lane::Place::ready;
        destination.ready.push_back(lane);
    }
}

void Scheduler::expire_due(Destination& destination, std::int64_t now_ms) {
    while (!destination.expiries.empty() && destination.expiries.begin()->first.first <= now_ms) {
        std::uint64_t id = destination.expiries.begin()->first.second;
        Lane& lane = *destination.expiries.begin()->second;
        auto at = std::find_if(lane.tickets.begin(), lane.tickets.end(),
                               [&](const Ticket& ticket) { return ticket.id == id; });
        SYNCLINE_ASSERT(at != lane.tickets.end(), "an expiry without its ticket");
        bool free = !lane.head_is_out() && lane.place != Lane::Place::blocked;
        bool block = free && at->hold_lane_when_dead && at == lane.tickets.begin();
        expired_.push_back(id);
        if (block) {
            unplace(destination, lane);
            Scheduler::block(lane, id);
        }
        take_out(destination, lane, static_cast<std::size_t>(at - lane.tickets.begin()));
    }
}

void Scheduler::start_head(Destination& destination, Lane& lane,
                           std::vector<std::uint64_t>& started) {
    lane.place = Lane::Place::running;
    lane.rides = false;
    lane.cancelled = false;
    forget_expiry(destination, lane.tickets.front());
    running_.emplace(lane.tickets.front().id, &lane);
    started.push_back(lane.tickets.front().id);
}

/// Ready heads of other lanes join the attempt, in their order; the lanes between them keep theirs.
void Scheduler::fill_batch(Destination& destination, const Ticket& first,
                           std::vector<std::uint64_t>& started) {
    std::size_t room = first.batch_max - 1;
    std::size_t search = std::min(destination.ready.size(), batch_search_factor * first.batch_max);
    std::vector<Lane*> passed;
    std::size_t looked = 0;
    for (; looked < search && room > 0; ++looked) {
        Lane* lane = destination.ready[looked];
        if (lane->tickets.front().batch_kind != first.batch_kind) {
            passed.push_back(lane);
            continue;
        }
        start_head(destination, *lane, started);
        lane->rides = true;
        --room;
    }
    auto end = destination.ready.begin() + static_cast<std::ptrdiff_t>(looked);
    destination.ready.erase(destination.ready.begin(), end);
    destination.ready.insert(destination.ready.begin(), passed.begin(), passed.end());
}

void Scheduler::start_in(Destination& destination, std::int64_t now_ms,
                         std::vector<std::uint64_t>& started) {
    while (!destination.held && !destination.ready.empty() &&
           destination.running < destination.policy.concurrency &&
           destination.breaker.wait_ms(now_ms) == 0 && destination.bucket.wait_ms(now_ms) == 0) {
        Lane& lane = *destination.ready.front();
        destination.ready.pop_front();
        destination.breaker.started(now_ms);
        destination.bucket.take(now_ms);
        ++destination.running;
        start_head(destination, lane, started);
        const Ticket& first = lane.tickets.front();
        bool probes = destination.breaker.state() != Breaker::State::closed;
        if (first.batch_kind != 0 && !probes) fill_batch(destination, first, started);
    }
}

void Scheduler::start_due(std::int64_t now_ms, std::vector<std::uint64_t>& started) {
    while (!wakes_.empty() && wakes_.begin()->first <= now_ms)
        touch(*destinations_[wakes_.begin()->second]);
    auto touched = std::exchange(touched_, {});
    for (auto index : touched) {
        Destination& destination = *destinations_[index];
        expire_due(destination, now_ms);
        promote_due(destination, now_ms);
        start_in(destination, now_ms, started);
        destination.touched = false;   // not before: expiring and starting touch it
        plan(destination, now_ms);
    }
}

bool Scheduler::rides(std::uint64_t id) const {
    auto found = running_.find(id);
    return found != running_.end() && found->second->rides;
}

std::vector<std::uint64_t> Scheduler::take_expired() {
    return std::exchange(expired_, {});
}

// --- Ending --------------------------------------------------------------------------------------

/// The destination says that nothing would get through: not this delivery's fault, and no attempt of
/// it.
Decision Scheduler::put_off(Destination& destination, Ticket& ticket, std::int64_t now_ms) {
    destination.breaker.hold(now_ms);
    ticket.put_off = destination.recoveries;
    Decision decision;
    decision.attempts = ticket.attempts;
    decision.wait_ms = destination.breaker.wait_ms(now_ms);
    return decision;
}

Decision Scheduler::settle_failure(Destination& destination, Lane& lane, const Report& report,
                                   std::int64_t now_ms, std::uint64_t random) {
    Ticket& ticket = lane.tickets.front();
    bool hold = report.kind == OutcomeKind::hold;
    // One that is told so again after others got through is alone with that: it pays for it.
    bool alone = hold && ticket.put_off && *ticket.put_off < destination.recoveries;
    if (hold && !alone) return put_off(destination, ticket, now_ms);
    Decision decision;
    decision.attempts = ++ticket.attempts;
    bool fault = report.destination_fault || alone;
    bool throttled = fault && report.after_ms && *report.after_ms > 0;
    if (throttled) destination.bucket.pause(now_ms, *report.after_ms);
    if (fault && !throttled) destination.breaker.failed(now_ms);
    else if (report.destination_called) destination.breaker.succeeded();
    else destination.breaker.undecided(now_ms);
    // One that failed by itself goes alone from now on: it must not take others with it again.
    if (!report.destination_fault) ticket.batch_kind = 0;
    if (report.kind == OutcomeKind::retry || alone) {
        auto wait = retry_wait_ms(destination.policy.retry, ticket.attempts, report.after_ms, random);
        if (wait) {
            decision.wait_ms = *wait;
            return decision;
        }
    }
    decision.state = DeliveryState::dead;
    return decision;
}

Decision Scheduler::finished(std::uint64_t id, const Report& report, std::int64_t now_ms,
                             std::uint64_t random) {
    auto found = running_.find(id);
    SYNCLINE_ASSERT(found != running_.end(), "finished() of a delivery that does not run");
    Lane& lane = *found->second;
    SYNCLINE_ASSERT(lane.place == Lane::Place::running, "finished() twice");
    Destination& destination = *destinations_[lane.destination];
    touch(destination);
    if (!lane.rides) --destination.running;
    lane.place = Lane::Place::settling;
    ++settling_;
    if (report.limit)
        destination.bucket.obey(
            now_ms,
            report.limit->remaining - static_cast<std::int64_t>(destination.running),
            report.limit->reset_ms);

    bool was_held = destination.breaker.held();
    Decision& decision = lane.decision;
    decision = Decision();
    bool done = report.kind == OutcomeKind::delivered || report.kind == OutcomeKind::skipped;
    if (done) {
        if (report.destination_called) destination.breaker.succeeded();
        else destination.breaker.undecided(now_ms);
        decision.attempts = lane.tickets.front().attempts + 1;
        decision.state = report.kind == OutcomeKind::delivered ? DeliveryState::delivered
                                                               : DeliveryState::skipped;
    } else {
        decision = settle_failure(destination, lane, report, now_ms, random);
        if (lane.cancelled) decision.state = DeliveryState::cancelled, decision.wait_ms = 0;
    }
    decision.hold_began = !was_held && destination.breaker.held();
    decision.hold_ended = was_held && !destination.breaker.held();
    if (decision.hold_ended) {
        ++destination.recoveries;
        call_back(destination, now_ms);
    }
    lane.tickets.front().due_ms = now_ms + decision.wait_ms;
    return decision;
}

bool Scheduler::ends_when_settled(std::uint64_t id) const {
    auto found = running_.find(id);
    SYNCLINE_ASSERT(found != running_.end(), "a delivery that does not run");
    return found->second->decision.state != DeliveryState::pending;
}

void Scheduler::settled(std::uint64_t id) {
    auto found = running_.find(id);
    SYNCLINE_ASSERT(found != running_.end(), "settled() of a delivery that did not run");
    Lane& lane = *found->second;
    SYNCLINE_ASSERT(lane.place == Lane::Place::settling, "settled() before finished()");
    running_.erase(found);
    --settling_;
    Destination& destination = *destinations_[lane.destination];
    lane.place = Lane::Place::nowhere;
    const Ticket& head = lane.tickets.front();
    if (lane.decision.state != DeliveryState::pending) {
        bool block = lane.decision.state == DeliveryState::dead && head.hold_lane_when_dead;
        lane.tickets.pop_front();
        --destination.tickets;
        if (block) Scheduler::block(lane, id);
    } else {
        expect_expiry(destination, lane, head);
    }
    if (lane.place == Lane::Place::nowhere) place(destination, lane);
    drop_if_empty(destination, lane);
}

// --- When to look again --------------------------------------------------------------------------

void Scheduler::touch(Destination& destination) {
    if (destination.touched) return;
    destination.touched = true;
    touched_.push_back(destination.index);
    if (destination.wake_at_ms) wakes_.erase({*destination.wake_at_ms, destination.index});
    destination.wake_at_ms.reset();
}

std::optional<std::int64_t> Scheduler::next_wake(Destination& destination,
                                                 std::int64_t now_ms) const {
    std::optional<std::int64_t> soonest;
    if (!destination.expiries.empty()) soonest = destination.expiries.begin()->first.first;
    if (destination.held || destination.running >= destination.policy.concurrency) return soonest;
    std::int64_t breaker_wait = destination.breaker.wait_ms(now_ms);
    if (breaker_wait < 0 || (destination.ready.empty() && destination.timed.empty()))
        return soonest;
    std::int64_t start = now_ms + std::max(breaker_wait, destination.bucket.wait_ms(now_ms));
    if (destination.ready.empty()) start = std::max(start, destination.timed.begin()->first.first);
    return soonest ? std::min(*soonest, start) : start;
}

void Scheduler::plan(Destination& destination, std::int64_t now_ms) {
    destination.wake_at_ms = next_wake(destination, now_ms);
    if (destination.wake_at_ms) wakes_.emplace(*destination.wake_at_ms, destination.index);
}

std::optional<std::int64_t> Scheduler::wake_in_ms(std::int64_t now_ms) {
    std::optional<std::int64_t> soonest;
    if (!wakes_.empty()) soonest = wakes_.begin()->first;
    for (auto index : touched_) {
        auto wake = next_wake(*destinations_[index], now_ms);
        if (wake && (!soonest || *wake < *soonest)) soonest = wake;
    }
    if (soonest) *soonest = std::max<std::int64_t>(0, *soonest - now_ms);
    return soonest;
}

std::size_t Scheduler::size(std::uint32_t destination) const {
    return destinations_[destination]->tickets;
}

std::size_t Scheduler::lane_size(std::uint32_t destination, const std::string& key) const {
    const Lane* lane = find_lane(destination, key);
    return lane ? lane->tickets.size() : 0;
}

const Breaker& Scheduler::breaker(std::uint32_t destination) const {
    return destinations_[destination]->breaker;
}

bool Scheduler::held_by_hand(std::uint32_t destination) const {
    return destinations_[destination]->held;
}

}  // namespace syncline::delivery
