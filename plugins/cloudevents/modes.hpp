// CloudEvents 1.0 over HTTP: the three content modes as events. Pure.
// Facts: cloudevents/spec, "HTTP protocol binding" and "JSON event format", 1.0.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/sdk/connector.hpp"

namespace syncline::connector_cloudevents {

/// The events of a request in any mode. Throws sdk::Refused with what was found and where.
std::vector<sdk::ParsedEvent> parse_request(const sdk::InboundRequest& request);

/// The value of a `ce-` header: quotes undone, then percent-decoded once. Nothing when an escape is
/// broken or the result is no UTF-8.
std::optional<std::string> decode_header(std::string_view value);

}  // namespace syncline::connector_cloudevents
