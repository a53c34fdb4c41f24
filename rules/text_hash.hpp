// A fast 64-bit hash of short texts, for the tables of a rule set. Private to the room.
//
// Not cryptographic and not seeded: the tables are built from the operator's rules alone, and an
// event only looks things up in them, so its sender cannot lengthen a chain. Every hit is compared
// byte by byte before it counts.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace syncline::rules {

/// The two halves of a 128-bit product, folded together: each bit depends on every bit.
inline std::uint64_t fold_multiply(std::uint64_t a, std::uint64_t b) {
    auto product = static_cast<unsigned __int128>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline std::uint64_t load_bytes(const char* at, std::size_t count) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, count);
    return word;
}

/// Two odd constants without pattern (the fractional bits of √2 and √3).
inline constexpr std::uint64_t hash_key_a = 0x6A09E667F3BCC909;
inline constexpr std::uint64_t hash_key_b = 0xBB67AE8584CAA73B;

inline std::uint64_t hash_word(std::uint64_t word, std::uint64_t more = 0) {
    return fold_multiply(word ^ hash_key_a, more ^ hash_key_b);
}

inline std::uint64_t hash_text(std::string_view text) {
    const char* at = text.data();
    std::size_t left = text.size();
    std::uint64_t state = hash_key_b ^ left;
    for (; left > 16; left -= 16, at += 16)
        state = fold_multiply(load_bytes(at, 8) ^ hash_key_a, load_bytes(at + 8, 8) ^ state);
    std::uint64_t first = 0, last = 0;
    if (left >= 8) {
        first = load_bytes(at, 8);
        last = load_bytes(at + left - 8, 8);
    } else if (left >= 4) {
        first = load_bytes(at, 4);
        last = load_bytes(at + left - 4, 4);
    } else if (left > 0) {
        first = static_cast<unsigned char>(at[0]);
        last = static_cast<std::uint64_t>(static_cast<unsigned char>(at[left / 2])) << 8 |
               static_cast<unsigned char>(at[left - 1]);
    }
    return fold_multiply(first ^ hash_key_a, last ^ state);
}

/// Equality without a call: for texts of a few words.
inline bool same_bytes(const char* a, const char* b, std::size_t size) {
    for (; size >= 8; size -= 8, a += 8, b += 8)
        if (load_bytes(a, 8) != load_bytes(b, 8)) return false;
    for (; size > 0; --size)
        if (*a++ != *b++) return false;
    return true;
}

/// The first eight bytes of a text as a number, those behind its end as zero.
inline std::uint64_t head_word(std::string_view text) {
    return text.size() >= 8 ? load_bytes(text.data(), 8) : load_bytes(text.data(), text.size());
}
/// The same where eight bytes may be read at `text` whatever its size: without a branch on it.
inline std::uint64_t head_word_padded(std::string_view text) {
    auto word = load_bytes(text.data(), 8);
    auto beyond = text.size() >= 8 ? 0 : 64 - 8 * text.size();
    return text.empty() ? 0 : word << beyond >> beyond;
}

}  // namespace syncline::rules
