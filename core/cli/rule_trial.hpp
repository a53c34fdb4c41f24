// Takes events through rules as the hub would, up to what would be sent, and compares that with what
// a test expects. Pure: documents that the hub would fetch are given, nothing is read or sent.
#pragma once

#include <string>
#include <vector>

#include "core/config/config.hpp"
#include "core/config/rule_tests.hpp"
#include "core/model/event.hpp"
#include "core/sdk/json.hpp"

namespace syncline::cli {

/// One send of a rule that matched: what it says, or why it cannot be said.
struct TrialAction {
    std::string rule;
    std::string to;
    std::string action;
    std::string lane;            // empty: in no order
    Json with = Json::object();
    std::string error;           // empty: rendered
    Json json() const;
};

/// Every action that the event leads to, in the order of the rules. `documents` holds what fetches
/// read by "source.document"; a rule that reads another ends in an error.
std::vector<TrialAction> actions_of(const config::HubConfig& config, const Event& event,
                                    const Json& documents);

struct Trial {
    std::vector<std::string> differences;   // empty: as expected
    std::vector<TrialAction> found;
    bool ok() const { return differences.empty(); }
};

/// A test about these events (one, unless the test gives a body that holds several).
Trial try_rules(const config::HubConfig& config, const config::RuleTest& test,
                const std::vector<Event>& events);

}  // namespace syncline::cli
