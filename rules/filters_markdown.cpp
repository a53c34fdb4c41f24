// `markdown_to_text`: Markdown as plain text for a field that knows no formatting. The only user of
// md4c in this room.
//
// Marks of emphasis and headings go, what a reader needs stays: list marks, quotes, line breaks,
// the address behind a link, the text of an image. HTML is left out. CommonMark with tables,
// strikethrough and bare addresses. md4c calls back synchronously; one call is one object on the stack.
#include <md4c.h>

#include <algorithm>

#include "rules/filters.hpp"
#include "rules/limits.hpp"

namespace syncline::rules {

namespace {

class TextMaker {
public:
    bool run(const std::string& markdown) {
        MD_PARSER parser = {};
        parser.flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_PERMISSIVEAUTOLINKS |
                       MD_FLAG_TASKLISTS;
        parser.enter_block = [](MD_BLOCKTYPE type, void* detail, void* self) {
            return of(self).enter_block(type, detail);
        };
        parser.leave_block = [](MD_BLOCKTYPE type, void*, void* self) {
            return of(self).leave_block(type);
        };
        parser.enter_span = [](MD_SPANTYPE type, void* detail, void* self) {
            return of(self).enter_span(type, detail);
        };
        parser.leave_span = [](MD_SPANTYPE type, void*, void* self) {
            return of(self).leave_span(type);
        };
        parser.text = [](MD_TEXTTYPE type, const MD_CHAR* text, MD_SIZE size, void* self) {
            return of(self).text(type, std::string_view(text, size));
        };
        return md_parse(markdown.data(), static_cast<MD_SIZE>(markdown.size()), &parser, this) == 0;
    }

    std::string take() {
        while (out_.ends_with('\n')) out_.pop_back();
        return std::move(out_);
    }

private:
    enum class Gap { none, line, blank };

    struct Level {
        std::string marker;   // of an item, until it is written
        std::string prefix;   // of the lines behind it, or of each line of a quote
    };
    struct List {
        bool numbered = false;
        unsigned next = 1;
    };

    static TextMaker& of(void* self) { return *static_cast<TextMaker*>(self); }

    /// Not 0 ends the parse.
    int state() const { return out_.size() > limits::filter_bytes_max ? 1 : 0; }

    int enter_block(MD_BLOCKTYPE type, void* detail) {
        switch (type) {
            case MD_BLOCK_QUOTE:
                want(Gap::blank);
                levels_.push_back(Level{"", "> "});
                break;
            case MD_BLOCK_UL: open_list(List{false, 1}); break;
            case MD_BLOCK_OL:
                open_list(List{true, static_cast<MD_BLOCK_OL_DETAIL*>(detail)->start});
                break;
            case MD_BLOCK_LI: open_item(*static_cast<MD_BLOCK_LI_DETAIL*>(detail)); break;
            case MD_BLOCK_TR: want(Gap::line); first_cell_ = true; break;
            case MD_BLOCK_TH:
            case MD_BLOCK_TD:
                if (!first_cell_) append(" | ");
                first_cell_ = false;
                break;
            case MD_BLOCK_HTML: ++hidden_; break;
            case MD_BLOCK_DOC:
            case MD_BLOCK_THEAD:
            case MD_BLOCK_TBODY: break;
            default: want(Gap::blank);
        }
        return state();
    }

    int leave_block(MD_BLOCKTYPE type) {
        switch (type) {
            case MD_BLOCK_QUOTE:
            case MD_BLOCK_LI:
                // An empty item is a line of its own; it must not lend its mark to the next.
                if (!levels_.back().marker.empty()) append("");
                levels_.pop_back();
                want(type == MD_BLOCK_LI ? Gap::line : Gap::blank);
                break;
            case MD_BLOCK_UL:
            case MD_BLOCK_OL:
                lists_.pop_back();
                want(lists_.empty() ? Gap::blank : Gap::line);
                break;
            case MD_BLOCK_HTML: --hidden_; break;
            case MD_BLOCK_P:
            case MD_BLOCK_H:
            case MD_BLOCK_CODE:
            case MD_BLOCK_TABLE: want(Gap::blank); break;
            default: break;
        }
        return state();
    }

    void open_list(List list) {
        want(lists_.empty() ? Gap::blank : Gap::line);
        lists_.push_back(list);
    }

    void open_item(const MD_BLOCK_LI_DETAIL& item) {
        want(Gap::line);
        auto& list = lists_.back();
        std::string marker = list.numbered ? std::to_string(list.next++) + ". " : "- ";
        std::string prefix(marker.size(), ' ');
        if (item.is_task) marker += item.task_mark == ' ' ? "[ ] " : "[x] ";
        levels_.push_back(Level{std::move(marker), std::move(prefix)});
    }

