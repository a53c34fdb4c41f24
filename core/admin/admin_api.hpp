// The admin API: health, readiness, and the JSON reads and orders (replay, cancel, retry, hold, release)
// of /api/v1.
//
// An HttpHandler on the admin server's thread. It decides there what needs no waiting (health,
// refusals); what reads the store or asks the hub goes to one worker thread through a bounded
// queue, and a full queue is a 503. Every request but health needs the configured token; Host and
// Origin are checked against DNS rebinding and foreign pages before anything else.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/base/clock.hpp"
#include "core/base/http.hpp"
#include "core/base/result.hpp"
#include "core/runtime/hub.hpp"
#include "core/store/store.hpp"

namespace syncline {

/// Requests waiting for the worker: each holds at most admin_body_bytes_max, so 2 MiB in all.
inline constexpr std::size_t admin_queue_max = 32;
inline constexpr std::size_t admin_body_bytes_max = 64 << 10;
inline constexpr std::size_t hold_reason_bytes_max = 500;   // as a note: one sentence

struct AdminOptions {
    std::string token;        // empty: everything but health is refused
    std::string listen_host;  // the configured address; a wildcard admits any IP literal as Host
    AdminOptions() = default;
};

class AdminApi final : public HttpHandler {
public:
    /// Called on the worker thread, again after a reader failed to open.
    using OpenReader = std::function<Result<std::unique_ptr<store::Reader>>()>;

    /// `control` and `clock` must outlive this.
    AdminApi(HubControl& control, OpenReader open_reader, const Clock& clock,
             AdminOptions options);
    /// Answers what is queued with 503 and joins the worker.
    ~AdminApi() override;

    void admit(const HttpRequest& head, Admission& admission) override;
    void handle(HttpRequest request, Done done) override;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// `Host` of a request against the address that is listened on: that address, localhost,
/// 127.0.0.1 and [::1], with any port; any IP literal when listening on a wildcard. Pure.
bool admin_host_allowed(std::string_view host_header, std::string_view listen_host);

}  // namespace syncline
