// Match, `if`, render, as AttemptRunner does it; then the comparison and its wording.
#include "core/cli/rule_trial.hpp"

#include <algorithm>
#include <tuple>
#include <variant>

#include "core/cli/explain_rules.hpp"
#include "core/runtime/router.hpp"

namespace syncline::cli {
namespace {

/// More would hide the first ones.
constexpr std::size_t differences_max = 20;

std::string quoted(const std::string& text) {
    std::string out;
    json_quote_to(out, text);
    return out;
}

/// The event and the documents of the rule, or which one is not there.
std::string read_documents(const config::RuleConfig& rule, const Json& documents, Json& scope) {
    for (const auto& fetch : rule.fetch) {
        std::string name = fetch.source + "." + fetch.document;
        const Json* document = documents.find(name);
        if (!document) return "it reads " + name + ", which is not among the test's documents";
        scope.set(fetch.name, *document);
    }
    return {};
}

std::string message_of(const rules::Fault& fault) {
    return fault.path.empty() ? fault.message : fault.path + ": " + fault.message;
}

TrialAction action_of(const config::RuleConfig& rule, const config::SendConfig& send,
                      const Event& event, const Json& view) {
    TrialAction made;
    made.rule = rule.name;
    made.to = send.to;
    made.action = send.action;
    made.lane = lane_of(rule.order, event, view);
    return made;
}

void render(const config::SendConfig& send, const Event& event, const Json& scope,
            TrialAction& to) {
    rules::RenderOptions options;
    options.now_ms = event.received_ms;
    options.strict = send.strict;
    auto rendered = send.with.render(scope, options);
    if (auto* fault = std::get_if<rules::Fault>(&rendered)) to.error = message_of(*fault);
    else if (!std::get<Json>(rendered).is_null()) to.with = std::get<Json>(std::move(rendered));
}

void add_actions(const config::RuleConfig& rule, const Event& event, const Json& view,
                 const Json& documents, std::vector<TrialAction>& out) {
    Json scope = view;
    auto absent = read_documents(rule, documents, scope);
    bool waits = absent.empty() && rule.condition &&
                 !rule.condition->matches(scope, event.received_ms);
    if (waits) return;
    for (const auto& send : rule.send) {
        auto action = action_of(rule, send, event, view);
        action.error = absent;
        if (absent.empty()) render(send, event, scope, action);
        out.push_back(std::move(action));
    }
}

// --- Comparing ------------------------------------------------------------------------------------

void differ(const std::string& path, const Json& expected, const Json& found,
            std::vector<std::string>& out) {
    if (expected == found || out.size() >= differences_max) return;
    bool both_objects = expected.is_object() && found.is_object();
    bool both_arrays = expected.is_array() && found.is_array();
    if (both_objects) {
        for (const auto& member : expected.members()) {
            const Json* other = found.find(member.name);
            auto below = path + "." + member.name;
            if (other) differ(below, member.value, *other, out);
            else out.push_back(below + ": expected " + member.value.dump() + ", found nothing");
        }
        for (const auto& member : found.members())
            if (!expected.find(member.name))
                out.push_back(path + "." + member.name + ": expected nothing, found " +
                              member.value.dump());
        return;
    }
    if (both_arrays && expected.size() == found.size()) {
        for (std::size_t i = 0; i < expected.size(); ++i)
            differ(path + "[" + std::to_string(i) + "]", expected[i], found[i], out);
        return;
    }
    out.push_back(path + ": expected " + expected.dump() + ", found " + found.dump());
}

bool may_be(const config::ExpectedAction& expected, const TrialAction& found) {
    auto same = [](const std::string& wanted, const std::string& is) {
        return wanted.empty() || wanted == is;
    };
    return same(expected.rule, found.rule) && same(expected.to, found.to) &&
           same(expected.action, found.action);
}

std::vector<std::string> differences(const config::ExpectedAction& expected,
                                     const TrialAction& found) {
    std::vector<std::string> out;
    if (!found.error.empty()) return {"rule " + quoted(found.rule) + ": " + found.error};
    if (expected.with) differ("with", *expected.with, found.with, out);
    if (expected.lane && *expected.lane != found.lane)
        out.push_back("lane: expected " + quoted(*expected.lane) + ", found " + quoted(found.lane));
    return out;
}

std::string send_name(const std::string& to, const std::string& action) {
    return (to.empty() ? "any destination" : to) + (action.empty() ? "" : "." + action);
}

/// What is taken together to say why an expected action is not there.
struct Situation {
    const config::HubConfig& config;
    const config::RuleTest& test;
    const Event& event;
};

bool sends_it(const config::RuleConfig& rule, const config::ExpectedAction& expected) {
    if (!expected.rule.empty() && rule.name != expected.rule) return false;
    if (!expected.rule.empty()) return true;
    return std::any_of(rule.send.begin(), rule.send.end(), [&](const config::SendConfig& send) {
        return (expected.to.empty() || send.to == expected.to) &&
               (expected.action.empty() || send.action == expected.action);
    });
}

/// Of the rules that could do what is expected, why the nearest does not.
std::string why_not(const config::ExpectedAction& expected, const Situation& at) {
    Json view = at.event.view();
    std::string best;
    std::tuple<int, std::size_t> nearest(-1, 0);
    for (std::size_t i = 0; i < at.config.rules.size(); ++i) {
        const auto& rule = at.config.rules[i];
        if (!sends_it(rule, expected)) continue;
        Json scope = view;
        bool read = read_documents(rule, at.test.documents, scope).empty();
        auto miss = miss_of(rule, at.config.rule_set->rule(static_cast<std::uint32_t>(i)), at.event, view,
                            read ? &scope : nullptr);
        std::string name = "rule " + quoted(rule.name);
        if (!miss) return name + " matches, but sends nothing more to " +
                          send_name(expected.to, expected.action);
        std::tuple<int, std::size_t> near(miss->stage(), miss->mismatch.held);
        if (near <= nearest) continue;
        nearest = near;
        best = name + " does not match: " + miss->text();
    }
    return best.empty() ? "no rule sends to " + send_name(expected.to, expected.action) : best;
}

std::string shown(const config::ExpectedAction& expected) {
    std::string name = send_name(expected.to, expected.action);
    return expected.rule.empty() ? "a send to " + name
                                 : "rule " + quoted(expected.rule) + " to send to " + name;
}

/// Pairs what is expected with what was found: first what fits wholly, then what fits by its names.
class Comparison {
public:
    Comparison(const Situation& situation, const std::vector<TrialAction>& found)
        : situation_(situation), found_(found), taken_(found.size(), false) {}

