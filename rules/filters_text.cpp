// Filters over texts. Positions and sizes are in characters, not bytes. See filters.hpp.
#include <algorithm>

#include "rules/filters.hpp"
#include "rules/limits.hpp"
#include "rules/text.hpp"

namespace syncline::rules {

namespace {

constexpr std::string_view blanks = " \t\r\n\f\v";

std::string strip_left(std::string_view text) {
    auto first = text.find_first_not_of(blanks);
    return first == std::string_view::npos ? std::string() : std::string(text.substr(first));
}

std::string strip_right(std::string_view text) {
    auto last = text.find_last_not_of(blanks);
    return last == std::string_view::npos ? std::string() : std::string(text.substr(0, last + 1));
}

/// The one common letter whose upper case is two.
std::string upper(std::string_view text) {
    auto out = upper_case(text);
    for (auto at = out.find("ß"); at != std::string::npos; at = out.find("ß", at + 2))
        out.replace(at, 2, "SS");
    return out;
}

Json upcase(const Json& in, FilterCall&) { return upper(in.as_string()); }
Json downcase(const Json& in, FilterCall&) { return lower_case(in.as_string()); }
Json strip(const Json& in, FilterCall&) { return strip_left(strip_right(in.as_string())); }
Json lstrip(const Json& in, FilterCall&) { return strip_left(in.as_string()); }
Json rstrip(const Json& in, FilterCall&) { return strip_right(in.as_string()); }
Json append(const Json& in, FilterCall& call) { return in.as_string() + call.text(0); }
Json prepend(const Json& in, FilterCall& call) { return call.text(0) + in.as_string(); }

Json capitalize(const Json& in, FilterCall&) {
    auto first = char_slice(in.as_string(), 0, 1);
    return upper_case(first) + lower_case(std::string_view(in.as_string()).substr(first.size()));
}

/// Replaces up to `most` places, from the left. An empty needle is before, between and behind all
/// characters. Stops as soon as the result is too long.
Json replace_some(const std::string& text, const std::string& needle, const std::string& with,
                  std::size_t most, FilterCall& call) {
    std::string out;
    std::size_t at = 0;
    for (; most > 0; --most) {
        auto found = text.find(needle, at);
        if (found == std::string::npos) break;
        out.append(text, at, found - at).append(with);
        if (out.size() > limits::filter_bytes_max)
            return call.fail("makes more than " + std::to_string(limits::filter_bytes_max) +
                             " bytes");
        at = found + needle.size();
        if (!needle.empty()) continue;
        if (at == text.size()) return out;
        auto length = char_length(text, at);
        out.append(text, at, length);
        at += length;
    }
    return out.append(text, at);
}

const std::string& second_text(const FilterCall& call) {
    static const std::string nothing;
    return call.count > 1 ? call.text(1) : nothing;
}

Json replace(const Json& in, FilterCall& call) {
    return replace_some(in.as_string(), call.text(0), second_text(call), SIZE_MAX, call);
}
Json replace_first(const Json& in, FilterCall& call) {
    return replace_some(in.as_string(), call.text(0), second_text(call), 1, call);
}
Json remove(const Json& in, FilterCall& call) {
    if (call.text(0).empty()) return in;
    return replace_some(in.as_string(), call.text(0), "", SIZE_MAX, call);
}
Json remove_first(const Json& in, FilterCall& call) {
    return replace_some(in.as_string(), call.text(0), "", 1, call);
}

/// Also remove_last, whose second text is none.
Json replace_last(const Json& in, FilterCall& call) {
    const auto& text = in.as_string();
    auto found = text.rfind(call.text(0));
    if (found == std::string::npos) return in;
    return text.substr(0, found) + second_text(call) + text.substr(found + call.text(0).size());
}

/// By a separator; "" gives characters, " " words; empty texts at the end are left out.
Json split(const Json& in, FilterCall& call) {
    std::string_view text = in.as_string();
    const auto& separator = call.text(0);
    Json out = Json::array();
    bool words = separator == " ";
    for (std::size_t at = 0; at <= text.size() && out.size() <= limits::filter_items_max;) {
        if (words) at = std::min(text.find_first_not_of(blanks, at), text.size());
        if (at == text.size()) break;
        auto end = separator.empty() ? at + char_length(text, at)
                   : words           ? text.find_first_of(blanks, at)
                                     : text.find(separator, at);
        end = std::min(end, text.size());
        out.push_back(Json(text.substr(at, end - at)));
        at = end + separator.size();
        if (end == text.size()) break;
    }
    if (out.size() > limits::filter_items_max)
        return call.fail("makes more than " + std::to_string(limits::filter_items_max) + " items");
    while (!out.empty() && out.items().back().as_string().empty()) out.items().pop_back();
    return out;
}

const std::string& tail_text(const FilterCall& call) {
    static const std::string dots = "...";
    return call.count > 1 ? call.text(1) : dots;
}

Json truncate(const Json& in, FilterCall& call) {
    const auto& text = in.as_string();
    auto most = call.count > 0 ? call.integer(0) : 50;
    const auto& tail = tail_text(call);
    if (static_cast<std::int64_t>(char_count(text)) <= most) return in;
    auto kept = std::max<std::int64_t>(0, most - static_cast<std::int64_t>(char_count(tail)));
    return std::string(char_slice(text, 0, static_cast<std::size_t>(kept))) + tail;
}

Json truncatewords(const Json& in, FilterCall& call) {
    std::string_view text = in.as_string();
    auto most = std::max<std::int64_t>(1, call.count > 0 ? call.integer(0) : 15);
    std::string out;
    std::int64_t count = 0;
    for (std::size_t at = text.find_first_not_of(blanks); at < text.size();) {
        auto end = std::min(text.find_first_of(blanks, at), text.size());
        if (count == most) return out + tail_text(call);
        out.append(count > 0 ? " " : "").append(text.substr(at, end - at));
        ++count;
        at = text.find_first_not_of(blanks, end);
    }
    return in;
}

std::pair<std::size_t, std::size_t> slice_bounds(std::size_t size, FilterCall& call) {
    auto first = call.integer(0), length = call.has(1) ? call.integer(1) : 1;
    auto all = static_cast<std::int64_t>(size);
    if (first < 0 && first >= -all) first += all;
    if (first < 0 || first > all || length < 0) return {0, 0};
    return {static_cast<std::size_t>(first),
            static_cast<std::size_t>(std::min(length, all - first))};
}

Json slice(const Json& in, FilterCall& call) {
    if (in.is_array()) {
        auto [first, count] = slice_bounds(in.size(), call);
        Json out = Json::array();
        for (std::size_t i = first; i < first + count; ++i) out.push_back(in[i]);
        return out;
    }
    if (in.is_object()) return call.fail("needs a text or a list, found an object");
    std::string text;
    append_as_text(text, in);
    auto [first, count] = slice_bounds(char_count(text), call);
    return char_slice(text, first, count);
}

/// Letters, or # and digits, up to a semicolon. A name ends at the next &, so that a text of many
/// stays linear.
bool is_entity(std::string_view rest) {
    bool number = rest.starts_with('#');
    std::string_view allowed = number
        ? "0123456789" : "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    std::size_t begin = number ? 1 : 0;
    auto end = rest.find_first_not_of(allowed, begin);
    return end != std::string_view::npos && end > begin && rest[end] == ';';
}

Json escape_html(std::string_view text, bool once, FilterCall& call) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        switch (text[at]) {
            case '&':
                out += once && is_entity(text.substr(at + 1)) ? "&" : "&amp;";
                break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&#39;"; break;
            default: out.push_back(text[at]);
        }
        if (out.size() > limits::filter_bytes_max)
            return call.fail("makes more than " + std::to_string(limits::filter_bytes_max) +
                             " bytes");
    }
    return out;
}

