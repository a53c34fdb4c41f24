// The embedded store: one SQLite file, one writer in one process, any number of readers.
//
// The writer holds "<path>.lock" for its life; a second one, in any process, is refused with
// ErrorCode::locked and the holder's process id. Readers open the file read-only, with or without a
// hub running, and change nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/base/clock.hpp"
#include "core/base/limits.hpp"
#include "core/store/store.hpp"

namespace syncline::store {

struct SqliteOptions {
    std::string path;
    std::int64_t dedupe_window_ms = limits::dedupe_window_ms_default;
    /// How long payloads of settled events, and attempts, are kept; housekeeping.hpp has the rules.
    std::int64_t payload_retention_ms = limits::payload_retention_ms_default;
    std::int64_t attempt_retention_ms = limits::attempt_retention_ms_default;
    /// A read that takes longer ends with ErrorCode::timeout: it would keep the log growing.
    std::int64_t read_deadline_ms = 5'000;
    /// How long a reader, or a hub that starts, waits for another program's lock.
    int busy_timeout_ms = 2'000;
    /// The VFS that all files go through; empty: the operating system's. Tests put faults there.
    std::string vfs;
    /// Measures read deadlines; nullptr: the system's. Must outlive the store.
    const Clock* clock = nullptr;

    SqliteOptions() = default;
};

/// Opens nothing yet: open_writer() and open_reader() say what is wrong with the path.
std::unique_ptr<Store> make_sqlite_store(SqliteOptions options);

}  // namespace syncline::store
