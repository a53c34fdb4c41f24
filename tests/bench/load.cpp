#include "tests/bench/load.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace syncline::bench {
namespace {

constexpr std::int64_t answer_wait_us = 10'000'000;

[[noreturn]] void die(const char* what) {
    std::perror(what);
    std::exit(1);
}

int connect_to(std::uint16_t port) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("connect");
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

/// Bytes of one complete answer at the start of `data`, or 0.
std::size_t answer_size(const std::string& data) {
    auto end = data.find("\r\n\r\n");
    if (end == std::string::npos) return 0;
    auto at = data.find("Content-Length: ");
    if (at == std::string::npos || at > end) die("an answer without Content-Length");
    std::size_t size = end + 4 + std::strtoul(data.c_str() + at + 16, nullptr, 10);
    return data.size() >= size ? size : 0;
}

struct Connection {
    int fd = -1;
    std::string in;
    std::int64_t due_us = 0;
    bool busy = false;
};

class Load {
public:
    explicit Load(const LoadOptions& options) : options_(options), epoll_(epoll_create1(0)) {
        connections_.resize(options.connections);
        for (std::size_t i = 0; i < connections_.size(); ++i) {
            connections_[i].fd = connect_to(options.port);
            epoll_event interest{};
            interest.events = EPOLLIN;
            interest.data.u64 = i;
            epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_[i].fd, &interest);
            free_.push_back(i);
        }
    }
    ~Load() {
        for (auto& connection : connections_) close(connection.fd);
        close(epoll_);
    }

    LoadResult run() {
        result_.latencies_us.reserve(options_.requests);
        start_us_ = now_us();
        while (result_.answered + result_.refused < options_.requests) {
            send_due();
            receive();
        }
        result_.seconds = static_cast<double>(now_us() - start_us_) / 1e6;
        std::sort(result_.latencies_us.begin(), result_.latencies_us.end());
        return std::move(result_);
    }

private:
    std::int64_t due_of(std::size_t number) const {
        if (options_.rate_per_s <= 0) return now_us();
        return start_us_ + static_cast<std::int64_t>(static_cast<double>(number) * 1e6 /
                                                     options_.rate_per_s);
    }

    void send_due() {
        while (sent_ < options_.requests && !free_.empty() && due_of(sent_) <= now_us()) {
            Connection& connection = connections_[free_.back()];
            free_.pop_back();
            connection.due_us = due_of(sent_);
            connection.busy = true;
            std::string request = options_.request(sent_++);
            // Requests fit into the socket's buffer: each connection has one on the way.
            if (write(connection.fd, request.data(), request.size()) !=
                static_cast<ssize_t>(request.size()))
                die("write");
        }
    }

    void receive() {
        epoll_event events[64];
        bool paced = options_.rate_per_s > 0 && sent_ < options_.requests && !free_.empty();
        std::int64_t wait_us = paced ? std::max<std::int64_t>(0, due_of(sent_) - now_us())
                                     : answer_wait_us;
        timespec wait{wait_us / 1'000'000, (wait_us % 1'000'000) * 1000};
        int count = epoll_pwait2(epoll_, events, 64, &wait, nullptr);
        if (count == 0 && !paced) {
            std::fprintf(stderr, "no answer within 10 s\n");
            std::exit(1);
        }
        for (int i = 0; i < count; ++i) read_from(events[i].data.u64);
    }

    void read_from(std::size_t index) {
        Connection& connection = connections_[index];
        char buffer[16384];
        ssize_t got = read(connection.fd, buffer, sizeof buffer);
        if (got <= 0) die("the server closed a connection");
        connection.in.append(buffer, static_cast<std::size_t>(got));
        std::size_t size = answer_size(connection.in);
        if (size == 0) return;
        bool good = connection.in.compare(9, 1, "2") == 0;
        (good ? result_.answered : result_.refused)++;
        result_.latencies_us.push_back(now_us() - connection.due_us);
        connection.in.erase(0, size);
        connection.busy = false;
        free_.push_back(index);
    }

    const LoadOptions& options_;
    int epoll_;
    std::vector<Connection> connections_;
    std::vector<std::size_t> free_;
    std::size_t sent_ = 0;
    std::int64_t start_us_ = 0;
    LoadResult result_;
};

}  // namespace

std::int64_t now_us() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
}

double LoadResult::percentile_ms(double p) const {
    if (latencies_us.empty()) return 0;
    auto at = static_cast<std::size_t>(p * static_cast<double>(latencies_us.size() - 1));
    return static_cast<double>(latencies_us[at]) / 1000;
}

LoadResult run_load(const LoadOptions& options) {
    return Load(options).run();
}

std::string get(std::uint16_t port, const std::string& path) {
    int fd = connect_to(port);
    std::string request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    if (write(fd, request.data(), request.size()) < 0) die("write");
    std::string in;
    char buffer[4096];
    while (answer_size(in) == 0) {
        ssize_t got = read(fd, buffer, sizeof buffer);
        if (got <= 0) die("read");
        in.append(buffer, static_cast<std::size_t>(got));
    }
    close(fd);
    return in.substr(in.find("\r\n\r\n") + 4);
}

}  // namespace syncline::bench
