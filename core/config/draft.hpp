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
    /// Rules that stand alone: sources, destinations and documents are taken as they are named.
    bool names_are_open = false;

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

// --- Warnings (rule_warnings.cpp) -----------------------------------------------------------------

/// Of a rule without errors: that it can never match, that it tests what is not there.
void warn_of_rule(const Node& node, const RuleConfig& rule, const rules::RuleEntry& entry,
                  Draft& draft);
/// That `name`, used at `place`, is a document which some source has and the rule does not fetch.
void warn_of_unread(const Node& at, const Place& place, const std::string& name,
                    const RuleConfig& rule, Draft& draft);
/// Of rules that do the same on the same events.
void warn_of_duplicates(const std::vector<const Node*>& rules, Draft& draft);

}  // namespace syncline::config