    int enter_span(MD_SPANTYPE type, void* detail) {
        if (type == MD_SPAN_A) {
            const auto& href = static_cast<MD_SPAN_A_DETAIL*>(detail)->href;
            addresses_.emplace_back(std::string(href.text, href.size), out_.size());
        }
        return state();
    }

    int leave_span(MD_SPANTYPE type) {
        if (type != MD_SPAN_A || addresses_.empty()) return state();
        auto [address, begin] = std::move(addresses_.back());
        addresses_.pop_back();
        auto shown = std::string_view(out_).substr(std::min(begin, out_.size()));
        // A bare address is its own text; mail addresses differ by their scheme only.
        if (!address.empty() && !shown.ends_with(address) &&
            !address.ends_with(shown.substr(shown.find_last_of(" \n") + 1)))
            append(" (" + address + ")");
        return state();
    }

    int text(MD_TEXTTYPE type, std::string_view text) {
        if (hidden_ > 0 || type == MD_TEXT_HTML) return state();
        switch (type) {
            case MD_TEXT_NULLCHAR: append("\xEF\xBF\xBD"); break;
            case MD_TEXT_BR: want(Gap::line); break;
            case MD_TEXT_SOFTBR: append(" "); break;
            case MD_TEXT_ENTITY: entity(text); break;
            case MD_TEXT_CODE: code(text); break;
            default: append(text);
        }
        return state();
    }

    /// Lines of a code block come with their ends.
    void code(std::string_view text) {
        while (!text.empty()) {
            auto end = text.find('\n');
            if (end != 0) append(text.substr(0, end));
            if (end == std::string_view::npos) return;
            if (gap_ == Gap::line) append("");   // a line with nothing in it
            want(Gap::line);
            text.remove_prefix(end + 1);
        }
    }

    void entity(std::string_view text) {
        static constexpr std::pair<std::string_view, std::string_view> known[] = {
            {"&amp;", "&"},  {"&lt;", "<"},         {"&gt;", ">"},         {"&quot;", "\""},
            {"&apos;", "'"}, {"&nbsp;", "\u00A0"},  {"&hellip;", "…"},     {"&ndash;", "–"},
            {"&mdash;", "—"}, {"&euro;", "€"},      {"&copy;", "©"}};
        for (const auto& [name, value] : known)
            if (name == text) return append(value);
        bool hex = text.starts_with("&#x") || text.starts_with("&#X");
        if (!hex && !text.starts_with("&#")) return append(text);
        std::uint32_t code = 0;
        for (char c : text.substr(hex ? 3 : 2, text.size() - (hex ? 4 : 3)))
            code = code * (hex ? 16 : 10) +
                   static_cast<std::uint32_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
        bool scalar = code > 0 && code < 0x110000 && (code < 0xD800 || code > 0xDFFF);
        std::string character;
        json_append_utf8(character, scalar ? code : 0xFFFD);
        append(character);
    }

    void want(Gap gap) { gap_ = std::max(gap_, gap); }

    void append(std::string_view text) {
        bool marked = !levels_.empty() && !levels_.back().marker.empty();
        if (out_.empty()) {
            prefix();
        } else if (gap_ != Gap::none) {
            // The first block of an item follows its mark, without a blank line between.
            bool blank = gap_ == Gap::blank && !(marked && lists_.size() > 1);
            out_ += blank ? "\n\n" : "\n";
            prefix();
        }
        gap_ = Gap::none;
        out_ += text;
    }

    void prefix() {
        for (auto& level : levels_) {
            out_ += level.marker.empty() ? level.prefix : level.marker;
            level.marker.clear();
        }
    }

    std::string out_;
    std::vector<Level> levels_;
    std::vector<List> lists_;
    std::vector<std::pair<std::string, std::size_t>> addresses_;
    Gap gap_ = Gap::none;
    std::size_t hidden_ = 0;
    bool first_cell_ = true;
};

Json markdown_to_text(const Json& in, FilterCall& call) {
    if (in.as_string().size() > limits::markdown_bytes_max)
        return call.fail("reads at most " + std::to_string(limits::markdown_bytes_max) + " bytes");
    TextMaker maker;
    if (!maker.run(in.as_string()))
        return call.fail("makes more than " + std::to_string(limits::filter_bytes_max) + " bytes");
    return maker.take();
}

constexpr FilterSpec specs[] = {{"markdown_to_text", "T", markdown_to_text}};

}  // namespace

std::span<const FilterSpec> markdown_filters() { return specs; }

}  // namespace syncline::rules
