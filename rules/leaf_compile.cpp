// From the written test of one path to LeafTests: operators, their operands, their wording.
//
// Every refusal names the place inside the pattern, what was found and what was expected. Nothing
// is guessed: an operand of the wrong kind is a fault, not a test that never holds.
#include <algorithm>

#include "rules/moment.hpp"
#include "rules/pattern_tree.hpp"

namespace syncline::rules {

namespace {

using Op = LeafTest::Op;

struct Operator {
    const char* name;
    const char* words;   // how explain says it
    Op op;
};

// Operators whose operand is one text.
constexpr Operator text_operators[] = {
    {"prefix", "begins with ", Op::prefix},
    {"$starts_with", "begins with ", Op::prefix},
    {"suffix", "ends with ", Op::suffix},
    {"$ends_with", "ends with ", Op::suffix},
    {"$contains", "contains ", Op::contains},
    {"equals-ignore-case", "is, in any case, ", Op::equals_folded},
    {"wildcard", "is like ", Op::wildcard},
    {"exactly", "is ", Op::equals},
};
// Operators whose operand is one number or text.
constexpr Operator order_operators[] = {
    {"$lt", "< ", Op::less}, {"$lte", "<= ", Op::less_equal},
    {"$gt", "> ", Op::greater}, {"$gte", ">= ", Op::greater_equal},
};
constexpr Operator numeric_operators[] = {
    {"=", "= ", Op::equals}, {"<", "< ", Op::less}, {"<=", "<= ", Op::less_equal},
    {">", "> ", Op::greater}, {">=", ">= ", Op::greater_equal},
};

template <std::size_t N>
const Operator* find_operator(const Operator (&table)[N], std::string_view name) {
    for (const auto& entry : table)
        if (name == entry.name) return &entry;
    return nullptr;
}

/// Compiles one written test. `words` collects what explain says.
class LeafCompiler {
public:
    LeafCompiler(Leaf& leaf, PatternFault& faults) : leaf_(leaf), faults_(faults) {}

    bool value(const Json& value, const std::string& path) {
        if (value.is_array()) return list(value, path);
        return candidate(value, path, leaf_.expected);
    }

    bool list(const Json& value, const std::string& path) {
        if (value.empty())
            return faults_.fail(path, "an empty list matches nothing; write at least one value");
        std::vector<std::string> literals, others;
        for (std::size_t i = 0; i < value.size(); ++i) {
            std::string words;
            auto here = path + "[" + std::to_string(i) + "]";
            if (!candidate(value[i], here, words)) return false;
            (value[i].is_object() ? others : literals).push_back(words.substr(
                value[i].is_object() ? 0 : std::string_view("is ").size()));
        }
        describe_list(literals, others);
        return true;
    }

private:
    void describe_list(const std::vector<std::string>& literals,
                       const std::vector<std::string>& others) {
        constexpr std::size_t shown_max = 8;
        std::string words;
        for (std::size_t i = 0; i < literals.size() && i < shown_max; ++i)
            words += (i ? ", " : literals.size() > 1 ? "is one of " : "is ") + literals[i];
        if (literals.size() > shown_max)
            words += " or " + std::to_string(literals.size() - shown_max) + " more";
        for (std::size_t i = 0; i < others.size() && i < shown_max; ++i)
            words += (words.empty() ? "" : ", or ") + others[i];
        leaf_.expected = words;
    }

    bool candidate(const Json& value, const std::string& path, std::string& words) {
        if (value.is_array())
            return faults_.fail(path, "a list in a list; write the values in one list");
        if (value.is_object()) {
            const Json* exists = value.size() == 1 ? value.find("exists") : nullptr;
            if (exists && exists->is_bool() && !exists->as_bool()) {
                leaf_.absent_holds = true;
                words = "is absent";
                return true;
            }
            LeafTest test;
            if (!operators(value, path, test, words)) return false;
            leaf_.tests.push_back(std::move(test));
            return true;
        }
        words = "is " + shown(value);
        if (value.is_string()) leaf_.texts.push_back(value.as_string());
        else leaf_.tests.push_back(equals(value));
        return true;
    }

    static std::string shown(const Json& value) {
        return value.is_string() ? quoted(value.as_string()) : value.dump();
    }

    static LeafTest equals(const Json& value) {
        LeafTest test;
        test.op = Op::equals;
        test.literal = value;
        return test;
    }

