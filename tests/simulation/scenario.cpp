// See scenario.hpp.
#include "tests/simulation/scenario.hpp"

#include <algorithm>

#include "core/base/assert.hpp"
#include "core/sdk/json.hpp"

namespace syncline::simulation {
namespace {

const std::vector<std::vector<std::int64_t>> schedules = {
    {1000, 5000}, {100, 100, 100}, {5000, 30'000, 120'000, 600'000}, {0, 2000, 60'000}, {250}};

Destination draw_destination(Dice& dice, const char* name, const char* connector) {
    Destination made;
    made.name = name;
    made.connector = connector;
    made.concurrency = 1 + static_cast<std::uint32_t>(dice.below(8));
    if (dice.chance(300)) {
        made.rate_count = 1 + static_cast<std::uint32_t>(dice.below(10));
        made.rate_per_ms = dice.chance(500) ? 1000 : 10'000;
    }
    made.timeout_ms = dice.chance(500) ? 30'000 : 500 + dice.between(0, 5000);
    made.schedule_ms = schedules[dice.below(schedules.size())];
    made.jitter_percent = dice.chance(500) ? 20 : 0;
    return made;
}

std::string duration(std::int64_t ms) {
    return std::to_string(ms) + "ms";
}

std::string yaml_of(const Destination& destination) {
    std::string text = "  " + destination.name + ": { connector: " + destination.connector;
    if (destination.connector == "http")
        text += ", settings: { url: \"http://" + destination.name + "/in\" }";
    text += ", concurrency: " + std::to_string(destination.concurrency);
    text += ", timeout: " + duration(destination.timeout_ms);
    if (destination.rate_count > 0)
        text += ", rate: " + std::to_string(destination.rate_count) + "/" +
                std::to_string(destination.rate_per_ms / 1000) + "s";
    text += ", retry: { jitter: " + std::to_string(destination.jitter_percent) + "%, schedule: [";
    for (std::size_t i = 0; i < destination.schedule_ms.size(); ++i)
        text += (i > 0 ? ", " : "") + duration(destination.schedule_ms[i]);
    return text + "] } }\n";
}

std::string yaml_of(const Rule& rule) {
    std::string text = "  - name: " + rule.name + "\n    on: [";
    for (std::size_t i = 0; i < rule.on.size(); ++i) text += (i > 0 ? ", " : "") + rule.on[i];
    text += "]\n    order: " + rule.order + "\n";
    if (rule.fetches) text += "    fetch: { thing: app.thing }\n";
    text += "    send:\n";
    for (const auto& send : rule.sends) {
        text += "      - { to: " + send.to + ", do: " + send.action;
        if (send.action != "forward") text += ", with: { number: \"{{ data.number }}\" }";
        text += std::string(", on_dead: ") + (send.hold_when_dead ? "hold" : "pass") + " }\n";
    }
    return text;
}

}  // namespace

std::string SentEvent::payload() const {
    if (!body.empty()) return body;
    Json made = Json::object();
    made.set("key", key);
    made.set("type", type);
    made.set("subject", subject);
    made.set("group", group);
    made.set("number", number);
    return made.dump();
}

Scenario::Scenario(std::uint64_t seed) {
    Dice dice(seed, "scenario");
    destinations.push_back(draw_destination(dice, "hook", "http"));
    destinations.push_back(draw_destination(dice, "desk", "simulated"));
    destinations.push_back(draw_destination(dice, "wiki", "simulated"));
    auto add = [&](const char* name, std::vector<std::string> on, std::vector<Send> sends) {
        if (dice.chance(300)) return;
        Rule rule;
        rule.name = name;
        rule.on = std::move(on);
        rule.order = dice.chance(600) ? "subject" : dice.chance(500) ? "none" : "data.group";
        rule.sends = std::move(sends);
        for (auto& send : rule.sends) send.hold_when_dead = dice.chance(200);
        rules.push_back(std::move(rule));
    };
    add("forwarded", {"thing.made"}, {{"hook", "forward"}});
    add("logged", {"thing.made", "thing.logged"}, {{"desk", "append"}});
    add("changed", {"thing.changed"}, {{"wiki", "state"}});
    if (!rules.empty() && rules.back().name == "changed") rules.back().fetches = dice.chance(700);
    add("done", {"thing.done"}, {{"desk", "put"}});
    add("told", {"syncline.delivery.dead", "syncline.destination.held"}, {{"hook", "forward"}});
    if (rules.size() > 0 && rules.back().name == "told") rules.back().order = "subject";
    if (rules.size() < 2 || dice.chance(500)) {
        Rule both;
        both.name = "both";
        both.on = {"thing.logged", "thing.changed"};
        both.order = "subject";
        both.sends = {{"desk", "put"}, {"wiki", "append"}};
        rules.push_back(std::move(both));
    }
}

const Destination& Scenario::destination(const std::string& name) const {
    static const Destination source = [] {   // derivations wait in a queue of their source
        Destination made;
        made.name = "app";
        made.concurrency = limits::concurrency_default;
        made.schedule_ms = config::RetryConfig().schedule_ms;
        made.jitter_percent = config::RetryConfig().jitter_percent;
        made.timeout_ms = limits::attempt_timeout_ms_default;
        return made;
    }();
    for (const auto& one : destinations)
        if (one.name == name) return one;
    return source;
}

const Rule* Scenario::rule(const std::string& name) const {
    for (const auto& one : rules)
        if (one.name == name) return &one;
    return nullptr;
}

bool Scenario::derives_done() const {
    return rule("done") != nullptr;
}

std::string Scenario::lane(const Rule& rule, const SentEvent& event) {
    if (rule.order == "none") return std::string();
    return rule.order == "subject" ? event.subject : event.group;
}

std::int64_t Scenario::longest_wait_ms() const {
    std::int64_t longest = limits::retry_after_ms_max;
    for (const auto& one : destinations)
        for (auto wait : one.schedule_ms) longest = std::max(longest, wait);
    return longest;
}

std::string Scenario::yaml() const {
    std::string text = "admin: { enabled: false }\nstore: sqlite:/simulated.db\nsources:\n";
    text += "  web:\n    connector: http\n    path: /web\n    secret: \"" + std::string(web_secret) +
            "\"\n    settings: { signature: standard-webhooks, type_path: type, subject_path: "
            "subject }\n";
    text += "  app: { connector: simulated, path: /app, secret: \"" + std::string(app_secret) +
            "\" }\ndestinations:\n";
    for (const auto& one : destinations) text += yaml_of(one);
    text += "rules:\n";
    for (const auto& one : rules) text += yaml_of(one);
    return text;
}

Result<config::HubConfig> Scenario::config(const host::PluginSet& plugins) const {
    config::LoadContext context;
    context.file_name = "/simulated.yaml";
    context.environment = [](const std::string&) { return std::nullopt; };
    context.read_file = [](const std::string& path) -> Result<std::string> {
        return Error(ErrorCode::not_found, "no files in a simulation", path);
    };
    context.connectors = &plugins;
    std::string text = yaml();
    auto loaded = config::load_config(text, context);
    if (loaded.config) return std::move(*loaded.config);
    std::string problems;
    for (const auto& problem : loaded.problems)
        problems += config::format_problem(problem, text, context.file_name, false) + "\n";
    return Error(ErrorCode::invalid_config, problems);
}

}  // namespace syncline::simulation
