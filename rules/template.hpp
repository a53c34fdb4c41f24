// Templates: what a request says, from the event and the documents that were fetched.
//
// Compiled when the configuration is read; a render is bounded in output, loops and work.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/sdk/json.hpp"
#include "rules/fault.hpp"

namespace syncline::rules {

/// What a filter or template may not exceed, and what the surroundings provide.
struct RenderOptions {
    std::size_t output_bytes_max = 1 << 20;
    bool strict = false;             // undefined is an error instead of nil
    std::int64_t now_ms = 0;         // for `now` and date filters
    RenderOptions() = default;
};

/// A failed render: what and where.
using Rendered = std::variant<Json, Fault>;

/// One text with {{ output }} in it. A text that is one {{ … }} keeps the value's JSON type.
class Template {
public:
    static Compiled<Template> compile(std::string_view text);
    Template(Template&&) noexcept;
    Template& operator=(Template&&) noexcept;
    ~Template();

    Rendered render(const Json& scope, const RenderOptions& options) const;
    /// Always a text, also when the whole template is one output: what Liquid itself would print.
    Rendered render_text(const Json& scope, const RenderOptions& options) const;
    /// Every dotted path that it reads ("record.values.name"), for checks against what is fetched.
    std::vector<std::string> paths() const;

private:
    Template();
    struct Program;
    std::unique_ptr<const Program> program_;
};

/// A JSON value whose strings are templates (`with`): objects and arrays are walked, member names
/// stay as they are.
class TemplateTree {
public:
    /// The Fault's path names the member whose text is wrong ("properties.dealname").
    static Compiled<TemplateTree> compile(const Json& tree);
    TemplateTree();
    TemplateTree(TemplateTree&&) noexcept;
    TemplateTree& operator=(TemplateTree&&) noexcept;
    ~TemplateTree();

    Rendered render(const Json& scope, const RenderOptions& options) const;
    std::vector<std::string> paths() const;

private:
    struct Node;
    std::unique_ptr<const Node> root_;
};

/// Names of all filters, for error hints and documentation.
std::vector<std::string> filter_names();

}  // namespace syncline::rules
