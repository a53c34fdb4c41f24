// Does an alternative hold, exactly? For those that cannot be decided test by test: tests that must
// meet on one element of a list, absence below a list, $and, $not. Private to the room.
//
// Walks event and tests together, with the semantics of pattern_match.cpp: an element is chosen
// once for all tests below it; each test is decided on its own, so the time is linear in the event
// for each alternative. Places in the event lie on one stack that stays from event to event.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "rules/limits.hpp"
#include "rules/pattern_tree.hpp"
#include "rules/rule_program.hpp"

namespace syncline::rules {

/// A place in the event; `rest` is what of a dotted member name is still to be walked.
template <class Node>
struct EventPlace {
    Node node;
    std::string_view rest;
};

template <class Reader>
class Evaluator {
public:
    using Node = typename Reader::Node;
    using Stack = std::vector<EventPlace<Node>>;

    Evaluator(const RuleProgram& program, const Reader& reader, EventValues& values, Stack& stack)
        : program_(program), reader_(reader), values_(values), stack_(stack) {}

    bool holds(const Alternative& alternative, Node event) {
        stack_.clear();
        stack_.push_back({event, {}});
        return conjunction(alternative, 0, {0, 1}) != Verdict::no;
    }

private:
    struct Range {
        std::size_t begin = 0, end = 0;
    };

    static Verdict both(Verdict left, Verdict right) {
        if (left == Verdict::no || right == Verdict::no) return Verdict::no;
        return std::max(left, right);
    }

    Verdict conjunction(const Alternative& alternative, std::size_t depth, Range places) {
        auto first = alternative.first_test;
        auto verdict = tests(first, first + alternative.test_count, depth, places);
        for (std::uint32_t i = 0; i < alternative.condition_count; ++i) {
            if (verdict == Verdict::no) return verdict;
            const auto& condition = program_.conditions[alternative.first_condition + i];
            auto inner = group(condition.group, depth, places);
            if (condition.negated) inner = inner == Verdict::no ? Verdict::vacuous : Verdict::no;
            verdict = both(verdict, inner);
        }
        return verdict;
    }

    Verdict group(std::uint32_t index, std::size_t depth, Range places) {
        const auto& group = program_.groups[index];
        Verdict best = Verdict::no;
        for (std::uint32_t i = 0; i < group.count && best != Verdict::yes; ++i)
            best = std::max(best, conjunction(program_.alternatives[group.first + i], depth, places));
        return best;
    }

    Verdict tests(std::uint32_t first, std::uint32_t last, std::size_t depth, Range places) {
        Verdict verdict = Verdict::vacuous;
        while (first < last && verdict != Verdict::no) {
            auto child = program_.trie.ancestor(program_.tests[first].node, depth + 1);
            auto end = first + 1;
            while (end < last &&
                   program_.trie.ancestor(program_.tests[end].node, depth + 1) == child)
                ++end;
            auto mark = stack_.size();
            auto below = step_into(places, program_.trie.name(child));
            verdict = both(verdict, field(first, end, child, below));
            stack_.resize(mark);
            first = end;
        }
        return verdict;
    }

    Range step_into(Range places, std::string_view name) {
        auto begin = stack_.size();
        auto follow = [&](std::string_view rest, Node node) {
            if (!rest.starts_with(name)) return;
            if (rest.size() == name.size()) stack_.push_back({node, {}});
            else if (rest[name.size()] == '.')
                stack_.push_back({node, rest.substr(name.size() + 1)});
        };
        for (auto i = places.begin; i < places.end; ++i) {
            auto place = stack_[i];
            if (place.rest.data()) follow(place.rest, place.node);
            else reader_.members(place.node, follow);
        }
        return {begin, stack_.size()};
    }

