// Drives a job from its first step to its outcome: performs what it asks, hands back answers.
// Callbacks on one thread; no blocking. Bounds the steps and the whole attempt's time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/host/connector.hpp"
#include "core/host/http_client.hpp"

namespace syncline::host {

/// What the driver asks of its surroundings besides HTTP.
class DriverServices {
public:
    virtual ~DriverServices() = default;
    virtual Result<std::optional<Link>> link(const std::string& destination,
                                             const std::string& kind,
                                             const std::string& source_id) = 0;
    /// Calls `wake` on the same thread after `ms`.
    virtual void after(std::int64_t ms, std::function<void()> wake) = 0;
};

struct AttemptResult {
    std::vector<Outcome> outcomes;   // one for each delivery, always
    Json exchanges = Json::array();  // [{method, url, status | error, ms}] without secrets
};

class Driver {
public:
    Driver(HttpTransport& transport, DriverServices& services, const Clock& clock);
    ~Driver();

    using Done = std::function<void(AttemptResult)>;
    /// Runs one job of `instance`. `timeout_ms` bounds each exchange, and ten times that the whole
    /// attempt. Whatever goes wrong becomes an outcome: a plugin's fault is `retry` (note says so),
    /// an attempt cut in the middle of a request is `uncertain`. `done` is called exactly once,
    /// never from inside run(). Destroying the driver ends the jobs under way without calling it.
    void run(std::shared_ptr<Instance> instance, JobRequest request, std::int64_t timeout_ms,
             Done done);
    /// What a job is told when it asks for a link; for the templates that make a job's input.
    Result<std::optional<Link>> link(const std::string& destination, const std::string& kind,
                                     const std::string& source_id);
    /// Jobs under way.
    std::size_t running() const;

private:
    struct Run;
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace syncline::host
