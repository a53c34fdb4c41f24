// Values and names while a template runs; see template_value.hpp.
//
// Numbers are never converted: they pass through as the text they came in.
#include "rules/template_value.hpp"

#include <algorithm>
#include <array>

#include "rules/filters.hpp"
#include "rules/limits.hpp"
#include "rules/text.hpp"

namespace syncline::rules::templating {

namespace {

const Json& shared_nil() {
    static const Json nil;
    return nil;
}

bool is_empty(const Json& value) {
    if (value.is_string()) return value.as_string().empty();
    return value.is_container() && value.empty();
}

bool is_blank(const Json& value) {
    if (value.is_null() || (value.is_bool() && !value.as_bool())) return true;
    if (value.is_string())
        return value.as_string().find_first_not_of(" \t\r\n\f\v") == std::string::npos;
    return is_empty(value);
}

std::string iso_text(std::int64_t now_ms) {
    FilterCall call;
    return find_filter("iso8601")->apply(Json(now_ms), call).as_string();
}

/// What a list, object or text says about itself: size, first, last.
std::optional<Json> property(const Json& value, const std::string& name) {
    if (name == "size") {
        if (value.is_string()) return Json(char_count(value.as_string()));
        if (value.is_container()) return Json(value.size());
    }
    if (value.is_array() && !value.empty()) {
        if (name == "first") return value.items().front();
        if (name == "last") return value.items().back();
    }
    return std::nullopt;
}

/// What `forloop` tells of loop `level`, the loops around it as `parentloop`.
Json loop_facts(const std::vector<LoopFrame>& loops, std::size_t level) {
    const auto& frame = loops[level];
    Json facts = Json::object();
    if (level > 0) facts.set("parentloop", loop_facts(loops, level - 1));
    facts.set("index", Json(frame.index + 1));
    facts.set("index0", Json(frame.index));
    facts.set("rindex", Json(frame.length - frame.index));
    facts.set("rindex0", Json(frame.length - frame.index - 1));
    facts.set("first", Json(frame.index == 0));
    facts.set("last", Json(frame.index + 1 == frame.length));
    facts.set("length", Json(frame.length));
    return facts;
}

/// What it costs to read, copy or compare a value, in bytes of text plus 8 a value. Objects compare
/// member by member, each looked up: that is their size squared.
std::size_t work_of(const Json& value, bool compared = false) {
    std::size_t work = 8 + value.number_text().size() + value.as_string().size();
    for (const auto& item : value.items()) work += work_of(item, compared);
    for (const auto& member : value.members())
        work += member.name.size() + work_of(member.value, compared);
    return work + (compared ? value.members().size() * value.members().size() : 0);
}

}  // namespace

const Json& Value::json() const { return at ? *at : shared_nil(); }

std::size_t json_bytes(const Json& value) {
    if (value.is_number()) return value.number_text().size();
    if (value.is_string()) return value.as_string().size() + 2;
    std::size_t bytes = 2;
    for (const auto& item : value.items()) bytes += json_bytes(item) + 1;
    for (const auto& member : value.members())
        bytes += member.name.size() + 4 + json_bytes(member.value);
    return value.is_container() ? bytes : 5;
}

Budget::Budget(const RenderOptions& options)
    : output_left(options.output_bytes_max),
      steps_left(limits::render_steps_max),
      work_left(limits::render_work_bytes_max) {}

bool Evaluator::fail(std::size_t offset, std::string message) {
    if (!fault_) fault_ = fault_at(program_.source, offset, std::move(message));
    return false;
}

bool Evaluator::charge(std::size_t offset, std::size_t bytes) {
    if (bytes > budget_.work_left)
        return fail(offset, "the template works on more than " +
                                std::to_string(limits::render_work_bytes_max) + " bytes");
    budget_.work_left -= bytes;
    return true;
}

void Evaluator::assign(const std::string& name, Value value) {
    for (auto& [known, held] : assigned_)
        if (known == name) return void(held = std::move(value));
    assigned_.emplace_back(name, std::move(value));
}

bool Evaluator::evaluate(const Expression& expression, bool lenient, Value& out) {
    switch (expression.kind) {
        case Expression::Kind::literal: out = Value::of(expression.literal); return true;
        case Expression::Kind::path: return path(expression, lenient, out);
        case Expression::Kind::range: return range(expression, out);
        default: out = Value::own(Json("")); return true;   // empty and blank print nothing
    }
}

bool Evaluator::root(const std::string& name, Value& out) const {
    for (auto frame = loops_.rbegin(); frame != loops_.rend(); ++frame)
        if (frame->name == name) return out = frame->item, true;
    if (name == "forloop" && !loops_.empty())
        return out = Value::own(loop_facts(loops_, loops_.size() - 1)), true;
    for (const auto& [known, value] : assigned_)
        if (known == name) return out = value, true;
    out = Value();
    if (const Json* found = scope_.find(name)) out = Value::of(*found);
    else if (name == "now") out = Value::own(Json(iso_text(options_.now_ms)));
    return out.defined();
}

bool Evaluator::path(const Expression& expression, bool lenient, Value& out) {
    const auto& first = expression.steps.front();
    if (!charge(expression.offset, scope_.members().size() + assigned_.size())) return false;
    std::size_t index = 0;
    Value at;
    if (first.computed.empty() && root(first.name, at)) {
        index = 1;
    } else {
        // Only names with dots, or a computed name, can still be found, in the scope itself.
        at = Value::of(scope_);
        if (!step(expression, index, at)) return false;
    }
    while (at.defined() && index < expression.steps.size()) {
        Value parent = at;
        auto before = index;
        if (!step(expression, index, at)) return false;
        if (!at.defined() && options_.strict && !lenient)
            return undefined(expression, before, parent);
    }
    if (!at.defined() && options_.strict && !lenient)
        return undefined(expression, 0, Value::of(scope_));
    out = std::move(at);
    return true;
}

namespace {

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

}  // namespace

bool Evaluator::step(const Expression& path, std::size_t& index, Value& at) {
    const auto& step = path.steps[index];
    Json name(step.name);
    if (!step.computed.empty()) {
        Value computed;
        if (!evaluate(step.computed.front(), false, computed)) return false;
        name = computed.json();
    }
    const Json& from = at.json();
    Value next;
    next.made = at.made;
    // Members are found one after the other; text sizes are counted.
    if (!charge(path.offset, from.members().size() + from.as_string().size())) return false;
    if (from.is_object() && name.is_string()) {
        next.at = from.find(name.as_string());
        bool dotted = !next.at && step.computed.empty();
        auto names_left = path.steps.size() - index;
        if (dotted && !charge(path.offset, from.members().size() * names_left)) return false;
        if (dotted) next.at = dotted_member(from, path.steps, index);
        else ++index;
    } else {
        ++index;
        auto number = name.is_string() ? number_of_text(name.as_string()) : std::optional(name);
        auto whole = number ? number->as_int64() : std::nullopt;
        if (from.is_array() && whole) next.at = item_at(from, *whole);
    }
    if (!next.at && name.is_string() && step.computed.empty())
        if (auto fact = property(from, name.as_string())) next = Value::own(std::move(*fact));
    if (!next.at) next.made = nullptr;
    at = std::move(next);
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

bool Evaluator::range(const Expression& expression, Value& out) {
    std::int64_t ends[2] = {0, 0};
    for (std::size_t i = 0; i < 2; ++i) {
        Value value;
        if (!evaluate(expression.bounds[i], false, value)) return false;
        auto number = value.json().is_string() ? number_of_text(value.json().as_string())
                                               : std::optional(value.json());
        auto whole = number ? number->as_int64() : std::nullopt;
        if (!whole && value.json().is_null()) whole = 0;
        if (!whole)
            return fail(expression.bounds[i].offset,
                        "a range needs whole numbers, found " + value_words(value.json()));
        ends[i] = *whole;
    }
    Json list = Json::array();
    auto count = ends[1] < ends[0] ? 0 : static_cast<std::uint64_t>(ends[1]) -
                                             static_cast<std::uint64_t>(ends[0]) + 1;
    bool whole_line = ends[1] >= ends[0] && count == 0;
    if (count > limits::loop_rounds_max || whole_line)
        return fail(expression.offset, "a range of more than " +
                                           std::to_string(limits::loop_rounds_max) + " numbers");
    for (std::uint64_t i = 0; i < count; ++i)
        list.push_back(Json(ends[0] + static_cast<std::int64_t>(i)));
    out = Value::own(std::move(list));
    return charge(expression.offset, count * sizeof(Json));
}

bool Evaluator::evaluate(const Output& output, Value& out) {
    bool asks = !output.filters.empty() &&
                std::string_view(output.filters.front().spec->name) == "default";
    if (!evaluate(output.value, asks, out)) return false;
    for (const auto& use : output.filters)
        if (!filter(use, out)) return false;
    return true;
}

bool Evaluator::filter(const FilterUse& use, Value& value) {
    FilterCall call;
    call.now_ms = options_.now_ms;
    call.links = options_.links;
    std::size_t work = work_of(value.json());
    std::array<Value, filter_args_max> args;   // keep what the call points to
    for (const auto& written : use.args) {
        auto& arg = args[call.count];
        if (!evaluate(written, false, arg)) return false;
        work += work_of(arg.json());
        call.given[call.count++] = &arg.json();
    }
    if (use.allow_false) {
        Value allowed;
        if (!evaluate(*use.allow_false, false, allowed)) return false;
        call.allow_false = is_truthy(allowed.json());
    }
    if (!charge(use.offset, work)) return false;
    Json made = apply_filter(*use.spec, value.json(), call);
    if (!call.error.empty()) return fail(use.offset, std::string(use.spec->name) + " " + call.error);
    if (!charge(use.offset, work_of(made))) return false;
    value = Value::own(std::move(made));
    return true;
}

// --- Conditions ---------------------------------------------------------------------------------

bool Evaluator::holds(const Condition& condition, bool& out) {
    out = false;
    for (std::size_t i = condition.size(); i-- > 0;) {
        bool here = false;
        if (!compare(condition[i], here)) return false;
        if (i + 1 == condition.size()) out = here;
        else out = condition[i].and_next ? here && out : here || out;
    }
    return true;
}

bool Evaluator::equal(const Expression& left, const Expression& right, bool& out) {
    using Kind = Expression::Kind;
    auto special = [](const Expression& e) { return e.kind == Kind::empty || e.kind == Kind::blank; };
    if (special(left) && special(right)) return out = left.kind == right.kind, true;
    Value a, b;
    if (!evaluate(left, true, a) || !evaluate(right, true, b)) return false;
    if (special(left) || special(right)) {
        const Json& value = special(left) ? b.json() : a.json();
        bool blank = (special(left) ? left : right).kind == Kind::blank;
        out = blank ? is_blank(value) : is_empty(value);
        return true;
    }
    if (!charge(left.offset, work_of(a.json(), true) + work_of(b.json(), true))) return false;
    out = a.json() == b.json();
    return true;
}

bool Evaluator::compare(const Comparison& comparison, bool& out) {
    using Op = Comparison::Op;
    Value left;
    switch (comparison.op) {
        case Op::truthy:
            if (!evaluate(comparison.left, true, left)) return false;
            out = is_truthy(left.json());
            return true;
        case Op::equal: return equal(comparison.left, comparison.right, out);
        case Op::not_equal:
            if (!equal(comparison.left, comparison.right, out)) return false;
            out = !out;
            return true;
        case Op::contains: return contains(comparison, out);
        default: return order(comparison, out);
    }
}

bool Evaluator::order(const Comparison& comparison, bool& out) {
    using Op = Comparison::Op;
    Value left, right;
    if (!evaluate(comparison.left, true, left) || !evaluate(comparison.right, true, right))
        return false;
    const Json &a = left.json(), &b = right.json();
    out = false;
    if (a.is_null() || b.is_null()) return true;   // nil is neither less nor greater
    int sign = 0;
    if (a.is_number() && b.is_number())
        sign = json_compare_numbers(a.number_text(), b.number_text());
    else if (a.is_string() && b.is_string())
        sign = a.as_string().compare(b.as_string());
    else
        return fail(comparison.left.offset, "cannot compare " + value_words(a) + " with " +
                                                value_words(b));
    out = comparison.op == Op::less            ? sign < 0
          : comparison.op == Op::less_equal    ? sign <= 0
          : comparison.op == Op::greater       ? sign > 0
                                               : sign >= 0;
    return charge(comparison.left.offset, work_of(a) + work_of(b));
}

bool Evaluator::contains(const Comparison& comparison, bool& out) {
    Value left, right;
    if (!evaluate(comparison.left, true, left) || !evaluate(comparison.right, true, right))
        return false;
    const Json &whole = left.json(), &part = right.json();
    if (!charge(comparison.left.offset, work_of(whole, true) + work_of(part, true))) return false;
    out = false;
    if (part.is_null()) return true;
    if (whole.is_array()) {
        const auto& items = whole.items();
        out = std::find(items.begin(), items.end(), part) != items.end();
    } else if (whole.is_object()) {
        out = part.is_string() && whole.find(part.as_string());
    } else if (whole.is_string()) {
        std::string text;
        append_as_text(text, part);
        out = whole.as_string().find(text) != std::string::npos;
    }
    return true;
}

}  // namespace syncline::rules::templating
