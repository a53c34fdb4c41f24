// Finds, by an event's values, the few alternatives that may hold. Private to the room.
//
// A tree. At each node, rules are told apart by the values at one or several paths: probes look the
// event's value up among the keys that the rules there give, and what they find is a bucket: either
// a further node or a few records to check. A record holds what is still to be tested. So rules
// that share all but one value are told apart by that one, whatever their number, and rules of
// other values are never looked at. Built by rule_index_build.cpp; then only read; any thread.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "rules/access_key.hpp"
#include "rules/event_values.hpp"
#include "rules/rule_program.hpp"
#include "rules/text_hash.hpp"

namespace syncline::rules {

/// Eight bytes as a number that orders as the text does; what is missing counts as zero bytes.
inline std::uint64_t text_head(std::string_view text) {
    return __builtin_bswap64(load_bytes(text.data(), std::min<std::size_t>(8, text.size())));
}

/// How many of the sorted numbers are not above `sought`. Few are counted, without a branch that
/// could be guessed wrong; many are searched.
template <class Number>
std::size_t count_not_above(const Number* sorted, std::size_t size, Number sought) {
    constexpr std::size_t few = 32;
    if (size > few)
        return static_cast<std::size_t>(std::upper_bound(sorted, sorted + size, sought) - sorted);
    std::size_t count = 0;
    for (std::size_t i = 0; i < size; ++i) count += sorted[i] <= sought;
    return count;
}

class RuleIndex {
public:
    static constexpr std::uint32_t none = UINT32_MAX;
    static constexpr std::uint32_t child_flag = 0x8000'0000;   // a bucket that is a node

    /// How to look up the values at one path, but for equality with them as they are.
    struct Probe {
        std::uint32_t path = 0;      // node of the trie
        KeyKind kind = KeyKind::equal;
        Derived how = Derived::as_is;
        std::uint32_t begin = 0;     // of its part of the table for `kind`
        std::uint32_t size = 0;      // entries; equal and grams: slots - 1, a mask
        /// range: its part of `range_blocks`; none_of: of `code`; prefix: how many low bits of a
        /// head lie behind the shortest entry.
        std::uint32_t blocks = 0;
    };
    /// Values as they are, of all paths, are looked up in one table of the node.
    struct Node {
        std::uint32_t first_probe = 0;
        std::uint32_t probe_count = 0;
        std::uint32_t bucket = none;   // records that no look-up finds
        std::uint32_t first_path = 0;  // of `paths`
        std::uint32_t path_count = 0;
        std::uint32_t table = 0;       // its first slot
        std::uint32_t mask = 0;        // slots - 1
    };
    struct EqualSlot {
        static constexpr std::uint32_t full = 0x8000'0000;    // what fell here may stand behind it
        static constexpr std::uint32_t empty = 0x7FFF'FFFF;
        std::uint32_t tag = 0;         // the low half of the hash; grams: the gram
        std::uint32_t bucket = empty;  // with `full`
    };
    /// A bucket that a value led to. Where `value` is given, its text is yet to be compared.
    struct Find {
        std::uint32_t bucket = 0;
        std::uint32_t value = Value::none;
        Derived how = Derived::as_is;
    };
    /// Finds of the nodes on the way down; its room stays from event to event.
    class Finds {
    public:
        std::size_t size() const { return used_; }
        const Find& operator[](std::size_t at) const { return room_.data()[at]; }
        void cut(std::size_t size) { used_ = size; }
        void put(std::uint32_t bucket, std::uint32_t value = Value::none,
                 Derived how = Derived::as_is) {
            if (used_ == room_.size()) room_.resize(room_.size() * 2 + 64);
            Find& made = room_.data()[used_++];
            made.bucket = bucket;
            made.value = value;
            made.how = how;
        }

    private:
        std::vector<Find> room_;
        std::size_t used_ = 0;
    };
    /// The hash by which a value at a path is found in its node's table.
    static std::uint64_t hash_at(std::uint32_t path, std::uint64_t hash) {
        return hash ^ path * hash_key_a;
    }
    /// Calls visit(slot number, bucket) for each slot that has the hash's tag.
    template <class Visit>
    void visit_slots(std::uint32_t table, std::uint32_t mask, std::uint64_t hash,
                     Visit&& visit) const {
        const EqualSlot* slots = equals.data() + table;
        for (auto at = static_cast<std::uint32_t>(hash >> 32) & mask;; at = (at + 1) & mask) {
            auto slot = slots[at];
            if (slot.tag == static_cast<std::uint32_t>(hash) && slot.bucket != EqualSlot::empty)
                visit(table + at, slot.bucket & ~EqualSlot::full);
            if (!(slot.bucket & EqualSlot::full)) return;
        }
    }
    /// Sorted by text within a probe. `parent`: the longest other entry that is a prefix of this.
    struct PrefixEntry {
        std::uint32_t text = 0;
        std::uint32_t size = 0;
        std::uint32_t parent = none;
        std::uint32_t bucket = none;
    };
    static constexpr std::size_t block = 16;   // ranges whose highest end is kept together

