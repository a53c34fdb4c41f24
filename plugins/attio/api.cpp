#include "plugins/attio/api.hpp"

namespace syncline::connector_attio {
namespace {

const std::string& either(const std::string& first, const std::string& second) {
    return first.empty() ? second : first;
}

Wanted record_of(const Json& holder) {
    const std::string& object = either(holder["object_id"].as_string(),
                                       holder["object"].as_string());
    const std::string& record = holder["record_id"].as_string();
    Wanted made;
    if (!object.empty() && !record.empty())
        made.path = "/v2/objects/" + sdk::url_encode(object) + "/records/" +
                    sdk::url_encode(record);
    made.parent = either(holder["object"].as_string(), object);
    return made;
}

/// The timestamped dialect may name a note or task only by the event's own id.
std::string own_id(const sdk::Event& event, const char* attribute) {
    if (!event.attribute(attribute).empty()) return event.attribute(attribute);
    auto payload = Json::parse(event.payload());
    return payload ? (*payload)["id"]["event_id"].as_string() : std::string();
}

}  // namespace

sdk::Request Api::get(const std::string& path) const {
    return sdk::Request("GET", url_ + path).bearer(key_).header("Accept", "application/json");
}

sdk::Request Api::patch(const std::string& path, const Json& data) const {
    Json body = Json::object();
    body.set("data", data);
    return sdk::Request("PATCH", url_ + path).bearer(key_).json(body);
}

std::optional<sdk::Outcome> failure_of(const sdk::Response& response, const std::string& doing) {
    Json body = response.json();
    if (response.ok()) {
        if (body["data"].is_object()) return std::nullopt;
        return sdk::Outcome::retry(doing + " " + response.summary() + " without \"data\": \"" +
                                   response.excerpt() + "\"");
    }
    std::string said = body["message"].as_string_or(response.excerpt());
    const std::string& code = body["code"].as_string();
    std::string note = doing + " " + response.summary();
    if (!code.empty()) note += " " + code;
    if (!said.empty()) note += ": " + said;
    if (response.status() == 404 && code == "merge_in_progress")
        return sdk::Outcome::retry(std::move(note)).after_ms(2000);
    if (response.status() == 404) return sdk::Outcome::reject(std::move(note));
    if (response.status() == 409) return sdk::Outcome::retry(std::move(note));
    sdk::Outcome usual = sdk::Outcome::from(response, doing);
    if (usual.kind() == "reject") return sdk::Outcome::reject(std::move(note));
    if (usual.kind() == "hold") return sdk::Outcome::hold(std::move(note));
    return sdk::Outcome::retry(std::move(note)).after_ms(response.retry_after_ms().value_or(0));
}

Wanted wanted_document(const std::string& document, const sdk::Event& event) {
    const Json& attributes = event.attributes();
    Wanted made;
    if (document == "record") {
        made = record_of(attributes);
        if (made.path.empty()) made = record_of(attributes["parent"]);
    } else if (document == "entry") {
        const std::string& list = either(event.attribute("list_id"), event.attribute("list"));
        const std::string& entry = event.attribute("entry_id");
        if (!list.empty() && !entry.empty())
            made.path = "/v2/lists/" + sdk::url_encode(list) + "/entries/" +
                        sdk::url_encode(entry);
        made.parent = either(event.attribute("list"), list);
    } else if (document == "note" || document == "task") {
        std::string id = own_id(event, document == "note" ? "note_id" : "task_id");
        if (!id.empty()) made.path = "/v2/" + document + "s/" + sdk::url_encode(id);
    }
    made.name = document;
    return made;
}

}  // namespace syncline::connector_attio
