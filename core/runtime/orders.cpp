#include "core/runtime/orders.hpp"

#include <algorithm>
#include <string>

namespace syncline {
namespace {

constexpr std::size_t page_rows = 500;
constexpr std::size_t order_max = 1'000'000;
constexpr std::size_t batch_max = 256;   // of a commit, as elsewhere: a few milliseconds

constexpr const char* cancel_note = "cancelled by hand";

store::Write write_of(Order order, std::vector<std::uint64_t> ids) {
    if (order == Order::cancel) return store::Cancel{std::move(ids), cancel_note};
    if (order == Order::retry) return store::RetryNow{std::move(ids)};
    return store::Replay{std::move(ids)};
}

}  // namespace

std::string_view order_name(Order order) {
    if (order == Order::cancel) return "cancel";
    return order == Order::retry ? "retry" : "replay";
}

bool order_applies(Order order, const Delivery& delivery) {
    bool pending = delivery.state == DeliveryState::pending;
    if (order == Order::retry) return pending;
    if (order == Order::cancel) return pending || delivery.state == DeliveryState::dead;
    return !pending && delivery.kind == DeliveryKind::action;
}

Result<std::vector<std::uint64_t>> select_for(Order order, store::Reader& reader,
                                              const store::Filter& filter) {
    std::vector<std::uint64_t> ids;
    std::size_t gone = 0;
    store::Filter page = filter;
    page.limit = page_rows;
    for (;;) {
        auto rows = reader.deliveries(page);
        if (!rows) return rows.error();
        for (const auto& row : *rows) {
            if (!order_applies(order, row.delivery)) continue;
            bool lost = order == Order::replay && row.payload_state != PayloadState::kept;
            if (lost) ++gone;
            else ids.push_back(row.delivery.id);
        }
        if (rows->size() < page.limit) break;
        if (ids.size() > order_max)
            return Error(ErrorCode::too_large,
                         "more than 1,000,000 deliveries match: narrow the filter");
        page.before = rows->back().delivery.id;
    }
    if (ids.empty() && gone > 0) return store::payload_gone(gone);
    std::reverse(ids.begin(), ids.end());   // as they happened
    return ids;
}

Result<std::size_t> carry_out(Order order, const std::vector<std::uint64_t>& ids,
                              const CommitOrder& commit) {
    std::size_t changed = 0;
    for (std::size_t at = 0; at < ids.size(); at += batch_max) {
        auto first = ids.begin() + static_cast<std::ptrdiff_t>(at);
        auto last = ids.begin() + static_cast<std::ptrdiff_t>(std::min(ids.size(), at + batch_max));
        auto result = commit(write_of(order, std::vector<std::uint64_t>(first, last)));
        if (!result) return result.error();
        changed += order == Order::replay ? result->stored.size() : result->changed.size();
    }
    return changed;
}

}  // namespace syncline
