// `syncline cancel`, `retry` and `destinations`: on the store when no hub runs, by the admin API when
// one does. What they share with `replay` is tested there.
#include "tests/component/cli_fixture.hpp"
#include "tests/component/host_server.hpp"

namespace syncline::cli {
namespace {

class CliOrders : public CliTest {
protected:
    /// Dead, delivered, pending, pending until later.
    void prepare() {
        std::vector<store::Accept> accepts;
        for (const char* key : {"a", "b", "c", "d"})
            accepts.push_back(store::make_accept(key, {store::make_delivery("crm")}));
        commit({store::make_request(std::move(accepts))});
        auto later = store::make_settlement(4, DeliveryState::pending);
        later.not_before_ms = clock_.wall_ms() + 3'600'000;
        commit({store::make_settlement(1, DeliveryState::dead),
                store::make_settlement(2, DeliveryState::delivered), std::move(later)});
    }
    std::size_t count(const std::string& state) {
        return json_lines(run({"deliveries", "--state", state, "--json"}).out).size();
    }
};

TEST_F(CliOrders, CancelEndsWhatWaitsOrIsDead) {
    prepare();
    Ran counted = run({"cancel", "--destination", "crm", "--dry-run"});
    EXPECT_EQ(counted.out, "3 deliveries would be cancelled\n");
    Ran asked = run({"cancel", "--destination", "crm"});
    EXPECT_EQ(asked.exit, ExitCode::usage);
    EXPECT_NE(asked.err.find("3 deliveries match; say --yes to cancel them\n"), std::string::npos)
        << asked.err;
    Ran ran = run({"cancel", "--state", "dead", "--yes"});
    EXPECT_EQ(ran.out, "1 delivery cancelled\n") << ran.err;
    EXPECT_EQ(count("cancelled"), 1u);
    EXPECT_EQ(count("pending"), 2u);
}

TEST_F(CliOrders, APersonIsAskedBeforeACancel) {
    prepare();
    interactive_ = true;
    Ran no = run({"cancel", "--id", "3"}, "n\n");
    EXPECT_NE(no.err.find("cancel 1 delivery? [y/N] nothing was done"), std::string::npos) << no.err;
    EXPECT_EQ(count("cancelled"), 0u);
    EXPECT_EQ(run({"cancel", "--id", "3"}, "yes\n").exit, ExitCode::ok);
    EXPECT_EQ(count("cancelled"), 1u);
}

TEST_F(CliOrders, RetryTakesTheWaitOfWhatIsPending) {
    prepare();
    Ran ran = run({"retry", "--since", "1h", "--yes", "--json"});
    EXPECT_EQ(ran.out, "{\"count\":2,\"dry_run\":false}\n") << ran.err;
    auto lines = json_lines(run({"deliveries", "--state", "pending", "--json"}).out);
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[0].find("not_before"), nullptr) << "it is due";
}

TEST_F(CliOrders, ARangeOfTimeHasTwoEnds) {
    prepare();
    EXPECT_EQ(run({"cancel", "--until", "1m", "--dry-run"}).out,
              "0 deliveries would be cancelled\n");
    Ran wrong = run({"cancel", "--until", "yesterday", "--dry-run"});
    EXPECT_EQ(wrong.exit, ExitCode::usage);
    EXPECT_NE(wrong.err.find("--until is \"yesterday\""), std::string::npos) << wrong.err;
    EXPECT_EQ(run({"retry", "--yes"}).exit, ExitCode::usage) << "not everything";
}

TEST_F(CliOrders, HoldAndReleaseWithoutAHubAreFoundByTheNext) {
    prepare();
    Ran held = run({"destinations", "hold", "crm", "--reason", "their audit"});
    EXPECT_EQ(held.out, "crm is held\n") << held.err;
    Ran list = run({"destinations"});
    EXPECT_NE(list.out.find("their audit"), std::string::npos) << list.out;
    EXPECT_NE(list.out.find("audit"), std::string::npos) << "the other one too";
    auto rows = json_lines(run({"destinations", "list", "--json"}).out);
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[1]["hold"]["by"].as_string(), "hand");
    EXPECT_EQ(run({"destinations", "release", "crm"}).out, "crm is released\n");
    Ran again = run({"destinations", "release", "crm"});
    EXPECT_EQ(again.exit, ExitCode::failed);
    EXPECT_NE(again.err.find("\"crm\" is not held"), std::string::npos) << again.err;
}

TEST_F(CliOrders, DestinationsAreListedBeforeAHubHasRun) {
    EXPECT_EQ(json_lines(run({"destinations", "--json"}).out).size(), 2u);
}

TEST_F(CliOrders, WrongWordsAreSaid) {
    const std::pair<std::vector<std::string>, const char*> cases[] = {
        {{"destinations", "stop", "crm"}, "\"stop\" is not list, hold or release"},
        {{"destinations", "hold"}, "name the destination to hold"},
        {{"destinations", "hold", "crm"}, "say why with --reason"},
        {{"destinations", "hold", "crn", "--reason", "x"}, "did you mean \"crm\"?"},
        {{"destinations", "list", "crm"}, "list takes no name"},
        {{"destinations", "release", "crm", "--reason", "x"}, "--reason is for hold"},
        {{"destinations", "hold", "crm", "--reason", std::string(501, 'x')}, "longer than 500"},
    };
    for (const auto& [words, said] : cases) {
        Ran ran = run(words);
        EXPECT_EQ(ran.exit, ExitCode::usage) << said;
        EXPECT_NE(ran.err.find(said), std::string::npos) << ran.err;
    }
}

TEST_F(CliOrders, ARunningHubIsAsked) {
    std::vector<std::string> requests;
    host::Server server([&](host::Connection& connection, int) {
        for (;;) {
            std::string request = connection.read_request();
            if (request.empty()) return;
            requests.push_back(request);
            std::string body =
                request.starts_with("GET")
                    ? R"({"destinations":[{"name":"crm","state":"failing","breaker":"open"}]})"
                    : R"({"ok":true,"count":4})";
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
                             "\r\n\r\n" + body);
        }
    });
    write("syncline.yaml", good_config("127.0.0.1:1", server.authority()));
    EXPECT_EQ(run({"cancel", "--rule", "r", "--yes"}).out, "4 deliveries cancelled\n");
    EXPECT_EQ(run({"retry", "--rule", "r", "--yes"}).out, "4 deliveries will be tried now\n");
    EXPECT_EQ(run({"destinations", "hold", "crm", "--reason", "why"}).out, "crm is held\n");
    EXPECT_NE(run({"destinations"}).out.find("failing"), std::string::npos);
    ASSERT_EQ(requests.size(), 6u);
    EXPECT_TRUE(requests[0].starts_with("POST /api/v1/cancel "));
    EXPECT_TRUE(requests[2].starts_with("POST /api/v1/retry "));
    EXPECT_TRUE(requests[4].starts_with("POST /api/v1/destinations/crm/hold "));
    EXPECT_NE(requests[4].find("{\"reason\":\"why\"}"), std::string::npos);
    EXPECT_TRUE(requests[5].starts_with("GET /api/v1/destinations "));
    EXPECT_FALSE(std::filesystem::exists(file("hub.db"))) << "the store is the hub's";
}

}  // namespace
}  // namespace syncline::cli
