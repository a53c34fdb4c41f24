// From the trees of patterns to the flat tables of a rule set; see rule_program.hpp.
#include "rules/rule_program.hpp"

#include <algorithm>

namespace syncline::rules {

/// An alternative while its parts are gathered.
struct RuleProgram::Draft {
    std::vector<PathTest> tests;
    std::vector<ProgramCondition> conditions;
    /// Predicates needed besides those among `tests`.
    std::vector<std::uint32_t> needed;
};

void RuleProgram::add_field(const Field& field, std::uint32_t node, Draft& draft) {
    auto here = trie.add(node, field.name);
    if (field.leaf) {
        trie.watch(here);
        draft.tests.push_back({here, predicates.add(here, *field.leaf), false});
    }
    if (field.inner.empty()) return;
    const auto& inner = field.inner.front();
    if (inner.alternatives.size() == 1 && inner.alternatives.front().conditions.empty()) {
        add_conjunction(inner.alternatives.front(), here, draft);
        return;
    }
    draft.tests.push_back({here, add_group(inner, here, draft.needed), true});
}

void RuleProgram::add_conjunction(const Conjunction& conjunction, std::uint32_t node,
                                  Draft& draft) {
    for (const auto& field : conjunction.fields) add_field(field, node, draft);
    for (const auto& condition : conjunction.conditions) {
        std::vector<std::uint32_t> needed;
        draft.conditions.push_back({add_group(*condition.group, node, needed), condition.negated});
        if (!condition.negated)
            draft.needed.insert(draft.needed.end(), needed.begin(), needed.end());
    }
}

/// Of a group of one alternative, what must hold somewhere for it to hold goes to `needed`.
std::uint32_t RuleProgram::add_group(const Group& group, std::uint32_t node,
                                     std::vector<std::uint32_t>& needed) {
    std::vector<Alternative> made;
    for (const auto& conjunction : group.alternatives) {
        Draft draft;
        add_conjunction(conjunction, node, draft);
        if (group.alternatives.size() == 1) add_needed(draft, needed);
        made.push_back(close(draft));
    }
    groups.push_back({static_cast<std::uint32_t>(alternatives.size()),
                      static_cast<std::uint32_t>(made.size())});
    alternatives.insert(alternatives.end(), made.begin(), made.end());
    return static_cast<std::uint32_t>(groups.size() - 1);
}

void RuleProgram::add_needed(const Draft& draft, std::vector<std::uint32_t>& needed) const {
    for (const auto& test : draft.tests)
        if (!test.is_group && !predicates[test.index].absent_holds) needed.push_back(test.index);
    needed.insert(needed.end(), draft.needed.begin(), draft.needed.end());
}

Alternative RuleProgram::close(Draft& draft) {
    Alternative made;
    made.first_test = static_cast<std::uint32_t>(tests.size());
    made.test_count = static_cast<std::uint16_t>(draft.tests.size());
    made.first_condition = static_cast<std::uint32_t>(conditions.size());
    made.condition_count = static_cast<std::uint16_t>(draft.conditions.size());
    made.careful = !draft.conditions.empty() ||
                   std::any_of(draft.tests.begin(), draft.tests.end(),
                               [](const PathTest& test) { return test.is_group; });
    note_lists(draft, made);
    tests.insert(tests.end(), draft.tests.begin(), draft.tests.end());
    conditions.insert(conditions.end(), draft.conditions.begin(), draft.conditions.end());
    return made;
}

/// Tests depend on one another below a list when two of them look below it, or when one asks for
/// absence: an element is chosen for all.
void RuleProgram::note_lists(const Draft& draft, Alternative& made) const {
    for (std::size_t i = 0; i < draft.tests.size(); ++i) {
        const auto& test = draft.tests[i];
        bool absence = !test.is_group && predicates[test.index].absent_holds;
        for (auto at = absence ? trie[test.node].parent : PathTrie::root;
             at != PathTrie::root && at != PathTrie::none; at = trie[at].parent)
            made.lists |= PathTrie::list_bit(at);
        if (i == 0) continue;
        // Neighbours share the most: what any two tests share, two neighbours share.
        auto left = draft.tests[i - 1].node, right = test.node;
        while (left != right) {
            auto& deeper = trie[left].depth >= trie[right].depth ? left : right;
            deeper = trie[deeper].parent;
        }
        for (auto at = left; at != PathTrie::root; at = trie[at].parent)
            made.lists |= PathTrie::list_bit(at);
    }
}

std::uint32_t RuleProgram::names_predicate(std::uint32_t node,
                                           const std::vector<std::string>& names) {
    Leaf leaf;
    for (const auto& name : names) {
        Wildcard wildcard(name, false);
        if (!wildcard.has_star() || node == PathTrie::source) {
            leaf.texts.push_back(name);
            continue;
        }
        LeafTest test;
        test.op = LeafTest::Op::wildcard;
        test.text = name;
        test.wildcard = std::move(wildcard);
        leaf.tests.push_back(std::move(test));
    }
    std::sort(leaf.texts.begin(), leaf.texts.end());
    leaf.texts.erase(std::unique(leaf.texts.begin(), leaf.texts.end()), leaf.texts.end());
    return predicates.add(node, leaf);
}

void RuleProgram::add(std::uint32_t number, const RuleEntry& rule, std::vector<IndexItem>& items) {
    std::vector<std::uint32_t> outside;
    const auto& types = rule.on.names();
    if (std::find(types.begin(), types.end(), "*") == types.end())
        outside.push_back(names_predicate(PathTrie::type, types));
    if (!rule.from.empty()) outside.push_back(names_predicate(PathTrie::source, rule.from));
    static const Group everything{{Conjunction()}};
    const Group* group = rule.where.tree();
    for (const auto& conjunction : (group ? *group : everything).alternatives) {
        Draft draft;
        add_conjunction(conjunction, PathTrie::root, draft);
        IndexItem item;
        item.rule = number;
        item.needed = outside;
        for (const auto& test : draft.tests)
            if (!test.is_group) item.needed.push_back(test.index);
        item.needed.insert(item.needed.end(), draft.needed.begin(), draft.needed.end());
        auto made = close(draft);
        item.alternative = static_cast<std::uint32_t>(alternatives.size());
        alternatives.push_back(made);
        items.push_back(std::move(item));
    }
}

std::size_t RuleProgram::memory_bytes() const {
    return trie.memory_bytes() + predicates.memory_bytes() + tests.capacity() * sizeof(PathTest) +
           conditions.capacity() * sizeof(ProgramCondition) +
           alternatives.capacity() * sizeof(Alternative) + groups.capacity() * sizeof(ProgramGroup);
}

void RuleProgram::finish() {
    trie.finish();
    predicates.finish();
    tests.shrink_to_fit();
    conditions.shrink_to_fit();
    alternatives.shrink_to_fit();
    groups.shrink_to_fit();
}

}  // namespace syncline::rules
