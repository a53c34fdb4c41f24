// `syncline backup FILE`: a checked copy of the store, with the hub running or not. Reads the store's
// file alone; it is the hub's file afterwards too: `store: sqlite:FILE` runs on it.
#include <ostream>

#include "core/base/text.hpp"
#include "core/cli/care.hpp"
#include "core/cli/commands.hpp"
#include "core/store/sqlite/care.hpp"

namespace syncline::cli {

ExitCode backup_command(const Arguments& arguments, const Surroundings& surroundings,
                        Terminal& terminal) {
    auto config = config_for_reading(arguments, surroundings, terminal);
    if (!config) return ExitCode::usage;
    PercentLine line(terminal, "copied");
    store::BackupOrder order;
    order.target = arguments.file;
    order.overwrite = arguments.force;
    order.progress = [&line](std::int64_t done, std::int64_t all) { line.show(done, all); };
    auto bytes = store::back_up(store_options(*config), order);
    line.clear();
    if (!bytes) {
        print_error(terminal, "no backup was made: " + printable(bytes.error().text()));
        bool word = bytes.error().code == ErrorCode::already_exists ||
                    bytes.error().code == ErrorCode::invalid_argument;
        return word ? ExitCode::usage : ExitCode::failed;
    }
    if (arguments.json) {
        Json made = Json::object();
        made.set("file", arguments.file);
        made.set("bytes", *bytes);
        terminal.out << made.dump() << '\n';
    } else {
        terminal.out << "backed up to " << printable(arguments.file) << ", "
                     << format_bytes(*bytes) << ", integrity checked\n";
    }
    return ExitCode::ok;
}

}  // namespace syncline::cli
