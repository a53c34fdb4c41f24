// See faults.hpp.
#include "tests/simulation/faults.hpp"

#include "tests/simulation/dice.hpp"
#include "tests/simulation/sinks.hpp"

namespace syncline::simulation {
namespace {

/// Off in half of all runs, else rare or frequent.
unsigned rate(Dice& dice, unsigned most) {
    if (dice.chance(500)) return 0;
    return 1 + static_cast<unsigned>(dice.skewed(most - 1));
}

std::size_t times(Dice& dice, std::size_t most) {
    return dice.chance(500) ? 0 : 1 + dice.below(most);
}

}  // namespace

FaultMix::FaultMix(std::uint64_t seed) {
    Dice dice(seed, "faults");
    requests = 20 + dice.below(100);
    subjects = 1 + static_cast<std::size_t>(dice.skewed(40));
    load_ms = dice.chance(300) ? 1000 : 20'000 + static_cast<std::int64_t>(dice.below(200'000));
    doubled = rate(dice, 300);
    answer_lost = rate(dice, 300);
    request_lost = rate(dice, 300);
    forged = rate(dice, 100);
    malformed = rate(dice, 50);
    latency_ms = 1 + dice.skewed(dice.chance(200) ? 20'000 : 500);
    fates.assign(fate_count, 0);
    fates[static_cast<std::size_t>(Fate::fine)] = 1000;
    bool friendly = dice.chance(100);
    for (std::size_t i = 1; i < fate_count; ++i)
        if (!friendly) fates[i] = rate(dice, i < transient_fate_count ? 300 : 30);
    moods = rate(dice, 20);
    kills = times(dice, 4);
    power_cuts = times(dice, 3);
    disk_cuts = times(dice, 4);
    stops = times(dice, 2);
    // In some runs the hub lives on whatever happens around it: a restart mends too much.
    if (dice.chance(250)) kills = power_cuts = disk_cuts = stops = 0;
    orders = rate(dice, 1000);
    stall = rate(dice, 20);
    stall_ms = 1 + dice.skewed(20'000);
    tick = rate(dice, 200);
    disk_troubles = times(dice, 3);
    disk_fails = 10 + static_cast<unsigned>(dice.skewed(990));
    disk_reads_fail = dice.chance(200);
    clock_jumps = times(dice, 3);
    clock_jump_ms = 1000 * (1 + dice.skewed(3600));
}

std::string FaultMix::text() const {
    std::string text = "requests=" + std::to_string(requests) +
                       " subjects=" + std::to_string(subjects) +
                       " load=" + std::to_string(load_ms) + "ms";
    auto add = [&](const char* name, std::uint64_t value) {
        if (value > 0) text += std::string(" ") + name + "=" + std::to_string(value);
    };
    add("doubled", doubled), add("answer_lost", answer_lost), add("request_lost", request_lost);
    add("forged", forged), add("malformed", malformed);
    add("latency", static_cast<std::uint64_t>(latency_ms));
    for (std::size_t i = 1; i < fates.size(); ++i) add(fate_name(static_cast<Fate>(i)), fates[i]);
    add("moods", moods), add("kills", kills), add("power_cuts", power_cuts);
    add("disk_cuts", disk_cuts), add("stops", stops);
    add("orders", orders);
    if (stall > 0) add("stall", stall), add("stall_ms", static_cast<std::uint64_t>(stall_ms));
    add("tick", tick), add("disk_troubles", disk_troubles);
    if (disk_troubles > 0) add("disk_fails", disk_fails), add("reads_fail", disk_reads_fail);
    add("clock_jumps", clock_jumps);
    if (clock_jumps > 0) add("jump_ms", static_cast<std::uint64_t>(clock_jump_ms));
    return text;
}

}  // namespace syncline::simulation
