// From a written pattern to its tree: names, dotted paths, $or, $and, $not.
//
// $or is multiplied out with the fields beside it, so that a choice made inside and a field outside
// still meet on one element of an array; the product is bounded before it is made. $and and $not
// stand on their own: each group may pick its own element. One path may be tested once. Without $or
// the tree is built in place, each part once.
#include <algorithm>

#include "rules/limits.hpp"
#include "rules/pattern_tree.hpp"

namespace syncline::rules {

namespace {

std::size_t field_count(const Group& group) {
    std::size_t count = 0;
    for (const auto& conjunction : group.alternatives) {
        count += conjunction.conditions.size();
        for (const auto& field : conjunction.fields)
            count += 1 + (field.inner.empty() ? 0 : field_count(field.inner.front()));
    }
    return count;
}

/// A name of the event below those of `outer`. Lives on the stack.
struct Trail {
    const Trail* outer = nullptr;
    std::string_view name;
    std::size_t bytes = 0;   // of the dotted path
    std::size_t depth = 0;   // names

    Trail() = default;
    Trail(const Trail& outer_in, std::string_view name_in)
        : outer(&outer_in), name(name_in),
          bytes(outer_in.bytes + (outer_in.depth > 0) + name_in.size()),
          depth(outer_in.depth + 1) {}
    std::string text() const {
        if (depth == 0) return {};
        return (depth > 1 ? outer->text() + "." : std::string()).append(name);
    }
};

/// Where a group stands: in the written pattern and in the event.
struct Spot {
    const Place& place;
    const Trail& trail;
    std::size_t depth = 1;
    bool inside_or = false;
    bool twins = false;   // dotted names may lead to one field twice

    Spot(const Place& place_in, const Trail& trail_in, std::size_t depth_in, bool inside_or_in)
        : place(place_in), trail(trail_in), depth(depth_in), inside_or(inside_or_in) {}
    Spot at(const Place& inner) const { return Spot(inner, trail, depth, inside_or); }
    Spot below(const Trail& inner) const {
        Spot made(place, inner, depth + 1, inside_or);
        made.twins = twins;
        return made;
    }
    Spot branch(const Place& inner, bool is_or) const {
        return Spot(inner, trail, depth + 1, is_or);
    }
};

class PatternCompiler {
public:
    /// `strict`: only EventBridge's form, in which what is tested is a list.
    PatternCompiler(PatternFault& faults, bool strict) : faults_(faults), strict_(strict) {}

    /// The group that an object of fields says.
    bool group(const Json& object, const Spot& spot, Group& out) {
        if (spot.depth > limits::pattern_depth_max)
            return faults_.fail(spot.place, "the pattern is nested deeper than " +
                                                std::to_string(limits::pattern_depth_max) +
                                                " levels");
        out.alternatives.emplace_back().fields.reserve(object.size());
        bool twins = false;
        for (const auto& member : object.members()) {
            Place place(spot.place, member.name);
            auto here = spot.at(place);
            here.twins = twins |= member.name.find('.') != std::string::npos;
            if (!this->member(member, here, out)) return false;
        }
        return true;
    }

private:
    bool member(const JsonMember& member, const Spot& spot, Group& out) {
        if (member.name == "$or" || member.name == "$and" || member.name == "$not") {
            Group part;
            return (member.name == "$or" ? alternatives(member.value, spot, part)
                                         : conditions(member, spot, part)) &&
                   join(out, std::move(part), spot);
        }
        if (!check_name(member.name, spot)) return false;
        if (out.alternatives.size() == 1)
            return field(member.name, member.value, spot, out.alternatives.front());
        Group part;
        return field(member.name, member.value, spot, part.alternatives.emplace_back()) &&
               join(out, std::move(part), spot);
    }

