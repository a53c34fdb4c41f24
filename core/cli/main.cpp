// The program: gives the commands the process's environment, clock, randomness and streams.
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "core/cli/commands.hpp"

int main(int count, char** words) {
    using namespace syncline;
    // A reader that goes away (`syncline events | head`) is an error of the write, not our end.
    std::signal(SIGPIPE, SIG_IGN);
    SystemClock clock;
    SystemRandom random;
    cli::Surroundings surroundings{
        [](const std::string& name) {
            const char* value = std::getenv(name.c_str());
            return value ? std::optional<std::string>(value) : std::nullopt;
        },
        host::default_plugin_paths(), clock, random};
    cli::Terminal terminal = cli::system_terminal();
    auto exit = cli::run_words(std::vector<std::string>(words + 1, words + count), surroundings,
                               terminal);
    // A full disk shows here; a reader that has seen enough (EPIPE) is no failure.
    errno = 0;
    if (!std::cout.flush() && errno != EPIPE) {
        cli::print_error(terminal, "standard output cannot be written");
        return static_cast<int>(cli::ExitCode::failed);
    }
    return static_cast<int>(exit);
}
