// Templates: what a request says, from the event and the documents that were fetched.
//
// Compiled when the configuration is read; a render is bounded in output, loops and work.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/sdk/json.hpp"
#include "rules/fault.hpp"

namespace syncline::rules {

/// The remembered pairs of ids that `link: kind` asks for, as the surroundings keep them.
class LinkSource {
public:
    struct Found {
        std::optional<std::string> id;   // nothing: no such pair
        std::string error;               // why it could not be looked up; empty when it was
        Found() = default;
    };
    virtual ~LinkSource() = default;
    /// The id at the destination for an id of the source.
    virtual Found find(std::string_view kind, std::string_view source_id) const = 0;
};

/// What a filter or template may not exceed, and what the surroundings provide.
struct RenderOptions {
    std::size_t output_bytes_max = 1 << 20;
    bool strict = false;                 // undefined is an error instead of nil
    std::int64_t now_ms = 0;             // for `now` and date filters
    const LinkSource* links = nullptr;   // for `link`; without it the filter is a fault
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
