// Lanes: made when a ticket comes, moved between their places, dropped when empty.
#include "core/delivery/lane.hpp"

#include <algorithm>

#include "core/base/assert.hpp"

namespace syncline::delivery {

/// Unordered tickets get a lane of their own; no user's key begins with a zero byte and "#".
std::string Scheduler::lane_key(const std::string& lane, std::uint64_t id) {
    if (!lane.empty()) return lane;
    return std::string("\0#", 2) + std::to_string(id);
}

void Scheduler::place(Destination& destination, Lane& lane) {
    SYNCLINE_ASSERT(lane.place == Lane::Place::nowhere, lane.key);
    touch(destination);
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

Scheduler::Lane* Scheduler::find_lane(std::uint32_t destination, const std::string& key) const {
    const auto& lanes = destinations_[destination]->lanes;
    auto found = lanes.find(key);
    return found == lanes.end() ? nullptr : found->second.get();
}

Scheduler::Lane* Scheduler::find_lane(const TicketAddress& address) const {
    return find_lane(address.destination, lane_key(address.lane, address.id));
}

void Scheduler::expect_expiry(Destination& destination, Lane& lane, const Ticket& ticket) {
    if (ticket.expires_ms == 0) return;
    destination.expiries.emplace(std::pair(ticket.expires_ms, ticket.id), &lane);
    touch(destination);
}

void Scheduler::forget_expiry(Destination& destination, const Ticket& ticket) {
    if (ticket.expires_ms != 0) destination.expiries.erase({ticket.expires_ms, ticket.id});
}

/// A ticket that is not out leaves its lane, which may go with it.
void Scheduler::take_out(Destination& destination, Lane& lane, std::size_t at) {
    bool placed = lane.place == Lane::Place::timed || lane.place == Lane::Place::ready;
    bool head = at == 0;
    forget_expiry(destination, lane.tickets[at]);
    if (placed && head) unplace(destination, lane);
    lane.tickets.erase(lane.tickets.begin() + static_cast<std::ptrdiff_t>(at));
    --destination.tickets;
    if (placed && head) place(destination, lane);
    drop_if_empty(destination, lane);
}

void Scheduler::block(Lane& lane, std::uint64_t dead_id) {
    if (lane.place == Lane::Place::blocked) blocked_.erase(lane.held_by);
    lane.place = Lane::Place::blocked;
    lane.held_by = dead_id;
    blocked_.emplace(dead_id, &lane);
}

void Scheduler::unblock(Lane& lane) {
    blocked_.erase(lane.held_by);
    lane.place = Lane::Place::nowhere;
}

void Scheduler::hold_lane(std::uint32_t destination, const std::string& key,
                          std::uint64_t dead_id) {
    Lane& lane = lane_of(destination, key);
    SYNCLINE_ASSERT(!lane.head_is_out(), key);
    if (lane.place != Lane::Place::blocked) unplace(*destinations_[destination], lane);
    block(lane, dead_id);
}

void Scheduler::release_lane(std::uint64_t dead_id) {
    auto found = blocked_.find(dead_id);
    if (found == blocked_.end()) return;
    Lane& lane = *found->second;
    Destination& destination = *destinations_[lane.destination];
    unblock(lane);
    place(destination, lane);
    drop_if_empty(destination, lane);
}

/// What a hold has put off is due again.
void Scheduler::call_back(Destination& destination, std::int64_t now_ms) {
    std::vector<Lane*> waiting;
    for (const auto& [key, lane] : destination.timed)
        if (lane->tickets.front().put_off) waiting.push_back(lane);
    for (auto* lane : waiting) {
        unplace(destination, *lane);
        std::int64_t& due_ms = lane->tickets.front().due_ms;
        due_ms = std::min(due_ms, now_ms);
        place(destination, *lane);
    }
}

}  // namespace syncline::delivery
