// The sink (see sink.hpp).
#include "tests/standins/sink.hpp"

#include <cstdlib>

#include "core/base/assert.hpp"
#include "core/base/hash.hpp"
#include "core/base/text.hpp"

namespace syncline::standins {

namespace {

constexpr std::int64_t kToleranceS = 300;
constexpr std::string_view kSecretPrefix = "whsec_";

}  // namespace

Sink::Sink(const Clock& clock, StandinOptions options)
    : Standin("sink", clock, std::move(options)) {}

void Sink::set_script(const std::vector<unsigned>& statuses) {
    script_.assign(statuses.begin(), statuses.end());
}

Json Sink::seeded(const std::string& table_name, const std::string&, const Json& object) {
    if (table_name == "script") {
        script_.push_back(static_cast<unsigned>(object["status"].as_int64().value_or(500)));
    }
    return object;
}

HttpResponse Sink::error_form(unsigned status, const std::string& message) {
    return HttpResponse::json(status, Json::object({{"error", message}}).dump());
}

/// Every call is served here: a sink has no routes.
std::optional<HttpResponse> Sink::guard(const Call& call) {
    if (call.http->method != "POST") return error_form(405, "POST only");
    const std::string wrong = check_signature(*call.http);
    if (!wrong.empty()) return error_form(401, wrong);
    if (!script_.empty()) {
        const unsigned status = script_.front();
        script_.pop_front();
        if (status >= 300) return error_form(status, "scripted");
    }
    return take(call);
}

HttpResponse Sink::take(const Call& call) {
    const std::string* given = call.http->headers.find("webhook-id");
    const std::string id = given == nullptr ? "none-" + std::to_string(next_number()) : *given;
    Json& message = table("messages")[id];
    message.set("times", message["times"].as_int64().value_or(0) + 1);
    message.set("path", call.path);
    message.set("bytes", call.http->body.size());
    wrote("take", id, call.body ? *call.body : Json(call.http->body));
    return HttpResponse::json(200, R"({"ok":true})");
}

std::string Sink::check_signature(const HttpRequest& request) {
    if (options().token.empty()) return "";
    const std::string* id = request.headers.find("webhook-id");
    const std::string* timestamp = request.headers.find("webhook-timestamp");
    const std::string* signatures = request.headers.find("webhook-signature");
    if (id == nullptr || timestamp == nullptr || signatures == nullptr) {
        return "webhook-id, webhook-timestamp and webhook-signature are required";
    }
    const std::int64_t sent = static_cast<std::int64_t>(parse_decimal(*timestamp).value_or(0));
    if (std::llabs(clock().wall_ms() / 1000 - sent) > knob("tolerance_s", kToleranceS)) {
        return "the timestamp is out of tolerance";
    }
    std::string_view secret = options().token;
    if (secret.starts_with(kSecretPrefix)) secret.remove_prefix(kSecretPrefix.size());
    const std::optional<std::string> key = base64_decode(secret);
    SYNCLINE_ASSERT(key.has_value(), "the sink's secret is not base64");
    const Sha256 mac = hmac_sha256(*key, {*id, ".", *timestamp, ".", request.body});
    const std::string wanted = "v1," + base64_encode(as_text(mac));
    for (const std::string& signature : split(*signatures, ' ')) {
        if (signature == wanted) return "";
    }
    return "no signature matches";
}

std::vector<std::string> Sink::summary_lines() {
    std::vector<std::string> lines;
    for (const auto& [id, message] : table("messages")) {
        lines.push_back("message " + id + ", " + message["times"].number_text() + " times");
    }
    return lines;
}

}  // namespace syncline::standins
