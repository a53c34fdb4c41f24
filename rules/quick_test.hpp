// A predicate as a few words that lie beside the record that asks for it. Private to the room.
//
// Most records that an index finds fail one more test. The words decide nearly all of those without
// leaving the record's cache lines; where they cannot tell for certain, the predicate is asked.
//
// Layout: kind | negated << 7 | words << 8 (all of the test's words), path, predicate, then by kind. text: a tag (half
// of the text's hash), size, bytes. prefix, suffix, begins, ends: size, bytes. folded: as many bytes.
// texts, no_texts: count, a tag for each text, where each stands (begin, size) in the predicates'
// bytes. range: flags, two doubles.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "rules/predicates.hpp"
#include "rules/text_hash.hpp"

namespace syncline::rules {

enum class QuickKind : std::uint8_t {
    ask,              // only the predicate knows; without a value it does not hold
    ask_always,       // only the predicate knows
    text,             // is that text
    prefix, suffix,
    begins, ends,     // if it does not, no; else the predicate knows
    folded,           // the same, in any case
    texts, no_texts,  // is one, is none of those
    range,            // a number between two others
    present, absent,
};

/// Of text, prefix and suffix: any value but those that satisfy the test.
inline constexpr std::uint32_t quick_negated = 0x80;
/// Of a range: an end that belongs to it; both ends are integers that a double holds exactly.
inline constexpr std::uint32_t quick_low_in = 1, quick_high_in = 2, quick_whole = 4;

enum class Answer : std::uint8_t { no, yes, ask };

/// Appends the test of `predicate` to `code`.
void write_quick_test(const Predicates& predicates, std::uint32_t predicate,
                      std::vector<std::uint32_t>& code);

/// Equal for predicates that are tested alike, at one path.
std::uint64_t quick_order(const Predicates& predicates, std::uint32_t predicate);

inline std::uint32_t quick_words(const std::uint32_t* test) { return test[0] >> 8; }

/// False only when the text in one case cannot begin with these bytes. A character above ASCII may
/// fold to one below, so from there on nothing is said.
inline bool may_begin_folded(std::string_view text, const char* folded, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
        if (i == text.size()) return false;
        char c = text[i];
        if (static_cast<unsigned char>(c) >= 0x80 || static_cast<unsigned char>(folded[i]) >= 0x80)
            return true;
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
        if (c != folded[i]) return false;
    }
    return true;
}

inline bool quick_listed(const std::uint32_t* test, const Predicates& predicates,
                         const Value& value) {
    if (value.kind != Value::Kind::text) return false;
    auto tag = static_cast<std::uint32_t>(value.hash);
    const std::uint32_t* tags = test + 4;
    const std::uint32_t* places = tags + test[3];
    for (std::uint32_t i = 0; i < test[3]; ++i)
        if (tags[i] == tag &&
            predicates.bytes(places[2 * i], places[2 * i + 1]) == value.text)
            return true;
    return false;
}

inline Answer quick_range(const std::uint32_t* test, const Value& value) {
    if (value.kind != Value::Kind::number) return Answer::no;
    double ends[2];
    std::memcpy(ends, test + 4, sizeof ends);
    if (value.number < ends[0] || value.number > ends[1]) return Answer::no;
    bool at_low = value.number == ends[0], at_high = value.number == ends[1];
    if (!at_low && !at_high) return Answer::yes;
    auto flags = test[3];
    if (!(flags & quick_whole) || !value.whole) return Answer::ask;
    bool in = (!at_low || (flags & quick_low_in)) && (!at_high || (flags & quick_high_in));
    return in ? Answer::yes : Answer::no;
}

inline Answer quick_text(QuickKind kind, const std::uint32_t* test, std::string_view text) {
    const auto* bytes = reinterpret_cast<const char*>(test + 4);
    std::size_t size = test[3];
    bool from_end = kind == QuickKind::suffix || kind == QuickKind::ends;
    bool fits = text.size() >= size &&
                same_bytes(text.data() + (from_end ? text.size() - size : 0), bytes, size);
    if (!fits) return Answer::no;
    return kind == QuickKind::begins || kind == QuickKind::ends ? Answer::ask : Answer::yes;
}

inline QuickKind quick_kind(const std::uint32_t* test) {
    return static_cast<QuickKind>(test[0] & 0x7F);
}

inline Answer quick_value(const std::uint32_t* test, const Predicates& predicates,
                          const Value& value) {
    auto kind = quick_kind(test);
    bool is_text = value.kind == Value::Kind::text;
    switch (kind) {
        case QuickKind::text: {
            bool same = is_text && test[3] == static_cast<std::uint32_t>(value.hash) &&
                        test[4] == value.text.size() &&
                        same_bytes(value.text.data(), reinterpret_cast<const char*>(test + 5),
                                   test[4]);
            return same ? Answer::yes : Answer::no;
        }
        case QuickKind::prefix:
        case QuickKind::suffix:
        case QuickKind::begins:
        case QuickKind::ends: return is_text ? quick_text(kind, test, value.text) : Answer::no;
        case QuickKind::folded: {
            bool may = is_text && may_begin_folded(value.text,
                                                   reinterpret_cast<const char*>(test + 4), test[3]);
            return may ? Answer::ask : Answer::no;
        }
        case QuickKind::texts:
            return quick_listed(test, predicates, value) ? Answer::yes : Answer::no;
        case QuickKind::no_texts:
            return quick_listed(test, predicates, value) ? Answer::no : Answer::yes;
        case QuickKind::range: return quick_range(test, value);
        case QuickKind::present: return Answer::yes;
        case QuickKind::absent: return Answer::no;
        default: return Answer::ask;
    }
}

/// Does any value at the test's path satisfy it, as though no element of a list were chosen?
inline bool quick_test_holds(const std::uint32_t* test, const Predicates& predicates,
                             EventValues& values) {
    auto at = values.first(test[1]);
    if (at == Value::none) {
        auto kind = quick_kind(test);
        return kind == QuickKind::absent ||
               (kind == QuickKind::ask_always && predicates[test[2]].absent_holds);
    }
    bool negated = (test[0] & quick_negated) != 0;
    bool ask = false;
    for (; at != Value::none; at = values[at].next) {
        auto answer = quick_value(test, predicates, values[at]);
        if (answer == Answer::ask) ask = true;
        else if ((answer == Answer::yes) != negated) return true;
    }
    return ask && predicates.holds_anywhere(predicates[test[2]], values);
}

}  // namespace syncline::rules
