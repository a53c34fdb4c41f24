// Reading a file of tests: each value with the same readers as the hub file, so that its errors have
// the same form.
#include "core/config/rule_tests.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "core/config/draft.hpp"
#include "core/config/schema_check.hpp"

namespace syncline::config {
namespace {

/// Tests say when they happen; where none does, they all happen now: 2026-01-01T00:00:00Z.
constexpr std::int64_t default_now_ms = 1'767'225'600'000;

/// What holds for all tests of the file unless they say otherwise.
struct Common {
    Json documents = Json::object();
    std::int64_t now_ms = default_now_ms;
};

void load_environment(const Node* node, Report& report, std::map<std::string, std::string>& out) {
    if (!node || node->broken || node->is_null()) return;
    if (!node->is_map()) return report.error(*node, "expected keys, found " + describe(*node));
    for (const auto& member : node->children) {
        if (member.is_scalar()) out[member.key] = member.text;
        else report.error(member, "expected a text, found " + describe(member));
    }
}

void load_moment(const Node* node, std::int64_t& out_ms, Draft& draft) {
    std::string written;
    if (!draft.reader.text(node, written)) return;
    auto moment = parse_time(written);
    if (moment) out_ms = *moment;
    else draft.reader.expected(*node, "a moment", "as in 2026-01-31T12:00:00Z");
}

/// `attio.record: {…}`: what a fetch of that document would read; it replaces an earlier one.
void load_documents(const Node* node, Json& documents, Draft& draft) {
    if (!draft.reader.map(node)) return;
    for (const auto& member : node->children) {
        if (member.key.find('.') == std::string::npos)
            draft.report().error_at_key(member, quoted(member.key) + " names no document",
                                        "a source and a document, as in attio.record");
        documents.set(member.key, read_plain(member, draft.reader));
    }
}

/// A dotted name is a path, as it is in patterns: `actor.type: app` is `actor: {type: app}`.
void set_attribute(Json& attributes, std::string_view name, Json value) {
    auto dot = name.find('.');
    if (dot == std::string_view::npos) {
        attributes.set(name, std::move(value));
        return;
    }
    auto head = name.substr(0, dot);
    Json* below = attributes.find(head);
    if (!below || !below->is_object()) attributes.set(head, Json::object());
    set_attribute(*attributes.find(head), name.substr(dot + 1), std::move(value));
}

void load_body(const Node& event, RuleTest& test, Draft& draft) {
    const Node* body = event.find("body");
    if (!body) return;
    Json value = read_plain(*body, draft.reader);
    test.body = value.is_string() ? value.as_string() : value.dump();
    const Node* headers = event.find("headers");
    if (!draft.reader.map(headers)) return;
    for (const auto& member : headers->children) {
        std::string text;
        if (draft.reader.text(&member, text)) test.headers.emplace_back(member.key, text);
    }
}

void load_event(const Node& node, RuleTest& test, Draft& draft) {
    const Node* event = node.find("event");
    if (!event) {
        draft.report().error(node, "\"event\" is missing", "as in event: {type: record.created}");
        return;
    }
    if (!draft.reader.map(event)) return;
    Event& made = test.event;
    made.id = "test";
    made.received_ms = test.now_ms;
    made.payload = "{}";
    draft.reader.text(event->find("id"), made.id);
    draft.reader.text(event->find("source"), made.source);
    load_body(*event, test, draft);
    if (event->find("body")) return;
    if (!event->find("type"))
        return draft.report().error_at_key(*event, "\"type\" is missing",
                                           "the event's type, or the body that its source sends");
    draft.reader.text(event->find("type"), made.type);
    if (const Node* subject = event->find("subject")) {
        Json value = read_plain(*subject, draft.reader);
        made.subject = value.is_string() ? value.as_string() : value.dump();
    }
    std::int64_t time_ms = test.now_ms;
    load_moment(event->find("time"), time_ms, draft);
    if (event->find("time")) made.time_ms = time_ms;
    if (const Node* data = event->find("data")) made.payload = read_plain(*data, draft.reader).dump();
    static constexpr std::string_view own[] = {"id", "source", "type", "subject", "time", "data"};
    for (const auto& member : event->children)
        if (std::find(std::begin(own), std::end(own), member.key) == std::end(own))
            set_attribute(made.attributes, member.key, read_plain(member, draft.reader));
}

void load_expected(const Node& node, RuleTest& test, Draft& draft) {
    if (!draft.reader.keys(&node, {"rule", "to", "do", "with", "lane"})) return;
    ExpectedAction made;
    made.place = node.place;
    auto word = [&](const char* key, std::string& out, Place& place) {
        const Node* written = node.find(key);
        if (draft.reader.text(written, out)) place = written->place;
    };
    word("rule", made.rule, made.rule_place);
    word("to", made.to, made.to_place);
    word("do", made.action, made.action_place);
    if (const Node* with = node.find("with")) made.with = read_plain(*with, draft.reader);
    if (const Node* lane = node.find("lane")) {
        Json written = read_plain(*lane, draft.reader);   // "": in no order
        made.lane = written.is_string() ? written.as_string() : written.dump();
    }
    if (node.children.empty())
        draft.report().error(node, "this expects nothing in particular",
                             "as in {rule: new deals, to: crm}, or expect: [] for no action");
    test.expect.push_back(std::move(made));
}

void load_expectations(const Node& node, RuleTest& test, Draft& draft) {
    const Node* expect = node.find("expect");
    const Node* error = node.find("expect_error");
    if ((expect != nullptr) == (error != nullptr))
        return draft.report().error(node, expect ? "both \"expect\" and \"expect_error\""
                                                 : "\"expect\" is missing",
                                    expect ? "an event either leads to actions or to an error"
                                           : "the actions that the event leads to; [] for none");
    if (error) {
        test.expect_error.emplace();
        draft.reader.text(error, *test.expect_error);
        return;
    }
    if (expect->is_map()) return load_expected(*expect, test, draft);
    if (!expect->is_sequence()) return draft.reader.expected(*expect, "a list of actions");
    for (const auto& child : expect->children) load_expected(child, test, draft);
}

void load_test(const Node& node, std::size_t number, const Common& common, RuleTests& out,
               Draft& draft) {
    if (!draft.reader.keys(&node, {"name", "event", "documents", "now", "expect", "expect_error"}))
        return;
    RuleTest test;
    test.name = "test " + std::to_string(number);
    test.place = node.place;
    const Node* name = node.find("name");
    if (draft.reader.text(name, test.name)) test.place = name->place;
    test.now_ms = common.now_ms;
    load_moment(node.find("now"), test.now_ms, draft);
    test.documents = common.documents;
    load_documents(node.find("documents"), test.documents, draft);
    load_event(node, test, draft);
    load_expectations(node, test, draft);
    out.tests.push_back(std::move(test));
}

/// Exactly one of `rules` and `config`.
void load_subject(const Node& root, RuleTests& out, Draft& draft) {
    const Node* rules = root.find("rules");
    const Node* config = root.find("config");
    if (rules && config)
        return draft.report().error_at_key(*config, "both \"rules\" and \"config\"",
                                           "the rules stand either here or in the hub file");
    if (rules) return load_rules(rules, draft);
    if (!config)
        return draft.report().error(root, "\"rules\" is missing",
                                    "rules as in a hub file, or config: and the hub file's path");
    if (!draft.reader.text(config, out.config)) return;
    out.config = draft.reader.scalar_texts().beside_file(out.config);
    out.config_place = config->place;
}

void load_file(const Node& root, RuleTests& out, Draft& draft) {
    if (!draft.reader.keys(&root, {"config", "environment", "rules", "documents", "now", "tests"}))
        return;
    load_subject(root, out, draft);
    Common common;
    load_moment(root.find("now"), common.now_ms, draft);
    load_documents(root.find("documents"), common.documents, draft);
    const Node* tests = root.find("tests");
    if (!tests) return draft.report().error(root, "\"tests\" is missing");
    if (!draft.reader.list(tests)) return;
    for (std::size_t i = 0; i < tests->children.size(); ++i)
        load_test(tests->children[i], i + 1, common, out, draft);
    if (tests->children.empty())
        draft.report().error_at_key(*tests, "there is no test under \"tests\"");
}

/// A rule that no expectation could mean is a slip of the pen.
void check_names(const RuleTests& tests, Report& report) {
    if (!tests.hub) return;
    std::vector<std::string> names;
    for (const auto& rule : tests.hub->rules) names.push_back(rule.name);
    for (const auto& test : tests.tests)
        for (const auto& expected : test.expect) {
            if (expected.rule.empty()) continue;
            if (std::find(names.begin(), names.end(), expected.rule) != names.end()) continue;
            auto problem = unknown_name("rule", expected.rule, expected.rule_place, names);
            report.error_at(expected.rule_place, problem.message, problem.hint);
        }
}

}  // namespace

Problem unknown_name(const char* what, std::string_view word, const Place& place,
                     const std::vector<std::string>& names) {
    Problem made;
    made.line = place.line;
    made.column = place.column;
    made.length = place.length;
    made.message = std::string("there is no ") + what + " " + quoted(word);
    made.hint = suggestion(word, names);
    if (made.hint.empty() && !names.empty()) made.hint = "there are " + name_list(names);
    return made;
}

LoadedTests load_rule_tests(std::string_view text, const LoadContext& context) {
    SourceText source(text);
    Report report;
    auto root = read_yaml(source, report);
    RuleTests made;
    if (root && root->is_map()) load_environment(root->find("environment"), report, made.environment);
    LoadContext around = context;
    around.connectors = nullptr;
    around.environment = [&](const std::string& name) -> std::optional<std::string> {
        auto found = made.environment.find(name);
        return found == made.environment.end() ? context.environment(name)
                                               : std::optional<std::string>(found->second);
    };
    Reader reader(around, source, report);
    Draft draft(reader);
    draft.names_are_open = true;
    if (root) load_file(*root, made, draft);
    if (root && !report.has_errors() && root->find("rules")) {
        draft.config.rule_set.emplace(std::move(draft.entries));
        made.hub.emplace(std::move(draft.config));
        check_names(made, report);
    }
    LoadedTests loaded;
    bool failed = report.has_errors();
    loaded.problems = report.take(root ? &*root : nullptr);
    if (!failed) loaded.tests.emplace(std::move(made));
    return loaded;
}

}  // namespace syncline::config
