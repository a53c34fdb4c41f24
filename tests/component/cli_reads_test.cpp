// `syncline events` and `syncline deliveries` over a prepared store, with no hub anywhere.
#include "tests/component/cli_fixture.hpp"

namespace syncline::cli {
namespace {

class CliReads : public CliTest {
protected:
    /// Three events: one delivered, one dead after an attempt, one that no rule matched.
    void prepare() {
        std::vector<store::Accept> accepts;
        accepts.push_back(store::make_accept("one", {store::make_delivery("crm", "to crm")}));
        accepts.push_back(store::make_accept("two", {store::make_delivery("audit", "to audit")}));
        accepts.push_back(store::make_accept("three"));
        accepts[2].event->type = "note.created";
        accepts[2].event->source = "shop";
        accepts[2].event->id = "shop-three";
        commit({store::make_request(std::move(accepts))});
        auto dead = store::make_settlement(2, DeliveryState::dead, 1);
        dead.note = "422: no such\x1b[31m field\nnext line";
        Attempt attempt;
        attempt.delivery_id = 2;
        attempt.number = 1;
        attempt.started_ms = store::start_ms;
        attempt.duration_ms = 12;
        attempt.outcome = OutcomeKind::reject;
        attempt.note = dead.note;
        attempt.exchanges.push_back(Json::object(
            {{"method", "POST"}, {"url", "http://127.0.0.1:9/in"}, {"status", 422}, {"ms", 11}}));
        dead.attempt = attempt;
        commit({store::make_settlement(1, DeliveryState::delivered, 1), std::move(dead)});
    }
};

TEST_F(CliReads, ListsEventsNewestFirst) {
    prepare();
    Ran ran = run({"events"});
    ASSERT_EQ(ran.exit, ExitCode::ok) << ran.err;
    EXPECT_EQ(ran.out,
              "RECEIVED                  TYPE            SOURCE  SUBJECT        DELIVERIES   ID\n"
              "2026-01-01T00:00:00.000Z  note.created    shop    subject-three  unmatched    shop-three\n"
              "2026-01-01T00:00:00.000Z  record.created  attio   subject-two    dead 1 of 1  attio-two\n"
              "2026-01-01T00:00:00.000Z  record.created  attio   subject-one    done 1       attio-one\n");
}

TEST_F(CliReads, FiltersByTheSharedWords) {
    prepare();
    auto ids = [&](std::vector<std::string> words) {
        words.insert(words.begin(), "events");
        words.push_back("--json");
        std::string found;
        for (const auto& line : json_lines(run(words).out)) found += line["id"].as_string() + " ";
        return found;
    };
    EXPECT_EQ(ids({"--type", "note.created"}), "shop-three ");
    EXPECT_EQ(ids({"--source", "attio"}), "attio-two attio-one ");
    EXPECT_EQ(ids({"--subject", "subject-one"}), "attio-one ");
    EXPECT_EQ(ids({"--state", "unmatched"}), "shop-three ");
    EXPECT_EQ(ids({"--limit", "1"}), "shop-three ");
    EXPECT_EQ(ids({"--before", "2"}), "attio-one ");
    EXPECT_EQ(ids({"--since", "2025-12-31T00:00:00Z"}), "shop-three attio-two attio-one ");
    EXPECT_EQ(ids({"--since", "2026-01-02T00:00:00Z"}), "");
}

TEST_F(CliReads, SaysHowToTurnThePage) {
    prepare();
    Ran ran = run({"events", "--limit", "2"});
    EXPECT_EQ(ran.err, "older ones: --before 2\n");
    EXPECT_EQ(run({"events", "--type", "nothing"}).err, "no event matches\n");
    EXPECT_EQ(run({"events", "--type", "nothing"}).exit, ExitCode::ok);
}

TEST_F(CliReads, ShowsOneEventWithDeliveriesAndAttempts) {
    prepare();
    Ran ran = run({"events", "attio-two"});
    ASSERT_EQ(ran.exit, ExitCode::ok) << ran.err;
    EXPECT_NE(ran.out.find("event     attio-two\n"), std::string::npos) << ran.out;
    EXPECT_NE(ran.out.find("\"key\": \"two\""), std::string::npos) << ran.out;
    EXPECT_NE(ran.out.find("delivery 2  dead  audit.upsert  rule to audit\n"), std::string::npos)
        << ran.out;
    EXPECT_NE(ran.out.find("  attempt 1  2026-01-01T00:00:00.000Z  12 ms  reject  "),
              std::string::npos)
        << ran.out;
    EXPECT_NE(ran.out.find("    POST http://127.0.0.1:9/in → 422  11 ms\n"), std::string::npos);
    EXPECT_NE(run({"events", "shop-three"}).out.find("no rule matched"), std::string::npos);
}

TEST_F(CliReads, OneEventForProgramsHoldsEverything) {
    prepare();
    auto lines = json_lines(run({"events", "attio-two", "--json"}).out);
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(lines[0]["data"]["key"].as_string(), "two");
    EXPECT_EQ(lines[0]["deliveries"][0]["state"].as_string(), "dead");
    EXPECT_EQ(lines[0]["deliveries"][0]["attempts_made"][0]["exchanges"][0]["status"].as_int64(),
              422);
}

TEST_F(CliReads, TextFromOutsideReachesTheTerminalEscaped) {
    prepare();
    for (std::vector<std::string> words : {std::vector<std::string>{"deliveries"},
                                           {"deliveries", "2"}, {"events", "attio-two"}}) {
        Ran ran = run(words);
        ASSERT_EQ(ran.exit, ExitCode::ok) << ran.err;
        EXPECT_EQ(ran.out.find('\x1b'), std::string::npos) << ran.out;
        EXPECT_NE(ran.out.find("422: no such\\x1b[31m field\\x0anext line"), std::string::npos)
            << ran.out;
    }
}

TEST_F(CliReads, ListsDeliveries) {
    prepare();
    Ran ran = run({"deliveries", "--destination", "crm"});
    ASSERT_EQ(ran.exit, ExitCode::ok) << ran.err;
    EXPECT_NE(ran.out.find("ID  CREATED"), std::string::npos) << ran.out;
    EXPECT_NE(ran.out.find(" 1  "), std::string::npos);
    EXPECT_NE(ran.out.find("delivered"), std::string::npos);
    EXPECT_EQ(ran.out.find("audit"), std::string::npos) << "the other destination's";
    auto lines = json_lines(run({"deliveries", "--state", "dead", "--json"}).out);
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(lines[0]["id"].as_int64(), 2);
    EXPECT_EQ(lines[0]["event"]["id"].as_string(), "attio-two");
    EXPECT_EQ(json_lines(run({"deliveries", "--rule", "to crm", "--json"}).out).size(), 1u);
    EXPECT_EQ(json_lines(run({"deliveries", "--event", "attio-one", "--json"}).out).size(), 1u);
}

TEST_F(CliReads, ListsFitANarrowTerminal) {
    prepare();
    width_ = 72;
    std::istringstream lines(run({"deliveries"}).out);
    for (std::string line; std::getline(lines, line);)
        EXPECT_LE(display_width(line), 100u) << line;
}

TEST_F(CliReads, SaysWhichIdIsUnknown) {
    prepare();
    Ran event = run({"events", "nobody"});
    EXPECT_EQ(event.exit, ExitCode::failed);
    EXPECT_EQ(event.err, "error: no event has the id \"nobody\"\n");
    Ran delivery = run({"deliveries", "99"});
    EXPECT_EQ(delivery.exit, ExitCode::failed);
    EXPECT_EQ(delivery.err, "error: there is no delivery 99\n");
    EXPECT_EQ(run({"deliveries", "x1"}).exit, ExitCode::usage);
    EXPECT_EQ(run({"deliveries", "0"}).exit, ExitCode::usage);
}

TEST_F(CliReads, WorkWithoutTheHubsSecrets) {
    prepare();
    environment_.clear();
    Ran ran = run({"events"});
    EXPECT_EQ(ran.exit, ExitCode::ok) << ran.err;
    EXPECT_NE(ran.out.find("attio-one"), std::string::npos);
}

TEST_F(CliReads, AnAbsentVariableMattersOnlyWhereTheStoreIsNamed) {
    prepare();
    std::string head = "server: { listen: \"${HUB_LISTEN}\" }\n"
                       "admin: { listen: \"${ADMIN_LISTEN}\", token: \"${ADMIN_TOKEN}\" }\n"
                       "sources: { shop: { connector: http } }\n";
    write("reads.yaml", head + "store: sqlite:./hub.db\n");
    Ran good = run({"events", "-c", file("reads.yaml")});
    EXPECT_EQ(good.exit, ExitCode::ok) << good.err;
    write("blind.yaml", head + "store: \"sqlite:${HUB_STORE}\"\n");
    Ran blind = run({"events", "-c", file("blind.yaml")});
    EXPECT_EQ(blind.exit, ExitCode::usage);
    EXPECT_NE(blind.err.find("not set: "), std::string::npos) << blind.err;
    EXPECT_NE(blind.err.find("HUB_STORE"), std::string::npos) << blind.err;
    environment_["HUB_STORE"] = file("hub.db");
    EXPECT_EQ(run({"events", "-c", file("blind.yaml")}).exit, ExitCode::ok);
}

TEST_F(CliReads, WorkBesideAHubThatHoldsTheStore) {
    prepare();
    auto writer = open()->open_writer();
    ASSERT_TRUE(writer);
    EXPECT_EQ(run({"events"}).exit, ExitCode::ok);
    EXPECT_EQ(run({"deliveries"}).exit, ExitCode::ok);
}

TEST_F(CliReads, AnAbsentStoreSaysThatNoHubHasRun) {
    Ran ran = run({"events"});
    EXPECT_EQ(ran.exit, ExitCode::failed);
    EXPECT_NE(ran.err.find("there is no store yet"), std::string::npos) << ran.err;
    EXPECT_FALSE(std::filesystem::exists(file("hub.db"))) << "a read makes no file";
}

TEST_F(CliReads, AFileThatIsNoStoreIsRefused) {
    write("hub.db", std::string(8192, 'x'));
    Ran ran = run({"deliveries"});
    EXPECT_EQ(ran.exit, ExitCode::failed);
    EXPECT_NE(ran.err.find("error: "), std::string::npos);
}

}  // namespace
}  // namespace syncline::cli
