// See sinks.hpp.
#include "tests/simulation/sinks.hpp"

#include <algorithm>
#include <ctime>
#include <memory>

#include "core/base/text.hpp"

namespace syncline::simulation {
namespace {

constexpr const char* fate_names[fate_count] = {
    "fine", "slow", "refused", "reset", "lost_answer", "hangs", "hangs_with_effect", "error_500",
    "gateway_502", "busy_503", "throttled", "throttled_oddly", "rejected", "unauthorised", "gone",
    "redirect"};

host::HttpResult failure(const char* error, bool sent) {
    host::HttpResult result;
    result.error = error;
    result.message = "simulated";
    result.sent = sent;
    return result;
}

host::HttpResult status(unsigned code, std::string body = "{}") {
    host::HttpResult result;
    result.response = HttpResponse::json(code, std::move(body));
    return result;
}

host::HttpResult retry_after(unsigned code, std::int64_t seconds) {
    auto result = status(code);
    result.response.headers.add("Retry-After", std::to_string(seconds));
    result.response.headers.add("X-Asked-Ms", std::to_string(seconds * 1000));
    return result;
}

/// Forms that are a time, a very long time, or none.
host::HttpResult odd_retry_after(Dice& dice) {
    if (dice.chance(300)) return retry_after(429, 31'536'000);
    auto result = status(429);
    if (dice.chance(500))
        result.response.headers.add("X-Date-In-S", std::to_string(dice.skewed(600)));
    else result.response.headers.add("Retry-After", dice.chance(500) ? "soon" : "-1");
    return result;
}

bool is_write(const HttpRequest& request) {
    return request.method != "GET";
}

}  // namespace

const char* fate_name(Fate fate) {
    return fate_names[static_cast<std::size_t>(fate)];
}

std::uint64_t delivery_of(const HttpRequest& request) {
    const std::string* id = request.headers.find("Idempotency-Key");
    if (id == nullptr) id = request.headers.find("X-Delivery");
    if (id == nullptr) return 0;
    auto number = parse_decimal(std::string_view(*id).substr(id->rfind('-') + 1));
    return number ? static_cast<std::uint64_t>(*number) : 0;
}

std::string host_of(const HttpRequest& request) {
    constexpr std::string_view scheme = "http://";
    std::string rest = request.target.substr(scheme.size());
    return rest.substr(0, rest.find('/'));
}

class Sinks::Connection final : public host::HttpTransport {
public:
    Connection(Sinks& sinks, Wire& wire) : sinks_(sinks), wire_(wire) {}

