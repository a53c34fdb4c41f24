// What the scheduler keeps of a destination and of each of its lanes. Private to this room.
//
// A lane is in exactly one place: running, settling, blocked, in its destination's ready queue, or in
// its map of timed lanes ordered by when the head is due. Scheduler::place() and unplace() keep that
// so. A ticket that can expire is in `expiries` while it waits, and not while it runs or settles.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/delivery/scheduler.hpp"

namespace syncline::delivery {

struct Scheduler::Lane {
    enum class Place { nowhere, timed, ready, running, settling, blocked };
    std::string key;
    std::uint32_t destination = 0;
    std::deque<Ticket> tickets;
    Place place = Place::nowhere;
    bool rides = false;         // while running: in the batch of another, with no slot of its own
    bool cancelled = false;     // while running: the head is to end with its attempt
    Decision decision;          // while settling: of the head
    std::uint64_t held_by = 0;  // while blocked: the dead letter
    std::pair<std::int64_t, std::uint64_t> timed_key;

    bool head_is_out() const { return place == Place::running || place == Place::settling; }
};

struct Scheduler::Destination {
    Destination(std::uint32_t index_in, DestinationPolicy policy_in)
        : index(index_in),
          policy(std::move(policy_in)),
          bucket(policy.rate_count, policy.rate_per_ms) {}

    /// By when, then by id: the same order in every run.
    using Timed = std::map<std::pair<std::int64_t, std::uint64_t>, Lane*>;

    const std::uint32_t index;
    DestinationPolicy policy;
    TokenBucket bucket;
    Breaker breaker;
    std::unordered_map<std::string, std::unique_ptr<Lane>> lanes;
    std::deque<Lane*> ready;
    Timed timed;                // by when the head is due
    Timed expiries;             // of waiting tickets
    std::size_t running = 0;    // slots taken
    std::size_t tickets = 0;
    bool held = false;          // by hand
    std::uint64_t recoveries = 0;   // how often a hold has ended
    bool touched = false;       // in Scheduler::touched_
    std::optional<std::int64_t> wake_at_ms;   // its entry in Scheduler::wakes_
};

}  // namespace syncline::delivery
