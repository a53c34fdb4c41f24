// Files, plugins and the store behind load.hpp.
#include "core/cli/load.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <istream>
#include <sstream>

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/cli/care.hpp"

namespace syncline::cli {
namespace {

/// Secrets are keys and tokens; a larger file is a slip.
constexpr std::size_t secret_file_bytes_max = 64 << 10;

Result<std::string> read_stream(std::istream& stream, const std::string& name,
                                std::size_t bytes_max) {
    std::string text;
    char buffer[64 << 10];
    while (stream.read(buffer, sizeof buffer) || stream.gcount() > 0) {
        text.append(buffer, static_cast<std::size_t>(stream.gcount()));
        if (text.size() > bytes_max)
            return Error(ErrorCode::too_large,
                         "is larger than " + std::to_string(bytes_max) + " bytes", name);
    }
    if (stream.bad()) return Error(ErrorCode::io, "cannot be read", name);
    return text;
}

/// Paths in the file are meant from the file's folder.
std::vector<std::string> from_folder_of(const std::string& file,
                                        const std::vector<std::string>& paths) {
    std::vector<std::string> made;
    auto folder = std::filesystem::path(file).parent_path();
    for (const auto& path : paths) made.push_back((folder / path).string());
    return made;
}

Result<std::string> read_secret_file(const std::string& name) {
    return read_file(name, secret_file_bytes_max);
}

}  // namespace

Result<std::string> read_file(const std::string& name, std::size_t bytes_max) {
    std::error_code ignored;
    if (std::filesystem::is_directory(name, ignored))
        return Error(ErrorCode::io, "is a directory, not a file", name);
    std::ifstream stream(name, std::ios::binary);
    if (!stream) {
        int reason = errno;
        auto code = reason == ENOENT ? ErrorCode::not_found : ErrorCode::io;
        return Error(code, std::string("cannot be opened: ") + std::strerror(reason), name);
    }
    return read_stream(stream, name, bytes_max);
}

Result<std::string> read_input(const std::string& name, std::istream& standard_input) {
    if (name != "-") return read_file(name, limits::body_bytes_max);
    return read_stream(standard_input, "standard input", limits::body_bytes_max);
}

Result<HubFile> load_hub_file(const std::string& name, const Surroundings& surroundings) {
    auto text = read_file(name, limits::config_bytes_max);
    if (!text) return text.error();
    auto paths = from_folder_of(name, config::connector_paths_of(*text));
    paths.insert(paths.end(), surroundings.plugin_paths.begin(), surroundings.plugin_paths.end());
    std::vector<Error> problems;
    auto plugins = std::make_unique<host::PluginSet>(host::PluginSet::load(paths, problems));
    config::LoadContext context;
    context.file_name = name;
    context.environment = surroundings.environment;
    context.read_file = surroundings.read_secret;
    if (!context.read_file) context.read_file = read_secret_file;
    context.connectors = plugins.get();
    auto loaded = config::load_config(*text, context);
    return HubFile{name, std::move(*text), std::move(plugins), std::move(problems),
                   std::move(loaded), {}};
}

Result<HubFile> load_for_reading(const std::string& name, const Surroundings& surroundings) {
    auto text = read_file(name, limits::config_bytes_max);
    if (!text) return text.error();
    std::vector<std::string> absent;
    config::LoadContext context;
    context.file_name = name;
    context.environment = [&](const std::string& variable) {
        auto value = surroundings.environment(variable);
        if (!value) absent.push_back(variable);
        return value ? value : std::optional<std::string>(absent_value);
    };
    context.read_file = [](const std::string& path) {
        auto content = read_secret_file(path);
        return content ? content : Result<std::string>(std::string("unread"));
    };
    auto loaded = config::load_config(*text, context);
    bool blind = loaded.config && !absent.empty() &&
                 loaded.config->store_path.find(absent_value) != std::string::npos;
    if (blind)
        return Error(ErrorCode::invalid_config,
                     "the store's path needs a variable that is not set here; not set: " +
                         joined(absent, ", "),
                     name);
    return HubFile{name, std::move(*text), std::make_unique<host::PluginSet>(), {},
                   std::move(loaded), std::move(absent)};
}

bool report_problems(Terminal& terminal, const HubFile& file) {
    for (const auto& problem : file.plugin_problems)
        terminal.err << toned("warning:", Tone::waiting, terminal.colour_err) << ' '
                     << printable(problem.text()) << '\n';
    for (const auto& problem : file.loaded.problems)
        terminal.err << config::format_problem(problem, file.text, file.name, terminal.colour_err)
                     << '\n';
    return file.loaded.config.has_value();
}

std::unique_ptr<store::Store> open_store(const config::HubConfig& config) {
    return store::make_sqlite_store(store_options(config));
}

Result<std::unique_ptr<store::Reader>> open_reader(const config::HubConfig& config) {
    auto reader = open_store(config)->open_reader();
    if (!reader && reader.error().code == ErrorCode::not_found)
        return Error(ErrorCode::not_found,
                     "there is no store yet: it is made when the hub first runs",
                     config.store_path);
    return reader;
}

}  // namespace syncline::cli
