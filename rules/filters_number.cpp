// Filters over numbers: exact decimals of up to 38 digits, never a silent rounding.
//
// A number is mantissa / 10^scale with a 128-bit mantissa. What does not fit is a fault. Only
// divided_by by a fraction gives a nearest double, because the exact quotient may have no end.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "rules/filters.hpp"

namespace syncline::rules {

namespace {

using Wide = __int128;

struct Fixed {
    Wide mantissa = 0;
    int scale = 0;           // digits behind the point
    bool fraction = false;   // written with a point or power: results keep ".0"
    bool good = true;
};

constexpr int digits_max = 38;   // of 2^127 ≈ 1.7 × 10^38

bool shift(Wide& mantissa, int digits) {
    for (; digits > 0; --digits)
        if (__builtin_mul_overflow(mantissa, Wide{10}, &mantissa)) return false;
    return true;
}

Fixed parse(const Json& number) {
    Fixed made;
    auto decimal = json_detail::to_decimal(number.number_text());
    made.fraction = number.number_text().find_first_of(".eE") != std::string::npos;
    auto digits = static_cast<long long>(decimal.digits.size());
    auto scale = digits - decimal.exponent;
    made.good = digits <= digits_max && scale <= digits_max && decimal.exponent <= digits_max;
    if (!made.good) return made;
    for (char c : decimal.digits) {
        made.good &= !__builtin_mul_overflow(made.mantissa, Wide{10}, &made.mantissa);
        made.good &= !__builtin_add_overflow(made.mantissa, Wide{c - '0'}, &made.mantissa);
    }
    made.scale = static_cast<int>(std::max(0LL, scale));
    if (scale < 0) made.good &= shift(made.mantissa, static_cast<int>(-scale));
    if (decimal.negative) made.mantissa = -made.mantissa;
    return made;
}

Json format(Fixed value, FilterCall& call) {
    if (!value.good) return call.fail("cannot be exact: the number has more than 38 digits");
    while (value.scale > 0 && value.mantissa % 10 == 0) {
        value.mantissa /= 10;
        --value.scale;
    }
    bool negative = value.mantissa < 0;
    std::string digits;
    auto rest = negative ? -static_cast<unsigned __int128>(value.mantissa)
                         : static_cast<unsigned __int128>(value.mantissa);
    for (; rest > 0; rest /= 10)
        digits.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
    while (static_cast<int>(digits.size()) <= value.scale) digits.push_back('0');
    std::reverse(digits.begin(), digits.end());
    if (value.scale > 0) digits.insert(digits.size() - static_cast<std::size_t>(value.scale), ".");
    else if (value.fraction) digits += ".0";
    return Json::number_from_text((negative ? "-" : "") + digits);
}

/// Brings both to one scale.
bool align(Fixed& a, Fixed& b) {
    if (!a.good || !b.good) return false;
    auto scale = std::max(a.scale, b.scale);
    bool good = shift(a.mantissa, scale - a.scale) && shift(b.mantissa, scale - b.scale);
    a.scale = b.scale = scale;
    return good;
}

Fixed sum(Fixed a, Fixed b) {
    Fixed made;
    made.good = align(a, b) && !__builtin_add_overflow(a.mantissa, b.mantissa, &made.mantissa);
    made.scale = a.scale;
    made.fraction = a.fraction || b.fraction;
    return made;
}

Json plus(const Json& in, FilterCall& call) {
    return format(sum(parse(in), parse(call.arg(0))), call);
}

Json minus(const Json& in, FilterCall& call) {
    auto right = parse(call.arg(0));
    right.mantissa = -right.mantissa;
    return format(sum(parse(in), right), call);
}

Json times(const Json& in, FilterCall& call) {
    auto a = parse(in), b = parse(call.arg(0));
    Fixed made;
    made.good = a.good && b.good && !__builtin_mul_overflow(a.mantissa, b.mantissa, &made.mantissa);
    made.scale = a.scale + b.scale;
    made.fraction = a.fraction || b.fraction;
    return format(made, call);
}

/// Towards minus infinity, as Liquid divides whole numbers.
Wide floor_divide(Wide a, Wide b) {
    Wide quotient = a / b;
    return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

Json from_double(double value, FilterCall& call) {
    if (!std::isfinite(value)) return call.fail("has no finite result");
    Json made(value);
    if (made.number_text().find_first_of(".e") == std::string::npos)
        return Json::number_from_text(made.number_text() + ".0");
    return made;
}

Json divided_by(const Json& in, FilterCall& call) {
    auto a = parse(in), b = parse(call.arg(0));
    if (b.good && b.mantissa == 0) return call.fail("cannot divide by 0");
    if (a.fraction || b.fraction)
        return from_double(in.as_double() / call.arg(0).as_double(), call);
    Fixed made;
    made.good = a.good && b.good;
    if (made.good) made.mantissa = floor_divide(a.mantissa, b.mantissa);
    return format(made, call);
}

Json modulo(const Json& in, FilterCall& call) {
    auto a = parse(in), b = parse(call.arg(0));
    if (b.good && b.mantissa == 0) return call.fail("cannot divide by 0");
    Fixed made;
    made.fraction = a.fraction || b.fraction;
    made.good = align(a, b);
    made.scale = a.scale;
    if (made.good) made.mantissa = a.mantissa - floor_divide(a.mantissa, b.mantissa) * b.mantissa;
    return format(made, call);
}

enum class Towards { nearest, down, up };

/// To `scale` digits behind the point; halves go away from zero.
Fixed rounded(Fixed value, int scale, Towards towards) {
    if (!value.good || value.scale <= scale) return value;
    Wide unit = 1;
    value.good = shift(unit, value.scale - scale);
    if (!value.good) return value;
    Wide low = floor_divide(value.mantissa, unit);
    Wide rest = value.mantissa - low * unit;
    bool up = towards == Towards::up && rest != 0;
    if (towards == Towards::nearest)
        up = rest > unit - rest || (rest == unit - rest && value.mantissa > 0);
    value.mantissa = low + (up ? 1 : 0);
    value.scale = scale;
    return value;
}

Json whole(const Json& in, FilterCall& call, Towards towards) {
    auto value = rounded(parse(in), 0, towards);
    value.fraction = false;
    return format(value, call);
}

/// To tens, hundreds …: a whole number, as what is rounded to none is.
Json rounded_before_point(const Json& in, FilterCall& call, int digits) {
    auto value = parse(in);
    Wide unit = 1;
    value.fraction = false;
    value.good &= shift(unit, digits);
    value.scale += digits;
    value.good &= value.scale <= digits_max;
    if (value.good) value = rounded(value, 0, Towards::nearest);
    value.good &= !__builtin_mul_overflow(value.mantissa, unit, &value.mantissa);
    value.scale = 0;
    return format(value, call);
}

Json round(const Json& in, FilterCall& call) {
    auto wanted = call.count > 0 ? call.arg(0).as_double() : 0.0;
    auto digits = static_cast<int>(std::clamp<double>(wanted, -digits_max, digits_max));
    if (digits == 0) return whole(in, call, Towards::nearest);
    if (digits < 0) return rounded_before_point(in, call, -digits);
    return format(rounded(parse(in), digits, Towards::nearest), call);
}

Json floor(const Json& in, FilterCall& call) { return whole(in, call, Towards::down); }
Json ceil(const Json& in, FilterCall& call) { return whole(in, call, Towards::up); }

Json abs(const Json& in, FilterCall&) {
    const auto& text = in.number_text();
    return Json::number_from_text(text.starts_with('-') ? text.substr(1) : text);
}

Json at_least(const Json& in, FilterCall& call) {
    return json_compare_numbers(in.number_text(), call.arg(0).number_text()) < 0 ? call.arg(0)
                                                                                  : in;
}
Json at_most(const Json& in, FilterCall& call) {
    return json_compare_numbers(in.number_text(), call.arg(0).number_text()) > 0 ? call.arg(0)
                                                                                  : in;
}

Fixed sum_of_list(const Json& list) {
    Fixed total;
    for (const auto& item : list.items()) {
        if (item.is_array()) total = sum(total, sum_of_list(item));
        else if (item.is_number()) total = sum(total, parse(item));
        else if (item.is_string()) total = sum(total, parse(leading_number(item.as_string())));
    }
    return total;
}

Json sum_of(const Json& in, FilterCall& call) {
    if (!call.has(0)) return format(sum_of_list(in), call);
    Json values = Json::array();
    for (const auto& item : in.items()) {
        const Json* value = nullptr;
        if (property_of(item, call.arg(0), value) == Access::refused)
            return call.fail(refusal(item, call.arg(0)));
        values.push_back(*value);
    }
    return format(sum_of_list(values), call);
}

/// A text that is a number becomes one: typed output of "42" as 42.
Json to_number(const Json& in, FilterCall&) { return in; }

constexpr FilterSpec specs[] = {
    {"abs", "n", abs},
    {"at_least", "nn", at_least},
    {"at_most", "nn", at_most},
    {"ceil", "n", ceil},
    {"divided_by", "nn", divided_by},
    {"floor", "n", floor},
    {"minus", "nn", minus},
    {"modulo", "nn", modulo},
    {"number", "e", to_number},
    {"plus", "nn", plus},
    {"round", "n?n", round},
    {"sum", "l?a", sum_of},
    {"times", "nn", times},
};

}  // namespace

std::span<const FilterSpec> number_filters() { return specs; }

}  // namespace syncline::rules
