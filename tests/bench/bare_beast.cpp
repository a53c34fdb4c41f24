// The yardstick of the front door, and the sink of the end-to-end figure: a bare Boost.Beast server
// that reads a POST, computes its HMAC-SHA256 and answers 200, keeping nothing but a count.
// GET answers that count. Prints its port.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <cstdio>

#include "core/base/hash.hpp"

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

struct Counter {
    std::size_t posts = 0;
};

using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

Response answer(const Request& request, Counter& counter) {
    static const std::string secret(64, 'a');
    Response response(http::status::ok, 11);
    response.set(http::field::content_type, "application/json");
    if (request.method() == http::verb::get) {
        response.body() = std::to_string(counter.posts);
    } else {
        ++counter.posts;
        auto mac = syncline::hmac_sha256(secret, {request.body()});
        response.body() = mac[0] == 0 && mac[1] == 0 ? "{\"received\":true }" : "{\"received\":true}";
    }
    response.keep_alive(true);
    response.prepare_payload();
    return response;
}

asio::awaitable<void> session(tcp::socket socket, Counter& counter) {
    beast::tcp_stream stream(std::move(socket));
    beast::flat_buffer buffer;
    boost::system::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    for (;;) {
        http::request_parser<http::string_body> parser;
        stream.expires_after(std::chrono::seconds(60));
        co_await http::async_read(stream, buffer, parser, token);
        if (error) co_return;
        Response response = answer(parser.get(), counter);
        co_await http::async_write(stream, response, token);
        if (error) co_return;
    }
}

asio::awaitable<void> serve(tcp::acceptor& acceptor, Counter& counter) {
    for (;;) {
        tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
        socket.set_option(tcp::no_delay(true));
        auto executor = acceptor.get_executor();
        asio::co_spawn(executor, session(std::move(socket), counter), asio::detached);
    }
}

}  // namespace

int main() {
    asio::io_context io(1);
    tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    Counter counter;
    std::printf("%u\n", acceptor.local_endpoint().port());
    std::fflush(stdout);
    asio::co_spawn(io, serve(acceptor, counter), asio::detached);
    io.run();
}
