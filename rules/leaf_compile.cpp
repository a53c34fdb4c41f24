// From the written test of one path to LeafTests: which operators, and what they take. Operands
// with a form of their own are read by leaf_operands.cpp.
//
// Every refusal names the place inside the pattern, what was found and what was expected. Nothing
// is guessed: an operand of the wrong kind is a fault, not a test that never holds. What says the
// same compiles to the same: {$in: [x]}, {$eq: x} and {exactly: x} become the literal x.
#include <algorithm>
#include <array>

#include "rules/leaf_operands.hpp"
#include "rules/pattern_tree.hpp"

namespace syncline::rules {

namespace {

using Op = LeafTest::Op;

// Operators whose operand is one text.
constexpr Operator text_operators[] = {
    {"prefix", Op::prefix}, {"$starts_with", Op::prefix}, {"suffix", Op::suffix},
    {"$ends_with", Op::suffix}, {"$contains", Op::contains}, {"wildcard", Op::wildcard},
    {"equals-ignore-case", Op::equals_folded}, {"exactly", Op::equals},
};
// Operators whose operand is one number or text.
constexpr Operator order_operators[] = {
    {"$lt", Op::less}, {"$lte", Op::less_equal}, {"$gt", Op::greater}, {"$gte", Op::greater_equal},
};

bool is_affix(Op op) { return op == Op::prefix || op == Op::suffix; }

bool is_equals(const LeafTest& test) { return test.op == Op::equals; }

/// "None of none of these values": one of them, which is what literals say.
bool is_membership(const LeafTest& test) {
    if (test.op != Op::none_of || test.parts.size() != 1) return false;
    const auto& inner = test.parts.front();
    return inner.op == Op::none_of &&
           std::all_of(inner.parts.begin(), inner.parts.end(), is_equals);
}

/// Compiles one written test.
class LeafCompiler {
public:
    LeafCompiler(Leaf& leaf, PatternFault& faults)
        : leaf_(leaf), faults_(faults), operand_(faults) {}

    bool run(const Json& value, const Place& place) {
        if (!(value.is_array() ? list(value, place) : candidate(value, place))) return false;
        sort_texts();
        return true;
    }

private:
    static constexpr std::size_t written_max = 8;   // what explain shows of a list

    bool list(const Json& value, const Place& place) {
        if (value.empty())
            return faults_.fail(place, "an empty list matches nothing; write at least one value");
        for (std::size_t i = 0; i < value.size(); ++i)
            if (!candidate(value[i], Place(place, i))) return false;
        return true;
    }

    bool candidate(const Json& value, const Place& place) {
        if (value.is_array())
            return faults_.fail(place, "a list in a list; write the values in one list");
        if (!value.is_object()) return operand_.check(value, place) && literal(value);
        const Json* exists = value.size() == 1 ? value.find("exists") : nullptr;
        if (exists && exists->is_bool() && !exists->as_bool()) return leaf_.absent_holds = true;
        auto& test = leaf_.tests.emplace_back();
        if (!operators(value, place, test)) return false;
        if (!is_equals(test) && !is_membership(test)) return true;
        LeafTest taken = std::move(test);
        leaf_.tests.pop_back();
        if (is_equals(taken)) return literal(taken.literal);
        for (const auto& part : taken.parts.front().parts) literal(part.literal);
        return true;
    }

    bool literal(const Json& value) {
        bool text = value.is_string();
        auto index = text ? leaf_.texts.size() : leaf_.tests.size();
        if (written_count_ < written_max)
            written_[written_count_++] =
                static_cast<std::uint32_t>(index) | (text ? 0 : Leaf::written_test);
        if (text) leaf_.texts.push_back(value.as_string());
        else leaf_.tests.push_back(equals(value));
        return true;
    }

    /// Sorts the texts; notes the order written when it is another one.
    void sort_texts() {
        auto& texts = leaf_.texts;
        auto falls = [](const std::string& a, const std::string& b) { return !(a < b); };
        bool sorted = std::adjacent_find(texts.begin(), texts.end(), falls) == texts.end();
        auto from = written_.begin(), to = from + static_cast<std::ptrdiff_t>(written_count_);
        if (sorted && std::is_sorted(from, to)) return;   // texts first: their indexes are lower
        std::vector<std::string> first;
        for (auto at = from; at != to; ++at)
            first.push_back(*at & Leaf::written_test ? std::string() : texts[*at]);
        std::sort(texts.begin(), texts.end());
        texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
        for (std::size_t i = 0; i < first.size(); ++i) {
            auto place = std::lower_bound(texts.begin(), texts.end(), first[i]) - texts.begin();
            auto at = written_[i] & Leaf::written_test ? written_[i]
                                                       : static_cast<std::uint32_t>(place);
            auto& out = leaf_.written;
            if (std::find(out.begin(), out.end(), at) == out.end()) out.push_back(at);
        }
    }