    /// Appends the buckets that the values as they are lead to.
    void find_equals(const Node& node, EventValues& values, Finds& out) const {
        const std::uint32_t* path = paths.data() + node.first_path;
        for (const auto* end = path + node.path_count; path != end; ++path)
            for (auto v = values.first(*path); v != Value::none; v = values[v].next)
                visit_slots(node.table, node.mask, hash_at(*path, values[v].hash),
                            [&](std::uint32_t, std::uint32_t bucket) {
                                put(bucket, out, v);
                            });
    }

    /// Of a gram, whose bytes are the tag.
    static std::uint64_t gram_hash(std::uint64_t gram) {
        return hash_word(gram) << 32 | gram;
    }

    /// Appends the buckets that a value leads to.
    void find(const Probe& probe, EventValues& values, std::uint32_t value,
              Finds& out) const {
        switch (probe.kind) {
            case KeyKind::equal: return find_equal(probe, values, value, out);
            case KeyKind::prefix: return find_prefix(probe, values, values[value], out);
            case KeyKind::range: return find_range(probe, values[value], out);
            case KeyKind::none_of: return find_lists(probe, values[value], out);
            default: return find_gram(probe, values, values[value], out);
        }
    }
    /// Where the found bucket's records begin; `none` when it was found by another text's hash.
    std::uint32_t open(const Find& found, EventValues& values) const {
        if (found.value == Value::none) return found.bucket;
        auto& value = values[found.value];
        bool is_text = value.kind == Value::Kind::text;
        if (code.data()[found.bucket] == none) return is_text ? none : found.bucket + 1;
        return is_text ? behind_text(found.bucket, values.derived(value, found.how)) : none;
    }

    std::vector<Node> nodes;           // 0 is the root; empty: no rules
    std::vector<Probe> probes;
    std::vector<std::uint32_t> code;   // buckets, see rule_index_build.cpp
    std::vector<std::uint32_t> paths;  // of the nodes' tables
    std::vector<EqualSlot> equals;
    std::vector<std::uint64_t> prefix_heads;   // by entry: its first bytes, for the search
    std::vector<PrefixEntry> prefixes;
    std::string texts;                 // of prefixes
    std::vector<double> range_lows;    // ranges of a probe stand by their lower ends
    std::vector<double> range_highs;
    std::vector<std::uint32_t> range_buckets;
    std::vector<double> range_blocks;  // the highest end of each 16 ranges, then of each 256

    std::size_t memory_bytes() const;
    void shrink();

private:
    /// Equality with a derived text.
    void find_equal(const Probe& probe, EventValues& values, std::uint32_t index,
                    Finds& out) const {
        auto& value = values[index];
        if (value.kind != Value::Kind::text) return;
        visit_slots(probe.begin, probe.size, hash_text(values.derived(value, probe.how)),
                    [&](std::uint32_t, std::uint32_t bucket) {
                        put(bucket, out, index, probe.how);
                    });
    }

    void put(std::uint32_t bucket, Finds& out, std::uint32_t value = Value::none,
             Derived how = Derived::as_is) const {
        __builtin_prefetch(code.data() + bucket);
        out.put(bucket, value, how);
    }

    /// Behind the text that stands at `at`, if it is `text`.
    std::uint32_t behind_text(std::uint32_t at, std::string_view text) const {
        std::uint32_t size = code.data()[at];
        const auto* bytes = reinterpret_cast<const char*>(code.data() + at + 1);
        bool same = size == text.size() && same_bytes(bytes, text.data(), size);
        return same ? at + 1 + (size + 3) / 4 : none;
    }

    void find_lists(const Probe& probe, const Value& value, Finds& out) const {
        const std::uint32_t* buckets = code.data() + probe.blocks;
        std::uint32_t count = *buckets++;
        const std::uint32_t* bits = nullptr;   // of the lists that have the text
        if (value.kind == Value::Kind::text)
            visit_slots(probe.begin, probe.size, value.hash,
                        [&](std::uint32_t, std::uint32_t bucket) {
                            auto behind = behind_text(bucket, value.text);
                            if (behind != none) bits = code.data() + behind;
                        });
        for (std::uint32_t first = 0; first < count; first += 32) {
            std::uint32_t left = bits ? ~bits[first / 32] : ~0u;
            if (count - first < 32) left &= (1u << (count - first)) - 1;
            for (; left != 0; left &= left - 1)
                put(buckets[first + static_cast<std::uint32_t>(std::countr_zero(left))], out);
        }
    }

