// Text helpers of patterns and templates; see text.hpp.
//
// Case mapping goes through the table of case_table.hpp above ASCII. No locale, no allocation but
// the result.
#include "rules/text.hpp"

#include <algorithm>
#include <cstring>

#include "core/sdk/json.hpp"
#include "rules/case_table.hpp"

namespace syncline::rules {

std::size_t char_length(std::string_view text, std::size_t at) {
    return std::max<std::size_t>(1, json_detail::utf8_length(text, at));
}

std::size_t char_count(std::string_view text) {
    std::size_t count = 0;
    for (std::size_t at = 0; at < text.size(); at += char_length(text, at)) ++count;
    return count;
}

std::string_view char_slice(std::string_view text, std::size_t first, std::size_t count) {
    std::size_t begin = 0;
    for (; first > 0 && begin < text.size(); --first) begin += char_length(text, begin);
    std::size_t end = begin;
    for (; count > 0 && end < text.size(); --count) end += char_length(text, end);
    return text.substr(begin, end - begin);
}

namespace {

std::uint32_t decode(std::string_view bytes) {
    auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    switch (bytes.size()) {
        case 2: return (byte(0) & 0x1Fu) << 6 | (byte(1) & 0x3Fu);
        case 3: return (byte(0) & 0x0Fu) << 12 | (byte(1) & 0x3Fu) << 6 | (byte(2) & 0x3Fu);
        case 4:
            return (byte(0) & 0x07u) << 18 | (byte(1) & 0x3Fu) << 12 | (byte(2) & 0x3Fu) << 6 |
                   (byte(3) & 0x3Fu);
        default: return byte(0);
    }
}

template <std::size_t N>
std::uint32_t map_char(const CaseRange (&table)[N], std::uint32_t code) {
    auto row = std::upper_bound(std::begin(table), std::end(table), code,
                                [](std::uint32_t c, const CaseRange& r) { return c < r.first; });
    if (row == std::begin(table)) return code;
    --row;
    if (code > row->last || (code - row->first) % row->step != 0) return code;
    return static_cast<std::uint32_t>(static_cast<std::int32_t>(code) + row->delta);
}

template <std::size_t N>
void map_text_to(const CaseRange (&table)[N], std::string_view text, bool to_upper,
                 std::string& out) {
    out.reserve(out.size() + text.size());
    for (std::size_t at = 0; at < text.size();) {
        char c = text[at];
        if (static_cast<unsigned char>(c) < 0x80) {
            bool other = to_upper ? c >= 'a' && c <= 'z' : c >= 'A' && c <= 'Z';
            out.push_back(other ? static_cast<char>(c ^ 0x20) : c);
            ++at;
            continue;
        }
        auto length = json_detail::utf8_length(text, at);
        if (length == 0) out.push_back(c);
        else json_append_utf8(out, map_char(table, decode(text.substr(at, length))));
        at += std::max<std::size_t>(1, length);
    }
}

template <std::size_t N>
std::string map_text(const CaseRange (&table)[N], std::string_view text, bool to_upper) {
    std::string out;
    map_text_to(table, text, to_upper, out);
    return out;
}

}  // namespace

void fold_case_to(std::string_view text, std::string& out) {
    // Most texts are ASCII from begin to end: a loop that the compiler turns into wide steps.
    auto begin = out.size();
    out.resize(begin + text.size());
    char* to = out.data() + begin;
    unsigned char above = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        above |= static_cast<unsigned char>(c);
        to[i] = static_cast<char>(c | (c >= 'A' && c <= 'Z' ? 0x20 : 0));
    }
    if (above < 0x80) return;
    out.resize(begin);
    map_text_to(case_folding, text, false, out);
}
std::string fold_case(std::string_view text) { return map_text(case_folding, text, false); }
std::string lower_case(std::string_view text) { return map_text(case_lower, text, false); }
std::string upper_case(std::string_view text) { return map_text(case_upper, text, true); }

Wildcard::Wildcard(std::string_view pattern, bool escapes) : parts_(1) {
    for (std::size_t at = 0; at < pattern.size(); ++at) {
        if (pattern[at] == '*') {
            parts_.emplace_back();
            continue;
        }
        if (escapes && pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
        parts_.back().push_back(pattern[at]);
    }
}

bool Wildcard::matches(std::string_view text) const {
    if (parts_.empty()) return text.empty();
    if (!has_star()) return text == parts_.front();
    if (!text.starts_with(parts_.front())) return false;
    text.remove_prefix(parts_.front().size());
    if (!text.ends_with(parts_.back())) return false;
    text.remove_suffix(parts_.back().size());
    for (std::size_t i = 1; i + 1 < parts_.size(); ++i) {
        const auto& part = parts_[i];
        if (part.empty()) continue;
        if (text.size() < part.size()) return false;
        // glibc's memmem is the two-way search: linear for every part and text.
        const void* found = memmem(text.data(), text.size(), part.data(), part.size());
        if (!found) return false;
        text.remove_prefix(static_cast<std::size_t>(static_cast<const char*>(found) - text.data()) +
                           part.size());
    }
    return true;
}

namespace {

/// Edits (insert, delete, replace, swap of neighbours) from one name to the other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
    for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i)
        for (std::size_t j = 1; j <= b.size(); ++j) {
            auto same = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, same});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[a.size()][b.size()];
}

/// Case, `$`, `-` and `_` do not make another name.
std::string plain_name(std::string_view name) {
    std::string out;
    for (char c : lower_case(name))
        if (c != '$' && c != '-' && c != '_' && c != ' ') out.push_back(c);
    return out;
}

}  // namespace

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
    if (name.size() > 64) return {};
    auto wanted = plain_name(name);
    std::size_t best = std::max<std::size_t>(1, wanted.size() / 3) + 1;
    std::string nearest;
    for (const auto& candidate : candidates) {
        auto plain = plain_name(candidate);
        auto distance = edit_distance(wanted, plain);
        bool part = wanted.size() >= 4 && plain.size() > wanted.size() &&
                    plain.compare(0, wanted.size(), wanted) == 0;
        if (part) distance = std::min<std::size_t>(distance, 1);
        if (distance < best) {
            best = distance;
            nearest = candidate;
        }
    }
    return nearest;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates) {
    auto nearest = nearest_name(name, candidates);
    return nearest.empty() ? std::string() : "; did you mean \"" + nearest + "\"?";
}

std::string quoted(std::string_view text, std::size_t bytes_max) {
    std::string out;
    if (text.size() <= bytes_max) {
        json_quote_to(out, text);
        return out;
    }
    std::size_t end = 0;
    while (end + char_length(text, end) <= bytes_max) end += char_length(text, end);
    json_quote_to(out, text.substr(0, end));
    return out.insert(out.size() - 1, "…");
}

}  // namespace syncline::rules
