// The scheduler: which deliveries may start now, what a finished attempt means, when to look again.
//
// A pure state machine. It holds a window of tickets, not deliveries: names and numbers. Inside a
// lane tickets run one at a time, in the order added; lanes of a destination take turns; each
// destination has its own concurrency, rate and breaker, so a slow or dead one costs the others
// nothing. Times are monotonic milliseconds given by the caller; so is randomness.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/delivery/policy.hpp"
#include "core/model/delivery.hpp"

namespace syncline::delivery {

struct DestinationPolicy {
    RetryPolicy retry;
    std::uint32_t rate_count = 0;          // 0: unlimited
    std::int64_t rate_per_ms = 1000;
    std::uint32_t concurrency = 1;
};

/// A pending delivery as the scheduler sees it.
struct Ticket {
    std::uint64_t id = 0;
    std::uint32_t destination = 0;         // index into the policies
    std::string lane;                      // empty: a lane of its own
    std::string coalesce_key;              // tickets of a lane with the same one become the newest
    std::uint32_t attempts = 0;            // finished ones
    std::int64_t due_ms = 0;               // not before
    bool hold_lane_when_dead = false;
    std::uint64_t parent = 0;              // of a replay: the delivery it repeats
    Ticket() = default;
};

/// What an attempt came to, as far as scheduling goes.
struct Report {
    OutcomeKind kind = OutcomeKind::retry;
    std::optional<std::int64_t> after_ms;  // asked for by the other side
    bool destination_fault = false;        // not the delivery's own
};

/// What follows from it, to be made durable.
struct Decision {
    DeliveryState state = DeliveryState::pending;
    std::uint32_t attempts = 0;
    std::int64_t wait_ms = 0;              // pending: until the next attempt
};

class Scheduler {
public:
    explicit Scheduler(std::vector<DestinationPolicy> policies);
    ~Scheduler();

    /// Adds a ticket behind those of its lane. Waiting tickets that it makes superfluous leave the
    /// window and are appended to `superseded`: the caller settles them as skipped.
    void add(Ticket ticket, std::vector<std::uint64_t>& superseded);
    /// The lane waits, as it does behind a dead letter that holds it, until a ticket comes whose
    /// parent is `dead_id`: that one goes first and lets the lane go on.
    void hold_lane(std::uint32_t destination, const std::string& lane, std::uint64_t dead_id);
    /// Appends the ids that start now; they take a slot of their destination until finished().
    void start_due(std::int64_t now_ms, std::vector<std::uint64_t>& started);
    /// The attempt has ended: its slot is free, but its lane waits for settled(), so that a crash
    /// can never repeat a delivery after its successor.
    Decision finished(std::uint64_t id, const Report& report, std::int64_t now_ms,
                      std::uint64_t random);
    /// The decision is durable: the lane goes on.
    void settled(std::uint64_t id);
    /// The ticket leaves without an attempt (cancelled, or its lane is to be read anew). False when
    /// it is not waiting here.
    bool remove(std::uint64_t id);
    /// How long until start_due() could start something, or nothing while only finished() can
    /// change that.
    std::optional<std::int64_t> wake_in_ms(std::int64_t now_ms);

    /// Tickets of a destination in the window, running ones included.
    std::size_t size(std::uint32_t destination) const;
    std::size_t running() const { return running_.size() - settling_; }
    /// Finished and not yet settled.
    std::size_t settling() const { return settling_; }
    const Breaker& breaker(std::uint32_t destination) const;

private:
    struct Lane;
    struct Destination;

    Lane& lane_of(std::uint32_t destination, const std::string& key);
    void place(Destination& destination, Lane& lane);
    void unplace(Destination& destination, Lane& lane);
    void drop_if_empty(Destination& destination, Lane& lane);
    void promote_due(Destination& destination, std::int64_t now_ms);
    Decision settle_failure(Destination& destination, Lane& lane, const Report& report,
                            std::int64_t now_ms, std::uint64_t random);

    std::vector<std::unique_ptr<Destination>> destinations_;
    std::unordered_map<std::uint64_t, Lane*> running_;   // also while settling
    std::size_t settling_ = 0;
};

}  // namespace syncline::delivery
