// What can be read but makes no sense: rules that never match or repeat another, and tests of
// documents that are not there when they are asked. Warnings only; runs on rules without errors.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <variant>

#include "core/base/text.hpp"
#include "core/config/contradictions.hpp"
#include "core/config/draft.hpp"

namespace syncline::config {
namespace {

std::string head_of(const std::string& path) { return path.substr(0, path.find_first_of(".[")); }

const Json* as_list(Json& list, const std::vector<std::string>& names) {
    list = Json::array();
    for (const auto& name : names) {
        if (name.find('\\') != std::string::npos) return nullptr;   // `on` has no escapes
        if (name.find('*') == std::string::npos) list.push_back(name);
        else list.push_back(Json::object({{"wildcard", name}}));
    }
    return &list;
}

void imply(const char* path, const char* said_by, const std::vector<std::string>& names,
           PatternParts& parts) {
    Json list;
    bool any = names.empty() || std::find(names.begin(), names.end(), "*") != names.end();
    bool runs = std::any_of(names.begin(), names.end(), [](const std::string& name) {
        return name.find("**") != std::string::npos;
    });
    if (any || runs || !as_list(list, names)) return;
    parts.implied.push_back(ImpliedTest{path, std::move(list), said_by});
}

bool is_fetched(const RuleConfig& rule, const std::string& name) {
    return std::any_of(rule.fetch.begin(), rule.fetch.end(),
                       [&](const FetchConfig& fetch) { return fetch.name == name; });
}

bool is_document(const std::string& name, const Draft& draft) {
    return std::any_of(draft.config.sources.begin(), draft.config.sources.end(),
                       [&](const SourceConfig& source) {
        const auto* descriptor = draft.descriptor(source.connector);
        if (!descriptor) return false;
        const auto& names = descriptor->documents;
        return std::find(names.begin(), names.end(), name) != names.end();
    });
}

void warn_of_contradictions(const Node& node, const RuleConfig& rule,
                            const std::vector<std::string>& from, Draft& draft) {
    PatternParts parts;
    for (const char* key : {"where", "if"}) {
        const Node* pattern = node.find(key);
        if (pattern && pattern->is_map()) parts.patterns.push_back(pattern);
    }
    if (parts.patterns.empty()) return;
    imply("type", "on", rule.on, parts);
    imply("source", "from", from, parts);
    // An event's own data and what is read hold lists; attributes are single values.
    parts.may_be_list = [&](const std::string& path) {
        auto head = head_of(path);
        return head == "data" || is_fetched(rule, head);
    };
    for (auto& found : find_contradictions(parts, draft.reader))
        draft.report().warning(*found.node, std::move(found.message), std::move(found.hint));
}

/// The members under which a pattern's paths begin, with their nodes.
void heads_in(const Node& pattern, std::map<std::string, const Node*>& out) {
    for (const auto& member : pattern.children) {
        if (member.key == "$or" || member.key == "$and")
            for (const auto& group : member.children) heads_in(group, out);
        else if (member.key == "$not")
            heads_in(member, out);
        else
            out.emplace(head_of(member.key), &member);
    }
}

void warn_of_documents(const Node& node, const RuleConfig& rule, Draft& draft) {
    std::map<std::string, const Node*> heads;
    if (const Node* where = node.find("where")) heads_in(*where, heads);
    for (const auto& [name, at] : heads)
        if (is_fetched(rule, name))
            draft.report().warning_inside(*at, at->key_place, quoted(name) + " is not read yet "
                                          "when \"where\" is tested: this rule never matches",
                                          "move the test under \"if\"");
    heads.clear();
    if (const Node* condition = node.find("if")) heads_in(*condition, heads);
    if (const Node* where = node.find("where")) heads_in(*where, heads);
    for (const auto& [name, at] : heads)
        if (is_document(name, draft)) warn_of_unread(*at, at->key_place, name, rule, draft);
}

// --- Attributes -----------------------------------------------------------------------------------

/// What the events of a rule may have, by what its sources say; nothing when one of them is silent.
std::optional<std::vector<std::string>> attributes_of(const RuleConfig& rule,
                                                      const std::vector<std::string>& from,
                                                      const Draft& draft) {
    auto listens = [&](const std::string& pattern) {
        auto types = rules::TypeSet::compile({pattern});
        const auto* set = std::get_if<rules::TypeSet>(&types);
        return set && std::any_of(rule.on.begin(), rule.on.end(), [&](const std::string& type) {
            return type.find('*') != std::string::npos || set->contains(type);
        });
    };
    auto named = [&](std::string_view source) {
        return from.empty() || std::find(from.begin(), from.end(), source) != from.end();
    };
    // The hub's own events are told by their types; a rule on them is about other attributes.
    bool hub = std::any_of(rule.on.begin(), rule.on.end(), [](const std::string& type) {
        return type.starts_with(hub_source) || type.starts_with('*');
    });
    if (draft.config.sources.empty() || (hub && named(hub_source))) return std::nullopt;
    std::vector<std::string> names;
    for (const auto& source : draft.config.sources) {
        if (!named(source.name)) continue;
        const auto* descriptor = draft.descriptor(source.connector);
        if (!descriptor || descriptor->attributes.empty()) return std::nullopt;
        for (const auto& [pattern, some] : descriptor->attributes)
            if (listens(pattern)) names.insert(names.end(), some.begin(), some.end());
    }
    for (const char* own : {"id", "source", "type", "subject", "time", "received", "data"})
        names.emplace_back(own);
    for (const auto& fetch : rule.fetch) names.push_back(fetch.name);
    return names;
}

/// `path` is one of the names, leads to one, or leads on from one.
bool is_known(const std::string& path, const std::vector<std::string>& names) {
    auto begins = [](const std::string& longer, const std::string& shorter) {
        return longer.starts_with(shorter) &&
               (longer.size() == shorter.size() || longer[shorter.size()] == '.');
    };
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
        return begins(path, name) || begins(name, path);
    });
}

