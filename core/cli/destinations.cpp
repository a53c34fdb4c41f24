// `syncline destinations`: how each destination is, and holding and releasing one by hand. Asks the
// running hub; when none listens, the hold is written into the store, where the next hub finds it.
#include <algorithm>
#include <ostream>

#include "core/admin/admin_api.hpp"
#include "core/base/text.hpp"
#include "core/cli/commands.hpp"
#include "core/cli/hub_client.hpp"
#include "core/cli/store_writer.hpp"

namespace syncline::cli {
namespace {

ExitCode failed(const Error& error, Terminal& terminal) {
    print_error(terminal, error.text());
    return ExitCode::failed;
}

/// Without a hub only holds are known: breakers live in its memory.
Result<Json> list_from_store(const config::HubConfig& config) {
    auto reader = open_reader(config);
    std::vector<store::Hold> holds;
    if (reader) {
        auto found = (*reader)->holds();
        if (!found) return found.error();
        holds = std::move(*found);
    } else if (reader.error().code != ErrorCode::not_found) {
        return reader.error();
    }
    Json list = Json::array();
    for (const auto& destination : config.destinations) {
        Json row = Json::object();
        row.set("name", destination.name);
        row.set("connector", destination.connector);
        row.set("state", "hub not running");
        for (const auto& hold : holds) {   // by hand comes last, and is what is shown
            if (hold.destination != destination.name) continue;
            Json held = Json::object();
            held.set("by", hold.by_hand ? "hand" : "answer");
            held.set("reason", hold.reason);
            held.set("since", format_time(hold.since_ms));
            row.set("state", "held");
            row.set("hold", std::move(held));
        }
        list.push_back(std::move(row));
    }
    return list;
}

std::string hold_words(const Json& row) {
    const Json& hold = row["hold"];
    if (!hold.is_object()) return std::string();
    return "by " + hold["by"].as_string() + " since " + hold["since"].as_string() + ": " +
           hold["reason"].as_string();
}

void print_rows(const Json& list, const Arguments& arguments, Terminal& terminal) {
    if (arguments.json) {
        for (const auto& row : list.items()) terminal.out << row.dump() << '\n';
        return;
    }
    Table table({{"NAME"}, {"CONNECTOR"}, {"STATE"}, {"BREAKER"}, {"HOLD", false, true}});
    for (const auto& row : list.items())
        table.add({row["name"].as_string(), row["connector"].as_string(),
                   row["state"].as_string(), row["breaker"].as_string(), hold_words(row)});
    table.print(terminal);
}

ExitCode list(const config::HubConfig& config, const Arguments& arguments, Terminal& terminal) {
    HubClient hub(config.admin);
    auto answer = hub.get("/api/v1/destinations");
    if (answer) {
        print_rows((*answer)["destinations"], arguments, terminal);
        return ExitCode::ok;
    }
    if (answer.error().code != ErrorCode::unavailable) return failed(answer.error(), terminal);
    auto rows = list_from_store(config);
    if (!rows) return failed(rows.error(), terminal);
    print_rows(*rows, arguments, terminal);
    return ExitCode::ok;
}

Result<void> change_in_store(const config::HubConfig& config, const Arguments& arguments,
                             const Clock& clock) {
    auto own = StoreWriter::open(config, clock);
    if (!own) return own.error();
    store::HoldChange change;
    change.destination = arguments.name;
    change.by_hand = true;
    change.held = arguments.verb == "hold";
    change.reason = arguments.reason;
    if (!change.held) {
        auto holds = own->reader->holds();
        if (!holds) return holds.error();
        bool held = std::any_of(holds->begin(), holds->end(), [&](const auto& hold) {
            return hold.destination == arguments.name;
        });
        if (!held)
            return Error(ErrorCode::invalid_argument, "\"" + arguments.name + "\" is not held");
    }
    auto committed = own->commit(std::move(change));
    if (!committed) return committed.error();
    return {};
}

ExitCode change(const config::HubConfig& config, const Arguments& arguments, const Clock& clock,
                Terminal& terminal) {
    HubClient hub(config.admin);
    Json body = Json::object();
    if (arguments.verb == "hold") body.set("reason", arguments.reason);
    auto answer = hub.post("/api/v1/destinations/" + arguments.name + "/" + arguments.verb, body);
    Result<void> done;
    if (!answer && answer.error().code == ErrorCode::unavailable)
        done = change_in_store(config, arguments, clock);
    else if (!answer)
        done = answer.error();
    if (!done) return failed(done.error(), terminal);
    if (arguments.json) terminal.out << "{\"ok\":true}\n";
    else terminal.out << arguments.name << (arguments.verb == "hold" ? " is held\n" : " is released\n");
    return ExitCode::ok;
}

/// What is wrong with the words; empty when they are good.
std::string fault_of(const Arguments& arguments) {
    bool changes = arguments.verb == "hold" || arguments.verb == "release";
    if (!changes && arguments.verb != "list")
        return "\"" + printable(arguments.verb, 100) + "\" is not list, hold or release";
    if (!changes && !arguments.name.empty()) return "list takes no name";
    if (changes && arguments.name.empty()) return "name the destination to " + arguments.verb;
    if (arguments.verb == "hold" && arguments.reason.empty())
        return "say why with --reason: it is shown to whoever asks";
    if (arguments.reason.size() > hold_reason_bytes_max)
        return "the reason is longer than " + std::to_string(hold_reason_bytes_max) + " bytes";
    if (arguments.verb != "hold" && !arguments.reason.empty()) return "--reason is for hold";
    return std::string();
}

}  // namespace

ExitCode destinations_command(const Arguments& arguments, const Surroundings& surroundings,
                              Terminal& terminal) {
    std::string fault = fault_of(arguments);
    if (!fault.empty()) {
        print_error(terminal, fault);
        return ExitCode::usage;
    }
    auto config = config_for_reading(arguments, surroundings, terminal);
    if (!config) return ExitCode::usage;
    if (arguments.verb == "list") return list(*config, arguments, terminal);
    if (config->destination(arguments.name))
        return change(*config, arguments, surroundings.clock, terminal);
    std::vector<std::string> names;
    for (const auto& destination : config->destinations) names.push_back(destination.name);
    print_error(terminal, "there is no destination \"" + printable(arguments.name, 100) + "\"");
    if (auto near = nearest_name(arguments.name, names))
        print_hint(terminal, "did you mean \"" + *near + "\"?");
    return ExitCode::usage;
}

}  // namespace syncline::cli
