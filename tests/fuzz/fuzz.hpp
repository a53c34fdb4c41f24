// What the fuzz targets share: the check that stops a run, and how an input is split.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "rules/rules.hpp"

namespace syncline::fuzz {

/// Ends the run, so that libFuzzer keeps the input.
inline void check(bool holds, std::string_view what) {
    if (holds) return;
    std::fprintf(stderr, "finding: %.*s\n", static_cast<int>(what.size()), what.data());
    std::abort();
}

/// The first line and the rest.
struct Input {
    std::string_view head;
    std::string_view tail;
    Input(const std::uint8_t* data, std::size_t size) {
        std::string_view text(reinterpret_cast<const char*>(data), size);
        auto end = text.find('\n');
        head = text.substr(0, end);
        if (end != std::string_view::npos) tail = text.substr(end + 1);
    }
};

/// 2026-01-01T00:00:00Z
inline constexpr std::int64_t now_ms = 1'767'225'600'000;

inline bool is_fault(const rules::Fault& fault) {
    return fault.message.size() >= 8 && fault.path.size() <= 2048 && fault.message.size() <= 4096;
}

}  // namespace syncline::fuzz
