// Inline Markdown as Notion rich text. Pure; linear in the text but for a bounded nesting.
//
// Bounds are Notion's (July 2026, "Request limits"): 2000 units a text, 2000 a URL, 100 elements an
// array. Whether a unit is a UTF-16 unit or a character is not said: UTF-16 units are safe for both.
#pragma once

#include <string_view>
#include <vector>

#include "core/sdk/json.hpp"

namespace syncline::connector_notion {

inline constexpr std::size_t text_units_max = 2000;
inline constexpr std::size_t url_bytes_max = 2000;
// Half of the 100 allowed: 50 × 2000 units × 3 bytes = 300 KB keeps one block below a request's
// 500 KB whatever the script.
inline constexpr std::size_t rich_text_max = 50;

/// **bold**, *italic*, ~~strike~~, `code`, ==highlight== (yellow background), [links](https://…).
Json rich_text(std::string_view markdown);
/// The text as it stands, without any Markdown.
Json plain_rich_text(std::string_view text);
/// Cuts an array of elements into arrays of at most `rich_text_max`; at least one, perhaps empty.
std::vector<Json> chunks_of(const Json& elements);
/// Cuts at `units` UTF-16 units or less, between code points.
std::vector<std::string_view> split_units(std::string_view text, std::size_t units);

}  // namespace syncline::connector_notion
