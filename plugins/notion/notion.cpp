// The `notion` connector: a destination with the action `upsert_page`, which finds a page by its
// link, else by an external id kept in a property, and creates or rewrites it.
//
// Notion has neither an upsert nor an idempotency key. So nothing is created before a query for the
// external id found nothing; a repeated attempt asks twice, because the index lags; and content is
// replaced as a whole, so that an attempt that broke off in the middle is repaired by the next.
// The fingerprint kept with the link spares the rewriting of content that did not change.
#include <map>

#include "plugins/notion/api.hpp"
#include "plugins/notion/descriptor.hpp"
#include "plugins/notion/markdown.hpp"
#include "plugins/notion/rich_text.hpp"

namespace syncline::connector_notion {
namespace {

constexpr std::int64_t schema_keep_ms = 10 * 60'000;
constexpr std::int64_t index_wait_ms = 2000;       // before an uncertain create asks again
constexpr int exchanges_max = 400;                 // of one attempt; what is left goes on in the next
constexpr int throttles_max = 5;                   // waited for while content is half written
constexpr std::int64_t throttle_wait_ms_max = 60'000;  // the API's own window

/// What one attempt knows and has spent.
struct Progress {
    Schema schema;
    std::string key;
    std::string title;
    std::string page_id;
    std::string page_url;
    std::string known_hash;    // of the content that was last written
    bool by_link = false;
    bool link_is_dead = false;
    int exchanges = 0;
    int throttles = 0;
};

class Notion final : public sdk::Connector {
public:
    static Json describe() { return Json::parse(descriptor).value(); }

    explicit Notion(const Json& settings)
        : api_(settings["token"].as_string(),
               settings["api_url"].as_string_or("https://api.notion.com"),
               settings["version"].as_string_or("2022-06-28")),
          key_property_(settings["key_property"].as_string_or("Attio ID")),
          title_property_(settings["title_property"].as_string()) {
        if (settings["token"].as_string().empty()) throw sdk::Refused("token is empty");
        std::string version = settings["version"].as_string_or("2022-06-28");
        if (version != "2022-06-28" && version != "2025-09-03")
            throw sdk::Refused("version is \"" + version + "\"; expected 2022-06-28 or 2025-09-03");
    }

    sdk::Task<sdk::Outcome> act(sdk::Context& ctx, const sdk::Delivery& delivery,
                                const std::string& action) override {
        if (action != "upsert_page")
            co_return sdk::Outcome::reject("notion has no action " + action);
        if (auto fault = input_fault(delivery)) co_return sdk::Outcome::reject(*fault);
        Progress progress;
        progress.key = delivery.text("key");
        progress.title = delivery.text("title");
        sdk::Outcome outcome = co_await upsert(ctx, delivery, progress);
        bool forget = progress.link_is_dead && progress.page_id.empty();
        if (forget) co_return std::move(outcome).unlink("page", progress.key);
        co_return outcome;
    }

private:
    using Ended = std::optional<sdk::Outcome>;

    static std::optional<std::string> input_fault(const sdk::Delivery& delivery) {
        if (!is_id(delivery.text("database")))
            return "with.database is \"" + delivery.text("database") + "\"; expected a UUID";
        std::string source = delivery.text("data_source");
        if (!source.empty() && !is_id(source))
            return "with.data_source is \"" + source + "\"; expected a UUID";
        std::string key = delivery.text("key");
        if (key.empty() || key.size() > text_units_max)
            return std::string("with.key is empty or longer than 2000 bytes");
        const Json* properties = delivery.input().find("properties");
        if (properties && !properties->is_object() && !properties->is_null())
            return std::string("with.properties is no object");
        return std::nullopt;
    }

    sdk::Task<sdk::Outcome> upsert(sdk::Context& ctx, const sdk::Delivery& delivery,
                                   Progress& progress) {
        std::optional<sdk::Link> link = co_await ctx.link("page", progress.key);
        if (link && is_id(link->id)) {
            progress.page_id = link->id;
            progress.page_url = link->url;
            progress.known_hash = link->hash;
            progress.by_link = true;
        }
        if (auto ended = co_await read_schema(ctx, delivery, progress)) co_return std::move(*ended);
        std::string fault;
        std::optional<Json> properties = properties_of(delivery, progress, &fault);
        if (!properties) co_return sdk::Outcome::reject(std::move(fault));

        if (progress.by_link)
            if (auto ended = co_await update(ctx, *properties, progress))
                co_return std::move(*ended);
        if (progress.page_id.empty())
            if (auto ended = co_await find(ctx, delivery, progress)) co_return std::move(*ended);
        bool found = !progress.by_link && !progress.page_id.empty();
        if (found)
            if (auto ended = co_await update(ctx, *properties, progress))
                co_return std::move(*ended);
        if (progress.page_id.empty()) co_return co_await create(ctx, delivery, *properties, progress);
        co_return co_await rewrite(ctx, delivery, progress);
    }

