// What crosses the ABI, as C++ values: requests, answers, events, outcomes, each with its JSON form.
// All types have constructors on purpose (see task.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/sdk/encoding.hpp"
#include "core/sdk/json.hpp"

namespace syncline::sdk {

inline bool same_header(std::string_view a, std::string_view b) {
    auto low = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (low(a[i]) != low(b[i])) return false;
    return true;
}

/// Bytes in a message: as text when they are UTF-8, else base64 under "<name>_base64".
inline void set_bytes(Json& message, const std::string& name, const std::string& bytes) {
    if (json_is_utf8(bytes)) message.set(name, bytes);
    else message.set(name + "_base64", base64_encode(bytes));
}
inline std::string get_bytes(const Json& message, const std::string& name) {
    const Json* text = message.find(name);
    if (text) return text->as_string();
    return base64_decode(message[name + "_base64"].as_string()).value_or(std::string());
}

/// An HTTP request for the host to send: Request("POST", url).header("A", "b").json(body).
class Request {
public:
    Request(std::string method, std::string url)
        : method_(std::move(method)), url_(std::move(url)) {}
    Request header(std::string name, std::string value) && {
        headers_.emplace_back(std::move(name), std::move(value));
        return std::move(*this);
    }
    Request bearer(const std::string& token) && {
        return std::move(*this).header("Authorization", "Bearer " + token);
    }
    Request json(const Json& body) && {
        body_ = body.dump();
        return std::move(*this).header("Content-Type", "application/json");
    }
    Request body(std::string bytes, std::string content_type) && {
        body_ = std::move(bytes);
        return std::move(*this).header("Content-Type", std::move(content_type));
    }
    Request timeout_ms(std::int64_t ms) && {
        timeout_ms_ = ms;
        return std::move(*this);
    }

    Json to_json() const {
        Json headers = Json::array();
        for (const auto& [name, value] : headers_) headers.push_back(Json::array({name, value}));
        Json request = Json::object();
        request.set("method", method_);
        request.set("url", url_);
        request.set("headers", std::move(headers));
        if (!body_.empty()) set_bytes(request, "body", body_);
        if (timeout_ms_ > 0) request.set("timeout_ms", timeout_ms_);
        return request;
    }

private:
    std::string method_;
    std::string url_;
    std::vector<std::pair<std::string, std::string>> headers_;
    std::string body_;
    std::int64_t timeout_ms_ = 0;
};

/// What came of a request: an answer, or a failure below HTTP.
class Response {
public:
    Response() = default;
    explicit Response(const Json& answer) {
        status_ = static_cast<int>(answer["status"].as_int64().value_or(0));
        for (const auto& field : answer["headers"].items())
            headers_.emplace_back(field[0].as_string(), field[1].as_string());
        body_ = get_bytes(answer, "body");
        error_ = answer["error"].as_string();
        message_ = answer["message"].as_string();
        sent_ = answer["sent"].as_bool(true);
        if (auto after = answer["retry_after_ms"].as_int64()) retry_after_ms_ = *after;
    }

