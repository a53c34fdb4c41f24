// Why a pattern does not hold: the first test, in the order written, that no value satisfies.
//
// Runs only when a person asks; it decides with the same functions as the match (pattern_match.cpp)
// and so cannot disagree with it. Values are shown cut to a bound.
#include "rules/limits.hpp"
#include "rules/pattern_tree.hpp"

namespace syncline::rules {

namespace {

std::string shown(const Json& value) {
    auto text = value.dump();
    if (text.size() <= limits::explain_value_bytes_max) return text;
    std::size_t end = 0;
    while (end + char_length(text, end) <= limits::explain_value_bytes_max)
        end += char_length(text, end);
    return text.substr(0, end) + "…";
}

/// The value at the places: one as it is, several scalars as a list, none as "nothing".
std::string found_at(const Views& views) {
    std::vector<const Json*> scalars;
    collect_scalars(views, scalars);
    if (scalars.size() == 1) return shown(*scalars.front());
    if (scalars.empty()) {
        for (const auto& view : views)
            if (!view.rest.data()) return shown(*view.value);
        return "nothing";
    }
    constexpr std::size_t shown_max = 20;
    Json list = Json::array();
    for (const auto* value : scalars)
        if (list.size() < shown_max) list.push_back(*value);
    return shown(list) + (scalars.size() > shown_max ? " and more" : "");
}

Mismatch found_instead(std::string path, std::string expected, std::string found) {
    Mismatch made;
    made.path = std::move(path);
    made.expected = std::move(expected);
    made.found = std::move(found);
    return made;
}

class Explainer {
public:
    explicit Explainer(std::int64_t now_ms) : now_ms_(now_ms) {}

    /// `path` is that of the views.
    Mismatch group(const Group& group, const Views& views, const std::string& path) const {
        if (group.alternatives.size() == 1)
            return conjunction(group.alternatives.front(), views, path);
        auto made = conjunction(nearest(group, views), views, path);
        made.expected += " (nearest of " + std::to_string(group.alternatives.size()) +
                         " alternatives)";
        return made;
    }

    /// Tests that hold, each looked at alone, and all of them.
    struct Count {
        std::size_t held = 0;
        std::size_t all = 0;
    };
    Count count(const Group& group, const Views& views) const {
        Count made;
        add(nearest(group, views), views, made);
        return made;
    }

private:
    /// Of several alternatives the one that got farthest tells most.
    const Conjunction& nearest(const Group& group, const Views& views) const {
        const Conjunction* best = &group.alternatives.front();
        std::size_t most = 0;
        for (const auto& alternative : group.alternatives) {
            Count made;
            if (group.alternatives.size() > 1) add(alternative, views, made);
            if (made.held <= most) continue;
            most = made.held;
            best = &alternative;
        }
        return *best;
    }

    void add(const Conjunction& conjunction, const Views& views, Count& to) const {
        for (const auto& field : conjunction.fields) {
            auto below = step_into(views, field.name);
            if (field.leaf) {
                ++to.all;
                to.held += match_field(leaf_only(field), below, now_ms_) != Verdict::no;
            }
            if (field.inner.empty()) continue;
            Views elements, others;
            if (split_arrays(below, elements, others)) {
                below = std::move(elements);
                below.insert(below.end(), others.begin(), others.end());
            }
            add(nearest(field.inner.front(), below), below, to);
        }
        for (const auto& condition : conjunction.conditions) {
            ++to.all;
            bool holds = match_group(*condition.group, views, now_ms_) != Verdict::no;
            to.held += holds != condition.negated;
        }
    }

    Mismatch conjunction(const Conjunction& conjunction, const Views& views,
                         const std::string& path) const {
        for (const auto& field : conjunction.fields) {
            auto below = step_into(views, field.name);
            if (match_field(field, below, now_ms_) == Verdict::no)
                return this->field(field, below, path_below(path, field.name));
        }
        for (const auto& condition : conjunction.conditions) {
            bool holds = match_group(*condition.group, views, now_ms_) != Verdict::no;
            if (!condition.negated && !holds) return group(*condition.group, views, path);
            if (condition.negated && holds)
                return found_instead(path, "does not satisfy the group under $not",
                                found_at(views));
        }
        return found_instead({}, {}, {});
    }

    Mismatch field(const Field& field, const Views& views, const std::string& path) const {
        if (field.inner.empty())
            return found_instead(path, words_of(*field.leaf), found_at(views));
        Views elements, others;
        if (!split_arrays(views, elements, others) || elements.empty()) {
            auto alone = leaf_only(field);
            if (field.leaf && match_field(alone, views, now_ms_) == Verdict::no)
                return found_instead(path, words_of(*field.leaf), found_at(views));
            return group(field.inner.front(), elements.empty() ? others : views, path);
        }
        if (elements.size() == 1) {
            others.push_back(elements.front());
            return this->field(field, others, path);
        }
        return among(field.inner.front(), elements, others, path);
    }

    static Field leaf_only(const Field& field) {
        Field made;
        made.name = field.name;
        made.leaf = field.leaf;
        return made;
    }

    /// Several elements: the test that fails on each of them, or else that no one element has all.
    Mismatch among(const Group& inner, const Views& elements, const Views& others,
                   const std::string& path) const {
        if (inner.alternatives.size() == 1)
            for (const auto& child : inner.alternatives.front().fields) {
                auto below = step_into(elements, child.name);
                auto here = step_into(others, child.name);
                below.insert(below.end(), here.begin(), here.end());
                if (match_field(child, below, now_ms_) == Verdict::no)
                    return this->field(child, below, path_below(path, child.name));
            }
        return found_instead(path,
                             "has one element that satisfies every test below " + quoted(path),
                             std::to_string(elements.size()) + " elements, none with all of them");
    }

    std::int64_t now_ms_;
};

}  // namespace

std::optional<Mismatch> Pattern::explain(const Json& event, std::int64_t now_ms) const {
    if (matches(event, now_ms)) return std::nullopt;
    if (!event.is_object()) return found_instead({}, "the event is an object", shown(event));
    Explainer explainer(now_ms);
    Views views{View{&event, {}}};
    auto made = explainer.group(root_->group, views, {});
    auto count = explainer.count(root_->group, views);
    made.held = count.held;
    made.tests = count.all;
    return made;
}

}  // namespace syncline::rules
