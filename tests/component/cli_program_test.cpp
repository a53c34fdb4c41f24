// The program itself, by fork and exec: exit codes, the ready line, signals, and one event all the
// way from `send` through a running hub to a destination.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>

#include "core/cli/http_call.hpp"
#include "tests/component/cli_fixture.hpp"
#include "tests/component/host_server.hpp"

namespace syncline::cli {
namespace {

constexpr int wait_ms_max = 60'000;   // a sanitized build on a busy machine is slow

/// A child with an environment of its own. Reads its streams; ended with the object.
class Program {
public:
    Program(std::vector<std::string> words, std::vector<std::string> environment) {
        int out[2], err[2];
        EXPECT_EQ(::pipe2(out, O_CLOEXEC), 0);
        EXPECT_EQ(::pipe2(err, O_CLOEXEC), 0);
        words.insert(words.begin(), SYNCLINE_PROGRAM);
        std::vector<char*> arguments = pointers(words), variables = pointers(environment);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::dup2(out[1], STDOUT_FILENO);
            ::dup2(err[1], STDERR_FILENO);
            ::execve(SYNCLINE_PROGRAM, arguments.data(), variables.data());
            ::_exit(127);
        }
        ::close(out[1]);
        ::close(err[1]);
        out_.file = out[0];
        err_.file = err[0];
    }
    ~Program() {
        if (pid_ > 0) ::kill(pid_, SIGKILL), finish();
        ::close(out_.file);
        ::close(err_.file);
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    void signal(int number) { ::kill(pid_, number); }

    /// Waits until stdout (or stderr) holds `text`; what it holds then.
    std::string out_until(const std::string& text) { return read_until(out_, text); }
    std::string err_until(const std::string& text) { return read_until(err_, text); }

    /// Waits for the end: the exit code, or minus the signal that ended it.
    int finish() {
        out_until("\x01 never written");
        err_until("\x01 never written");
        int status = 0;
        ::waitpid(pid_, &status, 0);
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }
    const std::string& out() const { return out_.text; }
    const std::string& err() const { return err_.text; }

private:
    struct Stream {
        int file = -1;
        bool open = true;
        std::string text;
    };
    static std::vector<char*> pointers(std::vector<std::string>& texts) {
        std::vector<char*> made;
        for (auto& text : texts) made.push_back(text.data());
        made.push_back(nullptr);
        return made;
    }
    /// Both streams are drained meanwhile, so that neither pipe can fill and stop the child.
    std::string read_until(Stream& wanted, const std::string& text) {
        while (wanted.text.find(text) == std::string::npos) {
            pollfd watched[2] = {{out_.open ? out_.file : -1, POLLIN, 0},
                                 {err_.open ? err_.file : -1, POLLIN, 0}};
            if (!wanted.open) break;
            if (::poll(watched, 2, wait_ms_max) <= 0) {
                ADD_FAILURE() << "nothing came; stdout: " << out_.text << " stderr: " << err_.text;
                return wanted.text;
            }
            take(out_, watched[0]);
            take(err_, watched[1]);
        }
        return wanted.text;
    }
    static void take(Stream& stream, const pollfd& watched) {
        if (watched.revents == 0) return;
        char chunk[4096];
        auto got = ::read(stream.file, chunk, sizeof chunk);
        stream.open = got > 0;
        if (got > 0) stream.text.append(chunk, static_cast<std::size_t>(got));
    }

    pid_t pid_ = -1;
    Stream out_, err_;
};

class CliProgram : public CliTest {
protected:
    std::vector<std::string> variables() const {
        std::vector<std::string> made = {"PATH=/usr/bin:/bin", "TERM=xterm"};
        for (const auto& [name, value] : environment_) made.push_back(name + "=" + value);
        return made;
    }
    std::unique_ptr<Program> start(std::vector<std::string> words) {
        return std::make_unique<Program>(std::move(words), variables());
    }
    int exit_of(std::vector<std::string> words) { return start(std::move(words))->finish(); }

    /// A hub that delivers finished tasks to `destination`, on any free ports.
    void write_hub(const std::string& destination, const std::string& name = "hub.yaml",
                   const std::string& admin = "127.0.0.1:0") {
        write(name, "server: { listen: \"127.0.0.1:0\" }\n"
                    "admin: { listen: \"" +
                        admin +
                        "\", token: \"${ADMIN_TOKEN}\" }\n"
                        "store: sqlite:./hub.db\n"
                          "sources:\n"
                          "  attio: { connector: attio, secret: \"${ATTIO_SECRET}\" }\n"
                          "destinations:\n"
                          "  audit: { connector: http, settings: { url: \"http://" +
                              destination +
                              "/in\" } }\n"
                              "egress: { allow: [\"" +
                              destination +
                              "\"] }\n"
                              "rules:\n"
                              "  - name: tasks\n"
                              "    on: task.completed\n"
                              "    send: { to: audit, do: forward }\n");
    }
    /// The hub's address, once it serves.
    static std::string address_of(Program& hub) {
        std::string line = hub.out_until("\n");
        std::string head = "listening on ";
        EXPECT_EQ(line.substr(0, head.size()), head) << line << hub.err();
        return line.substr(head.size(), line.find('\n') - head.size());
    }
    int send_task(const std::string& address) {
        return exit_of({"send", "-c", file("hub.yaml"), "--source", "attio", "--type",
                        "task.completed", "--dialect", "timestamped", "--url",
                        address + "/webhooks/attio"});
    }
};

/// What a destination of the test received; answers wait for release() when told to.
class Sink {
public:
    explicit Sink(bool hangs)
        : hangs_(hangs), server_([this](host::Connection& connection, int) { serve(connection); }) {}
    ~Sink() { release(); }

