#include "core/runtime/dispatcher.hpp"

#include <algorithm>

#include "core/base/hash.hpp"
#include "core/base/limits.hpp"
#include "core/base/log.hpp"

namespace syncline {
namespace {

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

std::string name_of(const Delivery& delivery) {
    return delivery.rule.empty() ? delivery.action : delivery.rule;
}

}  // namespace

Dispatcher::Dispatcher(Parts parts) : parts_(parts), scheduler_(policies_of(parts.config)) {
    for (const auto& name : queue_names(parts_.config)) {
        index_.emplace(name, static_cast<std::uint32_t>(windows_.size()));
        Window window;
        window.name = name;
        windows_.push_back(std::move(window));
    }
}

Dispatcher::~Dispatcher() = default;

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
            if (!repeated)
                scheduler_.hold_lane(index_.find(letter.destination)->second, letter.lane, letter.id);
        }
        if (rows->size() < dead.limit) return {};
        dead.before = rows->back().delivery.id;
    }
}

Result<void> Dispatcher::load() {
    for (const auto& rule : parts_.config.rules) {
        bool may_hold = std::any_of(rule.send.begin(), rule.send.end(), [](const auto& send) {
            return send.on_dead == config::OnDead::hold;
        });
        auto held = may_hold ? hold_lanes(rule) : Result<void>();
        if (!held) return held;
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
        Window& window = windows_[found->second];
        if (window.backlog || delivery.id <= window.tail) continue;
        if (scheduler_.size(found->second) >= limits::window_per_destination_max) {
            window.backlog = true;
            continue;
        }
        window.tail = delivery.id;
        add(delivery, stored.event);
    }
}

void Dispatcher::refill(std::uint32_t destination) {
    Window& window = windows_[destination];
    while (window.backlog &&
           scheduler_.size(destination) < limits::window_per_destination_max) {
        std::size_t room = limits::window_per_destination_max - scheduler_.size(destination);
        auto pending = parts_.reader.pending(window.name, window.tail, room);
        if (!pending) {
            log_warning("pending deliveries cannot be read", {{"error", pending.error().text()}});
            return;
        }
        window.backlog = pending->size() == room;
        for (auto& delivery : *pending) {
            window.tail = delivery.id;
            add(std::move(delivery), nullptr);
        }
    }
}

void Dispatcher::add(Delivery delivery, EventPtr event) {
    if (!parts_.attempts.known(delivery)) {
        log_warning("a delivery waits for a rule that is not configured",
                    {{"rule", delivery.rule}, {"delivery", std::to_string(delivery.id)}});
        return;
    }
    delivery::Ticket ticket;
    ticket.id = delivery.id;
    ticket.destination = index_.find(delivery.destination)->second;
    ticket.lane = delivery.lane;
    ticket.attempts = delivery.attempts;
    ticket.parent = delivery.parent;
    ticket.hold_lane_when_dead = parts_.attempts.holds_lane_when_dead(delivery);
    if (parts_.attempts.coalesces(delivery))
        ticket.coalesce_key = delivery.rule + '\n' + std::to_string(delivery.send);
    // Kept as wall time, waited for by the monotonic clock: a clock set back by an hour must not
    // add one, so a wait is never longer than the longest that was ever asked for.
    std::int64_t wait = std::clamp<std::int64_t>(delivery.not_before_ms - parts_.clock.wall_ms(), 0,
                                                 limits::retry_after_ms_max);
    ticket.due_ms = parts_.clock.monotonic_ms() + wait;

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
    for (auto stale : superseded) {
        store::Settlement settlement;
        settlement.delivery_id = stale;
        settlement.state = DeliveryState::skipped;
        settlement.attempts = waiting_.find(stale)->second.delivery.attempts;
        settlement.note = "superseded by delivery " + std::to_string(id);
        forget(stale);
        ++counters_.skipped;
        parts_.sink.settle(std::move(settlement), [](bool) {});
    }
}

void Dispatcher::forget(std::uint64_t id) {
    auto found = waiting_.find(id);
    if (found == waiting_.end()) return;
    cached_bytes_ -= found->second.cached_bytes;
    waiting_.erase(found);
}

