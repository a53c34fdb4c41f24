// Runs a compiled template, and the public classes Template and TemplateTree.
//
// A walk over the nodes with three budgets: bytes of output, nodes run, bytes worked on. A tree of
// templates shares one budget, so that many members cannot exceed what one text may. No clock, no
// I/O; one render on one thread, the compiled objects may be shared.
#include <algorithm>

#include "rules/limits.hpp"
#include "rules/template_ast.hpp"
#include "rules/template_value.hpp"

namespace syncline::rules {

namespace templating {

namespace {

class Renderer {
public:
    Renderer(const Program& program, const Json& scope, const RenderOptions& options,
             Budget& budget)
        : program_(program), values_(program, scope, options, budget), options_(options) {}

    Rendered run(bool keep_type) {
        Json result;
        bool good = false;
        if (keep_type && program_.typed) {
            good = typed(program_.nodes.front(), result);
        } else {
            std::string text;
            good = block(program_.nodes, text);
            result = Json(std::move(text));
        }
        if (good) return result;
        return *values_.fault();
    }

private:
    enum class Flow { on, next, leave };

    /// The whole text is one output: the value keeps its type.
    bool typed(const Node& node, Json& out) {
        Value value;
        if (!values_.evaluate(node.output, value)) return false;
        if (!take_output(node.offset, json_bytes(value.json()))) return false;
        bool sole = value.made && value.at == value.made.get() && value.made.use_count() == 1;
        if (sole) out = std::move(*value.made);
        else out = value.json();
        return true;
    }

    bool take_output(std::size_t offset, std::size_t bytes) {
        auto& left = values_.budget().output_left;
        if (bytes > left)
            return values_.fail(offset, "the output is longer than " +
                                            std::to_string(options_.output_bytes_max) + " bytes");
        left -= bytes;
        return true;
    }

    bool block(const std::vector<Node>& nodes, std::string& out) {
        for (const auto& node : nodes) {
            if (values_.budget().steps_left-- == 0) {
                values_.budget().steps_left = 0;
                return values_.fail(node.offset, "the template runs more than " +
                                                     std::to_string(limits::render_steps_max) +
                                                     " steps");
            }
            if (!this->node(node, out)) return false;
            if (flow_ != Flow::on) break;
        }
        return true;
    }

    bool node(const Node& node, std::string& out) {
        switch (node.kind) {
            case Node::Kind::text:
                out += node.text;
                return take_output(node.offset, node.text.size());
            case Node::Kind::output: return output(node, out);
            case Node::Kind::branches: return branches(node, out);
            case Node::Kind::choice: return choice(node, out);
            case Node::Kind::loop: return loop(node, out);
            case Node::Kind::assign: return assign(node);
            case Node::Kind::capture: return capture(node);
            case Node::Kind::leave: flow_ = Flow::leave; return true;
            case Node::Kind::next: flow_ = Flow::next; return true;
        }
        return true;
    }

    bool output(const Node& node, std::string& out) {
        Value value;
        if (!values_.evaluate(node.output, value)) return false;
        auto before = out.size();
        append_as_text(out, value.json());
        return take_output(node.offset, out.size() - before);
    }

    bool branches(const Node& node, std::string& out) {
        for (const auto& branch : node.branches) {
            bool holds = true;
            if (!branch.condition.empty() && !values_.holds(branch.condition, holds)) return false;
            if (holds != branch.negated) return block(branch.body, out);
        }
        return true;
    }

    /// Liquid renders a body for every `when` that fits, and else where none did so far.
    bool choice(const Node& node, std::string& out) {
        bool any = false;
        for (const auto& branch : node.branches) {
            if (flow_ != Flow::on) break;
            if (branch.whens.empty() && !any && !block(branch.body, out)) return false;
            for (const auto& when : branch.whens) {
                bool fits = false;
                if (!values_.equal(node.output.value, when, fits)) return false;
                any |= fits;
                if (fits && flow_ == Flow::on && !block(branch.body, out)) return false;
            }
        }
        return true;
    }

    bool assign(const Node& node) {
        Value value;
        if (!values_.evaluate(node.output, value)) return false;
        values_.assign(node.text, std::move(value));
        return true;
    }

    bool capture(const Node& node) {
        // Captured text is no output yet; it is work, and bounded as such.
        auto left = values_.budget().output_left;
        std::string text;
        if (!block(node.branches.front().body, text)) return false;
        values_.budget().output_left = left;
        if (!values_.charge(node.offset, text.size())) return false;
        values_.assign(node.text, Value::own(Json(std::move(text))));
        return true;
    }

    // --- Loops ----------------------------------------------------------------------------------

    struct Items {
        Value list;                 // keeps what the rounds point to
        std::size_t first = 0;
        std::size_t rounds = 0;
    };