/// Every member of a pattern by the path that it stands for.
void members_in(const Node& pattern, const std::string& prefix,
                std::map<std::string, const Node*>& out) {
    for (const auto& member : pattern.children) {
        if (member.key == "$or" || member.key == "$and") {
            for (const auto& group : member.children) members_in(group, prefix, out);
            continue;
        }
        bool negation = member.key == "$not";
        std::string path = negation ? prefix : prefix.empty() ? member.key
                                                              : prefix + "." + member.key;
        if (!negation) out.emplace(path, &member);
        if (member.is_map()) members_in(member, path, out);
    }
}

void warn_of_attributes(const Node& pattern, const std::vector<std::string>& paths,
                        const std::vector<std::string>& names, Draft& draft) {
    std::map<std::string, const Node*> members;
    members_in(pattern, std::string(), members);
    for (const auto& path : paths) {
        auto at = members.find(path);
        if (at == members.end() || is_known(path, names)) continue;
        if (is_document(head_of(path), draft)) continue;   // said already: it is not fetched
        auto hint = suggestion(path, names);
        draft.report().warning_inside(*at->second, at->second->key_place,
                                      "no event that this rule is on has " + quoted(path),
                                      hint.empty() ? "what is in the event itself is below data"
                                                   : hint);
    }
}

/// One letter too many, too few, wrong, or two swapped; _ for - besides.
bool is_one_slip(std::string left, std::string right) {
    std::replace(left.begin(), left.end(), '_', '-');
    auto [a, b] = std::mismatch(left.begin(), left.end(), right.begin(), right.end());
    left.erase(left.begin(), a);
    right.erase(right.begin(), b);
    auto [c, d] = std::mismatch(left.rbegin(), left.rend(), right.rbegin(), right.rend());
    left.erase(c.base(), left.end());
    right.erase(d.base(), right.end());
    return (left.size() <= 1 && right.size() <= 1) || (left.size() == 2 && same_letters(left, right));
}

/// The operator that a name below a path is a slip of: outside a list it is a name, in one it would
/// be an error, and the compiler's message says which operator is near.
std::string near_operator(const Node& node) {
    Json test = Json::object();
    test.set(node.key, "x");
    Json list = Json::array();
    list.push_back(std::move(test));
    Json pattern = Json::object();
    pattern.set("value", std::move(list));
    auto compiled = rules::Pattern::compile(pattern);
    auto* fault = std::get_if<rules::Fault>(&compiled);
    constexpr std::size_t letters_min = 5;   // shorter names are near to too much
    constexpr std::string_view asks = "did you mean \"";
    auto at = fault ? fault->message.find(asks) : std::string::npos;
    if (at == std::string::npos || node.key.size() < letters_min) return std::string();
    auto near = fault->message.substr(at + asks.size());
    near = near.substr(0, near.find('"'));
    return is_one_slip(node.key, near) ? "did you mean the operator " + quoted(near) + "?"
                                       : std::string();
}

