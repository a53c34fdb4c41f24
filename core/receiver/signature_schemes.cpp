// The rows of the signature table, and a row made from a user's description. Data only: what is
// done with a row stands in signature.cpp. Pure; any thread.
//
// The facts of each row come from the sender's own documentation; the vectors that prove them are
// in tests/unit/signature_test.cpp.
#include <algorithm>

#include "core/base/text.hpp"
#include "core/receiver/signature.hpp"

namespace syncline {
namespace {

// Five minutes: what Slack, Stripe and Standard Webhooks ask for, and longer than a retry of a
// sender whose request was under way while clocks differed by a minute or two.
constexpr std::int64_t tolerance_s_default = 300;
// A day: a longer window is no freshness check any more.
constexpr std::int64_t tolerance_s_max = 86'400;

SignatureScheme plain(const char* name, std::vector<std::string> headers) {
    SignatureScheme scheme;
    scheme.name = name;
    scheme.signature_headers = std::move(headers);
    return scheme;
}

SignatureScheme timed(SignatureScheme scheme, const char* header, const char* signed_text) {
    scheme.timestamp_header = header;
    scheme.signed_text = signed_text;
    scheme.tolerance_past_s = tolerance_s_default;
    scheme.tolerance_future_s = tolerance_s_default;
    return scheme;
}

SignatureScheme standard_webhooks() {
    auto scheme = timed(plain("standard-webhooks", {"webhook-signature"}), "webhook-timestamp",
                        "{id}.{timestamp}.{body}");
    scheme.id_header = "webhook-id";
    scheme.encoding = SignatureEncoding::base64;
    scheme.secret_form = SecretForm::base64_after_prefix;
    scheme.list_separator = ' ';
    scheme.list_key = "v1";
    scheme.ed25519 = true;
    return scheme;
}

/// The timestamp is an entry of the signature header, and only age is checked, not the future.
SignatureScheme stripe() {
    auto scheme = plain("stripe", {"Stripe-Signature"});
    scheme.signed_text = "{timestamp}.{body}";
    scheme.list_separator = ',';
    scheme.list_key = "v1";
    scheme.timestamp_key = "t";
    scheme.tolerance_past_s = tolerance_s_default;
    return scheme;
}

SignatureScheme prefixed(SignatureScheme scheme, const char* prefix) {
    scheme.prefix = prefix;
    return scheme;
}

SignatureScheme shopify() {
    auto scheme = plain("shopify", {"X-Shopify-Hmac-Sha256"});
    scheme.encoding = SignatureEncoding::base64;
    return scheme;
}

SignatureScheme gitlab() {
    auto scheme = plain("gitlab", {"X-Gitlab-Token"});
    scheme.plain_token = true;
    return scheme;
}

/// Made at first use, never changed.
const std::vector<SignatureScheme>& table() {
    static const std::vector<SignatureScheme> schemes{
        plain("attio-v2", {"Attio-Signature", "X-Attio-Signature"}),
        timed(plain("timestamped", {"X-Attio-Signature"}), "X-Attio-Timestamp",
              "{timestamp}.{body}"),
        standard_webhooks(),
        prefixed(plain("github", {"X-Hub-Signature-256"}), "sha256="),
        stripe(),
        timed(prefixed(plain("slack", {"X-Slack-Signature"}), "v0="), "X-Slack-Request-Timestamp",
              "v0:{timestamp}:{body}"),
        shopify(),
        plain("linear", {"Linear-Signature"}),
        prefixed(plain("notion", {"X-Notion-Signature"}), "sha256="),
        gitlab()};
    return schemes;
}

// --- A user's own scheme ------------------------------------------------------------------------

const std::vector<std::string>& known_members() {
    static const std::vector<std::string> names{"header",   "timestamp_header", "id_header",
                                                "signed",   "prefix",           "encoding",
                                                "secret",   "tolerance"};
    return names;
}

Error wrong(const std::string& member, const std::string& message) {
    return Error(ErrorCode::invalid_config, message, "signature." + member);
}

Result<void> check_members(const Json& custom) {
    for (const auto& [name, value] : custom.members()) {
        const auto& known = known_members();
        bool text = value.is_string() || (name == "header" && value.is_array()) ||
                    (name == "tolerance" && value.is_number());
        if (std::find(known.begin(), known.end(), name) == known.end()) {
            auto near = nearest_name(name, known);
            return wrong(name, "is not known" + (near ? "; did you mean \"" + *near + "\"?" : ""));
        }
        if (!text) return wrong(name, "must be text");
    }
    return {};
}

bool is_header_name(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
        return std::isalnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string::npos;
    });
}