    static LeafTest equals(Json value) {
        LeafTest test;
        test.op = Op::equals;
        test.literal = std::move(value);
        return test;
    }

    /// One operator object. Several `$` operators in it must all hold on the same value.
    bool operators(const Json& value, const Place& place, LeafTest& test) {
        if (value.empty())
            return faults_.fail(place, "an empty object is no test; expected {operator: operand}");
        if (value.size() == 1) {
            const auto& member = value.members().front();
            return one(member.name, member.value, Place(place, member.name), test);
        }
        for (const auto& member : value.members())
            if (!is_operator(member.name))
                return faults_.fail(Place(place, member.name), unknown_operator(member.name));
        test.op = Op::all_of;
        for (const auto& member : value.members()) {
            if (!member.name.starts_with('$'))
                return faults_.fail(place, "several operators in one object; only those that begin "
                                           "with $ combine, others go into a list (or) or $and");
            if (!one(member.name, member.value, Place(place, member.name),
                     test.parts.emplace_back()))
                return false;
        }
        return true;
    }

    bool one(std::string_view name, const Json& operand, const Place& place, LeafTest& test) {
        if (auto found = find_operator(text_operators, name))
            return text(*found, operand, place, test);
        if (name == "numeric") return operand_.numeric(operand, place, test);
        if (name == "anything-but") return anything_but(operand, place, test);
        if (name == "exists") return exists(operand, place, test);
        if (auto found = find_operator(order_operators, name)) {
            if (!operand.is_number() && !operand.is_string())
                return operand_.wants(place, name, "a number or a text", operand);
            test.op = found->op;
            test.literal = operand;
            return operand_.check(operand, place);
        }
        if (name == "$eq" || name == "$ne") return equality(name, operand, place, test);
        if (name == "$in" || name == "$not_in") return membership(name, operand, place, test);
        if (name == "$not") return negation(operand, place, test);
        if (name == "cidr") return operand_.cidr(operand, place, test);
        if (name == "older-than" || name == "newer-than")
            return operand_.age(name, operand, place, test);
        if (name == "$all")
            return faults_.fail(place, "$all stands alone at a path: {path: {$all: [test, …]}}");
        if (name == "$or" || name == "$and")
            return faults_.fail(place, std::string(name) +
                                           " stands between groups of paths; for one value, a "
                                           "list is \"or\" and several $ operators are \"and\"");
        return faults_.fail(place, unknown_operator(name));
    }

    bool text(const Operator& which, const Json& operand, const Place& place, LeafTest& test) {
        test.op = which.op;
        const Json* inner = operand.size() == 1 ? operand.find("equals-ignore-case") : nullptr;
        if (is_affix(which.op) && inner && inner->is_string()) {
            test.op = which.op == Op::prefix ? Op::prefix_folded : Op::suffix_folded;
            return folded(*inner, Place(place, "equals-ignore-case"), test);
        }
        if (!operand.is_string()) {
            auto expected =
                is_affix(which.op) ? "one text or {equals-ignore-case: text}" : "one text";
            return operand_.wants(place, which.name, expected, operand);
        }
        if (which.op == Op::equals_folded) return folded(operand, place, test);
        if (which.op == Op::equals) test.literal = operand;
        else test.text = operand.as_string();
        return operand_.check(operand, place) &&
               (which.op != Op::wildcard || operand_.wildcard(operand.as_string(), place, test));
    }

    bool folded(const Json& operand, const Place& place, LeafTest& test) {
        test.literal = operand;
        test.text = fold_case(operand.as_string());
        return operand_.check(operand, place);
    }

    bool exists(const Json& operand, const Place& place, LeafTest& test) {
        if (!operand.is_bool()) return operand_.wants(place, "exists", "true or false", operand);
        if (!operand.as_bool())
            return faults_.fail(place, "exists: false cannot stand inside another operator");
        test.op = Op::present;
        return true;
    }

