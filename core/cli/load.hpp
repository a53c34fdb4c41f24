// What every command does first: find the configuration, the plugins and the store. The process's
// environment and files reach the commands only through Surroundings. One thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/random.hpp"
#include "core/base/result.hpp"
#include "core/cli/terminal.hpp"
#include "core/config/config.hpp"
#include "core/host/connector.hpp"
#include "core/store/store.hpp"

namespace syncline::cli {

struct Surroundings {
    std::function<std::optional<std::string>(const std::string&)> environment;
    std::vector<std::string> plugin_paths;   // besides those that the file names
    const Clock& clock;
    Random& random;
    /// Reads `file:PATH` of a configuration; empty: from the disk.
    std::function<Result<std::string>(const std::string&)> read_secret = {};
};

/// Stands for an absent variable or secret where its value does not matter: good as a text and as
/// an address, and nobody listens there.
inline constexpr const char* absent_value = "127.0.0.1:1";

/// A configuration file with the plugins that it was checked against.
struct HubFile {
    std::string name;
    std::string text;
    std::unique_ptr<host::PluginSet> plugins;   // outlives what is made from them
    std::vector<Error> plugin_problems;
    config::Loaded loaded;
    std::vector<std::string> absent;            // load_for_reading: variables that are not set
};

/// Reads a file, or standard input for "-". ErrorCode::not_found, io, too_large.
Result<std::string> read_input(const std::string& name, std::istream& standard_input);
Result<std::string> read_file(const std::string& name, std::size_t bytes_max);

/// Loads the plugins and the file. An Error: the file cannot be read; what is wrong inside is in
/// `loaded.problems`.
Result<HubFile> load_hub_file(const std::string& name, const Surroundings& surroundings);

/// For commands that only read the store or call the hub: a variable or secret file that is absent
/// here is no reason to fail, unless the store's own path needs it, and connectors are not looked
/// at.
Result<HubFile> load_for_reading(const std::string& name, const Surroundings& surroundings);

/// Prints every problem with its line and caret on `err`; true when the configuration can be used.
bool report_problems(Terminal& terminal, const HubFile& file);

std::unique_ptr<store::Store> open_store(const config::HubConfig& config);
/// A reader of the configured store; not_found says that no hub has run yet.
Result<std::unique_ptr<store::Reader>> open_reader(const config::HubConfig& config);

}  // namespace syncline::cli
