// Tests of patterns in flat form, and whether a value satisfies them; see predicates.hpp.
//
// Numbers are compared by their nearest doubles first: where those differ, so do the decimals, in
// the same direction. Only where they are equal and one of the two is no short integer are the
// digits as written compared.
#include "rules/predicates.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "rules/moment.hpp"
#include "rules/text_hash.hpp"

namespace syncline::rules {

namespace {

using Op = Atom::Op;

double nearest_double(std::string_view text) {
    double number = 0;
    auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec == std::errc()) return number;
    // Out of range is too small here: what overflows is refused by the parser.
    return 0;
}

bool is_whole(std::string_view text) {
    return text.size() <= 15 && text.find_first_of(".eE") == std::string_view::npos;
}

void write_size(std::size_t size, std::string& out) {
    auto word = static_cast<std::uint32_t>(size);
    out.append(reinterpret_cast<const char*>(&word), sizeof word);
}

void write_text(std::string_view text, std::string& out) {
    write_size(text.size(), out);
    out += text;
}

/// Bytes that are equal only for equal tests.
void write_key(const LeafTest& test, std::string& out) {
    out.push_back(static_cast<char>(test.op));
    out.push_back(static_cast<char>(test.literal.kind()));
    if (test.literal.is_string()) write_text(test.literal.as_string(), out);
    else if (test.literal.is_number()) write_text(test.literal.number_text(), out);
    else out.push_back(test.literal.as_bool() ? '1' : '0');
    write_text(test.text, out);
    write_size(test.parts.size(), out);
    for (const auto& part : test.parts) write_key(part, out);
}

bool is_equals_text(const LeafTest& test) {
    return test.op == LeafTest::Op::equals && test.literal.is_string();
}

}  // namespace

std::uint32_t Predicates::add(std::uint32_t node, const Leaf& leaf) {
    key_.clear();
    write_size(node, key_);
    key_.push_back(leaf.absent_holds ? '1' : '0');
    write_size(leaf.texts.size(), key_);
    for (const auto& text : leaf.texts) write_text(text, key_);
    for (const auto& test : leaf.tests) write_key(test, key_);
    auto number = known_.number_of(key_);
    if (number < predicates_.size()) return number;
    std::vector<Atom> atoms;
    lower_tests(leaf, atoms);
    Predicate made;
    made.node = node;
    made.first_atom = static_cast<std::uint32_t>(atoms_.size());
    made.atom_count = static_cast<std::uint32_t>(atoms.size());
    made.absent_holds = leaf.absent_holds;
    atoms_.insert(atoms_.end(), atoms.begin(), atoms.end());
    predicates_.push_back(made);
    return number;
}

void Predicates::put_bytes(std::string_view text, Atom& atom) {
    atom.begin = static_cast<std::uint32_t>(texts_.size());
    atom.size = static_cast<std::uint32_t>(text.size());
    texts_ += text;
}

void Predicates::lower_tests(const Leaf& leaf, std::vector<Atom>& out) {
    if (!leaf.texts.empty())
        out.push_back(lower_texts({leaf.texts.begin(), leaf.texts.end()}));
    for (const auto& test : leaf.tests) {
        // $in is written as "none of: none of the list"; here its items are plain alternatives.
        bool twice_negated = test.op == LeafTest::Op::none_of && test.parts.size() == 1 &&
                             test.parts.front().op == LeafTest::Op::none_of;
        if (!twice_negated) {
            out.push_back(lower(test));
            continue;
        }
        std::vector<std::string_view> texts;
        for (const auto& part : test.parts.front().parts) {
            if (is_equals_text(part)) texts.push_back(part.literal.as_string());
            else out.push_back(lower(part));
        }
        if (!texts.empty()) out.push_back(lower_texts(std::move(texts)));
    }
}

Atom Predicates::lower_texts(std::vector<std::string_view> texts) {
    Atom atom;
    if (texts.size() == 1) {
        atom.op = Op::text;
        atom.hash = hash_text(texts.front());
        put_bytes(texts.front(), atom);
        return atom;
    }
    atom.op = Op::texts;
    std::vector<ListedText> list;
    for (auto text : texts) {
        Atom place;
        put_bytes(text, place);
        list.push_back(ListedText{hash_text(text), place.begin, place.size});
    }
    std::sort(list.begin(), list.end(),
              [](const auto& a, const auto& b) { return a.hash < b.hash; });
    atom.begin = static_cast<std::uint32_t>(lists_.size());
    atom.count = static_cast<std::uint32_t>(list.size());
    lists_.insert(lists_.end(), list.begin(), list.end());
    return atom;
}

