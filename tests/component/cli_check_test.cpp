// `syncline check`: the summary of a good file, and every problem of a bad one with its place.
#include "tests/component/cli_fixture.hpp"

namespace syncline::cli {
namespace {

using CliCheck = CliTest;

TEST_F(CliCheck, ShowsWhatAGoodFileHolds) {
    Ran ran = run({"check"});
    ASSERT_EQ(ran.exit, ExitCode::ok) << ran.err;
    EXPECT_EQ(ran.out,
              "SOURCE  CONNECTOR  URL                                SECRETS\n"
              "attio   attio      http://127.0.0.1:1/webhooks/attio        1\n"
              "shop    http       http://127.0.0.1:1/webhooks/shop         -\n"
              "\n"
              "DESTINATION  CONNECTOR  RATE  AT ONCE\n"
              "audit        http       -           8\n"
              "crm          http       3/s         8\n"
              "\n"
              "RULE              ON              SENDS\n"
              "deals to the crm  record.created  crm.forward\n"
              "finished tasks    task.completed  audit.forward\n"
              "people only       record.*        audit.forward\n"
              "\n" +
                  file("syncline.yaml") + " is good\n");
}

TEST_F(CliCheck, ShowsAllProblemsWithPlaceAndCaret) {
    write("bad.yaml",
          "sources:\n"
          "  attio: { connector: atio, secret: abcdefgh }\n"
          "destinations:\n"
          "  audit: { connector: http, settings: { url: \"http://127.0.0.1:9/\" } }\n"
          "rules:\n"
          "  - name: one\n"
          "    on: record.created\n"
          "    send: { to: audti, do: forward }\n");
    Ran ran = run({"check", "-c", file("bad.yaml")});
    EXPECT_EQ(ran.exit, ExitCode::usage);
    EXPECT_EQ(ran.out, "");
    EXPECT_NE(ran.err.find(file("bad.yaml") + ":2:23: error: "), std::string::npos) << ran.err;
    EXPECT_NE(ran.err.find("did you mean \"attio\"?"), std::string::npos) << ran.err;
    EXPECT_NE(ran.err.find(file("bad.yaml") + ":8:17: error: "), std::string::npos) << ran.err;
    EXPECT_NE(ran.err.find("did you mean \"audit\"?"), std::string::npos) << ran.err;
    EXPECT_NE(ran.err.find("    send: { to: audti, do: forward }"), std::string::npos) << ran.err;
    EXPECT_NE(ran.err.find("^~~~~"), std::string::npos) << ran.err;
    EXPECT_NE(ran.err.find("bad.yaml: 2 errors\n"), std::string::npos) << ran.err;
    EXPECT_EQ(ran.err.find("abcdefgh"), std::string::npos) << "secrets are not shown";
}

TEST_F(CliCheck, GivesProblemsToProgramsAsOneObject) {
    write("bad.yaml", "sources:\n  attio: { connector: atio, secret: abcdefgh }\n");
    Ran ran = run({"check", "-c", file("bad.yaml"), "--json"});
    EXPECT_EQ(ran.exit, ExitCode::usage);
    EXPECT_EQ(ran.err, "");
    auto lines = json_lines(ran.out);
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_FALSE(lines[0]["ok"].as_bool(true));
    const Json& problem = lines[0]["problems"][0];
    EXPECT_EQ(problem["line"].as_int64(), 2);
    EXPECT_EQ(problem["column"].as_int64(), 23);
    EXPECT_EQ(problem["severity"].as_string(), "error");
}

TEST_F(CliCheck, GivesTheSummaryToProgramsAsOneObject) {
    Ran ran = run({"check", "--json"});
    ASSERT_EQ(ran.exit, ExitCode::ok) << ran.err;
    auto lines = json_lines(ran.out);
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_TRUE(lines[0]["ok"].as_bool());
    EXPECT_EQ(lines[0]["sources"][0]["path"].as_string(), "/webhooks/attio");
    EXPECT_EQ(lines[0]["rules"][2]["send"][0].as_string(), "audit.forward");
    EXPECT_EQ(ran.out.find(attio_secret), std::string::npos);
}

TEST_F(CliCheck, AnAbsentVariableOrFileIsAnErrorWithItsName) {
    environment_.erase("ATTIO_SECRET");
    Ran ran = run({"check"});
    EXPECT_EQ(ran.exit, ExitCode::usage);
    EXPECT_NE(ran.err.find("ATTIO_SECRET"), std::string::npos) << ran.err;
    Ran absent = run({"check", "-c", file("absent.yaml")});
    EXPECT_EQ(absent.exit, ExitCode::usage);
    EXPECT_NE(absent.err.find("No such file"), std::string::npos) << absent.err;
    EXPECT_NE(absent.err.find("-c FILE"), std::string::npos) << absent.err;
    Ran folder = run({"check", "-c", folder_.path().string()});
    EXPECT_EQ(folder.exit, ExitCode::usage);
    EXPECT_NE(folder.err.find("is a directory"), std::string::npos) << folder.err;
}

TEST_F(CliCheck, AFileLargerThanAnyConfigurationIsRefusedUnread) {
    write("large.yaml", std::string((1 << 20) + 1, '#'));
    Ran ran = run({"check", "-c", file("large.yaml")});
    EXPECT_EQ(ran.exit, ExitCode::usage);
    EXPECT_NE(ran.err.find("larger than"), std::string::npos) << ran.err;
}

TEST_F(CliCheck, AnEscapeSequenceInTheFileIsNotObeyed) {
    write("bad.yaml", "sources:\n  \"a\\x1b[2J\": { connector: \"\x1b[31m\" }\n");
    Ran ran = run({"check", "-c", file("bad.yaml")});
    EXPECT_EQ(ran.exit, ExitCode::usage);
    EXPECT_EQ(ran.err.find('\x1b'), std::string::npos) << ran.err;
}

}  // namespace
}  // namespace syncline::cli
