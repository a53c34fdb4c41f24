// Rule sets: which of many rules match an event.
//
// A set is immutable once made and may be shared by threads; a changed set is a new one. The cost
// of an event does not grow with rules that it does not touch: rules are found by the values that
// the event has. No rule's answer depends on another rule. A Matcher holds what one thread needs
// while it matches; when its buffers have grown, matching does not allocate.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/sdk/json.hpp"
#include "rules/pattern.hpp"

namespace syncline::rules {

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

struct RuleEntry {
    TypeSet on;
    std::vector<std::string> from;   // source names; empty: any
    Pattern where;
    RuleEntry() = default;
};

/// What is asked of an event beside its content.
struct Occasion {
    std::string_view source;
    std::string_view type;
    std::int64_t now_ms = 0;   // since 1970: what `older-than` and `newer-than` count from
};

class RuleSet;

/// One rule of a set, which must outlive it.
class RuleView {
public:
    RuleView(const RuleSet& set, std::uint32_t number) : set_(set), number_(number) {}
    const TypeSet& on() const;
    /// Empty: any source.
    const std::vector<std::string>& from() const;
    /// Nothing when the rule's pattern holds; else its first failing test. Compiles the pattern
    /// again: for people, not for each event.
    std::optional<Mismatch> explain(const Json& event, std::int64_t now_ms) const;
    /// Every dotted path that the rule's pattern tests.
    std::vector<std::string> paths() const;

private:
    const RuleSet& set_;
    std::uint32_t number_;
};

/// Rules are known by the number that they got when they were added.
class RuleSet {
public:
    class Builder;

    /// The rules numbered in their order.
    explicit RuleSet(std::vector<RuleEntry> rules);
    RuleSet(RuleSet&&) noexcept;
    RuleSet& operator=(RuleSet&&) noexcept;
    ~RuleSet();

    /// Numbers given, those of removed rules included.
    std::size_t size() const;
    RuleView rule(std::uint32_t number) const;
    /// Appends the numbers of all rules that match, ascending. Many events are
    /// matched with a Matcher.
    void match(const Occasion& occasion, const Json& event, std::vector<std::uint32_t>& out) const;
    /// False when no rule's `on` holds that type: then the event need not even be looked at.
    bool listens(std::string_view type) const;
    /// Of all tables, in bytes.
    std::size_t memory_bytes() const;

private:
    friend class Matcher;
    friend class RuleView;
    struct Tables;
    RuleSet();
    std::unique_ptr<const Tables> tables_;
};

/// Gathers rules for a set.
class RuleSet::Builder {
public:
    Builder();
    Builder(Builder&&) noexcept;
    ~Builder();
    /// The rule's number: 0, 1, 2 …
    std::uint32_t add(RuleEntry rule);
    /// The rule of that number will not be in the set. False when it is none or gone already.
    bool remove(std::uint32_t rule);
    /// The set; the builder is empty afterwards.
    RuleSet build();

private:
    struct Draft;
    std::unique_ptr<Draft> draft_;
};

/// One thread's means of matching. May be used with one set after another.
class Matcher {
public:
    Matcher();
    Matcher(Matcher&&) noexcept;
    ~Matcher();
    /// Appends the numbers of all rules that match, ascending.
    void match(const RuleSet& set, const Occasion& occasion, const Json& event,
               std::vector<std::uint32_t>& out);
    /// The same of an event's JSON text, which is parsed here, faster. The error when it is none.
    std::optional<JsonError> match_text(const RuleSet& set, const Occasion& occasion,
                                        std::string_view event, std::vector<std::uint32_t>& out);

private:
    struct Scratch;
    std::unique_ptr<Scratch> scratch_;
};

}  // namespace syncline::rules
