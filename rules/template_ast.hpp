// The compiled form of a template text: nodes, expressions, filter uses. Private to the room.
//
// Built once by template_parse.cpp, run by template_render.cpp, never changed in between. Offsets
// are bytes of the template text; fault_at() turns one into line and column when a fault needs it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rules/filters.hpp"
#include "rules/template.hpp"

namespace syncline::rules::templating {

struct Expression;

/// One step of a path: a name (`.a`, `["a b"]`), or whatever a bracket computes (`[0]`, `[x.y]`).
struct Step {
    std::string name;
    std::vector<Expression> computed;   // none or one
};

struct Expression {
    enum class Kind { literal, path, range, empty, blank };
    Kind kind = Kind::literal;
    Json literal;
    std::vector<Step> steps;            // of a path
    std::vector<Expression> bounds;     // of a range (a..b)
    std::size_t offset = 0;
};

struct FilterUse {
    const FilterSpec* spec = nullptr;
    std::vector<Expression> args;
    std::optional<Expression> allow_false;   // the one named argument: of default
    std::size_t offset = 0;
};

/// `value | filter | filter`.
struct Output {
    Expression value;
    std::vector<FilterUse> filters;
    std::size_t offset = 0;
};

struct Comparison {
    enum class Op { truthy, equal, not_equal, less, less_equal, greater, greater_equal, contains };
    Expression left;
    Op op = Op::truthy;
    Expression right;
    bool and_next = false;   // how it joins the next comparison of its condition
};
using Condition = std::vector<Comparison>;   // decided from right to left, as Liquid does

struct Node;

struct Branch {
    Condition condition;              // empty: always (else)
    bool negated = false;             // unless
    std::vector<Expression> whens;    // of case; empty: else
    std::vector<Node> body;
};

struct Node {
    enum class Kind { text, output, branches, choice, loop, assign, capture, leave, next };
    Kind kind = Kind::text;
    std::string text;                 // the text, or the name of loop, assign and capture
    Output output;                    // also the value of assign, the subject of choice, the list
    std::vector<Branch> branches;     // if, case; a loop has its body, and perhaps its else
    std::string title;                // of a loop: variable and list as written
    std::vector<Expression> limit;    // of a loop: none or one
    std::vector<Expression> skip;
    bool resumes = false;             // offset: continue
    bool reversed = false;
    bool blank = false;               // prints nothing but what blank text it has itself
    std::size_t offset = 0;
};

struct Program {
    std::string source;               // for places of faults while rendering
    std::vector<Node> nodes;
    bool typed = false;               // one {{ output }} and nothing else: its value keeps its type
    std::vector<std::string> paths;   // sorted
};

/// The fault at a byte of a text, with line and column.
Fault fault_at(std::string_view text, std::size_t offset, std::string message);

/// Parses a whole text; the fault when it is wrong.
std::optional<Fault> parse_template(std::string_view text, Program& out);

/// What a render may still use; shared by all texts of one tree.
struct Budget {
    std::size_t output_left = 0;
    std::size_t steps_left = 0;
    std::size_t work_left = 0;
    explicit Budget(const RenderOptions& options);
};

Rendered run_program(const Program& program, const Json& scope, const RenderOptions& options,
                     Budget& budget);
/// As run_program, but one output is a text too.
Rendered run_as_text(const Program& program, const Json& scope, const RenderOptions& options,
                     Budget& budget);
/// About the bytes that a value takes as JSON text.
std::size_t json_bytes(const Json& value);

}  // namespace syncline::rules::templating
