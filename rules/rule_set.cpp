// TypeSet, and how a RuleSet is made; matching is in matcher.cpp.
#include "rules/rule_set.hpp"

#include <algorithm>
#include <atomic>

#include "rules/limits.hpp"
#include "rules/rule_tables.hpp"
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

struct RuleSet::Builder::Draft {
    std::unique_ptr<Tables> tables = std::make_unique<Tables>();
    std::vector<IndexItem> items;
    std::vector<bool> removed;
};

RuleSet::Builder::Builder() : draft_(std::make_unique<Draft>()) {}
RuleSet::Builder::Builder(Builder&&) noexcept = default;
RuleSet::Builder::~Builder() = default;

std::uint32_t RuleSet::Builder::add(RuleEntry rule) {
    auto& tables = *draft_->tables;
    auto number = static_cast<std::uint32_t>(tables.rules.size());
    tables.program.add(number, rule, draft_->items);
    Tables::Rule kept;
    kept.text = static_cast<std::uint32_t>(tables.texts.size());
    tables.texts += rule.where.text();
    kept.text_size = static_cast<std::uint32_t>(tables.texts.size()) - kept.text;
    kept.strict = rule.where.strict();
    kept.on = std::move(rule.on);
    kept.from = std::move(rule.from);
    tables.rules.push_back(std::move(kept));
    draft_->removed.push_back(false);
    return number;
}

bool RuleSet::Builder::remove(std::uint32_t rule) {
    if (rule >= draft_->removed.size() || draft_->removed[rule]) return false;
    draft_->removed[rule] = true;
    return true;
}

RuleSet RuleSet::Builder::build() {
    // Counts sets, so that a matcher can tell a new one at the address of an old one.
    static std::atomic<std::uint64_t> serials{0};
    auto draft = std::exchange(draft_, std::make_unique<Draft>());
    auto& tables = *draft->tables;
    std::erase_if(draft->items, [&](const IndexItem& item) { return draft->removed[item.rule]; });
    for (std::uint32_t i = 0; i < tables.rules.size(); ++i) {
        if (draft->removed[i]) continue;
        for (const auto& name : tables.rules[i].on.names()) {
            if (!tables.types.insert(name).second) continue;
            Wildcard wildcard(name, false);
            if (wildcard.has_star()) tables.type_wildcards.push_back(std::move(wildcard));
        }
    }
    tables.program.finish();
    tables.index = build_rule_index(tables.program.predicates, std::move(draft->items),
                                    tables.program.alternatives);
    tables.rules.shrink_to_fit();
    tables.texts.shrink_to_fit();
    tables.serial = ++serials;
    RuleSet made;
    made.tables_ = std::move(draft->tables);
    return made;
}

RuleSet::RuleSet() = default;

RuleSet::RuleSet(std::vector<RuleEntry> rules) {
    Builder builder;
    for (auto& rule : rules) builder.add(std::move(rule));
    tables_ = std::move(builder.build().tables_);
}

RuleSet::RuleSet(RuleSet&&) noexcept = default;
RuleSet& RuleSet::operator=(RuleSet&&) noexcept = default;
RuleSet::~RuleSet() = default;

std::size_t RuleSet::size() const { return tables_->rules.size(); }
RuleView RuleSet::rule(std::uint32_t number) const { return RuleView(*this, number); }

void RuleSet::match(const Occasion& occasion, const Json& event,
                    std::vector<std::uint32_t>& out) const {
    Matcher().match(*this, occasion, event, out);
}

const TypeSet& RuleView::on() const { return set_.tables_->rules[number_].on; }
const std::vector<std::string>& RuleView::from() const {
    return set_.tables_->rules[number_].from;
}

Pattern RuleSet::Tables::pattern(std::uint32_t rule) const {
    const auto& kept = rules[rule];
    if (kept.text_size == 0) return Pattern();
    auto text = std::string_view(texts).substr(kept.text, kept.text_size);
    // It was compiled once already, so it compiles.
    auto compiled = kept.strict ? Pattern::parse(text) : Pattern::compile(*Json::parse(text));
    return std::get<Pattern>(std::move(compiled));
}

std::optional<Mismatch> RuleView::explain(const Json& event, std::int64_t now_ms) const {
    return set_.tables_->pattern(number_).explain(event, now_ms);
}

std::vector<std::string> RuleView::paths() const {
    return set_.tables_->pattern(number_).paths();
}

bool RuleSet::listens(std::string_view type) const {
    return tables_->types.contains(std::string(type)) ||
           std::any_of(tables_->type_wildcards.begin(), tables_->type_wildcards.end(),
                       [&](const Wildcard& wildcard) { return wildcard.matches(type); });
}

std::size_t RuleSet::memory_bytes() const {
    std::size_t bytes = sizeof(Tables) + tables_->program.memory_bytes() +
                        tables_->index.memory_bytes() + tables_->texts.capacity() +
                        tables_->rules.capacity() * sizeof(Tables::Rule);
    for (const auto& rule : tables_->rules)
        for (const auto* names : {&rule.on.names(), &rule.from})
            bytes += names->capacity() * sizeof(std::string);
    return bytes;
}

}  // namespace syncline::rules
