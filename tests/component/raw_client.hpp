// A client that sends exactly the bytes it is told to, for tests of servers: plain blocking sockets
// on the loopback, every wait bounded. Not an HTTP client: it reads answers, it makes no requests.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/text.hpp"

namespace syncline::tests {

/// status 0: the connection ended before a whole answer.
struct RawAnswer {
    unsigned status = 0;
    std::string head;
    std::string body;

    std::string header(std::string_view name) const {
        for (const auto& line : split(head, '\n')) {
            auto colon = line.find(':');
            if (colon == std::string::npos) continue;
            if (equals_ignore_case(std::string_view(line).substr(0, colon), name))
                return std::string(trim(std::string_view(line).substr(colon + 1)));
        }
        return {};
    }
};

class RawClient {
public:
    explicit RawClient(std::uint16_t port, const char* address = "127.0.0.1") {
        bool six = std::string_view(address).find(':') != std::string_view::npos;
        fd_ = ::socket(six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int on = 1;
        ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        timeval limit{10, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        ::inet_pton(six ? AF_INET6 : AF_INET, address,
                    six ? static_cast<void*>(&v6.sin6_addr) : static_cast<void*>(&v4.sin_addr));
        connected_ = six ? ::connect(fd_, reinterpret_cast<sockaddr*>(&v6), sizeof v6) == 0
                         : ::connect(fd_, reinterpret_cast<sockaddr*>(&v4), sizeof v4) == 0;
    }
    RawClient(RawClient&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)),
          connected_(other.connected_),
          pending_(std::move(other.pending_)) {}
    ~RawClient() { close(); }
    RawClient& operator=(RawClient&&) = delete;

    bool connected() const { return connected_; }
    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }
    /// The server sees the end of our bytes; answers can still be read.
    void finish_sending() { ::shutdown(fd_, SHUT_WR); }

    /// False when the server has closed.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            auto count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
        return true;
    }
    /// True when an answer or the end can be read within `ms`.
    bool readable(int ms) {
        pollfd waiting{fd_, POLLIN, 0};
        return !pending_.empty() || ::poll(&waiting, 1, ms) == 1;
    }
    /// The next answer, its body by Content-Length. `head_only`: of a HEAD request.
    RawAnswer answer(bool head_only = false) {
        RawAnswer answer;
        std::size_t end;
        while ((end = pending_.find("\r\n\r\n")) == std::string::npos)
            if (!read_more()) return answer;
        answer.head = pending_.substr(0, end);
        pending_.erase(0, end + 4);
        auto length = parse_decimal(answer.header("Content-Length")).value_or(0);
        while (!head_only && pending_.size() < length)
            if (!read_more()) return answer;
        answer.body = head_only ? std::string() : pending_.substr(0, length);
        pending_.erase(0, answer.body.size());
        answer.status = static_cast<unsigned>(
            parse_decimal(std::string_view(answer.head).substr(9, 3)).value_or(0));
        return answer;
    }
    RawAnswer ask(std::string_view bytes) {
        send(bytes);
        return answer();
    }
    /// True when the server has ended the connection in order, with nothing more to read.
    bool ended() { return pending_.empty() && !read_more() && last_read_ == 0; }

private:
    bool read_more() {
        char bytes[4096];
        last_read_ = ::recv(fd_, bytes, sizeof bytes, 0);
        if (last_read_ <= 0) return false;
        pending_.append(bytes, static_cast<std::size_t>(last_read_));
        return true;
    }

    int fd_ = -1;
    bool connected_ = false;
    ssize_t last_read_ = 0;
    std::string pending_;
};

}  // namespace syncline::tests
