// Reads an event's JSON text: checks all of it and gathers the watched values in the same pass.
// Private to the room; with its .cpp the only place that knows simdjson.
//
// simdjson finds where values begin and checks UTF-8 and control characters (its first stage, the
// one that needs SIMD); what follows is ours, because rules read a few of an event's values and a
// document of all of them costs twice as much as the whole match. As strict as Json::parse, but
// that a name may stand twice in an object (both values count). Numbers keep their text. Buffers
// stay from event to event. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rules/event_values.hpp"
#include "rules/path_trie.hpp"

namespace syncline::rules {

class EventText {
public:
    using Node = std::uint32_t;   // the number of the value's first mark

    EventText();
    ~EventText();
    /// Fills `values` along `trie`. False when the text is no JSON, or beyond the depth limit.
    bool read(std::string_view text, const PathTrie& trie, EventValues& values);
    Node root() const { return 0; }

    // What rule_evaluate.hpp walks a text by, after read().
    bool is_object(Node node) const { return char_at(node) == '{'; }
    bool is_array(Node node) const { return char_at(node) == '['; }
    template <class Visit>
    void members(Node node, Visit&& visit) const {
        if (!is_object(node)) return;
        for (Node at = node + 1; char_at(at) != '}'; at += char_at(at) == ',') {
            Node below = at + 2;
            visit(string_at(at), below);
            at = after(below);
        }
    }
    template <class Visit>
    void items(Node node, Visit&& visit) const {
        if (!is_array(node)) return;
        for (Node at = node + 1; char_at(at) != ']'; at += char_at(at) == ',') {
            Node item = at;
            at = after(at);
            visit(item);
        }
    }
    /// Fills a new Value from a scalar.
    void read_scalar(Node node, Value& made) const;

private:
    char char_at(Node node) const { return source_[marks_[node]]; }
    Node after(Node node) const {
        char c = char_at(node);
        return c == '{' || c == '[' ? ends_[node] + 1 : node + 1;
    }
    /// Where the text of the value at a mark ends: blanks before the next mark are not part of it.
    const char* end_at(Node node) const;
    std::string_view string_at(Node node) const;
    bool find_marks(std::string_view text);

    bool unescaped(std::string_view& text) const;

    template <bool escapes>
    struct Pass;
    struct Scanner;
    std::unique_ptr<Scanner> scanner_;
    std::vector<char> buffer_;            // the text, with the spare bytes that simdjson reads
    std::vector<Node> ends_;              // by mark: of a container, the mark of its end
    mutable std::deque<std::string> unescaped_;
    mutable std::size_t unescaped_used_ = 0;
    const char* source_ = nullptr;
    const std::uint32_t* marks_ = nullptr;
    bool escapes_ = false;                // a backslash stands somewhere in the text
    const PathTrie* trie_ = nullptr;
    EventValues* values_ = nullptr;
};

}  // namespace syncline::rules
