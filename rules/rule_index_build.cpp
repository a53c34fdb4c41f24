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
#include <cmath>
#include <map>
#include <tuple>
#include <unordered_map>

#include "rules/quick_test.hpp"
#include "rules/rule_index.hpp"

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
    explicit KeyTable(const Predicates& predicates) : first_(predicates.size() + 1) {
        for (std::uint32_t i = 0; i < predicates.size(); ++i) {
            first_[i] = static_cast<std::uint32_t>(keys_.size());
            auto access = access_of(predicates, predicates[i]);
            exact_.push_back(access.exact);
            if (access.keys.empty()) continue;
            auto dimension = dimension_of(predicates[i].node, access);
            for (auto& key : access.keys) add(dimension, std::move(key));
        }
        first_.back() = static_cast<std::uint32_t>(keys_.size());
    }

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
    std::uint32_t dimension_of(std::uint32_t path, const Access& access) {
        auto name = static_cast<std::uint64_t>(path) << 16 |
                    static_cast<std::uint64_t>(access.kind) << 8 |
                    static_cast<std::uint64_t>(access.how);
        auto [at, fresh] = known_dimensions_.try_emplace(
            name, static_cast<std::uint32_t>(dimensions_.size()));
        if (fresh) dimensions_.push_back({path, access.kind, access.how, INFINITY, -INFINITY});
        return at->second;
    }

    void add(std::uint32_t dimension, AccessKey key) {
        name_.assign(reinterpret_cast<const char*>(&dimension), sizeof dimension);
        name_.push_back(key.has_text ? 't' : '-');
        name_.append(reinterpret_cast<const char*>(&key.hash), sizeof key.hash);
        name_.append(reinterpret_cast<const char*>(&key.low), sizeof key.low);
        name_.append(reinterpret_cast<const char*>(&key.high), sizeof key.high);
        name_ += key.text;
        auto number = known_keys_.number_of(name_);
        if (number == distinct_.size()) {
            auto& of = dimensions_[dimension];
            if (std::isfinite(key.low)) of.low = std::min(of.low, key.low);
            if (std::isfinite(key.high)) of.high = std::max(of.high, key.high);
            distinct_.push_back(std::move(key));
        }
        keys_.push_back({number, dimension});
    }

    std::vector<std::uint32_t> first_;
    std::vector<bool> exact_;
    std::vector<Key> keys_;
    std::vector<AccessKey> distinct_;
    std::vector<Dimension> dimensions_;
    std::unordered_map<std::uint64_t, std::uint32_t> known_dimensions_;
    Interner known_keys_;
    std::string name_;
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
            else probes.push_back(make_probe(of, leads));
        }
        // Alike after alike: the processor learns what comes next.
        std::sort(probes.begin(), probes.end(), [](const auto& a, const auto& b) {
            return std::tie(a.kind, a.how, a.path) < std::tie(b.kind, b.how, b.path);
        });
        put_table(equals, made_.nodes[node]);
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

    /// A key of a probe and the bucket that it leads to.
    struct Leads {
        std::uint32_t key = 0;
        std::uint32_t bucket = 0;
    };

    struct PathLeads {
        std::uint32_t path = 0;
        std::vector<Leads> leads;
    };

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

    RuleIndex::Probe make_probe(const Dimension& of, std::vector<Leads>& leads) {
        RuleIndex::Probe probe;
        probe.path = of.path;
        probe.kind = of.kind;
        probe.how = of.how;
        switch (of.kind) {
            case KeyKind::prefix: put_prefixes(leads, probe); break;
            case KeyKind::range: put_ranges(leads, probe); break;
            case KeyKind::none_of: put_lists(leads, probe); break;
            default: put_slots(leads, probe); break;
        }
        return probe;
    }

    std::uint32_t make_bucket(KeyKind kind, const AccessKey& key, std::vector<Entry>& group) {
        std::uint32_t child = none;
        if (group.size() > bucket_max && tells_apart(group)) {
            child = static_cast<std::uint32_t>(made_.nodes.size());
            made_.nodes.emplace_back();
            fill_node(child, std::move(group));
        }
        auto bucket = static_cast<std::uint32_t>(made_.code.size());
        if (kind == KeyKind::equal) put_text(key);
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

    // --- Tables ---------------------------------------------------------------------------------

    void put_text(const AccessKey& key) {
        if (!key.has_text) {
            made_.code.push_back(none);
            return;
        }
        made_.code.push_back(static_cast<std::uint32_t>(key.text.size()));
        auto begin = made_.code.size();
        made_.code.resize(begin + (key.text.size() + 3) / 4);
        if (!key.text.empty())
            std::memcpy(made_.code.data() + begin, key.text.data(), key.text.size());
    }

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

    /// Room for `count` keys in a table of its own; returns its mask.
    std::uint32_t open_table(std::size_t count) {
        auto size = std::bit_ceil(count * 3 / 2 + 1);
        made_.equals.resize(made_.equals.size() + size);
        return static_cast<std::uint32_t>(size - 1);
    }

    void put_slot(std::uint32_t table, std::uint32_t mask, std::uint64_t hash,
                  std::uint32_t bucket) {
        auto* slots = made_.equals.data() + table;
        auto at = static_cast<std::uint32_t>(hash >> 32) & mask;
        for (; slots[at].bucket != RuleIndex::EqualSlot::empty; at = (at + 1) & mask)
            slots[at].bucket |= RuleIndex::EqualSlot::full;
        slots[at] = {static_cast<std::uint32_t>(hash), bucket};
    }

    void put_table(const std::vector<PathLeads>& equals, RuleIndex::Node& node) {
        std::size_t count = 0;
        for (const auto& of : equals) count += of.leads.size();
        if (count == 0) return;
        node.first_path = static_cast<std::uint32_t>(made_.paths.size());
        node.path_count = static_cast<std::uint32_t>(equals.size());
        node.table = static_cast<std::uint32_t>(made_.equals.size());
        node.mask = open_table(count);
        for (const auto& of : equals) {
            made_.paths.push_back(of.path);
            for (const auto& lead : of.leads)
                put_slot(node.table, node.mask,
                         RuleIndex::hash_at(of.path, keys_.access_key(lead.key).hash), lead.bucket);
        }
    }

    void put_slots(const std::vector<Leads>& leads, RuleIndex::Probe& probe) {
        probe.begin = static_cast<std::uint32_t>(made_.equals.size());
        probe.size = open_table(leads.size());
        for (const auto& lead : leads) {
            auto hash = keys_.access_key(lead.key).hash;
            if (probe.kind != KeyKind::equal) hash = RuleIndex::gram_hash(hash);
            put_slot(probe.begin, probe.size, hash, lead.bucket);
        }
    }

    void put_lists(const std::vector<Leads>& leads, RuleIndex::Probe& probe) {
        std::map<std::string_view, std::vector<std::uint32_t>> lists_of;   // by text
        for (std::uint32_t i = 0; i < leads.size(); ++i)
            for (auto text : keys_.access_key(leads[i].key).list) lists_of[text].push_back(i);
        probe.blocks = static_cast<std::uint32_t>(made_.code.size());
        made_.code.push_back(static_cast<std::uint32_t>(leads.size()));
        for (const auto& lead : leads) made_.code.push_back(lead.bucket);
        probe.begin = static_cast<std::uint32_t>(made_.equals.size());
        probe.size = open_table(lists_of.size());
        for (const auto& [text, lists] : lists_of) {
            AccessKey key;
            key.text = text;
            key.has_text = true;
            put_slot(probe.begin, probe.size, hash_text(text),
                     static_cast<std::uint32_t>(made_.code.size()));
            put_text(key);
            auto bits = made_.code.size();
            made_.code.resize(bits + (leads.size() + 31) / 32);
            for (auto list : lists) made_.code[bits + list / 32] |= 1u << (list % 32);
        }
    }

    void put_prefixes(std::vector<Leads>& leads, RuleIndex::Probe& probe) {
        auto text = [&](const Leads& lead) -> const std::string& {
            return keys_.access_key(lead.key).text;
        };
        std::sort(leads.begin(), leads.end(),
                  [&](const Leads& a, const Leads& b) { return text(a) < text(b); });
        probe.begin = static_cast<std::uint32_t>(made_.prefixes.size());
        probe.size = static_cast<std::uint32_t>(leads.size());
        auto shortest = std::min_element(leads.begin(), leads.end(), [&](const auto& a, const auto& b) {
            return text(a).size() < text(b).size();
        });
        probe.blocks = static_cast<std::uint32_t>(
            64 - 8 * std::min<std::size_t>(8, text(*shortest).size()));
        std::vector<std::uint32_t> open;   // entries that are prefixes of the one before
        for (std::uint32_t i = 0; i < leads.size(); ++i) {
            const auto& mine = text(leads[i]);
            while (!open.empty() && !mine.starts_with(text(leads[open.back()]))) open.pop_back();
            RuleIndex::PrefixEntry entry;
            entry.text = static_cast<std::uint32_t>(made_.texts.size());
            entry.size = static_cast<std::uint32_t>(mine.size());
            entry.parent = open.empty() ? none : open.back();
            entry.bucket = leads[i].bucket;
            made_.texts += mine;
            made_.prefix_heads.push_back(text_head(mine));
            made_.prefixes.push_back(entry);
            open.push_back(i);
        }
    }

    void put_ranges(std::vector<Leads>& leads, RuleIndex::Probe& probe) {
        auto low = [&](const Leads& lead) { return keys_.access_key(lead.key).low; };
        std::sort(leads.begin(), leads.end(),
                  [&](const Leads& a, const Leads& b) { return low(a) < low(b); });
        probe.begin = static_cast<std::uint32_t>(made_.range_lows.size());
        probe.size = static_cast<std::uint32_t>(leads.size());
        probe.blocks = static_cast<std::uint32_t>(made_.range_blocks.size());
        std::vector<double> highs;
        for (const auto& lead : leads) {
            const auto& key = keys_.access_key(lead.key);
            made_.range_lows.push_back(key.low);
            made_.range_highs.push_back(key.high);
            made_.range_buckets.push_back(lead.bucket);
            highs.push_back(key.high);
        }
        for (std::size_t size : {RuleIndex::block, RuleIndex::block * RuleIndex::block})
            for (std::size_t i = 0; i < highs.size(); i += size)
                made_.range_blocks.push_back(*std::max_element(
                    highs.begin() + static_cast<std::ptrdiff_t>(i),
                    highs.begin() + static_cast<std::ptrdiff_t>(std::min(i + size, highs.size()))));
    }

    const Predicates& predicates_;
    const KeyTable& keys_;
    const std::vector<IndexItem>& items_;
    const std::vector<Alternative>& alternatives_;
    RuleIndex made_;
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

std::size_t RuleIndex::memory_bytes() const {
    std::size_t bytes = texts.capacity();
    auto add = [&](const auto& table) { bytes += table.capacity() * sizeof(table[0]); };
    add(nodes), add(probes), add(code), add(paths), add(equals);
    add(prefix_heads), add(prefixes);
    add(range_lows), add(range_highs), add(range_buckets), add(range_blocks);
    return bytes;
}

void RuleIndex::shrink() {
    auto fit = [](auto& table) { table.shrink_to_fit(); };
    fit(nodes), fit(probes), fit(code), fit(paths), fit(equals), fit(texts);
    fit(prefix_heads), fit(prefixes);
    fit(range_lows), fit(range_highs), fit(range_buckets), fit(range_blocks);
}

}  // namespace syncline::rules
