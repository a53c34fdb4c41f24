// The delivery thread's logic: which pending deliveries are in memory, when each is attempted, and
// what its outcome makes durable. The decisions are the scheduler's; this class moves values between
// it, the store and the attempts.
//
// The window: of each destination the oldest pending deliveries are in memory, up to a bound; the
// rest waits in the store and is read, in order, when there is room. Everything here belongs to the
// loop's thread, but for offer() and the counters.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/random.hpp"
#include "core/config/config.hpp"
#include "core/delivery/scheduler.hpp"
#include "core/runtime/attempt.hpp"
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

private:
    struct Waiting {
        Delivery delivery;
        EventPtr event;                    // empty: read from the store when it starts
        std::size_t cached_bytes = 0;      // of it, as counted against the bound of the window
    };
    struct Window {
        std::string name;
        std::uint64_t tail = 0;            // all pending ids up to here are in the window
        bool backlog = false;              // the store may hold pending ids beyond it
    };
    struct Counters {
        std::atomic<std::uint64_t> delivered{0}, skipped{0}, retried{0}, dead{0}, held{0};
    };

    void take(const store::StoredEvent& stored);
    void add(Delivery delivery, EventPtr event);
    void refill(std::uint32_t destination);
    Result<void> hold_lanes(const config::RuleConfig& rule);
    void pump();
    void plan_wake();
    void begin(std::uint64_t id);
    void attempt(std::uint64_t id);
    void ended(std::uint64_t id, std::int64_t started_ms, std::int64_t started_mono_ms,
               Outcome outcome, Json exchanges);
    void settled(std::uint64_t id, std::uint32_t destination, DeliveryState state);
    void count(const Delivery& delivery, const Outcome& outcome, DeliveryState state);
    std::vector<store::Accept> accepts_of(const Delivery& delivery, const Event& parent,
                                          std::vector<Emitted> emitted);
    Result<EventPtr> event_of(const Waiting& waiting);
    void forget(std::uint64_t id);

    Parts parts_;
    std::map<std::string, std::uint32_t, std::less<>> index_;
    std::vector<Window> windows_;
    delivery::Scheduler scheduler_;
    std::unordered_map<std::uint64_t, Waiting> waiting_;
    std::size_t cached_bytes_ = 0;
    std::int64_t wake_at_ms_ = -1;         // monotonic; -1: none planned
    bool draining_ = false;
    std::function<void()> idle_;
    Counters counters_;
};

}  // namespace syncline
