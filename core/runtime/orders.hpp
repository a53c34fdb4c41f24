// What a person may order of the deliveries that a filter selects: replay, cancel, retry now. One
// place for the running hub and for commands that work on the file while no hub runs.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/store/store.hpp"

namespace syncline {

enum class Order { replay, cancel, retry };

/// "replay", "cancel", "retry": the word of commands and of the API's paths.
std::string_view order_name(Order order);

/// Replay repeats what has ended; cancel ends what waits or was given up; retry hurries what waits. A
/// derivation is repeated by its event alone.
bool order_applies(Order order, const Delivery& delivery);

/// The ids of those that the filter selects and the order applies to, oldest first. too_large: more
/// than a million; not_found: a replay of none but such whose payload is gone.
Result<std::vector<std::uint64_t>> select_for(Order order, store::Reader& reader,
                                              const store::Filter& filter);

/// Carries the order out, some at a time, each durable when `commit` returns. The count of those that
/// it changed: some may have ended since they were selected.
using CommitOrder = std::function<Result<store::WriteResult>(store::Write)>;
Result<std::size_t> carry_out(Order order, const std::vector<std::uint64_t>& ids,
                              const CommitOrder& commit);

}  // namespace syncline
