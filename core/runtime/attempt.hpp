// One attempt of a delivery: fetch, `if`, render, act. It knows what a rule asks for and nothing of
// queues, order or durability. Delivery thread; callbacks, no blocking.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/base/clock.hpp"
#include "core/base/random.hpp"
#include "core/config/config.hpp"
#include "core/host/connector.hpp"
#include "core/host/driver.hpp"
#include "core/model/delivery.hpp"
#include "core/model/event.hpp"

namespace syncline {

class AttemptRunner {
public:
    AttemptRunner(const config::HubConfig& config, host::Driver& driver, const Clock& clock,
                  Random& random)
        : config_(config), driver_(driver), clock_(clock), random_(random) {}

    /// Makes the instances of all sources and destinations. Errors name the one that failed.
    Result<void> open(const host::PluginSet& plugins);

    /// Whether the configuration in force still has what the delivery names.
    bool known(const Delivery& delivery) const;
    /// Whether repeating the action has no second effect, by its descriptor.
    bool idempotent(const Delivery& delivery) const;
    /// Whether the newest of several waiting deliveries of its kind suffices.
    bool coalesces(const Delivery& delivery) const;
    bool holds_lane_when_dead(const Delivery& delivery) const;

    using Done = std::function<void(Outcome, Json exchanges)>;
    /// `done` is called exactly once, later.
    void run(const Delivery& delivery, EventPtr event, Done done);

private:
    struct Attempt;
    const config::RuleConfig* rule_of(const Delivery& delivery) const;
    const ActionDescriptor* action_of(const Delivery& delivery) const;
    host::JobRequest job_for(const Attempt& attempt, const char* kind, const std::string& name);
    void fetch_next(std::shared_ptr<Attempt> attempt);
    void fetched(std::shared_ptr<Attempt> attempt, host::AttemptResult result);
    void act(std::shared_ptr<Attempt> attempt);
    void drive(std::shared_ptr<Attempt> attempt, const char* kind, Json input);

    struct Target {
        std::shared_ptr<host::Instance> instance;   // shared with jobs under way
        const ConnectorDescriptor* connector = nullptr;
        std::int64_t timeout_ms = 0;
    };
    const config::HubConfig& config_;
    host::Driver& driver_;
    const Clock& clock_;
    Random& random_;
    std::map<std::string, Target, std::less<>> targets_;   // by configured name
    std::map<std::string, const config::RuleConfig*, std::less<>> rules_;
};

}  // namespace syncline
