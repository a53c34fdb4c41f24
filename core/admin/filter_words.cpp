// The table behind filter_words.hpp.
#include "core/admin/filter_words.hpp"

#include "core/base/limits.hpp"
#include "core/base/text.hpp"

namespace syncline {
namespace {

Error wrong(std::string_view name, std::string_view value, std::string_view expected) {
    return Error(ErrorCode::invalid_argument, std::string(name) + " is \"" +
                                                  printable(value, 100) + "\"; expected " +
                                                  std::string(expected));
}

Result<void> set_number(std::uint64_t& out, std::string_view name, std::string_view value) {
    auto number = parse_decimal(value);
    if (!number || *number == 0) return wrong(name, value, "a number from 1");
    out = *number;
    return {};
}

Result<void> set_time(std::int64_t& out, std::string_view name, std::string_view value,
                      std::int64_t now_ms) {
    if (auto ago = parse_duration_ms(value)) {
        out = now_ms - *ago;
    } else if (auto time = parse_time(value)) {
        out = *time;
    } else {
        return wrong(name, value,
                     "a duration (\"30s\", \"2h\", \"3d\") or a time "
                     "(\"2026-01-31T12:00:00Z\")");
    }
    return {};
}

Result<void> set_state(store::Filter& filter, std::string_view value) {
    static const std::vector<std::string> states = {"pending", "delivered", "skipped",
                                                    "dead",    "cancelled", "unmatched"};
    for (const auto& state : states)
        if (state == value) return filter.state = state, Result<void>();
    auto near = nearest_name(value, states);
    std::string expected = "pending, delivered, skipped, dead or cancelled (of events also "
                           "unmatched)";
    if (near) expected += "; did you mean \"" + *near + "\"?";
    return wrong("state", value, expected);
}

Result<void> set_limit(store::Filter& filter, std::string_view value) {
    std::uint64_t limit = 0;
    auto set = set_number(limit, "limit", value);
    if (!set || limit > filter_limit_max)
        return wrong("limit", value, "a number from 1 to " + std::to_string(filter_limit_max));
    filter.limit = limit;
    return {};
}

std::string* text_word(store::Filter& filter, std::string_view name) {
    if (name == "type") return &filter.type;
    if (name == "source") return &filter.source;
    if (name == "rule") return &filter.rule;
    if (name == "destination") return &filter.destination;
    if (name == "subject") return &filter.subject;
    if (name == "event") return &filter.event_id;
    return nullptr;
}

}  // namespace

const std::vector<FilterWord>& filter_words() {
    static const std::vector<FilterWord> words = {
        {"type", "events of this type"},
        {"source", "events of this source"},
        {"subject", "events about this id"},
        {"event", "one event, by its id"},
        {"rule", "deliveries of this rule"},
        {"destination", "deliveries to this destination"},
        {"state", "pending, delivered, skipped, dead, cancelled; of events also unmatched"},
        {"since", "not older than a duration (2h) or a time (2026-01-31T12:00:00Z)"},
        {"until", "older than a duration (2h) or a time (2026-01-31T12:00:00Z)"},
        {"id", "one delivery, by its number"},
        {"limit", "at most so many (50 unless given, at most 500)"},
        {"before", "the page before this number"},
    };
    return words;
}

std::vector<std::string> filter_word_names() {
    std::vector<std::string> names;
    for (const auto& word : filter_words()) names.emplace_back(word.name);
    return names;
}

Result<void> set_filter_word(store::Filter& filter, std::string_view name, std::string_view value,
                             std::int64_t now_ms) {
    if (value.empty()) return wrong(name, value, "a value");
    if (value.size() > limits::key_bytes_max)
        return wrong(name, value.substr(0, 40),
                     "at most " + std::to_string(limits::key_bytes_max) + " bytes");
    if (std::string* text = text_word(filter, name)) {
        *text = std::string(value);
        return {};
    }
    if (name == "state") return set_state(filter, value);
    if (name == "since") return set_time(filter.since_ms, name, value, now_ms);
    if (name == "until") return set_time(filter.until_ms, name, value, now_ms);
    if (name == "limit") return set_limit(filter, value);
    if (name == "before") return set_number(filter.before, name, value);
    if (name == "id") return set_number(filter.id, name, value);
    auto near = nearest_name(name, filter_word_names());
    std::string message = "unknown filter word \"" + printable(name, 100) + "\"";
    if (near) message += "; did you mean \"" + *near + "\"?";
    return Error(ErrorCode::invalid_argument, message);
}

bool filter_selects(const store::Filter& filter) {
    return !filter.type.empty() || !filter.source.empty() || !filter.rule.empty() ||
           !filter.destination.empty() || !filter.state.empty() || !filter.subject.empty() ||
           !filter.event_id.empty() || filter.since_ms != 0 || filter.until_ms != 0 ||
           filter.id != 0;
}

}  // namespace syncline
