// The destinations of a run, behind the interface that the libcurl client implements. They take or
// refuse what comes as the fault mix says, remember what had an effect, and may be asked for it.
//
// An answer to a hub that has died meanwhile is dropped; the effect stays.
#pragma once

#include <map>
#include <set>
#include <string>

#include "core/host/http_client.hpp"
#include "tests/simulation/world.hpp"

namespace syncline::simulation {

/// What a request meets. First those after which a delivery may still succeed.
enum class Fate {
    fine, slow, refused, reset, lost_answer, hangs, hangs_with_effect, error_500, gateway_502,
    busy_503, throttled, throttled_oddly,
    rejected, unauthorised, gone, redirect
};
inline constexpr std::size_t fate_count = 16;
inline constexpr std::size_t transient_fate_count = 12;
const char* fate_name(Fate fate);

/// Who sees what leaves the hub and what comes back to it.
class Wire {
public:
    virtual ~Wire() = default;
    /// False when the hub is dead: nothing leaves it.
    virtual bool sends(const HttpRequest& request) = 0;
    virtual void hears(const HttpRequest& request, const host::HttpResult& result) = 0;
};

class Sinks {
public:
    explicit Sinks(World& world) : world_(world), dice_(world.seed, "sinks") {}

    /// The transport of one life of the hub.
    std::unique_ptr<host::HttpTransport> connect(Wire& wire);
    /// Whether a write for the delivery of that number had an effect.
    bool has_effect(std::uint64_t delivery) const { return effects_.contains(delivery); }
    std::size_t effects() const { return effects_.size(); }

private:
    class Connection;
    struct Plan {
        host::HttpResult result;
        std::int64_t arrives_ms = 0;    // at the sink; -1: never
        std::int64_t answered_ms = 0;
    };
    Plan plan(const HttpRequest& request, std::int64_t timeout_ms);
    Fate fate_of(const std::string& host);
    void name_date(host::HttpResult& result);
    void arrived(const HttpRequest& request, host::HttpResult& result);

    World& world_;
    Dice dice_;
    std::map<std::string, std::pair<Fate, std::int64_t>> moods_;   // of a host, until when
    std::set<std::uint64_t> effects_;
};

/// The number of the delivery that a request is for, as its Idempotency-Key or X-Delivery ends;
/// 0: none.
std::uint64_t delivery_of(const HttpRequest& request);
std::string host_of(const HttpRequest& request);

}  // namespace syncline::simulation
