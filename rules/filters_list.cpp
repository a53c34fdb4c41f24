// Filters over lists and whole values: parts, order, joining. What picks items by a property is in
// filters_pick.cpp. Lists in lists count as one list; nil is an empty one.
#include <algorithm>

#include "rules/filters.hpp"
#include "rules/limits.hpp"
#include "rules/text.hpp"

namespace syncline::rules {

namespace {

bool is_empty(const Json& value) {
    if (value.is_string()) return value.as_string().empty();
    return value.is_container() && value.empty();
}

Json default_value(const Json& in, FilterCall& call) {
    bool absent = call.allow_false ? in.is_null() : !is_truthy(in);
    if (!absent && !is_empty(in)) return in;
    return call.count > 0 ? call.arg(0) : Json("");
}

Json size(const Json& in, FilterCall&) {
    if (in.is_string()) return char_count(in.as_string());
    return in.is_container() ? in.size() : std::size_t{0};
}

Json first(const Json& in, FilterCall&) {
    if (in.is_string()) return char_slice(in.as_string(), 0, 1);
    if (!in.is_object() || in.empty()) return in[0];
    Json pair = Json::array();
    pair.push_back(Json(in.members().front().name));
    pair.push_back(in.members().front().value);
    return pair;
}

Json last(const Json& in, FilterCall&) {
    if (in.is_string() && !in.as_string().empty())
        return char_slice(in.as_string(), char_count(in.as_string()) - 1, 1);
    if (in.is_string()) return in;
    return in.items().empty() ? Json() : in.items().back();
}

/// Stops when it is too long.
Json join(const Json& in, FilterCall& call) {
    std::string out;
    const std::string_view between = call.count > 0 ? std::string_view(call.text(0)) : " ";
    bool first_item = true;
    for (const auto& item : in.items()) {
        if (out.size() > limits::filter_bytes_max) break;
        if (!first_item) out += between;
        first_item = false;
        append_as_text(out, item);
    }
    return out;
}

Json reverse(const Json& in, FilterCall&) {
    Json out = in;
    std::reverse(out.items().begin(), out.items().end());
    return out;
}

Json concat(const Json& in, FilterCall& call) {
    Json out = in;
    for (const auto& item : call.arg(0).items()) out.push_back(item);
    return out;
}

// --- Order --------------------------------------------------------------------------------------

struct Key {
    Json value;
    std::size_t index = 0;
};

/// What each item is sorted by. False and nil, or a complaint, when an item has no such property.
bool keys_of(const Json& in, FilterCall& call, std::vector<Key>& keys) {
    for (std::size_t i = 0; i < in.size(); ++i) {
        const Json* value = &in[i];
        if (call.has(0)) {
            auto access = property_of(in[i], call.arg(0), value);
            if (access == Access::refused) call.fail(refusal(in[i], call.arg(0)));
            if (access != Access::found) return false;
        }
        keys.push_back(Key{*value, i});
    }
    return true;
}

/// Numbers and texts have no order between them, objects and booleans none at all; equal values
/// need none.
bool comparable(const std::vector<Key>& keys) {
    const Json* first = nullptr;
    for (const auto& [key, index] : keys) {
        if (key.is_null()) continue;
        if (!first) first = &key;
        bool ordered = (key.is_number() || key.is_string()) && key.kind() == first->kind();
        if (!ordered && !(key == *first)) return false;
    }
    return true;
}

/// Nil goes last.
bool before(const Key& left, const Key& right) {
    const Json &a = left.value, &b = right.value;
    if (a.is_null() || b.is_null()) return !a.is_null() && b.is_null();
    if (a.is_number()) return json_compare_numbers(a.number_text(), b.number_text()) < 0;
    return a.as_string() < b.as_string();
}

Json sorted(const Json& in, std::vector<Key> keys) {
    std::stable_sort(keys.begin(), keys.end(), before);
    Json out = Json::array();
    for (const auto& key : keys) out.push_back(in[key.index]);
    return out;
}

Json sort(const Json& in, FilterCall& call) {
    std::vector<Key> keys;
    if (!keys_of(in, call, keys)) return Json();
    if (!comparable(keys))
        return call.fail("needs a list whose values are all numbers or all texts");
    return sorted(in, std::move(keys));
}

/// By their texts, whatever they are, in any case.
Json sort_natural(const Json& in, FilterCall& call) {
    std::vector<Key> keys;
    if (!keys_of(in, call, keys)) return Json();
    for (auto& [key, index] : keys) {
        if (key.is_null()) continue;
        std::string text;
        append_as_text(text, key);
        key = Json(fold_case(text));
    }
    return sorted(in, std::move(keys));
}

/// Sorted and grouped by text, so that a long list takes n log n and not n × n.
Json uniq(const Json& in, FilterCall& call) {
    if (in.size() < 2) return in;
    std::vector<Key> values;
    if (!keys_of(in, call, values)) return Json();
    std::vector<std::pair<std::string, std::size_t>> keys;
    for (const auto& [value, index] : values) keys.emplace_back(value.dump(), index);
    std::sort(keys.begin(), keys.end());
    auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
    keys.erase(std::unique(keys.begin(), keys.end(), same), keys.end());
    std::sort(keys.begin(), keys.end(),
              [](const auto& a, const auto& b) { return a.second < b.second; });
    Json out = Json::array();
    for (const auto& key : keys) out.push_back(in[key.second]);
    return out;
}

constexpr FilterSpec specs[] = {
    {"concat", "lc", concat},
    {"default", "a?a", default_value},
    {"first", "a", first},
    {"join", "l?t", join},
    {"last", "a", last},
    {"reverse", "l", reverse},
    {"size", "a", size},
    {"sort", "l?a", sort},
    {"sort_natural", "l?a", sort_natural},
    {"uniq", "l?a", uniq},
};

}  // namespace

std::span<const FilterSpec> list_filters() { return specs; }

}  // namespace syncline::rules