    /// One operator object. Several `$` operators in it must all hold on the same value.
    bool operators(const Json& value, const std::string& path, LeafTest& test,
                   std::string& words) {
        if (value.empty())
            return faults_.fail(path, "an empty object is no test; expected {operator: operand}");
        if (value.size() == 1) {
            const auto& member = value.members().front();
            return one(member.name, member.value, path + "." + member.name, test, words);
        }
        test.op = Op::all_of;
        for (const auto& member : value.members())
            if (!is_operator(member.name))
                return faults_.fail(path + "." + member.name, unknown_operator(member.name));
        for (const auto& member : value.members()) {
            auto here = path + "." + member.name;
            if (!member.name.starts_with('$'))
                return faults_.fail(path, "several operators in one object; only those that begin "
                                          "with $ combine, others go into a list (or) or $and");
            std::string part_words;
            if (!one(member.name, member.value, here, test.parts.emplace_back(), part_words))
                return false;
            words += (words.empty() ? "" : " and ") + part_words;
        }
        return true;
    }

    bool one(const std::string& name, const Json& operand, const std::string& path, LeafTest& test,
             std::string& words) {
        if (auto found = find_operator(text_operators, name))
            return text(*found, operand, path, test, words);
        if (auto found = find_operator(order_operators, name)) {
            if (!operand.is_number() && !operand.is_string())
                return wants(path, name, "a number or a text", operand);
            test.op = found->op;
            test.literal = operand;
            words = std::string("is ") + found->words + shown(operand);
            return true;
        }
        if (name == "exists") return exists(operand, path, test, words);
        if (name == "numeric") return numeric(operand, path, test, words);
        if (name == "anything-but") return anything_but(operand, path, test, words);
        if (name == "$eq" || name == "$ne") return equality(name, operand, path, test, words);
        if (name == "$in" || name == "$not_in") return membership(name, operand, path, test, words);
        if (name == "$not") return negation(operand, path, test, words);
        if (name == "cidr") return cidr(operand, path, test, words);
        if (name == "older-than" || name == "newer-than")
            return age(name, operand, path, test, words);
        if (name == "$or" || name == "$and")
            return faults_.fail(path, name + " stands between groups of paths; for one value, a "
                                             "list is \"or\" and several $ operators are \"and\"");
        return faults_.fail(path, unknown_operator(name));
    }

    bool wants(const std::string& path, std::string_view name, std::string_view expected,
               const Json& found) {
        return faults_.fail(path, std::string(name) + " needs " + std::string(expected) +
                                      ", found " + kind_name(found));
    }

    bool text(const Operator& which, const Json& operand, const std::string& path, LeafTest& test,
              std::string& words) {
        test.op = which.op;
        const Json* inner = operand.size() == 1 ? operand.find("equals-ignore-case") : nullptr;
        bool affix = which.op == Op::prefix || which.op == Op::suffix;
        if (affix && inner && inner->is_string()) {
            test.op = which.op == Op::prefix ? Op::prefix_folded : Op::suffix_folded;
            test.text = fold_case(inner->as_string());
            words = std::string(which.words) + "(in any case) " + quoted(inner->as_string());
            return true;
        }
        if (!operand.is_string()) {
            auto expected = affix ? "one text or {equals-ignore-case: text}" : "one text";
            return wants(path, which.name, expected, operand);
        }
        words = which.words + quoted(operand.as_string());
        if (which.op == Op::equals) test.literal = operand;
        test.text = which.op == Op::equals_folded ? fold_case(operand.as_string())
                                                  : operand.as_string();
        return which.op != Op::wildcard || wildcard(operand.as_string(), path, test);
    }

    bool wildcard(const std::string& pattern, const std::string& path, LeafTest& test) {
        for (std::size_t at = 0; at < pattern.size(); ++at) {
            if (pattern[at] == '\\') {
                char next = at + 1 < pattern.size() ? pattern[at + 1] : '\0';
                if (next != '*' && next != '\\')
                    return faults_.fail(path, "in a wildcard a backslash may only stand before * "
                                              "or another backslash, found " + quoted(pattern));
                ++at;
            } else if (pattern[at] == '*' && at + 1 < pattern.size() && pattern[at + 1] == '*') {
                return faults_.fail(path, "two * in a row in a wildcard, found " + quoted(pattern) +
                                              "; one is enough");
            }
        }
        test.wildcard = Wildcard(pattern, true);
        return true;
    }

    bool exists(const Json& operand, const std::string& path, LeafTest& test, std::string& words) {
        if (!operand.is_bool()) return wants(path, "exists", "true or false", operand);
        if (!operand.as_bool())
            return faults_.fail(path, "exists: false cannot stand inside another operator");
        test.op = Op::present;
        words = "is present";
        return true;
    }

