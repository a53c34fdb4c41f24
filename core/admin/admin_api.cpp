// Routing, guarding and answering of the admin API, and its one worker thread.
#include "core/admin/admin_api.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>
#include <utility>

#include "core/admin/filter_words.hpp"
#include "core/admin/views.hpp"
#include "core/base/hash.hpp"
#include "core/base/limits.hpp"
#include "core/base/log.hpp"
#include "core/base/queue.hpp"
#include "core/base/text.hpp"

namespace syncline {
namespace {

HttpResponse error_answer(unsigned status, std::string_view message) {
    Json body = Json::object();
    body.set("error", message);
    return HttpResponse::json(status, body.dump());
}

HttpResponse error_answer(const Error& error) {
    unsigned status = 500;
    if (error.code == ErrorCode::invalid_argument) status = 400;
    if (error.code == ErrorCode::not_found) status = 404;
    if (error.code == ErrorCode::unavailable || error.code == ErrorCode::timeout) status = 503;
    HttpResponse answer = error_answer(status, hide_secrets(error.text()));
    if (status == 503)
        answer.headers.add("Retry-After", std::to_string(limits::retry_after_s_overload));
    return answer;
}

bool is_ip_literal(const std::string& host) {
    unsigned char address[sizeof(in6_addr)];
    return inet_pton(AF_INET, host.c_str(), address) == 1 ||
           inet_pton(AF_INET6, host.c_str(), address) == 1;
}

/// "name:80" → "name", "[::1]:80" → "::1"; nothing when malformed.
std::optional<std::string> host_name(std::string_view authority) {
    std::string_view name = authority;
    std::string_view rest;
    if (authority.starts_with('[')) {
        auto close = authority.find(']');
        if (close == std::string_view::npos) return std::nullopt;
        name = authority.substr(1, close - 1);
        rest = authority.substr(close + 1);
    } else if (auto colon = authority.find(':'); colon != std::string_view::npos) {
        name = authority.substr(0, colon);
        rest = authority.substr(colon);
    }
    if (!rest.empty() && (rest[0] != ':' || !parse_decimal(rest.substr(1)))) return std::nullopt;
    if (name.empty()) return std::nullopt;
    return lower(name);
}

/// Percent-decoding of a query part; '+' is a space. Nothing when an escape is malformed.
std::optional<std::string> url_decode(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '+') {
            out.push_back(' ');
        } else if (text[at] == '%') {
            auto byte = at + 2 < text.size() ? hex_decode(text.substr(at + 1, 2))
                                                 : std::optional<std::string>();
            if (!byte || byte->size() != 1) return std::nullopt;
            out.append(*byte);
            at += 2;
        } else {
            out.push_back(text[at]);
        }
    }
    return out;
}

Result<store::Filter> filter_from_query(std::string_view query, std::int64_t now_ms) {
    store::Filter filter;
    if (query.empty()) return filter;
    for (const auto& part : split(query, '&')) {
        auto equals = part.find('=');
        auto name = url_decode(std::string_view(part).substr(0, equals));
        auto value = equals == std::string::npos
                         ? std::optional<std::string>("")
                         : url_decode(std::string_view(part).substr(equals + 1));
        if (!name || !value)
            return Error(ErrorCode::invalid_argument, "the query has a malformed % escape");
        auto set = set_filter_word(filter, *name, *value, now_ms);
        if (!set) return set.error();
    }
    return filter;
}

struct OrderBody {
    store::Filter filter;
    bool dry_run = false;
};

Result<OrderBody> order_body(const std::string& body, std::int64_t now_ms) {
    JsonError wrong;
    auto json = Json::parse(body, &wrong);
    if (!json || !json->is_object())
        return Error(ErrorCode::invalid_argument,
                     "the body is no JSON object" + (json ? "" : ": " + wrong.message));
    OrderBody order;
    for (const auto& [name, value] : json->members()) {
        if (name == "dry_run") {
            if (!value.is_bool())
                return Error(ErrorCode::invalid_argument, "dry_run is neither true nor false");
            order.dry_run = value.as_bool();
            continue;
        }
        std::string text = value.is_number() ? value.number_text() : value.as_string();
        auto set = set_filter_word(order.filter, name, text, now_ms);
        if (!set) return set.error();
    }
    if (!filter_selects(order.filter))
        return Error(ErrorCode::invalid_argument,
                     "name at least one filter word: an order is not for everything");
    return order;
}

