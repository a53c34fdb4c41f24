// How problems are put: order, number, paths, the line with its caret.
#include <gtest/gtest.h>

#include "tests/unit/config_fixture.hpp"

namespace syncline::config {
namespace {

TEST(Message, all_errors_of_a_file_come_at_once_by_place) {
    auto loaded = load("server:\n"
                       "  listen: nowhere\n"
                       "  limits: {body: much}\n"
                       "sources:\n"
                       "  a: {connector: fed}\n"
                       "  b: {conector: feed}\n"
                       "rules:\n"
                       "  - {on: item.published, send: {to: crm, do: upsert}}\n"
                       "log: {level: loud}\n"
                       "stoer: sqlite:x\n");
    EXPECT_FALSE(loaded.config);
    std::string places;
    for (const auto& problem : loaded.problems)
        places += std::to_string(problem.line) + ":" + std::to_string(problem.column) + " " +
                  problem.path + "\n";
    EXPECT_EQ(places,
              "2:11 server.listen\n"
              "3:18 server.limits.body\n"
              "5:18 sources.a.connector\n"
              "6:3 sources.b\n"
              "6:7 sources.b.conector\n"
              "8:37 rules[0].send.to\n"
              "9:14 log.level\n"
              "10:1 stoer\n");
}

TEST(Message, what_refers_to_something_broken_is_not_reported_too) {
    EXPECT_EQ(messages("sources: {a: {connector: feed, path: wrong}}\n"
                       "destinations: {d: {connector: wiki, rate: fast}}\n"
                       "rules: [{on: item.published, from: a, send: {to: d, do: upsert_page}}]\n"),
              "expected a path, found the text \"wrong\"\n"
              "expected a rate, found the text \"fast\"\n");
}

TEST(Message, a_hundred_are_shown_and_the_rest_counted) {
    auto with = [](int count) {
        std::string text = "sources: {feed: {connector: feed}}\nserver:\n";
        for (int i = 0; i < count; ++i) text += "  unknown" + std::to_string(i) + ": 1\n";
        return load(text).problems;
    };
    EXPECT_EQ(with(100).size(), 100u);
    ASSERT_EQ(with(140).size(), 101u);
    EXPECT_EQ(with(140).back().message, "40 more problems follow");
    EXPECT_FALSE(with(140).back().warning);
}

Problem problem_at(std::size_t line, std::size_t column, std::size_t length) {
    Problem problem;
    problem.line = line;
    problem.column = column;
    problem.length = length;
    problem.message = "wrong";
    return problem;
}

TEST(Message, a_long_line_is_cut_around_the_caret) {
    std::string line = "a: " + std::string(300, 'x') + "HERE" + std::string(300, 'y');
    auto text = format_problem(problem_at(1, 304, 4), line, "f", false);
    EXPECT_EQ(text, "f:1:304: error: wrong\n    1 | …" + std::string(60, 'x') + "HERE" +
                        std::string(56, 'y') + "…\n      |  " + std::string(60, ' ') + "^~~~\n");
}

TEST(Message, the_caret_stays_on_the_line_whatever_the_place) {
    EXPECT_EQ(format_problem(problem_at(1, 99, 99), "ab", "f", false),
              "f:1:99: error: wrong\n    1 | ab\n      |   ^\n");
    EXPECT_EQ(format_problem(problem_at(9, 1, 1), "ab", "f", false),
              "f:9:1: error: wrong\n    9 | \n      | ^\n");
    EXPECT_EQ(format_problem(problem_at(0, 0, 1), "ab", "f", false), "f: error: wrong\n");
}

TEST(Message, a_tab_takes_one_column) {
    EXPECT_EQ(format_problem(problem_at(1, 4, 2), "a:\tbc", "f", false),
              "f:1:4: error: wrong\n    1 | a: bc\n      |    ^~\n");
}

TEST(Message, colours_and_warnings_are_marked) {
    auto problem = problem_at(1, 1, 1);
    problem.warning = true;
    problem.hint = "look";
    EXPECT_EQ(format_problem(problem, "a", "f", true),
              "\x1b[1mf:1:1: \x1b[1;33mwarning: \x1b[0m\x1b[1mwrong\x1b[0m\n"
              "    1 | a\n"
              "      | \x1b[32m^\x1b[0m\n"
              "      hint: look\n");
}

TEST(Message, nothing_from_the_file_commands_the_terminal) {
    auto text = problems("sources: {feed: {connector: \"\\e[31mred\"}}\n");
    EXPECT_NE(text.find("there is no connector \"\\x1b[31mred\""), std::string::npos) << text;
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace syncline::config
