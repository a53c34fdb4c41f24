// The `attio` connector. Source: both webhook dialects, documents for `fetch`, and `task.completed`
// derived where Attio has no such event. Destination: `set_entry` for pipeline automation.
//
// A task's last known state is the link "task-state", committed with the derived event, so that a
// change from open to completed is emitted once, whatever is repeated.
#include "plugins/attio/api.hpp"
#include "plugins/attio/events.hpp"
#include "plugins/attio/values.hpp"

namespace syncline::connector_attio {
namespace {

constexpr const char* descriptor = R"json({
  "name": "attio",
  "version": "1.0.0",
  "summary": "Attio: events in both webhook dialects, records, notes, tasks and list entries",
  "roles": ["source", "destination"],
  "content_types": ["application/json", "text/json", "+json"],
  "settings": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
      "api_key": {"type": "string", "secret": true, "description": "access token, for fetch, derived events and set_entry"},
      "api_url": {"type": "string", "default": "https://api.attio.com"},
      "dialect": {"type": "string", "enum": ["auto", "attio-v2", "timestamped"], "default": "auto", "description": "which signature counts; auto: timestamped when x-attio-timestamp is present"},
      "objects": {"type": "object", "additionalProperties": true, "description": "object slugs and their UUIDs, e.g. deals: 0000…"},
      "lists": {"type": "object", "additionalProperties": true, "description": "list slugs and their UUIDs"},
      "attributes": {"type": "object", "additionalProperties": true, "description": "attribute slugs and their UUIDs (one or a list)"},
      "multi_valued": {"type": "array", "items": {"type": "string"}, "description": "attributes whose value is always a list"}
    }
  },
  "actions": {
    "set_entry": {
      "summary": "Sets values of a list entry, e.g. its stage",
      "idempotent": true,
      "coalesces": true,
      "input": {
        "type": "object",
        "additionalProperties": false,
        "required": ["entry", "values"],
        "properties": {
          "entry": {"type": "string", "description": "the entry's id"},
          "list": {"type": "string", "description": "the list's slug or id; default: the event's"},
          "values": {"description": "attribute slugs and their values"}
        }
      }
    }
  },
  "documents": {
    "record": {"summary": "the event's record, or the record it belongs to"},
    "entry": {"summary": "the event's list entry"},
    "note": {"summary": "the event's note with content_markdown"},
    "task": {"summary": "the event's task"}
  },
  "derives": {"task.completed": ["task.updated", "task.created"]},
  "attributes": {
    "*": ["dialect", "workspace_id", "actor.type", "actor.id", "object", "object_id", "record_id"],
    "record.*": ["attribute", "attribute_id"],
    "object-attribute.*": ["attribute", "attribute_id"],
    "list.*": ["list", "list_id"],
    "list-attribute.*": ["list", "list_id", "attribute", "attribute_id"],
    "list-entry.*": ["list", "list_id", "entry_id", "attribute", "attribute_id", "parent.object",
      "parent.object_id", "parent.record_id"],
    "note*": ["note_id", "parent.object", "parent.object_id", "parent.record_id"],
    "task.*": ["task_id"],
    "comment.*": ["comment_id", "list", "list_id", "entry_id"]
  },
  "events": ["call-recording.created", "comment.created", "comment.resolved", "comment.unresolved",
    "comment.deleted", "list.created", "list.updated", "list.deleted", "list-attribute.created",
    "list-attribute.updated", "list-entry.created", "list-entry.updated", "list-entry.deleted",
    "object-attribute.created", "object-attribute.updated", "note.created", "note.updated",
    "note-content.updated", "note.deleted", "record.created", "record.updated", "record.merged",
    "record.deleted", "task.created", "task.updated", "task.deleted", "task.completed",
    "workspace-member.created"],
  "rate": "25/s"
})json";

class Attio final : public sdk::Connector {
public:
    static Json describe() { return Json::parse(descriptor).value(); }

    explicit Attio(const Json& settings)
        : api_(settings["api_key"].as_string(),
               settings["api_url"].as_string_or("https://api.attio.com")),
          dialect_(settings["dialect"].as_string_or("auto")),
          multi_(settings["multi_valued"]) {
        if (dialect_ != "auto" && dialect_ != "attio-v2" && dialect_ != "timestamped")
            throw sdk::Refused("dialect is \"" + dialect_ +
                               "\"; expected auto, attio-v2 or timestamped");
        catalog_.objects = SlugMap(settings["objects"], "objects");
        catalog_.lists = SlugMap(settings["lists"], "lists");
        catalog_.attributes = SlugMap(settings["attributes"], "attributes");
    }

    /// A fixed dialect accepts no other: nobody can downgrade it by leaving out a header.
    Json signatures() const override {
        Json schemes = Json::array();
        if (dialect_ != "attio-v2") {
            Json timestamped = Json::object({{"scheme", "timestamped"}});
            if (dialect_ == "auto") timestamped.set("when_header", "x-attio-timestamp");
            schemes.push_back(std::move(timestamped));
        }
        if (dialect_ != "timestamped") schemes.push_back(Json::object({{"scheme", "attio-v2"}}));
        return schemes;
    }

    std::vector<sdk::ParsedEvent> parse(const sdk::InboundRequest& request) const override {
        std::string dialect = dialect_;
        if (dialect == "auto")
            dialect = request.has_header("x-attio-timestamp") ? "timestamped" : "attio-v2";
        return parse_delivery(request, catalog_, dialect);
    }

