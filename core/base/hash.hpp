// Digests, MACs and text encodings: one thin adapter over OpenSSL's EVP. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.hpp"

namespace syncline {

using Sha256 = std::array<std::uint8_t, 32>;

Sha256 sha256(std::string_view data);
/// SHA-256 over length-prefixed parts (8 bytes, little endian, each), so that ("ab","c") and
/// ("a","bc") differ. The first 16 bytes are the dedupe key.
Sha256 sha256_parts(std::initializer_list<std::string_view> parts);
/// HMAC-SHA256 over the concatenation of `parts`, without copying them together.
Sha256 hmac_sha256(std::string_view key, std::initializer_list<std::string_view> parts);
/// True when `signature` (64 bytes) is the Ed25519 signature of `message` under the 32-byte key.
bool ed25519_verify(std::string_view public_key, std::string_view message,
                    std::string_view signature);

/// Compares in time that depends on the lengths only.
bool constant_time_equal(std::string_view left, std::string_view right);

std::string hex_encode(std::string_view bytes);
std::string hex_encode(const Sha256& bytes);
/// Nothing unless `text` is an even number of hex digits (either case).
std::optional<std::string> hex_decode(std::string_view text);
/// Standard alphabet, padded.
std::string base64_encode(std::string_view bytes);
/// Standard alphabet; padding may be absent; nothing on any other byte.
std::optional<std::string> base64_decode(std::string_view text);

inline std::string_view as_text(const Sha256& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A UUID version 7 (RFC 9562): 48 bits of milliseconds, then randomness. Sorts by time.
std::string make_uuid7(std::int64_t wall_ms, Random& random);

}  // namespace syncline
