// Conditions: comparisons joined by and, or. See template_value.hpp.
//
// As in Liquid, a condition is read from its left, and the rest of it counts as one: `a and b or c`
// is `a and (b or c)`, `a or b and c` is `a or (b and c)`. What cannot change the answer is not
// looked at.
#include <algorithm>

#include "rules/filters.hpp"
#include "rules/template_value.hpp"

namespace syncline::rules::templating {

namespace {

bool is_special(const Expression& expression) {
    return expression.kind == Expression::Kind::empty || expression.kind == Expression::Kind::blank;
}

bool is_empty(const Json& value) {
    if (value.is_string()) return value.as_string().empty();
    return value.is_container() && value.empty();
}

bool is_blank(const Json& value) {
    if (!is_truthy(value)) return true;
    if (value.is_string())
        return value.as_string().find_first_not_of(" \t\r\n\f\v") == std::string::npos;
    return is_empty(value);
}

}  // namespace

bool Evaluator::holds(const Condition& condition, bool& out) {
    for (const auto& comparison : condition) {
        if (!compare(comparison, out)) return false;
        if (out != comparison.and_next) return true;   // true or …, false and …
    }
    return true;
}

bool Evaluator::equal(const Expression& left, const Expression& right, bool& out) {
    if (is_special(left) && is_special(right)) return out = false, true;   // tests, not values
    Value a, b;
    if (!evaluate(left, true, a) || !evaluate(right, true, b)) return false;
    if (is_special(left) || is_special(right)) {
        const Json& value = is_special(left) ? b.json() : a.json();
        bool blank = (is_special(left) ? left : right).kind == Expression::Kind::blank;
        out = blank ? is_blank(value) : is_empty(value);
        return true;
    }
    if (!charge(left.offset, work_of(a.json(), true) + work_of(b.json(), true))) return false;
    out = a.json() == b.json();
    return true;
}

bool Evaluator::compare(const Comparison& comparison, bool& out) {
    using Op = Comparison::Op;
    Value left;
    switch (comparison.op) {
        case Op::truthy:
            if (!evaluate(comparison.left, true, left)) return false;
            out = is_truthy(left.json());
            return true;
        case Op::equal: return equal(comparison.left, comparison.right, out);
        case Op::not_equal:
            if (!equal(comparison.left, comparison.right, out)) return false;
            out = !out;
            return true;
        case Op::contains: return contains(comparison, out);
        default: return order(comparison, out);
    }
}

bool Evaluator::order(const Comparison& comparison, bool& out) {
    using Op = Comparison::Op;
    out = false;
    if (is_special(comparison.left) || is_special(comparison.right)) return true;
    Value left, right;
    if (!evaluate(comparison.left, true, left) || !evaluate(comparison.right, true, right))
        return false;
    const Json &a = left.json(), &b = right.json();
    auto ordered = [](const Json& value) { return value.is_number() || value.is_string(); };
    if (!ordered(a) || !ordered(b)) return true;   // nil is neither less nor greater, nor is a list
    if (a.kind() != b.kind())
        return fail(comparison.left.offset, "cannot compare " + value_words(a) + " with " +
                                                value_words(b));
    int sign = a.is_number() ? json_compare_numbers(a.number_text(), b.number_text())
                             : a.as_string().compare(b.as_string());
    out = comparison.op == Op::less            ? sign < 0
          : comparison.op == Op::less_equal    ? sign <= 0
          : comparison.op == Op::greater       ? sign > 0
                                               : sign >= 0;
    return charge(comparison.left.offset, work_of(a) + work_of(b));
}

bool Evaluator::contains(const Comparison& comparison, bool& out) {
    Value left, right;
    if (!evaluate(comparison.left, true, left) || !evaluate(comparison.right, true, right))
        return false;
    const Json &whole = left.json(), &part = right.json();
    if (!charge(comparison.left.offset, work_of(whole, true) + work_of(part, true))) return false;
    out = false;
    if (!is_truthy(part) || is_special(comparison.left)) return true;
    if (whole.is_array()) {
        const auto& items = whole.items();
        out = std::find(items.begin(), items.end(), part) != items.end();
    } else if (whole.is_object()) {
        out = part.is_string() && whole.find(part.as_string());
    } else if (whole.is_string()) {
        std::string text;
        append_as_text(text, part);
        out = whole.as_string().find(text) != std::string::npos;
    }
    return true;
}

}  // namespace syncline::rules::templating
