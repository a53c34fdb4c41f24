// What happened in a run, line by line: the last lines are kept for a report of failure, all of them
// go into the digest by which two runs are compared. The first broken promise is kept here too.
#pragma once

#include <cstdint>
#include <cstdio>
#include <deque>
#include <optional>
#include <string>

#include "core/base/clock.hpp"

namespace syncline::simulation {

class History {
public:
    History(const Clock& clock, bool print) : clock_(clock), print_(print) {}

    void next_step() { ++step_; }
    std::uint64_t step() const { return step_; }

    void note(const std::string& what) {
        std::string line = std::to_string(step_) + " " + std::to_string(clock_.monotonic_ms()) +
                           "ms " + what;
        for (unsigned char c : line) digest_ = (digest_ ^ c) * 0x100000001B3u;
        if (print_) std::printf("%s\n", line.c_str());
        last_.push_back(std::move(line));
        if (last_.size() > lines_kept) last_.pop_front();
    }
    /// A promise is broken. The run ends after this step.
    void violated(const std::string& what) {
        if (violation_) return;
        violation_ = what;
        note("VIOLATION " + what);
    }

    const std::optional<std::string>& violation() const { return violation_; }
    const std::deque<std::string>& last() const { return last_; }
    /// FNV-1a over all lines.
    std::uint64_t digest() const { return digest_; }

private:
    static constexpr std::size_t lines_kept = 50;
    const Clock& clock_;
    const bool print_;
    std::uint64_t step_ = 0;
    std::uint64_t digest_ = 0xCBF29CE484222325u;
    std::deque<std::string> last_;
    std::optional<std::string> violation_;
};

}  // namespace syncline::simulation
