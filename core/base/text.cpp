#include "core/base/text.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <ctime>

#include "core/sdk/json.hpp"

namespace syncline {
namespace {

char lower_char(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

template <std::size_t N>
std::optional<std::uint64_t> with_unit(std::string_view text, const Unit (&units)[N]) {
    auto digits = text.find_first_not_of("0123456789");
    auto number = parse_decimal(text.substr(0, digits));
    auto unit = digits == std::string_view::npos ? std::string_view() : text.substr(digits);
    if (!number) return std::nullopt;
    for (const auto& known : units)
        if (known.name == unit) {
            std::uint64_t product = 0;
            if (__builtin_mul_overflow(*number, known.factor, &product)) return std::nullopt;
            return product;
        }
    return std::nullopt;
}

/// A fixed-width run of digits, for the date forms below.
std::optional<int> digits_at(std::string_view text, std::size_t at, std::size_t count) {
    if (at + count > text.size()) return std::nullopt;
    int value = 0;
    for (std::size_t i = at; i < at + count; ++i) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

constexpr std::string_view months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr const char* weekdays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

std::optional<int> month_of(std::string_view name) {
    for (int i = 0; i < 12; ++i)
        if (months[i] == name) return i;
    return std::nullopt;
}

std::optional<std::int64_t> to_wall_ms(int year, int month0, int day, int hour, int minute,
                                       int second) {
    if (month0 < 0 || month0 > 11 || day < 1 || day > 31 || hour > 23 || minute > 59 ||
        second > 60)
        return std::nullopt;
    std::tm parts{};
    parts.tm_year = year - 1900;
    parts.tm_mon = month0;
    parts.tm_mday = day;
    parts.tm_hour = hour;
    parts.tm_min = minute;
    parts.tm_sec = second;
    std::int64_t seconds = timegm(&parts);
    if (parts.tm_mday != day) return std::nullopt;  // timegm normalised a 31 April
    return seconds * 1000;
}

std::optional<std::int64_t> clock_time(std::string_view text, int year, int month0, int day) {
    auto hour = digits_at(text, 0, 2);
    auto minute = digits_at(text, 3, 2);
    auto second = digits_at(text, 6, 2);
    if (text.size() < 8 || text[2] != ':' || text[5] != ':' || !hour || !minute || !second)
        return std::nullopt;
    return to_wall_ms(year, month0, day, *hour, *minute, *second);
}

std::tm utc_parts(std::int64_t wall_ms) {
    std::time_t seconds = static_cast<std::time_t>(
        wall_ms >= 0 ? wall_ms / 1000 : (wall_ms - 999) / 1000);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    return parts;
}

/// Insertions, deletions, replacements and swaps of neighbours, each counted as one slip.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    auto same = [&](std::size_t i, std::size_t j) {
        return lower_char(a[i - 1]) == lower_char(b[j - 1]);
    };
    for (std::size_t i = 1; i <= a.size(); ++i) {
        before.swap(last);
        last.swap(row);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + !same(i, j)});
            if (i > 1 && j > 1 && same(i, j - 1) && same(i - 1, j))
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
    }
    return row[b.size()];
}

}  // namespace

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), lower_char);
    return out;
}

bool equals_ignore_case(std::string_view left, std::string_view right) {
    return left.size() == right.size() &&
           std::equal(left.begin(), left.end(), right.begin(),
                      [](char a, char b) { return lower_char(a) == lower_char(b); });
}

bool starts_with_ignore_case(std::string_view text, std::string_view prefix) {
    return text.size() >= prefix.size() && equals_ignore_case(text.substr(0, prefix.size()), prefix);
}

std::string_view trim(std::string_view text) {
    auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    for (;;) {
        auto at = text.find(separator);
        parts.emplace_back(text.substr(0, at));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + 1);
    }
}

std::optional<std::uint64_t> parse_decimal(std::string_view text) {
    if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos)
        return std::nullopt;
    std::uint64_t value = 0;
    auto error = std::from_chars(text.data(), text.data() + text.size(), value).ec;
    return error == std::errc() ? std::optional(value) : std::nullopt;
}

