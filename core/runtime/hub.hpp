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
#include "core/runtime/orders.hpp"
#include "core/store/store.hpp"

namespace syncline {

/// What the admin API and commands may ask of a running hub. Any thread; calls may block on the
/// store's thread.
class HubControl {
public:
    virtual ~HubControl() = default;
    /// Carries out what is ordered of the deliveries that match; how many it changed (or made anew).
    virtual Result<std::size_t> order(Order order, const store::Filter& filter) = 0;
    /// How many deliveries that would be.
    virtual Result<std::size_t> order_count(Order order, const store::Filter& filter) = 0;
    /// Destinations as they are: a list of {name, connector, state, hold, breaker, …}.
    virtual Result<Json> destinations() = 0;
    /// Nothing is sent there until release(), over restarts. not_found: no such destination.
    virtual Result<void> hold(const std::string& destination, const std::string& reason) = 0;
    /// Ends a hold, whoever began it. invalid_argument: it is not held.
    virtual Result<void> release(const std::string& destination) = 0;
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
