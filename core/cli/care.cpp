// The parts behind care.hpp.
#include "core/cli/care.hpp"

#include <array>
#include <ostream>

namespace syncline::cli {

store::SqliteOptions store_options(const config::HubConfig& config) {
    store::SqliteOptions options;
    options.path = config.store_path;
    options.dedupe_window_ms = config.dedupe_window_ms;
    options.payload_retention_ms = config.payload_retention_ms;
    options.attempt_retention_ms = config.attempt_retention_ms;
    return options;
}

std::string format_bytes(std::int64_t bytes) {
    constexpr std::array<const char*, 4> units = {"KiB", "MiB", "GiB", "TiB"};
    if (bytes < 1024) return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
    std::int64_t tenths = bytes * 10 / 1024;
    std::size_t unit = 0;
    for (; tenths >= 10'240 && unit + 1 < units.size(); ++unit) tenths /= 1024;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " " + units[unit];
}

void PercentLine::show(std::int64_t done, std::int64_t all) {
    if (!terminal_.interactive || all <= 0) return;
    std::int64_t percent = done * 100 / all;
    if (percent == shown_) return;
    shown_ = percent;
    terminal_.err << '\r' << verb_ << ' ' << percent << " % " << std::flush;
}

void PercentLine::clear() {
    if (shown_ < 0) return;
    terminal_.err << '\r' << std::string(verb_.size() + 8, ' ') << '\r' << std::flush;
    shown_ = -1;
}

}  // namespace syncline::cli
