// load_config: reads the whole file top to bottom, part by part, and gives either a configuration
// without errors or every error. This file has the parts about the hub itself; sources,
// destinations and rules have their own.
#include <algorithm>

#include "core/config/draft.hpp"

namespace syncline::config {
namespace {

constexpr std::int64_t second_ms = 1000;
constexpr std::int64_t hour_ms = 3600 * second_ms;
constexpr std::int64_t day_ms = 24 * hour_ms;
constexpr std::int64_t connection_timeout_ms_max = 3600 * second_ms;
constexpr std::size_t connections_max = 1'000'000;  // more than a process may have descriptors

void not_in_this_version(const Node* node, std::string what, std::string hint, Report& report) {
    if (node) report.error_at_key(*node, "this version has no " + std::move(what), std::move(hint));
}

void load_public_url(const Node* node, Draft& draft) {
    std::string url;
    if (!draft.reader.text(node, url)) return;
    bool web = url.rfind("https://", 0) == 0 || url.rfind("http://", 0) == 0;
    if (!web) return draft.reader.expected(*node, "an address that begins with https://");
    if (url.back() == '/') url.pop_back();
    draft.config.server.public_url = std::move(url);
}

void load_limits(const Node* node, Draft& draft) {
    Reader& reader = draft.reader;
    if (!reader.keys(node, {"body", "connections", "header_timeout", "body_timeout",
                            "idle_timeout"}))
        return;
    ServerConfig& server = draft.config.server;
    reader.size(node->find("body"), server.body_bytes_max, limits::body_bytes_max);
    reader.integer(node->find("connections"), server.connections_max, 1,
                   static_cast<std::int64_t>(connections_max));
    auto timeout = [&](const char* key, std::int64_t& out) {
        reader.duration(node->find(key), out, 100, connection_timeout_ms_max);
    };
    timeout("header_timeout", server.header_timeout_ms);
    timeout("body_timeout", server.body_timeout_ms);
    timeout("idle_timeout", server.idle_timeout_ms);
}

void load_server(const Node* node, Draft& draft) {
    if (!draft.reader.keys(node, {"listen", "public_url", "limits", "tls"})) return;
    draft.reader.listen(node->find("listen"), draft.config.server.listen);
    load_public_url(node->find("public_url"), draft);
    load_limits(node->find("limits"), draft);
    not_in_this_version(node->find("tls"), "TLS of its own",
                        "let a reverse proxy end TLS and pass the request on unchanged",
                        draft.report());
}

bool is_loopback(const std::string& host) { return host.rfind("127.", 0) == 0 || host == "::1"; }

void load_admin(const Node* node, Draft& draft) {
    if (!draft.reader.keys(node, {"listen", "token", "enabled"})) return;
    AdminConfig& admin = draft.config.admin;
    draft.reader.boolean(node->find("enabled"), admin.enabled);
    admin.listen_is_default = !node->find("listen");
    draft.reader.listen(node->find("listen"), admin.listen);
    draft.reader.secret(node->find("token"), admin.token);
    if (!admin.enabled || node->find("token") || is_loopback(admin.listen.host)) return;
    draft.report().error(*node->find("listen"),
                         "the admin port is open to the network without a token",
                         "add admin.token, or listen on 127.0.0.1");
}

void load_store(const Node* node, Draft& draft) {
    constexpr std::string_view scheme = "sqlite:";
    draft.config.store_path = draft.reader.scalar_texts().beside_file("syncline.db");
    std::string url;
    if (!draft.reader.text(node, url)) return;
    auto path = std::string_view(url).substr(std::min(url.size(), scheme.size()));
    if (url.rfind("postgres", 0) == 0)
        return not_in_this_version(node, "PostgreSQL store", "use sqlite:./syncline.db",
                                   draft.report());
    // A URL's "//" would be read as an absolute path that nobody meant.
    if (url.rfind(scheme, 0) != 0 || path.empty() || path.substr(0, 2) == "//")
        return draft.reader.expected(*node, "sqlite: and the path of a file",
                                     "as in sqlite:./syncline.db or sqlite:/var/lib/hub.db");
    draft.config.store_path = draft.reader.scalar_texts().beside_file(std::string(path));
}

void load_retention(const Node* node, Draft& draft) {
    if (!draft.reader.keys(node, {"payloads", "attempts", "dedupe"})) return;
    draft.reader.duration(node->find("dedupe"), draft.config.dedupe_window_ms, 60 * second_ms,
                          365 * day_ms);
    draft.reader.duration(node->find("payloads"), draft.config.payload_retention_ms, hour_ms,
                          3650 * day_ms);
    draft.reader.duration(node->find("attempts"), draft.config.attempt_retention_ms, hour_ms,
                          3650 * day_ms);
}

void load_connectors(const Node* node, Draft& draft) {
    if (!draft.reader.keys(node, {"path"})) return;
    draft.reader.texts(node->find("path"), draft.config.connector_paths);
    for (auto& path : draft.config.connector_paths)
        path = draft.reader.scalar_texts().beside_file(path);
}

void load_log(const Node* node, Draft& draft) {
    static constexpr Choice<LogLevel> levels[] = {{"debug", LogLevel::debug},
                                                  {"info", LogLevel::info},
                                                  {"warning", LogLevel::warning},
                                                  {"error", LogLevel::error}};
    static constexpr Choice<LogFormat> formats[] = {{"text", LogFormat::text},
                                                    {"json", LogFormat::json}};
    if (!draft.reader.keys(node, {"level", "format"})) return;
    draft.reader.choice(node->find("level"), draft.config.log_level, levels);
    draft.reader.choice(node->find("format"), draft.config.log_format, formats);
}

void load_egress(const Node* node, Draft& draft) {
    if (!draft.reader.keys(node, {"allow"})) return;
    draft.reader.texts(node->find("allow"), draft.config.egress.allow);
}

void load_parts(const Node& root, Draft& draft) {
    if (!draft.reader.keys(&root, {"server", "admin", "store", "retention", "connectors", "log",
                                   "egress", "sources", "destinations", "rules"}))
        return;
    load_server(root.find("server"), draft);
    load_admin(root.find("admin"), draft);
    load_store(root.find("store"), draft);
    load_retention(root.find("retention"), draft);
    load_connectors(root.find("connectors"), draft);
    load_log(root.find("log"), draft);
    load_egress(root.find("egress"), draft);
    if (!root.find("sources"))
        draft.report().error(root, "\"sources\" is missing",
                             "a hub needs at least one, as in "
                             "sources: {attio: {connector: attio}}");
    load_sources(root.find("sources"), draft);
    load_destinations(root.find("destinations"), draft);
    load_rules(root.find("rules"), draft);
}

}  // namespace

Loaded load_config(std::string_view text, const LoadContext& context) {
    SourceText source(text);
    Report report;
    Reader reader(context, source, report);
    Draft draft(reader);
    auto root = read_yaml(source, report);
    if (root) {
        if (root->is_null() && !report.has_errors()) report.error(*root, "the file is empty");
        else load_parts(*root, draft);
    }
    Loaded loaded;
    bool failed = report.has_errors();
    loaded.problems = report.take(root ? &*root : nullptr);
    if (failed) return loaded;
    draft.config.rule_set.emplace(std::move(draft.entries));
    loaded.config.emplace(std::move(draft.config));
    return loaded;
}

std::vector<std::string> connector_paths_of(std::string_view text) {
    SourceText source(text);
    Report report;
    auto root = read_yaml(source, report);
    std::vector<std::string> paths;
    if (!root) return paths;
    const Node* connectors = root->find("connectors");
    const Node* path = connectors ? connectors->find("path") : nullptr;
    if (!path) return paths;
    if (path->is_scalar()) paths.push_back(path->text);
    for (const auto& item : path->children)
        if (item.is_scalar()) paths.push_back(item.text);
    return paths;
}

}  // namespace syncline::config