    void send(HttpRequest request, std::int64_t timeout_ms, Done done) override {
        if (!wire_.sends(request)) return;
        Plan plan = sinks_.plan(request, timeout_ms);
        auto shared = std::make_shared<std::pair<HttpRequest, host::HttpResult>>(
            std::move(request), std::move(plan.result));
        shared->second.duration_ms = plan.answered_ms;
        if (plan.arrives_ms >= 0)
            sinks_.world_.agenda.in(plan.arrives_ms, [sinks = &sinks_, shared] {
                sinks->arrived(shared->first, shared->second);
            });
        std::weak_ptr<int> alive = alive_;
        sinks_.world_.agenda.in(plan.answered_ms, [this, alive, shared, done = std::move(done)] {
            if (alive.expired()) return;
            sinks_.name_date(shared->second);
            wire_.hears(shared->first, shared->second);
            done(shared->second);
        });
    }

private:
    Sinks& sinks_;
    Wire& wire_;
    std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

std::unique_ptr<host::HttpTransport> Sinks::connect(Wire& wire) {
    return std::make_unique<Connection>(*this, wire);
}

Fate Sinks::fate_of(const std::string& host) {
    if (world_.calm) return Fate::fine;
    auto& [mood, until] = moods_[host];
    if (world_.now() < until) return mood;
    Fate fate = static_cast<Fate>(dice_.weighted(world_.faults.fates));
    if (dice_.chance(world_.faults.moods) && fate != Fate::fine && fate != Fate::rejected) {
        mood = fate;
        until = world_.now() + dice_.skewed(600'000);
        world_.history.note("sink " + host + ": for a while all requests are " + fate_name(fate));
    }
    return fate;
}

Sinks::Plan Sinks::plan(const HttpRequest& request, std::int64_t timeout_ms) {
    constexpr std::int64_t network_ms_max = 50;
    Fate fate = fate_of(host_of(request));
    Plan plan;
    plan.arrives_ms = dice_.skewed(network_ms_max);
    plan.answered_ms = plan.arrives_ms + dice_.skewed(network_ms_max);
    plan.result = status(200);
    std::int64_t seconds = dice_.skewed(600);
    switch (fate) {
        case Fate::fine: break;
        case Fate::slow: plan.arrives_ms = dice_.skewed(timeout_ms); break;
        case Fate::refused: plan.result = failure("network", false); break;
        case Fate::reset:
        case Fate::lost_answer: plan.result = failure("network", true); break;
        case Fate::hangs:
        case Fate::hangs_with_effect: plan.answered_ms = timeout_ms + 1; break;
        case Fate::error_500: plan.result = status(500, "oops"); break;
        case Fate::gateway_502: plan.result = status(502, "<html>"); break;
        case Fate::busy_503: plan.result = retry_after(503, seconds); break;
        case Fate::throttled: plan.result = retry_after(429, seconds); break;
        case Fate::throttled_oddly: plan.result = odd_retry_after(dice_); break;
        case Fate::rejected: plan.result = status(422, R"({"error": "no"})"); break;
        case Fate::unauthorised: plan.result = status(401); break;
        case Fate::gone: plan.result = status(410); break;
        case Fate::redirect: plan.result = status(302); break;
    }
    bool has_effect = fate == Fate::fine || fate == Fate::slow || fate == Fate::lost_answer ||
                      fate == Fate::hangs_with_effect || fate == Fate::gateway_502;
    if (!has_effect) plan.arrives_ms = -1;
    plan.answered_ms = std::max(plan.answered_ms, plan.arrives_ms + 1);
    if (plan.answered_ms > timeout_ms) {
        plan.answered_ms = timeout_ms;
        plan.result = failure("timeout", true);
    }
    world_.history.note("sink " + host_of(request) + " " + request.method + " of delivery " +
                        std::to_string(delivery_of(request)) + ": " + fate_name(fate) +
                        ", answered in " + std::to_string(plan.answered_ms) + "ms");
    return plan;
}

/// A date is of the moment of the answer, by the hub's clock: then it is known how long it asks for.
void Sinks::name_date(host::HttpResult& result) {
    const std::string* in_s = result.response.headers.find("X-Date-In-S");
    if (!in_s) return;
    std::int64_t wall = world_.clock.wall_ms();
    std::time_t at = static_cast<std::time_t>(wall / 1000 + std::stoll(*in_s));
    std::tm parts{};
    gmtime_r(&at, &parts);
    char text[64];
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    std::int64_t asked = std::max<std::int64_t>(0, at * 1000 - wall);
    result.response.headers.add("Retry-After", text);
    result.response.headers.add("X-Asked-Ms", std::to_string(asked));
}

/// Before the answer leaves: what a look-up finds is known only now.
void Sinks::arrived(const HttpRequest& request, host::HttpResult& result) {
    std::uint64_t delivery = delivery_of(request);
    if (is_write(request)) {
        effects_.insert(delivery);
    } else if (delivery != 0 && result.error.empty()) {
        bool found = effects_.contains(delivery);
        result.response.body = found ? R"({"found": true})" : R"({"found": false})";
    } else if (result.error.empty()) {
        result.response.body = R"({"name": "a thing"})";
    }
}

}  // namespace syncline::simulation
