// What Notion refuses, and how it filters (see notion.hpp). Pure functions over JSON.
#include "tests/standins/notion.hpp"

#include "core/base/text.hpp"

namespace syncline::standins {

namespace {

constexpr std::size_t kChildrenMax = 100;
constexpr std::size_t kRichTextMax = 100;
constexpr std::size_t kTextUnitsMax = 2000;
constexpr int kLevelsMax = 2;

/// UTF-16 code units of a UTF-8 text: what the 2,000 are counted in.
std::size_t utf16_units(std::string_view text) {
    std::size_t units = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte & 0xC0) != 0x80) units += byte >= 0xF0 ? 2 : 1;
    }
    return units;
}

std::string too_long(const std::string& path, std::size_t limit, std::size_t found) {
    return "body failed validation: " + path + ".length should be ≤ `" + std::to_string(limit) +
           "`, instead was `" + std::to_string(found) + "`.";
}

bool compare(const std::string& op, const Json& wanted, const Json& value, std::string* why) {
    const std::string& text = value.as_string();
    if (op == "equals") return value == wanted;
    if (op == "does_not_equal") return value != wanted;
    if (op == "contains") return text.find(wanted.as_string()) != std::string::npos;
    if (op == "starts_with") return text.starts_with(wanted.as_string());
    if (op == "ends_with") return text.ends_with(wanted.as_string());
    if (op == "is_empty") return value.is_null() || text.empty();
    if (op == "is_not_empty") return !text.empty();
    *why = "body failed validation: the filter operator \"" + op + "\" is unknown.";
    return false;
}

/// What an operator of that type compares: the text, the name, or the value itself.
Json comparable(const std::string& type, const Json& value) {
    if (type == "title" || type == "rich_text") return plain_text(value[type]);
    if (type == "select" || type == "status") return value[type]["name"];
    return value[type];
}

}  // namespace

std::string plain_text(const Json& rich_text) {
    std::string text;
    for (const Json& part : rich_text.items()) text += part["text"]["content"].as_string();
    return text;
}

std::string check_rich_text(const Json& list, const std::string& path) {
    if (!list.is_array()) return "body failed validation: " + path + " should be an array.";
    if (list.size() > kRichTextMax) return too_long(path, kRichTextMax, list.size());
    for (std::size_t at = 0; at < list.size(); ++at) {
        const std::string here = path + "[" + std::to_string(at) + "].text";
        const Json& content = list[at]["text"]["content"];
        if (!content.is_string()) {
            return "body failed validation: " + here + ".content should be defined.";
        }
        const std::size_t units = utf16_units(content.as_string());
        if (units > kTextUnitsMax) return too_long(here + ".content", kTextUnitsMax, units);
        const std::string& url = list[at]["text"]["link"]["url"].as_string();
        if (url.size() > kTextUnitsMax)
            return too_long(here + ".link.url", kTextUnitsMax, url.size());
    }
    return "";
}

std::string check_children(const Json& children, const std::string& path, int level) {
    if (!children.is_array()) return "body failed validation: " + path + " should be an array.";
    if (level > kLevelsMax) {
        return "body failed validation: " + path + " should be not present, instead was `" +
               printable(children.dump(), 60) + "`.";
    }
    if (children.size() > kChildrenMax) return too_long(path, kChildrenMax, children.size());
    for (std::size_t at = 0; at < children.size(); ++at) {
        const std::string type = children[at]["type"].as_string();
        const Json& own = children[at][type];
        std::string here = path + "[" + std::to_string(at) + "]." + type;
        if (type.empty() || !own.is_object()) {
            return "body failed validation: " + path + "[" + std::to_string(at) +
                   "] should have a type and a member of that name.";
        }
        const Json* text = own.find("rich_text");
        std::string wrong = text == nullptr ? "" : check_rich_text(*text, here + ".rich_text");
        const Json* nested = own.find("children");
        if (wrong.empty() && nested != nullptr) {
            wrong = check_children(*nested, here + ".children", level + 1);
        }
        if (!wrong.empty()) return wrong;
    }
    return "";
}

std::size_t block_count(const Json& children) {
    std::size_t count = children.size();
    for (const Json& child : children.items()) {
        count += block_count(child[child["type"].as_string()]["children"]);
    }
    return count;
}

std::string check_properties(const Json& schema, const Json& properties) {
    for (const JsonMember& member : properties.members()) {
        const Json* property = schema.find(member.name);
        if (property == nullptr) return member.name + " is not a property that exists.";
        const std::string& type = (*property)["type"].as_string();
        const Json* value = member.value.find(type);
        if (value == nullptr) return member.name + " is expected to be " + type + ".";
        if (type == "title" || type == "rich_text") {
            const std::string wrong =
                check_rich_text(*value, "body.properties." + member.name + "." + type);
            if (!wrong.empty()) return wrong;
        }
        if (type == "number" && !value->is_number() && !value->is_null()) {
            return member.name + " is expected to be a number.";
        }
        if (type == "url" && value->is_string() && value->as_string().empty()) {
            return "body failed validation: body.properties." + member.name +
                   ".url.length should be ≥ `1`, instead was `0`.";
        }
        if (type == "status") {
            bool known = value->is_null();
            for (const Json& option : (*property)["options"].items()) {
                known = known || option["name"] == (*value)["name"];
            }
            if (!known)
                return "Invalid status option. Status option \"" + (*value)["name"].as_string() +
                       "\" does not exist.";
        }
    }
    return "";
}

std::optional<bool> passes_filter(const Json& schema, const Json& filter, const Json& properties,
                                  std::string* why) {
    for (const char* group : {"and", "or"}) {
        const Json* parts = filter.find(group);
        if (parts == nullptr) continue;
        const bool all = std::string_view(group) == "and";
        for (const Json& part : parts->items()) {
            const std::optional<bool> one = passes_filter(schema, part, properties, why);
            if (!one || *one != all) return one;
        }
        return all;
    }
    const std::string& name = filter["property"].as_string();
    const Json* property = schema.find(name);
    if (property == nullptr) {
        *why = "Could not find property with name or id: " + name;
        return std::nullopt;
    }
    const std::string& type = (*property)["type"].as_string();
    const Json* test = filter.find(type);
    if (test == nullptr || test->members().size() != 1) {
        *why = "database property " + name + " does not match filter type";
        return std::nullopt;
    }
    const JsonMember& only = test->members()[0];
    const bool passed = compare(only.name, only.value, comparable(type, properties[name]), why);
    if (!why->empty()) return std::nullopt;
    return passed;
}

}  // namespace syncline::standins
