// Patterns: does an event satisfy them, and if not, which test fails first.
//
// Values in, values out; a compiled pattern is immutable and may be shared by threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/sdk/json.hpp"
#include "rules/fault.hpp"

namespace syncline::rules {

/// Which test failed first, for `explain`.
struct Mismatch {
    std::string path;        // of the event: "actor.type"
    std::string expected;    // in words: "is one of \"people\", \"deals\""
    std::string found;       // JSON text of the value, or "nothing"
    std::size_t held = 0;    // how many tests hold, each looked at alone (of the alternative under
    std::size_t tests = 0;   // $or that got farthest), and how many there are: how near it was
};

class Pattern {
public:
    /// Compiles {"path": test, …}. A null or empty object matches every event.
    /// A scalar is short for a list of one, an object of operators for a list of it.
    static Compiled<Pattern> compile(const Json& pattern);
    /// The same of a JSON text in EventBridge's form, as other engines take it: every field is a
    /// list of values or an object of fields, so an operator's name outside a list is a field's.
    static Compiled<Pattern> parse(std::string_view json);

    Pattern();
    Pattern(Pattern&&) noexcept;
    Pattern& operator=(Pattern&&) noexcept;
    ~Pattern();

    /// `now_ms` (since 1970) is what `older-than` and `newer-than` count from.
    bool matches(const Json& event, std::int64_t now_ms) const;
    /// Nothing when it matches; else the first test, in the order written, that failed.
    std::optional<Mismatch> explain(const Json& event, std::int64_t now_ms) const;
    /// Every dotted path that the pattern tests.
    std::vector<std::string> paths() const;
    /// What it was compiled from, as JSON text; empty when it matches every event.
    std::string_view text() const;
    /// True when it was read by parse().
    bool strict() const;

private:
    friend class RuleProgram;
    struct Node;
    static Compiled<Pattern> compiled(const Json& pattern, bool strict);
    const struct Group* tree() const;
    std::unique_ptr<const Node> root_;
};

}  // namespace syncline::rules
