// The benchmark: the real hub in its own process, loaded over loopback, beside its yardsticks in the
// same run. Prints one JSON line a figure on standard output and a table on standard error.
//
//   bench SYNCLINE BARE_BEAST [--requests N]
//
// Ratios are what counts: absolute figures move with the machine.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "core/base/hash.hpp"
#include "core/sdk/json.hpp"
#include "tests/bench/child.hpp"
#include "tests/bench/curl_yardstick.hpp"
#include "tests/bench/load.hpp"

namespace syncline::bench {
namespace {

constexpr std::size_t connections = 64;
constexpr std::size_t delivery_connections = 16;   // of the hub to one host; the yardstick gets as many

const std::string secret(64, 'a');

/// A 600-byte event in Attio's own dialect.
std::string event_body() {
    std::string body =
        R"({"webhook_id":"11111111-2222-4333-8444-555555555555","events":[{"event_type":)"
        R"("record.updated","id":{"workspace_id":"aaaaaaaa-0000-4000-8000-000000000001",)"
        R"("object_id":"cccccccc-0000-4000-8000-000000000003",)"
        R"("record_id":"dddddddd-0000-4000-8000-000000000004",)"
        R"("attribute_id":"ffffffff-0000-4000-8000-000000000006"},"actor":{"type":)"
        R"("workspace-member","id":"eeeeeeee-0000-4000-8000-000000000005"},"note":")";
    return body + std::string(600 - body.size() - 5, 'x') + "\"}]}";
}

/// Requests that differ in their Idempotency-Key alone: the signature covers the body only.
std::function<std::string(std::size_t)> requests_for(const std::string& path,
                                                     const std::string& run) {
    std::string body = event_body();
    std::string head = "POST " + path +
                       " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                       "Attio-Signature: " +
                       hex_encode(hmac_sha256(secret, {body})) +
                       "\r\nContent-Length: " + std::to_string(body.size()) +
                       "\r\nIdempotency-Key: " + run + "-";
    return [head, body](std::size_t number) {
        return head + std::to_string(number) + "\r\n\r\n" + body;
    };
}

void print_figure(const char* name, double value, const char* unit, double yardstick,
                  double mark, bool at_most) {
    double ratio = yardstick > 0 ? value / yardstick : 0;
    double judged = yardstick > 0 ? ratio : value;
    bool reached = at_most ? judged <= mark : judged >= mark;
    Json line = Json::object();
    line.set("name", name);
    line.set("value", value);
    line.set("unit", unit);
    if (yardstick > 0) {
        line.set("yardstick", yardstick);
        line.set("ratio", ratio);
    }
    if (mark > 0) {
        line.set("mark", mark);
        line.set("reached", reached);
    }
    std::printf("%s\n", line.dump().c_str());
    std::fflush(stdout);
    std::fprintf(stderr, "%-34s %12.1f %-10s", name, value, unit);
    if (yardstick > 0) std::fprintf(stderr, " of %10.1f = %.2f", yardstick, ratio);
    if (mark > 0)
        std::fprintf(stderr, "  (mark: %s %.2f, %s)", at_most ? "at most" : "at least", mark,
                     reached ? "reached" : "NOT REACHED");
    std::fprintf(stderr, "\n");
}

std::string hub_file(const std::filesystem::path& folder, bool deliver, unsigned sink_port) {
    auto path = folder / (deliver ? "deliver.yaml" : "accept.yaml");
    std::ofstream file(path);
    file << "server: { listen: 127.0.0.1:0 }\n"
            "admin: { listen: 127.0.0.1:0 }\n"
            "store: sqlite:./"
         << (deliver ? "deliver" : "accept")
         << ".db\n"
            "log: { level: warning }\n"
            "egress: { allow: [127.0.0.1] }\n"
            "sources: { attio: { connector: attio, secret: "
         << secret
         << ", settings: { api_key: bench, dialect: attio-v2 } } }\n"
            "destinations: { sink: { connector: http, concurrency: "
         << delivery_connections << ", settings: { url: \"http://127.0.0.1:" << sink_port
         << "/\" } } }\n"
            "rules: [ { name: forward, on: "
         << (deliver ? "record.updated" : "nothing.matches")
         << ", order: none, send: { to: sink, do: forward } } ]\n";
    return path;
}

std::uint16_t port_in(const std::string& ready_line) {
    auto colon = ready_line.rfind(':');
    return static_cast<std::uint16_t>(std::strtoul(ready_line.c_str() + colon + 1, nullptr, 10));
}

LoadResult load(std::uint16_t port, const std::string& path, const std::string& run,
                std::size_t requests, double rate) {
    LoadOptions options;
    options.port = port;
    options.connections = connections;
    options.requests = requests;
    options.rate_per_s = rate;
    options.request = requests_for(path, run);
    auto result = run_load(options);
    if (result.refused > 0) {
        std::fprintf(stderr, "%zu of %zu requests were refused\n", result.refused, requests);
        std::exit(1);
    }
    return result;
}

void bench_accept(const std::string& hub, std::uint16_t bare_port,
                  const std::filesystem::path& folder, std::size_t requests) {
    load(bare_port, "/", "warm", requests / 10, 0);
    Child child({hub, "run", "-c", hub_file(folder, false, bare_port)});
    std::uint16_t port = port_in(child.read_line());
    print_figure("memory, idle", child.resident_mib(), "MiB", 0, 25, true);
    load(port, "/webhooks/attio", "warm", requests / 10, 0);
    // The two take turns, so that a busy moment of the machine falls on both.
    double bare = 0;
    double durable = 0;
    double cpu = child.cpu_seconds();
    for (int turn = 0; turn < 3; ++turn) {
        bare += load(bare_port, "/", "b", requests, 0).rate() / 3;
        durable += load(port, "/webhooks/attio", "a" + std::to_string(turn), requests, 0).rate() / 3;
    }
    cpu = child.cpu_seconds() - cpu;
    print_figure("accepts, durable", durable, "events/s", bare, 0.25, false);
    print_figure("CPU of the hub an accept", cpu * 1e6 / (3.0 * static_cast<double>(requests)),
                 "us", 0, 0, true);
    auto half = load(port, "/webhooks/attio", "half", requests, durable / 2);
    print_figure("ack p50 at half load", half.percentile_ms(0.5), "ms", 0, 0, true);
    print_figure("ack p99 at half load", half.percentile_ms(0.99), "ms", 0, 10, true);
    print_figure("memory, after the load", child.resident_mib(), "MiB", 0, 0, true);
}

void bench_delivery(const std::string& hub, std::uint16_t sink_port,
                    const std::filesystem::path& folder, std::size_t requests) {
    double raw = curl_posts_per_s(sink_port, event_body(), delivery_connections, requests);
    auto before = std::strtoull(get(sink_port, "/").c_str(), nullptr, 10);
    Child child({hub, "run", "-c", hub_file(folder, true, sink_port)});
    std::uint16_t port = port_in(child.read_line());
    std::int64_t start = now_us();
    load(port, "/webhooks/attio", "e2e", requests, 0);
    while (std::strtoull(get(sink_port, "/").c_str(), nullptr, 10) < before + requests) {
        if (now_us() - start > 300'000'000) {
            std::fprintf(stderr, "the deliveries did not arrive within 300 s\n");
            std::exit(1);
        }
    }
    double seconds = static_cast<double>(now_us() - start) / 1e6;
    print_figure("deliveries, end to end", static_cast<double>(requests) / seconds, "events/s",
                 raw, 0, false);
    print_figure("memory, delivering", child.resident_mib(), "MiB", 0, 0, true);
}

int run(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: bench SYNCLINE BARE_BEAST [--requests N]\n");
        return 2;
    }
    std::size_t requests = 30'000;
    if (argc == 5 && std::strcmp(argv[3], "--requests") == 0)
        requests = std::strtoull(argv[4], nullptr, 10);
    char folder_name[] = "/tmp/syncline-bench.XXXXXX";
    std::filesystem::path folder = mkdtemp(folder_name);
    {
        Child bare({argv[2]});
        auto port = static_cast<std::uint16_t>(std::strtoul(bare.read_line().c_str(), nullptr, 10));
        bench_accept(argv[1], port, folder, requests);
        bench_delivery(argv[1], port, folder, requests);
    }
    std::filesystem::remove_all(folder);
    return 0;
}

}  // namespace
}  // namespace syncline::bench

int main(int argc, char** argv) {
    return syncline::bench::run(argc, argv);
}