    bool numeric(const Json& operand, const std::string& path, LeafTest& test,
                 std::string& words) {
        if (!operand.is_array() || operand.empty() || operand.size() % 2 != 0 ||
            operand.size() > 4)
            return faults_.fail(path, "numeric needs [operator, number], or a lower bound then an "
                                      "upper bound such as [\">\", 0, \"<=\", 5], found " +
                                          shown_short(operand));
        test.op = Op::all_of;
        for (std::size_t i = 0; i < operand.size(); i += 2)
            if (!numeric_bound(operand, i, path, test, words)) return false;
        return operand.size() == 2 || numeric_range(test, path);
    }

    bool numeric_bound(const Json& operand, std::size_t i, const std::string& path, LeafTest& test,
                       std::string& words) {
        auto found = find_operator(numeric_operators, operand[i].as_string());
        auto place = [&](std::size_t at) { return path + "[" + std::to_string(at) + "]"; };
        if (!found || !operand[i].is_string())
            return faults_.fail(place(i), "expected one of = < <= > >=, found " +
                                              shown_short(operand[i]));
        if (!operand[i + 1].is_number())
            return faults_.fail(place(i + 1), "expected a number, found " +
                                                  kind_name(operand[i + 1]));
        LeafTest bound = equals(operand[i + 1]);
        bound.op = found->op;
        test.parts.push_back(std::move(bound));
        words += (words.empty() ? "is a number " : " and ") + std::string(found->words) +
                 operand[i + 1].number_text();
        return true;
    }

    bool numeric_range(const LeafTest& test, const std::string& path) {
        auto lower = test.parts[0].op, upper = test.parts[1].op;
        bool ordered = (lower == Op::greater || lower == Op::greater_equal) &&
                       (upper == Op::less || upper == Op::less_equal);
        if (!ordered)
            return faults_.fail(path, "a numeric range is a lower bound (> or >=), then an upper "
                                      "bound (< or <=)");
        if (json_compare_numbers(test.parts[0].literal.number_text(),
                                 test.parts[1].literal.number_text()) < 0)
            return true;
        return faults_.fail(path, "an empty numeric range: the lower bound " +
                                      test.parts[0].literal.number_text() +
                                      " is not below the upper bound " +
                                      test.parts[1].literal.number_text());
    }

    bool anything_but(const Json& operand, const std::string& path, LeafTest& test,
                      std::string& words) {
        test.op = Op::none_of;
        if (operand.is_object()) return anything_but_like(operand, path, test, words);
        if (!operand.is_array()) {
            if (!operand.is_string() && !operand.is_number())
                return wants(path, "anything-but",
                             "a text, a number, a list of one of them, or {prefix: …}", operand);
            test.parts.push_back(equals(operand));
            words = "is anything but " + shown(operand);
            return true;
        }
        return literals("anything-but", operand, path, true, "is anything but ", test, words);
    }

    bool anything_but_like(const Json& operand, const std::string& path, LeafTest& test,
                           std::string& words) {
        if (operand.size() != 1)
            return faults_.fail(path, "anything-but takes one operator, found " +
                                          std::to_string(operand.size()));
        const auto& member = operand.members().front();
        auto here = path + "." + member.name;
        auto which = find_operator(text_operators, member.name);
        bool known = which && (which->op == Op::prefix || which->op == Op::suffix ||
                               which->op == Op::wildcard || which->op == Op::equals_folded);
        if (!known)
            return faults_.fail(here, is_operator(member.name)
                                          ? "anything-but takes prefix, suffix, wildcard or "
                                            "equals-ignore-case, found " + member.name
                                          : unknown_operator(member.name));
        Json one_item = Json::array();
        one_item.push_back(member.value);
        const Json& items = member.value.is_array() ? member.value : one_item;
        if (items.empty()) return faults_.fail(here, member.name + " needs at least one text");
        for (std::size_t i = 0; i < items.size(); ++i) {
            auto place = member.value.is_array() ? here + "[" + std::to_string(i) + "]" : here;
            bool affix = which->op == Op::prefix || which->op == Op::suffix;
            if (!items[i].is_string()) return wants(place, member.name, "a text", items[i]);
            if (affix && items[i].as_string().empty())
                return faults_.fail(place, "an empty " + member.name + " is in every text");
            std::string part;
            if (!text(*which, items[i], place, test.parts.emplace_back(), part)) return false;
            words += (words.empty() ? "is nothing that " : " or ") + part;
        }
        return true;
    }

