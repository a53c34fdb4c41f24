// See http_check.hpp.
#include "core/host/http_check.hpp"

#include <algorithm>
#include <array>

#include "core/base/limits.hpp"
#include "core/base/text.hpp"

namespace syncline::host {
namespace {

constexpr std::array<std::string_view, 10> framing_headers = {
    "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Upgrade",
    "Expect",         "TE",                "Trailer",    "Host",       "Proxy-Connection"};

constexpr std::string_view invalid_prefix = "invalid request: ";

/// RFC 9110 §5.6.2.
bool is_token(std::string_view text) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    auto allowed = [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               marks.find(c) != std::string_view::npos;
    };
    return !text.empty() && std::all_of(text.begin(), text.end(), allowed);
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    return out.append(printable(text, 100)).append("\"");
}

/// A byte that could end a line, a string or a word.
bool has_control(std::string_view text, bool tab_allowed) {
    return std::any_of(text.begin(), text.end(), [&](char c) {
        auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && !(tab_allowed && c == '\t')) || byte == 0x7F;
    });
}

std::string url_fault(std::string_view url) {
    if (url.size() > url_bytes_max)
        return "the URL is longer than " + std::to_string(url_bytes_max) + " bytes";
    if (has_control(url, false) || url.find(' ') != std::string_view::npos)
        return "the URL holds a space or a control character";
    if (!starts_with_ignore_case(url, "http://") && !starts_with_ignore_case(url, "https://"))
        return "the URL must begin with http:// or https://";
    return {};
}

std::string headers_fault(const HttpHeaders& headers) {
    if (headers.fields().size() > limits::header_count_max)
        return "more than " + std::to_string(limits::header_count_max) + " headers";
    std::size_t bytes = 0;
    for (const auto& [name, value] : headers.fields()) {
        if (!is_token(name)) return quoted(name) + " is no header name";
        if (has_control(value, true))
            return "the value of header " + name + " holds a control character";
        for (auto framing : framing_headers)
            if (equals_ignore_case(name, framing))
                return "the header " + name + " is the host's to set";
        bytes += name.size() + value.size();
    }
    if (bytes > request_header_bytes_max)
        return "the headers are larger than " + std::to_string(request_header_bytes_max) + " bytes";
    return {};
}

/// "a=1&b=2" → "a=***&b=***"; a part without "=" is a value too.
std::string hidden_query(std::string_view query) {
    std::string out;
    for (const auto& part : split(query, '&')) {
        if (!out.empty()) out += "&";
        auto equals = part.find('=');
        out += equals == std::string::npos ? "***" : part.substr(0, equals) + "=***";
    }
    return out;
}

}  // namespace

std::string request_fault(const HttpRequest& request) {
    if (!is_token(request.method) || request.method.size() > 20)
        return quoted(request.method) + " is no HTTP method";
    if (request.method == "CONNECT" || request.method == "TRACE")
        return request.method + " is not sent";
    if (auto why = url_fault(request.target); !why.empty()) return why;
    if (auto why = headers_fault(request.headers); !why.empty()) return why;
    if (request.body.size() > limits::request_bytes_max)
        return "the body of " + std::to_string(request.body.size()) +
               " bytes is over the limit of " + std::to_string(limits::request_bytes_max);
    return {};
}

HttpResult invalid_request(const std::string& why) {
    HttpResult result;
    result.error = "network";
    result.message = std::string(invalid_prefix) + why;
    result.sent = false;
    return result;
}

bool is_invalid_request(const HttpResult& result) {
    return result.error == "network" && result.message.rfind(invalid_prefix, 0) == 0;
}

std::string shown_url(std::string_view url) {
    url = url.substr(0, url.find('#'));
    auto question = url.find('?');
    std::string_view front = url.substr(0, question);
    std::string out;
    if (auto scheme = front.find("://"); scheme != std::string_view::npos) {
        out = front.substr(0, scheme + 3);
        front = front.substr(scheme + 3);
    }
    // User info ends at the last @ before the path.
    auto authority = front.substr(0, front.find('/'));
    if (auto at = authority.rfind('@'); at != std::string_view::npos) front = front.substr(at + 1);
    out += front;
    if (question == std::string_view::npos) return out;
    return out.append("?").append(hidden_query(url.substr(question + 1)));
}

bool is_safe_method(std::string_view method) {
    return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

bool is_repeatable(const HttpRequest& request) {
    return is_safe_method(request.method) || request.method == "PUT" ||
           request.method == "DELETE" || request.headers.find("Idempotency-Key") != nullptr;
}

}  // namespace syncline::host
