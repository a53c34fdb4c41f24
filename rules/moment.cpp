// Reading moments and durations; see moment.hpp.
//
// Texts are read field by field with fixed widths: no locale, no allocation, linear.
#include "rules/moment.hpp"

#include <charconv>
#include <chrono>

#include "rules/limits.hpp"

namespace syncline::rules {

namespace {

constexpr std::int64_t milliseconds_from = 100'000'000'000;
constexpr std::int64_t moment_ms_max = 253'402'300'799'999;    // end of the year 9999
constexpr std::int64_t moment_ms_min = -62'135'596'800'000;    // begin of the year 1
constexpr std::int64_t day_ms = 86'400'000;

/// Reads fixed-width fields of an ISO 8601 text.
class IsoReader {
public:
    explicit IsoReader(std::string_view text) : text_(text) {}

    std::optional<std::int64_t> run() {
        int year = digits(4), month = (expect('-'), digits(2)), day = (expect('-'), digits(2));
        std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
        if (!good_ || !date.ok() || year < 1) return std::nullopt;
        std::int64_t ms = std::chrono::sys_days(date).time_since_epoch().count() * day_ms;
        if (!text_.empty()) ms += time_of_day();
        if (!good_ || !text_.empty()) return std::nullopt;
        return ms;
    }

private:
    std::int64_t time_of_day() {
        if (text_.front() != 'T' && text_.front() != 't' && text_.front() != ' ')
            return good_ = false, 0;
        text_.remove_prefix(1);
        int hour = digits(2), minute = (expect(':'), digits(2)), second = 0;
        if (accept(':')) second = digits(2);
        std::int64_t ms = ((hour * 60 + minute) * 60 + second) * 1000LL;
        if (accept('.') || accept(',')) ms += fraction();
        // A second of 60 is a leap second: it counts as the next one.
        if (hour > 23 || minute > 59 || second > 60) good_ = false;
        return ms - zone();
    }

    std::int64_t fraction() {
        std::int64_t ms = 0, unit = 100;
        bool any = false;
        for (; !text_.empty() && text_.front() >= '0' && text_.front() <= '9'; unit /= 10) {
            ms += (text_.front() - '0') * unit;
            text_.remove_prefix(1);
            any = true;
        }
        good_ &= any;
        return ms;
    }

    std::int64_t zone() {
        accept(' ');
        if (accept('Z') || accept('z') || text_.empty()) return 0;
        if (text_ == "UTC") return text_ = {}, 0;
        bool west = accept('-');
        if (!west && !accept('+')) return good_ = false, 0;
        int hours = digits(2), minutes = 0;
        if (accept(':') || !text_.empty()) minutes = digits(2);
        if (hours > 23 || minutes > 59) good_ = false;
        auto ms = (hours * 60 + minutes) * 60'000LL;
        return west ? -ms : ms;
    }

    int digits(std::size_t count) {
        int value = 0;
        for (; count > 0; --count) {
            if (text_.empty() || text_.front() < '0' || text_.front() > '9')
                return good_ = false, 0;
            value = value * 10 + (text_.front() - '0');
            text_.remove_prefix(1);
        }
        return value;
    }
    bool accept(char c) {
        bool same = text_.starts_with(c);
        if (same) text_.remove_prefix(1);
        return same;
    }
    void expect(char c) { good_ &= accept(c); }

    std::string_view text_;
    bool good_ = true;
};

std::optional<std::int64_t> within_calendar(std::optional<std::int64_t> ms) {
    return ms && *ms >= moment_ms_min && *ms <= moment_ms_max ? ms : std::nullopt;
}

}  // namespace

std::optional<std::int64_t> moment_of_text(std::string_view text) {
    return within_calendar(IsoReader(text).run());
}

std::optional<std::int64_t> moment_of_number(const Json& number) {
    if (auto whole = number.as_int64()) {
        bool in_ms = *whole >= milliseconds_from || *whole <= -milliseconds_from;
        return within_calendar(in_ms ? *whole : *whole * 1000);
    }
    auto seconds = number.as_double();
    if (!(seconds < 1e11 && seconds > -1e11)) return std::nullopt;
    return within_calendar(static_cast<std::int64_t>(seconds * 1000));
}

std::optional<std::int64_t> duration_of_text(std::string_view text) {
    static constexpr struct {
        std::string_view name;
        std::int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", day_ms}};
    std::int64_t count = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || count < 0 || text.front() == '-') return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    for (const auto& unit : units)
        if (text == unit.name && count <= limits::duration_ms_max / unit.ms)
            return count * unit.ms;
    return std::nullopt;
}

}  // namespace syncline::rules
