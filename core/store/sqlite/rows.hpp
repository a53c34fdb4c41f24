// Rows as model values: the column lists that queries select, and the functions that read them from
// `first` on. A row that does not make sense is ErrorCode::corrupt, never a guess.
#pragma once

#include <array>
#include <string_view>

#include "core/base/result.hpp"
#include "core/model/delivery.hpp"
#include "core/model/event.hpp"
#include "core/store/sqlite/db.hpp"

namespace syncline::store {

/// Of table deliveries as `d`.
inline constexpr std::string_view delivery_columns =
    "d.id, d.event_seq, d.kind, d.rule, d.send, d.destination, d.action, d.lane, d.state, "
    "d.attempts, d.created_ms, d.not_before_ms, d.uncertain, d.parent, d.note";
inline constexpr int delivery_column_count = 15;
Result<Delivery> read_delivery(const Stmt& row, int first);

/// Of table events as `e`.
inline constexpr std::string_view event_columns =
    "e.seq, e.id, e.source, e.type, e.subject, e.time_ms, e.received_ms, e.attributes, "
    "e.content_type, e.hops, e.payload_state, e.payload";
Result<Event> read_event(const Stmt& row, int first);
/// ErrorCode::corrupt when the number names no state.
Result<PayloadState> read_payload_state(const Stmt& row, int column);

inline constexpr std::string_view attempt_columns =
    "delivery_id, number, started_ms, duration_ms, outcome, note, exchanges";
Result<Attempt> read_attempt(const Stmt& row);

/// Rows of table counters: accepted events since the file was made, then deliveries by state.
inline constexpr std::string_view accepted_counter = "accepted events";
inline constexpr std::array<std::string_view, 6> counter_names = {
    accepted_counter, "pending", "delivered", "skipped", "dead", "cancelled"};

/// The stable spelling in the database.
std::string_view delivery_kind_name(DeliveryKind kind);

}  // namespace syncline::store
