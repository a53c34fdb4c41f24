// What the commands share: dispatch, the configuration, filter words.
#include "core/cli/commands.hpp"

#include <ostream>

#include "core/admin/filter_words.hpp"
#include "core/base/text.hpp"

namespace syncline::cli {
namespace {

using CommandFunction = ExitCode (*)(const Arguments&, const Surroundings&, Terminal&);

CommandFunction function_of(Command command) {
    switch (command) {
        case Command::run: return run_command;
        case Command::check: return check_command;
        case Command::explain: return explain_command;
        case Command::test: return test_command;
        case Command::send: return send_command;
        case Command::events: return events_command;
        case Command::deliveries: return deliveries_command;
        case Command::replay: return replay_command;
        case Command::cancel: return cancel_command;
        case Command::retry: return retry_command;
        case Command::destinations: return destinations_command;
        case Command::backup: return backup_command;
        case Command::compact: return compact_command;
        case Command::forget: return forget_command;
        case Command::doctor: return doctor_command;
    }
    return nullptr;
}

}  // namespace

ExitCode run_words(const std::vector<std::string>& words, const Surroundings& surroundings,
                   Terminal& terminal) {
    ParsedArguments parsed = parse_arguments(words);
    if (parsed.arguments)
        return function_of(parsed.arguments->command)(*parsed.arguments, surroundings, terminal);
    if (parsed.exit == ExitCode::ok) {
        terminal.out << parsed.message;
        return parsed.exit;
    }
    print_error(terminal, parsed.message);
    if (!parsed.hint.empty()) print_hint(terminal, parsed.hint);
    return parsed.exit;
}

void report_unreadable(Terminal& terminal, const Error& error) {
    print_error(terminal, printable(error.text()));
    if (error.code == ErrorCode::not_found)
        print_hint(terminal, "name the configuration with -c FILE");
}

std::optional<store::Filter> filter_of(const Arguments& arguments, const Surroundings& surroundings,
                                       Terminal& terminal) {
    store::Filter filter;
    for (const auto& [name, value] : arguments.filter_words) {
        auto set = set_filter_word(filter, name, value, surroundings.clock.wall_ms());
        if (!set) {
            print_error(terminal, "--" + set.error().text());
            return std::nullopt;
        }
    }
    return filter;
}

std::optional<config::HubConfig> config_for_reading(const Arguments& arguments,
                                                    const Surroundings& surroundings,
                                                    Terminal& terminal) {
    auto file = load_for_reading(arguments.config_file, surroundings);
    if (!file) {
        report_unreadable(terminal, file.error());
        return std::nullopt;
    }
    if (!file->loaded.config) {
        report_problems(terminal, *file);
        if (!file->absent.empty())
            print_hint(terminal, "variables that are not set here: " + joined(file->absent, ", "));
    }
    return std::move(file->loaded.config);
}

std::optional<HubFile> checked_hub_file(const Arguments& arguments,
                                        const Surroundings& surroundings, Terminal& terminal) {
    auto file = load_hub_file(arguments.config_file, surroundings);
    if (!file) {
        report_unreadable(terminal, file.error());
        return std::nullopt;
    }
    if (!report_problems(terminal, *file)) return std::nullopt;
    return std::move(*file);
}

}  // namespace syncline::cli
