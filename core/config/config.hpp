// The configuration as the hub runs it: checked, typed, immutable. Made by load_config() from one
// YAML file; every error of the file is reported, each with its place.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/limits.hpp"
#include "core/base/log.hpp"
#include "core/base/result.hpp"
#include "core/model/descriptor.hpp"
#include "core/sdk/json.hpp"
#include "rules/rules.hpp"

namespace syncline::config {

struct ListenAddress {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;      // 0: any free one; the ready line names it
};

struct ServerConfig {
    ListenAddress listen{"127.0.0.1", 8080};
    std::string public_url;
    std::size_t body_bytes_max = limits::body_bytes_default;
    std::size_t connections_max = limits::connections_default;
    std::int64_t header_timeout_ms = limits::header_timeout_ms_default;
    std::int64_t body_timeout_ms = limits::body_timeout_ms_default;
    std::int64_t idle_timeout_ms = limits::idle_timeout_ms_default;
};

struct AdminConfig {
    bool enabled = true;
    bool listen_is_default = true;   // the file names no address
    ListenAddress listen{"127.0.0.1", 8081};
    std::string token;           // may be empty on loopback: then every request is refused but health
};

struct SourceConfig {
    std::string name;
    std::string connector;
    std::string path;                    // "/webhooks/<name>" unless set
    std::vector<std::string> secrets;    // several while rotating
    Json settings = Json::object();      // secrets resolved
};

struct Rate {
    std::uint32_t count = 0;             // 0: unlimited
    std::int64_t per_ms = 1000;
};

struct RetryConfig {
    std::vector<std::int64_t> schedule_ms;   // delay before attempt 2, 3, …; then dead
    std::uint32_t jitter_percent = 20;
    std::int64_t expire_ms = 0;              // given up when older than this; 0: never for its age
    RetryConfig();                           // the default schedule of the design, §8
};

struct DestinationConfig {
    std::string name;
    std::string connector;
    Json settings = Json::object();
    Rate rate;
    std::uint32_t concurrency = limits::concurrency_default;
    std::int64_t timeout_ms = limits::attempt_timeout_ms_default;
    RetryConfig retry;
};

struct FetchConfig {
    std::string name;                    // the variable: "record"
    std::string source;                  // configured source name
    std::string document;                // "record"
};

enum class OnDead { pass, hold };

struct SendConfig {
    std::string to;
    std::string action;
    rules::TemplateTree with;
    bool strict = false;                 // what `with` names must be there
    OnDead on_dead = OnDead::pass;
};

struct RuleConfig {
    std::string name;
    std::vector<std::string> on;         // as written
    std::vector<FetchConfig> fetch;
    std::optional<rules::Pattern> condition;   // `if`
    std::string order = "subject";       // a path, or "none"
    std::optional<bool> coalesce;
    std::vector<SendConfig> send;
};

struct EgressConfig {
    std::vector<std::string> allow;      // "127.0.0.1:7700", "10.0.0.0/8", "host:port"
};

struct HubConfig {
    ServerConfig server;
    AdminConfig admin;
    std::string store_path;              // of sqlite:
    std::int64_t dedupe_window_ms = limits::dedupe_window_ms_default;
    std::int64_t payload_retention_ms = limits::payload_retention_ms_default;
    std::int64_t attempt_retention_ms = limits::attempt_retention_ms_default;
    std::vector<std::string> connector_paths;
    LogLevel log_level = LogLevel::info;
    LogFormat log_format = LogFormat::text;
    EgressConfig egress;
    std::vector<SourceConfig> sources;
    std::vector<DestinationConfig> destinations;  // also sources used as destinations
    std::vector<RuleConfig> rules;                // enabled ones, in order
    std::optional<rules::RuleSet> rule_set;       // same indexes as `rules`

    const SourceConfig* source(std::string_view name) const;
    const DestinationConfig* destination(std::string_view name) const;
};

/// One thing wrong with the file.
struct Problem {
    std::size_t line = 0;                // from 1
    std::size_t column = 0;              // from 1, in characters
    std::size_t length = 1;              // of what the caret underlines
    std::string path;                    // "rules[2].send.to"
    std::string message;                 // what was found, what was expected
    std::string hint;                    // "did you mean \"crm\"?"; may be empty
    bool warning = false;
};

/// What the loader asks of its surroundings: the environment, files, the known connectors.
struct LoadContext {
    std::string file_name;               // as shown in messages; relative paths start at its folder
    std::function<std::optional<std::string>(const std::string&)> environment;
    std::function<Result<std::string>(const std::string&)> read_file;
    const ConnectorCatalog* connectors = nullptr;   // nullptr: connectors are not checked
};

struct Loaded {
    std::optional<HubConfig> config;     // absent when any problem is an error
    std::vector<Problem> problems;       // errors and warnings, by place
};

/// Reads and checks `text`. Secrets found on the way are given to log_hide_secret().
Loaded load_config(std::string_view text, const LoadContext& context);

/// The keys under which connectors are found before the file is checked against them:
/// connectors.path of the file, or nothing when it cannot be read.
std::vector<std::string> connector_paths_of(std::string_view text);

/// "file:line:column: error: message", the line, a caret, the hint; for a terminal or a log.
std::string format_problem(const Problem& problem, std::string_view text,
                           const std::string& file_name, bool colour);

}  // namespace syncline::config
