// A delivery (one event × one rule × one of its sends), its states, and what an attempt came to.
// Plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/sdk/json.hpp"

namespace syncline {

/// `running` is a state of memory only: a delivery found `pending` with `uncertain` set after a
/// crash was under way.
enum class DeliveryState { pending, delivered, skipped, dead, cancelled };

std::string_view delivery_state_name(DeliveryState state);
std::optional<DeliveryState> delivery_state_from(std::string_view name);

/// What a delivery does. Derivations of a source ride the same queue, so they get the same
/// durability, order and retries.
enum class DeliveryKind { action, derive };

struct Delivery {
    std::uint64_t id = 0;            // the store's; rises with time; 0 until stored
    std::uint64_t event_seq = 0;
    DeliveryKind kind = DeliveryKind::action;
    std::string rule;                // name; empty for a derivation
    std::uint32_t send = 0;          // index in the rule's list
    std::string destination;         // configured name (the source's, for a derivation)
    std::string action;
    std::string lane;                // ordering key; empty: unordered
    DeliveryState state = DeliveryState::pending;
    std::uint32_t attempts = 0;      // finished ones
    std::int64_t created_ms = 0;
    std::int64_t not_before_ms = 0;  // wall time; 0: at once
    bool uncertain = false;          // an attempt began and its end was never recorded
    std::uint64_t parent = 0;        // of a replay: the delivery it repeats
    std::string note;                // the last attempt's, for people

    Delivery() = default;
};

enum class OutcomeKind { delivered, skipped, retry, reject, hold };

std::string_view outcome_kind_name(OutcomeKind kind);
std::optional<OutcomeKind> outcome_kind_from(std::string_view name);

/// A remembered pair (source id ↔ id at the destination).
struct Link {
    std::string destination;
    std::string kind;
    std::string source_id;
    std::string id;
    std::string url;
    std::string hash;
    std::int64_t updated_ms = 0;
    Link() = default;
};

struct LinkKey {
    std::string destination;
    std::string kind;
    std::string source_id;
    LinkKey() = default;
};

/// An event that a connector made from another: becomes an Event of the same source.
struct Emitted {
    std::string key;
    std::string type;
    std::string subject;
    Json attributes = Json::object();
    Json data;
    Emitted() = default;
};

/// What a destination says of its own limit: so many more calls, until so long from now.
struct RateLimit {
    std::int64_t remaining = 0;
    std::int64_t reset_ms = 0;
};

/// What an attempt came to, as the connector said it or the host found it.
struct Outcome {
    OutcomeKind kind = OutcomeKind::retry;
    std::string note;                        // one sentence, secrets removed
    std::optional<std::int64_t> after_ms;    // retry: not before that long from now
    std::vector<Link> links;
    std::vector<LinkKey> unlinks;
    std::vector<Emitted> emitted;
    std::optional<Json> document;            // of a fetch
    std::optional<RateLimit> limit;          // as the last answer named it
    /// False when it came about without a word from the destination (skipped, a read that failed).
    bool destination_called = true;
    /// The failure lies with the destination, not with this delivery: feeds the breaker.
    bool destination_fault = false;
    /// The attempt may have had its effect though it failed: the next one is told.
    bool uncertain = false;

    Outcome() = default;
    Outcome(OutcomeKind kind_in, std::string note_in) : kind(kind_in), note(std::move(note_in)) {}
};

/// One try of a delivery, as kept for people.
struct Attempt {
    std::uint64_t delivery_id = 0;
    std::uint32_t number = 0;                // from 1
    std::int64_t started_ms = 0;
    std::int64_t duration_ms = 0;
    OutcomeKind outcome = OutcomeKind::retry;
    std::string note;
    Json exchanges = Json::array();          // [{method, url, status | error, ms}], secrets removed
    Attempt() = default;
};

}  // namespace syncline
