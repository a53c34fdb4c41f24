// `syncline replay`: on the store when no hub runs, by the admin API when one does; the count first.
#include "tests/component/cli_fixture.hpp"
#include "tests/component/host_server.hpp"

namespace syncline::cli {
namespace {

class CliReplay : public CliTest {
protected:
    /// Four deliveries: dead, dead, delivered, pending.
    void prepare() {
        std::vector<store::Accept> accepts;
        for (const char* key : {"a", "b", "c", "d"})
            accepts.push_back(store::make_accept(key, {store::make_delivery("crm")}));
        commit({store::make_request(std::move(accepts))});
        commit({store::make_settlement(1, DeliveryState::dead),
                store::make_settlement(2, DeliveryState::dead),
                store::make_settlement(3, DeliveryState::delivered)});
    }
    std::size_t pending() {
        return json_lines(run({"deliveries", "--state", "pending", "--json"}).out).size();
    }
};

TEST_F(CliReplay, WithoutAHubMakesNewDeliveriesInTheStore) {
    prepare();
    Ran ran = run({"replay", "--state", "dead", "--yes"});
    ASSERT_EQ(ran.exit, ExitCode::ok) << ran.err;
    EXPECT_EQ(ran.out, "2 deliveries will be delivered again\n");
    EXPECT_EQ(pending(), 3u);
    auto lines = json_lines(run({"deliveries", "--state", "pending", "--json"}).out);
    EXPECT_EQ(lines[0]["replay_of"].as_int64(), 2);
    EXPECT_EQ(lines[1]["replay_of"].as_int64(), 1) << "the oldest goes first";
}

TEST_F(CliReplay, ADryRunOnlyCounts) {
    prepare();
    Ran ran = run({"replay", "--destination", "crm", "--dry-run", "--json"});
    EXPECT_EQ(ran.exit, ExitCode::ok) << ran.err;
    EXPECT_EQ(ran.out, "{\"count\":3,\"dry_run\":true}\n") << "what is pending needs no replay";
    EXPECT_EQ(pending(), 1u);
}

TEST_F(CliReplay, AScriptMustSayYes) {
    prepare();
    Ran ran = run({"replay", "--state", "dead"});
    EXPECT_EQ(ran.exit, ExitCode::usage);
    EXPECT_NE(ran.err.find("2 deliveries match; say --yes"), std::string::npos) << ran.err;
    EXPECT_EQ(pending(), 1u);
}

TEST_F(CliReplay, APersonIsAsked) {
    prepare();
    interactive_ = true;
    for (const char* answer : {"n\n", "\n", ""}) {
        Ran no = run({"replay", "--id", "1"}, answer);
        EXPECT_EQ(no.exit, ExitCode::failed);
        EXPECT_NE(no.err.find("deliver 1 delivery again? [y/N] nothing was done"),
                  std::string::npos)
            << no.err;
    }
    EXPECT_EQ(pending(), 1u);
    Ran yes = run({"replay", "--id", "1"}, "y\n");
    EXPECT_EQ(yes.exit, ExitCode::ok);
    EXPECT_EQ(yes.out, "1 delivery will be delivered again\n");
    EXPECT_EQ(pending(), 2u);
}

TEST_F(CliReplay, EverythingAtOnceIsNotMeant) {
    prepare();
    Ran ran = run({"replay", "--yes"});
    EXPECT_EQ(ran.exit, ExitCode::usage);
    EXPECT_NE(ran.err.find("at least one of --state"), std::string::npos) << ran.err;
}

TEST_F(CliReplay, NothingToDoIsDone) {
    prepare();
    Ran ran = run({"replay", "--state", "skipped"});
    EXPECT_EQ(ran.exit, ExitCode::ok) << ran.err;
    EXPECT_EQ(ran.out, "0 deliveries would be delivered again\n");
}

TEST_F(CliReplay, AHubThatCannotBeReachedButHoldsTheStoreIsSaid) {
    prepare();
    auto writer = open()->open_writer();
    ASSERT_TRUE(writer);
    Ran ran = run({"replay", "--state", "dead", "--yes"});
    EXPECT_EQ(ran.exit, ExitCode::failed);
    EXPECT_NE(ran.err.find("admin port cannot be reached"), std::string::npos) << ran.err;
}

class CliReplayHub : public CliTest {
protected:
    /// Replays through a server that answers as a hub does.
    Ran replay(std::vector<std::string> words, const std::string& status, const std::string& body) {
        requests_.clear();
        host::Server server([&](host::Connection& connection, int) {
            for (;;) {
                std::string request = connection.read_request();
                if (request.empty()) return;
                requests_.push_back(request);
                connection.write("HTTP/1.1 " + status + "\r\nContent-Length: " +
                                 std::to_string(body.size()) + "\r\n\r\n" + body);
            }
        });
        write("syncline.yaml", good_config("127.0.0.1:1", server.authority()));
        words.insert(words.begin(), "replay");
        return run(words);
    }
    std::vector<std::string> requests_;
};

TEST_F(CliReplayHub, AsksTheHubForTheCountAndThenForTheDeed) {
    Ran ran = replay({"--state", "dead", "--since", "2h", "--yes"}, "200 OK", "{\"count\":5}");
    ASSERT_EQ(ran.exit, ExitCode::ok) << ran.err;
    EXPECT_EQ(ran.out, "5 deliveries will be delivered again\n");
    ASSERT_EQ(requests_.size(), 2u);
    EXPECT_EQ(requests_[0].substr(0, 30), "POST /api/v1/replay HTTP/1.1\r\n");
    EXPECT_NE(requests_[0].find("Authorization: Bearer admin-token-of-the-test\r\n"),
              std::string::npos);
    EXPECT_NE(requests_[0].find("{\"since\":\"2h\",\"state\":\"dead\",\"dry_run\":true}"),
              std::string::npos)
        << requests_[0];
    EXPECT_NE(requests_[1].find("\"dry_run\":false"), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(file("hub.db"))) << "the store is the hub's";
}

TEST_F(CliReplayHub, ARefusedTokenIsSaidInWords) {
    Ran ran = replay({"--state", "dead", "--yes"}, "401 Unauthorized", "{\"error\":\"no\"}");
    EXPECT_EQ(ran.exit, ExitCode::failed);
    EXPECT_NE(ran.err.find("refuses the admin token"), std::string::npos) << ran.err;
    EXPECT_EQ(ran.err.find("admin-token-of-the-test"), std::string::npos);
}

TEST_F(CliReplayHub, AnyOtherAnswerIsShown) {
    Ran ran = replay({"--state", "dead", "--yes"}, "503 Busy", "{\"error\":\"the store is busy\"}");
    EXPECT_EQ(ran.exit, ExitCode::failed);
    EXPECT_NE(ran.err.find("503: the store is busy"), std::string::npos) << ran.err;
    Ran stranger = replay({"--state", "dead", "--yes"}, "200 OK", "hello\x1b[2J");
    EXPECT_EQ(stranger.exit, ExitCode::failed);
    EXPECT_EQ(stranger.err.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace syncline::cli
