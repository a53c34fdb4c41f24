// Look-ups and defaults of the configuration as plain data.
#include "core/config/config.hpp"

#include <algorithm>

namespace syncline::config {
namespace {

template <class T>
const T* by_name(const std::vector<T>& list, std::string_view name) {
    auto found = std::find_if(list.begin(), list.end(),
                              [&](const T& item) { return item.name == name; });
    return found == list.end() ? nullptr : &*found;
}

}  // namespace

RetryConfig::RetryConfig() {
    // Design §8: 5 s to 24 h, in all 3 days and 4 hours, which outlasts a long weekend.
    constexpr std::int64_t second = 1000, minute = 60 * second, hour = 60 * minute;
    schedule_ms = {5 * second, 30 * second, 2 * minute, 10 * minute, 30 * minute, 1 * hour,
                   2 * hour,   4 * hour,    8 * hour,   12 * hour,   24 * hour,   24 * hour};
}

const SourceConfig* HubConfig::source(std::string_view name) const {
    return by_name(sources, name);
}

const DestinationConfig* HubConfig::destination(std::string_view name) const {
    return by_name(destinations, name);
}

}  // namespace syncline::config
