// The seam to randomness: jitter and ids. SystemRandom draws from the kernel; SeededRandom
// (splitmix64) gives the same sequence for the same seed, for tests and simulation.
#pragma once

#include <cstdint>

namespace syncline {

class Random {
public:
    virtual ~Random() = default;
    virtual std::uint64_t next_u64() = 0;
};

/// Any thread. Draws ahead for its thread: do not use on both sides of a fork().
class SystemRandom final : public Random {
public:
    std::uint64_t next_u64() override;
};

/// One thread at a time.
class SeededRandom final : public Random {
public:
    explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next_u64() override {
        state_ += 0x9E3779B97F4A7C15u;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        return z ^ (z >> 31);
    }

private:
    std::uint64_t state_;
};

}  // namespace syncline
