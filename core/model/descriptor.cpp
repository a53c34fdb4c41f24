#include "core/model/descriptor.hpp"

namespace syncline {
namespace {

std::vector<std::string> texts(const Json& list) {
    std::vector<std::string> out;
    for (const auto& item : list.items()) out.push_back(item.as_string());
    return out;
}

ActionDescriptor action_from(const Json& json) {
    ActionDescriptor action;
    action.summary = json["summary"].as_string();
    action.input = json["input"];
    action.idempotent = json["idempotent"].as_bool();
    action.coalesces = json["coalesces"].as_bool();
    action.batch_max = static_cast<std::uint32_t>(json["max_batch"].as_int64().value_or(1));
    return action;
}

}  // namespace

Result<ConnectorDescriptor> ConnectorDescriptor::from_json(const Json& json) {
    auto wrong = [](const char* what) {
        return Error(ErrorCode::plugin, std::string("the descriptor ") + what);
    };
    if (!json.is_object()) return wrong("is no JSON object");
    ConnectorDescriptor made;
    made.name = json["name"].as_string();
    made.version = json["version"].as_string();
    made.summary = json["summary"].as_string();
    if (made.name.empty()) return wrong("has no \"name\"");
    if (made.version.empty()) return wrong("has no \"version\"");
    for (const auto& role : texts(json["roles"])) {
        if (role == "source") made.is_source = true;
        else if (role == "destination") made.is_destination = true;
        else return wrong("has a role that is neither \"source\" nor \"destination\"");
    }
    if (!made.is_source && !made.is_destination) return wrong("has no \"roles\"");
    made.settings = json["settings"];
    if (!made.settings.is_null() && !made.settings.is_object())
        return wrong("has \"settings\" that are no JSON Schema");
    for (const auto& [name, action] : json["actions"].members())
        made.actions.emplace(name, action_from(action));
    for (const auto& [name, document] : json["documents"].members())
        made.documents.push_back(name);
    made.content_types = texts(json["content_types"]);
    made.events = texts(json["events"]);
    for (const auto& [type, from] : json["derives"].members()) made.derives[type] = texts(from);
    for (const auto& [type, names] : json["attributes"].members())
        made.attributes[type] = texts(names);
    made.rate = json["rate"].as_string();
    made.concurrency = static_cast<std::uint32_t>(json["concurrency"].as_int64().value_or(0));
    made.blocking = json["blocking"].as_bool();
    return made;
}

}  // namespace syncline
