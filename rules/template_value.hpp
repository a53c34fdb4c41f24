// Values and names while a template runs: scope, assigned names, loops. Private to the room.
//
// Reads nothing but the scope it was given and what the template itself made. One object serves one
// render on one thread; names are pointers into the program, which outlives it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rules/template_ast.hpp"

namespace syncline::rules::templating {

/// A value in the scope, or one that the template made and keeps alive.
struct Value {
    const Json* at = nullptr;            // null: undefined
    std::shared_ptr<Json> made;

    static Value of(const Json& json) { return Value{&json, nullptr}; }
    static Value own(Json json) {
        auto kept = std::make_shared<Json>(std::move(json));
        const Json* at = kept.get();
        return Value{at, std::move(kept)};
    }
    bool defined() const { return at != nullptr; }
    const Json& json() const;            // null when undefined
};

struct LoopFrame {
    const std::string* name = nullptr;   // of the variable
    std::string_view title;              // variable and list as written
    Value item;
    std::size_t index = 0;
    std::size_t length = 0;
};

/// The first fault of a render; places are bytes of the template.
class Evaluator {
public:
    Evaluator(const Program& program, const Json& scope, const RenderOptions& options,
              Budget& budget)
        : program_(program), scope_(scope), options_(options), budget_(budget) {}

    /// `lenient`: undefined is nil even when strict, because the template asks whether it is there.
    bool evaluate(const Expression& expression, bool lenient, Value& out);
    bool evaluate(const Output& output, Value& out);
    bool holds(const Condition& condition, bool& out);
    bool equal(const Expression& left, const Expression& right, bool& out);

    /// `name` must be of the program.
    void assign(const std::string& name, Value value);
    std::vector<LoopFrame>& loops() { return loops_; }
    /// Where `offset: continue` of a loop with that title goes on; it must be of the program.
    std::size_t& resume_at(const std::string& title);

    bool fail(std::size_t offset, std::string message);
    /// Takes from the work that a render may do; false and a fault when it is used up.
    bool charge(std::size_t offset, std::size_t bytes) {
        if (bytes > budget_.work_left) return out_of_work(offset);
        budget_.work_left -= bytes;
        return true;
    }
    Budget& budget() { return budget_; }
    const std::optional<Fault>& fault() const { return fault_; }

private:
    bool path(const Expression& expression, bool lenient, Value& out);
    bool root(const std::string& name, Value& out) const;
    bool is_forloop(const Expression& path) const;
    Value forloop(const Expression& path, std::size_t& index) const;
    bool step(const Expression& path, std::size_t& index, Value& at);
    bool computed_step(const Expression& path, std::size_t& index, Value& at);
    bool undefined(const Expression& path, std::size_t index, const Value& parent);
    bool range(const Expression& expression, Value& out);
    bool range_end(const Expression& end, std::int64_t& out);
    bool filter(const FilterUse& use, Value& value);
    bool compare(const Comparison& comparison, bool& out);
    bool order(const Comparison& comparison, bool& out);
    bool contains(const Comparison& comparison, bool& out);
    bool out_of_work(std::size_t offset);

    const Program& program_;
    const Json& scope_;
    const RenderOptions& options_;
    Budget& budget_;
    std::vector<std::pair<const std::string*, Value>> assigned_;
    std::vector<std::pair<const std::string*, std::size_t>> resumes_;
    std::vector<LoopFrame> loops_;
    std::optional<Fault> fault_;
};

/// What it costs to read, copy or compare a value, in bytes of text plus 8 a value. Objects compare
/// member by member, each looked up: that is their size squared.
std::size_t work_of(const Json& value, bool compared = false);

}  // namespace syncline::rules::templating