    // --- Schema ---------------------------------------------------------------------------------

    sdk::Task<Ended> read_schema(sdk::Context& ctx, const sdk::Delivery& delivery,
                                 Progress& progress) {
        std::string database = delivery.text("database");
        std::string source = delivery.text("data_source");
        auto known = schemas_.find(database + " " + source);
        bool fresh = known != schemas_.end() &&
                     ctx.now_ms() - known->second.read_ms < schema_keep_ms;
        if (fresh) {
            progress.schema = known->second;
            co_return std::nullopt;
        }
        Schema schema;
        schema.read_ms = ctx.now_ms();
        Json body;
        if (source.empty() || !api_.has_data_sources()) {
            sdk::Response response = co_await ctx.http(api_.get("/v1/databases/" + database));
            if (auto failed = failure_of(response, "reading the database"))
                co_return std::move(failed);
            body = response.json();
        }
        if (!api_.has_data_sources()) {
            schema.query_path = "/v1/databases/" + database + "/query";
            schema.parent.set("type", "database_id");
            schema.parent.set("database_id", database);
        } else {
            if (source.empty()) {
                if (body["data_sources"].size() != 1)
                    co_return sdk::Outcome::reject(
                        "the database has " + std::to_string(body["data_sources"].size()) +
                        " data sources: name one in with.data_source");
                source = body["data_sources"][0]["id"].as_string();
                if (!is_id(source))
                    co_return sdk::Outcome::retry("the database's data source has no id");
            }
            sdk::Response response = co_await ctx.http(api_.get("/v1/data_sources/" + source));
            if (auto failed = failure_of(response, "reading the data source"))
                co_return std::move(failed);
            body = response.json();
            schema.query_path = "/v1/data_sources/" + source + "/query";
            schema.parent.set("type", "data_source_id");
            schema.parent.set("data_source_id", source);
        }
        schema.properties = body["properties"];
        schema.title_property =
            title_property_.empty() ? title_property_of(schema.properties) : title_property_;
        if (auto fault = schema_fault(schema)) co_return sdk::Outcome::reject(*fault);
        progress.schema = schema;
        schemas_.insert_or_assign(database + " " + delivery.text("data_source"),
                                  std::move(schema));
        co_return std::nullopt;
    }

    std::optional<std::string> schema_fault(const Schema& schema) const {
        if (schema.type_of(schema.title_property) != "title")
            return "the database has no title property \"" + schema.title_property + "\"";
        if (!key_filter(schema, key_property_, "x"))
            return "the database has no text property \"" + key_property_ +
                   "\" to keep the external id in: add one, or set key_property";
        return std::nullopt;
    }

    std::optional<Json> properties_of(const sdk::Delivery& delivery, const Progress& progress,
                                      std::string* fault) const {
        Json made = Json::object();
        auto put = [&](const std::string& name, const Json& value) {
            const std::string& type = progress.schema.type_of(name);
            if (type.empty()) {
                *fault = "the database has no property \"" + name + "\"";
                return false;
            }
            std::string why;
            auto shaped = property_value(type, value, &why);
            if (shaped) made.set(name, std::move(*shaped));
            else *fault = "property \"" + name + "\" " + why;
            return shaped.has_value();
        };
        for (const auto& [name, value] : delivery.input()["properties"].members())
            if (!put(name, value)) return std::nullopt;
        if (!put(progress.schema.title_property, Json(progress.title))) return std::nullopt;
        if (!put(key_property_, Json(progress.key))) return std::nullopt;
        return made;
    }

    // --- The page -------------------------------------------------------------------------------

