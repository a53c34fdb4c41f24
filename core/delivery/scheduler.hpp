// The scheduler: which deliveries may start now, what a finished attempt means, when to look again.
//
// A pure state machine. It holds a window of tickets, not deliveries: names and numbers. Inside a
// lane tickets run one at a time, in the order added; lanes of a destination take turns; each
// destination has its own concurrency, rate and breaker, so a slow or dead one costs the others
// nothing: what is done at a moment grows with the destinations that something happens to. Times are
// monotonic milliseconds given by the caller; so is randomness.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/delivery/policy.hpp"
#include "core/model/delivery.hpp"

namespace syncline::delivery {

struct DestinationPolicy {
    RetryPolicy retry;
    std::uint32_t rate_count = 0;          // 0: unlimited
    std::int64_t rate_per_ms = 1000;
    std::uint32_t concurrency = 1;         // attempts at a time; a batch is one
};

/// A pending delivery as the scheduler sees it.
struct Ticket {
    std::uint64_t id = 0;
    std::uint32_t destination = 0;         // index into the policies
    std::string lane;                      // empty: a lane of its own
    std::string coalesce_key;              // tickets of a lane with the same one become the newest
    std::uint32_t attempts = 0;            // finished ones
    std::int64_t due_ms = 0;               // not before
    std::int64_t expires_ms = 0;           // given up unless delivered by then; 0: never
    bool hold_lane_when_dead = false;
    std::uint64_t parent = 0;              // of a replay: the delivery it repeats
    std::uint32_t batch_kind = 0;          // those of one kind may share an attempt; 0: alone
    std::uint32_t batch_max = 1;
    /// The scheduler's own: it was put off by a hold, when so many holds had ended.
    std::optional<std::uint64_t> put_off;
    Ticket() = default;
};

/// Where a ticket is looked for. `lane` as in the ticket.
struct TicketAddress {
    std::uint32_t destination = 0;
    std::string lane;
    std::uint64_t id = 0;
};

/// What an attempt came to, as far as scheduling goes.
struct Report {
    OutcomeKind kind = OutcomeKind::retry;
    std::optional<std::int64_t> after_ms;  // asked for by the other side
    bool destination_fault = false;        // not the delivery's own
    bool destination_called = true;        // false: the outcome says nothing of the destination
    std::optional<RateLimit> limit;        // as the destination names it
};

/// What follows from it, to be made durable.
struct Decision {
    DeliveryState state = DeliveryState::pending;
    std::uint32_t attempts = 0;
    std::int64_t wait_ms = 0;              // pending: until the next attempt
    bool hold_began = false;               // the destination says that it is unusable
    bool hold_ended = false;               // and now works again
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
    /// The dead letter does not matter any more: a lane that waited for it goes on.
    void release_lane(std::uint64_t dead_id);
    /// Whether a lane waits behind that dead letter.
    bool holds_lane(std::uint64_t dead_id) const { return blocked_.contains(dead_id); }
    /// Appends the ids that start now; they take a slot of their destination until finished(). The
    /// ids of a batch follow each other: rides() tells all but the first.
    void start_due(std::int64_t now_ms, std::vector<std::uint64_t>& started);
    /// Whether a running ticket shares the attempt of the one started before it.
    bool rides(std::uint64_t id) const;
    /// What start_due() has found to be past its time since the last call; it has left the window,
    /// and the caller settles it as dead.
    std::vector<std::uint64_t> take_expired();
    /// The attempt has ended: its slot is free, but its lane waits for settled(), so that a crash
    /// can never repeat a delivery after its successor.
    Decision finished(std::uint64_t id, const Report& report, std::int64_t now_ms,
                      std::uint64_t random);
    /// Whether a finished one leaves with settled(); cancel() may have changed that since.
    bool ends_when_settled(std::uint64_t id) const;
    /// The decision is durable: the lane goes on.
    void settled(std::uint64_t id);
    /// How long until start_due() could do something, or nothing while only finished() can change
    /// that.
    std::optional<std::int64_t> wake_in_ms(std::int64_t now_ms);

    // --- By hand (by_hand.cpp) ---

    enum class Found { absent, waiting, out };
    /// A waiting ticket leaves; one whose attempt is under way (out) ends as cancelled with it,
    /// unless it is delivered.
    Found cancel(const TicketAddress& address);
    /// A waiting ticket is due now, and an open breaker may probe; false when it does not wait here.
    bool retry_now(const TicketAddress& address, std::int64_t now_ms);
    /// Nothing is started until release(), which also lets a destination that holds itself probe.
    void hold(std::uint32_t destination);
    void release(std::uint32_t destination, std::int64_t now_ms);
    /// A hold that the destination's answers began before this process did: it probes at once.
    void restore_hold(std::uint32_t destination);

    /// Tickets of a destination in the window, running ones included.
    std::size_t size(std::uint32_t destination) const;
    /// Of one lane of it.
    std::size_t lane_size(std::uint32_t destination, const std::string& lane) const;
    std::size_t running() const { return running_.size() - settling_; }
    /// Finished and not yet settled.
    std::size_t settling() const { return settling_; }
    const Breaker& breaker(std::uint32_t destination) const;
    bool held_by_hand(std::uint32_t destination) const;

private:
    struct Lane;
    struct Destination;

    static std::string lane_key(const std::string& lane, std::uint64_t id);
    Lane& lane_of(std::uint32_t destination, const std::string& key);
    Lane* find_lane(std::uint32_t destination, const std::string& key) const;
    Lane* find_lane(const TicketAddress& address) const;
    void block(Lane& lane, std::uint64_t dead_id);
    void unblock(Lane& lane);
    void place(Destination& destination, Lane& lane);
    void unplace(Destination& destination, Lane& lane);
    void drop_if_empty(Destination& destination, Lane& lane);
    void take_out(Destination& destination, Lane& lane, std::size_t at);
    void expect_expiry(Destination& destination, Lane& lane, const Ticket& ticket);
    void forget_expiry(Destination& destination, const Ticket& ticket);
    void supersede(Destination& destination, Lane& lane, const Ticket& by,
                   std::vector<std::uint64_t>& superseded);
    void promote_due(Destination& destination, std::int64_t now_ms);
    void expire_due(Destination& destination, std::int64_t now_ms);
    void start_in(Destination& destination, std::int64_t now_ms,
                  std::vector<std::uint64_t>& started);
    void start_head(Destination& destination, Lane& lane, std::vector<std::uint64_t>& started);
    void fill_batch(Destination& destination, const Ticket& first,
                    std::vector<std::uint64_t>& started);
    Decision settle_failure(Destination& destination, Lane& lane, const Report& report,
                            std::int64_t now_ms, std::uint64_t random);
    Decision put_off(Destination& destination, Ticket& ticket, std::int64_t now_ms);
    void call_back(Destination& destination, std::int64_t now_ms);
    void touch(Destination& destination);
    std::optional<std::int64_t> next_wake(Destination& destination, std::int64_t now_ms) const;
    void plan(Destination& destination, std::int64_t now_ms);

    std::vector<std::unique_ptr<Destination>> destinations_;
    std::unordered_map<std::uint64_t, Lane*> running_;   // also while settling
    std::unordered_map<std::uint64_t, Lane*> blocked_;   // by the dead letter that blocks
    std::size_t settling_ = 0;
    std::vector<std::uint64_t> expired_;
    std::vector<std::uint32_t> touched_;                 // something happened since start_due()
    std::set<std::pair<std::int64_t, std::uint32_t>> wakes_;   // of the others
};

}  // namespace syncline::delivery
