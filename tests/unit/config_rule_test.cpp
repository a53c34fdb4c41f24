// Rules against the sources, destinations, connectors and documents that they name, and where a
// fault in a pattern or template is shown.
#include <gtest/gtest.h>

#include "tests/unit/config_fixture.hpp"

namespace syncline::config {
namespace {

/// Messages of a rule with this head; its send is good.
std::string head(const std::string& lines) {
    return messages(with_rules("  - " + lines + "\n    send: {to: wiki, do: upsert_page}\n"));
}
/// Messages of a rule whose input to the crm's upsert is this.
std::string input(const std::string& members) {
    return messages(with_send("      {to: crm, do: upsert, with: {object: deals, key: {id: 1}, " +
                              members + "}}\n"));
}

std::size_t column_of(const std::string& text, std::size_t line, const std::string& word) {
    std::size_t begin = 0;
    for (; line > 1; --line) begin = text.find('\n', begin) + 1;
    return text.find(word, begin) - begin + 1;
}

TEST(Rule, an_unknown_destination_brings_the_near_one) {
    EXPECT_EQ(problems(with_send("      to: cmr\n      do: upsert\n")),
              "hub.yaml:9:11: error: there is no destination \"cmr\"\n"
              "    9 |       to: cmr\n"
              "      |           ^~~\n"
              "      hint: did you mean \"crm\"?\n");
    EXPECT_EQ(messages(with_send("      {to: wki, do: upsert_page}\n")),
              "there is no destination \"wki\"\n");
}

TEST(Rule, an_unknown_action_brings_the_near_one) {
    EXPECT_EQ(problems(with_send("      to: crm\n      do: upsrt\n")),
              "hub.yaml:10:11: error: the connector \"crm\" has no action \"upsrt\"\n"
              "   10 |       do: upsrt\n"
              "      |           ^~~~~\n"
              "      hint: did you mean \"upsert\"?\n");
}

TEST(Rule, missing_parts_are_named) {
    EXPECT_EQ(messages(with_send("      {do: upsert}\n")), "\"to\" is missing\n");
    EXPECT_EQ(messages(with_send("      {to: crm}\n")), "\"do\" is missing\n");
    EXPECT_EQ(messages(with_rules("  - name: x\n")), "\"on\" is missing\n\"send\" is missing\n");
    EXPECT_EQ(messages(with_send("      []\n")), "expected what to send, or a list of it, found a "
                                                 "list\n");
    EXPECT_EQ(messages(with_send("      {to: wiki, do: upsert_page, on_dead: stop}\n")),
              "expected \"pass\" or \"hold\", found the text \"stop\"\n");
    EXPECT_EQ(messages(with_send("      {to: wiki, do: upsert_page, strict: maybe}\n")),
              "expected true or false, found the text \"maybe\"\n");
}

TEST(Rule, a_source_can_be_sent_to_only_when_its_connector_is_a_destination) {
    EXPECT_EQ(messages("sources: {feed: {connector: feed}}\n"
                       "rules: [{on: item.published, send: {to: feed, do: x}}]\n"),
              "\"feed\" is a source, and its connector \"feed\" is no destination\n");
}

TEST(Rule, a_required_input_that_is_missing_is_an_error) {
    EXPECT_EQ(problems(with_send("      to: crm\n      do: upsert\n      with: {key: {id: 1}}\n")),
              "hub.yaml:11:7: error: \"object\" is missing\n"
              "   11 |       with: {key: {id: 1}}\n"
              "      |       ^~~~\n"
              "      hint: object: contacts, deals, …\n");
    EXPECT_EQ(messages(with_send("      {to: crm, do: upsert}\n")),
              "\"object\" is missing\n\"key\" is missing\n");
}

TEST(Rule, the_input_follows_the_actions_schema) {
    EXPECT_EQ(input("mode: merge"), "");
    EXPECT_EQ(input("mdoe: merge"), "unknown key \"mdoe\"\n");
    EXPECT_EQ(input("mode: merg"), "expected \"merge\" or \"replace\", found the text \"merg\"\n");
    EXPECT_EQ(input("priority: high"), "expected a whole number, found the text \"high\"\n");
    EXPECT_EQ(input("tags: [a, 5]"), "expected a text, found the number 5\n");
    EXPECT_EQ(input("tags: a"), "expected a list, found the text \"a\"\n");
    EXPECT_EQ(input("properties: {anything: [1, {deep: true}]}"), "");
    EXPECT_EQ(messages(with_send("      {to: crm, do: upsert, with: [1]}\n")),
              "expected keys, found a list\n");
}

TEST(Rule, a_template_fits_any_type_of_scalar_and_alone_any_type) {
    EXPECT_EQ(input("priority: \"{{ subject }}\""), "");
    EXPECT_EQ(input("urgent: \"{% if a %}true{% endif %}\""), "");
    EXPECT_EQ(input("mode: \"{{ mode }}\""), "");
    EXPECT_EQ(input("tags: \"{{ tags }}\""), "");
    EXPECT_EQ(input("tags: \"a {{ tags }}\""),
              "expected a list, found the text \"a {{ tags }}\"\n");
}

TEST(Rule, a_bad_template_is_shown_where_it_is_wrong) {
    std::string text = with_send("      to: wiki\n"
                                 "      do: upsert_page\n"
                                 "      with:\n"
                                 "        plain: {{ good }}\n");
    text.replace(text.find("{{ good }}"), 10, "\"é {{ subject | nofilter }}\"");
    auto loaded = load(text);
    ASSERT_EQ(loaded.problems.size(), 1u);
    EXPECT_EQ(loaded.problems[0].line, 12u);
    EXPECT_EQ(loaded.problems[0].path, "rules[0].send.with.plain");
    // The é is one character of two bytes.
    EXPECT_EQ(loaded.problems[0].column, column_of(text, 12, "nofilter") - 1);
}

TEST(Rule, a_bad_template_in_a_block_is_shown_in_its_line) {
    auto text = with_send("      to: wiki\n"
                          "      do: upsert_page\n"
                          "      with:\n"
                          "        body: |\n"
                          "          Hello\n"
                          "\n"
                          "            {{ subject | nofilter }}\n");
    auto loaded = load(text);
    ASSERT_EQ(loaded.problems.size(), 1u);
    EXPECT_EQ(loaded.problems[0].line, 15u);
    EXPECT_EQ(loaded.problems[0].column, column_of(text, 15, "nofilter"));
}

TEST(Rule, a_bad_template_behind_a_variable_is_shown_in_its_place) {
    Surroundings around;
    around.environment = {{"LONG", "a value much longer than its name"}};
    for (const char* before : {"${LONG} ", "$${x} ", "${LONG}$${x} ${LONG} "}) {
        auto text = with_send("      to: wiki\n"
                              "      do: upsert_page\n"
                              "      with: {title: \"" +
                              std::string(before) + "{{ subject | nofilter }}\"}\n");
        auto loaded = load(text, around);
        ASSERT_EQ(loaded.problems.size(), 1u);
        EXPECT_EQ(loaded.problems[0].line, 11u);
        EXPECT_EQ(loaded.problems[0].column, column_of(text, 11, "nofilter")) << before;
    }
}

TEST(Rule, a_bad_template_whose_place_is_lost_is_shown_at_its_text) {
    auto text = with_send("      to: wiki\n"
                          "      do: upsert_page\n"
                          "      with: {title: \"\\t\\x41 {{ subject | nofilter }}\"}\n");
    auto loaded = load(text);
    ASSERT_EQ(loaded.problems.size(), 1u);
    EXPECT_EQ(loaded.problems[0].column, column_of(text, 11, "\"\\t"));
}

TEST(Rule, every_bad_template_is_reported) {
    auto loaded = load(with_send("      {to: wiki, do: upsert_page, with: {a: \"{{ x | no1 }}\", "
                                 "b: [\"{{ y | no2 }}\"], c: \"{{ z }}\"}}\n"));
    ASSERT_EQ(loaded.problems.size(), 2u);
    EXPECT_EQ(loaded.problems[0].path, "rules[0].send.with.a");
    EXPECT_EQ(loaded.problems[1].path, "rules[0].send.with.b[0]");
}

TEST(Rule, a_document_that_is_used_and_not_fetched_is_a_warning) {
    EXPECT_EQ(problems(with_send("      to: wiki\n      do: upsert_page\n"
                                 "      with: {t: \"{{ record.values.name }}\"}\n")),
              "hub.yaml:11:17: warning: \"record\" is empty: this rule does not fetch it\n"
              "   11 |       with: {t: \"{{ record.values.name }}\"}\n"
              "      |                 ^~~~~~~~~~~~~~~~~~~~~~~~~~\n"
              "      hint: add fetch: {record: attio.record}\n");
}

TEST(Rule, every_bad_pattern_is_shown_where_it_is_wrong) {
    auto text = with_rules("  - on: record.created\n"
                           "    where:\n"
                           "      object: [people, {prefx: a}]\n"
                           "      actor.type: {anything-but: []}\n"
                           "      list: sales\n"
                           "    if: {record.values.stage: []}\n"
                           "    send: {to: wiki, do: upsert_page}\n");
    auto loaded = load(text);
    ASSERT_EQ(loaded.problems.size(), 3u);
    EXPECT_EQ(loaded.problems[0].line, 9u);
    EXPECT_EQ(loaded.problems[0].column, column_of(text, 9, "prefx")) << loaded.problems[0].message;
    EXPECT_EQ(loaded.problems[0].path, "rules[0].where.object[1].prefx");
    EXPECT_EQ(loaded.problems[1].line, 10u);
    EXPECT_EQ(loaded.problems[1].path, "rules[0].where.actor.type.anything-but");
    EXPECT_EQ(loaded.problems[2].path, "rules[0].if.record.values.stage");
}

TEST(Rule, a_pattern_is_made_of_paths) {
    EXPECT_EQ(head("on: record.created\n    where: deals"),
              "expected keys, found the text \"deals\"\n");
    EXPECT_EQ(head("on: record.created\n    where: {object: \"${NONE}\"}"),
              "the environment variable NONE is not set\n");
}

TEST(Rule, fetches_name_a_source_and_its_document) {
    EXPECT_EQ(head("on: record.created\n    fetch: {record: attio.record}"), "");
    EXPECT_EQ(head("on: record.created\n    fetch: {record: attio.recrod}"),
              "the source \"attio\" has no document \"recrod\"\n");
    EXPECT_EQ(head("on: record.created\n    fetch: {record: atio.record}"),
              "there is no source \"atio\"\n");
    EXPECT_EQ(head("on: record.created\n    fetch: {record: record}"),
              "expected a source and a document, found the text \"record\"\n");
    EXPECT_EQ(head("on: record.created\n    fetch: {subject: attio.record}"),
              "\"subject\" is an attribute of every event\n");
    EXPECT_EQ(head("on: record.created\n    fetch: {a-b: attio.record}"),
              "\"a-b\" cannot name a document\n");
    EXPECT_EQ(head("on: record.created\n    fetch: attio.record"),
              "expected keys, found the text \"attio.record\"\n");
}

TEST(Rule, an_unknown_document_brings_the_near_one) {
    EXPECT_EQ(problems(with_rules("  - on: record.created\n"
                                  "    fetch: {r: attio.recrod}\n"
                                  "    send: {to: wiki, do: upsert_page}\n")),
              "hub.yaml:8:16: error: the source \"attio\" has no document \"recrod\"\n"
              "    8 |     fetch: {r: attio.recrod}\n"
              "      |                ^~~~~~~~~~~~\n"
              "      hint: did you mean \"record\"?\n");
}

TEST(Rule, from_names_sources) {
    EXPECT_EQ(head("on: record.created\n    from: [attio, syncline]"), "");
    EXPECT_EQ(head("on: record.created\n    from: atttio"), "there is no source \"atttio\"\n");
}

TEST(Rule, an_event_that_no_source_is_known_to_send_is_a_warning) {
    auto text = with_rules("  - on: record.craeted\n    send: {to: wiki, do: upsert_page}\n");
    EXPECT_EQ(problems(text),
              "hub.yaml:7:9: warning: no source is known to send the event \"record.craeted\"\n"
              "    7 |   - on: record.craeted\n"
              "      |         ^~~~~~~~~~~~~~\n"
              "      hint: did you mean \"record.created\"?\n");
    EXPECT_TRUE(load(text).config);
    for (const char* known : {"task.completed", "'record.*'", "'*'", "syncline.delivery.dead",
                              "[note.created, task.updated]"})
        EXPECT_EQ(head("on: " + std::string(known)), "") << known;
    EXPECT_EQ(head("on: 'order.*'"), "warning: no source is known to send the event \"order.*\"\n");
}

TEST(Rule, a_source_that_sends_anything_allows_any_event) {
    EXPECT_EQ(messages("sources: {any: {connector: http}, feed: {connector: feed}}\n"
                       "destinations: {w: {connector: wiki}}\n"
                       "rules: [{on: order.paid, send: {to: w, do: upsert_page}},\n"
                       "        {on: order.paid, from: feed, send: {to: w, do: upsert_page}}]\n"),
              "warning: \"feed\" is not known to send the event \"order.paid\"\n");
}

TEST(Rule, names_are_distinct_also_those_that_are_given) {
    auto rule = [](const std::string& name) {
        return "  - " + name + "on: note.created\n    send: {to: wiki, do: upsert_page}\n";
    };
    EXPECT_EQ(problems(with_rules(rule("name: a\n    ") + rule("name: a\n    "))),
              "hub.yaml:10:11: error: two rules have the name \"a\"\n"
              "   10 |   - name: a\n"
              "      |           ^\n"
              "      hint: the first is in line 7\n");
    EXPECT_EQ(messages(with_rules(rule("name: rule 2\n    ") + rule(""))),
              "two rules have the name \"rule 2\"\n");
    EXPECT_EQ(messages(with_rules(rule("") + rule("enabled: false\n    "))), "");
    EXPECT_EQ(messages(with_rules(rule("name: " + std::string(200, 'n') + "\n    "))), "");
    EXPECT_EQ(messages(with_rules(rule("name: " + std::string(201, 'n') + "\n    "))),
              "the name is longer than 200 bytes\n");
}

TEST(Rule, order_is_a_path_or_none) {
    EXPECT_EQ(head("on: note.created\n    order: none"), "");
    EXPECT_EQ(head("on: note.created\n    order: parent.record_id"), "");
    EXPECT_EQ(head("on: note.created\n    order: \"{{ subject }}\""),
              "expected a path in the event, or none, found the text \"{{ subject }}\"\n");
}

TEST(Rule, an_unknown_key_brings_the_near_one) {
    EXPECT_EQ(problems(with_rules("  - on: note.created\n"
                                  "    wher: {object: deals}\n"
                                  "    send: {to: wiki, do: upsert_page, wiht: {a: 1}}\n")),
              "hub.yaml:8:5: error: unknown key \"wher\"\n"
              "    8 |     wher: {object: deals}\n"
              "      |     ^~~~\n"
              "      hint: did you mean \"where\"?\n"
              "hub.yaml:9:39: error: unknown key \"wiht\"\n"
              "    9 |     send: {to: wiki, do: upsert_page, wiht: {a: 1}}\n"
              "      |                                       ^~~~\n"
              "      hint: did you mean \"with\"?\n");
}

}  // namespace
}  // namespace syncline::config
