// Template filters: a table of names, kinds of input and arguments, and functions. Private to the
// room.
//
// A filter is a pure function over values. The signature says what it takes; apply_filter() checks
// and converts before it calls, so that a filter never sees a value of the wrong kind and every
// complaint is worded alike. Unlike Liquid, a value that a filter cannot use is a fault and not
// silently 0 or "": what is rendered here is sent to other systems.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/sdk/json.hpp"

namespace syncline::rules {

/// The arguments of one use, and its complaint.
struct FilterCall {
    std::vector<Json> args;
    std::vector<std::pair<std::string, Json>> named;
    std::int64_t now_ms = 0;
    std::string error;

    bool has(std::size_t index) const { return index < args.size(); }
    const std::string& text(std::size_t index) const { return args[index].as_string(); }
    std::int64_t integer(std::size_t index) const { return args[index].as_int64().value_or(0); }
    /// Notes the complaint and gives null, for `return call.fail(…)`.
    Json fail(std::string message) {
        if (error.empty()) error = std::move(message);
        return Json();
    }
};

struct FilterSpec {
    const char* name;
    /// First letter: the input; then the arguments; after `?` they may be left out.
    /// t text (nil is "", numbers and booleans their text) · n number (numeric text too, nil is 0)
    /// i integer · l list (nil is empty, an object a list of itself) · a anything
    const char* signature;
    Json (*apply)(const Json& input, FilterCall& call);

    std::size_t args_min() const;
    std::size_t args_max() const;
};

const FilterSpec* find_filter(std::string_view name);
/// Converts by the signature, applies, bounds the result; the complaint in `call.error`.
Json apply_filter(const FilterSpec& spec, const Json& input, FilterCall& call);

std::span<const FilterSpec> text_filters();     // filters_text.cpp
std::span<const FilterSpec> list_filters();     // filters_list.cpp
std::span<const FilterSpec> number_filters();   // filters_number.cpp
std::span<const FilterSpec> time_filters();     // filters_time.cpp
std::span<const FilterSpec> code_filters();     // filters_code.cpp

/// How a value looks in the middle of a text: nil is empty, a list its items one after the other,
/// an object its JSON.
void append_as_text(std::string& out, const Json& value);
/// A number read from a text, exactly; nothing when it is none.
std::optional<Json> number_of_text(std::string_view text);
std::string value_words(const Json& value);

}  // namespace syncline::rules
