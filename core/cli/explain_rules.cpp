// Tests of a rule in the order in which the hub makes them: on, from, where, if; then its sends.
#include "core/cli/explain_rules.hpp"

#include <algorithm>
#include <tuple>
#include <variant>

#include "core/base/text.hpp"
#include "core/runtime/router.hpp"

namespace syncline::cli {
namespace {

std::string quoted_list(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) {
        if (!text.empty()) text += ", ";
        json_quote_to(text, name);
    }
    return names.size() == 1 ? "is " + text : "is one of " + text;
}

std::string quoted(const std::string& text) {
    std::string out;
    json_quote_to(out, text);
    return out;
}

Miss miss(const char* test, rules::Mismatch mismatch) {
    Miss made;
    made.test = test;
    made.mismatch = std::move(mismatch);
    return made;
}

rules::Mismatch mismatch_of(std::string path, std::string expected, std::string found) {
    rules::Mismatch made;
    made.path = std::move(path);
    made.expected = std::move(expected);
    made.found = std::move(found);
    return made;
}

std::string first_segment(const std::string& path) {
    return path.substr(0, path.find_first_of(".["));
}

bool reads_fetched(const std::vector<std::string>& paths,
                   const std::vector<config::FetchConfig>& fetched) {
    return std::any_of(paths.begin(), paths.end(), [&](const std::string& path) {
        std::string head = first_segment(path);
        return std::any_of(fetched.begin(), fetched.end(),
                           [&](const auto& document) { return document.name == head; });
    });
}

std::string names_of(const Json& object) {
    std::string names;
    for (const auto& member : object.members())
        names += (names.empty() ? "" : ", ") + member.name;
    return names;
}

Json explain_send(const config::SendConfig& send, const config::RuleConfig& rule,
                  const Event& event, const Json& view) {
    Json made = Json::object();
    made.set("to", send.to);
    made.set("do", send.action);
    std::string lane = lane_of(rule.order, event, view);
    if (!lane.empty()) made.set("lane", lane);
    Json scope = view;
    Json unread = unread_documents(send.with.paths(), rule.fetch);
    for (const auto& [name, value] : unread.members()) scope.set(name, value);
    rules::RenderOptions options;
    options.now_ms = event.received_ms;
    options.strict = send.strict;
    auto rendered = send.with.render(scope, options);
    if (auto* fault = std::get_if<rules::Fault>(&rendered)) {
        // A filter that stumbles over what stands for an unread document says nothing of the rule.
        if (!unread.empty()) made.set("undecided", "rendered when " + names_of(unread) + " is read");
        else made.set("error", fault->path.empty() ? fault->message
                                                   : fault->path + ": " + fault->message);
        return made;
    }
    const Json& with = std::get<Json>(rendered);
    if (!with.is_null()) made.set("with", with);
    return made;
}

Json explain_rule(const config::RuleConfig& rule, const rules::RuleView& entry,
                  const Event& event, const Json& view) {
    Json made = Json::object();
    made.set("rule", rule.name);
    bool waits = rule.condition && reads_fetched(rule.condition->paths(), rule.fetch);
    auto missed = miss_of(rule, entry, event, view, waits ? nullptr : &view);
    made.set("matches", !missed.has_value());
    if (missed) {
        made.set("failed", missed->json());
        return made;
    }
    if (rule.condition) made.set("if", waits ? "not decided" : "holds");
    Json reads = Json::array();
    for (const auto& document : rule.fetch)
        reads.push_back(Json::object({{"name", document.name},
                                      {"document", document.source + "." + document.document}}));
    if (!reads.empty()) made.set("reads", std::move(reads));
    Json sends = Json::array();
    for (const auto& send : rule.send) sends.push_back(explain_send(send, rule, event, view));
    made.set("sends", std::move(sends));
    return made;
}

/// Puts `text` at the dotted path, unless something deeper stands there already.
void set_at(Json& root, const std::string& path, const std::string& text) {
    Json* at = &root;
    auto parts = split(path, '.');
    for (std::size_t i = 0; i < parts.size(); ++i) {
        bool last = i + 1 == parts.size();
        Json* next = at->find(parts[i]);
        if (last) {
            if (!next || !next->is_object()) at->set(parts[i], text);
            return;
        }
        if (!next || !next->is_object()) {
            at->set(parts[i], Json::object());
            next = at->find(parts[i]);
        }
        at = next;
    }
}

int stage_of(std::string_view test) {
    constexpr std::string_view order[] = {"on", "from", "where", "if"};
    return static_cast<int>(std::find(std::begin(order), std::end(order), test) -
                            std::begin(order));
}

/// Later tests are nearer; among rules that fail at `where` or `if`, those that hold more.
auto nearness(const Json& rule) {
    const Json& failed = rule["failed"];
    auto held = failed["held"].as_int64().value_or(0);
    return std::tuple(stage_of(failed["test"].as_string()), held,
                      held - failed["tests"].as_int64().value_or(0));
}

Json nearest_of(const Json& rules) {
    std::vector<const Json*> missed;
    for (const auto& rule : rules.items())
        if (!rule["matches"].as_bool()) missed.push_back(&rule);
    std::stable_sort(missed.begin(), missed.end(), [](const Json* left, const Json* right) {
        return nearness(*left) > nearness(*right);
    });
    Json names = Json::array();
    for (const auto* rule : missed) names.push_back((*rule)["rule"]);
    return names;
}

}  // namespace

