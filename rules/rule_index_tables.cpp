// The tables of a rule index; see rule_index_tables.hpp.
#include "rules/rule_index_tables.hpp"

#include <map>

namespace syncline::rules {

namespace {

constexpr std::uint32_t none = RuleIndex::none;

}  // namespace

RuleIndex::Probe IndexTables::make_probe(const Dimension& of, std::vector<Leads>& leads) {
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

void IndexTables::put_text(const AccessKey& key) {
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

/// Room for `count` keys in a table of its own; returns its mask.
std::uint32_t IndexTables::open_table(std::size_t count) {
    auto size = std::bit_ceil(count * 3 / 2 + 1);
    made_.equals.resize(made_.equals.size() + size);
    return static_cast<std::uint32_t>(size - 1);
}

void IndexTables::put_slot(std::uint32_t table, std::uint32_t mask, std::uint64_t hash,
              std::uint32_t bucket) {
    auto* slots = made_.equals.data() + table;
    auto at = static_cast<std::uint32_t>(hash >> 32) & mask;
    for (; slots[at].bucket != RuleIndex::EqualSlot::empty; at = (at + 1) & mask)
        slots[at].bucket |= RuleIndex::EqualSlot::full;
    slots[at] = {static_cast<std::uint32_t>(hash), bucket};
}

void IndexTables::put_table(const std::vector<PathLeads>& equals, RuleIndex::Node& node) {
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

void IndexTables::put_slots(const std::vector<Leads>& leads, RuleIndex::Probe& probe) {
    probe.begin = static_cast<std::uint32_t>(made_.equals.size());
    probe.size = open_table(leads.size());
    for (const auto& lead : leads) {
        auto hash = keys_.access_key(lead.key).hash;
        if (probe.kind != KeyKind::equal) hash = RuleIndex::gram_hash(hash);
        put_slot(probe.begin, probe.size, hash, lead.bucket);
    }
}

void IndexTables::put_lists(const std::vector<Leads>& leads, RuleIndex::Probe& probe) {
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

void IndexTables::put_prefixes(std::vector<Leads>& leads, RuleIndex::Probe& probe) {
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

void IndexTables::put_ranges(std::vector<Leads>& leads, RuleIndex::Probe& probe) {
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
