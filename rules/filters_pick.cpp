// Filters that pick items of a list, or read a property of each. See filters.hpp.
//
// As in Liquid, a property of a text is a part of it: `where: "x"` keeps the texts that contain x.
// An item without properties at all (nil, a boolean) makes the whole result nil; a whole number is
// refused.
#include "rules/filters.hpp"

namespace syncline::rules {

namespace {

enum class Verdict { holds, fails, none, refused };

/// Whether an item's property equals the value, or without a value is neither nil nor false.
Verdict judge(const Json& item, FilterCall& call) {
    const Json* value = nullptr;
    auto access = property_of(item, call.arg(0), value);
    if (access == Access::refused) {
        call.fail(refusal(item, call.arg(0)));
        return Verdict::refused;
    }
    if (access == Access::none) return Verdict::none;
    bool holds = call.has(1) ? *value == call.arg(1) : is_truthy(*value);
    return holds ? Verdict::holds : Verdict::fails;
}

Json select(const Json& in, FilterCall& call, Verdict wanted) {
    Json out = Json::array();
    for (const auto& item : in.items()) {
        auto verdict = judge(item, call);
        if (verdict == Verdict::none || verdict == Verdict::refused) return Json();
        if (verdict == wanted) out.push_back(item);
    }
    return out;
}

Json where(const Json& in, FilterCall& call) { return select(in, call, Verdict::holds); }
Json reject(const Json& in, FilterCall& call) { return select(in, call, Verdict::fails); }

/// The place of the first item that holds; nothing when the search ends without one.
std::optional<std::size_t> search(const Json& in, FilterCall& call, bool& stopped) {
    for (std::size_t i = 0; i < in.size(); ++i) {
        auto verdict = judge(in[i], call);
        stopped = verdict == Verdict::none || verdict == Verdict::refused;
        if (stopped) return std::nullopt;
        if (verdict == Verdict::holds) return i;
    }
    return std::nullopt;
}

Json find(const Json& in, FilterCall& call) {
    bool stopped = false;
    auto index = search(in, call, stopped);
    return index ? in[*index] : Json();
}

Json find_index(const Json& in, FilterCall& call) {
    bool stopped = false;
    auto index = search(in, call, stopped);
    return index ? Json(*index) : Json();
}

Json has(const Json& in, FilterCall& call) {
    bool stopped = false;
    bool found = search(in, call, stopped).has_value();
    return stopped ? Json() : Json(found);
}

Json map(const Json& in, FilterCall& call) {
    Json out = Json::array();
    for (const auto& item : in.items()) {
        const Json* value = nullptr;
        if (property_of(item, call.arg(0), value) == Access::refused)
            return call.fail(refusal(item, call.arg(0)));
        out.push_back(*value);
    }
    return out;
}

Json compact(const Json& in, FilterCall& call) {
    Json out = Json::array();
    for (const auto& item : in.items()) {
        const Json* value = &item;
        auto access = call.has(0) ? property_of(item, call.arg(0), value) : Access::found;
        if (access == Access::refused) return call.fail(refusal(item, call.arg(0)));
        if (access == Access::none) return Json();
        if (!value->is_null()) out.push_back(item);
    }
    return out;
}

constexpr FilterSpec specs[] = {
    {"compact", "l?a", compact}, {"find", "la?a", find},     {"find_index", "la?a", find_index},
    {"has", "la?a", has},        {"map", "la", map},         {"reject", "la?a", reject},
    {"where", "la?a", where},
};

}  // namespace

std::span<const FilterSpec> pick_filters() { return specs; }

}  // namespace syncline::rules
