// TypeSet and RuleSet: which rules look at an event at all, and which of those match.
//
// Rules are found by the event's exact type; those with a `*` in `on` are in a second list. So an
// event costs nothing for rules of other types. Immutable after construction; any thread.
#include <algorithm>
#include <unordered_map>

#include "rules/limits.hpp"
#include "rules/rules.hpp"
#include "rules/text.hpp"

namespace syncline::rules {

Compiled<TypeSet> TypeSet::compile(const std::vector<std::string>& names) {
    auto fault = [](std::size_t index, std::string message) {
        Fault made;
        made.path = "[" + std::to_string(index) + "]";
        made.message = std::move(message);
        return made;
    };
    TypeSet made;
    if (names.empty()) {
        Fault empty;
        empty.message = "expected at least one event type, found none; \"*\" is every type";
        return empty;
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto& name = names[i];
        if (name.empty()) return fault(i, "an event type cannot be empty");
        if (name.size() > limits::type_name_bytes_max)
            return fault(i, "an event type longer than " +
                                std::to_string(limits::type_name_bytes_max) + " bytes");
        auto odd = std::find_if(name.begin(), name.end(), [](char c) {
            return static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
        });
        if (odd != name.end())
            return fault(i, "an event type has no blanks or control characters, found " +
                                quoted(name));
        made.names_.push_back(name);
    }
    return made;
}

bool TypeSet::contains(std::string_view type) const {
    return std::any_of(names_.begin(), names_.end(), [&](const std::string& name) {
        return name == type ||
               (name.find('*') != std::string::npos && Wildcard(name, false).matches(type));
    });
}

struct RuleSet::Index {
    std::vector<RuleEntry> rules;
    std::unordered_map<std::string, std::vector<std::uint32_t>> by_type;
    std::vector<std::pair<Wildcard, std::uint32_t>> by_wildcard;
};

RuleSet::RuleSet(std::vector<RuleEntry> rules) {
    auto index = std::make_unique<Index>();
    index->rules = std::move(rules);
    for (std::uint32_t i = 0; i < index->rules.size(); ++i)
        for (const auto& name : index->rules[i].on.names()) {
            Wildcard wildcard(name, false);
            if (wildcard.has_star()) {
                index->by_wildcard.emplace_back(std::move(wildcard), i);
                continue;
            }
            auto& list = index->by_type[name];
            if (list.empty() || list.back() != i) list.push_back(i);
        }
    index_ = std::move(index);
}

RuleSet::RuleSet(RuleSet&&) noexcept = default;
RuleSet::~RuleSet() = default;

const std::vector<RuleEntry>& RuleSet::rules() const { return index_->rules; }

bool RuleSet::listens(std::string_view type) const {
    return index_->by_type.contains(std::string(type)) ||
           std::any_of(index_->by_wildcard.begin(), index_->by_wildcard.end(),
                       [&](const auto& entry) { return entry.first.matches(type); });
}

void RuleSet::match(std::string_view source, std::string_view type, const Json& event,
                    std::int64_t now_ms, std::vector<std::uint32_t>& out) const {
    std::vector<std::uint32_t> candidates;
    auto exact = index_->by_type.find(std::string(type));
    if (exact != index_->by_type.end()) candidates = exact->second;
    for (const auto& [wildcard, rule] : index_->by_wildcard)
        if (wildcard.matches(type)) candidates.push_back(rule);
    std::sort(candidates.begin(), candidates.end());
    candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
    for (auto candidate : candidates) {
        const auto& rule = index_->rules[candidate];
        bool from = rule.from.empty() ||
                    std::find(rule.from.begin(), rule.from.end(), source) != rule.from.end();
        if (from && rule.where.matches(event, now_ms)) out.push_back(candidate);
    }
}

}  // namespace syncline::rules
