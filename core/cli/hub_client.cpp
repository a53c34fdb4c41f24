#include "core/cli/hub_client.hpp"

#include "core/base/text.hpp"

namespace syncline::cli {
namespace {

/// An order waits for the store's thread: 10,000 rows are far below this.
constexpr std::int64_t call_timeout_ms = 60'000;

std::string base_url(const config::AdminConfig& admin) {
    std::string host = admin.listen.host;
    if (host.empty() || host == "0.0.0.0" || host == "::" || host == "*") host = "127.0.0.1";
    if (host.find(':') != std::string::npos) host = "[" + host + "]";
    return "http://" + host + ":" + std::to_string(admin.listen.port);
}

}  // namespace

Result<Json> HubClient::call(const char* method, const std::string& path, std::string body) {
    if (!admin_.enabled || admin_.listen.port == 0)
        return Error(ErrorCode::unavailable, "the admin port is off");
    HttpRequest request;
    request.method = method;
    request.target = base_url(admin_) + path;
    request.headers.add("Authorization", "Bearer " + admin_.token);
    if (!body.empty()) request.headers.add("Content-Type", "application/json");
    request.body = std::move(body);
    auto answer = caller_.call(request, call_timeout_ms);
    if (!answer) return answer.error();
    if (answer->status == 401)
        return Error(ErrorCode::unauthorized, "the hub at " + request.target +
                                                  " refuses the admin token: is admin.token set "
                                                  "here as it is for the hub?");
    auto json = Json::parse(answer->body);
    if (answer->status == 200 && json && json->is_object()) return std::move(*json);
    return Error(ErrorCode::internal,
                 "the hub answers " + std::to_string(answer->status) + ": " +
                     printable(json ? (*json)["error"].as_string() : answer->body));
}

}  // namespace syncline::cli
