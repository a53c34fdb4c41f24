// A database's schema as far as a write needs it, and plain values as Notion's property values.
// Pure. Facts: the property shapes of Notion's own client, August 2026.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/sdk/json.hpp"

namespace syncline::connector_notion {

/// Where rows are queried and created, and what properties they have.
struct Schema {
    std::string query_path;          // "/v1/databases/<id>/query"
    Json parent = Json::object();    // of a new page
    Json properties = Json::object();
    std::string title_property;
    std::int64_t read_ms = 0;
    const std::string& type_of(const std::string& property) const {
        return properties[property]["type"].as_string();
    }
};

/// {"type": value} for a plain value of a property of that type; an object is taken as Notion's own
/// form. Nothing, and `*fault` filled, when it cannot be.
std::optional<Json> property_value(const std::string& type, const Json& value, std::string* fault);

/// The filter that finds the row whose `property` is `key`; nothing when its type is not text-like.
std::optional<Json> key_filter(const Schema& schema, const std::string& property,
                               const std::string& key);

}  // namespace syncline::connector_notion