int Miss::stage() const { return stage_of(test); }

Json Miss::json() const {
    Json made = Json::object();
    made.set("test", test);
    made.set("path", mismatch.path);
    made.set("expected", mismatch.expected);
    made.set("found", mismatch.found);
    if (mismatch.tests == 0) return made;
    made.set("held", mismatch.held);
    made.set("tests", mismatch.tests);
    return made;
}

std::string Miss::text() const {
    std::string text = test + ": " + mismatch.path + (mismatch.path.empty() ? "" : " ") +
                       mismatch.expected + " — found " + mismatch.found;
    if (mismatch.tests > 1)
        text += " (" + std::to_string(mismatch.held) + " of " + std::to_string(mismatch.tests) +
                " tests hold)";
    return text;
}

std::optional<Miss> miss_of(const config::RuleConfig& rule, const rules::RuleView& entry,
                            const Event& event, const Json& view, const Json* scope) {
    if (!entry.on().contains(event.type))
        return miss("on", mismatch_of("type", quoted_list(rule.on), quoted(event.type)));
    bool from_here = entry.from().empty() || std::find(entry.from().begin(), entry.from().end(),
                                                     event.source) != entry.from().end();
    if (!from_here)
        return miss("from", mismatch_of("source", quoted_list(entry.from()), quoted(event.source)));
    if (auto mismatch = entry.explain(view, event.received_ms))
        return miss("where", std::move(*mismatch));
    if (!scope || !rule.condition) return std::nullopt;
    if (auto mismatch = rule.condition->explain(*scope, event.received_ms))
        return miss("if", std::move(*mismatch));
    return std::nullopt;
}

Json unread_documents(const std::vector<std::string>& paths,
                      const std::vector<config::FetchConfig>& fetched) {
    Json made = Json::object();
    for (const auto& document : fetched) {
        made.set(document.name, "⟨" + document.name + "⟩");
        for (const auto& path : paths)
            if (first_segment(path) == document.name && path != document.name)
                set_at(made, path.substr(0, path.find('[')), "⟨" + path + "⟩");
    }
    return made;
}

Json explain_rules(const config::HubConfig& config, const Event& event,
                   const ConnectorDescriptor* connector, const std::string& only) {
    Json view = event.view();
    Json shown = view;
    shown.erase("data");
    Json made = Json::object();
    made.set("event", std::move(shown));
    made.set("matched", 0);
    Json derived = Json::array();
    if (connector)
        for (const auto& [type, from] : connector->derives)
            if (std::find(from.begin(), from.end(), event.type) != from.end())
                derived.push_back(type);
    if (!derived.empty()) made.set("derives", std::move(derived));
    Json list = Json::array();
    int matched = 0;
    for (std::size_t i = 0; i < config.rules.size(); ++i) {
        if (!only.empty() && config.rules[i].name != only) continue;
        Json rule = explain_rule(config.rules[i], config.rule_set->rule(static_cast<std::uint32_t>(i)), event, view);
        matched += rule["matches"].as_bool();
        list.push_back(std::move(rule));
    }
    made.set("matched", matched);
    made.set("nearest", nearest_of(list));
    made.set("rules", std::move(list));
    return made;
}

}  // namespace syncline::cli
