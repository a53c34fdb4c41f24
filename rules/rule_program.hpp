// The rules of a set in flat tables: alternatives, the tests of each, and which alternative belongs
// to which rule. Private to the room.
//
// An alternative is one way in which a rule can match (an $or has several). Its tests stand in the
// order of the trie: tests below one name stand together, so that rule_evaluate.hpp can choose an
// element of a list once for all of them. Built once, then only read; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rules/path_trie.hpp"
#include "rules/predicates.hpp"
#include "rules/rule_set.hpp"

namespace syncline::rules {

/// A test at a node of the trie: a predicate, or a group of alternatives about what is below it.
struct PathTest {
    std::uint32_t node = 0;
    std::uint32_t index = 0;   // of the predicate or group
    bool is_group = false;
};

struct ProgramCondition {
    std::uint32_t group = 0;
    bool negated = false;
};

struct Alternative {
    std::uint32_t first_test = 0;
    std::uint32_t first_condition = 0;
    std::uint16_t test_count = 0;
    std::uint16_t condition_count = 0;
    std::uint16_t lists = 0;   // where a list in the event makes its tests depend on one another
    bool careful = false;      // cannot be decided test by test
};

/// Alternatives of which one must hold.
struct ProgramGroup {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
};

/// A top alternative on its way into the index.
struct IndexItem {
    std::uint32_t rule = 0;
    std::uint32_t alternative = 0;
    /// Predicates that must hold somewhere for the alternative to hold.
    std::vector<std::uint32_t> needed;
};

class RuleProgram {
public:
    /// Adds what `rule` asks; its alternatives go to `items`.
    void add(std::uint32_t number, const RuleEntry& rule, std::vector<IndexItem>& items);

    PathTrie trie;
    Predicates predicates;
    std::vector<PathTest> tests;
    std::vector<ProgramCondition> conditions;
    std::vector<Alternative> alternatives;
    std::vector<ProgramGroup> groups;

    std::size_t memory_bytes() const;
    void finish();

private:
    struct Draft;
    std::uint32_t add_group(const Group& group, std::uint32_t node,
                            std::vector<std::uint32_t>& needed);
    void add_conjunction(const Conjunction& conjunction, std::uint32_t node, Draft& draft);
    void add_field(const Field& field, std::uint32_t node, Draft& draft);
    Alternative close(Draft& draft);
    void note_lists(const Draft& draft, Alternative& made) const;
    void add_needed(const Draft& draft, std::vector<std::uint32_t>& needed) const;
    std::uint32_t names_predicate(std::uint32_t node, const std::vector<std::string>& names);
};

}  // namespace syncline::rules
