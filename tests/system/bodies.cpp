// See bodies.hpp.
#include "tests/system/bodies.hpp"

#include <cstdio>

namespace syncline::system_test {

namespace {

Json actor() {
    return Json::object(
        {{"type", "workspace-member"}, {"id", "eeeeeeee-0000-4000-8000-000000000005"}});
}

/// {"id": {name: id}}
Json with_id(const char* name, const std::string& id) {
    return Json::object({{"id", Json::object({{name, id}})}});
}

std::string v2_body(const std::string& type, unsigned number) {
    Json ids = Json::object({{"workspace_id", kWorkspaceId}});
    Json event = Json::object({{"event_type", type}, {"id", Json()}});
    const std::string noun = type.substr(0, type.find('.'));
    if (noun == "record") {
        ids.set("object_id", kDealsId);
        ids.set("record_id", numbered_id("dea1", number));
    } else if (noun == "task") {
        ids.set("task_id", numbered_id("7a5c", number));
    } else {
        if (noun == "note") ids.set("note_id", numbered_id("9000", number));
        if (noun == "list-entry") ids.set("list_id", kPipelineId);
        if (noun == "list-entry") ids.set("entry_id", numbered_id("e000", number));
        event.set("parent_object_id", kDealsId);
        event.set("parent_record_id", numbered_id("dea1", number));
    }
    if (type == "record.updated") ids.set("attribute_id", "ffffffff-0000-4000-8000-000000000006");
    event.set("id", std::move(ids));
    event.set("actor", actor());
    Json events = Json::array();
    events.push_back(std::move(event));
    return Json::object({{"webhook_id", "11111111-2222-4333-8444-555555555555"},
                         {"events", std::move(events)}})
        .dump();
}

std::string timestamped_body(const std::string& type, unsigned number, const std::string& key) {
    Json event = Json::object({{"event_type", type},
                               {"id", Json::object({{"event_id", key}})},
                               {"created_at", "2026-04-23T10:00:00Z"},
                               {"actor", actor()}});
    const std::string noun = type.substr(0, type.find('.'));
    if (noun == "list-entry") {
        event.set("list", Json::object({{"api_slug", "sales-pipeline"}}));
        event.set("entry", with_id("entry_id", numbered_id("e000", number)));
        return event.dump();
    }
    if (noun == "task") {
        event.set("task", with_id("task_id", numbered_id("7a5c", number)));
        return event.dump();
    }
    event.set("object", Json::object({{"api_slug", "deals"}}));
    event.set("record", with_id("record_id", numbered_id("dea1", number)));
    if (noun == "note") event.set("note", with_id("note_id", numbered_id("9000", number)));
    if (type == "record.updated") event.set("attribute", "stage");
    return event.dump();
}

}  // namespace

std::string numbered_id(const std::string& head, unsigned number) {
    char tail[40];
    std::snprintf(tail, sizeof tail, "0000-0000-4000-8000-%012u", number);
    return head + tail;
}

std::string event_body(Dialect dialect, const std::string& type, unsigned number,
                       const std::string& key) {
    return dialect == Dialect::attio_v2 ? v2_body(type, number)
                                        : timestamped_body(type, number, key);
}

}  // namespace syncline::system_test
