// The `http` connector: a source for any JSON that arrives by POST, and the destination action
// `forward`, which posts an event as it came with Standard Webhooks headers.
//
// It verifies nothing (the hub does, by the scheme that signatures() names) and sends nothing
// itself (the hub does, under its egress guard, without following redirects). The id of a delivery
// is the webhook-id and the Idempotency-Key of all its attempts, so receivers can tell repeats.
#include "core/sdk/connector.hpp"
#include "plugins/http/standard_webhooks.hpp"

namespace syncline::connector_http {
namespace {

constexpr const char* descriptor = R"json({
  "name": "http",
  "version": "1.0.0",
  "summary": "Any JSON over HTTP: receives signed webhooks, forwards events to a URL",
  "roles": ["source", "destination"],
  "content_types": ["application/json", "text/json", "+json"],
  "settings": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
      "signature": {"description": "source: a scheme's name, \"none\", or an object {header, timestamp_header, id_header, signed, prefix, encoding, secret, tolerance}"},
      "key_path": {"type": "string", "description": "source: path of the dedupe key in the body"},
      "key_header": {"type": "string", "description": "source: header that holds the dedupe key"},
      "type_path": {"type": "string", "description": "source: path of the event type in the body"},
      "type_header": {"type": "string", "description": "source: header that holds the event type"},
      "type": {"type": "string", "description": "source: the event type where nothing names one"},
      "subject_path": {"type": "string", "description": "source: path of the subject in the body"},
      "time_path": {"type": "string", "description": "source: path of the event's time: RFC 3339, or Unix seconds or milliseconds"},
      "url": {"type": "string", "description": "destination: where to send"},
      "method": {"type": "string", "enum": ["POST", "PUT", "PATCH"], "default": "POST"},
      "secret": {"type": "string", "secret": true, "description": "destination: signs as Standard Webhooks; whsec_ and base64, or any text"},
      "headers": {"type": "object", "additionalProperties": {"type": "string"}, "description": "destination: further request headers"}
    }
  },
  "actions": {
    "forward": {
      "summary": "Sends the event's own data as it came, or `body`",
      "idempotent": true,
      "coalesces": false,
      "input": {
        "type": "object",
        "additionalProperties": false,
        "properties": {
          "body": {"description": "any JSON to send instead of the event's own data"},
          "headers": {"type": "object", "description": "further request headers"}
        }
      }
    }
  },
  "events": []
})json";

/// What a sender of that scheme names key and type by, where the settings do not.
struct SchemeDefaults {
    std::string_view scheme, key_header, key_path, type_header, type_path;
};
constexpr SchemeDefaults scheme_defaults[] = {
    {"standard-webhooks", "webhook-id", "", "", "type"},
    {"github", "x-github-delivery", "", "x-github-event", ""},
    {"shopify", "x-shopify-event-id", "", "x-shopify-topic", ""},
    {"stripe", "", "id", "", "type"},
    {"slack", "", "event_id", "", "type"},
};

std::string lower(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return text;
}

/// The text of a string, number or boolean; empty for anything else.
std::string scalar_text(const Json* value) {
    if (!value || value->is_container() || value->is_null()) return std::string();
    return value->is_string() ? value->as_string() : value->dump();
}

std::optional<std::int64_t> time_of(const Json* value) {
    if (!value) return std::nullopt;
    if (value->is_string()) return sdk::parse_rfc3339_ms(value->as_string());
    double number = value->as_double(-1);
    if (number < 0 || number > 9e15) return std::nullopt;
    // 1e11 is the year 5138 in seconds and 1973 in milliseconds: nothing real lies on both sides.
    return static_cast<std::int64_t>(number < 1e11 ? number * 1000 : number);
}

bool is_header_name(std::string_view name) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";  // RFC 9110, "token"
    for (char c : name) {
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && marks.find(c) == marks.npos) return false;
    }
    return !name.empty();
}

/// What is wrong with a header, or nothing.
std::optional<std::string> header_fault(const std::string& name, const Json& value) {
    if (!is_header_name(name)) return "\"" + name + "\" is no header name";
    if (value.is_container() || value.is_null()) return "header " + name + " is no text";
    for (char c : scalar_text(&value))
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
            return "header " + name + " holds a control character";
    return std::nullopt;
}

using Headers = std::vector<std::pair<std::string, std::string>>;

void put_header(Headers& headers, const std::string& name, std::string value) {
    for (auto& [known, old] : headers)
        if (sdk::same_header(known, name)) {
            old = std::move(value);
            return;
        }
    headers.emplace_back(name, std::move(value));
}

class Http final : public sdk::Connector {
public:
    static Json describe() { return Json::parse(descriptor).value(); }

    explicit Http(const Json& settings)
        : key_path_(settings["key_path"].as_string()),
          key_header_(lower(settings["key_header"].as_string())),
          type_path_(settings["type_path"].as_string()),
          type_header_(lower(settings["type_header"].as_string())),
          type_(settings["type"].as_string_or("http.received")),
          subject_path_(settings["subject_path"].as_string()),
          time_path_(settings["time_path"].as_string()),
          url_(settings["url"].as_string()),
          method_(settings["method"].as_string_or("POST")),
          headers_(settings["headers"]) {
        take_signature(settings["signature"]);
        take_secret(settings["secret"].as_string());
        bool web = url_.starts_with("http://") || url_.starts_with("https://");
        if (!url_.empty() && !web)
            throw sdk::Refused("url is \"" + url_ + "\"; expected http://… or https://…");
        for (const auto& [name, value] : headers_.members())
            if (auto fault = header_fault(name, value)) throw sdk::Refused("headers: " + *fault);
    }

