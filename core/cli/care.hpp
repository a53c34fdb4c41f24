// What the commands that care for the store's file share: sizes for people, and a line of progress
// on a terminal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/cli/terminal.hpp"
#include "core/config/config.hpp"
#include "core/store/sqlite/sqlite_store.hpp"

namespace syncline::cli {

store::SqliteOptions store_options(const config::HubConfig& config);

/// "812 bytes", "3.4 MiB".
std::string format_bytes(std::int64_t bytes);

/// "copied 43 %", written over itself on `err`, where a person looks; else nothing.
class PercentLine {
public:
    PercentLine(Terminal& terminal, std::string_view verb) : terminal_(terminal), verb_(verb) {}
    void show(std::int64_t done, std::int64_t all);
    void clear();

private:
    Terminal& terminal_;
    const std::string verb_;
    std::int64_t shown_ = -1;
};

}  // namespace syncline::cli
