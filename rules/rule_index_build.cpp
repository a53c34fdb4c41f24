// Builds the tree that rule_index.hpp looks events up in.
//
// At each node: if one path tells nearly all rules apart, the node asks for that path alone, and
// the rules of one value go to a node of their own. Else each rule is put where it is expected to
// cost least: a key that few values have, at a path that many rules ask for (a look-up costs about
// as much as checking one rule). What has no useful key is checked always.
//
// "None of these texts" is looked up the other way round: each text that a list at the node has
// leads to a bit for every list that has it; the lists without a bit are the ones that hold.
//
// Layout of a bucket in `code`: (found by a text: its size in bytes and its words; found by null,
// a boolean or a number: `none`), then the count of records, or the number of a node with
// child_flag. A record: rule, alternative, lists << 16 | careful << 15 | count of tests, its size in
// words, the tests (quick_test.hpp).
#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "rules/quick_test.hpp"
#include "rules/rule_index_tables.hpp"

namespace syncline::rules {

namespace {

/// Up to this many rules are checked one after the other: about what two look-ups cost.
constexpr std::size_t bucket_max = 8;
/// A rule with many values at a path stands in the index once for each; so often at most.
constexpr std::uint32_t copies_max = 64;
constexpr std::uint32_t copies_of_list_max = 4096;
/// Of checking a record; of a look-up in the node's table, in another, and where a text must be
/// made for it. In one unit.
constexpr double record_cost = 10, table_cost = 5, probe_cost = 18, derived_cost = 45;
/// How often "none of these" is taken to hold: lists that hold nearly always find nothing anyway.
constexpr double none_of_share = 0.2;
/// How many needed predicates of an alternative are considered; the rest are only tested.
constexpr std::size_t considered_max = 32;

/// A rule at a node: what is used up on the way here.
struct Entry {
    std::uint32_t item = 0;
    std::uint32_t used = 0;       // bits of `needed` that led here
    std::uint32_t settled = 0;    // of those, the ones that hold for certain
    std::uint32_t copies = 1;
};

/// One entry under one key of a dimension.
struct Placed {
    std::uint32_t key = 0;
    Entry entry;
};

class IndexBuilder {
public:
    IndexBuilder(const Predicates& predicates, const KeyTable& keys,
                 const std::vector<IndexItem>& items, const std::vector<Alternative>& alternatives)
        : predicates_(predicates), keys_(keys), items_(items), alternatives_(alternatives),
          key_counts_(keys.distinct_count()), covered_(keys.dimension_count()),
          gains_(keys.dimension_count()) {}

    RuleIndex build() {
        if (items_.empty()) return {};
        std::vector<Entry> entries(items_.size());
        for (std::uint32_t i = 0; i < entries.size(); ++i) entries[i].item = i;
        made_.nodes.emplace_back();
        fill_node(0, std::move(entries));
        made_.shrink();
        return std::move(made_);
    }

private:
    static constexpr std::uint32_t none = RuleIndex::none;

    std::size_t considered(const Entry& entry) const {
        return std::min(items_[entry.item].needed.size(), considered_max);
    }

    /// Calls with (position, predicate) for each predicate that may still tell the entry apart.
    template <class Visit>
    void for_each_choice(const Entry& entry, Visit&& visit) const {
        const auto& needed = items_[entry.item].needed;
        for (std::size_t i = 0; i < considered(entry); ++i) {
            auto count = keys_.count(needed[i]);
            bool free = !(entry.used >> i & 1) && count > 0 &&
                        std::uint64_t{count} * entry.copies <= copies_of_list_max;
            if (free) visit(i, needed[i]);
        }
    }

    // --- What tells these entries apart ---------------------------------------------------------

    /// Counts how many entries have each key and each dimension.
    void count(const std::vector<Entry>& entries) {
        for (auto key : counted_keys_) key_counts_[key] = 0;
        for (auto dimension : counted_dimensions_) covered_[dimension] = 0, gains_[dimension] = 0;
        counted_keys_.clear();
        counted_dimensions_.clear();
        for (const auto& entry : entries)
            for_each_choice(entry, [&](std::size_t, std::uint32_t predicate) {
                auto dimension = keys_[keys_.begin(predicate)].dimension;
                if (covered_[dimension]++ == 0) counted_dimensions_.push_back(dimension);
                for (auto at = keys_.begin(predicate); at < keys_.end(predicate); ++at)
                    if (key_counts_[keys_[at].number]++ == 0)
                        counted_keys_.push_back(keys_[at].number);
            });
    }

    /// The expected share of events in which one of the predicate's keys is met, taking the rules'
    /// own values as the events'.
    double share(std::uint32_t predicate) const {
        double sum = 0;
        auto dimension = keys_[keys_.begin(predicate)].dimension;
        const auto& of = keys_.dimension(dimension);
        for (auto at = keys_.begin(predicate); at < keys_.end(predicate); ++at) {
            if (of.kind == KeyKind::none_of) return none_of_share;
            if (of.kind != KeyKind::range) {
                sum += static_cast<double>(key_counts_[keys_[at].number]) / covered_[dimension];
                continue;
            }
            const auto& key = keys_.access_key(keys_[at].number);
            double span = of.high - of.low;
            double low = std::max(key.low, of.low), high = std::min(key.high, of.high);
            sum += span > 0 ? std::clamp((high - low) / span, 0.001, 1.0) : 1.0;
        }
        return std::min(sum, 1.0);
    }

