#include "plugins/notion/properties.hpp"

#include "plugins/notion/rich_text.hpp"

namespace syncline::connector_notion {
namespace {

constexpr std::size_t values_max = 100;  // of multi_select, relation and people

std::string text_of(const Json& value) {
    if (value.is_null()) return std::string();
    return value.is_string() ? value.as_string() : value.dump();
}

Json first_chunk(std::string_view text) {
    return chunks_of(plain_rich_text(text))[0];
}

/// A list of one for a plain value, the list itself, nothing for null.
Json as_list(const Json& value) {
    if (value.is_array()) return value;
    Json made = Json::array();
    if (!value.is_null() && !text_of(value).empty()) made.push_back(value);
    return made;
}

Json named(const char* member, const Json& values, bool commas) {
    Json made = Json::array();
    for (const auto& value : values.items()) {
        if (made.size() == values_max) break;
        if (value.is_object()) {
            made.push_back(value);
            continue;
        }
        std::string text = text_of(value);
        for (char& c : text)
            if (c == ',' && !commas) c = ' ';  // a comma ends the name of an option
        made.push_back(Json::object({{member, text}}));
    }
    return made;
}

/// Null for an empty text: these properties refuse "".
Json or_null(const std::string& text) {
    return text.empty() ? Json() : Json(text);
}

std::optional<Json> number_of(const Json& value) {
    if (value.is_number() || value.is_null()) return value;
    if (value.is_string() && value.as_string().empty()) return Json();
    auto parsed = Json::parse(value.as_string());
    if (parsed && parsed->is_number()) return parsed;
    return std::nullopt;
}

std::optional<Json> bare_value(const std::string& type, const Json& value, std::string* fault) {
    if (type == "title" || type == "rich_text") return first_chunk(text_of(value));
    if (type == "checkbox") return Json(value.as_bool() || value.as_string() == "true");
    if (type == "select" || type == "status") {
        if (text_of(value).empty()) return Json();
        return Json::object({{"name", text_of(value)}});
    }
    if (type == "multi_select") return named("name", as_list(value), false);
    if (type == "relation" || type == "people") return named("id", as_list(value), true);
    if (type == "date") {
        if (text_of(value).empty()) return Json();
        return Json::object({{"start", text_of(value)}});
    }
    if (type == "url" || type == "email" || type == "phone_number") return or_null(text_of(value));
    if (type == "number") {
        auto number = number_of(value);
        if (!number) *fault = "is a number, not \"" + text_of(value) + "\"";
        return number;
    }
    *fault = "has the type " + type + ", which cannot be written from a plain value";
    return std::nullopt;
}

}  // namespace

std::optional<Json> property_value(const std::string& type, const Json& value, std::string* fault) {
    if (value.is_object()) return value;
    auto bare = bare_value(type, value, fault);
    if (!bare) return std::nullopt;
    Json made = Json::object();
    made.set(type, std::move(*bare));
    return made;
}

std::optional<Json> key_filter(const Schema& schema, const std::string& property,
                               const std::string& key) {
    const std::string& type = schema.type_of(property);
    bool text_like = type == "rich_text" || type == "title" || type == "url" || type == "email" ||
                     type == "phone_number";
    if (!text_like) return std::nullopt;
    Json filter = Json::object();
    filter.set("property", property);
    filter.set(type, Json::object({{"equals", key}}));
    return filter;
}

}  // namespace syncline::connector_notion
