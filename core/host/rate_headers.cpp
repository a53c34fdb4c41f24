// Sources, read in 2025: RFC drafts httpapi-ratelimit-headers 06 (RateLimit-Remaining, -Reset in
// seconds), 07 ("limit=100, remaining=50, reset=5") and 08 on ("\"default\";r=50;t=30"); GitHub and
// Notion-like X-RateLimit-Reset as seconds since 1970; Linear's X-RateLimit-Requests-Reset in
// milliseconds since 1970; HubSpot's X-HubSpot-RateLimit-Interval-Milliseconds, a length.
#include "core/host/rate_headers.hpp"

#include <algorithm>
#include <string_view>

#include "core/base/limits.hpp"
#include "core/base/text.hpp"

namespace syncline::host {
namespace {

struct Spelling {
    std::string_view remaining;
    std::string_view reset;
    bool in_ms = false;   // the reset is a length in milliseconds
};

constexpr Spelling spellings[] = {
    {"RateLimit-Remaining", "RateLimit-Reset"},
    {"X-RateLimit-Remaining", "X-RateLimit-Reset"},
    {"X-Rate-Limit-Remaining", "X-Rate-Limit-Reset"},
    {"X-RateLimit-Requests-Remaining", "X-RateLimit-Requests-Reset"},
    {"X-HubSpot-RateLimit-Remaining", "X-HubSpot-RateLimit-Interval-Milliseconds", true},
};

/// Numbers from these on are moments, not lengths: 2001 in seconds and in milliseconds.
constexpr std::uint64_t epoch_s_min = 1'000'000'000;
constexpr std::uint64_t epoch_ms_min = 1'000'000'000'000;

/// A whole number; a fraction after it is cut off ("0.5", as some write seconds).
std::optional<std::uint64_t> whole(std::string_view text) {
    text = trim(text);
    auto dot = text.find('.');
    if (dot != std::string_view::npos) {
        if (!parse_decimal(text.substr(dot + 1))) return std::nullopt;
        text = text.substr(0, dot);
    }
    return parse_decimal(text);
}

std::optional<std::int64_t> length_ms(std::uint64_t reset, bool in_ms, std::int64_t now_wall_ms) {
    if (reset > 100 * epoch_ms_min) return std::nullopt;   // the year 5138
    auto number = static_cast<std::int64_t>(reset);
    if (in_ms) return number;
    if (reset >= epoch_ms_min) return number - now_wall_ms;
    if (reset >= epoch_s_min) return number * 1000 - now_wall_ms;
    return number * 1000;
}

void take_tighter(std::optional<RateLimit>& best, std::optional<std::uint64_t> remaining,
                  std::optional<std::int64_t> reset_ms) {
    if (!remaining || !reset_ms || *reset_ms <= 0) return;
    RateLimit found;
    found.remaining = static_cast<std::int64_t>(std::min<std::uint64_t>(*remaining, 1'000'000'000));
    found.reset_ms = std::min(*reset_ms, limits::retry_after_ms_max);
    if (!best || found.remaining < best->remaining) best = found;
}

/// The parameters of one member of RateLimit, of either draft.
void read_member(std::string_view member, std::optional<RateLimit>& best) {
    std::optional<std::uint64_t> remaining;
    std::optional<std::uint64_t> seconds;
    for (const auto& part : split(member, ';')) {
        std::string_view text = trim(part);
        auto equals = text.find('=');
        if (equals == std::string_view::npos) continue;
        std::string_view name = trim(text.substr(0, equals));
        auto value = whole(text.substr(equals + 1));
        if (name == "r" || name == "remaining") remaining = value;
        if (name == "t" || name == "reset") seconds = value;
    }
    if (seconds && *seconds < epoch_s_min)
        take_tighter(best, remaining, static_cast<std::int64_t>(*seconds) * 1000);
}

}  // namespace

std::optional<RateLimit> rate_limit_of(const HttpHeaders& headers, std::int64_t now_wall_ms) {
    std::optional<RateLimit> best;
    for (const auto& spelling : spellings) {
        const std::string* remaining = headers.find(spelling.remaining);
        const std::string* reset = headers.find(spelling.reset);
        if (!remaining || !reset) continue;
        auto number = whole(*reset);
        if (number)
            take_tighter(best, whole(*remaining), length_ms(*number, spelling.in_ms, now_wall_ms));
    }
    if (const std::string* field = headers.find("RateLimit")) {
        // Draft 07 separates its parameters by commas, later ones members that have parameters.
        bool parameters = field->find("remaining=") != std::string::npos;
        std::string text = *field;
        if (parameters) std::replace(text.begin(), text.end(), ',', ';');
        for (const auto& member : split(text, ',')) read_member(member, best);
    }
    return best;
}

}  // namespace syncline::host
