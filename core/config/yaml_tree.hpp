// A YAML file as our own tree, read once and strictly; yaml-cpp stays behind yaml_tree.cpp.
//
// Strict means: UTF-8 without control bytes, one document, no key twice, text keys only, no tags,
// no merge keys, aliases that end, bounded depth, nodes and bytes after aliases are expanded.
// Scalars stay text: what `no`, `010` or `1_000` mean is decided where they are used, never here.
// The tree is immutable once read; places point into the SourceText it was read from.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/source_text.hpp"

namespace syncline::config {

class Report;

struct Node {
    enum class Kind { null, scalar, sequence, map };
    Kind kind = Kind::null;
    bool quoted = false;         // of a scalar: in quotes or a block
    bool broken = false;         // already reported: checks pass over it in silence
    std::string text;            // of a scalar
    std::size_t offset = 0;      // byte of the quote, block mark or first character
    Place place;
    std::string key;             // when this is a member of a map
    Place key_place;
    std::vector<Node> children;  // items, or members in the order written

    /// The member of that name, or nullptr.
    const Node* find(std::string_view name) const;
    bool is_scalar() const { return kind == Kind::scalar; }
    bool is_sequence() const { return kind == Kind::sequence; }
    bool is_map() const { return kind == Kind::map; }
    bool is_null() const { return kind == Kind::null; }
};

/// The tree of the one document in `source`, or nothing when it cannot be read at all. What is
/// wrong goes to `report`; a tree may be given although there were errors, so that later checks
/// find the rest.
std::optional<Node> read_yaml(const SourceText& source, Report& report);

/// The place in the file of `bytes` bytes at `offset` of a scalar's text. When the scalar is
/// written so that this cannot be told (escapes, folded lines): the scalar's.
Place place_in_scalar(const SourceText& source, const Node& scalar, std::size_t offset,
                      std::size_t bytes = 1);

}  // namespace syncline::config
