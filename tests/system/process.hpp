// A child process under test: started with posix_spawn, watched by poll, ended by its own id. All
// waits have a deadline; none is a sleep. The destructor kills what still runs, so a failing test
// leaves nothing behind.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace syncline::system_test {

struct Program {
    std::vector<std::string> words;        // the path first
    std::vector<std::string> environment;  // "NAME=value", added to our own
    std::string error_file;                // stderr is appended there; empty: our own
};

class Process {
public:
    explicit Process(const Program& program);
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    /// The next line of stdout, without its end; nothing when the deadline or the stream's end
    /// comes.
    std::optional<std::string> read_line(std::int64_t timeout_ms);
    /// Whatever else comes on stdout until it closes.
    std::string read_all(std::int64_t timeout_ms);
    void signal(int number);
    bool running();
    /// The exit code, or 128 + the signal's number, as shells have it; nothing at the deadline.
    std::optional<int> wait(std::int64_t timeout_ms);

private:
    bool fill(std::int64_t timeout_ms);

    pid_t pid_ = -1;
    int process_ = -1;  // pidfd: readable when the process has ended
    int output_ = -1;
    std::string buffer_;
    std::optional<int> code_;
};

/// Runs it to its end. `code` is -1 when it took longer than a minute.
struct Finished {
    int code = -1;
    std::string output;
};
Finished run_program(const Program& program);

}  // namespace syncline::system_test
