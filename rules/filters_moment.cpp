// Reads the moments that the filters of time take; see filters_moment.hpp.
//
// A date in words is read word by word: each is a day, a month, a year, a time or a zone, or the
// text is no date. Linear; no allocation.
#include "rules/filters_moment.hpp"

#include <algorithm>
#include <chrono>

#include "rules/filters.hpp"
#include "rules/moment.hpp"

namespace syncline::rules {

namespace {

constexpr std::int64_t minute_ms = 60'000;
// "Wednesday, 30 September 2026 23:59:59.999 +00:00" has 48.
constexpr std::size_t date_bytes_max = 64;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// All digits of `text` as a number; -1 when there is anything else.
int digits_of(std::string_view text) {
    if (text.empty() || text.size() > 4 || !std::all_of(text.begin(), text.end(), is_digit))
        return -1;
    int value = 0;
    for (char c : text) value = value * 10 + (c - '0');
    return value;
}

/// "+0100", "-05:00" or "+01" as milliseconds east of UTC.
std::optional<std::int64_t> numeric_zone(std::string_view text) {
    if (text.size() < 3 || (text.front() != '+' && text.front() != '-')) return std::nullopt;
    int hours = digits_of(text.substr(1, 2)), minutes = 0;
    auto rest = text.substr(3);
    if (rest.starts_with(':')) rest.remove_prefix(1);
    if (!rest.empty()) minutes = rest.size() == 2 ? digits_of(rest) : -1;
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
    auto ms = (hours * 60 + minutes) * minute_ms;
    return text.front() == '-' ? -ms : ms;
}

/// Three letters or more of one of the names, in any case; its place.
std::optional<int> place_of(std::string_view word, std::span<const std::string_view> names) {
    if (word.ends_with('.')) word.remove_suffix(1);
    if (word.size() < 3) return std::nullopt;
    for (std::size_t i = 0; i < names.size(); ++i) {
        bool same = word.size() <= names[i].size();
        for (std::size_t at = 0; same && at < word.size(); ++at)
            same = (word[at] | 0x20) == names[i][at];
        if (same) return static_cast<int>(i);
    }
    return std::nullopt;
}

constexpr std::string_view months[] = {"january",   "february", "march",    "april",
                                       "may",       "june",     "july",     "august",
                                       "september", "october",  "november", "december"};
constexpr std::string_view weekdays[] = {"sunday",   "monday", "tuesday", "wednesday",
                                         "thursday", "friday", "saturday"};

class DateReader {
public:
    std::optional<Instant> run(std::string_view text) {
        while (!text.empty()) {
            auto end = std::min(text.find_first_of(" ,\t"), text.size());
            if (end > 0 && !word(text.substr(0, end))) return std::nullopt;
            text.remove_prefix(std::min(end + 1, text.size()));
        }
        if (year_ < 1 || month_ < 1) return std::nullopt;
        auto day = static_cast<unsigned>(day_ < 0 ? 1 : day_);
        std::chrono::year_month_day date{std::chrono::year(year_),
                                         std::chrono::month(static_cast<unsigned>(month_)),
                                         std::chrono::day(day)};
        if (!date.ok() || !half_of_day()) return std::nullopt;
        auto days = std::chrono::sys_days(date).time_since_epoch().count();
        return Instant{days * 86'400'000LL + time_ms_ - offset_ms_, offset_ms_};
    }

private:
    bool word(std::string_view text) {
        if (place_of(text, weekdays)) return true;
        if (auto month = place_of(text, months)) return set(month_, *month + 1);
        if (text.find(':') != std::string_view::npos && is_digit(text.front())) return time(text);
        if (is_half(text)) return half_ = text.front(), true;
        if (text == "UTC" || text == "GMT" || text == "Z") return true;
        if (auto zone = numeric_zone(text)) return offset_ms_ = *zone, true;
        if (is_digit(text.front()) && text.size() > 2 && is_half(text.substr(text.size() - 2)))
            return hour(text);
        auto mark = text.find_first_of("/-.");
        if (mark != std::string_view::npos && mark > 0) return joined(text, text[mark]);
        return number(text);
    }

    static bool set(int& slot, int value) {
        bool free = slot < 0;
        slot = value;
        return free && value >= 0;
    }

    static bool is_half(std::string_view text) {
        return text.size() == 2 && ((text[0] | 0x20) == 'a' || (text[0] | 0x20) == 'p') &&
               (text[1] | 0x20) == 'm';
    }