void warn_of_slips(const Node& pattern, const std::string& path, Draft& draft) {
    for (const auto& member : pattern.children) {
        bool group = member.key == "$or" || member.key == "$and";
        if (group)
            for (const auto& one : member.children) warn_of_slips(one, path, draft);
        else if (member.key == "$not")
            warn_of_slips(member, path, draft);
        else if (member.is_map())
            warn_of_slips(member, member.key, draft);
        if (group || member.is_map() || path.empty()) continue;
        auto hint = near_operator(member);
        if (hint.empty()) continue;
        draft.report().warning_inside(member, member.key_place, quoted(member.key) +
                                      " is read as a name below " + quoted(path), hint);
    }
}

/// The rule without its name, in one form for all spellings of the same.
std::string form_of(const Node& node) {
    std::string text;
    if (node.is_scalar()) {
        json_quote_to(text, node.text);
        return (node.quoted ? "q" : "p") + text;
    }
    if (node.is_sequence()) {
        for (const auto& item : node.children) text += form_of(item) + ",";
        return "[" + text + "]";
    }
    std::map<std::string, std::string> members;
    for (const auto& member : node.children) members[member.key] = form_of(member);
    for (const auto& [name, value] : members) {
        json_quote_to(text, name);
        text += ":" + value + ",";
    }
    return "{" + text + "}";
}

std::string form_of_set(const Node* node) {
    std::set<std::string> names;
    if (node && node->is_scalar()) names.insert(node->text);
    if (node)
        for (const auto& item : node->children) names.insert(item.text);
    std::string text;
    for (const auto& name : names) json_quote_to(text, name);
    return text;
}

std::string form_of_rule(const Node& rule) {
    std::string text = form_of_set(rule.find("on")) + "|" + form_of_set(rule.find("from"));
    for (const char* key : {"where", "if", "fetch", "order", "coalesce"}) {
        const Node* node = rule.find(key);
        text += std::string("|") + key + (node && !node->is_null() ? form_of(*node) : "{}");
    }
    const Node* send = rule.find("send");
    if (!send) return text;
    return text + (send->is_sequence() ? form_of(*send) : "[" + form_of(*send) + ",]");
}

}  // namespace

void warn_of_unread(const Node& at, const Place& place, const std::string& name,
                    const RuleConfig& rule, Draft& draft) {
    if (is_fetched(rule, name)) return;
    for (const auto& source : draft.config.sources) {
        const auto* descriptor = draft.descriptor(source.connector);
        if (!descriptor) continue;
        const auto& documents = descriptor->documents;
        if (std::find(documents.begin(), documents.end(), name) == documents.end()) continue;
        draft.report().warning_inside(at, place, quoted(name) +
                                      " is empty: this rule does not fetch it",
                                      "add fetch: {" + name + ": " + source.name + "." + name + "}");
        return;
    }
    // Only near misses are said: an event may have more attributes than its source lists.
    std::vector<std::string> fetched;
    for (const auto& fetch : rule.fetch) fetched.push_back(fetch.name);
    auto names = attributes_of(rule, {}, draft).value_or(fetched);
    for (auto& known : names) known = head_of(known);
    if (name == "now" || std::find(names.begin(), names.end(), name) != names.end()) return;
    auto hint = suggestion(name, names);
    if (!hint.empty())
        draft.report().warning_inside(at, place, "nothing gives " + quoted(name) + " here", hint);
}

void warn_of_rule(const Node& node, const RuleConfig& rule, const rules::RuleEntry& entry,
                  Draft& draft) {
    warn_of_contradictions(node, rule, entry.from, draft);
    auto names = attributes_of(rule, entry.from, draft);
    const Node *where = node.find("where"), *condition = node.find("if");
    if (names && where) warn_of_attributes(*where, entry.where.paths(), *names, draft);
    if (names && condition) warn_of_attributes(*condition, rule.condition->paths(), *names, draft);
    warn_of_documents(node, rule, draft);
    for (const char* key : {"where", "if"})
        if (const Node* pattern = node.find(key)) warn_of_slips(*pattern, std::string(), draft);
}

void warn_of_duplicates(const std::vector<const Node*>& rules, Draft& draft) {
    std::map<std::string, const Node*> seen;
    for (const Node* rule : rules) {
        auto [first, fresh] = seen.emplace(form_of_rule(*rule), rule);
        if (fresh) continue;
        const Node* name = rule->find("name");
        const Node* other = first->second->find("name");
        const Node& at = name ? *name : *rule;
        const Node& there = other ? *other : *first->second;
        draft.report().warning(at, "this rule repeats " +
                               (other ? quoted(other->text) : std::string("another")) +
                               ": what it sends is sent twice",
                               "the other is in line " + std::to_string(there.place.line) +
                               "; remove one of them");
    }
}

}  // namespace syncline::config
