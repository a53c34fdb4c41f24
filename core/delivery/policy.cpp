#include "core/delivery/policy.hpp"

#include <algorithm>
#include <limits>

namespace syncline::delivery {

std::optional<std::int64_t> retry_wait_ms(const RetryPolicy& policy, std::uint32_t attempts,
                                          std::optional<std::int64_t> asked_ms,
                                          std::uint64_t random) {
    if (attempts == 0 || attempts > policy.schedule_ms.size()) return std::nullopt;
    std::int64_t base = policy.schedule_ms[attempts - 1];
    std::int64_t spread = base * policy.jitter_percent / 100;
    std::int64_t wait = base;
    if (spread > 0)
        wait += static_cast<std::int64_t>(random % static_cast<std::uint64_t>(2 * spread + 1)) -
                spread;
    return std::max(wait, asked_ms.value_or(0));
}

void TokenBucket::refill(std::int64_t now_ms) {
    std::int64_t passed = std::max<std::int64_t>(0, now_ms - refilled_ms_);
    refilled_ms_ = now_ms;
    // passed ms bring passed × count token-ms; a full bucket's worth of time is enough to forget.
    passed = std::min(passed, per_ms_);
    spent_ = std::max<std::int64_t>(0, spent_ - passed * count_);
}

std::int64_t TokenBucket::wait_ms(std::int64_t now_ms) {
    if (now_ms < paused_until_ms_) return paused_until_ms_ - now_ms;
    if (now_ms < allowed_until_ms_ && allowed_ <= 0) return allowed_until_ms_ - now_ms;
    if (count_ == 0) return 0;
    refill(now_ms);
    std::int64_t room = static_cast<std::int64_t>(count_) * per_ms_ - per_ms_;  // for one more
    if (spent_ <= room) return 0;
    return (spent_ - room + count_ - 1) / count_;
}

void TokenBucket::take(std::int64_t now_ms) {
    if (now_ms < allowed_until_ms_) --allowed_;
    if (count_ == 0) return;
    refill(now_ms);
    spent_ += per_ms_;
}

void TokenBucket::pause(std::int64_t now_ms, std::int64_t ms) {
    paused_until_ms_ = std::max(paused_until_ms_, now_ms + ms);
}

void TokenBucket::obey(std::int64_t now_ms, std::int64_t remaining, std::int64_t reset_ms) {
    allowed_ = remaining;
    allowed_until_ms_ = now_ms + reset_ms;
}

std::int64_t Breaker::wait_ms(std::int64_t now_ms) const {
    if (state_ == State::closed) return 0;
    if (state_ == State::probing) return -1;
    return now_ms >= open_until_ms_ ? 0 : open_until_ms_ - now_ms;
}

void Breaker::started(std::int64_t now_ms) {
    if (state_ == State::open && now_ms >= open_until_ms_) state_ = State::probing;
}

void Breaker::succeeded() {
    state_ = State::closed;
    failures_ = 0;
    wait_now_ms_ = wait_ms_first;
    held_ = false;
}

void Breaker::failed(std::int64_t now_ms) {
    ++failures_;
    bool was_probe = state_ == State::probing;
    if (!was_probe && (state_ == State::open || failures_ < failures_to_open)) return;
    if (was_probe) wait_now_ms_ = std::min(wait_now_ms_ * 2, wait_ms_max);
    state_ = State::open;
    open_until_ms_ = now_ms + wait_now_ms_;
}

void Breaker::hold(std::int64_t now_ms) {
    wait_now_ms_ = held_ ? std::min(wait_now_ms_ * 2, hold_ms_max) : hold_ms_first;
    held_ = true;
    state_ = State::open;
    open_until_ms_ = now_ms + wait_now_ms_;
}

void Breaker::restore_hold() {
    held_ = true;
    state_ = State::open;
    open_until_ms_ = std::numeric_limits<std::int64_t>::min();
    wait_now_ms_ = hold_ms_first;
}

void Breaker::release(std::int64_t now_ms) {
    held_ = false;
    probe_now(now_ms);
}

void Breaker::probe_now(std::int64_t now_ms) {
    if (state_ == State::open) open_until_ms_ = std::min(open_until_ms_, now_ms);
}

void Breaker::undecided(std::int64_t now_ms) {
    if (state_ != State::probing) return;
    state_ = State::open;
    open_until_ms_ = now_ms;
}

}  // namespace syncline::delivery
