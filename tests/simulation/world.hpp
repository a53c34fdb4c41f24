// The simulated surroundings that all parts of a run share: clock, agenda, history, the mix of
// faults. Nothing in a run asks any other clock or source of chance.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "core/base/clock.hpp"
#include "tests/simulation/dice.hpp"
#include "tests/simulation/faults.hpp"
#include "tests/simulation/history.hpp"

namespace syncline::simulation {

/// What is to happen outside the hub, by its simulated time. What is due at the same time happens
/// in an order that the dice choose.
class Agenda {
public:
    Agenda(const Clock& clock, Dice& dice) : clock_(clock), dice_(dice) {}

    void in(std::int64_t ms, std::function<void()> work) {
        items_.emplace(std::pair{clock_.monotonic_ms() + ms, dice_.next_u64()}, std::move(work));
    }
    bool is_due() const {
        return !items_.empty() && items_.begin()->first.first <= clock_.monotonic_ms();
    }
    /// -1: nothing planned.
    std::int64_t next_ms() const { return items_.empty() ? -1 : items_.begin()->first.first; }
    void run_one() {
        auto work = std::move(items_.begin()->second);
        items_.erase(items_.begin());
        work();
    }

private:
    const Clock& clock_;
    Dice& dice_;
    std::map<std::pair<std::int64_t, std::uint64_t>, std::function<void()>> items_;
};

/// When something was decided.
struct Moment {
    std::uint64_t order = 0;
    std::int64_t ms = 0;
};

struct World {
    World(std::uint64_t seed_in, bool print)
        : seed(seed_in), faults(seed_in), dice(seed_in, "world"), history(clock, print),
          agenda(clock, dice) {}
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    std::int64_t now() const { return clock.monotonic_ms(); }
    /// Orders what happens within one step too.
    Moment moment() { return Moment{++sequence_, now()}; }
    /// The hub's wall clock moves alone.
    void jump_wall(std::int64_t ms) {
        clock.jump_wall_ms(ms);
        skew_ms_ += ms;
        greatest_skew_ms_ = std::max(greatest_skew_ms_, std::abs(skew_ms_));
    }
    std::int64_t skew_ms() const { return skew_ms_; }
    std::int64_t greatest_skew_ms() const { return greatest_skew_ms_; }
    std::int64_t true_wall_ms() const { return clock.wall_ms() - skew_ms_; }

    const std::uint64_t seed;
    FaultMix faults;
    Dice dice;
    ManualClock clock;
    History history;
    Agenda agenda;
    bool calm = false;   // faults have ceased

private:
    std::uint64_t sequence_ = 0;
    std::int64_t skew_ms_ = 0;
    std::int64_t greatest_skew_ms_ = 0;
};

}  // namespace syncline::simulation
