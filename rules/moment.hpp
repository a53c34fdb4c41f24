// Moments and durations as people and vendors write them. Shared by the time tests of patterns and
// the time filters of templates, so that both read the same texts.
//
// Pure functions; no clock is read here.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/sdk/json.hpp"

namespace syncline::rules {

/// Milliseconds since 1970 of an ISO 8601 date or time (UTC when it names no zone), in the years 1
/// to 9999; nothing when the text is none.
std::optional<std::int64_t> moment_of_text(std::string_view text);

/// Milliseconds since 1970 of a JSON number: of seconds, or of milliseconds from 10^11 on (1973 in
/// milliseconds, 5138 in seconds). Nothing outside the years 1 to 9999.
std::optional<std::int64_t> moment_of_number(const Json& number);

/// Milliseconds of a whole number with a unit: ms, s, m, h or d. Nothing when it is written
/// otherwise or is above limits::duration_ms_max.
std::optional<std::int64_t> duration_of_text(std::string_view text);

}  // namespace syncline::rules
