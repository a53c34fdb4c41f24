// The tree of watched names; see path_trie.hpp.
#include "rules/path_trie.hpp"

namespace syncline::rules {

PathTrie::PathTrie() : nodes_(3), slots_(16) {}

std::uint32_t PathTrie::add(std::uint32_t parent, std::string_view name) {
    auto found = find(parent, name);
    if (found != none) return found;
    if (nodes_.size() * 2 >= slots_.size()) grow();
    Node made;
    made.parent = parent;
    made.name_begin = static_cast<std::uint32_t>(names_.size());
    made.name_size = static_cast<std::uint32_t>(name.size());
    made.depth = static_cast<std::uint16_t>(nodes_[parent].depth + 1);
    auto node = static_cast<std::uint32_t>(nodes_.size());
    nodes_.push_back(made);
    nodes_[parent].has_children = true;
    names_ += name;
    put(node);
    return node;
}

const PathTrie::Slot* PathTrie::dotted(std::uint32_t parent, std::string_view name) const {
    const Slot* found = nullptr;
    for (bool more = true; more;) {
        auto dot = name.find('.');
        auto part = name.substr(0, dot);
        found = find(parent, part, head_word(part));
        if (!found) return nullptr;
        parent = found->node;
        more = dot != std::string_view::npos;
        name.remove_prefix(more ? dot + 1 : 0);
    }
    return found;
}

void PathTrie::put(std::uint32_t node) {
    auto text = name(node);
    auto head = head_word(text);
    auto mask = slots_.size() - 1;
    auto at = hash_of(nodes_[node].parent, text.size(), head) & mask;
    while (slots_[at].node != none) at = (at + 1) & mask;
    slots_[at] = {head, nodes_[node].name_size, nodes_[node].parent, node, false, false};
}

void PathTrie::grow() {
    slots_.assign(slots_.size() * 2, Slot());
    for (std::uint32_t node = type + 1; node < nodes_.size(); ++node)
        put(node);
}

std::uint32_t PathTrie::ancestor(std::uint32_t node, std::size_t depth) const {
    while (nodes_[node].depth > depth) node = nodes_[node].parent;
    return node;
}

std::size_t PathTrie::memory_bytes() const {
    return nodes_.capacity() * sizeof(Node) + names_.capacity() + slots_.capacity() * sizeof(Slot);
}

void PathTrie::finish() {
    for (auto& slot : slots_) {
        if (slot.node == none) continue;
        slot.watched = nodes_[slot.node].watched;
        slot.has_children = nodes_[slot.node].has_children;
    }
    nodes_.shrink_to_fit();
    names_.shrink_to_fit();
}

}  // namespace syncline::rules
