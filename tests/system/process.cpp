// posix_spawn and pidfd behind process.hpp.
#include "tests/system/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

#include "core/base/assert.hpp"

namespace syncline::system_test {

namespace {

constexpr std::int64_t kFinishMs = 60'000;

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> made;
    for (std::string& text : texts) made.push_back(text.data());
    made.push_back(nullptr);
    return made;
}

std::vector<std::string> with_own_environment(const std::vector<std::string>& more) {
    std::vector<std::string> all = more;  // the first of a name counts
    for (char** at = environ; *at != nullptr; ++at) all.emplace_back(*at);
    return all;
}

bool readable(int fd, std::int64_t timeout_ms) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            end - std::chrono::steady_clock::now());
        pollfd wanted{fd, POLLIN, 0};
        const int found = ::poll(&wanted, 1, static_cast<int>(std::max<long>(0, left.count())));
        if (found >= 0 || errno != EINTR) return found > 0;
    }
}

}  // namespace

Process::Process(const Program& program) {
    int ends[2];
    SYNCLINE_ASSERT(::pipe2(ends, O_CLOEXEC) == 0, "no pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    if (!program.error_file.empty()) {
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, program.error_file.c_str(),
                                         O_WRONLY | O_CREAT | O_APPEND, 0644);
    }
    // Not the listening sockets of the stand-ins: a child that held them would keep them open.
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    // Signals as a shell would start it, whatever this process has blocked.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    std::vector<std::string> words = program.words;
    std::vector<std::string> environment = with_own_environment(program.environment);
    const int failed = ::posix_spawn(&pid_, words[0].c_str(), &actions, &attributes,
                                     pointers(words).data(), pointers(environment).data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    ::close(ends[1]);
    output_ = ends[0];
    SYNCLINE_ASSERT(failed == 0, "cannot start " + words[0]);
    // By number: the header of glibc 2.36 declares pidfd_open() for C only.
    process_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    SYNCLINE_ASSERT(process_ >= 0, "no pidfd");
}

Process::~Process() {
    if (running()) {
        signal(SIGKILL);
        wait(kFinishMs);
    }
    ::close(process_);
    ::close(output_);
}

bool Process::fill(std::int64_t timeout_ms) {
    if (!readable(output_, timeout_ms)) return false;
    char bytes[4096];
    const ssize_t count = ::read(output_, bytes, sizeof bytes);
    if (count <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(count));
    return true;
}

std::optional<std::string> Process::read_line(std::int64_t timeout_ms) {
    while (buffer_.find('\n') == std::string::npos) {
        if (!fill(timeout_ms)) return std::nullopt;
    }
    const std::size_t end = buffer_.find('\n');
    std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end + 1);
    return line;
}

std::string Process::read_all(std::int64_t timeout_ms) {
    while (fill(timeout_ms)) {
    }
    return std::move(buffer_);
}

void Process::signal(int number) {
    ::kill(pid_, number);
}

bool Process::running() {
    return !wait(0).has_value();
}

std::optional<int> Process::wait(std::int64_t timeout_ms) {
    if (code_) return code_;
    if (!readable(process_, timeout_ms)) return std::nullopt;
    int status = 0;
    SYNCLINE_ASSERT(::waitpid(pid_, &status, 0) == pid_, "waitpid");
    code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return code_;
}

Finished run_program(const Program& program) {
    Process process(program);
    Finished finished;
    finished.output = process.read_all(kFinishMs);
    finished.code = process.wait(kFinishMs).value_or(-1);
    return finished;
}

}  // namespace syncline::system_test
