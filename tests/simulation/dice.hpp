// Where a simulated run takes its chances from: one stream of numbers for each purpose, all made
// from the run's seed, so that drawing more for one purpose leaves the others as they were.
// Remainders instead of distributions: those differ between standard libraries.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/random.hpp"

namespace syncline::simulation {

class Dice final : public Random {
public:
    Dice(std::uint64_t seed, std::string_view purpose) : random_(mix(seed, purpose)) {}

    std::uint64_t next_u64() override { return random_.next_u64(); }
    /// From 0 to `count` - 1.
    std::size_t below(std::size_t count) { return next_u64() % count; }
    std::int64_t between(std::int64_t low, std::int64_t high) {
        return low + static_cast<std::int64_t>(below(static_cast<std::size_t>(high - low) + 1));
    }
    bool chance(unsigned per_mille) { return below(1000) < per_mille; }
    /// As often short as long: each power of two up to `high` is equally likely.
    std::int64_t skewed(std::int64_t high) {
        std::int64_t limit = high;
        for (auto halvings = below(8); halvings > 0 && limit > 1; --halvings) limit /= 2;
        return between(0, limit);
    }
    /// An index, by weight.
    std::size_t weighted(const std::vector<unsigned>& weights) {
        std::size_t sum = 0;
        for (auto weight : weights) sum += weight;
        std::size_t at = below(sum);
        std::size_t index = 0;
        while (at >= weights[index]) at -= weights[index++];
        return index;
    }

private:
    static std::uint64_t mix(std::uint64_t seed, std::string_view purpose) {
        std::uint64_t hash = 0xCBF29CE484222325u ^ (seed * 0x9E3779B97F4A7C15u);
        for (unsigned char c : purpose) hash = (hash ^ c) * 0x100000001B3u;
        return hash;
    }
    SeededRandom random_;
};

}  // namespace syncline::simulation