Atom Predicates::lower_number(Op op, const Json& literal) {
    Atom atom;
    atom.op = op;
    atom.number = nearest_double(literal.number_text());
    atom.whole = is_whole(literal.number_text());
    put_bytes(literal.number_text(), atom);
    return atom;
}

Atom Predicates::lower_literal(const Json& literal) {
    if (literal.is_string()) return lower_texts({literal.as_string()});
    if (literal.is_number()) return lower_number(Op::number, literal);
    Atom atom;
    atom.op = literal.is_null() ? Op::null : literal.as_bool() ? Op::yes : Op::no;
    return atom;
}

Atom Predicates::lower_parts(Op op, const std::vector<LeafTest>& parts) {
    std::vector<Atom> lowered;
    std::vector<std::string_view> texts;
    for (const auto& part : parts) {
        if (op == Op::none_of && is_equals_text(part)) texts.push_back(part.literal.as_string());
        else lowered.push_back(lower(part));
    }
    if (!texts.empty()) lowered.push_back(lower_texts(std::move(texts)));
    Atom atom;
    atom.op = op;
    atom.begin = static_cast<std::uint32_t>(atoms_.size());
    atom.count = static_cast<std::uint32_t>(lowered.size());
    atoms_.insert(atoms_.end(), lowered.begin(), lowered.end());
    return atom;
}

Atom Predicates::lower(const LeafTest& test) {
    using Test = LeafTest::Op;
    auto ordered = [&](Op of_number, Op of_text) {
        if (test.literal.is_number()) return lower_number(of_number, test.literal);
        Atom atom;
        atom.op = of_text;
        put_bytes(test.literal.as_string(), atom);
        return atom;
    };
    Atom atom;
    switch (test.op) {
        case Test::equals: return lower_literal(test.literal);
        case Test::less: return ordered(Op::number_less, Op::text_less);
        case Test::less_equal: return ordered(Op::number_less_equal, Op::text_less_equal);
        case Test::greater: return ordered(Op::number_greater, Op::text_greater);
        case Test::greater_equal: return ordered(Op::number_greater_equal, Op::text_greater_equal);
        case Test::all_of: return lower_parts(Op::all_of, test.parts);
        case Test::none_of: return lower_parts(Op::none_of, test.parts);
        case Test::present: return atom;
        case Test::older_than:
        case Test::newer_than:
            atom.op = test.op == Test::older_than ? Op::older_than : Op::newer_than;
            atom.number = static_cast<double>(test.duration_ms);   // below 2^53
            return atom;
        case Test::wildcard:
            atom.op = Op::wildcard;
            atom.begin = static_cast<std::uint32_t>(wildcards_.size());
            wildcards_.push_back(test.wildcard);
            return atom;
        case Test::cidr: {
            std::string digits;
            address_digits(test.block.base, digits);
            atom.op = Op::cidr;
            atom.count = test.block.bits;
            put_bytes(digits, atom);
            return atom;
        }
        case Test::prefix: atom.op = Op::prefix; break;
        case Test::suffix: atom.op = Op::suffix; break;
        case Test::contains: atom.op = Op::contains; break;
        case Test::equals_folded: atom.op = Op::equals_folded; break;
        case Test::prefix_folded: atom.op = Op::prefix_folded; break;
        case Test::suffix_folded: atom.op = Op::suffix_folded; break;
    }
    put_bytes(test.text, atom);
    return atom;
}

// --- Holds it? ------------------------------------------------------------------------------------

int Predicates::order_of_number(const Atom& atom, const Value& value) const {
    if (value.number < atom.number) return -1;
    if (value.number > atom.number) return 1;
    if (value.whole && atom.whole) return 0;
    return json_compare_numbers(value.text, operand(atom));
}

bool Predicates::listed_holds(const Atom& atom, const Value& value) const {
    const auto* begin = listed(atom);
    const auto* end = begin + atom.count;
    const auto* at = std::lower_bound(begin, end, value.hash, [](const ListedText& a, auto hash) {
        return a.hash < hash;
    });
    for (; at != end && at->hash == value.hash; ++at)
        if (bytes(at->begin, at->size) == value.text) return true;
    return false;
}

