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

std::array<std::span<const FilterSpec>, 5> families() {
    return {text_filters(), list_filters(), number_filters(), time_filters(), code_filters()};
}

bool to_text(Json& value) {
    if (value.is_container()) return false;
    if (value.is_string()) return true;
    std::string text;
    append_as_text(text, value);
    value = Json(std::move(text));
    return true;
}

bool to_number(Json& value) {
    if (value.is_null()) value = Json(0);
    if (value.is_string()) {
        auto number = number_of_text(value.as_string());
        if (number) value = std::move(*number);
    }
    return value.is_number();
}

bool to_integer(Json& value) {
    return !value.is_null() && to_number(value) && value.as_int64().has_value();
}

bool to_list(Json& value) {
    if (value.is_array()) return true;
    if (!value.is_null() && !value.is_object()) return false;
    Json list = Json::array();
    if (value.is_object()) list.push_back(std::move(value));
    value = std::move(list);
    return true;
}

/// Makes `value` what the letter asks for; false when it cannot be.
bool convert(char letter, Json& value) {
    switch (letter) {
        case 't': return to_text(value);
        case 'n': return to_number(value);
        case 'i': return to_integer(value);
        case 'l': return to_list(value);
        default: return true;
    }
}

std::string_view letter_words(char letter) {
    switch (letter) {
        case 't': return "a text";
        case 'n': return "a number";
        case 'i': return "a whole number";
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
    Json value = input;
    if (too_deep(value, 0)) return call.fail("the value is nested too deep");
    if (!convert(spec.signature[0], value))
        return call.fail("needs " + std::string(letter_words(spec.signature[0])) + ", found " +
                         value_words(input));
    std::string letters;
    for (const char* at = spec.signature + 1; *at; ++at)
        if (*at != '?') letters.push_back(*at);
    for (std::size_t i = 0; i < call.args.size() && i < letters.size(); ++i) {
        Json written = call.args[i];
        if (!convert(letters[i], call.args[i]))
            return call.fail("needs " + std::string(letter_words(letters[i])) + " as argument " +
                             std::to_string(i + 1) + ", found " + value_words(written));
    }
    Json made = spec.apply(value, call);
    if (!call.error.empty()) return Json();
    if (templating::json_bytes(made) > limits::filter_bytes_max)
        return call.fail("makes more than " + std::to_string(limits::filter_bytes_max) + " bytes");
    return made;
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
