// The HTTP server around its connections: listening, accepting, deadlines, stopping. One io_context
// on one thread, one coroutine a connection (http_connection.cpp).
//
// Deadlines: each connection has one moment at which what it waits for is cancelled; a ticker looks
// at all of them. A timer for each operation would cost more than the request, and Beast's own
// closes the socket, so that no 408 could be sent.
#include "core/receiver/http_server.hpp"

#include <algorithm>
#include <bit>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <thread>

#include "core/base/log.hpp"
#include "core/receiver/http_connection.hpp"

namespace syncline {
namespace {

using namespace http_inside;

constexpr std::size_t turned_away_max = 64;    // connections over the cap that still get a 503
constexpr std::int64_t accept_pause_ms = 100;  // after accept failed for want of descriptors

/// Any failure that a coroutine did not expect ends its connection and is told here.
struct LogFailure {
    void operator()(std::exception_ptr failure) const {
        if (!failure) return;
        try {
            std::rethrow_exception(failure);
        } catch (const std::exception& error) {
            log_error("a connection ended by an internal failure", {{"reason", error.what()}});
        }
    }
};

/// Cancels what waits too long; runs while there are connections. A deadline is noticed at most one
/// tick late: a quarter of the shortest one, so half a second at most.
Await<void> watch_deadlines(Core& core) {
    const auto& options = core.options;
    auto shortest = std::min({options.header_timeout_ms, options.body_timeout_ms,
                              options.idle_timeout_ms, linger_ms});
    std::chrono::milliseconds tick(std::clamp<std::int64_t>(shortest / 4, 5, 500));
    error_code error;
    while (!core.connections.empty()) {
        core.ticker.expires_after(tick);
        co_await core.ticker.async_wait(asio::redirect_error(use_awaitable, error));
        auto now_ms = monotonic_ms();
        for (Connection* connection : core.connections)
            if (now_ms >= connection->deadline_ms) connection->socket.cancel(error);
    }
    core.watching = false;
}

void open_connection(Core& core, Socket socket) {
    bool over = core.connections.size() - core.turned_away >= core.options.connections_max;
    if (over && core.turned_away >= turned_away_max) return;  // the socket closes here
    auto connection = std::make_unique<Connection>(core, std::move(socket));
    connection->turned_away = over;
    core.turned_away += over;
    auto executor = core.io.get_executor();
    if (over) asio::co_spawn(executor, turn_away(std::move(connection)), LogFailure());
    else asio::co_spawn(executor, serve(std::move(connection)), LogFailure());
    if (!core.watching) {
        core.watching = true;
        asio::co_spawn(executor, watch_deadlines(core), LogFailure());
    }
}

/// A connection that cannot be opened (memory) must not end the accepting.
void welcome(Core& core, Socket socket) {
    try {
        open_connection(core, std::move(socket));
    } catch (const std::exception& error) {
        log_error("a connection could not be opened", {{"reason", error.what()}});
    }
}

/// True when nothing can be accepted before something is closed (EMFILE and its kin): the listening
/// socket stays readable, so trying again at once would spin.
bool accept_must_pause(Core& core, error_code error) {
    if (error == asio::error::connection_aborted) return false;
    if (std::has_single_bit(++core.accept_failures))
        log_error("connections cannot be accepted; trying again",
                  {{"reason", error.message()},
                   {"failed_so_far", std::to_string(core.accept_failures)}});
    return true;
}

Await<void> accept_connections(Core& core) {
    error_code error;
    while (!core.stopping) {
        Socket socket(core.io.get_executor());
        co_await core.acceptor.async_accept(socket, asio::redirect_error(use_awaitable, error));
        if (core.stopping) break;
        if (!error) {
            welcome(core, std::move(socket));
        } else if (accept_must_pause(core, error)) {
            core.accept_pause.expires_after(std::chrono::milliseconds(accept_pause_ms));
            co_await core.accept_pause.async_wait(asio::redirect_error(use_awaitable, error));
        }
    }
}

/// On the server's thread. A connection whose next request has already arrived is not idle.
void begin_stop(Core& core, std::int64_t drain_ms) {
    error_code ignored;
    core.stopping = true;
    core.acceptor.close(ignored);
    core.accept_pause.cancel();
    for (Connection* connection : core.connections)
        if (connection->idle && connection->socket.available(ignored) == 0)
            connection->socket.cancel(ignored);
    core.drain.expires_after(std::chrono::milliseconds(drain_ms));
    core.drain.async_wait([&core](error_code error) {
        if (!error) core.io.stop();
    });
    core.finish_if_drained();
}

void run(Core& core) {
    for (;;) {
        try {
            core.io.run();
            return;
        } catch (const std::exception& error) {
            log_error("the HTTP server's loop failed; going on", {{"reason", error.what()}});
        }
    }
}

Result<Tcp::endpoint> resolve(Core& core, std::string host, std::uint16_t port) {
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    error_code error;
    auto address = asio::ip::make_address(host, error);
    if (!error) return Tcp::endpoint(address, port);
    asio::ip::basic_resolver<Tcp, Executor> resolver(core.io.get_executor());
    auto found = resolver.resolve(host, std::to_string(port), asio::ip::resolver_base::passive,
                                  error);
    if (error) return Error(ErrorCode::invalid_config, "is no address of this machine", host);
    return found.begin()->endpoint();
}

Result<void> listen(Core& core) {
    const auto& options = core.options;
    bool bare_ipv6 = options.host.find(':') != std::string::npos && options.host.front() != '[';
    std::string where = bare_ipv6 ? "[" + options.host + "]" : options.host;
    where.append(":").append(std::to_string(options.port));
    auto failed = [&where](ErrorCode code, const std::string& why) {
        return Error(code, "cannot listen on " + where + ": " + why);
    };
    auto endpoint = resolve(core, options.host, options.port);
    if (!endpoint) return failed(endpoint.error().code, endpoint.error().text());
    error_code error;
    core.acceptor.open(endpoint->protocol(), error);
    if (!error) core.acceptor.set_option(Acceptor::reuse_address(true), error);
    if (!error) core.acceptor.bind(*endpoint, error);
    if (!error) core.acceptor.listen(Acceptor::max_listen_connections, error);
    if (error) return failed(ErrorCode::network, error.message());
    return {};
}

}  // namespace

// --- The class ----------------------------------------------------------------------------------

struct HttpServer::Impl {
    std::shared_ptr<Core> core;
    std::thread thread;
    bool stopped = false;
    std::uint16_t port = 0;
};

Result<std::unique_ptr<HttpServer>> HttpServer::open(const HttpServerOptions& options,
                                                     HttpHandler& handler) {
    auto impl = std::make_unique<Impl>();
    impl->core = std::make_shared<Core>(options, handler);
    if (auto listening = listen(*impl->core); !listening) return listening.error();
    error_code ignored;
    impl->port = impl->core->acceptor.local_endpoint(ignored).port();
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() {
    stop(0);
}

std::uint16_t HttpServer::port() const {
    return impl_->port;
}

void HttpServer::start() {
    auto& core = *impl_->core;
    asio::co_spawn(core.io.get_executor(), accept_connections(core), LogFailure());
    impl_->thread = std::thread([&core] { run(core); });
}

void HttpServer::stop(std::int64_t drain_ms) {
    if (impl_->stopped) return;
    impl_->stopped = true;
    auto& core = *impl_->core;
    if (impl_->thread.joinable()) {
        asio::post(core.io.get_executor(), [&core, drain_ms] { begin_stop(core, drain_ms); });
        impl_->thread.join();
    }
    // The thread has ended, so the connections that outlived the drain are this thread's to close.
    error_code ignored;
    core.acceptor.close(ignored);
    for (Connection* connection : core.connections) connection->socket.close(ignored);
}

std::size_t HttpServer::connections() const {
    return impl_->core->open.load(std::memory_order_relaxed);
}

}  // namespace syncline
