// The Notion stand-in's routes (see notion.hpp; what it refuses: notion_checks.cpp).
#include "tests/standins/notion.hpp"

#include "core/base/text.hpp"

namespace syncline::standins {

namespace {

constexpr const char* kClassic = "2022-06-28";
constexpr const char* kModern = "2025-09-03";
constexpr std::size_t kBodyBytesMax = 500'000;
constexpr std::int64_t kPerSecond = 3;
constexpr std::int64_t kBurst = 10;  // Notion tolerates "some bursts"; our number

}  // namespace

Notion::Notion(const Clock& clock, StandinOptions options)
    : Standin("notion", clock, std::move(options)) {
    const auto type = [](const char* name) { return Json::object({{"type", name}}); };
    table("databases")
        .emplace(kNotionDatabase,
                 Json::object({{"title", "Attio notes"},
                               {"data_source", kNotionDataSource},
                               {"properties", Json::object({{"Name", type("title")},
                                                            {"Attio ID", type("rich_text")},
                                                            {"Stage", type("select")},
                                                            {"URL", type("url")}})}}));
    const auto to = [this](HttpResponse (Notion::*serve)(const Call&)) {
        return [this, serve](const Call& call) { return (this->*serve)(call); };
    };
    route("GET", "/v1/databases/*", to(&Notion::get_database));
    route("GET", "/v1/data_sources/*", to(&Notion::get_database));
    route("POST", "/v1/databases/*/query", to(&Notion::query));
    route("POST", "/v1/data_sources/*/query", to(&Notion::query));
    route("POST", "/v1/pages", to(&Notion::create_page));
    route("PATCH", "/v1/pages/*", to(&Notion::update_page));
    route("GET", "/v1/pages/*", [this](const Call& call) {
        const std::string id = notion_id(call.args[0]);
        if (find("pages", id) == nullptr) return not_found("page", id);
        return HttpResponse::json(200, page_form(call, id).dump());
    });
    route("GET", "/v1/blocks/*/children", to(&Notion::list_children));
    route("PATCH", "/v1/blocks/*/children", to(&Notion::append_children));
    route("DELETE", "/v1/blocks/*", to(&Notion::delete_block));
}

HttpResponse Notion::refuse(unsigned status, const std::string& code, const std::string& message) {
    return HttpResponse::json(status, Json::object({{"object", "error"},
                                                    {"status", status},
                                                    {"code", code},
                                                    {"message", message},
                                                    {"request_id", next_uuid("requ")}})
                                          .dump());
}

HttpResponse Notion::not_found(const std::string& kind, const std::string& id) {
    return refuse(404, "object_not_found",
                  "Could not find " + kind + " with ID: " + id +
                      ". Make sure the relevant pages and databases are shared with your "
                      "integration.");
}

HttpResponse Notion::error_form(unsigned status, const std::string& message) {
    switch (status) {
        case 401:
            return refuse(status, "unauthorized", message);
        case 403:
            return refuse(status, "restricted_resource", message);
        case 404:
            return refuse(400, "invalid_request_url", "Invalid request URL.");
        case 409:
            return refuse(status, "conflict_error", message);
        case 429:
            return refuse(status, "rate_limited", message);
        case 503:
            return refuse(status, "service_unavailable", message);
        case 504:
            return refuse(status, "gateway_timeout", message);
        case 529:
            return refuse(status, "service_overload", message);
        default:
            return refuse(status, status < 500 ? "validation_error" : "internal_server_error",
                          message);
    }
}

bool Notion::modern(const Call& call) const {
    const std::string* version = call.http->headers.find("Notion-Version");
    return version != nullptr && *version == kModern;
}

std::optional<HttpResponse> Notion::guard(const Call& call) {
    const std::optional<std::string> token = call.bearer();
    if (!token || (!options().token.empty() && *token != options().token)) {
        return refuse(401, "unauthorized", "API token is invalid.");
    }
    const std::string* version = call.http->headers.find("Notion-Version");
    if (version == nullptr) {
        return refuse(400, "missing_version",
                      "Notion-Version header failed validation: Notion-Version header should be "
                      "defined, instead was `undefined`.");
    }
    if (*version != kClassic && *version != kModern) {
        return refuse(400, "validation_error", "Notion-Version \"" + *version + "\" is unknown.");
    }
    const double times = options().scale;
    if (!bucket_.admit(clock().monotonic_ms(),
                       static_cast<double>(knob("per_second", kPerSecond)) * times,
                       static_cast<double>(knob("burst", kBurst)) * times)) {
        HttpResponse limited = refuse(429, "rate_limited", "You have been rate limited.");
        limited.headers.add("Retry-After", "1");
        return limited;
    }
    if (call.http->body.size() > kBodyBytesMax) {
        return refuse(413, "validation_error", "The request body is too large.");
    }
    const bool writes = call.http->method == "POST" || call.http->method == "PATCH";
    if (writes && (!call.body || !call.body->is_object())) {
        return refuse(400, "invalid_json", "Error parsing JSON body.");
    }
    return std::nullopt;
}

const Json* Notion::database_of(const Call& call, const std::string& id) {
    if (call.segments[1] == "databases") return find("databases", notion_id(id));
    for (const auto& [key, database] : table("databases")) {
        if (database["data_source"] == Json(notion_id(id))) return &database;
    }
    return nullptr;
}

const Json* Notion::database_by_parent(const Call& call, const Json& parent) {
    if (!modern(call)) return find("databases", notion_id(parent["database_id"].as_string()));
    for (const auto& [key, database] : table("databases")) {
        if (database["data_source"] == Json(notion_id(parent["data_source_id"].as_string()))) {
            return &database;
        }
    }
    return nullptr;
}

HttpResponse Notion::get_database(const Call& call) {
    const Json* database = database_of(call, call.args[0]);
    const bool source = call.segments[1] == "data_sources";
    if (source && !modern(call)) return error_form(404, "");
    if (database == nullptr) return not_found(source ? "data_source" : "database", call.args[0]);
    Json form = Json::object({{"object", source ? "data_source" : "database"},
                              {"id", notion_id(call.args[0])},
                              {"title", Json::array()}});
    if (source || !modern(call)) {
        Json properties = (*database)["properties"];
        for (JsonMember& member : properties.members()) member.value.set("name", member.name);
        form.set("properties", std::move(properties));
    } else {
        Json sources = Json::array();
        sources.push_back(
            Json::object({{"id", (*database)["data_source"]}, {"name", (*database)["title"]}}));
        form.set("data_sources", std::move(sources));
    }
    return HttpResponse::json(200, form.dump());
}

HttpResponse Notion::query(const Call& call) {
    if ((call.segments[1] == "data_sources") != modern(call)) return error_form(404, "");
    const Json* database = database_of(call, call.args[0]);
    if (database == nullptr) return not_found("database", call.args[0]);
    const Json& filter = (*call.body)["filter"];
    const std::int64_t visible_ms = clock().wall_ms() - knob("index_lag_ms", 0);
    const std::size_t size = notion_page_size((*call.body)["page_size"]);
    const std::string start = (*call.body)["start_cursor"].as_string();
    Json results = Json::array();
    Json cursor;
    std::string why;
    if (filter.is_object()) {  // a wrong filter is refused even over no pages
        if (!passes_filter((*database)["properties"], filter, Json::object(), &why)) {
            return refuse(400, "validation_error", why);
        }
    }
    for (const auto& [id, page] : table("pages")) {
        if (page["data_source"] != (*database)["data_source"] || page["in_trash"].as_bool())
            continue;
        if (page["made_ms"].as_int64().value_or(0) > visible_ms || id < start) continue;
        if (filter.is_object() &&
            !passes_filter((*database)["properties"], filter, page["properties"], &why)
                 .value_or(false))
            continue;
        if (results.size() == size) {
            cursor = id;
            break;
        }
        results.push_back(page_form(call, id));
    }
    const bool more = !cursor.is_null();
    return HttpResponse::json(200, notion_list(std::move(results), more, std::move(cursor)).dump());
}

Json Notion::page_form(const Call& call, const std::string& id) {
    const Json& page = *find("pages", id);
    Json parent =
        modern(call)
            ? Json::object({{"type", "data_source_id"}, {"data_source_id", page["data_source"]}})
            : Json::object({{"type", "database_id"}, {"database_id", page["database"]}});
    Json form = Json::object({{"object", "page"},
                              {"id", id},
                              {"created_time", format_time(page["made_ms"].as_int64().value_or(0))},
                              {"last_edited_time", page["edited"]},
                              {"archived", page["in_trash"]},
                              {"parent", std::move(parent)},
                              {"properties", page["properties"]},
                              {"url", "https://www.notion.so/" + id}});
    if (modern(call)) form.set("in_trash", page["in_trash"]);
    return form;
}

HttpResponse Notion::create_page(const Call& call) {
    const Json& body = *call.body;
    const Json* database = database_by_parent(call, body["parent"]);
    if (database == nullptr) {
        const char* key = modern(call) ? "data_source_id" : "database_id";
        if (body["parent"].find(key) == nullptr) {
            return refuse(400, "validation_error",
                          std::string("body failed validation: "
                                      "body.parent.") +
                              key + " should be defined, instead was `undefined`.");
        }
        return not_found("database", body["parent"][key].as_string());
    }
    std::string wrong = check_properties((*database)["properties"], body["properties"]);
    const Json& children = body["children"];
    if (wrong.empty() && !children.is_null()) wrong = check_children(children, "body.children", 1);
    if (wrong.empty() && block_count(children) > kNotionBlocksMax) {
        wrong = "body failed validation: more than 1000 blocks in one request.";
    }
    if (!wrong.empty()) return refuse(400, "validation_error", wrong);
    const std::string id = next_uuid("page");
    std::string database_id;
    for (const auto& [key, candidate] : table("databases")) {
        if (&candidate == database) database_id = key;
    }
    table("pages")[id] = Json::object({{"database", database_id},
                                       {"data_source", (*database)["data_source"]},
                                       {"made_ms", clock().wall_ms()},
                                       {"edited", format_time(clock().wall_ms())},
                                       {"in_trash", false},
                                       {"properties", body["properties"]},
                                       {"children", Json::array()}});
    add_blocks(id, children, "");
    wrote("page.create", id, body["properties"]);
    return HttpResponse::json(200, page_form(call, id).dump());
}

HttpResponse Notion::update_page(const Call& call) {
    const std::string id = notion_id(call.args[0]);
    Json* page = find("pages", id);
    if (page == nullptr) return not_found("page", id);
    const Json& body = *call.body;
    const Json* trash = body.find(body.find("in_trash") != nullptr ? "in_trash" : "archived");
    const bool restores = trash != nullptr && !trash->as_bool();
    if ((*page)["in_trash"].as_bool() && !restores) {
        return refuse(400, "validation_error",
                      "Can't edit page on block with an archived ancestor. You must unarchive the "
                      "ancestor before editing the page.");
    }
    const Json& database = *find("databases", (*page)["database"].as_string());
    const std::string wrong = check_properties(database["properties"], body["properties"]);
    if (!wrong.empty()) return refuse(400, "validation_error", wrong);
    Json properties = (*page)["properties"];
    for (const JsonMember& member : body["properties"].members()) {
        properties.set(member.name, member.value);
    }
    page->set("properties", std::move(properties));
    if (trash != nullptr) page->set("in_trash", trash->as_bool());
    if (body["erase_content"].as_bool()) page->set("children", Json::array());
    page->set("edited", format_time(clock().wall_ms()));
    wrote(trash != nullptr && trash->as_bool() ? "page.trash" : "page.update", id, body);
    return HttpResponse::json(200, page_form(call, id).dump());
}

std::vector<std::string> Notion::summary_lines() {
    std::vector<std::string> lines;
    for (const auto& [id, page] : table("pages")) {
        std::string title;
        for (const JsonMember& member : page["properties"].members()) {
            if (member.value.find("title") != nullptr) title = plain_text(member.value["title"]);
        }
        lines.push_back("page \"" + title + "\", " + std::to_string(page["children"].size()) +
                        " blocks");
    }
    return lines;
}

}  // namespace syncline::standins
