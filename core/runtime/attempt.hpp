// One attempt of a delivery, or of a batch of them: fetch, `if`, render, act. It knows what a rule asks
// for and nothing of queues, order or durability. Delivery thread; callbacks, no blocking.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

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

    /// Deliveries of one destination and of one `kind` may share an attempt, up to `max` of them.
    struct Batching {
        std::uint32_t kind = 0;   // 0: alone
        std::uint32_t max = 1;
    };
    Batching batching(const Delivery& delivery) const;

    using Done = std::function<void(Outcome, Json exchanges)>;
    struct Work {
        const Delivery* delivery = nullptr;   // read during run() only
        EventPtr event;
        Done done;
    };
    /// One attempt of all of `works`: each is fetched for and rendered by itself, then those that are
    /// left act together. Every `done` is called exactly once.
    void run(std::vector<Work> works);
    void run(const Delivery& delivery, EventPtr event, Done done);

private:
    struct Attempt;
    struct Batch;
    using AttemptPtr = std::shared_ptr<Attempt>;   // shared with the callbacks of the driver
    using BatchPtr = std::shared_ptr<Batch>;
    const config::RuleConfig* rule_of(const Delivery& delivery) const;
    const ActionDescriptor* action_of(const Delivery& delivery) const;
    host::JobRequest job_for(const Attempt& first, const char* kind, const std::string& name);
    host::JobDelivery job_delivery(const Attempt& attempt);
    void prepare(AttemptPtr attempt);
    void fetch_next(AttemptPtr attempt);
    void fetched(AttemptPtr attempt, host::AttemptResult result);
    void render(AttemptPtr attempt);
    void leave(Attempt& attempt, Outcome outcome);
    void leave_uncalled(Attempt& attempt, OutcomeKind kind, std::string note);
    void prepared(const BatchPtr& batch);
    void drive(const BatchPtr& batch);

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
