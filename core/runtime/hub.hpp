// A running hub: receiver, store and delivery threads, assembled from one configuration. hub.cpp
// reads top to bottom as the way of an event.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/base/clock.hpp"
#include "core/base/http.hpp"
#include "core/base/random.hpp"
#include "core/base/result.hpp"
#include "core/config/config.hpp"
#include "core/host/connector.hpp"
#include "core/store/store.hpp"

namespace syncline {

/// What the admin API and commands may ask of a running hub. Any thread; calls may block on the
/// store's thread.
class HubControl {
public:
    virtual ~HubControl() = default;
    /// Repeats the deliveries that match; the new ones' count.
    virtual Result<std::size_t> replay(const store::Filter& filter) = 0;
    /// How many deliveries that filter selects for a replay.
    virtual Result<std::size_t> replay_count(const store::Filter& filter) = 0;
    /// Counters and gauges of all rooms, for /api/v1/stats.
    virtual Json stats() = 0;
    /// False while starting, stopping, or when the store is unavailable.
    virtual bool ready() const = 0;
};

class Hub {
public:
    /// Opens the store, makes the connectors, loads what is pending, binds the ports. Serves nothing
    /// yet. `plugins` must outlive the hub.
    static Result<std::unique_ptr<Hub>> open(config::HubConfig config,
                                             const host::PluginSet& plugins);
    ~Hub();

    HubControl& control();
    /// The handler of the admin port; without one the port is not opened. Before start().
    Result<void> serve_admin(HttpHandler& handler);
    void start();
    /// Stops accepting, lets attempts in flight finish for `drain_ms`, settles, closes. Deliveries
    /// cut off are uncertain and go on at the next start.
    void stop(std::int64_t drain_ms);

    std::uint16_t port() const;
    std::uint16_t admin_port() const;   // 0: none

private:
    struct Impl;
    explicit Hub(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace syncline
