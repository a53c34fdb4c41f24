// A small HTTP server on loopback that misbehaves as told: each connection has a thread that runs
// the test's function over a plain socket. Port 0; ends with the object.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace syncline::host {

/// One accepted connection, for the test's function.
class Connection {
public:
    explicit Connection(int socket) : socket_(socket) {}

    /// The next request, head and body (Content-Length only); empty when the client has closed.
    std::string read_request() {
        for (;;) {
            auto end = buffer_.find("\r\n\r\n");
            if (end != std::string::npos) {
                std::size_t whole = end + 4 + body_bytes(buffer_.substr(0, end));
                if (buffer_.size() >= whole) {
                    std::string request = buffer_.substr(0, whole);
                    buffer_.erase(0, whole);
                    return request;
                }
            }
            char chunk[65536];
            auto got = ::recv(socket_, chunk, sizeof chunk, 0);
            if (got <= 0) return {};
            buffer_.append(chunk, static_cast<std::size_t>(got));
        }
    }
    /// False when the client has gone.
    bool write(std::string_view text) {
        while (!text.empty()) {
            auto sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
    /// The client then sees a reset instead of an orderly end.
    void reset_at_close() {
        linger hard{1, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    }
    /// Waits until the client closes, at most `ms`; true when it did.
    bool client_closed_within(int ms) {
        pollfd watched{socket_, POLLIN, 0};
        if (::poll(&watched, 1, ms) <= 0) return false;
        char byte = 0;
        return ::recv(socket_, &byte, 1, MSG_PEEK) <= 0;
    }

private:
    static std::size_t body_bytes(const std::string& head) {
        auto at = head.find("Content-Length: ");
        return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
    }
    int socket_;
    std::string buffer_;
};

class Server {
public:
    /// `index` counts connections from 0.
    using Serve = std::function<void(Connection&, int index)>;

    explicit Server(Serve serve, const char* address = "127.0.0.1") : serve_(std::move(serve)) {
        listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in local{};
        local.sin_family = AF_INET;
        ::inet_pton(AF_INET, address, &local.sin_addr);
        socklen_t size = sizeof local;
        EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&local), size), 0);
        EXPECT_EQ(::listen(listener_, 128), 0);
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&local), &size);
        port_ = ntohs(local.sin_port);
        address_ = address;
        acceptor_ = std::thread([this] { accept_all(); });
    }
    ~Server() {
        ::shutdown(listener_, SHUT_RDWR);
        acceptor_.join();
        {
            std::lock_guard lock(mutex_);
            for (int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
        }
        for (auto& thread : threads_) thread.join();
        ::close(listener_);
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    int port() const { return port_; }
    int accepted() const { return accepted_; }
    std::string authority() const { return address_ + ":" + std::to_string(port_); }
    std::string url(const std::string& path = "/") const { return "http://" + authority() + path; }

private:
    void accept_all() {
        for (;;) {
            int socket = ::accept(listener_, nullptr, nullptr);
            if (socket < 0) return;
            int index = accepted_++;
            std::lock_guard lock(mutex_);
            sockets_.push_back(socket);
            threads_.emplace_back([this, socket, index] {
                Connection connection(socket);
                serve_(connection, index);
                std::lock_guard closing(mutex_);
                std::erase(sockets_, socket);
                ::close(socket);
            });
        }
    }

    Serve serve_;
    int listener_ = -1;
    int port_ = 0;
    std::string address_;
    std::atomic<int> accepted_{0};
    std::mutex mutex_;
    std::vector<int> sockets_;
    std::vector<std::thread> threads_;
    std::thread acceptor_;
};

/// A whole answer with its length.
inline std::string answer(int status, const std::string& body, const std::string& headers = "") {
    return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body;
}

/// Answers every request of a connection with `text`, for as long as the client stays.
inline Server::Serve always(const std::string& text) {
    return [text](Connection& connection, int) {
        while (!connection.read_request().empty())
            if (!connection.write(text)) return;
    };
}

}  // namespace syncline::host
