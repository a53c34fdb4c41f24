// The inside of the HTTP server, shared by http_server.cpp (listening, deadlines, stopping) and
// http_connection.cpp (one connection's life). Not for other files: it shows Asio, and Beast's
// buffer.
//
// Everything here belongs to the server's thread, but for Core::open. Ownership: Core outlives the
// HttpServer while an answer is owed, because a handler's `done` may come from another thread at
// any time; coroutines live inside Core's io_context and refer to Core, never own it.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "core/base/http.hpp"
#include "core/base/limits.hpp"
#include "core/receiver/http_server.hpp"

namespace syncline::http_inside {

namespace asio = boost::asio;
using boost::system::error_code;
using Executor = asio::io_context::executor_type;
using Tcp = asio::ip::tcp;
using Socket = asio::basic_stream_socket<Tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<Tcp, Executor>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;
template <class T>
using Await = asio::awaitable<T, Executor>;
inline constexpr asio::use_awaitable_t<Executor> use_awaitable{};

inline constexpr std::size_t buffer_bytes_max = 128 << 10;  // read and not yet used
inline constexpr std::int64_t linger_ms = 1000;  // in which a refused client reads its answer
inline constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

std::int64_t monotonic_ms();

struct Connection;

struct Core : std::enable_shared_from_this<Core> {
    const HttpServerOptions options;
    HttpHandler& handler;
    std::unordered_set<Connection*> connections;  // before io, whose destructor ends coroutines
    std::atomic<std::size_t> open{0};             // their number
    std::size_t turned_away = 0;                  // of these: over the cap
    std::uint64_t refusals = 0;
    std::uint64_t accept_failures = 0;
    bool stopping = false;
    bool watching = false;                        // the deadlines
    std::int64_t date_s = 0;
    std::string date;
    asio::io_context io{1};
    asio::executor_work_guard<Executor> work{io.get_executor()};
    Acceptor acceptor{io};
    Timer ticker{io};
    Timer accept_pause{io};
    Timer drain{io};

    Core(const HttpServerOptions& options_in, HttpHandler& handler_in)
        : options(options_in), handler(handler_in) {}
    /// The thread's loop ends when the last connection is gone.
    void finish_if_drained() {
        if (stopping && connections.empty()) io.stop();
    }
    /// For the Date header; made once a second.
    std::string_view date_now();
};

/// One connection. Lives in its coroutine's frame.
struct Connection {
    Core& core;
    Socket socket;
    boost::beast::flat_buffer buffer{buffer_bytes_max};  // bytes read and not yet used, in order
    std::string peer;
    std::int64_t deadline_ms = never;  // when what it waits for is cancelled
    bool idle = true;           // between requests: nothing of the next one has arrived
    bool fresh = true;          // no request yet
    bool turned_away = false;   // over the cap: gets a 503 and nothing else

    Connection(Core& core_in, Socket socket_in);
    ~Connection();
    void wait_at_most(std::int64_t ms) { deadline_ms = monotonic_ms() + ms; }
    void wait_freely() { deadline_ms = never; }
    bool expired() const { return monotonic_ms() >= deadline_ms; }
    std::string_view bytes() const {
        return {static_cast<const char*>(buffer.data().data()), buffer.size()};
    }
};

/// Serves requests until one side ends the connection.
Await<void> serve(std::unique_ptr<Connection> connection);
/// Answers 503 without reading a byte.
Await<void> turn_away(std::unique_ptr<Connection> connection);

}  // namespace syncline::http_inside
