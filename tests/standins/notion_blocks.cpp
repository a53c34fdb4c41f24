// Notion's blocks: listed, appended, deleted; and the small forms that its answers share (see
// notion.hpp).
#include "tests/standins/notion.hpp"

#include "core/base/text.hpp"

namespace syncline::standins {

namespace {

constexpr std::size_t kPageSizeMax = 100;

}  // namespace

Json notion_list(Json results, bool more, Json cursor) {
    return Json::object({{"object", "list"},
                         {"results", std::move(results)},
                         {"next_cursor", std::move(cursor)},
                         {"has_more", more}});
}

std::size_t notion_page_size(const Json& wanted) {
    const std::int64_t size = wanted.as_int64().value_or(kPageSizeMax);
    return static_cast<std::size_t>(std::clamp<std::int64_t>(size, 1, kPageSizeMax));
}

std::string notion_id(const std::string& id) {
    if (id.size() != 32) return id;
    return id.substr(0, 8) + "-" + id.substr(8, 4) + "-" + id.substr(12, 4) + "-" +
           id.substr(16, 4) + "-" + id.substr(20);
}

Json Notion::add_blocks(const std::string& parent, const Json& children, const std::string& after) {
    Json made = Json::array();
    Json ids = Json::array();
    for (const Json& child : children.items()) {
        const std::string id = next_uuid("bloc");
        const std::string type = child["type"].as_string();
        Json own = child[type];
        const Json nested = own["children"];
        own.erase("children");
        Json block = Json::object({{"object", "block"},
                                   {"id", id},
                                   {"type", type},
                                   {"has_children", !nested.empty()},
                                   {"in_trash", false},
                                   {type, std::move(own)}});
        Json row = block;
        row.set("parent", parent);
        row.set("children", Json::array());
        table("blocks")[id] = std::move(row);
        add_blocks(id, nested, "");
        ids.push_back(id);
        made.push_back(std::move(block));
    }
    Json* owner = find("pages", parent);
    if (owner == nullptr) owner = find("blocks", parent);
    Json order = Json::array();
    for (const Json& id : (*owner)["children"].items()) {
        order.push_back(id);
        if (!after.empty() && id == Json(after)) {
            for (const Json& added : ids.items()) order.push_back(added);
            ids = Json::array();
        }
    }
    for (const Json& added : ids.items()) order.push_back(added);
    owner->set("children", std::move(order));
    return made;
}

HttpResponse Notion::list_children(const Call& call) {
    const std::string id = notion_id(call.args[0]);
    const Json* owner = find("pages", id);
    if (owner == nullptr) owner = find("blocks", id);
    if (owner == nullptr) return not_found("block", id);
    const std::optional<std::uint64_t> wanted = parse_decimal(call.query_or("page_size", "100"));
    const std::size_t size = notion_page_size(Json(wanted.value_or(kPageSizeMax)));
    const std::string start = call.query_or("start_cursor", "");
    bool started = start.empty();
    Json results = Json::array();
    Json cursor;
    for (const Json& child : (*owner)["children"].items()) {
        started = started || child.as_string() == start;
        if (!started) continue;
        if (results.size() == size) {
            cursor = child;
            break;
        }
        Json block = *find("blocks", child.as_string());
        block.erase("children");
        results.push_back(std::move(block));
    }
    const bool more = !cursor.is_null();
    return HttpResponse::json(200, notion_list(std::move(results), more, std::move(cursor)).dump());
}

HttpResponse Notion::append_children(const Call& call) {
    const std::string id = notion_id(call.args[0]);
    const Json* owner = find("pages", id);
    if (owner == nullptr) owner = find("blocks", id);
    if (owner == nullptr) return not_found("block", id);
    if ((*owner)["in_trash"].as_bool()) {
        return refuse(400, "validation_error",
                      "Can't edit block that is archived. You must "
                      "unarchive the block before editing.");
    }
    const Json& children = (*call.body)["children"];
    std::string wrong = check_children(children, "body.children", 1);
    if (wrong.empty() && block_count(children) > kNotionBlocksMax) {
        wrong = "body failed validation: more than 1000 blocks in one request.";
    }
    if (!wrong.empty()) return refuse(400, "validation_error", wrong);
    Json made = add_blocks(id, children, (*call.body)["after"].as_string());
    wrote("blocks.append", id, Json::object({{"count", made.size()}}));
    return HttpResponse::json(200, notion_list(std::move(made), false, Json()).dump());
}

HttpResponse Notion::delete_block(const Call& call) {
    const std::string id = notion_id(call.args[0]);
    const Json* block = find("blocks", id);
    if (block == nullptr) return not_found("block", id);
    Json gone = *block;
    Json* owner = find("pages", gone["parent"].as_string());
    if (owner == nullptr) owner = find("blocks", gone["parent"].as_string());
    if (owner != nullptr) {
        Json order = Json::array();
        for (const Json& child : (*owner)["children"].items()) {
            if (child != Json(id)) order.push_back(child);
        }
        owner->set("children", std::move(order));
    }
    table("blocks").erase(id);
    wrote("block.delete", id, Json());
    gone.set("in_trash", true);
    return HttpResponse::json(200, gone.dump());
}

}  // namespace syncline::standins
