// Filters over moments in time. `date` writes a moment in the zone that it was read in, as Liquid
// does, and leaves what is no moment as it is; iso8601 and unix are in UTC and refuse that. What a
// moment is, filters_moment.hpp says.
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "rules/filters.hpp"
#include "rules/filters_moment.hpp"
#include "rules/limits.hpp"

namespace syncline::rules {

namespace {

constexpr std::int64_t day_ms = 86'400'000;

/// The moment, or a complaint.
std::optional<Instant> instant(const Json& in, FilterCall& call) {
    auto read = read_instant(in, call.now_ms);
    if (!read) call.fail("needs an ISO 8601 text or a number of seconds, found " + value_words(in));
    return read;
}

struct Moment {
    std::chrono::year_month_day date{};
    std::chrono::weekday weekday{};
    int year = 0, month = 0, day = 0, year_day = 0;
    int hour = 0, minute = 0, second = 0, millisecond = 0;
    std::int64_t unix_ms = 0, offset_ms = 0;
};

Moment split(const Instant& at) {
    using namespace std::chrono;
    Moment made;
    made.unix_ms = at.ms;
    made.offset_ms = at.offset_ms;
    auto ms = at.ms + at.offset_ms;
    auto day_count = ms >= 0 ? ms / day_ms : -((-ms + day_ms - 1) / day_ms);
    sys_days day_point{days{day_count}};
    made.date = year_month_day{day_point};
    made.weekday = std::chrono::weekday{day_point};
    made.year = int(made.date.year());
    made.month = static_cast<int>(unsigned(made.date.month()));
    made.day = static_cast<int>(unsigned(made.date.day()));
    made.year_day = static_cast<int>((day_point - sys_days{made.date.year() / 1 / 1}).count()) + 1;
    auto rest = static_cast<int>(ms - day_count * day_ms);
    made.millisecond = rest % 1000;
    made.second = rest / 1000 % 60;
    made.minute = rest / 60'000 % 60;
    made.hour = rest / 3'600'000;
    return made;
}

constexpr std::string_view day_names[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday",
                                          "Friday", "Saturday"};
constexpr std::string_view month_names[] = {"January", "February", "March", "April", "May", "June",
                                            "July", "August", "September", "October", "November",
                                            "December"};

/// Week and year of ISO 8601: the week belongs to the year that has its Thursday.
std::pair<int, int> iso_week(const Moment& at) {
    using namespace std::chrono;
    sys_days day{at.date};
    auto thursday = day - days{at.weekday.iso_encoding() - 1} + days{3};
    year_month_day of_week{thursday};
    auto first = sys_days{of_week.year() / 1 / 1};
    return {int(of_week.year()), static_cast<int>((thursday - first).count()) / 7 + 1};
}

/// Weeks begin on the day that is `days_in` days ago; the days before the first such are week 0.
int week_of_year(const Moment& at, unsigned days_in) {
    return (at.year_day + 6 - static_cast<int>(days_in)) / 7;
}

/// One strftime conversion.
class Formatter {
public:
    Formatter(const Moment& at, FilterCall& call) : at_(at), call_(call) {}

    std::string run(std::string_view format) {
        std::string out;
        while (!format.empty()) {
            auto percent = std::min(format.find('%'), format.size());
            out += format.substr(0, percent);
            format.remove_prefix(percent);
            if (format.empty()) break;
            auto rest = read_options(format.substr(1));
            written_ = format.substr(0, format.size() - rest.size() + (rest.empty() ? 0 : 1));
            if (rest.empty()) out += written_;
            else one(out, rest.front());
            format.remove_prefix(written_.size());
            if (out.size() > limits::filter_bytes_max) {
                call_.fail("makes too long a text");
                break;
            }
        }
        return out;
    }

private:
    /// Flags, width and colons between % and the letter; gives what follows them.
    std::string_view read_options(std::string_view rest) {
        flag_ = '\0';
        upper_ = false;
        width_ = colons_ = 0;
        constexpr std::string_view flags = "-0^_#";
        for (; !rest.empty() && flags.find(rest.front()) != flags.npos; rest.remove_prefix(1)) {
            if (rest.front() == '^' || rest.front() == '#') upper_ = true;
            else flag_ = rest.front();
        }
        for (; !rest.empty() && rest.front() >= '0' && rest.front() <= '9'; rest.remove_prefix(1))
            width_ = std::min(width_ * 10 + (rest.front() - '0'), 1024);
        for (; !rest.empty() && rest.front() == ':'; rest.remove_prefix(1)) ++colons_;
        return rest;
    }

    void number(std::string& out, std::int64_t value, int width, char fill = '0') {
        if (flag_ == '-') width = 0;
        if (flag_ == '_') fill = ' ';
        if (flag_ == '0') fill = '0';
        auto digits = std::to_string(value);
        for (int i = static_cast<int>(digits.size()); i < std::max(width, width_); ++i)
            out.push_back(fill);
        out += digits;
    }

