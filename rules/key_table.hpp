// Access keys of all predicates of a set, numbered: what an index can tell rules apart by. Private to
// the room; used to build.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "rules/access_key.hpp"
#include "rules/interner.hpp"

namespace syncline::rules {

struct Key {
    std::uint32_t number = 0;     // equal keys of one dimension have one number
    std::uint32_t dimension = 0;
};

/// A path with a way of looking up.
struct Dimension {
    std::uint32_t path = 0;
    KeyKind kind = KeyKind::equal;
    Derived how = Derived::as_is;
    double low = 0, high = 0;     // range: of all finite ends
};

/// Access keys of all predicates, numbered.
class KeyTable {
public:
    explicit KeyTable(const Predicates& predicates);

    std::uint32_t begin(std::uint32_t predicate) const { return first_[predicate]; }
    std::uint32_t end(std::uint32_t predicate) const { return first_[predicate + 1]; }
    std::uint32_t count(std::uint32_t predicate) const { return end(predicate) - begin(predicate); }
    const Key& operator[](std::uint32_t at) const { return keys_[at]; }
    const AccessKey& access_key(std::uint32_t number) const { return distinct_[number]; }
    const Dimension& dimension(std::uint32_t at) const { return dimensions_[at]; }
    bool exact(std::uint32_t predicate) const { return exact_[predicate]; }
    std::size_t distinct_count() const { return distinct_.size(); }
    std::size_t dimension_count() const { return dimensions_.size(); }

private:
    std::uint32_t dimension_of(std::uint32_t path, const Access& access);
    void add(std::uint32_t dimension, AccessKey key);

    std::vector<std::uint32_t> first_;
    std::vector<bool> exact_;
    std::vector<Key> keys_;
    std::vector<AccessKey> distinct_;
    std::vector<Dimension> dimensions_;
    std::unordered_map<std::uint64_t, std::uint32_t> known_dimensions_;
    Interner known_keys_;
    std::string name_;
};

}  // namespace syncline::rules
