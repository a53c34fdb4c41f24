// The few bodies of the base room that touch the system: assertions, clock, randomness, names.
#include <sys/random.h>
#include <time.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "core/base/assert.hpp"
#include "core/base/clock.hpp"
#include "core/base/random.hpp"
#include "core/base/result.hpp"

namespace syncline {

void assertion_failed(const char* expression, const char* file, int line,
                      std::string_view detail) {
    std::fprintf(stderr, "syncline: broken invariant %s at %s:%d: %.*s\n", expression, file, line,
                 static_cast<int>(detail.size()), detail.data());
    std::abort();
}

std::string_view error_code_name(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_argument: return "invalid_argument";
        case ErrorCode::invalid_config: return "invalid_config";
        case ErrorCode::not_found: return "not_found";
        case ErrorCode::already_exists: return "already_exists";
        case ErrorCode::unauthorized: return "unauthorized";
        case ErrorCode::too_large: return "too_large";
        case ErrorCode::unsupported: return "unsupported";
        case ErrorCode::unavailable: return "unavailable";
        case ErrorCode::timeout: return "timeout";
        case ErrorCode::network: return "network";
        case ErrorCode::refused_by_policy: return "refused_by_policy";
        case ErrorCode::io: return "io";
        case ErrorCode::disk_full: return "disk_full";
        case ErrorCode::corrupt: return "corrupt";
        case ErrorCode::newer_version: return "newer_version";
        case ErrorCode::locked: return "locked";
        case ErrorCode::plugin: return "plugin";
        case ErrorCode::internal: return "internal";
    }
    return "internal";
}

namespace {
std::int64_t read_ms(clockid_t id) {
    timespec now{};
    clock_gettime(id, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}
}  // namespace

std::int64_t SystemClock::wall_ms() const {
    return read_ms(CLOCK_REALTIME);
}

std::int64_t SystemClock::monotonic_ms() const {
    return read_ms(CLOCK_MONOTONIC);
}

std::uint64_t SystemRandom::next_u64() {
    // A system call for 32 numbers (256 bytes, which getrandom never gives in part) instead of one.
    thread_local std::array<std::uint64_t, 32> drawn;
    thread_local std::size_t left = 0;
    if (left == 0) {
        SYNCLINE_ASSERT(getrandom(drawn.data(), sizeof drawn, 0) == sizeof drawn,
                        "getrandom failed");
        left = drawn.size();
    }
    return drawn[--left];
}

}  // namespace syncline
