// Widths, tones and tables of terminal.hpp. Escape sequences are written here and nowhere else.
#include "core/cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "core/base/text.hpp"

namespace syncline::cli {
namespace {

constexpr std::size_t column_gap = 2;
constexpr std::size_t column_width_min = 8;   // a column that shrinks keeps this much
constexpr std::size_t cell_bytes_max = 400;

bool colour_wanted(int descriptor) {
    const char* refused = std::getenv("NO_COLOR");
    const char* kind = std::getenv("TERM");
    if (refused && *refused) return false;
    if (kind && std::string_view(kind) == "dumb") return false;
    return isatty(descriptor) == 1;
}

std::size_t terminal_width() {
    if (isatty(STDOUT_FILENO) != 1) return 0;
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

struct Range {
    char32_t first;
    char32_t last;
};

template <std::size_t N>
bool inside(char32_t code, const Range (&ranges)[N]) {
    return std::any_of(std::begin(ranges), std::end(ranges), [code](const Range& range) {
        return code >= range.first && code <= range.last;
    });
}

/// The blocks that matter: marks that stand on the letter before, and wide scripts and emoji.
std::size_t code_width(char32_t code) {
    static constexpr Range none[] = {{0x300, 0x36F},   {0x200B, 0x200F}, {0x20D0, 0x20FF},
                                     {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}};
    static constexpr Range wide[] = {{0x1100, 0x115F},   {0x2E80, 0xA4CF},   {0xAC00, 0xD7A3},
                                     {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
                                     {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF},
                                     {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
    if (inside(code, none)) return 0;
    return inside(code, wide) ? 2 : 1;
}

/// The character at `at` and its length in bytes. `text` is well-formed UTF-8.
std::pair<char32_t, std::size_t> code_at(std::string_view text, std::size_t at) {
    auto lead = static_cast<unsigned char>(text[at]);
    std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    length = std::min(length, text.size() - at);
    char32_t code = length == 1 ? lead : lead & (0x7Fu >> length);
    for (std::size_t i = 1; i < length; ++i)
        code = code << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3Fu);
    return {code, length};
}

std::string padded(std::string text, std::size_t width, bool right) {
    std::size_t used = display_width(text);
    if (used >= width) return text;
    return right ? std::string(width - used, ' ') + text : text + std::string(width - used, ' ');
}

}  // namespace

Terminal system_terminal() {
    Terminal made{std::cin, std::cout, std::cerr};
    made.colour_out = colour_wanted(STDOUT_FILENO);
    made.colour_err = colour_wanted(STDERR_FILENO);
    made.width = terminal_width();
    made.interactive = isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
    return made;
}

std::string toned(std::string_view text, Tone tone, bool colour) {
    const char* code = nullptr;
    if (tone == Tone::good) code = "32";
    if (tone == Tone::waiting) code = "33";
    if (tone == Tone::bad) code = "31";
    if (tone == Tone::faint) code = "2";
    if (tone == Tone::strong) code = "1";
    if (!colour || !code) return std::string(text);
    return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

Tone tone_of(std::string_view state) {
    if (state.starts_with("delivered")) return Tone::good;
    if (state.starts_with("pending") || state.starts_with("retry")) return Tone::waiting;
    if (state.starts_with("dead") || state.starts_with("reject") || state.starts_with("hold"))
        return Tone::bad;
    return Tone::plain;
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
    std::string text;
    for (const auto& part : parts) {
        if (!text.empty()) text += separator;
        text += part;
    }
    return text;
}

std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    for (std::size_t at = 0; at < text.size();) {
        auto [code, length] = code_at(text, at);
        width += code_width(code);
        at += length;
    }
    return width;
}

std::string truncated(std::string_view text, std::size_t columns) {
    if (display_width(text) <= columns) return std::string(text);
    if (columns == 0) return {};
    std::size_t width = 0;
    std::size_t at = 0;
    while (at < text.size()) {
        auto [code, length] = code_at(text, at);
        if (width + code_width(code) > columns - 1) break;
        width += code_width(code);
        at += length;
    }
    return std::string(text.substr(0, at)) + "…";
}

void Table::add(std::vector<std::string> cells) {
    cells.resize(columns_.size());
    for (auto& cell : cells) cell = printable(cell, cell_bytes_max);
    rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::widths(std::size_t total) const {
    std::vector<std::size_t> wanted;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        wanted.push_back(display_width(columns_[i].heading));
        for (const auto& row : rows_) wanted[i] = std::max(wanted[i], display_width(row[i]));
    }
    if (total == 0) return wanted;
    std::size_t sum = column_gap * (columns_.size() - 1);
    for (auto width : wanted) sum += width;
    // The widest column that shrinks gives one column at a time, until the line fits.
    while (sum > total) {
        std::size_t widest = SIZE_MAX;
        for (std::size_t i = 0; i < columns_.size(); ++i)
            if (columns_[i].shrinks && wanted[i] > column_width_min &&
                (widest == SIZE_MAX || wanted[i] > wanted[widest]))
                widest = i;
        if (widest == SIZE_MAX) break;
        --wanted[widest];
        --sum;
    }
    return wanted;
}

void Table::print(Terminal& terminal) const {
    auto wide = widths(terminal.width);
    std::string line;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        std::string cell = padded(columns_[i].heading, wide[i], columns_[i].right);
        line += (i ? std::string(column_gap, ' ') : "") + cell;
    }
    terminal.out << toned(line.substr(0, line.find_last_not_of(' ') + 1), Tone::strong,
                          terminal.colour_out)
                 << '\n';
    for (const auto& row : rows_) {
        std::string text;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            bool last = i + 1 == columns_.size();
            std::string cell = truncated(row[i], wide[i]);
            if (!last || columns_[i].right) cell = padded(cell, wide[i], columns_[i].right);
            if (i == toned_column_) cell = toned(cell, tone_of(row[i]), terminal.colour_out);
            text += (i ? std::string(column_gap, ' ') : "") + cell;
        }
        terminal.out << text << '\n';
    }
}

void print_error(Terminal& terminal, std::string_view message) {
    terminal.err << toned("error:", Tone::bad, terminal.colour_err) << ' ' << message << '\n';
}

void print_hint(Terminal& terminal, std::string_view message) {
    terminal.err << toned("hint:", Tone::strong, terminal.colour_err) << ' ' << message << '\n';
}

std::string printable_json(const Json& value, std::size_t indent) {
    std::string out;
    for (const auto& line : split(value.pretty(), '\n')) {
        if (!out.empty()) out += '\n';
        out += std::string(indent, ' ') + printable(line, SIZE_MAX);
    }
    return out;
}

}  // namespace syncline::cli
