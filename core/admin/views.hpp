// What events, deliveries and attempts look like as JSON: one form for the admin API and for the
// commands' --json. Pure; knows no store and no HTTP. Times are RFC 3339 texts in UTC; absent ones
// are left out. Texts are as they came: whoever shows them on a terminal escapes them.
#pragma once

#include "core/model/delivery.hpp"
#include "core/model/event.hpp"
#include "core/sdk/json.hpp"
#include "core/store/store.hpp"

namespace syncline {

/// An event of a list: attributes and counts of deliveries, without its data.
Json event_row_json(const store::EventRow& row);
/// An event in full: `data` when the payload is JSON, else `payload` as text; `payload_removed` says
/// "expired" or "forgotten".
Json event_json(const Event& event);
Json delivery_row_json(const store::DeliveryRow& row);
Json attempt_json(const Attempt& attempt);

}  // namespace syncline
