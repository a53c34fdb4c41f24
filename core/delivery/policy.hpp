// When a failed delivery is tried again, how fast a destination may be called, and when it is left
// alone for a while: three small state machines. Pure: time and randomness are arguments.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace syncline::delivery {

struct RetryPolicy {
    std::vector<std::int64_t> schedule_ms;  // wait before attempt 2, 3, …; after the last: dead
    std::uint32_t jitter_percent = 20;
};

/// Wait before the next attempt after `attempts` finished ones, or nothing when the schedule is
/// used up. The scheduled wait gets ± jitter; `asked_ms` (Retry-After, already capped) can only
/// make it longer. `random` is any 64 bits.
std::optional<std::int64_t> retry_wait_ms(const RetryPolicy& policy, std::uint32_t attempts,
                                          std::optional<std::int64_t> asked_ms,
                                          std::uint64_t random);

/// `count` tokens every `per_ms`, at most `count` saved up. Starts full.
class TokenBucket {
public:
    TokenBucket(std::uint32_t count, std::int64_t per_ms) : count_(count), per_ms_(per_ms) {}
    /// 0 when a token is there now, else how long until the next one. Unlimited when count is 0.
    std::int64_t wait_ms(std::int64_t now_ms);
    /// Takes a token; only after wait_ms() gave 0 at the same time.
    void take(std::int64_t now_ms);
    /// The other side says the limit is used up: nothing more until `now_ms + ms`.
    void pause(std::int64_t now_ms, std::int64_t ms);
    /// The other side says how many more it takes until `now_ms + reset_ms`: no more than that go
    /// out until then. What it said before is forgotten; the bucket's own rate stays.
    void obey(std::int64_t now_ms, std::int64_t remaining, std::int64_t reset_ms);

private:
    void refill(std::int64_t now_ms);

    std::uint32_t count_;
    std::int64_t per_ms_;
    std::int64_t spent_ = 0;          // tokens × per_ms, so that no fraction is lost
    std::int64_t refilled_ms_ = 0;
    std::int64_t paused_until_ms_ = 0;
    std::int64_t allowed_ = 0;        // calls that the other side still takes …
    std::int64_t allowed_until_ms_ = 0;   // … until then
};

/// Opens after `failures_to_open` failures in a row that are the destination's own fault; while open
/// nothing is sent; after a wait that doubles from `wait_ms_first` to `wait_ms_max` one delivery
/// probes. A success closes it.
class Breaker {
public:
    static constexpr std::uint32_t failures_to_open = 5;
    static constexpr std::int64_t wait_ms_first = 5'000;
    static constexpr std::int64_t wait_ms_max = 300'000;   // 5 min: a revived destination waits no longer

    enum class State { closed, open, probing };
    State state() const { return state_; }
    /// 0 when an attempt may start now; else how long to wait; -1 while a probe is under way.
    std::int64_t wait_ms(std::int64_t now_ms) const;
    /// An attempt starts; an open breaker whose wait is over begins to probe.
    void started(std::int64_t now_ms);
    void succeeded();
    void failed(std::int64_t now_ms);
    /// The destination is unusable until a person mends it (credentials, gone): opens at once, and
    /// probes after a wait that doubles from `hold_ms_first` to `hold_ms_max`.
    void hold(std::int64_t now_ms);
    bool held() const { return held_; }
    /// Since when a hold found in the store has lasted is not known here: it probes at once.
    void restore_hold();
    /// A person says that the hold is over: the next attempt tells whether that is so.
    void release(std::int64_t now_ms);
    /// A person says that it is worth a try: an open breaker probes now.
    void probe_now(std::int64_t now_ms);
    /// The attempt ended without a word of the destination: another one may probe.
    void undecided(std::int64_t now_ms);

    static constexpr std::int64_t hold_ms_first = 60'000;
    static constexpr std::int64_t hold_ms_max = 900'000;   // 15 min: 4 failed log-ins an hour

private:
    bool held_ = false;
    State state_ = State::closed;
    std::uint32_t failures_ = 0;
    std::int64_t wait_now_ms_ = wait_ms_first;
    std::int64_t open_until_ms_ = 0;
};

}  // namespace syncline::delivery
