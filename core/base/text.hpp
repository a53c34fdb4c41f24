// Small text matters that several rooms share: durations and sizes as users write them, times as
// the web writes them, escaping for terminals and logs, near names for error hints. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace syncline {

std::string lower(std::string_view text);            // ASCII only
bool equals_ignore_case(std::string_view left, std::string_view right);  // ASCII only
std::string_view trim(std::string_view text);        // spaces and tabs, CR, LF
std::vector<std::string> split(std::string_view text, char separator);
bool starts_with_ignore_case(std::string_view text, std::string_view prefix);

/// Decimal digits only, no sign; nothing on overflow or any other byte.
std::optional<std::uint64_t> parse_decimal(std::string_view text);
/// "250ms", "30s", "2m", "12h", "3d" → milliseconds. Integers only; nothing when malformed.
std::optional<std::int64_t> parse_duration_ms(std::string_view text);
/// The shortest of those spellings: 90000 → "90s".
std::string format_duration(std::int64_t ms);
/// "512", "64KiB", "1MiB", "2GiB" (powers of 1,024) → bytes.
std::optional<std::uint64_t> parse_size_bytes(std::string_view text);

/// RFC 3339 in UTC with milliseconds: "2026-01-01T00:00:00.000Z".
std::string format_time(std::int64_t wall_ms);
/// RFC 3339 with any offset and up to nine decimals → milliseconds.
std::optional<std::int64_t> parse_time(std::string_view text);
/// IMF-fixdate, and the two obsolete forms that RFC 9110 §5.6.7 asks recipients to accept.
std::optional<std::int64_t> parse_http_date(std::string_view text);
std::string format_http_date(std::int64_t wall_ms);

/// `text` with control bytes, ANSI escapes, DEL and invalid UTF-8 written as \xNN, cut at
/// `bytes_max` with "…": safe in a log line and on a terminal.
std::string printable(std::string_view text, std::size_t bytes_max = 2000);

/// The candidate nearest to `word` by edit distance, when near enough to be a typo of it
/// (at most a third of its length, at least 1).
std::optional<std::string> nearest_name(std::string_view word,
                                        const std::vector<std::string>& candidates);

/// Percent-encodes everything but RFC 3986 unreserved characters: for a path segment or a query
/// value.
std::string url_encode(std::string_view text);

}  // namespace syncline
