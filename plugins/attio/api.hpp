// Requests to Attio's REST API and what its answers mean. Pure: builds and reads messages.
#pragma once

#include <optional>
#include <string>

#include "core/sdk/connector.hpp"

namespace syncline::connector_attio {

class Api {
public:
    Api(std::string key, std::string_view url) : key_(std::move(key)), url_(sdk::base_url(url)) {}
    bool has_key() const { return !key_.empty(); }
    sdk::Request get(const std::string& path) const;
    sdk::Request patch(const std::string& path, const Json& data) const;

private:
    std::string key_;
    std::string url_;
};

/// The outcome of an answer that is not what was wanted, or nothing when it is 2xx with `data`.
/// 404 merge_in_progress, 409 and a garbled 2xx are tried again; other 404 and 4xx are final.
std::optional<sdk::Outcome> failure_of(const sdk::Response& response, const std::string& doing);

/// Which document of an event to read, from its attributes.
struct Wanted {
    std::string path;    // below the API's URL; empty when the event names none
    std::string name;    // "record", for notes
    std::string parent;  // the object's or list's slug when known, else its id
};
Wanted wanted_document(const std::string& document, const sdk::Event& event);

}  // namespace syncline::connector_attio