    std::string authority() const { return server_.authority(); }
    /// The first request; waits for it.
    std::string first() {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, std::chrono::milliseconds(wait_ms_max),
                          [this] { return !request_.empty(); });
        return request_;
    }
    void release() {
        std::lock_guard lock(mutex_);
        hangs_ = false;
        changed_.notify_all();
    }

private:
    void serve(host::Connection& connection) {
        for (;;) {
            std::string request = connection.read_request();
            if (request.empty()) return;
            std::unique_lock lock(mutex_);
            if (request_.empty()) request_ = request;
            changed_.notify_all();
            changed_.wait(lock, [this] { return !hangs_; });
            lock.unlock();
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    }
    std::mutex mutex_;
    std::condition_variable changed_;
    bool hangs_;
    std::string request_;
    host::Server server_;   // last: its threads use the members above
};

TEST_F(CliProgram, ExitCodesAreThoseOfTheHelp) {
    EXPECT_EQ(exit_of({"--version"}), 0);
    EXPECT_EQ(exit_of({"check", "-c", file("syncline.yaml")}), 0);
    EXPECT_EQ(exit_of({"events", "-c", file("syncline.yaml")}), 1) << "no store";
    EXPECT_EQ(exit_of({"rnu"}), 2);
    EXPECT_EQ(exit_of({"check", "-c", file("absent.yaml")}), 2);
}

TEST_F(CliProgram, OutputThatCannotBeWrittenIsAFailure) {
    int status = std::system(SYNCLINE_PROGRAM " --help > /dev/full 2> /dev/null");
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 1);
}

TEST_F(CliProgram, FindsThePluginsBesideItselfAndWritesNoColourIntoAPipe) {
    auto program = start({"check", "-c", file("syncline.yaml")});
    EXPECT_EQ(program->finish(), 0) << program->err();
    EXPECT_NE(program->out().find("attio   attio"), std::string::npos) << program->out();
    EXPECT_EQ(program->out().find('\x1b'), std::string::npos);
}

TEST_F(CliProgram, RunSaysOneLineWhenItServesAndEndsOnSigterm) {
    Sink sink(false);
    write_hub(sink.authority());
    auto hub = start({"run", "-c", file("hub.yaml")});
    std::string address = address_of(*hub);
    EXPECT_EQ(send_task(address), 0);
    EXPECT_NE(sink.first().find("POST /in HTTP/1.1"), std::string::npos);
    hub->signal(SIGTERM);
    EXPECT_EQ(hub->finish(), 0) << hub->err();
    EXPECT_EQ(hub->out(), "listening on " + address + "\n") << "exactly one line";
    auto events = start({"deliveries", "-c", file("hub.yaml"), "--json"});
    EXPECT_EQ(events->finish(), 0) << events->err();
    auto lines = json_lines(events->out());
    ASSERT_EQ(lines.size(), 1u) << events->err();
    EXPECT_EQ(lines[0]["state"].as_string(), "delivered");
}

TEST_F(CliProgram, TheAdminApiOfARunningHubAnswersAndReplays) {
    Sink sink(false);
    write_hub(sink.authority());
    auto hub = start({"run", "-c", file("hub.yaml")});
    EXPECT_EQ(send_task(address_of(*hub)), 0);
    EXPECT_FALSE(sink.first().empty());
    std::string log = hub->err_until("url=http://127.0.0.1:");
    std::string address = log.substr(log.find("url=") + 4);
    address = address.substr(0, address.find_first_of(" \n"));

    HttpCaller caller;
    HttpRequest request;
    request.method = "GET";
    request.target = address + "/readyz";
    auto ready = caller.call(request, wait_ms_max);
    ASSERT_TRUE(ready) << ready.error().text();
    EXPECT_EQ(ready->status, 200u);
    request.target = address + "/api/v1/stats";
    auto stranger = caller.call(request, wait_ms_max);
    ASSERT_TRUE(stranger) << stranger.error().text();
    EXPECT_EQ(stranger->status, 401u);
    request.headers.add("Authorization", "Bearer " + environment_["ADMIN_TOKEN"]);
    auto stats = caller.call(request, wait_ms_max);
    ASSERT_TRUE(stats) << stats.error().text();
    EXPECT_EQ(stats->status, 200u) << stats->body;

    write_hub(sink.authority(), "admin.yaml", address.substr(std::string("http://").size()));
    // The first delivery is replayable once its outcome is kept: until then there are none.
    std::string counted;
    while (counted.find("\"count\":1") == std::string::npos) {
        auto replay = start({"replay", "-c", file("admin.yaml"), "--rule", "tasks", "--dry-run",
                             "--json"});
        ASSERT_EQ(replay->finish(), 0) << replay->err();
        counted = replay->out();
    }
    auto replay = start({"replay", "-c", file("admin.yaml"), "--rule", "tasks", "--yes"});
    EXPECT_EQ(replay->finish(), 0) << replay->err();
    EXPECT_EQ(replay->out(), "1 delivery will be delivered again\n");
    hub->signal(SIGTERM);
    EXPECT_EQ(hub->finish(), 0) << hub->err();
}

TEST_F(CliProgram, ASecondSignalEndsTheDrainAtOnce) {
    Sink sink(true);
    write_hub(sink.authority());
    auto hub = start({"run", "-c", file("hub.yaml")});
    EXPECT_EQ(send_task(address_of(*hub)), 0);
    EXPECT_FALSE(sink.first().empty());
    hub->signal(SIGINT);
    hub->err_until(" stopping");
    hub->signal(SIGINT);
    EXPECT_EQ(hub->finish(), -SIGINT) << hub->err();
}

TEST_F(CliProgram, HangupIsNoEnd) {
    write_hub("127.0.0.1:9");
    auto hub = start({"run", "-c", file("hub.yaml")});
    address_of(*hub);
    hub->signal(SIGHUP);
    hub->err_until("SIGHUP");
    hub->signal(SIGTERM);
    EXPECT_EQ(hub->finish(), 0) << hub->err();
}

TEST_F(CliProgram, WhatKeepsAHubFromStartingIsSaid) {
    write("bad.yaml", "sources: { attio: { connector: atio } }\n");
    auto bad = start({"run", "-c", file("bad.yaml")});
    EXPECT_EQ(bad->finish(), 2);
    EXPECT_EQ(bad->out(), "");
    EXPECT_NE(bad->err().find("bad.yaml:1:"), std::string::npos) << bad->err();

    write_hub("127.0.0.1:9");
    auto first = start({"run", "-c", file("hub.yaml")});
    std::string address = address_of(*first);
    auto second = start({"run", "-c", file("hub.yaml")});
    EXPECT_EQ(second->finish(), 1);
    EXPECT_EQ(second->out(), "");
    EXPECT_NE(second->err().find("error: "), std::string::npos) << second->err();

    std::string port = address.substr(address.rfind(':') + 1);
    write("taken.yaml", "server: { listen: \"127.0.0.1:" + port +
                            "\" }\nadmin: { listen: \"127.0.0.1:0\", token: abcdefgh }\n"
                            "store: sqlite:./other.db\n"
                            "sources:\n  attio: { connector: attio, secret: \"${ATTIO_SECRET}\" }\n");
    auto taken = start({"run", "-c", file("taken.yaml")});
    EXPECT_EQ(taken->finish(), 1);
    EXPECT_NE(taken->err().find(port), std::string::npos) << taken->err();
}

TEST_F(CliProgram, TwoHubsThatNameNoAdminAddressRunSideBySide) {
    for (auto name : {"one", "two"})
        write(std::string(name) + ".yaml",
              "server: { listen: \"127.0.0.1:0\" }\nstore: sqlite:./" + std::string(name) +
                  ".db\nsources:\n"
                  "  attio: { connector: attio, secret: \"${ATTIO_SECRET}\" }\n");
    auto first = start({"run", "-c", file("one.yaml")});
    auto second = start({"run", "-c", file("two.yaml")});
    EXPECT_NE(address_of(*first), "");
    EXPECT_NE(address_of(*second), "");

    write_hub("127.0.0.1:9");
    auto named = start({"run", "-c", file("hub.yaml")});
    std::string port = address_of(*named);
    port = port.substr(port.rfind(':') + 1);
    write("named.yaml", "server: { listen: \"127.0.0.1:0\" }\nadmin: { listen: \"127.0.0.1:" + port +
                            "\" }\nstore: sqlite:./three.db\n"
                            "sources:\n  attio: { connector: attio, secret: \"${ATTIO_SECRET}\" }\n");
    auto refused = start({"run", "-c", file("named.yaml")});
    EXPECT_EQ(refused->finish(), 1);
    EXPECT_NE(refused->err().find(port), std::string::npos) << refused->err();
}

}  // namespace
}  // namespace syncline::cli
