// Rules: on which events, with which reads, under which conditions. What they send is in
// load_sends.cpp. Patterns are compiled here, and their faults are given a place in the file.
#include <algorithm>
#include <map>
#include <set>

#include "core/base/text.hpp"
#include "core/config/draft.hpp"
#include "core/config/schema_check.hpp"

namespace syncline::config {
namespace {

constexpr std::size_t rule_name_bytes_max = 200;  // it stands in every delivery and log line

bool has_broken(const Node& node) {
    return node.broken || std::any_of(node.children.begin(), node.children.end(), has_broken);
}

/// The node that a fault's path ("actor.type[0].prefix") leads to, or the last one on the way.
/// Keys may hold dots themselves, so the longest key that fits is taken.
const Node& node_at(const Node& node, std::string_view path) {
    if (!path.empty() && path[0] == '.') path.remove_prefix(1);
    if (node.is_sequence() && !path.empty()) {
        auto digits = path.substr(path[0] == '[' ? 1 : 0);
        auto count = std::min(digits.find_first_not_of("0123456789"), digits.size());
        auto index = parse_decimal(digits.substr(0, count));
        if (!index || *index >= node.children.size()) return node;
        auto rest = digits.substr(count);
        if (!rest.empty() && rest[0] == ']') rest.remove_prefix(1);
        return node_at(node.children[static_cast<std::size_t>(*index)], rest);
    }
    const Node* best = nullptr;
    for (const auto& child : node.children) {
        bool begins = path.substr(0, child.key.size()) == child.key;
        auto rest = begins ? path.substr(child.key.size()) : path;
        bool ends = rest.empty() || rest[0] == '.' || rest[0] == '[';
        if (begins && ends && (!best || child.key.size() > best->key.size())) best = &child;
    }
    return best ? node_at(*best, path.substr(best->key.size())) : node;
}

void report_fault(const Node& pattern, const rules::Fault& fault, Draft& draft) {
    const Node& node = node_at(pattern, fault.path);
    // A message that names the key is about the key, not about its value.
    bool about_key = !node.key.empty() && fault.message.find(quoted(node.key)) != std::string::npos;
    if (about_key) draft.report().error_at_key(node, fault.message);
    else draft.report().error(node, fault.message);
}

/// Compiles each member of its own first, so that every fault is found, not the first alone.
rules::Pattern load_pattern(const Node& node, Draft& draft) {
    if (has_broken(node) || !draft.reader.map(&node)) return rules::Pattern();
    auto errors = draft.report().error_count();
    for (const auto& member : node.children) {
        Json part = Json::object();
        part.set(member.key, read_plain(member, draft.reader));
        auto compiled = rules::Pattern::compile(part);
        if (auto* fault = std::get_if<rules::Fault>(&compiled)) report_fault(node, *fault, draft);
    }
    if (draft.report().error_count() > errors) return rules::Pattern();
    auto whole = rules::Pattern::compile(read_plain(node, draft.reader));
    if (auto* fault = std::get_if<rules::Fault>(&whole)) {
        report_fault(node, *fault, draft);
        return rules::Pattern();
    }
    return std::get<rules::Pattern>(std::move(whole));
}

/// What the sources that a rule listens to say about the events they send.
struct KnownEvents {
    std::vector<std::string> names;
    bool complete = true;   // false: a source may send types that it does not list
    std::vector<std::string> from;   // the rule's; empty: all sources
};

KnownEvents known_events(const std::vector<std::string>& from, const Draft& draft) {
    KnownEvents known;
    known.from = from;
    known.names = {"syncline.delivery.dead", "syncline.destination.held",
                   "syncline.destination.recovered", "syncline.config.reloaded"};
    known.complete = !draft.config.sources.empty();
    for (const auto& source : draft.config.sources) {
        if (!from.empty() && std::find(from.begin(), from.end(), source.name) == from.end())
            continue;
        const auto* descriptor = draft.descriptor(source.connector);
        if (!descriptor || descriptor->events.empty()) {
            known.complete = false;
            continue;
        }
        auto& names = known.names;
        names.insert(names.end(), descriptor->events.begin(), descriptor->events.end());
        for (const auto& [type, origins] : descriptor->derives) names.push_back(type);
    }
    return known;
}

bool sends(const rules::TypeSet& set, const KnownEvents& known) {
    return std::any_of(known.names.begin(), known.names.end(),
                       [&](const auto& type) { return set.contains(type); });
}

/// A configured source that does send such events, when those under `from` do not.
std::string sender_of(const rules::TypeSet& set, const Draft& draft) {
    for (const auto& source : draft.config.sources) {
        const auto* descriptor = draft.descriptor(source.connector);
        if (!descriptor) continue;
        const auto& events = descriptor->events;
        if (std::any_of(events.begin(), events.end(),
                        [&](const auto& type) { return set.contains(type); }))
            return quoted(source.name) + " sends it";
    }
    return std::string();
}

void check_event_name(const Node& node, const rules::TypeSet& set, const std::string& name,
                      const KnownEvents& known, Draft& draft) {
    if (sends(set, known) || name == "*") return;
    auto hint = suggestion(name, known.names);
    if (hint.empty() && !known.complete) return;
    if (hint.empty()) hint = sender_of(set, draft);
    std::string who = known.from.empty() ? "no source is" : name_list(known.from) + " is not";
    draft.report().warning(node, who + " known to send the event " + quoted(name), hint);
}

rules::TypeSet load_on(const Node& rule, RuleConfig& made, const KnownEvents& known,
                       Draft& draft) {
    const Node* node = rule.find("on");
    if (!node) {
        draft.report().error(rule, "\"on\" is missing",
                             "which events? as in on: record.created, or on: '*'");
        return rules::TypeSet();
    }
    if (!node->is_scalar() && (!node->is_sequence() || node->children.empty())) {
        if (!node->broken) draft.reader.expected(*node, "an event's name or a list of them");
        return rules::TypeSet();
    }
    const Node* first = node->is_scalar() ? node : node->children.data();
    std::size_t count = node->is_scalar() ? 1 : node->children.size();
    for (std::size_t i = 0; i < count; ++i) {
        std::string name;
        if (!draft.reader.text(first + i, name)) continue;
        auto compiled = rules::TypeSet::compile({name});
        if (auto* fault = std::get_if<rules::Fault>(&compiled)) {
            draft.report().error(first[i], fault->message);
            continue;
        }
        check_event_name(first[i], std::get<rules::TypeSet>(compiled), name, known, draft);
        made.on.push_back(std::move(name));
    }
    auto whole = rules::TypeSet::compile(made.on);
    auto* set = std::get_if<rules::TypeSet>(&whole);
    return set ? std::move(*set) : rules::TypeSet();
}

std::vector<std::string> load_from(const Node* node, Draft& draft) {
    std::vector<std::string> from, found;
    draft.reader.texts(node, from);
    if (draft.names_are_open) return from;
    auto names = source_names(draft);
    names.emplace_back(hub_source);
    for (std::size_t i = 0; i < from.size(); ++i) {
        if (std::find(names.begin(), names.end(), from[i]) != names.end()) {
            found.push_back(from[i]);
            continue;
        }
        const Node& at = node->is_scalar() || from.size() != node->children.size()
                             ? *node : node->children[i];
        auto hint = suggestion(from[i], names);
        draft.report().error(at, "there is no source " + quoted(from[i]),
                             hint.empty() ? "there are " + name_list(names) : hint);
    }
    return found;
}

bool check_variable(const Node& node, Draft& draft) {
    static const std::set<std::string, std::less<>> taken = {
        "id", "source", "type", "subject", "time", "received", "data"};
    const std::string& name = node.key;
    bool plain = !name.empty() && (name[0] < '0' || name[0] > '9') &&
                 std::all_of(name.begin(), name.end(), [](unsigned char c) {
                     return c == '_' || (c < 0x80 && std::isalnum(c));
                 });
    if (!plain)
        draft.report().error_at_key(node, quoted(name) + " cannot name a document",
                                    "letters, digits and _");
    if (taken.count(name) != 0)
        draft.report().error_at_key(node, quoted(name) + " is an attribute of every event",
                                    "choose another name for the document");
    return plain;
}

void load_fetch(const Node& node, RuleConfig& rule, Draft& draft) {
    std::string written;
    if (!check_variable(node, draft) || !draft.reader.text(&node, written)) return;
    auto dot = written.find('.');
    if (dot == std::string::npos)
        return draft.reader.expected(node, "a source and a document",
                                     "as in attio.record");
    FetchConfig fetch;
    fetch.name = node.key;
    fetch.source = written.substr(0, dot);
    fetch.document = written.substr(dot + 1);
    if (draft.names_are_open) {
        rule.fetch.push_back(std::move(fetch));
        return;
    }
    const SourceConfig* source = draft.config.source(fetch.source);
    if (!source) {
        auto names = source_names(draft);
        auto hint = suggestion(fetch.source, names);
        return draft.report().error(node, "there is no source " + quoted(fetch.source),
                                    hint.empty() ? "there are " + name_list(names) : hint);
    }
    const auto* descriptor = draft.descriptor(source->connector);
    const auto* documents = descriptor ? &descriptor->documents : nullptr;
    if (documents &&
        std::find(documents->begin(), documents->end(), fetch.document) == documents->end()) {
        auto hint = suggestion(fetch.document, *documents);
        if (hint.empty())
            hint = documents->empty() ? "it has none" : "it has " + name_list(*documents);
        return draft.report().error(node, "the source " + quoted(fetch.source) +
                                    " has no document " + quoted(fetch.document), hint);
    }
    rule.fetch.push_back(std::move(fetch));
}

void load_order(const Node* node, RuleConfig& rule, Draft& draft) {
    std::string order;
    if (!draft.reader.text(node, order)) return;
    bool path = order.find_first_of(" {}[]\"'") == std::string::npos && order.front() != '.' &&
                order.back() != '.';
    if (!path)
        return draft.reader.expected(*node, "a path in the event, or none",
                                     "as in order: subject, order: record_id, order: none");
    rule.order = std::move(order);
}

/// True when the rule is to be read further. Its name is checked even when it is switched off.
bool load_head(const Node& node, std::size_t number, RuleConfig& rule, Draft& draft) {
    if (!draft.reader.keys(&node, {"name", "on", "from", "where", "fetch", "if", "order",
                                   "coalesce", "enabled", "send"}))
        return false;
    rule.name = "rule " + std::to_string(number);
    const Node* name = node.find("name");
    if (draft.reader.text(name, rule.name) && rule.name.size() > rule_name_bytes_max)
        draft.report().error(*name, "the name is longer than " +
                             std::to_string(rule_name_bytes_max) + " bytes");
    bool enabled = true;
    draft.reader.boolean(node.find("enabled"), enabled);
    return enabled;
}

void load_rule(const Node& node, RuleConfig rule, Draft& draft) {
    auto errors = draft.report().error_count();
    rules::RuleEntry entry;
    entry.from = load_from(node.find("from"), draft);
    entry.on = load_on(node, rule, known_events(entry.from, draft), draft);
    if (const Node* where = node.find("where")) entry.where = load_pattern(*where, draft);
    const Node* fetch = node.find("fetch");
    if (draft.reader.map(fetch))
        for (const auto& member : fetch->children) load_fetch(member, rule, draft);
    if (const Node* condition = node.find("if"))
        rule.condition.emplace(load_pattern(*condition, draft));
    load_order(node.find("order"), rule, draft);
    if (const Node* coalesce = node.find("coalesce")) {
        bool chosen = false;
        draft.reader.boolean(coalesce, chosen);
        rule.coalesce = chosen;
    }
    const Node* send = node.find("send");
    if (send) load_sends(*send, rule, draft);
    else draft.report().error(node, "\"send\" is missing",
                              "what is to be done? as in send: {to: crm, do: upsert}");
    if (draft.report().error_count() == errors) warn_of_rule(node, rule, entry, draft);
    draft.config.rules.push_back(std::move(rule));
    draft.entries.push_back(std::move(entry));
}

}  // namespace

std::vector<std::string> source_names(const Draft& draft) {
    std::vector<std::string> names;
    for (const auto& source : draft.config.sources) names.push_back(source.name);
    return names;
}

void load_rules(const Node* node, Draft& draft) {
    if (!draft.reader.list(node)) return;
    std::map<std::string, Place> seen;
    std::vector<const Node*> switched_on;
    for (std::size_t i = 0; i < node->children.size(); ++i) {
        const Node& child = node->children[i];
        RuleConfig rule;
        bool enabled = load_head(child, i + 1, rule, draft);
        if (rule.name.empty()) continue;
        const Node* name = child.find("name");
        Place place = name ? name->place : child.place;
        auto [first, fresh] = seen.emplace(rule.name, place);
        if (!fresh)
            draft.report().error_inside(name ? *name : child, place,
                                        "two rules have the name " + quoted(rule.name),
                                        "the first is in line " +
                                        std::to_string(first->second.line));
        if (!enabled) continue;
        switched_on.push_back(&child);
        load_rule(child, std::move(rule), draft);
    }
    if (!draft.report().has_errors()) warn_of_duplicates(switched_on, draft);
}

}  // namespace syncline::config