Result<std::vector<std::string>> header_names(const Json& header) {
    std::vector<std::string> names;
    if (header.is_string()) names.push_back(header.as_string());
    for (const auto& item : header.items()) names.push_back(item.as_string());
    if (names.empty()) return wrong("header", "must name the header that holds the signature");
    for (const auto& name : names)
        if (!is_header_name(name)) return wrong("header", "must be the name of a header");
    return names;
}

std::size_t count_of(std::string_view text, std::string_view part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != text.npos; at = text.find(part, at + part.size()))
        ++count;
    return count;
}

/// Every value that is read must be signed, and the body exactly once: the rest would be decoration
/// that an attacker may change.
Result<void> check_signed_text(const SignatureScheme& scheme) {
    const auto& text = scheme.signed_text;
    if (count_of(text, "{body}") != 1) return wrong("signed", "must contain {body} exactly once");
    bool has_timestamp = count_of(text, "{timestamp}") > 0;
    bool has_id = count_of(text, "{id}") > 0;
    if (has_timestamp == scheme.timestamp_header.empty())
        return wrong("signed", has_timestamp ? "has {timestamp}, but there is no timestamp_header"
                                             : "must contain {timestamp}, as there is a "
                                               "timestamp_header");
    if (has_id == scheme.id_header.empty())
        return wrong("signed", has_id ? "has {id}, but there is no id_header"
                                      : "must contain {id}, as there is an id_header");
    return {};
}

Result<std::int64_t> tolerance_s(const Json& custom, bool has_timestamp) {
    const Json* given = custom.find("tolerance");
    if (!given) return has_timestamp ? tolerance_s_default : std::int64_t{0};
    if (!has_timestamp) return wrong("tolerance", "needs a timestamp_header");
    auto seconds = given->as_int64();
    if (auto ms = parse_duration_ms(given->as_string())) seconds = *ms / 1000;
    if (!seconds || *seconds < 1 || *seconds > tolerance_s_max)
        return wrong("tolerance", "must be a duration between 1s and 24h, such as 5m");
    return *seconds;
}

}  // namespace

const SignatureScheme* find_signature_scheme(std::string_view name) {
    for (const auto& scheme : table())
        if (scheme.name == name) return &scheme;
    return nullptr;
}

std::vector<std::string> signature_scheme_names() {
    std::vector<std::string> names;
    for (const auto& scheme : table()) names.push_back(scheme.name);
    return names;
}

Result<SignatureScheme> signature_scheme_from(const Json& custom) {
    if (!custom.is_object()) return Error(ErrorCode::invalid_config, "must be a map", "signature");
    if (auto checked = check_members(custom); !checked) return checked.error();
    SignatureScheme scheme;
    scheme.name = "custom";
    auto names = header_names(custom["header"]);
    if (!names) return names.error();
    scheme.signature_headers = std::move(names).value();
    scheme.timestamp_header = custom["timestamp_header"].as_string();
    scheme.id_header = custom["id_header"].as_string();
    for (const char* member : {"timestamp_header", "id_header"})
        if (custom.find(member) && !is_header_name(custom[member].as_string()))
            return wrong(member, "must be the name of a header");
    scheme.signed_text = custom["signed"].as_string_or("{body}");
    if (auto checked = check_signed_text(scheme); !checked) return checked.error();
    scheme.prefix = custom["prefix"].as_string();
    auto encoding = custom["encoding"].as_string_or("hex");
    if (encoding != "hex" && encoding != "base64")
        return wrong("encoding", "must be hex or base64");
    if (encoding == "base64") scheme.encoding = SignatureEncoding::base64;
    auto secret = custom["secret"].as_string_or("text");
    if (secret != "text" && secret != "base64") return wrong("secret", "must be text or base64");
    if (secret == "base64") scheme.secret_form = SecretForm::base64_after_prefix;
    auto tolerance = tolerance_s(custom, !scheme.timestamp_header.empty());
    if (!tolerance) return tolerance.error();
    scheme.tolerance_past_s = scheme.tolerance_future_s = *tolerance;
    return scheme;
}

}  // namespace syncline
