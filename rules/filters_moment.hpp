// Reads the moments that the filters of time take. Private to the room.
//
// A number or a numeric text (moment.hpp), "now" or "today", ISO 8601, or a date in English words
// as mail and people write it ("March 14, 2016", "Mon, 14 Mar 2016 09:05:00 +0100"). A text without
// a zone is UTC. Pure; no clock, no locale.
#pragma once

#include <cstdint>
#include <optional>

#include "core/sdk/json.hpp"

namespace syncline::rules {

struct Instant {
    std::int64_t ms = 0;          // since 1970
    std::int64_t offset_ms = 0;   // of the zone that it was written in, east of UTC
};

/// Nothing when the value is no moment between the years 1 and 9999.
std::optional<Instant> read_instant(const Json& value, std::int64_t now_ms);

}  // namespace syncline::rules
