// Operands that have a form of their own: numeric ranges, wildcards, address blocks, durations; and
// what holds for every operand. Private to the room.
//
// Each function fills the test and says false, with a fault noted, when the operand is none.
#pragma once

#include <string_view>

#include "rules/pattern_tree.hpp"

namespace syncline::rules {

struct Operator {
    std::string_view name;
    LeafTest::Op op;
};

template <std::size_t N>
const Operator* find_operator(const Operator (&table)[N], std::string_view name) {
    for (const auto& entry : table)
        if (name == entry.name) return &entry;
    return nullptr;
}

class OperandCompiler {
public:
    explicit OperandCompiler(PatternFault& faults) : faults_(faults) {}

    /// A text or number is no longer than a pattern may hold, is UTF-8, is within a double's range.
    bool check(const Json& value, const Place& place);
    /// Always false: "NAME needs EXPECTED, found …".
    bool wants(const Place& place, std::string_view name, std::string_view expected,
               const Json& found);

    bool numeric(const Json& operand, const Place& place, LeafTest& test);
    bool wildcard(const std::string& pattern, const Place& place, LeafTest& test);
    bool cidr(const Json& operand, const Place& place, LeafTest& test);
    bool age(std::string_view name, const Json& operand, const Place& place, LeafTest& test);

private:
    bool numeric_bound(const Json& operand, std::size_t i, const Place& place, LeafTest& bound);
    bool numeric_range(const LeafTest& test, const Place& place);

    PatternFault& faults_;
};

}  // namespace syncline::rules
