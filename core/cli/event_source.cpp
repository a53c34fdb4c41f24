// Choosing a source, and the runtime's view of its connector, behind event_source.hpp.
#include "core/cli/event_source.hpp"

#include "core/base/hash.hpp"
#include "core/base/text.hpp"
#include "core/runtime/source_ports.hpp"

namespace syncline::cli {
namespace {

Error wrong(std::string message) {
    return Error(ErrorCode::invalid_argument, std::move(message));
}

std::vector<std::string> source_names(const config::HubConfig& config) {
    std::vector<std::string> names;
    for (const auto& source : config.sources) names.push_back(source.name);
    return names;
}

Event event_from(ReceivedEvent found) {
    Event event;
    event.type = std::move(found.type);
    event.subject = std::move(found.subject);
    event.time_ms = found.time_ms;
    event.attributes = std::move(found.attributes);
    event.payload = std::move(found.payload);
    event.content_type = std::move(found.content_type);
    return event;
}

}  // namespace

Result<const config::SourceConfig*> choose_source(const config::HubConfig& config,
                                                  const std::string& name) {
    auto names = source_names(config);
    if (name.empty() && config.sources.size() == 1) return &config.sources.front();
    if (config.sources.empty()) return wrong("the configuration has no source");
    if (name.empty())
        return wrong("name the source with --source NAME: one of " + joined(names, ", "));
    if (const auto* found = config.source(name)) return found;
    auto near = nearest_name(name, names);
    return wrong("there is no source \"" + printable(name, 100) + "\"; " +
                 (near ? "did you mean \"" + *near + "\"?" : "there are " + joined(names, ", ")));
}

Result<HttpHeaders> headers_from(const std::vector<std::string>& texts) {
    HttpHeaders headers;
    for (const auto& text : texts) {
        auto colon = text.find(':');
        bool control = text.find_first_of("\r\n") != std::string::npos;
        if (colon == std::string::npos || colon == 0 || control)
            return wrong("\"" + printable(text, 100) + "\" is no header: write \"Name: value\"");
        headers.add(text.substr(0, colon), std::string(trim(text.substr(colon + 1))));
    }
    return headers;
}

Result<EventSource> EventSource::make(const HubFile& file, const config::SourceConfig& config) {
    const host::Plugin* plugin = file.plugins->plugin(config.connector);
    if (!plugin)
        return Error(ErrorCode::not_found,
                     "the connector \"" + config.connector + "\" is not installed");
    auto instance = plugin->create(config.name, config.settings);
    if (!instance) return instance.error();
    return EventSource(config, std::move(*instance));
}

Result<std::optional<SignatureScheme>> EventSource::scheme(const std::string& dialect) {
    using Found = std::optional<SignatureScheme>;
    auto choices = scheme_choices(*instance_);
    if (!choices) return choices.error();
    std::vector<std::string> names;
    for (const auto& choice : *choices) {
        if (!dialect.empty() && choice.scheme.name == dialect) return Found(choice.scheme);
        names.push_back(choice.scheme.name);
    }
    if (!dialect.empty())
        return wrong("the source \"" + config_->name + "\" has no dialect \"" +
                     printable(dialect, 100) + "\"" +
                     (names.empty() ? ": it is unsigned" : "; it has " + joined(names, ", ")));
    for (const auto& choice : *choices)
        if (choice.when_header.empty()) return Found(choice.scheme);
    return choices->empty() ? Found() : Found(choices->front().scheme);
}

Result<std::vector<Event>> EventSource::parse(const HttpHeaders& headers, const std::string& body,
                                              std::int64_t now_ms, Random& random) {
    HttpRequest request;
    request.method = "POST";
    request.target = config_->path;
    request.headers = headers;
    request.body = body;
    auto found = parse_request(*instance_, request, now_ms);
    if (!found) return found.error();
    std::vector<Event> events;
    for (auto& one : *found) {
        Event event = event_from(std::move(one));
        event.id = make_uuid7(now_ms, random);
        event.source = config_->name;
        event.received_ms = now_ms;
        events.push_back(std::move(event));
    }
    return events;
}

}  // namespace syncline::cli