    int status() const { return status_; }             // 0 when there was no answer
    bool ok() const { return status_ >= 200 && status_ < 300; }
    /// "timeout", "network", "refused_by_policy", "too_large", or empty.
    const std::string& error() const { return error_; }
    /// False when the request certainly never reached the other side.
    bool may_have_arrived() const { return sent_; }
    const std::string& body() const { return body_; }
    /// The body as JSON; null when it is none.
    Json json() const { return Json::parse(body_).value_or(Json()); }
    std::string header(std::string_view name) const {
        for (const auto& [key, value] : headers_)
            if (same_header(key, name)) return value;
        return std::string();
    }
    std::optional<std::int64_t> retry_after_ms() const { return retry_after_ms_; }
    /// The start of the body in one line, for notes: at most 200 bytes, cut between characters.
    std::string excerpt() const {
        std::string line;
        for (std::size_t at = 0; at < body_.size();) {
            std::size_t length = json_detail::utf8_length(body_, at);
            if (line.size() + (length ? length : 1) > 200) return line + "…";
            auto byte = static_cast<unsigned char>(body_[at]);
            if (length == 0 || byte < 0x20 || byte == 0x7F) line.push_back(' ');
            else line.append(body_, at, length);
            at += length ? length : 1;
        }
        return line;
    }
    /// "answered 429" or "timeout: no answer within 30s": for notes.
    std::string summary() const {
        if (error_.empty()) return "answered " + std::to_string(status_);
        return error_ + (message_.empty() ? "" : ": " + message_);
    }

private:
    int status_ = 0;
    std::vector<std::pair<std::string, std::string>> headers_;
    std::string body_;
    std::string error_;
    std::string message_;
    bool sent_ = true;
    std::optional<std::int64_t> retry_after_ms_;
};

/// The remembered pair of a thing at the source and its id at the destination.
class Link {
public:
    Link(std::string id_in, std::string url_in, std::string hash_in)
        : id(std::move(id_in)), url(std::move(url_in)), hash(std::move(hash_in)) {}
    std::string id;
    std::string url;
    std::string hash;  // of what was last written; empty when not kept
};

/// What came of a delivery.
class Outcome {
public:
    static Outcome delivered(std::string note = std::string()) { return {"delivered", note}; }
    static Outcome skipped(std::string note) { return {"skipped", note}; }
    static Outcome retry(std::string note) { return {"retry", note}; }
    static Outcome reject(std::string note) { return {"reject", note}; }
    static Outcome hold(std::string note) { return {"hold", note}; }
    /// The answer of a fetch.
    static Outcome document(Json found) {
        Outcome made("delivered", "");
        made.body_.set("document", std::move(found));
        return made;
    }

    /// What an HTTP answer means when the API says nothing finer: 2xx delivered; 408, 425, 429, 5xx
    /// and network failures retry (Retry-After obeyed); 401, 403, 410 hold; other 4xx reject.
    static Outcome from(const Response& response, std::string_view doing) {
        std::string note(doing);
        note.append(" ").append(response.summary());
        int status = response.status();
        if (response.ok()) return delivered(std::move(note));
        if (response.error() == "refused_by_policy") return reject(std::move(note));
        bool again = status == 0 || status == 408 || status == 425 || status == 429 || status >= 500;
        if (again) return retry(std::move(note)).after_ms(response.retry_after_ms().value_or(0));
        if (status == 401 || status == 403 || status == 410) return hold(std::move(note));
        return reject(std::move(note));
    }

    Outcome after_ms(std::int64_t ms) && {
        if (ms > 0) body_.set("after_ms", ms);
        return std::move(*this);
    }
    /// Remembers a link; committed together with this outcome.
    Outcome link(std::string_view kind, std::string_view source_id, std::string_view id,
                 std::string_view url = {}, std::string_view hash = {}) && {
        Json entry = Json::object();
        entry.set("kind", kind);
        entry.set("source_id", source_id);
        entry.set("id", id);
        if (!url.empty()) entry.set("url", url);
        if (!hash.empty()) entry.set("hash", hash);
        list("links").push_back(std::move(entry));
        return std::move(*this);
    }
    Outcome unlink(std::string_view kind, std::string_view source_id) && {
        Json entry = Json::object();
        entry.set("kind", kind);
        entry.set("source_id", source_id);
        list("unlinks").push_back(std::move(entry));
        return std::move(*this);
    }
    /// A new event of this source, stored and routed together with this outcome. `key` dedupes it.
    Outcome emit(std::string_view key, std::string_view type, std::string_view subject,
                 Json attributes, Json data) && {
        Json entry = Json::object();
        entry.set("key", key);
        entry.set("type", type);
        entry.set("subject", subject);
        entry.set("attributes", std::move(attributes));
        entry.set("data", std::move(data));
        list("emit").push_back(std::move(entry));
        return std::move(*this);
    }