    /// The tests at `node` and below it.
    Verdict field(std::uint32_t first, std::uint32_t last, std::uint32_t node, Range places) {
        const auto& behind = program_.tests[last - 1];
        if (behind.node == node && !behind.is_group) return here(first, last, node, places);
        auto elements = flatten(places);
        auto begin = stack_.size();
        bool any_list = false;
        for (auto i = places.begin; i < places.end; ++i) {
            auto place = stack_[i];
            bool list = !place.rest.data() && reader_.is_array(place.node);
            any_list |= list;
            if (!list) stack_.push_back(place);
        }
        Range others{begin, stack_.size()};
        if (!any_list || elements.begin == elements.end) return here(first, last, node, others);
        Verdict all = Verdict::vacuous;
        if (others.begin < others.end && !fits(others, elements.end - elements.begin)) {
            all = here(first, last, node, others);
            if (all == Verdict::yes) return all;
            others.end = others.begin;
        }
        for (auto i = elements.begin; i < elements.end; ++i) {
            auto element = stack_[i];
            stack_.resize(others.end);
            stack_.push_back(element);
            auto verdict = here(first, last, node, {others.begin, others.end + 1});
            if (verdict == Verdict::yes) return verdict;
            all = both(all, verdict);
        }
        return all;
    }

    /// May the places outside lists be looked at again for each element? As pattern_match.cpp says.
    bool fits(Range others, std::size_t elements) const {
        std::size_t left = limits::match_join_nodes_max / elements;
        for (auto i = others.begin; i < others.end; ++i) count_nodes(stack_[i].node, left);
        return left > 0;
    }
    /// Takes the value and all below it from `left`, down to 0.
    void count_nodes(Node node, std::size_t& left) const {
        if (left == 0) return;
        --left;
        reader_.items(node, [&](Node item) { count_nodes(item, left); });
        reader_.members(node, [&](std::string_view, Node below) { count_nodes(below, left); });
    }

    /// The elements of the lists among the places, lists in lists flattened.
    Range flatten(Range places) {
        auto begin = stack_.size();
        for (auto i = places.begin; i < places.end; ++i) {
            auto place = stack_[i];
            if (!place.rest.data() && reader_.is_array(place.node)) flatten_list(place.node);
        }
        return {begin, stack_.size()};
    }
    void flatten_list(Node list) {
        reader_.items(list, [&](Node item) {
            if (reader_.is_array(item)) flatten_list(item);
            else stack_.push_back({item, {}});
        });
    }

    Verdict here(std::uint32_t first, std::uint32_t last, std::uint32_t node, Range places) {
        Verdict verdict = Verdict::vacuous;
        for (; first < last && program_.tests[first].node == node; ++first) {
            const auto& test = program_.tests[first];
            verdict = both(verdict, test.is_group ? group(test.index, program_.trie[node].depth,
                                                          places)
                                                  : leaf(program_.predicates[test.index], places));
            if (verdict == Verdict::no) return verdict;
        }
        if (first == last) return verdict;
        return both(verdict, tests(first, last, program_.trie[node].depth, places));
    }

    Verdict leaf(const Predicate& predicate, Range places) {
        bool seen = false;
        for (auto i = places.begin; i < places.end; ++i) {
            auto place = stack_[i];
            if (!place.rest.data() && any_scalar(predicate, place.node, seen)) return Verdict::yes;
        }
        return predicate.absent_holds && !seen ? Verdict::vacuous : Verdict::no;
    }

    bool any_scalar(const Predicate& predicate, Node node, bool& seen) {
        if (reader_.is_object(node)) return false;
        if (!reader_.is_array(node)) {
            seen = true;
            Value value;
            reader_.read_scalar(node, value);
            return program_.predicates.holds(predicate, values_, value);
        }
        bool found = false;
        reader_.items(node, [&](Node item) { found = found || any_scalar(predicate, item, seen); });
        return found;
    }

    const RuleProgram& program_;
    const Reader& reader_;
    EventValues& values_;
    Stack& stack_;
};

}  // namespace syncline::rules
