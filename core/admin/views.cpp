// The JSON forms of views.hpp. Member order is the order in which people read.
#include "core/admin/views.hpp"

#include "core/base/text.hpp"

namespace syncline {
namespace {

Json event_head(const Event& event) {
    Json made = event.message();
    made.set("seq", event.seq);
    return made;
}

}  // namespace

Json event_row_json(const store::EventRow& row) {
    Json made = event_head(row.event);
    made.set("deliveries", row.deliveries);
    made.set("pending", row.pending);
    made.set("dead", row.dead);
    return made;
}

Json event_json(const Event& event) {
    Json made = event_head(event);
    if (event.payload_state != PayloadState::kept)
        made.set("payload_removed", payload_state_name(event.payload_state));
    else if (auto data = Json::parse(event.payload)) made.set("data", std::move(*data));
    else made.set("payload", event.payload);
    return made;
}

Json delivery_row_json(const store::DeliveryRow& row) {
    const Delivery& delivery = row.delivery;
    Json made = Json::object();
    made.set("id", delivery.id);
    made.set("state", delivery_state_name(delivery.state));
    made.set("kind", delivery.kind == DeliveryKind::derive ? "derive" : "action");
    made.set("rule", delivery.rule);
    made.set("send", delivery.send);
    made.set("destination", delivery.destination);
    made.set("action", delivery.action);
    made.set("lane", delivery.lane);
    made.set("attempts", delivery.attempts);
    made.set("created", format_time(delivery.created_ms));
    if (delivery.not_before_ms > 0) made.set("not_before", format_time(delivery.not_before_ms));
    made.set("uncertain", delivery.uncertain);
    if (delivery.parent != 0) made.set("replay_of", delivery.parent);
    made.set("note", delivery.note);
    Json event = Json::object();
    event.set("id", row.event_id);
    event.set("type", row.event_type);
    event.set("source", row.event_source);
    event.set("subject", row.event_subject);
    made.set("event", std::move(event));
    return made;
}

Json attempt_json(const Attempt& attempt) {
    Json made = Json::object();
    made.set("delivery", attempt.delivery_id);
    made.set("number", attempt.number);
    made.set("started", format_time(attempt.started_ms));
    made.set("duration_ms", attempt.duration_ms);
    made.set("outcome", outcome_kind_name(attempt.outcome));
    made.set("note", attempt.note);
    made.set("exchanges", attempt.exchanges);
    return made;
}

}  // namespace syncline
