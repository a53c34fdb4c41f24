// `syncline events`: stored events, newest first, or one with its data, deliveries and attempts.
// Reads the store file alone: it works with the hub up or down.
#include <ostream>

#include "core/admin/views.hpp"
#include "core/base/text.hpp"
#include "core/cli/commands.hpp"

namespace syncline::cli {
namespace {

std::string delivery_counts(const store::EventRow& row) {
    if (row.deliveries == 0) return "unmatched";
    std::string text = std::to_string(row.deliveries);
    if (row.dead > 0) text = "dead " + std::to_string(row.dead) + " of " + text;
    else if (row.pending > 0) text = "pending " + std::to_string(row.pending) + " of " + text;
    else text = "done " + text;
    return text;
}

void print_list(const std::vector<store::EventRow>& rows, const store::Filter& filter,
                Terminal& terminal) {
    if (rows.empty()) {
        terminal.err << "no event matches\n";
        return;
    }
    Table table({{"RECEIVED"}, {"TYPE", false, true}, {"SOURCE", false, true},
                 {"SUBJECT", false, true}, {"DELIVERIES"}, {"ID"}});
    table.tone_column(4);
    for (const auto& row : rows)
        table.add({format_time(row.event.received_ms), row.event.type, row.event.source,
                   row.event.subject, delivery_counts(row), row.event.id});
    table.print(terminal);
    if (rows.size() == filter.limit)
        terminal.err << "older ones: --before " << rows.back().event.seq << '\n';
}

ExitCode failed(const Error& error, Terminal& terminal) {
    print_error(terminal, error.text());
    return ExitCode::failed;
}

void print_event(const Event& event, Terminal& terminal) {
    auto line = [&](std::string_view name, std::string_view value) {
        if (value.empty()) return;
        std::string label = std::string(name) + std::string(10 - name.size(), ' ');
        terminal.out << label << printable(value) << '\n';
    };
    line("event", event.id);
    line("type", event.type);
    line("source", event.source);
    line("subject", event.subject);
    if (event.time_ms) line("time", format_time(*event.time_ms));
    line("received", format_time(event.received_ms));
    terminal.out << "attributes\n" << printable_json(event.attributes, 2) << '\n';
    if (event.payload_state != PayloadState::kept) {
        terminal.out << "data      payload " << payload_state_name(event.payload_state) << '\n';
        return;
    }
    terminal.out << "data\n";
    if (auto data = Json::parse(event.payload)) terminal.out << printable_json(*data, 2) << '\n';
    else terminal.out << "  " << printable(event.payload) << '\n';
}

Result<Json> event_with_deliveries(store::Reader& reader, const Event& event,
                                   const std::vector<store::DeliveryRow>& rows) {
    Json made = event_json(event);
    made.set("deliveries", Json::array());
    for (const auto& row : rows) {
        auto attempts = reader.attempts(row.delivery.id);
        if (!attempts) return attempts.error();
        Json delivery = delivery_row_json(row);
        delivery.set("attempts_made", Json::array());
        for (const auto& attempt : *attempts)
            delivery.find("attempts_made")->push_back(attempt_json(attempt));
        made.find("deliveries")->push_back(std::move(delivery));
    }
    return made;
}

ExitCode show_one(store::Reader& reader, const Arguments& arguments, Terminal& terminal) {
    store::Filter filter;
    filter.event_id = arguments.id;
    auto rows = reader.events(filter);
    if (!rows) return failed(rows.error(), terminal);
    if (rows->empty()) {
        print_error(terminal, "no event has the id \"" + printable(arguments.id, 100) + "\"");
        return ExitCode::failed;
    }
    const Event& event = rows->front().event;
    auto deliveries = reader.deliveries(filter);
    if (!deliveries) return failed(deliveries.error(), terminal);
    if (arguments.json) {
        auto made = event_with_deliveries(reader, event, *deliveries);
        if (!made) return failed(made.error(), terminal);
        terminal.out << made->dump() << '\n';
        return ExitCode::ok;
    }
    print_event(event, terminal);
    if (deliveries->empty()) terminal.out << "no rule matched: it has no deliveries\n";
    return print_delivery_details(reader, *deliveries, terminal);
}

}  // namespace

ExitCode events_command(const Arguments& arguments, const Surroundings& surroundings,
                        Terminal& terminal) {
    auto filter = filter_of(arguments, surroundings, terminal);
    if (!filter) return ExitCode::usage;
    auto config = config_for_reading(arguments, surroundings, terminal);
    if (!config) return ExitCode::usage;
    auto reader = open_reader(*config);
    if (!reader) return failed(reader.error(), terminal);
    if (!arguments.id.empty()) return show_one(**reader, arguments, terminal);
    auto rows = (*reader)->events(*filter);
    if (!rows) return failed(rows.error(), terminal);
    if (!arguments.json) {
        print_list(*rows, *filter, terminal);
        return ExitCode::ok;
    }
    for (const auto& row : *rows) terminal.out << event_row_json(row).dump() << '\n';
    return ExitCode::ok;
}

}  // namespace syncline::cli
