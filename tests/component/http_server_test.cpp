// What the HTTP server serves: methods, keep-alive, pipelining, answers from other threads, stop
// and drain, many connections. What it refuses is in http_refusals_test.cpp.
#include "core/receiver/http_server.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <memory>
#include <thread>

#include "core/sdk/json.hpp"
#include "tests/component/raw_client.hpp"
#include "tests/component/scripted_handler.hpp"

namespace syncline {
namespace {

using tests::HeldAnswers;
using tests::RawAnswer;
using tests::RawClient;
using tests::ScriptedHandler;

class HttpServerTest : public ::testing::Test {
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

std::string post(const std::string& target, const std::string& body,
                 const std::string& more = std::string()) {
    return "POST " + target + " HTTP/1.1\r\nHost: hub\r\n" + more +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

Json body_of(const RawAnswer& answer) {
    return Json::parse(answer.body).value_or(Json());
}

TEST_F(HttpServerTest, answers_a_post_with_its_raw_body_and_headers) {
    start();
    auto client = connect();
    std::string body("a\0b\xFF", 4);
    handler.on_handle = [&](HttpRequest request, HttpHandler::Done done) {
        EXPECT_EQ(request.body, body);
        EXPECT_EQ(request.peer, "127.0.0.1");
        done(ScriptedHandler::echo(request));
    };
    auto answer = client.ask(post("/in?x=1", body, "x-test:  one \r\n"));
    EXPECT_EQ(answer.status, 200u);
    EXPECT_EQ(body_of(answer)["target"].as_string(), "/in?x=1");
    EXPECT_EQ(body_of(answer)["x_test"].as_string(), "one");
    EXPECT_EQ(answer.header("Content-Type"), "application/json");
    EXPECT_EQ(answer.header("Server"), "syncline");
    EXPECT_TRUE(parse_http_date(answer.header("Date")).has_value());
    EXPECT_EQ(answer.header("Connection"), "");
}

TEST_F(HttpServerTest, head_gets_the_length_without_the_body_and_204_has_neither) {
    start();
    auto client = connect();
    client.send("HEAD /a HTTP/1.1\r\nHost: hub\r\n\r\n");
    auto head = client.answer(true);
    EXPECT_EQ(head.status, 200u);
    EXPECT_NE(head.header("Content-Length"), "0");
    handler.on_handle = [](HttpRequest, HttpHandler::Done done) { done(HttpResponse(204, "")); };
    auto none = client.ask("GET /b HTTP/1.1\r\nHost: hub\r\n\r\n");
    EXPECT_EQ(none.status, 204u);
    EXPECT_EQ(none.header("Content-Length"), "");
    EXPECT_EQ(client.ask("DELETE /c HTTP/1.1\r\nHost: hub\r\n\r\n").status, 204u);
}

TEST_F(HttpServerTest, keeps_the_connection_until_the_client_asks_to_close_it) {
    start();
    auto client = connect();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(client.ask(post("/", "x")).status, 200u);
    auto last = client.ask(post("/", "x", "Connection: Close\r\n"));
    EXPECT_EQ(last.status, 200u);
    EXPECT_EQ(last.header("Connection"), "close");
    EXPECT_TRUE(client.ended());
}

TEST_F(HttpServerTest, http10_closes_unless_asked_to_keep_alive) {
    start();
    auto client = connect();
    auto kept = client.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(kept.status, 200u);
    EXPECT_EQ(kept.header("Connection"), "keep-alive");
    auto last = client.ask("GET / HTTP/1.0\r\n\r\n");
    EXPECT_EQ(last.status, 200u);
    EXPECT_EQ(last.header("Connection"), "close");
    EXPECT_TRUE(client.ended());
}

TEST_F(HttpServerTest, a_handler_can_close_the_connection) {
    handler.on_handle = [](HttpRequest, HttpHandler::Done done) {
        auto response = HttpResponse::json(200, "{}");
        response.close = true;
        done(std::move(response));
    };
    start();
    auto client = connect();
    EXPECT_EQ(client.ask(post("/", "x")).header("Connection"), "close");
    EXPECT_TRUE(client.ended());
}

TEST_F(HttpServerTest, pipelined_requests_are_answered_in_order) {
    start();
    auto client = connect();
    std::string all = post("/1", "one") + "GET /2 HTTP/1.1\r\nHost: hub\r\n\r\n" +
                      post("/3", "three");
    client.send(all);
    for (const char* target : {"/1", "/2", "/3"})
        EXPECT_EQ(body_of(client.answer())["target"].as_string(), target);
    // The same, in every cut of the bytes into two sends.
    for (std::size_t cut = 1; cut < all.size(); ++cut) {
        client.send(all.substr(0, cut));
        client.readable(0);
        client.send(all.substr(cut));
        EXPECT_EQ(body_of(client.answer())["body"].as_string(), "one");
        EXPECT_EQ(body_of(client.answer())["body"].as_string(), "");
        EXPECT_EQ(body_of(client.answer())["body"].as_string(), "three") << "cut at " << cut;
    }
}

TEST_F(HttpServerTest, pipelined_requests_wait_for_answers_from_another_thread) {
    HeldAnswers held;
    handler.on_handle = [&](HttpRequest, HttpHandler::Done done) { held.hold(std::move(done)); };
    start();
    auto client = connect();
    client.send(post("/1", "x") + post("/2", "x"));
    for (const char* name : {"first", "second"}) {
        auto done = held.take(1);
        std::thread([&] { done[0](HttpResponse(200, name)); }).join();
        EXPECT_EQ(client.answer().body, name);
    }
}

TEST_F(HttpServerTest, reads_chunked_bodies_and_keeps_trailers_out_of_the_headers) {
    start();
    auto client = connect();
    auto answer = client.ask(
        "POST /c HTTP/1.1\r\nHost: hub\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nX-Test: forged\r\n\r\n" + post("/next", "n"));
    EXPECT_EQ(body_of(answer)["body"].as_string(), "hello world");
    EXPECT_TRUE(body_of(answer)["x_test"].is_null());
    EXPECT_EQ(body_of(client.answer())["target"].as_string(), "/next");
}

TEST_F(HttpServerTest, reads_a_large_body_and_sends_a_large_answer) {
    start();
    auto client = connect();
    std::string body(1 << 20, 'x');
    auto answer = client.ask(post("/large", body));
    EXPECT_EQ(answer.status, 200u);
    EXPECT_EQ(body_of(answer)["body"].as_string(), body);
    EXPECT_EQ(client.ask(post("/small", "y")).status, 200u);
}

TEST_F(HttpServerTest, sends_100_continue_only_when_the_body_is_wanted) {
    handler.on_admit = [](const HttpRequest& head, HttpHandler::Admission& admission) {
        if (head.target == "/small") admission.body_bytes_max = 3;
    };
    start();
    auto client = connect();
    client.send("POST /a HTTP/1.1\r\nHost: hub\r\nExpect: 100-continue\r\n"
                "Content-Length: 4\r\n\r\n");
    EXPECT_EQ(client.answer().status, 100u);
    EXPECT_EQ(body_of(client.ask("body"))["body"].as_string(), "body");
    auto refused = client.ask("POST /small HTTP/1.1\r\nHost: hub\r\nExpect: 100-continue\r\n"
                              "Content-Length: 4\r\n\r\n");
    EXPECT_EQ(refused.status, 413u);
    EXPECT_TRUE(client.ended());
}

TEST_F(HttpServerTest, survives_a_client_that_leaves_before_its_answer) {
    HeldAnswers held;
    handler.on_handle = [&](HttpRequest, HttpHandler::Done done) { held.hold(std::move(done)); };
    start();
    auto leaving = connect();
    leaving.send(post("/", "x"));
    auto done = held.take(1);
    leaving.close();
    done[0](HttpResponse(200, std::string(1 << 20, 'x')));
    auto staying = connect();
    staying.send(post("/", "x"));
    held.take(1)[0](HttpResponse(200, "still here"));
    EXPECT_EQ(staying.answer().body, "still here");
}

TEST_F(HttpServerTest, a_client_that_ends_its_sending_side_still_gets_the_answer) {
    start();
    auto client = connect();
    client.send(post("/", "x"));
    client.finish_sending();
    EXPECT_EQ(client.answer().status, 200u);
    EXPECT_TRUE(client.ended());
}

TEST_F(HttpServerTest, a_handler_that_drops_its_answer_or_throws_is_answered_for) {
    handler.on_handle = [](HttpRequest request, HttpHandler::Done) {
        if (request.target == "/throw") throw std::runtime_error("broken handler");
    };
    start();
    for (const char* target : {"/drop", "/throw"}) {
        auto client = connect();
        auto answer = client.ask(post(target, "x"));
        EXPECT_EQ(answer.status, 500u);
        EXPECT_EQ(answer.body, R"({"error":"the request was not answered"})");
        EXPECT_TRUE(client.ended());
    }
}

TEST_F(HttpServerTest, only_the_first_answer_counts) {
    handler.on_handle = [](HttpRequest, HttpHandler::Done done) {
        done(HttpResponse(200, "first"));
        done(HttpResponse(200, "second"));
    };
    start();
    auto client = connect();
    EXPECT_EQ(client.ask(post("/", "x")).body, "first");
    EXPECT_EQ(client.ask(post("/", "x")).body, "first");
}

TEST_F(HttpServerTest, an_answer_cannot_inject_header_lines) {
    handler.on_handle = [](HttpRequest, HttpHandler::Done done) {
        auto response = HttpResponse::json(200, "{}");
        response.headers.add("X-Note", "a\r\nX-Forged: 1");
        response.headers.add("Content-Length", "999");
        done(std::move(response));
    };
    start();
    auto client = connect();
    auto answer = client.ask(post("/", "x"));
    EXPECT_EQ(answer.header("X-Forged"), "");
    EXPECT_EQ(answer.header("X-Note"), "a  X-Forged: 1");
    EXPECT_EQ(answer.body, "{}");
}

// --- Stopping -----------------------------------------------------------------------------------

TEST_F(HttpServerTest, stop_answers_what_is_under_way_and_closes_idle_connections) {
    HeldAnswers held;
    handler.on_handle = [&](HttpRequest request, HttpHandler::Done done) {
        if (request.target == "/held") held.hold(std::move(done));
        else done(ScriptedHandler::echo(request));
    };
    start();
    auto idle = connect();
    EXPECT_EQ(idle.ask(post("/", "x")).status, 200u);
    auto busy = connect();
    busy.send(post("/held", "x"));
    auto done = held.take(1);
    std::thread stopper([&] { server->stop(10'000); });
    EXPECT_TRUE(idle.ended()) << "stopping has begun";
    done[0](HttpResponse(200, "late"));
    auto answer = busy.answer();
    EXPECT_EQ(answer.body, "late");
    EXPECT_EQ(answer.header("Connection"), "close");
    EXPECT_TRUE(busy.ended());
    busy.close();
    stopper.join();
    EXPECT_EQ(server->connections(), 0u);
    EXPECT_FALSE(RawClient(server->port()).connected());
}

TEST_F(HttpServerTest, stop_gives_up_after_the_drain_and_a_late_answer_is_harmless) {
    HeldAnswers held;
    handler.on_handle = [&](HttpRequest, HttpHandler::Done done) { held.hold(std::move(done)); };
    start();
    auto client = connect();
    client.send(post("/", "x"));
    auto done = held.take(1);
    server->stop(20);
    EXPECT_EQ(client.answer().status, 0u);
    server.reset();
    done[0](HttpResponse(200, "too late"));
    done.clear();
}

TEST_F(HttpServerTest, an_unanswered_request_can_outlive_the_server) {
    HeldAnswers held;
    handler.on_handle = [&](HttpRequest, HttpHandler::Done done) { held.hold(std::move(done)); };
    start();
    auto client = connect();
    client.send(post("/", "x"));
    auto done = held.take(1);
    server.reset();
    done.clear();
}

TEST_F(HttpServerTest, stop_without_start_and_twice_is_fine) {
    auto opened = HttpServer::open(options, handler);
    ASSERT_TRUE(opened.has_value());
    (*opened)->stop(1000);
    (*opened)->stop(1000);
    EXPECT_FALSE(RawClient((*opened)->port()).connected());
}

// --- Addresses ----------------------------------------------------------------------------------

TEST_F(HttpServerTest, listens_on_ipv6_with_and_without_brackets) {
    for (const char* host : {"::1", "[::1]"}) {
        options.host = host;
        auto opened = HttpServer::open(options, handler);
        if (!opened) GTEST_SKIP() << "no IPv6 here: " << opened.error().text();
        (*opened)->start();
        RawClient client((*opened)->port(), "::1");
        EXPECT_EQ(client.ask(post("/", "x")).status, 200u);
    }
}

TEST_F(HttpServerTest, errors_name_the_address) {
    start();
    HttpServerOptions taken = options;
    taken.port = server->port();
    auto second = HttpServer::open(taken, handler);
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().text(), "cannot listen on 127.0.0.1:" + std::to_string(taken.port) +
                                         ": Address already in use");
    taken.host = "203.0.113.7";
    EXPECT_NE(HttpServer::open(taken, handler).error().text().find("203.0.113.7:"),
              std::string::npos);
    taken.host = "no such host";
    EXPECT_EQ(HttpServer::open(taken, handler).error().code, ErrorCode::invalid_config);
}

TEST_F(HttpServerTest, a_port_can_be_bound_again_at_once) {
    start();
    auto client = connect();
    EXPECT_EQ(client.ask(post("/", "x", "Connection: close\r\n")).status, 200u);
    EXPECT_TRUE(client.ended());
    options.port = server->port();
    server.reset();
    start();
    EXPECT_EQ(connect().ask(post("/", "x")).status, 200u);
}

// --- Many connections ---------------------------------------------------------------------------

TEST_F(HttpServerTest, a_thousand_connections_are_served_while_all_are_open) {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    std::size_t count = files.rlim_cur >= 2200 ? 1000 : (files.rlim_cur - 100) / 2;
    start();
    std::vector<RawClient> clients;
    for (std::size_t i = 0; i < count; ++i) clients.push_back(connect());
    for (auto& client : clients) client.send(post("/", "x"));
    for (auto& client : clients) ASSERT_EQ(client.answer().status, 200u);
    EXPECT_EQ(server->connections(), count);
}

TEST_F(HttpServerTest, ten_thousand_connections_take_no_more_than_the_cap_and_leave_the_first_served) {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    options.connections_max = 1000;
    constexpr std::size_t flood = 10'000;
    if (files.rlim_max < flood + options.connections_max + 200)
        GTEST_SKIP() << "needs " << flood + options.connections_max + 200 << " descriptors";
    start();
    std::vector<RawClient> served;
    for (std::size_t i = 0; i < options.connections_max; ++i) served.push_back(connect());
    for (auto& client : served) ASSERT_EQ(client.ask(post("/", "x")).status, 200u);
    std::vector<RawClient> others;
    for (std::size_t i = served.size(); i < flood; ++i) others.push_back(connect());
    for (auto& client : served) ASSERT_EQ(client.ask(post("/", "x")).status, 200u);
    for (auto& client : others) {
        auto answer = client.answer();
        ASSERT_TRUE(answer.status == 503 || answer.status == 0) << answer.status;
    }
    EXPECT_LE(server->connections(), options.connections_max + 64);
    served.clear();
    others.clear();
    unsigned status = 0;
    for (int i = 0; i < 10'000 && status != 200; ++i) status = connect().ask(post("/", "x")).status;
    EXPECT_EQ(status, 200u) << "slots are free again";
}

TEST_F(HttpServerTest, a_thousand_short_connections_leave_nothing_behind) {
    start();
    for (int i = 0; i < 1000; ++i) {
        auto client = connect();
        ASSERT_EQ(client.ask(post("/", "x", "Connection: close\r\n")).status, 200u);
        ASSERT_TRUE(client.ended());
    }
    server->stop(10'000);
    EXPECT_EQ(server->connections(), 0u);
}

TEST_F(HttpServerTest, goes_on_accepting_after_the_descriptors_ran_out) {
#if defined(__SANITIZE_ADDRESS__)
    GTEST_SKIP() << "the sanitizers look at memory through descriptors of their own";
#endif
    start();
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    auto first = connect();
    ASSERT_EQ(first.ask(post("/", "x")).status, 200u);
    int next = ::dup(0);
    ::close(next);
    rlimit tight = before;
    tight.rlim_cur = static_cast<rlim_t>(next) + 1;   // room for the client, none for the server
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
    auto second = connect();
    ASSERT_TRUE(second.connected());
    second.send(post("/", "x"));
    EXPECT_FALSE(second.readable(50)) << "nothing could accept it";
    EXPECT_EQ(first.ask(post("/", "x")).status, 200u) << "others are served meanwhile";
    ::setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_EQ(second.answer().status, 200u);
}

}  // namespace
}  // namespace syncline
