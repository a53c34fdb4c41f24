// The JSON messages of the connector ABI as C++ values: writing what a job gets, reading what it
// asks and how it ended. Pure. Private to this room: others see connector.hpp.
//
// What a plugin wrote is checked here once; the code behind it may rely on: known kinds of asks,
// one outcome for each delivery, bounded counts, ids within limits.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "core/host/connector.hpp"

namespace syncline::host {

/// Links that one outcome may set or forget. A connector links a handful of things; the bound only
/// keeps a faulty one from filling the store in one transaction.
inline constexpr std::size_t links_per_outcome_max = 1000;

/// For logs and errors: which configured thing, of which connector.
struct PluginWords {
    std::string connector;
    std::string configured;
    std::string text() const { return "connector " + connector + " (" + configured + ")"; }
};

/// Parses one message of a plugin. Deeper than a document from outside may be, because a payload of
/// 64 levels travels inside an envelope.
Result<Json> parse_plugin_json(std::string_view text);

/// The `job` of syncline_plugin.begin.
Json job_message(const JobRequest& request);

/// What begin or step wrote. Errors (code `plugin`) say which member is wrong. An unknown outcome
/// becomes retry and is logged as the plugin's fault.
Result<Step> read_step(const Json& message, std::size_t deliveries,
                       const std::string& destination, const PluginWords& words);

/// The sentence in {"error": text}, or the text itself when it is no such object.
std::string plugin_error_text(std::string_view output);

}  // namespace syncline::host
