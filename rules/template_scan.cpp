// Cuts a template text into plain text, {{ outputs }} and {% tags %}; see template_scan.hpp.
#include "rules/template_scan.hpp"

#include <algorithm>

#include "rules/limits.hpp"
#include "rules/template_ast.hpp"
#include "rules/text.hpp"

namespace syncline::rules::templating {

Fault fault_at(std::string_view text, std::size_t offset, std::string message) {
    auto before = text.substr(0, offset);
    auto line_start = before.rfind('\n');
    Fault made;
    made.message = std::move(message);
    made.line = 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
    made.column = 1 + char_count(line_start == std::string_view::npos
                                     ? before : before.substr(line_start + 1));
    return made;
}

std::string_view tag_name(std::string_view body) {
    auto first = body.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    body.remove_prefix(first);
    if (body.front() == '#') return "#";
    return body.substr(0, body.find_first_of(" \t\r\n"));
}

namespace {

constexpr std::string_view blanks = " \t\r\n\f\v";

class Scanner {
public:
    Scanner(std::string_view text, std::vector<Chunk>& out) : text_(text), out_(out) {}

    std::optional<Fault> run() {
        while (at_ < text_.size() && !fault_) step();
        return fault_;
    }

private:
    void step() {
        auto open = next_open(at_);
        add_text(at_, std::min(open, text_.size()));
        if (open >= text_.size()) return void(at_ = text_.size());
        Chunk chunk;
        if (!markup(open, chunk)) return;
        auto name = chunk.kind == Chunk::Kind::tag ? tag_name(chunk.body) : std::string_view();
        if (name == "raw") return skip_block(open, "raw", true);
        if (name == "comment") return skip_block(open, "comment", false);
        if (name != "#") out_.push_back(chunk);
    }

    std::size_t next_open(std::size_t from) const {
        for (auto at = text_.find('{', from); at != std::string_view::npos;
             at = text_.find('{', at + 1))
            if (at + 1 < text_.size() && (text_[at + 1] == '{' || text_[at + 1] == '%')) return at;
        return std::string_view::npos;
    }

    void add_text(std::size_t begin, std::size_t end) {
        auto body = text_.substr(begin, end - begin);
        if (trim_next_) {
            auto first = body.find_first_not_of(blanks);
            auto cut = first == std::string_view::npos ? body.size() : first;
            body.remove_prefix(cut);
            begin += cut;
        }
        bool trim_end = end + 2 < text_.size() && text_[end + 2] == '-';
        if (trim_end) {
            auto last = body.find_last_not_of(blanks);
            body = body.substr(0, last == std::string_view::npos ? 0 : last + 1);
        }
        if (!body.empty()) out_.push_back(Chunk{Chunk::Kind::text, body, begin});
    }

    /// Reads the markup that opens at `open`; afterwards at_ stands behind it.
    bool markup(std::size_t open, Chunk& chunk) {
        bool output = text_[open + 1] == '{';
        std::string_view close = output ? "}}" : "%}";
        auto begin = open + 2 + (text_.substr(open + 2, 1) == "-" ? 1 : 0);
        auto end = find_close(begin, close);
        if (end == std::string_view::npos) {
            fault_ = fault_at(text_, open, output ? "{{ is not closed with }}"
                                                  : "{% is not closed with %}");
            return false;
        }
        trim_next_ = end > begin && text_[end - 1] == '-';
        at_ = end + 2;
        chunk.kind = output ? Chunk::Kind::output : Chunk::Kind::tag;
        chunk.body = text_.substr(begin, end - begin - (trim_next_ ? 1 : 0));
        chunk.offset = open;
        return true;
    }

    /// The closing braces outside of quotes; if a quote never ends, the first at all.
    std::size_t find_close(std::size_t from, std::string_view close) const {
        char quote = '\0';
        for (auto at = from; at < text_.size(); ++at) {
            char c = text_[at];
            if (quote != '\0') {
                if (c == quote) quote = '\0';
            } else if (text_.substr(at, 2) == close) {
                return at;
            } else if (c == '"' || c == '\'') {
                quote = c;
            }
        }
        return text_.find(close, from);
    }

    /// Behind {% raw %} or {% comment %}: up to the matching end tag; raw text is kept.
    void skip_block(std::size_t open, std::string_view name, bool keep) {
        auto body = at_;
        bool trim = trim_next_;
        std::size_t depth = 1;
        for (auto at = text_.find("{%", at_); at != std::string_view::npos;
             at = text_.find("{%", at + 2)) {
            auto inside = at + 2 + (text_.substr(at + 2, 1) == "-" ? 1 : 0);
            auto end = text_.find("%}", inside);
            if (end == std::string_view::npos) break;
            auto dash = text_[end - 1] == '-' && end > inside ? 1u : 0u;
            auto word = tag_name(text_.substr(inside, end - inside - dash));
            if (word == name && !keep) ++depth;
            if (word != "end" + std::string(name) || --depth > 0) continue;
            trim_next_ = trim;
            if (keep) add_text(body, at);
            trim_next_ = dash > 0;
            at_ = end + 2;
            return;
        }
        fault_ = fault_at(text_, open, "{% " + std::string(name) + " %} is not closed with {% end" +
                                           std::string(name) + " %}");
    }

    std::string_view text_;
    std::vector<Chunk>& out_;
    std::size_t at_ = 0;
    bool trim_next_ = false;
    std::optional<Fault> fault_;
};

}  // namespace

std::optional<Fault> scan_template(std::string_view text, std::vector<Chunk>& out) {
    return Scanner(text, out).run();
}

}  // namespace syncline::rules::templating
