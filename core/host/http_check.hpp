// Which requests the host refuses to send, whatever the transport: malformed or over a limit. Keeps
// a templated value from adding a header or a second request. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/http.hpp"
#include "core/host/connector.hpp"

namespace syncline::host {

inline constexpr std::size_t url_bytes_max = 16 << 10;             // twice what servers accept
inline constexpr std::size_t request_header_bytes_max = 64 << 10;  // names and values together

/// Why `request` is not sent, in words, or empty. The host, not the connector, frames a message:
/// Content-Length, Transfer-Encoding, Connection and the like are refused.
std::string request_fault(const HttpRequest& request);

/// The answer to such a request: error "network", certainly not sent. The ABI's list of errors has
/// no word of its own for it.
HttpResult invalid_request(const std::string& why);
bool is_invalid_request(const HttpResult& result);

/// `url` for people: without user info and fragment, the values of its query as "***".
std::string shown_url(std::string_view url);

/// True for methods that promise to change nothing (RFC 9110 §9.2.1).
bool is_safe_method(std::string_view method);
/// True when repeating the request has no second effect: by method (RFC 9110 §9.2.2), or because it
/// carries an Idempotency-Key.
bool is_repeatable(const HttpRequest& request);

}  // namespace syncline::host
