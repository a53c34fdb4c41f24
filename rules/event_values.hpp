// The values of one event at the paths that a set of rules looks at. Private to the room.
//
// Filled anew for each event by event_walk.hpp; the buffers stay, so that once they have grown no
// event allocates. Texts are views into the event. What several tests ask of one value (its hash,
// its text in one case, backwards, as an address) is worked out once. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "rules/address.hpp"
#include "rules/text_hash.hpp"

namespace syncline::rules {

/// A text made from a value's text.
enum class Derived : std::uint8_t { as_is, folded, reversed, folded_reversed, address };
inline constexpr std::size_t derived_count = 5;

struct Value {
    enum class Kind : std::uint8_t { null, no, yes, number, text };
    static constexpr std::uint32_t none = UINT32_MAX;

    std::string_view text;         // of a text; of a number as it was written
    std::uint64_t hash = 0;        // of a text's bytes, of a number's value
    double number = 0;             // nearest to the number
    std::uint32_t next = none;     // the next value at the same path
    std::uint32_t derived = none;  // its texts in EventValues
    Kind kind = Kind::null;
    bool whole = false;            // an integer of at most 15 digits: `number` is it, exactly
};
static_assert(sizeof(Value) <= 64, "one cache line");

std::uint64_t hash_number(double number);
/// Fills a new Value from a text.
inline void read_text(std::string_view text, Value& made) {
    made.kind = Value::Kind::text;
    made.text = text;
    made.hash = hash_text(text);
}
/// Fills a new Value from a JSON number.
void read_number(std::string_view text, Value& made);
inline constexpr std::uint64_t hash_of_null = 0x9E01, hash_of_no = 0x9E02, hash_of_yes = 0x9E03;

class EventValues {
public:
    /// Forgets the last event. `nodes`: of the trie that the next is walked along.
    void start(std::size_t nodes, std::int64_t now_ms);
    /// A new value at a node, to be filled.
    Value& add(std::uint32_t node) {
        auto& head = heads_.data()[node];
        if (head == Value::none) touched_.push_back(node);
        auto& value = values_.emplace_back();
        value.next = head;
        head = static_cast<std::uint32_t>(values_.size() - 1);
        return value;
    }

    /// The first value at a node, or Value::none; the rest hang on `next`.
    std::uint32_t first(std::uint32_t node) const { return heads_.data()[node]; }
    Value& operator[](std::uint32_t index) { return values_.data()[index]; }

    /// The derived text; empty where the value has none (an address that is none).
    std::string_view derived(Value& value, Derived how);
    /// True once for a slot of the index and a value: a text may have one gram many times.
    bool first_time(std::uint32_t slot, const Value& value);
    /// True once for a place of the index and an event. Asked only of a crowded event.
    bool first_visit(std::size_t place);
    /// An event with many values at one path: each may lead to what the others led to.
    bool crowded() const { return values_.size() > crowd_min; }
    /// For how many slots and places these must be ready.
    void prepare(std::size_t slots, std::size_t places);

    std::int64_t now_ms() const { return now_ms_; }
    std::uint16_t lists = 0;                   // PathTrie::list_bit of nodes with a list

private:
    std::vector<Value> values_;
    std::vector<std::uint32_t> heads_;         // by node
    std::vector<std::uint32_t> touched_;       // nodes with a head
    struct DerivedTexts {
        std::array<std::string, derived_count> texts;
        std::array<bool, derived_count> made{};
    };
    std::deque<DerivedTexts> derived_;         // a deque: texts in it do not move
    std::size_t derived_used_ = 0;
    static constexpr std::size_t crowd_min = 64;   // a common event has 10 to 30
    std::vector<std::uint32_t> seen_by_;       // by slot: the mark of the last value that came
    std::vector<std::uint32_t> visited_;       // by place: the mark of the last event that came
    std::uint32_t mark_ = 0;
    std::uint32_t event_mark_ = 0;
    const Value* marked_ = nullptr;
    std::int64_t now_ms_ = 0;
};

/// An address as a digit for its family and hexadecimal digits, so that a block of addresses is a
/// prefix.
void address_digits(const Address& address, std::string& out);

}  // namespace syncline::rules