    /// A day, perhaps with its ending (1st, 2nd, 14th), or a year.
    bool number(std::string_view text) {
        if (text.size() == 4 && digits_of(text) >= 0) return set(year_, digits_of(text));
        for (std::string_view ending : {"st", "nd", "rd", "th"})
            if (text.size() > 2 && text.ends_with(ending)) {
                text.remove_suffix(2);
                break;
            }
        return text.size() <= 2 && set(day_, digits_of(text));
    }

    /// 2016/03/14, 14-Mar-2016, 14.03.2016.
    bool joined(std::string_view text, char mark) {
        auto second = text.find(mark, text.find(mark) + 1);
        if (second == std::string_view::npos) return false;
        auto first = text.find(mark);
        auto begin = text.substr(0, first), middle = text.substr(first + 1, second - first - 1);
        bool year_first = begin.size() == 4;
        auto month = place_of(middle, months);
        // 03/14/2016: nobody can tell day from month.
        if (!year_first && !month && mark != '.') return false;
        auto end = text.substr(second + 1);
        return set(month_, month ? *month + 1 : digits_of(middle)) &&
               set(year_, digits_of(year_first ? begin : end)) &&
               set(day_, digits_of(year_first ? end : begin));
    }

    /// 9:05, 09:05:00, 09:05:00.250, 9:05pm.
    bool time(std::string_view text) {
        if (text.size() > 3 && is_half(text.substr(text.size() - 2))) {
            half_ = text[text.size() - 2];
            text.remove_suffix(2);
        }
        auto colon = text.find(':');
        int hour = digits_of(text.substr(0, colon));
        int minute = digits_of(text.substr(colon + 1, 2));
        text.remove_prefix(std::min(colon + 3, text.size()));
        int second = 0, ms = 0;
        if (text.starts_with(':')) {
            second = digits_of(text.substr(1, 2));
            text.remove_prefix(std::min<std::size_t>(3, text.size()));
        }
        if (text.starts_with('.')) {
            auto fraction = text.substr(1, 3);
            ms = digits_of(fraction);
            for (auto size = fraction.size(); size < 3; ++size) ms *= 10;
            text = {};
        }
        time_ms_ = ((hour * 60 + minute) * 60 + second) * 1000LL + ms;
        bool clock = hour >= 0 && hour < 24 && minute >= 0 && minute < 60;
        return clock && second >= 0 && second <= 60 && ms >= 0 && text.empty();
    }

    /// 5pm.
    bool hour(std::string_view text) {
        half_ = text[text.size() - 2];
        int value = digits_of(text.substr(0, text.size() - 2));
        time_ms_ = value * 60LL * minute_ms;
        return value >= 0;
    }

    bool half_of_day() {
        if (half_ == '\0') return true;
        auto hour = time_ms_ / (60 * minute_ms);
        if (hour < 1 || hour > 12) return false;
        bool after_noon = (half_ | 0x20) == 'p';
        if (after_noon != (hour == 12)) time_ms_ += (after_noon ? 12 : 0) * 60 * minute_ms;
        if (!after_noon && hour == 12) time_ms_ -= 12 * 60 * minute_ms;
        return true;
    }

    int year_ = -1, month_ = -1, day_ = -1;
    std::int64_t time_ms_ = 0, offset_ms_ = 0;
    char half_ = '\0';
};

std::optional<Instant> instant_of_text(std::string_view text) {
    if (text.size() > date_bytes_max) return std::nullopt;
    auto ms = moment_of_text(text);
    if (!ms) return DateReader().run(text);
    // Behind "2026-03-01T": no other sign can stand there.
    auto sign = text.find_first_of("+-", std::min<std::size_t>(11, text.size()));
    bool zoned = sign != std::string_view::npos;
    return Instant{*ms, zoned ? numeric_zone(text.substr(sign)).value_or(0) : 0};
}

}  // namespace

std::optional<Instant> read_instant(const Json& value, std::int64_t now_ms) {
    auto number = value.is_string() ? number_of_text(value.as_string()) : std::optional(value);
    if (number && number->is_number()) {
        auto ms = moment_of_number(*number);
        return ms ? std::optional(Instant{*ms, 0}) : std::nullopt;
    }
    const auto& text = value.as_string();
    if (text == "now" || text == "today") return Instant{now_ms, 0};
    return value.is_string() ? instant_of_text(text) : std::nullopt;
}

}  // namespace syncline::rules
