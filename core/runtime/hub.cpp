// The hub, assembled. Read from top to bottom it is the way of an event:
//
//   HttpServer → Receiver (signature, parse)           server thread     core/receiver
//     → Hub::Impl::route (rules → deliveries)                            core/runtime/router
//     → Hub::Impl::submit → StoreThread (group commit, then the 2xx)     store thread
//     → Dispatcher::offer (window, scheduler)          delivery thread   core/runtime/dispatcher
//     → AttemptRunner (fetch, if, render, act)                           core/runtime/attempt
//     → Driver (steps of the connector, HTTP)                            core/host
//     → Hub::Impl::settle → StoreThread (outcome, links, new events)     store thread
//
// Members are made in the order of dependence and destroyed in reverse. Threads share nothing but
// queues, atomics and immutable values.
#include "core/runtime/hub.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <future>
#include <mutex>
#include <thread>

#include "core/base/log.hpp"
#include "core/host/http_client.hpp"
#include "core/receiver/http_server.hpp"
#include "core/receiver/receiver.hpp"
#include "core/runtime/attempt.hpp"
#include "core/runtime/dispatcher.hpp"
#include "core/runtime/loop_services.hpp"
#include "core/runtime/router.hpp"
#include "core/runtime/source_ports.hpp"
#include "core/runtime/store_thread.hpp"
#include "core/store/sqlite/sqlite_store.hpp"

namespace syncline {
namespace {

namespace asio = boost::asio;

class AsioLoop final : public Loop {
public:
    explicit AsioLoop(asio::io_context& io) : io_(io) {}
    void post(std::function<void()> work) override { asio::post(io_, std::move(work)); }
    void after(std::int64_t ms, std::function<void()> work) override {
        auto timer = std::make_shared<asio::steady_timer>(io_, std::chrono::milliseconds(ms));
        timer->async_wait([timer, work = std::move(work)](const boost::system::error_code& error) {
            if (!error) work();
        });
    }

private:
    asio::io_context& io_;
};

HttpServerOptions server_options(const config::ServerConfig& config) {
    HttpServerOptions options;
    options.host = config.listen.host;
    options.port = config.listen.port;
    options.body_bytes_max = config.body_bytes_max;
    options.connections_max = config.connections_max;
    options.header_timeout_ms = config.header_timeout_ms;
    options.body_timeout_ms = config.body_timeout_ms;
    options.idle_timeout_ms = config.idle_timeout_ms;
    return options;
}

constexpr std::size_t admin_connections_max = 64;     // people and scrapers, not senders
constexpr std::chrono::seconds loop_patience{5};      // for an answer of the delivery thread

}  // namespace

struct Hub::Impl final : AcceptSink, SettlementSink, HubControl {
    Impl(config::HubConfig config_in, const host::PluginSet& plugins_in)
        : config(std::move(config_in)),
          plugins(plugins_in),
          router(config, plugins),
          loop(io),
          work(asio::make_work_guard(io)) {}
    ~Impl() override { stop(0); }

    Result<void> open();
    Result<void> open_store();
    Result<void> open_delivery();
    void start();
    void stop(std::int64_t drain_ms);

    // --- AcceptSink: from the receiver to the store (server thread) ---
    std::vector<Delivery> route(const Event& event) override {
        return router.route(event, matcher);
    }
    bool submit(store::AcceptRequest request, AcceptSink::Done done) override;

    // --- SettlementSink: from delivery to the store (delivery thread) ---
    void settle(store::Write write, std::function<void(bool)> done) override;

    // --- HubControl (any thread) ---
    Result<std::size_t> order(Order order, const store::Filter& filter) override;
    Result<std::size_t> order_count(Order order, const store::Filter& filter) override;
    Result<Json> destinations() override;
    Result<void> hold(const std::string& destination, const std::string& reason) override;
    Result<void> release(const std::string& destination) override;
    Json stats() override;
    bool ready() const override { return running.load() && store_thread->healthy(); }
    Result<store::WriteResult> commit(store::Write write);
    template <class Ask>
    bool on_loop(Ask ask);
    Result<std::vector<store::Hold>> holds_of(const std::string& destination);

    const config::HubConfig config;
    const host::PluginSet& plugins;
    SystemClock clock;
    SystemRandom random;
    const Router router;
    rules::Matcher matcher;   // server thread
    const HubEvents hub_events{router, clock, random};

    std::unique_ptr<store::Store> store;
    std::unique_ptr<StoreThread> store_thread;
    std::unique_ptr<store::Reader> delivery_reader;   // delivery thread
    std::unique_ptr<store::Reader> control_reader;    // under control_mutex
    std::mutex control_mutex;

    asio::io_context io{1};
    AsioLoop loop;
    asio::executor_work_guard<asio::io_context::executor_type> work;
    std::unique_ptr<LoopServices> services;
    std::unique_ptr<host::HttpTransport> transport;
    std::unique_ptr<host::Driver> driver;
    std::unique_ptr<AttemptRunner> attempts;
    std::unique_ptr<Dispatcher> dispatcher;
    std::thread delivery_thread;

