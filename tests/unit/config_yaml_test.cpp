// What YAML lets through and a configuration must not: each trap has its error and its place.
#include <gtest/gtest.h>

#include "core/base/limits.hpp"
#include "tests/unit/config_fixture.hpp"

namespace syncline::config {
namespace {

/// The first problem's text; a file with such a fault is never used.
std::string first_problem(const std::string& text) {
    auto loaded = load(text);
    EXPECT_FALSE(loaded.config);
    if (loaded.problems.empty()) return "no problem";
    return format_problem(loaded.problems[0], text, "hub.yaml", false);
}

TEST(Yaml, a_key_that_stands_twice_names_both_places) {
    EXPECT_EQ(problems("sources:\n"
                       "  feed: {connector: feed}\n"
                       "  feed: {connector: http}\n"),
              "hub.yaml:3:3: error: the key \"feed\" stands here twice\n"
              "    3 |   feed: {connector: http}\n"
              "      |   ^~~~\n"
              "      hint: the first is in line 2, column 3\n");
}

TEST(Yaml, keys_are_compared_as_texts_whatever_their_quotes) {
    EXPECT_EQ(messages("sources:\n  feed: {connector: feed}\n  \"feed\": {connector: feed}\n"),
              "the key \"feed\" stands here twice\n");
}

TEST(Yaml, a_tab_in_the_indentation_is_named) {
    EXPECT_EQ(first_problem("sources:\n  feed:\n    connector: feed\n\tpath: /x\n"),
              "hub.yaml:4:1: error: this is no valid YAML: illegal tab when looking for "
              "indentation\n"
              "    4 |  path: /x\n"
              "      | ^\n"
              "      hint: indent with spaces, never with tabs\n");
}

TEST(Yaml, a_second_document_is_refused) {
    EXPECT_EQ(first_problem("sources: {feed: {connector: feed}}\n---\nrules: []\n"),
              "hub.yaml:2:1: error: a second document begins here\n"
              "    2 | ---\n"
              "      | ^~~\n"
              "      hint: one file holds one configuration; remove the line ---\n");
}

TEST(Yaml, one_document_may_have_its_marks) {
    EXPECT_EQ(problems("%YAML 1.2\n---\nsources: {feed: {connector: feed}}\n...\n"), "");
}

TEST(Yaml, an_alias_inside_its_own_value_is_refused) {
    EXPECT_EQ(first_problem("sources: &all {feed: {settings: *all}}\n"),
              "hub.yaml:1:33: error: this alias stands inside the value that it repeats\n"
              "    1 | sources: &all {feed: {settings: *all}}\n"
              "      |                                 ^~~~\n");
}

TEST(Yaml, an_alias_repeats_a_value) {
    auto loaded = load("sources:\n  a: &x {connector: feed}\n  b: *x\n");
    ASSERT_TRUE(loaded.config);
    EXPECT_EQ(loaded.config->sources[1].connector, "feed");
}

TEST(Yaml, what_an_alias_repeats_is_reported_once) {
    EXPECT_EQ(messages("sources:\n  a: &x {connector: fed}\n  b: *x\n"),
              "there is no connector \"fed\"\n");
}

TEST(Yaml, aliases_that_multiply_are_refused_before_they_are_expanded) {
    std::string bomb = "a0: &a0 x\n";
    for (int i = 1; i < 30; ++i) {
        auto name = std::to_string(i);
        bomb += "a" + name + ": &a" + name + " [";
        for (int k = 0; k < 10; ++k) bomb += "*a" + std::to_string(i - 1) + ",";
        bomb += "]\n";
    }
    EXPECT_NE(first_problem(bomb).find("hub.yaml:6:34: error: the file holds more than 100000 "
                                       "values or 4 MiB once its aliases are expanded"),
              std::string::npos);
}

TEST(Yaml, aliases_of_a_long_text_are_counted_by_its_bytes) {
    std::string bomb = "a: &a \"" + std::string(500'000, 'x') + "\"\nb: [";
    for (int i = 0; i < 1000; ++i) bomb += "*a,";
    EXPECT_NE(first_problem(bomb + "]\n").find("once its aliases are expanded"),
              std::string::npos);
}

TEST(Yaml, nesting_is_bounded_in_every_form) {
    for (const char* open : {"[", "- ", "? ", "{a: "}) {
        std::string bomb = "a: ";
        if (std::string(open) != "[" && std::string(open) != "{a: ") bomb.clear();
        for (int i = 0; i < 100'000; ++i) bomb += open;
        EXPECT_NE(first_problem(bomb).find("error: nested deeper than 64 levels"),
                  std::string::npos) << open;
    }
}

TEST(Yaml, nesting_counts_levels_exactly) {
    auto nested = [](std::size_t depth) {
        // Below the root, wiki and settings: three levels that are there already.
        return "sources: {a: {connector: http, settings: {x: " + std::string(depth - 4, '[') +
               std::string(depth - 4, ']') + "}}}\n";
    };
    EXPECT_EQ(messages(nested(limits::config_depth_max)).find("nested deeper"), std::string::npos);
    EXPECT_EQ(messages(nested(limits::config_depth_max + 1)), "nested deeper than 64 levels\n");
}

TEST(Yaml, nesting_through_aliases_counts_too) {
    std::string text = "a: &a " + std::string(40, '[') + std::string(40, ']') + "\nb: " +
                       std::string(40, '[') + "*a" + std::string(40, ']') + "\n";
    EXPECT_EQ(messages(text), "nested deeper than 64 levels\n");
}

TEST(Yaml, an_unclosed_quote_is_found_at_its_beginning) {
    EXPECT_EQ(first_problem("sources:\n  feed: {connector: 'feed}\nrules: []\n"),
              "hub.yaml:2:21: error: this quote is never closed\n"
              "    2 |   feed: {connector: 'feed}\n"
              "      |                     ^\n");
    EXPECT_EQ(messages("store: 'it''s\n"), "this quote is never closed\n");
    EXPECT_EQ(messages("store: \"a\\\"\n"), "this quote is never closed\n");
}

TEST(Yaml, brackets_that_stand_open_are_found_where_they_open) {
    EXPECT_EQ(first_problem("sources:\n  feed: {connector: feed\nrules: []\n"),
              "hub.yaml:2:9: error: this { is never closed\n"
              "    2 |   feed: {connector: feed\n"
              "      |         ^\n");
    EXPECT_EQ(messages("egress: {allow: [a, b\n"), "this [ is never closed\n");
}

TEST(Yaml, a_template_without_quotes_is_explained) {
    EXPECT_EQ(problems(with_send("      to: wiki\n"
                                 "      do: upsert_page\n"
                                 "      with:\n"
                                 "        title: {{ subject }}\n")),
              "hub.yaml:12:16: error: a template stands here without quotes\n"
              "   12 |         title: {{ subject }}\n"
              "      |                ^~\n"
              "      hint: put the template in quotes, since { begins a mapping in YAML: "
              "\"{{ subject }}\"\n");
}

TEST(Yaml, a_template_without_quotes_in_braces_is_explained) {
    EXPECT_EQ(messages(with_send("      {to: wiki, do: upsert_page, with: {t: {{ subject }}}}\n")),
              "a template stands here without quotes\n");
}

TEST(Yaml, a_variable_without_quotes_between_brackets_is_explained) {
    EXPECT_EQ(first_problem("sources:\n  feed: {connector: feed, secret: ${FEED_SECRET}}\n"),
              "hub.yaml:2:9: error: this { is never closed\n"
              "    2 |   feed: {connector: feed, secret: ${FEED_SECRET}}\n"
              "      |         ^\n"
              "      hint: between brackets, a value with ${NAME} needs quotes: \"${NAME}\"\n");
}

TEST(Yaml, a_tag_without_quotes_is_explained) {
    auto text = first_problem("rules:\n  - name: {% if x %}\n");
    EXPECT_NE(text.find("hint: put the template in quotes"), std::string::npos) << text;
}

TEST(Yaml, merge_keys_are_refused) {
    EXPECT_EQ(problems("sources:\n  a: &x {connector: feed}\n  b: {<<: *x}\n"),
              "hub.yaml:3:7: error: merge keys (<<) are not part of YAML 1.2 and not read\n"
              "    3 |   b: {<<: *x}\n"
              "      |       ^~\n"
              "      hint: repeat the keys, or give the whole value an anchor\n");
}

TEST(Yaml, tags_are_refused) {
    EXPECT_EQ(messages("sources: {a: {connector: !!str feed}}\n"),
              "the tag \"!!str\" has no meaning here\n");
    EXPECT_EQ(messages("sources: {a: !mine {connector: feed}}\n"),
              "the tag \"!mine\" has no meaning here\n");
}

TEST(Yaml, keys_must_be_texts) {
    EXPECT_NE(messages("sources: {feed: {connector: feed}}\n? [a]\n: 1\n")
                  .find("a key must be a text\n"), std::string::npos);
    EXPECT_NE(messages("~: 1\n").find("a key must be a text\n"), std::string::npos);
}

TEST(Yaml, an_empty_file_is_an_error) {
    for (const char* text : {"", "\n\n", "# nothing\n", "---\n", "~\n"})
        EXPECT_EQ(messages(text), "the file is empty\n") << text;
}

TEST(Yaml, a_file_that_is_no_mapping_is_an_error) {
    EXPECT_EQ(messages("- a\n"), "expected keys, found a list\n");
    EXPECT_EQ(messages("hello\n"), "expected keys, found the text \"hello\"\n");
}

TEST(Yaml, bytes_that_are_not_utf8_are_refused_with_their_place) {
    EXPECT_EQ(first_problem("sources:\n  fe\xFF" "d: {}\n"),
              "hub.yaml:2:5: error: bytes that are not UTF-8\n"
              "    2 |   fe\\xffd: {}\n"
              "      |     ^~~~\n"
              "      hint: save the file as UTF-8\n");
    EXPECT_EQ(messages("store: \xED\xA0\x80\n"), "bytes that are not UTF-8\n") << "a surrogate";
    EXPECT_EQ(messages("store: \xC0\x80\n"), "bytes that are not UTF-8\n") << "an overlong form";
    EXPECT_EQ(messages(std::string("\xFF\xFEs\0t\0", 6)), "bytes that are not UTF-8\n");
    EXPECT_EQ(messages(std::string("s\0t\0o\0", 6)), "a control byte, which YAML forbids\n");
}

TEST(Yaml, control_bytes_are_refused) {
    EXPECT_EQ(first_problem("store: a\x1B[31m\n"),
              "hub.yaml:1:9: error: a control byte, which YAML forbids\n"
              "    1 | store: a\\x1b[31m\n"
              "      |         ^~~~\n");
}

TEST(Yaml, a_file_may_have_one_mebibyte_and_no_more) {
    std::string text = "sources: {feed: {connector: feed}}\n#";
    text.append(limits::config_bytes_max - text.size(), 'x');
    EXPECT_EQ(messages(text), "");
    EXPECT_EQ(messages(text + "x"), "the file has 1048577 bytes; at most 1048576 are read\n");
}

TEST(Yaml, values_are_counted) {
    std::string text = "a: [";
    for (std::size_t i = 0; i < limits::config_nodes_max; ++i) text += "x,";
    EXPECT_NE(messages(text + "]\n").find("the file holds more than 100000 values"),
              std::string::npos);
}

TEST(Yaml, a_byte_order_mark_and_windows_line_ends_change_no_place) {
    std::string text = "\xEF\xBB\xBFsources:\r\n  feed: {connector: fed}\r\n";
    EXPECT_EQ(problems(text),
              "hub.yaml:2:21: error: there is no connector \"fed\"\n"
              "    2 |   feed: {connector: fed}\n"
              "      |                     ^~~\n"
              "      hint: did you mean \"feed\"?\n");
}

TEST(Yaml, columns_count_characters) {
    EXPECT_EQ(problems("sources: {é: {connector: feed}}\n"),
              "hub.yaml:1:11: error: \"é\" cannot be the name of a source\n"
              "    1 | sources: {é: {connector: feed}}\n"
              "      |           ^\n"
              "      hint: letters, digits, - and _, at most 64\n");
}

TEST(Yaml, words_that_yaml_1_1_took_for_truth_values_stay_texts) {
    auto loaded = load("sources: {feed: {connector: feed}}\n"
                       "destinations: {wiki: {connector: wiki, settings: {a: yes, b: no, c: on, "
                       "d: 010, e: 0x1F, f: 1_000, g: 2026-01-01, h: .5, i: 1.50, j: -3, k: \"5\","
                       " l: True, m: 1e3}}}\n");
    ASSERT_TRUE(loaded.config);
    EXPECT_EQ(loaded.config->destinations[0].settings.dump(),
              R"({"a":"yes","b":"no","c":"on","d":"010","e":"0x1F","f":"1_000",)"
              R"("g":"2026-01-01","h":".5","i":1.50,"j":-3,"k":"5","l":"True","m":1e3})");
}

}  // namespace
}  // namespace syncline::config
