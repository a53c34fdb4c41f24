// One blocking HTTP exchange, for commands that post to a hub: `send` and `replay`. Keep-alive over
// the life of the object, no proxy, no redirects, http and https only. libcurl's easy interface
// stands behind http_call.cpp alone. One thread.
#pragma once

#include <cstdint>
#include <memory>

#include "core/base/http.hpp"
#include "core/base/result.hpp"

namespace syncline::cli {

/// Longer answers than this are no answer of a hub.
inline constexpr std::size_t answer_bytes_max = 16u << 20;

class HttpCaller {
public:
    HttpCaller();
    ~HttpCaller();

    /// `request.target` is an absolute URL. ErrorCode::unavailable: nobody listens there.
    Result<HttpResponse> call(const HttpRequest& request, std::int64_t timeout_ms);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace syncline::cli
