// What every implementation of the store says in the same words.
#include "core/store/store.hpp"

namespace syncline::store {

Error payload_gone(std::size_t count) {
    return Error(ErrorCode::not_found,
                 count == 1 ? "the delivery cannot be repeated: the payload of its event has expired "
                              "(retention.payloads) or was forgotten on request"
                            : std::to_string(count) +
                                  " deliveries cannot be repeated: the payloads of their events have "
                                  "expired (retention.payloads) or were forgotten on request");
}

}  // namespace syncline::store
