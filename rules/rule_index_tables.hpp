// Writes the tables of a rule index: where the keys of one node lead. Private to the room; used by
// rule_index_build.cpp.
#pragma once

#include <cstdint>
#include <vector>

#include "rules/key_table.hpp"
#include "rules/rule_index.hpp"

namespace syncline::rules {

/// A key and the bucket that it leads to.
struct Leads {
    std::uint32_t key = 0;
    std::uint32_t bucket = 0;
};

/// Keys that are values as they are, at one path.
struct PathLeads {
    std::uint32_t path = 0;
    std::vector<Leads> leads;
};

class IndexTables {
public:
    /// Both must outlive it.
    IndexTables(const KeyTable& keys, RuleIndex& made) : keys_(keys), made_(made) {}

    /// The table of a node, for all paths in one.
    void put_table(const std::vector<PathLeads>& equals, RuleIndex::Node& node);
    /// Any other look-up.
    RuleIndex::Probe make_probe(const Dimension& of, std::vector<Leads>& leads);
    /// What a bucket that is found by equality begins with.
    void put_text(const AccessKey& key);

private:
    std::uint32_t open_table(std::size_t count);
    void put_slot(std::uint32_t table, std::uint32_t mask, std::uint64_t hash,
                  std::uint32_t bucket);
    void put_slots(const std::vector<Leads>& leads, RuleIndex::Probe& probe);
    void put_lists(const std::vector<Leads>& leads, RuleIndex::Probe& probe);
    void put_prefixes(std::vector<Leads>& leads, RuleIndex::Probe& probe);
    void put_ranges(std::vector<Leads>& leads, RuleIndex::Probe& probe);

    const KeyTable& keys_;
    RuleIndex& made_;
};

}  // namespace syncline::rules
