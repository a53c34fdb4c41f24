// Bodies of Attio's webhooks, in both dialects, of the shapes that Attio's webhook reference and
// the timestamped dialect's card give. Ids are those of examples/stand-ins.
#pragma once

#include <string>

#include "tests/system/stage.hpp"

namespace syncline::system_test {

inline constexpr const char* kWorkspaceId = "aaaaaaaa-0000-4000-8000-000000000001";
inline constexpr const char* kDealsId = "0b000000-0000-4000-8000-00000000000c";
inline constexpr const char* kPipelineId = "11570000-0000-4000-8000-00000000000d";

/// "dea1", 3 → "dea10000-0000-4000-8000-000000000003".
std::string numbered_id(const std::string& head, unsigned number);

/// The event `type` about things with that number, in the dialect's own words. `key` is the
/// delivery's identity: in the body (timestamped) or beside it (attio-v2).
std::string event_body(Dialect dialect, const std::string& type, unsigned number,
                       const std::string& key);

}  // namespace syncline::system_test
