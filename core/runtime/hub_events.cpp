#include "core/runtime/hub_events.hpp"

#include "core/base/hash.hpp"
#include "core/base/limits.hpp"

namespace syncline {

std::optional<store::Accept> HubEvents::made(std::string_view type, std::string subject,
                                             Json attributes, const Event* cause) const {
    bool of_our_own = cause && cause->source == hub_source_name;
    std::uint32_t hops = cause ? cause->hops + 1 : 0;
    if (of_our_own || hops > limits::hops_max) return std::nullopt;
    auto event = std::make_shared<Event>();
    std::int64_t now = clock_.wall_ms();
    event->id = make_uuid7(now, random_);
    event->source = hub_source_name;
    event->type = std::string("syncline.").append(type);
    event->subject = std::move(subject);
    event->time_ms = now;
    event->received_ms = now;
    Json data = Json::object();
    data.set("type", event->type);
    for (const auto& [name, value] : attributes.members()) data.set(name, value);
    event->payload = data.dump();
    event->attributes = std::move(attributes);
    event->hops = hops;
    store::Accept accept;   // without a key: each happening is one of its own
    accept.deliveries = router_.route(*event);
    accept.event = std::move(event);
    return accept;
}

std::optional<store::Accept> HubEvents::dead(const Delivery& delivery, const Event& cause,
                                             const std::string& reason) const {
    Json attributes = Json::object();
    attributes.set("delivery", delivery.id);
    attributes.set("rule", delivery.rule);
    attributes.set("destination", delivery.destination);
    attributes.set("action", delivery.action);
    attributes.set("attempts", delivery.attempts);
    attributes.set("reason", reason);
    Json event = Json::object();
    event.set("id", cause.id);
    event.set("type", cause.type);
    event.set("source", cause.source);
    event.set("subject", cause.subject);
    attributes.set("event", std::move(event));
    return made("delivery.dead", cause.subject, std::move(attributes), &cause);
}

std::optional<store::Accept> HubEvents::held(const std::string& destination,
                                             const std::string& reason,
                                             const Event* cause) const {
    Json attributes = Json::object();
    attributes.set("destination", destination);
    attributes.set("reason", reason);
    attributes.set("by", cause ? "answer" : "hand");
    return made("destination.held", destination, std::move(attributes), cause);
}

std::optional<store::Accept> HubEvents::recovered(const std::string& destination,
                                                  const Event* cause) const {
    Json attributes = Json::object();
    attributes.set("destination", destination);
    attributes.set("by", cause ? "answer" : "hand");
    return made("destination.recovered", destination, std::move(attributes), cause);
}

}  // namespace syncline
