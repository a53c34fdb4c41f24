// The host's HTTP client: what performs a connector's requests. HttpTransport is the seam; the real
// one runs libcurl's multi interface on an Asio loop (curl_client.cpp), tests and the simulation
// have their own.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/base/http.hpp"
#include "core/base/limits.hpp"
#include "core/host/connector.hpp"
#include "core/host/egress.hpp"

namespace syncline::host {

class HttpTransport {
public:
    virtual ~HttpTransport() = default;
    using Done = std::function<void(HttpResult)>;
    /// Sends `request` (absolute URL). `done` is called once, later, on the same thread.
    virtual void send(HttpRequest request, std::int64_t timeout_ms, Done done) = 0;
};

struct CurlClientOptions {
    std::size_t response_bytes_max = limits::response_bytes_max;
    std::int64_t connect_timeout_ms = 10'000;
    long connections_per_host_max = 16;
    long connections_max = 256;
    std::string user_agent = "syncline";
    CurlClientOptions() = default;
};

/// Keep-alive, no proxy from the environment, no redirects, http and https only, TLS verified,
/// `policy` asked at every connect. One thread: that of `io`.
std::unique_ptr<HttpTransport> make_curl_client(boost::asio::io_context& io, EgressPolicy policy,
                                                CurlClientOptions options);

}  // namespace syncline::host
