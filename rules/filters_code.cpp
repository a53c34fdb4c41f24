// Filters that encode, decode and hash. The only user of OpenSSL in this room.
#include <openssl/evp.h>

#include <array>

#include "rules/filters.hpp"
#include "rules/limits.hpp"

namespace syncline::rules {

namespace {

constexpr char hex_digits[] = "0123456789abcdef";
constexpr std::string_view base64_letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view base64_url_letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

Json json(const Json& in, FilterCall&) { return in.dump(); }

Json sha256(const Json& in, FilterCall& call) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    const auto& text = in.as_string();
    if (EVP_Digest(text.data(), text.size(), digest, &length, EVP_sha256(), nullptr) != 1)
        return call.fail("is not available in this OpenSSL");
    std::string out;
    for (unsigned i = 0; i < length; ++i) {
        out.push_back(hex_digits[digest[i] >> 4]);
        out.push_back(hex_digits[digest[i] & 15]);
    }
    return out;
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// --- Name-based UUIDs (RFC 9562, section 5.5) ----------------------------------------------------

using UuidBytes = std::array<unsigned char, 16>;

/// The 16 bytes of a written UUID: 32 hex digits in groups of 8-4-4-4-12.
std::optional<UuidBytes> uuid_bytes(std::string_view text) {
    if (text.size() != 36) return std::nullopt;
    UuidBytes out{};
    std::size_t digit = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        bool dash = at == 8 || at == 13 || at == 18 || at == 23;
        if (dash != (text[at] == '-')) return std::nullopt;
        if (dash) continue;
        auto value = hex_value(text[at]);
        if (value < 0) return std::nullopt;
        out[digit / 2] = static_cast<unsigned char>(out[digit / 2] << 4 | value);
        ++digit;
    }
    return out;
}

/// A UUID, or the name of one of the namespaces that the RFC gives (section 6.6).
std::optional<UuidBytes> uuid_namespace(std::string_view text) {
    static constexpr std::pair<std::string_view, std::string_view> known[] = {
        {"dns", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"},
        {"url", "6ba7b811-9dad-11d1-80b4-00c04fd430c8"},
        {"oid", "6ba7b812-9dad-11d1-80b4-00c04fd430c8"},
        {"x500", "6ba7b814-9dad-11d1-80b4-00c04fd430c8"}};
    for (const auto& [name, uuid] : known)
        if (name == text) return uuid_bytes(uuid);
    return uuid_bytes(text);
}

Json uuid5(const Json& in, FilterCall& call) {
    auto space = uuid_namespace(call.text(0));
    if (!space)
        return call.fail("needs a UUID, dns, url, oid or x500 as argument 1, found " +
                         value_words(call.arg(0)));
    std::string named(reinterpret_cast<const char*>(space->data()), space->size());
    named += in.as_string();
    unsigned char digest[EVP_MAX_MD_SIZE];
    if (EVP_Digest(named.data(), named.size(), digest, nullptr, EVP_sha1(), nullptr) != 1)
        return call.fail("is not available in this OpenSSL");
    digest[6] = static_cast<unsigned char>((digest[6] & 0x0F) | 0x50);   // version 5
    digest[8] = static_cast<unsigned char>((digest[8] & 0x3F) | 0x80);   // variant of the RFC
    std::string out;
    for (std::size_t i = 0; i < 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out.push_back('-');
        out.push_back(hex_digits[digest[i] >> 4]);
        out.push_back(hex_digits[digest[i] & 15]);
    }
    return out;
}

// --- Base64 and URLs ----------------------------------------------------------------------------

std::string encode64(std::string_view text, std::string_view letters) {
    std::string out;
    out.reserve((text.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < text.size(); at += 3) {
        unsigned bits = 0;
        for (std::size_t i = 0; i < 3; ++i)
            bits = bits << 8 |
                   (at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u);
        for (std::size_t i = 0; i < 4; ++i)
            out.push_back(at + i <= text.size() ? letters[bits >> (18 - 6 * i) & 63] : '=');
    }
    return out;
}

/// Anything that is no base64, or decodes to no text, is a fault.
Json decode64(std::string_view text, std::string_view letters, FilterCall& call) {
    while (text.ends_with('=')) text.remove_suffix(1);
    std::string out;
    unsigned bits = 0;
    int held = 0;
    for (char c : text) {
        auto value = letters.find(c);
        if (value == std::string_view::npos) return call.fail("found what is no base64");
        bits = bits << 6 | static_cast<unsigned>(value);
        held += 6;
        if (held < 8) continue;
        held -= 8;
        out.push_back(static_cast<char>(bits >> held & 0xFF));
    }
    if (text.size() % 4 == 1) return call.fail("found what is no base64");
    if (!json_is_utf8(out)) return call.fail("decodes to bytes that are no UTF-8 text");
    return out;
}

Json base64_encode(const Json& in, FilterCall&) { return encode64(in.as_string(), base64_letters); }
Json base64_decode(const Json& in, FilterCall& call) {
    if (in.as_string().size() % 4 != 0) return call.fail("found what is no base64");
    return decode64(in.as_string(), base64_letters, call);
}
Json base64_url_safe_encode(const Json& in, FilterCall&) {
    return encode64(in.as_string(), base64_url_letters);
}
/// Here the padding may be missing.
Json base64_url_safe_decode(const Json& in, FilterCall& call) {
    return decode64(in.as_string(), base64_url_letters, call);
}

/// As in a form: a space is +, what is not a letter, digit, or one of -_.~ is %XX.
Json url_encode(const Json& in, FilterCall&) {
    static constexpr char upper[] = "0123456789ABCDEF";
    std::string out;
    for (char c : in.as_string()) {
        auto byte = static_cast<unsigned char>(c);
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '_' || c == '.' || c == '~';
        if (plain) out.push_back(c);
        else if (c == ' ') out.push_back('+');
        else out.append({'%', upper[byte >> 4], upper[byte & 15]});
    }
    return out;
}

Json url_decode(const Json& in, FilterCall& call) {
    const auto& text = in.as_string();
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        bool hex = text[at] == '%' && at + 2 < text.size() && hex_value(text[at + 1]) >= 0 &&
                   hex_value(text[at + 2]) >= 0;
        if (hex) {
            auto byte = hex_value(text[at + 1]) * 16 + hex_value(text[at + 2]);
            out.push_back(static_cast<char>(byte));
            at += 2;
        } else {
            out.push_back(text[at] == '+' ? ' ' : text[at]);
        }
    }
    if (!json_is_utf8(out)) return call.fail("decodes to bytes that are no UTF-8 text");
    return out;
}

constexpr FilterSpec specs[] = {
    {"base64_decode", "t", base64_decode},
    {"base64_encode", "t", base64_encode},
    {"base64_url_safe_decode", "t", base64_url_safe_decode},
    {"base64_url_safe_encode", "t", base64_url_safe_encode},
    {"json", "a", json},
    {"sha256", "t", sha256},
    {"url_decode", "T", url_decode},
    {"url_encode", "T", url_encode},
    {"uuid5", "tt", uuid5},
};

}  // namespace

std::span<const FilterSpec> code_filters() { return specs; }

}  // namespace syncline::rules
