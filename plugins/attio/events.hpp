// Deliveries of Attio as events with the same attributes in both dialects. Pure.
//
// `attio-v2` (the vendor's): {"webhook_id", "events": [{"event_type", "id": {…_id}, "actor", …}]},
// ids only, the message's identity in the header Idempotency-Key. `timestamped`: one bare event
// with api_slugs and its identity in id.event_id. The shape of the body does not follow from the
// signature: both accept an envelope and a bare event.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/sdk/connector.hpp"

namespace syncline::connector_attio {

/// The configured names of UUIDs: {"deals": "cccc…"} or {"deals": ["cccc…", …]}.
class SlugMap {
public:
    SlugMap() = default;
    /// Throws sdk::Refused naming `setting` when an entry is no UUID.
    SlugMap(const Json& setting_value, const std::string& setting);
    const std::string& slug_of(const std::string& id) const;
    const std::string& id_of(const std::string& slug) const;

private:
    std::map<std::string, std::string> slugs_;  // by id
    std::map<std::string, std::string> ids_;    // by slug
};

struct Catalog {
    SlugMap objects;
    SlugMap lists;
    SlugMap attributes;
};

bool is_uuid(std::string_view text);

/// The events of a body in the order they stand; empty for an empty envelope. Throws sdk::Refused
/// with what was found and where. `dialect` is the attribute's value.
std::vector<sdk::ParsedEvent> parse_delivery(const sdk::InboundRequest& request,
                                             const Catalog& catalog, const std::string& dialect);

}  // namespace syncline::connector_attio
