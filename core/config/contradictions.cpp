// A pattern is taken apart into tests of paths; two tests of one path contradict each other when no
// pair of their alternatives can hold for one value. Whether a literal satisfies a test is asked of
// the compiled pattern, so that this file cannot disagree with the matcher.
#include "core/config/contradictions.hpp"

#include <algorithm>
#include <optional>
#include <variant>

#include "core/base/text.hpp"
#include "core/config/schema_check.hpp"

namespace syncline::config {
namespace {

/// Pairs of alternatives looked at for one pair of tests: a list of 64 with another of 64.
constexpr std::size_t pairs_max = 4096;

/// One operator with its operand, or a literal value under "$eq".
struct Atom {
    std::string op;
    Json operand;
};
using Atoms = std::vector<Atom>;

/// What is asked of the value at a path: any of the alternatives, of each all atoms.
struct Test {
    std::string path;
    Json written;
    std::vector<Atoms> alternatives;
    bool negated = false;
    const Node* node = nullptr;     // nullptr: implied
    std::string said_by;
};
using Tests = std::vector<Test>;

Atoms atoms_of(const Json& item) {
    Atoms atoms;
    if (!item.is_object()) return {Atom{"$eq", item}};
    for (const auto& member : item.members()) atoms.push_back(Atom{member.name, member.value});
    return atoms;
}

std::vector<Atoms> alternatives_of(const Json& written) {
    std::vector<Atoms> made;
    if (!written.is_array()) return {atoms_of(written)};
    for (const auto& item : written.items()) made.push_back(atoms_of(item));
    return made;
}

// --- Can all atoms hold for one value? ------------------------------------------------------------

/// The only values that can satisfy the atom, when they can be listed.
std::optional<std::vector<Json>> candidates_of(const Atom& atom) {
    if (atom.op == "$eq" || atom.op == "exactly") return std::vector<Json>{atom.operand};
    if (atom.op == "$in" && atom.operand.is_array()) return atom.operand.items();
    bool equal = atom.op == "numeric" && atom.operand.size() == 2 &&
                 atom.operand[0].as_string() == "=";
    if (equal) return std::vector<Json>{atom.operand[1]};
    return std::nullopt;
}

bool is_age(const Atom& atom) { return atom.op == "older-than" || atom.op == "newer-than"; }

/// Whether a value satisfies an atom; yes when that depends on the time.
bool satisfies(const Json& value, const Atom& atom) {
    if (is_age(atom) || value.is_container()) return true;
    Json test = Json::object();
    test.set(atom.op, atom.operand);
    Json list = Json::array();
    list.push_back(std::move(test));
    Json pattern = Json::object();
    pattern.set("value", std::move(list));
    auto compiled = rules::Pattern::compile(pattern);
    auto* made = std::get_if<rules::Pattern>(&compiled);
    Json event = Json::object();
    event.set("value", value);
    return !made || made->matches(event, 0);
}

/// An end of a range of numbers or of texts.
struct Bound {
    Json at;
    bool inclusive = false;
};
struct Range {
    std::optional<Bound> low, high;
};

bool add_comparison(const std::string& sign, const Json& operand, Range& range) {
    bool low = sign == ">" || sign == ">=" || sign == "$gt" || sign == "$gte";
    bool high = sign == "<" || sign == "<=" || sign == "$lt" || sign == "$lte";
    bool inclusive = sign.ends_with("=") || sign.ends_with("te");
    if (low) range.low = Bound{operand, inclusive};
    if (high) range.high = Bound{operand, inclusive};
    return low || high;
}

std::optional<Range> range_of(const Atom& atom) {
    Range range;
    if (add_comparison(atom.op, atom.operand, range)) return range;
    if (atom.op != "numeric") return std::nullopt;
    bool known = atom.operand.size() >= 2;
    for (std::size_t i = 0; i + 1 < atom.operand.size(); i += 2)
        known &= add_comparison(atom.operand[i].as_string(), atom.operand[i + 1], range);
    return known ? std::optional(range) : std::nullopt;
}

bool is_above(const Bound& low, const Bound& high) {
    if (low.at.is_number() != high.at.is_number()) return true;   // numbers never meet texts
    int order = low.at.is_number() ? json_compare_numbers(low.at.number_text(),
                                                          high.at.number_text())
                                   : low.at.as_string().compare(high.at.as_string());
    return order > 0 || (order == 0 && !(low.inclusive && high.inclusive));
}

bool apart(const Range& left, const Range& right) {
    return (left.low && right.high && is_above(*left.low, *right.high)) ||
           (right.low && left.high && is_above(*right.low, *left.high));
}

bool wants_number(const Atom& atom) {
    auto range = range_of(atom);
    if (!range) return false;
    return (range->low ? *range->low : *range->high).at.is_number();
}

bool wants_text(const Atom& atom) {
    static constexpr std::string_view names[] = {
        "prefix", "suffix", "wildcard", "equals-ignore-case", "cidr", "$contains", "$starts_with",
        "$ends_with"};
    auto range = range_of(atom);
    return std::find(std::begin(names), std::end(names), atom.op) != std::end(names) ||
           (range && !wants_number(atom));
}

const std::string* beginning_of(const Atom& atom) {
    bool plain = (atom.op == "prefix" || atom.op == "$starts_with") && atom.operand.is_string();
    return plain ? &atom.operand.as_string() : nullptr;
}

const std::string* ending_of(const Atom& atom) {
    bool plain = (atom.op == "suffix" || atom.op == "$ends_with") && atom.operand.is_string();
    return plain ? &atom.operand.as_string() : nullptr;
}

bool ages_apart(const Atom& left, const Atom& right) {
    if (!is_age(left) || !is_age(right) || left.op == right.op) return false;
    const Atom& older = left.op == "older-than" ? left : right;
    const Atom& newer = left.op == "older-than" ? right : left;
    auto least = parse_duration_ms(older.operand.as_string());
    auto most = parse_duration_ms(newer.operand.as_string());
    return least && most && *least >= *most;
}

bool is_absence(const Atom& atom) { return atom.op == "exists" && !atom.operand.as_bool(true); }

bool pair_apart(const Atom& left, const Atom& right) {
    if (is_absence(left) != is_absence(right)) return true;
    if ((wants_number(left) && wants_text(right)) || (wants_text(left) && wants_number(right)))
        return true;
    auto one = range_of(left), other = range_of(right);
    if (one && other && apart(*one, *other)) return true;
    const auto *begin = beginning_of(left), *begin_too = beginning_of(right);
    if (begin && begin_too && !begin->starts_with(*begin_too) && !begin_too->starts_with(*begin))
        return true;
    const auto *end = ending_of(left), *end_too = ending_of(right);
    if (end && end_too && !end->ends_with(*end_too) && !end_too->ends_with(*end)) return true;
    return ages_apart(left, right);
}

bool impossible(const Atoms& atoms) {
    for (const auto& atom : atoms) {
        auto candidates = candidates_of(atom);
        if (!candidates) continue;
        return std::none_of(candidates->begin(), candidates->end(), [&](const Json& value) {
            return std::all_of(atoms.begin(), atoms.end(),
                               [&](const Atom& other) { return satisfies(value, other); });
        });
    }
    for (std::size_t i = 0; i < atoms.size(); ++i)
        for (std::size_t j = i + 1; j < atoms.size(); ++j)
            if (pair_apart(atoms[i], atoms[j])) return true;
    return false;
}

bool never_holds(const Test& test) {
    return !test.negated && std::all_of(test.alternatives.begin(), test.alternatives.end(),
                                        [](const Atoms& atoms) { return impossible(atoms); });
}

/// No value satisfies both.
bool never_hold_together(const Test& left, const Test& right) {
    if (left.alternatives.size() * right.alternatives.size() > pairs_max) return false;
    for (const auto& one : left.alternatives)
        for (const auto& other : right.alternatives) {
            Atoms both = one;
            both.insert(both.end(), other.begin(), other.end());
            if (!impossible(both)) return false;
        }
    return true;
}

/// What satisfies `positive` always satisfies what `negative` excludes.
bool is_excluded(const Test& positive, const Test& negative) {
    if (positive.written == negative.written) return true;
    return std::all_of(positive.alternatives.begin(), positive.alternatives.end(),
                       [&](const Atoms& atoms) {
        auto values = atoms.size() == 1 ? candidates_of(atoms.front()) : std::nullopt;
        if (!values) return false;
        return std::all_of(values->begin(), values->end(), [&](const Json& value) {
            return std::any_of(negative.alternatives.begin(), negative.alternatives.end(),
                               [&](const Atoms& other) {
                return other.size() == 1 && !is_age(other.front()) &&
                       satisfies(value, other.front());
            });
        });
    });
}

// --- Taking patterns apart ------------------------------------------------------------------------

class Finder {
public:
    Finder(const PatternParts& parts, Reader& reader) : parts_(parts), reader_(reader) {}

