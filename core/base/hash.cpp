// OpenSSL behind hash.hpp. Failures of EVP calls with these fixed algorithms mean a broken
// installation, not bad input: they are assertions.
#include "core/base/hash.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <memory>

#include "core/base/assert.hpp"

namespace syncline {
namespace {

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

struct Free {
    void operator()(EVP_MD_CTX* p) const { EVP_MD_CTX_free(p); }
    void operator()(EVP_MAC* p) const { EVP_MAC_free(p); }
    void operator()(EVP_MAC_CTX* p) const { EVP_MAC_CTX_free(p); }
    void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
};

template <class T>
using Owned = std::unique_ptr<T, Free>;

/// Fetching an algorithm takes a lock and a look-up in OpenSSL 3: once a thread is enough.
EVP_MAC_CTX* hmac_context() {
    thread_local Owned<EVP_MAC> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    thread_local Owned<EVP_MAC_CTX> context(EVP_MAC_CTX_new(mac.get()));
    SYNCLINE_ASSERT(context != nullptr, "OpenSSL has no HMAC");
    return context.get();
}

const EVP_MD* sha256_algorithm() {
    static const EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    SYNCLINE_ASSERT(algorithm != nullptr, "OpenSSL has no SHA-256");
    return algorithm;
}

}  // namespace

Sha256 sha256(std::string_view data) {
    Sha256 out{};
    unsigned length = 0;
    int good = EVP_Digest(data.data(), data.size(), out.data(), &length, sha256_algorithm(),
                          nullptr);
    SYNCLINE_ASSERT(good == 1 && length == out.size(), "SHA-256 failed");
    return out;
}

Sha256 sha256_parts(std::initializer_list<std::string_view> parts) {
    thread_local Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
    bool good = EVP_DigestInit_ex2(context.get(), sha256_algorithm(), nullptr) == 1;
    for (auto part : parts) {
        unsigned char size[8];
        for (int i = 0; i < 8; ++i)
            size[i] = static_cast<unsigned char>(static_cast<std::uint64_t>(part.size()) >> (8 * i));
        good = good && EVP_DigestUpdate(context.get(), size, sizeof size) == 1 &&
               EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
    }
    Sha256 out{};
    good = good && EVP_DigestFinal_ex(context.get(), out.data(), nullptr) == 1;
    SYNCLINE_ASSERT(good, "SHA-256 failed");
    return out;
}

Sha256 hmac_sha256(std::string_view key, std::initializer_list<std::string_view> parts) {
    static char digest[] = "SHA256";
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0),
                               OSSL_PARAM_construct_end()};
    static const unsigned char no_key = 0;
    EVP_MAC_CTX* context = hmac_context();
    bool good = EVP_MAC_init(context, key.empty() ? &no_key : bytes_of(key), key.size(),
                             parameters) == 1;
    for (auto part : parts)
        good = good && EVP_MAC_update(context, bytes_of(part), part.size()) == 1;
    Sha256 out{};
    std::size_t length = 0;
    good = good && EVP_MAC_final(context, out.data(), &length, out.size()) == 1;
    SYNCLINE_ASSERT(good && length == out.size(), "HMAC-SHA256 failed");
    return out;
}

bool ed25519_verify(std::string_view public_key, std::string_view message,
                    std::string_view signature) {
    if (public_key.size() != 32 || signature.size() != 64) return false;
    Owned<EVP_PKEY> key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr,
                                                    bytes_of(public_key), public_key.size()));
    Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
    return key && context &&
           EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
           EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(),
                            bytes_of(message), message.size()) == 1;
}

bool constant_time_equal(std::string_view left, std::string_view right) {
    return left.size() == right.size() &&
           CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

std::string hex_encode(std::string_view bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (unsigned char byte : bytes) {
        out.push_back(digits[byte >> 4]);
        out.push_back(digits[byte & 15]);
    }
    return out;
}

std::string hex_encode(const Sha256& bytes) {
    return hex_encode(as_text(bytes));
}

std::optional<std::string> hex_decode(std::string_view text) {
    auto digit = [](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        if (c >= 'A' && c <= 'F') return c - 'A' + 10;
        return -1;
    };
    if (text.size() % 2 != 0) return std::nullopt;
    std::string out;
    out.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        int high = digit(text[i]);
        int low = digit(text[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        out.push_back(static_cast<char>(high << 4 | low));
    }
    return out;
}

std::string base64_encode(std::string_view bytes) {
    std::string out((bytes.size() + 2) / 3 * 4, '\0');
    // EVP_EncodeBlock also writes a terminating zero: std::string has room for it.
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes_of(bytes),
                    static_cast<int>(bytes.size()));
    return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
    while (!text.empty() && text.back() == '=') text.remove_suffix(1);
    static constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (text.size() % 4 == 1) return std::nullopt;
    std::string out;
    out.reserve(text.size() * 3 / 4);
    unsigned bits = 0;
    int count = 0;
    for (char c : text) {
        auto value = alphabet.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        bits = (bits << 6 | static_cast<unsigned>(value)) & 0xFFFFFF;
        count += 6;
        if (count >= 8) {
            count -= 8;
            out.push_back(static_cast<char>(bits >> count & 0xFF));
        }
    }
    return out;
}

std::string make_uuid7(std::int64_t wall_ms, Random& random) {
    std::uint64_t high = (static_cast<std::uint64_t>(wall_ms) << 16) |
                         0x7000u | (random.next_u64() & 0x0FFF);
    std::uint64_t low = (random.next_u64() >> 2) | 0x8000000000000000u;
    char bytes[16];
    for (int i = 0; i < 8; ++i) {
        bytes[i] = static_cast<char>(high >> (56 - 8 * i));
        bytes[8 + i] = static_cast<char>(low >> (56 - 8 * i));
    }
    std::string hex = hex_encode(std::string_view(bytes, sizeof bytes));
    for (std::size_t at : {20u, 16u, 12u, 8u}) hex.insert(at, 1, '-');
    return hex;
}

}  // namespace syncline
