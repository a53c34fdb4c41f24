// From an event to its deliveries, by the configuration in force. Immutable once made; any thread.
#pragma once

#include <string>
#include <vector>

#include "core/config/config.hpp"
#include "core/model/delivery.hpp"
#include "core/model/descriptor.hpp"
#include "core/model/event.hpp"

namespace syncline {

class Router {
public:
    /// Both must outlive the router.
    Router(const config::HubConfig& config, const ConnectorCatalog& connectors);

    /// One delivery for each send of each rule that matches, and one derivation when a rule waits
    /// for a type that the source's connector makes from this one.
    std::vector<Delivery> route(const Event& event) const;
    /// The same with the calling thread's matcher, whose buffers serve event after event.
    std::vector<Delivery> route(const Event& event, rules::Matcher& matcher) const;

private:
    /// A source whose connector derives types that some rule asks for.
    struct Derivation {
        std::string source;
        std::vector<std::string> from;   // event types to look closer at
    };
    bool reads_data() const;
    void plan_derivations(const ConnectorCatalog& connectors);

    const config::HubConfig& config_;
    std::vector<Derivation> derivations_;
    const bool reads_data_;   // some pattern or ordering key looks into the event's own data
};

/// The ordering key of an event under `order` ("subject", a path, or "none"): empty is unordered.
std::string lane_of(const std::string& order, const Event& event, const Json& view);

}  // namespace syncline
