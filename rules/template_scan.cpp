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

namespace {

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

std::string_view tag_name(std::string_view body) {
    auto first = body.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    body.remove_prefix(first);
    if (body.front() == '#') return body.substr(0, 1);
    std::size_t end = 0;
    while (end < body.size() && is_word(body[end])) ++end;
    return body.substr(0, end > 0 ? end : body.find_first_of(" \t\r\n"));
}

std::string_view tag_rest(std::string_view body) {
    auto name = tag_name(body);
    if (name.empty()) return {};
    body.remove_prefix(static_cast<std::size_t>(name.data() - body.data()) + name.size());
    return body;
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
        if (name == "raw" || name == "doc") return verbatim(chunk, name);
        if (name == "comment") return comment(open);
        if (name == "#") return note(chunk);
        out_.push_back(chunk);
    }

    void fail(std::size_t offset, std::string message) {
        if (!fault_) fault_ = fault_at(text_, offset, std::move(message));
    }

    /// Each line of {% # … %} begins with the mark.
    void note(const Chunk& chunk) {
        auto rest = tag_rest(chunk.body);
        for (auto line = rest.find('\n'); line != std::string_view::npos;
             line = rest.find('\n', line + 1)) {
            auto first = rest.find_first_not_of(blanks, line);
            if (first == std::string_view::npos || rest[first] == '#') continue;
            auto at = static_cast<std::size_t>(rest.data() - text_.data()) + first;
            return fail(at, "each line of {% # %} begins with #");
        }
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
        auto end = output || !is_free_text(tag_name(text_.substr(begin)))
            ? find_close(begin, close) : text_.find(close, begin);
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

    /// Tags whose rest is for people: a quote in them begins no text.
    static bool is_free_text(std::string_view name) {
        return name == "#" || name == "comment" || name == "doc" || name == "liquid";
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

    struct Tag {
        std::size_t begin = 0;        // of its brace
        std::size_t end = 0;          // behind its closing brace
        std::string_view name;
        bool trims = false;           // -%}
    };

    /// The next {% … %} from `from` on, whatever it says.
    std::optional<Tag> next_tag(std::size_t from) const {
        auto begin = text_.find("{%", from);
        if (begin == std::string_view::npos) return std::nullopt;
        auto inside = begin + 2 + (text_.substr(begin + 2, 1) == "-" ? 1 : 0);
        auto end = text_.find("%}", inside);
        if (end == std::string_view::npos) return std::nullopt;
        Tag tag{begin, end + 2, {}, end > inside && text_[end - 1] == '-'};
        tag.name = tag_name(text_.substr(inside, end - inside - (tag.trims ? 1 : 0)));
        return tag;
    }

    /// The next tag of that name; what stands before it need not be well-formed.
    std::optional<Tag> find_tag(std::size_t from, std::string_view name) const {
        for (auto at = text_.find("{%", from); at != std::string_view::npos;
             at = text_.find("{%", at + 2)) {
            auto inside = at + 2 + (text_.substr(at + 2, 1) == "-" ? 1 : 0);
            if (tag_name(text_.substr(inside, name.size() + 64)) == name) return next_tag(at);
        }
        return std::nullopt;
    }

    /// Behind {% raw %} or {% doc %}: raw text is kept as it is, with the blanks at its ends.
    void verbatim(const Chunk& chunk, std::string_view name) {
        std::string word(name);
        auto rest = tag_rest(chunk.body);
        if (rest.find_first_not_of(blanks) != std::string_view::npos)
            return fail(chunk.offset, "{% " + word + " %} takes nothing, found " + quoted(rest));
        auto end = find_tag(at_, "end" + word);
        if (!end)
            return fail(chunk.offset,
                        "{% " + word + " %} is not closed with {% end" + word + " %}");
        if (name == "doc") {
            if (auto inner = find_tag(at_, "doc"); inner && inner->begin < end->begin)
                return fail(inner->begin, "{% doc %} inside of {% doc %}");
        } else {
            auto body = text_.substr(at_, end->begin - at_);
            if (!body.empty()) out_.push_back(Chunk{Chunk::Kind::verbatim, body, at_});
        }
        trim_next_ = end->trims;
        at_ = end->end;
    }

    /// Behind {% comment %}: up to its end; comments nest, raw hides.
    void comment(std::size_t open) {
        std::size_t depth = 1;
        for (auto tag = next_tag(at_); tag; tag = next_tag(tag->end)) {
            if (tag->name == "comment") ++depth;
            if (tag->name == "raw") {
                tag = find_tag(tag->end, "endraw");
                if (!tag) break;
            }
            if (tag->name != "endcomment" || --depth > 0) continue;
            trim_next_ = tag->trims;
            at_ = tag->end;
            return;
        }
        fail(open, "{% comment %} is not closed with {% endcomment %}");
    }

    std::string_view text_;
    std::vector<Chunk>& out_;
    std::size_t at_ = 0;
    bool trim_next_ = false;
    std::optional<Fault> fault_;
};

}  // namespace

std::optional<Fault> scan_lines(std::string_view whole, const Chunk& liquid,
                                std::vector<Chunk>& out) {
    auto rest = tag_rest(liquid.body);
    std::size_t commented = 0, opened = 0;
    while (!rest.empty()) {
        auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        auto name = tag_name(line);
        if (name.empty()) continue;
        auto offset = static_cast<std::size_t>(name.data() - whole.data());
        if (name == "comment" && commented++ == 0) opened = offset;
        bool hidden = commented > 0 || name == "#";
        if (name == "endcomment" && commented > 0) --commented;
        if (hidden) continue;
        if (name == "raw" || name == "doc")
            return fault_at(whole, offset,
                            std::string(name) + " cannot stand inside of {% liquid %}");
        out.push_back(Chunk{Chunk::Kind::tag, line, offset});
    }
    if (commented > 0) return fault_at(whole, opened, "comment is not closed with endcomment");
    return std::nullopt;
}

std::optional<Fault> scan_template(std::string_view text, std::vector<Chunk>& out) {
    return Scanner(text, out).run();
}

}  // namespace syncline::rules::templating