void Dispatcher::pump() {
    if (draining_) {
        if (idle_ && scheduler_.running() == 0 && scheduler_.settling() == 0)
            std::exchange(idle_, nullptr)();
        return;
    }
    std::vector<std::uint64_t> started;
    if (scheduler_.settling() < limits::settling_max)
        scheduler_.start_due(parts_.clock.monotonic_ms(), started);
    for (auto id : started) begin(id);
    plan_wake();
}

void Dispatcher::plan_wake() {
    std::int64_t now = parts_.clock.monotonic_ms();
    auto wait = scheduler_.wake_in_ms(now);
    bool sooner = wait && *wait > 0 && (wake_at_ms_ < 0 || now + *wait < wake_at_ms_);
    if (!sooner) return;
    std::int64_t at = now + *wait;
    wake_at_ms_ = at;
    parts_.loop.after(*wait, [this, at] {
        if (wake_at_ms_ == at) wake_at_ms_ = -1;
        pump();
    });
}

/// An action that must not be done twice is marked first: should the hub end before its outcome is
/// durable, the next attempt is told to look.
void Dispatcher::begin(std::uint64_t id) {
    Delivery& delivery = waiting_.find(id)->second.delivery;
    if (parts_.attempts.idempotent(delivery)) return attempt(id);
    store::MarkStarted mark;
    mark.delivery_id = id;
    parts_.sink.settle(mark, [this, id](bool) {
        parts_.loop.post([this, id] { attempt(id); });
    });
}

Result<EventPtr> Dispatcher::event_of(const Waiting& waiting) {
    if (waiting.event) return waiting.event;
    auto read = parts_.reader.event(waiting.delivery.event_seq);
    if (!read) return read.error();
    if (!*read) return Error(ErrorCode::not_found, "the event is not in the store any more");
    return EventPtr(std::make_shared<const Event>(std::move(**read)));
}

void Dispatcher::attempt(std::uint64_t id) {
    Waiting& waiting = waiting_.find(id)->second;
    std::int64_t started = parts_.clock.wall_ms();
    std::int64_t started_mono = parts_.clock.monotonic_ms();
    auto event = event_of(waiting);
    if (!event) {
        bool gone = event.error().code == ErrorCode::not_found;
        Outcome outcome(gone ? OutcomeKind::reject : OutcomeKind::retry, event.error().text());
        return parts_.loop.post([this, id, started, started_mono, outcome] {
            ended(id, started, started_mono, outcome, Json::array());
        });
    }
    waiting.event = *event;   // the outcome may refer to it
    parts_.attempts.run(waiting.delivery, *event,
                        [this, id, started, started_mono](Outcome outcome, Json exchanges) {
                            ended(id, started, started_mono, std::move(outcome),
                                  std::move(exchanges));
                        });
}

std::vector<store::Accept> Dispatcher::accepts_of(const Delivery& delivery, const Event& parent,
                                                  std::vector<Emitted> emitted) {
    std::vector<store::Accept> accepts;
    if (!emitted.empty() && parent.hops + 1 > limits::hops_max) {
        log_error("an event led to too many others: what came of it is dropped",
                  {{"event", parent.id}, {"type", parent.type}});
        return accepts;
    }
    for (auto& made : emitted) {
        auto event = std::make_shared<Event>();
        std::int64_t now = parts_.clock.wall_ms();
        event->id = make_uuid7(now, parts_.random);
        event->source = parts_.config.source(delivery.destination) ? delivery.destination
                                                                   : parent.source;
        event->type = std::move(made.type);
        event->subject = std::move(made.subject);
        event->time_ms = parent.time_ms;
        event->received_ms = now;
        event->attributes = std::move(made.attributes);
        event->payload = made.data.dump();
        event->hops = parent.hops + 1;
        store::Accept accept;
        accept.dedupe_key = "emitted:" + (made.key.empty() ? event->id : made.key);
        accept.deliveries = parts_.router.route(*event);
        accept.event = std::move(event);
        accepts.push_back(std::move(accept));
    }
    return accepts;
}

