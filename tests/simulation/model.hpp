// The model: what was sent, what was promised, what is durable, which attempts are under way. Every
// commit, answer and request of the hub is held against it at once; after every restart the store
// must say exactly what the model believes, but for a batch whose end nobody saw, which may be there
// whole or not at all.
//
// It shares no logic with the hub: routes come from the scenario's table, waits are recomputed.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/host/http_client.hpp"
#include "core/runtime/hub_events.hpp"
#include "core/store/store.hpp"
#include "tests/simulation/scenario.hpp"
#include "tests/simulation/sinks.hpp"
#include "tests/simulation/world.hpp"

namespace syncline::simulation {

/// A delivery as the model knows it.
struct Fact {
    std::uint64_t id = 0;
    std::string event_id;
    std::string rule;                // empty: a derivation
    std::uint32_t send = 0;
    std::string destination;
    std::string action;
    std::string lane;
    std::uint64_t parent = 0;
    // Durable
    DeliveryState state = DeliveryState::pending;
    std::uint32_t attempts = 0;
    std::int64_t not_before_ms = 0;  // wall
    bool uncertain = false;
    // Of the world outside: survives the hub
    bool doubt = false;              // a write left and nobody knows whether it had an effect
    bool doubt_before = false;
    // Of this life of the hub
    std::int64_t due_ms = 0;         // monotonic
    std::optional<Moment> started;
    bool in_flight = false;          // a request is out
    bool asked = false;              // in this attempt, anything
    bool written = false;            // in this attempt
    bool settling = false;           // its outcome is on its way to the disk
    std::optional<std::uint64_t> put_off;   // by a hold, after so many recoveries
    std::optional<Moment> cancel_known;   // to the window, since
    bool superseded = false;         // that outcome: a newer one takes its place
    std::optional<host::HttpResult> last;

    std::string name() const;
    bool running() const { return started.has_value(); }
};

class Model {
public:
    Model(World& world, const Scenario& scenario, const Sinks& sinks)
        : world_(world), scenario_(scenario), sinks_(sinks) {}

    // --- What the senders know ---
    void will_send(const SentEvent& event) {
        sent_.emplace(key_of(event.source, event.key), event);
    }
    void answered(const std::vector<SentEvent>& events, unsigned status);

    // --- What the store does ---
    void committing(const std::vector<store::Write*>& writes);
    void committed(const std::vector<store::Write*>& writes,
                   const std::vector<store::WriteResult>& results);
    void refused(bool in_doubt);
    /// A life begins: the store must hold what the model believes.
    void begins(store::Reader& reader);
    /// The store was reopened within a life.
    void recovered(store::Reader& reader) { compare(reader); }

    // --- What delivery does ---
    void hands_over(const store::Write& write, Moment now);
    void sends(const HttpRequest& request, Moment started);
    void hears(const HttpRequest& request, const host::HttpResult& result);

    // --- What the operator's orders have come to ---
    /// The window knows: from now on none of them may start.
    void cancels_known(const std::vector<std::uint64_t>& ids);
    void holds(const std::string& destination, Moment now);
    void releases(const std::string& destination);
    const std::set<std::string>& held() const { return state_.held; }
    std::vector<std::uint64_t> waiting() const;

    // --- For the operator and the end ---
    std::vector<std::uint64_t> letters_that_hold() const;
    std::size_t pending() const;
    std::size_t events() const { return state_.events.size(); }
    std::size_t deliveries() const { return state_.facts.size(); }
    std::string text() const;

private:
    struct State {
        std::map<std::string, SentEvent> events;          // by id
        std::map<std::string, std::string> ids_by_key;
        std::map<std::string, Fact> facts;                // by name
        std::set<std::string> held;                       // destinations, by hand
        std::map<std::string, std::string> links;         // (destination, kind, source id) → id
    };
    /// What a destination was last told, and what follows from it.
    struct Mood {
        std::uint32_t failures = 0;
        std::uint64_t successes = 0;
        std::optional<Moment> quiet_since;
        std::int64_t quiet_until_ms = 0;
        std::optional<Moment> held_since;         // by hand
        std::optional<Moment> paused_since;
        std::int64_t paused_until_ms = 0;
        std::vector<std::int64_t> starts_ms;
    };

    static std::string key_of(const std::string& source, const std::string& key) {
        return source + "\n" + key;
    }
    void violated(const std::string& what) { world_.history.violated(what); }
    Fact* find(std::uint64_t id);
    Fact* fact_of(const HttpRequest& request);

    // model_store.cpp
    std::optional<SentEvent> meant_by(const std::string& source,
                                      const std::string& dedupe_key) const;
    static std::optional<SentEvent> told_by(const Event& event);
    void check_told(const State& state, const Fact& fact, const store::Settlement& settlement);
    std::size_t apply(State& state, const store::Write& write);
    bool accept(State& state, const store::Accept& accept);
    void replay(State& state, std::uint64_t id);
    void settle(State& state, const store::Settlement& settlement);
    void order(State& state, const store::Write& write);
    void check_settled(const Fact& fact, const store::Settlement& settlement);
    std::vector<Fact> route(const SentEvent& event) const;
    static std::vector<std::string> lines(const State& state);
    std::vector<std::string> lines_of(store::Reader& reader, std::map<std::string, Fact>& rows);
    void compare(store::Reader& reader);
    void check_links(store::Reader& reader);

    // model_delivery.cpp
    void check_start(Fact& fact, Moment started);
    void check_lane(const Fact& fact);
    void check_destination(const Fact& fact, Moment started);
    std::size_t probes_at(const std::string& destination) const;
    void check_rate(const Destination& destination, Mood& mood, Moment started);
    void check_ended(const Fact& fact, const store::Settlement& settlement);
    std::int64_t least_wait_ms(const Fact& fact, const store::Settlement& settlement) const;
    void ended(Fact& fact, OutcomeKind kind, Moment now);

    World& world_;
    const Scenario& scenario_;
    const Sinks& sinks_;
    std::map<std::string, SentEvent> sent_;
    State state_;
    std::vector<store::Write> doubtful_;                  // a batch whose end nobody saw
    std::map<std::uint64_t, std::string> names_;          // of facts, by id
    std::map<std::string, Mood> moods_;                   // by destination
};

}  // namespace syncline::simulation
