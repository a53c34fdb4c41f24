// The pass over an event's JSON text; see event_text.hpp.
//
// A mark is the place of a structural character or of the first character of a scalar; behind the
// last mark stands one at the end of the text, which no value begins with, so running off the end
// is found where the next character is looked at.
#include "rules/event_text.hpp"

#include <simdjson.h>

#include <cstring>

#include "core/sdk/json.hpp"
#include "rules/limits.hpp"
#include "rules/text_hash.hpp"

namespace syncline::rules {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// True when [at, end) is a JSON number that does not overflow a double.
bool is_number(const char* at, const char* end) {
    const char* begin = at;
    auto digits = [&] {
        const char* first = at;
        while (at < end && is_digit(*at)) ++at;
        return at > first;
    };
    if (at < end && *at == '-') ++at;
    bool zero = at < end && *at == '0';
    const char* whole = at;
    if (!digits() || (zero && at > whole + 1)) return false;
    bool integer = at == end;
    if (at < end && *at == '.') {
        ++at;
        if (!digits()) return false;
    }
    bool power = at < end && (*at == 'e' || *at == 'E');
    if (power) {
        ++at;
        if (at < end && (*at == '+' || *at == '-')) ++at;
        if (!digits()) return false;
    }
    if (at != end) return false;
    // Without a power and with at most 300 digits nothing overflows.
    if (end - begin <= 300 && (integer || !power)) return true;
    return Json::parse(std::string_view(begin, static_cast<std::size_t>(end - begin))).has_value();
}

}  // namespace

struct EventText::Scanner {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
    std::size_t capacity = 0;

    bool reserve(std::size_t bytes) {
        if (stage && bytes <= capacity) return true;
        capacity = std::max<std::size_t>(bytes * 2, 4096);
        return !simdjson::get_active_implementation()->create_dom_parser_implementation(
            capacity, limits::event_depth_max, stage);
    }
};

EventText::EventText() : scanner_(std::make_unique<Scanner>()) {}
EventText::~EventText() = default;

bool EventText::find_marks(std::string_view text) {
    if (!scanner_->reserve(text.size())) return false;
    if (buffer_.size() < text.size() + simdjson::SIMDJSON_PADDING)
        buffer_.resize(text.size() * 2 + simdjson::SIMDJSON_PADDING);
    std::memcpy(buffer_.data(), text.data(), text.size());
    std::memset(buffer_.data() + text.size(), 0, simdjson::SIMDJSON_PADDING);
    auto* stage = scanner_->stage.get();
    auto error = stage->stage1(reinterpret_cast<const std::uint8_t*>(buffer_.data()), text.size(),
                               simdjson::stage1_mode::regular);
    if (error) return false;
    source_ = buffer_.data();
    marks_ = stage->structural_indexes.get();
    if (ends_.size() < stage->n_structural_indexes)
        ends_.resize(std::size_t{stage->n_structural_indexes} * 2);
    escapes_ = std::memchr(text.data(), '\\', text.size()) != nullptr;
    return true;
}

/// One pass over the marks. Its members are values, so that they stay in registers; without
/// backslashes in the text (`escapes` is false) every string is a piece of it.
template <bool escapes>
struct EventText::Pass {
    static constexpr Node wrong = UINT32_MAX;

    const EventText& text;
    const char* const source;
    const std::uint32_t* const marks;
    Node* const ends;
    const PathTrie& trie;
    EventValues& values;

    char at(Node node) const { return source[marks[node]]; }

    /// The string at a mark; false when one of its escapes is wrong.
    bool string(Node node, std::string_view& out) const {
        const char* begin = source + marks[node] + 1;
        const char* end = source + marks[node + 1] - 1;
        while (is_blank(*end)) --end;
        out = std::string_view(begin, static_cast<std::size_t>(end - begin));
        return !escapes || text.unescaped(out);
    }

    /// Each of these returns the mark behind the value, or `wrong`. `path`: where the value is in
    /// the trie, null where nothing is watched.
    Node value(Node node, const PathTrie::Slot* path, std::size_t depth) const {
        switch (at(node)) {
            case '"': return text_value(node, path);
            case '{': return object(node, path, depth);
            case '[': return array(node, path, depth);
            default: return scalar(node, path);
        }
    }

    Node text_value(Node node, const PathTrie::Slot* path) const {
        bool here = path && path->watched;
        std::string_view out;
        if ((escapes || here) && !string(node, out)) return wrong;
        if (here) read_text(out, values.add(path->node));
        return node + 1;
    }

