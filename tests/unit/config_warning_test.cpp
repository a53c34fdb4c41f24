// What is right as written and makes no sense: rules that never match, that repeat another, that
// test what is not read. Each warning has its absence beside it.
#include <gtest/gtest.h>

#include "tests/unit/config_fixture.hpp"

namespace syncline::config {
namespace {

/// Messages of a rule on record.created with this `where`.
std::string where(const std::string& pattern, const std::string& more = "") {
    return messages(with_rules("  - on: record.created\n    where: " + pattern + "\n" + more +
                               "    send: {to: wiki, do: upsert_page}\n"));
}

/// The one warning about contradictions that these cases share.
std::string never(const std::string& path, const std::string& rest) {
    return "warning: this rule can never match: \"" + path + "\" is asked to be " + rest + "\n";
}

TEST(Warning, two_values_of_one_attribute_never_hold_together) {
    EXPECT_EQ(problems(with_rules("  - on: record.created\n"
                                  "    where:\n"
                                  "      $and:\n"
                                  "        - {object: deals}\n"
                                  "        - {object: [people, companies]}\n"
                                  "    send: {to: wiki, do: upsert_page}\n")),
              "hub.yaml:11:20: warning: this rule can never match: \"object\" is asked to be "
              "[\"people\",\"companies\"] and also \"deals\"\n"
              "   11 |         - {object: [people, companies]}\n"
              "      |                    ^\n"
              "      hint: the other test is in line 10\n");
    EXPECT_EQ(where("{$and: [{object: [deals, people]}, {object: [people, companies]}]}"), "");
    EXPECT_EQ(where("{$and: [{object: deals}, {list: sales}]}"), "");
}

TEST(Warning, a_list_may_hold_two_values) {
    EXPECT_EQ(where("{$and: [{data.tags: a}, {data.tags: b}]}"), "");
    EXPECT_EQ(messages(with_rules("  - on: record.created\n    fetch: {record: attio.record}\n"
                                  "    if: {$and: [{record.values.tags: a}, "
                                  "{record.values.tags: b}]}\n"
                                  "    send: {to: wiki, do: upsert_page}\n")),
              "");
}

TEST(Warning, ranges_that_do_not_meet) {
    EXPECT_EQ(where("{amount: {$gt: 5, $lt: 5}}"),
              never("amount", "{\"$gt\":5,\"$lt\":5}, which no value is"));
    EXPECT_EQ(where("{amount: {$gte: 5, $lte: 5}}"), "");
    EXPECT_EQ(where("{amount: {$gt: 5, $lt: 6}}"), "");
    EXPECT_EQ(where("{due: {$gt: \"2026-02\", $lt: \"2026-01\"}}"),
              never("due", "{\"$gt\":\"2026-02\",\"$lt\":\"2026-01\"}, which no value is"));
    EXPECT_EQ(where("{due: {$gt: \"2026-01\", $lt: 5}}"),
              never("due", "{\"$gt\":\"2026-01\",\"$lt\":5}, which no value is"));
    EXPECT_EQ(where("{$and: [{amount: {numeric: [\">\", 10]}}, {amount: {numeric: [\"<=\", 10]}}]}"),
              never("amount", "{\"numeric\":[\"<=\",10]} and also {\"numeric\":[\">\",10]}"));
    EXPECT_EQ(where("{$and: [{amount: {numeric: [\">\", 10]}}, {amount: {numeric: [\"<=\", 11]}}]}"),
              "");
}

TEST(Warning, a_value_that_fails_the_test_beside_it) {
    EXPECT_EQ(where("{stage: {$eq: won, $ne: won}}"),
              never("stage", "{\"$eq\":\"won\",\"$ne\":\"won\"}, which no value is"));
    EXPECT_EQ(where("{stage: {$in: [won, lost], $not_in: [won, lost, open]}}"),
              never("stage", "{\"$in\":[\"won\",\"lost\"],\"$not_in\":[\"won\",\"lost\",\"open\"]}, "
                             "which no value is"));
    EXPECT_EQ(where("{stage: {$in: [won, lost], $not_in: [won]}}"), "");
    EXPECT_EQ(where("{key: {$starts_with: a-, $eq: b-1}}"),
              never("key", "{\"$starts_with\":\"a-\",\"$eq\":\"b-1\"}, which no value is"));
    EXPECT_EQ(where("{key: {$starts_with: a-, $ends_with: -a}}"), "");
    EXPECT_EQ(where("{$and: [{key: {prefix: a}}, {key: {prefix: b}}]}"),
              never("key", "{\"prefix\":\"b\"} and also {\"prefix\":\"a\"}"));
    EXPECT_EQ(where("{$and: [{key: {prefix: a}}, {key: {prefix: ab}}]}"), "");
    EXPECT_EQ(where("{$and: [{key: {exists: false}}, {key: {prefix: a}}]}"),
              never("key", "{\"prefix\":\"a\"} and also {\"exists\":false}"));
    EXPECT_EQ(where("{$and: [{t: {older-than: 3d}}, {t: {newer-than: 1d}}]}"),
              never("t", "{\"newer-than\":\"1d\"} and also {\"older-than\":\"3d\"}"));
    EXPECT_EQ(where("{$and: [{t: {older-than: 1d}}, {t: {newer-than: 3d}}]}"), "");
}

TEST(Warning, one_alternative_that_can_hold_is_enough) {
    EXPECT_EQ(where("{amount: [{$gt: 5, $lt: 3}, {$gt: 3, $lt: 5}]}"), "");
    EXPECT_EQ(where("{$and: [{stage: [won, {prefix: o}]}, {stage: [lost, open]}]}"), "");
    EXPECT_EQ(where("{object: deals, $or: [{$and: [{stage: won}, {stage: lost}]}, {list: sales}]}"),
              "warning: this alternative can never hold: \"stage\" is asked to be \"lost\" and also "
              "\"won\"\n");
    EXPECT_EQ(where("{object: deals, $or: [{stage: won}, {stage: lost}]}"), "");
}

TEST(Warning, a_test_and_its_negation) {
    EXPECT_EQ(where("{object: deals, $not: {object: [deals, people]}}"),
              never("object", "not [\"deals\",\"people\"] and also \"deals\""));
    EXPECT_EQ(where("{data.tags: {prefix: a}, $not: {data.tags: {prefix: a}}}"),
              never("data.tags", "not {\"prefix\":\"a\"} and also {\"prefix\":\"a\"}"));
    EXPECT_EQ(where("{object: [deals, people], $not: {object: deals}}"), "");
    EXPECT_EQ(where("{object: deals, $not: {object: deals, list: sales}}"), "");
}

TEST(Warning, where_against_on_and_from) {
    EXPECT_EQ(problems(with_rules("  - on: [record.created, note.*]\n"
                                  "    where: {type: record.updated}\n"
                                  "    send: {to: wiki, do: upsert_page}\n")),
              "hub.yaml:8:19: warning: this rule can never match: \"type\" is asked to be "
              "\"record.updated\" and also [\"record.created\",{\"wildcard\":\"note.*\"}]\n"
              "    8 |     where: {type: record.updated}\n"
              "      |                   ^~~~~~~~~~~~~~\n"
              "      hint: \"on\" says so\n");
    EXPECT_EQ(where("{type: record.created}"), "");
    EXPECT_EQ(where("{source: syncline}", "    from: attio\n"),
              never("source", "\"syncline\" and also [\"attio\"]"));
    EXPECT_EQ(where("{source: attio}", "    from: attio\n"), "");
}

TEST(Warning, where_against_if) {
    EXPECT_EQ(where("{object: deals}", "    if: {object: people}\n"),
              never("object", "\"people\" and also \"deals\""));
    EXPECT_EQ(where("{object: deals}", "    if: {list: sales}\n"), "");
}

TEST(Warning, an_event_that_the_named_source_does_not_send) {
    auto text = [](const std::string& from) {
        return "sources:\n"
               "  attio: {connector: attio, settings: {api_key: a-key-of-attio}}\n"
               "  news: {connector: feed}\n"
               "destinations: {wiki: {connector: wiki}}\n"
               "rules:\n"
               "  - on: record.created\n"
               "    from: " + from + "\n    send: {to: wiki, do: upsert_page}\n";
    };
    EXPECT_EQ(problems(text("news")),
              "hub.yaml:6:9: warning: \"news\" is not known to send the event \"record.created\"\n"
              "    6 |   - on: record.created\n"
              "      |         ^~~~~~~~~~~~~~\n"
              "      hint: \"attio\" sends it\n");
    EXPECT_EQ(messages(text("[news, attio]")), "");
}

TEST(Warning, a_rule_that_repeats_another) {
    std::string first = "  - name: first\n    on: [record.created, note.created]\n"
                        "    where: {object: deals, list: sales}\n"
                        "    send: {to: wiki, do: upsert_page, with: {a: 1}}\n";
    std::string again = "  - name: again\n    on: [note.created, record.created]\n"
                        "    where: {list: sales, object: deals}\n"
                        "    send: [{do: upsert_page, to: wiki, with: {a: 1}}]\n";
    EXPECT_EQ(problems(with_rules(first + again)),
              "hub.yaml:11:11: warning: this rule repeats \"first\": what it sends is sent twice\n"
              "   11 |   - name: again\n"
              "      |           ^~~~~\n"
              "      hint: the other is in line 7; remove one of them\n");
    auto differs = [&](const char* what, const char* instead) {
        std::string other = again;
        other.replace(other.find(what), std::string(what).size(), instead);
        EXPECT_EQ(messages(with_rules(first + other)), "") << instead;
    };
    differs("note.created", "record.updated");
    differs("deals", "people");
    differs("a: 1", "a: \"1\"");
    differs("a: 1", "a: 2");
    differs("    send", "    order: none\n    send");
    differs("    send", "    enabled: false\n    send");
}

TEST(Warning, a_condition_that_reads_what_is_not_fetched) {
    EXPECT_EQ(problems(with_rules("  - on: record.created\n"
                                  "    if: {record.values.stage: won}\n"
                                  "    send: {to: wiki, do: upsert_page}\n")),
              "hub.yaml:8:10: warning: \"record\" is empty: this rule does not fetch it\n"
              "    8 |     if: {record.values.stage: won}\n"
              "      |          ^~~~~~~~~~~~~~~~~~~\n"
              "      hint: add fetch: {record: attio.record}\n");
    EXPECT_EQ(messages(with_rules("  - on: record.created\n    fetch: {record: attio.record}\n"
                                  "    if: {$or: [{record.values.stage: won}, {object: deals}]}\n"
                                  "    send: {to: wiki, do: upsert_page}\n")),
              "");
}

TEST(Warning, a_where_that_reads_what_is_fetched_later) {
    EXPECT_EQ(problems(with_rules("  - on: record.created\n"
                                  "    fetch: {record: attio.record}\n"
                                  "    where: {record.values.stage: won}\n"
                                  "    send: {to: wiki, do: upsert_page}\n")),
              "hub.yaml:9:13: warning: \"record\" is not read yet when \"where\" is tested: this rule "
              "never matches\n"
              "    9 |     where: {record.values.stage: won}\n"
              "      |             ^~~~~~~~~~~~~~~~~~~\n"
              "      hint: move the test under \"if\"\n");
}

TEST(Warning, an_operator_with_a_slip_is_read_as_a_name) {
    EXPECT_EQ(where("{name: {prefx: a}}"),
              "warning: \"prefx\" is read as a name below \"name\"\n");
    EXPECT_EQ(where("{name: {anything_but: [a, b]}}"),
              "warning: \"anything_but\" is read as a name below \"name\"\n");
    EXPECT_EQ(where("{name: {prefix: a}}"), "");
    EXPECT_EQ(where("{actor: {type: app, id: b, number: 1, prefixes: [x]}}"), "");
    EXPECT_EQ(problems(with_rules("  - on: record.created\n    where: {name: {sufifx: a}}\n"
                                  "    send: {to: wiki, do: upsert_page}\n")),
              "hub.yaml:8:20: warning: \"sufifx\" is read as a name below \"name\"\n"
              "    8 |     where: {name: {sufifx: a}}\n"
              "      |                    ^~~~~~\n"
              "      hint: did you mean the operator \"suffix\"?\n");
}

/// Messages about a rule on the feed, whose connector lists its attributes.
std::string of_feed(const std::string& rule, const std::string& more_sources = "") {
    return messages("sources: {feed: {connector: feed}" + more_sources +
                    "}\ndestinations: {wiki: {connector: wiki}}\nrules:\n  - " + rule +
                    ", send: {to: wiki, do: upsert_page}}\n");
}

TEST(Warning, an_attribute_that_the_events_of_the_type_never_have) {
    EXPECT_EQ(of_feed("{on: item.published, where: {titel: x}"),
              "warning: no event that this rule is on has \"titel\"\n");
    EXPECT_EQ(of_feed("{on: item.published, where: {owner: x}"),
              "warning: no event that this rule is on has \"owner\"\n");
    EXPECT_EQ(of_feed("{on: item.published, where: {author.mail: x}"),
              "warning: no event that this rule is on has \"author.mail\"\n");
    EXPECT_EQ(of_feed("{on: item.published, where: {$or: [{site: a}, {author: {nmae: x}}]}"),
              "warning: no event that this rule is on has \"author.nmae\"\n");
    EXPECT_EQ(of_feed("{on: item.published, if: {subjct: x}"),
              "warning: no event that this rule is on has \"subjct\"\n");
    EXPECT_EQ(problems("sources: {feed: {connector: feed}}\n"
                       "destinations: {wiki: {connector: wiki}}\n"
                       "rules: [{on: site.added, where: {site: a, onwer: b}, send: {to: wiki, do: "
                       "upsert_page}}]\n"),
              "hub.yaml:3:43: warning: no event that this rule is on has \"onwer\"\n"
              "    3 | rules: [{on: site.added, where: {site: a, onwer: b}, send: {to: wiki, do: "
              "upsert_page}}]\n"
              "      |                                           ^~~~~\n"
              "      hint: did you mean \"owner\"?\n");
}

TEST(Warning, attributes_that_events_may_have) {
    EXPECT_EQ(of_feed("{on: item.published, where: {title: x, author: {name: y}, site: z}"), "");
    EXPECT_EQ(of_feed("{on: item.published, where: {author: {exists: true}, data.any.thing: 1}"), "");
    EXPECT_EQ(of_feed("{on: [item.published, site.added], where: {owner: x}"), "");
    EXPECT_EQ(of_feed("{on: '*.*', from: feed, where: {owner: x}"), "");
    EXPECT_EQ(of_feed("{on: syncline.delivery.dead, where: {destination: x}"), "");
    EXPECT_EQ(of_feed("{on: item.published, where: {anything: x}", ", any: {connector: http}"), "")
        << "another source may send it";
    EXPECT_EQ(of_feed("{on: item.published, from: feed, where: {anything: x}",
                      ", any: {connector: http}"),
              "warning: no event that this rule is on has \"anything\"\n");
}

TEST(Warning, a_template_with_a_slip_in_a_documents_name) {
    auto with = [](const std::string& text) {
        return messages(with_rules("  - on: record.created\n    fetch: {deal: attio.record}\n"
                                   "    send: {to: wiki, do: upsert_page, with: {t: \"" + text +
                                   "\"}}\n"));
    };
    EXPECT_EQ(with("{{ dael.values.name }}"), "warning: nothing gives \"dael\" here\n");
    EXPECT_EQ(with("{{ deal.values.name }} {{ subject }} {{ now | date: '%Y' }} {{ other }}"), "");
    EXPECT_EQ(with("{% assign dea = 1 %}{% for dead in deal.raw %}{{ dead }}{{ dea }}{% endfor %}"),
              "");
}

TEST(Warning, does_not_stand_in_the_way) {
    EXPECT_TRUE(load(with_rules("  - on: record.created\n    where: {a: {$gt: 2, $lt: 1}}\n"
                                "    send: {to: wiki, do: upsert_page}\n"))
                    .config);
}

}  // namespace
}  // namespace syncline::config
