// The Attio stand-in's routes and refusals (see attio.hpp).
#include "tests/standins/attio.hpp"

#include "core/base/assert.hpp"
#include "core/base/text.hpp"

namespace syncline::standins {

namespace {

constexpr std::int64_t kReadsPerSecond = 100;
constexpr std::int64_t kWritesPerSecond = 25;

HttpResponse data(Json value) {
    return HttpResponse::json(200, Json::object({{"data", std::move(value)}}).dump());
}

/// Queries are POSTs that only read.
bool reads(const Call& call) {
    return call.http->method == "GET" || call.path.ends_with("/query");
}

Json page(const Standin::Table& rows, const Call& call, std::uint64_t limit_default,
          const std::function<std::optional<Json>(const std::string&, const Json&)>& form) {
    const std::uint64_t limit = parse_decimal(call.query_or("limit", "")).value_or(limit_default);
    std::uint64_t skip = parse_decimal(call.query_or("offset", "")).value_or(0);
    Json list = Json::array();
    for (const auto& [id, row] : rows) {
        std::optional<Json> shown = form(id, row);
        if (!shown) continue;
        if (skip > 0) {
            --skip;
        } else if (list.size() < limit) {
            list.push_back(std::move(*shown));
        }
    }
    return list;
}

}  // namespace

Attio::Attio(const Clock& clock, StandinOptions options)
    : Standin("attio", clock, std::move(options)) {
    install_standard_schema();
    routes_of_schema();
    routes_of_records();
    routes_of_entries();
    routes_of_notes_and_tasks();
}

HttpResponse Attio::refuse(unsigned status, const std::string& code, const std::string& message) {
    const char* type = "invalid_request_error";
    if (status == 401 || status == 403) type = "auth_error";
    if (status == 429) type = "rate_limit_error";
    return HttpResponse::json(
        status, Json::object(
                    {{"status_code", status}, {"type", type}, {"code", code}, {"message", message}})
                    .dump());
}

HttpResponse Attio::not_found(const std::string& what) {
    return refuse(404, "not_found", what + " was not found.");
}

HttpResponse Attio::error_form(unsigned status, const std::string& message) {
    if (status == 404) return refuse(404, "not_found", message);
    if (status == 429) return refuse(429, "rate_limit_exceeded", message);
    return refuse(status, status == 401 ? "unauthorized" : "internal", message);
}

std::optional<HttpResponse> Attio::guard(const Call& call) {
    const std::optional<std::string> token = call.bearer();
    if (!token || (!options().token.empty() && *token != options().token)) {
        return refuse(401, "unauthorized", "The access token is missing or invalid.");
    }
    const std::int64_t second = clock().wall_ms() / 1000;
    if (second != second_) second_ = second, reads_ = 0, writes_in_second_ = 0;
    const std::int64_t limit = reads(call) ? knob("reads_per_second", kReadsPerSecond)
                                           : knob("writes_per_second", kWritesPerSecond);
    std::int64_t& used = reads(call) ? reads_ : writes_in_second_;
    if (used >= limit * options().scale) {
        HttpResponse limited = refuse(429, "rate_limit_exceeded", "Rate limit exceeded.");
        limited.headers.add("Retry-After", format_http_date((second + 1) * 1000));
        return limited;
    }
    ++used;
    if (call.http->method != "GET" && call.http->method != "DELETE" &&
        (!call.body || !call.body->is_object())) {
        return refuse(400, "validation_type", "The body must be a JSON object.");
    }
    return std::nullopt;
}

void Attio::routes_of_schema() {
    route("GET", "/v2/self", [](const Call&) {
        return HttpResponse::json(200, R"({"active":true,"scope":"record_permission:read-write"})");
    });
    for (const char* kind : {"objects", "lists"}) {
        const std::string rows = kind;
        route("GET", "/v2/" + rows, [this, rows](const Call&) {
            Json list = Json::array();
            for (const auto& [slug, object] : table(rows)) list.push_back(object);
            return data(std::move(list));
        });
        route("GET", "/v2/" + rows + "/*", [this, rows](const Call& call) {
            const Json* found = schema(rows, call.args[0]);
            return found == nullptr ? not_found(rows + " " + call.args[0]) : data(*found);
        });
        route("GET", "/v2/" + rows + "/*/attributes", [this, rows](const Call& call) {
            const Json* owner = schema(rows, call.args[0]);
            if (owner == nullptr) return not_found(rows + " " + call.args[0]);
            const std::string prefix = (*owner)["api_slug"].as_string() + "/";
            return data(page(table("attributes"), call, 500,
                             [&](const std::string& key, const Json& row) -> std::optional<Json> {
                                 if (!key.starts_with(prefix)) return std::nullopt;
                                 return row;
                             }));
        });
    }
}

Json Attio::record_form(const std::string& id, const Json& record) {
    const Json* object = schema("objects", record["object"].as_string());
    Json ids = id_of("object_id", (*object)["id"]["object_id"].as_string());
    ids.set("record_id", id);
    return Json::object({{"id", std::move(ids)},
                         {"created_at", record["created_at"]},
                         {"web_url", "https://app.attio.com/example/record/" + id},
                         {"values", record["values"]}});
}

HttpResponse Attio::get_record(const Call& call) {
    const Json* object = schema("objects", call.args[0]);
    if (object == nullptr) return not_found("Object \"" + call.args[0] + "\"");
    const Json* record = find("records", call.args[1]);
    if (record == nullptr || (*record)["object"] != (*object)["api_slug"]) {
        return not_found("Record \"" + call.args[1] + "\"");
    }
    return data(record_form(call.args[1], *record));
}

HttpResponse Attio::write_record(const Call& call, bool overwrite) {
    Json* record = find("records", call.args[1]);
    const Json* object = schema("objects", call.args[0]);
    if (record == nullptr || object == nullptr) return not_found("Record \"" + call.args[1] + "\"");
    Refusal why;
    Json values = (*call.body)["data"]["values"];
    std::optional<Json> shaped =
        shape_values((*object)["api_slug"].as_string(), values, (*record)["values"], false, &why);
    if (!shaped) return refuse(400, why.code, why.message);
    // PATCH puts new values of a multi-valued attribute before the old ones, PUT replaces them.
    for (const JsonMember& member : (*record)["values"].members()) {
        const Json* attribute =
            find("attributes", (*object)["api_slug"].as_string() + "/" + member.name);
        if (overwrite || values.find(member.name) == nullptr || attribute == nullptr) continue;
        if (!(*attribute)["is_multiselect"].as_bool()) continue;
        for (const Json& old : member.value.items()) shaped->find(member.name)->push_back(old);
    }
    record->set("values", std::move(*shaped));
    wrote("record.update", call.args[1], values);
    return data(record_form(call.args[1], *record));
}

HttpResponse Attio::create_record(const Call& call) {
    const Json* object = schema("objects", call.args[0]);
    if (object == nullptr) return not_found("Object \"" + call.args[0] + "\"");
    const std::string slug = (*object)["api_slug"].as_string();
    const Json& values = (*call.body)["data"]["values"];
    Refusal why;
    std::optional<Json> shaped = shape_values(slug, values, Json::object(), false, &why);
    if (!shaped) return refuse(400, why.code, why.message);
    const std::string id = next_uuid("reco");
    table("records")[id] = Json::object(
        {{"object", slug}, {"created_at", now_text()}, {"values", std::move(*shaped)}});
    wrote("record.create", id, values);
    return data(record_form(id, *find("records", id)));
}

void Attio::routes_of_records() {
    route("GET", "/v2/objects/*/records/*", [this](const Call& call) { return get_record(call); });
    route("PATCH", "/v2/objects/*/records/*",
          [this](const Call& call) { return write_record(call, false); });
    route("PUT", "/v2/objects/*/records/*",
          [this](const Call& call) { return write_record(call, true); });
    route("POST", "/v2/objects/*/records",
          [this](const Call& call) { return create_record(call); });
    route("DELETE", "/v2/objects/*/records/*", [this](const Call& call) {
        if (table("records").erase(call.args[1]) == 0) return not_found("Record");
        wrote("record.delete", call.args[1], Json());
        return HttpResponse::json(200, "{}");
    });
    route("GET", "/v2/objects/*/records/*/entries", [this](const Call& call) {
        Json list = Json::array();
        for (const auto& [id, entry] : table("entries")) {
            if (entry["parent_record_id"] != Json(call.args[1])) continue;
            const Json* owner = schema("lists", entry["list"].as_string());
            list.push_back(Json::object({{"list_id", (*owner)["id"]["list_id"]},
                                         {"list_api_slug", entry["list"]},
                                         {"entry_id", id},
                                         {"created_at", entry["created_at"]}}));
        }
        return data(std::move(list));
    });
}

HttpResponse Attio::get_entry(const Call& call) {
    const Json* list = schema("lists", call.args[0]);
    const Json* entry = find("entries", call.args[1]);
    if (list == nullptr) return not_found("List \"" + call.args[0] + "\"");
    if (entry == nullptr || (*entry)["list"] != (*list)["api_slug"]) {
        return not_found("List entry \"" + call.args[1] + "\"");
    }
    Json ids = id_of("list_id", (*list)["id"]["list_id"].as_string());
    ids.set("entry_id", call.args[1]);
    return data(Json::object({{"id", std::move(ids)},
                              {"parent_record_id", (*entry)["parent_record_id"]},
                              {"parent_object", (*entry)["parent_object"]},
                              {"created_at", (*entry)["created_at"]},
                              {"entry_values", (*entry)["entry_values"]}}));
}

HttpResponse Attio::write_entry(const Call& call) {
    HttpResponse before = get_entry(call);
    if (before.status != 200) return before;
    Json& entry = *find("entries", call.args[1]);
    const Json& values = (*call.body)["data"]["entry_values"];
    if (!values.is_object()) return refuse(400, "missing_value", "data.entry_values is required.");
    Refusal why;
    std::optional<Json> shaped =
        shape_values(entry["list"].as_string(), values, entry["entry_values"], true, &why);
    if (!shaped) return refuse(400, why.code, why.message);
    entry.set("entry_values", std::move(*shaped));
    wrote("entry.update", call.args[1], values);
    return get_entry(call);
}

void Attio::routes_of_entries() {
    route("GET", "/v2/lists/*/entries/*", [this](const Call& call) { return get_entry(call); });
    route("PATCH", "/v2/lists/*/entries/*", [this](const Call& call) { return write_entry(call); });
    route("PUT", "/v2/lists/*/entries/*", [this](const Call& call) { return write_entry(call); });
}

HttpResponse Attio::write_task(const Call& call) {
    Json* task = find("tasks", call.args[0]);
    if (task == nullptr) return not_found("Task \"" + call.args[0] + "\"");
    const Json& change = (*call.body)["data"];
    for (const JsonMember& member : change.members()) {
        const std::string& name = member.name;
        if (name != "is_completed" && name != "deadline_at" && name != "linked_records" &&
            name != "assignees") {
            return refuse(400, "immutable_value", "\"" + name + "\" of a task cannot be changed.");
        }
    }
    for (const JsonMember& member : change.members()) task->set(member.name, member.value);
    const bool completed = (*task)["is_completed"].as_bool();
    if (change.find("is_completed") != nullptr) {
        task->set("completed_at", completed ? Json(now_text()) : Json());
    }
    wrote("task.update", call.args[0], change);
    return data(*task);
}

void Attio::routes_of_notes_and_tasks() {
    for (const char* kind : {"notes", "tasks"}) {
        const std::string rows = kind;
        const std::uint64_t limit = rows == "notes" ? 10 : 500;
        route("GET", "/v2/" + rows, [this, rows, limit](const Call& call) {
            return data(page(table(rows), call, limit, [](const std::string&, const Json& row) {
                return std::optional(row);
            }));
        });
        route("GET", "/v2/" + rows + "/*", [this, rows](const Call& call) {
            const Json* found = find(rows, call.args[0]);
            return found == nullptr ? not_found(rows + " " + call.args[0]) : data(*found);
        });
    }
    route("PATCH", "/v2/tasks/*", [this](const Call& call) { return write_task(call); });
}

Json Attio::seeded(const std::string& table_name, const std::string& id, const Json& object) {
    Json made = object;
    if (made.find("created_at") == nullptr) made.set("created_at", now_text());
    Refusal why;
    const bool record = table_name == "records";
    if (record || table_name == "entries") {
        const char* values = record ? "values" : "entry_values";
        const std::string owner = object[record ? "object" : "list"].as_string();
        std::optional<Json> shaped = shape_values(owner, object[values], Json(), false, &why);
        SYNCLINE_ASSERT(shaped.has_value(), "seed " + id + ": " + why.message);
        made.set(values, std::move(*shaped));
    } else if (table_name == "notes") {
        made.set("id", id_of("note_id", id));
        if (made.find("meeting_id") == nullptr) made.set("meeting_id", Json());
        if (made.find("content_plaintext") == nullptr) {
            made.set("content_plaintext", object["content_markdown"]);
        }
    } else if (table_name == "tasks") {
        made.set("id", id_of("task_id", id));
        if (made.find("deadline_at") == nullptr) made.set("deadline_at", Json());
        if (made.find("is_completed") == nullptr) made.set("is_completed", false);
        if (made.find("linked_records") == nullptr) made.set("linked_records", Json::array());
        if (made.find("assignees") == nullptr) made.set("assignees", Json::array());
        const bool done = made["is_completed"].as_bool();
        if (made.find("completed_at") == nullptr) {
            made.set("completed_at", done ? made["created_at"] : Json());
        }
    }
    return made;
}

std::vector<std::string> Attio::summary_lines() {
    std::vector<std::string> lines;
    for (const auto& [id, entry] : table("entries")) {
        const Json& stage = entry["entry_values"]["stage"][0]["status"]["title"];
        lines.push_back("entry " + id + " in " + entry["list"].as_string() + ": stage " +
                        stage.as_string_or("-"));
    }
    return lines;
}

}  // namespace syncline::standins
