// What the Attio stand-in knows of objects, lists and attributes, and how the short forms of values
// that writers send become the long ones that readers get (docs.attio.com, "Attribute types").
// Ids of the standard schema are fixed, so that hub files and recorded events may name them.
#include "core/base/hash.hpp"
#include "core/base/text.hpp"
#include "tests/standins/attio.hpp"

namespace syncline::standins {

namespace {

constexpr const char* kWorkspace = "aaaaaaaa-0000-4000-8000-000000000001";

/// An id that is always the same for the same words.
std::string fixed_uuid(std::string_view words) {
    const std::string digest = hex_encode(sha256(words));
    return digest.substr(0, 8) + "-0000-4000-8000-" + digest.substr(8, 12);
}

Json titled(const Json& attribute, const Json& value, const char* list, const char* own_id) {
    for (const Json& option : attribute[list].items()) {
        if (option["title"] == value || option["id"][own_id] == value) return option;
    }
    return Json();
}

}  // namespace

std::string Attio::now_text() const {
    std::string text = format_time(clock().wall_ms());
    text.insert(text.size() - 1, "000000");  // Attio writes nanoseconds
    return text;
}

Json Attio::id_of(std::string_view name, const std::string& id) const {
    return Json::object({{"workspace_id", kWorkspace}, {std::string(name), id}});
}

void Attio::install_standard_schema() {
    const auto add = [this](const char* rows, const char* own_id, const char* id, const char* slug,
                            const char* name) {
        Json object = new_schema_object(id, slug, name);
        object.set("id", id_of(own_id, id));
        table(rows).emplace(slug, std::move(object));
    };
    add("objects", "object_id", "0b000000-0000-4000-8000-00000000000a", "people", "Person");
    add("objects", "object_id", "0b000000-0000-4000-8000-00000000000b", "companies", "Company");
    add("objects", "object_id", "0b000000-0000-4000-8000-00000000000c", "deals", "Deal");
    add("lists", "list_id", "11570000-0000-4000-8000-00000000000d", "sales-pipeline",
        "Sales pipeline");
    const Json stages = Json::array({"Lead", "Qualifying", "Negotiation", "Won", "Lost"});
    install_attribute("people", "name", "personal-name", false, Json());
    install_attribute("people", "email_addresses", "email-address", true, Json());
    install_attribute("people", "job_title", "text", false, Json());
    install_attribute("companies", "name", "text", false, Json());
    install_attribute("companies", "domains", "domain", true, Json());
    install_attribute("companies", "tags", "select", true, Json::array({"Customer", "Partner"}));
    install_attribute("deals", "name", "text", false, Json());
    install_attribute("deals", "stage", "status", false, stages);
    install_attribute("deals", "value", "currency", false, Json());
    install_attribute("deals", "associated_company", "record-reference", false, Json());
    install_attribute("sales-pipeline", "stage", "status", false, stages);
    install_attribute("sales-pipeline", "notes", "text", false, Json());
    install_attribute("sales-pipeline", "tags", "select", true, Json::array({"Hot", "Cold"}));
}

Json Attio::new_schema_object(const std::string&, const std::string& slug,
                              const std::string& name) {
    return Json::object({{"id", Json()},
                         {"api_slug", slug},
                         {"singular_noun", name},
                         {"plural_noun", slug},
                         {"name", name},
                         {"created_at", "2026-01-01T00:00:00.000000000Z"}});
}

void Attio::install_attribute(const std::string& owner, const std::string& slug,
                              const std::string& type, bool multiple, const Json& titles) {
    const std::string key = owner + "/" + slug;
    Json attribute = Json::object({{"id", id_of("attribute_id", fixed_uuid(key))},
                                   {"api_slug", slug},
                                   {"title", slug},
                                   {"type", type},
                                   {"is_multiselect", multiple},
                                   {"is_unique", slug == "email_addresses" || slug == "domains"},
                                   {"is_writable", true},
                                   {"is_archived", false}});
    const bool status = type == "status";
    Json options = Json::array();
    for (const Json& title : titles.items()) {
        const std::string id = fixed_uuid(key + "/" + title.as_string());
        options.push_back(Json::object({{"id", id_of(status ? "status_id" : "option_id", id)},
                                        {"title", title},
                                        {"is_archived", false}}));
    }
    if (!options.empty()) attribute.set(status ? "statuses" : "options", std::move(options));
    table("attributes").emplace(key, std::move(attribute));
}

const Json* Attio::schema(const std::string& table_name, const std::string& slug_or_id) {
    for (const auto& [slug, object] : table(table_name)) {
        if (slug == slug_or_id) return &object;
        for (const JsonMember& part : object["id"].members()) {
            if (part.name != "workspace_id" && part.value == Json(slug_or_id)) return &object;
        }
    }
    return nullptr;
}

std::optional<Json> Attio::shape_values(const std::string& owner, const Json& values,
                                        const Json& current, bool arrays_only, Refusal* why) {
    Json shaped = current.is_object() ? current : Json::object();
    for (const JsonMember& member : values.members()) {
        const Json* attribute = nullptr;
        for (const auto& [key, candidate] : table("attributes")) {
            const bool named = key == owner + "/" + member.name;
            const bool by_id = key.starts_with(owner + "/") &&
                               candidate["id"]["attribute_id"] == Json(member.name);
            if (named || by_id) attribute = &candidate;
        }
        if (attribute == nullptr) {
            *why = {"value_not_found",
                    "Cannot find attribute with slug/ID \"" + member.name + "\"."};
            return std::nullopt;
        }
        if (arrays_only && !member.value.is_array()) {
            *why = {"validation_type", "Expected an array for \"" + member.name + "\"."};
            return std::nullopt;
        }
        Json list = Json::array();
        if (member.value.is_array()) list = member.value;
        if (!member.value.is_array() && !member.value.is_null()) list.push_back(member.value);
        if (list.size() > 1 && !(*attribute)["is_multiselect"].as_bool()) {
            *why = {"multiple_values_for_single_value_attribute",
                    "\"" + member.name + "\" takes a single value."};
            return std::nullopt;
        }
        Json long_forms = Json::array();
        for (const Json& value : list.items()) {
            std::optional<Json> long_form = shape_value(*attribute, value, why);
            if (!long_form) return std::nullopt;
            long_forms.push_back(std::move(*long_form));
        }
        shaped.set((*attribute)["api_slug"].as_string(), std::move(long_forms));
    }
    return shaped;
}

std::optional<Json> Attio::shape_value(const Json& attribute, const Json& value, Refusal* why) {
    if (value.find("active_from") != nullptr) return value;  // already the long form
    const std::string& type = attribute["type"].as_string();
    Json shaped = Json::object(
        {{"active_from", now_text()},
         {"active_until", Json()},
         {"created_by_actor", Json::object({{"type", "api-token"}, {"id", fixed_uuid("token")}})},
         {"attribute_type", type}});
    if (type == "status" || type == "select") {
        const bool status = type == "status";
        Json option = titled(attribute, value, status ? "statuses" : "options",
                             status ? "status_id" : "option_id");
        if (option.is_null()) {
            *why = {"value_not_found", "Cannot find " + type + " option \"" + value.as_string() +
                                           "\" of \"" + attribute["api_slug"].as_string() + "\"."};
            return std::nullopt;
        }
        shaped.set(status ? "status" : "option", std::move(option));
    } else if (type == "currency") {
        shaped.set("currency_value", value.is_object() ? value["currency_value"] : value);
        shaped.set("currency_code", "EUR");
    } else if (type == "email-address") {
        const std::string& text = value.as_string();
        if (text.find('@') == std::string::npos) {
            *why = {"validation_type", "\"" + text + "\" is not an email address."};
            return std::nullopt;
        }
        shaped.set("original_email_address", value);
        shaped.set("email_address", lower(text));
        shaped.set("email_domain", lower(text.substr(text.find('@') + 1)));
    } else if (type == "domain") {
        shaped.set("domain", value);
        shaped.set("root_domain", value);
    } else if (type == "personal-name") {
        const std::string text = value.as_string();
        const std::size_t comma = text.find(',');
        const std::string first(comma == std::string::npos ? text : trim(text.substr(comma + 1)));
        const std::string last = comma == std::string::npos ? "" : text.substr(0, comma);
        const Json given =
            value.is_object() ? value : Json::object({{"first_name", first}, {"last_name", last}});
        shaped.set("first_name", given["first_name"]);
        shaped.set("last_name", given["last_name"]);
        shaped.set("full_name", std::string(trim(given["first_name"].as_string() + " " +
                                                 given["last_name"].as_string())));
    } else if (type == "record-reference") {
        shaped.set("target_object", value["target_object"]);
        shaped.set("target_record_id", value["target_record_id"]);
    } else {
        shaped.set("value", value.is_object() ? value["value"] : value);
    }
    return shaped;
}

}  // namespace syncline::standins
