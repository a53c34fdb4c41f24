#include "core/model/delivery.hpp"

#include <array>
#include <utility>

namespace syncline {
namespace {

template <class E, std::size_t N>
using Names = std::array<std::pair<E, std::string_view>, N>;

constexpr Names<DeliveryState, 5> state_names{{{DeliveryState::pending, "pending"},
                                               {DeliveryState::delivered, "delivered"},
                                               {DeliveryState::skipped, "skipped"},
                                               {DeliveryState::dead, "dead"},
                                               {DeliveryState::cancelled, "cancelled"}}};
constexpr Names<OutcomeKind, 5> outcome_names{{{OutcomeKind::delivered, "delivered"},
                                               {OutcomeKind::skipped, "skipped"},
                                               {OutcomeKind::retry, "retry"},
                                               {OutcomeKind::reject, "reject"},
                                               {OutcomeKind::hold, "hold"}}};

template <class E, std::size_t N>
std::string_view name_in(const Names<E, N>& names, E value) {
    for (const auto& [known, name] : names)
        if (known == value) return name;
    return "unknown";
}

template <class E, std::size_t N>
std::optional<E> value_in(const Names<E, N>& names, std::string_view name) {
    for (const auto& [value, known] : names)
        if (known == name) return value;
    return std::nullopt;
}

}  // namespace

std::string_view delivery_state_name(DeliveryState state) {
    return name_in(state_names, state);
}
std::optional<DeliveryState> delivery_state_from(std::string_view name) {
    return value_in(state_names, name);
}
std::string_view outcome_kind_name(OutcomeKind kind) {
    return name_in(outcome_names, kind);
}
std::optional<OutcomeKind> outcome_kind_from(std::string_view name) {
    return value_in(outcome_names, name);
}

}  // namespace syncline
