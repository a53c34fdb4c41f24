// Column positions follow the lists in rows.hpp.
#include "core/store/sqlite/rows.hpp"

#include <string>
#include <utility>

namespace syncline::store {
namespace {

Error senseless(std::string_view what, std::uint64_t id) {
    return Error(ErrorCode::corrupt, "the database is damaged: " + std::string(what) + " " +
                                         std::to_string(id) + " cannot be read");
}

/// Deeper than what the hub takes in (64), because the value may stand inside one of ours.
std::optional<Json> parse_stored(std::string_view text) {
    JsonLimits limits;
    limits.depth_max = 128;
    return Json::parse(text, nullptr, limits);
}

}  // namespace

std::string_view delivery_kind_name(DeliveryKind kind) {
    return kind == DeliveryKind::derive ? "derive" : "action";
}

Result<Delivery> read_delivery(const Stmt& row, int first) {
    Delivery delivery;
    delivery.id = row.number(first);
    delivery.event_seq = row.number(first + 1);
    auto kind = row.text(first + 2);
    delivery.kind = kind == "derive" ? DeliveryKind::derive : DeliveryKind::action;
    delivery.rule = row.text(first + 3);
    delivery.send = static_cast<std::uint32_t>(row.integer(first + 4));
    delivery.destination = row.text(first + 5);
    delivery.action = row.text(first + 6);
    delivery.lane = row.text(first + 7);
    auto state = delivery_state_from(row.text(first + 8));
    if (!state || kind != delivery_kind_name(delivery.kind))
        return senseless("delivery", delivery.id);
    delivery.state = *state;
    delivery.attempts = static_cast<std::uint32_t>(row.integer(first + 9));
    delivery.created_ms = row.integer(first + 10);
    delivery.not_before_ms = row.integer(first + 11);
    delivery.uncertain = row.integer(first + 12) != 0;
    delivery.parent = row.number(first + 13);
    delivery.note = row.text(first + 14);
    return delivery;
}

Result<Event> read_event(const Stmt& row, int first) {
    Event event;
    event.seq = row.number(first);
    event.id = row.text(first + 1);
    event.source = row.text(first + 2);
    event.type = row.text(first + 3);
    event.subject = row.text(first + 4);
    if (!row.is_null(first + 5)) event.time_ms = row.integer(first + 5);
    event.received_ms = row.integer(first + 6);
    auto attributes = parse_stored(row.text(first + 7));
    if (!attributes) return senseless("event", event.seq);
    event.attributes = std::move(*attributes);
    event.content_type = row.text(first + 8);
    event.hops = static_cast<std::uint32_t>(row.integer(first + 9));
    auto state = read_payload_state(row, first + 10);
    if (!state) return senseless("event", event.seq);
    event.payload_state = *state;
    event.payload = row.blob(first + 11);
    return event;
}

Result<PayloadState> read_payload_state(const Stmt& row, int column) {
    auto number = row.integer(column);
    if (number < 0 || number > static_cast<int>(PayloadState::forgotten))
        return Error(ErrorCode::corrupt, "the database is damaged: payload state " +
                                             std::to_string(number));
    return static_cast<PayloadState>(number);
}

Result<Attempt> read_attempt(const Stmt& row) {
    Attempt attempt;
    attempt.delivery_id = row.number(0);
    attempt.number = static_cast<std::uint32_t>(row.integer(1));
    attempt.started_ms = row.integer(2);
    attempt.duration_ms = row.integer(3);
    auto outcome = outcome_kind_from(row.text(4));
    auto exchanges = parse_stored(row.text(6));
    if (!outcome || !exchanges) return senseless("an attempt of delivery", attempt.delivery_id);
    attempt.outcome = *outcome;
    attempt.note = row.text(5);
    attempt.exchanges = std::move(*exchanges);
    return attempt;
}

}  // namespace syncline::store