    /// The dimension that tells nearly all of the entries well apart, if there is one.
    std::uint32_t dominant(const std::vector<Entry>& entries) {
        for (const auto& entry : entries)
            for_each_choice(entry, [&](std::size_t, std::uint32_t predicate) {
                auto key = keys_.begin(predicate);
                if (std::uint64_t{keys_.count(predicate)} * entry.copies <= copies_max)
                    gains_[keys_[key].dimension] += 1 - share(predicate);
            });
        std::uint32_t best = none;
        for (auto dimension : counted_dimensions_)
            if (best == none || gains_[dimension] > gains_[best]) best = dimension;
        bool dominates = best != none && covered_[best] * 10 >= entries.size() * 9 &&
                         gains_[best] * 2 >= static_cast<double>(entries.size());
        return dominates ? best : none;
    }

    /// Of one look-up in a dimension.
    static double cost_of(const Dimension& of) {
        if (of.kind == KeyKind::equal && of.how == Derived::as_is) return table_cost;
        bool makes_text = of.how == Derived::address || of.kind == KeyKind::equal;
        return makes_text ? derived_cost : probe_cost;
    }

    /// The choice that costs least, or none when checking the entry each time does.
    std::size_t cheapest(const Entry& entry) const {
        std::size_t best = considered_max;
        double least = record_cost;
        for_each_choice(entry, [&](std::size_t position, std::uint32_t predicate) {
            auto dimension = keys_[keys_.begin(predicate)].dimension;
            const auto& of = keys_.dimension(dimension);
            double cost = share(predicate) * record_cost + cost_of(of) / covered_[dimension];
            if (cost >= least) return;
            least = cost;
            best = position;
        });
        return best;
    }

    // --- Nodes ----------------------------------------------------------------------------------

    void fill_node(std::uint32_t node, std::vector<Entry> entries) {
        std::vector<std::vector<Placed>> by_dimension;
        std::vector<std::uint32_t> dimensions;
        std::vector<Entry> always;
        if (entries.size() <= bucket_max) always = std::move(entries);
        else distribute(std::move(entries), dimensions, by_dimension, always);
        std::vector<RuleIndex::Probe> probes;
        std::vector<PathLeads> equals;
        for (std::size_t i = 0; i < dimensions.size(); ++i) {
            const auto& of = keys_.dimension(dimensions[i]);
            auto leads = make_leads(of, by_dimension[i]);
            if (of.kind == KeyKind::equal && of.how == Derived::as_is)
                equals.push_back({of.path, std::move(leads)});
            else probes.push_back(tables_.make_probe(of, leads));
        }
        // Alike after alike: the processor learns what comes next.
        std::sort(probes.begin(), probes.end(), [](const auto& a, const auto& b) {
            return std::tie(a.kind, a.how, a.path) < std::tie(b.kind, b.how, b.path);
        });
        tables_.put_table(equals, made_.nodes[node]);
        auto& made = made_.nodes[node];
        made.first_probe = static_cast<std::uint32_t>(made_.probes.size());
        made.probe_count = static_cast<std::uint32_t>(probes.size());
        made_.probes.insert(made_.probes.end(), probes.begin(), probes.end());
        if (!always.empty()) {
            made.bucket = static_cast<std::uint32_t>(made_.code.size());
            put_records(always);
        }
    }

    /// Puts entries under keys; what no key helps with goes to `always`.
    void distribute(std::vector<Entry> entries, std::vector<std::uint32_t>& dimensions,
                    std::vector<std::vector<Placed>>& by_dimension, std::vector<Entry>& always) {
        std::unordered_map<std::uint32_t, std::size_t> places;
        while (!entries.empty()) {
            count(entries);
            auto single = dominant(entries);
            std::vector<Entry> left;
            for (const auto& entry : entries) {
                auto choice = single == none ? cheapest(entry) : position_in(entry, single);
                if (choice == considered_max) {
                    left.push_back(entry);
                    continue;
                }
                auto predicate = items_[entry.item].needed[choice];
                auto dimension = keys_[keys_.begin(predicate)].dimension;
                auto [at, fresh] = places.try_emplace(dimension, dimensions.size());
                if (fresh) {
                    dimensions.push_back(dimension);
                    by_dimension.emplace_back();
                }
                place(entry, choice, by_dimension[at->second]);
            }
            // What one path could not tell apart is few: it is distributed by itself.
            if (single == none || left.size() <= bucket_max) {
                always.insert(always.end(), left.begin(), left.end());
                return;
            }
            entries = std::move(left);
        }
    }

