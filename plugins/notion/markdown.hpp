// Markdown as Notion blocks, and blocks as requests that Notion accepts. Pure.
//
// The subset is that of Attio's notes and what people add to it: headings, paragraphs, lists, to-dos,
// quotes, code, dividers, images that stand alone. What is deeper than two levels is moved up to the
// second; nothing is left out. A table stays text.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/sdk/json.hpp"

namespace syncline::connector_notion {

// Notion's bounds of one request: 100 blocks in a `children`, 1000 over all, 500 KB.
inline constexpr std::size_t children_max = 100;
inline constexpr std::size_t request_blocks_max = 1000;
inline constexpr std::size_t request_bytes_max = 450'000;  // leaves 50 KB for the properties
// Of one page: 10 appends. Every one costs a deletion when the page is written again.
inline constexpr std::size_t page_blocks_max = 1000;

/// The top-level blocks, at most `page_blocks_max`; `*cut` says whether there were more.
std::vector<Json> blocks_of(std::string_view markdown, bool* cut);
/// The blocks in order as arrays for `children`, each within the bounds above.
std::vector<Json> requests_of(const std::vector<Json>& blocks);

}  // namespace syncline::connector_notion
