// Text helpers of patterns and templates: case, wildcards, UTF-8 positions, near names.
//
// Pure functions over UTF-8, without locale. Broken UTF-8 never fails: each stray byte counts as
// one character.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace syncline::rules {

/// Length in bytes of the character at `at` (1 for a stray byte). `at` must be inside the text.
std::size_t char_length(std::string_view text, std::size_t at);
std::size_t char_count(std::string_view text);
/// The characters [first, first + count), both clamped to the text.
std::string_view char_slice(std::string_view text, std::size_t first, std::size_t count);

/// Unicode simple case folding, lower and upper case: each character becomes one character.
std::string fold_case(std::string_view text);
/// The same, appended to `out`.
void fold_case_to(std::string_view text, std::string& out);
std::string lower_case(std::string_view text);
std::string upper_case(std::string_view text);

/// A text in which `*` stands for any run of characters, split at its stars. With `escapes`, \*
/// and \\ are a star and a backslash. Each part is searched for once, left to right, so that a
/// match takes time linear in the text, whatever the pattern.
class Wildcard {
public:
    /// Like the empty text; allocates nothing.
    Wildcard() = default;
    Wildcard(std::string_view pattern, bool escapes);
    bool matches(std::string_view text) const;
    bool has_star() const { return parts_.size() > 1; }
    /// What stands before, between and behind the stars; at least one part, unless made by default.
    const std::vector<std::string>& parts() const { return parts_; }

private:
    std::vector<std::string> parts_;   // none only by default
};

/// The candidate nearest to `name`, or empty when none is near enough to be a typo of it.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);
/// `; did you mean "x"?`, or empty.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

/// `text` as a JSON string, cut to `bytes_max` with an ellipsis.
std::string quoted(std::string_view text, std::size_t bytes_max = 64);

}  // namespace syncline::rules
