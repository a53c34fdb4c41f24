// An HTTP message as plain data, for both directions: what the front door hands to a handler, and
// what a connector asks the host to send. No parsing, no I/O.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/text.hpp"

namespace syncline {

/// Field names keep their spelling; look-ups ignore case. Order is kept; names may repeat.
class HttpHeaders {
public:
    void add(std::string name, std::string value) {
        fields_.emplace_back(std::move(name), std::move(value));
    }
    /// The first value of that name, or nullptr.
    const std::string* find(std::string_view name) const {
        for (const auto& [key, value] : fields_)
            if (equals_ignore_case(key, name)) return &value;
        return nullptr;
    }
    std::size_t count(std::string_view name) const {
        std::size_t found = 0;
        for (const auto& [key, value] : fields_) found += equals_ignore_case(key, name);
        return found;
    }
    const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

struct HttpRequest {
    std::string method;
    std::string target;    // inbound: path and query as received; outbound: absolute URL
    HttpHeaders headers;
    std::string body;      // raw bytes
    std::string peer;      // inbound: the remote address, for logs
    HttpRequest() = default;
};

struct HttpResponse {
    unsigned status = 200;
    HttpHeaders headers;
    std::string body;
    bool close = false;    // inbound: close the connection after this answer
    HttpResponse() = default;
    HttpResponse(unsigned status_in, std::string body_in)
        : status(status_in), body(std::move(body_in)) {}
    /// A JSON body with its content type.
    static HttpResponse json(unsigned status, std::string text) {
        HttpResponse made(status, std::move(text));
        made.headers.add("Content-Type", "application/json");
        return made;
    }
};

/// What serves requests behind the HTTP server (receiver, admin API, stand-ins).
class HttpHandler {
public:
    virtual ~HttpHandler() = default;

    /// Called with the head alone, before the body is read: the place for 404, 405, 413, 415.
    /// `body_bytes_max` is preset with the server's limit and may be lowered. A filled `refusal`
    /// is sent and the connection is closed. Server thread.
    struct Admission {
        std::size_t body_bytes_max = 0;
        bool refused = false;
        HttpResponse refusal;
    };
    virtual void admit(const HttpRequest& head, Admission& admission) {
        (void)head, (void)admission;
    }

    using Done = std::function<void(HttpResponse)>;
    /// Called on the server thread with the whole request. `done` is called exactly once, at once
    /// or later, from any thread.
    virtual void handle(HttpRequest request, Done done) = 0;
};

}  // namespace syncline