struct Target {
    std::string path;
    std::string query;
};

Target split_target(const std::string& target) {
    Target made;
    auto mark = target.find('?');
    made.path = target.substr(0, mark);
    if (mark != std::string::npos) made.query = target.substr(mark + 1);
    return made;
}

/// The id of "/api/v1/<kind>/<id><tail>", when the path has that form.
std::optional<std::string> id_between(const std::string& path, std::string_view head,
                                      std::string_view tail) {
    if (!path.starts_with(head) || !path.ends_with(tail)) return std::nullopt;
    if (path.size() <= head.size() + tail.size()) return std::nullopt;
    std::string id = path.substr(head.size(), path.size() - head.size() - tail.size());
    if (id.find('/') != std::string::npos) return std::nullopt;
    return id;
}

std::optional<Order> order_of(const std::string& path) {
    if (path == "/api/v1/replay") return Order::replay;
    if (path == "/api/v1/cancel") return Order::cancel;
    if (path == "/api/v1/retry") return Order::retry;
    return std::nullopt;
}

constexpr std::string_view destinations_path = "/api/v1/destinations";
constexpr std::string_view destination_head = "/api/v1/destinations/";

std::string_view method_of(const std::string& path) {
    if (order_of(path) || id_between(path, destination_head, "/hold") ||
        id_between(path, destination_head, "/release"))
        return "POST";
    bool known = path == "/healthz" || path == "/readyz" || path == "/api/v1/stats" ||
                 path == "/api/v1/events" || path == destinations_path || path == "/api/v1/deliveries" ||
                 id_between(path, "/api/v1/events/", "") ||
                 id_between(path, "/api/v1/deliveries/", "/attempts");
    return known ? "GET" : "";
}

}  // namespace

bool admin_host_allowed(std::string_view host_header, std::string_view listen_host) {
    auto host = host_name(host_header);
    if (!host) return false;
    if (*host == "localhost" || *host == "127.0.0.1" || *host == "::1") return true;
    if (*host == lower(listen_host)) return true;
    bool wildcard = listen_host.empty() || listen_host == "0.0.0.0" || listen_host == "::" ||
                    listen_host == "*";
    return wildcard && is_ip_literal(*host);
}

struct AdminApi::Impl {
    struct Job {
        HttpRequest request;
        Done done;
    };

    HubControl& control;
    OpenReader open_reader;
    const Clock& clock;
    AdminOptions options;
    Sha256 token_digest{};
    BoundedQueue<Job> queue{admin_queue_max};
    std::unique_ptr<store::Reader> reader;  // worker thread only
    std::atomic<bool> stopping{false};
    std::thread worker;

    Impl(HubControl& control_in, OpenReader open_in, const Clock& clock_in, AdminOptions options_in)
        : control(control_in),
          open_reader(std::move(open_in)),
          clock(clock_in),
          options(std::move(options_in)),
          token_digest(sha256(options.token)) {
        worker = std::thread([this] { work(); });
    }

    ~Impl() {
        stopping = true;
        queue.close();
        worker.join();
    }

    void work() {
        for (;;) {
            auto jobs = queue.pop_batch(1);
            if (jobs.empty()) return;
            Job& job = jobs.front();
            if (stopping) {
                job.done(error_answer(Error(ErrorCode::unavailable, "the hub is stopping")));
                continue;
            }
            job.done(answer(job.request));
        }
    }

    // --- Server thread --------------------------------------------------------------------------

