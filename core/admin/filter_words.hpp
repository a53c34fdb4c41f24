// The filter words, in one place for the commands, the admin API and replay: what each is called,
// what it accepts, and how its text becomes a store::Filter. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/store/store.hpp"

namespace syncline {

/// A list answers at most this many rows; 500 rows of 2 KiB are 1 MiB of answer.
inline constexpr std::size_t filter_limit_max = 500;

struct FilterWord {
    std::string_view name;       // "destination"
    std::string_view summary;    // for --help
};

/// Every word, in the order of the help text.
const std::vector<FilterWord>& filter_words();
std::vector<std::string> filter_word_names();

/// Sets one word. `since` and `until` are a duration before `now_ms` ("2h") or an RFC 3339 time. Errors
/// (invalid_argument) name the word, what was found and what is expected.
Result<void> set_filter_word(store::Filter& filter, std::string_view name, std::string_view value,
                             std::int64_t now_ms);

/// True when the filter selects something narrower than everything (limit and page do not count):
/// what an order (replay, cancel, retry) demands.
bool filter_selects(const store::Filter& filter);

}  // namespace syncline
