// What the system tests play on: stand-ins in this process, each behind an HTTP server of its own;
// the real hub as a child process; a sender that signs as Attio does. The sender's signing is
// written here once more, so that it shares no mistake with the hub.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/receiver/http_server.hpp"
#include "core/sdk/json.hpp"
#include "tests/standins/standin.hpp"
#include "tests/system/process.hpp"

namespace syncline::system_test {

inline constexpr std::int64_t kPatienceMs = 30'000;  // for anything that should happen at all
inline constexpr const char* kSecret =
    "3f9a0c4d5e6b7a8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708";

/// A stand-in that listens. It can be taken down and brought back on the same port.
class Served {
public:
    Served(const std::string& vendor, standins::StandinOptions options);
    ~Served();
    void up();
    void down();
    std::string url() const;
    standins::Standin& standin() { return *standin_; }
    standins::Standin* operator->() { return standin_.get(); }

private:
    SystemClock clock_;
    std::string vendor_;
    std::unique_ptr<standins::Standin> standin_;
    std::unique_ptr<HttpServer> server_;
    std::uint16_t port_ = 0;
};

/// A folder under /tmp that goes away again.
class Folder {
public:
    Folder();
    ~Folder();
    std::string file(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

/// The hub as a child process, with the configuration and the environment that it is given.
class HubProcess {
public:
    HubProcess(std::string config_file, std::string folder_log);
    void set(const std::string& name, const std::string& value);
    /// Starts it and waits for its ready line; the test fails with its log when none comes.
    void start();
    bool running() { return process_ != nullptr && process_->running(); }
    void kill_now();
    void ask_to_stop();
    /// Waits for its end; the exit code.
    std::optional<int> ended(std::int64_t timeout_ms = kPatienceMs);
    std::uint16_t port() const { return port_; }
    /// Runs another command of the binary on the same configuration.
    Finished command(std::vector<std::string> words) const;
    /// The rows of `syncline deliveries --json` in that state, newest first; of one destination
    /// when it is named.
    std::vector<Json> deliveries(const std::string& state,
                                 const std::string& destination = std::string()) const;
    std::string log() const;

private:
    Program program(std::vector<std::string> words) const;

    const std::string config_file_;
    const std::string log_file_;
    std::map<std::string, std::string> environment_;
    std::unique_ptr<Process> process_;
    std::uint16_t port_ = 0;
};

/// One of Attio's two ways to sign and to tell who an event is.
enum class Dialect { attio_v2, timestamped };

/// Posts `body` as Attio would and gives the status; 0 when no answer came.
unsigned post_signed(std::uint16_t port, Dialect dialect, const std::string& key,
                     const std::string& body, const std::string& secret = kSecret);

}  // namespace syncline::system_test