    /// What forbids the request, or nothing. `head` may lack its body.
    std::optional<HttpResponse> refusal(const HttpRequest& head) const {
        const std::string* host = head.headers.find("Host");
        if (!host || head.headers.count("Host") != 1 ||
            !admin_host_allowed(*host, options.listen_host))
            return error_answer(403, "this Host is not served here");
        if (const std::string* origin = head.headers.find("Origin")) {
            bool same = equals_ignore_case(*origin, "http://" + *host) ||
                        equals_ignore_case(*origin, "https://" + *host);
            if (!same) return error_answer(403, "requests from another origin are refused");
        }
        std::string path = split_target(head.target).path;
        bool health = path == "/healthz" || path == "/readyz";
        if (!health && !token_good(head)) return unauthorized();
        std::string_view method = method_of(path);
        if (method.empty()) return error_answer(404, "no such path");
        if (head.method != method) {
            HttpResponse answer = error_answer(405, "use " + std::string(method));
            answer.headers.add("Allow", std::string(method));
            return answer;
        }
        return std::nullopt;
    }

    bool token_good(const HttpRequest& head) const {
        const std::string* given = head.headers.find("Authorization");
        if (options.token.empty() || !given || head.headers.count("Authorization") != 1)
            return false;
        if (!starts_with_ignore_case(*given, "Bearer ")) return false;
        // Digests of equal length, so that the time says nothing, not even the token's length.
        Sha256 digest = sha256(trim(std::string_view(*given).substr(7)));
        return constant_time_equal(as_text(digest), as_text(token_digest));
    }

    HttpResponse unauthorized() const {
        HttpResponse answer = error_answer(
            401, options.token.empty()
                     ? "no admin token is configured: set admin.token, and send it as "
                       "\"Authorization: Bearer …\""
                     : "send the admin token as \"Authorization: Bearer …\"");
        answer.headers.add("WWW-Authenticate", "Bearer");
        return answer;
    }

    // --- Worker thread --------------------------------------------------------------------------

    HttpResponse answer(const HttpRequest& request) {
        Target target = split_target(request.target);
        if (target.path == "/api/v1/stats") return HttpResponse::json(200, control.stats().dump());
        if (auto order = order_of(target.path)) return carry_out(*order, request.body);
        if (target.path.starts_with(destinations_path)) return destinations(target.path, request.body);
        auto filter = filter_from_query(target.query, clock.wall_ms());
        if (!filter) return error_answer(filter.error());
        auto opened = use_reader();
        if (!opened) return error_answer(opened.error());
        if (target.path == "/api/v1/events") return events(*filter);
        if (target.path == "/api/v1/deliveries") return deliveries(*filter);
        if (auto id = id_between(target.path, "/api/v1/deliveries/", "/attempts"))
            return attempts(*id);
        return event(*id_between(target.path, "/api/v1/events/", ""));
    }

    Result<void> use_reader() {
        if (reader) return {};
        auto opened = open_reader();
        if (!opened) return opened.error();
        reader = std::move(*opened);
        return {};
    }

    HttpResponse events(const store::Filter& filter) {
        auto rows = reader->events(filter);
        if (!rows) return error_answer(rows.error());
        Json list = Json::array();
        for (const auto& row : *rows) list.push_back(event_row_json(row));
        Json body = Json::object();
        body.set("events", std::move(list));
        if (rows->size() == filter.limit) body.set("next_before", rows->back().event.seq);
        return HttpResponse::json(200, body.dump());
    }

    HttpResponse event(const std::string& id) {
        store::Filter filter;
        filter.event_id = id;
        auto rows = reader->events(filter);
        if (!rows) return error_answer(rows.error());
        if (rows->empty()) return error_answer(404, "no event has this id");
        auto deliveries_found = reader->deliveries(filter);
        if (!deliveries_found) return error_answer(deliveries_found.error());
        Json list = Json::array();
        for (const auto& row : *deliveries_found) list.push_back(delivery_row_json(row));
        Json body = event_json(rows->front().event);
        body.set("deliveries", std::move(list));
        return HttpResponse::json(200, body.dump());
    }

