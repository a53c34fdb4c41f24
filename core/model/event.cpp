#include "core/model/event.hpp"

#include "core/base/text.hpp"

namespace syncline {

std::string_view payload_state_name(PayloadState state) {
    switch (state) {
        case PayloadState::kept: return "kept";
        case PayloadState::expired: return "expired";
        case PayloadState::forgotten: return "forgotten";
    }
    return "";
}

Json Event::view(bool with_data) const {
    Json seen = Json::object();
    seen.set("id", id);
    seen.set("source", source);
    seen.set("type", type);
    seen.set("subject", subject);
    if (time_ms) seen.set("time", format_time(*time_ms));
    seen.set("received", format_time(received_ms));
    for (const auto& member : attributes.members())
        if (!seen.find(member.name)) seen.set(member.name, member.value);
    if (with_data) seen.set("data", Json::parse(payload).value_or(Json()));
    return seen;
}

Json Event::message() const {
    Json made = Json::object();
    made.set("id", id);
    made.set("source", source);
    made.set("type", type);
    made.set("subject", subject);
    if (time_ms) made.set("time", format_time(*time_ms));
    made.set("received", format_time(received_ms));
    made.set("content_type", content_type);
    made.set("attributes", attributes);
    return made;
}

}  // namespace syncline
