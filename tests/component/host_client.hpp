// What the tests of the HTTP client share: a client with its loop, and a record of what a server
// saw.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/host/http_client.hpp"

namespace syncline::host {

inline constexpr std::int64_t patience_ms = 20'000;  // for exchanges that should end at once

inline EgressPolicy allow(const std::vector<std::string>& entries) {
    auto policy = EgressPolicy::parse(entries);
    EXPECT_TRUE(policy) << policy.error().text();
    return policy ? *policy : EgressPolicy();
}

inline HttpRequest request_to(const std::string& url, const std::string& method = "GET",
                              const std::string& body = "") {
    HttpRequest request;
    request.method = method;
    request.target = url;
    request.body = body;
    return request;
}

/// A client and its loop.
class Client {
public:
    explicit Client(const std::vector<std::string>& allowed = {"127.0.0.0/8"},
                    CurlClientOptions options = CurlClientOptions())
        : work_(io_.get_executor()),
          http_(make_curl_client(io_, allow(allowed), std::move(options))) {}

    HttpResult exchange(HttpRequest request, std::int64_t timeout_ms = patience_ms) {
        std::optional<HttpResult> result;
        http_->send(std::move(request), timeout_ms, [&](HttpResult ended) { result = ended; });
        EXPECT_FALSE(result) << "done was called from inside send()";
        while (!result && io_.run_one() > 0) {
        }
        EXPECT_TRUE(result) << "done was never called";
        return result.value_or(HttpResult());
    }
    HttpResult get(const std::string& url, std::int64_t timeout_ms = patience_ms) {
        return exchange(request_to(url), timeout_ms);
    }
    boost::asio::io_context& io() { return io_; }
    std::unique_ptr<HttpTransport>& http() { return http_; }
    /// Runs until nothing is left to do.
    void run_out() {
        work_.reset();
        io_.run();
    }

private:
    boost::asio::io_context io_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::unique_ptr<HttpTransport> http_;
};

/// Keeps what the server saw, across its threads.
class Seen {
public:
    void add(std::string request) {
        std::lock_guard lock(mutex_);
        requests_.push_back(std::move(request));
    }
    std::vector<std::string> all() {
        std::lock_guard lock(mutex_);
        return requests_;
    }

private:
    std::mutex mutex_;
    std::vector<std::string> requests_;
};

inline void expect_failure(const HttpResult& result, const std::string& error, bool sent) {
    EXPECT_EQ(result.error, error) << result.message << " status " << result.response.status;
    EXPECT_EQ(result.sent, sent) << result.message;
    EXPECT_FALSE(result.message.empty());
}

}  // namespace syncline::host
