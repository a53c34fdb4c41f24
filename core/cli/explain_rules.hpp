// Why rules match an event or not, as JSON: one form for --json and for the text that people read.
// Pure: reads and fetches nothing; a fetched document stands as a placeholder where it is used.
#pragma once

#include "core/config/config.hpp"
#include "core/model/descriptor.hpp"
#include "core/model/event.hpp"
#include "core/sdk/json.hpp"

namespace syncline::cli {

/// {"event": {…}, "matched": n, "derives": [type], "rules": [
///    {"rule", "matches": true, "if": "holds" | "not decided", "reads": [{"name", "document"}],
///     "sends": [{"to", "do", "lane", "with" | "undecided" | "error"}]}
///  | {"rule", "matches": false, "failed": {"test", "path", "expected", "found"}}]}
/// `connector` is the source's, or nullptr.
Json explain_rules(const config::HubConfig& config, const Event& event,
                   const ConnectorDescriptor* connector);

/// {"record": {"values": {"name": "⟨record.values.name⟩"}}} for the paths that read fetched
/// documents: what a template shows where nothing was fetched.
Json unread_documents(const std::vector<std::string>& paths,
                      const std::vector<config::FetchConfig>& fetched);

}  // namespace syncline::cli
