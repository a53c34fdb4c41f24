// Where a command reads and writes, and how text is laid out for people: colour only on a
// terminal, tables that fit its width, outside text made harmless. Commands get a Terminal, so
// that tests run them on string streams. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "core/sdk/json.hpp"

namespace syncline::cli {

/// What the process answers: documented in --help.
enum class ExitCode { ok = 0, failed = 1, usage = 2 };

struct Terminal {
    std::istream& in;
    std::ostream& out;              // data
    std::ostream& err;              // messages
    bool colour_out = false;
    bool colour_err = false;
    std::size_t width = 0;          // columns of `out`; 0: no terminal, nothing is cut
    bool interactive = false;       // a person can answer a question
};

/// The process's own streams. Colour: a terminal, TERM not "dumb", NO_COLOR unset or empty.
Terminal system_terminal();

enum class Tone { plain, good, waiting, bad, faint, strong };

/// `text` in that tone, when `colour`.
std::string toned(std::string_view text, Tone tone, bool colour);
/// Of a delivery state or an outcome.
Tone tone_of(std::string_view state);

/// The parts with the separator between them.
std::string joined(const std::vector<std::string>& parts, std::string_view separator);

/// Columns that `text` takes on a terminal: combining marks none, East Asian wide characters two.
std::size_t display_width(std::string_view text);
/// Cut to `columns` with a final "…".
std::string truncated(std::string_view text, std::size_t columns);

/// Rows under headings, in columns two spaces apart. Cells are made printable as they come.
class Table {
public:
    struct Column {
        std::string heading;
        bool right = false;         // numbers
        bool shrinks = false;       // may be cut when the line is too long for the terminal
    };
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

    void add(std::vector<std::string> cells);
    /// Which column's cells are toned by tone_of().
    void tone_column(std::size_t column) { toned_column_ = column; }
    void print(Terminal& terminal) const;

private:
    std::vector<std::size_t> widths(std::size_t total) const;
    std::vector<Column> columns_;
    std::vector<std::vector<std::string>> rows_;
    std::size_t toned_column_ = SIZE_MAX;
};

/// "error: …" on `err`.
void print_error(Terminal& terminal, std::string_view message);
/// "hint: …" on `err`.
void print_hint(Terminal& terminal, std::string_view message);

/// A JSON value for people: indented, control characters of outside text escaped by JSON.
std::string printable_json(const Json& value, std::size_t indent);

}  // namespace syncline::cli
