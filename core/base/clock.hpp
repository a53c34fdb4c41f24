// The seam to time. Wall time names moments for people and for other systems; monotonic time
// measures durations inside a process. Logic takes times as arguments; only threads' loops ask.
#pragma once

#include <cstdint>

namespace syncline {

class Clock {
public:
    virtual ~Clock() = default;
    /// Milliseconds since 1970-01-01 UTC. May jump. Any thread.
    virtual std::int64_t wall_ms() const = 0;
    /// Milliseconds of a clock that never goes back. Any thread.
    virtual std::int64_t monotonic_ms() const = 0;
};

class SystemClock final : public Clock {
public:
    std::int64_t wall_ms() const override;
    std::int64_t monotonic_ms() const override;
};

/// A clock that moves only when told to: for tests and simulation. One thread at a time.
class ManualClock final : public Clock {
public:
    explicit ManualClock(std::int64_t wall_ms_in = 1'767'225'600'000) : wall_ms_(wall_ms_in) {}
    std::int64_t wall_ms() const override { return wall_ms_; }
    std::int64_t monotonic_ms() const override { return monotonic_ms_; }
    void advance_ms(std::int64_t ms) { wall_ms_ += ms, monotonic_ms_ += ms; }
    /// Moves the wall alone, as an administrator or NTP does.
    void jump_wall_ms(std::int64_t ms) { wall_ms_ += ms; }

private:
    std::int64_t wall_ms_;
    std::int64_t monotonic_ms_ = 1000;
};

}  // namespace syncline