    /// Looks for the page by its key; fills page_id when it is there.
    sdk::Task<Ended> find(sdk::Context& ctx, const sdk::Delivery& delivery, Progress& progress) {
        Json query = Json::object();
        auto filter = key_filter(progress.schema, key_property_, progress.key);
        query.set("filter", std::move(*filter));
        query.set("page_size", 10);
        // An earlier attempt may have created the page, and the index may not show it yet.
        int looks = delivery.uncertain() || delivery.attempt() > 1 ? 2 : 1;
        for (int look = 0; look < looks; ++look) {
            if (look > 0) co_await ctx.sleep_ms(index_wait_ms);
            sdk::Response response = co_await ctx.http(api_.post(progress.schema.query_path, query));
            if (auto failed = failure_of(response, "looking for the page")) {
                if (response.status() == 400) schemas_.clear();
                co_return std::move(failed);
            }
            Json body = response.json();
            if (!body["results"].is_array())
                co_return sdk::Outcome::retry("the query's answer has no results");
            Json page = oldest_page(body["results"]);
            if (page.is_object()) {
                progress.page_id = page["id"].as_string();
                progress.page_url = page["url"].as_string();
                co_return std::nullopt;
            }
            if (body["request_status"]["type"].as_string() == "incomplete")
                co_return sdk::Outcome::retry("Notion cut the query's answer short");
        }
        co_return std::nullopt;
    }

    /// Writes the properties. A page behind a link that is gone or in the trash is forgotten.
    sdk::Task<Ended> update(sdk::Context& ctx, const Json& properties, Progress& progress) {
        std::string path = "/v1/pages/" + progress.page_id;
        Json body = Json::object();
        body.set("properties", properties);
        sdk::Response response = co_await ctx.http(api_.patch(path, body));
        bool gone = response.status() == 404 || (response.ok() && is_trashed(response.json()));
        if (response.status() == 400) {
            schemas_.clear();
            // A page in the trash cannot be written; the wording of that refusal is not fixed.
            sdk::Response seen = co_await ctx.http(api_.get(path));
            gone = seen.status() == 404 || (seen.ok() && is_trashed(seen.json()));
        }
        if (gone && progress.by_link) {
            forget_link(progress);
            co_return std::nullopt;
        }
        if (gone) co_return sdk::Outcome::retry("the page that the query found is gone");
        if (auto failed = failure_of(response, "updating the page")) co_return std::move(failed);
        std::string url = response.json()["url"].as_string();
        if (!url.empty()) progress.page_url = url;
        co_return std::nullopt;
    }

    static void forget_link(Progress& progress) {
        progress.page_id.clear();
        progress.page_url.clear();
        progress.known_hash.clear();
        progress.by_link = false;
        progress.link_is_dead = true;
    }

    sdk::Task<sdk::Outcome> create(sdk::Context& ctx, const sdk::Delivery& delivery,
                                   const Json& properties, Progress& progress) {
        bool cut = false;
        std::vector<Json> requests = requests_of(blocks_of(delivery.text("markdown"), &cut));
        Json body = Json::object();
        body.set("parent", progress.schema.parent);
        body.set("properties", properties);
        if (!requests.empty()) body.set("children", requests[0]);
        sdk::Response response = co_await ctx.http(api_.post("/v1/pages", body));
        if (response.status() == 400) schemas_.clear();
        if (auto failed = failure_of(response, "creating the page")) co_return std::move(*failed);
        Json page = response.json();
        if (!is_id(page["id"].as_string()))
            co_return sdk::Outcome::retry("creating the page answered without an id");
        progress.page_id = page["id"].as_string();
        progress.page_url = page["url"].as_string();
        if (auto ended = co_await append(ctx, requests, 1, progress)) co_return std::move(*ended);
        co_return written("created", delivery, cut, progress);
    }

    // --- Content --------------------------------------------------------------------------------

    sdk::Task<sdk::Outcome> rewrite(sdk::Context& ctx, const sdk::Delivery& delivery,
                                    Progress& progress) {
        const Json* given = delivery.input().find("markdown");
        if (!given || given->is_null())
            co_return sdk::Outcome::delivered("updated the page's properties")
                .link("page", progress.key, progress.page_id, progress.page_url,
                      progress.known_hash);
        bool first = delivery.attempt() == 1 && !delivery.uncertain();
        bool same = first && progress.known_hash == fingerprint(delivery.text("markdown"));
        if (same)
            co_return sdk::Outcome::delivered("updated the page; its content is the same")
                .link("page", progress.key, progress.page_id, progress.page_url,
                      progress.known_hash);
        bool cut = false;
        std::vector<Json> requests = requests_of(blocks_of(delivery.text("markdown"), &cut));
        if (auto ended = co_await erase(ctx, progress)) co_return std::move(*ended);
        if (auto ended = co_await append(ctx, requests, 0, progress)) co_return std::move(*ended);
        co_return written("rewrote", delivery, cut, progress);
    }