    std::unique_ptr<Receiver> receiver;
    std::unique_ptr<HttpServer> server;
    std::unique_ptr<HttpServer> admin_server;
    std::atomic<bool> running{false};
};

// --- Assembly ------------------------------------------------------------------------------------

Result<void> Hub::Impl::open() {
    auto stored = open_store();
    if (!stored) return stored;
    auto delivering = open_delivery();
    if (!delivering) return delivering;
    auto ports = make_source_ports(config, plugins);
    if (!ports) return ports.error();
    receiver = std::make_unique<Receiver>(std::move(*ports), *this, clock, random);
    auto bound = HttpServer::open(server_options(config.server), *receiver);
    if (!bound) return bound.error();
    server = std::move(*bound);
    return {};
}

Result<void> Hub::Impl::open_store() {
    store::SqliteOptions options;
    options.path = config.store_path;
    options.dedupe_window_ms = config.dedupe_window_ms;
    options.payload_retention_ms = config.payload_retention_ms;
    options.attempt_retention_ms = config.attempt_retention_ms;
    store = store::make_sqlite_store(options);
    auto writer = store->open_writer();
    if (!writer) return writer.error();
    store_thread = std::make_unique<StoreThread>(
        std::move(*writer), clock, [this](std::vector<store::StoredEvent> stored) {
            dispatcher->offer(std::move(stored));
        },
        [this] { dispatcher->reload(); });
    for (auto* reader : {&delivery_reader, &control_reader}) {
        auto opened = store->open_reader();
        if (!opened) return opened.error();
        *reader = std::move(*opened);
    }
    return {};
}

Result<void> Hub::Impl::open_delivery() {
    auto policy = host::EgressPolicy::parse(config.egress.allow);
    if (!policy) return policy.error();
    services = std::make_unique<LoopServices>(loop, *delivery_reader);
    transport = host::make_curl_client(io, std::move(*policy), host::CurlClientOptions());
    driver = std::make_unique<host::Driver>(*transport, *services, clock);
    attempts = std::make_unique<AttemptRunner>(config, *driver, clock, random);
    auto opened = attempts->open(plugins);
    if (!opened) return opened;
    dispatcher = std::make_unique<Dispatcher>(Dispatcher::Parts{
        config, router, *attempts, *delivery_reader, *this, loop, clock, random});
    return dispatcher->load();
}

void Hub::Impl::start() {
    running.store(true);
    store_thread->start();
    delivery_thread = std::thread([this] { io.run(); });
    server->start();
    if (admin_server) admin_server->start();
}

void Hub::Impl::stop(std::int64_t drain_ms) {
    bool was_running = running.exchange(false);
    if (server) server->stop(drain_ms);
    if (was_running) {
        auto idle = std::make_shared<std::promise<void>>();
        loop.post([this, idle] { dispatcher->drain([idle] { idle->set_value(); }); });
        idle->get_future().wait_for(std::chrono::milliseconds(drain_ms));
    }
    if (admin_server) admin_server->stop(drain_ms);
    work.reset();
    io.stop();
    if (delivery_thread.joinable()) delivery_thread.join();
    if (store_thread) store_thread->stop();
}

// --- The seams between the threads ---------------------------------------------------------------

bool Hub::Impl::submit(store::AcceptRequest request, AcceptSink::Done done) {
    return store_thread->submit(std::move(request),
                                [done = std::move(done)](Result<store::WriteResult> result) {
                                    if (result) done(result->duplicates);
                                    else done(result.error());
                                });
}

void Hub::Impl::settle(store::Write write, std::function<void(bool)> done) {
    store_thread->submit_owed(std::move(write),
                              [done = std::move(done)](Result<store::WriteResult> result) {
                                  if (!result)
                                      log_error("an outcome was not kept: its delivery stays pending",
                                                {{"error", result.error().text()}});
                                  done(result.has_value());
                              });
}

// --- Control -------------------------------------------------------------------------------------

/// Durable when it returns.
Result<store::WriteResult> Hub::Impl::commit(store::Write write) {
    auto done = std::make_shared<std::promise<Result<store::WriteResult>>>();
    bool taken = store_thread->submit(std::move(write), [done](Result<store::WriteResult> result) {
        done->set_value(std::move(result));
    });
    if (!taken) return Error(ErrorCode::unavailable, "the store is busy: try again");
    return done->get_future().get();
}

Result<std::size_t> Hub::Impl::order_count(Order order, const store::Filter& filter) {
    std::lock_guard lock(control_mutex);
    auto ids = select_for(order, *control_reader, filter);
    if (!ids) return ids.error();
    return ids->size();
}

Result<std::size_t> Hub::Impl::order(Order order, const store::Filter& filter) {
    std::unique_lock lock(control_mutex);
    auto ids = select_for(order, *control_reader, filter);
    lock.unlock();
    if (!ids) return ids.error();
    return carry_out(order, *ids, [&](store::Write write) {
        auto result = commit(std::move(write));
        if (!result || order == Order::replay) return result;
        // Answered when the window knows too, so that nothing of it starts after the answer.
        on_loop([&](Dispatcher::Done done) {
            if (order == Order::cancel) dispatcher->cancelled(result->changed, std::move(done));
            else dispatcher->hurried(result->changed, std::move(done));
        });
        return result;
    });
}

/// Waits until the delivery thread has done what `ask` gives it. It does not answer while the hub
/// stops: what was ordered is durable then, and that is enough.
template <class Ask>
bool Hub::Impl::on_loop(Ask ask) {
    auto answered = std::make_shared<std::promise<void>>();
    auto answer = answered->get_future();
    ask([answered] { answered->set_value(); });
    return answer.wait_for(loop_patience) == std::future_status::ready;
}

Result<Json> Hub::Impl::destinations() {
    auto answered = std::make_shared<std::promise<Json>>();
    auto answer = answered->get_future();
    dispatcher->describe([answered](Json list) { answered->set_value(std::move(list)); });
    if (answer.wait_for(loop_patience) != std::future_status::ready)
        return Error(ErrorCode::unavailable, "the hub is stopping");
    return answer.get();
}

Result<std::vector<store::Hold>> Hub::Impl::holds_of(const std::string& destination) {
    if (!config.destination(destination))
        return Error(ErrorCode::not_found, "there is no destination \"" + destination + "\"");
    std::lock_guard lock(control_mutex);
    auto holds = control_reader->holds();
    if (!holds) return holds;
    std::erase_if(*holds, [&](const auto& hold) { return hold.destination != destination; });
    return holds;
}

Result<void> Hub::Impl::hold(const std::string& destination, const std::string& reason) {
    auto before = holds_of(destination);
    if (!before) return before.error();
    store::HoldChange change;
    change.destination = destination;
    change.by_hand = true;
    change.reason = reason;
    change.since_ms = clock.wall_ms();
    if (before->empty())
        if (auto told = hub_events.held(destination, reason, nullptr))
            change.emitted.push_back(std::move(*told));
    store::Hold hold;
    hold.destination = destination;
    hold.by_hand = true;
    hold.reason = reason;
    hold.since_ms = change.since_ms;
    auto committed = commit(std::move(change));
    if (!committed) return committed.error();
    on_loop([&](Dispatcher::Done done) { dispatcher->held(hold, std::move(done)); });
    return {};
}

Result<void> Hub::Impl::release(const std::string& destination) {
    auto before = holds_of(destination);
    if (!before) return before.error();
    if (before->empty())
        return Error(ErrorCode::invalid_argument, "\"" + destination + "\" is not held");
    store::HoldChange change;
    change.destination = destination;
    change.by_hand = true;
    change.held = false;
    if (auto told = hub_events.recovered(destination, nullptr))
        change.emitted.push_back(std::move(*told));
    auto committed = commit(std::move(change));
    if (!committed) return committed.error();
    on_loop([&](Dispatcher::Done done) { dispatcher->released(destination, std::move(done)); });
    return {};
}

Json Hub::Impl::stats() {
    Json made = Json::object();
    made.set("receiver", receiver->counters());
    made.set("deliveries", dispatcher->counters());
    made.set("connections", server->connections());
    made.set("commits", store_thread->commits());
    made.set("store_queue", store_thread->queued());
    made.set("ready", ready());
    std::lock_guard lock(control_mutex);
    if (auto counts = control_reader->counts()) {
        Json stored = Json::object();
        for (const auto& [name, count] : *counts) stored.set(name, count);
        made.set("stored", std::move(stored));
    }
    return made;
}

// --- The public face -----------------------------------------------------------------------------

Hub::Hub(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Hub::~Hub() = default;

Result<std::unique_ptr<Hub>> Hub::open(config::HubConfig config, const host::PluginSet& plugins) {
    auto impl = std::make_unique<Impl>(std::move(config), plugins);
    auto opened = impl->open();
    if (!opened) return opened.error();
    return std::unique_ptr<Hub>(new Hub(std::move(impl)));
}

Result<void> Hub::serve_admin(HttpHandler& handler) {
    HttpServerOptions options;
    options.host = impl_->config.admin.listen.host;
    options.port = impl_->config.admin.listen.port;
    options.connections_max = admin_connections_max;
    auto bound = HttpServer::open(options, handler);
    if (!bound) return bound.error();
    impl_->admin_server = std::move(*bound);
    return {};
}

HubControl& Hub::control() {
    return *impl_;
}
void Hub::start() {
    impl_->start();
}
void Hub::stop(std::int64_t drain_ms) {
    impl_->stop(drain_ms);
}
std::uint16_t Hub::port() const {
    return impl_->server->port();
}
std::uint16_t Hub::admin_port() const {
    return impl_->admin_server ? impl_->admin_server->port() : std::uint16_t(0);
}

}  // namespace syncline
