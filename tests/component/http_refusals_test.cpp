// What the HTTP server refuses: requests that two parsers could read differently, sizes over their
// limits, and clients that are slow. Each refusal is JSON, closes the connection, and never reaches
// the handler.
#include <gtest/gtest.h>

#include <memory>

#include "core/receiver/http_server.hpp"
#include "core/sdk/json.hpp"
#include "tests/component/raw_client.hpp"
#include "tests/component/scripted_handler.hpp"

namespace syncline {
namespace {

using tests::RawAnswer;
using tests::RawClient;
using tests::ScriptedHandler;

class HttpRefusals : public ::testing::Test {
protected:
    void start() {
        auto opened = HttpServer::open(options, handler);
        ASSERT_TRUE(opened.has_value()) << opened.error().text();
        server = std::move(opened).value();
        server->start();
    }
    RawClient connect() { return RawClient(server->port()); }

    HttpServerOptions options;
    ScriptedHandler handler;
    std::unique_ptr<HttpServer> server;
};

void expect_refused(RawClient& client, unsigned status, const std::string& reason,
                    const std::string& row) {
    auto answer = client.answer();
    EXPECT_EQ(answer.status, status) << row;
    std::string error = "{\"error\":";
    json_quote_to(error, reason);
    EXPECT_EQ(answer.body, error + "}") << row;
    EXPECT_EQ(answer.header("Content-Type"), "application/json") << row;
    EXPECT_EQ(answer.header("Connection"), "close") << row;
    EXPECT_TRUE(client.ended()) << row;
}

// --- Two readings of one request ----------------------------------------------------------------

struct Row {
    const char* name;
    std::string bytes;
    const char* reason;
};

const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: hub\r\n\r\n";

std::string with(const std::string& fields, const std::string& body = "") {
    return "POST /in HTTP/1.1\r\nHost: hub\r\n" + fields + "\r\n" + body;
}

std::vector<Row> framing_rows() {
    const char* coding = "Transfer-Encoding must be chunked and nothing else";
    const char* both = "both Content-Length and Transfer-Encoding";
    const char* length = "Content-Length must be one decimal number";
    const char* grammar = "malformed request head";
    std::string chunk = "0\r\n\r\n" + smuggled;
    return {
        {"chunked, identity", with("Transfer-Encoding: chunked, identity\r\n", chunk), coding},
        {"identity", with("Transfer-Encoding: identity\r\n", chunk), coding},
        {"gzip, chunked", with("Transfer-Encoding: gzip, chunked\r\n", chunk), coding},
        {"xchunked", with("Transfer-Encoding: xchunked\r\n", chunk), coding},
        {"xchunked and length",
         with("Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n", chunk), both},
        {"chunked twice",
         with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunk), grammar},
        {"length and chunked", with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", chunk),
         grammar},
        {"chunked and length", with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", chunk),
         grammar},
        {"chunked in HTTP/1.0",
         "POST /in HTTP/1.0\r\nHost: hub\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk,
         "Transfer-Encoding in HTTP/1.0"},
        {"space before the colon", with("Transfer-Encoding : chunked\r\n", chunk), grammar},
        {"length list", with("Content-Length: 4, 4\r\n", "body" + smuggled), length},
        {"length twice", with("Content-Length: 4\r\nContent-Length: 4\r\n", "body" + smuggled),
         "more than one Content-Length"},
        {"lengths that differ", with("Content-Length: 4\r\nContent-Length: 5\r\n", "body"),
         grammar},
        {"length with a sign", with("Content-Length: +4\r\n", "body"), grammar},
        {"negative length", with("Content-Length: -1\r\n", "body"), grammar},
        {"hex length", with("Content-Length: 0x4\r\n", "body"), grammar},
        {"empty length", with("Content-Length: \r\n", "body"), grammar},
        {"length beyond 64 bits", with("Content-Length: 18446744073709551617\r\n", "b"), grammar},
        {"length of 19 digits", with("Content-Length: 1000000000000000000\r\n", "b"), length},
    };
}

std::vector<Row> head_rows() {
    const char* grammar = "malformed request head";
    const char* line = "lines must end in CR LF";
    const char* target = "the request target has forbidden bytes";
    const char* path = "the request target must be a path";
    return {
        {"no host", "GET /in HTTP/1.1\r\n\r\n", "no Host header"},
        {"two hosts", with("Host: other\r\n"), "more than one Host header"},
        {"two hosts in 1.0", "GET /in HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n",
         "more than one Host header"},
        {"host with a path", "GET /in HTTP/1.1\r\nHost: hub/in\r\n\r\n",
         "the Host header is malformed"},
        {"absolute target", "GET http://hub/in HTTP/1.1\r\nHost: hub\r\n\r\n", path},
        {"asterisk target", "OPTIONS * HTTP/1.1\r\nHost: hub\r\n\r\n", path},
        {"authority target", "CONNECT hub:80 HTTP/1.1\r\nHost: hub\r\n\r\n", path},
        {"UTF-8 target", "GET /\xC3\xA9 HTTP/1.1\r\nHost: hub\r\n\r\n", target},
        {"half an escape", "GET /a%2 HTTP/1.1\r\nHost: hub\r\n\r\n", target},
        {"escape of no hex", "GET /a%zz HTTP/1.1\r\nHost: hub\r\n\r\n", target},
        {"escaped NUL", "GET /a%00 HTTP/1.1\r\nHost: hub\r\n\r\n", target},
        {"escaped line feed", "GET /a%0Ab HTTP/1.1\r\nHost: hub\r\n\r\n", target},
        {"escaped DEL", "GET /a%7f HTTP/1.1\r\nHost: hub\r\n\r\n", target},
        {"fragment", "GET /a#b HTTP/1.1\r\nHost: hub\r\n\r\n", target},
        {"folded line", with("X-Test: a\r\n b\r\nContent-Length: 0\r\n"), "a folded header line"},
        {"folded first line", "GET / HTTP/1.1\r\n Host: hub\r\n\r\n", "a folded header line"},
        {"NUL in a value", with(std::string("X-Test: a\0b\r\n", 13)), "a NUL byte in the head"},
        {"control byte in a value", with("X-Test: a\x01" "b\r\n"), grammar},
        {"bare line feed", "GET / HTTP/1.1\nHost: hub\n\n", line},
        {"bare line feed between headers", with("X-Test: a\nX-Other: b\r\n"), line},
        {"bare carriage return", with("X-Test: a\rb\r\n"), line},
        {"empty first line", "\r\n" + with("Content-Length: 0\r\n"), grammar},
        {"no version", "GET /in\r\n\r\n", grammar},
        {"HTTP/1.2", "GET /in HTTP/1.2\r\nHost: hub\r\n\r\n", grammar},
        {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", grammar},
        {"header without a colon", with("X-Test\r\n"), grammar},
        {"header without a name", with(": a\r\n"), grammar},
        {"space in the target", "GET /a b HTTP/1.1\r\nHost: hub\r\n\r\n", grammar},
    };
}

TEST_F(HttpRefusals, every_ambiguous_framing_is_400_and_nothing_is_smuggled) {
    start();
    for (const auto& row : framing_rows()) {
        auto client = connect();
        client.send(row.bytes);
        expect_refused(client, 400, row.reason, row.name);
    }
    EXPECT_TRUE(handler.targets().empty());
}

TEST_F(HttpRefusals, every_malformed_head_is_400) {
    start();
    for (const auto& row : head_rows()) {
        auto client = connect();
        client.send(row.bytes);
        expect_refused(client, 400, row.reason, row.name);
    }
    EXPECT_TRUE(handler.targets().empty());
}

TEST_F(HttpRefusals, a_malformed_chunk_is_400) {
    start();
    for (const char* chunk : {"5\r\nhelloXY\r\n", "x\r\n\r\n", "-1\r\n\r\n", "\r\n\r\n",
                              "11111111111111111\r\n\r\n", "1\nx\r\n0\r\n\r\n", "5;\x01\r\nhello\r\n"}) {
        auto client = connect();
        client.send(with("Transfer-Encoding: chunked\r\n", chunk));
        expect_refused(client, 400, "malformed body", chunk);
    }
    EXPECT_TRUE(handler.targets().empty());
}

TEST_F(HttpRefusals, a_body_that_ends_early_reaches_no_handler) {
    start();
    auto client = connect();
    client.send(with("Content-Length: 5\r\n", "body"));
    client.finish_sending();
    expect_refused(client, 400, "the body ends early", "Content-Length");
    auto chunked = connect();
    chunked.send(with("Transfer-Encoding: chunked\r\n", "5\r\nhel"));
    chunked.finish_sending();
    expect_refused(chunked, 400, "the body ends early", "chunked");
    EXPECT_TRUE(handler.targets().empty());
}

TEST_F(HttpRefusals, an_expectation_other_than_100_continue_is_417) {
    start();
    auto client = connect();
    client.send(with("Expect: the-unexpected\r\nContent-Length: 1\r\n", "x"));
    expect_refused(client, 417, "an expectation other than 100-continue", "Expect");
}

TEST_F(HttpRefusals, a_post_without_length_is_411) {
    start();
    for (const char* method : {"POST", "PUT", "PATCH"}) {
        auto client = connect();
        client.send(std::string(method) + " /in HTTP/1.1\r\nHost: hub\r\n\r\n");
        expect_refused(client, 411, "Content-Length required", method);
    }
}

TEST_F(HttpRefusals, the_handler_refuses_by_the_head_alone) {
    handler.on_admit = [](const HttpRequest&, HttpHandler::Admission& admission) {
        admission.refused = true;
        admission.refusal = HttpResponse::json(405, "{\"error\":\"no\"}");
        admission.refusal.headers.add("Allow", "POST");
    };
    start();
    auto client = connect();
    client.send("BREW /in HTTP/1.1\r\nHost: hub\r\nContent-Length: 1000000\r\n\r\n");
    auto answer = client.answer();
    EXPECT_EQ(answer.status, 405u);
    EXPECT_EQ(answer.header("Allow"), "POST");
    EXPECT_EQ(answer.header("Connection"), "close");
    EXPECT_TRUE(client.ended());
    EXPECT_TRUE(handler.targets().empty());
}

// --- Sizes --------------------------------------------------------------------------------------

std::string head_of_size(std::size_t bytes) {
    std::string start = "GET / HTTP/1.1\r\nHost: hub\r\nX-Fill: ";
    return start + std::string(bytes - start.size() - 4, 'a') + "\r\n\r\n";
}

TEST_F(HttpRefusals, a_head_may_have_16_KiB_and_not_a_byte_more) {
    start();
    for (auto bytes : {limits::header_bytes_max - 1, limits::header_bytes_max}) {
        auto client = connect();
        EXPECT_EQ(client.ask(head_of_size(bytes)).status, 200u) << bytes;
    }
    auto client = connect();
    client.send(head_of_size(limits::header_bytes_max + 1));
    expect_refused(client, 431, "the head is too large", "n + 1");
    auto endless = connect();
    endless.send("GET /" + std::string(limits::header_bytes_max, 'a'));
    expect_refused(endless, 431, "the head is too large", "endless first line");
}

TEST_F(HttpRefusals, a_head_may_have_100_fields_and_not_one_more) {
    start();
    for (std::size_t count : {std::size_t{99}, std::size_t{100}, std::size_t{101}}) {
        static_assert(limits::header_count_max == 100);
        std::string head = "GET / HTTP/1.1\r\nHost: hub\r\n";
        for (std::size_t i = 1; i < count; ++i) head += "x" + std::to_string(i) + ": 1\r\n";
        auto client = connect();
        client.send(head + "\r\n");
        if (count <= 100) EXPECT_EQ(client.answer().status, 200u) << count;
        else expect_refused(client, 431, "too many headers", "101");
    }
}

std::string chunked(const std::string& body, std::size_t chunk_bytes) {
    std::string out;
    for (std::size_t at = 0; at < body.size(); at += chunk_bytes) {
        auto part = body.substr(at, chunk_bytes);
        char size[32];
        std::snprintf(size, sizeof size, "%zx\r\n", part.size());
        out += size + part + "\r\n";
    }
    return out + "0\r\n\r\n";
}

TEST_F(HttpRefusals, a_body_may_have_the_limit_and_not_a_byte_more) {
    options.body_bytes_max = 100'000;
    start();
    for (std::size_t bytes : {99'999u, 100'000u, 100'001u}) {
        std::string body(bytes, 'b');
        auto length = "Content-Length: " + std::to_string(bytes) + "\r\n";
        std::string coding = "Transfer-Encoding: chunked\r\n";
        for (const auto& request : {with(length, body), with(coding, chunked(body, 1000)),
                                    with(coding, chunked(body, bytes))}) {
            auto client = connect();
            client.send(request);
            if (bytes <= 100'000) EXPECT_EQ(client.answer().status, 200u) << bytes;
            else expect_refused(client, 413, "the body is too large", request.substr(0, 80));
        }
    }
    EXPECT_EQ(handler.targets().size(), 6u);
}

TEST_F(HttpRefusals, a_declared_length_over_the_limit_is_413_before_the_body) {
    start();
    auto client = connect();
    client.send(with("Content-Length: 1048577\r\n"));
    expect_refused(client, 413, "the body is too large", "1 MiB + 1");
}

TEST_F(HttpRefusals, a_client_that_is_still_sending_can_read_its_refusal) {
    start();
    auto client = connect();
    client.send(with("Content-Length: 4000000\r\n"));
    EXPECT_TRUE(client.send(std::string(4'000'000, 'x'))) << "drained, not reset";
    expect_refused(client, 413, "the body is too large", "4 MB");
}

// --- Slow clients, too many clients -------------------------------------------------------------

TEST_F(HttpRefusals, a_head_that_does_not_come_to_an_end_is_408) {
    options.header_timeout_ms = 50;
    start();
    auto client = connect();
    client.send("GET / HTTP/1.1\r\nHost: ");
    expect_refused(client, 408, "the request took too long", "half a head");
    auto dribbling = connect();
    dribbling.send("GET / HTTP/1.1\r\nX-Slow: ");
    while (!dribbling.readable(10)) dribbling.send("a");
    EXPECT_EQ(dribbling.answer().status, 408u) << "each byte must not start the time anew";
}

TEST_F(HttpRefusals, a_body_that_does_not_come_to_an_end_is_408) {
    options.body_timeout_ms = 50;
    start();
    auto client = connect();
    client.send(with("Content-Length: 1000\r\n", "x"));
    while (!client.readable(10)) client.send("x");
    EXPECT_EQ(client.answer().status, 408u);
    auto chunks = connect();
    chunks.send(with("Transfer-Encoding: chunked\r\n", "1;"));
    while (!chunks.readable(10)) chunks.send("e");
    EXPECT_EQ(chunks.answer().status, 408u) << "an endless chunk extension";
    EXPECT_TRUE(handler.targets().empty());
}

TEST_F(HttpRefusals, silent_connections_are_closed_without_an_answer) {
    options.header_timeout_ms = 50;
    options.idle_timeout_ms = 50;
    start();
    auto silent = connect();
    EXPECT_TRUE(silent.ended());
    auto idle = connect();
    EXPECT_EQ(idle.ask(with("Content-Length: 1\r\n", "x")).status, 200u);
    EXPECT_TRUE(idle.ended());
}

TEST_F(HttpRefusals, slow_clients_do_not_hold_up_others) {
    start();
    std::vector<RawClient> slow;
    for (int i = 0; i < 50; ++i) {
        slow.push_back(connect());
        slow.back().send("POST /in HTTP/1.1\r\n");
    }
    auto client = connect();
    EXPECT_EQ(client.ask(with("Content-Length: 1\r\n", "x")).status, 200u);
}

TEST_F(HttpRefusals, a_connection_over_the_cap_gets_503_and_one_below_it_is_served) {
    options.connections_max = 3;
    start();
    std::vector<RawClient> held;
    for (int i = 0; i < 3; ++i) {
        held.push_back(connect());
        ASSERT_EQ(held.back().ask(with("Content-Length: 1\r\n", "x")).status, 200u);
    }
    auto over = connect();
    auto answer = over.answer();
    EXPECT_EQ(answer.status, 503u);
    EXPECT_EQ(answer.header("Retry-After"), "2");
    EXPECT_EQ(answer.body, R"({"error":"too many connections"})");
    EXPECT_TRUE(over.ended());
    held.pop_back();
    unsigned status = 503;
    for (int tries = 0; tries < 10'000 && status != 200; ++tries)
        status = connect().ask(with("Content-Length: 1\r\n", "x")).status;
    EXPECT_EQ(status, 200u);
}

}  // namespace
}  // namespace syncline
