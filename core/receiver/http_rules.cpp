// The refusals are in the order in which a request is read: bytes, line, fields, framing.
#include "core/receiver/http_rules.hpp"

#include <algorithm>

#include "core/base/limits.hpp"
#include "core/sdk/json.hpp"

namespace syncline {
namespace {

// 18 digits: below 10^18, so that no sum of it with another size can overflow 64 bits.
constexpr std::size_t content_length_digits_max = 18;

bool is_control(unsigned char c) {
    return c < 0x20 || c == 0x7F;
}

bool is_hex_digit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// Percent-escapes must be whole and must not hide a control byte; all other bytes are visible
/// ASCII.
bool target_bytes_are_good(std::string_view target) {
    for (std::size_t i = 0; i < target.size(); ++i) {
        unsigned char c = static_cast<unsigned char>(target[i]);
        if (c <= 0x20 || c >= 0x7F || c == '#' || c == '\\') return false;
        if (c != '%') continue;
        if (i + 2 >= target.size()) return false;
        char high = target[i + 1];
        char low = target[i + 2];
        if (!is_hex_digit(high) || !is_hex_digit(low)) return false;
        bool control = high == '0' || high == '1' ||
                       (high == '7' && (low == 'f' || low == 'F'));
        if (control) return false;
        i += 2;
    }
    return true;
}

std::optional<HeadRefusal> check_target(const HttpRequest& head) {
    if (head.target.empty() || head.target.front() != '/')
        return HeadRefusal{400, "the request target must be a path"};
    if (!target_bytes_are_good(head.target))
        return HeadRefusal{400, "the request target has forbidden bytes"};
    return std::nullopt;
}

std::optional<HeadRefusal> check_host(const HttpRequest& head, unsigned version) {
    auto hosts = head.headers.count("Host");
    if (hosts > 1) return HeadRefusal{400, "more than one Host header"};
    if (hosts == 0) {
        if (version >= 11) return HeadRefusal{400, "no Host header"};
        return std::nullopt;
    }
    if (head.headers.find("Host")->find_first_of(" \t,/@?#\\") != std::string::npos)
        return HeadRefusal{400, "the Host header is malformed"};
    return std::nullopt;
}

/// Exactly one way to find the end of the body.
std::optional<HeadRefusal> check_framing(const HttpRequest& head, unsigned version,
                                         HeadFacts& facts) {
    auto codings = head.headers.count("Transfer-Encoding");
    auto lengths = head.headers.count("Content-Length");
    if (codings > 0) {
        if (lengths > 0) return HeadRefusal{400, "both Content-Length and Transfer-Encoding"};
        if (version < 11) return HeadRefusal{400, "Transfer-Encoding in HTTP/1.0"};
        if (codings > 1 || !equals_ignore_case(*head.headers.find("Transfer-Encoding"), "chunked"))
            return HeadRefusal{400, "Transfer-Encoding must be chunked and nothing else"};
        facts.chunked = true;
    }
    if (lengths > 1) return HeadRefusal{400, "more than one Content-Length"};
    if (lengths == 1) {
        const auto& text = *head.headers.find("Content-Length");
        if (text.size() > content_length_digits_max || !(facts.length = parse_decimal(text)))
            return HeadRefusal{400, "Content-Length must be one decimal number"};
    }
    return std::nullopt;
}

bool has_token(const HttpHeaders& headers, std::string_view name, std::string_view token) {
    for (const auto& [key, value] : headers.fields()) {
        if (!equals_ignore_case(key, name)) continue;
        for (const auto& item : split(value, ','))
            if (equals_ignore_case(trim(item), token)) return true;
    }
    return false;
}

bool method_needs_length(std::string_view method) {
    return method == "POST" || method == "PUT" || method == "PATCH";
}

/// RFC 9110 §15; a reason phrase is for people, so the rare ones share one.
std::string_view reason_phrase(unsigned status) {
    static constexpr std::pair<unsigned, std::string_view> phrases[] = {
        {200, "OK"}, {201, "Created"}, {202, "Accepted"}, {204, "No Content"}, {303, "See Other"},
        {304, "Not Modified"}, {400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"},
        {404, "Not Found"}, {405, "Method Not Allowed"}, {408, "Request Timeout"},
        {409, "Conflict"}, {410, "Gone"}, {411, "Length Required"}, {413, "Content Too Large"},
        {415, "Unsupported Media Type"}, {417, "Expectation Failed"},
        {422, "Unprocessable Content"}, {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"}, {500, "Internal Server Error"},
        {502, "Bad Gateway"}, {503, "Service Unavailable"}, {504, "Gateway Timeout"}};
    for (const auto& [known, phrase] : phrases)
        if (known == status) return phrase;
    return "Status";
}

void add_field(std::string& out, std::string_view name, std::string_view value) {
    for (char c : name) out.push_back(is_control(static_cast<unsigned char>(c)) ? '-' : c);
    out.append(": ");
    for (char c : value) out.push_back(is_control(static_cast<unsigned char>(c)) ? ' ' : c);
    out.append("\r\n");
}

bool is_framing_header(std::string_view name) {
    return equals_ignore_case(name, "Content-Length") || equals_ignore_case(name, "Connection") ||
           equals_ignore_case(name, "Transfer-Encoding");
}

}  // namespace

HeadState HeadScanner::scan(std::string_view bytes) {
    for (; scanned_ < bytes.size(); ++scanned_) {
        char c = bytes[scanned_];
        char before = scanned_ > 0 ? bytes[scanned_ - 1] : '\0';
        if (c == '\0') {
            reason_ = "a NUL byte in the head";
        } else if ((c == '\n') != (before == '\r')) {
            reason_ = "lines must end in CR LF";
        } else if (before == '\n' && (c == ' ' || c == '\t')) {
            reason_ = "a folded header line";
        } else if (c == '\n' && bytes.substr(0, scanned_ + 1).ends_with("\r\n\r\n")) {
            ++scanned_;
            return HeadState::complete;
        } else {
            continue;
        }
        return HeadState::bad;
    }
    return HeadState::incomplete;
}

std::optional<HeadRefusal> check_head(const HttpRequest& head, unsigned version,
                                      HeadFacts& facts) {
    if (head.headers.fields().size() > limits::header_count_max)
        return HeadRefusal{431, "too many headers"};
    if (auto refusal = check_target(head)) return refusal;
    if (auto refusal = check_host(head, version)) return refusal;
    if (auto refusal = check_framing(head, version, facts)) return refusal;
    facts.keep_alive = version >= 11 ? !has_token(head.headers, "Connection", "close")
                                     : has_token(head.headers, "Connection", "keep-alive");
    if (const auto* expect = head.headers.find("Expect")) {
        if (head.headers.count("Expect") > 1 || !equals_ignore_case(*expect, "100-continue"))
            return HeadRefusal{417, "an expectation other than 100-continue"};
        facts.expects_continue = version >= 11 && facts.has_body();
    }
    return std::nullopt;
}

std::optional<HeadRefusal> check_body_size(const HttpRequest& head, const HeadFacts& facts,
                                           std::size_t body_bytes_max) {
    if (!facts.chunked && !facts.length && method_needs_length(head.method))
        return HeadRefusal{411, "Content-Length required"};
    if (facts.length.value_or(0) > body_bytes_max)
        return HeadRefusal{413, "the body is too large"};
    return std::nullopt;
}

HttpResponse refusal_response(const HeadRefusal& refusal) {
    std::string body = "{\"error\":";
    json_quote_to(body, refusal.reason);
    auto response = HttpResponse::json(refusal.status, body + "}");
    response.close = true;
    return response;
}

bool answer_has_body(const HttpResponse& response) {
    return response.status != 204 && response.status != 304;
}

std::string answer_head(const HttpResponse& response, const AnswerFrame& frame) {
    std::string out = "HTTP/1.1 " + std::to_string(response.status) + " ";
    out.append(reason_phrase(response.status)).append("\r\n");
    add_field(out, "Server", frame.server_name);
    add_field(out, "Date", frame.date);
    for (const auto& [name, value] : response.headers.fields())
        if (!is_framing_header(name)) add_field(out, name, value);
    if (answer_has_body(response))
        add_field(out, "Content-Length", std::to_string(response.body.size()));
    if (!frame.keep_alive) add_field(out, "Connection", "close");
    else if (frame.http10) add_field(out, "Connection", "keep-alive");
    return out.append("\r\n");
}

}  // namespace syncline
