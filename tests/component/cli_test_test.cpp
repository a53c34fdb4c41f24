// `syncline test`: files of tests, their TAP, what a failure says, and every mistake with its place.
#include "tests/component/cli_fixture.hpp"

namespace syncline::cli {
namespace {

class CliTestCommand : public CliTest {
protected:
    static std::string own_rules() {
        return "rules:\n"
               "  - name: deals to the crm\n"
               "    on: record.created\n"
               "    where: { object: deals, actor.type: { anything-but: app } }\n"
               "    fetch: { record: attio.record }\n"
               "    if: { record.values.stage: [open, won] }\n"
               "    send:\n"
               "      - { to: crm, do: upsert, with: { id: \"{{ subject }}\", "
               "amount: \"{{ record.values.amount | divided_by: 2 }}\", tags: [a, \"{{ x }}\"] } }\n"
               "      - { to: audit, do: forward }\n"
               "documents:\n"
               "  attio.record: { values: { stage: open, amount: 10 } }\n"
               "tests:\n";
    }
    Ran test(const std::string& tests, std::vector<std::string> more = {}) {
        write("tests.yaml", own_rules() + tests);
        std::vector<std::string> words = {"test", file("tests.yaml")};
        words.insert(words.end(), more.begin(), more.end());
        return run(words);
    }
    /// One failing test; its differences, one a line.
    std::string differences(const std::string& tests) {
        Ran ran = test(tests, {"--json"});
        EXPECT_EQ(ran.exit, ExitCode::failed) << ran.out << ran.err;
        std::string found;
        for (const auto& line : json_lines(ran.out))
            for (const auto& one : line["differences"].items()) found += one.as_string() + "\n";
        return found;
    }
    static constexpr const char* deal =
        "event: { type: record.created, subject: r-1, object: deals, actor.type: member, x: 5 }";
};

TEST_F(CliTestCommand, PrintsTapForWhatPasses) {
    Ran ran = test("  - name: \"a deal # of many\"\n    " + std::string(deal) +
                   "\n    expect:\n"
                   "      - { rule: deals to the crm, to: crm, do: upsert, lane: r-1, "
                   "with: { id: r-1, amount: 5, tags: [a, 5] } }\n"
                   "      - { to: audit, with: {} }\n"
                   "  - event: { type: record.created, object: people }\n    expect: []\n");
    EXPECT_EQ(ran.exit, ExitCode::ok) << ran.err;
    EXPECT_EQ(ran.out, "TAP version 14\n1..2\n# " + file("tests.yaml") +
                           "\nok 1 - a deal \\# of many\nok 2 - test 2\n# 2 passed, 0 failed\n");
    EXPECT_EQ(ran.err, "");
}

TEST_F(CliTestCommand, SaysWhatDiffersInsideAnAction) {
    std::string head = "  - " + std::string(deal) + "\n    expect:\n      - { to: audit }\n";
    EXPECT_EQ(differences(head + "      - { to: crm, with: { id: r-2, amount: \"5\", tags: [b, 5], "
                                 "more: 1 } }\n"),
              "with.id: expected \"r-2\", found \"r-1\"\n"
              "with.amount: expected \"5\", found 5\n"
              "with.tags[0]: expected \"b\", found \"a\"\n"
              "with.more: expected 1, found nothing\n");
    EXPECT_EQ(differences(head + "      - { to: crm, with: { id: r-1, tags: [a] } }\n"),
              "with.tags: expected [\"a\"], found [\"a\",5]\n"
              "with.amount: expected nothing, found 5\n");
    EXPECT_EQ(differences(head + "      - { to: crm, lane: r-2 }\n"),
              "lane: expected \"r-2\", found \"r-1\"\n");
}

TEST_F(CliTestCommand, SaysWhyAnExpectedActionIsNotThere) {
    EXPECT_EQ(differences("  - event: { type: record.created, object: deals, actor.type: app }\n"
                          "    expect: [ { to: crm } ]\n"),
              "expected a send to crm, found no such action: rule \"deals to the crm\" does not "
              "match: where: actor.type is anything but \"app\" — found \"app\" (1 of 2 tests "
              "hold)\n");
    EXPECT_EQ(differences("  - " + std::string(deal) +
                          "\n    documents: { attio.record: { values: { stage: lost } } }\n"
                          "    expect: { rule: deals to the crm, to: crm, do: upsert }\n"),
              "expected rule \"deals to the crm\" to send to crm.upsert, found no such action: rule "
              "\"deals to the crm\" does not match: if: record.values.stage is one of \"open\", "
              "\"won\" — found \"lost\"\n");
    EXPECT_EQ(differences("  - " + std::string(deal) + "\n    expect: [ { to: crm }, { to: audit }, "
                                                       "{ to: audit }, { to: wiki } ]\n"),
              "expected a send to audit, found no such action: rule \"deals to the crm\" matches, but "
              "sends nothing more to audit\n"
              "expected a send to wiki, found no such action: no rule sends to wiki\n");
}

TEST_F(CliTestCommand, SaysWhatWasNotExpected) {
    Ran ran = test("  - name: nothing\n    " + std::string(deal) + "\n    expect: []\n");
    EXPECT_EQ(ran.exit, ExitCode::failed);
    EXPECT_NE(ran.out.find("not ok 1 - nothing\n"
                           "  ---\n"
                           "  at: \"" + file("tests.yaml") + ":13:11\"\n"
                           "  differences:\n"
                           "    - \"not expected: rule \\\"deals to the crm\\\" sends to crm.upsert\"\n"
                           "    - \"not expected: rule \\\"deals to the crm\\\" sends to "
                           "audit.forward\"\n"
                           "  expected: []\n"
                           "  found:\n"
                           "    - {\"rule\":\"deals to the crm\",\"to\":\"crm\","),
              std::string::npos)
        << ran.out;
    EXPECT_NE(ran.out.find("  ...\n# 0 passed, 1 failed\n"), std::string::npos) << ran.out;
}

TEST_F(CliTestCommand, AnErrorOfRenderingIsExpectedByItsWords) {
    std::string nothing = "  - " + std::string(deal) +
                          "\n    documents: { attio.record: { values: { stage: won, amount: [] } } }\n";
    std::string absent = "  - event: { type: record.created, object: people }\n";
    EXPECT_EQ(differences(absent + "    expect_error: number\n"),
              "expected an error with \"number\", found no rule matches\n");
    EXPECT_EQ(differences("  - " + std::string(deal) + "\n    expect_error: number\n"),
              "expected an error with \"number\", found no error\n");
}

TEST_F(CliTestCommand, ADocumentThatNoTestGivesIsNamed) {
    write("tests.yaml",
          "rules: [ { name: a, on: x, fetch: { note: attio.note }, send: { to: b, do: c } } ]\n"
          "tests: [ { event: { type: x }, expect: [ { to: b } ] },\n"
          "         { event: { type: x }, expect_error: \"attio.note\" } ]\n");
    Ran ran = run({"test", file("tests.yaml")});
    EXPECT_EQ(ran.exit, ExitCode::failed);
    EXPECT_NE(ran.out.find("it reads attio.note, which is not among the test's documents"),
              std::string::npos)
        << ran.out;
    EXPECT_NE(ran.out.find("\nok 2"), std::string::npos) << ran.out;
}

TEST_F(CliTestCommand, EveryMistakeHasItsPlaceAndHint) {
    struct {
        const char* tests;
        const char* message;
        const char* hint;
    } cases[] = {
        {"  - { event: { type: x }, expct: [] }\n", ":13:27: error: unknown key \"expct\"",
         "did you mean \"expect\"?"},
        {"  - { event: { type: x } }\n", ":13:5: error: \"expect\" is missing", "[] for none"},
        {"  - { expect: [] }\n", ":13:5: error: \"event\" is missing", "as in event:"},
        {"  - { event: { tpye: x }, expect: [] }\n", ":13:7: error: \"type\" is missing", "type"},
        {"  - { event: { type: x }, expect: [ { rule: deals to the cmr } ] }\n",
         ":13:45: error: there is no rule \"deals to the cmr\"",
         "did you mean \"deals to the crm\"?"},
        {"  - { event: { type: x }, expect: [ {} ] }\n",
         ":13:37: error: this expects nothing in particular", "expect: []"},
        {"  - { event: { type: x }, expect: [], expect_error: a }\n",
         ":13:5: error: both \"expect\" and \"expect_error\"", ""},
        {"  - { event: { type: x }, expect: [], now: yesterday }\n",
         ":13:44: error: expected a moment, found the text \"yesterday\"", "2026"},
        {"  - { event: { type: x }, expect: [], documents: { record: 1 } }\n",
         ":13:52: error: \"record\" names no document", "attio.record"},
        {"  - { event: { type: x, a: \"${NONE}\" }, expect: [] }\n",
         "error: the environment variable NONE is not set", ""},
        {"  - { event: { body: {} }, expect: [] }\n", ":13:5: error: \"body\" needs a hub file", ""},
        {"", ":12:1: error: there is no test under \"tests\"", ""},
    };
    for (const auto& one : cases) {
        Ran ran = test(one.tests);
        EXPECT_EQ(ran.exit, ExitCode::usage) << one.tests;
        EXPECT_EQ(ran.out, "Bail out! the tests cannot be read\n") << one.tests;
        EXPECT_NE(ran.err.find(one.message), std::string::npos) << one.message << "\n" << ran.err;
        EXPECT_NE(ran.err.find(one.hint), std::string::npos) << one.hint << "\n" << ran.err;
    }
}

TEST_F(CliTestCommand, AMistakeInARuleIsShownAsInAHubFile) {
    write("tests.yaml", "rules: [ { on: x, where: { a: [ { prefx: b } ] }, send: { to: b, do: c } } ]\n"
                        "tests: [ { event: { type: x }, expect: [] } ]\n");
    Ran ran = run({"test", file("tests.yaml")});
    EXPECT_EQ(ran.exit, ExitCode::usage);
    EXPECT_NE(ran.err.find("tests.yaml:1:35: error: unknown operator \"prefx\""), std::string::npos)
        << ran.err;
    write("tests.yaml", "tests: [ { event: { type: x }, expect: [] } ]\n");
    EXPECT_NE(run({"test", file("tests.yaml")}).err.find("\"rules\" is missing"), std::string::npos);
    EXPECT_EQ(run({"test", file("absent.yaml")}).exit, ExitCode::usage);
    EXPECT_EQ(run({"test"}).exit, ExitCode::usage);
}

TEST_F(CliTestCommand, TestsTheRulesOfAHubFileWithoutItsSecrets) {
    environment_.clear();
    write("tests.yaml",
          "config: syncline.yaml\n"
          "documents: { attio.record: { values: { name: Acme } } }\n"
          "tests:\n"
          "  - event: { source: attio, type: record.created, subject: r-1, object: deals }\n"
          "    expect: [ { to: crm, do: forward, with: { body: { name: Acme, id: r-1 } } } ]\n"
          "  - name: as Attio sends it\n"
          "    event: { source: attio, body: { webhook_id: w, events: [ { event_type: "
          "record.created, id: { workspace_id: w, object_id: " +
              std::string(deals_object) +
              ", record_id: r-2 } } ] } }\n"
              "    expect: { rule: deals to the crm, lane: r-2 }\n");
    Ran ran = run({"test", file("tests.yaml")});
    EXPECT_EQ(ran.exit, ExitCode::ok) << ran.out << ran.err;
    EXPECT_NE(ran.out.find("# 2 passed, 0 failed\n"), std::string::npos) << ran.out;
}

TEST_F(CliTestCommand, NamesThatTheHubFileLacksAreMistakes) {
    auto err = [&](const std::string& test) {
        write("tests.yaml", "config: syncline.yaml\ntests:\n  - " + test);
        Ran ran = run({"test", file("tests.yaml")});
        EXPECT_EQ(ran.exit, ExitCode::usage) << test;
        return ran.err;
    };
    EXPECT_NE(err("{ event: { type: x }, expect: [] }\n")
                  .find(":3:5: error: the event names no source; there are attio, shop"),
              std::string::npos);
    EXPECT_NE(err("{ event: { type: x, source: atio }, expect: [] }\n")
                  .find("did you mean \"attio\"?"),
              std::string::npos);
    EXPECT_NE(err("{ event: { type: x, source: shop }, expect: { to: cmr } }\n")
                  .find(":3:55: error: there is no destination \"cmr\""),
              std::string::npos);
    EXPECT_NE(err("{ event: { type: x, source: shop }, expect: { do: forwrad } }\n")
                  .find("did you mean \"forward\"?"),
              std::string::npos);
    write("tests.yaml", "config: nowhere.yaml\ntests: [ { event: { type: x }, expect: [] } ]\n");
    Ran absent = run({"test", file("tests.yaml")});
    EXPECT_EQ(absent.exit, ExitCode::usage);
    EXPECT_NE(absent.err.find("tests.yaml:1:9: error: "), std::string::npos) << absent.err;
}

TEST_F(CliTestCommand, ABodyThatItsSourceRefusesFailsTheTest) {
    write("tests.yaml", "config: syncline.yaml\n"
                        "tests: [ { event: { source: attio, body: { a: 1 } }, expect: [] } ]\n");
    Ran ran = run({"test", file("tests.yaml")});
    EXPECT_EQ(ran.exit, ExitCode::failed);
    EXPECT_NE(ran.out.find("the source refuses the body: "), std::string::npos) << ran.out;
}

TEST_F(CliTestCommand, OutsideTextIsEscaped) {
    Ran ran = test("  - { name: \"a\\e[2J\", event: { type: x }, expect: { to: crm } }\n");
    EXPECT_EQ(ran.exit, ExitCode::failed);
    EXPECT_EQ(ran.out.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace syncline::cli
