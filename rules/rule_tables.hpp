// What a rule set is made of. Private to the room.
#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "rules/rule_index.hpp"
#include "rules/rule_program.hpp"
#include "rules/rule_set.hpp"

namespace syncline::rules {

struct RuleSet::Tables {
    /// A rule but for its tests, which stand in `program`. Its pattern is kept as text: to explain
    /// it, it is compiled again.
    struct Rule {
        TypeSet on;
        std::vector<std::string> from;
        std::uint32_t text = 0, text_size = 0;   // of `texts`; no bytes: no pattern
        bool strict = false;
    };
    std::vector<Rule> rules;
    std::string texts;
    std::unordered_set<std::string> types;       // names in `on` without a star
    std::vector<Wildcard> type_wildcards;        // those with one, each once
    RuleProgram program;
    RuleIndex index;
    std::uint64_t serial = 0;                    // no two sets of one process have the same

    Pattern pattern(std::uint32_t rule) const;
};

}  // namespace syncline::rules
