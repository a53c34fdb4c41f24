// The tables, and how a database of an older version becomes one of this version.
//
// PRAGMA user_version is the number of migrations that were applied; PRAGMA application_id says
// that the file is ours at all. Migrations are only ever appended.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/result.hpp"
#include "core/store/sqlite/db.hpp"

namespace syncline::store {

/// "SYNC" in ASCII.
inline constexpr std::int64_t application_id = 0x53594E43;

/// Step n (from 0) takes a database from version n to n+1. Null-terminated SQL.
std::span<const char* const> schema_migrations();

/// The version of a database that is ours or blank (0). ErrorCode::newer_version when it is past
/// `last`; unsupported when the file is another program's. Changes nothing.
Result<std::int64_t> version_to_migrate(Db& db, std::int64_t last);

/// Brings the database to the last version, in one transaction.
Result<void> migrate(Db& db, std::span<const char* const> migrations);

/// For readers, which change nothing: good only when the database is exactly of `version`.
Result<void> check_version(Db& db, std::int64_t version);

}  // namespace syncline::store
