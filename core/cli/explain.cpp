// `syncline explain`: takes an event from a file (a body as its source sends it, or an event
// object) or from the store, and says which rules match it, what they would send, and for every
// other rule the first test that failed, the nearest rules first. Nothing is fetched or sent.
#include <algorithm>
#include <map>
#include <ostream>
#include <string_view>

#include "core/base/text.hpp"
#include "core/cli/commands.hpp"
#include "core/cli/event_source.hpp"
#include "core/cli/explain_rules.hpp"

namespace syncline::cli {
namespace {

/// Fits a screen beside what matches; a rule takes two lines.
constexpr std::size_t misses_shown_max = 5;

Error wrong(std::string message) {
    return Error(ErrorCode::invalid_argument, std::move(message));
}

/// {"type": …, "subject": …, attributes…, "data": …} as an event.
Result<Event> event_from_object(const Json& object, const Arguments& arguments,
                                std::int64_t now_ms) {
    Event event;
    event.type = arguments.type.empty() ? object["type"].as_string() : arguments.type;
    if (event.type.empty()) return wrong("the event has no \"type\"; give --type");
    event.id = object["id"].as_string_or("explained");
    event.source = arguments.source.empty() ? object["source"].as_string() : arguments.source;
    event.subject = object["subject"].as_string();
    event.time_ms = parse_time(object["time"].as_string());
    event.received_ms = now_ms;
    for (const auto& [name, value] : object["attributes"].members())
        event.attributes.set(name, value);
    for (const auto& [name, value] : object.members()) {
        bool own = name == "id" || name == "source" || name == "type" || name == "subject" ||
                   name == "time" || name == "received" || name == "data" || name == "attributes";
        if (!own) event.attributes.set(name, value);
    }
    const Json* data = object.find("data");
    event.payload = data ? data->dump() : object.dump();
    return event;
}

Result<std::vector<Event>> events_of_source(const HubFile& file, const Arguments& arguments,
                                            const std::string& body,
                                            const Surroundings& surroundings) {
    auto source = choose_source(*file.loaded.config, arguments.source);
    if (!source) return source.error();
    auto opened = EventSource::make(file, **source);
    if (!opened) return opened.error();
    auto headers = headers_from(arguments.headers);
    if (!headers) return headers.error();
    if (!headers->find("Content-Type")) headers->add("Content-Type", "application/json");
    if (!headers->find("Idempotency-Key")) headers->add("Idempotency-Key", "explained");
    auto events = opened->parse(*headers, body, surroundings.clock.wall_ms(), surroundings.random);
    if (!events) return events;
    for (auto& event : *events)
        if (!arguments.type.empty()) event.type = arguments.type;
    return events;
}

/// An object with "type" and no source named is an event; anything else is what a source sends,
/// and an event again when the source's connector does not know it.
Result<std::vector<Event>> events_of_file(const HubFile& file, const Arguments& arguments,
                                          const std::string& body,
                                          const Surroundings& surroundings) {
    JsonError bad;
    auto json = Json::parse(body, &bad);
    bool event_object = json && (*json)["type"].is_string() && !json->find("specversion");
    std::int64_t now_ms = surroundings.clock.wall_ms();
    if (event_object && arguments.source.empty()) {
        auto event = event_from_object(*json, arguments, now_ms);
        if (!event) return event.error();
        return std::vector<Event>{std::move(*event)};
    }
    auto events = events_of_source(file, arguments, body, surroundings);
    bool refused = !events && events.error().code == ErrorCode::invalid_argument;
    if (!refused || !event_object) return events;
    auto event = event_from_object(*json, arguments, now_ms);
    if (!event) return event.error();
    return std::vector<Event>{std::move(*event)};
}

/// The other way round of Miss::json().
Miss miss_from(const Json& failed) {
    Miss made;
    made.test = failed["test"].as_string();
    made.mismatch.path = failed["path"].as_string();
    made.mismatch.expected = failed["expected"].as_string();
    made.mismatch.found = failed["found"].as_string();
    made.mismatch.held = static_cast<std::size_t>(failed["held"].as_int64().value_or(0));
    made.mismatch.tests = static_cast<std::size_t>(failed["tests"].as_int64().value_or(0));
    return made;
}

void print_rule(const Json& rule, Terminal& terminal) {
    bool matches = rule["matches"].as_bool();
    terminal.out << toned(matches ? "matches " : "no match", matches ? Tone::good : Tone::faint,
                          terminal.colour_out)
                 << "  " << printable(rule["rule"].as_string()) << '\n';
    if (!matches) {
        terminal.out << "    " << printable(miss_from(rule["failed"]).text(), 2000) << '\n';
        return;
    }
    for (const auto& read : rule["reads"].items())
        terminal.out << "    reads " << printable(read["name"].as_string()) << " from "
                     << printable(read["document"].as_string()) << " (not read here)\n";
    if (rule["if"].as_string() == "not decided")
        terminal.out << "    if: decided after reading\n";
    for (const auto& send : rule["sends"].items()) {
        terminal.out << "    sends " << printable(send["to"].as_string()) << '.'
                     << printable(send["do"].as_string());
        if (send["lane"].is_string())
            terminal.out << "  in order of " << printable(send["lane"].as_string(), 200);
        terminal.out << '\n';
        if (send["error"].is_string())
            terminal.out << "      error: " << printable(send["error"].as_string()) << '\n';
        if (send["undecided"].is_string())
            terminal.out << "      with: " << printable(send["undecided"].as_string()) << '\n';
        if (const Json* with = send.find("with"); with && !with->empty())
            terminal.out << printable_json(*with, 6) << '\n';
    }
}

/// The rules that match, in order, then those that do not, the nearest first.
void print_rules(const Json& explained, bool all, Terminal& terminal) {
    std::map<std::string_view, const Json*> missed;
    for (const auto& rule : explained["rules"].items()) {
        if (rule["matches"].as_bool()) print_rule(rule, terminal);
        else missed.emplace(rule["rule"].as_string(), &rule);
    }
    const auto& nearest = explained["nearest"].items();
    std::size_t shown = all ? nearest.size() : std::min(nearest.size(), misses_shown_max);
    for (std::size_t i = 0; i < shown; ++i)
        print_rule(*missed.at(nearest[i].as_string()), terminal);
    if (shown == nearest.size()) return;
    std::size_t left = nearest.size() - shown;
    terminal.out << "and " << left << (left == 1 ? " rule that is" : " rules that are")
                 << " no nearer; --all shows " << (left == 1 ? "it" : "them") << '\n';
}

void print_explained(const Json& explained, bool all, Terminal& terminal) {
    const Json& event = explained["event"];
    terminal.out << "event     " << printable(event["type"].as_string());
    if (!event["subject"].as_string().empty())
        terminal.out << "  about " << printable(event["subject"].as_string());
    if (!event["source"].as_string().empty())
        terminal.out << "  from " << printable(event["source"].as_string());
    terminal.out << '\n';
    for (const auto& type : explained["derives"].items())
        terminal.out << "derives   " << printable(type.as_string())
                     << ", when the source says so: an event of its own\n";
    terminal.out << explained["matched"].number_text() << " of " << explained["rules"].size()
                 << " rules match\n\n";
    print_rules(explained, all, terminal);
}

ExitCode explain_events(const HubFile& file, const std::vector<Event>& events,
                        const Arguments& arguments, Terminal& terminal) {
    const config::HubConfig& config = *file.loaded.config;
    if (events.empty()) terminal.err << "the body holds no event\n";
    bool first = true;
    for (const auto& event : events) {
        const auto* source = config.source(event.source);
        const auto* connector = source ? file.plugins->find(source->connector) : nullptr;
        Json explained = explain_rules(config, event, connector, arguments.rule);
        if (arguments.json) {
            terminal.out << explained.dump() << '\n';
            continue;
        }
        if (!first) terminal.out << '\n';
        first = false;
        print_explained(explained, arguments.all, terminal);
    }
    return ExitCode::ok;
}

ExitCode explain_stored(const HubFile& file, const Arguments& arguments, Terminal& terminal) {
    auto fail = [&](const std::string& message) {
        print_error(terminal, message);
        return ExitCode::failed;
    };
    auto reader = open_reader(*file.loaded.config);
    if (!reader) return fail(reader.error().text());
    store::Filter filter;
    filter.event_id = arguments.event_id;
    auto rows = (*reader)->events(filter);
    if (!rows) return fail(rows.error().text());
    if (rows->empty())
        return fail("no event has the id \"" + printable(arguments.event_id, 100) + "\"");
    ExitCode exit = explain_events(file, {rows->front().event}, arguments, terminal);
    if (arguments.json) return exit;
    auto deliveries = (*reader)->deliveries(filter);
    if (!deliveries) return fail(deliveries.error().text());
    terminal.out << "\nwhat happened when it came:\n";
    if (deliveries->empty()) terminal.out << "no rule matched\n";
    return print_delivery_details(**reader, *deliveries, terminal);
}

bool knows_rule(const config::HubConfig& config, const std::string& name, Terminal& terminal) {
    std::vector<std::string> names;
    for (const auto& rule : config.rules) names.push_back(rule.name);
    if (name.empty() || std::find(names.begin(), names.end(), name) != names.end()) return true;
    print_error(terminal, "there is no rule \"" + printable(name, 100) + "\"");
    auto near = nearest_name(name, names);
    if (near) print_hint(terminal, "did you mean \"" + printable(*near, 100) + "\"?");
    return false;
}

}  // namespace

ExitCode explain_command(const Arguments& arguments, const Surroundings& surroundings,
                         Terminal& terminal) {
    if (arguments.file.empty() == arguments.event_id.empty()) {
        print_error(terminal, "give either --file EVENT.json or --event ID");
        return ExitCode::usage;
    }
    auto file = checked_hub_file(arguments, surroundings, terminal);
    if (!file || !knows_rule(*file->loaded.config, arguments.rule, terminal))
        return ExitCode::usage;
    if (!arguments.event_id.empty()) return explain_stored(*file, arguments, terminal);
    auto body = read_input(arguments.file, terminal.in);
    if (!body) {
        print_error(terminal, body.error().text());
        return ExitCode::usage;
    }
    auto events = events_of_file(*file, arguments, *body, surroundings);
    if (!events) {
        print_error(terminal, events.error().text());
        return ExitCode::usage;
    }
    return explain_events(*file, *events, arguments, terminal);
}

}  // namespace syncline::cli