    std::vector<Contradiction> run() {
        Tests tests;
        for (const auto& implied : parts_.implied) {
            Test test;
            test.path = implied.path;
            test.written = implied.test;
            test.alternatives = alternatives_of(implied.test);
            test.said_by = implied.said_by;
            tests.push_back(std::move(test));
        }
        for (const Node* pattern : parts_.patterns)
            if (!group(*pattern, std::string(), tests)) break;
        return std::move(found_);
    }

private:
    /// Adds the tests of a group to `tests`; false when a contradiction was found.
    bool group(const Node& object, const std::string& prefix, Tests& tests) {
        std::vector<const Node*> choices;
        for (const auto& member : object.children) {
            if (member.key == "$or") choices.push_back(&member);
            else if (!this->member(member, prefix, tests)) return false;
        }
        return std::all_of(choices.begin(), choices.end(), [&](const Node* choice) {
            return alternatives(*choice, prefix, tests);
        });
    }

    bool member(const Node& node, const std::string& prefix, Tests& tests) {
        if (node.key == "$and")
            return std::all_of(node.children.begin(), node.children.end(),
                               [&](const Node& one) { return group(one, prefix, tests); });
        if (node.key == "$not") return negation(node, prefix, tests);
        std::string path = prefix.empty() ? node.key : prefix + "." + node.key;
        if (node.is_map() && is_group(node)) return group(node, path, tests);
        return add(test_of(node, path), tests);
    }

