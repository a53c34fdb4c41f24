#include "plugins/notion/api.hpp"

#include <openssl/evp.h>

#include <stdexcept>

namespace syncline::connector_notion {

std::optional<sdk::Outcome> failure_of(const sdk::Response& response, const std::string& doing) {
    Json body = response.json();
    if (response.ok()) {
        if (body.is_object()) return std::nullopt;
        return sdk::Outcome::retry(doing + " " + response.summary() + " without JSON: \"" +
                                   response.excerpt() + "\"");
    }
    std::string note = doing + " " + response.summary();
    const std::string& code = body["code"].as_string();
    if (!code.empty()) note += " " + code;
    std::string said = body["message"].as_string_or(response.excerpt());
    if (!said.empty()) note += ": " + said;
    const Json& reason = body["additional_data"]["rate_limit_reason"];
    if (reason.is_string()) note += " (" + reason.as_string() + ")";
    if (response.status() == 409) return sdk::Outcome::retry(std::move(note));
    sdk::Outcome usual = sdk::Outcome::from(response, doing);
    if (usual.kind() == "hold") return sdk::Outcome::hold(std::move(note));
    if (usual.kind() == "reject") return sdk::Outcome::reject(std::move(note));
    return sdk::Outcome::retry(std::move(note)).after_ms(response.retry_after_ms().value_or(0));
}

bool is_throttled(const sdk::Response& response) {
    return response.status() == 429 || response.status() == 529;
}

bool is_trashed(const Json& page) {
    return page["in_trash"].as_bool() || page["archived"].as_bool();
}

Json oldest_page(const Json& results) {
    Json best;
    for (const auto& page : results.items()) {
        if (page["id"].as_string().empty() || is_trashed(page)) continue;
        // ISO times of one form order as text.
        bool older = best.is_null() ||
                     page["created_time"].as_string() < best["created_time"].as_string();
        if (older) best = page;
    }
    return best;
}

std::string title_property_of(const Json& properties) {
    for (const auto& [name, property] : properties.members())
        if (property["type"].as_string() == "title") return name;
    return std::string();
}

std::string fingerprint(std::string_view text) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("libcrypto computed no SHA-256");
    static constexpr char hex[] = "0123456789abcdef";
    std::string out;
    for (unsigned int i = 0; i < size; ++i) out.append({hex[digest[i] >> 4], hex[digest[i] & 15]});
    return out;
}

bool is_id(std::string_view text) {
    std::size_t digits = 0;
    for (char c : text) {
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (!hex && c != '-') return false;
        digits += hex;
    }
    return digits == 32 && text.size() <= 36;
}

}  // namespace syncline::connector_notion