    HttpResponse deliveries(const store::Filter& filter) {
        auto rows = reader->deliveries(filter);
        if (!rows) return error_answer(rows.error());
        Json list = Json::array();
        for (const auto& row : *rows) list.push_back(delivery_row_json(row));
        Json body = Json::object();
        body.set("deliveries", std::move(list));
        if (rows->size() == filter.limit) body.set("next_before", rows->back().delivery.id);
        return HttpResponse::json(200, body.dump());
    }

    HttpResponse attempts(const std::string& id_text) {
        auto id = parse_decimal(id_text);
        if (!id) return error_answer(400, "a delivery's id is a number");
        store::Filter filter;
        filter.id = *id;
        auto rows = reader->deliveries(filter);
        if (!rows) return error_answer(rows.error());
        if (*id == 0 || rows->empty()) return error_answer(404, "no delivery has this id");
        auto found = reader->attempts(*id);
        if (!found) return error_answer(found.error());
        Json list = Json::array();
        for (const auto& attempt : *found) list.push_back(attempt_json(attempt));
        Json body = Json::object();
        body.set("attempts", std::move(list));
        return HttpResponse::json(200, body.dump());
    }

    HttpResponse carry_out(Order order, const std::string& text) {
        auto body = order_body(text, clock.wall_ms());
        if (!body) return error_answer(body.error());
        auto count = body->dry_run ? control.order_count(order, body->filter)
                                   : control.order(order, body->filter);
        if (!count) return error_answer(count.error());
        Json answer = Json::object();
        answer.set("count", *count);
        if (body->dry_run) answer.set("dry_run", true);
        return HttpResponse::json(200, answer.dump());
    }

    HttpResponse destinations(const std::string& path, const std::string& text) {
        if (auto name = id_between(path, destination_head, "/hold")) return hold(*name, text);
        if (auto name = id_between(path, destination_head, "/release"))
            return done_or_error(control.release(*name));
        auto list = control.destinations();
        if (!list) return error_answer(list.error());
        Json body = Json::object();
        body.set("destinations", std::move(*list));
        return HttpResponse::json(200, body.dump());
    }

    HttpResponse hold(const std::string& name, const std::string& text) {
        auto body = Json::parse(text);
        const std::string reason =
            body && body->is_object() ? (*body)["reason"].as_string() : std::string();
        if (reason.empty() || reason.size() > hold_reason_bytes_max)
            return error_answer(400, "the body is {\"reason\": \"why\"}: 1 to " +
                                         std::to_string(hold_reason_bytes_max) + " bytes");
        return done_or_error(control.hold(name, reason));
    }

    static HttpResponse done_or_error(const Result<void>& result) {
        return result ? HttpResponse::json(200, "{\"ok\":true}") : error_answer(result.error());
    }
};

AdminApi::AdminApi(HubControl& control, OpenReader open_reader, const Clock& clock,
                   AdminOptions options)
    : impl_(std::make_unique<Impl>(control, std::move(open_reader), clock, std::move(options))) {}

AdminApi::~AdminApi() = default;

void AdminApi::admit(const HttpRequest& head, Admission& admission) {
    admission.body_bytes_max = std::min(admission.body_bytes_max, admin_body_bytes_max);
    auto refused = impl_->refusal(head);
    if (!refused) return;
    admission.refused = true;
    admission.refusal = std::move(*refused);
}

void AdminApi::handle(HttpRequest request, Done done) {
    if (auto refused = impl_->refusal(request)) return done(std::move(*refused));
    std::string path = split_target(request.target).path;
    if (path == "/healthz") return done(HttpResponse::json(200, "{\"ok\":true}"));
    if (path == "/readyz") {
        bool ready = impl_->control.ready();
        return done(HttpResponse::json(ready ? 200 : 503,
                                       ready ? "{\"ready\":true}" : "{\"ready\":false}"));
    }
    Impl::Job job{std::move(request), std::move(done)};
    if (!impl_->queue.try_push(std::move(job)))
        job.done(error_answer(Error(ErrorCode::unavailable, "too many requests are waiting")));
}

}  // namespace syncline
