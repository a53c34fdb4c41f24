// The `hubspot` connector: a destination with the action `upsert`, over the batch upsert endpoint
// with one input, because it is HubSpot's only write that creates or updates by a unique property.
//
// The API has no idempotency key; the unique property is what makes a repeat harmless, so nothing
// is looked up first. Facts: HubSpot's public API specification of August 2026.
#include <algorithm>

#include "core/sdk/connector.hpp"

namespace syncline::connector_hubspot {
namespace {

constexpr const char* descriptor = R"json({
  "name": "hubspot",
  "version": "1.0.0",
  "summary": "HubSpot CRM: creates or updates contacts, deals, companies and custom objects",
  "roles": ["destination"],
  "settings": {
    "type": "object",
    "additionalProperties": false,
    "required": ["token"],
    "properties": {
      "token": {"type": "string", "secret": true, "description": "private app token"},
      "api_url": {"type": "string", "default": "https://api.hubapi.com"},
      "path_prefix": {"type": "string", "default": "/crm/v3/objects", "description": "/crm/v3/objects, or a dated one such as /crm/objects/2026-03"}
    }
  },
  "actions": {
    "upsert": {
      "summary": "Creates the object, or updates the one with the same key",
      "idempotent": true,
      "coalesces": true,
      "input": {
        "type": "object",
        "additionalProperties": false,
        "required": ["object", "key", "properties"],
        "properties": {
          "object": {"type": "string", "description": "contacts, deals, companies, or a custom type"},
          "key": {"description": "one unique property and its value, e.g. attio_id: …"},
          "properties": {"description": "property names and values"}
        }
      }
    }
  },
  "rate": "100/10s"
})json";

/// HubSpot asks for at least 2 s before a locked record is tried again.
constexpr std::int64_t locked_wait_ms = 2000;
constexpr std::int64_t day_ms = 86'400'000;

/// Property values are strings on the wire: lists joined by ";" (its form of a multi-select),
/// nothing as "" (which clears), anything deeper as JSON.
std::string property_text(const Json& value) {
    if (value.is_null()) return std::string();
    if (value.is_string()) return value.as_string();
    if (!value.is_array()) return value.dump();
    std::string joined;
    for (const auto& item : value.items())
        joined.append(joined.empty() ? "" : ";").append(property_text(item));
    return joined;
}

bool is_object_type(std::string_view text) {
    for (char c : text) {
        bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '-';
        if (!good) return false;
    }
    return !text.empty();
}

/// "VALIDATION_ERROR: Property values were not valid (correlation 1234)".
std::string error_text(const Json& error) {
    std::string text = error["category"].as_string();
    const std::string& message = error["message"].as_string();
    if (!message.empty()) text.append(text.empty() ? "" : ": ").append(message);
    for (const auto& detail : error["errors"].items())
        if (!detail["message"].as_string().empty())
            text.append("; ").append(detail["message"].as_string());
    const std::string& correlation = error["correlationId"].as_string();
    if (!correlation.empty()) text.append(" (correlation ").append(correlation).append(")");
    return text;
}

/// When a 429 may be tried again: no Retry-After is promised, the policy's name says it.
std::int64_t rate_wait_ms(const Json& error, std::int64_t now_ms) {
    std::string policy = error["policyName"].as_string();
    if (policy.empty()) policy = error["message"].as_string();
    for (char& c : policy)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    if (policy.find("DAILY") != policy.npos) return day_ms - now_ms % day_ms;  // until 00:00 UTC
    if (policy.find("TEN_SECONDLY") != policy.npos) return 10'000;
    if (policy.find("SECONDLY") != policy.npos) return 1000;
    return 10'000;
}

class Hubspot final : public sdk::Connector {
public:
    static Json describe() { return Json::parse(descriptor).value(); }

    explicit Hubspot(const Json& settings)
        : token_(settings["token"].as_string()),
          url_(sdk::base_url(settings["api_url"].as_string_or("https://api.hubapi.com")) +
               sdk::base_url(settings["path_prefix"].as_string_or("/crm/v3/objects"))) {
        if (token_.empty()) throw sdk::Refused("token is empty");
    }

