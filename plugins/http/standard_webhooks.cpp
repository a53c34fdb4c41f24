// HMAC through libcrypto; nothing else of OpenSSL is used. No state, any thread.
#include "plugins/http/standard_webhooks.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <stdexcept>

#include "core/sdk/encoding.hpp"

namespace syncline::connector_http {

std::optional<std::string> signing_key(std::string_view secret) {
    constexpr std::string_view prefix = "whsec_";
    if (!secret.starts_with(prefix)) return std::string(secret);
    auto key = sdk::base64_decode(secret.substr(prefix.size()));
    if (!key || key->empty()) return std::nullopt;
    return key;
}

std::string signature_v1(const std::string& key, std::string_view id, std::int64_t timestamp_s,
                         std::string_view body) {
    std::string content(id);
    content.append(".").append(std::to_string(timestamp_s)).append(".").append(body);
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    const auto* bytes = reinterpret_cast<const unsigned char*>(content.data());
    if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes, content.size(), mac,
              &size))
        throw std::runtime_error("libcrypto computed no HMAC-SHA256");
    return "v1," + sdk::base64_encode({reinterpret_cast<const char*>(mac), size});
}

}  // namespace syncline::connector_http
