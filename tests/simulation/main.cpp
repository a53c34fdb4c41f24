// The command: simulates runs, one seed after the other, and compares some of them with a second run
// of the same seed. On a broken promise it prints the seed, the last lines of the history and the
// command that replays it, and goes on with the next seed.
//
//   simulation [--seeds N] [--from S]      N runs from seed S on (500 from 1)
//   simulation --seed S [--verbose]        one run, twice; with --verbose the whole history
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "tests/simulation/simulation.hpp"

namespace syncline::simulation {
namespace {

constexpr std::uint64_t compared_every = 10;   // of the seeds

/// For the handler of a failed assertion, which may do little more than write.
volatile std::sig_atomic_t seed_under_way = 0;

void say_seed(int) {
    char text[96];
    int size = std::snprintf(text, sizeof text,
                             "aborted; replay: tests/simulation/run --seed %lu\n",
                             static_cast<unsigned long>(seed_under_way));
    if (::write(STDOUT_FILENO, text, static_cast<std::size_t>(size)) < 0) ::_exit(2);
    ::_exit(1);
}

struct Options {
    std::uint64_t from = 1;
    std::uint64_t seeds = 500;
    bool verbose = false;
    bool single = false;
};

bool parse(int count, char** words, Options& options) {
    for (int i = 1; i < count; ++i) {
        std::string_view word = words[i];
        if (word == "--verbose") {
            options.verbose = true;
            continue;
        }
        auto value = i + 1 < count ? parse_decimal(words[++i]) : std::nullopt;
        if (!value) return false;
        if (word == "--seeds") options.seeds = *value;
        else if (word == "--from") options.from = *value;
        else if (word == "--seed") options.from = *value, options.seeds = 1, options.single = true;
        else return false;
    }
    return !options.verbose || options.single;
}

void show(const Report& report) {
    std::printf("seed %lu FAILED in life %zu at step %lu, after %ld simulated ms\n  %s\n",
                static_cast<unsigned long>(report.seed), report.lives,
                static_cast<unsigned long>(report.steps), static_cast<long>(report.simulated_ms),
                report.violation->c_str());
    std::printf("  faults: %s\n  hub file:\n%s  last steps:\n", report.mix.c_str(),
                report.yaml.c_str());
    for (const auto& line : report.last) std::printf("    %s\n", line.c_str());
    std::printf("  replay: tests/simulation/run --seed %lu --verbose\n\n",
                static_cast<unsigned long>(report.seed));
    std::fflush(stdout);
}

/// True when the promise holds and, where asked, a second run is the same run.
bool try_seed(std::uint64_t seed, const Options& options, const std::string& folder) {
    seed_under_way = static_cast<std::sig_atomic_t>(seed);
    Report report = simulate(seed, folder, options.verbose);
    if (options.single)
        std::printf("seed %lu: %lu steps, %ld simulated ms, %zu lives, digest %016lx\n  %s\n  %s\n",
                    static_cast<unsigned long>(seed), static_cast<unsigned long>(report.steps),
                    static_cast<long>(report.simulated_ms), report.lives,
                    static_cast<unsigned long>(report.digest), report.mix.c_str(),
                    report.ending.c_str());
    if (report.violation) show(report);
    if (!options.single && seed % compared_every != 0) return !report.violation;
    Report second = simulate(seed, folder, false);
    if (second.digest != report.digest)
        std::printf("seed %lu FAILED: two runs differ, digests %016lx and %016lx\n",
                    static_cast<unsigned long>(seed), static_cast<unsigned long>(report.digest),
                    static_cast<unsigned long>(second.digest));
    return !report.violation && second.digest == report.digest;
}

int run(const Options& options) {
    char made[] = "/tmp/syncline-simulation-XXXXXX";
    if (::mkdtemp(made) == nullptr) return 2;
    std::string folder = made;
    log_configure(LogLevel::error, LogFormat::text);
    std::signal(SIGABRT, say_seed);
    std::uint64_t passed = 0, failed = 0;
    for (std::uint64_t i = 0; i < options.seeds; ++i)
        ++(try_seed(options.from + i, options, folder) ? passed : failed);
    std::filesystem::remove_all(folder);
    std::printf("%lu passed, %lu failed\n", static_cast<unsigned long>(passed),
                static_cast<unsigned long>(failed));
    return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace syncline::simulation

int main(int count, char** words) {
    syncline::simulation::Options options;
    if (syncline::simulation::parse(count, words, options))
        return syncline::simulation::run(options);
    std::printf("usage: simulation [--seeds N] [--from S] | --seed S [--verbose]\n");
    return 2;
}
