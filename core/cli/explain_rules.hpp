// Why rules match an event or not, as JSON: one form for --json and for the text that people read.
// Pure: reads and fetches nothing; a fetched document stands as a placeholder where it is used.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/config/config.hpp"
#include "core/model/descriptor.hpp"
#include "core/model/event.hpp"
#include "core/sdk/json.hpp"

namespace syncline::cli {

/// The first test of a rule that fails, and how near the rule came.
struct Miss {
    std::string test;            // "on", "from", "where", "if"
    rules::Mismatch mismatch;
    int stage() const;           // 0 to 3, in the order of the tests
    Json json() const;
    /// `where: object is "people" — found "deals" (1 of 2 tests hold)`; nothing is made printable.
    std::string text() const;
};

/// What stands against a rule's sends; nothing when all its tests hold. `view` is the event's;
/// `scope` is that and the documents that were read: without it `if` is not looked at.
std::optional<Miss> miss_of(const config::RuleConfig& rule, const rules::RuleView& entry,
                            const Event& event, const Json& view, const Json* scope);

/// {"event": {…}, "matched": n, "derives": [type], "rules": [
///    {"rule", "matches": true, "if": "holds" | "not decided", "reads": [{"name", "document"}],
///     "sends": [{"to", "do", "lane", "with" | "undecided" | "error"}]}
///  | {"rule", "matches": false, "failed": {"test", "path", "expected", "found", "held", "tests"}}],
///  "nearest": [rule]}
/// `nearest` names all that do not match, the one that got farthest first: on, from, where by the
/// tests that hold, if. `connector` is the source's, or nullptr. `only` names one rule; empty: all.
Json explain_rules(const config::HubConfig& config, const Event& event,
                   const ConnectorDescriptor* connector, const std::string& only = std::string());

/// {"record": {"values": {"name": "⟨record.values.name⟩"}}} for the paths that read fetched
/// documents: what a template shows where nothing was fetched.
Json unread_documents(const std::vector<std::string>& paths,
                      const std::vector<config::FetchConfig>& fetched);

}  // namespace syncline::cli
