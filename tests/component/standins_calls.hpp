// Calls a stand-in's handler directly, as its server would: for tests of the stand-ins themselves.
#pragma once

#include <optional>
#include <string>

#include "core/base/clock.hpp"
#include "tests/standins/standin.hpp"

namespace syncline::standins {

inline HttpRequest request_of(std::string method, std::string target, std::string body,
                              std::initializer_list<std::pair<std::string, std::string>> headers) {
    HttpRequest request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.body = std::move(body);
    for (const auto& [name, value] : headers) request.headers.add(name, value);
    return request;
}

/// The answer; a status of 0 when it was held.
inline HttpResponse call(Standin& standin, HttpRequest request) {
    HttpResponse answer(0, "");
    standin.handle(std::move(request),
                   [&](HttpResponse response) { answer = std::move(response); });
    return answer;
}

inline Json json_of(const HttpResponse& response) {
    return Json::parse(response.body).value_or(Json());
}

}  // namespace syncline::standins
