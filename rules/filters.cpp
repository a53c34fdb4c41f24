// The table of all filters, the check of their inputs and arguments, the bound of their results.
//
// Pure; any thread. The functions themselves are in filters_*.cpp, one file a family.
#include "rules/filters.hpp"

#include <algorithm>
#include <array>

#include "rules/limits.hpp"
#include "rules/template.hpp"
#include "rules/template_ast.hpp"
#include "rules/text.hpp"

namespace syncline::rules {

namespace {

std::array<std::span<const FilterSpec>, 8> families() {
    return {text_filters(), list_filters(), pick_filters(),     number_filters(),
            time_filters(), code_filters(), markdown_filters(), link_filters()};
}

const Json& nil() {
    static const Json value;
    return value;
}

/// Converted to `held`, or nullptr when it cannot be.
const Json* to_text(const Json& value, Json& held) {
    if (value.is_string()) return &value;
    if (value.is_container()) return nullptr;
    std::string text;
    append_as_text(text, value);
    held = Json(std::move(text));
    return &held;
}

const Json* to_number(const Json& value, Json& held) {
    if (value.is_number()) return &value;
    held = value.is_string() ? leading_number(value.as_string()) : Json(0);
    return &held;
}

const Json* to_exact_number(const Json& value, Json& held) {
    if (value.is_number()) return &value;
    auto number = value.is_string() ? number_of_text(value.as_string()) : std::optional(Json(0));
    if (!number || (!value.is_string() && !value.is_null())) return nullptr;
    held = std::move(*number);
    return &held;
}

const Json* to_integer(const Json& value, Json& held) {
    if (value.is_null()) return nullptr;
    const Json* number = to_exact_number(value, held);
    return number && number->as_int64() ? number : nullptr;
}

void flatten(const Json& list, Json& out) {
    for (const auto& item : list.items()) {
        if (item.is_array()) flatten(item, out);
        else out.push_back(item);
    }
}

const Json* to_list(const Json& value, Json& held) {
    auto is_list = [](const Json& item) { return item.is_array(); };
    const auto& items = value.items();
    if (value.is_array() && std::none_of(items.begin(), items.end(), is_list)) return &value;
    held = Json::array();
    if (value.is_array()) flatten(value, held);
    else if (!value.is_null()) held.push_back(value);
    return &held;
}

/// `value` as what the letter asks for, in `held` when it had to be made; nullptr when it cannot.
const Json* convert(char letter, const Json& value, Json& held) {
    switch (letter) {
        case 't':
        case 'T': return to_text(value, held);
        case 'n': return to_number(value, held);
        case 'e': return to_exact_number(value, held);
        case 'i': return to_integer(value, held);
        case 'o': return is_truthy(value) ? to_integer(value, held) : &nil();
        case 'l': return to_list(value, held);
        case 'c': return value.is_array() ? &value : nullptr;
        default: return &value;
    }
}

std::string_view letter_words(char letter) {
    switch (letter) {
        case 't':
        case 'T': return "a text";
        case 'e': return "a number";
        case 'i':
        case 'o': return "a whole number";
        default: return "a list";
    }
}

bool too_deep(const Json& value, std::size_t depth) {
    if (depth > limits::value_depth_max) return true;
    auto deep = [&](const Json& item) { return too_deep(item, depth + 1); };
    return std::any_of(value.items().begin(), value.items().end(), deep) ||
           std::any_of(value.members().begin(), value.members().end(),
                       [&](const JsonMember& member) { return deep(member.value); });
}

}  // namespace

std::size_t FilterSpec::args_min() const {
    std::string_view all(signature);
    return std::min(all.find('?'), all.size()) - 1;
}

std::size_t FilterSpec::args_max() const {
    std::string_view all(signature);
    return all.size() - 1 - (all.find('?') != std::string_view::npos ? 1 : 0);
}

const FilterSpec* find_filter(std::string_view name) {
    for (auto family : families())
        for (const auto& spec : family)
            if (name == spec.name) return &spec;
    return nullptr;
}

std::vector<std::string> filter_names() {
    std::vector<std::string> names;
    for (auto family : families())
        for (const auto& spec : family) names.emplace_back(spec.name);
    std::sort(names.begin(), names.end());
    return names;
}

Json apply_filter(const FilterSpec& spec, const Json& input, FilterCall& call) {
    if (input.is_container() && too_deep(input, 0))
        return call.fail("needs a value that is nested less than " +
                         std::to_string(limits::value_depth_max) + " levels deep");
    if (spec.signature[0] == 'T' && input.is_null()) return input;
    Json held;
    const Json* value = convert(spec.signature[0], input, held);
    if (!value)
        return call.fail("needs " + std::string(letter_words(spec.signature[0])) + ", found " +
                         value_words(input));
    std::size_t index = 0;
    for (const char* letter = spec.signature + 1; *letter && index < call.count; ++letter) {
        if (*letter == '?') continue;
        const Json& written = call.arg(index);
        call.given[index] = convert(*letter, written, call.held[index]);
        if (!call.given[index])
            return call.fail("needs " + std::string(letter_words(*letter)) + " as argument " +
                             std::to_string(index + 1) + ", found " + value_words(written));
        ++index;
    }
    Json made = spec.apply(*value, call);
    if (!call.error.empty()) return Json();
    if (templating::json_bytes(made) > limits::filter_bytes_max)
        return call.fail("makes more than " + std::to_string(limits::filter_bytes_max) + " bytes");
    return made;
}

Access property_of(const Json& item, const Json& name, const Json*& out) {
    out = &nil();
    switch (item.kind()) {
        case Json::Kind::object: {
            if (!name.is_string() || name.as_string().empty()) return Access::found;
            const Json* member = item.find(name.as_string());
            if (!member) member = item.at_path(name.as_string());
            if (member) out = member;
            return Access::found;
        }
        case Json::Kind::string:
            if (!name.is_string()) return Access::refused;
            if (item.as_string().find(name.as_string()) != std::string::npos) out = &name;
            return Access::found;
        case Json::Kind::number: {
            bool fraction = item.number_text().find_first_of(".eE") != std::string::npos;
            return fraction ? Access::none : Access::refused;
        }
        default: return Access::none;
    }
}

std::string refusal(const Json& item, const Json& name) {
    auto wanted = name.is_string() ? quoted(name.as_string()) : value_words(name);
    return "cannot read " + wanted + " of " + value_words(item);
}

bool is_truthy(const Json& value) {
    return !value.is_null() && !(value.is_bool() && !value.as_bool());
}

void append_as_text(std::string& out, const Json& value) {
    switch (value.kind()) {
        case Json::Kind::null: return;
        case Json::Kind::boolean: out += value.as_bool() ? "true" : "false"; return;
        case Json::Kind::number: out += value.number_text(); return;
        case Json::Kind::string: out += value.as_string(); return;
        case Json::Kind::array:
            for (const auto& item : value.items()) append_as_text(out, item);
            return;
        case Json::Kind::object: value.dump_to(out);
    }
}

std::optional<Json> number_of_text(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    if (text.size() > 400) return std::nullopt;
    auto value = Json::parse(text);
    if (!value || !value->is_number()) return std::nullopt;
    return Json::number_from_text(value->number_text());
}

Json leading_number(std::string_view text) {
    constexpr std::string_view digits = "0123456789";
    auto begin = text.find_first_not_of(" \t\r\n\f\v");
    if (begin == std::string_view::npos) return Json(0);
    text.remove_prefix(begin);
    bool negative = text.starts_with('-'), plus = text.starts_with('+');
    if (negative || plus) text.remove_prefix(1);
    auto whole = text.substr(0, text.find_first_not_of(digits));
    auto rest = text.substr(whole.size());
    rest = rest.substr(0, rest.find_last_not_of(" \t\r\n\f\v") + 1);
    // A fraction counts only when nothing follows it; otherwise the whole digits do.
    bool fraction = !plus && !whole.empty() && rest.size() > 1 && rest.front() == '.' &&
                    rest.find_first_not_of(digits, 1) == std::string_view::npos;
    while (whole.size() > 1 && whole.front() == '0') whole.remove_prefix(1);
    if (whole.empty()) return Json(0);
    std::string number(negative && (whole != "0" || fraction) ? "-" : "");
    number.append(whole);
    if (fraction) number.append(rest);
    return Json::number_from_text(std::move(number));
}

std::string value_words(const Json& value) {
    switch (value.kind()) {
        case Json::Kind::null: return "nothing";
        case Json::Kind::boolean: return value.as_bool() ? "true" : "false";
        case Json::Kind::number: return "the number " + value.number_text().substr(0, 64);
        case Json::Kind::string: return "the text " + quoted(value.as_string());
        case Json::Kind::array: return "a list";
        case Json::Kind::object: break;
    }
    return "an object";
}

}  // namespace syncline::rules
