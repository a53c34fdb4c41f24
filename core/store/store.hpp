// The store's interface: what must be durable, and how it is asked. sqlite/ implements it.
//
// One writer applies batches; a batch is one transaction and one sync. Everything that must hold
// together travels in one item: an accepted event with its dedupe key and its deliveries; a
// settlement with its links and the events that came of it. Nothing here assumes one process or one
// writer: an implementation may give ids out from a sequence and claim deliveries for itself.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/result.hpp"
#include "core/model/delivery.hpp"
#include "core/model/event.hpp"

namespace syncline::store {

/// One event to keep. `event` and `deliveries` get their ids at commit.
struct Accept {
    std::string dedupe_key;                // (event.source, dedupe_key) inside the window is a repeat
    std::shared_ptr<Event> event;
    std::vector<Delivery> deliveries;      // may be empty: an event that no rule matched
    Accept() = default;
};

/// A request's events: all or none (a repeat counts as kept). Answered only after the commit.
struct AcceptRequest {
    std::vector<Accept> accepts;
    AcceptRequest() = default;
};

/// That an attempt is about to begin: written before a non-idempotent one, so that a crash leaves
/// the delivery `uncertain`.
struct MarkStarted {
    std::uint64_t delivery_id = 0;
};

/// A destination stops being called, or is called again. A release by hand ends both kinds of hold.
struct HoldChange {
    std::string destination;
    bool by_hand = false;                  // else by what the destination answered
    bool held = true;                      // false: released
    std::string reason;
    std::int64_t since_ms = 0;             // 0: the time of the commit
    std::vector<Accept> emitted;           // as in a settlement
    HoldChange() = default;
};

/// Ends deliveries that wait or were given up, because a person says so; others are passed over. One
/// that is under way stays cancelled, unless its settlement says `delivered`: then that is the truth.
struct Cancel {
    std::vector<std::uint64_t> delivery_ids;
    std::string note;
};

/// Lets waiting deliveries be tried at once (not_before_ms becomes 0); others are passed over.
struct RetryNow {
    std::vector<std::uint64_t> delivery_ids;
};

/// What a finished attempt changes.
struct Settlement {
    std::uint64_t delivery_id = 0;
    DeliveryState state = DeliveryState::pending;   // pending: to be tried again at not_before_ms
    std::uint32_t attempts = 0;                     // the new count
    std::int64_t not_before_ms = 0;
    bool uncertain = false;
    std::string note;
    std::optional<Attempt> attempt;                 // gets the next free number if its own is taken
    std::vector<Link> links;
    std::vector<LinkKey> unlinks;
    std::vector<Accept> emitted;                    // deduped like received ones
    std::optional<HoldChange> hold;                 // of its destination, that came of the attempt
    Settlement() = default;
};

/// Makes new deliveries that repeat old ones (each names its parent). Refused with
/// ErrorCode::not_found when the payload of one of them is gone.
struct Replay {
    std::vector<std::uint64_t> delivery_ids;
};

/// Takes what may identify a person out of the events about `subject`: payload, attributes, the
/// subject itself; notes and lanes of their deliveries; attempts; and when no such event is left,
/// links from `subject`. Rows and dedupe keys stay. Events with a pending delivery are passed over.
/// At most `events_max` a write, so that a commit stays short: repeat it until nothing is forgotten.
struct Forget {
    std::string subject;
    std::size_t events_max = 100;
};

using Write = std::variant<AcceptRequest, MarkStarted, Settlement, Replay, Cancel, RetryNow,
                           HoldChange, Forget>;

/// What a write came to. For AcceptRequest: how many were repeats. For Forget: how many events were
/// rid of what identifies, and links removed. `stored` holds the events that were new, with their
/// deliveries and ids (also those of Replay), to be handed to delivery.
struct StoredEvent {
    EventPtr event;
    std::vector<Delivery> deliveries;
};
struct WriteResult {
    std::size_t duplicates = 0;
    std::size_t forgotten = 0;
    std::vector<StoredEvent> stored;
    std::vector<std::uint64_t> changed;    // of Cancel and RetryNow: the deliveries that they changed
};

/// The filter words that CLI, API and replay share. Empty members do not filter.
struct Filter {
    std::string type;
    std::string source;
    std::string rule;
    std::string destination;
    std::string state;        // of deliveries; for events: "unmatched" lists those without any
    std::string subject;
    std::string event_id;
    std::int64_t since_ms = 0;
    std::int64_t until_ms = 0;// only what is older than this; 0: no bound
    std::uint64_t before = 0; // page: only ids below this one; 0: from the newest
    std::uint64_t id = 0;     // one delivery
    std::size_t limit = 50;
    Filter() = default;
};

struct EventRow {
    Event event;
    std::size_t deliveries = 0;
    std::size_t pending = 0;
    std::size_t dead = 0;
};

struct DeliveryRow {
    Delivery delivery;
    std::string event_id;
    std::string event_type;
    std::string event_source;
    std::string event_subject;
    PayloadState payload_state = PayloadState::kept;   // gone: the delivery cannot be repeated
};

/// Why nothing of a replay is left: all of the `count` deliveries that it selects have lost theirs.
Error payload_gone(std::size_t count);

/// A destination that is not called, and why.
struct Hold {
    std::string destination;
    bool by_hand = false;
    std::string reason;
    std::int64_t since_ms = 0;
    Hold() = default;
};

/// Reading side: its own connection, so a reader never waits for the writer. One thread an object.
class Reader {
public:
    virtual ~Reader() = default;
    /// Pending deliveries of one destination with id > after, in id order: the delivery window.
    virtual Result<std::vector<Delivery>> pending(std::string_view destination,
                                                  std::uint64_t after_id, std::size_t limit) = 0;
    /// Those of one lane with after < id <= last, in id order.
    virtual Result<std::vector<Delivery>> pending_in_lane(std::string_view destination,
                                                          std::string_view lane,
                                                          std::uint64_t after_id,
                                                          std::uint64_t last_id,
                                                          std::size_t limit) = 0;
    /// Names of destinations that have pending deliveries.
    virtual Result<std::vector<std::string>> pending_destinations() = 0;
    virtual Result<std::optional<Event>> event(std::uint64_t seq) = 0;
    virtual Result<std::optional<Link>> link(std::string_view destination, std::string_view kind,
                                             std::string_view source_id) = 0;
    /// Newest first.
    virtual Result<std::vector<EventRow>> events(const Filter& filter) = 0;
    virtual Result<std::vector<DeliveryRow>> deliveries(const Filter& filter) = 0;
    virtual Result<std::vector<Attempt>> attempts(std::uint64_t delivery_id) = 0;
    /// By destination.
    virtual Result<std::vector<Hold>> holds() = 0;
    /// Counts by "accepted events", and deliveries by state name.
    virtual Result<std::vector<std::pair<std::string, std::uint64_t>>> counts() = 0;
};

/// Writing side: owned by one thread, the only read-write access of this process.
class Writer {
public:
    virtual ~Writer() = default;
    /// Applies all writes in one durable transaction. On an error nothing of the batch is kept, and
    /// the caller answers 503. A result for each write, in order.
    virtual Result<std::vector<WriteResult>> commit(const std::vector<Write*>& writes,
                                                    std::int64_t now_ms) = 0;
    /// Work for idle moments: checkpoint, retention, free pages. Bounded to a few milliseconds a
    /// call; true when there is more to do.
    virtual Result<bool> idle(std::int64_t now_ms) = 0;
    /// After a failed commit: closes, reopens, checks. Until it succeeds nothing may be accepted.
    virtual Result<void> recover() = 0;
};

class Store {
public:
    virtual ~Store() = default;
    virtual Result<std::unique_ptr<Writer>> open_writer() = 0;
    virtual Result<std::unique_ptr<Reader>> open_reader() = 0;
};

}  // namespace syncline::store
