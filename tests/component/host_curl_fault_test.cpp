// The HTTP client against a server that misbehaves: every way an exchange can fail has its error
// word, and says whether the request may have arrived. And the way from a plugin's file to the
// wire.
#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <string>
#include <vector>

#include "core/host/driver.hpp"
#include "host_client.hpp"
#include "host_resolver.hpp"
#include "host_server.hpp"

namespace syncline::host {
namespace {

// --- Bad servers ---------------------------------------------------------------------------------

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

// --- Pooled connections that die -----------------------------------------------------------------

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

// --- Lifetime and the loop -----------------------------------------------------------------------

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
        client.http()->send(request_to(server.url()), patience_ms,
                            [&](HttpResult) { called = true; });
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

// --- The whole way -------------------------------------------------------------------------------

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
        driver.run(instance, request, 5000,
                   [&](AttemptResult ended) { result = std::move(ended); });
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
