// The reading side on SQLite: a read-only connection with a deadline for every call.
#pragma once

#include <memory>

#include "core/base/result.hpp"
#include "core/store/sqlite/sqlite_store.hpp"
#include "core/store/store.hpp"

namespace syncline::store {

Result<std::unique_ptr<Reader>> open_sqlite_reader(const SqliteOptions& options);

}  // namespace syncline::store
