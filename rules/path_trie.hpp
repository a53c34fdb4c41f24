// The names that a set of rules looks at, as a tree: the event is walked along it, and what no rule
// reads is passed over. Private to the room.
//
// Node 0 is the event itself; two more stand for what is asked of an event beside its content, its
// source and its type, and hang below no name. Built once, then only read; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/text_hash.hpp"

namespace syncline::rules {

class PathTrie {
public:
    static constexpr std::uint32_t root = 0;
    static constexpr std::uint32_t source = 1;
    static constexpr std::uint32_t type = 2;
    static constexpr std::uint32_t none = UINT32_MAX;

    struct Node {
        std::uint32_t parent = none;
        std::uint32_t name_begin = 0;
        std::uint32_t name_size = 0;
        std::uint16_t depth = 0;
        bool has_children = false;
        bool watched = false;   // some test is made of the values here
    };
    /// The bit which tells that an event has a list at `node`: 16 bits shared by all nodes, so a set
    /// bit may mean another one.
    static std::uint16_t list_bit(std::uint32_t node) {
        return static_cast<std::uint16_t>(1u << (node & 15));
    }

    PathTrie();
    /// The node of `name` below `parent`, made if it is not there yet.
    std::uint32_t add(std::uint32_t parent, std::string_view name);
    void watch(std::uint32_t node) { nodes_[node].watched = true; }

    /// A name below a node, with what the walk of an event must know of it.
    struct Slot {
        std::uint64_t head = 0;
        std::uint32_t size = 0;
        std::uint32_t parent = none;   // of a free slot: no name hangs below it
        std::uint32_t node = none;
        bool watched = false;
        bool has_children = false;
    };
    std::uint32_t find(std::uint32_t parent, std::string_view name) const {
        const Slot* found = find(parent, name, head_word(name));
        return found ? found->node : none;
    }
    /// `head`: head_word(name).
    const Slot* find(std::uint32_t parent, std::string_view name, std::uint64_t head) const {
        const Slot* slots = slots_.data();
        auto mask = slots_.size() - 1;
        for (auto at = hash_of(parent, name.size(), head) & mask;; at = (at + 1) & mask) {
            const Slot& slot = slots[at];
            if (slot.head == head && slot.size == name.size() && slot.parent == parent &&
                (name.size() <= 8 || same_bytes(names_.data() + nodes_.data()[slot.node].name_begin,
                                                name.data(), name.size())))
                return &slot;
            if (slot.node == none) return nullptr;
        }
    }
    /// What an event's member of that name is, below `parent`; "a.b" is b below a.
    const Slot* below(std::uint32_t parent, std::string_view name, std::uint64_t head) const {
        const Slot* found = find(parent, name, head);
        return found || !has_dot(name, head) ? found : dotted(parent, name);
    }
    const Node& operator[](std::uint32_t node) const { return nodes_.data()[node]; }
    std::size_t size() const { return nodes_.size(); }
    std::string_view name(std::uint32_t node) const {
        const Node& of = nodes_.data()[node];
        return std::string_view(names_.data() + of.name_begin, of.name_size);
    }
    /// The node at `depth` on the way from the root to `node`.
    std::uint32_t ancestor(std::uint32_t node, std::size_t depth) const;
    std::size_t memory_bytes() const;
    /// To be called when all names are added.
    void finish();

private:
    static std::uint64_t hash_of(std::uint32_t parent, std::size_t size, std::uint64_t head) {
        return fold_multiply(head ^ hash_key_a, (size << 32 | parent) ^ hash_key_b);
    }
    static bool has_dot(std::string_view name, std::uint64_t head) {
        // A byte of the difference to eight dots is 0 where a dot stands.
        auto word = head ^ 0x2E2E2E2E2E2E2E2E;
        if ((word - 0x0101010101010101) & ~word & 0x8080808080808080) return true;
        return name.size() > 8 && name.find('.', 8) != std::string_view::npos;
    }
    const Slot* dotted(std::uint32_t parent, std::string_view name) const;
    void put(std::uint32_t node);
    void grow();

    std::vector<Node> nodes_;
    std::string names_;
    std::vector<Slot> slots_;   // open addressing, a power of two, at most half full
};

}  // namespace syncline::rules
