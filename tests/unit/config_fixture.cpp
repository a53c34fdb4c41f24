// See config_fixture.hpp.
#include "tests/unit/config_fixture.hpp"

#include <gtest/gtest.h>

namespace syncline::config {
namespace {

constexpr const char* attio = R"({
  "name": "attio", "version": "1", "roles": ["source", "destination"],
  "settings": {"type": "object", "additionalProperties": false, "required": ["api_key"],
    "properties": {
      "api_key": {"type": "string", "secret": true, "description": "an access token"},
      "dialect": {"type": "string", "enum": ["auto", "v2", "timestamped"], "default": "auto"}}},
  "events": ["record.created", "record.updated", "note.created", "task.updated"],
  "derives": {"task.completed": ["task.updated"]},
  "documents": {"record": {"summary": "a record"}, "note": {"summary": "a note"}},
  "actions": {"set_entry": {"input": {"type": "object", "required": ["entry"],
    "properties": {"entry": {"type": "string"}, "values": {"type": "object"}}}}},
  "rate": "25/s"})";

constexpr const char* http = R"({
  "name": "http", "version": "1", "roles": ["source", "destination"],
  "settings": {"type": "object",
    "properties": {"url": {"type": "string"}, "secret": {"type": "string", "secret": true},
      "headers": {"type": "object", "additionalProperties": {"type": "string"}}}},
  "actions": {"forward": {"input": {"type": "object", "additionalProperties": false}}}})";

constexpr const char* crm = R"({
  "name": "crm", "version": "1", "roles": ["destination"], "rate": "100/10s", "concurrency": 3,
  "settings": {"type": "object", "required": ["token"],
    "properties": {"token": {"type": "string", "secret": true},
      "region": {"type": "string", "enum": ["eu", "us"]},
      "batch": {"type": "integer", "minimum": 1, "maximum": 100},
      "archive": {"type": "boolean"}}},
  "actions": {"upsert": {"input": {"type": "object", "required": ["object", "key"],
    "properties": {"object": {"type": "string", "description": "contacts, deals, …"},
      "key": {"type": "object"}, "properties": {"type": "object"},
      "priority": {"type": "integer"}, "urgent": {"type": "boolean"},
      "mode": {"type": "string", "enum": ["merge", "replace"]},
      "tags": {"type": "array", "items": {"type": "string"}}}}},
    "archive": {"input": {"type": "object"}}}})";

constexpr const char* wiki = R"({
  "name": "wiki", "version": "1", "roles": ["destination"],
  "actions": {"upsert_page": {}}})";

constexpr const char* feed = R"({
  "name": "feed", "version": "1", "roles": ["source"],
  "events": ["item.published", "site.added"],
  "attributes": {"*": ["site"], "item.*": ["title", "author.name"], "site.*": ["owner"]}})";

}  // namespace

FakeCatalog::FakeCatalog() {
    for (const char* json : {attio, http, crm, wiki, feed}) add(json);
}

void FakeCatalog::add(const char* json) {
    auto parsed = Json::parse(json);
    ASSERT_TRUE(parsed) << json;
    auto made = ConnectorDescriptor::from_json(*parsed);
    ASSERT_TRUE(made) << made.error().text();
    known_.emplace(made->name, std::move(*made));
}

const ConnectorDescriptor* FakeCatalog::find(std::string_view connector) const {
    auto found = known_.find(connector);
    return found == known_.end() ? nullptr : &found->second;
}

std::vector<std::string> FakeCatalog::names() const {
    std::vector<std::string> names;
    for (const auto& [name, descriptor] : known_) names.push_back(name);
    return names;
}

Loaded load(std::string_view text, const Surroundings& around) {
    FakeCatalog catalog;
    LoadContext context;
    context.file_name = around.file_name;
    context.connectors = around.with_catalog ? &catalog : nullptr;
    context.environment = [&](const std::string& name) -> std::optional<std::string> {
        auto found = around.environment.find(name);
        return found == around.environment.end() ? std::nullopt : std::optional(found->second);
    };
    context.read_file = [&](const std::string& path) -> Result<std::string> {
        auto found = around.files.find(path);
        if (found == around.files.end()) return Error(ErrorCode::not_found, "there is none");
        return found->second;
    };
    return load_config(text, context);
}

std::string problems(std::string_view text, const Surroundings& around) {
    std::string out;
    for (const auto& problem : load(text, around).problems)
        out += format_problem(problem, text, "hub.yaml", false);
    return out;
}

std::string messages(std::string_view text, const Surroundings& around) {
    std::string out;
    for (const auto& problem : load(text, around).problems)
        out += (problem.warning ? "warning: " : "") + problem.message + "\n";
    return out;
}

std::string with_rules(std::string_view rules) {
    std::string text =
        "sources:\n"
        "  attio: {connector: attio, settings: {api_key: a-key-of-attio}}\n"
        "destinations:\n"
        "  crm: {connector: crm, settings: {token: a-token-of-crm}}\n"
        "  wiki: {connector: wiki}\n"
        "rules:\n";
    return text.append(rules);
}

std::string with_send(std::string_view send) {
    std::string rule = "  - on: record.created\n    send:\n";
    return with_rules(rule.append(send));
}

}  // namespace syncline::config
