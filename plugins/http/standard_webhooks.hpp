// The sending half of Standard Webhooks (github.com/standard-webhooks, spec v1): the key behind a
// configured secret and the signature of one attempt. Symmetric `v1` only. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace syncline::connector_http {

/// The key's bytes: base64 after "whsec_", else the secret's own text. Nothing when what follows
/// the prefix is no base64 or is empty.
std::optional<std::string> signing_key(std::string_view secret);

/// "v1,<base64>" over "<id>.<timestamp>.<body>", HMAC-SHA256.
std::string signature_v1(const std::string& key, std::string_view id, std::int64_t timestamp_s,
                         std::string_view body);

}  // namespace syncline::connector_http
