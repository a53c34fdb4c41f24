// Verifies and makes signatures by a row of the table (signature_schemes.cpp). Pure; any thread.
//
// Invariants: the raw bytes are signed, never a re-serialised form; macs are compared decoded and
// in constant time; whatever a request holds, the cost is one MAC over the body for each secret
// (and a bounded number of Ed25519 checks where a scheme has them).
#include "core/receiver/signature.hpp"

#include <algorithm>

#include "core/base/hash.hpp"
#include "core/base/text.hpp"

namespace syncline {
namespace {

// Twice the secrets a source may have: a sender that rotates signs with each key, and in two ways.
constexpr std::size_t signatures_per_header_max = 16;
// Unix seconds have 10 digits until the year 2286; 12 leave no room for overflow either.
constexpr std::size_t timestamp_digits_max = 12;
constexpr std::size_t mac_bytes = 32;
constexpr std::string_view secret_prefix = "whsec_";
constexpr std::string_view public_key_prefix = "whpk_";

SignatureCheck refused(SignatureVerdict verdict, std::string reason) {
    SignatureCheck check;
    check.verdict = verdict;
    check.reason = std::move(reason);
    return check;
}

SignatureCheck invalid(std::string reason) {
    return refused(SignatureVerdict::invalid, std::move(reason));
}

/// What one value can be read from a request: nullptr when absent; `*doubled` when it is there
/// twice, and so could be read two ways.
const std::string* only_value(const HttpHeaders& headers, std::string_view name, bool* doubled) {
    if (headers.count(name) > 1) *doubled = true;
    return headers.find(name);
}

/// The signature header's value. Aliases (Attio sends the same value under two names) must agree.
const std::string* signature_value(const SignatureScheme& scheme, const HttpHeaders& headers,
                                   bool* doubled) {
    const std::string* found = nullptr;
    for (const auto& name : scheme.signature_headers) {
        const std::string* value = only_value(headers, name, doubled);
        if (value && found && *value != *found) *doubled = true;
        if (!found) found = value;
    }
    return found;
}

/// A signature header taken apart: texts still encoded.
struct Entries {
    std::vector<std::string_view> macs;
    std::vector<std::string_view> ed25519;
    std::vector<std::string_view> timestamps;
};

/// What follows "key," or "key=" in `entry`.
std::optional<std::string_view> keyed(std::string_view entry, std::string_view key) {
    if (key.empty() || entry.size() <= key.size() || !entry.starts_with(key)) return std::nullopt;
    char next = entry[key.size()];
    if (next != ',' && next != '=') return std::nullopt;
    return entry.substr(key.size() + 1);
}

void sort_entry(const SignatureScheme& scheme, std::string_view entry, Entries& entries) {
    if (auto mac = keyed(entry, scheme.list_key)) entries.macs.push_back(*mac);
    else if (scheme.list_key.empty()) entries.macs.push_back(entry);
    else if (auto time = keyed(entry, scheme.timestamp_key)) entries.timestamps.push_back(*time);
    else if (auto raw = scheme.ed25519 ? keyed(entry, "v1a") : std::nullopt)
        entries.ed25519.push_back(*raw);
}

Entries take_apart(const SignatureScheme& scheme, std::string_view value) {
    Entries entries;
    if (scheme.list_separator == 0) {
        entries.macs.push_back(value);
        return entries;
    }
    while (!value.empty()) {
        auto end = std::min(value.find(scheme.list_separator), value.size());
        sort_entry(scheme, trim(value.substr(0, end)), entries);
        value.remove_prefix(std::min(end + 1, value.size()));
    }
    return entries;
}

bool all_digits(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(),
                                        [](char c) { return c >= '0' && c <= '9'; });
}

/// The MACs of the header as bytes; whatever is not one is left out.
std::vector<std::string> decoded_macs(const SignatureScheme& scheme, const Entries& entries) {
    std::vector<std::string> macs;
    for (auto text : entries.macs) {
        if (!text.starts_with(scheme.prefix)) continue;
        text.remove_prefix(scheme.prefix.size());
        auto bytes = scheme.encoding == SignatureEncoding::hex ? hex_decode(text)
                                                               : base64_decode(text);
        if (bytes && bytes->size() == mac_bytes) macs.push_back(std::move(*bytes));
    }
    return macs;
}

std::vector<std::string> decoded_ed25519(const Entries& entries) {
    std::vector<std::string> signatures;
    for (auto text : entries.ed25519)
        if (auto bytes = base64_decode(text)) signatures.push_back(std::move(*bytes));
    return signatures;
}

/// The key that a secret stands for. Nothing when it is unusable: an empty key would let anyone
/// sign, and a public key is known to everyone.
std::optional<std::string> mac_key(const SignatureScheme& scheme, std::string_view secret) {
    if (scheme.secret_form == SecretForm::base64_after_prefix) {
        if (secret.starts_with(public_key_prefix)) return std::nullopt;
        if (secret.starts_with(secret_prefix)) secret.remove_prefix(secret_prefix.size());
        auto key = base64_decode(secret);
        if (key && key->empty()) return std::nullopt;
        return key;
    }
    if (secret.empty()) return std::nullopt;
    return std::string(secret);
}

/// The signed text around the body, so that the body is never copied.
struct Framing {
    std::string before;
    std::string after;
};

Framing frame(const SignatureScheme& scheme, std::string_view id, std::string_view timestamp) {
    Framing made;
    std::string* out = &made.before;
    std::string_view text = scheme.signed_text;
    while (!text.empty()) {
        if (text.starts_with("{id}")) {
            out->append(id), text.remove_prefix(4);
        } else if (text.starts_with("{timestamp}")) {
            out->append(timestamp), text.remove_prefix(11);
        } else if (text.starts_with("{body}")) {
            out = &made.after, text.remove_prefix(6);
        } else {
            out->push_back(text.front()), text.remove_prefix(1);
        }
    }
    return made;
}

/// True when `id` contains the byte that ends it in the signed text: the same signed bytes could
/// then be cut into id, timestamp and body in two ways.
bool id_is_ambiguous(const SignatureScheme& scheme, std::string_view id) {
    auto at = scheme.signed_text.find("{id}");
    if (at == std::string::npos || at + 4 >= scheme.signed_text.size()) return false;
    return id.find(scheme.signed_text[at + 4]) != std::string_view::npos;
}

/// What a request says, found and checked for form, before anything is hashed.
struct Claim {
    Entries entries;
    std::string_view id;
    std::string_view timestamp;
    std::string reason;   // why the form is wrong; empty: it is right
};

void read_timestamp(const SignatureScheme& scheme, const HttpHeaders& headers, Claim& claim) {
    bool doubled = false;
    if (!scheme.timestamp_key.empty()) {
        doubled = claim.entries.timestamps.size() > 1;
        if (!claim.entries.timestamps.empty()) claim.timestamp = claim.entries.timestamps[0];
    } else {
        const auto* value = only_value(headers, scheme.timestamp_header, &doubled);
        if (value) claim.timestamp = *value;
    }
    if (doubled) claim.reason = "two timestamps";
    else if (claim.timestamp.empty()) claim.reason = "no timestamp";
    else if (!all_digits(claim.timestamp) || claim.timestamp.size() > timestamp_digits_max)
        claim.reason = "the timestamp is no decimal number of seconds";
}

void read_id(const SignatureScheme& scheme, const HttpHeaders& headers, Claim& claim) {
    bool doubled = false;
    const auto* value = only_value(headers, scheme.id_header, &doubled);
    if (value) claim.id = *value;
    if (doubled) claim.reason = "two ids";
    else if (claim.id.empty()) claim.reason = "no id";
    else if (id_is_ambiguous(scheme, claim.id)) claim.reason = "the id contains a separator";
}

Claim read_claim(const SignatureScheme& scheme, const HttpHeaders& headers) {
    Claim claim;
    bool doubled = false;
    const auto* value = signature_value(scheme, headers, &doubled);
    if (doubled) claim.reason = "two signature headers";
    else if (!value) claim.reason = "no signature header";
    if (!claim.reason.empty()) return claim;
    claim.entries = take_apart(scheme, *value);
    if (claim.entries.macs.size() + claim.entries.ed25519.size() > signatures_per_header_max)
        claim.reason = "too many signatures";
    if (claim.reason.empty() && !scheme.id_header.empty()) read_id(scheme, headers, claim);
    bool timed = !scheme.timestamp_header.empty() || !scheme.timestamp_key.empty();
    if (claim.reason.empty() && timed) read_timestamp(scheme, headers, claim);
    return claim;
}

/// Seconds, rounded down, so that the last second of the window belongs to it.
bool is_fresh(const SignatureScheme& scheme, std::string_view timestamp, std::int64_t now_ms) {
    if (timestamp.empty()) return true;
    auto at = static_cast<std::int64_t>(parse_decimal(timestamp).value_or(0));
    std::int64_t age = now_ms / 1000 - at;
    if (scheme.tolerance_past_s > 0 && age > scheme.tolerance_past_s) return false;
    return scheme.tolerance_future_s == 0 || -age <= scheme.tolerance_future_s;
}

bool any_equal(const std::vector<std::string>& macs, std::string_view expected) {
    bool found = false;
    for (const auto& mac : macs) found |= constant_time_equal(mac, expected);
    return found;
}

bool any_ed25519(const std::vector<std::string>& signatures, std::string_view secret,
                 const Framing& framing, std::string_view body) {
    if (signatures.empty() || !secret.starts_with(public_key_prefix)) return false;
    auto key = base64_decode(secret.substr(public_key_prefix.size()));
    if (!key) return false;
    std::string message = framing.before + std::string(body) + framing.after;
    for (const auto& signature : signatures)
        if (ed25519_verify(*key, message, signature)) return true;
    return false;
}

SignatureCheck matched(std::size_t secret) {
    SignatureCheck check;
    check.verdict = SignatureVerdict::good;
    check.secret = secret;
    return check;
}

SignatureCheck verify_token(const SignatureScheme& scheme, const std::vector<std::string>& secrets,
                            const HttpHeaders& headers) {
    bool doubled = false;
    const auto* value = signature_value(scheme, headers, &doubled);
    if (doubled) return invalid("two token headers");
    if (!value) return invalid("no token header");
    for (std::size_t i = 0; i < secrets.size(); ++i)
        if (!secrets[i].empty() && constant_time_equal(*value, secrets[i])) return matched(i);
    return invalid("the token matches no secret");
}

}  // namespace

