// See modes.hpp. The mode follows from Content-Type: batched before structured, whose prefix it
// shares; anything else is binary.
#include "plugins/cloudevents/modes.hpp"

namespace syncline::connector_cloudevents {
namespace {

constexpr std::string_view event_type = "application/cloudevents";
constexpr std::string_view batch_type = "application/cloudevents-batch";

std::string lower(std::string_view text) {
    std::string made(text);
    for (char& c : made)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return made;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string media_type(std::string_view content_type) {
    auto end = content_type.find(';');
    std::string type = lower(content_type.substr(0, end));
    while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.pop_back();
    return type;
}

bool is_json_type(std::string_view content_type) {
    std::string type = media_type(content_type);
    return type.empty() || type == "application/json" || type == "text/json" ||
           type.ends_with("+json");
}

[[noreturn]] void refuse(const std::string& where, const std::string& what) {
    throw sdk::Refused(where + what);
}

/// A context attribute's text; `where` begins messages ("events[2]: ").
std::string attribute_text(const std::string& where, const std::string& name, const Json& value) {
    if (value.is_container()) refuse(where, "attribute \"" + name + "\" is no text");
    std::string text = value.is_string() ? value.as_string() : value.dump();
    for (char c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
            refuse(where, "attribute \"" + name + "\" holds a control character");
    return text;
}

/// An event of the context attributes `context` (name → text), without its payload.
sdk::ParsedEvent event_of(const std::string& where, Json context) {
    for (const char* name : {"specversion", "id", "source", "type"})
        if (context[name].as_string().empty())
            refuse(where, "the attribute \"" + std::string(name) + "\" is missing or empty");
    const std::string& version = context["specversion"].as_string();
    if (version != "1.0") refuse(where, "specversion is \"" + version + "\"; expected 1.0");
    // Together they say which event this is; a URI reference holds no space.
    std::string key = context["source"].as_string() + " " + context["id"].as_string();
    if (context["source"].as_string().find(' ') != std::string::npos)
        refuse(where, "the attribute \"source\" is no URI reference: it holds a space");
    sdk::ParsedEvent event(std::move(key), context["type"].as_string(),
                           context["subject"].as_string());
    if (const Json* time = context.find("time")) {
        auto ms = sdk::parse_rfc3339_ms(time->as_string());
        if (!ms) refuse(where, "time is \"" + time->as_string() + "\"; expected RFC 3339");
        event = std::move(event).time_ms(*ms);
    }
    Json attributes = Json::object();
    attributes.set("ce", std::move(context));
    return std::move(event).attributes(std::move(attributes));
}

sdk::ParsedEvent binary(const sdk::InboundRequest& request) {
    Json context = Json::object();
    for (const auto& [name, value] : request.headers().members()) {
        // Content-Type is datacontenttype here; the header of that name must not be sent.
        if (!name.starts_with("ce-") || name == "ce-datacontenttype") continue;
        auto text = decode_header(value.as_string());
        if (!text) refuse("", "header " + name + " is not percent-encoded UTF-8");
        std::string attribute = name.substr(3);
        context.set(attribute, attribute_text("", attribute, Json(*text)));
    }
    if (context.empty())
        refuse("", "neither ce- headers nor a content type of application/cloudevents+json");
    std::string content_type = request.header("content-type");
    if (!content_type.empty()) context.set("datacontenttype", content_type);
    sdk::ParsedEvent event = event_of("", std::move(context));
    if (content_type.empty())
        content_type = Json::parse(request.body) ? "application/json" : "application/octet-stream";
    return std::move(event).content_type(content_type).range(0, request.body.size());
}

/// Adds the payload of a structured event: byte for byte where the body has it so.
sdk::ParsedEvent with_data(const std::string& where, const Json& item, sdk::ParsedEvent event) {
    const Json* data = item.find("data");
    const Json* encoded = item.find("data_base64");
    std::string type = item["datacontenttype"].as_string_or("application/json");
    if (data && encoded) refuse(where, "both data and data_base64 are present");
    event = std::move(event).content_type(type);
    if (encoded) {
        auto bytes = sdk::base64_decode(encoded->as_string());
        if (!encoded->is_string() || !bytes) refuse(where, "data_base64 is no base64 text");
        return std::move(event).payload(*bytes);
    }
    if (!data) return std::move(event).range(0, 0);
    if (data->is_string() && !is_json_type(type)) return std::move(event).payload(data->as_string());
    auto [begin, end] = data->source_range();
    return std::move(event).range(begin, end);
}

sdk::ParsedEvent structured(const std::string& where, const Json& item) {
    if (!item.is_object()) refuse(where, "no JSON object");
    Json context = Json::object();
    for (const auto& [name, value] : item.members()) {
        bool is_data = name == "data" || name == "data_base64";
        if (is_data || value.is_null()) continue;  // null is absent
        context.set(name, attribute_text(where, name, value));
    }
    return with_data(where, item, event_of(where, std::move(context)));
}

}  // namespace

std::optional<std::string> decode_header(std::string_view value) {
    std::string unquoted;
    bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
    if (quoted) {
        value = value.substr(1, value.size() - 2);
        for (std::size_t i = 0; i < value.size(); ++i) {
            if (value[i] == '\\' && i + 1 < value.size()) ++i;
            unquoted.push_back(value[i]);
        }
        value = unquoted;
    }
    std::string decoded;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] != '%') {
            decoded.push_back(value[i]);
            continue;
        }
        int high = i + 2 < value.size() ? hex_digit(value[i + 1]) : -1;
        int low = i + 2 < value.size() ? hex_digit(value[i + 2]) : -1;
        if (high < 0 || low < 0) return std::nullopt;
        decoded.push_back(static_cast<char>(high * 16 + low));
        i += 2;
    }
    if (!json_is_utf8(decoded)) return std::nullopt;
    return decoded;
}

std::vector<sdk::ParsedEvent> parse_request(const sdk::InboundRequest& request) {
    std::string type = media_type(request.header("content-type"));
    std::vector<sdk::ParsedEvent> events;
    if (!type.starts_with(event_type)) {
        events.push_back(binary(request));
        return events;
    }
    bool batched = type.starts_with(batch_type);
    std::string format = type.substr(batched ? batch_type.size() : event_type.size());
    if (format != "+json" && !format.empty())
        refuse("", "the event format \"" + type + "\" is not read here; only +json is");
    JsonError error;
    auto body = Json::parse(request.body, &error);
    if (!body)
        refuse("", "the body is no JSON: " + error.message + " at byte " +
                       std::to_string(error.offset));
    if (!batched) {
        events.push_back(structured("", *body));
        return events;
    }
    if (!body->is_array()) refuse("", "a batch is a JSON array; the body is none");
    for (std::size_t i = 0; i < body->size(); ++i)
        events.push_back(structured("events[" + std::to_string(i) + "]: ", (*body)[i]));
    return events;
}

}  // namespace syncline::connector_cloudevents
