// Rule sets: which of many rules match an event.
//
// Immutable once made and shared by threads; a changed set is a new one.
#pragma once

#include <cstdint>
#include <memory>
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
    /// Appends the indexes of all rules that match, ascending. `event` is Event::view(), `now_ms`
    /// what time tests count from.
    void match(std::string_view source, std::string_view type, const Json& event,
               std::int64_t now_ms, std::vector<std::uint32_t>& out) const;
    /// False when no rule's `on` holds that type: then the event need not even be looked at.
    bool listens(std::string_view type) const;
    const std::vector<RuleEntry>& rules() const;

private:
    struct Index;
    std::unique_ptr<const Index> index_;
};

}  // namespace syncline::rules
