// The tests of a rule set, each distinct one once, in flat tables. Private to the room.
//
// A predicate is what a rule asks of the values at one path: that any of them satisfies any of its
// atoms. Rules that ask the same share it. Made by rule_program.cpp from the leaves of patterns;
// afterwards only read; any thread. What a predicate offers an index to find it by is in
// access_key.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/event_values.hpp"
#include "rules/interner.hpp"
#include "rules/pattern_tree.hpp"

namespace syncline::rules {

struct Atom {
    enum class Op : std::uint8_t {
        text, texts, number, null, no, yes,                     // is that value
        prefix, suffix, contains, equals_folded, prefix_folded, suffix_folded, wildcard,
        number_less, number_less_equal, number_greater, number_greater_equal,
        text_less, text_less_equal, text_greater, text_greater_equal,
        present, cidr, older_than, newer_than,
        all_of, none_of,                                        // of `count` atoms from `begin`
    };
    Op op = Op::present;
    bool whole = false;         // the operand is an integer of at most 15 digits
    std::uint32_t begin = 0;    // of the operand's bytes; texts: of the list; parts: the first atom
    std::uint32_t size = 0;     // bytes of the operand
    std::uint32_t count = 0;    // texts and parts: how many; cidr: bits
    std::uint64_t hash = 0;     // text: of its bytes
    double number = 0;          // the operand's nearest double; time tests: milliseconds
};

/// One text of a list, sorted by hash.
struct ListedText {
    std::uint64_t hash = 0;
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
};

struct Predicate {
    std::uint32_t node = 0;         // of the trie
    std::uint32_t first_atom = 0;
    std::uint32_t atom_count = 0;
    bool absent_holds = false;      // `exists: false` is among the tests
};

class Predicates {
public:
    /// The predicate of `leaf` at `node`; the same number for the same tests.
    std::uint32_t add(std::uint32_t node, const Leaf& leaf);

    const Predicate& operator[](std::uint32_t index) const { return predicates_.data()[index]; }
    const Atom& atom(std::uint32_t index) const { return atoms_.data()[index]; }
    std::size_t size() const { return predicates_.size(); }
    std::string_view bytes(std::uint32_t begin, std::uint32_t size) const {
        return std::string_view(texts_.data() + begin, size);
    }
    std::string_view operand(const Atom& atom) const { return bytes(atom.begin, atom.size); }
    const ListedText* listed(const Atom& atom) const { return lists_.data() + atom.begin; }
    const Wildcard& wildcard(const Atom& atom) const { return wildcards_[atom.begin]; }

    /// Does one value satisfy one of the atoms? Says nothing of absence.
    bool holds(const Predicate& predicate, EventValues& values, Value& value) const {
        for (std::uint32_t i = 0; i < predicate.atom_count; ++i)
            if (atom_holds(atoms_.data()[predicate.first_atom + i], values, value)) return true;
        return false;
    }
    /// Does any value at the predicate's path, as though no element of a list were chosen?
    bool holds_anywhere(const Predicate& predicate, EventValues& values) const;

    std::size_t memory_bytes() const;
    /// Drops what only building needs.
    void finish();

private:
    void lower_tests(const Leaf& leaf, std::vector<Atom>& out);
    Atom lower(const LeafTest& test);
    Atom lower_literal(const Json& literal);
    Atom lower_number(Atom::Op op, const Json& literal);
    Atom lower_texts(std::vector<std::string_view> texts);
    Atom lower_parts(Atom::Op op, const std::vector<LeafTest>& parts);
    void put_bytes(std::string_view text, Atom& atom);
    bool atom_holds(const Atom& atom, EventValues& values, Value& value) const;
    bool text_atom_holds(const Atom& atom, EventValues& values, Value& value) const;
    int order_of_number(const Atom& atom, const Value& value) const;
    bool cidr_holds(const Atom& atom, std::string_view digits) const;
    bool listed_holds(const Atom& atom, const Value& value) const;

    std::vector<Predicate> predicates_;
    std::vector<Atom> atoms_;
    std::vector<ListedText> lists_;
    std::vector<Wildcard> wildcards_;
    std::string texts_;
    Interner known_;
    std::string key_;
};

}  // namespace syncline::rules
