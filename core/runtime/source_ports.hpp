// Configured sources as the front door sees them: their connector's signatures and parse, wrapped as
// values and functions.
#pragma once

#include <memory>
#include <vector>

#include "core/config/config.hpp"
#include "core/host/connector.hpp"
#include "core/receiver/receiver.hpp"

namespace syncline {

/// One port a source. Each holds an instance of its own, used on the server's thread alone.
Result<std::vector<SourcePort>> make_source_ports(const config::HubConfig& config,
                                                  const host::PluginSet& plugins);

/// The schemes that a connector's instance declares, resolved against the host's table.
Result<std::vector<SchemeChoice>> scheme_choices(host::Instance& instance);

/// Splits a request by the instance's parse. invalid_argument: the sender's fault.
Result<std::vector<ReceivedEvent>> parse_request(host::Instance& instance,
                                                 const HttpRequest& request, std::int64_t now_ms);

}  // namespace syncline
