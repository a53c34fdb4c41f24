#include "core/runtime/router.hpp"

#include <algorithm>

namespace syncline {

Router::Router(const config::HubConfig& config, const ConnectorCatalog& connectors)
    : config_(config), reads_data_(reads_data()) {
    plan_derivations(connectors);
}

bool Router::reads_data() const {
    auto looks_into_data = [](const std::string& path) {
        return path == "data" || path.starts_with("data.") || path.starts_with("data[");
    };
    for (const auto& rule : config_.rules)
        if (looks_into_data(rule.order)) return true;
    if (!config_.rule_set) return false;
    for (std::uint32_t rule = 0; rule < config_.rule_set->size(); ++rule)
        for (const auto& path : config_.rule_set->rule(rule).paths())
            if (looks_into_data(path)) return true;
    return false;
}

void Router::plan_derivations(const ConnectorCatalog& connectors) {
    if (!config_.rule_set) return;
    for (const auto& source : config_.sources) {
        const ConnectorDescriptor* connector = connectors.find(source.connector);
        if (!connector) continue;
        Derivation derivation;
        derivation.source = source.name;
        for (const auto& [type, from] : connector->derives) {
            bool wanted = false;
            for (std::uint32_t i = 0; i < config_.rule_set->size(); ++i) {
                auto rule = config_.rule_set->rule(i);
                bool from_here = rule.from().empty() ||
                                 std::find(rule.from().begin(), rule.from().end(), source.name) !=
                                     rule.from().end();
                wanted |= from_here && rule.on().contains(type);
            }
            if (wanted) derivation.from.insert(derivation.from.end(), from.begin(), from.end());
        }
        if (!derivation.from.empty()) derivations_.push_back(std::move(derivation));
    }
}

std::string lane_of(const std::string& order, const Event& event, const Json& view) {
    if (order == "none") return std::string();
    if (order == "subject") return event.subject;
    const Json* value = view.at_path(order);
    if (!value || value->is_null()) return std::string();
    return value->is_string() ? value->as_string() : value->dump();
}

std::vector<Delivery> Router::route(const Event& event) const {
    rules::Matcher matcher;
    return route(event, matcher);
}

std::vector<Delivery> Router::route(const Event& event, rules::Matcher& matcher) const {
    std::vector<Delivery> deliveries;
    for (const auto& derivation : derivations_) {
        bool closer = derivation.source == event.source &&
                      std::find(derivation.from.begin(), derivation.from.end(), event.type) !=
                          derivation.from.end();
        if (!closer) continue;
        Delivery look;
        look.kind = DeliveryKind::derive;
        look.destination = event.source;
        look.action = "derive";
        look.lane = event.subject;
        deliveries.push_back(std::move(look));
    }
    if (!config_.rule_set || !config_.rule_set->listens(event.type)) return deliveries;
    Json view = event.view(reads_data_);
    std::vector<std::uint32_t> matched;
    matcher.match(*config_.rule_set, {event.source, event.type, event.received_ms}, view, matched);
    for (auto index : matched) {
        const auto& rule = config_.rules[index];
        std::string lane = lane_of(rule.order, event, view);
        for (std::uint32_t send = 0; send < rule.send.size(); ++send) {
            Delivery delivery;
            delivery.rule = rule.name;
            delivery.send = send;
            delivery.destination = rule.send[send].to;
            delivery.action = rule.send[send].action;
            delivery.lane = lane;
            deliveries.push_back(std::move(delivery));
        }
    }
    return deliveries;
}

}  // namespace syncline