    std::string_view kind() const { return body_["outcome"].as_string(); }
    const Json& to_json() const { return body_; }

private:
    Outcome(const char* kind, const std::string& note) {
        body_ = Json::object();
        body_.set("outcome", kind);
        if (!note.empty()) body_.set("note", note);
    }
    Json& list(std::string_view name) {
        Json* found = body_.find(name);
        return found ? *found : body_.set(name, Json::array());
    }
    Json body_;
};

/// An event as a connector sees it: its attributes, and the event as it came.
class Event {
public:
    explicit Event(const Json& delivery) : body_(delivery["event"]) {
        payload_ = get_bytes(delivery, "payload");
    }
    const std::string& id() const { return body_["id"].as_string(); }
    const std::string& source() const { return body_["source"].as_string(); }
    const std::string& type() const { return body_["type"].as_string(); }
    const std::string& subject() const { return body_["subject"].as_string(); }
    const Json& attributes() const { return body_["attributes"]; }
    /// An attribute's text; empty when absent or no string.
    const std::string& attribute(std::string_view name) const {
        return body_["attributes"][name].as_string();
    }
    /// id, source, type, subject, time, received, attributes, content_type.
    const Json& to_json() const { return body_; }
    /// The event's own bytes as they came.
    const std::string& payload() const { return payload_; }

private:
    Json body_;
    std::string payload_;
};

/// One event × one send of a rule, with its rendered input.
class Delivery {
public:
    explicit Delivery(const Json& body)
        : id_(body["id"].as_string()),
          attempt_(body["attempt"].as_int64().value_or(1)),
          uncertain_(body["uncertain"].as_bool()),
          input_(body["input"]),
          event_(body) {}
    const std::string& id() const { return id_; }          // stable over retries
    std::int64_t attempt() const { return attempt_; }      // from 1
    /// An earlier attempt may have had its effect: look before repeating.
    bool uncertain() const { return uncertain_; }
    const Json& input() const { return input_; }
    /// A text of the input; numbers and booleans as their JSON text; empty when absent.
    std::string text(std::string_view name) const {
        const Json& value = input_[name];
        if (value.is_string()) return value.as_string();
        return value.is_number() || value.is_bool() ? value.dump() : std::string();
    }
    const Event& event() const { return event_; }

private:
    std::string id_;
    std::int64_t attempt_;
    bool uncertain_;
    Json input_;
    Event event_;
};

/// A received request, for parse: header names are lower-case.
class InboundRequest {
public:
    InboundRequest(const Json& head, std::string_view body_in)
        : body(body_in),
          target(head["target"].as_string()),
          received_ms(head["received_ms"].as_int64().value_or(0)),
          headers_(head["headers"]) {}
    const std::string& header(std::string_view lower_case_name) const {
        return headers_[lower_case_name].as_string();
    }
    bool has_header(std::string_view lower_case_name) const {
        return headers_.find(lower_case_name) != nullptr;
    }
    const Json& headers() const { return headers_; }
    std::string_view body;  // raw; valid during parse
    std::string target;
    std::int64_t received_ms;

private:
    Json headers_;
};

/// One event found in a request.
class ParsedEvent {
public:
    ParsedEvent(std::string key, std::string type, std::string subject) {
        body_ = Json::object();
        body_.set("key", std::move(key));
        body_.set("type", std::move(type));
        body_.set("subject", std::move(subject));
    }
    ParsedEvent time_ms(std::int64_t ms) && {
        body_.set("time_ms", ms);
        return std::move(*this);
    }
    ParsedEvent attributes(Json attributes) && {
        body_.set("attributes", std::move(attributes));
        return std::move(*this);
    }
    ParsedEvent content_type(std::string value) && {
        body_.set("content_type", std::move(value));
        return std::move(*this);
    }
    /// The event's own bytes: [begin, end) of the request body, taken as they are.
    ParsedEvent range(std::size_t begin, std::size_t end) && {
        body_.set("range", Json::array({Json(begin), Json(end)}));
        return std::move(*this);
    }
    /// The event as JSON that is not in the body as such; written compactly.
    ParsedEvent data(Json value) && {
        body_.set("data", std::move(value));
        return std::move(*this);
    }
    /// The event's own bytes where the body holds them encoded (base64, an escaped text).
    ParsedEvent payload(std::string_view bytes) && {
        body_.set("payload_base64", base64_encode(bytes));
        return std::move(*this);
    }
    const Json& to_json() const { return body_; }

private:
    Json body_;
};

}  // namespace syncline::sdk
