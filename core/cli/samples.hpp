// Sample bodies for `syncline send`: made up, of the shape that a sender's documentation gives.
// Attio's event kinds in both dialects, a CloudEvent, and plain JSON for anything else. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/base/http.hpp"
#include "core/base/result.hpp"
#include "core/sdk/json.hpp"

namespace syncline::cli {

struct SampleOrder {
    std::string connector;
    std::string dialect;                        // of Attio: "attio-v2" or "timestamped"
    std::string type;                           // "record.created"
    std::map<std::string, std::string> ids;     // what --record, --object … gave
    Json settings = Json::object();             // the source's: slugs and their ids
    std::string event_id;                       // unique for each copy
    std::int64_t now_ms = 0;
    std::uint32_t number = 1;                   // of the copy; stands for {n} in ids
    SampleOrder() = default;
};

struct Sample {
    std::string body;
    std::string content_type = "application/json";
    std::string note;                           // what differs from what was asked; may be empty
    Sample() = default;
};

/// invalid_argument: there is no sample of that type, or an id is missing; the error says which.
Result<Sample> make_sample(const SampleOrder& order);

}  // namespace syncline::cli
