// What a scalar of the file says once ${NAME} and file: are filled in. Values from outside never
// appear in a message; where they came from is remembered, so that places still point into the
// file and secrets can be hidden. One thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/config/config.hpp"
#include "core/config/report.hpp"

namespace syncline::config {

/// Secrets in files are keys and tokens; the largest, a PEM chain, has a few KiB.
inline constexpr std::size_t secret_file_bytes_max = 64 << 10;

struct ScalarText {
    std::string text;
    bool typed = false;                    // unquoted and written in the file: true, 5, null count
    std::vector<std::string> from_outside;  // values of ${NAME} or of a file

    /// The byte of the scalar's own text that the byte at `offset` of `text` came from.
    std::size_t source_offset(std::size_t offset) const;

    struct Shift {
        std::size_t at;                    // in `text`
        std::size_t source;                // in the scalar
    };
    std::vector<Shift> shifts;             // ascending; within one, both advance together
};

class ScalarTexts {
public:
    enum class Form { plain, secret_or_setting, templated };

    ScalarTexts(const LoadContext& context, const SourceText& source, Report& report)
        : context_(context), source_(source), report_(report) {}

    /// The text of a scalar (a null has none), or nothing when that was reported. `file:PATH` is
    /// read in the form secret_or_setting alone; in a template no value from outside may contain
    /// template marks, since it would be run.
    std::optional<ScalarText> resolve(const Node& node, Form form) const;

    /// Gives the text, and every value of 8 bytes or more inside it, to log_hide_secret().
    static void hide(const ScalarText& text);

    /// `path` as seen from the folder of the configuration file.
    std::string beside_file(const std::string& path) const;

    const SourceText& source() const { return source_; }

private:
    bool expand(const Node& node, Form form, ScalarText& out) const;
    bool variable(const Node& node, std::size_t begin, std::size_t end, Form form,
                  ScalarText& out) const;
    bool read_file(const Node& node, ScalarText& out) const;

    const LoadContext& context_;
    const SourceText& source_;
    Report& report_;
};

/// True when a text has {{ or {% in it.
bool has_template_marks(std::string_view text);

}  // namespace syncline::config
