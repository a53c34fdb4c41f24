// Values of the wrong kind, one case a kind: the whole text that the user reads.
#include <gtest/gtest.h>

#include "tests/unit/config_fixture.hpp"

namespace syncline::config {
namespace {

constexpr const char* feed = "sources: {feed: {connector: feed}}\n";

std::string beside_feed(const std::string& text) { return problems(feed + text); }
std::string beside_feed_messages(const std::string& text) { return messages(feed + text); }

TEST(Value, an_unknown_key_brings_the_near_one) {
    EXPECT_EQ(beside_feed("server:\n  lisen: 0.0.0.0:80\n"),
              "hub.yaml:3:3: error: unknown key \"lisen\"\n"
              "    3 |   lisen: 0.0.0.0:80\n"
              "      |   ^~~~~\n"
              "      hint: did you mean \"listen\"?\n");
}

TEST(Value, an_unknown_key_that_is_near_to_nothing_brings_the_known_ones) {
    EXPECT_EQ(beside_feed("log: {colour_of_output: red}\n"),
              "hub.yaml:2:7: error: unknown key \"colour_of_output\"\n"
              "    2 | log: {colour_of_output: red}\n"
              "      |       ^~~~~~~~~~~~~~~~\n"
              "      hint: known here: \"level\" or \"format\"\n");
}

TEST(Value, a_wrong_type_says_what_was_expected_and_found) {
    EXPECT_EQ(beside_feed("server: [8080]\n"),
              "hub.yaml:2:9: error: expected keys, found a list\n"
              "    2 | server: [8080]\n"
              "      |         ^\n");
    EXPECT_EQ(beside_feed("rules: {on: x}\n"),
              "hub.yaml:2:8: error: expected a list, found keys\n"
              "    2 | rules: {on: x}\n"
              "      |        ^\n");
    EXPECT_EQ(beside_feed_messages("store: {sqlite: x}\n"), "expected a text, found keys\n");
    EXPECT_EQ(beside_feed_messages("store: ~\n"), "expected a text, found nothing\n");
    EXPECT_EQ(beside_feed_messages("store: ''\n"), "expected a text, found an empty one\n");
}

TEST(Value, durations_need_a_unit) {
    EXPECT_EQ(beside_feed("server: {limits: {body_timeout: 30}}\n"),
              "hub.yaml:2:33: error: expected a duration, found the number 30\n"
              "    2 | server: {limits: {body_timeout: 30}}\n"
              "      |                                 ^~\n"
              "      hint: a number and ms, s, m, h or d, as in 30s, 2m, 3d\n");
    EXPECT_EQ(beside_feed_messages("server: {limits: {body_timeout: 0s}}\n"),
              "expected a duration from 100ms to 1h, found the text \"0s\"\n");
}

TEST(Value, sizes_rates_percents_and_numbers_are_checked) {
    EXPECT_EQ(beside_feed_messages("server: {limits: {body: 1MB}}\n"),
              "expected a size, found the text \"1MB\"\n");
    EXPECT_EQ(beside_feed_messages("server: {limits: {body: 65MiB}}\n"),
              "expected a size from 1 to 67108864 bytes, found the text \"65MiB\"\n");
    EXPECT_EQ(beside_feed_messages("server: {limits: {body: 64MiB}}\n"), "");
    EXPECT_EQ(beside_feed_messages("server: {limits: {connections: 0}}\n"),
              "expected a whole number from 1 to 1000000, found the number 0\n");
    EXPECT_EQ(beside_feed_messages("server: {limits: {connections: 1.5}}\n"),
              "expected a whole number from 1 to 1000000, found the number 1.5\n");
    EXPECT_EQ(beside_feed_messages("server: {limits: {connections: 010}}\n"),
              "expected a whole number from 1 to 1000000, found the text \"010\"\n");
    EXPECT_EQ(beside_feed_messages("admin: {enabled: yes}\n"),
              "expected true or false, found the text \"yes\"\n");
    EXPECT_EQ(beside_feed_messages("log: {level: warn}\n"),
              "expected \"debug\", \"info\", \"warning\" or \"error\", found the text \"warn\"\n");
}

TEST(Value, rates_are_a_count_in_a_time) {
    auto rate_of = [](const std::string& rate) {
        auto loaded = load(feed + ("destinations: {w: {connector: wiki, rate: " + rate + "}}\n"));
        if (!loaded.config) return loaded.problems[0].message;
        const Rate& read = loaded.config->destinations[0].rate;
        return std::to_string(read.count) + " in " + std::to_string(read.per_ms);
    };
    EXPECT_EQ(rate_of("100/10s"), "100 in 10000");
    EXPECT_EQ(rate_of("3/s"), "3 in 1000");
    EXPECT_EQ(rate_of("100/m"), "100 in 60000");
    EXPECT_EQ(rate_of("0/s"), "expected a rate, found the text \"0/s\"");
    EXPECT_EQ(rate_of("3"), "expected a rate, found the number 3");
    EXPECT_EQ(rate_of("3/"), "expected a rate, found the text \"3/\"");
    EXPECT_EQ(rate_of("3/week"), "expected a rate, found the text \"3/week\"");
    EXPECT_EQ(rate_of("3/0s"), "expected a rate, found the text \"3/0s\"");
}

TEST(Value, addresses_are_numeric_with_a_port) {
    auto host_of = [](const std::string& listen) {
        auto loaded = load(feed + ("server: {listen: \"" + listen + "\"}\n"));
        if (!loaded.config) return std::string("refused");
        return loaded.config->server.listen.host + " " +
               std::to_string(loaded.config->server.listen.port);
    };
    EXPECT_EQ(host_of("localhost:0"), "127.0.0.1 0");
    EXPECT_EQ(host_of("*:80"), "0.0.0.0 80");
    EXPECT_EQ(host_of("[::]:65535"), ":: 65535");
    for (const char* wrong : {"80", ":80", "127.0.0.1", "127.0.0.1:65536", "::1:80", "[x]:80",
                              "hub.example.com:80", "127.0.0.1:-1", "127.0.0.1:"})
        EXPECT_EQ(host_of(wrong), "refused") << wrong;
}

TEST(Value, only_sqlite_is_a_store) {
    EXPECT_EQ(beside_feed("store: postgresql://db/hub\n"),
              "hub.yaml:2:1: error: this version has no PostgreSQL store\n"
              "    2 | store: postgresql://db/hub\n"
              "      | ^~~~~\n"
              "      hint: use sqlite:./syncline.db\n");
    for (const char* wrong : {"mysql://x", "'sqlite:'", "./x.db", "sqlite://x/y"})
        EXPECT_NE(beside_feed("store: " + std::string(wrong) + "\n")
                      .find("error: expected sqlite: and the path of a file"), std::string::npos)
            << wrong;
}

TEST(Value, what_this_version_does_not_have_is_said) {
    EXPECT_EQ(beside_feed("server: {tls: {certificate: a, key: b}}\n"),
              "hub.yaml:2:10: error: this version has no TLS of its own\n"
              "    2 | server: {tls: {certificate: a, key: b}}\n"
              "      |          ^~~\n"
              "      hint: let a reverse proxy end TLS and pass the request on unchanged\n");
    EXPECT_EQ(beside_feed("destinations: {w: {connector: wiki, isolation: process}}\n"),
              "hub.yaml:2:48: error: this version cannot run a connector in a process of its own\n"
              "    2 | destinations: {w: {connector: wiki, isolation: process}}\n"
              "      |                                                ^~~~~~~\n"
              "      hint: remove the key, or write isolation: none\n");
}

TEST(Value, retention_is_from_an_hour_to_ten_years) {
    for (const char* key : {"payloads", "attempts"}) {
        for (const char* good : {"1h", "30d", "3650d"})
            EXPECT_EQ(beside_feed_messages("retention: {" + std::string(key) + ": " + good + "}\n"),
                      "");
        for (const char* wrong : {"59m", "3651d", "0s", "for ever"})
            EXPECT_NE(beside_feed_messages("retention: {" + std::string(key) + ": " + wrong + "}\n"),
                      "");
    }
}

TEST(Value, an_open_admin_port_needs_a_token) {
    EXPECT_EQ(beside_feed_messages("admin: {listen: 0.0.0.0:8081}\n"),
              "the admin port is open to the network without a token\n");
    EXPECT_EQ(beside_feed_messages("admin: {listen: 0.0.0.0:8081, token: some-token}\n"), "");
    EXPECT_EQ(beside_feed_messages("admin: {listen: 0.0.0.0:8081, enabled: false}\n"), "");
    EXPECT_EQ(beside_feed_messages("admin: {listen: 127.0.0.1:8081}\n"), "");
}

TEST(Value, a_hub_needs_sources) {
    EXPECT_EQ(messages("rules: []\n"), "\"sources\" is missing\n");
    EXPECT_EQ(messages("sources: {}\n"), "there is no source under \"sources\"\n");
    EXPECT_EQ(messages("sources:\n"), "there is no source under \"sources\"\n");
    EXPECT_EQ(messages("sources: {a: }\n"), "\"connector\" is missing\n");
}

TEST(Value, an_unknown_connector_brings_the_near_one_or_all) {
    EXPECT_EQ(problems("sources:\n  a: {connector: atio, settings: {anything: 1}}\n"),
              "hub.yaml:2:18: error: there is no connector \"atio\"\n"
              "    2 |   a: {connector: atio, settings: {anything: 1}}\n"
              "      |                  ^~~~\n"
              "      hint: did you mean \"attio\"?\n");
    EXPECT_EQ(problems("sources:\n  a: {connector: salesforce}\n"),
              "hub.yaml:2:18: error: there is no connector \"salesforce\"\n"
              "    2 |   a: {connector: salesforce}\n"
              "      |                  ^~~~~~~~~~\n"
              "      hint: there are \"attio\", \"crm\", \"feed\", \"http\" or \"wiki\"\n");
}

TEST(Value, a_connector_is_used_in_a_role_that_it_has) {
    EXPECT_EQ(messages("sources: {a: {connector: wiki}}\n"),
              "the connector \"wiki\" is no source\n");
    EXPECT_EQ(beside_feed_messages("destinations: {b: {connector: feed}}\n"),
              "the connector \"feed\" is no destination\n");
}

TEST(Value, settings_follow_the_connectors_schema) {
    auto with = [](const std::string& settings) {
        return beside_feed_messages("destinations: {c: {connector: crm, settings: {" + settings +
                                    "}}}\n");
    };
    EXPECT_EQ(with("token: abcdef, region: eu"), "");
    EXPECT_EQ(with("region: eu"), "\"token\" is missing\n");
    EXPECT_EQ(with("token: abcdef, regoin: eu"), "unknown key \"regoin\"\n");
    EXPECT_EQ(with("token: abcdef, region: ue"),
              "expected \"eu\" or \"us\", found the text \"ue\"\n");
    EXPECT_EQ(with("token: abcdef, batch: 0"), "expected at least 1, found the number 0\n");
    EXPECT_EQ(with("token: abcdef, batch: 101"), "expected at most 100, found the number 101\n");
    EXPECT_EQ(with("token: abcdef, batch: 100"), "");
    EXPECT_EQ(with("token: abcdef, batch: 1.5"),
              "expected a whole number, found the number 1.5\n");
    EXPECT_EQ(with("token: abcdef, batch: \"5\""),
              "expected a whole number, found the text \"5\"\n");
    EXPECT_EQ(with("token: abcdef, archive: on"),
              "expected true or false, found the text \"on\"\n");
    EXPECT_EQ(with("token: abcdef, region: [eu]"), "expected a text, found a list\n");
    EXPECT_EQ(with("token: abcdef, region: ~"), "expected a text, found nothing\n");
    EXPECT_EQ(beside_feed_messages("destinations: {c: {connector: crm}}\n"),
              "\"token\" is missing\n");
}

TEST(Value, a_number_where_a_text_belongs_asks_for_quotes) {
    EXPECT_EQ(beside_feed("destinations:\n  c:\n    connector: crm\n    settings:\n"
                          "      region: 5\n      token: abcdef\n"),
              "hub.yaml:6:15: error: expected a text, found the number 5\n"
              "    6 |       region: 5\n"
              "      |               ^\n"
              "      hint: put it in quotes to make it a text\n");
}

TEST(Value, names_and_paths_of_endpoints_are_distinct) {
    EXPECT_EQ(messages("sources:\n  a: {connector: feed, path: /in}\n"
                       "  b: {connector: feed, path: /in}\n"),
              "the path \"/in\" already belongs to the source \"a\"\n");
    EXPECT_EQ(beside_feed_messages("destinations: {feed: {connector: wiki}}\n"),
              "there is already a source \"feed\"\n");
    EXPECT_EQ(messages("sources: {syncline: {connector: feed}}\n"),
              "\"syncline\" is the source of the hub's own events\n");
    EXPECT_EQ(messages("sources: {a/b: {connector: feed}}\n"),
              "\"a/b\" cannot be the name of a source\n");
    for (const char* path : {"in", "/a b", "/a?b", "/a//b", "/%41"})
        EXPECT_NE(messages("sources: {a: {connector: feed, path: \"" + std::string(path) + "\"}}\n")
                      .find("expected a path"), std::string::npos) << path;
}

TEST(Value, names_have_sixty_four_bytes_at_most) {
    auto named = [](std::size_t length) {
        return messages("sources: {" + std::string(length, 'n') + ": {connector: feed}}\n");
    };
    EXPECT_EQ(named(64), "");
    EXPECT_NE(named(65), "");
}

TEST(Value, a_source_has_eight_secrets_at_most) {
    auto with = [](int count) {
        std::string list;
        for (int i = 0; i < count; ++i) list += "secret-" + std::to_string(i) + ", ";
        return messages("sources: {a: {connector: feed, secret: [" + list + "]}}\n");
    };
    EXPECT_EQ(with(8), "");
    EXPECT_EQ(with(9), "at most 8 secrets are tried\n");
    EXPECT_EQ(with(0), "the list of secrets is empty\n");
}

TEST(Value, retry_is_checked) {
    auto with = [](const std::string& retry) {
        return beside_feed_messages("destinations: {w: {connector: wiki, retry: {" + retry +
                                    "}}}\n");
    };
    EXPECT_EQ(with("schedule: []"), "expected 1 to 50 delays, found 0\n");
    EXPECT_EQ(with("schedule: [5s, soon]"), "expected a duration, found the text \"soon\"\n");
    EXPECT_EQ(with("schedule: 5s"), "expected a list, found the text \"5s\"\n");
    EXPECT_EQ(with("jitter: 20"), "expected 0% to 100%, found the number 20\n");
    EXPECT_EQ(with("jitter: 101%"), "expected 0% to 100%, found the text \"101%\"\n");
    EXPECT_EQ(with("jitter: 100%"), "");
    EXPECT_EQ(with("expire: 3d"), "");
    EXPECT_NE(with("expire: 999ms"), "");
    EXPECT_NE(with("expire: 366d"), "");
    EXPECT_EQ(with("expire: 3"), "expected a duration, found the number 3\n");
}

}  // namespace
}  // namespace syncline::config