    std::vector<std::string> run() {
        std::vector<const config::ExpectedAction*> left;
        for (const auto& expected : situation_.test.expect)
            if (!take(expected, true)) left.push_back(&expected);
        for (const auto* expected : left)
            if (!take(*expected, false))
                say("expected " + shown(*expected) + ", found no such action: " +
                    why_not(*expected, situation_));
        for (std::size_t i = 0; i < found_.size(); ++i)
            if (!taken_[i])
                say(found_[i].error.empty()
                        ? "not expected: rule " + quoted(found_[i].rule) + " sends to " +
                              send_name(found_[i].to, found_[i].action)
                        : "rule " + quoted(found_[i].rule) + ": " + found_[i].error);
        return std::move(out_);
    }

private:
    bool take(const config::ExpectedAction& expected, bool wholly) {
        for (std::size_t i = 0; i < found_.size(); ++i) {
            if (taken_[i] || !may_be(expected, found_[i])) continue;
            auto different = differences(expected, found_[i]);
            if (wholly && !different.empty()) continue;
            taken_[i] = true;
            for (auto& one : different) say(std::move(one));
            return true;
        }
        return false;
    }

    void say(std::string text) {
        if (out_.size() < differences_max) out_.push_back(std::move(text));
    }

    const Situation& situation_;
    const std::vector<TrialAction>& found_;
    std::vector<bool> taken_;
    std::vector<std::string> out_;
};

/// Nothing when some action ended in an error that says so.
std::vector<std::string> compare_error(const std::string& wanted,
                                       const std::vector<TrialAction>& found) {
    std::vector<std::string> messages;
    for (const auto& action : found) {
        if (action.error.empty()) continue;
        if (action.error.find(wanted) != std::string::npos) return {};
        messages.push_back(action.error);
    }
    std::string seen = found.empty() ? "no rule matches" : "no error";
    return {"expected an error with " + quoted(wanted) + ", found " +
            (messages.empty() ? seen : quoted(messages.front()))};
}

}  // namespace

Json TrialAction::json() const {
    Json made = Json::object();
    made.set("rule", rule);
    made.set("to", to);
    made.set("do", action);
    if (!lane.empty()) made.set("lane", lane);
    if (error.empty()) made.set("with", with);
    else made.set("error", error);
    return made;
}

std::vector<TrialAction> actions_of(const config::HubConfig& config, const Event& event,
                                    const Json& documents) {
    Json view = event.view();
    std::vector<std::uint32_t> matched;
    config.rule_set->match({event.source, event.type, event.received_ms}, view, matched);
    std::vector<TrialAction> actions;
    for (auto index : matched) add_actions(config.rules[index], event, view, documents, actions);
    return actions;
}

Trial try_rules(const config::HubConfig& config, const config::RuleTest& test,
                const std::vector<Event>& events) {
    Trial trial;
    for (const auto& event : events)
        for (auto& action : actions_of(config, event, test.documents))
            trial.found.push_back(std::move(action));
    if (events.empty()) {
        trial.differences.push_back("the body holds no event");
        return trial;
    }
    if (test.expect_error) {
        trial.differences = compare_error(*test.expect_error, trial.found);
        return trial;
    }
    Situation situation{config, test, events.front()};
    trial.differences = Comparison(situation, trial.found).run();
    return trial;
}

}  // namespace syncline::cli
