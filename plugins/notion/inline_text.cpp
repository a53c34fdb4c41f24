// See rich_text.hpp. A delimiter opens only when its close is found; a close that was not found
// once is not looked for again to the right of it, which keeps "*a *a *a …" linear.
#include <algorithm>
#include <map>
#include <string>

#include "plugins/notion/rich_text.hpp"

namespace syncline::connector_notion {
namespace {

constexpr int nesting_max = 8;
constexpr std::size_t label_bytes_max = 500;

struct Style {
    bool bold = false;
    bool italic = false;
    bool strike = false;
    bool code = false;
    bool highlight = false;
    std::string url;
    bool operator==(const Style&) const = default;
};

struct Run {
    std::string text;
    Style style;
};

bool is_word(char c) {
    auto byte = static_cast<unsigned char>(c);
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           byte >= 0x80;
}
bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n';
}
bool is_mark(char c) {
    return std::string_view("\\`*_{}[]()#+-.!~=>|<&\"'$%,/:;?@^").find(c) != std::string_view::npos;
}
bool is_web_url(std::string_view url) {
    bool known = url.starts_with("https://") || url.starts_with("http://") ||
                 url.starts_with("mailto:");
    return known && url.size() <= url_bytes_max;
}

class Inline {
public:
    Inline(std::string_view text, std::vector<Run>& out, int depth)
        : text_(text), out_(out), depth_(depth) {}

    void read(const Style& style) {
        for (at_ = 0; at_ < text_.size();) {
            char c = text_[at_];
            if (c == '\\' && at_ + 1 < text_.size() && is_mark(text_[at_ + 1])) {
                put(text_.substr(at_ + 1, 1), style);
                at_ += 2;
            } else if (!(c == '`' && code(style)) && !(c == '[' && link(style)) &&
                       !(c == '!' && image(style)) && !(c == '<' && autolink(style)) &&
                       !emphasis(style)) {
                put(text_.substr(at_, 1), style);
                ++at_;
            }
        }
    }

private:
    void put(std::string_view text, const Style& style) {
        if (out_.empty() || !(out_.back().style == style)) out_.push_back({"", style});
        out_.back().text.append(text);
    }

    void inside(std::string_view inner, const Style& style) {
        if (depth_ >= nesting_max) return put(inner, style);
        Inline(inner, out_, depth_ + 1).read(style);
    }

    bool code(const Style& style) {
        std::size_t ticks = 0;
        while (at_ + ticks < text_.size() && text_[at_ + ticks] == '`') ++ticks;
        std::size_t from = at_ + ticks;
        std::size_t close = std::string_view::npos;
        if (!absent_[std::string(ticks, '`')])
            for (std::size_t i = from; i < text_.size(); ++i) {
                if (text_[i] != '`') continue;
                std::size_t run = 0;
                while (i + run < text_.size() && text_[i + run] == '`') ++run;
                if (run == ticks) {
                    close = i;
                    break;
                }
                i += run - 1;
            }
        if (close == std::string_view::npos) {
            absent_[std::string(ticks, '`')] = true;
            put(text_.substr(at_, ticks), style);
            at_ = from;
            return true;
        }
        Style coded = style;
        coded.code = true;
        put(text_.substr(from, close - from), coded);
        at_ = close + ticks;
        return true;
    }

    /// The parts of "[label](url)" at `open`. The label's bound keeps "[[[[…" near linear.
    bool bracketed(std::size_t open, std::string_view& label, std::string_view& url,
                   std::size_t& end) const {
        std::size_t limit = std::min(text_.size(), open + label_bytes_max);
        int level = 0;
        std::size_t close = open;
        for (; close < limit; ++close) {
            if (text_[close] == '\\') ++close;
            else if (text_[close] == '[') ++level;
            else if (text_[close] == ']' && --level == 0) break;
        }
        if (close + 1 >= limit || text_[close + 1] != '(') return false;
        std::size_t from = close + 2, stop = from;
        int round = 1;
        for (; stop < text_.size() && stop < from + url_bytes_max + 300; ++stop) {
            if (text_[stop] == '\n' || text_[stop] == '[') return false;
            if (text_[stop] == '(') ++round;
            else if (text_[stop] == ')' && --round == 0) break;
        }
        if (round != 0) return false;
        label = text_.substr(open + 1, close - open - 1);
        url = text_.substr(from, stop - from);
        url = url.substr(0, url.find(' '));  // what follows is a title
        if (url.starts_with('<') && url.ends_with('>')) url = url.substr(1, url.size() - 2);
        end = stop + 1;
        return true;
    }

    bool link(const Style& style) {
        std::string_view label, url;
        std::size_t end = 0;
        if (next_target_ < at_ + 1) next_target_ = std::min(text_.find("](", at_), text_.size());
        bool possible = style.url.empty() && next_target_ < text_.size();
        if (!possible || !bracketed(at_, label, url, end)) return false;
        Style linked = style;
        // Notion refuses a URL that is not absolute: its label stays as text.
        if (is_web_url(url)) linked.url = std::string(url);
        inside(label.empty() ? url : label, linked);
        at_ = end;
        return true;
    }