    sdk::Task<sdk::Outcome> act(sdk::Context& ctx, const sdk::Delivery& delivery,
                                const std::string& action) override {
        if (action != "upsert") co_return sdk::Outcome::reject("hubspot has no action " + action);
        std::string object = delivery.text("object");
        if (!is_object_type(object))
            co_return sdk::Outcome::reject("with.object is \"" + object +
                                           "\"; expected contacts, deals, companies, …");
        const Json& key = delivery.input()["key"];
        std::string id = key.size() == 1 && key.is_object()
                             ? property_text(key.members()[0].value)
                             : std::string();
        if (id.empty())
            co_return sdk::Outcome::reject(
                "with.key must be one unique property with its value, as {attio_id: …}");
        if (!delivery.input()["properties"].is_object())
            co_return sdk::Outcome::reject("with.properties is no object");

        Json body = upsert_body(delivery, key.members()[0].name, id);
        std::string url = url_ + "/" + object + "/batch/upsert";
        sdk::Request request = sdk::Request("POST", url).bearer(token_).json(body);
        sdk::Response response = co_await ctx.http(std::move(request));
        if (!response.ok()) co_return failed(response, ctx.now_ms());
        co_return written(response, object, id, delivery.id());
    }

private:
    static Json upsert_body(const sdk::Delivery& delivery, const std::string& property,
                            const std::string& id) {
        Json properties = Json::object();
        for (const auto& [name, value] : delivery.input()["properties"].members())
            properties.set(name, property_text(value));
        Json input = Json::object();
        input.set("id", id);
        input.set("idProperty", property);
        input.set("objectWriteTraceId", delivery.id());
        input.set("properties", std::move(properties));
        Json body = Json::object();
        body.set("inputs", Json::array()).push_back(std::move(input));
        return body;
    }

    /// 200 and 201 bring results; 207 may bring errors beside or instead of them.
    static sdk::Outcome written(const sdk::Response& response, const std::string& object,
                                const std::string& id, const std::string& trace_id) {
        Json body = response.json();
        if (const Json* error = error_of(body["errors"], trace_id)) return refused(*error);
        const Json& result = body["results"][0];
        std::string record = property_text(result["id"]);
        if (record.empty())
            return sdk::Outcome::retry("upsert " + response.summary() + " without a result: \"" +
                                       response.excerpt() + "\"");
        bool created = result["new"].as_bool();
        std::string note = (created ? "created " : "updated ") + object + " " + record;
        return sdk::Outcome::delivered(std::move(note)).link(object, id, record);
    }

    /// The error of our one input: the one that names its trace, else the first without a name.
    static const Json* error_of(const Json& errors, const std::string& trace_id) {
        for (const auto& error : errors.items())
            for (const auto& trace : error["context"]["objectWriteTraceId"].items())
                if (trace.as_string() == trace_id) return &error;
        for (const auto& error : errors.items())
            if (!error["context"].find("objectWriteTraceId")) return &error;
        return nullptr;
    }

    static sdk::Outcome refused(const Json& error) {
        std::string note = "upsert refused: " + error_text(error);
        const std::string& category = error["category"].as_string();
        for (const char* again : {"RATE_LIMITS", "RATE_LIMIT", "CONFLICT", "OBJECT_LOCKED",
                                  "INTERNAL_ERROR", "SERVICE_UNAVAILABLE"})
            if (category == again)
                return sdk::Outcome::retry(std::move(note)).after_ms(locked_wait_ms);
        return sdk::Outcome::reject(std::move(note));
    }

    static sdk::Outcome failed(const sdk::Response& response, std::int64_t now_ms) {
        Json error = response.json();
        std::string note = "upsert " + response.summary();
        std::string said = error.is_object() ? error_text(error) : response.excerpt();
        if (!said.empty()) note += " " + said;
        std::int64_t after = response.retry_after_ms().value_or(0);
        switch (response.status()) {
            case 429:
                after = std::max(after, rate_wait_ms(error, now_ms));
                return sdk::Outcome::retry(std::move(note)).after_ms(after);
            case 423:  // the record is locked
                after = std::max(after, locked_wait_ms);
                return sdk::Outcome::retry(std::move(note)).after_ms(after);
            case 409:  // another write of the same record won
            case 477:  // the account is being migrated; Retry-After says how long
                return sdk::Outcome::retry(std::move(note)).after_ms(after);
            default: break;
        }
        sdk::Outcome usual = sdk::Outcome::from(response, "upsert");
        if (usual.kind() == "hold") return sdk::Outcome::hold(std::move(note));
        if (usual.kind() == "reject") return sdk::Outcome::reject(std::move(note));
        return sdk::Outcome::retry(std::move(note)).after_ms(after);
    }

    std::string token_;
    std::string url_;
};

}  // namespace
}  // namespace syncline::connector_hubspot

SYNCLINE_CONNECTOR(syncline::connector_hubspot::Hubspot)
