// The compiled form of a pattern: a tree of names with tests at its leaves. Private to the room.
//
// A Group holds when one of its alternatives does ($or is multiplied out into them). An alternative
// is a Conjunction: all fields and all conditions hold. A Field is one name below: its own tests
// (Leaf), the names below it (inner), or both. Leaves and conditions are shared between the copies
// that multiplying out makes. Built once by pattern_compile.cpp, never changed afterwards.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rules/address.hpp"
#include "rules/pattern.hpp"
#include "rules/text.hpp"

namespace syncline::rules {

/// One test of one scalar value.
struct LeafTest {
    enum class Op {
        equals, prefix, suffix, contains, prefix_folded, suffix_folded, equals_folded, wildcard,
        less, less_equal, greater, greater_equal,   // numbers with numbers, texts with texts
        present,                                    // any scalar
        cidr,                                       // an address in `block`
        older_than, newer_than,                     // a moment, as against now and `duration_ms`
        all_of, none_of,                            // of `parts`
    };
    Op op = Op::present;
    Json literal;                 // equals and the comparisons
                                  // and the operand of an operator that folds, as written
    std::string text;             // the text operators (folded where the operator folds); cidr and
                                  // the time tests: the operand as written
    Wildcard wildcard;
    AddressBlock block;
    std::int64_t duration_ms = 0;
    std::vector<LeafTest> parts;
};

/// `now_ms` is what the time tests count from.
bool leaf_holds(const LeafTest& test, const Json& value, std::int64_t now_ms);

/// What is asked of the values at one path: any value satisfies any test.
struct Leaf {
    std::vector<std::string> texts;     // literal strings, sorted, each once
    std::vector<LeafTest> tests;
    bool absent_holds = false;          // `exists: false` is among the tests
    /// The literals in the order written, for explain: indexes of texts, or of tests with
    /// `written_test` added. Empty when they stand as texts, then tests.
    std::vector<std::uint32_t> written;
    static constexpr std::uint32_t written_test = 1u << 31;
};

struct Group;

struct Condition {
    bool negated = false;
    std::shared_ptr<const Group> group;
};

struct Field {
    std::string name;                   // never has a dot
    std::shared_ptr<const Leaf> leaf;   // may be null
    std::vector<Group> inner;           // none or one
};

struct Conjunction {
    std::vector<Field> fields;          // in the order written
    std::vector<Condition> conditions;
};

struct Group {
    std::vector<Conjunction> alternatives;
};

struct Pattern::Node {
    Group group;
    std::string text;
    bool strict = false;
};

// --- Compiling tests (leaf_compile.cpp) ----------------------------------------------------------

/// A place in the written pattern: a member or an item of what `outer` is. Lives on the stack, so
/// that naming it costs nothing until something is wrong there.
struct Place {
    static constexpr std::size_t no_index = static_cast<std::size_t>(-1);
    const Place* outer = nullptr;
    std::string_view name;
    std::size_t index = no_index;

    Place() = default;
    Place(const Place& outer_in, std::string_view name_in) : outer(&outer_in), name(name_in) {}
    Place(const Place& outer_in, std::size_t index_in) : outer(&outer_in), index(index_in) {}
    /// "actor.type[0].prefix"
    std::string text() const;
};

/// The first fault.
struct PatternFault {
    std::optional<Fault> fault;
    /// Notes the fault unless one is noted already; always false, for `return fail(…)`.
    bool fail(const Place& place, std::string message);
};

/// The tests that a field's value (a scalar, a list, or one operator object) says.
bool compile_leaf(const Json& value, const Place& place, Leaf& leaf, PatternFault& faults);
/// False, and the fault, when `text` is too long for a pattern or no UTF-8.
bool check_text(std::string_view text, const Place& place, PatternFault& faults);
/// True for every name that cannot be a field in operator position.
bool is_operator(std::string_view name);
/// `unknown operator "x"; did you mean "y"?`
std::string unknown_operator(std::string_view name);
std::string kind_name(const Json& value);

// --- Wording of tests (pattern_words.cpp) --------------------------------------------------------

/// The dotted path of `name` below `prefix`.
std::string path_below(const std::string& prefix, const std::string& name);
/// What the leaf asks for: `is one of "people", "deals", or is absent`.
std::string words_of(const Leaf& leaf);

// --- Walking an event (pattern_match.cpp) --------------------------------------------------------

/// A place in the event. A member "a.b" of an object counts as the path a.b: then `rest` is what of
/// the name is still to be walked before `value` is reached.
struct View {
    const Json* value = nullptr;
    std::string_view rest;
};
using Views = std::vector<View>;

/// No; yes; or only because nothing is there that could say otherwise (exists: false, $not).
/// An element of an array is picked by what it has, not by what it lacks: so a vacuous test must
/// hold for every element, unless another test on the same element holds by a value.
enum class Verdict { no, vacuous, yes };

Verdict match_group(const Group& group, const Views& views, std::int64_t now_ms);
Verdict match_conjunction(const Conjunction& conjunction, const Views& views, std::int64_t now_ms);
Verdict match_field(const Field& field, const Views& views, std::int64_t now_ms);
/// The places that `name` leads to.
Views step_into(const Views& views, std::string_view name);
/// Splits views into the elements of their arrays, flattened, and the rest. False when no view is
/// an array.
bool split_arrays(const Views& views, Views& elements, Views& others);
/// The scalars at the places, arrays flattened.
void collect_scalars(const Views& views, std::vector<const Json*>& out);

}  // namespace syncline::rules
