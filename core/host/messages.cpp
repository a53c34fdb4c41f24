// See messages.hpp. Each reader takes one JSON value and gives a value or an Error that names the
// member; nothing here calls a plugin.
#include "core/host/messages.hpp"

#include <algorithm>
#include <cstdio>

#include "core/base/hash.hpp"
#include "core/base/limits.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"

namespace syncline::host {
namespace {

Error fault(std::string message) {
    return Error(ErrorCode::plugin, std::move(message));
}

/// Bytes as JSON can carry them: text as it is, anything else in base64.
void set_bytes(Json& object, const std::string& name, const std::string& bytes) {
    if (json_is_utf8(bytes)) object.set(name, bytes);
    else object.set(name + "_base64", base64_encode(bytes));
}

Result<HttpHeaders> read_headers(const Json& list) {
    HttpHeaders headers;
    if (!list.is_null() && !list.is_array())
        return fault("\"headers\" of a request must be a list of [name, value]");
    for (const auto& field : list.items()) {
        if (!field.is_array() || field.size() != 2 || !field[0].is_string() ||
            !field[1].is_string())
            return fault("a header of a request must be [name, value], both text");
        headers.add(field[0].as_string(), field[1].as_string());
    }
    return headers;
}

Result<std::string> read_body(const Json& request) {
    const Json* text = request.find("body");
    const Json* encoded = request.find("body_base64");
    if (text && encoded) return fault("a request has both \"body\" and \"body_base64\"");
    if (text && !text->is_string()) return fault("\"body\" of a request must be text");
    if (text) return text->as_string();
    if (!encoded) return std::string();
    auto bytes = base64_decode(encoded->as_string());
    if (!bytes || !encoded->is_string())
        return fault("\"body_base64\" of a request is no base64");
    return std::move(*bytes);
}

/// A count of milliseconds, 0 when absent.
Result<std::int64_t> read_ms(const Json& object, std::string_view name) {
    const Json* value = object.find(name);
    if (!value || value->is_null()) return std::int64_t{0};
    auto ms = value->as_int64();
    if (!ms || *ms < 0)
        return fault("\"" + std::string(name) + "\" must be a count of milliseconds");
    return *ms;
}

Result<Step> read_http(const Json& request) {
    if (!request.is_object()) return fault("asks for http without a \"request\"");
    Step step;
    step.kind = Step::Kind::http;
    step.request.method = request["method"].as_string();
    step.request.target = request["url"].as_string();
    if (step.request.method.empty()) return fault("asks for http without a \"method\"");
    if (step.request.target.empty()) return fault("asks for http without a \"url\"");
    auto headers = read_headers(request["headers"]);
    if (!headers) return headers.error();
    auto body = read_body(request);
    if (!body) return body.error();
    auto timeout = read_ms(request, "timeout_ms");
    if (!timeout) return timeout.error();
    step.request.headers = std::move(*headers);
    step.request.body = std::move(*body);
    step.timeout_ms = *timeout;
    return step;
}

Result<Step> read_link_ask(const Json& message) {
    Step step;
    step.kind = Step::Kind::link;
    step.link_kind = message["kind"].as_string();
    step.link_source_id = message["source_id"].as_string();
    if (step.link_kind.empty() || step.link_source_id.empty())
        return fault("asks for a link without \"kind\" or \"source_id\"");
    return step;
}

Result<Step> read_sleep(const Json& message) {
    Step step;
    step.kind = Step::Kind::sleep;
    auto ms = read_ms(message, "ms");
    if (!ms) return ms.error();
    step.sleep_ms = *ms;
    return step;
}

Result<void> read_links(const Json& outcome, const std::string& destination, Outcome& out) {
    const Json& links = outcome["links"];
    const Json& unlinks = outcome["unlinks"];
    if (links.size() + unlinks.size() > links_per_outcome_max)
        return fault("sets more than " + std::to_string(links_per_outcome_max) + " links");
    for (const auto& item : links.items()) {
        Link link;
        link.destination = destination;
        link.kind = item["kind"].as_string();
        link.source_id = item["source_id"].as_string();
        link.id = item["id"].as_string();
        link.url = item["url"].as_string();
        link.hash = item["hash"].as_string();
        if (link.kind.empty() || link.source_id.empty() || link.id.empty())
            return fault("sets a link without \"kind\", \"source_id\" or \"id\"");
        out.links.push_back(std::move(link));
    }
    for (const auto& item : unlinks.items()) {
        LinkKey key;
        key.destination = destination;
        key.kind = item["kind"].as_string();
        key.source_id = item["source_id"].as_string();
        if (key.kind.empty() || key.source_id.empty())
            return fault("forgets a link without \"kind\" or \"source_id\"");
        out.unlinks.push_back(std::move(key));
    }
    return {};
}

Result<Emitted> read_emitted(const Json& item) {
    Emitted emitted;
    emitted.key = item["key"].as_string();
    emitted.type = item["type"].as_string();
    emitted.subject = item["subject"].as_string();
    emitted.data = item["data"];
    if (emitted.key.empty() || emitted.type.empty())
        return fault("emits an event without \"key\" or \"type\"");
    auto longest = std::max({emitted.key.size(), emitted.type.size(), emitted.subject.size()});
    if (longest > limits::key_bytes_max)
        return fault("emits an event whose key, type or subject is longer than " +
                     std::to_string(limits::key_bytes_max) + " bytes");
    const Json& attributes = item["attributes"];
    if (attributes.is_object()) emitted.attributes = attributes;
    else if (!attributes.is_null())
        return fault("emits an event whose \"attributes\" are no object");
    return emitted;
}

void read_kind(const Json& json, const PluginWords& words, Outcome& out) {
    out.note = json["note"].as_string();
    const std::string& name = json["outcome"].as_string();
    if (auto kind = outcome_kind_from(name)) {
        out.kind = *kind;
        return;
    }
    out.kind = OutcomeKind::retry;
    out.note = words.text() + " gave the unknown outcome \"" + printable(name, 100) + "\"";
    log_warning("a connector gave an unknown outcome: taken as retry",
                {{"connector", words.connector},
                 {"configured", words.configured},
                 {"outcome", printable(name, 100)}});
}

Result<Outcome> read_outcome(const Json& json, const std::string& destination,
                             const PluginWords& words) {
    if (!json.is_object()) return fault("gave an outcome that is no object");
    Outcome out;
    read_kind(json, words, out);
    auto after = json["after_ms"].as_int64();
    if (out.kind == OutcomeKind::retry && after && *after >= 0)
        out.after_ms = std::min(*after, limits::retry_after_ms_max);
    auto links = read_links(json, destination, out);
    if (!links) return links.error();
    for (const auto& item : json["emit"].items()) {
        auto emitted = read_emitted(item);
        if (!emitted) return emitted.error();
        out.emitted.push_back(std::move(*emitted));
    }
    if (const Json* document = json.find("document")) out.document = *document;
    return out;
}

Result<Step> read_done(const Json& list, std::size_t deliveries, const std::string& destination,
                       const PluginWords& words) {
    if (!list.is_array() || list.size() != deliveries)
        return fault("gave " + std::to_string(list.size()) + " outcomes for " +
                     std::to_string(deliveries) + " deliveries");
    std::size_t emitted = 0;
    for (const auto& item : list.items()) emitted += item["emit"].size();
    if (emitted > limits::emitted_per_attempt_max)
        return fault("emits " + std::to_string(emitted) + " events; the limit is " +
                     std::to_string(limits::emitted_per_attempt_max));
    Step step;
    for (const auto& item : list.items()) {
        auto outcome = read_outcome(item, destination, words);
        if (!outcome) return outcome.error();
        step.outcomes.push_back(std::move(*outcome));
    }
    return step;
}

/// Retry-After in milliseconds from now: whole seconds or an HTTP date, not negative, capped.
std::optional<std::int64_t> retry_after_ms(const HttpHeaders& headers, std::int64_t now_wall_ms) {
    const std::string* field = headers.find("Retry-After");
    if (!field) return std::nullopt;
    auto text = trim(*field);
    bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
    if (digits) {
        // More digits than 64 bits hold still mean "very long".
        auto seconds = parse_decimal(text).value_or(UINT64_MAX);
        constexpr auto seconds_max = static_cast<std::uint64_t>(limits::retry_after_ms_max / 1000);
        return static_cast<std::int64_t>(std::min(seconds, seconds_max)) * 1000;
    }
    auto at = parse_http_date(text);
    if (!at || *at < now_wall_ms) return std::nullopt;
    return std::min(*at - now_wall_ms, limits::retry_after_ms_max);
}

Json delivery_message(const JobDelivery& delivery) {
    Json made = Json::object();
    made.set("id", delivery.id);
    made.set("attempt", delivery.attempt);
    made.set("uncertain", delivery.uncertain);
    made.set("input", delivery.input);
    if (!delivery.event) return made;
    made.set("event", delivery.event->message());
    set_bytes(made, "payload", delivery.event->payload);
    return made;
}

}  // namespace

Result<Json> parse_plugin_json(std::string_view text) {
    JsonLimits bounds;
    bounds.depth_max = 128;
    JsonError error;
    auto parsed = Json::parse(text, &error, bounds);
    if (!parsed)
        return fault("wrote no JSON (byte " + std::to_string(error.offset) + ": " + error.message +
                     ")");
    return std::move(*parsed);
}

Json job_message(const JobRequest& request) {
    char seed[17];
    std::snprintf(seed, sizeof seed, "%016llx", static_cast<unsigned long long>(request.seed));
    Json deliveries = Json::array();
    for (const auto& delivery : request.deliveries)
        deliveries.push_back(delivery_message(delivery));
    Json job = Json::object();
    job.set("kind", request.kind);
    job.set("name", request.name);
    job.set("now_ms", request.now_ms);
    job.set("seed", std::string(seed));
    job.set("destination", request.destination);
    job.set("deliveries", std::move(deliveries));
    return job;
}

Result<Step> read_step(const Json& message, std::size_t deliveries,
                       const std::string& destination, const PluginWords& words) {
    if (!message.is_object()) return fault("wrote JSON that is no object");
    if (const Json* done = message.find("done"))
        return read_done(*done, deliveries, destination, words);
    const std::string& ask = message["ask"].as_string();
    if (ask == "http") return read_http(message["request"]);
    if (ask == "link") return read_link_ask(message);
    if (ask == "sleep") return read_sleep(message);
    return fault("asks for \"" + printable(ask, 100) + "\"; known are http, link and sleep");
}

std::string plugin_error_text(std::string_view output) {
    auto parsed = Json::parse(output);
    if (parsed && (*parsed)["error"].is_string()) return printable((*parsed)["error"].as_string());
    return printable(trim(output));
}

Json http_answer(const HttpResult& result, std::int64_t now_wall_ms) {
    Json http = Json::object();
    if (!result.error.empty()) {
        http.set("error", result.error);
        http.set("message", result.message);
        http.set("sent", result.sent);
    } else {
        Json headers = Json::array();
        for (const auto& [name, value] : result.response.headers.fields())
            headers.push_back(Json::array({Json(name), Json(value)}));
        http.set("status", result.response.status);
        http.set("headers", std::move(headers));
        set_bytes(http, "body", result.response.body);
        if (auto after = retry_after_ms(result.response.headers, now_wall_ms))
            http.set("retry_after_ms", *after);
    }
    Json answer = Json::object();
    answer.set("http", std::move(http));
    return answer;
}

Json link_answer(const std::optional<Link>& link) {
    Json answer = Json::object();
    if (!link) {
        answer.set("link", nullptr);
        return answer;
    }
    Json found = Json::object();
    found.set("id", link->id);
    found.set("url", link->url);
    found.set("hash", link->hash);
    answer.set("link", std::move(found));
    return answer;
}

Json sleep_answer() {
    Json answer = Json::object();
    answer.set("slept", true);
    return answer;
}

}  // namespace syncline::host
