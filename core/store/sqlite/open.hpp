// How the two kinds of connection are opened: what is checked about the file first, and which
// settings each gets. The reasons for every setting stand in open.cpp.
#pragma once

#include <string>

#include "core/base/result.hpp"
#include "core/store/sqlite/db.hpp"
#include "core/store/sqlite/sqlite_store.hpp"

namespace syncline::store {

/// The one true name of a database: absolute, links followed, so that two spellings of one file
/// meet at one lock. ErrorCode::io when its directory does not exist.
Result<std::string> resolve_path(const std::string& path);

/// The read-write connection: makes the file when absent (readable by its owner alone), brings the
/// schema up to date, and verifies that the settings that durability rests on took effect. The
/// caller holds the lock.
Result<Db> open_for_writing(const std::string& path, const SqliteOptions& options);

/// A read-only connection. ErrorCode::not_found when there is no file.
Result<Db> open_for_reading(const std::string& path, const SqliteOptions& options);

}  // namespace syncline::store