    bool anything_but(const Json& operand, const Place& place, LeafTest& test) {
        test.op = Op::none_of;
        if (operand.is_object()) return anything_but_like(operand, place, test);
        if (operand.is_array()) return literals("anything-but", operand, place, true, test);
        if (!operand.is_string() && !operand.is_number())
            return operand_.wants(place, "anything-but",
                         "a text, a number, a list of one of them, or {prefix: …}", operand);
        test.parts.push_back(equals(operand));
        return operand_.check(operand, place);
    }

    bool anything_but_like(const Json& operand, const Place& place, LeafTest& test) {
        if (operand.size() != 1)
            return faults_.fail(place, "anything-but takes one operator, found " +
                                           std::to_string(operand.size()));
        const auto& member = operand.members().front();
        Place here(place, member.name);
        auto which = find_operator(text_operators, member.name);
        bool known = which && (is_affix(which->op) || which->op == Op::wildcard ||
                               which->op == Op::equals_folded);
        if (!known)
            return faults_.fail(here, is_operator(member.name)
                                          ? "anything-but takes prefix, suffix, wildcard or "
                                            "equals-ignore-case, found " + member.name
                                          : unknown_operator(member.name));
        if (!member.value.is_array()) return unlike(*which, member.value, here, test);
        if (member.value.empty())
            return faults_.fail(here, member.name + " needs at least one text");
        for (std::size_t i = 0; i < member.value.size(); ++i)
            if (!unlike(*which, member.value[i], Place(here, i), test)) return false;
        return true;
    }

    bool unlike(const Operator& which, const Json& item, const Place& place, LeafTest& test) {
        if (!item.is_string()) return operand_.wants(place, which.name, "a text", item);
        if (is_affix(which.op) && item.as_string().empty())
            return faults_.fail(place, "an empty " + std::string(which.name) +
                                           " is in every text");
        return text(which, item, place, test.parts.emplace_back());
    }

    /// A list of scalars, each a part of `test`.
    bool literals(std::string_view name, const Json& operand, const Place& place, bool one_kind,
                  LeafTest& test) {
        if (operand.empty()) return faults_.fail(place, std::string(name) + " of an empty list");
        test.parts.reserve(operand.size());
        for (std::size_t i = 0; i < operand.size(); ++i) {
            Place here(place, i);
            bool simple = operand[i].is_string() || operand[i].is_number();
            if (operand[i].is_container() || (one_kind && !simple))
                return operand_.wants(here, name, one_kind ? "texts or numbers" : "plain values",
                             operand[i]);
            if (one_kind && operand[i].kind() != operand[0].kind())
                return faults_.fail(here, std::string(name) +
                                              " needs a list of texts or a list of numbers, "
                                              "found both");
            if (!operand_.check(operand[i], here)) return false;
            test.parts.push_back(equals(operand[i]));
        }
        return true;
    }

    bool equality(std::string_view name, const Json& operand, const Place& place,
                  LeafTest& test) {
        if (operand.is_container()) return operand_.wants(place, name, "one plain value", operand);
        if (name == "$eq") {
            test = equals(operand);
        } else {
            test.op = Op::none_of;
            test.parts.push_back(equals(operand));
        }
        return operand_.check(operand, place);
    }

    bool membership(std::string_view name, const Json& operand, const Place& place,
                    LeafTest& test) {
        if (!operand.is_array()) return operand_.wants(place, name, "a list", operand);
        test.op = Op::none_of;
        if (name == "$not_in") return literals(name, operand, place, false, test);
        auto& none = test.parts.emplace_back();   // "in" is "not none of"
        none.op = Op::none_of;
        return literals(name, operand, place, false, none);
    }

    /// {$not: test} on a value: a scalar is there and does not pass.
    bool negation(const Json& operand, const Place& place, LeafTest& test) {
        Leaf inner;
        if (!LeafCompiler(inner, faults_).run(operand, place)) return false;
        if (inner.absent_holds)
            return faults_.fail(place, "exists: false inside $not; write exists: true");
        test.op = Op::none_of;
        test.parts = std::move(inner.tests);
        for (auto& text : inner.texts) test.parts.push_back(equals(Json(std::move(text))));
        return true;
    }

    Leaf& leaf_;
    PatternFault& faults_;
    OperandCompiler operand_;
    std::array<std::uint32_t, written_max> written_{};
    std::size_t written_count_ = 0;
};

}  // namespace

bool compile_leaf(const Json& value, const Place& place, Leaf& leaf, PatternFault& faults) {
    return LeafCompiler(leaf, faults).run(value, place);
}

}  // namespace syncline::rules
