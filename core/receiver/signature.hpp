// Signatures over raw bytes: one verifier, every scheme a row of data. Pure.
//
// Facts: reference vectors and rules of Attio, Standard Webhooks, GitHub, Stripe, Slack, Shopify,
// Linear, Notion and GitLab, as their documentation gives them (see tests/unit/signature_test.cpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/http.hpp"
#include "core/base/result.hpp"
#include "core/sdk/json.hpp"

namespace syncline {

enum class SignatureEncoding { hex, base64 };
enum class SecretForm { text, base64_after_prefix };  // the latter: "whsec_" stripped, then base64

/// How one sender signs. Header names ignore case.
struct SignatureScheme {
    std::string name;
    std::vector<std::string> signature_headers;  // aliases; two that differ: refused
    std::string timestamp_header;                // empty: none (or inside the signature header)
    std::string id_header;                       // empty: none
    std::string signed_text = "{body}";          // of {id}, {timestamp}, {body}
    std::string prefix;                          // before the MAC: "sha256=", "v0="
    SignatureEncoding encoding = SignatureEncoding::hex;
    SecretForm secret_form = SecretForm::text;
    char list_separator = 0;                     // several signatures in one header
    std::string list_key;                        // "v1": entries "v1,MAC" or "v1=MAC"
    std::string timestamp_key;                   // "t": the timestamp is in the list (Stripe)
    bool ed25519 = false;                        // also accept "v1a" entries with whpk_ secrets
    bool plain_token = false;                    // GitLab: the header is the secret
    std::int64_t tolerance_past_s = 0;           // 0: no freshness check
    std::int64_t tolerance_future_s = 0;
    SignatureScheme() = default;
};

/// A built-in scheme by name ("attio-v2", "timestamped", "standard-webhooks", "github", "stripe",
/// "slack", "shopify", "linear", "notion", "gitlab"), or nullptr.
const SignatureScheme* find_signature_scheme(std::string_view name);
std::vector<std::string> signature_scheme_names();
/// A scheme from {"header", "timestamp_header", "id_header", "signed", "prefix", "encoding",
/// "secret", "tolerance"} (settings.signature of the `http` connector).
Result<SignatureScheme> signature_scheme_from(const Json& custom);

enum class SignatureVerdict { good, invalid, too_old };

struct SignatureCheck {
    SignatureVerdict verdict = SignatureVerdict::invalid;
    std::size_t secret = 0;      // which of the secrets matched
    std::string reason;          // for the log, never for the answer
};

/// Checks `body` under any of `secrets`. Costs one MAC a secret, whatever arrives.
SignatureCheck verify_signature(const SignatureScheme& scheme,
                                const std::vector<std::string>& secrets,
                                const HttpHeaders& headers, std::string_view body,
                                std::int64_t now_ms);

/// The headers a sender of that scheme would add: for `syncline send` and the stand-ins.
HttpHeaders sign_request(const SignatureScheme& scheme, const std::string& secret,
                         std::string_view id, std::int64_t now_ms, std::string_view body);

}  // namespace syncline
