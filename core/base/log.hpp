// The log: one line an entry, text or JSON, to stderr. The one place where secrets are removed and
// control bytes are escaped on their way to a log. spdlog stands behind log.cpp alone.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace syncline {

enum class LogLevel { debug, info, warning, error };
enum class LogFormat { text, json };

using LogField = std::pair<std::string_view, std::string>;

/// Once, before threads start.
void log_configure(LogLevel level, LogFormat format);
/// From now on this text is replaced by "***" in every entry. Texts under 4 bytes are ignored.
/// Any thread.
void log_hide_secret(std::string_view secret);
/// `text` with every known secret replaced: for errors and answers that are stored or shown.
std::string hide_secrets(std::string_view text);

/// Any thread.
void log_write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields);

inline void log_debug(std::string_view message, std::initializer_list<LogField> fields = {}) {
    log_write(LogLevel::debug, message, fields);
}
inline void log_info(std::string_view message, std::initializer_list<LogField> fields = {}) {
    log_write(LogLevel::info, message, fields);
}
inline void log_warning(std::string_view message, std::initializer_list<LogField> fields = {}) {
    log_write(LogLevel::warning, message, fields);
}
inline void log_error(std::string_view message, std::initializer_list<LogField> fields = {}) {
    log_write(LogLevel::error, message, fields);
}

}  // namespace syncline
