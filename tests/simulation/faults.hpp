// Which faults a run has, and how strongly: a swarm. Each seed switches each fault off or on by
// itself, so that no fault hides another in all runs, and some runs have few or none.
//
// Probabilities are per mille. To add one: a member here, a draw in faults.cpp, and the place where
// it strikes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace syncline::simulation {

struct FaultMix {
    explicit FaultMix(std::uint64_t seed);
    std::string text() const;

    // --- The load ---
    std::size_t requests = 0;
    std::size_t subjects = 0;           // few: long lanes
    std::int64_t load_ms = 0;           // in which the requests are first sent
    // --- Senders ---
    unsigned doubled = 0;               // the same request twice at once
    unsigned answer_lost = 0;           // the sender never hears and sends again
    unsigned request_lost = 0;
    unsigned forged = 0;                // signed with another secret
    unsigned malformed = 0;
    std::int64_t latency_ms = 0;        // at most; reorders
    // --- Destinations: weights of what a request meets, see Fate in sinks.hpp ---
    std::vector<unsigned> fates;
    unsigned moods = 0;                 // a destination is out of order for a while
    // --- The hub ---
    std::size_t kills = 0;              // kill -9, files live on
    std::size_t power_cuts = 0;         // at a step
    std::size_t disk_cuts = 0;          // in the middle of the disk's operations
    std::size_t stops = 0;              // asked for, with time to settle
    unsigned orders = 0;                // a person cancels, hurries, holds, releases
    unsigned stall = 0;                 // a thread does not get its turn for a while
    std::int64_t stall_ms = 0;
    unsigned tick = 0;                  // time passes though there is work
    // --- The disk ---
    std::size_t disk_troubles = 0;      // periods
    unsigned disk_fails = 0;            // of its operations in such a period
    bool disk_reads_fail = false;
    // --- The clock ---
    std::size_t clock_jumps = 0;
    std::int64_t clock_jump_ms = 0;     // at most, both ways
};

}  // namespace syncline::simulation