    void place(const Entry& entry, std::size_t choice, std::vector<Placed>& under) const {
        auto predicate = items_[entry.item].needed[choice];
        Entry below = entry;
        below.used |= 1u << choice;
        if (keys_.exact(predicate)) below.settled |= 1u << choice;
        below.copies *= keys_.count(predicate);
        for (auto at = keys_.begin(predicate); at < keys_.end(predicate); ++at)
            under.push_back({keys_[at].number, below});
    }

    std::size_t position_in(const Entry& entry, std::uint32_t dimension) const {
        std::size_t found = considered_max;
        for_each_choice(entry, [&](std::size_t position, std::uint32_t predicate) {
            bool fits = std::uint64_t{keys_.count(predicate)} * entry.copies <= copies_max;
            if (keys_[keys_.begin(predicate)].dimension == dimension && fits) found = position;
        });
        return found;
    }

    /// Builds the buckets of a dimension.
    std::vector<Leads> make_leads(const Dimension& of, std::vector<Placed>& placed) {
        std::stable_sort(placed.begin(), placed.end(),
                         [](const Placed& a, const Placed& b) { return a.key < b.key; });
        std::vector<Leads> leads;
        for (std::size_t i = 0; i < placed.size();) {
            auto end = i;
            std::vector<Entry> group;
            for (; end < placed.size() && placed[end].key == placed[i].key; ++end) {
                // A rule may name one key twice ("a" and "a" in any case).
                bool twice = !group.empty() && group.back().item == placed[end].entry.item;
                if (!twice) group.push_back(placed[end].entry);
            }
            auto number = placed[i].key;
            leads.push_back({number, make_bucket(of.kind, keys_.access_key(number), group)});
            i = end;
        }
        placed = {};
        return leads;
    }

    std::uint32_t make_bucket(KeyKind kind, const AccessKey& key, std::vector<Entry>& group) {
        std::uint32_t child = none;
        if (group.size() > bucket_max && tells_apart(group)) {
            child = static_cast<std::uint32_t>(made_.nodes.size());
            made_.nodes.emplace_back();
            fill_node(child, std::move(group));
        }
        auto bucket = static_cast<std::uint32_t>(made_.code.size());
        if (kind == KeyKind::equal) tables_.put_text(key);
        if (child != none) made_.code.push_back(child | RuleIndex::child_flag);
        else put_records(group);
        return bucket;
    }

    bool tells_apart(const std::vector<Entry>& group) const {
        return std::any_of(group.begin(), group.end(), [&](const Entry& entry) {
            bool any = false;
            for_each_choice(entry, [&](std::size_t, std::uint32_t) { any = true; });
            return any;
        });
    }

    // --- Records --------------------------------------------------------------------------------

    void put_records(std::vector<Entry>& entries) {
        made_.code.push_back(static_cast<std::uint32_t>(entries.size()));
        if (entries.size() > 2) sort_by_first_test(entries);
        for (const auto& entry : entries) {
            const auto& item = items_[entry.item];
            const auto& alternative = alternatives_[item.alternative];
            made_.code.push_back(item.rule);
            made_.code.push_back(item.alternative);
            auto head = made_.code.size();
            made_.code.resize(head + 2);
            std::uint32_t tests = 0;
            for (std::size_t i = 0; i < item.needed.size(); ++i) {
                if (i < considered_max && (entry.settled >> i & 1)) continue;
                write_quick_test(predicates_, item.needed[i], made_.code);
                ++tests;
            }
            made_.code[head] = std::uint32_t{alternative.lists} << 16 |
                               std::uint32_t{alternative.careful} << 15 | tests;
            made_.code[head + 1] = static_cast<std::uint32_t>(made_.code.size() - head + 2);
        }
    }

    void sort_by_first_test(std::vector<Entry>& entries) const {
        std::vector<std::pair<std::uint64_t, Entry>> keyed;
        for (const auto& entry : entries) {
            const auto& needed = items_[entry.item].needed;
            std::size_t first = 0;
            while (first < needed.size() && first < considered_max && (entry.settled >> first & 1))
                ++first;
            auto key = first < needed.size() ? quick_order(predicates_, needed[first]) : 0;
            keyed.emplace_back(key, entry);
        }
        std::stable_sort(keyed.begin(), keyed.end(),
                         [](const auto& a, const auto& b) { return a.first < b.first; });
        for (std::size_t i = 0; i < entries.size(); ++i) entries[i] = keyed[i].second;
    }

    const Predicates& predicates_;
    const KeyTable& keys_;
    const std::vector<IndexItem>& items_;
    const std::vector<Alternative>& alternatives_;
    RuleIndex made_;
    IndexTables tables_{keys_, made_};
    std::vector<std::uint32_t> key_counts_, covered_;
    std::vector<double> gains_;
    std::vector<std::uint32_t> counted_keys_, counted_dimensions_;
};

}  // namespace

RuleIndex build_rule_index(const Predicates& predicates, std::vector<IndexItem> items,
                           const std::vector<Alternative>& alternatives) {
    KeyTable keys(predicates);
    return IndexBuilder(predicates, keys, items, alternatives).build();
}

}  // namespace syncline::rules
