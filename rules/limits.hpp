// Every bound of patterns and templates, with its arithmetic. Compile-time bounds keep a hostile or
// mistaken configuration from taking memory or stack; render-time bounds keep one event from doing
// so. The output bound is the caller's: RenderOptions.
#pragma once

#include <cstddef>
#include <cstdint>

namespace syncline::rules::limits {

// --- Patterns -----------------------------------------------------------------------------------
inline constexpr std::size_t pattern_depth_max = 32;          // the deepest real one has 6
inline constexpr std::size_t pattern_alternatives_max = 1024; // multiplied out: 10 × 10 × 10 fits
inline constexpr std::size_t pattern_fields_max = 16'384;     // multiplied out: 16 an alternative
inline constexpr std::size_t event_depth_max = 64;            // what the JSON parser admits
inline constexpr std::size_t path_bytes_max = 1024;           // of one dotted path
inline constexpr std::size_t pattern_text_bytes_max = 64 << 10;  // of one literal or operand
inline constexpr std::size_t pattern_number_bytes_max = 1024;    // longest double in full: 1,077
// Elements of a list × values beside it under the same path ("a": […] beside "a.b": …) that are
// looked at together: a million steps, some 10 ms. Beyond it the list and the rest stand alone.
inline constexpr std::size_t match_join_nodes_max = 1'000'000;
inline constexpr std::size_t explain_value_bytes_max = 256;   // of a value shown to a person
inline constexpr std::size_t type_name_bytes_max = 256;       // one name under `on`

// 100 years: longer is a slip of the pen, and sums with a moment stay far from overflow.
inline constexpr std::int64_t duration_ms_max = 100LL * 365 * 86'400'000;

// --- Templates ----------------------------------------------------------------------------------
inline constexpr std::size_t template_bytes_max = 64 << 10;   // one text
inline constexpr std::size_t template_depth_max = 32;         // blocks in blocks
inline constexpr std::size_t template_nodes_max = 10'000;     // of one text
inline constexpr std::size_t filters_per_output_max = 64;
inline constexpr std::size_t comparisons_max = 64;            // of one condition
inline constexpr std::size_t loop_rounds_max = 10'000;        // of one for, and of range (a..b)
inline constexpr std::size_t render_steps_max = 200'000;      // nodes run in one render: 20 full loops
inline constexpr std::size_t render_work_bytes_max = 64u << 20; // read and made by filters, compared, assigned
inline constexpr std::size_t tree_depth_max = 64;             // of `with`: what the JSON parser admits

// --- Filters ------------------------------------------------------------------------------------
inline constexpr std::size_t filter_bytes_max = 1 << 20;      // what one filter may make
inline constexpr std::size_t filter_items_max = 100'000;      // of a list that one filter makes
inline constexpr std::size_t value_depth_max = 64;            // of a value that a filter walks
inline constexpr std::size_t markdown_bytes_max = 128 << 10;  // a long page; the parser takes ms for it

static_assert(pattern_alternatives_max <= pattern_fields_max);
static_assert(loop_rounds_max <= render_steps_max);
static_assert(template_depth_max <= tree_depth_max);

}  // namespace syncline::rules::limits
