// The driver's surroundings without threads or network: callbacks by due time on a manual clock,
// and answers from a list.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/host/driver.hpp"

namespace syncline::host {

/// One thread's worth of later: callbacks by due time, and links by source id.
class FakeServices final : public DriverServices {
public:
    explicit FakeServices(ManualClock& clock) : clock_(clock) {}

    Result<std::optional<Link>> link(const std::string& destination, const std::string& kind,
                                     const std::string& source_id) override {
        asked.push_back(destination + "/" + kind + "/" + source_id);
        if (source_id == "broken") return Error(ErrorCode::io, "the disk is gone");
        auto found = links.find(source_id);
        if (found == links.end()) return std::optional<Link>();
        return std::optional<Link>(found->second);
    }
    void after(std::int64_t ms, std::function<void()> wake) override {
        later_.emplace(clock_.monotonic_ms() + ms, std::move(wake));
    }
    /// Runs one callback, moving the clock to it. False when nothing waits.
    bool run_one() {
        if (later_.empty()) return false;
        auto first = later_.begin();
        auto wake = std::move(first->second);
        std::int64_t wait = first->first - clock_.monotonic_ms();
        later_.erase(first);
        if (wait > 0) clock_.advance_ms(wait);
        wake();
        return true;
    }

    std::map<std::string, Link> links;
    std::vector<std::string> asked;

private:
    ManualClock& clock_;
    std::multimap<std::int64_t, std::function<void()>> later_;
};

class FakeTransport final : public HttpTransport {
public:
    explicit FakeTransport(FakeServices& services) : services_(services) {}
    void send(HttpRequest request, std::int64_t timeout_ms, Done done) override {
        requests.push_back(std::move(request));
        timeouts.push_back(timeout_ms);
        if (answers.empty()) return;  // never answered
        HttpResult result = answers.front();
        answers.pop_front();
        std::int64_t ms = result.duration_ms;
        services_.after(ms, [done = std::move(done), result = std::move(result)] { done(result); });
    }
    std::deque<HttpResult> answers;
    std::vector<HttpRequest> requests;
    std::vector<std::int64_t> timeouts;

private:
    FakeServices& services_;
};

inline HttpResult status(unsigned code, std::int64_t ms = 5) {
    HttpResult result;
    result.response.status = code;
    result.duration_ms = ms;
    return result;
}
inline HttpResult failed(const std::string& error, bool sent) {
    HttpResult result;
    result.error = error;
    result.message = "in words";
    result.sent = sent;
    result.duration_ms = 7;
    return result;
}

}  // namespace syncline::host
