// Gathers the values that a set of rules looks at from an event that is a Json value; event_text.hpp
// does the same from a text. Private to the room.
//
// The event is walked along the trie of watched names; what no rule reads is passed over. A member
// named "a.b" counts as the path a.b. Where a list may make tests depend on one another (its
// elements are chosen as wholes), its node is noted. Recursion is bounded by the event's depth.
#pragma once

#include "rules/event_json.hpp"
#include "rules/event_values.hpp"
#include "rules/path_trie.hpp"

namespace syncline::rules {

class EventWalk {
public:
    EventWalk(const PathTrie& trie, EventValues& values) : trie_(trie), values_(values) {}

    void object(const Json& event, std::uint32_t at) {
        for (const auto& member : event.members()) {
            const auto* child = trie_.below(at, member.name, head_word(member.name));
            if (child) visit(member.value, child->node);
        }
    }

private:
    void visit(const Json& value, std::uint32_t at) {
        if (value.is_object()) {
            if (trie_[at].has_children) object(value, at);
        } else if (value.is_array()) {
            if (trie_[at].has_children) values_.lists |= PathTrie::list_bit(at);
            for (const auto& item : value.items()) visit(item, at);
        } else if (trie_[at].watched) {
            JsonReader::read_scalar(&value, values_.add(at));
        }
    }

    const PathTrie& trie_;
    EventValues& values_;
};

}  // namespace syncline::rules
