// Numbering of keys; see key_table.hpp.
#include "rules/key_table.hpp"

#include <algorithm>
#include <cmath>

namespace syncline::rules {

KeyTable::KeyTable(const Predicates& predicates) : first_(predicates.size() + 1) {
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

std::uint32_t KeyTable::dimension_of(std::uint32_t path, const Access& access) {
    auto name = static_cast<std::uint64_t>(path) << 16 |
                static_cast<std::uint64_t>(access.kind) << 8 |
                static_cast<std::uint64_t>(access.how);
    auto [at, fresh] = known_dimensions_.try_emplace(
        name, static_cast<std::uint32_t>(dimensions_.size()));
    if (fresh) dimensions_.push_back({path, access.kind, access.how, INFINITY, -INFINITY});
    return at->second;
}

void KeyTable::add(std::uint32_t dimension, AccessKey key) {
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

}  // namespace syncline::rules