    Node scalar(Node node, const PathTrie::Slot* path) const {
        const char* begin = source + marks[node];
        const char* end = text.end_at(node);
        std::string_view word(begin, static_cast<std::size_t>(end - begin));
        bool good = *begin == 't'   ? word == "true"
                    : *begin == 'f' ? word == "false"
                    : *begin == 'n' ? word == "null"
                                    : begin < end && is_number(begin, end);
        if (!good) return wrong;
        if (path && path->watched) text.read_scalar(node, values.add(path->node));
        return node + 1;
    }

    Node object(Node node, const PathTrie::Slot* path, std::size_t depth) const {
        if (depth >= limits::event_depth_max) return wrong;
        bool watched = path && path->has_children;
        Node begin = node++;
        while (at(node) == '"') {
            if (at(node + 1) != ':') return wrong;
            const PathTrie::Slot* below = nullptr;
            std::string_view name;
            if ((escapes || watched) && !string(node, name)) return wrong;
            // Eight bytes may be read at a name in the text, not at one that was unescaped.
            if (watched)
                below = trie.below(path->node, name,
                                   escapes ? head_word(name) : head_word_padded(name));
            node += 2;
            node = at(node) == '"' ? text_value(node, below) : value(node, below, depth + 1);
            if (node == wrong) return wrong;
            char next = at(node);
            if (next == '}') {
                ends[begin] = node;
                return node + 1;
            }
            if (next != ',') return wrong;
            ++node;
        }
        ends[begin] = node;
        return node == begin + 1 && at(node) == '}' ? node + 1 : wrong;
    }

    Node array(Node node, const PathTrie::Slot* path, std::size_t depth) const {
        if (depth >= limits::event_depth_max) return wrong;
        if (path && path->has_children) values.lists |= PathTrie::list_bit(path->node);
        Node begin = node++;
        bool more = at(node) != ']';
        while (more) {
            node = value(node, path, depth + 1);
            if (node == wrong) return wrong;
            more = at(node) == ',';
            if (more) ++node;
        }
        ends[begin] = node;
        return at(node) == ']' ? node + 1 : wrong;
    }
};

bool EventText::read(std::string_view text, const PathTrie& trie, EventValues& values) {
    unescaped_used_ = 0;
    if (text.empty() || !find_marks(text)) return false;
    // The members of an event that is an object hang below the root; anything else is at no path.
    PathTrie::Slot root_slot;
    root_slot.node = PathTrie::root;
    root_slot.has_children = true;
    const auto* path = is_object(root()) ? &root_slot : nullptr;
    Node* ends = ends_.data();
    auto end = escapes_ ? Pass<true>{*this, source_, marks_, ends, trie, values}.value(0, path, 0)
                        : Pass<false>{*this, source_, marks_, ends, trie, values}.value(0, path, 0);
    return end == scanner_->stage->n_structural_indexes;
}

const char* EventText::end_at(Node node) const {
    const char* end = source_ + marks_[node + 1];
    while (is_blank(end[-1])) --end;
    return end;
}

/// Undoes the escapes of a string's text, which stands between its quotes; false when one is wrong.
bool EventText::unescaped(std::string_view& text) const {
    if (text.find('\\') == std::string_view::npos) return true;
    if (unescaped_used_ == unescaped_.size()) unescaped_.emplace_back();
    auto& made = unescaped_[unescaped_used_++];
    made.clear();
    bool good = json_unquote(std::string_view(text.data() - 1, text.size() + 2), made);
    text = made;
    return good;
}

std::string_view EventText::string_at(Node node) const {
    const char* begin = source_ + marks_[node] + 1;
    std::string_view text(begin, static_cast<std::size_t>(end_at(node) - 1 - begin));
    if (escapes_) unescaped(text);
    return text;
}

void EventText::read_scalar(Node node, Value& made) const {
    switch (char_at(node)) {
        case 'n': made.hash = hash_of_null; break;
        case 't':
            made.kind = Value::Kind::yes;
            made.hash = hash_of_yes;
            break;
        case 'f':
            made.kind = Value::Kind::no;
            made.hash = hash_of_no;
            break;
        case '"': read_text(string_at(node), made); break;
        default: {
            const char* begin = source_ + marks_[node];
            read_number(std::string_view(begin, static_cast<std::size_t>(end_at(node) - begin)),
                        made);
        }
    }
}

}  // namespace syncline::rules
