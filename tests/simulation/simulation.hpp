// One run: everything that a seed decides, from the first request until nothing is left to do, one
// step at a time. What is checked when stands in model.hpp; how it ends in simulation.cpp.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace syncline::simulation {

struct Report {
    std::uint64_t seed = 0;
    std::optional<std::string> violation;
    std::uint64_t digest = 0;
    std::uint64_t steps = 0;
    std::int64_t simulated_ms = 0;
    std::size_t lives = 0;
    std::string mix;                  // which faults, how strong
    std::string ending;               // what is in the store at the end
    std::string yaml;                 // the hub file
    std::deque<std::string> last;     // of the history
};

/// `folder` is for the lock file and an empty file of the database's name. With `print` the whole
/// history goes to standard output.
Report simulate(std::uint64_t seed, const std::string& folder, bool print);

}  // namespace syncline::simulation
