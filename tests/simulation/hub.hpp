// One life of the hub, without its threads: the real receiver, store thread's turns, dispatcher,
// attempts, driver and connectors, assembled as core/runtime/hub.cpp does. Each of its threads is an
// actor whose next turn the simulation gives when it likes.
//
// When the power is off or the process was killed nothing leaves it any more, though the step that
// was under way runs to its end.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "core/receiver/receiver.hpp"
#include "core/runtime/dispatcher.hpp"
#include "core/runtime/loop_services.hpp"
#include "core/runtime/store_thread.hpp"
#include "core/store/sqlite/sqlite_store.hpp"
#include "tests/simulation/disk.hpp"
#include "tests/simulation/model.hpp"

namespace syncline::simulation {

/// The delivery thread's loop: what is posted runs in order, one piece a turn.
class SimulatedLoop final : public Loop {
public:
    explicit SimulatedLoop(World& world) : world_(world) {}
    void post(std::function<void()> work) override {
        posted_.emplace_back(world_.moment(), std::move(work));
    }
    void after(std::int64_t ms, std::function<void()> work) override {
        timers_.emplace(std::pair{world_.now() + ms, world_.moment().order}, std::move(work));
    }
    bool is_due() const {
        bool timer = !timers_.empty() && timers_.begin()->first.first <= world_.now();
        return timer || !posted_.empty();
    }
    /// -1: no timer.
    std::int64_t next_ms() const { return timers_.empty() ? -1 : timers_.begin()->first.first; }
    void run_one();
    /// When what runs now was posted.
    Moment origin() const { return origin_; }

private:
    World& world_;
    std::deque<std::pair<Moment, std::function<void()>>> posted_;
    std::map<std::pair<std::int64_t, std::uint64_t>, std::function<void()>> timers_;
    Moment origin_;
};

/// What the lives of a hub have in common.
struct Ground {
    World& world;
    const Scenario& scenario;
    const config::HubConfig& config;
    const host::PluginSet& plugins;
    Disk& disk;
    Sinks& sinks;
    Model& model;
    std::string path;        // of the database
};

class SimulatedHub final : public AcceptSink, public SettlementSink, public Wire {
public:
    explicit SimulatedHub(Ground ground);
    ~SimulatedHub() override;

    /// Opens the store, reads what is pending, compares it with the model.
    Result<void> open();

    // --- The server's thread ---
    /// `done` is not called once the hub is dead.
    void receive(HttpRequest request, HttpHandler::Done done);
    // --- The store's thread ---
    bool store_is_due() const;
    std::int64_t store_next_ms() const;
    void store_turn();
    // --- The delivery thread ---
    SimulatedLoop& loop() { return loop_; }

    /// As a person does through the admin port.
    void replay(std::vector<std::uint64_t> ids);
    bool replaying() const { return replaying_; }
    /// Both durable first, then known to the window.
    void cancel(std::vector<std::uint64_t> ids);
    void retry_now(std::vector<std::uint64_t> ids);
    void hold(const std::string& destination);
    void release(const std::string& destination);
    void kill() { killed_ = true; }
    bool dead() const { return killed_ || ground_.disk.is_off(); }
    /// Starts no more attempts; true when the last one is settled.
    void drain();
    bool drained() const { return drained_; }
    bool healthy() const { return store_thread_->healthy(); }

private:
    class WatchedWriter;
    Result<void> compare();
    void commit(store::Write write, std::function<void(const store::WriteResult&)> then);
    std::vector<Delivery> route(const Event& event) override {
        return router_.route(event, matcher_);
    }
    bool submit(store::AcceptRequest request, AcceptSink::Done done) override;
    void settle(store::Write write, std::function<void(bool)> done) override;
    bool sends(const HttpRequest& request) override;
    void hears(const HttpRequest& request, const host::HttpResult& result) override;

    Ground ground_;
    const Router router_;
    rules::Matcher matcher_;
    bool killed_ = false;
    bool drained_ = false;
    bool replaying_ = false;
    std::int64_t store_turned_ms_ = 0;
    std::size_t idle_turns_ = 0;         // left before there is nothing to do
    Dice random_;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<StoreThread> store_thread_;
    std::unique_ptr<store::Reader> reader_;
    SimulatedLoop loop_;
    std::unique_ptr<LoopServices> services_;
    std::unique_ptr<host::HttpTransport> transport_;
    std::unique_ptr<host::Driver> driver_;
    std::unique_ptr<AttemptRunner> attempts_;
    std::unique_ptr<Dispatcher> dispatcher_;
    std::unique_ptr<Receiver> receiver_;
};

}  // namespace syncline::simulation
