// Values from the environment and from files, and that secrets never reach a message.
#include <gtest/gtest.h>

#include "core/base/log.hpp"
#include "tests/unit/config_fixture.hpp"

namespace syncline::config {
namespace {

std::string source_with(const std::string& key_and_value) {
    return "sources:\n  feed:\n    connector: feed\n    " + key_and_value + "\n";
}

TEST(Secret, a_missing_variable_is_an_error_at_its_name) {
    EXPECT_EQ(problems(source_with("secret: \"${FEED_SECRET}\"")),
              "hub.yaml:4:14: error: the environment variable FEED_SECRET is not set\n"
              "    4 |     secret: \"${FEED_SECRET}\"\n"
              "      |              ^~~~~~~~~~~~~~\n");
}

TEST(Secret, every_missing_variable_is_reported) {
    EXPECT_EQ(messages(source_with("secret: ${A}-${B}")),
              "the environment variable A is not set\n"
              "the environment variable B is not set\n");
}

TEST(Secret, names_of_variables_are_checked) {
    EXPECT_EQ(messages(source_with("secret: ${1A}")),
              "\"1A\" is no name of an environment variable\n");
    EXPECT_EQ(messages(source_with("secret: ${}")),
              "\"\" is no name of an environment variable\n");
    EXPECT_EQ(messages(source_with("secret: \"${A\"")), "${ has no closing }\n");
}

TEST(Secret, variables_stand_anywhere_in_a_text_and_can_be_escaped) {
    Surroundings around;
    around.environment = {{"A", "one"}, {"B", "${A}"}};
    auto loaded = load(source_with("secret: \"x${A}y${B}z$${A}$5\""), around);
    ASSERT_TRUE(loaded.config);
    EXPECT_EQ(loaded.config->sources[0].secrets[0], "xoney${A}z${A}$5");
}

TEST(Secret, variables_serve_values_of_any_kind) {
    Surroundings around;
    around.environment = {{"PORT", "9"}, {"N", "12"}, {"KEY", "123456789"}, {"YES", "true"}};
    auto loaded = load("server: {listen: \"127.0.0.1:${PORT}\"}\n"
                       "admin: {enabled: \"${YES}\"}\n"
                       "sources: {feed: {connector: feed}}\n"
                       "destinations: {c: {connector: crm, concurrency: \"${N}\",\n"
                       "  settings: {token: \"${KEY}\", batch: \"${N}\", archive: \"${YES}\"}}}\n",
                       around);
    ASSERT_TRUE(loaded.config);
    EXPECT_EQ(loaded.config->server.listen.port, 9);
    EXPECT_EQ(loaded.config->destinations[0].concurrency, 12u);
    EXPECT_EQ(loaded.config->destinations[0].settings.dump(),
              R"({"token":"123456789","batch":12,"archive":true})");
}

TEST(Secret, a_wrong_value_from_outside_is_not_shown) {
    Surroundings around;
    around.environment = {{"N", "hunter2-hunter2"}};
    auto text = problems("sources: {feed: {connector: feed}}\n"
                         "destinations: {c: {connector: crm, concurrency: \"${N}\",\n"
                         "  settings: {token: t-o-k-e-n, region: \"${N}\", batch: \"${N}\"}}}\n",
                         around);
    EXPECT_NE(text.find("found the text \"${N}\""), std::string::npos) << text;
    EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
    EXPECT_EQ(std::count(text.begin(), text.end(), '^'), 3) << text;
}

TEST(Secret, a_file_gives_its_content_without_the_last_line_end) {
    Surroundings around;
    around.files = {{"/run/secret", "in-a-file\n"}, {"/etc/hub/near", "two\nlines\r\n"}};
    auto loaded = load(source_with("secret: [\"file:/run/secret\", file:near]"), around);
    ASSERT_TRUE(loaded.config);
    EXPECT_EQ(loaded.config->sources[0].secrets,
              (std::vector<std::string>{"in-a-file", "two\nlines"}));
}

TEST(Secret, a_missing_file_is_an_error_with_its_path) {
    EXPECT_EQ(problems(source_with("secret: file:near")),
              "hub.yaml:4:13: error: cannot read the file \"/etc/hub/near\": there is none\n"
              "    4 |     secret: file:near\n"
              "      |             ^~~~~~~~~\n");
}

TEST(Secret, a_file_is_bounded_and_text) {
    Surroundings around;
    around.files = {{"/large", std::string((64 << 10) + 1, 'x')},
                    {"/fits", std::string(64 << 10, 'x')},
                    {"/bytes", "\xFF\xFE"}, {"/empty", "\n"}};
    EXPECT_EQ(messages(source_with("secret: file:/large"), around),
              "the file \"/large\" is larger than 64 KiB\n");
    EXPECT_EQ(messages(source_with("secret: file:/fits"), around), "");
    EXPECT_EQ(messages(source_with("secret: file:/bytes"), around),
              "the file \"/bytes\" is not UTF-8\n");
    EXPECT_EQ(messages(source_with("secret: file:/empty"), around), "the secret is empty\n");
}

TEST(Secret, files_are_read_for_secrets_and_settings_alone) {
    auto loaded = load(with_send("      {to: wiki, do: upsert_page, with: {t: \"file:/x\"}}\n"));
    ASSERT_TRUE(loaded.config);
    auto rendered = loaded.config->rules[0].send[0].with.render(Json::object(),
                                                                rules::RenderOptions());
    EXPECT_EQ(std::get<Json>(rendered)["t"].as_string(), "file:/x");
}

TEST(Secret, secrets_are_hidden_from_the_log_from_then_on) {
    Surroundings around;
    around.environment = {{"HIDE_A", "part-from-environment"}, {"HIDE_B", "header-value-9"}};
    around.files = {{"/key", "key-out-of-a-file"}};
    auto loaded = load("admin: {token: literal-admin-token}\n"
                       "sources:\n"
                       "  attio: {connector: attio, secret: literal-source-secret,\n"
                       "          settings: {api_key: \"file:/key\"}}\n"
                       "destinations:\n"
                       "  c: {connector: crm,\n"
                       "      settings: {token: \"Bearer ${HIDE_A}\", region: eu}}\n"
                       "  h: {connector: http, settings: {headers: {X-Key: \"${HIDE_B}\"}}}\n",
                       around);
    ASSERT_TRUE(loaded.config);
    EXPECT_EQ(hide_secrets("literal-admin-token, literal-source-secret, key-out-of-a-file, "
                           "part-from-environment, header-value-9, eu"),
              "***, ***, ***, ***, ***, eu");
}

TEST(Secret, a_literal_secret_is_blotted_out_of_the_line_that_is_shown) {
    EXPECT_EQ(problems("sources: {feed: {connector: feed}}\n"
                       "admin: {listen: here, token: whsec_unseen, enabled: true}\n"),
              "hub.yaml:2:17: error: expected an address and a port, found the text \"here\"\n"
              "    2 | admin: {listen: here, token: ************, enabled: true}\n"
              "      |                 ^~~~\n"
              "      hint: as in 127.0.0.1:8080, 0.0.0.0:8080 or \"[::1]:8080\"\n");
}

TEST(Secret, lists_and_quotes_are_blotted_out_and_references_are_not) {
    auto line_of = [](const std::string& line) {
        Problem problem;
        problem.line = problem.column = 1;
        auto text = format_problem(problem, line, "f", false);
        text = text.substr(text.find(" | ") + 3);
        return text.substr(0, text.find('\n'));
    };
    EXPECT_EQ(line_of("secret: [abc, \"d,e\"]  # two"), "secret: [**********]  # two");
    EXPECT_EQ(line_of("{api_key: 'a, b', x: y}"), "{api_key: '****', x: y}");
    EXPECT_EQ(line_of("token: it's, \"all\"#1 of it # not this"),
              "token: ******************* # not this");
    EXPECT_EQ(line_of("secret: [${A}, literal]"), "secret: [*************]");
    EXPECT_EQ(line_of("{token: \"${A}\", secret: file:/x}"), "{token: \"${A}\", secret: file:/x}");
    EXPECT_EQ(line_of("secret: {a: b}, c: d"), "secret: *****}, c: d");
    EXPECT_EQ(line_of("secret:"), "secret:");
    EXPECT_EQ(line_of("secret: \"\""), "secret: \"\"");
    EXPECT_EQ(line_of("secret: ["), "secret: [");
    EXPECT_EQ(line_of("token"), "token");
}

TEST(Secret, a_secret_of_the_wrong_kind_is_not_shown) {
    for (const char* wrong : {"{a: unseen-1}", "{a: [unseen-2]}", "[[unseen-3]]"}) {
        auto text = problems(source_with("secret: " + std::string(wrong)));
        EXPECT_NE(text, "");
        EXPECT_EQ(text.find("unseen"), std::string::npos) << text;
    }
    auto text = problems("sources: {feed: {connector: feed}}\n"
                         "destinations: {c: {connector: crm, settings: {token: 77777777}}}\n");
    EXPECT_NE(text.find("expected a text, found another kind of value"), std::string::npos);
    EXPECT_EQ(text.find("77777777"), std::string::npos) << text;
}

TEST(Secret, a_secret_under_a_misspelt_key_or_in_broken_yaml_is_not_shown) {
    for (const char* text : {"admin: {tokne: unseen-value}\n", "admin:\n  token: \"unseen-value\n",
                             "admin:\n  secrets: unseen: value\n",
                             "admin:\n  \"api-key\": [unseen\n  password: unseen}\n"}) {
        auto shown = problems(text);
        EXPECT_NE(shown, "");
        EXPECT_EQ(shown.find("unseen"), std::string::npos) << shown;
    }
}

TEST(Secret, a_value_from_outside_cannot_smuggle_in_a_template) {
    Surroundings around;
    around.environment = {{"TITLE", "{{ secret }}"}, {"GOOD", "a {b} title"}};
    EXPECT_EQ(messages(with_send("      {to: wiki, do: upsert_page, with: {t: \"${TITLE}\"}}\n"),
                       around),
              "the value of TITLE contains {{ or {% and cannot stand in a template\n");
    EXPECT_EQ(messages(with_send("      {to: wiki, do: upsert_page, with: {t: \"${GOOD}\"}}\n"),
                       around), "");
}

TEST(Secret, a_variable_that_is_not_utf8_is_refused) {
    Surroundings around;
    around.environment = {{"BYTES", "\xFF"}};
    EXPECT_EQ(messages(source_with("secret: ${BYTES}"), around),
              "the value of BYTES is not UTF-8\n");
}

}  // namespace
}  // namespace syncline::config
