// spdlog behind log.hpp: its thread-safe stderr sink and level filter. The line is built here,
// because spdlog's pattern formatter cannot escape.
#include "core/base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/text.hpp"
#include "core/sdk/json.hpp"

namespace syncline {
namespace {

struct Log {
    std::mutex mutex;
    std::vector<std::string> secrets;  // longest first, so that no secret is cut by a shorter one
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::text;
    std::shared_ptr<spdlog::logger> logger;

    Log() {
        logger = std::make_shared<spdlog::logger>(
            "syncline", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        logger->set_pattern("%v");
        logger->set_level(spdlog::level::trace);
    }
};

/// Made at first use: no static constructor, and alive until the process ends.
Log& log() {
    static Log* const instance = new Log;
    return *instance;
}

constexpr std::string_view level_names[] = {"debug", "info", "warning", "error"};
constexpr spdlog::level::level_enum spdlog_levels[] = {
    spdlog::level::debug, spdlog::level::info, spdlog::level::warn, spdlog::level::err};

std::string text_line(LogLevel level, std::string_view time, std::string_view message,
                      std::initializer_list<LogField> fields) {
    std::string line(time);
    line.append(" ").append(level_names[static_cast<int>(level)]).append(" ");
    line.append(printable(message));
    for (const auto& [name, value] : fields) {
        line.append(" ").append(name).append("=");
        bool plain = !value.empty() && value.find_first_of(" \"=") == std::string::npos;
        if (plain) line.append(printable(value));
        else json_quote_to(line, printable(value));
    }
    return line;
}

std::string json_line(LogLevel level, std::string_view time, std::string_view message,
                      std::initializer_list<LogField> fields) {
    Json line = Json::object();
    line.set("time", time);
    line.set("level", level_names[static_cast<int>(level)]);
    line.set("message", printable(message));
    for (const auto& [name, value] : fields) line.set(name, printable(value));
    return line.dump();
}

}  // namespace

void log_configure(LogLevel level, LogFormat format) {
    std::lock_guard lock(log().mutex);
    log().level = level;
    log().format = format;
}

void log_hide_secret(std::string_view secret) {
    if (secret.size() < 4) return;
    std::lock_guard lock(log().mutex);
    auto& secrets = log().secrets;
    if (std::find(secrets.begin(), secrets.end(), secret) != secrets.end()) return;
    secrets.emplace_back(secret);
    std::sort(secrets.begin(), secrets.end(),
              [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

std::string hide_secrets(std::string_view text) {
    std::string out(text);
    std::lock_guard lock(log().mutex);
    for (const auto& secret : log().secrets)
        for (auto at = out.find(secret); at != std::string::npos; at = out.find(secret, at + 3))
            out.replace(at, secret.size(), "***");
    return out;
}

void log_write(LogLevel level, std::string_view message,
               std::initializer_list<LogField> fields) {
    if (level < log().level) return;
    std::string time = format_time(SystemClock().wall_ms());
    std::string line = log().format == LogFormat::json ? json_line(level, time, message, fields)
                                                       : text_line(level, time, message, fields);
    log().logger->log(spdlog_levels[static_cast<int>(level)], hide_secrets(line));
}

}  // namespace syncline
