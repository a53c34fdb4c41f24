// The HTTP server: one io_context on one thread, one coroutine a connection. The only file that
// includes Beast, whose parser checks the grammar; what a head may say is in http_rules.cpp.
//
// A request: read head → check → handler.admit() → 100 Continue → body under its limit →
// handler.handle() → answer. The next request of the connection is read after the answer, so
// answers are in order and a connection costs one request's memory.
//
// Deadlines: each connection has one moment at which what it waits for is cancelled; a ticker looks
// at all of them. A timer for each operation would cost more than the request, and Beast's own
// closes the socket, so that no 408 could be sent.
//
// Ownership: Core outlives the server while an answer is owed, because a handler's `done` may come
// from another thread at any time; coroutines live inside Core's io_context and refer to Core.
#include "core/receiver/http_server.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <limits>
#include <optional>
#include <thread>
#include <unordered_set>

#include "core/base/clock.hpp"
#include "core/base/log.hpp"
#include "core/receiver/http_rules.hpp"

namespace syncline {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using Executor = asio::io_context::executor_type;
using Tcp = asio::ip::tcp;
using Socket = asio::basic_stream_socket<Tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<Tcp, Executor>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;
template <class T>
using Await = asio::awaitable<T, Executor>;
constexpr asio::use_awaitable_t<Executor> use_awaitable{};

constexpr std::size_t read_bytes = 4096;             // a usual event with its head in one read
constexpr std::size_t buffer_bytes_max = 128 << 10;  // what may wait unparsed on a connection
constexpr std::size_t buffer_bytes_kept = 8 << 10;   // of an idle connection: 4,096 × 8 KiB = 32 MiB
constexpr std::size_t body_read_bytes = 64 << 10;    // read size of a large body
constexpr std::size_t gather_bytes_min = 16 << 10;   // larger answers are not copied behind their head
constexpr std::size_t turned_away_max = 64;          // connections over the cap that still get a 503
constexpr std::int64_t linger_ms = 1000;             // a refused client reads its answer in that time
constexpr std::size_t linger_bytes_max = 8 << 20;    // or until it has sent that much more
constexpr std::int64_t accept_pause_ms = 100;        // after accept failed for want of descriptors
constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
static_assert(buffer_bytes_max >= limits::header_bytes_max + read_bytes + body_read_bytes);

std::int64_t monotonic_ms() {
    return SystemClock().monotonic_ms();
}

struct Core;

/// One connection. Lives in its coroutine's frame.
struct Session {
    Core& core;
    Socket socket;
    boost::beast::flat_buffer buffer{buffer_bytes_max};  // bytes read and not yet used, in order
    std::string peer;
    std::int64_t deadline_ms = never;
    bool idle = true;           // between requests: nothing of the next one has arrived
    bool fresh = true;          // no request yet
    bool turned_away = false;   // over the cap: gets a 503 and nothing else

    Session(Core& core_in, Socket socket_in);
    ~Session();
    void wait_at_most(std::int64_t ms) { deadline_ms = monotonic_ms() + ms; }
    void wait_freely() { deadline_ms = never; }
    bool expired() const { return monotonic_ms() >= deadline_ms; }
    std::string_view bytes() const {
        return {static_cast<const char*>(buffer.data().data()), buffer.size()};
    }
};

struct Core : std::enable_shared_from_this<Core> {
    const HttpServerOptions options;
    HttpHandler& handler;
    std::unordered_set<Session*> sessions;  // before io, whose destructor ends coroutines
    std::atomic<std::size_t> open{0};
    std::size_t turned_away = 0;
    std::uint64_t refusals = 0;
    std::uint64_t accept_failures = 0;
    bool stopping = false;
    bool ticking = false;
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
    void finish_if_drained() {
        if (stopping && sessions.empty()) io.stop();
    }
    std::string_view date_now() {
        std::int64_t now_ms = SystemClock().wall_ms();
        if (now_ms / 1000 != date_s) date_s = now_ms / 1000, date = format_http_date(now_ms);
        return date;
    }
};

Session::Session(Core& core_in, Socket socket_in)
    : core(core_in), socket(std::move(socket_in)) {
    core.sessions.insert(this);
    core.open.store(core.sessions.size(), std::memory_order_relaxed);
    error_code ignored;
    socket.set_option(Tcp::no_delay(true), ignored);
    auto endpoint = socket.remote_endpoint(ignored);
    if (!ignored) peer = endpoint.address().to_string();
}

Session::~Session() {
    core.sessions.erase(this);
    core.turned_away -= turned_away;
    core.open.store(core.sessions.size(), std::memory_order_relaxed);
    core.finish_if_drained();
}

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

/// Bounded: the 1st, 2nd, 4th, 8th … refusal is logged.
void log_refusal(Session& session, unsigned status, const char* reason) {
    if (!std::has_single_bit(++session.core.refusals)) return;
    log_warning("request refused", {{"status", std::to_string(status)},
                                    {"reason", reason},
                                    {"peer", session.peer},
                                    {"refused_so_far", std::to_string(session.core.refusals)}});
}

// --- One request --------------------------------------------------------------------------------

struct Exchange {
    HeadScanner scanner;
    http::request_parser<http::string_body> parser;
    HttpRequest request;
    unsigned version = 11;
    HeadFacts facts;
    std::size_t body_bytes_max = 0;
    bool gone = false;                     // the client is: nothing to answer
    std::optional<HttpResponse> refusal;
    const char* reason = nullptr;          // of a refusal by us; a handler writes its own log