std::optional<std::int64_t> parse_duration_ms(std::string_view text) {
    static constexpr Unit units[] = {
        {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
    auto value = with_unit(text, units);
    // 100 years: longer is a slip of the pen, and sums with wall time stay far from overflow.
    if (!value || *value > 100ull * 365 * 86'400'000) return std::nullopt;
    return static_cast<std::int64_t>(*value);
}

std::string format_duration(std::int64_t ms) {
    static constexpr struct {
        std::int64_t factor;
        const char* name;
    } units[] = {{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1000, "s"}};
    for (const auto& unit : units)
        if (ms != 0 && ms % unit.factor == 0) return std::to_string(ms / unit.factor) + unit.name;
    return std::to_string(ms) + "ms";
}

std::optional<std::uint64_t> parse_size_bytes(std::string_view text) {
    static constexpr Unit units[] = {
        {"", 1}, {"B", 1}, {"KiB", 1ull << 10}, {"MiB", 1ull << 20}, {"GiB", 1ull << 30}};
    return with_unit(text, units);
}

std::string format_time(std::int64_t wall_ms) {
    std::tm parts = utc_parts(wall_ms);
    char out[96];
    int milliseconds = static_cast<int>(((wall_ms % 1000) + 1000) % 1000);
    std::snprintf(out, sizeof out, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
                  parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                  milliseconds);
    return out;
}

std::optional<std::int64_t> parse_time(std::string_view text) {
    auto year = digits_at(text, 0, 4);
    auto month = digits_at(text, 5, 2);
    auto day = digits_at(text, 8, 2);
    if (text.size() < 20 || !year || !month || !day || text[4] != '-' || text[7] != '-' ||
        (text[10] != 'T' && text[10] != 't' && text[10] != ' '))
        return std::nullopt;
    auto base = clock_time(text.substr(11), *year, *month - 1, *day);
    if (!base) return std::nullopt;
    text.remove_prefix(19);
    std::int64_t milliseconds = 0;
    if (text[0] == '.') {
        std::size_t count = 1;
        while (count < text.size() && text[count] >= '0' && text[count] <= '9') ++count;
        if (count < 2 || count > 10) return std::nullopt;
        std::string padded(text.substr(1, count - 1));
        padded.resize(3, '0');
        milliseconds = *digits_at(padded, 0, 3);
        text.remove_prefix(count);
    }
    if (text == "Z" || text == "z") return *base + milliseconds;
    auto hours = digits_at(text, 1, 2);
    auto minutes = digits_at(text, 4, 2);
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':' || !hours ||
        !minutes || *hours > 23 || *minutes > 59)
        return std::nullopt;
    std::int64_t offset = (*hours * 60 + *minutes) * 60'000LL;
    return *base + milliseconds - (text[0] == '+' ? offset : -offset);
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
    auto comma = text.find(", ");
    if (comma == std::string_view::npos) {  // asctime: "Sun Nov  6 08:49:37 1994"
        if (text.size() != 24) return std::nullopt;
        std::string day_text(text.substr(8, 2));
        if (day_text[0] == ' ') day_text[0] = '0';
        auto month = month_of(text.substr(4, 3));
        auto day = digits_at(day_text, 0, 2);
        auto year = digits_at(text, 20, 4);
        if (!month || !day || !year) return std::nullopt;
        return clock_time(text.substr(11, 8), *year, *month, *day);
    }
    auto rest = text.substr(comma + 2);
    bool rfc850 = rest.size() > 2 && rest[2] == '-';  // "06-Nov-94 08:49:37 GMT"
    std::size_t year_width = rfc850 ? 2 : 4;
    auto day = digits_at(rest, 0, 2);
    auto month = rest.size() > 6 ? month_of(rest.substr(3, 3)) : std::nullopt;
    auto year = digits_at(rest, 7, year_width);
    if (rest.size() != 7 + year_width + 13 || !day || !month || !year || !rest.ends_with(" GMT"))
        return std::nullopt;
    int full_year = !rfc850 ? *year : *year < 70 ? *year + 2000 : *year + 1900;
    return clock_time(rest.substr(8 + year_width, 8), full_year, *month, *day);
}

std::string format_http_date(std::int64_t wall_ms) {
    std::tm parts = utc_parts(wall_ms);
    char out[96];
    std::snprintf(out, sizeof out, "%s, %02d %s %04d %02d:%02d:%02d GMT", weekdays[parts.tm_wday],
                  parts.tm_mday, months[parts.tm_mon].data(), parts.tm_year + 1900, parts.tm_hour,
                  parts.tm_min, parts.tm_sec);
    return out;
}

std::string printable(std::string_view text, std::size_t bytes_max) {
    static constexpr char hex[] = "0123456789abcdef";
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        if (out.size() >= bytes_max) return out + "…";
        auto length = json_detail::utf8_length(text, at);
        auto c = static_cast<unsigned char>(text[at]);
        // U+0080–U+009F are control characters too: a terminal may take them as escapes.
        bool control = length == 0 || c < 0x20 || c == 0x7F ||
                       (length == 2 && c == 0xC2 && static_cast<unsigned char>(text[at + 1]) < 0xA0);
        std::size_t step = std::max<std::size_t>(length, 1);
        if (!control) {
            out.append(text.substr(at, step));
        } else {
            for (std::size_t i = at; i < at + step; ++i) {
                auto byte = static_cast<unsigned char>(text[i]);
                out.append("\\x");
                out.push_back(hex[byte >> 4]);
                out.push_back(hex[byte & 15]);
            }
        }
        at += step;
    }
    return out;
}

std::optional<std::string> nearest_name(std::string_view word,
                                        const std::vector<std::string>& candidates) {
    std::size_t best = std::max<std::size_t>(1, word.size() / 3) + 1;
    std::optional<std::string> found;
    for (const auto& candidate : candidates) {
        auto distance = edit_distance(word, candidate);
        if (distance < best) {
            best = distance;
            found = candidate;
        }
    }
    return found;
}

std::string url_encode(std::string_view text) {
    static constexpr char hex[] = "0123456789ABCDEF";
    std::string out;
    for (unsigned char c : text) {
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '.' || c == '_' || c == '~';
        if (plain) {
            out.push_back(static_cast<char>(c));
        } else {
            out.push_back('%');
            out.push_back(hex[c >> 4]);
            out.push_back(hex[c & 15]);
        }
    }
    return out;
}

}  // namespace syncline
