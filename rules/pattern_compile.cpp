// From a written pattern to its tree: names, dotted paths, $or, $and, $not.
//
// $or is multiplied out with the fields beside it, so that a choice made inside and a field outside
// still meet on one element of an array; the product is bounded before it is made. $and and $not
// stand on their own: each group may pick its own element. One path may be tested once.
#include <algorithm>

#include "rules/limits.hpp"
#include "rules/pattern_tree.hpp"

namespace syncline::rules {

namespace {

std::size_t field_count(const Group& group) {
    std::size_t count = 0;
    for (const auto& conjunction : group.alternatives) {
        count += 1 + conjunction.conditions.size();
        for (const auto& field : conjunction.fields)
            count += 1 + (field.inner.empty() ? 0 : field_count(field.inner.front()));
    }
    return count;
}

class PatternCompiler {
public:
    explicit PatternCompiler(PatternFault& faults) : faults_(faults) {}

    /// The group that an object of fields says. `prefix` is the path of the object in the event,
    /// `place` the place in the pattern.
    bool group(const Json& object, const std::string& prefix, const std::string& place,
               bool inside_or, std::size_t depth, Group& out) {
        if (depth > limits::pattern_depth_max)
            return faults_.fail(place, "the pattern is nested deeper than " +
                                           std::to_string(limits::pattern_depth_max) + " levels");
        out.alternatives.assign(1, Conjunction());
        for (const auto& member : object.members()) {
            auto here = place.empty() ? member.name : place + "." + member.name;
            Group part;
            if (!this->member(member, prefix, here, inside_or, depth, part)) return false;
            if (!join(out, part, here)) return false;
        }
        return true;
    }

private:
    bool member(const JsonMember& member, const std::string& prefix, const std::string& here,
                bool inside_or, std::size_t depth, Group& out) {
        if (member.name == "$or") return alternatives(member.value, prefix, here, depth, out);
        if (member.name == "$and" || member.name == "$not")
            return conditions(member, prefix, here, inside_or, depth, out);
        if (member.name.starts_with('$') && !is_operator(member.name))
            return faults_.fail(here, unknown_operator(member.name));
        bool sign = member.name == "=" || member.name == "<" || member.name == "<=" ||
                    member.name == ">" || member.name == ">=";
        if (is_operator(member.name) && (member.name.starts_with('$') || inside_or))
            return faults_.fail(here, "the operator " + member.name +
                                          " stands where a path is expected; write path: {" +
                                          member.name + ": …}");
        if (sign && inside_or)
            return faults_.fail(here, "an operator stands where a path is expected");
        if (member.name.size() + prefix.size() > limits::path_bytes_max)
            return faults_.fail(place_short(here), "a path longer than " +
                                          std::to_string(limits::path_bytes_max) + " bytes");
        return field(member.name, member.value, prefix, here, inside_or, depth, out);
    }

    static std::string place_short(const std::string& place) {
        return std::string(char_slice(place, 0, 64)) + "…";
    }

