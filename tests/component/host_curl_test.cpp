// The HTTP client over real sockets, against a server that misbehaves: every way an exchange can
// fail has its error word, and says whether the request may have arrived.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/limits.hpp"
#include "core/host/driver.hpp"
#include "core/host/http_client.hpp"
#include "host_resolver.hpp"
#include "host_server.hpp"

namespace syncline::host {
namespace {

constexpr std::int64_t patience_ms = 20'000;  // for exchanges that should end at once

EgressPolicy allow(const std::vector<std::string>& entries) {
    auto policy = EgressPolicy::parse(entries);
    EXPECT_TRUE(policy) << policy.error().text();
    return policy ? *policy : EgressPolicy();
}

HttpRequest request_to(const std::string& url, const std::string& method = "GET",
                       const std::string& body = "") {
    HttpRequest request;
    request.method = method;
    request.target = url;
    request.body = body;
    return request;
}

/// A client and its loop.
class Client {
public:
    explicit Client(const std::vector<std::string>& allowed = {"127.0.0.0/8"},
                    CurlClientOptions options = CurlClientOptions())
        : work_(io_.get_executor()),
          http_(make_curl_client(io_, allow(allowed), std::move(options))) {}

    HttpResult exchange(HttpRequest request, std::int64_t timeout_ms = patience_ms) {
        std::optional<HttpResult> result;
        http_->send(std::move(request), timeout_ms, [&](HttpResult ended) { result = ended; });
        EXPECT_FALSE(result) << "done was called from inside send()";
        while (!result && io_.run_one() > 0) {
        }
        EXPECT_TRUE(result) << "done was never called";
        return result.value_or(HttpResult());
    }
    HttpResult get(const std::string& url, std::int64_t timeout_ms = patience_ms) {
        return exchange(request_to(url), timeout_ms);
    }
    boost::asio::io_context& io() { return io_; }
    std::unique_ptr<HttpTransport>& http() { return http_; }
    /// Runs until nothing is left to do.
    void run_out() {
        work_.reset();
        io_.run();
    }

private:
    boost::asio::io_context io_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::unique_ptr<HttpTransport> http_;
};

/// Keeps what the server saw, across its threads.
class Seen {
public:
    void add(std::string request) {
        std::lock_guard lock(mutex_);
        requests_.push_back(std::move(request));
    }
    std::vector<std::string> all() {
        std::lock_guard lock(mutex_);
        return requests_;
    }

private:
    std::mutex mutex_;
    std::vector<std::string> requests_;
};

// --- Good exchanges -----------------------------------------------------------------------------

TEST(HostCurl, sends_method_headers_and_body_and_reads_the_answer) {
    Seen seen;
    Server server([&](Connection& connection, int) {
        seen.add(connection.read_request());
        connection.write(answer(201, "{\"id\":1}", "X-Limit: 5\r\nRetry-After: 7\r\n"));
    });
    auto request = request_to(server.url("/things?a=1"), "PATCH", "{\"n\":1}");
    request.headers.add("Content-Type", "application/json");
    request.headers.add("X-Empty", "");
    auto result = Client().exchange(request);
    EXPECT_EQ(result.error, "") << result.message;
    EXPECT_EQ(result.response.status, 201u);
    EXPECT_EQ(result.response.body, "{\"id\":1}");
    ASSERT_NE(result.response.headers.find("x-limit"), nullptr);
    EXPECT_EQ(*result.response.headers.find("x-limit"), "5");
    ASSERT_EQ(seen.all().size(), 1u);
    const std::string text = seen.all()[0];
    EXPECT_EQ(text.rfind("PATCH /things?a=1 HTTP/1.1\r\n", 0), 0u) << text;
    for (const char* line : {"\r\nContent-Type: application/json\r\n", "\r\nX-Empty:\r\n",
                             "\r\nUser-Agent: syncline\r\n", "\r\nContent-Length: 7\r\n"})
        EXPECT_NE(text.find(line), std::string::npos) << line << text;
    EXPECT_EQ(text.find("Expect"), std::string::npos);
    EXPECT_EQ(text.find("Accept-Encoding"), std::string::npos);
    EXPECT_EQ(text.substr(text.size() - 7), "{\"n\":1}");
}

TEST(HostCurl, frames_each_method_as_it_should) {
    Seen seen;
    Server server([&](Connection& connection, int) {
        for (auto text = connection.read_request(); !text.empty();
             text = connection.read_request()) {
            seen.add(text);
            connection.write("HTTP/1.1 204 X\r\n\r\n");
        }
    });
    Client client;
    for (const char* method : {"GET", "HEAD", "DELETE", "POST", "PUT", "PATCH", "OPTIONS"})
        EXPECT_EQ(client.exchange(request_to(server.url(), method)).response.status, 204u) << method;
    auto texts = seen.all();
    ASSERT_EQ(texts.size(), 7u);
    for (const auto& text : texts) {
        auto method = text.substr(0, text.find(' '));
        bool framed = method == "POST" || method == "PUT" || method == "PATCH";
        EXPECT_EQ(text.find("Content-Length: 0") != std::string::npos, framed) << text;
        EXPECT_EQ(text.find("Content-Type"), std::string::npos) << text;
        EXPECT_EQ(text.find("Transfer-Encoding"), std::string::npos) << text;
    }
}

TEST(HostCurl, a_large_body_is_sent_without_asking_first) {
    std::string body(3 << 20, 'b');
    for (const char* method : {"POST", "PUT"}) {
        Seen seen;
        Server server([&](Connection& connection, int) {
            seen.add(connection.read_request());
            connection.write(answer(200, ""));
        });
        auto result = Client().exchange(request_to(server.url(), method, body));
        EXPECT_EQ(result.response.status, 200u) << result.message;
        ASSERT_EQ(seen.all().size(), 1u);
        EXPECT_EQ(seen.all()[0].find("Expect:"), std::string::npos);
        EXPECT_EQ(seen.all()[0].size() - seen.all()[0].find("\r\n\r\n") - 4, body.size());
    }
}

TEST(HostCurl, reads_chunked_answers_and_interim_ones) {
    Server server(always("HTTP/1.1 103 Early\r\nX-Early: 1\r\n\r\nHTTP/1.1 200 OK\r\n"
                         "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"));
    auto result = Client().get(server.url());
    EXPECT_EQ(result.response.status, 200u) << result.message;
    EXPECT_EQ(result.response.body, "abcde");
    EXPECT_EQ(result.response.headers.find("X-Early"), nullptr);
}

TEST(HostCurl, keeps_connections_alive) {
    Server server(always(answer(200, "x")));
    Client client;
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(client.exchange(request_to(server.url(), "POST", "b")).response.status, 200u);
    EXPECT_EQ(server.accepted(), 1);
}

TEST(HostCurl, runs_many_exchanges_side_by_side_within_the_connection_limit) {
    Server server(always(answer(200, "x")));
    CurlClientOptions options;
    options.connections_per_host_max = 4;
    Client client({"127.0.0.1"}, options);
    int good = 0;
    int ended = 0;
    for (int i = 0; i < 200; ++i)
        client.http()->send(request_to(server.url(), "POST", "b"), patience_ms, [&](HttpResult one) {
            good += one.response.status == 200 && one.error.empty();
            ended += 1;
        });
    while (ended < 200 && client.io().run_one() > 0) {
    }
    EXPECT_EQ(good, 200);
    EXPECT_LE(server.accepted(), 4);
}

// --- Bad servers --------------------------------------------------------------------------------

void expect_failure(const HttpResult& result, const std::string& error, bool sent) {
    EXPECT_EQ(result.error, error) << result.message << " status " << result.response.status;
    EXPECT_EQ(result.sent, sent) << result.message;
    EXPECT_FALSE(result.message.empty());
}

TEST(HostCurlFault, a_refused_port_is_a_network_error_that_sent_nothing) {
    int port = 0;
    {
        Server gone(always(""));
        port = gone.port();
    }
    auto result = Client().exchange(
        request_to("http://127.0.0.1:" + std::to_string(port) + "/", "POST", "b"));
    expect_failure(result, "network", false);
}

TEST(HostCurlFault, an_unknown_host_is_a_network_error_that_sent_nothing) {
    expect_failure(Client().get("http://name.invalid/"), "network", false);
}

TEST(HostCurlFault, a_malformed_url_is_a_network_error_that_sent_nothing) {
    expect_failure(Client().get("http://[::1/"), "network", false);
    expect_failure(Client().get("http://h:99999/"), "network", false);
    expect_failure(Client().get("http:///"), "network", false);
}

TEST(HostCurlFault, a_request_that_must_not_be_sent_is_answered_later) {
    auto result = Client().get("http://127.0.0.1/\r\nX: 1");
    expect_failure(result, "network", false);
    EXPECT_EQ(result.message.rfind("invalid request: ", 0), 0u);
}

TEST(HostCurlFault, a_close_before_the_answer_may_have_arrived) {
    Server server([](Connection& connection, int) { connection.read_request(); });
    expect_failure(Client().exchange(request_to(server.url(), "POST", "b")), "network", true);
}

TEST(HostCurlFault, a_reset_in_the_middle_of_the_answer_may_have_arrived) {
    Server server([](Connection& connection, int) {
        connection.read_request();
        connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
        connection.reset_at_close();
    });
    expect_failure(Client().exchange(request_to(server.url(), "POST", "b")), "network", true);
}

TEST(HostCurlFault, silence_is_a_timeout) {
    Server server([](Connection& connection, int) {
        connection.read_request();
        connection.client_closed_within(patience_ms);
    });
    auto result = Client().exchange(request_to(server.url(), "POST", "b"), 150);
    expect_failure(result, "timeout", true);
    EXPECT_GE(result.duration_ms, 100);
}

TEST(HostCurlFault, an_answer_that_dribbles_beyond_the_limit_is_a_timeout) {
    Server server([](Connection& connection, int) {
        connection.read_request();
        connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
        while (!connection.client_closed_within(10) && connection.write("x")) {
        }
    });
    expect_failure(Client().get(server.url(), 200), "timeout", true);
}

TEST(HostCurlFault, a_declared_length_that_is_too_long_is_a_network_error) {
    Server server([](Connection& connection, int) {
        connection.read_request();
        connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
    });
    expect_failure(Client().get(server.url()), "network", true);
}

TEST(HostCurlFault, bytes_beyond_the_declared_length_never_answer_the_next_request) {
    Server server([](Connection& connection, int index) {
        while (!connection.read_request().empty())
            if (index == 0)
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc" +
                                 answer(200, "smuggled"));
            else
                connection.write(answer(200, "honest"));
    });
    Client client;
    EXPECT_EQ(client.get(server.url()).response.body, "abc");
    EXPECT_EQ(client.get(server.url()).response.body, "honest");
    EXPECT_EQ(server.accepted(), 2);
}

TEST(HostCurlFault, an_endless_answer_is_cut_at_the_limit) {
    Server server([](Connection& connection, int) {
        connection.read_request();
        connection.write("HTTP/1.1 200 OK\r\n\r\n");
        std::string block(65536, 'x');
        while (connection.write(block)) {
        }
    });
    CurlClientOptions options;
    options.response_bytes_max = 1 << 20;
    expect_failure(Client({"127.0.0.1"}, options).get(server.url()), "too_large", true);
}

TEST(HostCurlFault, the_answer_limit_is_exact) {
    CurlClientOptions options;
    options.response_bytes_max = 1000;
    for (std::size_t bytes : {999u, 1000u, 1001u}) {
        Server server(always(answer(200, std::string(bytes, 'x'))));
        auto result = Client({"127.0.0.1"}, options).get(server.url());
        EXPECT_EQ(result.error, bytes <= 1000 ? "" : "too_large") << bytes;
    }
}

TEST(HostCurlFault, a_head_that_never_ends_is_cut) {
    Server server([](Connection& connection, int) {
        connection.read_request();
        connection.write("HTTP/1.1 200 OK\r\n");
        while (connection.write("X-Filler: 0123456789\r\n")) {
        }
    });
    expect_failure(Client().get(server.url()), "too_large", true);
}

TEST(HostCurlFault, interim_answers_that_never_end_are_cut) {
    Server server([](Connection& connection, int) {
        connection.read_request();
        while (connection.write("HTTP/1.1 100 Continue\r\n\r\n")) {
        }
    });
    expect_failure(Client().get(server.url()), "too_large", true);
}

TEST(HostCurlFault, an_answer_that_is_no_http_is_a_network_error) {
    for (const char* text : {"220 smtp ready\r\n", "HTTP/9.9 200 OK\r\n\r\n", "\x16\x03\x01"}) {
        Server server([text](Connection& connection, int) {
            connection.read_request();
            connection.write(text);
        });
        expect_failure(Client().get(server.url()), "network", true);
    }
}

TEST(HostCurlFault, tls_with_a_server_that_speaks_none_sent_nothing) {
    Server server([](Connection& connection, int) { connection.write(answer(400, "plain")); });
    auto result =
        Client().exchange(request_to("https://" + server.authority() + "/", "POST", "b"));
    expect_failure(result, "network", false);
}

// --- Pooled connections that die ------------------------------------------------------------------

/// Answers the first request of the first connection, then takes the second and closes.
Server::Serve dies_on_second(Seen& seen) {
    return [&seen](Connection& connection, int index) {
        for (int served = 0;; ++served) {
            auto text = connection.read_request();
            if (text.empty()) return;
            seen.add(text);
            if (index == 0 && served == 1) return;
            if (!connection.write(answer(200, "x"))) return;
        }
    };
}

TEST(HostCurlReuse, a_write_that_a_dying_connection_took_is_never_repeated) {
    for (const char* body : {"b", ""}) {
        Seen seen;
        Server server(dies_on_second(seen));
        Client client;
        EXPECT_EQ(client.get(server.url()).response.status, 200u);
        auto result = client.exchange(request_to(server.url(), "POST", body));
        auto posts = 0;
        for (const auto& text : seen.all()) posts += text.rfind("POST", 0) == 0;
        EXPECT_EQ(posts, 1);
        if (*body != '\0') expect_failure(result, "network", true);
        else EXPECT_EQ(result.response.status, 200u) << "without a body it has its own connection";
    }
}

TEST(HostCurlReuse, a_repeatable_request_is_sent_again) {
    for (const char* method : {"GET", "PUT"}) {
        Seen seen;
        Server server(dies_on_second(seen));
        Client client;
        EXPECT_EQ(client.get(server.url()).response.status, 200u);
        auto result = client.exchange(request_to(server.url(), method, *method == 'P' ? "b" : ""));
        EXPECT_EQ(result.response.status, 200u) << method << " " << result.message;
        EXPECT_EQ(seen.all().size(), 3u) << method;
    }
}

TEST(HostCurlReuse, an_idempotency_key_makes_a_post_repeatable) {
    Seen seen;
    Server server(dies_on_second(seen));
    Client client;
    EXPECT_EQ(client.get(server.url()).response.status, 200u);
    auto request = request_to(server.url(), "POST", "b");
    request.headers.add("Idempotency-Key", "k1");
    EXPECT_EQ(client.exchange(request).response.status, 200u);
    EXPECT_EQ(seen.all().size(), 3u);
}

// --- Where requests may go ------------------------------------------------------------------------

TEST(HostCurlEgress, loopback_is_refused_in_every_spelling_unless_allowed) {
    Server server(always(answer(200, "x")));
    std::string port = ":" + std::to_string(server.port());
    Client guarded(std::vector<std::string>{});
    for (const char* host : {"127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1",
                             "0.0.0.0", "0", "localhost", "LOCALHOST.", "loopback.test",
                             "[::ffff:127.0.0.1]", "[::1]", "[::]", "127.0.0.1%2e",
                             "user@127.0.0.1", "evil.example@127.0.0.1"}) {
        auto result = guarded.exchange(request_to("http://" + std::string(host) + port + "/", "POST"));
        bool refused = result.error == "refused_by_policy" || result.error == "network";
        EXPECT_TRUE(refused) << host << " " << result.error << result.response.status;
        EXPECT_FALSE(result.sent) << host;
    }
    EXPECT_EQ(server.accepted(), 0);
    auto result = guarded.get(server.url());
    EXPECT_EQ(result.error, "refused_by_policy");
    EXPECT_EQ(result.message, "127.0.0.1 is a loopback address; egress.allow does not name it");
    EXPECT_EQ(guarded.get("http://2130706433" + port).error, "refused_by_policy");
    EXPECT_EQ(guarded.get("http://[::ffff:127.0.0.1]" + port).error, "refused_by_policy");
    EXPECT_EQ(guarded.get("http://169.254.169.254/latest/").error, "refused_by_policy");
    EXPECT_EQ(guarded.get("http://10.0.0.1/").error, "refused_by_policy");
    EXPECT_EQ(guarded.get("http://loopback.test" + port).error, "refused_by_policy");
}

TEST(HostCurlEgress, an_entry_opens_exactly_what_it_names) {
    Server server(always(answer(200, "x")));
    std::string authority = server.authority();
    std::string by_name = "loopback.test:" + std::to_string(server.port());
    EXPECT_EQ(Client({authority}).get(server.url()).response.status, 200u);
    EXPECT_EQ(Client({"127.0.0.1:1"}).get(server.url()).error, "refused_by_policy");
    EXPECT_EQ(Client({"127.0.0.0/8"}).get("http://" + by_name + "/").response.status, 200u);
    EXPECT_EQ(Client({by_name}).get("http://" + by_name + "/").response.status, 200u);
    EXPECT_EQ(Client({by_name}).get(server.url()).error, "refused_by_policy");
}

TEST(HostCurlEgress, a_name_is_judged_at_every_connect_and_not_once) {
    reset_resolver();
    Server server(always(answer(200, "x")), "127.0.0.2");
    std::string url = "http://once.test:" + std::to_string(server.port()) + "/";
    EXPECT_EQ(Client({"127.0.0.2"}).get(url).response.status, 200u);
    EXPECT_EQ(Client({"127.0.0.2"}).get(url).error, "refused_by_policy");
}

TEST(HostCurlEgress, a_refused_address_beside_an_allowed_one_is_passed_over) {
    Server server(always(answer(200, "x")));
    auto result =
        Client({"127.0.0.1"}).get("http://mixed.test:" + std::to_string(server.port()) + "/");
    EXPECT_EQ(result.response.status, 200u) << result.error << result.message;
}

TEST(HostCurlEgress, redirects_are_answers_and_not_followed) {
    Server target(always(answer(200, "secret")));
    Server server(always(answer(301, "moved", "Location: " + target.url() + "\r\n")));
    auto result = Client().get(server.url());
    EXPECT_EQ(result.response.status, 301u);
    EXPECT_EQ(result.response.body, "moved");
    EXPECT_EQ(*result.response.headers.find("Location"), target.url());
    EXPECT_EQ(target.accepted(), 0);
}

TEST(HostCurlEgress, the_environments_proxies_are_ignored) {
    Server proxy(always(answer(200, "proxied")));
    Server server(always(answer(200, "direct")));
    for (const char* name : {"http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"})
        ::setenv(name, proxy.url().c_str(), 1);
    auto result = Client().get(server.url());
    for (const char* name : {"http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"})
        ::unsetenv(name);
    EXPECT_EQ(result.response.body, "direct");
    EXPECT_EQ(proxy.accepted(), 0);
}

TEST(HostCurlEgress, other_schemes_are_refused) {
    for (const char* url : {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/",
                            "dict://127.0.0.1/", "ws://127.0.0.1/"})
        expect_failure(Client().get(url), "network", false);
}

// --- Lifetime and the loop ------------------------------------------------------------------------

TEST(HostCurlLoop, a_name_server_that_hangs_holds_up_nobody) {
    reset_resolver();
    Server server(always(answer(200, "x")));
    Client client;
    std::optional<HttpResult> hung;
    client.http()->send(request_to("http://hangs.test/", "POST"), 300,
                        [&](HttpResult ended) { hung = ended; });
    while (waiting_in_resolver() == 0) client.io().poll_one();
    EXPECT_EQ(client.get(server.url()).response.status, 200u);
    while (!hung && client.io().run_one() > 0) {
    }
    ASSERT_TRUE(hung);
    expect_failure(*hung, "timeout", false);
    EXPECT_EQ(waiting_in_resolver(), 1) << "the look-up still waits, the loop does not";
    release_resolver();
}

TEST(HostCurlLoop, destroying_the_client_drops_exchanges_without_calling_back) {
    Server server([](Connection& connection, int) {
        connection.read_request();
        connection.client_closed_within(patience_ms);
    });
    Client client;
    bool called = false;
    for (int i = 0; i < 8; ++i)
        client.http()->send(request_to(server.url()), patience_ms, [&](HttpResult) { called = true; });
    while (server.accepted() == 0) client.io().poll_one();
    client.http()->send(request_to("bad url"), patience_ms, [&](HttpResult) { called = true; });
    client.http().reset();
    client.run_out();
    EXPECT_FALSE(called);
}

TEST(HostCurlLoop, done_may_send_again_and_destroy_the_client) {
    Server server(always(answer(200, "x")));
    Client client;
    int ended = 0;
    client.http()->send(request_to(server.url()), patience_ms, [&](HttpResult) {
        ended += 1;
        client.http()->send(request_to(server.url()), patience_ms, [&](HttpResult) {
            ended += 1;
            client.http().reset();
        });
    });
    client.run_out();
    EXPECT_EQ(ended, 2);
}

// --- The whole way ------------------------------------------------------------------------------

/// The loop as the driver's surroundings.
class LoopServices final : public DriverServices {
public:
    explicit LoopServices(boost::asio::io_context& io) : io_(io) {}
    Result<std::optional<Link>> link(const std::string&, const std::string&,
                                     const std::string&) override {
        return std::optional<Link>();
    }
    void after(std::int64_t, std::function<void()> wake) override {
        boost::asio::post(io_, std::move(wake));
    }

private:
    boost::asio::io_context& io_;
};

TEST(HostWhole, a_plugin_from_a_file_delivers_over_the_network) {
    Seen seen;
    Server server([&](Connection& connection, int index) {
        seen.add(connection.read_request());
        connection.write(index == 0 ? answer(503, "", "Retry-After: 3\r\nConnection: close\r\n")
                                    : answer(200, "ok"));
    });
    auto plugin = Plugin::load(std::string(HOST_TEST_PLUGINS) + "/sample.so");
    ASSERT_TRUE(plugin) << plugin.error().text();
    Json settings = Json::object();
    settings.set("url", server.url("/in"));
    auto made = (*plugin)->create("out", settings);
    ASSERT_TRUE(made) << made.error().text();
    std::shared_ptr<Instance> instance = std::move(*made);

    Client client;
    LoopServices services(client.io());
    SystemClock clock;
    Driver driver(*client.http(), services, clock);
    auto attempt = [&] {
        JobRequest request;
        request.kind = "action";
        request.name = "post";
        request.destination = "out";
        request.deliveries.emplace_back();
        std::optional<AttemptResult> result;
        driver.run(instance, request, 5000, [&](AttemptResult ended) { result = std::move(ended); });
        while (!result && client.io().run_one() > 0) {
        }
        return result.value_or(AttemptResult());
    };
    auto first = attempt();
    ASSERT_EQ(first.outcomes.size(), 1u);
    EXPECT_EQ(first.outcomes[0].kind, OutcomeKind::retry);
    EXPECT_EQ(first.outcomes[0].after_ms, 3000);
    EXPECT_TRUE(first.outcomes[0].destination_fault);
    auto second = attempt();
    EXPECT_EQ(second.outcomes.at(0).kind, OutcomeKind::delivered);
    EXPECT_EQ(second.outcomes.at(0).links.at(0).id, "d1");
    EXPECT_EQ(second.exchanges[0]["status"].as_int64(), 200);
    EXPECT_NE(seen.all().at(1).find("X-Sample: 1"), std::string::npos);
}

}  // namespace
}  // namespace syncline::host
