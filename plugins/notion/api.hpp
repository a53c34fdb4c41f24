// Requests to Notion's API and what its answers mean. Pure.
#pragma once

#include <optional>
#include <string>

#include "core/sdk/connector.hpp"
#include "plugins/notion/properties.hpp"

namespace syncline::connector_notion {

class Api {
public:
    Api(std::string token, std::string_view url, std::string version)
        : token_(std::move(token)), url_(sdk::base_url(url)), version_(std::move(version)) {}
    /// From 2025-09-03 on a database holds data sources, and rows belong to one of them.
    bool has_data_sources() const { return version_ != "2022-06-28"; }
    sdk::Request get(const std::string& path) const { return request("GET", path); }
    sdk::Request remove(const std::string& path) const { return request("DELETE", path); }
    sdk::Request post(const std::string& path, const Json& body) const {
        return request("POST", path).json(body);
    }
    sdk::Request patch(const std::string& path, const Json& body) const {
        return request("PATCH", path).json(body);
    }

private:
    sdk::Request request(const char* method, const std::string& path) const {
        return sdk::Request(method, url_ + path)
            .bearer(token_)
            .header("Notion-Version", version_)
            .header("Accept", "application/json");
    }
    std::string token_;
    std::string url_;
    std::string version_;
};

/// The outcome of an answer that is no 2xx JSON object; nothing when it is one. 409, 429, 5xx and
/// 529 are tried again: what the write may have done is looked up first.
std::optional<sdk::Outcome> failure_of(const sdk::Response& response, const std::string& doing);

/// 429 and 529: nothing was done, whatever the method.
bool is_throttled(const sdk::Response& response);
/// The flag has had two names.
bool is_trashed(const Json& page);
/// The row to keep of several with one key: the oldest that is not in the trash; null when none.
Json oldest_page(const Json& results);
/// The name of the property of type title; empty when there is none.
std::string title_property_of(const Json& properties);
/// SHA-256 of a text, as hex.
std::string fingerprint(std::string_view text);
/// A UUID with or without dashes: what may stand in a path.
bool is_id(std::string_view text);

}  // namespace syncline::connector_notion
