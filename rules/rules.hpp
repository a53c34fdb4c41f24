// Patterns and templates over JSON: which rules match an event, and what they say.
//
// A library of its own: it knows no hub, no HTTP, no SQL; it includes only the JSON value type of
// the SDK. Values in, values out; compiled objects are immutable and may be shared by threads.
// Syntax errors are values that say where (a path inside the pattern, or line and column of a
// template) and why.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/sdk/json.hpp"

namespace syncline::rules {

/// What is wrong with a pattern or template, and where.
struct Fault {
    std::string message;
    std::string path;        // of a pattern: "actor.type[0].prefix"
    std::size_t line = 0;    // of a template, from 1; 0 when it has no place
    std::size_t column = 0;  // in characters, from 1
};

template <class T>
using Compiled = std::variant<T, Fault>;

// --- Patterns -----------------------------------------------------------------------------------

/// Which test failed first, for `explain`.
struct Mismatch {
    std::string path;        // of the event: "actor.type"
    std::string expected;    // in words: "is one of \"people\", \"deals\""
    std::string found;       // JSON text of the value, or "nothing"
};

class Pattern {
public:
    /// Compiles {"path": test, …}. A null or empty object matches every event.
    static Compiled<Pattern> compile(const Json& pattern);

    Pattern();
    Pattern(Pattern&&) noexcept;
    Pattern& operator=(Pattern&&) noexcept;
    ~Pattern();

    bool matches(const Json& event) const;
    /// Nothing when it matches; else the first test, in the order written, that failed.
    std::optional<Mismatch> explain(const Json& event) const;
    /// Every dotted path that the pattern tests.
    std::vector<std::string> paths() const;

private:
    struct Node;
    std::unique_ptr<const Node> root_;
};

/// `on`: event type names, with `*` for any run of characters ("record.*", "*").
class TypeSet {
public:
    static Compiled<TypeSet> compile(const std::vector<std::string>& names);
    bool contains(std::string_view type) const;
    /// As written, in that order.
    const std::vector<std::string>& names() const { return names_; }

private:
    std::vector<std::string> names_;
};

/// A set of rules, matched together. Rules are known by the index in which they were added.
struct RuleEntry {
    TypeSet on;
    std::vector<std::string> from;   // source names; empty: any
    Pattern where;
    RuleEntry() = default;
};

class RuleSet {
public:
    explicit RuleSet(std::vector<RuleEntry> rules);
    RuleSet(RuleSet&&) noexcept;
    ~RuleSet();
    /// Appends the indexes of all rules that match, ascending. `event` is Event::view().
    void match(std::string_view source, std::string_view type, const Json& event,
               std::vector<std::uint32_t>& out) const;
    /// False when no rule's `on` holds that type: then the event need not even be looked at.
    bool listens(std::string_view type) const;
    const std::vector<RuleEntry>& rules() const;

private:
    struct Index;
    std::unique_ptr<const Index> index_;
};

// --- Templates ----------------------------------------------------------------------------------

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