    sdk::Task<sdk::Outcome> fetch(sdk::Context& ctx, const sdk::Event& event,
                                  const std::string& document) override {
        if (!api_.has_key()) co_return no_key("fetch");
        Wanted wanted = wanted_document(document, event);
        if (wanted.path.empty())
            co_return sdk::Outcome::reject("event " + event.type() + " names no " + document);
        sdk::Response response = co_await ctx.http(api_.get(wanted.path));
        if (auto failed = failure_of(response, "reading the " + document))
            co_return std::move(*failed);
        Json data = response.json()["data"];
        co_return sdk::Outcome::document(document_of(wanted, data));
    }

    sdk::Task<sdk::Outcome> derive(sdk::Context& ctx, const sdk::Event& event) override {
        bool ready_made = event.attribute("dialect") == "timestamped";
        if (ready_made) co_return sdk::Outcome::skipped("this dialect sends task.completed itself");
        const std::string& task_id = event.attribute("task_id");
        if (task_id.empty()) co_return sdk::Outcome::skipped("the event names no task");
        if (!api_.has_key()) co_return no_key("deriving task.completed");

        std::optional<sdk::Link> known = co_await ctx.link("task-state", task_id);
        sdk::Response response = co_await ctx.http(api_.get("/v2/tasks/" + sdk::url_encode(task_id)));
        bool merging = response.json()["code"].as_string() == "merge_in_progress";
        if (response.status() == 404 && !merging)
            co_return sdk::Outcome::skipped("task " + task_id + " is gone")
                .unlink("task-state", task_id);
        if (auto failed = failure_of(response, "reading the task")) co_return std::move(*failed);
        Json task = response.json()["data"];
        bool was_completed = known && known->id == "completed";
        co_return state_outcome(event, task, task_id, was_completed);
    }

    sdk::Task<sdk::Outcome> act(sdk::Context& ctx, const sdk::Delivery& delivery,
                                const std::string& action) override {
        if (action != "set_entry")
            co_return sdk::Outcome::reject("attio has no action " + action);
        if (!api_.has_key()) co_return no_key("set_entry");
        std::string entry = delivery.text("entry");
        std::string list = delivery.text("list");
        if (list.empty()) list = delivery.event().attribute("list_id");
        if (list.empty()) list = delivery.event().attribute("list");
        if (entry.empty()) co_return sdk::Outcome::reject("with.entry is empty");
        if (list.empty())
            co_return sdk::Outcome::reject("with.list is empty and the event names no list");
        const Json& values = delivery.input()["values"];
        if (!values.is_object() || values.empty())
            co_return sdk::Outcome::reject("with.values holds no values");

        Json data = Json::object();
        data.set("entry_values", as_lists(values));
        std::string path = "/v2/lists/" + sdk::url_encode(list) + "/entries/" +
                           sdk::url_encode(entry);
        sdk::Response response = co_await ctx.http(api_.patch(path, data));
        if (auto failed = failure_of(response, "setting entry " + entry))
            co_return std::move(*failed);
        co_return sdk::Outcome::delivered("set entry " + entry);
    }

private:
    static sdk::Outcome no_key(const std::string& doing) {
        return sdk::Outcome::hold(doing + " needs the setting api_key");
    }

    Json document_of(const Wanted& wanted, const Json& data) const {
        if (wanted.name == "record") {
            const std::string& slug = catalog_.objects.slug_of(wanted.parent);
            return record_document(data, slug.empty() ? wanted.parent : slug, multi_);
        }
        if (wanted.name == "entry") {
            const std::string& slug = catalog_.lists.slug_of(wanted.parent);
            return entry_document(data, slug.empty() ? wanted.parent : slug, multi_);
        }
        return wanted.name == "note" ? note_document(data) : task_document(data);
    }

    /// Attio wants a list for every attribute of an entry, single-valued ones too.
    static Json as_lists(const Json& values) {
        Json made = Json::object();
        for (const auto& [slug, value] : values.members()) {
            Json list = Json::array();
            if (value.is_array()) list = value;
            else if (!value.is_null()) list.push_back(value);
            made.set(slug, std::move(list));
        }
        return made;
    }

    static sdk::Outcome state_outcome(const sdk::Event& event, const Json& task,
                                      const std::string& task_id, bool was_completed) {
        if (!task["is_completed"].is_bool())
            return sdk::Outcome::retry("the task of Attio's answer has no \"is_completed\"");
        bool completed = task["is_completed"].as_bool();
        if (completed == was_completed)
            return sdk::Outcome::skipped(completed ? "the task was completed before"
                                                   : "the task is open");
        if (!completed)
            return sdk::Outcome::delivered("the task is open again")
                .link("task-state", task_id, "open");
        // completed_at is younger than the API; without it the event that told us is the identity.
        std::string when = task["completed_at"].as_string_or(event.id());
        Json data = Json::object();
        data.set("event_type", "task.completed");
        data.set("id", task["id"]);
        data.set("actor", event.attributes()["actor"]);
        data.set("task", task);
        return sdk::Outcome::delivered("the task was completed")
            .link("task-state", task_id, "completed")
            .emit("task.completed:" + task_id + ":" + when, "task.completed", task_id,
                  event.attributes(), std::move(data));
    }

    Api api_;
    std::string dialect_;
    MultiValued multi_;
    Catalog catalog_;
};

}  // namespace
}  // namespace syncline::connector_attio

SYNCLINE_CONNECTOR(syncline::connector_attio::Attio)