void Dispatcher::count(const Delivery& delivery, const Outcome& outcome, DeliveryState state) {
    if (state == DeliveryState::delivered) ++counters_.delivered;
    else if (state == DeliveryState::skipped) ++counters_.skipped;
    else if (state == DeliveryState::dead) ++counters_.dead;
    else if (outcome.kind == OutcomeKind::hold) ++counters_.held;
    else ++counters_.retried;
    std::initializer_list<LogField> fields = {{"delivery", std::to_string(delivery.id)},
                                              {"destination", delivery.destination},
                                              {"rule", name_of(delivery)},
                                              {"note", outcome.note}};
    if (state == DeliveryState::dead) log_warning("delivery given up", fields);
    else if (outcome.kind == OutcomeKind::hold) log_warning("destination held", fields);
    else if (state == DeliveryState::pending) log_info("delivery will be tried again", fields);
    else log_debug("delivery done", fields);
}

void Dispatcher::ended(std::uint64_t id, std::int64_t started_ms, std::int64_t started_mono_ms,
                       Outcome outcome, Json exchanges) {
    Waiting& waiting = waiting_.find(id)->second;
    Delivery& delivery = waiting.delivery;
    std::int64_t now = parts_.clock.monotonic_ms();
    delivery::Report report;
    report.kind = outcome.kind;
    report.after_ms = outcome.after_ms;
    report.destination_fault = outcome.destination_fault;
    auto decision = scheduler_.finished(id, report, now, parts_.random.next_u64());
    count(delivery, outcome, decision.state);

    store::Settlement settlement;
    settlement.delivery_id = id;
    settlement.state = decision.state;
    settlement.attempts = decision.attempts;
    // Doubt about an earlier attempt ends only with an answer that settles the delivery.
    settlement.uncertain = decision.state == DeliveryState::pending &&
                           (outcome.uncertain || delivery.uncertain);
    settlement.note = outcome.note;
    if (decision.state == DeliveryState::pending)
        settlement.not_before_ms = parts_.clock.wall_ms() + decision.wait_ms;
    Attempt attempt;
    attempt.delivery_id = id;
    attempt.number = delivery.attempts + 1;
    attempt.started_ms = started_ms;
    attempt.duration_ms = now - started_mono_ms;
    attempt.outcome = outcome.kind;
    attempt.note = outcome.note;
    attempt.exchanges = std::move(exchanges);
    settlement.attempt = std::move(attempt);
    for (auto& link : outcome.links) {
        link.destination = delivery.destination;
        link.updated_ms = parts_.clock.wall_ms();
    }
    for (auto& unlink : outcome.unlinks) unlink.destination = delivery.destination;
    settlement.links = std::move(outcome.links);
    settlement.unlinks = std::move(outcome.unlinks);
    if (waiting.event)
        settlement.emitted = accepts_of(delivery, *waiting.event, std::move(outcome.emitted));
    delivery.attempts = decision.attempts;
    delivery.uncertain = settlement.uncertain;

    std::uint32_t destination = index_.find(delivery.destination)->second;
    parts_.sink.settle(std::move(settlement), [this, id, destination, state = decision.state](bool) {
        parts_.loop.post([this, id, destination, state] { settled(id, destination, state); });
    });
    pump();
}

void Dispatcher::settled(std::uint64_t id, std::uint32_t destination, DeliveryState state) {
    scheduler_.settled(id);
    if (state != DeliveryState::pending) {
        forget(id);
    } else if (auto found = waiting_.find(id); found->second.cached_bytes == 0) {
        found->second.event.reset();   // read for the attempt alone
    }
    if (windows_[destination].backlog && scheduler_.size(destination) < limits::window_refill_below)
        refill(destination);
    pump();
}

void Dispatcher::drain(std::function<void()> idle) {
    draining_ = true;
    idle_ = std::move(idle);
    pump();
}

Json Dispatcher::counters() const {
    Json made = Json::object();
    made.set("delivered", counters_.delivered.load());
    made.set("skipped", counters_.skipped.load());
    made.set("retried", counters_.retried.load());
    made.set("dead", counters_.dead.load());
    made.set("held", counters_.held.load());
    return made;
}

}  // namespace syncline
