// A lane is in exactly one place: running, settling, blocked, in its destination's ready queue, or in
// its map of timed lanes ordered by when the head is due. place() and unplace() keep that so.
#include "core/delivery/scheduler.hpp"

#include <algorithm>
#include <map>

#include "core/base/assert.hpp"

namespace syncline::delivery {

struct Scheduler::Lane {
    enum class Place { nowhere, timed, ready, running, settling, blocked };
    std::string key;
    std::uint32_t destination = 0;
    std::deque<Ticket> tickets;
    Place place = Place::nowhere;
    Decision decision;          // while settling: of the head
    std::uint64_t held_by = 0;  // while blocked: the dead letter
    std::pair<std::int64_t, std::uint64_t> timed_key;
};

struct Scheduler::Destination {
    explicit Destination(DestinationPolicy policy_in)
        : policy(std::move(policy_in)), bucket(policy.rate_count, policy.rate_per_ms) {}
    DestinationPolicy policy;
    TokenBucket bucket;
    Breaker breaker;
    std::unordered_map<std::string, std::unique_ptr<Lane>> lanes;
    std::deque<Lane*> ready;
    /// By when the head is due, then by its id: the same order in every run.
    std::map<std::pair<std::int64_t, std::uint64_t>, Lane*> timed;
    std::size_t running = 0;
    std::size_t tickets = 0;
};

namespace {
/// Unordered tickets get a lane of their own; no user's key begins with a zero byte and "#".
std::string lane_key(const Ticket& ticket) {
    if (!ticket.lane.empty()) return ticket.lane;
    return std::string("\0#", 2) + std::to_string(ticket.id);
}
}  // namespace

Scheduler::Scheduler(std::vector<DestinationPolicy> policies) {
    for (auto& policy : policies)
        destinations_.push_back(std::make_unique<Destination>(std::move(policy)));
}

Scheduler::~Scheduler() = default;

void Scheduler::place(Destination& destination, Lane& lane) {
    SYNCLINE_ASSERT(lane.place == Lane::Place::nowhere, lane.key);
    if (lane.tickets.empty()) return;
    lane.place = Lane::Place::timed;
    lane.timed_key = {lane.tickets.front().due_ms, lane.tickets.front().id};
    destination.timed.emplace(lane.timed_key, &lane);
}

void Scheduler::unplace(Destination& destination, Lane& lane) {
    if (lane.place == Lane::Place::timed) destination.timed.erase(lane.timed_key);
    if (lane.place == Lane::Place::ready) std::erase(destination.ready, &lane);
    lane.place = Lane::Place::nowhere;
}

void Scheduler::drop_if_empty(Destination& destination, Lane& lane) {
    bool keep = !lane.tickets.empty() || lane.place == Lane::Place::blocked;
    if (!keep) destination.lanes.erase(lane.key);
}

Scheduler::Lane& Scheduler::lane_of(std::uint32_t destination, const std::string& key) {
    auto& slot = destinations_[destination]->lanes[key];
    if (!slot) {
        slot = std::make_unique<Lane>();
        slot->key = key;
        slot->destination = destination;
    }
    return *slot;
}

void Scheduler::hold_lane(std::uint32_t destination, const std::string& key,
                          std::uint64_t dead_id) {
    Lane& lane = lane_of(destination, key);
    SYNCLINE_ASSERT(lane.place != Lane::Place::running && lane.place != Lane::Place::settling, key);
    unplace(*destinations_[destination], lane);
    lane.place = Lane::Place::blocked;
    lane.held_by = dead_id;
}

void Scheduler::add(Ticket ticket, std::vector<std::uint64_t>& superseded) {
    SYNCLINE_ASSERT(ticket.destination < destinations_.size(), "unknown destination");
    Destination& destination = *destinations_[ticket.destination];
    Lane& lane = lane_of(ticket.destination, lane_key(ticket));
    if (lane.place == Lane::Place::blocked && ticket.parent == lane.held_by) {
        lane.tickets.push_front(std::move(ticket));
        ++destination.tickets;
        lane.place = Lane::Place::nowhere;
        return place(destination, lane);
    }
    bool head_runs = lane.place == Lane::Place::running || lane.place == Lane::Place::settling;
    std::uint64_t old_head = lane.tickets.empty() ? 0 : lane.tickets.front().id;
    if (!ticket.coalesce_key.empty()) {
        auto first = lane.tickets.begin() + (head_runs ? 1 : 0);
        auto stale = std::stable_partition(first, lane.tickets.end(), [&](const Ticket& waiting) {
            return waiting.coalesce_key != ticket.coalesce_key;
        });
        for (auto it = stale; it != lane.tickets.end(); ++it) superseded.push_back(it->id);
        destination.tickets -= static_cast<std::size_t>(lane.tickets.end() - stale);
        lane.tickets.erase(stale, lane.tickets.end());
    }
    lane.tickets.push_back(std::move(ticket));
    ++destination.tickets;
    bool same_head = lane.tickets.front().id == old_head;
    if (head_runs || same_head || lane.place == Lane::Place::blocked) return;
    unplace(destination, lane);
    place(destination, lane);
}

void Scheduler::promote_due(Destination& destination, std::int64_t now_ms) {
    while (!destination.timed.empty() && destination.timed.begin()->first.first <= now_ms) {
        Lane* lane = destination.timed.begin()->second;
        destination.timed.erase(destination.timed.begin());
        lane->place = Lane::Place::ready;
        destination.ready.push_back(lane);
    }
}

void Scheduler::start_due(std::int64_t now_ms, std::vector<std::uint64_t>& started) {
    for (auto& owned : destinations_) {
        Destination& destination = *owned;
        promote_due(destination, now_ms);
        while (!destination.ready.empty() && destination.running < destination.policy.concurrency &&
               destination.breaker.wait_ms(now_ms) == 0 &&
               destination.bucket.wait_ms(now_ms) == 0) {
            Lane& lane = *destination.ready.front();
            destination.ready.pop_front();
            lane.place = Lane::Place::running;
            destination.breaker.started(now_ms);
            destination.bucket.take(now_ms);
            ++destination.running;
            running_.emplace(lane.tickets.front().id, &lane);
            started.push_back(lane.tickets.front().id);
        }
    }
}

Decision Scheduler::settle_failure(Destination& destination, Lane& lane, const Report& report,
                                   std::int64_t now_ms, std::uint64_t random) {
    Ticket& ticket = lane.tickets.front();
    Decision decision;
    if (report.kind == OutcomeKind::hold) {  // not this delivery's fault: costs it no attempt
        destination.breaker.hold(now_ms);
        decision.attempts = ticket.attempts;
        decision.wait_ms = destination.breaker.wait_ms(now_ms);
        return decision;
    }
    decision.attempts = ++ticket.attempts;
    bool throttled = report.destination_fault && report.after_ms && *report.after_ms > 0;
    if (throttled) destination.bucket.pause(now_ms, *report.after_ms);
    if (report.destination_fault && !throttled) destination.breaker.failed(now_ms);
    else destination.breaker.succeeded();
    if (report.kind == OutcomeKind::retry) {
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
    --destination.running;
    lane.place = Lane::Place::settling;
    ++settling_;

    Decision& decision = lane.decision;
    decision = Decision();
    bool done = report.kind == OutcomeKind::delivered || report.kind == OutcomeKind::skipped;
    if (done) {
        destination.breaker.succeeded();
        decision.attempts = lane.tickets.front().attempts + 1;
        decision.state = report.kind == OutcomeKind::delivered ? DeliveryState::delivered
                                                               : DeliveryState::skipped;
    } else {
        decision = settle_failure(destination, lane, report, now_ms, random);
    }
    lane.tickets.front().due_ms = now_ms + decision.wait_ms;
    return decision;
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
    if (lane.decision.state != DeliveryState::pending) {
        bool block =
            lane.decision.state == DeliveryState::dead && lane.tickets.front().hold_lane_when_dead;
        lane.tickets.pop_front();
        --destination.tickets;
        if (block) lane.place = Lane::Place::blocked, lane.held_by = id;
    }
    if (lane.place == Lane::Place::nowhere) place(destination, lane);
    drop_if_empty(destination, lane);
}

bool Scheduler::remove(std::uint64_t id) {
    if (running_.contains(id)) return false;
    for (auto& owned : destinations_) {
        Destination& destination = *owned;
        for (auto& [key, slot] : destination.lanes) {
            Lane& lane = *slot;
            auto at = std::find_if(lane.tickets.begin(), lane.tickets.end(),
                                   [&](const Ticket& ticket) { return ticket.id == id; });
            if (at == lane.tickets.end()) continue;
            bool placed = lane.place == Lane::Place::timed || lane.place == Lane::Place::ready;
            if (placed) unplace(destination, lane);
            lane.tickets.erase(at);
            --destination.tickets;
            if (placed) place(destination, lane);
            drop_if_empty(destination, lane);
            return true;
        }
    }
    return false;
}

std::optional<std::int64_t> Scheduler::wake_in_ms(std::int64_t now_ms) {
    std::optional<std::int64_t> soonest;
    auto consider = [&](std::int64_t wait) {
        if (!soonest || wait < *soonest) soonest = std::max<std::int64_t>(0, wait);
    };
    for (auto& owned : destinations_) {
        Destination& destination = *owned;
        if (destination.running >= destination.policy.concurrency) continue;
        std::int64_t breaker_wait = destination.breaker.wait_ms(now_ms);
        if (breaker_wait < 0) continue;
        std::int64_t gate = std::max(breaker_wait, destination.bucket.wait_ms(now_ms));
        if (!destination.ready.empty()) consider(gate);
        else if (!destination.timed.empty())
            consider(std::max(gate, destination.timed.begin()->first.first - now_ms));
    }
    return soonest;
}

std::size_t Scheduler::size(std::uint32_t destination) const {
    return destinations_[destination]->tickets;
}

const Breaker& Scheduler::breaker(std::uint32_t destination) const {
    return destinations_[destination]->breaker;
}

}  // namespace syncline::delivery
