// Sources and destinations: a name, a connector, its settings, and how to treat it.
#include <algorithm>
#include <map>

#include "core/base/text.hpp"
#include "core/config/draft.hpp"
#include "core/config/schema_check.hpp"

namespace syncline::config {
namespace {

constexpr std::uint32_t concurrency_max = 1024;
constexpr std::size_t retry_schedule_max = 50;
constexpr std::int64_t retry_delay_ms_max = 30LL * 86'400'000;
constexpr std::int64_t attempt_timeout_ms_max = 600'000;
constexpr std::int64_t expire_ms_min = 1'000;
constexpr std::int64_t expire_ms_max = 365LL * 86'400'000;

/// A configured name stands in paths, filters and fetches.
bool check_name(const Node& node, const char* what, Draft& draft) {
    auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    };
    const std::string& name = node.key;
    if (!name.empty() && name.size() <= name_bytes_max &&
        std::all_of(name.begin(), name.end(), plain))
        return true;
    draft.report().error_at_key(node, quoted(name) + " cannot be the name of a " + what,
                                "letters, digits, - and _, at most " +
                                std::to_string(name_bytes_max));
    return false;
}

/// The connector's name; its descriptor when it is known.
const ConnectorDescriptor* load_connector(const Node& node, std::string& out, Draft& draft) {
    const Node* written = node.find("connector");
    if (!written) {
        draft.report().error_at_key(node, "\"connector\" is missing", "which connector is it?");
        return nullptr;
    }
    if (!draft.reader.text(written, out)) return nullptr;
    const auto* catalog = draft.reader.context().connectors;
    if (!catalog) return nullptr;
    const auto* found = catalog->find(out);
    if (found) return found;
    auto names = catalog->names();
    auto hint = suggestion(out, names);
    if (hint.empty())
        hint = names.empty() ? "no connector was found; see connectors.path"
                             : "there are " + name_list(names);
    draft.report().error(*written, "there is no connector " + quoted(out), hint);
    return nullptr;
}

Json load_settings(const Node& node, const ConnectorDescriptor* descriptor, Draft& draft) {
    const Node* settings = node.find("settings");
    if (!settings || settings->is_null()) {
        if (descriptor) require_members(settings ? *settings : node, descriptor->settings,
                                        draft.reader);
        return Json::object();
    }
    if (!draft.reader.map(settings)) return Json::object();
    return read_by_schema(*settings, descriptor ? descriptor->settings : Json(),
                          SchemaUse::settings, draft.reader);
}

void load_path(const Node* node, SourceConfig& source, Draft& draft) {
    source.path = "/webhooks/" + source.name;
    std::string path;
    if (!draft.reader.text(node, path)) return;
    bool plain = path[0] == '/' && path.find_first_of(" ?#%\\\t") == std::string::npos &&
                 path.find("//") == std::string::npos && path.size() <= 256;
    if (!plain)
        return draft.reader.expected(*node, "a path", "as in /webhooks/attio: it begins with / "
                                     "and has no query, escapes or blanks");
    source.path = std::move(path);
}

void load_secrets(const Node* node, SourceConfig& source, Draft& draft) {
    if (!node || node->broken) return;
    std::string secret;
    if (!node->is_sequence()) {
        if (draft.reader.secret(node, secret)) source.secrets.push_back(secret);
        return;
    }
    for (const auto& item : node->children)
        if (draft.reader.secret(&item, secret)) source.secrets.push_back(secret);
    if (node->children.empty())
        draft.report().error_at_key(*node, "the list of secrets is empty");
    if (node->children.size() > limits::secrets_per_source_max)
        draft.report().error_at_key(*node, "at most " +
                                    std::to_string(limits::secrets_per_source_max) +
                                    " secrets are tried");
}

void load_source(const Node& node, Draft& draft) {
    SourceConfig source;
    source.name = node.key;
    if (check_name(node, "source", draft) && node.key == hub_source)
        draft.report().error_at_key(node, "\"syncline\" is the source of the hub's own events",
                                    "choose another name");
    if (draft.reader.keys(&node, {"connector", "path", "secret", "settings"})) {
        const auto* descriptor = load_connector(node, source.connector, draft);
        if (descriptor && !descriptor->is_source)
            draft.report().error(*node.find("connector"), "the connector " +
                                 quoted(source.connector) + " is no source",
                                 "it can be used under destinations");
        load_path(node.find("path"), source, draft);
        load_secrets(node.find("secret"), source, draft);
        source.settings = load_settings(node, descriptor, draft);
    }
    draft.config.sources.push_back(std::move(source));
}

/// Two sources under one path could not be told apart.
void check_paths(const Node& node, Draft& draft) {
    std::map<std::string, std::string> owners;
    for (std::size_t i = 0; i < node.children.size(); ++i) {
        const SourceConfig& source = draft.config.sources[i];
        auto [owner, fresh] = owners.emplace(source.path, source.name);
        if (fresh) continue;
        const Node& written = node.children[i];
        const Node* path = written.find("path");
        draft.report().error(path ? *path : written, "the path " + quoted(source.path) +
                             " already belongs to the source " + quoted(owner->second));
    }
}

void load_schedule(const Node* node, RetryConfig& retry, Draft& draft) {
    if (!node || !draft.reader.list(node)) return;
    if (node->children.empty() || node->children.size() > retry_schedule_max)
        return draft.report().error_at_key(*node, "expected 1 to " +
                                           std::to_string(retry_schedule_max) + " delays, found " +
                                           std::to_string(node->children.size()));
    retry.schedule_ms.clear();
    for (const auto& item : node->children) {
        std::int64_t delay_ms = 0;
        draft.reader.duration(&item, delay_ms, 0, retry_delay_ms_max);
        retry.schedule_ms.push_back(delay_ms);
    }
}

void load_isolation(const Node* node, Draft& draft) {
    std::string isolation;
    if (!draft.reader.text(node, isolation) || isolation == "none") return;
    if (isolation != "process")
        return draft.reader.not_one_of(*node, isolation, {"none", "process"});
    draft.report().error(*node, "this version cannot run a connector in a process of its own",
                         "remove the key, or write isolation: none");
}

void load_destination(const Node& node, Draft& draft) {
    DestinationConfig made;
    made.name = node.key;
    if (check_name(node, "destination", draft) && draft.config.source(node.key))
        draft.report().error_at_key(node, "there is already a source " + quoted(node.key),
                                    "names are shared: rename one, or send to the source itself "
                                    "when its connector can do that");
    if (draft.reader.keys(&node, {"connector", "settings", "rate", "concurrency", "timeout",
                                  "retry", "isolation"})) {
        const auto* descriptor = load_connector(node, made.connector, draft);
        if (descriptor && !descriptor->is_destination)
            draft.report().error(*node.find("connector"), "the connector " +
                                 quoted(made.connector) + " is no destination",
                                 "it can be used under sources");
        if (descriptor) apply_defaults(*descriptor, made);
        made.settings = load_settings(node, descriptor, draft);
        draft.reader.rate(node.find("rate"), made.rate);
        draft.reader.integer(node.find("concurrency"), made.concurrency, 1, concurrency_max);
        draft.reader.duration(node.find("timeout"), made.timeout_ms, 1, attempt_timeout_ms_max);
        const Node* retry = node.find("retry");
        if (draft.reader.keys(retry, {"schedule", "jitter", "expire"})) {
            load_schedule(retry->find("schedule"), made.retry, draft);
            draft.reader.percent(retry->find("jitter"), made.retry.jitter_percent);
            draft.reader.duration(retry->find("expire"), made.retry.expire_ms, expire_ms_min,
                                  expire_ms_max);
        }
        load_isolation(node.find("isolation"), draft);
    }
    draft.config.destinations.push_back(std::move(made));
}

}  // namespace

void apply_defaults(const ConnectorDescriptor& descriptor, DestinationConfig& destination) {
    if (auto rate = parse_rate(descriptor.rate)) destination.rate = *rate;
    if (descriptor.concurrency > 0) destination.concurrency = descriptor.concurrency;
}

void load_sources(const Node* node, Draft& draft) {
    if (!draft.reader.map(node)) return;
    for (const auto& member : node->children) load_source(member, draft);
    check_paths(*node, draft);
    if (node->children.empty())
        draft.report().error_at_key(*node, "there is no source under \"sources\"");
}

void load_destinations(const Node* node, Draft& draft) {
    if (!draft.reader.map(node)) return;
    for (const auto& member : node->children) load_destination(member, draft);
}

}  // namespace syncline::config
