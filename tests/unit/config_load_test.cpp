// A whole file becomes the configuration that it describes; what it leaves out has its default.
#include <gtest/gtest.h>

#include "tests/unit/config_fixture.hpp"

namespace syncline::config {
namespace {

constexpr std::string_view full = R"(# a hub with everything
server:
  listen: 0.0.0.0:8090
  public_url: https://hub.example.com/
  limits: {body: 2MiB, connections: 100, header_timeout: 5s, body_timeout: 1m, idle_timeout: 2m}
admin:
  listen: "[::1]:9000"
  token: ${ADMIN_TOKEN}
store: sqlite:./data/hub.db
retention: {payloads: 14d, attempts: 12h, dedupe: 3d}
connectors: {path: [./mine, /opt/connectors]}
log: {level: debug, format: json}
egress: {allow: ["127.0.0.1:7700", 10.0.0.0/8]}
sources:
  attio:
    connector: attio
    secret: [first-secret, "${SECOND}"]
    settings: {api_key: "file:attio.key", dialect: v2}
  shop:
    connector: http
    path: /in/shop
    secret: shop-secret
destinations:
  crm:
    connector: crm
    settings: {token: "Bearer ${CRM_TOKEN}", region: eu, batch: 10, archive: true}
    rate: 3/s
    concurrency: 2
    timeout: 10s
    retry: {schedule: [1s, 2m, 3h], jitter: 5%, expire: 2d}
    isolation: none
  wiki: {connector: wiki, settings: {home: "$${page}", depth: 3, draft: false, none: ~}}
rules:
  - name: deals
    on: [record.created, 'record.*']
    from: attio
    where: {object: [people, deals]}
    fetch: {record: attio.record}
    if: {record.values.stage: [Won]}
    order: record_id
    coalesce: true
    send:
      - {to: crm, do: upsert, on_dead: hold, strict: true, with: {object: deals, key: {id: "{{ subject }}"}}}
      - {to: attio, do: set_entry, with: {entry: "{{ subject }}"}}
  - {name: off, enabled: false, on: note.created, send: {to: nowhere, do: nothing}}
  - {on: note.created, send: {to: wiki, do: upsert_page}}
)";

Surroundings around_full() {
    Surroundings around;
    around.environment = {{"ADMIN_TOKEN", "admin-token"}, {"SECOND", "second-secret"},
                          {"CRM_TOKEN", "crm-token"}};
    around.files = {{"/etc/hub/attio.key", "key-from-file\n"}};
    return around;
}

class WholeFile : public ::testing::Test {
protected:
    WholeFile() : loaded_(load(full, around_full())) {}
    void SetUp() override {
        ASSERT_EQ(problems(full, around_full()), "");
        ASSERT_TRUE(loaded_.config);
    }
    const HubConfig& config() const { return *loaded_.config; }
    Loaded loaded_;
};

TEST_F(WholeFile, sets_the_servers) {
    EXPECT_EQ(config().server.listen.host, "0.0.0.0");
    EXPECT_EQ(config().server.listen.port, 8090);
    EXPECT_EQ(config().server.public_url, "https://hub.example.com");
    EXPECT_EQ(config().server.body_bytes_max, 2u << 20);
    EXPECT_EQ(config().server.connections_max, 100u);
    EXPECT_EQ(config().server.header_timeout_ms, 5'000);
    EXPECT_EQ(config().server.body_timeout_ms, 60'000);
    EXPECT_EQ(config().server.idle_timeout_ms, 120'000);
    EXPECT_TRUE(config().admin.enabled);
    EXPECT_EQ(config().admin.listen.host, "::1");
    EXPECT_EQ(config().admin.listen.port, 9000);
    EXPECT_EQ(config().admin.token, "admin-token");
}

TEST_F(WholeFile, sets_the_hub) {
    EXPECT_EQ(config().store_path, "/etc/hub/data/hub.db");
    EXPECT_EQ(config().dedupe_window_ms, 3 * 86'400'000LL);
    EXPECT_EQ(config().payload_retention_ms, 14 * 86'400'000LL);
    EXPECT_EQ(config().attempt_retention_ms, 12 * 3'600'000LL);
    EXPECT_EQ(config().connector_paths,
              (std::vector<std::string>{"/etc/hub/mine", "/opt/connectors"}));
    EXPECT_EQ(config().log_level, LogLevel::debug);
    EXPECT_EQ(config().log_format, LogFormat::json);
    EXPECT_EQ(config().egress.allow,
              (std::vector<std::string>{"127.0.0.1:7700", "10.0.0.0/8"}));
}

TEST_F(WholeFile, sets_the_sources) {
    const SourceConfig* attio = config().source("attio");
    ASSERT_TRUE(attio);
    EXPECT_EQ(attio->connector, "attio");
    EXPECT_EQ(attio->path, "/webhooks/attio");
    EXPECT_EQ(attio->secrets, (std::vector<std::string>{"first-secret", "second-secret"}));
    EXPECT_EQ(attio->settings.dump(), R"({"api_key":"key-from-file","dialect":"v2"})");
    const SourceConfig* shop = config().source("shop");
    ASSERT_TRUE(shop);
    EXPECT_EQ(shop->path, "/in/shop");
    EXPECT_EQ(shop->settings.dump(), "{}");
    EXPECT_EQ(config().source("crm"), nullptr);
}

TEST_F(WholeFile, sets_the_destinations) {
    const DestinationConfig* crm = config().destination("crm");
    ASSERT_TRUE(crm);
    EXPECT_EQ(crm->settings.dump(),
              R"({"token":"Bearer crm-token","region":"eu","batch":10,"archive":true})");
    EXPECT_EQ(crm->rate.count, 3u);
    EXPECT_EQ(crm->rate.per_ms, 1000);
    EXPECT_EQ(crm->concurrency, 2u);
    EXPECT_EQ(crm->timeout_ms, 10'000);
    EXPECT_EQ(crm->retry.schedule_ms, (std::vector<std::int64_t>{1000, 120'000, 10'800'000}));
    EXPECT_EQ(crm->retry.jitter_percent, 5u);
    EXPECT_EQ(crm->retry.expire_ms, 2 * 86'400'000);
    const DestinationConfig* wiki = config().destination("wiki");
    ASSERT_TRUE(wiki);
    EXPECT_EQ(wiki->settings.dump(), R"({"home":"${page}","depth":3,"draft":false,"none":null})");
    EXPECT_EQ(wiki->rate.count, 0u);
    EXPECT_EQ(wiki->concurrency, limits::concurrency_default);
}

TEST_F(WholeFile, makes_a_destination_of_a_source_that_is_sent_to) {
    const DestinationConfig* attio = config().destination("attio");
    ASSERT_TRUE(attio);
    EXPECT_EQ(attio->connector, "attio");
    EXPECT_EQ(attio->settings, config().source("attio")->settings);
    EXPECT_EQ(attio->rate.count, 25u);
    EXPECT_EQ(config().destination("shop"), nullptr);
}

TEST_F(WholeFile, sets_the_rules_and_leaves_out_those_switched_off) {
    ASSERT_EQ(config().rules.size(), 2u);
    const RuleConfig& deals = config().rules[0];
    EXPECT_EQ(deals.name, "deals");
    EXPECT_EQ(deals.on, (std::vector<std::string>{"record.created", "record.*"}));
    ASSERT_EQ(deals.fetch.size(), 1u);
    EXPECT_EQ(deals.fetch[0].name, "record");
    EXPECT_EQ(deals.fetch[0].source, "attio");
    EXPECT_EQ(deals.fetch[0].document, "record");
    EXPECT_TRUE(deals.condition.has_value());
    EXPECT_EQ(deals.order, "record_id");
    EXPECT_EQ(deals.coalesce, true);
    ASSERT_EQ(deals.send.size(), 2u);
    EXPECT_EQ(deals.send[0].to, "crm");
    EXPECT_EQ(deals.send[0].action, "upsert");
    EXPECT_EQ(deals.send[0].on_dead, OnDead::hold);
    EXPECT_TRUE(deals.send[0].strict);
    EXPECT_EQ(deals.send[1].to, "attio");
    EXPECT_EQ(deals.send[1].on_dead, OnDead::pass);
    EXPECT_FALSE(deals.send[1].strict);
    const RuleConfig& unnamed = config().rules[1];
    EXPECT_EQ(unnamed.name, "rule 3");
    EXPECT_EQ(unnamed.order, "subject");
    EXPECT_EQ(unnamed.coalesce, std::nullopt);
}

TEST_F(WholeFile, compiles_rules_that_match_and_render) {
    ASSERT_TRUE(config().rule_set);
    auto event = Json::parse(R"({"object": "deals", "subject": "r1"})");
    std::vector<std::uint32_t> found;
    config().rule_set->match({"attio", "record.created", 0}, *event, found);
    EXPECT_EQ(found, std::vector<std::uint32_t>{0});
    found.clear();
    config().rule_set->match({"shop", "record.created", 0}, *event, found);
    EXPECT_TRUE(found.empty()) << "the rule is for events of attio";
    event->set("object", "lists");
    config().rule_set->match({"attio", "record.created", 0}, *event, found);
    EXPECT_TRUE(found.empty());
    event->set("object", "deals");
    auto rendered = config().rules[0].send[0].with.render(*event, rules::RenderOptions());
    ASSERT_TRUE(std::holds_alternative<Json>(rendered));
    EXPECT_EQ(std::get<Json>(rendered).dump(), R"({"object":"deals","key":{"id":"r1"}})");
}

TEST(Defaults, are_those_of_the_design) {
    auto loaded = load("sources: {feed: {connector: feed}}\n"
                       "destinations: {crm: {connector: crm, settings: {token: some-token}}}\n");
    ASSERT_TRUE(loaded.config);
    const HubConfig& config = *loaded.config;
    EXPECT_EQ(config.server.listen.host, "127.0.0.1");
    EXPECT_EQ(config.server.listen.port, 8080);
    EXPECT_EQ(config.admin.listen.port, 8081);
    EXPECT_EQ(config.store_path, "/etc/hub/syncline.db");
    EXPECT_EQ(config.destinations[0].rate.count, 100u) << "the connector's own";
    EXPECT_EQ(config.destinations[0].rate.per_ms, 10'000);
    EXPECT_EQ(config.destinations[0].concurrency, 3u);
    EXPECT_EQ(config.destinations[0].timeout_ms, 30'000);
    EXPECT_EQ(config.destinations[0].retry.jitter_percent, 20u);
    const auto& schedule = config.destinations[0].retry.schedule_ms;
    ASSERT_EQ(schedule.size(), 12u);
    EXPECT_EQ(schedule.front(), 5'000);
    EXPECT_EQ(schedule[2], 120'000);
    EXPECT_EQ(schedule.back(), 86'400'000);
    EXPECT_TRUE(config.rule_set);
    EXPECT_TRUE(config.rules.empty());
}

TEST(Load, checks_no_connectors_without_a_catalog) {
    Surroundings around;
    around.with_catalog = false;
    auto loaded = load("sources: {a: {connector: later}}\n"
                       "destinations: {b: {connector: other, settings: {any: [1]}}}\n"
                       "rules: [{on: x, fetch: {d: a.thing}, send: {to: b, do: anything}},\n"
                       "        {on: x, send: {to: a, do: anything}}]\n", around);
    ASSERT_TRUE(loaded.config);
    EXPECT_TRUE(loaded.problems.empty());
    EXPECT_TRUE(loaded.config->destination("a"));
}

TEST(Load, finds_connector_paths_before_anything_is_checked) {
    EXPECT_EQ(connector_paths_of("connectors: {path: [./a, /b]}\nrules: 3\n"),
              (std::vector<std::string>{"./a", "/b"}));
    EXPECT_EQ(connector_paths_of("connectors: {path: ./a}\n"), std::vector<std::string>{"./a"});
    EXPECT_TRUE(connector_paths_of("connectors: 3\n").empty());
    EXPECT_TRUE(connector_paths_of("a: [\n").empty());
    EXPECT_TRUE(connector_paths_of("").empty());
}

TEST(Load, reads_paths_beside_the_file_wherever_that_is) {
    Surroundings around;
    auto store_of = [&](const std::string& file_name, const std::string& path) {
        around.file_name = file_name;
        auto loaded = load("store: sqlite:" + path + "\nsources: {a: {connector: feed}}\n", around);
        return loaded.config ? loaded.config->store_path : loaded.problems[0].message;
    };
    EXPECT_EQ(store_of("hub.yaml", "x.db"), "x.db");
    EXPECT_EQ(store_of("conf/hub.yaml", "./x.db"), "conf/x.db");
    EXPECT_EQ(store_of("conf/hub.yaml", "/var/x.db"), "/var/x.db");
}

}  // namespace
}  // namespace syncline::config