    bool check_name(const std::string& name, const Spot& spot) {
        bool dollar = name.starts_with('$');
        if (dollar && !is_operator(name)) return faults_.fail(spot.place, unknown_operator(name));
        if (dollar || (spot.inside_or && is_operator(name)))
            return faults_.fail(spot.place, "the operator " + name +
                                                " stands where a path is expected; write path: {" +
                                                name + ": …}");
        bool sign = name == "=" || name == "<" || name == "<=" || name == ">" || name == ">=";
        if (sign && spot.inside_or)
            return faults_.fail(spot.place, "an operator stands where a path is expected");
        if (name.size() + spot.trail.bytes > limits::path_bytes_max)
            return faults_.fail(spot.place, "a path longer than " +
                                                std::to_string(limits::path_bytes_max) + " bytes");
        return check_text(name, spot.place, faults_);
    }

    /// One written name, which may have dots: a chain of fields, one below the other.
    bool field(std::string_view name, const Json& value, const Spot& spot, Conjunction& into) {
        if (spot.depth > limits::pattern_depth_max)
            return faults_.fail(spot.place, "the path is deeper than " +
                                                std::to_string(limits::pattern_depth_max) +
                                                " levels");
        auto dot = name.find('.');
        const Json* all = dot == std::string_view::npos ? all_of(value) : nullptr;
        if (all) return every(name, *all, spot, into);
        Trail trail(spot.trail, name.substr(0, dot));
        auto* field = field_of(into, trail, spot);
        if (!field) return false;
        if (dot == std::string_view::npos) return tested(value, spot.below(trail), *field);
        if (field->inner.empty()) field->inner.emplace_back().alternatives.emplace_back();
        auto& inner = field->inner.front();
        if (inner.alternatives.size() == 1)
            return this->field(name.substr(dot + 1), value, spot.below(trail),
                               inner.alternatives.front());
        Group part;
        return this->field(name.substr(dot + 1), value, spot.below(trail),
                           part.alternatives.emplace_back()) &&
               join(inner, std::move(part), spot.below(trail));
    }

    /// The tests of {$all: […]}, which may also stand as the one item of a list.
    static const Json* all_of(const Json& value) {
        const Json& object = value.is_array() && value.size() == 1 ? value[0] : value;
        return object.size() == 1 ? object.find("$all") : nullptr;
    }

    /// Each test of the list holds for some value of the field: as $and of groups with one field.
    bool every(std::string_view name, const Json& list, const Spot& spot, Conjunction& into) {
        Place here(spot.place, "$all");
        if (!list.is_array() || list.empty())
            return faults_.fail(here, "$all needs a list of tests, found " +
                                          (list.is_array() ? "an empty list" : kind_name(list)));
        for (std::size_t i = 0; i < list.size(); ++i) {
            if (!count(1, here)) return false;
            auto leaf = std::make_shared<Leaf>();
            if (!compile_leaf(list[i], Place(here, i), *leaf, faults_)) return false;
            auto group = std::make_shared<Group>();
            auto& field = group->alternatives.emplace_back().fields.emplace_back();
            field.name = name;
            field.leaf = std::move(leaf);
            into.conditions.emplace_back().group = std::move(group);
        }
        return true;
    }

    /// The field of that name, made if there is none.
    Field* field_of(Conjunction& into, const Trail& trail, const Spot& spot) {
        if (spot.twins)
            for (auto& field : into.fields)
                if (field.name == trail.name) return &field;
        if (!count(1, spot.place)) return nullptr;
        auto& made = into.fields.emplace_back();
        made.name = trail.name;
        return &made;
    }

    /// What is written for a field: tests of its values, or fields below it. `spot` is the field's.
    bool tested(const Json& value, const Spot& spot, Field& field) {
        if (value.is_object() && (strict_ || is_group(value))) {
            if (value.empty())
                return faults_.fail(spot.place,
                                    "an empty object tests nothing; to ask whether " +
                                        quoted(spot.trail.text()) + " is there, write " +
                                        (strict_ ? "[{\"exists\": true}]" : "{exists: true}"));
            if (field.inner.empty()) return group(value, spot, field.inner.emplace_back());
            Group part;
            return group(value, spot, part) && join(field.inner.front(), std::move(part), spot);
        }
        if (strict_ && !value.is_array())
            return faults_.fail(spot.place, "expected a list of values or an object of fields, "
                                            "found " + kind_name(value));
        if (field.leaf) return tested_twice(spot.trail, spot.place);
        auto leaf = std::make_shared<Leaf>();
        if (!compile_leaf(value, spot.place, *leaf, faults_)) return false;
        field.leaf = std::move(leaf);
        return true;
    }

