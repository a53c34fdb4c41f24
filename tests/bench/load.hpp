// A load generator for HTTP/1.1 over keep-alive connections: one thread, epoll, prebuilt requests, so
// that it costs the machine as little as possible beside the server under test.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace syncline::bench {

struct LoadOptions {
    std::uint16_t port = 0;
    std::size_t connections = 64;
    std::size_t requests = 10'000;
    double rate_per_s = 0;                  // 0: closed loop, as fast as answers come
    /// The whole request (head and body) with that running number.
    std::function<std::string(std::size_t number)> request;
};

struct LoadResult {
    std::size_t answered = 0;               // with status 2xx
    std::size_t refused = 0;                // with any other status
    double seconds = 0;
    std::vector<std::int64_t> latencies_us; // sorted; from the moment a request was due
    double rate() const { return seconds > 0 ? static_cast<double>(answered) / seconds : 0; }
    double percentile_ms(double p) const;
};

/// Runs to the end. Aborts with a message on stderr when the server breaks a connection.
LoadResult run_load(const LoadOptions& options);

/// One GET; the body of its answer.
std::string get(std::uint16_t port, const std::string& path);

std::int64_t now_us();

}  // namespace syncline::bench
