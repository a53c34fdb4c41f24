// Result<T>: a value or an Error, with the vocabulary of std::expected (absent in libstdc++ 12).
//
// Operating errors (bad input, network, disk) travel as values; broken invariants are assertions
// (assert.hpp). An Error names what happened in a closed set of codes, says it in one sentence for
// people, and may carry where. No thread affinity.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "core/base/assert.hpp"

namespace syncline {

/// Closed set; the strings of error_code_name() are stable: they appear in logs and in the API.
enum class ErrorCode {
    invalid_argument,    // the caller's words are wrong
    invalid_config,      // the configuration is wrong
    not_found,
    already_exists,
    unauthorized,        // signature, token or credential refused
    too_large,
    unsupported,
    unavailable,         // try again: overload, store closed, shutting down
    timeout,
    network,
    refused_by_policy,   // egress guard
    io,                  // disk
    disk_full,
    corrupt,
    newer_version,       // a database or plugin from a later Syncline
    locked,              // another hub holds the file
    plugin,              // a plugin broke its contract
    internal,
};

std::string_view error_code_name(ErrorCode code);

struct Error {
    ErrorCode code = ErrorCode::internal;
    std::string message;   // one sentence for people, without secrets
    std::string context;   // where: a file, a path, a rule; may be empty

    Error() = default;
    Error(ErrorCode code_in, std::string message_in, std::string context_in = std::string())
        : code(code_in), message(std::move(message_in)), context(std::move(context_in)) {}
    /// "context: message", or the message alone.
    std::string text() const { return context.empty() ? message : context + ": " + message; }
};

template <class T>
class [[nodiscard]] Result {
public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    bool has_value() const { return state_.index() == 0; }
    explicit operator bool() const { return has_value(); }
    T& value() & { return check(), std::get<0>(state_); }
    const T& value() const& { return check(), std::get<0>(state_); }
    T&& value() && { return check(), std::get<0>(std::move(state_)); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }
    const Error& error() const {
        SYNCLINE_ASSERT(!has_value(), "error() of a Result that holds a value");
        return std::get<1>(state_);
    }
    T value_or(T otherwise) const { return has_value() ? std::get<0>(state_) : otherwise; }

private:
    void check() const {
        SYNCLINE_ASSERT(has_value(), std::get<1>(state_).text());
    }
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Error error) : error_(std::move(error)), good_(false) {}
    bool has_value() const { return good_; }
    explicit operator bool() const { return good_; }
    const Error& error() const {
        SYNCLINE_ASSERT(!good_, "error() of a Result that holds no error");
        return error_;
    }

private:
    Error error_;
    bool good_ = true;
};

}  // namespace syncline
