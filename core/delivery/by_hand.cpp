// What a person orders of the scheduler: cancel, retry now, hold, release.
#include <algorithm>

#include "core/delivery/lane.hpp"

namespace syncline::delivery {

Scheduler::Found Scheduler::cancel(const TicketAddress& address) {
    Lane* lane = find_lane(address);
    if (!lane) return Found::absent;
    auto at = std::find_if(lane->tickets.begin(), lane->tickets.end(),
                           [&](const Ticket& ticket) { return ticket.id == address.id; });
    if (at == lane->tickets.end()) return Found::absent;
    if (lane->head_is_out() && at == lane->tickets.begin()) {
        lane->cancelled = true;
        auto& state = lane->decision.state;
        bool open = state == DeliveryState::pending || state == DeliveryState::dead;
        if (lane->place == Lane::Place::settling && open) state = DeliveryState::cancelled;
        return Found::out;
    }
    take_out(*destinations_[address.destination], *lane,
             static_cast<std::size_t>(at - lane->tickets.begin()));
    return Found::waiting;
}

bool Scheduler::retry_now(const TicketAddress& address, std::int64_t now_ms) {
    Lane* lane = find_lane(address);
    if (!lane) return false;
    Destination& destination = *destinations_[address.destination];
    auto at = std::find_if(lane->tickets.begin(), lane->tickets.end(),
                           [&](const Ticket& ticket) { return ticket.id == address.id; });
    bool head = at == lane->tickets.begin();
    if (at == lane->tickets.end() || (head && lane->head_is_out())) return false;
    destination.breaker.probe_now(now_ms);
    touch(destination);
    if (at->due_ms <= now_ms) return true;
    bool placed = head && lane->place == Lane::Place::timed;
    if (placed) unplace(destination, *lane);
    at->due_ms = now_ms;
    if (placed) place(destination, *lane);
    return true;
}

void Scheduler::hold(std::uint32_t index) {
    destinations_[index]->held = true;
    touch(*destinations_[index]);
}

void Scheduler::release(std::uint32_t index, std::int64_t now_ms) {
    Destination& destination = *destinations_[index];
    destination.held = false;
    touch(destination);
    if (!destination.breaker.held()) return;
    destination.breaker.release(now_ms);
    call_back(destination, now_ms);
}

void Scheduler::restore_hold(std::uint32_t index) {
    destinations_[index]->breaker.restore_hold();
    touch(*destinations_[index]);
}

}  // namespace syncline::delivery
