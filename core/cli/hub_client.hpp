// Calls of the running hub's admin API by commands that order something. One thread.
#pragma once

#include <string>

#include "core/base/result.hpp"
#include "core/cli/http_call.hpp"
#include "core/config/config.hpp"
#include "core/sdk/json.hpp"

namespace syncline::cli {

class HubClient {
public:
    /// `admin` must outlive this.
    explicit HubClient(const config::AdminConfig& admin) : admin_(admin) {}

    /// The JSON of a 200. unavailable: no hub listens there, or its admin port is off; any other
    /// answer is an error in the hub's words.
    Result<Json> get(const std::string& path) { return call("GET", path, std::string()); }
    Result<Json> post(const std::string& path, const Json& body) {
        return call("POST", path, body.dump());
    }

private:
    Result<Json> call(const char* method, const std::string& path, std::string body);

    const config::AdminConfig& admin_;
    HttpCaller caller_;
};

}  // namespace syncline::cli
