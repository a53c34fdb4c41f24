// What a pattern says to an event, decided the plain way: straight from the definition of the
// language (rules/README.md), over the written pattern and the event as JSON, sharing no code with
// the engine. Slow, small, and without any check of the pattern: the engine must agree with it.
#pragma once

#include <cstdint>

#include "core/sdk/json.hpp"

namespace syncline::naive {

/// `pattern` as it is written: in EventBridge's form or with the short forms.
bool matches(const Json& pattern, const Json& event, std::int64_t now_ms);

}  // namespace syncline::naive
