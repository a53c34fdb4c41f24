// One connection's life. The only file that uses Beast, whose parser checks the grammar; what a
// head may say is in http_rules.cpp.
//
// A request: read head → check → handler.admit() → 100 Continue → body under its limit →
// handler.handle() → answer. The next request of the connection is read after the answer, so
// answers are in order and a connection costs one request's memory.
//
// Coroutines keep to the rules for g++ 12.2: what a statement with co_await needs is made before.
#include "core/receiver/http_connection.hpp"

#include <array>
#include <bit>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>

#include "core/base/clock.hpp"
#include "core/base/log.hpp"
#include "core/receiver/http_rules.hpp"

namespace syncline::http_inside {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t read_bytes = 4096;             // a usual event with its head in one read
constexpr std::size_t buffer_bytes_kept = 8 << 10;   // when idle: 4,096 × 8 KiB = 32 MiB
constexpr std::size_t body_read_bytes = 64 << 10;    // read size of a large body
constexpr std::size_t gather_bytes_min = 16 << 10;   // such bodies are not copied behind the head
constexpr std::size_t linger_bytes_max = 8 << 20;    // what a refused client may still send
static_assert(buffer_bytes_max >= limits::header_bytes_max + read_bytes + body_read_bytes);

/// Bounded: the 1st, 2nd, 4th, 8th … refusal is logged.
void log_refusal(Connection& connection, unsigned status, const char* reason) {
    if (!std::has_single_bit(++connection.core.refusals)) return;
    log_warning("request refused", {{"status", std::to_string(status)},
                                    {"reason", reason},
                                    {"peer", connection.peer},
                                    {"refused_so_far", std::to_string(connection.core.refusals)}});
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
void fail_read(Connection& connection, Exchange& exchange, error_code error) {
    bool timed_out = error == asio::error::operation_aborted && connection.expired();
    if (timed_out && !connection.idle) exchange.refuse(408, "the request took too long");
    else exchange.gone = true;
}

/// Reads until the head is complete or shows that it never will be right.
Await<void> read_head(Connection& connection, Exchange& exchange) {
    const auto& options = connection.core.options;
    connection.idle = connection.buffer.size() == 0;
    if (connection.idle && connection.buffer.capacity() > buffer_bytes_kept)
        connection.buffer.shrink_to_fit();
    bool waiting = connection.idle && !connection.fresh;
    connection.wait_at_most(waiting ? options.idle_timeout_ms : options.header_timeout_ms);
    for (;;) {
        auto seen = connection.bytes().substr(0, limits::header_bytes_max);
        HeadState state = exchange.scanner.scan(seen);
        if (state == HeadState::complete) break;
        if (state == HeadState::bad) co_return exchange.refuse(400, exchange.scanner.reason());
        if (connection.buffer.size() >= limits::header_bytes_max)
            co_return exchange.refuse(431, "the head is too large");
        error_code error;
        if (connection.core.stopping && connection.idle && connection.socket.available(error) == 0)
            exchange.gone = true;
        if (exchange.gone) co_return;
        auto space = connection.buffer.prepare(read_bytes);
        std::size_t count = co_await connection.socket.async_read_some(
            space, asio::redirect_error(use_awaitable, error));
        if (error) co_return fail_read(connection, exchange, error);
        connection.buffer.commit(count);
        if (connection.idle) connection.wait_at_most(options.header_timeout_ms);
        connection.idle = false;
    }
}

/// Parses the complete head, applies the rules and asks the handler. Fills request and facts, or
/// the refusal.
void open_exchange(Connection& connection, Exchange& exchange) {
    auto& parser = exchange.parser;
    connection.fresh = false;
    parser.header_limit(limits::header_bytes_max + 1);  // the scanner's limit is the exact one
    parser.body_limit(boost::none);                     // set when the handler has been asked
    error_code error;
    auto head_bytes = exchange.scanner.head_bytes();
    parser.put(asio::const_buffer(connection.buffer.data().data(), head_bytes), error);
    connection.buffer.consume(head_bytes);
    if (error || !parser.is_header_done()) return exchange.refuse(400, "malformed request head");

    const auto& head = parser.get();
    exchange.version = head.version();
    exchange.request.method = std::string(head.method_string());
    exchange.request.target = std::string(head.target());
    exchange.request.peer = connection.peer;
    for (const auto& field : head)
        exchange.request.headers.add(std::string(field.name_string()), std::string(field.value()));
    auto refused = check_head(exchange.request, exchange.version, exchange.facts);
    if (refused) return exchange.refuse(refused->status, refused->reason);

    HttpHandler::Admission admission;
    admission.body_bytes_max = connection.core.options.body_bytes_max;
    connection.core.handler.admit(exchange.request, admission);
    if (admission.refused) {
        exchange.refusal = std::move(admission.refusal);
        return;
    }
    exchange.body_bytes_max = admission.body_bytes_max;
    refused = check_body_size(exchange.request, exchange.facts, admission.body_bytes_max);
    if (refused) exchange.refuse(refused->status, refused->reason);
}

void fail_body(Connection& connection, Exchange& exchange, error_code error) {
    if (error == http::error::body_limit) exchange.refuse(413, "the body is too large");
    else if (error == http::error::partial_message) exchange.refuse(400, "the body ends early");
    else if (error.category() == http::make_error_code(http::error::bad_chunk).category())
        exchange.refuse(400, "malformed body");
    else fail_read(connection, exchange, error);
}

/// A small body has usually arrived with its head: no read, no trip through the loop.
void take_buffered_body(Connection& connection, Exchange& exchange) {
    exchange.parser.body_limit(exchange.body_bytes_max);
    exchange.parser.eager(true);
    if (connection.buffer.size() == 0) return;
    error_code error;
    connection.buffer.consume(exchange.parser.put(connection.buffer.data(), error));
    if (error && error != http::error::need_more) fail_body(connection, exchange, error);
}

Await<void> read_body(Connection& connection, Exchange& exchange) {
    take_buffered_body(connection, exchange);
    if (exchange.refusal || exchange.parser.is_done()) co_return;
    connection.wait_at_most(connection.core.options.body_timeout_ms);
    error_code error;
    if (exchange.facts.expects_continue) {
        auto go_on = asio::buffer("HTTP/1.1 100 Continue\r\n\r\n", 25);
        co_await asio::async_write(connection.socket, go_on,
                                   asio::redirect_error(use_awaitable, error));
    }
    if (!error) {
        if (exchange.facts.length.value_or(body_read_bytes) > read_bytes)
            connection.buffer.reserve(body_read_bytes);
        co_await http::async_read(connection.socket, connection.buffer, exchange.parser,
                                  asio::redirect_error(use_awaitable, error));
    }
    if (error) fail_body(connection, exchange, error);
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
Await<bool> write_answer(Connection& connection, const Exchange& exchange, HttpResponse response,
                         bool keep_alive) {
    AnswerFrame frame;
    frame.server_name = connection.core.options.server_name;
    frame.date = connection.core.date_now();
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
    connection.wait_at_most(limits::write_timeout_ms);
    error_code error;
    co_await asio::async_write(connection.socket, parts,
                               asio::redirect_error(use_awaitable, error));
    connection.wait_freely();
    co_return !error;
}

// --- Connections --------------------------------------------------------------------------------

enum class After { next_request, linger, drop };

Await<After> serve_one(Connection& connection) {
    Exchange exchange;
    co_await read_head(connection, exchange);
    if (!exchange.gone && !exchange.refusal) open_exchange(connection, exchange);
    bool wanted = !exchange.gone && !exchange.refusal && exchange.facts.has_body();
    if (wanted) co_await read_body(connection, exchange);
    if (exchange.gone) co_return After::drop;
    if (exchange.refusal) {
        if (exchange.reason) log_refusal(connection, exchange.refusal->status, exchange.reason);
        co_await write_answer(connection, exchange, std::move(*exchange.refusal), false);
        co_return After::linger;
    }
    exchange.request.body = std::move(exchange.parser.get().body());
    HttpRequest request = std::move(exchange.request);
    exchange.request.method = request.method;
    connection.wait_freely();
    auto& core = connection.core;
    HttpResponse response = co_await async_handle(core, std::move(request), use_awaitable);
    bool keep_alive = exchange.facts.keep_alive && !response.close && !core.stopping;
    bool written = co_await write_answer(connection, exchange, std::move(response), keep_alive);
    if (!written) co_return After::drop;
    co_return keep_alive ? After::next_request : After::linger;
}

/// Closes so that the client can read its answer: unread bytes in our socket would make the kernel
/// reset the connection.
Await<void> linger(Connection& connection) {
    error_code error;
    connection.socket.shutdown(Socket::shutdown_send, error);
    connection.wait_at_most(linger_ms);
    std::size_t total = 0;
    while (!error && total < linger_bytes_max) {
        connection.buffer.clear();
        auto space = connection.buffer.prepare(read_bytes);
        std::size_t count = co_await connection.socket.async_read_some(
            space, asio::redirect_error(use_awaitable, error));
        total += count;
    }
}

}  // namespace

Await<void> serve(std::unique_ptr<Connection> connection) {
    After after = After::next_request;
    while (after == After::next_request) after = co_await serve_one(*connection);
    if (after == After::linger) co_await linger(*connection);
}

Await<void> turn_away(std::unique_ptr<Connection> connection) {
    Exchange exchange;
    HttpResponse busy = refusal_response(HeadRefusal{503, "too many connections"});
    busy.headers.add("Retry-After", std::to_string(limits::retry_after_s_overload));
    log_refusal(*connection, busy.status, "too many connections");
    co_await write_answer(*connection, exchange, std::move(busy), false);
    co_await linger(*connection);
}

// --- Bookkeeping --------------------------------------------------------------------------------

std::int64_t monotonic_ms() {
    return SystemClock().monotonic_ms();
}

std::string_view Core::date_now() {
    std::int64_t now_ms = SystemClock().wall_ms();
    if (now_ms / 1000 != date_s) {
        date_s = now_ms / 1000;
        date = format_http_date(now_ms);
    }
    return date;
}

Connection::Connection(Core& core_in, Socket socket_in)
    : core(core_in), socket(std::move(socket_in)) {
    core.connections.insert(this);
    core.open.store(core.connections.size(), std::memory_order_relaxed);
    error_code ignored;
    socket.set_option(Tcp::no_delay(true), ignored);
    auto endpoint = socket.remote_endpoint(ignored);
    if (!ignored) peer = endpoint.address().to_string();
}

Connection::~Connection() {
    core.connections.erase(this);
    core.turned_away -= turned_away;
    core.open.store(core.connections.size(), std::memory_order_relaxed);
    core.finish_if_drained();
}

}  // namespace syncline::http_inside
