// The hub's own happenings as events of the source "syncline", so that alerts are rules. Each is
// stored in the commit of what caused it. Pure but for ids and the clock.
//
// They do not feed on themselves: what becomes of the delivery of such an event makes none.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "core/base/random.hpp"
#include "core/model/delivery.hpp"
#include "core/model/event.hpp"
#include "core/runtime/router.hpp"
#include "core/store/store.hpp"

namespace syncline {

inline constexpr std::string_view hub_source_name = "syncline";

class HubEvents {
public:
    /// All must outlive this. Any thread.
    HubEvents(const Router& router, const Clock& clock, Random& random)
        : router_(router), clock_(clock), random_(random) {}

    /// A delivery was given up. Attributes: delivery, rule, destination, action, attempts, reason, and
    /// event {id, type, source, subject}. Its subject is that of the event, so that what is said of a
    /// thing is found under it. Nothing for the delivery of an event of the hub's own.
    std::optional<store::Accept> dead(const Delivery& delivery, const Event& cause,
                                      const std::string& reason) const;
    /// A destination is not called any more, or is again. Attributes: destination, reason, by ("hand"
    /// or "answer"). Subject: its name. `cause`: the event whose delivery told, if one did.
    std::optional<store::Accept> held(const std::string& destination, const std::string& reason,
                                      const Event* cause) const;
    std::optional<store::Accept> recovered(const std::string& destination, const Event* cause) const;

private:
    std::optional<store::Accept> made(std::string_view type, std::string subject, Json attributes,
                                      const Event* cause) const;

    const Router& router_;
    const Clock& clock_;
    Random& random_;
};

}  // namespace syncline
