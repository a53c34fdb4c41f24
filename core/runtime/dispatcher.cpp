// The window: what is read from the store into memory, and when.
#include "core/runtime/dispatcher.hpp"

#include <algorithm>
#include <utility>

#include "core/base/limits.hpp"
#include "core/base/log.hpp"

namespace syncline {
namespace {

constexpr std::int64_t reread_ms = 1000;   // after a read that failed

/// Every name that may have deliveries: destinations, then sources (derivations ride there too).
std::vector<std::string> queue_names(const config::HubConfig& config) {
    std::vector<std::string> names;
    for (const auto& destination : config.destinations) names.push_back(destination.name);
    for (const auto& source : config.sources)
        if (!config.destination(source.name)) names.push_back(source.name);
    return names;
}

delivery::DestinationPolicy policy_of(const config::HubConfig& config, const std::string& name) {
    delivery::DestinationPolicy policy;
    const config::DestinationConfig* destination = config.destination(name);
    config::RetryConfig retry = destination ? destination->retry : config::RetryConfig();
    policy.retry.schedule_ms = retry.schedule_ms;
    policy.retry.jitter_percent = retry.jitter_percent;
    policy.concurrency = limits::concurrency_default;
    if (destination) {
        policy.concurrency = destination->concurrency;
        policy.rate_count = destination->rate.count;
        policy.rate_per_ms = destination->rate.per_ms;
    }
    return policy;
}

std::vector<delivery::DestinationPolicy> policies_of(const config::HubConfig& config) {
    std::vector<delivery::DestinationPolicy> policies;
    for (const auto& name : queue_names(config)) policies.push_back(policy_of(config, name));
    return policies;
}

}  // namespace

Dispatcher::Dispatcher(Parts parts)
    : parts_(parts),
      hub_events_(parts.router, parts.clock, parts.random),
      scheduler_(policies_of(parts.config)) {
    for (const auto& name : queue_names(parts_.config)) {
        index_.emplace(name, static_cast<std::uint32_t>(windows_.size()));
        Window window;
        window.name = name;
        if (const auto* destination = parts_.config.destination(name))
            window.expire_ms = destination->retry.expire_ms;
        windows_.push_back(std::move(window));
    }
}

Dispatcher::~Dispatcher() = default;

// --- At the start --------------------------------------------------------------------------------

Result<void> Dispatcher::load() {
    auto held = load_holds();
    if (!held) return held;
    for (const auto& rule : parts_.config.rules) {
        bool may_hold = std::any_of(rule.send.begin(), rule.send.end(), [](const auto& send) {
            return send.on_dead == config::OnDead::hold;
        });
        auto lanes = may_hold ? hold_lanes(rule) : Result<void>();
        if (!lanes) return lanes;
    }
    auto names = parts_.reader.pending_destinations();
    if (!names) return names.error();
    for (const auto& name : *names) {
        auto found = index_.find(name);
        if (found == index_.end()) {
            log_warning("deliveries wait for a destination that is not configured",
                        {{"destination", name}});
            continue;
        }
        windows_[found->second].backlog = true;
        refill(found->second);
    }
    parts_.loop.post([this] { pump(); });
    return {};
}

Result<void> Dispatcher::load_holds() {
    auto holds = parts_.reader.holds();
    if (!holds) return holds.error();
    for (auto& hold : *holds) {
        auto found = index_.find(hold.destination);
        if (found == index_.end()) continue;   // kept, should the name come back
        log_warning("the destination is held",
                    {{"destination", hold.destination}, {"reason", hold.reason}});
        if (hold.by_hand) scheduler_.hold(found->second);
        else scheduler_.restore_hold(found->second);
        Window& window = windows_[found->second];
        (hold.by_hand ? window.by_hand : window.by_answer) = std::move(hold);
    }
    return {};
}

/// A dead letter that holds its lane does so over restarts, until a replay of it has ended well.
Result<void> Dispatcher::hold_lanes(const config::RuleConfig& rule) {
    store::Filter dead;
    dead.rule = rule.name;
    dead.state = delivery_state_name(DeliveryState::dead);
    dead.limit = 1000;
    for (;;) {
        auto rows = parts_.reader.deliveries(dead);
        if (!rows) return rows.error();
        for (const auto& row : *rows) {
            const Delivery& letter = row.delivery;
            if (letter.lane.empty() || !parts_.attempts.known(letter) ||
                !parts_.attempts.holds_lane_when_dead(letter))
                continue;
            store::Filter of_event;
            of_event.event_id = row.event_id;
            of_event.limit = 1000;
            auto repeats = parts_.reader.deliveries(of_event);
            if (!repeats) return repeats.error();
            bool repeated = std::any_of(repeats->begin(), repeats->end(), [&](const auto& other) {
                return other.delivery.parent == letter.id &&
                       other.delivery.state != DeliveryState::pending;
            });
            if (!repeated) scheduler_.hold_lane(index_of(letter), letter.lane, letter.id);
        }
        if (rows->size() < dead.limit) return {};
        dead.before = rows->back().delivery.id;
    }
}

// --- Into the window -----------------------------------------------------------------------------

void Dispatcher::offer(std::vector<store::StoredEvent> stored) {
    auto shared = std::make_shared<std::vector<store::StoredEvent>>(std::move(stored));
    parts_.loop.post([this, shared] {
        for (const auto& event : *shared) take(event);
        pump();
    });
}

void Dispatcher::reload() {
    parts_.loop.post([this] {
        for (std::uint32_t i = 0; i < windows_.size(); ++i) {
            windows_[i].backlog = true;
            refill(i);
        }
        pump();
    });
}

void Dispatcher::take(const store::StoredEvent& stored) {
    for (const auto& delivery : stored.deliveries) {
        auto found = index_.find(delivery.destination);
        if (found == index_.end()) continue;   // stays pending in the store
        std::uint32_t destination = found->second;
        Window& window = windows_[destination];
        bool full = scheduler_.size(destination) >= limits::window_per_destination_max;
        if (window.backlog || full || delivery.id <= window.tail) {
            window.backlog |= full;
            // Its lane waits for this one, and may be all that is in the window.
            bool awaited = delivery.parent != 0 && scheduler_.holds_lane(delivery.parent);
            if (awaited && delivery.id > window.tail) add(delivery, stored.event);
            continue;
        }
        window.tail = delivery.id;
        take_in(destination, delivery, stored.event);
    }
}

/// Into the window, or, when its lane has enough there, to be read later. False: later.
bool Dispatcher::take_in(std::uint32_t destination, Delivery delivery, EventPtr event) {
    if (waiting_.contains(delivery.id)) return true;
    Window& window = windows_[destination];
    bool awaited = delivery.parent != 0 && scheduler_.holds_lane(delivery.parent);
    if (!delivery.lane.empty() && !awaited) {
        if (window.spilled.contains(delivery.lane)) return false;
        if (scheduler_.lane_size(destination, delivery.lane) >= limits::window_per_lane_max) {
            window.spilled.emplace(delivery.lane, delivery.id - 1);
            return false;
        }
    }
    add(std::move(delivery), std::move(event));
    return true;
}

/// One page; further ones are posted, so that a long backlog of hot lanes keeps nobody waiting.
void Dispatcher::refill(std::uint32_t destination) {
    Window& window = windows_[destination];
    std::size_t size = scheduler_.size(destination);
    if (!window.backlog || size >= limits::window_per_destination_max) return;
    std::size_t room = limits::window_per_destination_max - size;
    auto pending = parts_.reader.pending(window.name, window.tail, room);
    if (!pending) {
        log_warning("pending deliveries cannot be read", {{"error", pending.error().text()}});
        return refill_in(reread_ms, destination);
    }
    window.backlog = pending->size() == room;
    for (auto& delivery : *pending) {
        window.tail = delivery.id;
        take_in(destination, std::move(delivery), nullptr);
    }
    bool more = window.backlog && scheduler_.size(destination) < limits::window_refill_below;
    if (more) refill_in(0, destination);
}

void Dispatcher::refill_in(std::int64_t ms, std::uint32_t destination) {
    if (std::exchange(windows_[destination].refilling, true)) return;
    auto again = [this, destination] {
        windows_[destination].refilling = false;
        refill(destination);
        pump();
    };
    if (ms == 0) parts_.loop.post(std::move(again));
    else parts_.loop.after(ms, std::move(again));
}

/// The next of a lane that did not fit.
void Dispatcher::refill_lane(std::uint32_t destination, const std::string& lane) {
    Window& window = windows_[destination];
    auto spilled = window.spilled.find(lane);
    std::size_t size = scheduler_.lane_size(destination, lane);
    if (spilled == window.spilled.end() || size > limits::window_per_lane_max / 2) return;
    std::size_t room = limits::window_per_lane_max - size;
    auto pending = parts_.reader.pending_in_lane(window.name, lane, spilled->second, window.tail, room);
    if (!pending) {
        log_warning("pending deliveries cannot be read", {{"error", pending.error().text()}});
        return parts_.loop.after(reread_ms, [this, destination, lane] {
            refill_lane(destination, lane);
            pump();
        });
    }
    if (pending->size() < room) window.spilled.erase(spilled);
    else spilled->second = pending->back().id;
    for (auto& delivery : *pending)
        if (!waiting_.contains(delivery.id)) add(std::move(delivery), nullptr);
    // Some may belong to rules that are gone, and have not come in.
    if (window.spilled.contains(lane) && scheduler_.lane_size(destination, lane) == 0)
        parts_.loop.post([this, destination, lane] {
            refill_lane(destination, lane);
            pump();
        });
}

/// A delivery of that lane has left the window.
void Dispatcher::left(std::uint32_t destination, const std::string& lane) {
    if (!windows_[destination].spilled.empty()) refill_lane(destination, lane);
    if (scheduler_.size(destination) < limits::window_refill_below) refill(destination);
}

/// Kept as wall time, waited for by the monotonic clock: a clock set back by an hour must not add
/// one, so a wait is never longer than the longest that was ever asked for.
std::int64_t Dispatcher::until_expiry_ms(const Window& window, const Delivery& delivery) const {
    std::int64_t age = parts_.clock.wall_ms() - delivery.created_ms;
    return std::clamp<std::int64_t>(window.expire_ms - age, 0, window.expire_ms);
}

delivery::Ticket Dispatcher::ticket_for(const Delivery& delivery) const {
    delivery::Ticket ticket;
    ticket.id = delivery.id;
    ticket.destination = index_of(delivery);
    ticket.lane = delivery.lane;
    ticket.attempts = delivery.attempts;
    ticket.parent = delivery.parent;
    ticket.hold_lane_when_dead = parts_.attempts.holds_lane_when_dead(delivery);
    if (parts_.attempts.coalesces(delivery))
        ticket.coalesce_key = delivery.rule + '\n' + std::to_string(delivery.send);
    auto batching = parts_.attempts.batching(delivery);
    ticket.batch_kind = batching.kind;
    ticket.batch_max = batching.max;
    std::int64_t now = parts_.clock.monotonic_ms();
    ticket.due_ms = now + std::clamp<std::int64_t>(
                              delivery.not_before_ms - parts_.clock.wall_ms(), 0,
                              limits::retry_after_ms_max);
    const Window& window = windows_[ticket.destination];
    if (window.expire_ms > 0) ticket.expires_ms = now + until_expiry_ms(window, delivery);
    return ticket;
}

void Dispatcher::add(Delivery delivery, EventPtr event) {
    if (!parts_.attempts.known(delivery)) {
        log_warning("a delivery waits for a rule that is not configured",
                    {{"rule", delivery.rule}, {"delivery", std::to_string(delivery.id)}});
        return;
    }
    auto ticket = ticket_for(delivery);
    Waiting waiting;
    if (event && cached_bytes_ + event->payload.size() <= limits::event_cache_bytes_max) {
        waiting.cached_bytes = event->payload.size();
        cached_bytes_ += waiting.cached_bytes;
        waiting.event = std::move(event);
    }
    std::uint64_t id = delivery.id;
    waiting.delivery = std::move(delivery);
    waiting_.emplace(id, std::move(waiting));
    std::vector<std::uint64_t> superseded;
    scheduler_.add(std::move(ticket), superseded);
    for (auto stale : superseded) supersede(stale, id);
}

void Dispatcher::forget(std::uint64_t id) {
    auto found = waiting_.find(id);
    if (found == waiting_.end()) return;
    cached_bytes_ -= found->second.cached_bytes;
    waiting_.erase(found);
}

Result<EventPtr> Dispatcher::event_of(const Waiting& waiting) {
    if (waiting.event) return waiting.event;
    auto read = parts_.reader.event(waiting.delivery.event_seq);
    if (!read) return read.error();
    if (!*read) return Error(ErrorCode::not_found, "the event is not in the store any more");
    return EventPtr(std::make_shared<const Event>(std::move(**read)));
}

}  // namespace syncline
