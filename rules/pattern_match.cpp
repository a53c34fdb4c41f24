// Does a compiled pattern hold for an event? Walks pattern and event together.
//
// Arrays: an element is chosen once for all fields below it, so that two tests on an array of
// objects hold on the same element; elements are tried one after the other and each field below is
// decided on its own, so the time is linear in the event for each alternative (where a path is
// written both in and beside a list, up to limits::match_join_nodes_max). Recursion is bounded
// by the pattern's depth and the parser's depth limit of the event. Reads only; any thread.
#include <algorithm>
#include <cstring>

#include "rules/limits.hpp"
#include "rules/moment.hpp"
#include "rules/pattern_tree.hpp"

namespace syncline::rules {

namespace {

bool compares(const LeafTest& test, const Json& value) {
    int order = 0;
    if (value.is_number() && test.literal.is_number())
        order = json_compare_numbers(value.number_text(), test.literal.number_text());
    else if (value.is_string() && test.literal.is_string())
        order = value.as_string().compare(test.literal.as_string());
    else
        return false;
    switch (test.op) {
        case LeafTest::Op::less: return order < 0;
        case LeafTest::Op::less_equal: return order <= 0;
        case LeafTest::Op::greater: return order > 0;
        default: return order >= 0;
    }
}

bool text_holds(const LeafTest& test, const std::string& value) {
    switch (test.op) {
        case LeafTest::Op::prefix: return value.starts_with(test.text);
        case LeafTest::Op::suffix: return value.ends_with(test.text);
        case LeafTest::Op::contains:
            // Not string::find, which takes the product of both lengths at worst.
            return memmem(value.data(), value.size(), test.text.data(), test.text.size());
        case LeafTest::Op::prefix_folded: return fold_case(value).starts_with(test.text);
        case LeafTest::Op::suffix_folded: return fold_case(value).ends_with(test.text);
        case LeafTest::Op::equals_folded: return fold_case(value) == test.text;
        case LeafTest::Op::cidr: {
            auto address = address_of_text(value);
            return address && test.block.contains(*address);
        }
        default: return test.wildcard.matches(value);
    }
}

bool time_holds(const LeafTest& test, const Json& value, std::int64_t now_ms) {
    std::optional<std::int64_t> moment;
    if (value.is_string()) moment = moment_of_text(value.as_string());
    else if (value.is_number()) moment = moment_of_number(value);
    if (!moment) return false;
    auto age_ms = now_ms - *moment;
    return test.op == LeafTest::Op::older_than ? age_ms > test.duration_ms
                                               : age_ms < test.duration_ms;
}

}  // namespace

bool leaf_holds(const LeafTest& test, const Json& value, std::int64_t now_ms) {
    auto holds = [&](const LeafTest& part) { return leaf_holds(part, value, now_ms); };
    switch (test.op) {
        case LeafTest::Op::present: return true;
        case LeafTest::Op::equals: return value == test.literal;
        case LeafTest::Op::less:
        case LeafTest::Op::less_equal:
        case LeafTest::Op::greater:
        case LeafTest::Op::greater_equal: return compares(test, value);
        case LeafTest::Op::all_of:
            return std::all_of(test.parts.begin(), test.parts.end(), holds);
        case LeafTest::Op::none_of:
            return std::none_of(test.parts.begin(), test.parts.end(), holds);
        case LeafTest::Op::older_than:
        case LeafTest::Op::newer_than: return time_holds(test, value, now_ms);
        default: return value.is_string() && text_holds(test, value.as_string());
    }
}

Views step_into(const Views& views, std::string_view name) {
    Views below;
    auto follow = [&](std::string_view rest, const Json* value) {
        if (!rest.starts_with(name)) return;
        if (rest.size() == name.size()) below.push_back(View{value, {}});
        else if (rest[name.size()] == '.')
            below.push_back(View{value, rest.substr(name.size() + 1)});
    };
    for (const auto& view : views) {
        // A rest may be empty in itself ("a." is the path a, then the empty name).
        if (view.rest.data()) follow(view.rest, view.value);
        else
            for (const auto& member : view.value->members()) follow(member.name, &member.value);
    }
    return below;
}

namespace {

void flatten(const Json& array, Views& out) {
    for (const auto& item : array.items()) {
        if (item.is_array()) flatten(item, out);
        else out.push_back(View{&item, {}});
    }
}

bool holds_one(const Leaf& leaf, const Json& value, std::int64_t now_ms) {
    if (value.is_string() && !leaf.texts.empty() &&
        std::binary_search(leaf.texts.begin(), leaf.texts.end(), value.as_string()))
        return true;
    return std::any_of(leaf.tests.begin(), leaf.tests.end(),
                       [&](const LeafTest& test) { return leaf_holds(test, value, now_ms); });
}

/// The verdict on one value and what is below it; `seen` tells that there was a scalar.
bool visit(const Leaf& leaf, const Json& value, std::int64_t now_ms, bool& seen) {
    if (value.is_object()) return false;
    if (value.is_array())
        return std::any_of(value.items().begin(), value.items().end(),
                           [&](const Json& item) { return visit(leaf, item, now_ms, seen); });
    seen = true;
    return holds_one(leaf, value, now_ms);
}

Verdict match_leaf(const Leaf& leaf, const Views& views, std::int64_t now_ms) {
    bool seen = false;
    for (const auto& view : views)
        if (!view.rest.data() && visit(leaf, *view.value, now_ms, seen)) return Verdict::yes;
    return leaf.absent_holds && !seen ? Verdict::vacuous : Verdict::no;
}

Verdict both(Verdict left, Verdict right) {
    if (left == Verdict::no || right == Verdict::no) return Verdict::no;
    return std::max(left, right);
}

/// A field at places of which none is an array.
Verdict match_here(const Field& field, const Views& views, std::int64_t now_ms) {
    Verdict verdict = Verdict::vacuous;
    if (field.leaf) verdict = match_leaf(*field.leaf, views, now_ms);
    if (verdict == Verdict::no || field.inner.empty()) return verdict;
    return both(verdict, match_group(field.inner.front(), views, now_ms));
}

}  // namespace

bool split_arrays(const Views& views, Views& elements, Views& others) {
    bool any = false;
    for (const auto& view : views) {
        if (!view.rest.data() && view.value->is_array()) {
            any = true;
            flatten(*view.value, elements);
        } else {
            others.push_back(view);
        }
    }
    return any;
}

void collect_scalars(const Views& views, std::vector<const Json*>& out) {
    for (const auto& view : views) {
        if (view.rest.data() || view.value->is_object()) continue;
        if (!view.value->is_array()) {
            out.push_back(view.value);
            continue;
        }
        Views items;
        flatten(*view.value, items);
        collect_scalars(items, out);
    }
}

namespace {

void count_nodes(const Json& value, std::size_t& left) {
    if (left == 0) return;
    --left;
    for (const auto& item : value.items()) count_nodes(item, left);
    for (const auto& member : value.members()) count_nodes(member.value, left);
}

/// May the places outside lists be looked at again for each element? Not when an event writes one
/// path in several ways, each of them huge, to make that a product.
bool fits(const Views& others, std::size_t elements) {
    std::size_t left = limits::match_join_nodes_max / elements;
    for (const auto& view : others) count_nodes(*view.value, left);
    return left > 0;
}

}  // namespace

Verdict match_field(const Field& field, const Views& views, std::int64_t now_ms) {
    if (field.inner.empty()) return match_leaf(*field.leaf, views, now_ms);
    Views elements, others;
    if (!split_arrays(views, elements, others)) return match_here(field, views, now_ms);
    if (elements.empty()) return match_here(field, others, now_ms);
    Verdict all = Verdict::vacuous;
    if (!others.empty() && !fits(others, elements.size())) {
        all = match_here(field, others, now_ms);
        if (all == Verdict::yes) return all;
        others.clear();
    }
    others.emplace_back();
    for (const auto& element : elements) {
        others.back() = element;
        auto verdict = match_here(field, others, now_ms);
        if (verdict == Verdict::yes) return verdict;
        all = both(all, verdict);
    }
    return all;
}

Verdict match_conjunction(const Conjunction& conjunction, const Views& views, std::int64_t now_ms) {
    Verdict verdict = Verdict::vacuous;
    for (const auto& field : conjunction.fields) {
        verdict = both(verdict, match_field(field, step_into(views, field.name), now_ms));
        if (verdict == Verdict::no) return verdict;
    }
    for (const auto& condition : conjunction.conditions) {
        auto inner = match_group(*condition.group, views, now_ms);
        if (condition.negated)
            inner = inner == Verdict::no ? Verdict::vacuous : Verdict::no;
        verdict = both(verdict, inner);
        if (verdict == Verdict::no) return verdict;
    }
    return verdict;
}

Verdict match_group(const Group& group, const Views& views, std::int64_t now_ms) {
    Verdict best = Verdict::no;
    for (const auto& alternative : group.alternatives) {
        best = std::max(best, match_conjunction(alternative, views, now_ms));
        if (best == Verdict::yes) break;
    }
    return best;
}

bool Pattern::matches(const Json& event, std::int64_t now_ms) const {
    if (!root_) return true;
    if (!event.is_object()) return false;   // not even `exists: false`: there is no event
    return match_group(root_->group, Views{View{&event, {}}}, now_ms) != Verdict::no;
}

Pattern::Pattern() = default;
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

}  // namespace syncline::rules
