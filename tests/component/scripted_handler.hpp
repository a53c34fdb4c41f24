// A handler that does what a test says, and keeps what it was asked. Default: 200 with method,
// target, body and one header as JSON.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/http.hpp"
#include "core/sdk/json.hpp"

namespace syncline::tests {

class ScriptedHandler final : public HttpHandler {
public:
    std::function<void(const HttpRequest&, Admission&)> on_admit;
    std::function<void(HttpRequest, Done)> on_handle;

    void admit(const HttpRequest& head, Admission& admission) override {
        if (on_admit) on_admit(head, admission);
    }
    void handle(HttpRequest request, Done done) override {
        {
            std::lock_guard lock(mutex_);
            targets_.push_back(request.target);
        }
        if (on_handle) on_handle(std::move(request), std::move(done));
        else done(echo(request));
    }
    /// Targets of the handled requests, in order. Any thread.
    std::vector<std::string> targets() {
        std::lock_guard lock(mutex_);
        return targets_;
    }

    static HttpResponse echo(const HttpRequest& request) {
        Json body = Json::object();
        body.set("method", request.method);
        body.set("target", request.target);
        body.set("body", request.body);
        const auto* value = request.headers.find("X-Test");
        body.set("x_test", value ? Json(*value) : Json());
        return HttpResponse::json(200, body.dump());
    }

private:
    std::mutex mutex_;
    std::vector<std::string> targets_;
};

/// Holds the answers of requests until the test gives them: a handler's `done` on another thread.
class HeldAnswers {
public:
    void hold(HttpHandler::Done done) {
        std::lock_guard lock(mutex_);
        held_.push_back(std::move(done));
        changed_.notify_all();
    }
    /// Waits until `count` requests are held and takes them.
    std::vector<HttpHandler::Done> take(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return held_.size() >= count; });
        return std::exchange(held_, {});
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<HttpHandler::Done> held_;
};

}  // namespace syncline::tests