    Exchange() = default;
    void refuse(unsigned status, const char* why) {
        refusal = refusal_response(HeadRefusal{status, why});
        reason = why;
    }
};

/// What a read's failure means for the client.
void fail_read(Session& session, Exchange& exchange, error_code error) {
    bool timed_out = error == asio::error::operation_aborted && session.expired();
    if (timed_out && !session.idle) exchange.refuse(408, "the request took too long");
    else exchange.gone = true;
}

/// Reads until the head is complete or shows that it never will be right.
Await<void> read_head(Session& session, Exchange& exchange) {
    const auto& options = session.core.options;
    session.idle = session.buffer.size() == 0;
    if (session.idle && session.buffer.capacity() > buffer_bytes_kept)
        session.buffer.shrink_to_fit();
    bool waiting = session.idle && !session.fresh;
    session.wait_at_most(waiting ? options.idle_timeout_ms : options.header_timeout_ms);
    for (;;) {
        HeadState state = exchange.scanner.scan(session.bytes().substr(0, limits::header_bytes_max));
        if (state == HeadState::complete) break;
        if (state == HeadState::bad) co_return exchange.refuse(400, exchange.scanner.reason());
        if (session.buffer.size() >= limits::header_bytes_max)
            co_return exchange.refuse(431, "the head is too large");
        error_code error;
        if (session.core.stopping && session.idle && session.socket.available(error) == 0)
            exchange.gone = true;
        if (exchange.gone) co_return;
        auto space = session.buffer.prepare(read_bytes);
        std::size_t count = co_await session.socket.async_read_some(
            space, asio::redirect_error(use_awaitable, error));
        if (error) co_return fail_read(session, exchange, error);
        session.buffer.commit(count);
        if (session.idle) session.wait_at_most(options.header_timeout_ms);
        session.idle = false;
    }
}

/// Parses the complete head, applies the rules and asks the handler. Fills request and facts, or
/// the refusal.
void open_exchange(Session& session, Exchange& exchange) {
    auto& parser = exchange.parser;
    session.fresh = false;
    parser.header_limit(limits::header_bytes_max + 1);  // the scanner's limit is the exact one
    parser.body_limit(boost::none);                     // set when the handler has been asked
    error_code error;
    auto head_bytes = exchange.scanner.head_bytes();
    parser.put(asio::const_buffer(session.buffer.data().data(), head_bytes), error);
    session.buffer.consume(head_bytes);
    if (error || !parser.is_header_done()) return exchange.refuse(400, "malformed request head");

    const auto& head = parser.get();
    exchange.version = head.version();
    exchange.request.method = std::string(head.method_string());
    exchange.request.target = std::string(head.target());
    exchange.request.peer = session.peer;
    for (const auto& field : head)
        exchange.request.headers.add(std::string(field.name_string()), std::string(field.value()));
    auto refused = check_head(exchange.request, exchange.version, exchange.facts);
    if (refused) return exchange.refuse(refused->status, refused->reason);

    HttpHandler::Admission admission;
    admission.body_bytes_max = session.core.options.body_bytes_max;
    session.core.handler.admit(exchange.request, admission);
    if (admission.refused) {
        exchange.refusal = std::move(admission.refusal);
        return;
    }
    exchange.body_bytes_max = admission.body_bytes_max;
    refused = check_body_size(exchange.request, exchange.facts, admission.body_bytes_max);
    if (refused) exchange.refuse(refused->status, refused->reason);
}

void fail_body(Session& session, Exchange& exchange, error_code error) {
    if (error == http::error::body_limit) exchange.refuse(413, "the body is too large");
    else if (error == http::error::partial_message) exchange.refuse(400, "the body ends early");
    else if (error.category() == http::make_error_code(http::error::bad_chunk).category())
        exchange.refuse(400, "malformed body");
    else fail_read(session, exchange, error);
}

/// A small body has usually arrived with its head: no read, no trip through the loop.
void take_buffered_body(Session& session, Exchange& exchange) {
    exchange.parser.body_limit(exchange.body_bytes_max);
    exchange.parser.eager(true);
    if (session.buffer.size() == 0) return;
    error_code error;
    session.buffer.consume(exchange.parser.put(session.buffer.data(), error));
    if (error && error != http::error::need_more) fail_body(session, exchange, error);
}

Await<void> read_body(Session& session, Exchange& exchange) {
    take_buffered_body(session, exchange);
    if (exchange.refusal || exchange.parser.is_done()) co_return;
    session.wait_at_most(session.core.options.body_timeout_ms);
    error_code error;
    if (exchange.facts.expects_continue) {
        auto go_on = asio::buffer("HTTP/1.1 100 Continue\r\n\r\n", 25);
        co_await asio::async_write(session.socket, go_on,
                                   asio::redirect_error(use_awaitable, error));
    }
    if (!error) {
        if (exchange.facts.length.value_or(body_read_bytes) > read_bytes)
            session.buffer.reserve(body_read_bytes);
        co_await http::async_read(session.socket, session.buffer, exchange.parser,
                                  asio::redirect_error(use_awaitable, error));
    }
    if (error) fail_body(session, exchange, error);
}

// --- The handler's answer -----------------------------------------------------------------------

/// Carries one answer from any thread to the waiting coroutine, once. A handler that drops its
/// `done` unused is answered for.
template <class Waiting>
class Reply {
public:
    Reply(std::shared_ptr<Core> core, Waiting waiting)
        : core_(std::move(core)), waiting_(std::move(waiting)) {}
    Reply(const Reply&) = delete;
    Reply& operator=(const Reply&) = delete;
    ~Reply() { send(refusal_response(HeadRefusal{500, "the request was not answered"})); }

