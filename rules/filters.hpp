// Template filters: a table of names, kinds of input and arguments, and functions. Private to the
// room.
//
// A filter is a pure function over values, with Shopify's semantics. The signature says what it
// takes; apply_filter() converts before it calls, so that a filter never sees a value of the wrong
// kind and every complaint is worded alike. Where Liquid guesses (a text that is no number is 0),
// we guess alike; where it reports an error, that is a fault.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/sdk/json.hpp"

namespace syncline::rules {

class LinkSource;

/// Arguments that a filter can take; checked against the table when it is compiled.
inline constexpr std::size_t filter_args_max = 2;

/// The arguments of one use, and its complaint. The values belong to the caller, or to `held`
/// where they had to be converted.
struct FilterCall {
    std::array<const Json*, filter_args_max> given = {};
    std::array<Json, filter_args_max> held;
    std::size_t count = 0;
    bool allow_false = false;             // of default
    std::int64_t now_ms = 0;
    const LinkSource* links = nullptr;
    std::string error;

    /// There, and not nil: an argument that is undefined counts as left out.
    bool has(std::size_t index) const { return index < count && !given[index]->is_null(); }
    const Json& arg(std::size_t index) const { return *given[index]; }
    const std::string& text(std::size_t index) const { return given[index]->as_string(); }
    std::int64_t integer(std::size_t index) const { return given[index]->as_int64().value_or(0); }
    /// Notes the complaint and gives null, for `return call.fail(…)`.
    Json fail(std::string message) {
        if (error.empty()) error = std::move(message);
        return Json();
    }
};

struct FilterSpec {
    const char* name;
    /// First letter: the input; then the arguments; after `?` they may be left out.
    /// t text (nil is "", numbers and booleans their text) · T text, and nil stays nil
    /// n number (nil, and what is none, is 0) · e number, exactly (nil is 0) · i integer
    /// o integer or nil · l list (lists in it flattened, nil empty, other values a list of
    /// themselves) · c list as it is · a anything
    const char* signature;
    Json (*apply)(const Json& input, FilterCall& call);

    std::size_t args_min() const;
    std::size_t args_max() const;
};

const FilterSpec* find_filter(std::string_view name);
/// Converts by the signature, applies, bounds the result; the complaint in `call.error`.
Json apply_filter(const FilterSpec& spec, const Json& input, FilterCall& call);

std::span<const FilterSpec> text_filters();       // filters_text.cpp
std::span<const FilterSpec> list_filters();       // filters_list.cpp
std::span<const FilterSpec> pick_filters();       // filters_pick.cpp
std::span<const FilterSpec> number_filters();     // filters_number.cpp
std::span<const FilterSpec> time_filters();       // filters_time.cpp
std::span<const FilterSpec> code_filters();       // filters_code.cpp
std::span<const FilterSpec> markdown_filters();   // filters_markdown.cpp
std::span<const FilterSpec> link_filters();       // filters_link.cpp

/// What `item[name]` is. `none`: such a value has no members (nil, a boolean, a fraction);
/// `refused`: Liquid cannot ask it for that name (a whole number, a text asked for no text).
enum class Access { found, none, refused };
/// A member of an object (dotted names reach deeper), or a text inside a text. `out` is set to nil
/// where nothing is found.
Access property_of(const Json& item, const Json& name, const Json*& out);
/// The complaint that goes with Access::refused.
std::string refusal(const Json& item, const Json& name);

/// How a value looks in the middle of a text: nil is empty, a list its items one after the other,
/// an object its JSON.
void append_as_text(std::string& out, const Json& value);
/// A number read from a text, exactly; nothing when it is none.
std::optional<Json> number_of_text(std::string_view text);
/// A number read from the begin of a text as Liquid does it: 0 when there is none.
Json leading_number(std::string_view text);
/// All but nil and false.
bool is_truthy(const Json& value);
std::string value_words(const Json& value);

}  // namespace syncline::rules