    /// A list of scalars, each a part of `test`.
    bool literals(std::string_view name, const Json& operand, const std::string& path,
                  bool one_kind, std::string_view lead, LeafTest& test, std::string& words) {
        if (operand.empty()) return faults_.fail(path, std::string(name) + " of an empty list");
        for (std::size_t i = 0; i < operand.size(); ++i) {
            auto place = path + "[" + std::to_string(i) + "]";
            bool simple = operand[i].is_string() || operand[i].is_number();
            if (operand[i].is_container() || (one_kind && !simple))
                return wants(place, name, one_kind ? "texts or numbers" : "plain values",
                             operand[i]);
            if (one_kind && operand[i].kind() != operand[0].kind())
                return faults_.fail(place, std::string(name) +
                                               " needs a list of texts or a list of numbers, "
                                               "found both");
            test.parts.push_back(equals(operand[i]));
            words += (i ? ", " : std::string(lead)) + shown(operand[i]);
        }
        return true;
    }

    bool equality(const std::string& name, const Json& operand, const std::string& path,
                  LeafTest& test, std::string& words) {
        if (operand.is_container())
            return wants(path, name, "one plain value", operand);
        test = equals(operand);
        words = (name == "$eq" ? "is " : "is anything but ") + shown(operand);
        if (name == "$eq") return true;
        LeafTest negated;
        negated.op = Op::none_of;
        negated.parts.push_back(std::move(test));
        test = std::move(negated);
        return true;
    }

    bool membership(const std::string& name, const Json& operand, const std::string& path,
                    LeafTest& test, std::string& words) {
        if (!operand.is_array()) return wants(path, name, "a list", operand);
        LeafTest any;
        any.op = Op::none_of;
        bool in = name == "$in";
        if (!literals(name, operand, path, false, in ? "is one of " : "is none of ", any, words))
            return false;
        if (!in) return test = std::move(any), true;
        test.op = Op::none_of;   // "in" is "not none of"
        test.parts.push_back(std::move(any));
        return true;
    }

    bool cidr(const Json& operand, const std::string& path, LeafTest& test, std::string& words) {
        if (!operand.is_string())
            return wants(path, "cidr", "one text such as \"10.0.0.0/8\"", operand);
        auto block = address_block_of_text(operand.as_string());
        if (!block)
            return wants(path, "cidr",
                         "an address and its leading bits, such as \"10.0.0.0/8\" or "
                         "\"2001:db8::/32\"", operand);
        test.op = Op::cidr;
        test.text = operand.as_string();
        test.block = *block;
        words = "is an address in " + test.text;
        return true;
    }

    bool age(const std::string& name, const Json& operand, const std::string& path,
             LeafTest& test, std::string& words) {
        auto duration = duration_of_text(operand.as_string());
        if (!duration)
            return wants(path, name, "a whole number with ms, s, m, h or d, such as \"30s\" or "
                                     "\"3d\", up to 100 years", operand);
        test.op = name == "older-than" ? Op::older_than : Op::newer_than;
        test.text = operand.as_string();
        test.duration_ms = *duration;
        words = (test.op == Op::older_than ? "is a time more than " : "is a time less than ") +
                test.text + " ago";
        return true;
    }

    /// {$not: test} on a value: a scalar is there and does not pass.
    bool negation(const Json& operand, const std::string& path, LeafTest& test,
                  std::string& words) {
        Leaf inner;
        if (!LeafCompiler(inner, faults_).value(operand, path)) return false;
        if (inner.absent_holds)
            return faults_.fail(path, "exists: false inside $not; write exists: true");
        test.op = Op::none_of;
        test.parts = std::move(inner.tests);
        for (auto& text : inner.texts) test.parts.push_back(equals(Json(std::move(text))));
        words = "is nothing that " + inner.expected;
        return true;
    }

    static std::string shown_short(const Json& value) {
        auto text = value.dump();
        return text.size() <= 64 ? text : kind_name(value);
    }

    Leaf& leaf_;
    PatternFault& faults_;
};

}  // namespace

bool compile_leaf(const Json& value, const std::string& path, Leaf& leaf, PatternFault& faults) {
    if (!LeafCompiler(leaf, faults).value(value, path)) return false;
    std::sort(leaf.texts.begin(), leaf.texts.end());
    leaf.texts.erase(std::unique(leaf.texts.begin(), leaf.texts.end()), leaf.texts.end());
    return true;
}

}  // namespace syncline::rules
