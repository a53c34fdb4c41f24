// `syncline compact`: gives the store's free pages back to the file system, or with --full writes the
// file anew. The hub must not run: it gives back by itself what it does not need soon.
#include <cstdlib>
#include <filesystem>
#include <ostream>

#include "core/base/text.hpp"
#include "core/cli/care.hpp"
#include "core/cli/commands.hpp"
#include "core/store/sqlite/care.hpp"

namespace syncline::cli {
namespace {

Result<store::Sizes> compact(const Arguments& arguments, const store::SqliteOptions& options,
                             Terminal& terminal) {
    if (arguments.full) {
        // SQLite's temporary copy of the file: beside it, where the room was looked for, and not on
        // a small /tmp that lies in memory.
        auto folder = std::filesystem::absolute(options.path).parent_path().string();
        ::setenv("SQLITE_TMPDIR", folder.c_str(), 0);
        return store::rewrite_file(options);
    }
    PercentLine line(terminal, "given back");
    auto sizes = store::give_back_space(
        options, [&line](std::int64_t done, std::int64_t all) { line.show(done, all); });
    line.clear();
    return sizes;
}

}  // namespace

ExitCode compact_command(const Arguments& arguments, const Surroundings& surroundings,
                         Terminal& terminal) {
    auto config = config_for_reading(arguments, surroundings, terminal);
    if (!config) return ExitCode::usage;
    auto sizes = compact(arguments, store_options(*config), terminal);
    if (!sizes) {
        print_error(terminal, printable(sizes.error().text()));
        if (sizes.error().code == ErrorCode::locked)
            print_hint(terminal, "a running hub gives free space back by itself, in quiet moments");
        return ExitCode::failed;
    }
    if (arguments.json) {
        Json made = Json::object();
        made.set("before_bytes", sizes->before_bytes);
        made.set("after_bytes", sizes->after_bytes);
        terminal.out << made.dump() << '\n';
    } else {
        terminal.out << format_bytes(sizes->before_bytes) << " before, "
                     << format_bytes(sizes->after_bytes) << " now\n";
    }
    return ExitCode::ok;
}

}  // namespace syncline::cli
