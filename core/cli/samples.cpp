// The samples of samples.hpp. Shapes: Attio's webhook guide and reference (attio-v2: an envelope of
// UUIDs), the timestamped dialect (a bare event with slugs), CloudEvents 1.0 structured mode.
#include "core/cli/samples.hpp"

#include <vector>

#include "core/base/text.hpp"

namespace syncline::cli {
namespace {

/// Ids of nobody, valid in form.
constexpr const char* sample_workspace = "aaaaaaaa-0000-4000-8000-000000000001";
constexpr const char* sample_note = "bbbbbbbb-0000-4000-8000-000000000002";
constexpr const char* sample_object = "cccccccc-0000-4000-8000-000000000003";
constexpr const char* sample_record = "dddddddd-0000-4000-8000-000000000004";
constexpr const char* sample_actor = "eeeeeeee-0000-4000-8000-000000000005";
constexpr const char* sample_attribute = "ffffffff-0000-4000-8000-000000000006";
constexpr const char* sample_task = "77777777-0000-4000-8000-000000000007";
constexpr const char* sample_entry = "88888888-0000-4000-8000-000000000008";
constexpr const char* sample_list = "99999999-0000-4000-8000-000000000009";
constexpr const char* sample_webhook = "11111111-0000-4000-8000-000000000010";

class AttioSample {
public:
    explicit AttioSample(const SampleOrder& order) : order_(order) {}

    Result<Sample> make() {
        Sample sample;
        std::string type = order_.type;
        if (order_.dialect != "timestamped" && type == "task.completed") {
            sample.note = "attio-v2 has no task.completed: sent task.updated, from which the hub "
                          "derives it";
            type = "task.updated";
        }
        noun_ = type.substr(0, type.find('.'));
        if (noun_ == "note-content") noun_ = "note";
        if (noun_ != "record" && noun_ != "note" && noun_ != "task" && noun_ != "list-entry")
            return Error(ErrorCode::invalid_argument,
                         "there is no sample of \"" + printable(type, 100) +
                             "\": there are record.*, note.*, task.* and list-entry.*; give any "
                             "other as --file");
        updated_ = type.ends_with(".updated") && (noun_ == "record" || noun_ == "list-entry");
        Json event = Json::object();
        event.set("event_type", type);
        if (order_.dialect == "timestamped") fill_timestamped(event);
        else fill_v2(event);
        sample.body = order_.dialect == "timestamped" ? event.dump() : envelope(std::move(event));
        if (!missing_.empty()) return Error(ErrorCode::invalid_argument, missing_);
        return sample;
    }

private:
    std::string id(const char* name, const char* otherwise) const {
        auto found = order_.ids.find(name);
        if (found == order_.ids.end()) return otherwise;
        std::string text = found->second;
        auto mark = text.find("{n}");
        if (mark != std::string::npos) text.replace(mark, 3, std::to_string(order_.number));
        return text;
    }

    /// The UUID of a slug, by the source's settings; `otherwise` when none was asked for.
    std::string uuid(const char* name, const char* setting, const char* otherwise) {
        auto asked = order_.ids.find(name);
        const Json& known = order_.settings[setting];
        if (asked == order_.ids.end()) {
            if (known.members().empty()) return otherwise;
            const Json& first = known.members().front().value;
            return first.is_array() ? first[0].as_string() : first.as_string();
        }
        if (const Json* found = known.find(asked->second))
            return found->is_array() ? (*found)[0].as_string() : found->as_string();
        bool is_id = asked->second.size() == 36 && asked->second[8] == '-';
        if (!is_id && missing_.empty())
            missing_ = std::string("attio-v2 names ids only, and the source's settings know no ") +
                       name + " \"" + printable(asked->second, 100) + "\": add it to settings." +
                       setting + ", or give its UUID";
        return asked->second;
    }

    std::string slug(const char* name, const char* setting, const char* otherwise) const {
        auto asked = order_.ids.find(name);
        if (asked != order_.ids.end()) return asked->second;
        const Json& known = order_.settings[setting];
        return known.members().empty() ? std::string(otherwise) : known.members().front().name;
    }

