// The `meilisearch` connector: `put` and `delete` of documents. Every write of Meilisearch is a task
// that may fail after it was accepted, so a delivery is delivered when its task has succeeded.
//
// Both actions may be repeated: the last write by arrival wins, the hub orders by document.
// Facts: Meilisearch's documentation of August 2026.
#include <algorithm>
#include <map>

#include "core/sdk/connector.hpp"

namespace syncline::connector_meilisearch {
namespace {

constexpr const char* descriptor = R"json({
  "name": "meilisearch",
  "version": "1.0.0",
  "summary": "Meilisearch: keeps documents of an index up to date",
  "roles": ["destination"],
  "settings": {
    "type": "object",
    "additionalProperties": false,
    "required": ["url"],
    "properties": {
      "url": {"type": "string", "description": "http://127.0.0.1:7700"},
      "api_key": {"type": "string", "secret": true, "description": "needs documents.add, documents.delete and tasks.get"},
      "primary_key": {"type": "string", "default": "id"}
    }
  },
  "actions": {
    "put": {
      "summary": "Adds the document, or replaces the one with the same id",
      "idempotent": true,
      "coalesces": true,
      "max_batch": 100,
      "input": {
        "type": "object",
        "additionalProperties": false,
        "required": ["index", "id", "document"],
        "properties": {
          "index": {"type": "string"},
          "id": {"type": ["string", "integer"], "description": "letters, digits, - and _"},
          "document": {"description": "the document's attributes"}
        }
      }
    },
    "delete": {
      "summary": "Deletes the document; one that is not there counts as deleted",
      "idempotent": true,
      "coalesces": true,
      "input": {
        "type": "object",
        "additionalProperties": false,
        "required": ["index", "id"],
        "properties": {
          "index": {"type": "string"},
          "id": {"type": ["string", "integer"]}
        }
      }
    }
  }
})json";

constexpr std::size_t id_bytes_max = 511;     // of a document id
constexpr std::size_t index_bytes_max = 400;  // of an index uid
// Pauses before the polls of a task: 25, 50, 100 … 3200 ms, then 3200 ms again. 16 polls end after
// 25 × (2^7 − 1) + 9 × 3200 = 31,975 ms: longer than an idle server takes, shorter than an attempt.
constexpr std::int64_t poll_first_ms = 25;
constexpr std::int64_t poll_longest_ms = 3200;
constexpr int polls_max = 16;
constexpr std::int64_t full_disk_wait_ms = 60'000;  // no_space_left_on_device: nothing soon helps

bool is_name(std::string_view text, std::size_t bytes_max) {
    for (char c : text) {
        bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '-';
        if (!good) return false;
    }
    return !text.empty() && text.size() <= bytes_max;
}

/// "invalid_document_id: Document identifier …".
std::string error_text(const Json& error) {
    std::string text = error["code"].as_string();
    const std::string& message = error["message"].as_string();
    if (!message.empty()) text.append(text.empty() ? "" : ": ").append(message);
    return text;
}

class Meilisearch final : public sdk::Connector {
public:
    static Json describe() { return Json::parse(descriptor).value(); }

    explicit Meilisearch(const Json& settings)
        : url_(sdk::base_url(settings["url"].as_string())),
          key_(settings["api_key"].as_string()),
          primary_key_(settings["primary_key"].as_string_or("id")) {
        if (!url_.starts_with("http://") && !url_.starts_with("https://"))
            throw sdk::Refused("url is \"" + url_ + "\"; expected http://… or https://…");
        if (primary_key_.empty()) throw sdk::Refused("primary_key is empty");
    }

    sdk::Task<sdk::Outcome> act(sdk::Context& ctx, const sdk::Delivery& delivery,
                                const std::string& action) override {
        if (action != "put" && action != "delete")
            co_return sdk::Outcome::reject("meilisearch has no action " + action);
        if (auto fault = input_fault(delivery, action)) co_return sdk::Outcome::reject(*fault);

        sdk::Request request = request_of(delivery, action);
        co_return co_await written(ctx, std::move(request), action);
    }

