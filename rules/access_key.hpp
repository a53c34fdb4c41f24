// What a predicate offers an index to find it by: keys of which a satisfying value always has one.
// Private to the room; used to build.
//
// A key is necessary for its atom; where it is sufficient too (`exact`), the test need not be made
// again. All keys of one predicate are of one kind and of one derived text, so that one look-up a
// value serves them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rules/predicates.hpp"

namespace syncline::rules {

/// How an index finds a key by a value.
enum class KeyKind : std::uint8_t {
    equal,     // the value's hash, then its bytes
    prefix,    // a beginning of the derived text
    range,     // an interval that holds the number
    none_of,   // a text that is none of a list; its one key is the list
    gram4,     // four bytes anywhere in the text
    gram2,     // two bytes anywhere in the text
};

struct AccessKey {
    std::string text;            // prefix; equal: the bytes to compare, where `has_text`
    std::vector<std::string_view> list;   // none_of: the texts, as long as the predicates live
    std::uint64_t hash = 0;      // equal; gram4 and gram2: the bytes as a number
    double low = 0, high = 0;    // range, both ends included
    bool has_text = false;
};

struct Access {
    KeyKind kind = KeyKind::equal;
    Derived how = Derived::as_is;
    bool exact = false;
    std::vector<AccessKey> keys;   // none: the predicate cannot be found by a value
};

Access access_of(const Predicates& predicates, const Predicate& predicate);

}  // namespace syncline::rules