    void word(std::string& out, std::string_view name) {
        for (auto i = static_cast<int>(name.size()); i < width_; ++i)
            out.push_back(flag_ == '0' ? '0' : ' ');
        for (char c : name)
            out.push_back(upper_ && c >= 'a' && c <= 'z' ? static_cast<char>(c ^ 0x20) : c);
    }

    /// The begin of the fraction's digits: as many as the width says.
    void fraction(std::string& out, int digits) {
        char text[16];
        std::snprintf(text, sizeof text, "%03d000000", at_.millisecond);
        out.append(text, static_cast<std::size_t>(std::min(width_ > 0 ? width_ : digits, 9)));
    }

    void one(std::string& out, char which) {
        auto day_name = day_names[at_.weekday.c_encoding()];
        auto month_name = month_names[at_.month - 1];
        int hour12 = at_.hour % 12 == 0 ? 12 : at_.hour % 12;
        switch (which) {
            case 'a': return word(out, day_name.substr(0, 3));
            case 'A': return word(out, day_name);
            case 'b':
            case 'h': return word(out, month_name.substr(0, 3));
            case 'B': return word(out, month_name);
            case 'C': return number(out, at_.year / 100, 2);
            case 'd': return number(out, at_.day, 2);
            case 'e': return number(out, at_.day, 2, ' ');
            case 'G': return number(out, iso_week(at_).first, 4);
            case 'H': return number(out, at_.hour, 2);
            case 'I': return number(out, hour12, 2);
            case 'j': return number(out, at_.year_day, 3);
            case 'k': return number(out, at_.hour, 2, ' ');
            case 'l': return number(out, hour12, 2, ' ');
            case 'L': return fraction(out, 3);
            case 'm': return number(out, at_.month, 2);
            case 'M': return number(out, at_.minute, 2);
            case 'p': return word(out, at_.hour < 12 ? "AM" : "PM");
            case 'P': return word(out, at_.hour < 12 ? "am" : "pm");
            case 's': return number(out, (at_.unix_ms - at_.millisecond) / 1000, 0);
            case 'S': return number(out, at_.second, 2);
            case 'U': return number(out, week_of_year(at_, at_.weekday.c_encoding()), 2);
            case 'W': return number(out, week_of_year(at_, at_.weekday.iso_encoding() - 1), 2);
            case 'u': return number(out, at_.weekday.iso_encoding(), 0);
            case 'V': return number(out, iso_week(at_).second, 2);
            case 'w': return number(out, at_.weekday.c_encoding(), 0);
            case 'y': return number(out, at_.year % 100, 2);
            case 'Y': return number(out, at_.year, 4);
            default: return combined(out, which);
        }
    }

    void combined(std::string& out, char which) {
        switch (which) {
            case 'c': return part(out, "%a %b %e %H:%M:%S %Y");
            case 'D':
            case 'x': return part(out, "%m/%d/%y");
            case 'F': return part(out, "%Y-%m-%d");
            case 'r': return part(out, "%I:%M:%S %p");
            case 'R': return part(out, "%H:%M");
            case 'T':
            case 'X': return part(out, "%H:%M:%S");
            case 'n': out.push_back('\n'); return;
            case 't': out.push_back('\t'); return;
            case 'v': return part(out, "%e-%^b-%Y");
            case 'N': return fraction(out, 9);
            case 'z': return zone(out);
            case 'Z': out += at_.offset_ms == 0 ? "UTC" : ""; return;
            case '%': out.push_back('%'); return;
            default: out += written_;   // what is no conversion stays as it is
        }
    }

    void zone(std::string& out) {
        auto minutes = at_.offset_ms / 60'000;
        out.push_back(minutes < 0 ? '-' : '+');
        minutes = std::abs(minutes);
        flag_ = '0';
        number(out, minutes / 60, 2);
        if (colons_ > 0) out.push_back(':');
        number(out, minutes % 60, 2);
    }

    void part(std::string& out, std::string_view format) {
        out += Formatter(at_, call_).run(format);
    }

    Moment at_;
    FilterCall& call_;
    std::string_view written_;   // the whole conversion
    char flag_ = '\0';
    bool upper_ = false;
    int width_ = 0;
    int colons_ = 0;
};

Json date(const Json& in, FilterCall& call) {
    if (call.text(0).empty()) return in;
    auto read = read_instant(in, call.now_ms);
    return read ? Json(Formatter(split(*read), call).run(call.text(0))) : in;
}

Json iso8601(const Json& in, FilterCall& call) {
    if (in.is_null()) return in;
    auto read = instant(in, call);
    if (!read) return Json();
    auto at = split(Instant{read->ms, 0});
    return Formatter(at, call).run(at.millisecond != 0 ? "%FT%T.%LZ" : "%FT%TZ");
}

Json unix_time(const Json& in, FilterCall& call) {
    if (in.is_null()) return in;
    auto read = instant(in, call);
    if (!read) return Json();
    return read->ms >= 0 ? read->ms / 1000 : -((-read->ms + 999) / 1000);
}

constexpr FilterSpec specs[] = {
    {"date", "at", date},
    {"iso8601", "a", iso8601},
    {"unix", "a", unix_time},
};

}  // namespace

std::span<const FilterSpec> time_filters() { return specs; }

}  // namespace syncline::rules
