// Attempts: started when the scheduler says so, settled by what came of them. A settlement holds all
// that must become durable together: state, attempt, links, events, and the hold of a destination.
#include <algorithm>

#include "core/base/hash.hpp"
#include "core/base/limits.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/runtime/dispatcher.hpp"

namespace syncline {
namespace {

std::string name_of(const Delivery& delivery) {
    return delivery.rule.empty() ? delivery.action : delivery.rule;
}

}  // namespace

// --- Starting ------------------------------------------------------------------------------------

/// An attempt that ends at once pumps while the others are being started: that is done after them, not
/// inside.
void Dispatcher::pump() {
    if (pumping_) {
        pump_again_ = true;
        return;
    }
    pumping_ = true;
    do {
        pump_again_ = false;
        pump_once();
    } while (pump_again_);
    pumping_ = false;
}

void Dispatcher::pump_once() {
    if (draining_) {
        if (idle_ && scheduler_.running() == 0 && scheduler_.settling() == 0)
            std::exchange(idle_, nullptr)();
        return;
    }
    std::vector<std::uint64_t> started;
    if (scheduler_.settling() < limits::settling_max)
        scheduler_.start_due(parts_.clock.monotonic_ms(), started);
    for (auto id : scheduler_.take_expired()) expire(id);
    for (auto first = started.begin(); first != started.end();) {
        auto end = std::find_if(first + 1, started.end(),
                                [this](auto id) { return !scheduler_.rides(id); });
        begin(std::vector<std::uint64_t>(first, end));
        first = end;
    }
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
void Dispatcher::begin(std::vector<std::uint64_t> batch) {
    const Delivery& first = waiting_.find(batch.front())->second.delivery;
    if (parts_.attempts.idempotent(first)) return attempt(batch);
    auto shared = std::make_shared<const std::vector<std::uint64_t>>(std::move(batch));
    auto unmarked = std::make_shared<std::size_t>(shared->size());
    for (auto id : *shared) {
        store::MarkStarted mark;
        mark.delivery_id = id;
        parts_.sink.settle(mark, [this, shared, unmarked](bool) {
            parts_.loop.post([this, shared, unmarked] {
                if (--*unmarked == 0) attempt(*shared);
            });
        });
    }
}

void Dispatcher::attempt(const std::vector<std::uint64_t>& batch) {
    const Started started{parts_.clock.wall_ms(), parts_.clock.monotonic_ms()};
    std::vector<AttemptRunner::Work> works;
    for (auto id : batch) {
        Waiting& waiting = waiting_.find(id)->second;
        auto event = event_of(waiting);
        if (!event) {
            event_is_gone(id, started, event.error());
            continue;
        }
        waiting.event = *event;   // the outcome may refer to it
        AttemptRunner::Work work;
        work.delivery = &waiting.delivery;
        work.event = std::move(*event);
        work.done = [this, id, started](Outcome outcome, Json exchanges) {
            ended(id, started, std::move(outcome), std::move(exchanges));
        };
        works.push_back(std::move(work));
    }
    if (!works.empty()) parts_.attempts.run(std::move(works));
}

void Dispatcher::event_is_gone(std::uint64_t id, const Started& started, const Error& error) {
    bool gone = error.code == ErrorCode::not_found;
    Outcome outcome(gone ? OutcomeKind::reject : OutcomeKind::retry, error.text());
    outcome.destination_called = false;
    parts_.loop.post([this, id, started, outcome] { ended(id, started, outcome, Json::array()); });
}

// --- Ending --------------------------------------------------------------------------------------

void Dispatcher::ended(std::uint64_t id, const Started& started, Outcome outcome, Json exchanges) {
    Waiting& waiting = waiting_.find(id)->second;
    delivery::Report report;
    report.kind = outcome.kind;
    report.after_ms = outcome.after_ms;
    report.destination_fault = outcome.destination_fault;
    report.destination_called = outcome.destination_called;
    report.limit = outcome.limit;
    auto decision = scheduler_.finished(id, report, parts_.clock.monotonic_ms(),
                                        parts_.random.next_u64());
    count(waiting.delivery, outcome, decision.state);
    settle_outcome(waiting, started, std::move(outcome), decision, std::move(exchanges));
    pump();
}

void Dispatcher::settle_outcome(Waiting& waiting, const Started& started, Outcome outcome,
                                const delivery::Decision& decision, Json exchanges) {
    Delivery& delivery = waiting.delivery;
    store::Settlement settlement;
    settlement.delivery_id = delivery.id;
    settlement.state = decision.state;
    settlement.attempts = decision.attempts;
    // Doubt about an earlier attempt ends only with an answer that settles the delivery.
    settlement.uncertain = decision.state == DeliveryState::pending &&
                           (outcome.uncertain || delivery.uncertain);
    settlement.note = outcome.note;
    if (decision.state == DeliveryState::pending)
        settlement.not_before_ms = parts_.clock.wall_ms() + decision.wait_ms;
    Attempt attempt;
    attempt.delivery_id = delivery.id;
    attempt.number = delivery.attempts + 1;
    attempt.started_ms = started.wall_ms;
    attempt.duration_ms = parts_.clock.monotonic_ms() - started.monotonic_ms;
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
    delivery.note = settlement.note;
    add_hub_events(delivery, waiting.event.get(), decision, settlement);

    std::uint64_t id = delivery.id;
    std::uint32_t destination = index_of(delivery);
    parts_.sink.settle(std::move(settlement), [this, id, destination](bool) {
        parts_.loop.post([this, id, destination] { settled(id, destination); });
    });
}

/// What the decision means to people is told in the same commit.
void Dispatcher::add_hub_events(const Delivery& delivery, const Event* cause,
                                const delivery::Decision& decision,
                                store::Settlement& settlement) {
    auto tell = [&](std::optional<store::Accept> told) {
        if (told) settlement.emitted.push_back(std::move(*told));
    };
    if (decision.state == DeliveryState::dead && cause)
        tell(hub_events_.dead(delivery, *cause, settlement.note));
    if (!decision.hold_began && !decision.hold_ended) return;
    store::HoldChange change;
    change.destination = delivery.destination;
    change.held = decision.hold_began;
    change.reason = settlement.note;
    change.since_ms = parts_.clock.wall_ms();
    Window& window = windows_[index_of(delivery)];
    window.by_answer.reset();
    if (decision.hold_began) {
        window.by_answer.emplace();
        window.by_answer->destination = change.destination;
        window.by_answer->reason = change.reason;
        window.by_answer->since_ms = change.since_ms;
        if (cause) tell(hub_events_.held(delivery.destination, settlement.note, cause));
    } else {
        log_info("destination recovered", {{"destination", delivery.destination}});
        if (cause) tell(hub_events_.recovered(delivery.destination, cause));
    }
    settlement.hold = std::move(change);
}

std::vector<store::Accept> Dispatcher::accepts_of(const Delivery& delivery, const Event& parent,
                                                  std::vector<Emitted> emitted) {
    std::vector<store::Accept> accepts;
    if (emitted.empty()) return accepts;
    if (parent.hops + 1 > limits::hops_max) {
        log_warning("an event is not followed any further: too many led to it",
                    {{"event", parent.id}, {"hops", std::to_string(parent.hops)}});
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
    else if (state == DeliveryState::cancelled) ++counters_.cancelled;
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

void Dispatcher::settled(std::uint64_t id, std::uint32_t destination) {
    bool ends = scheduler_.ends_when_settled(id);
    scheduler_.settled(id);
    auto found = waiting_.find(id);
    if (ends) {
        std::string lane = found->second.delivery.lane;
        forget(id);
        left(destination, lane);
    } else if (found->second.cached_bytes == 0) {
        found->second.event.reset();   // read for the attempt alone
    }
    pump();
}

// --- Ends without an attempt ---------------------------------------------------------------------

/// Its settlement is queued before any of its successor's: the order in the store is that in the lane.
void Dispatcher::supersede(std::uint64_t stale, std::uint64_t by) {
    store::Settlement settlement;
    settlement.delivery_id = stale;
    settlement.state = DeliveryState::skipped;
    settlement.attempts = waiting_.find(stale)->second.delivery.attempts;
    settlement.note = "superseded by delivery " + std::to_string(by);
    forget(stale);
    ++counters_.skipped;
    parts_.sink.settle(std::move(settlement), [](bool) {});
}

void Dispatcher::expire(std::uint64_t id) {
    Waiting& waiting = waiting_.find(id)->second;
    Delivery& delivery = waiting.delivery;
    std::uint32_t destination = index_of(delivery);
    store::Settlement settlement;
    settlement.delivery_id = id;
    settlement.state = DeliveryState::dead;
    settlement.attempts = delivery.attempts;
    settlement.note = "expired: not delivered within " +
                      format_duration(windows_[destination].expire_ms);
    if (!delivery.note.empty()) settlement.note += "; last: " + delivery.note;
    Outcome outcome(OutcomeKind::reject, settlement.note);
    count(delivery, outcome, DeliveryState::dead);
    if (auto event = event_of(waiting))
        if (auto told = hub_events_.dead(delivery, **event, settlement.note))
            settlement.emitted.push_back(std::move(*told));
    std::string lane = delivery.lane;
    forget(id);
    parts_.sink.settle(std::move(settlement), [](bool) {});
    left(destination, lane);
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
    made.set("cancelled", counters_.cancelled.load());
    return made;
}

}  // namespace syncline
