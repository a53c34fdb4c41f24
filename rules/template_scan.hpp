// Cuts a template text into plain text, {{ outputs }} and {% tags %}. Private to the room.
//
// Whitespace control ({{- -}}), raw, comment and doc are dealt with here, so that the parser sees
// only what counts. Pure; any thread.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "rules/template.hpp"

namespace syncline::rules::templating {

struct Chunk {
    enum class Kind { text, verbatim, output, tag };   // verbatim: of raw
    Kind kind = Kind::text;
    std::string_view body;     // without the braces and dashes
    std::size_t offset = 0;    // of the opening brace, or of the text
};

/// The chunks, or the fault of a brace or block that is not closed.
std::optional<Fault> scan_template(std::string_view text, std::vector<Chunk>& out);
/// The tags in the lines of {% liquid … %}.
std::optional<Fault> scan_lines(std::string_view whole, const Chunk& liquid,
                                std::vector<Chunk>& out);
/// The first word of a tag.
std::string_view tag_name(std::string_view body);
/// What stands behind it.
std::string_view tag_rest(std::string_view body);

}  // namespace syncline::rules::templating