SignatureCheck verify_signature(const SignatureScheme& scheme,
                                const std::vector<std::string>& secrets,
                                const HttpHeaders& headers, std::string_view body,
                                std::int64_t now_ms) {
    if (secrets.empty()) return invalid("the source has no secret");
    if (scheme.plain_token) return verify_token(scheme, secrets, headers);
    Claim claim = read_claim(scheme, headers);
    if (!claim.reason.empty()) return invalid(std::move(claim.reason));
    if (!is_fresh(scheme, claim.timestamp, now_ms))
        return refused(SignatureVerdict::too_old, "the timestamp is outside the window");

    auto macs = decoded_macs(scheme, claim.entries);
    auto ed25519 = decoded_ed25519(claim.entries);
    if (macs.empty() && ed25519.empty()) return invalid("the signature is malformed");
    Framing framing = frame(scheme, claim.id, claim.timestamp);
    for (std::size_t i = 0; i < secrets.size(); ++i) {
        auto key = mac_key(scheme, secrets[i]);
        if (key && !macs.empty()) {
            Sha256 expected = hmac_sha256(*key, {framing.before, body, framing.after});
            if (any_equal(macs, as_text(expected))) return matched(i);
        }
        if (any_ed25519(ed25519, secrets[i], framing, body)) return matched(i);
    }
    return invalid("the signature matches no secret");
}

