// The Meilisearch stand-in's routes and its task queue (see meilisearch.hpp).
#include "tests/standins/meilisearch.hpp"

#include <cstdio>

#include "core/base/text.hpp"

namespace syncline::standins {

namespace {

constexpr std::size_t kDocumentIdBytesMax = 511;
constexpr std::int64_t kTaskEnqueuedMs = 5;
constexpr std::int64_t kTaskProcessingMs = 5;

std::string task_key(std::uint64_t uid) {
    char text[32];
    std::snprintf(text, sizeof text, "%012llu", static_cast<unsigned long long>(uid));
    return text;
}

Json error_json(const std::string& code, const std::string& message, const char* type) {
    return Json::object({{"message", message},
                         {"code", code},
                         {"type", type},
                         {"link", "https://docs.meilisearch.com/errors#" + code}});
}

/// The id as the engine keeps it, or nothing when it is not allowed.
std::optional<std::string> document_id(const Json& value) {
    if (value.as_int64()) return std::to_string(*value.as_int64());
    const std::string& text = value.as_string();
    if (text.empty() || text.size() > kDocumentIdBytesMax) return std::nullopt;
    for (const char c : text) {
        const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '_' || c == '-';
        if (!good) return std::nullopt;
    }
    return text;
}

/// A task as the API shows it: without what only the queue needs.
Json task_form(const Json& row) {
    Json form = row;
    form.erase("payload");
    form.erase("enqueued_ms");
    return form;
}

}  // namespace

Meilisearch::Meilisearch(const Clock& clock, StandinOptions options)
    : Standin("meilisearch", clock, std::move(options)) {
    route("GET", "/health",
          [](const Call&) { return HttpResponse::json(200, R"({"status":"available"})"); });
    route("POST", "/indexes/*/documents",
          [this](const Call& call) { return write_documents(call, false); });
    route("PUT", "/indexes/*/documents",
          [this](const Call& call) { return write_documents(call, true); });
    route("DELETE", "/indexes/*/documents/*", [this](const Call& call) {
        Json ids = Json::array();
        ids.push_back(call.args[1]);
        return delete_documents(call, std::move(ids));
    });
    route("POST", "/indexes/*/documents/delete-batch",
          [this](const Call& call) { return delete_documents(call, *call.body); });
    route("GET", "/indexes/*/documents/*", [this](const Call& call) {
        if (find("indexes", call.args[0]) == nullptr) {
            return refuse(404, "index_not_found", "Index `" + call.args[0] + "` not found.");
        }
        const Json* document = find("documents/" + call.args[0], call.args[1]);
        if (document == nullptr) {
            return refuse(404, "document_not_found", "Document `" + call.args[1] + "` not found.");
        }
        return HttpResponse::json(200, document->dump());
    });
    route("GET", "/tasks", [this](const Call& call) { return list_tasks(call); });
    route("GET", "/tasks/*", [this](const Call& call) { return get_task(call); });
}

HttpResponse Meilisearch::refuse(unsigned status, const std::string& code,
                                 const std::string& message) {
    const char* type = "invalid_request";
    if (status == 401 || status == 403) type = "auth";
    if (status >= 500) type = "internal";
    return HttpResponse::json(status, error_json(code, message, type).dump());
}

HttpResponse Meilisearch::error_form(unsigned status, const std::string& message) {
    if (status == 404) return refuse(404, "not_found", message);
    if (status == 503) return refuse(503, "too_many_search_requests", message);
    return refuse(status, status < 500 ? "bad_request" : "internal", message);
}

std::optional<HttpResponse> Meilisearch::guard(const Call& call) {
    if (call.path == "/health") return std::nullopt;
    const std::optional<std::string> key = call.bearer();
    if (!key && !options().token.empty()) {
        return refuse(401, "missing_authorization_header",
                      "The Authorization header is missing. It must use the bearer authorization "
                      "method.");
    }
    if (key && !options().token.empty() && *key != options().token) {
        return refuse(403, "invalid_api_key", "The provided API key is invalid.");
    }
    if (call.http->method == "POST" || call.http->method == "PUT") {
        const std::string* type = call.http->headers.find("Content-Type");
        if (type == nullptr) {
            return refuse(415, "missing_content_type", "A Content-Type header is missing.");
        }
        if (!starts_with_ignore_case(*type, "application/json")) {
            return refuse(415, "invalid_content_type",
                          "The Content-Type `" + *type + "` is invalid here.");
        }
        if (call.http->body.empty())
            return refuse(400, "missing_payload", "A json payload is missing.");
        if (!call.body) return refuse(400, "malformed_payload", "The json payload is malformed.");
    }
    return std::nullopt;
}

HttpResponse Meilisearch::enqueue(const Call& call, const std::string& type, Json payload) {
    if (!document_id(Json(call.args[0]))) {
        return refuse(400, "invalid_index_uid", "`" + call.args[0] + "` is not a valid index uid.");
    }
    const std::uint64_t uid = next_number();
    const std::string now = format_time(clock().wall_ms());
    Json task = Json::object({{"uid", uid},
                              {"indexUid", call.args[0]},
                              {"status", "enqueued"},
                              {"type", type},
                              {"customMetadata", call.query_or("customMetadata", "")},
                              {"error", Json()},
                              {"details", Json::object()},
                              {"enqueuedAt", now},
                              {"startedAt", Json()},
                              {"finishedAt", Json()},
                              {"enqueued_ms", clock().monotonic_ms()},
                              {"payload", std::move(payload)}});
    table("tasks")[task_key(uid)] = std::move(task);
    wrote("task.enqueue", task_key(uid), Json::object({{"type", type}, {"index", call.args[0]}}));
    return HttpResponse::json(202, Json::object({{"taskUid", uid},
                                                 {"indexUid", call.args[0]},
                                                 {"status", "enqueued"},
                                                 {"type", type},
                                                 {"enqueuedAt", now}})
                                       .dump());
}

HttpResponse Meilisearch::write_documents(const Call& call, bool merge) {
    Json documents = Json::array();
    if (call.body->is_array()) documents = *call.body;
    if (call.body->is_object()) documents.push_back(*call.body);
    if (!call.body->is_container()) {
        return refuse(400, "malformed_payload", "The payload must be an object or an array.");
    }
    return enqueue(call, "documentAdditionOrUpdate",
                   Json::object({{"merge", merge},
                                 {"primaryKey", call.query_or("primaryKey", "")},
                                 {"documents", std::move(documents)}}));
}

HttpResponse Meilisearch::delete_documents(const Call& call, Json ids) {
    if (!ids.is_array()) return refuse(400, "malformed_payload", "An array of ids is expected.");
    return enqueue(call, "documentDeletion", Json::object({{"ids", std::move(ids)}}));
}

HttpResponse Meilisearch::get_task(const Call& call) {
    const std::optional<std::uint64_t> uid = parse_decimal(call.args[0]);
    const std::string key = task_key(uid.value_or(0));
    const Json* task = find("tasks", key);
    if (!uid || task == nullptr) {
        return refuse(404, "task_not_found", "Task `" + call.args[0] + "` not found.");
    }
    const std::string shown = task_form(*task).dump();
    // Each look moves it on by one: enqueued, then processing, then finished.
    move_task(key, (*task)["status"] == Json("enqueued") ? 1 : 2);
    return HttpResponse::json(200, shown);
}

HttpResponse Meilisearch::list_tasks(const Call& call) {
    const std::string metadata = call.query_or("customMetadata", "");
    const std::uint64_t limit = parse_decimal(call.query_or("limit", "20")).value_or(20);
    Json results = Json::array();
    const Table& rows = table("tasks");
    for (auto row = rows.rbegin(); row != rows.rend() && results.size() < limit; ++row) {
        if (!metadata.empty() && row->second["customMetadata"] != Json(metadata)) continue;
        results.push_back(task_form(row->second));
    }
    const std::size_t total = results.size();
    return HttpResponse::json(
        200,
        Json::object({{"results", std::move(results)}, {"total", total}, {"limit", limit}}).dump());
}

void Meilisearch::advance() {
    const std::int64_t now = clock().monotonic_ms();
    const std::int64_t starts_after = knob("task_enqueued_ms", kTaskEnqueuedMs);
    const std::int64_t ends_after = starts_after + knob("task_processing_ms", kTaskProcessingMs);
    std::vector<std::pair<std::string, int>> due;
    for (const auto& [key, task] : table("tasks")) {
        if (!task["finishedAt"].is_null()) continue;
        const std::int64_t age = now - task["enqueued_ms"].as_int64().value_or(0);
        if (age >= starts_after) due.emplace_back(key, age >= ends_after ? 2 : 1);
    }
    for (const auto& [key, stage] : due) move_task(key, stage);
}

void Meilisearch::move_task(const std::string& key, int stage) {
    for (auto& [other, task] : table("tasks")) {
        if (other > key) break;
        if (!task["finishedAt"].is_null()) continue;
        if (task["startedAt"].is_null()) {
            task.set("status", "processing");
            task.set("startedAt", format_time(clock().wall_ms()));
        }
        if (other != key || stage == 2) finish_task(task);
    }
}

void Meilisearch::finish_task(Json& task) {
    const std::string index = task["indexUid"].as_string();
    const Json payload = task["payload"];
    Json details = Json::object();
    Json error;
    if (task["type"] == Json("documentDeletion")) {
        std::int64_t deleted = 0;
        for (const Json& id : payload["ids"].items()) {
            const std::string text = document_id(id).value_or("");
            deleted += static_cast<std::int64_t>(table("documents/" + index).erase(text));
        }
        details.set("providedIds", payload["ids"].size());
        details.set("deletedDocuments", deleted);
        if (find("indexes", index) == nullptr) {
            error = error_json("index_not_found", "Index `" + index + "` not found.",
                               "invalid_request");
        }
    } else {
        error = run_addition(index, payload, details);
    }
    task.set("status", error.is_null() ? "succeeded" : "failed");
    task.set("error", std::move(error));
    task.set("details", std::move(details));
    task.set("finishedAt", format_time(clock().wall_ms()));
    task.erase("payload");
    wrote("task.finish", task_key(static_cast<std::uint64_t>(task["uid"].as_int64().value_or(0))),
          Json::object({{"status", task["status"]}, {"index", index}}));
}

std::string Meilisearch::primary_key(const std::string& index, const Json& payload, Json& error) {
    const Json* known = find("indexes", index);
    std::string key = known == nullptr ? "" : (*known)["primaryKey"].as_string();
    if (key.empty()) key = payload["primaryKey"].as_string();
    if (!key.empty()) return key;
    std::vector<std::string> candidates;
    for (const JsonMember& member : payload["documents"][0].members()) {
        if (lower(member.name).ends_with("id")) candidates.push_back(member.name);
    }
    if (candidates.size() == 1) return candidates[0];
    const bool none = candidates.empty();
    error = error_json(none ? "index_primary_key_no_candidate_found"
                            : "index_primary_key_multiple_candidates_found",
                       "The primary key inference failed.", "invalid_request");
    return "";
}

Json Meilisearch::run_addition(const std::string& index, const Json& payload, Json& details) {
    const Json& documents = payload["documents"];
    details.set("receivedDocuments", documents.size());
    details.set("indexedDocuments", 0);
    Json error;
    const std::string key = primary_key(index, payload, error);
    if (!error.is_null()) return error;
    for (const Json& document : documents.items()) {  // one bad id fails the whole batch
        const Json* id = document.find(key);
        if (id == nullptr) {
            return error_json(
                "missing_document_id",
                "Document doesn't have a `" + key + "` attribute: `" + document.dump() + "`.",
                "invalid_request");
        }
        if (!document_id(*id)) {
            return error_json("invalid_document_id",
                              "Document identifier `" + id->dump() +
                                  "` is invalid. A document identifier can be of type integer or "
                                  "string, only composed of alphanumeric characters (a-z A-Z 0-9), "
                                  "hyphens (-) and underscores (_).",
                              "invalid_request");
        }
    }
    table("indexes")[index] = Json::object({{"primaryKey", key}});
    for (const Json& document : documents.items()) {
        Json& kept = table("documents/" + index)[*document_id(document[key])];
        if (!payload["merge"].as_bool() || !kept.is_object()) {
            kept = document;
            continue;
        }
        for (const JsonMember& member : document.members()) kept.set(member.name, member.value);
    }
    details.set("indexedDocuments", documents.size());
    return Json();
}

std::vector<std::string> Meilisearch::summary_lines() {
    std::vector<std::string> lines;
    for (const auto& [index, row] : table("indexes")) {
        for (const auto& [id, document] : table("documents/" + index)) {
            std::string line = "document " + id + " in " + index + ":";
            for (const JsonMember& member : document.members()) {
                if (member.name == row["primaryKey"].as_string()) continue;
                line += " " + member.name + "=" + member.value.as_string_or(member.value.dump());
            }
            lines.push_back(std::move(line));
        }
    }
    return lines;
}

}  // namespace syncline::standins
