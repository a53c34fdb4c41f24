// The delivery thread's logic: which pending deliveries are in memory, when each is attempted, and
// what its outcome makes durable. The decisions are the scheduler's; this class moves values between
// it, the store and the attempts.
//
// The window: of each destination the oldest pending deliveries are in memory, up to a bound; the
// rest waits in the store and is read, in order, when there is room. A lane has a bound of its own, so
// that a hot key does not fill the window of its destination. Everything here belongs to the loop's
// thread, but for what says "any thread".
//
// dispatcher.cpp: the window. dispatcher_attempts.cpp: attempts and settlements.
// dispatcher_orders.cpp: what a person orders.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/random.hpp"
#include "core/config/config.hpp"
#include "core/delivery/scheduler.hpp"
#include "core/runtime/attempt.hpp"
#include "core/runtime/hub_events.hpp"
#include "core/runtime/loop.hpp"
#include "core/runtime/router.hpp"
#include "core/store/store.hpp"

namespace syncline {

/// Where settlements go. The real one is the store's thread.
class SettlementSink {
public:
    virtual ~SettlementSink() = default;
    /// Makes `write` durable, whatever it takes; then calls `done` on any thread.
    virtual void settle(store::Write write, std::function<void(bool durable)> done) = 0;
};

class Dispatcher {
public:
    struct Parts {
        const config::HubConfig& config;
        const Router& router;
        AttemptRunner& attempts;
        store::Reader& reader;
        SettlementSink& sink;
        Loop& loop;
        const Clock& clock;
        Random& random;
    };
    explicit Dispatcher(Parts parts);
    ~Dispatcher();

    /// Reads what was pending when the hub last ended. Before the loop runs.
    Result<void> load();
    /// New deliveries, committed. Any thread; in the order of their ids.
    void offer(std::vector<store::StoredEvent> stored);
    /// Reads again, behind what is in memory, what the store holds: after it failed and recovered.
    /// Any thread.
    void reload();
    /// Starts no more attempts; calls `idle` when the last one is settled.
    void drain(std::function<void()> idle);
    /// Counters of deliveries by what became of them. Any thread.
    Json counters() const;

    // --- What a person ordered, once it is committed. Any thread; `done` on the loop's. ---

    using Done = std::function<void()>;
    /// Those in the window leave it; those under way end with their attempt.
    void cancelled(std::vector<std::uint64_t> ids, Done done);
    void hurried(std::vector<std::uint64_t> ids, Done done);
    void held(store::Hold hold, Done done);
    void released(std::string destination, Done done);
    /// Destinations in the order of the configuration: hold, breaker, window.
    void describe(std::function<void(Json)> done);

private:
    struct Waiting {
        Delivery delivery;
        EventPtr event;                    // empty: read from the store when it starts
        std::size_t cached_bytes = 0;      // of it, as counted against the bound of the window
    };
    struct Window {
        std::string name;
        std::uint64_t tail = 0;            // all pending ids up to here are in the window or spilled
        bool backlog = false;              // the store may hold pending ids beyond it
        bool refilling = false;            // a further page, or another try, is planned
        /// Lanes with pending ids in the store between this one and the tail.
        std::map<std::string, std::uint64_t> spilled;
        std::int64_t expire_ms = 0;
        std::optional<store::Hold> by_hand;
        std::optional<store::Hold> by_answer;
    };
    struct Counters {
        std::atomic<std::uint64_t> delivered{0}, skipped{0}, retried{0}, dead{0}, held{0},
            cancelled{0};
    };
    struct Started {
        std::int64_t wall_ms = 0;
        std::int64_t monotonic_ms = 0;
    };

    // The window.
    Result<void> load_holds();
    Result<void> hold_lanes(const config::RuleConfig& rule);
    void take(const store::StoredEvent& stored);
    bool take_in(std::uint32_t destination, Delivery delivery, EventPtr event);
    void add(Delivery delivery, EventPtr event);
    delivery::Ticket ticket_for(const Delivery& delivery) const;
    std::int64_t until_expiry_ms(const Window& window, const Delivery& delivery) const;
    void refill(std::uint32_t destination);
    void refill_in(std::int64_t ms, std::uint32_t destination);
    void refill_lane(std::uint32_t destination, const std::string& lane);
    void left(std::uint32_t destination, const std::string& lane);
    void forget(std::uint64_t id);
    Result<EventPtr> event_of(const Waiting& waiting);
    std::uint32_t index_of(const Delivery& delivery) const {
        return index_.find(delivery.destination)->second;
    }

    // Attempts.
    void pump();
    void pump_once();
    void plan_wake();
    void begin(std::vector<std::uint64_t> batch);
    void attempt(const std::vector<std::uint64_t>& batch);
    void event_is_gone(std::uint64_t id, const Started& started, const Error& error);
    void ended(std::uint64_t id, const Started& started, Outcome outcome, Json exchanges);
    void settle_outcome(Waiting& waiting, const Started& started, Outcome outcome,
                        const delivery::Decision& decision, Json exchanges);
    void settled(std::uint64_t id, std::uint32_t destination);
    void supersede(std::uint64_t stale, std::uint64_t by);
    void expire(std::uint64_t id);
    void count(const Delivery& delivery, const Outcome& outcome, DeliveryState state);
    void add_hub_events(const Delivery& delivery, const Event* cause,
                        const delivery::Decision& decision, store::Settlement& settlement);
    std::vector<store::Accept> accepts_of(const Delivery& delivery, const Event& parent,
                                          std::vector<Emitted> emitted);

    // Orders.
    void cancel_one(std::uint64_t id);
    Json describe_one(std::uint32_t destination) const;

    Parts parts_;
    HubEvents hub_events_;
    std::map<std::string, std::uint32_t, std::less<>> index_;
    std::vector<Window> windows_;
    delivery::Scheduler scheduler_;
    std::unordered_map<std::uint64_t, Waiting> waiting_;
    std::size_t cached_bytes_ = 0;
    std::int64_t wake_at_ms_ = -1;         // monotonic; -1: none planned
    bool pumping_ = false;
    bool pump_again_ = false;
    bool draining_ = false;
    std::function<void()> idle_;
    Counters counters_;
};

}  // namespace syncline
