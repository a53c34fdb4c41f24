// A problem as people read it, in the manner of a compiler: place, message, the line, a caret, a
// hint. What looks like a secret on the line is blotted out, because a file that cannot be read is
// one whose secrets are not known.
#include <algorithm>

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/config/report.hpp"

namespace syncline::config {
namespace {

constexpr std::size_t shown_characters_max = 120;  // of a line; the caret stays in view
constexpr std::size_t caret_margin = 60;
// What is looked at on each side of the caret: a file may be one line of 1 MiB, and a secret must
// be seen whole to be hidden.
constexpr std::size_t context_bytes = 8 << 10;
constexpr std::size_t printed_bytes_max = 4 * (2 * context_bytes + 64);  // each byte as \xNN

/// Words in keys under which secrets are written.
constexpr std::string_view secret_words[] = {"secret", "token", "password", "passwd", "api_key",
                                             "apikey", "private_key", "credential"};

bool names_secret(std::string_view key) {
    auto word = lower(key);
    std::vector<std::string> words(std::begin(secret_words), std::end(secret_words));
    bool named = std::any_of(words.begin(), words.end(), [&](const auto& known) {
        return word.find(known) != std::string::npos;
    });
    return named || (word.size() >= 4 && !suggestion(word, words).empty());
}

bool is_key_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '-';
}

bool is_reference(std::string_view value) {
    return value.substr(0, 2) == "${" || value.substr(0, 2) == "{{" ||
           value.substr(0, 5) == "file:";
}

/// Where the value ends that begins at `value`, as far as one line tells.
std::size_t value_end(std::string_view line, std::size_t value, bool between_brackets) {
    std::size_t end = std::string_view::npos;
    switch (line[value]) {
        case '"':
        case '\'': end = line.find(line[value], value + 1); break;
        case '[': end = line.find(']', value); break;
        case '{': end = line.find('}', value); break;
        default:
            end = line.find(" #", value);
            if (between_brackets) end = std::min(end, line.find_first_of(",]}", value));
    }
    return std::min(end, line.size());
}

/// Puts * over literal values after such keys; ${NAME}, file: and templates stay readable. The
/// line keeps its length.
std::string blot_secrets(std::string_view line) {
    std::string out(line);
    auto bracket = line.find_first_of("{[");
    for (auto colon = out.find(':'); colon != std::string::npos; colon = out.find(':', colon + 1)) {
        std::size_t end = colon;
        if (end > 0 && (out[end - 1] == '"' || out[end - 1] == '\'')) --end;
        std::size_t begin = end;
        while (begin > 0 && is_key_character(out[begin - 1])) --begin;
        if (!names_secret(std::string_view(out).substr(begin, end - begin))) continue;
        auto value = out.find_first_not_of(" \t", colon + 1);
        if (value == std::string::npos) continue;
        auto stop = value_end(out, value, bracket < begin);
        if (out[value] == '"' || out[value] == '\'' || out[value] == '[') ++value;
        if (is_reference(std::string_view(out).substr(value)) && out[value - 1] != '[') continue;
        if (value >= stop) continue;
        std::fill(out.begin() + static_cast<std::ptrdiff_t>(value),
                  out.begin() + static_cast<std::ptrdiff_t>(stop), '*');
    }
    return out;
}

/// The byte of the character of that number (from 0).
std::size_t byte_of(std::string_view line, std::size_t character) {
    std::size_t at = 0;
    for (; character > 0 && at < line.size(); --character) {
        ++at;
        while (at < line.size() && (static_cast<unsigned char>(line[at]) & 0xC0) == 0x80) ++at;
    }
    return at;
}

/// One column a character, nothing that a terminal would obey.
std::string shown(std::string_view part) {
    std::string out(part);
    std::replace(out.begin(), out.end(), '\t', ' ');
    return printable(hide_secrets(out), printed_bytes_max);
}

struct Excerpt {
    std::string line;
    std::size_t caret = 0;    // characters before it
    std::size_t length = 1;
};

Excerpt excerpt_of(const Problem& problem, std::string_view line) {
    auto at = byte_of(line, problem.column - 1);
    auto until = at + byte_of(line.substr(at), std::min(problem.length, shown_characters_max));
    auto skipped = at > context_bytes ? at - context_bytes : 0;
    std::string blotted = blot_secrets(line.substr(skipped, until - skipped + context_bytes));
    auto begin = at - skipped;
    auto end = until - skipped;
    Excerpt excerpt;
    excerpt.line = shown(blotted);
    auto total = count_characters(excerpt.line);
    excerpt.caret = std::min(count_characters(shown(std::string_view(blotted).substr(0, begin))),
                             total);
    auto marked = count_characters(shown(std::string_view(blotted).substr(begin, end - begin)));
    excerpt.length = std::max<std::size_t>(std::min(marked, total - excerpt.caret), 1);
    if (total <= shown_characters_max) return excerpt;
    auto first = excerpt.caret > caret_margin ? excerpt.caret - caret_margin : 0;
    auto from = byte_of(excerpt.line, first);
    auto to = byte_of(excerpt.line, first + shown_characters_max);
    bool cut = to < excerpt.line.size();
    excerpt.line = std::string(first > 0 ? "…" : "") + excerpt.line.substr(from, to - from) +
                   (cut ? "…" : "");
    excerpt.caret -= first;
    excerpt.length = std::min(excerpt.length, shown_characters_max - excerpt.caret);
    excerpt.caret += first > 0 ? 1 : 0;
    return excerpt;
}

struct Colours {
    const char* bold = "";
    const char* red = "";
    const char* yellow = "";
    const char* green = "";
    const char* off = "";
};

Colours colours(bool wanted) {
    if (!wanted) return Colours();
    return Colours{"\x1b[1m", "\x1b[1;31m", "\x1b[1;33m", "\x1b[32m", "\x1b[0m"};
}

}  // namespace

std::string format_problem(const Problem& problem, std::string_view text,
                           const std::string& file_name, bool colour) {
    const Colours paint = colours(colour);
    std::string out = paint.bold + printable(file_name);
    if (problem.line > 0)
        out += ":" + std::to_string(problem.line) + ":" + std::to_string(problem.column);
    out += ": ";
    out += problem.warning ? paint.yellow : paint.red;
    out += problem.warning ? "warning: " : "error: ";
    out += std::string(paint.off) + paint.bold + hide_secrets(problem.message) + paint.off + "\n";
    if (problem.line > 0) {
        SourceText source(text);
        auto excerpt = excerpt_of(problem, source.line(problem.line));
        auto number = std::to_string(problem.line);
        number.insert(0, number.size() < 5 ? 5 - number.size() : 0, ' ');
        out += number + " | " + excerpt.line + "\n";
        out += std::string(number.size(), ' ') + " | " + std::string(excerpt.caret, ' ') +
               paint.green + "^" + std::string(excerpt.length - 1, '~') + paint.off + "\n";
    }
    if (!problem.hint.empty())
        out += std::string(6, ' ') + "hint: " + hide_secrets(problem.hint) + "\n";
    return out;
}

}  // namespace syncline::config
