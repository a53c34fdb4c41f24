// Numbers for byte strings: the same bytes, the same number. Private to the room; used to build.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/text_hash.hpp"

namespace syncline::rules {

class Interner {
public:
    /// The number of `bytes`: from 0, in the order in which they were first seen.
    std::uint32_t number_of(std::string_view bytes) {
        if ((items_.size() + 1) * 2 > slots_.size()) grow();
        auto hash = hash_text(bytes);
        auto mask = slots_.size() - 1;
        auto at = hash & mask;
        for (; slots_[at] != 0; at = (at + 1) & mask) {
            const Item& item = items_[slots_[at] - 1];
            if (item.hash == hash && std::string_view(bytes_).substr(item.begin, item.size) == bytes)
                return slots_[at] - 1;
        }
        items_.push_back({hash, bytes_.size(), bytes.size()});
        bytes_ += bytes;
        slots_[at] = static_cast<std::uint32_t>(items_.size());
        return slots_[at] - 1;
    }
    std::size_t size() const { return items_.size(); }

private:
    struct Item {
        std::uint64_t hash;
        std::size_t begin, size;
    };
    void grow() {
        slots_.assign(slots_.empty() ? 64 : slots_.size() * 2, 0);
        auto mask = slots_.size() - 1;
        for (std::uint32_t i = 0; i < items_.size(); ++i) {
            auto at = items_[i].hash & mask;
            while (slots_[at] != 0) at = (at + 1) & mask;
            slots_[at] = i + 1;
        }
    }

    std::vector<Item> items_;
    std::vector<std::uint32_t> slots_;   // number + 1; 0 is free
    std::string bytes_;
};

}  // namespace syncline::rules
