// The command line: what is accepted, what is refused, and what the refusal suggests.
#include "core/cli/arguments.hpp"

#include "tests/component/cli_fixture.hpp"

namespace syncline::cli {
namespace {

struct Typo {
    std::vector<std::string> words;
    const char* message;
    const char* hint;
};

TEST(CliArguments, NameTheNearestCommandOrOptionOnATypo) {
    const Typo typos[] = {
        {{"rnu"}, "unknown command \"rnu\"", "did you mean \"run\"?"},
        {{"delivery"}, "unknown command \"delivery\"", "syncline --help"},
        {{"deliverys"}, "unknown command \"deliverys\"", "did you mean \"deliveries\"?"},
        {{"events", "--sorce", "attio"}, "no option \"--sorce\"", "did you mean \"--source\"?"},
        {{"send", "--dialekt=x"}, "no option \"--dialekt\"", "did you mean \"--dialect\"?"},
        {{"events", "--zzzzzz"}, "no option \"--zzzzzz\"", "syncline events --help"},
        {{"--jsn"}, "where a command is expected", "options follow the command"},
        {{"-c", "x.yaml", "run"}, "where a command is expected", "options follow the command"},
        {{"\x1b[31mrun"}, "\\x1b[31mrun", ""},
    };
    for (const auto& typo : typos) {
        auto parsed = parse_arguments(typo.words);
        EXPECT_FALSE(parsed.arguments);
        EXPECT_EQ(parsed.exit, ExitCode::usage);
        EXPECT_NE(parsed.message.find(typo.message), std::string::npos) << parsed.message;
        EXPECT_NE(parsed.hint.find(typo.hint), std::string::npos) << parsed.hint;
    }
}

TEST(CliArguments, RefuseValuesThatAreMissingOrOutOfRange) {
    for (std::vector<std::string> words :
         {std::vector<std::string>{}, {"send", "--count", "0"}, {"send", "--count", "many"},
          {"send", "--count", "100001"}, {"events", "--type"}, {"events", "one", "two"},
          {"check", "--json=perhaps"}}) {
        auto parsed = parse_arguments(words);
        EXPECT_FALSE(parsed.arguments) << ::testing::PrintToString(words);
        EXPECT_EQ(parsed.exit, ExitCode::usage);
        EXPECT_FALSE(parsed.message.empty());
    }
    EXPECT_TRUE(parse_arguments({"send", "--count", "100000"}).arguments);
}

TEST(CliArguments, HelpAndVersionGoWellAndDocumentTheExitCodes) {
    for (std::vector<std::string> words : {std::vector<std::string>{"--help"}, {"run", "--help"},
                                           {"events", "-h"}, {"replay", "--help"}}) {
        auto parsed = parse_arguments(words);
        EXPECT_EQ(parsed.exit, ExitCode::ok);
        EXPECT_NE(parsed.message.find("Exit codes: 0 done, 1 it failed, 2"), std::string::npos)
            << parsed.message;
    }
    EXPECT_NE(parse_arguments({"--help"}).message.find("deliveries"), std::string::npos);
    EXPECT_NE(parse_arguments({"events", "--help"}).message.find("--since"), std::string::npos);
    EXPECT_EQ(parse_arguments({"--version"}).message.substr(0, 9), "syncline ");
    EXPECT_EQ(parse_arguments({"--version"}).exit, ExitCode::ok);
}

TEST(CliArguments, ReadEveryCommand) {
    auto events = parse_arguments({"events", "-c", "x.yaml", "--type", "a", "--limit=5", "--json"});
    ASSERT_TRUE(events.arguments) << events.message;
    EXPECT_EQ(events.arguments->command, Command::events);
    EXPECT_EQ(events.arguments->config_file, "x.yaml");
    EXPECT_TRUE(events.arguments->json);
    EXPECT_EQ(events.arguments->filter_words.size(), 2u);
    EXPECT_EQ(parse_arguments({"run"}).arguments->config_file, "syncline.yaml");
    auto send = parse_arguments({"send", "--record", "r-{n}", "--count", "3"});
    ASSERT_TRUE(send.arguments) << send.message;
    EXPECT_EQ(send.arguments->count, 3u);
    EXPECT_EQ(send.arguments->sample.at("record"), "r-{n}");
    EXPECT_EQ(send.arguments->sample.count("object"), 0u);
    auto headers = parse_arguments({"send", "--header", "A: b", "--header", "C: d"});
    ASSERT_TRUE(headers.arguments) << headers.message;
    EXPECT_EQ(headers.arguments->headers, (std::vector<std::string>{"A: b", "C: d"}));
    EXPECT_FALSE(parse_arguments({"send", "--header", "A: b", "C: d"}).arguments);
    auto one = parse_arguments({"deliveries", "17"});
    ASSERT_TRUE(one.arguments) << one.message;
    EXPECT_EQ(one.arguments->id, "17");
}

using CliUsage = CliTest;

TEST_F(CliUsage, WrongWordsAreExitCode2WithTheHintOnStderr) {
    Ran ran = run({"evnts"});
    EXPECT_EQ(ran.exit, ExitCode::usage);
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(ran.err, "error: unknown command \"evnts\"\nhint: did you mean \"events\"?\n");
}

TEST_F(CliUsage, WrongFilterValuesAreExitCode2) {
    for (std::vector<std::string> words :
         {std::vector<std::string>{"events", "--since", "yesterday"}, {"events", "--limit", "0"},
          {"deliveries", "--state", "ded"}, {"events", "--type", ""}, {"deliveries", "--before", "x"},
          {"deliveries", "--limit", "501"}}) {
        Ran ran = run(words);
        EXPECT_EQ(ran.exit, ExitCode::usage) << ::testing::PrintToString(words);
        EXPECT_NE(ran.err.find("error: --"), std::string::npos) << ran.err;
    }
    EXPECT_NE(run({"deliveries", "--state", "ded"}).err.find("did you mean \"dead\"?"),
              std::string::npos);
}

}  // namespace
}  // namespace syncline::cli