    /// `put` alone says "max_batch". Documents of one index are one task.
    sdk::Task<std::vector<sdk::Outcome>> act_batch(sdk::Context& ctx,
                                                   const std::vector<sdk::Delivery>& deliveries,
                                                   const std::string& action) override {
        std::vector<sdk::Outcome> outcomes(deliveries.size(), sdk::Outcome::retry("not sent"));
        std::map<std::string, std::vector<std::size_t>> by_index;
        for (std::size_t i = 0; i < deliveries.size(); ++i) {
            if (auto fault = input_fault(deliveries[i], action))
                outcomes[i] = sdk::Outcome::reject(*fault);
            else
                by_index[deliveries[i].text("index")].push_back(i);
        }
        for (const auto& [index, members] : by_index) {
            Json documents = Json::array();
            for (auto i : members) documents.push_back(document_of(deliveries[i]));
            sdk::Request request = put_request(index, documents);
            sdk::Outcome outcome = co_await written(ctx, std::move(request), action);
            // One bad document fails its whole task: each is tried again alone.
            if (outcome.kind() == "reject" && members.size() > 1)
                outcome = sdk::Outcome::retry("one of " + std::to_string(members.size()) +
                                              " documents was refused; each is tried alone");
            for (auto i : members) outcomes[i] = outcome;
        }
        co_return outcomes;
    }

private:
    static std::optional<std::string> input_fault(const sdk::Delivery& delivery,
                                                  const std::string& action) {
        std::string index = delivery.text("index"), id = delivery.text("id");
        if (!is_name(index, index_bytes_max))
            return "with.index is \"" + index + "\"; an index has letters, digits, - and _";
        // One bad id fails the whole batch it is indexed with, so it is never sent.
        if (!is_name(id, id_bytes_max))
            return "with.id is \"" + id.substr(0, 80) +
                   "\"; a document id has letters, digits, - and _, at most 511";
        if (action == "put" && !delivery.input()["document"].is_object())
            return std::string("with.document is no object");
        return std::nullopt;
    }

    /// Sends a write and waits for its task.
    sdk::Task<sdk::Outcome> written(sdk::Context& ctx, sdk::Request request, std::string action) {
        sdk::Response response = co_await ctx.http(std::move(request));
        if (!response.ok()) co_return failed(response, action);
        std::optional<std::int64_t> task = response.json()["taskUid"].as_int64();
        if (!task)
            co_return sdk::Outcome::retry(action + " " + response.summary() +
                                          " without a taskUid: \"" + response.excerpt() + "\"");
        co_return co_await finished(ctx, *task, action);
    }

    Json document_of(const sdk::Delivery& delivery) const {
        Json document = Json::object();
        document.set(primary_key_, delivery.text("id"));
        for (const auto& [name, value] : delivery.input()["document"].members())
            if (name != primary_key_) document.set(name, value);
        return document;
    }
    Json one_document(const sdk::Delivery& delivery) const {
        Json documents = Json::array();
        documents.push_back(document_of(delivery));
        return documents;
    }

    sdk::Request request_of(const sdk::Delivery& delivery, const std::string& action) const {
        if (action == "delete") return delete_request(delivery);
        return put_request(delivery.text("index"), one_document(delivery));
    }

    sdk::Request put_request(const std::string& index, const Json& documents) const {
        std::string url = url_ + "/indexes/" + index +
                          "/documents?primaryKey=" + sdk::url_encode(primary_key_);
        return authorised(sdk::Request("POST", url).json(documents));
    }

    sdk::Request delete_request(const sdk::Delivery& delivery) const {
        std::string url = url_ + "/indexes/" + delivery.text("index") + "/documents/" +
                          delivery.text("id");
        return authorised(sdk::Request("DELETE", url));
    }

