// An event: one thing that happened, immutable once stored. Plain data.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/sdk/json.hpp"

namespace syncline {

/// Whether the payload is still there, or which care of the store has removed it.
enum class PayloadState { kept, expired, forgotten };

/// "kept", "expired", "forgotten".
std::string_view payload_state_name(PayloadState state);

/// CloudEvents' attributes, the source's own, and the event as it came.
struct Event {
    std::uint64_t seq = 0;         // the store's order; 0 until stored
    std::string id;                // ours: a UUID version 7
    std::string source;            // configured name
    std::string type;              // "record.created"
    std::string subject;           // id of the thing that the event is about
    std::optional<std::int64_t> time_ms;  // when it happened, if the source says so
    std::int64_t received_ms = 0;
    Json attributes = Json::object();     // the source's own: object, record_id, actor.type …
    std::string payload;           // the event's own bytes, never re-serialised
    PayloadState payload_state = PayloadState::kept;   // others: `payload` is empty
    std::string content_type = "application/json";
    std::uint32_t hops = 0;        // how many events of ours led to this one

    Event() = default;

    /// What patterns and templates see: id, source, type, subject, time, received, each attribute
    /// at the top level, and `data`, the payload as JSON (null when it is none). Leave `data` out
    /// where nothing reads it: parsing the payload is most of the cost.
    Json view(bool with_data = true) const;
    /// What connectors see (syncline_plugin.h, "event"): attributes nested, without the payload.
    Json message() const;
};

using EventPtr = std::shared_ptr<const Event>;  // receiver, store and delivery end independently

}  // namespace syncline
