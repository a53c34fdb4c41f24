// The smallest HTTP client that scripts and tests need: one request, one connection, blocking, to a
// loopback address. Its independence from the hub's own client is the point.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/http.hpp"
#include "core/base/result.hpp"

namespace syncline::standins {

/// Sends `request` (target: path and query) to 127.0.0.1:`port` and reads the whole answer.
/// Fails after `timeout_ms` without a byte.
Result<HttpResponse> exchange(std::uint16_t port, const HttpRequest& request,
                              std::int64_t timeout_ms = 10'000);

/// "http://127.0.0.1:8080/path?query" → port and target; only loopback hosts are taken.
struct Url {
    std::uint16_t port = 0;
    std::string target;
};
Result<Url> parse_url(const std::string& text);

}  // namespace syncline::standins
