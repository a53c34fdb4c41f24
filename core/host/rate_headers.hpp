// What an answer says of the sender's limit, in the spellings that APIs use: how many more calls are
// taken, and until when. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/http.hpp"
#include "core/model/delivery.hpp"

namespace syncline::host {

/// RateLimit-* and X-RateLimit-* (also X-Rate-Limit-*, Linear's -Requests- and HubSpot's fields), and
/// RateLimit in both drafts of the IETF. The tightest where there are several; nothing when an answer
/// does not say both numbers in a form that can be read, or when the moment has passed.
std::optional<RateLimit> rate_limit_of(const HttpHeaders& headers, std::int64_t now_wall_ms);

}  // namespace syncline::host
