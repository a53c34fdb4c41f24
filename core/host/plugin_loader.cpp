// Finds, opens and checks plugins: the one place where dlopen is called.
//
// Opened with RTLD_NOW (a missing symbol is an error at start, not a crash at midnight), RTLD_LOCAL
// (plugins do not see each other) and RTLD_NODELETE; never closed, because unloading code with
// thread-local destructors crashes or silently does nothing. So a plugin that was refused stays
// mapped, unused.
//
// The table is read in the order that makes it safe: its size, then the major version, then the
// rest. Any thread; nothing is shared.
#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstring>
#include <filesystem>

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/host/connector.hpp"
#include "core/host/messages.hpp"

namespace syncline::host {
namespace {

namespace fs = std::filesystem;

/// Up to and including `end`: what version 1.0 began with. get_extension may be absent.
constexpr std::size_t table_bytes_min = offsetof(syncline_plugin, get_extension);
/// A descriptor is a page or two of JSON; the bound only stops a runaway.
constexpr std::size_t descriptor_bytes_max = 4u << 20;
/// Majors whose entry symbols are looked for to explain a missing one.
constexpr unsigned majors_probed = 10;

using EntryFunction = const syncline_plugin* (*)();

std::string entry_name(unsigned major) {
    return "syncline_plugin_v" + std::to_string(major);
}

Error refused(ErrorCode code, std::string message, const std::string& origin) {
    return Error(code, std::move(message), origin);
}

Error other_major(unsigned found, const std::string& how, const std::string& origin) {
    std::string message = how + "; this Syncline speaks ABI " + std::to_string(SYNCLINE_ABI_MAJOR);
    bool newer = found > SYNCLINE_ABI_MAJOR;
    message += newer ? ": a newer Syncline is needed, or an older build of the plugin"
                     : ": rebuild the plugin with this Syncline's SDK";
    return refused(newer ? ErrorCode::newer_version : ErrorCode::unsupported, std::move(message),
                   origin);
}

/// Says why the symbol is missing: built for another major, or no plugin of ours at all.
Error no_symbol(void* library, const std::string& path) {
    for (unsigned major = 0; major < majors_probed; ++major) {
        if (dlsym(library, entry_name(major).c_str()) == nullptr) continue;
        return other_major(major,
                           "exports " + entry_name(major) + " (ABI " + std::to_string(major) +
                               ") and no " + entry_name(SYNCLINE_ABI_MAJOR),
                           path);
    }
    return refused(ErrorCode::plugin,
                   "is no Syncline plugin: it does not export " + entry_name(SYNCLINE_ABI_MAJOR) +
                       " (in C++, end the file with SYNCLINE_CONNECTOR(YourType))",
                   path);
}

/// Size and version first: nothing else of the table may be read before.
Result<void> check_table(const syncline_plugin* table, const std::string& origin) {
    if (table == nullptr)
        return refused(ErrorCode::plugin, "syncline_plugin_v1() gave no table", origin);
    auto size = table->struct_size;
    if (size < offsetof(syncline_plugin, abi_minor))
        return refused(
            ErrorCode::plugin,
            "its table declares " + std::to_string(size) + " bytes, too few for a version", origin);
    if (table->abi_major != SYNCLINE_ABI_MAJOR)
        return other_major(table->abi_major,
                           "was built for ABI " + std::to_string(table->abi_major), origin);
    if (size < table_bytes_min)
        return refused(ErrorCode::plugin,
                       "its table declares " + std::to_string(size) + " bytes; ABI 1 needs " +
                           std::to_string(table_bytes_min) + " (set struct_size to sizeof)",
                       origin);
    const char* missing = nullptr;
    if (table->describe == nullptr) missing = "describe";
    else if (table->create == nullptr) missing = "create";
    else if (table->destroy == nullptr) missing = "destroy";
    else if (table->begin != nullptr && table->step == nullptr) missing = "step";
    else if (table->begin != nullptr && table->end == nullptr) missing = "end";
    if (missing != nullptr)
        return refused(ErrorCode::plugin, std::string("its table lacks ") + missing, origin);
    return {};
}

struct DescriptorText {
    std::string text;
    bool over_limit = false;
};

void collect(void* context, const std::uint8_t* data, std::uint64_t size) noexcept {
    auto& out = *static_cast<DescriptorText*>(context);
    if (size == 0 || data == nullptr || out.over_limit) return;
    out.over_limit = size > descriptor_bytes_max - out.text.size();
    if (!out.over_limit)
        out.text.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
}

Result<std::string> describe(const syncline_plugin* table, const std::string& origin) {
    DescriptorText out;
    syncline_writer writer{sizeof(syncline_writer), 0, &out, &collect};
    std::int32_t code = SYNCLINE_ERROR;
    try {
        code = table->describe(&writer);
    } catch (...) {
        return refused(ErrorCode::plugin, "describe: an exception crossed the boundary", origin);
    }
    if (out.over_limit)
        return refused(ErrorCode::plugin, "describe: the descriptor is over 4 MiB", origin);
    if (code == SYNCLINE_OK) return std::move(out.text);
    std::string said = plugin_error_text(out.text);
    if (said.empty()) said = "failed with code " + std::to_string(code);
    return refused(ErrorCode::plugin, "describe: " + said, origin);
}

Result<ConnectorDescriptor> read_descriptor(const syncline_plugin* table,
                                            const std::string& origin) {
    auto text = describe(table, origin);
    if (!text) return text.error();
    auto json = parse_plugin_json(*text);
    if (!json)
        return refused(ErrorCode::plugin, "describe: " + json.error().message, origin);
    auto descriptor = ConnectorDescriptor::from_json(*json);
    if (!descriptor) return refused(ErrorCode::plugin, descriptor.error().message, origin);
    bool no_jobs = table->begin == nullptr;
    if (no_jobs && (!descriptor->actions.empty() || !descriptor->documents.empty()))
        return refused(ErrorCode::plugin, "has actions or documents, but its table lacks begin",
                       origin);
    if (descriptor->is_source && table->parse == nullptr)
        return refused(ErrorCode::plugin, "is a source, but its table lacks parse", origin);
    return descriptor;
}

Result<void> check_file(const std::string& path) {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) {
        auto code = errno == ENOENT ? ErrorCode::not_found : ErrorCode::io;
        return refused(code, std::strerror(errno), path);
    }
    if (!S_ISREG(found.st_mode))
        return refused(ErrorCode::invalid_argument, "is no regular file", path);
    return {};
}

/// The plugin files that `path` stands for, sorted by name.
Result<std::vector<std::string>> plugin_files(const std::string& path) {
    std::error_code failed;
    auto kind = fs::status(path, failed).type();
    if (kind == fs::file_type::not_found)
        return refused(ErrorCode::not_found, "no such folder or file of plugins", path);
    std::vector<std::string> files;
    if (kind != fs::file_type::directory) {
        files.push_back(path);
        return files;
    }
    for (fs::directory_iterator at(path, failed), end; !failed && at != end; at.increment(failed))
        if (at->path().extension() == ".so") files.push_back(at->path().string());
    if (failed) return refused(ErrorCode::io, failed.message(), path);
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace

Result<std::unique_ptr<Plugin>> Plugin::load(const std::string& path) {
    // Absolute: a name without a slash would be looked for in the system's library folders.
    std::error_code failed;
    std::string file = fs::absolute(path, failed).string();
    if (failed) return refused(ErrorCode::io, failed.message(), path);
    auto good = check_file(file);
    if (!good) return good.error();
    void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library == nullptr) {
        const char* why = dlerror();
        return refused(ErrorCode::plugin,
                       std::string("cannot be loaded: ") + (why != nullptr ? why : "unknown") +
                           " (was it built on a newer system than this one?)",
                       file);
    }
    void* symbol = dlsym(library, entry_name(SYNCLINE_ABI_MAJOR).c_str());
    if (symbol == nullptr) return no_symbol(library, file);
    const syncline_plugin* table = nullptr;
    try {
        table = reinterpret_cast<EntryFunction>(symbol)();
    } catch (...) {
        return refused(ErrorCode::plugin,
                       "syncline_plugin_v1: an exception crossed the boundary", file);
    }
    return adopt(table, file);
}

Result<std::unique_ptr<Plugin>> Plugin::adopt(const syncline_plugin* table, std::string origin) {
    auto good = check_table(table, origin);
    if (!good) return good.error();
    auto descriptor = read_descriptor(table, origin);
    if (!descriptor) return descriptor.error();
    std::unique_ptr<Plugin> made(new Plugin());
    made->table_ = table;
    made->descriptor_ = std::move(*descriptor);
    made->origin_ = std::move(origin);
    return made;
}

// --- PluginSet ----------------------------------------------------------------------------------

PluginSet PluginSet::load(const std::vector<std::string>& paths, std::vector<Error>& problems) {
    PluginSet set;
    for (const auto& path : paths) {
        auto files = plugin_files(path);
        if (!files) {
            problems.push_back(files.error());
            continue;
        }
        for (const auto& file : *files) {
            auto plugin = Plugin::load(file);
            if (plugin) set.add(std::move(*plugin));
            else problems.push_back(plugin.error());
        }
    }
    return set;
}

void PluginSet::add(std::unique_ptr<Plugin> plugin) {
    const std::string& name = plugin->descriptor().name;
    if (auto known = plugins_.find(name); known != plugins_.end()) {
        log_info("two plugins have one name: the first is used",
                 {{"connector", name},
                  {"used", known->second->origin()},
                  {"left_out", plugin->origin()}});
        return;
    }
    std::string key = name;
    plugins_.emplace(std::move(key), std::move(plugin));
}

const Plugin* PluginSet::plugin(std::string_view connector) const {
    auto found = plugins_.find(connector);
    return found == plugins_.end() ? nullptr : found->second.get();
}

const ConnectorDescriptor* PluginSet::find(std::string_view connector) const {
    const Plugin* found = plugin(connector);
    return found == nullptr ? nullptr : &found->descriptor();
}

std::vector<std::string> PluginSet::names() const {
    std::vector<std::string> out;
    for (const auto& [name, plugin] : plugins_) out.push_back(name);
    return out;
}

std::vector<std::string> default_plugin_paths() {
    std::array<char, PATH_MAX> buffer{};
    auto length = ::readlink("/proc/self/exe", buffer.data(), buffer.size());
    if (length <= 0) return {};
    fs::path folder =
        fs::path(std::string(buffer.data(), static_cast<std::size_t>(length))).parent_path();
    std::vector<std::string> candidates = {
        (folder / "plugins").string(),
        (folder.parent_path() / "lib" / "syncline" / "plugins").string()};
    std::vector<std::string> present;
    std::error_code ignored;
    for (const auto& path : candidates)
        if (fs::is_directory(path, ignored)) present.push_back(path);
    // With neither there, the first one is named, so that the problem list says where to put them.
    if (present.empty()) present.push_back(candidates.front());
    return present;
}

}  // namespace syncline::host