    /// An object of names, as against an object of operators.
    static bool is_group(const Json& value) {
        if (!value.is_object()) return false;
        if (const Json* negated = value.size() == 1 ? value.find("$not") : nullptr)
            return is_group(*negated);
        return std::none_of(value.members().begin(), value.members().end(), [](const auto& m) {
            bool between_groups = m.name == "$or" || m.name == "$and" || m.name == "$not";
            return is_operator(m.name) && !between_groups;
        });
    }

    bool alternatives(const Json& list, const Spot& spot, Group& out) {
        if (!list.is_array() || list.size() < 2)
            return faults_.fail(spot.place, "$or needs a list of two or more groups, found " +
                                                (list.is_array() ? std::to_string(list.size())
                                                                 : kind_name(list)));
        for (std::size_t i = 0; i < list.size(); ++i) {
            Group branch;
            auto before = std::exchange(fields_, 0);
            if (!branch_of(list[i], spot.branch(Place(spot.place, i), true), branch)) return false;
            if (out.alternatives.size() + branch.alternatives.size() >
                limits::pattern_alternatives_max)
                return too_many(spot.place);
            if (!count(before, spot.place)) return false;
            for (auto& alternative : branch.alternatives)
                out.alternatives.push_back(std::move(alternative));
        }
        return true;
    }

    bool branch_of(const Json& object, const Spot& spot, Group& out) {
        if (!object.is_object() || object.empty())
            return faults_.fail(spot.place, "expected a group {path: test}, found " +
                                                (object.is_object() ? "an empty object"
                                                                    : kind_name(object)));
        return group(object, spot, out);
    }

    bool conditions(const JsonMember& member, const Spot& spot, Group& out) {
        auto& made = out.alternatives.emplace_back();
        auto add = [&](const Json& object, const Place& place) {
            auto group = std::make_shared<Group>();
            auto outside = std::exchange(fields_, 0);   // a condition's tests are never multiplied
            if (!branch_of(object, spot.branch(place, spot.inside_or), *group)) return false;
            fields_ = outside + 1;
            auto& condition = made.conditions.emplace_back();
            condition.negated = member.name == "$not";
            condition.group = std::move(group);
            return true;
        };
        if (member.name == "$not") return add(member.value, spot.place);
        if (!member.value.is_array() || member.value.empty())
            return faults_.fail(spot.place, "$and needs a list of groups, found " +
                                                (member.value.is_array()
                                                     ? "an empty list"
                                                     : kind_name(member.value)));
        for (std::size_t i = 0; i < member.value.size(); ++i)
            if (!add(member.value[i], Place(spot.place, i))) return false;
        return true;
    }

    bool too_many(const Place& place) {
        return faults_.fail(place, "$or multiplies out to more than " +
                                       std::to_string(limits::pattern_alternatives_max) +
                                       " alternatives; split the rule");
    }

    /// Counts what the tree gets; false when that is too much.
    bool count(std::size_t more, const Place& place) {
        fields_ += more;
        return fields_ <= limits::pattern_fields_max ||
               faults_.fail(place, "the pattern multiplies out to more than " +
                                       std::to_string(limits::pattern_fields_max) +
                                       " tests; split the rule");
    }

    /// out := out and part, multiplied out. `spot` is where part is written.
    bool join(Group& out, Group part, const Spot& spot) {
        auto left = out.alternatives.size(), right = part.alternatives.size();
        if (left * right > limits::pattern_alternatives_max) return too_many(spot.place);
        if (left * right > 1) {
            auto ours = field_count(out), theirs = field_count(part);
            if (!count((right - 1) * ours + (left - 1) * theirs, spot.place)) return false;
        }
        std::vector<Conjunction> product;
        product.reserve(left * right);
        for (auto& alternative : out.alternatives)
            for (std::size_t i = 0; i < right; ++i) {
                bool last = i + 1 == right;
                product.push_back(last ? std::move(alternative) : alternative);
                if (!add_all(product.back(), part.alternatives[i], spot)) return false;
            }
        out.alternatives = std::move(product);
        return true;
    }