Json escape(const Json& in, FilterCall& call) { return escape_html(in.as_string(), false, call); }
Json escape_once(const Json& in, FilterCall& call) {
    return escape_html(in.as_string(), true, call);
}

/// What lies between the marks is left out with them; a begin without its end stays. Linear: once
/// an end is not found, it is not searched for again.
std::string without_blocks(std::string_view text) {
    struct Block {
        std::string_view begin, end;
        bool open = true;
    };
    Block blocks[] = {{"<script", "</script>"}, {"<!--", "-->"}, {"<style", "</style>"}};
    std::string out;
    std::size_t at = 0;
    while (at < text.size()) {
        auto rest = text.substr(at);
        auto skipped = std::string_view::npos;
        for (auto& [begin, end, open] : blocks) {
            if (!open || !rest.starts_with(begin)) continue;
            auto found = text.find(end, at + begin.size());
            open = found != std::string_view::npos;
            if (open) skipped = found + end.size();
        }
        if (skipped != std::string_view::npos) {
            at = skipped;
            continue;
        }
        auto next = std::min(text.find('<', at + 1), text.size());
        out.append(text, at, next - at);
        at = next;
    }
    return out;
}

Json strip_html(const Json& in, FilterCall&) {
    auto text = without_blocks(in.as_string());
    std::string out;
    std::size_t at = 0;
    while (at < text.size()) {
        auto open = text.find('<', at);
        auto close = open == std::string::npos ? open : text.find('>', open);
        out.append(text, at, close == std::string::npos ? close : open - at);
        if (close == std::string::npos) break;
        at = close + 1;
    }
    return out;
}

Json strip_newlines(const Json& in, FilterCall& call) {
    auto plain = replace_some(in.as_string(), "\r\n", "", SIZE_MAX, call);
    return replace_some(plain.as_string(), "\n", "", SIZE_MAX, call);
}

/// Runs of blanks become one space.
Json squish(const Json& in, FilterCall&) {
    std::string out;
    bool gap = false;
    for (char c : in.as_string()) {
        if (blanks.find(c) != std::string_view::npos) {
            gap = !out.empty();
            continue;
        }
        if (gap) out.push_back(' ');
        gap = false;
        out.push_back(c);
    }
    return out;
}

Json newline_to_br(const Json& in, FilterCall& call) {
    auto plain = replace_some(in.as_string(), "\r\n", "\n", SIZE_MAX, call);
    return replace_some(plain.as_string(), "\n", "<br />\n", SIZE_MAX, call);
}

constexpr FilterSpec specs[] = {
    {"append", "tt", append},
    {"capitalize", "t", capitalize},
    {"downcase", "t", downcase},
    {"escape", "T", escape},
    {"escape_once", "t", escape_once},
    {"lstrip", "t", lstrip},
    {"newline_to_br", "t", newline_to_br},
    {"prepend", "tt", prepend},
    {"remove", "tt", remove},
    {"remove_first", "tt", remove_first},
    {"remove_last", "tt", replace_last},
    {"replace", "tt?t", replace},
    {"replace_first", "tt?t", replace_first},
    {"replace_last", "ttt", replace_last},
    {"rstrip", "t", rstrip},
    {"slice", "ai?o", slice},
    {"split", "tt", split},
    {"squish", "T", squish},
    {"strip", "t", strip},
    {"strip_html", "t", strip_html},
    {"strip_newlines", "t", strip_newlines},
    {"truncate", "T?it", truncate},
    {"truncatewords", "T?it", truncatewords},
    {"upcase", "t", upcase},
};

}  // namespace

std::span<const FilterSpec> text_filters() { return specs; }

}  // namespace syncline::rules
