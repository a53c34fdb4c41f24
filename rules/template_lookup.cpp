// How a path finds its value while a template runs: loops, assigned names, scope, members, items.
// See template_value.hpp.
//
// Nothing is copied on the way: a value found is a pointer into the scope or into what the template
// made. Members are found one after the other; the work of it is charged.
#include <algorithm>

#include "rules/filters.hpp"
#include "rules/limits.hpp"
#include "rules/template_value.hpp"
#include "rules/text.hpp"

namespace syncline::rules::templating {

namespace {

const Json& shared_bool(bool value) {
    static const Json yes(true), no(false);
    return value ? yes : no;
}

std::string iso_text(std::int64_t now_ms) {
    FilterCall call;
    return find_filter("iso8601")->apply(Json(now_ms), call).as_string();
}

/// One fact of `forloop`, by its name; undefined when there is no such.
Value loop_fact(const LoopFrame& frame, std::string_view name) {
    if (name == "first") return Value::of(shared_bool(frame.index == 0));
    if (name == "last") return Value::of(shared_bool(frame.index + 1 == frame.length));
    if (name == "index") return Value::own(Json(frame.index + 1));
    if (name == "index0") return Value::own(Json(frame.index));
    if (name == "rindex") return Value::own(Json(frame.length - frame.index));
    if (name == "rindex0") return Value::own(Json(frame.length - frame.index - 1));
    if (name == "length") return Value::own(Json(frame.length));
    if (name == "name") return Value::own(Json(frame.title));
    return Value();
}

/// All that `forloop` tells of loop `level`, the loops around it as `parentloop`.
Json loop_facts(const std::vector<LoopFrame>& loops, std::size_t level) {
    Json facts = Json::object();
    if (level > 0) facts.set("parentloop", loop_facts(loops, level - 1));
    static constexpr std::string_view names[] = {"name",   "length",  "index", "index0",
                                                 "rindex", "rindex0", "first", "last"};
    for (auto name : names)
        facts.set(name, loop_fact(loops[level], name).json());
    return facts;
}

/// The member whose name, which has dots, is several steps of the path together.
const Json* dotted_member(const Json& object, const std::vector<Step>& steps, std::size_t& index) {
    std::string name = steps[index].name;
    for (auto next = index + 1; next < steps.size() && steps[next].computed.empty(); ++next) {
        name += "." + steps[next].name;
        if (const Json* found = object.find(name)) {
            index = next + 1;
            return found;
        }
    }
    ++index;
    return nullptr;
}

const Json* item_at(const Json& list, std::int64_t index) {
    auto size = static_cast<std::int64_t>(list.size());
    if (index < 0) index += size;
    return index >= 0 && index < size ? &list.items()[static_cast<std::size_t>(index)] : nullptr;
}

/// What a list, object or text says about itself: size, first, last.
Value property(const Value& at, const std::string& name) {
    const Json& value = at.json();
    if (name == "size") {
        if (value.is_string()) return Value::own(Json(char_count(value.as_string())));
        return value.is_container() ? Value::own(Json(value.size())) : Value();
    }
    if (name != "first" && name != "last") return Value();
    bool first = name == "first";
    if (value.is_array() && !value.empty())
        return Value{first ? &value.items().front() : &value.items().back(), at.made};
    FilterCall call;
    bool has = value.is_string() || (first && value.is_object() && !value.empty());
    return has ? Value::own(find_filter(name)->apply(value, call)) : Value();
}

}  // namespace

bool Evaluator::root(const std::string& name, Value& out) const {
    for (auto frame = loops_.rbegin(); frame != loops_.rend(); ++frame)
        if (*frame->name == name) return out = frame->item, true;
    for (const auto& [known, value] : assigned_)
        if (*known == name) return out = value, true;
    out = Value();
    if (const Json* found = scope_.find(name)) out = Value::of(*found);
    else if (name == "now") out = Value::own(Json(iso_text(options_.now_ms)));
    return out.defined();
}

bool Evaluator::is_forloop(const Expression& path) const {
    return !loops_.empty() && path.steps.front().name == "forloop" &&
           std::none_of(loops_.begin(), loops_.end(),
                        [](const LoopFrame& frame) { return *frame.name == "forloop"; });
}

/// forloop, forloop.parentloop, and their facts; afterwards `index` is behind what was read.
Value Evaluator::forloop(const Expression& path, std::size_t& index) const {
    std::size_t level = loops_.size();
    for (index = 1; index < path.steps.size() && path.steps[index].name == "parentloop"; ++index)
        if (--level == 0) return Value();
    if (index == path.steps.size()) return Value::own(loop_facts(loops_, level - 1));
    return loop_fact(loops_[level - 1], path.steps[index++].name);
}

bool Evaluator::path(const Expression& expression, bool lenient, Value& out) {
    const auto& steps = expression.steps;
    if (!charge(expression.offset, scope_.members().size() + assigned_.size())) return false;
    bool strict = options_.strict && !lenient;
    std::size_t index = 0;
    Value at;
    if (is_forloop(expression)) {
        at = forloop(expression, index);
        index = std::min(index, steps.size());
    } else if (steps.front().computed.empty() && root(steps.front().name, at)) {
        index = 1;
    } else {
        // Only names with dots, or a computed name, can still be found, in the scope itself.
        at = Value::of(scope_);
        if (!step(expression, index, at)) return false;
    }
    while (at.defined() && index < steps.size()) {
        Value parent = strict ? at : Value();
        auto before = index;
        if (!step(expression, index, at)) return false;
        if (!at.defined() && strict) return undefined(expression, before, parent);
    }
    if (!at.defined() && strict) return undefined(expression, 0, Value::of(scope_));
    out = std::move(at);
    return true;
}

bool Evaluator::step(const Expression& path, std::size_t& index, Value& at) {
    const auto& step = path.steps[index];
    const Json& from = at.json();
    // Members are found one after the other; text sizes are counted.
    if (!charge(path.offset, from.members().size() + from.as_string().size())) return false;
    if (!step.computed.empty()) return computed_step(path, index, at);
    Value next{nullptr, at.made};
    if (from.is_object()) {
        next.at = from.find(step.name);
        if (next.at) {
            ++index;
        } else if (index + 1 == path.steps.size()) {
            ++index;
        } else {
            auto names_left = path.steps.size() - index;
            if (!charge(path.offset, from.members().size() * names_left)) return false;
            next.at = dotted_member(from, path.steps, index);
        }
    } else {
        ++index;
    }
    at = next.at ? std::move(next) : property(at, step.name);
    return true;
}

/// `[0]`, `[x.y]`: an item by its number, a member by its name.
bool Evaluator::computed_step(const Expression& path, std::size_t& index, Value& at) {
    Value computed;
    if (!evaluate(path.steps[index++].computed.front(), false, computed)) return false;
    const Json& name = computed.json();
    const Json& from = at.json();
    const Json* found = nullptr;
    if (from.is_object() && name.is_string()) {
        found = from.find(name.as_string());
    } else if (from.is_array() && name.is_number()) {
        if (auto whole = name.as_int64()) found = item_at(from, *whole);
    }
    at = found ? Value{found, at.made} : Value();
    return true;
}

bool Evaluator::undefined(const Expression& path, std::size_t index, const Value& parent) {
    std::string dotted;
    for (std::size_t i = 0; i <= index && i < path.steps.size(); ++i) {
        const auto& step = path.steps[i];
        dotted += (i ? "." : "") + (step.computed.empty() ? step.name : "[…]");
    }
    std::vector<std::string> names;
    for (const auto& member : parent.json().members()) names.push_back(member.name);
    return fail(path.offset, quoted(dotted) + " is undefined" +
                                 did_you_mean(path.steps[index].name, names));
}

/// As Liquid reads the end of a range: a text by the digits at its begin, nil as 0.
bool Evaluator::range_end(const Expression& end, std::int64_t& out) {
    Value value;
    if (!evaluate(end, false, value)) return false;
    const Json& json = value.json();
    std::optional<std::int64_t> whole;
    if (json.is_string()) whole = leading_number(json.as_string()).as_int64();
    if (json.is_number()) whole = json.as_int64();
    bool fraction = json.is_number() && !whole && std::abs(json.as_double()) < 1e15;
    if (fraction) whole = static_cast<std::int64_t>(json.as_double());
    if (json.is_null()) whole = 0;
    if (!whole)
        return fail(end.offset, "a range needs whole numbers, found " + value_words(json));
    out = *whole;
    return true;
}

bool Evaluator::range(const Expression& expression, Value& out) {
    std::int64_t first = 0, last = 0;
    if (!range_end(expression.bounds[0], first) || !range_end(expression.bounds[1], last))
        return false;
    Json list = Json::array();
    auto count = last < first ? 0 : static_cast<std::uint64_t>(last) -
                                        static_cast<std::uint64_t>(first) + 1;
    bool whole_line = last >= first && count == 0;
    if (count > limits::loop_rounds_max || whole_line)
        return fail(expression.offset, "a range of more than " +
                                           std::to_string(limits::loop_rounds_max) + " numbers");
    for (std::uint64_t i = 0; i < count; ++i)
        list.push_back(Json(first + static_cast<std::int64_t>(i)));
    out = Value::own(std::move(list));
    return charge(expression.offset, count * sizeof(Json));
}

}  // namespace syncline::rules::templating
