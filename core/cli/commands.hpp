// The commands as functions: arguments and surroundings in, exit code out, text on the terminal's
// streams. One file each. A read prints for people, or JSON with --json; messages go to `err`.
#pragma once

#include "core/cli/arguments.hpp"
#include "core/cli/load.hpp"
#include "core/cli/terminal.hpp"

namespace syncline::cli {

ExitCode run_command(const Arguments& arguments, const Surroundings& surroundings,
                     Terminal& terminal);
ExitCode check_command(const Arguments& arguments, const Surroundings& surroundings,
                       Terminal& terminal);
ExitCode explain_command(const Arguments& arguments, const Surroundings& surroundings,
                         Terminal& terminal);
ExitCode test_command(const Arguments& arguments, const Surroundings& surroundings,
                      Terminal& terminal);
ExitCode send_command(const Arguments& arguments, const Surroundings& surroundings,
                      Terminal& terminal);
ExitCode events_command(const Arguments& arguments, const Surroundings& surroundings,
                        Terminal& terminal);
ExitCode deliveries_command(const Arguments& arguments, const Surroundings& surroundings,
                            Terminal& terminal);
ExitCode replay_command(const Arguments& arguments, const Surroundings& surroundings,
                        Terminal& terminal);
ExitCode backup_command(const Arguments& arguments, const Surroundings& surroundings,
                        Terminal& terminal);
ExitCode compact_command(const Arguments& arguments, const Surroundings& surroundings,
                         Terminal& terminal);
ExitCode forget_command(const Arguments& arguments, const Surroundings& surroundings,
                        Terminal& terminal);
ExitCode doctor_command(const Arguments& arguments, const Surroundings& surroundings,
                        Terminal& terminal);
ExitCode cancel_command(const Arguments& arguments, const Surroundings& surroundings,
                        Terminal& terminal);
ExitCode retry_command(const Arguments& arguments, const Surroundings& surroundings,
                       Terminal& terminal);
ExitCode destinations_command(const Arguments& arguments, const Surroundings& surroundings,
                              Terminal& terminal);

/// Parses the words of a command line and runs what they name.
ExitCode run_words(const std::vector<std::string>& words, const Surroundings& surroundings,
                   Terminal& terminal);

/// Why a configuration file could not be read.
void report_unreadable(Terminal& terminal, const Error& error);
/// The filter of the given words. Prints what is wrong and gives nothing.
std::optional<store::Filter> filter_of(const Arguments& arguments, const Surroundings& surroundings,
                                       Terminal& terminal);
/// The configuration for a command that reads; prints what is wrong and gives nothing.
std::optional<config::HubConfig> config_for_reading(const Arguments& arguments,
                                                    const Surroundings& surroundings,
                                                    Terminal& terminal);
/// The file for a command that needs everything checked; prints what is wrong and gives nothing.
std::optional<HubFile> checked_hub_file(const Arguments& arguments,
                                        const Surroundings& surroundings, Terminal& terminal);
/// Deliveries with their attempts, under a heading, as `events ID` and `deliveries ID` show them.
ExitCode print_delivery_details(store::Reader& reader,
                                const std::vector<store::DeliveryRow>& rows, Terminal& terminal);

}  // namespace syncline::cli