HttpHeaders sign_request(const SignatureScheme& scheme, const std::string& secret,
                         std::string_view id, std::int64_t now_ms, std::string_view body) {
    HttpHeaders headers;
    if (scheme.plain_token) {
        headers.add(scheme.signature_headers.front(), secret);
        return headers;
    }
    std::string timestamp = std::to_string(now_ms / 1000);
    if (!scheme.id_header.empty()) headers.add(scheme.id_header, std::string(id));
    if (!scheme.timestamp_header.empty()) headers.add(scheme.timestamp_header, timestamp);
    Framing framing = frame(scheme, id, timestamp);
    auto key = mac_key(scheme, secret).value_or(std::string());
    Sha256 mac = hmac_sha256(key, {framing.before, body, framing.after});
    std::string text = scheme.prefix + (scheme.encoding == SignatureEncoding::hex
                                            ? hex_encode(mac)
                                            : base64_encode(as_text(mac)));
    if (!scheme.timestamp_key.empty()) {
        text = scheme.timestamp_key + "=" + timestamp + "," + scheme.list_key + "=" + text;
    } else if (!scheme.list_key.empty()) {
        text = scheme.list_key + "," + text;
    }
    for (const auto& name : scheme.signature_headers) headers.add(name, text);
    return headers;
}

}  // namespace syncline
