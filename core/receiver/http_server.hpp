// An HTTP/1.1 server on one thread of its own: keep-alive, pipelining, 100-continue, deadlines,
// caps, and the refusal of every request that two parsers could read differently. It knows nothing
// of events: an HttpHandler decides what a request means. Beast stands behind http_connection.cpp.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "core/base/http.hpp"
#include "core/base/limits.hpp"
#include "core/base/result.hpp"

namespace syncline {

struct HttpServerOptions {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;                 // 0: any free one
    std::size_t body_bytes_max = limits::body_bytes_default;
    std::size_t connections_max = limits::connections_default;
    std::int64_t header_timeout_ms = limits::header_timeout_ms_default;
    std::int64_t body_timeout_ms = limits::body_timeout_ms_default;
    std::int64_t idle_timeout_ms = limits::idle_timeout_ms_default;
    std::string server_name = "syncline";   // of the Server header
    HttpServerOptions() = default;
};

class HttpServer {
public:
    /// Binds and starts listening; no request is served before run(). Errors name the address.
    static Result<std::unique_ptr<HttpServer>> open(const HttpServerOptions& options,
                                                    HttpHandler& handler);
    ~HttpServer();   // stops and joins

    /// The port that was bound.
    std::uint16_t port() const;
    /// Starts the server's thread.
    void start();
    /// Stops accepting, answers what is under way with `Connection: close`, closes idle
    /// connections, and returns when all are closed or `drain_ms` have passed. Any thread but the
    /// server's own.
    void stop(std::int64_t drain_ms);
    /// Open connections now. Any thread.
    std::size_t connections() const;

private:
    struct Impl;
    explicit HttpServer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace syncline
