// `syncline explain`: which rules match, what they would send, and the first test that fails.
#include "tests/component/cli_fixture.hpp"

#include "core/cli/explain_rules.hpp"

namespace syncline::cli {
namespace {

class CliExplain : public CliTest {
protected:
    /// Explains the text as an event file.
    Ran explain(const std::string& text, std::vector<std::string> more = {}) {
        write("event.json", text);
        std::vector<std::string> words = {"explain", "--file", file("event.json")};
        words.insert(words.end(), more.begin(), more.end());
        return run(words);
    }

    static std::string attio_record(const std::string& object_id) {
        return "{\"webhook_id\":\"w\",\"events\":[{\"event_type\":\"record.created\",\"id\":{"
               "\"workspace_id\":\"ws\",\"object_id\":\"" +
               object_id +
               "\",\"record_id\":\"rec-1\"},\"actor\":{\"type\":\"system\",\"id\":null}}]}";
    }
};

TEST_F(CliExplain, SaysWhichRulesMatchAndWhyTheOthersDoNot) {
    Ran ran = explain(attio_record(deals_object), {"--source", "attio"});
    ASSERT_EQ(ran.exit, ExitCode::ok) << ran.err;
    EXPECT_NE(ran.out.find("event     record.created  about rec-1  from attio\n"
                           "1 of 3 rules match\n\n"
                           "matches   deals to the crm\n"
                           "    reads record from attio.record (not read here)\n"
                           "    sends crm.forward  in order of rec-1\n"),
              std::string::npos)
        << ran.out;
    EXPECT_NE(ran.out.find("\"name\": \"⟨record.values.name⟩\""), std::string::npos) << ran.out;
    EXPECT_NE(ran.out.find("\"id\": \"rec-1\""), std::string::npos) << ran.out;
    EXPECT_NE(ran.out.find("no match  finished tasks\n"
                           "    on: type is \"task.completed\" — found \"record.created\"\n"),
              std::string::npos)
        << ran.out;
    EXPECT_NE(ran.out.find("no match  people only\n    where: object "), std::string::npos)
        << ran.out;
    EXPECT_NE(ran.out.find("found \"deals\""), std::string::npos) << ran.out;
}

TEST_F(CliExplain, TakesAPlainEventObject) {
    Ran ran = explain("{\"type\":\"task.completed\",\"subject\":\"t-1\",\"task_id\":\"t-1\"}",
                      {"--json"});
    ASSERT_EQ(ran.exit, ExitCode::ok) << ran.err;
    auto lines = json_lines(ran.out);
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(lines[0]["matched"].as_int64(), 1);
    EXPECT_TRUE(lines[0]["rules"][1]["matches"].as_bool());
    EXPECT_EQ(lines[0]["rules"][1]["sends"][0]["to"].as_string(), "audit");
    EXPECT_EQ(lines[0]["rules"][0]["failed"]["test"].as_string(), "on");
    EXPECT_EQ(lines[0]["event"]["task_id"].as_string(), "t-1");
}

TEST_F(CliExplain, ASourceNarrowsTheRulesThatAreFromOthers) {
    Ran ran = explain("{\"type\":\"record.created\",\"object\":\"people\"}",
                      {"--source", "shop", "--json"});
    auto lines = json_lines(ran.out);
    ASSERT_EQ(lines.size(), 1u) << ran.err;
    EXPECT_EQ(lines[0]["rules"][2]["failed"]["test"].as_string(), "from");
    EXPECT_EQ(lines[0]["rules"][2]["failed"]["found"].as_string(), "\"shop\"");
}

/// One rule on another type, one from another source, and rules that hold 0 to 2 of three tests.
std::string many_rules(int more) {
    std::string text = "sources:\n  shop: { connector: http }\n  store: { connector: http }\n"
                       "destinations:\n  audit: { connector: http, settings: { url: "
                       "\"http://127.0.0.1:9/in\" } }\nrules:\n";
    auto add = [&](const std::string& name, const std::string& head) {
        text += "  - { name: " + name + ", " + head + ", send: { to: audit, do: forward } }\n";
    };
    add("other type", "on: order.paid");
    add("other source", "on: order.made, from: store");
    add("none of three", "on: order.made, where: { a: 2, b: 2, c: 2 }");
    add("two of three", "on: order.made, where: { a: 1, b: 1, c: 2 }");
    add("one of three", "on: order.made, where: { a: 1, b: 2, c: 2 }");
    add("not the if", "on: order.made, where: { a: 1 }, if: { b: 2 }");
    add("match", "on: order.made, where: { a: 1, b: 1 }");
    for (int i = 0; i < more; ++i) add("far " + std::to_string(i), "on: order.sent");
    return text;
}

TEST_F(CliExplain, ShowsTheNearestRulesFirstAndCountsTheRest) {
    write("many.yaml", many_rules(20));
    constexpr const char* event = "{\"type\":\"order.made\",\"source\":\"shop\",\"a\":1,\"b\":1}";
    Ran ran = explain(event, {"-c", file("many.yaml")});
    ASSERT_EQ(ran.exit, ExitCode::ok) << ran.err;
    std::vector<std::size_t> places;
    for (const char* name : {"matches   match", "no match  not the if", "no match  two of three",
                             "no match  one of three", "no match  none of three",
                             "no match  other source", "and 21 rules that are no nearer; --all"}) {
        places.push_back(ran.out.find(name));
        EXPECT_NE(places.back(), std::string::npos) << name << "\n" << ran.out;
    }
    EXPECT_TRUE(std::is_sorted(places.begin(), places.end())) << ran.out;
    EXPECT_NE(ran.out.find("where: c is 2 — found nothing (2 of 3 tests hold)\n"),
              std::string::npos)
        << ran.out;
    EXPECT_EQ(ran.out.find("other type"), std::string::npos) << ran.out;
    Ran all = explain(event, {"-c", file("many.yaml"), "--all"});
    EXPECT_NE(all.out.find("no match  far 19"), std::string::npos) << all.out;
    EXPECT_EQ(all.out.find("no nearer"), std::string::npos) << all.out;
}

TEST_F(CliExplain, GivesEveryRuleAndItsNearnessToPrograms) {
    write("many.yaml", many_rules(20));
    Ran ran = explain("{\"type\":\"order.made\",\"source\":\"shop\",\"a\":1,\"b\":1}",
                      {"-c", file("many.yaml"), "--json"});
    auto lines = json_lines(ran.out);
    ASSERT_EQ(lines.size(), 1u) << ran.err;
    EXPECT_EQ(lines[0]["rules"].size(), 27u);
    ASSERT_EQ(lines[0]["nearest"].size(), 26u);
    EXPECT_EQ(lines[0]["nearest"][0].as_string(), "not the if");
    EXPECT_EQ(lines[0]["nearest"][1].as_string(), "two of three");
    EXPECT_EQ(lines[0]["rules"][3]["failed"].dump(),
              R"({"test":"where","path":"c","expected":"is 2","found":"nothing","held":2,"tests":3})");
}

TEST_F(CliExplain, LooksAtOneRuleAlone) {
    write("many.yaml", many_rules(0));
    constexpr const char* event = "{\"type\":\"order.made\",\"source\":\"shop\",\"a\":1}";
    Ran ran = explain(event, {"-c", file("many.yaml"), "--rule", "match"});
    ASSERT_EQ(ran.exit, ExitCode::ok) << ran.err;
    EXPECT_NE(ran.out.find("0 of 1 rules match\n\nno match  match\n    where: b is 1 — found "
                           "nothing (1 of 2 tests hold)\n"),
              std::string::npos)
        << ran.out;
    Ran unknown = explain(event, {"-c", file("many.yaml"), "--rule", "mtach"});
    EXPECT_EQ(unknown.exit, ExitCode::usage);
    EXPECT_EQ(unknown.err, "error: there is no rule \"mtach\"\nhint: did you mean \"match\"?\n");
}

TEST_F(CliExplain, ExplainsEveryEventOfABody) {
    Ran ran = explain("{\"webhook_id\":\"w\",\"events\":["
                      "{\"event_type\":\"task.updated\",\"id\":{\"task_id\":\"t\"}},"
                      "{\"event_type\":\"list.created\",\"id\":{\"list_id\":\"l\"}}]}",
                      {"--source", "attio", "--json"});
    auto lines = json_lines(ran.out);
    ASSERT_EQ(lines.size(), 2u) << ran.err;
    EXPECT_EQ(lines[0]["derives"][0].as_string(), "task.completed");
    EXPECT_EQ(lines[1]["matched"].as_int64(), 0);
}

TEST_F(CliExplain, ReadsStandardInput) {
    Ran ran = run({"explain", "--file", "-", "--json"}, "{\"type\":\"record.deleted\"}");
    EXPECT_EQ(ran.exit, ExitCode::ok) << ran.err;
    EXPECT_EQ(json_lines(ran.out).size(), 1u);
}

TEST_F(CliExplain, RefusesWhatIsNoEventAndSaysWhy) {
    Ran broken = explain("{\"type\":", {"--source", "attio"});
    EXPECT_EQ(broken.exit, ExitCode::usage);
    EXPECT_NE(broken.err.find("JSON"), std::string::npos) << broken.err;
    Ran other = explain("{\"a\":1}", {"--source", "attio"});
    EXPECT_EQ(other.exit, ExitCode::usage);
    EXPECT_NE(other.err.find("event_type"), std::string::npos) << other.err;
    Ran unnamed = explain("{\"a\":1}");
    EXPECT_EQ(unnamed.exit, ExitCode::usage);
    EXPECT_NE(unnamed.err.find("--source NAME: one of attio, shop"), std::string::npos)
        << unnamed.err;
    Ran unknown = explain("{\"a\":1}", {"--source", "atio"});
    EXPECT_NE(unknown.err.find("did you mean \"attio\"?"), std::string::npos) << unknown.err;
    EXPECT_EQ(run({"explain"}).exit, ExitCode::usage);
    EXPECT_EQ(run({"explain", "--file", "x", "--event", "y"}).exit, ExitCode::usage);
    Ran absent = run({"explain", "--file", file("absent.json")});
    EXPECT_EQ(absent.exit, ExitCode::usage);
    EXPECT_NE(absent.err.find("No such file"), std::string::npos) << absent.err;
}

TEST_F(CliExplain, ExplainsAStoredEventWithWhatHappened) {
    std::vector<store::Accept> accepts;
    accepts.push_back(store::make_accept("one", {store::make_delivery("crm", "deals to the crm")}));
    accepts[0].event->attributes.set("object", "deals");
    commit({store::make_request(std::move(accepts))});
    Ran ran = run({"explain", "--event", "attio-one"});
    ASSERT_EQ(ran.exit, ExitCode::ok) << ran.err;
    EXPECT_NE(ran.out.find("matches   deals to the crm\n"), std::string::npos) << ran.out;
    EXPECT_NE(ran.out.find("what happened when it came:\ndelivery 1  pending  crm.upsert"),
              std::string::npos)
        << ran.out;
    Ran unknown = run({"explain", "--event", "nobody"});
    EXPECT_EQ(unknown.exit, ExitCode::failed);
    EXPECT_EQ(unknown.err, "error: no event has the id \"nobody\"\n");
}

TEST_F(CliExplain, OutsideTextIsEscaped) {
    Ran ran = explain("{\"type\":\"record.\\u001b[2Jcreated\",\"subject\":\"a\\nb\"}");
    ASSERT_EQ(ran.exit, ExitCode::ok) << ran.err;
    EXPECT_EQ(ran.out.find('\x1b'), std::string::npos);
    EXPECT_NE(ran.out.find("record.\\x1b[2Jcreated  about a\\x0ab"), std::string::npos) << ran.out;
}

TEST(CliExplainDocuments, PlaceholdersStandWhereFetchedValuesAreUsed) {
    config::FetchConfig record;
    record.name = "record";
    Json made = unread_documents(
        {"subject", "record.values.name", "record.values.stage", "record.values", "recording.x"},
        {record});
    EXPECT_EQ(made.dump(),
              "{\"record\":{\"values\":{\"name\":\"⟨record.values.name⟩\","
              "\"stage\":\"⟨record.values.stage⟩\"}}}");
    EXPECT_EQ(unread_documents({"record"}, {record}).dump(), "{\"record\":\"⟨record⟩\"}");
}

Json explained_send(const char* with, bool fetches) {
    config::HubConfig config;
    config::RuleConfig rule;
    rule.name = "rule";
    if (fetches) rule.fetch.push_back({"record", "attio", "record"});
    config::SendConfig send;
    send.to = "crm";
    send.action = "upsert";
    send.with = std::get<rules::TemplateTree>(rules::TemplateTree::compile(*Json::parse(with)));
    rule.send.push_back(std::move(send));
    config.rules.push_back(std::move(rule));
    rules::RuleEntry entry;
    entry.on = std::get<rules::TypeSet>(rules::TypeSet::compile({"*"}));
    std::vector<rules::RuleEntry> entries;
    entries.push_back(std::move(entry));
    config.rule_set.emplace(std::move(entries));
    Event event;
    event.type = "x";
    event.payload = "{}";
    return explain_rules(config, event, nullptr)["rules"][0]["sends"][0];
}

TEST(CliExplainDocuments, AFilterThatStumblesOverAPlaceholderIsNoErrorOfTheRule) {
    Json send = explained_send(R"({"email": "{{ record.values.amount | divided_by: 0 }}"})", true);
    EXPECT_EQ(send["undecided"].as_string(), "rendered when record is read") << send.dump();
    EXPECT_TRUE(send["error"].is_null());
    send = explained_send(R"({"email": "{{ type | divided_by: 0 }}"})", false);
    EXPECT_NE(send["error"].as_string().find("email"), std::string::npos) << send.dump();
}

}  // namespace
}  // namespace syncline::cli
