// Filters over lists and whole values. Nil is an empty list; an object is a list of itself.
#include <algorithm>

#include "rules/filters.hpp"
#include "rules/limits.hpp"
#include "rules/text.hpp"

namespace syncline::rules {

namespace {

bool is_empty(const Json& value) {
    if (value.is_null()) return true;
    if (value.is_string()) return value.as_string().empty();
    return value.is_container() && value.empty();
}

Json default_value(const Json& in, FilterCall& call) {
    bool allow_false = !call.named.empty() && call.named.front().second.as_bool();
    bool is_false = in.is_bool() && !in.as_bool();
    if (!is_empty(in) && (!is_false || allow_false)) return in;
    return call.has(0) ? call.args[0] : Json("");
}

Json size(const Json& in, FilterCall&) {
    if (in.is_string()) return char_count(in.as_string());
    return in.is_container() ? in.size() : std::size_t{0};
}

Json first(const Json& in, FilterCall&) { return in[0]; }
Json last(const Json& in, FilterCall&) { return in.empty() ? Json() : in.items().back(); }

/// Lists in lists are joined as if they were one. Stops when it is too long.
void join_items(const Json& list, const std::string& between, bool& first, std::string& out) {
    for (const auto& item : list.items()) {
        if (out.size() > limits::filter_bytes_max) return;
        if (item.is_array()) {
            join_items(item, between, first, out);
            continue;
        }
        if (!first) out += between;
        first = false;
        append_as_text(out, item);
    }
}

Json join(const Json& in, FilterCall& call) {
    if (in.is_object()) return call.fail("needs a list, found an object");
    std::string out;
    std::string between = call.has(0) ? call.text(0) : " ";
    bool first = true;
    if (in.is_array()) join_items(in, between, first, out);
    else append_as_text(out, in);
    if (out.size() > limits::filter_bytes_max)
        return call.fail("makes more than " + std::to_string(limits::filter_bytes_max) + " bytes");
    return out;
}

/// The value of a dotted name in an item; nil when it is not there.
const Json& at_name(const Json& item, const std::string& name) {
    static const Json nil;
    if (name.empty()) return nil;
    if (const Json* direct = item.find(name)) return *direct;
    const Json* deep = item.at_path(name);
    return deep ? *deep : nil;
}

Json map(const Json& in, FilterCall& call) {
    Json out = Json::array();
    for (const auto& item : in.items()) {
        if (!item.is_object() && !item.is_null())
            return call.fail("needs a list of objects, found " + value_words(item) + " in it");
        out.push_back(at_name(item, call.text(0)));
    }
    return out;
}

/// Keeps the items whose property equals the value, or without a value is neither nil nor false.
Json select(const Json& in, FilterCall& call, bool wanted) {
    if (call.has(1) && call.args[1].is_container())
        return call.fail("needs a plain value as argument 2, found " + value_words(call.args[1]));
    Json out = Json::array();
    for (const auto& item : in.items()) {
        if (!item.is_object() && !item.is_null())
            return call.fail("needs a list of objects, found " + value_words(item) + " in it");
        const Json& value = at_name(item, call.text(0));
        bool truthy = !value.is_null() && !(value.is_bool() && !value.as_bool());
        bool holds = call.has(1) && !call.args[1].is_null() ? value == call.args[1] : truthy;
        if (holds == wanted) out.push_back(item);
    }
    return out;
}

Json where(const Json& in, FilterCall& call) { return select(in, call, true); }
Json reject(const Json& in, FilterCall& call) { return select(in, call, false); }

Json find(const Json& in, FilterCall& call) {
    Json kept = select(in, call, true);
    return kept[0];
}

Json reverse(const Json& in, FilterCall&) {
    Json out = in;
    std::reverse(out.items().begin(), out.items().end());
    return out;
}

Json concat(const Json& in, FilterCall& call) {
    Json out = in;
    for (const auto& item : call.args[0].items()) out.push_back(item);
    return out;
}

Json compact(const Json& in, FilterCall& call) {
    Json out = Json::array();
    for (const auto& item : in.items())
        if (!(call.has(0) ? at_name(item, call.text(0)) : item).is_null()) out.push_back(item);
    return out;
}

/// Sorted and grouped by text, so that a long list takes n log n and not n × n.
Json uniq(const Json& in, FilterCall& call) {
    std::vector<std::pair<std::string, std::size_t>> keys;
    for (std::size_t i = 0; i < in.size(); ++i)
        keys.emplace_back((call.has(0) ? at_name(in[i], call.text(0)) : in[i]).dump(), i);
    std::sort(keys.begin(), keys.end());
    auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
    keys.erase(std::unique(keys.begin(), keys.end(), same), keys.end());
    std::vector<std::size_t> kept;
    for (const auto& key : keys) kept.push_back(key.second);
    std::sort(kept.begin(), kept.end());
    Json out = Json::array();
    for (auto index : kept) out.push_back(in[index]);
    return out;
}

/// Numbers before texts would be a guess: all keys must be of one kind; nil goes last.
bool sortable(const std::vector<std::pair<Json, std::size_t>>& keys) {
    const Json* kind = nullptr;
    for (const auto& [key, index] : keys) {
        if (key.is_null()) continue;
        if (!key.is_number() && !key.is_string()) return false;
        if (kind && kind->kind() != key.kind()) return false;
        kind = &key;
    }
    return true;
}

Json sort_by(const Json& in, FilterCall& call, bool fold) {
    std::vector<std::pair<Json, std::size_t>> keys;
    for (std::size_t i = 0; i < in.size(); ++i) {
        Json key = call.has(0) ? at_name(in[i], call.text(0)) : in[i];
        if (fold && key.is_string()) key = Json(fold_case(key.as_string()));
        keys.emplace_back(std::move(key), i);
    }
    if (!sortable(keys))
        return call.fail("needs a list whose values are all numbers or all texts");
    std::stable_sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) {
        if (a.first.is_null() || b.first.is_null()) return !a.first.is_null() && b.first.is_null();
        if (a.first.is_number())
            return json_compare_numbers(a.first.number_text(), b.first.number_text()) < 0;
        return a.first.as_string() < b.first.as_string();
    });
    Json out = Json::array();
    for (const auto& key : keys) out.push_back(in[key.second]);
    return out;
}

Json sort(const Json& in, FilterCall& call) { return sort_by(in, call, false); }
Json sort_natural(const Json& in, FilterCall& call) { return sort_by(in, call, true); }

constexpr FilterSpec specs[] = {
    {"compact", "l?t", compact},
    {"concat", "ll", concat},
    {"default", "a?a", default_value},
    {"find", "lt?a", find},
    {"first", "l", first},
    {"join", "a?t", join},
    {"last", "l", last},
    {"map", "lt", map},
    {"reject", "lt?a", reject},
    {"reverse", "l", reverse},
    {"size", "a", size},
    {"sort", "l?t", sort},
    {"sort_natural", "l?t", sort_natural},
    {"uniq", "l?t", uniq},
    {"where", "lt?a", where},
};

}  // namespace

std::span<const FilterSpec> list_filters() { return specs; }

}  // namespace syncline::rules
