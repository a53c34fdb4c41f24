#include "plugins/attio/values.hpp"

namespace syncline::connector_attio {
namespace {

/// "499.00" as a number: the docs show money both ways. A text that is none stays one.
Json as_number(const Json& value) {
    if (!value.is_string()) return value;
    auto parsed = Json::parse(value.as_string());
    return parsed && parsed->is_number() ? *parsed : value;
}

/// Option and status: an object with a title, or a bare id in default values.
Json titled(const Json& value) {
    return value.is_object() ? value["title"] : value;
}

/// A location and whatever we do not know: its own members without those all elements have.
Json own_members(const Json& element) {
    Json made = Json::object();
    for (const auto& [name, value] : element.members()) {
        bool common = name == "active_from" || name == "active_until" ||
                      name == "created_by_actor" || name == "attribute_type";
        if (!common) made.set(name, value);
    }
    return made;
}

void copy(Json& to, const Json& from, std::initializer_list<const char*> names) {
    for (const char* name : names)
        if (const Json* value = from.find(name)) to.set(name, *value);
}

}  // namespace

MultiValued::MultiValued(const Json& further) {
    for (const auto& slug : further.items()) slugs_.insert(slug.as_string());
}

Json plain_value(const Json& element) {
    if (!element.is_object()) return element;
    if (const Json* found = element.find("currency_value")) return as_number(*found);
    if (const Json* found = element.find("option")) return titled(*found);
    if (const Json* found = element.find("status")) return titled(*found);
    for (const char* name : {"value", "email_address", "phone_number", "original_phone_number",
                             "domain", "full_name", "target_record_id", "referenced_actor_id",
                             "interacted_at"})
        if (const Json* found = element.find(name)) return *found;
    return own_members(element);
}

Json plain_values(const Json& values, const MultiValued& multi) {
    Json made = Json::object();
    for (const auto& [slug, elements] : values.members()) {
        Json list = Json::array();
        for (const auto& element : elements.items()) list.push_back(plain_value(element));
        if (list.size() > 1 || multi.holds(slug)) made.set(slug, std::move(list));
        else made.set(slug, list[0]);
    }
    return made;
}

Json record_document(const Json& data, const std::string& object, const MultiValued& multi) {
    Json made = Json::object();
    made.set("id", data["id"]["record_id"]);
    made.set("object", object);
    made.set("object_id", data["id"]["object_id"]);
    copy(made, data, {"created_at", "web_url"});
    made.set("values", plain_values(data["values"], multi));
    made.set("raw", data);
    return made;
}

Json entry_document(const Json& data, const std::string& list, const MultiValued& multi) {
    Json made = Json::object();
    made.set("id", data["id"]["entry_id"]);
    made.set("list", list);
    made.set("list_id", data["id"]["list_id"]);
    copy(made, data, {"parent_object", "parent_record_id", "created_at"});
    made.set("values", plain_values(data["entry_values"], multi));
    made.set("raw", data);
    return made;
}

Json note_document(const Json& data) {
    Json made = Json::object();
    made.set("id", data["id"]["note_id"]);
    copy(made, data, {"title", "content_markdown", "content_plaintext", "parent_object",
                      "parent_record_id", "meeting_id", "tags", "created_by_actor", "created_at"});
    made.set("raw", data);
    return made;
}

Json task_document(const Json& data) {
    Json made = Json::object();
    made.set("id", data["id"]["task_id"]);
    copy(made, data, {"content_plaintext", "deadline_at", "is_completed", "completed_at",
                      "linked_records", "assignees", "created_by_actor", "created_at"});
    made.set("raw", data);
    return made;
}

}  // namespace syncline::connector_attio
