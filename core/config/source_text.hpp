// The text of a configuration file with its lines, and places in it as people count them: lines and
// characters from 1. No YAML here. The text is a view and must outlive this object; a byte order
// mark is not part of the text. Immutable; any thread.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace syncline::config {

/// Where something stands, for a message: line and column from 1, length in characters.
struct Place {
    std::size_t line = 0;
    std::size_t column = 0;
    std::size_t length = 1;
    Place() = default;
    Place(std::size_t line_in, std::size_t column_in, std::size_t length_in)
        : line(line_in), column(column_in), length(length_in) {}
};

class SourceText {
public:
    explicit SourceText(std::string_view text);

    std::string_view text() const { return text_; }
    /// The line of that number (from 1) without its end; empty when there is none.
    std::string_view line(std::size_t number) const;
    std::size_t line_count() const { return starts_.size(); }
    /// The byte at which a line (from 1) begins; the text's size when there is none.
    std::size_t line_start(std::size_t number) const;
    /// The place of a byte; `bytes` is what to underline, cut at the end of the line.
    Place place(std::size_t offset, std::size_t bytes) const;

private:
    /// Characters before a byte, in bounded time: a file may be one line of 1 MiB.
    std::size_t characters_before(std::size_t offset) const;

    std::string_view text_;
    std::vector<std::size_t> starts_;
    std::vector<std::size_t> counted_;   // characters before every 256th byte
};

/// Characters (code points) of a UTF-8 text; bytes that are no UTF-8 count as one each or none.
std::size_t count_characters(std::string_view text);

}  // namespace syncline::config