    void send(HttpResponse response) {
        if (sent_.exchange(true)) return;
        asio::post(core_->io.get_executor(),
                   [waiting = std::move(waiting_), answer = std::move(response)]() mutable {
                       waiting(std::move(answer));
                   });
    }

private:
    // First, so that it goes last: the coroutine behind `waiting_` lives in the core.
    std::shared_ptr<Core> core_;
    Waiting waiting_;
    std::atomic<bool> sent_{false};
};

/// Hands the request to the handler and awaits its answer. A plain function: g++ 12.2 loses the
/// captures of an initiation written inside a coroutine.
template <class Token>
auto async_handle(Core& core, HttpRequest request, Token&& token) {
    auto initiate = [&core](auto waiting, HttpRequest given) {
        using Waiting = decltype(waiting);
        auto reply = std::make_shared<Reply<Waiting>>(core.shared_from_this(), std::move(waiting));
        try {
            core.handler.handle(std::move(given), [reply](HttpResponse response) {
                reply->send(std::move(response));
            });
        } catch (const std::exception& error) {
            log_error("a request's handler failed", {{"reason", error.what()}});
        }
    };
    return asio::async_initiate<Token, void(HttpResponse)>(initiate, token, std::move(request));
}

/// False when the client is gone.
Await<bool> write_answer(Session& session, const Exchange& exchange, HttpResponse response,
                         bool keep_alive) {
    AnswerFrame frame;
    frame.server_name = session.core.options.server_name;
    frame.date = session.core.date_now();
    frame.keep_alive = keep_alive;
    frame.http10 = exchange.version < 11;
    std::string head = answer_head(response, frame);
    bool with_body = answer_has_body(response) && exchange.request.method != "HEAD";
    if (!with_body) response.body.clear();
    if (response.body.size() < gather_bytes_min) {
        head.append(response.body);
        response.body.clear();
    }
    std::array<asio::const_buffer, 2> parts;
    parts[0] = asio::buffer(head);
    parts[1] = asio::buffer(response.body);
    session.wait_at_most(limits::write_timeout_ms);
    error_code error;
    co_await asio::async_write(session.socket, parts, asio::redirect_error(use_awaitable, error));
    session.wait_freely();
    co_return !error;
}

// --- Connections --------------------------------------------------------------------------------

enum class After { next_request, linger, drop };

Await<After> serve_one(Session& session) {
    Exchange exchange;
    co_await read_head(session, exchange);
    if (!exchange.gone && !exchange.refusal) open_exchange(session, exchange);
    bool wanted = !exchange.gone && !exchange.refusal && exchange.facts.has_body();
    if (wanted) co_await read_body(session, exchange);
    if (exchange.gone) co_return After::drop;
    if (exchange.refusal) {
        if (exchange.reason) log_refusal(session, exchange.refusal->status, exchange.reason);
        co_await write_answer(session, exchange, std::move(*exchange.refusal), false);
        co_return After::linger;
    }
    exchange.request.body = std::move(exchange.parser.get().body());
    HttpRequest request = std::move(exchange.request);
    exchange.request.method = request.method;
    session.wait_freely();
    HttpResponse response = co_await async_handle(session.core, std::move(request), use_awaitable);
    bool keep_alive = exchange.facts.keep_alive && !response.close && !session.core.stopping;
    bool written = co_await write_answer(session, exchange, std::move(response), keep_alive);
    if (!written) co_return After::drop;
    co_return keep_alive ? After::next_request : After::linger;
}

/// Closes so that the client can read its answer: unread bytes in our socket would make the kernel
/// reset the connection.
Await<void> linger(Session& session) {
    error_code error;
    session.socket.shutdown(Socket::shutdown_send, error);
    session.wait_at_most(linger_ms);
    std::size_t total = 0;
    while (!error && total < linger_bytes_max) {
        session.buffer.clear();
        auto space = session.buffer.prepare(read_bytes);
        total += co_await session.socket.async_read_some(
            space, asio::redirect_error(use_awaitable, error));
    }
}

Await<void> run_session(std::unique_ptr<Session> session) {
    After after = After::next_request;
    while (after == After::next_request) after = co_await serve_one(*session);
    if (after == After::linger) co_await linger(*session);
}

/// Over the cap: 503 at once, without reading a byte.
Await<void> turn_away(std::unique_ptr<Session> session) {
    Exchange exchange;
    HttpResponse busy = refusal_response(HeadRefusal{503, "too many connections"});
    busy.headers.add("Retry-After", std::to_string(limits::retry_after_s_overload));
    log_refusal(*session, busy.status, "too many connections");
    co_await write_answer(*session, exchange, std::move(busy), false);
    co_await linger(*session);
}

/// Cancels what waits too long; runs while there are connections. A deadline is noticed at most one
/// tick late: a quarter of the shortest one, so half a second at most.
Await<void> watch_deadlines(Core& core) {
    const auto& options = core.options;
    auto shortest = std::min({options.header_timeout_ms, options.body_timeout_ms,
                              options.idle_timeout_ms, linger_ms});
    std::chrono::milliseconds tick(std::clamp<std::int64_t>(shortest / 4, 5, 500));
    error_code error;
    while (!core.sessions.empty()) {
        core.ticker.expires_after(tick);
        co_await core.ticker.async_wait(asio::redirect_error(use_awaitable, error));
        auto now_ms = monotonic_ms();
        for (Session* session : core.sessions)
            if (now_ms >= session->deadline_ms) session->socket.cancel(error);
    }
    core.ticking = false;
}

void welcome(Core& core, Socket socket) {
    bool over = core.sessions.size() - core.turned_away >= core.options.connections_max;
    if (over && core.turned_away >= turned_away_max) return;  // the socket closes here
    auto session = std::make_unique<Session>(core, std::move(socket));
    session->turned_away = over;
    core.turned_away += over;
    auto executor = core.io.get_executor();
    if (over) asio::co_spawn(executor, turn_away(std::move(session)), LogFailure());
    else asio::co_spawn(executor, run_session(std::move(session)), LogFailure());
    if (!core.ticking) {
        core.ticking = true;
        asio::co_spawn(executor, watch_deadlines(core), LogFailure());
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
    for (Session* session : core.sessions)
        if (session->idle && session->socket.available(ignored) == 0)
            session->socket.cancel(ignored);
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
    for (Session* session : core.sessions) session->socket.close(ignored);
}

std::size_t HttpServer::connections() const {
    return impl_->core->open.load(std::memory_order_relaxed);
}

}  // namespace syncline
