// The configuration while it is read, shared by the parts of the loader. Internal to this room.
// Things with errors are kept in it, so that what refers to them is not reported too; a draft with
// errors is thrown away in the end. One thread.
#pragma once

#include "core/config/reader.hpp"

namespace syncline::config {

/// The hub's own events come from a source of this name.
inline constexpr std::string_view hub_source = "syncline";
/// A configured name is a path segment and a word in filters.
inline constexpr std::size_t name_bytes_max = 64;

struct Draft {
    explicit Draft(Reader& reader_in) : reader(reader_in) {}

    Reader& reader;
    HubConfig config;
    std::vector<rules::RuleEntry> entries;   // same indexes as config.rules

    Report& report() { return reader.report(); }
    const ConnectorDescriptor* descriptor(std::string_view connector) const {
        const auto* known = reader.context().connectors;
        return known ? known->find(connector) : nullptr;
    }
};

/// The rate and concurrency that a connector declares for itself.
void apply_defaults(const ConnectorDescriptor& descriptor, DestinationConfig& destination);
void load_sources(const Node* node, Draft& draft);
void load_destinations(const Node* node, Draft& draft);
/// After sources and destinations. Adds the destinations that are sources.
void load_rules(const Node* node, Draft& draft);
/// `send`: one or a list.
void load_sends(const Node& node, RuleConfig& rule, Draft& draft);

std::vector<std::string> source_names(const Draft& draft);

}  // namespace syncline::config
