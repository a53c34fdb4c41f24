// `syncline deliveries`: deliveries, newest first, or one with its attempts. Reads the store file
// alone: it works with the hub up or down.
#include <ostream>

#include "core/admin/views.hpp"
#include "core/base/text.hpp"
#include "core/cli/commands.hpp"

namespace syncline::cli {
namespace {

std::string what_is_done(const Delivery& delivery) {
    return delivery.destination + (delivery.kind == DeliveryKind::derive ? " derive " : ".") +
           delivery.action;
}

std::string rule_or_kind(const Delivery& delivery) {
    return delivery.kind == DeliveryKind::derive ? "(derivation)" : delivery.rule;
}

void print_list(const std::vector<store::DeliveryRow>& rows, const store::Filter& filter,
                Terminal& terminal) {
    if (rows.empty()) {
        terminal.err << "no delivery matches\n";
        return;
    }
    Table table({{"ID", true}, {"CREATED"}, {"STATE"}, {"TRIES", true}, {"RULE", false, true},
                 {"DOES", false, true}, {"EVENT", false, true}, {"SUBJECT", false, true},
                 {"NOTE", false, true}});
    table.tone_column(2);
    for (const auto& row : rows)
        table.add({std::to_string(row.delivery.id), format_time(row.delivery.created_ms),
                   std::string(delivery_state_name(row.delivery.state)),
                   std::to_string(row.delivery.attempts), rule_or_kind(row.delivery),
                   what_is_done(row.delivery), row.event_type, row.event_subject,
                   row.delivery.note});
    table.print(terminal);
    if (rows.size() == filter.limit)
        terminal.err << "older ones: --before " << rows.back().delivery.id << '\n';
}

ExitCode failed(const Error& error, Terminal& terminal) {
    print_error(terminal, error.text());
    return ExitCode::failed;
}

void print_head(const store::DeliveryRow& row, Terminal& terminal) {
    const Delivery& delivery = row.delivery;
    std::string state(delivery_state_name(delivery.state));
    terminal.out << "delivery " << delivery.id << "  "
                 << toned(state, tone_of(state), terminal.colour_out) << "  "
                 << printable(what_is_done(delivery)) << "  rule "
                 << printable(rule_or_kind(delivery)) << '\n';
    terminal.out << "  event " << printable(row.event_id) << "  " << printable(row.event_type)
                 << "  " << printable(row.event_subject) << '\n';
    if (delivery.parent != 0) terminal.out << "  repeats delivery " << delivery.parent << '\n';
    if (delivery.uncertain)
        terminal.out << "  uncertain: an attempt began whose end was never recorded\n";
    if (delivery.state == DeliveryState::pending && delivery.not_before_ms > 0)
        terminal.out << "  next attempt not before " << format_time(delivery.not_before_ms) << '\n';
    if (!delivery.note.empty()) terminal.out << "  note: " << printable(delivery.note) << '\n';
}

void print_attempt(const Attempt& attempt, Terminal& terminal) {
    std::string outcome(outcome_kind_name(attempt.outcome));
    terminal.out << "  attempt " << attempt.number << "  " << format_time(attempt.started_ms)
                 << "  " << attempt.duration_ms << " ms  "
                 << toned(outcome, tone_of(outcome), terminal.colour_out);
    if (!attempt.note.empty()) terminal.out << "  " << printable(attempt.note);
    terminal.out << '\n';
    for (const auto& exchange : attempt.exchanges.items()) {
        std::string answer = exchange["error"].is_string() ? exchange["error"].as_string()
                                                           : exchange["status"].number_text();
        terminal.out << "    " << printable(exchange["method"].as_string()) << ' '
                     << printable(exchange["url"].as_string()) << " → " << printable(answer);
        if (exchange["ms"].is_number())
            terminal.out << "  " << exchange["ms"].number_text() << " ms";
        terminal.out << '\n';
    }
}

ExitCode show_one(store::Reader& reader, const Arguments& arguments, Terminal& terminal) {
    auto id = parse_decimal(arguments.id);
    if (!id || *id == 0) {
        print_error(terminal, "a delivery's id is a number, not \"" +
                                  printable(arguments.id, 100) + "\"");
        return ExitCode::usage;
    }
    store::Filter filter;
    filter.id = *id;
    auto rows = reader.deliveries(filter);
    if (!rows) return failed(rows.error(), terminal);
    if (rows->empty()) {
        print_error(terminal, "there is no delivery " + std::to_string(*id));
        return ExitCode::failed;
    }
    if (!arguments.json) return print_delivery_details(reader, *rows, terminal);
    auto attempts = reader.attempts(*id);
    if (!attempts) return failed(attempts.error(), terminal);
    Json made = delivery_row_json(rows->front());
    made.set("attempts_made", Json::array());
    for (const auto& attempt : *attempts)
        made.find("attempts_made")->push_back(attempt_json(attempt));
    terminal.out << made.dump() << '\n';
    return ExitCode::ok;
}

}  // namespace

ExitCode print_delivery_details(store::Reader& reader,
                                const std::vector<store::DeliveryRow>& rows, Terminal& terminal) {
    for (const auto& row : rows) {
        print_head(row, terminal);
        auto attempts = reader.attempts(row.delivery.id);
        if (!attempts) return failed(attempts.error(), terminal);
        for (const auto& attempt : *attempts) print_attempt(attempt, terminal);
    }
    return ExitCode::ok;
}

ExitCode deliveries_command(const Arguments& arguments, const Surroundings& surroundings,
                            Terminal& terminal) {
    auto filter = filter_of(arguments, surroundings, terminal);
    if (!filter) return ExitCode::usage;
    auto config = config_for_reading(arguments, surroundings, terminal);
    if (!config) return ExitCode::usage;
    auto reader = open_reader(*config);
    if (!reader) return failed(reader.error(), terminal);
    if (!arguments.id.empty()) return show_one(**reader, arguments, terminal);
    auto rows = (*reader)->deliveries(*filter);
    if (!rows) return failed(rows.error(), terminal);
    if (!arguments.json) {
        print_list(*rows, *filter, terminal);
        return ExitCode::ok;
    }
    for (const auto& row : *rows) terminal.out << delivery_row_json(row).dump() << '\n';
    return ExitCode::ok;
}

}  // namespace syncline::cli
