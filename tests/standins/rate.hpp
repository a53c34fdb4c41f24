// The two shapes of published rate limits: so many in any window (sliding), and an average with a
// burst (token bucket). Pure: time is an argument, in milliseconds of a monotonic clock.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>

namespace syncline::standins {

/// At most `limit` in any `window_ms`.
class SlidingWindow {
public:
    explicit SlidingWindow(std::int64_t window_ms) : window_ms_(window_ms) {}

    bool admit(std::int64_t now_ms, std::size_t limit) {
        forget(now_ms);
        if (times_.size() >= limit) return false;
        times_.push_back(now_ms);
        return true;
    }
    std::size_t used(std::int64_t now_ms) {
        forget(now_ms);
        return times_.size();
    }
    /// Until the oldest one leaves the window.
    std::int64_t wait_ms(std::int64_t now_ms) const {
        return times_.empty() ? 0 : std::max<std::int64_t>(0, times_.front() + window_ms_ - now_ms);
    }

private:
    void forget(std::int64_t now_ms) {
        while (!times_.empty() && times_.front() + window_ms_ <= now_ms) times_.pop_front();
    }
    const std::int64_t window_ms_;
    std::deque<std::int64_t> times_;
};

/// `per_second` on average, up to `burst` at once.
class Bucket {
public:
    bool admit(std::int64_t now_ms, double per_second, double burst) {
        if (last_ms_ < 0) tokens_ = burst, last_ms_ = now_ms;
        tokens_ =
            std::min(burst, tokens_ + static_cast<double>(now_ms - last_ms_) * per_second / 1000);
        last_ms_ = now_ms;
        if (tokens_ < 1) return false;
        tokens_ -= 1;
        return true;
    }

private:
    double tokens_ = 0;
    std::int64_t last_ms_ = -1;
};

}  // namespace syncline::standins