    void find_prefix(const Probe& probe, EventValues& values, Value& value,
                     Finds& out) const {
        if (value.kind != Value::Kind::text) return;
        auto head = derived_head(values, value, probe.how);
        const std::uint64_t* heads = prefix_heads.data() + probe.begin;
        const PrefixEntry* entries = prefixes.data() + probe.begin;
        // The last entry that is not behind the text: every prefix of the text among the entries
        // is it or one of its parents.
        std::size_t behind = count_not_above(heads, probe.size, head);
        // Nothing shorter than the shortest entry can be shared. One branch for both, because most
        // values have no prefix here, before or behind the first entry.
        bool apart = (heads[behind - (behind > 0)] ^ head) >> probe.blocks != 0;
        if ((behind == 0) | apart) return;
        auto text = values.derived(value, probe.how);
        if (heads[behind - 1] == head && text < text_of(entries[behind - 1]))
            behind = first_behind(entries, heads, behind, text);
        if (behind == 0) return;
        const PrefixEntry* at = entries + behind - 1;
        auto shared = shared_size(text, text_of(*at));
        for (;; at = entries + at->parent) {
            if (at->size <= shared) put(at->bucket, out);
            if (at->parent == none) return;
        }
    }
    /// text_head() of a derived text, without making the text where that can be had from the value.
    static std::uint64_t derived_head(EventValues& values, Value& value, Derived how) {
        auto text = value.text;
        bool folds = how == Derived::folded || how == Derived::folded_reversed;
        bool from_end = how == Derived::reversed || how == Derived::folded_reversed;
        if (how == Derived::address || text.size() < 8) return text_head(values.derived(value, how));
        auto word = load_bytes(text.data() + (from_end ? text.size() - 8 : 0), 8);
        if (folds) {
            constexpr std::uint64_t each = 0x0101010101010101, high = each * 0x80;
            if (word & high) return text_head(values.derived(value, how));
            // In each byte the high bit tells whether it is a capital: from 'A' on, not from '['.
            auto capital = (word + each * (0x80 - 'A')) & ~(word + each * (0x80 - '[')) & high;
            word |= capital >> 2;
        }
        return from_end ? word : __builtin_bswap64(word);
    }

    /// Among the entries before `behind` that begin with the same eight bytes.
    std::size_t first_behind(const PrefixEntry* entries, const std::uint64_t* heads,
                             std::size_t behind, std::string_view text) const {
        auto first = static_cast<std::size_t>(
            std::lower_bound(heads, heads + behind, heads[behind - 1]) - heads);
        return static_cast<std::size_t>(
            std::upper_bound(entries + first, entries + behind, text,
                             [&](std::string_view sought, const PrefixEntry& e) {
                                 return sought < text_of(e);
                             }) -
            entries);
    }

    /// All ranges that hold the number. Whole blocks that do not reach it are passed over, blocks
    /// of blocks too.
    void find_range(const Probe& probe, const Value& value, Finds& out) const {
        if (value.kind != Value::Kind::number) return;
        const double* lows = range_lows.data() + probe.begin;
        const double* highs = range_highs.data() + probe.begin;
        constexpr std::size_t few = 32;
        if (probe.size <= few) {
            std::uint32_t holding = 0;
            for (std::uint32_t i = 0; i < probe.size; ++i) {
                bool holds = (lows[i] <= value.number) & (highs[i] >= value.number);
                holding |= std::uint32_t{holds} << i;
            }
            for (; holding != 0; holding &= holding - 1)
                put(range_buckets[probe.begin + static_cast<std::uint32_t>(std::countr_zero(holding))],
                    out);
            return;
        }
        const double* blocks = range_blocks.data() + probe.blocks;
        const double* large = blocks + (probe.size + block - 1) / block;
        std::size_t count = count_not_above(lows, probe.size, value.number);
        for (std::size_t i = 0; i < count;) {
            if (i % (block * block) == 0 && large[i / (block * block)] < value.number) {
                i += block * block;
            } else if (i % block == 0 && blocks[i / block] < value.number) {
                i += block;
            } else {
                if (highs[i] >= value.number) put(range_buckets[probe.begin + i], out);
                ++i;
            }
        }
    }

    [[gnu::noinline]] void find_gram(const Probe& probe, EventValues& values, Value& value,
                   Finds& out) const {
        if (value.kind != Value::Kind::text) return;
        std::size_t bytes = probe.kind == KeyKind::gram4 ? 4 : 2;
        for (std::size_t i = 0; i + bytes <= value.text.size(); ++i)
            visit_slots(probe.begin, probe.size,
                        gram_hash(load_bytes(value.text.data() + i, bytes)),
                        [&](std::uint32_t slot, std::uint32_t bucket) {
                            if (values.first_time(slot, value)) put(bucket, out);
                        });
    }

    std::string_view text_of(const PrefixEntry& entry) const {
        return std::string_view(texts.data() + entry.text, entry.size);
    }
    static std::size_t shared_size(std::string_view a, std::string_view b) {
        std::size_t size = std::min(a.size(), b.size()), at = 0;
        for (; at + 8 <= size; at += 8) {
            auto differs = load_bytes(a.data() + at, 8) ^ load_bytes(b.data() + at, 8);
            if (differs != 0) return at + static_cast<std::size_t>(std::countr_zero(differs)) / 8;
        }
        while (at < size && a[at] == b[at]) ++at;
        return at;
    }
};

/// The index of `items`; takes them.
RuleIndex build_rule_index(const Predicates& predicates, std::vector<IndexItem> items,
                           const std::vector<Alternative>& alternatives);

}  // namespace syncline::rules
