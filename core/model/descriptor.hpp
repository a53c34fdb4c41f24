// What a connector says of itself, parsed from the JSON of syncline_plugin.describe. Plain data:
// the configuration is checked against it without loading or calling anything.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/sdk/json.hpp"

namespace syncline {

struct ActionDescriptor {
    std::string summary;
    Json input;                  // JSON Schema of `with`
    bool idempotent = false;     // repeating it has no second effect
    bool coalesces = false;      // it writes the current state: the newest of several suffices
    std::uint32_t batch_max = 1;
    ActionDescriptor() = default;
};

struct ConnectorDescriptor {
    std::string name;
    std::string version;
    std::string summary;
    bool is_source = false;
    bool is_destination = false;
    Json settings;               // JSON Schema; properties with "secret": true are secrets
    std::map<std::string, ActionDescriptor> actions;
    std::vector<std::string> documents;                       // that fetch can read
    /// Of a source's bodies; "+json": any with that suffix; empty: any.
    std::vector<std::string> content_types;
    std::vector<std::string> events;   // types it knows to exist; others are opaque
    std::map<std::string, std::vector<std::string>> derives;  // derived type → from which types
    /// Event type, with * for any run ("record.*") → attributes that such events may have
    /// ("object", "actor.type"); a type's are those of all that fit. Empty: not known.
    std::map<std::string, std::vector<std::string>> attributes;
    std::string rate;            // default, "100/10s"; empty: none
    std::uint32_t concurrency = 0;  // default; 0: the hub's
    bool blocking = false;

    ConnectorDescriptor() = default;
    /// Errors name the member that is wrong.
    static Result<ConnectorDescriptor> from_json(const Json& json);
};

/// Finds descriptors by connector name. Implemented by the host over loaded plugins.
class ConnectorCatalog {
public:
    virtual ~ConnectorCatalog() = default;
    virtual const ConnectorDescriptor* find(std::string_view connector) const = 0;
    virtual std::vector<std::string> names() const = 0;
};

}  // namespace syncline