bool Predicates::cidr_holds(const Atom& atom, std::string_view digits) const {
    auto block = operand(atom);
    if (digits.size() != block.size()) return false;
    std::size_t same = 1 + atom.count / 4, rest = atom.count % 4;
    if (digits.substr(0, same) != block.substr(0, same)) return false;
    if (rest == 0) return true;
    auto nibble = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    return ((nibble(digits[same]) ^ nibble(block[same])) >> (4 - rest)) == 0;
}

bool Predicates::text_atom_holds(const Atom& atom, EventValues& values, Value& value) const {
    switch (atom.op) {
        case Op::text: return value.hash == atom.hash && value.text == operand(atom);
        case Op::texts: return listed_holds(atom, value);
        case Op::prefix: return value.text.starts_with(operand(atom));
        case Op::suffix: return value.text.ends_with(operand(atom));
        case Op::contains:
            return atom.size == 0 || memmem(value.text.data(), value.text.size(),
                                            operand(atom).data(), atom.size) != nullptr;
        case Op::equals_folded: return values.derived(value, Derived::folded) == operand(atom);
        case Op::prefix_folded:
            return values.derived(value, Derived::folded).starts_with(operand(atom));
        case Op::suffix_folded:
            return values.derived(value, Derived::folded).ends_with(operand(atom));
        case Op::wildcard: return wildcard(atom).matches(value.text);
        case Op::text_less: return value.text < operand(atom);
        case Op::text_less_equal: return value.text <= operand(atom);
        case Op::text_greater: return value.text > operand(atom);
        case Op::text_greater_equal: return value.text >= operand(atom);
        case Op::cidr: return cidr_holds(atom, values.derived(value, Derived::address));
        default: return false;
    }
}

namespace {

bool time_holds(const Atom& atom, const EventValues& values, const Value& value) {
    std::optional<std::int64_t> moment;
    if (value.kind == Value::Kind::text) moment = moment_of_text(value.text);
    if (value.kind == Value::Kind::number)
        moment = moment_of_number(Json::number_from_text(std::string(value.text)));
    if (!moment) return false;
    auto age_ms = values.now_ms() - *moment;
    auto bound_ms = static_cast<std::int64_t>(atom.number);
    return atom.op == Op::older_than ? age_ms > bound_ms : age_ms < bound_ms;
}

}  // namespace

bool Predicates::atom_holds(const Atom& atom, EventValues& values, Value& value) const {
    auto holds = [&](const Atom& part) { return atom_holds(part, values, value); };
    const Atom* parts = atoms_.data() + atom.begin;
    switch (atom.op) {
        case Op::null: return value.kind == Value::Kind::null;
        case Op::no: return value.kind == Value::Kind::no;
        case Op::yes: return value.kind == Value::Kind::yes;
        case Op::present: return true;
        case Op::all_of: return std::all_of(parts, parts + atom.count, holds);
        case Op::none_of: return std::none_of(parts, parts + atom.count, holds);
        case Op::older_than:
        case Op::newer_than: return time_holds(atom, values, value);
        default: break;
    }
    if (value.kind == Value::Kind::text) return text_atom_holds(atom, values, value);
    if (value.kind != Value::Kind::number) return false;
    switch (atom.op) {
        case Op::number: return order_of_number(atom, value) == 0;
        case Op::number_less: return order_of_number(atom, value) < 0;
        case Op::number_less_equal: return order_of_number(atom, value) <= 0;
        case Op::number_greater: return order_of_number(atom, value) > 0;
        case Op::number_greater_equal: return order_of_number(atom, value) >= 0;
        default: return false;
    }
}

bool Predicates::holds_anywhere(const Predicate& predicate, EventValues& values) const {
    auto at = values.first(predicate.node);
    if (at == Value::none) return predicate.absent_holds;
    for (; at != Value::none; at = values[at].next)
        if (holds(predicate, values, values[at])) return true;
    return false;
}

std::size_t Predicates::memory_bytes() const {
    std::size_t bytes = predicates_.capacity() * sizeof(Predicate) +
                        atoms_.capacity() * sizeof(Atom) + lists_.capacity() * sizeof(ListedText) +
                        wildcards_.capacity() * sizeof(Wildcard) + texts_.capacity();
    for (const auto& wildcard : wildcards_)
        bytes += wildcard.parts().capacity() * sizeof(std::string);
    return bytes;
}

void Predicates::finish() {
    known_ = Interner();
    key_ = std::string();
    predicates_.shrink_to_fit();
    atoms_.shrink_to_fit();
    lists_.shrink_to_fit();
    wildcards_.shrink_to_fit();
    texts_.shrink_to_fit();
}

}  // namespace syncline::rules
