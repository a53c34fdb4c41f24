// The hub file of a run and what it means: sources, destinations with their limits, rules. The table
// of rules is what the model believes in; the YAML made from it is what the hub reads.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/config/config.hpp"
#include "core/host/connector.hpp"
#include "tests/simulation/dice.hpp"

namespace syncline::simulation {

struct Destination {
    std::string name;
    std::string connector;
    std::uint32_t concurrency = 1;
    std::uint32_t rate_count = 0;        // 0: no limit
    std::int64_t rate_per_ms = 1000;
    std::int64_t timeout_ms = 1000;
    std::vector<std::int64_t> schedule_ms;
    std::uint32_t jitter_percent = 0;
};

struct Send {
    std::string to;
    std::string action;
    bool hold_when_dead = false;
};

struct Rule {
    std::string name;
    std::vector<std::string> on;
    bool fetches = false;
    std::string order;                   // "subject", "none", "data.group"
    std::vector<Send> sends;
};

/// An event as its sender means it.
struct SentEvent {
    std::string source;
    std::string key;
    std::string type;
    std::string subject;
    std::string group;
    int number = 0;
    std::string body;                    // of a derived one: its origin's; empty: made from the above
    std::string payload() const;
};

struct Scenario {
    explicit Scenario(std::uint64_t seed);

    const Destination& destination(const std::string& name) const;
    const Rule* rule(const std::string& name) const;
    std::string yaml() const;
    Result<config::HubConfig> config(const host::PluginSet& plugins) const;
    /// The ordering key that `rule` gives the event; empty: none.
    static std::string lane(const Rule& rule, const SentEvent& event);
    bool derives_done() const;

    std::vector<Destination> destinations;
    std::vector<Rule> rules;
    /// Bounds how long a delivery may take once nothing fails any more.
    std::int64_t longest_wait_ms() const;

    static constexpr const char* web_secret = "whsec_c2ltdWxhdGVkLXNlY3JldC0x";
    static constexpr const char* app_secret = "a secret of the simulation";
};

/// The http connector as built, and the simulation's own (connector.cpp).
host::PluginSet simulated_plugins();

}  // namespace syncline::simulation