    Test test_of(const Node& node, std::string path) {
        Test test;
        test.path = std::move(path);
        test.written = read_plain(node, reader_);
        test.alternatives = alternatives_of(test.written);
        test.node = &node;
        return test;
    }

    /// A group of one test; more would hold when any of them fails.
    bool negation(const Node& node, const std::string& prefix, Tests& tests) {
        if (!node.is_map() || node.children.size() != 1) return true;
        const Node& only = node.children.front();
        if (only.key.starts_with('$') || (only.is_map() && is_group(only))) return true;
        Test test = test_of(only, prefix.empty() ? only.key : prefix + "." + only.key);
        test.negated = true;
        return add(std::move(test), tests);
    }

    /// Each alternative must hold together with the rest; false when none does.
    bool alternatives(const Node& list, const std::string& prefix, const Tests& tests) {
        std::size_t possible = 0;
        for (const auto& branch : list.children) {
            Tests here = tests;
            in_alternative_ = true;
            possible += branch.is_map() && group(branch, prefix, here);
            in_alternative_ = false;
        }
        return possible > 0 || list.children.empty();
    }

    /// The same question as the compiler's: is this an object of names, or of operators?
    bool is_group(const Node& node) {
        Json pattern = Json::object();
        pattern.set("value", read_plain(node, reader_));
        auto compiled = rules::Pattern::compile(pattern);
        auto* made = std::get_if<rules::Pattern>(&compiled);
        return made && made->paths() != std::vector<std::string>{"value"};
    }

    bool add(Test test, Tests& tests) {
        if (never_holds(test)) return say(test, nullptr);
        for (const auto& other : tests)
            if (other.path == test.path && contradict(test, other)) return say(test, &other);
        tests.push_back(std::move(test));
        return true;
    }

    bool contradict(const Test& left, const Test& right) const {
        if (left.negated && right.negated) return false;
        if (left.negated || right.negated)
            return is_excluded(left.negated ? right : left, left.negated ? left : right);
        return !parts_.may_be_list(left.path) && never_hold_together(left, right);
    }

    bool say(const Test& test, const Test* other) {
        Contradiction made;
        made.node = test.node;
        made.message = in_alternative_ ? "this alternative can never hold: "
                                       : "this rule can never match: ";
        made.message += quoted(test.path) + " is asked to be " + shown(test);
        if (!other) {
            made.message += ", which no value is";
        } else {
            made.message += " and also " + shown(*other);
            made.hint = other->said_by.empty()
                            ? "the other test is in line " + std::to_string(other->node->place.line)
                            : "\"" + other->said_by + "\" says so";
        }
        found_.push_back(std::move(made));
        return false;
    }

    static std::string shown(const Test& test) {
        return (test.negated ? "not " : "") + printable(test.written.dump(), 80);
    }

    const PatternParts& parts_;
    Reader& reader_;
    std::vector<Contradiction> found_;
    bool in_alternative_ = false;
};

}  // namespace

std::vector<Contradiction> find_contradictions(const PatternParts& parts, Reader& reader) {
    return Finder(parts, reader).run();
}

}  // namespace syncline::config