    bool image(const Style& style) {
        if (at_ + 1 >= text_.size() || text_[at_ + 1] != '[') return false;
        ++at_;
        if (link(style)) return true;
        --at_;
        return false;
    }

    bool autolink(const Style& style) {
        auto close = text_.substr(at_, url_bytes_max + 2).find('>');
        if (close == std::string_view::npos) return false;
        std::string_view url = text_.substr(at_ + 1, close - 1);
        if (!is_web_url(url) || url.find(' ') != std::string_view::npos) return false;
        Style linked = style;
        linked.url = std::string(url);
        put(url, linked);
        at_ += close + 1;
        return true;
    }

    bool emphasis(const Style& style) {
        struct Kind {
            std::string_view mark;
            bool Style::*flag;
        };
        static constexpr Kind kinds[] = {{"**", &Style::bold},   {"__", &Style::bold},
                                         {"~~", &Style::strike}, {"==", &Style::highlight},
                                         {"*", &Style::italic},  {"_", &Style::italic}};
        for (const auto& kind : kinds) {
            if (text_.substr(at_, kind.mark.size()) != kind.mark) continue;
            std::size_t close = close_of(kind.mark);
            if (close == std::string_view::npos) continue;
            Style inner = style;
            inner.*kind.flag = true;
            std::size_t from = at_ + kind.mark.size();
            inside(text_.substr(from, close - from), inner);
            at_ = close + kind.mark.size();
            return true;
        }
        return false;
    }

    std::size_t close_of(std::string_view mark) {
        constexpr auto none = std::string_view::npos;
        std::size_t from = at_ + mark.size();
        bool within_word = mark[0] == '_' && at_ > 0 && is_word(text_[at_ - 1]);
        if (from >= text_.size() || is_space(text_[from]) || within_word) return none;
        if (absent_[std::string(mark)]) return none;
        for (auto i = text_.find(mark, from + 1); i != none; i = text_.find(mark, i + 1)) {
            bool good = !is_space(text_[i - 1]) && text_[i - 1] != '\\';
            std::size_t after = i + mark.size();
            if (mark.size() == 2 && after < text_.size() && text_[after] == mark[0]) {
                continue;  // "***": the inner one closes first
            }
            bool doubled = mark.size() == 1 &&
                           ((after < text_.size() && text_[after] == mark[0]) ||
                            text_[i - 1] == mark[0]);
            if (mark[0] == '_' && after < text_.size() && is_word(text_[after])) good = false;
            if (good && !doubled) return i;
        }
        absent_[std::string(mark)] = true;
        return none;
    }

    std::string_view text_;
    std::vector<Run>& out_;
    int depth_;
    std::size_t at_ = 0;
    std::size_t next_target_ = 0;  // of the "](" to the right, so that it is looked for once
    std::map<std::string, bool> absent_;
};

Json element_of(std::string_view text, const Style& style) {
    Json content = Json::object();
    content.set("content", text);
    if (!style.url.empty()) content.set("link", Json::object({{"url", style.url}}));
    Json made = Json::object();
    made.set("type", "text");
    made.set("text", std::move(content));
    Json annotations = Json::object();
    if (style.bold) annotations.set("bold", true);
    if (style.italic) annotations.set("italic", true);
    if (style.strike) annotations.set("strikethrough", true);
    if (style.code) annotations.set("code", true);
    if (style.highlight) annotations.set("color", "yellow_background");
    if (!annotations.empty()) made.set("annotations", std::move(annotations));
    return made;
}

}  // namespace

std::vector<std::string_view> split_units(std::string_view text, std::size_t units) {
    std::vector<std::string_view> pieces;
    std::size_t begin = 0, used = 0;
    for (std::size_t at = 0; at < text.size();) {
        auto lead = static_cast<unsigned char>(text[at]);
        std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        std::size_t cost = length == 4 ? 2 : 1;  // a surrogate pair
        if (used + cost > units) {
            pieces.push_back(text.substr(begin, at - begin));
            begin = at;
            used = 0;
        }
        used += cost;
        at += length;
    }
    if (begin < text.size()) pieces.push_back(text.substr(begin));
    return pieces;
}

Json rich_text(std::string_view markdown) {
    std::vector<Run> runs;
    Inline(markdown, runs, 0).read(Style());
    Json made = Json::array();
    for (const auto& run : runs)
        for (auto piece : split_units(run.text, text_units_max))
            made.push_back(element_of(piece, run.style));
    return made;
}

Json plain_rich_text(std::string_view text) {
    Json made = Json::array();
    for (auto piece : split_units(text, text_units_max)) made.push_back(element_of(piece, Style()));
    return made;
}

std::vector<Json> chunks_of(const Json& elements) {
    std::vector<Json> chunks(1, Json::array());
    for (const auto& element : elements.items()) {
        if (chunks.back().size() == rich_text_max) chunks.push_back(Json::array());
        chunks.back().push_back(element);
    }
    return chunks;
}

}  // namespace syncline::connector_notion