    sdk::Request authorised(sdk::Request request) const {
        return key_.empty() ? std::move(request) : std::move(request).bearer(key_);
    }

    /// Waits for the task's end, asking less and less often.
    sdk::Task<sdk::Outcome> finished(sdk::Context& ctx, std::int64_t task, std::string action) {
        std::string url = url_ + "/tasks/" + std::to_string(task);
        std::int64_t pause_ms = poll_first_ms;
        std::string last = "enqueued";
        for (int poll = 0; poll < polls_max; ++poll) {
            co_await ctx.sleep_ms(pause_ms);
            pause_ms = std::min(pause_ms * 2, poll_longest_ms);
            sdk::Response response = co_await ctx.http(authorised(sdk::Request("GET", url)));
            if (response.status() == 401 || response.status() == 403)
                co_return sdk::Outcome::hold("reading the task " + response.summary() +
                                             "; the api_key needs tasks.get");
            if (response.status() == 404)  // pruned, or another server: nothing is known of it
                co_return sdk::Outcome::retry("task " + std::to_string(task) + " is not found");
            Json body = response.json();
            if (response.ok() && body["status"].is_string()) last = body["status"].as_string();
            else last = response.summary();
            if (last == "succeeded")
                co_return sdk::Outcome::delivered("task " + std::to_string(task) + " succeeded");
            if (last == "failed") co_return task_failed(body["error"], task, action);
            if (last == "canceled")
                co_return sdk::Outcome::retry("task " + std::to_string(task) + " was cancelled");
        }
        co_return sdk::Outcome::retry("task " + std::to_string(task) + " has not ended: " + last);
    }

    static sdk::Outcome task_failed(const Json& error, std::int64_t task,
                                    const std::string& action) {
        std::string note = "task " + std::to_string(task) + " failed: " + error_text(error);
        auto known = by_error(error, note, action);
        return known ? std::move(*known) : sdk::Outcome::reject(std::move(note));
    }

    /// What an error object means; nothing when it has no type we know.
    static std::optional<sdk::Outcome> by_error(const Json& error, std::string note,
                                                const std::string& action) {
        const std::string& code = error["code"].as_string();
        const std::string& type = error["type"].as_string();
        if (action == "delete" && (code == "index_not_found" || code == "document_not_found"))
            return sdk::Outcome::delivered("there was nothing to delete");
        if (code == "no_space_left_on_device")
            return sdk::Outcome::retry(std::move(note)).after_ms(full_disk_wait_ms);
        if (type == "internal" || type == "system") return sdk::Outcome::retry(std::move(note));
        if (type == "auth") return sdk::Outcome::hold(std::move(note));
        if (type == "invalid_request") return sdk::Outcome::reject(std::move(note));
        return std::nullopt;
    }

    static sdk::Outcome failed(const sdk::Response& response, const std::string& action) {
        Json error = response.json();
        std::string note = action + " " + response.summary();
        std::string said = error.is_object() ? error_text(error) : response.excerpt();
        if (!said.empty()) note += " " + said;
        std::int64_t after = response.retry_after_ms().value_or(0);
        sdk::Outcome usual = sdk::Outcome::from(response, action);
        bool again = usual.kind() == "retry";
        if (auto known = by_error(error, note, action); known && !again) return std::move(*known);
        if (again && error["code"].as_string() == "no_space_left_on_device")
            after = std::max(after, full_disk_wait_ms);
        if (usual.kind() == "hold") return sdk::Outcome::hold(std::move(note));
        if (usual.kind() == "reject") return sdk::Outcome::reject(std::move(note));
        return sdk::Outcome::retry(std::move(note)).after_ms(after);
    }

    std::string url_;
    std::string key_;
    std::string primary_key_;
};

}  // namespace
}  // namespace syncline::connector_meilisearch

SYNCLINE_CONNECTOR(syncline::connector_meilisearch::Meilisearch)
