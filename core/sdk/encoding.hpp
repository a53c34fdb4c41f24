// Small encodings that most connectors need: base64, URL components, RFC 3339 times. Pure, no
// allocation tricks, standard headers only; strict on input (nothing is guessed or skipped).
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace syncline::sdk {

/// Standard alphabet, padded.
inline std::string base64_encode(std::string_view bytes) {
    static constexpr char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        std::uint32_t group = 0;
        std::size_t have = bytes.size() - at < 3 ? bytes.size() - at : 3;
        for (std::size_t i = 0; i < 3; ++i)
            group = group << 8 | (i < have ? static_cast<unsigned char>(bytes[at + i]) : 0u);
        for (std::size_t i = 0; i < 4; ++i)
            out.push_back(i <= have ? alphabet[group >> (18 - 6 * i) & 63] : '=');
    }
    return out;
}

/// Standard alphabet, padding optional; nothing on any other byte or a length that cannot be.
inline std::optional<std::string> base64_decode(std::string_view text) {
    while (!text.empty() && text.back() == '=' && text.size() % 4 != 1) text.remove_suffix(1);
    if (text.size() % 4 == 1) return std::nullopt;
    std::string out;
    out.reserve(text.size() * 3 / 4);
    std::uint32_t group = 0;
    int bits = 0;
    for (char c : text) {
        std::uint32_t value = 0;
        if (c >= 'A' && c <= 'Z') value = static_cast<std::uint32_t>(c - 'A');
        else if (c >= 'a' && c <= 'z') value = static_cast<std::uint32_t>(c - 'a' + 26);
        else if (c >= '0' && c <= '9') value = static_cast<std::uint32_t>(c - '0' + 52);
        else if (c == '+') value = 62;
        else if (c == '/') value = 63;
        else return std::nullopt;
        group = group << 6 | value;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        out.push_back(static_cast<char>(group >> bits & 0xFF));
    }
    return out;
}

/// Percent-encodes all but the unreserved bytes (RFC 3986): for a path segment or a query value.
inline std::string url_encode(std::string_view text) {
    static constexpr char hex[] = "0123456789ABCDEF";
    std::string out;
    for (char c : text) {
        bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '_' || c == '.' || c == '~';
        if (plain) {
            out.push_back(c);
        } else {
            auto byte = static_cast<unsigned char>(c);
            out.append({'%', hex[byte >> 4], hex[byte & 15]});
        }
    }
    return out;
}

/// A configured base URL without the slashes at its end: base_url("https://a/") + "/v1".
inline std::string base_url(std::string_view configured) {
    while (!configured.empty() && configured.back() == '/') configured.remove_suffix(1);
    return std::string(configured);
}

namespace encoding_detail {

inline std::optional<std::int64_t> digits(std::string_view text, std::size_t at, std::size_t count) {
    if (at + count > text.size()) return std::nullopt;
    std::int64_t value = 0;
    for (std::size_t i = at; i < at + count; ++i) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/// Days from 1970-01-01 in the Gregorian calendar: years count from March, 400 years are 146097
/// days, and 719468 days lie between 0000-03-01 and the epoch.
inline std::int64_t days_from_civil(std::int64_t year, std::int64_t month, std::int64_t day) {
    year -= month <= 2;
    std::int64_t era = year / 400;
    std::int64_t of_era = year - era * 400;
    std::int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

}  // namespace encoding_detail

/// Milliseconds since the epoch of an RFC 3339 time ("2026-01-02T03:04:05.061281000Z", offsets
/// too); digits below a millisecond are cut. Nothing when it is none.
inline std::optional<std::int64_t> parse_rfc3339_ms(std::string_view text) {
    using encoding_detail::digits;
    auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
    auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
    if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
    bool shaped = text[4] == '-' && text[7] == '-' && text[13] == ':' && text[16] == ':' &&
                  (text[10] == 'T' || text[10] == 't' || text[10] == ' ');
    static constexpr std::array<int, 12> month_days = {31, 28, 31, 30, 31, 30,
                                                       31, 31, 30, 31, 30, 31};
    if (!shaped || *month < 1 || *month > 12 || *hour > 23 || *minute > 59 || *second > 60)
        return std::nullopt;
    bool leap = *year % 4 == 0 && (*year % 100 != 0 || *year % 400 == 0);
    if (*day < 1 || *day > month_days[static_cast<std::size_t>(*month - 1)] +
                                (leap && *month == 2 ? 1 : 0))
        return std::nullopt;
    std::size_t at = 19;
    std::int64_t ms = 0;
    if (at < text.size() && text[at] == '.') {
        std::int64_t unit = 100;
        std::size_t first = ++at;
        for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10)
            ms += (text[at] - '0') * unit;
        if (at == first) return std::nullopt;
    }
    std::int64_t offset_minutes = 0;
    auto zone = text.substr(at < text.size() ? at : text.size());
    if (zone != "Z" && zone != "z") {
        auto hours = digits(zone, 1, 2), minutes = digits(zone, 4, 2);
        if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':' || !hours ||
            !minutes || *hours > 23 || *minutes > 59)
            return std::nullopt;
        offset_minutes = (*hours * 60 + *minutes) * (zone[0] == '-' ? -1 : 1);
    }
    std::int64_t days = encoding_detail::days_from_civil(*year, *month, *day);
    std::int64_t seconds = ((days * 24 + *hour) * 60 + *minute - offset_minutes) * 60 + *second;
    return seconds * 1000 + ms;
}

}  // namespace syncline::sdk
