// What tests ask of an event's values; see event_values.hpp.
#include "rules/event_values.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <utility>

#include "rules/text.hpp"
#include "rules/text_hash.hpp"

namespace syncline::rules {

std::uint64_t hash_number(double number) {
    return hash_word(std::bit_cast<std::uint64_t>(number == 0 ? 0.0 : number), 1);
}

void read_number(std::string_view text, Value& made) {
    made.kind = Value::Kind::number;
    made.text = text;
    const char* end = text.data() + text.size();
    if (text.size() <= 15) {
        std::int64_t integer = 0;
        auto read = std::from_chars(text.data(), end, integer);
        made.whole = read.ptr == end;
        made.number = static_cast<double>(integer);
    }
    // What overflows is refused when it is parsed, so out of range is too small.
    if (!made.whole && std::from_chars(text.data(), end, made.number).ec != std::errc())
        made.number = 0;
    made.hash = hash_number(made.number);
}

void EventValues::start(std::size_t nodes, std::int64_t now_ms) {
    for (auto node : touched_)
        if (node < heads_.size()) heads_[node] = Value::none;
    if (heads_.size() != nodes) heads_.assign(nodes, Value::none);
    touched_.clear();
    values_.clear();
    derived_used_ = 0;
    lists = 0;
    marked_ = nullptr;
    now_ms_ = now_ms;
    if (++event_mark_ == 0) {
        std::fill(visited_.begin(), visited_.end(), 0);
        event_mark_ = 1;
    }
}

void EventValues::prepare(std::size_t slots, std::size_t places) {
    seen_by_.assign(slots, 0);
    visited_.assign(places, 0);
    mark_ = event_mark_ = 0;
    marked_ = nullptr;
}

bool EventValues::first_time(std::uint32_t slot, const Value& value) {
    if (marked_ != &value) {
        marked_ = &value;
        if (++mark_ == 0) {   // once in four billion values: no old mark may look like a new one
            std::fill(seen_by_.begin(), seen_by_.end(), 0);
            mark_ = 1;
        }
    }
    return std::exchange(seen_by_.data()[slot], mark_) != mark_;
}

bool EventValues::first_visit(std::size_t place) {
    return std::exchange(visited_.data()[place], event_mark_) != event_mark_;
}

std::string_view EventValues::derived(Value& value, Derived how) {
    if (how == Derived::as_is) return value.text;
    if (value.derived == Value::none) {
        if (derived_used_ == derived_.size()) derived_.emplace_back();
        derived_[derived_used_].made.fill(false);
        value.derived = static_cast<std::uint32_t>(derived_used_++);
    }
    auto& texts = derived_[value.derived];
    auto at = static_cast<std::size_t>(how);
    if (texts.made[at]) return texts.texts[at];
    std::string_view base = value.text;
    if (how == Derived::folded_reversed) base = derived(value, Derived::folded);
    auto& made = texts.texts[at];
    made.clear();
    if (how == Derived::folded) fold_case_to(base, made);
    else if (how == Derived::address) {
        if (auto address = address_of_text(base)) address_digits(*address, made);
    } else {
        made.resize(base.size());
        std::reverse_copy(base.begin(), base.end(), made.begin());
    }
    texts.made[at] = true;
    return made;
}

void address_digits(const Address& address, std::string& out) {
    constexpr char digits[] = "0123456789abcdef";
    out.push_back(address.v6 ? '6' : '4');
    for (std::size_t i = 0; i < (address.v6 ? 16u : 4u); ++i) {
        out.push_back(digits[address.bytes[i] >> 4]);
        out.push_back(digits[address.bytes[i] & 15]);
    }
}

}  // namespace syncline::rules