    /// One written name, which may have dots: a chain of fields, one below the other.
    bool field(std::string_view name, const Json& value, const std::string& prefix,
               const std::string& here, bool inside_or, std::size_t depth, Group& out) {
        if (depth > limits::pattern_depth_max)
            return faults_.fail(here, "the path is deeper than " +
                                          std::to_string(limits::pattern_depth_max) + " levels");
        auto dot = name.find('.');
        Field made;
        made.name = name.substr(0, dot);
        made.path = prefix.empty() ? made.name : prefix + "." + made.name;
        if (dot != std::string_view::npos) {
            if (!field(name.substr(dot + 1), value, made.path, here, inside_or, depth + 1,
                       made.inner.emplace_back()))
                return false;
        } else if (is_group(value)) {
            if (value.empty())
                return faults_.fail(here, "an empty object tests nothing; to ask whether " +
                                              quoted(made.path) + " is there, write {exists: true}");
            if (!group(value, made.path, here, inside_or, depth + 1, made.inner.emplace_back()))
                return false;
        } else {
            auto leaf = std::make_shared<Leaf>();
            leaf->path = made.path;
            if (!compile_leaf(value, here, *leaf, faults_)) return false;
            made.leaf = std::move(leaf);
        }
        out.alternatives.assign(1, Conjunction());
        out.alternatives.front().fields.push_back(std::move(made));
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

    bool alternatives(const Json& list, const std::string& prefix, const std::string& here,
                      std::size_t depth, Group& out) {
        if (!list.is_array() || list.size() < 2)
            return faults_.fail(here, "$or needs a list of two or more groups, found " +
                                          (list.is_array() ? std::to_string(list.size())
                                                           : kind_name(list)));
        for (std::size_t i = 0; i < list.size(); ++i) {
            Group branch;
            if (!branch_of(list[i], prefix, here + "[" + std::to_string(i) + "]", true, depth,
                           branch))
                return false;
            if (out.alternatives.size() + branch.alternatives.size() >
                limits::pattern_alternatives_max)
                return too_many(here);
            for (auto& alternative : branch.alternatives)
                out.alternatives.push_back(std::move(alternative));
        }
        return true;
    }

    bool branch_of(const Json& object, const std::string& prefix, const std::string& place,
                   bool inside_or, std::size_t depth, Group& out) {
        if (!object.is_object() || object.empty())
            return faults_.fail(place, "expected a group {path: test}, found " +
                                           (object.is_object() ? "an empty object"
                                                               : kind_name(object)));
        return group(object, prefix, place, inside_or, depth + 1, out);
    }

    bool conditions(const JsonMember& member, const std::string& prefix, const std::string& here,
                    bool inside_or, std::size_t depth, Group& out) {
        Conjunction made;
        auto add = [&](const Json& object, const std::string& place) {
            auto group = std::make_shared<Group>();
            if (!branch_of(object, prefix, place, inside_or, depth, *group)) return false;
            made.conditions.push_back(Condition{member.name == "$not", prefix, group});
            return true;
        };
        if (member.name == "$not") {
            if (!add(member.value, here)) return false;
        } else {
            if (!member.value.is_array() || member.value.empty())
                return faults_.fail(here, "$and needs a list of groups, found " +
                                              (member.value.is_array() ? "an empty list"
                                                                       : kind_name(member.value)));
            for (std::size_t i = 0; i < member.value.size(); ++i)
                if (!add(member.value[i], here + "[" + std::to_string(i) + "]")) return false;
        }
        out.alternatives.assign(1, std::move(made));
        return true;
    }

    bool too_many(const std::string& place) {
        return faults_.fail(place, "$or multiplies out to more than " +
                                       std::to_string(limits::pattern_alternatives_max) +
                                       " alternatives; split the rule");
    }

    /// out := out and part, multiplied out.
    bool join(Group& out, const Group& part, const std::string& place) {
        auto left = out.alternatives.size(), right = part.alternatives.size();
        if (left * right > limits::pattern_alternatives_max) return too_many(place);
        if (left * field_count(part) + right * field_count(out) > limits::pattern_fields_max)
            return faults_.fail(place, "the pattern multiplies out to more than " +
                                           std::to_string(limits::pattern_fields_max) +
                                           " tests; split the rule");
        std::vector<Conjunction> product;
        for (const auto& alternative : out.alternatives)
            for (const auto& other : part.alternatives) {
                product.push_back(alternative);
                if (!add_all(product.back(), other, place)) return false;
            }
        out.alternatives = std::move(product);
        return true;
    }

    bool add_all(Conjunction& into, const Conjunction& from, const std::string& place) {
        for (const auto& condition : from.conditions) into.conditions.push_back(condition);
        for (const auto& field : from.fields) {
            auto twin = std::find_if(into.fields.begin(), into.fields.end(),
                                     [&](const Field& f) { return f.name == field.name; });
            if (twin == into.fields.end()) {
                into.fields.push_back(field);
                continue;
            }
            if (twin->leaf && field.leaf)
                return faults_.fail(place, "the path " + quoted(field.path) +
                                               " is tested twice; write a list for \"or\", $and "
                                               "for both");
            if (field.leaf) twin->leaf = field.leaf;
            if (field.inner.empty()) continue;
            if (twin->inner.empty()) twin->inner = field.inner;
            else if (!join(twin->inner.front(), field.inner.front(), place)) return false;
        }
        return true;
    }

    PatternFault& faults_;
};

void collect_paths(const Group& group, std::vector<std::string>& out) {
    for (const auto& conjunction : group.alternatives) {
        for (const auto& field : conjunction.fields) {
            if (field.leaf) out.push_back(field.leaf->path);
            if (!field.inner.empty()) collect_paths(field.inner.front(), out);
        }
        for (const auto& condition : conjunction.conditions) collect_paths(*condition.group, out);
    }
}

}  // namespace

Compiled<Pattern> Pattern::compile(const Json& pattern) {
    PatternFault faults;
    Pattern made;
    if (pattern.is_null() || (pattern.is_object() && pattern.empty())) return made;
    auto node = std::make_unique<Node>();
    if (!pattern.is_object())
        faults.fail("", "expected an object {path: test}, found " + kind_name(pattern));
    else
        PatternCompiler(faults).group(pattern, "", "", false, 1, node->group);
    if (faults.fault) return *faults.fault;
    made.root_ = std::move(node);
    return made;
}

std::vector<std::string> Pattern::paths() const {
    std::vector<std::string> out;
    if (root_) collect_paths(root_->group, out);
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

}  // namespace syncline::rules
