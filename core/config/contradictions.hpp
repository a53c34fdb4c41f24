// Finds patterns that no event can satisfy. Sound, not complete: what is found cannot hold for one
// value; much that cannot hold is not found. Knows patterns by their written form and by asking the
// compiled ones; internal to this room. One thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/config/reader.hpp"

namespace syncline::config {

/// A test that another part of the rule implies: `on` says what `type` is, `from` what `source` is.
struct ImpliedTest {
    std::string path;
    Json test;
    std::string said_by;    // "on"
};

/// What is looked through together.
struct PatternParts {
    std::vector<const Node*> patterns;      // `where`, `if`; all must hold
    std::vector<ImpliedTest> implied;
    /// Paths at which a list is usual: two tests there may hold on different elements.
    std::function<bool(const std::string&)> may_be_list;
};

/// One contradiction and where to show it.
struct Contradiction {
    const Node* node = nullptr;
    std::string message;
    std::string hint;
};

/// At most one for each pattern, and one for each alternative of an $or.
std::vector<Contradiction> find_contradictions(const PatternParts& parts, Reader& reader);

}  // namespace syncline::config
