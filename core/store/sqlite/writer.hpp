// The writing side on SQLite: lock, connection, transactions, recovery. What a write does stands in
// batch.cpp, what happens in idle moments in housekeeping.cpp.
#pragma once

#include <memory>

#include "core/base/result.hpp"
#include "core/store/sqlite/sqlite_store.hpp"
#include "core/store/store.hpp"

namespace syncline::store {

Result<std::unique_ptr<Writer>> open_sqlite_writer(const SqliteOptions& options);

}  // namespace syncline::store
