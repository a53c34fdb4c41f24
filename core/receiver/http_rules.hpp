// What makes bytes one HTTP/1.1 request that no two parsers read differently, and how an answer's
// head is written. Pure functions over text and plain data: no socket, no Beast, no clock. Any
// thread.
//
// Beast's parser checks the grammar; these rules refuse what it lets through (RFC 9112 §6.3 and
// §11.2: request smuggling).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/http.hpp"

namespace syncline {

enum class HeadState { incomplete, complete, bad };

/// Looks at a head while it arrives, each byte once. Bad as soon as a byte shows it: NUL, a line
/// that does not end in CR LF, a folded line.
class HeadScanner {
public:
    /// `bytes`: all that has arrived since the request's first byte.
    HeadState scan(std::string_view bytes);
    /// When complete: the size with the empty line.
    std::size_t head_bytes() const { return scanned_; }
    /// When bad: one phrase for the answer.
    const char* reason() const { return reason_; }

private:
    std::size_t scanned_ = 0;
    const char* reason_ = "";
};

/// Why a request is not served; the connection is closed after the answer.
struct HeadRefusal {
    unsigned status;
    const char* reason;
};

/// What the head says of the bytes that follow it.
struct HeadFacts {
    bool chunked = false;
    std::optional<std::uint64_t> length;
    bool keep_alive = false;
    bool expects_continue = false;
    HeadFacts() = default;
    bool has_body() const { return chunked || length.value_or(0) > 0; }
};

/// Checks a head whose grammar is right. `version` is 10 or 11.
std::optional<HeadRefusal> check_head(const HttpRequest& head, unsigned version, HeadFacts& facts);
/// After the handler admitted it: 411 and 413, before a byte of the body is read.
std::optional<HeadRefusal> check_body_size(const HttpRequest& head, const HeadFacts& facts,
                                           std::size_t body_bytes_max);

/// {"error": reason} as JSON, closing the connection.
HttpResponse refusal_response(const HeadRefusal& refusal);

/// What an answer's head needs beside the answer.
struct AnswerFrame {
    std::string_view server_name;
    std::string_view date;          // IMF-fixdate
    bool keep_alive = true;
    bool http10 = false;
};

/// Status line, headers and the empty line. The framing headers are written here alone: a handler's
/// own Content-Length, Transfer-Encoding and Connection are left out. Control bytes in values
/// become spaces, so that no value can begin a new line.
std::string answer_head(const HttpResponse& response, const AnswerFrame& frame);
/// False where an answer has no body by definition (204, 304).
bool answer_has_body(const HttpResponse& response);

}  // namespace syncline
