// The evaluator of outputs: literals, filters, budgets; see template_value.hpp. Paths are followed
// in template_lookup.cpp, conditions decided in template_condition.cpp.
//
// Numbers are never converted: they pass through as the text they came in.
#include "rules/template_value.hpp"

#include <array>

#include "rules/filters.hpp"
#include "rules/limits.hpp"

namespace syncline::rules::templating {

namespace {

const Json& shared_nil() {
    static const Json nil;
    return nil;
}

const Json& shared_nothing() {
    static const Json text("");
    return text;
}

}  // namespace

const Json& Value::json() const { return at ? *at : shared_nil(); }

std::size_t work_of(const Json& value, bool compared) {
    std::size_t work = 8 + value.number_text().size() + value.as_string().size();
    for (const auto& item : value.items()) work += work_of(item, compared);
    for (const auto& member : value.members())
        work += member.name.size() + work_of(member.value, compared);
    return work + (compared ? value.members().size() * value.members().size() : 0);
}

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

bool Evaluator::out_of_work(std::size_t offset) {
    return fail(offset, "the template works on more than " +
                            std::to_string(limits::render_work_bytes_max) + " bytes");
}

void Evaluator::assign(const std::string& name, Value value) {
    for (auto& [known, held] : assigned_)
        if (*known == name) return void(held = std::move(value));
    assigned_.emplace_back(&name, std::move(value));
}

std::size_t& Evaluator::resume_at(const std::string& title) {
    for (auto& [known, at] : resumes_)
        if (*known == title) return at;
    return resumes_.emplace_back(&title, 0).second;
}

bool Evaluator::evaluate(const Expression& expression, bool lenient, Value& out) {
    switch (expression.kind) {
        case Expression::Kind::literal: out = Value::of(expression.literal); return true;
        case Expression::Kind::path: return path(expression, lenient, out);
        case Expression::Kind::range: return range(expression, out);
        default: out = Value::of(shared_nothing()); return true;   // empty and blank print nothing
    }
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
    if (!call.error.empty())
        return fail(use.offset, std::string(use.spec->name) + " " + call.error);
    if (!charge(use.offset, work_of(made))) return false;
    value = Value::own(std::move(made));
    return true;
}

}  // namespace syncline::rules::templating
