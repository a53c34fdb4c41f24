// The router: which deliveries an event becomes, their lanes, and when a derivation is added.
#include "core/runtime/router.hpp"

#include <gtest/gtest.h>

namespace syncline {
namespace {

class Catalog final : public ConnectorCatalog {
public:
    Catalog() {
        descriptor_.name = "test";
        descriptor_.derives["task.completed"] = {"task.updated"};
    }
    const ConnectorDescriptor* find(std::string_view connector) const override {
        return connector == "test" ? &descriptor_ : nullptr;
    }
    std::vector<std::string> names() const override { return {"test"}; }

private:
    ConnectorDescriptor descriptor_;
};

struct RuleText {
    const char* on;
    const char* where = "{}";
    const char* order = "subject";
    std::vector<std::string> from;
    std::size_t sends = 1;
};

config::HubConfig config_of(const std::vector<RuleText>& texts) {
    config::HubConfig config;
    config::SourceConfig source;
    source.name = "origin";
    source.connector = "test";
    config.sources.push_back(source);
    std::vector<rules::RuleEntry> entries;
    for (const auto& text : texts) {
        config::RuleConfig rule;
        rule.name = "rule " + std::to_string(config.rules.size());
        rule.order = text.order;
        for (std::size_t i = 0; i < text.sends; ++i) {
            config::SendConfig send;
            send.to = "sink";
            send.action = "put";
            rule.send.push_back(std::move(send));
        }
        config.rules.push_back(std::move(rule));
        rules::RuleEntry entry;
        entry.on = std::get<rules::TypeSet>(rules::TypeSet::compile({text.on}));
        entry.from = text.from;
        entry.where = std::get<rules::Pattern>(rules::Pattern::compile(*Json::parse(text.where)));
        entries.push_back(std::move(entry));
    }
    config.rule_set.emplace(std::move(entries));
    return config;
}

Event event_of(const std::string& type, const std::string& payload) {
    Event event;
    event.source = "origin";
    event.type = type;
    event.subject = "s1";
    event.attributes.set("object", "deals");
    event.payload = payload;
    return event;
}

std::vector<std::string> routed(const std::vector<RuleText>& texts, const Event& event) {
    auto config = config_of(texts);
    Catalog catalog;
    Router router(config, catalog);
    std::vector<std::string> found;
    for (const auto& delivery : router.route(event))
        found.push_back((delivery.rule.empty() ? delivery.action : delivery.rule) + "#" +
                        std::to_string(delivery.send) + "@" + delivery.lane);
    return found;
}

using Names = std::vector<std::string>;

TEST(Router, every_rule_that_matches_fires_each_of_its_sends) {
    auto event = event_of("record.created", "{}");
    EXPECT_EQ(routed({{"record.*"},
                      {"record.created", R"({"object": ["deals"]})", "subject", {}, 2},
                      {"record.created", R"({"object": ["people"]})"},
                      {"note.created"}},
                     event),
              (Names{"rule 0#0@s1", "rule 1#0@s1", "rule 1#1@s1"}));
}

TEST(Router, patterns_and_orders_may_look_into_the_data) {
    auto event = event_of("x", R"({"n": 5, "owner": {"id": 7}})");
    EXPECT_EQ(routed({{"x", R"({"data.n": [5]})"}, {"x", R"({"data": {"n": [6]}})"}}, event),
              Names{"rule 0#0@s1"});
    EXPECT_EQ(routed({{"x", "{}", "data.owner.id"}}, event), Names{"rule 0#0@7"});
    EXPECT_EQ(routed({{"x", R"({"$or": [{"data": {"n": [5]}}, {"object": ["none"]}]})"}}, event),
              Names{"rule 0#0@s1"});
}

TEST(Router, an_order_that_is_none_or_absent_from_the_event_is_unordered) {
    auto event = event_of("x", "{}");
    EXPECT_EQ(routed({{"x", "{}", "none"}, {"x", "{}", "data.absent"}, {"x", "{}", "object"}}, event),
              (Names{"rule 0#0@", "rule 1#0@", "rule 2#0@deals"}));
}

TEST(Router, looks_closer_only_when_a_rule_waits_for_what_could_be_found) {
    auto event = event_of("task.updated", "{}");
    EXPECT_EQ(routed({{"task.completed"}}, event), Names{"derive#0@s1"});
    EXPECT_EQ(routed({{"task.*"}}, event), (Names{"derive#0@s1", "rule 0#0@s1"}));
    EXPECT_EQ(routed({{"record.*"}}, event), Names{});
    EXPECT_EQ(routed({{"task.completed", "{}", "subject", {"elsewhere"}}}, event), Names{});
    EXPECT_EQ(routed({{"task.completed"}}, event_of("task.completed", "{}")), Names{"rule 0#0@s1"});
}

}  // namespace
}  // namespace syncline