    static sdk::Outcome written(const std::string& what, const sdk::Delivery& delivery, bool cut,
                                const Progress& progress) {
        std::string note = what + " the page";
        if (cut) note += ", cut after " + std::to_string(page_blocks_max) + " blocks";
        return sdk::Outcome::delivered(std::move(note))
            .link("page", progress.key, progress.page_id, progress.page_url,
                  fingerprint(delivery.text("markdown")));
    }

    /// Half-written content: the page is remembered, without a fingerprint, so that the next
    /// attempt rewrites it.
    static sdk::Outcome unfinished(sdk::Outcome outcome, const Progress& progress) {
        return std::move(outcome).link("page", progress.key, progress.page_id, progress.page_url);
    }

    /// Sends within the attempt's budget; waits out a throttle, because starting over costs more.
    sdk::Task<sdk::Response> send(sdk::Context& ctx, sdk::Request request, Progress& progress) {
        for (;;) {
            ++progress.exchanges;
            sdk::Request copy = request;
            sdk::Response response = co_await ctx.http(std::move(copy));
            std::int64_t wait_ms = response.retry_after_ms().value_or(1000);
            bool waits = is_throttled(response) && progress.throttles < throttles_max &&
                         wait_ms <= throttle_wait_ms_max;
            if (!waits) co_return response;
            ++progress.throttles;
            co_await ctx.sleep_ms(wait_ms);
        }
    }

    /// Deletes the page's own blocks; pages and databases below it are someone's and stay.
    sdk::Task<Ended> erase(sdk::Context& ctx, Progress& progress) {
        std::string base = "/v1/blocks/" + progress.page_id + "/children?page_size=100";
        std::vector<std::string> ids;
        for (std::string cursor;;) {
            std::string path = base;
            if (!cursor.empty()) path += "&start_cursor=" + sdk::url_encode(cursor);
            sdk::Response response = co_await send(ctx, api_.get(path), progress);
            if (auto failed = failure_of(response, "listing the page's content"))
                co_return unfinished(std::move(*failed), progress);
            Json body = response.json();
            if (!body["results"].is_array())
                co_return unfinished(sdk::Outcome::retry("the list of blocks has no results"),
                                     progress);
            for (const auto& block : body["results"].items()) {
                const std::string& type = block["type"].as_string();
                bool theirs = type == "child_page" || type == "child_database";
                if (!theirs && is_id(block["id"].as_string()))
                    ids.push_back(block["id"].as_string());
            }
            cursor = body["next_cursor"].as_string();
            bool more = body["has_more"].as_bool() && !cursor.empty();
            if (!more || progress.exchanges >= exchanges_max) break;
        }
        for (const auto& id : ids) {
            if (progress.exchanges >= exchanges_max)
                co_return unfinished(sdk::Outcome::retry("replacing a long page goes on"), progress);
            sdk::Response response = co_await send(ctx, api_.remove("/v1/blocks/" + id), progress);
            bool gone = response.status() == 404;
            if (gone) continue;
            if (auto failed = failure_of(response, "deleting a block"))
                co_return unfinished(std::move(*failed), progress);
        }
        co_return std::nullopt;
    }

    /// Appends the requests from `first` on, one after the other: their order is the page's.
    sdk::Task<Ended> append(sdk::Context& ctx, const std::vector<Json>& requests, std::size_t first,
                            Progress& progress) {
        std::string path = "/v1/blocks/" + progress.page_id + "/children";
        for (std::size_t i = first; i < requests.size(); ++i) {
            Json body = Json::object();
            body.set("children", requests[i]);
            sdk::Response response = co_await send(ctx, api_.patch(path, body), progress);
            if (auto failed = failure_of(response, "appending content"))
                co_return unfinished(std::move(*failed), progress);
        }
        co_return std::nullopt;
    }

    Api api_;
    std::string key_property_;
    std::string title_property_;
    std::map<std::string, Schema> schemas_;  // by database and data source
};

}  // namespace
}  // namespace syncline::connector_notion

SYNCLINE_CONNECTOR(syncline::connector_notion::Notion)