    Json signatures() const override { return signatures_; }

    std::vector<sdk::ParsedEvent> parse(const sdk::InboundRequest& request) const override {
        JsonError error;
        auto body = Json::parse(request.body, &error);
        if (!body)
            throw sdk::Refused("the body is no JSON: " + error.message + " at byte " +
                               std::to_string(error.offset));
        std::string type = type_path_.empty() ? "" : scalar_text(body->at_path(type_path_));
        if (type.empty() && !type_header_.empty()) type = request.header(type_header_);
        if (type.empty()) type = type_;
        std::string key = key_path_.empty() ? "" : scalar_text(body->at_path(key_path_));
        if (key.empty() && !key_header_.empty()) key = request.header(key_header_);
        std::string subject;
        if (!subject_path_.empty()) subject = scalar_text(body->at_path(subject_path_));
        sdk::ParsedEvent event(std::move(key), std::move(type), std::move(subject));
        event = std::move(event).range(0, request.body.size());
        if (!time_path_.empty())
            if (auto time = time_of(body->at_path(time_path_)))
                event = std::move(event).time_ms(*time);
        return {event};
    }

    sdk::Task<sdk::Outcome> act(sdk::Context& ctx, const sdk::Delivery& delivery,
                                const std::string&) override {
        if (url_.empty()) co_return sdk::Outcome::hold("forward needs the setting url");
        for (const auto& [name, value] : delivery.input()["headers"].members())
            if (auto fault = header_fault(name, value))
                co_return sdk::Outcome::reject("with.headers: " + *fault);
        sdk::Request request = forward_request(delivery, ctx.now_ms());
        sdk::Response response = co_await ctx.http(std::move(request));
        co_return outcome_of(response);
    }

private:
    void take_signature(const Json& signature) {
        if (signature.is_null() || signature.as_string() == "none") return;
        Json entry = Json::object();
        if (signature.is_object()) {
            if (signature["header"].as_string().empty())
                throw sdk::Refused("signature has no \"header\": the one that carries the MAC");
            entry.set("custom", signature);
        } else if (signature.is_string()) {
            entry.set("scheme", signature);
            for (const auto& known : scheme_defaults)
                if (known.scheme == signature.as_string()) take_defaults(known);
        } else {
            throw sdk::Refused("signature is neither a scheme's name nor an object");
        }
        signatures_.push_back(std::move(entry));
    }

    void take_defaults(const SchemeDefaults& known) {
        if (key_path_.empty() && key_header_.empty()) {
            key_path_ = known.key_path;
            key_header_ = known.key_header;
        }
        if (type_path_.empty() && type_header_.empty()) {
            type_path_ = known.type_path;
            type_header_ = known.type_header;
        }
    }

    void take_secret(const std::string& secret) {
        if (secret.empty()) return;
        auto key = signing_key(secret);
        if (!key) throw sdk::Refused("secret begins with whsec_, but no base64 follows");
        key_ = *key;
    }

    sdk::Request forward_request(const sdk::Delivery& delivery, std::int64_t now_ms) const {
        const Json* given = delivery.input().find("body");
        std::string body = given ? given->dump() : delivery.event().payload();
        std::string content_type = "application/json";
        if (!given)
            content_type =
                delivery.event().to_json()["content_type"].as_string_or("application/json");

        Headers headers;
        put_header(headers, "Content-Type", content_type);
        for (const auto& [name, value] : headers_.members())
            put_header(headers, name, scalar_text(&value));
        for (const auto& [name, value] : delivery.input()["headers"].members())
            put_header(headers, name, scalar_text(&value));
        std::int64_t now_s = now_ms / 1000;
        put_header(headers, "webhook-id", delivery.id());
        put_header(headers, "webhook-timestamp", std::to_string(now_s));
        if (!key_.empty())
            put_header(headers, "webhook-signature",
                       signature_v1(key_, delivery.id(), now_s, body));
        put_header(headers, "Idempotency-Key", delivery.id());

        sdk::Request request(method_, url_);
        request = std::move(request).body(std::move(body), headers.front().second);
        for (std::size_t i = 1; i < headers.size(); ++i)
            request = std::move(request).header(headers[i].first, headers[i].second);
        return request;
    }

    /// As Standard Webhooks has it: 2xx done, 3xx a failure, 410 "stop sending to me", 408, 425,
    /// 429 and 5xx again, any other 4xx never again.
    sdk::Outcome outcome_of(const sdk::Response& response) const {
        if (response.status() >= 300 && response.status() < 400)
            return sdk::Outcome::reject(
                "forward " + response.summary() + ", a redirect to \"" +
                response.header("Location") + "\"; redirects are not followed: correct the url");
        std::string doing = "forward to " + url_without_query();
        if (response.status() >= 400 && !response.body().empty())
            doing = "forward got \"" + response.excerpt() + "\" and";
        return sdk::Outcome::from(response, doing);
    }

    /// A query often holds a token; notes are for people.
    std::string url_without_query() const { return url_.substr(0, url_.find('?')); }

    std::string key_path_;
    std::string key_header_;
    std::string type_path_;
    std::string type_header_;
    std::string type_;
    std::string subject_path_;
    std::string time_path_;
    std::string url_;
    std::string method_;
    Json headers_;
    std::string key_;
    Json signatures_ = Json::array();
};

}  // namespace
}  // namespace syncline::connector_http

SYNCLINE_CONNECTOR(syncline::connector_http::Http)