    bool add_all(Conjunction& into, const Conjunction& from, const Spot& spot) {
        for (const auto& condition : from.conditions) into.conditions.push_back(condition);
        for (const auto& field : from.fields) {
            auto twin = std::find_if(into.fields.begin(), into.fields.end(),
                                     [&](const Field& f) { return f.name == field.name; });
            if (twin == into.fields.end()) {
                into.fields.push_back(field);
                continue;
            }
            Trail trail(spot.trail, field.name);
            if (twin->leaf && field.leaf) return tested_twice(trail, spot.place);
            if (field.leaf) twin->leaf = field.leaf;
            if (field.inner.empty()) continue;
            if (twin->inner.empty()) twin->inner = field.inner;
            else if (!join(twin->inner.front(), field.inner.front(), spot.below(trail)))
                return false;
        }
        return true;
    }

    bool tested_twice(const Trail& trail, const Place& place) {
        return faults_.fail(place, "the path " + quoted(trail.text()) +
                                       " is tested twice; write a list for \"or\", $and for both");
    }

    PatternFault& faults_;
    bool strict_;
    std::size_t fields_ = 0;   // of the group being built, as multiplied out
};

void collect_paths(const Group& group, const std::string& prefix, std::vector<std::string>& out) {
    for (const auto& conjunction : group.alternatives) {
        for (const auto& field : conjunction.fields) {
            auto path = path_below(prefix, field.name);
            if (field.leaf) out.push_back(path);
            if (!field.inner.empty()) collect_paths(field.inner.front(), path, out);
        }
        for (const auto& condition : conjunction.conditions)
            collect_paths(*condition.group, prefix, out);
    }
}

Fault fault_at(std::string_view text, const JsonError& error) {
    auto before = text.substr(0, std::min(error.offset, text.size()));
    auto line_begin = before.rfind('\n') + 1;   // npos + 1 is 0
    Fault made;
    made.message = "not JSON: " + error.message;
    made.line = 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
    made.column = 1 + char_count(before.substr(line_begin));
    return made;
}

}  // namespace

std::string path_below(const std::string& prefix, const std::string& name) {
    return prefix.empty() ? name : prefix + "." + name;
}

Compiled<Pattern> Pattern::compiled(const Json& pattern, bool strict) {
    PatternFault faults;
    Pattern made;
    auto node = std::make_unique<Node>();
    if (!pattern.is_object())
        faults.fail(Place(), "expected an object {path: test}, found " + kind_name(pattern));
    else if (pattern.empty())
        faults.fail(Place(), "an empty object tests nothing; name at least one field");
    else
        PatternCompiler(faults, strict).group(pattern, Spot(Place(), Trail(), 1, false),
                                              node->group);
    if (faults.fault) return std::move(*faults.fault);
    node->text = pattern.dump();
    node->strict = strict;
    made.root_ = std::move(node);
    return made;
}

Compiled<Pattern> Pattern::compile(const Json& pattern) {
    bool any = pattern.is_null() || (pattern.is_object() && pattern.empty());
    return any ? Compiled<Pattern>(Pattern()) : compiled(pattern, false);
}

Compiled<Pattern> Pattern::parse(std::string_view json) {
    JsonError error;
    auto pattern = Json::parse(json, &error);
    if (!pattern) return fault_at(json, error);
    return compiled(*pattern, true);
}

std::string_view Pattern::text() const { return root_ ? root_->text : std::string_view(); }
bool Pattern::strict() const { return root_ && root_->strict; }
const Group* Pattern::tree() const { return root_ ? &root_->group : nullptr; }

std::vector<std::string> Pattern::paths() const {
    std::vector<std::string> out;
    if (root_) collect_paths(root_->group, {}, out);
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

}  // namespace syncline::rules
