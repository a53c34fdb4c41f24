#include "core/runtime/source_ports.hpp"

#include "core/base/hash.hpp"
#include "core/base/text.hpp"

namespace syncline {
namespace {

/// Names in lower case; repeated fields joined by ", " (RFC 9110 §5.3).
Json head_of(const HttpRequest& request, std::int64_t now_ms) {
    Json headers = Json::object();
    for (const auto& [name, value] : request.headers.fields()) {
        std::string key = lower(name);
        const Json* earlier = headers.find(key);
        headers.set(key, earlier ? earlier->as_string() + ", " + value : value);
    }
    Json head = Json::object();
    head.set("headers", std::move(headers));
    head.set("target", request.target);
    head.set("received_ms", now_ms);
    return head;
}

Error fault(const std::string& what) {
    return Error(ErrorCode::plugin, "the connector's parse gave " + what);
}

Result<std::string> payload_of(const Json& event, std::string_view body) {
    const Json& range = event["range"];
    if (range.is_array()) {
        auto begin = range[0].as_int64().value_or(-1);
        auto end = range[1].as_int64().value_or(-1);
        bool inside = begin >= 0 && begin <= end && static_cast<std::size_t>(end) <= body.size();
        if (!inside) return fault("a range outside the body");
        return std::string(body.substr(static_cast<std::size_t>(begin),
                                       static_cast<std::size_t>(end - begin)));
    }
    if (const Json* data = event.find("data")) return data->dump();
    if (const Json* encoded = event.find("payload_base64")) {
        auto bytes = base64_decode(encoded->as_string());
        if (!bytes) return fault("a payload_base64 that is no base64");
        return std::move(*bytes);
    }
    return fault("an event without range, data or payload_base64");
}

/// Takes the attributes out of `event`.
Result<ReceivedEvent> received_from(Json& event, std::string_view body) {
    const Json& said = event;
    ReceivedEvent made;
    made.key = said["key"].as_string();
    made.type = said["type"].as_string();
    made.subject = said["subject"].as_string();
    made.time_ms = said["time_ms"].as_int64();
    if (said["content_type"].is_string()) made.content_type = said["content_type"].as_string();
    Json* attributes = event.find("attributes");
    if (attributes && attributes->is_object()) made.attributes = std::move(*attributes);
    auto payload = payload_of(event, body);
    if (!payload) return payload.error();
    made.payload = std::move(*payload);
    if (made.type.empty()) return fault("an event without a type");
    return made;
}

Result<SchemeChoice> choice_from(const Json& entry) {
    SchemeChoice choice;
    choice.when_header = entry["when_header"].as_string();
    if (const Json* custom = entry.find("custom")) {
        auto scheme = signature_scheme_from(*custom);
        if (!scheme) return scheme.error();
        choice.scheme = std::move(*scheme);
        return choice;
    }
    const SignatureScheme* known = find_signature_scheme(entry["scheme"].as_string());
    if (!known)
        return Error(ErrorCode::invalid_config,
                     "there is no signature scheme \"" + entry["scheme"].as_string() + "\"");
    choice.scheme = *known;
    return choice;
}

}  // namespace

Result<std::vector<SchemeChoice>> scheme_choices(host::Instance& instance) {
    auto declared = instance.signatures();
    if (!declared) return declared.error();
    std::vector<SchemeChoice> choices;
    for (const auto& entry : declared->items()) {
        auto choice = choice_from(entry);
        if (!choice) return choice.error();
        choices.push_back(std::move(*choice));
    }
    return choices;
}

Result<std::vector<ReceivedEvent>> parse_request(host::Instance& instance,
                                                 const HttpRequest& request,
                                                 std::int64_t now_ms) {
    auto parsed = instance.parse(head_of(request, now_ms), request.body);
    if (!parsed) return parsed.error();
    std::vector<ReceivedEvent> events;
    for (auto& entry : parsed->find("events")->items()) {   // Instance::parse vouches for the list
        auto event = received_from(entry, request.body);
        if (!event) return event.error();
        events.push_back(std::move(*event));
    }
    return events;
}

Result<std::vector<SourcePort>> make_source_ports(const config::HubConfig& config,
                                                  const host::PluginSet& plugins) {
    std::vector<SourcePort> ports;
    for (const auto& source : config.sources) {
        const host::Plugin* plugin = plugins.plugin(source.connector);
        if (!plugin)
            return Error(ErrorCode::not_found, "no connector \"" + source.connector + "\"",
                         "source " + source.name);
        auto made = plugin->create(source.name, source.settings);
        if (!made) return Error(made.error().code, made.error().text(), "source " + source.name);
        std::shared_ptr<host::Instance> instance = std::move(*made);
        auto schemes = scheme_choices(*instance);
        if (!schemes)
            return Error(schemes.error().code, schemes.error().text(), "source " + source.name);
        if (!schemes->empty() && source.secrets.empty())
            return Error(ErrorCode::invalid_config,
                         "the source has no secret, but its connector verifies signatures: set "
                         "`secret`",
                         "source " + source.name);
        if (schemes->empty() && !source.secrets.empty())
            return Error(ErrorCode::invalid_config,
                         "the source has a secret, but says of no signature that it is made with "
                         "it: set `settings.signature`, or take `secret` away to accept unsigned "
                         "events",
                         "source " + source.name);
        SourcePort port;
        port.name = source.name;
        port.path = source.path;
        port.secrets = source.secrets;
        port.schemes = std::move(*schemes);
        port.content_types = plugin->descriptor().content_types;
        port.parse = [instance](const HttpRequest& request, std::int64_t now_ms) {
            return parse_request(*instance, request, now_ms);
        };
        ports.push_back(std::move(port));
    }
    return ports;
}

}  // namespace syncline