    /// Which items of the list the loop runs over. What is no list has none.
    bool items(const Node& node, Items& out) {
        if (!values_.evaluate(node.output.value, true, out.list)) return false;
        const Json& list = out.list.json();
        auto count = static_cast<std::int64_t>(list.is_container() ? list.size() : 0);
        // Beyond any list, so that sums of the two stay far from overflow.
        constexpr std::int64_t far = 1LL << 40;
        std::int64_t first = 0, most = far;
        if (node.resumes) first = static_cast<std::int64_t>(values_.resume_at(node.title));
        if (!bound(node.skip, first) || !bound(node.limit, most)) return false;
        first = std::clamp(first, -far, far);
        // The limit counts from the offset on, also from one before the begin.
        auto end = count;
        if (most < far) end = std::clamp<std::int64_t>(std::max(most, -far) + first, 0, count);
        out.first = static_cast<std::size_t>(std::clamp<std::int64_t>(first, 0, end));
        out.rounds = static_cast<std::size_t>(end) - out.first;
        // A text is one round, whatever the bounds.
        if (list.is_string() && !list.as_string().empty()) out.rounds = 1;
        if (out.rounds > limits::loop_rounds_max)
            return values_.fail(node.offset, "the loop would run " + std::to_string(out.rounds) +
                                                 " rounds, more than " +
                                                 std::to_string(limits::loop_rounds_max));
        values_.resume_at(node.title) = out.first + out.rounds;
        return true;
    }

    bool item(const Node& node, const Value& list, std::size_t index, Value& out) {
        const Json& json = list.json();
        if (json.is_array()) return out = Value{&json.items()[index], list.made}, true;
        if (!json.is_object()) return out = list, true;
        const auto& member = json.members()[index];
        if (!values_.charge(node.offset, work_of(member.value))) return false;
        Json pair = Json::array();
        pair.push_back(Json(member.name));
        pair.push_back(member.value);
        out = Value::own(std::move(pair));
        return true;
    }

    /// Keeps `out` when nothing, or nil, is written.
    bool bound(const std::vector<Expression>& written, std::int64_t& out) {
        if (written.empty()) return true;
        Value value;
        if (!values_.evaluate(written.front(), false, value)) return false;
        if (value.json().is_null()) return true;
        auto read = value.json().is_string() ? number_of_text(value.json().as_string())
                                             : std::optional(value.json());
        auto number = read && read->is_number() ? read->as_int64() : std::nullopt;
        if (!number)
            return values_.fail(written.front().offset,
                                "expected a whole number, found " + value_words(value.json()));
        out = *number;
        return true;
    }

    bool loop(const Node& node, std::string& out) {
        Items items;
        if (!this->items(node, items)) return false;
        if (items.rounds == 0)
            return node.branches.size() < 2 || block(node.branches[1].body, out);
        auto depth = values_.loops().size();
        values_.loops().push_back(LoopFrame{&node.text, node.title, Value(), 0, items.rounds});
        bool good = true;
        for (std::size_t i = 0; i < items.rounds && good; ++i) {
            auto at = items.first + (node.reversed ? items.rounds - 1 - i : i);
            values_.loops()[depth].index = i;
            good = item(node, items.list, at, values_.loops()[depth].item) && round(node, out);
            bool left = flow_ == Flow::leave;
            flow_ = Flow::on;
            if (left) break;
        }
        values_.loops().pop_back();
        return good;
    }

    /// A round with an empty body is a step too: nested empty loops are bounded like others.
    bool round(const Node& node, std::string& out) {
        auto& left = values_.budget().steps_left;
        if (left == 0) return block(node.branches.front().body, out);
        --left;
        return block(node.branches.front().body, out);
    }

    const Program& program_;
    Evaluator values_;
    const RenderOptions& options_;
    Flow flow_ = Flow::on;
};

}  // namespace

Rendered run_program(const Program& program, const Json& scope, const RenderOptions& options,
                     Budget& budget) {
    return Renderer(program, scope, options, budget).run(true);
}

Rendered run_as_text(const Program& program, const Json& scope, const RenderOptions& options,
                     Budget& budget) {
    return Renderer(program, scope, options, budget).run(false);
}

}  // namespace templating

struct Template::Program : templating::Program {};

Template::Template() = default;
Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;
Template::~Template() = default;

Compiled<Template> Template::compile(std::string_view text) {
    auto program = std::make_unique<Program>();
    if (auto fault = templating::parse_template(text, *program)) return *fault;
    Template made;
    made.program_ = std::move(program);
    return made;
}

Rendered Template::render(const Json& scope, const RenderOptions& options) const {
    templating::Budget budget(options);
    return templating::run_program(*program_, scope, options, budget);
}

Rendered Template::render_text(const Json& scope, const RenderOptions& options) const {
    templating::Budget budget(options);
    return templating::run_as_text(*program_, scope, options, budget);
}

std::vector<std::string> Template::paths() const { return program_->paths; }

}  // namespace syncline::rules
