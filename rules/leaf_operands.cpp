// Reading operands that have a form of their own; see leaf_operands.hpp.
//
// Every refusal names the place inside the pattern, what was found and what was expected.
#include "rules/leaf_operands.hpp"

#include <charconv>

#include "rules/limits.hpp"
#include "rules/moment.hpp"

namespace syncline::rules {

namespace {

using Op = LeafTest::Op;

constexpr Operator numeric_operators[] = {
    {"=", Op::equals}, {"<", Op::less}, {"<=", Op::less_equal}, {">", Op::greater},
    {">=", Op::greater_equal},
};

std::string shown_short(const Json& value) {
    auto text = value.dump();
    return text.size() <= 64 ? text : kind_name(value);
}

/// Where a parser of JSON may have let it through: a number made by hand or from YAML.
bool overflows(const std::string& number) {
    if (number.size() < 16 && number.find_first_of("eE") == std::string::npos) return false;
    double nearest = 0;
    auto error = std::from_chars(number.data(), number.data() + number.size(), nearest).ec;
    // An underflow is reported the same way; only a positive power can overflow.
    return error == std::errc::result_out_of_range &&
           json_detail::to_decimal(number).exponent > 0;
}

}  // namespace

bool check_text(std::string_view text, const Place& place, PatternFault& faults) {
    if (text.size() > limits::pattern_text_bytes_max)
        return faults.fail(place, "a text of " + std::to_string(text.size()) + " bytes; at most " +
                                      std::to_string(limits::pattern_text_bytes_max) +
                                      " fit in a pattern");
    return json_is_utf8(text) || faults.fail(place, "a text that is not UTF-8");
}

bool OperandCompiler::check(const Json& value, const Place& place) {
    if (value.is_string()) return check_text(value.as_string(), place, faults_);
    if (!value.is_number()) return true;
    if (value.number_text().size() > limits::pattern_number_bytes_max)
        return faults_.fail(place, "a number of " + std::to_string(value.number_text().size()) +
                                       " digits; at most " +
                                       std::to_string(limits::pattern_number_bytes_max) +
                                       " fit in a pattern");
    return !overflows(value.number_text()) ||
           faults_.fail(place, "the number " + shown_short(value) + " overflows a double");
}

bool OperandCompiler::wants(const Place& place, std::string_view name, std::string_view expected,
                            const Json& found) {
    return faults_.fail(place, std::string(name) + " needs " + std::string(expected) + ", found " +
                                   kind_name(found));
}

bool OperandCompiler::numeric(const Json& operand, const Place& place, LeafTest& test) {
    if (!operand.is_array() || operand.empty() || operand.size() % 2 != 0 ||
        operand.size() > 4)
        return faults_.fail(place, "numeric needs [operator, number], or a lower bound then an "
                                   "upper bound such as [\">\", 0, \"<=\", 5], found " +
                                       shown_short(operand));
    test.op = Op::all_of;
    test.parts.reserve(operand.size() / 2);
    for (std::size_t i = 0; i < operand.size(); i += 2)
        if (!numeric_bound(operand, i, place, test.parts.emplace_back())) return false;
    return operand.size() == 2 || numeric_range(test, place);
}

bool OperandCompiler::numeric_bound(const Json& operand, std::size_t i, const Place& place,
                                    LeafTest& bound) {
    auto found = find_operator(numeric_operators, operand[i].as_string());
    if (!found || !operand[i].is_string())
        return faults_.fail(Place(place, i), "expected one of = < <= > >=, found " +
                                                 shown_short(operand[i]));
    if (!operand[i + 1].is_number())
        return faults_.fail(Place(place, i + 1), "expected a number, found " +
                                                     kind_name(operand[i + 1]));
    bound.op = found->op;
    bound.literal = operand[i + 1];
    return check(bound.literal, Place(place, i + 1));
}

bool OperandCompiler::numeric_range(const LeafTest& test, const Place& place) {
    const auto &lower = test.parts[0], &upper = test.parts[1];
    bool ordered = (lower.op == Op::greater || lower.op == Op::greater_equal) &&
                   (upper.op == Op::less || upper.op == Op::less_equal);
    if (!ordered)
        return faults_.fail(place, "a numeric range is a lower bound (> or >=), then an upper "
                                   "bound (< or <=)");
    if (json_compare_numbers(lower.literal.number_text(), upper.literal.number_text()) < 0)
        return true;
    return faults_.fail(place, "an empty numeric range: the lower bound " +
                                   shown_short(lower.literal) +
                                   " is not below the upper bound " +
                                   shown_short(upper.literal));
}

bool OperandCompiler::wildcard(const std::string& pattern, const Place& place, LeafTest& test) {
    for (std::size_t at = 0; at < pattern.size(); ++at) {
        if (pattern[at] == '\\') {
            char next = at + 1 < pattern.size() ? pattern[at + 1] : '\0';
            if (next != '*' && next != '\\')
                return faults_.fail(place, "in a wildcard a backslash may only stand before * "
                                          "or another backslash, found " + quoted(pattern));
            ++at;
        } else if (pattern[at] == '*' && at + 1 < pattern.size() && pattern[at + 1] == '*') {
            return faults_.fail(place, "two * in a row in a wildcard, found " + quoted(pattern) +
                                          "; one is enough");
        }
    }
    test.wildcard = Wildcard(pattern, true);
    return true;
}

bool OperandCompiler::cidr(const Json& operand, const Place& place, LeafTest& test) {
    if (!operand.is_string())
        return wants(place, "cidr", "one text such as \"10.0.0.0/8\"", operand);
    auto block = address_block_of_text(operand.as_string());
    if (!block)
        return wants(place, "cidr",
                     "an address and its leading bits, such as \"10.0.0.0/8\" or "
                     "\"2001:db8::/32\"", operand);
    test.op = Op::cidr;
    test.text = operand.as_string();
    test.block = *block;
    return true;
}

bool OperandCompiler::age(std::string_view name, const Json& operand, const Place& place,
                          LeafTest& test) {
    auto duration = duration_of_text(operand.as_string());
    if (!duration)
        return wants(place, name, "a whole number with ms, s, m, h or d, such as \"30s\" or "
                                  "\"3d\", up to 100 years", operand);
    test.op = name == "older-than" ? Op::older_than : Op::newer_than;
    test.text = operand.as_string();
    test.duration_ms = *duration;
    return true;
}

}  // namespace syncline::rules
