// The HTTP client over real sockets: what goes over the wire, and where it may go.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <string>
#include <vector>

#include "host_client.hpp"
#include "host_resolver.hpp"
#include "host_server.hpp"

namespace syncline::host {
namespace {

// --- Good exchanges ------------------------------------------------------------------------------

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
        EXPECT_EQ(client.exchange(request_to(server.url(), method)).response.status, 204u)
            << method;
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
        client.http()->send(request_to(server.url(), "POST", "b"), patience_ms,
                            [&](HttpResult one) {
                                good += one.response.status == 200 && one.error.empty();
                                ended += 1;
                            });
    while (ended < 200 && client.io().run_one() > 0) {
    }
    EXPECT_EQ(good, 200);
    EXPECT_LE(server.accepted(), 4);
}

// --- Where requests may go -----------------------------------------------------------------------

TEST(HostCurlEgress, loopback_is_refused_in_every_spelling_unless_allowed) {
    Server server(always(answer(200, "x")));
    std::string port = ":" + std::to_string(server.port());
    Client guarded(std::vector<std::string>{});
    for (const char* host : {"127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1",
                             "0.0.0.0", "0", "localhost", "LOCALHOST.", "loopback.test",
                             "[::ffff:127.0.0.1]", "[::1]", "[::]", "127.0.0.1%2e",
                             "user@127.0.0.1", "evil.example@127.0.0.1"}) {
        auto result =
            guarded.exchange(request_to("http://" + std::string(host) + port + "/", "POST"));
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

}  // namespace
}  // namespace syncline::host