    Json actor() const {
        return Json::object({{"type", id("actor-type", "workspace-member")},
                             {"id", id("actor", sample_actor)}});
    }

    void fill_v2(Json& event) {
        Json ids = Json::object();
        ids.set("workspace_id", id("workspace", sample_workspace));
        bool has_parent = noun_ == "note" || noun_ == "list-entry";
        if (noun_ == "record") {
            ids.set("object_id", uuid("object", "objects", sample_object));
            ids.set("record_id", id("record", sample_record));
        }
        if (noun_ == "note") ids.set("note_id", id("note", sample_note));
        if (noun_ == "task") ids.set("task_id", id("task", sample_task));
        if (noun_ == "list-entry") {
            ids.set("list_id", uuid("list", "lists", sample_list));
            ids.set("entry_id", id("entry", sample_entry));
        }
        if (updated_) ids.set("attribute_id", uuid("attribute", "attributes", sample_attribute));
        event.set("id", std::move(ids));
        if (has_parent) {
            event.set("parent_object_id", uuid("object", "objects", sample_object));
            event.set("parent_record_id", id("record", sample_record));
        }
        event.set("actor", actor());
    }

    std::string envelope(Json event) const {
        Json body = Json::object();
        body.set("webhook_id", sample_webhook);
        Json events = Json::array();
        events.push_back(std::move(event));
        body.set("events", std::move(events));
        return body.dump();
    }

    static Json wrapped(const char* name, std::string value) {
        Json inner = Json::object();
        inner.set(name, std::move(value));
        Json outer = Json::object();
        outer.set("id", std::move(inner));
        return outer;
    }

    void fill_timestamped(Json& event) const {
        event.set("id", Json::object({{"event_id", order_.event_id},
                                      {"workspace_id", id("workspace", sample_workspace)}}));
        event.set("created_at", format_time(order_.now_ms));
        event.set("actor", actor());
        bool about_record = noun_ != "list-entry" && noun_ != "task";
        if (about_record || order_.ids.count("object"))
            event.set("object", named(slug("object", "objects", "deals")));
        if (about_record || order_.ids.count("record"))
            event.set("record", wrapped("record_id", id("record", sample_record)));
        if (noun_ == "note") event.set("note", wrapped("note_id", id("note", sample_note)));
        if (noun_ == "task") event.set("task", wrapped("task_id", id("task", sample_task)));
        if (noun_ == "list-entry") {
            event.set("list", named(slug("list", "lists", "sales-pipeline")));
            event.set("entry", wrapped("entry_id", id("entry", sample_entry)));
        }
        if (updated_) event.set("attribute", slug("attribute", "attributes", "stage"));
    }

    static Json named(std::string slug_text) {
        Json made = Json::object();
        made.set("api_slug", std::move(slug_text));
        return made;
    }

    const SampleOrder& order_;
    std::string noun_;
    bool updated_ = false;
    std::string missing_;
};

Sample cloud_event(const SampleOrder& order) {
    Json body = Json::object();
    body.set("specversion", "1.0");
    body.set("id", order.event_id);
    body.set("source", "/syncline/send");
    body.set("type", order.type);
    body.set("subject", "sample-" + std::to_string(order.number));
    body.set("time", format_time(order.now_ms));
    body.set("data", Json::object({{"sample", true}, {"number", order.number}}));
    Sample sample;
    sample.body = body.dump();
    sample.content_type = "application/cloudevents+json";
    return sample;
}

Sample plain_json(const SampleOrder& order) {
    Json body = Json::object();
    body.set("id", order.event_id);
    body.set("type", order.type);
    body.set("subject", "sample-" + std::to_string(order.number));
    body.set("timestamp", format_time(order.now_ms));
    body.set("data", Json::object({{"sample", true}, {"number", order.number}}));
    Sample sample;
    sample.body = body.dump();
    return sample;
}

}  // namespace

Result<Sample> make_sample(const SampleOrder& order) {
    if (order.connector == "attio") return AttioSample(order).make();
    if (order.connector == "cloudevents") return cloud_event(order);
    return plain_json(order);
}

}  // namespace syncline::cli
