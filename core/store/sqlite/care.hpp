// What a person does with a store's file beside a hub or without one: back it up, make it smaller,
// look at its health. Each call blocks until it is done; `progress` is called on the same thread.
//
// backup.cpp and inspect.cpp only read, beside a running hub too. compact.cpp writes: it holds the
// lock that keeps hubs away.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/base/result.hpp"
#include "core/store/sqlite/sqlite_store.hpp"

namespace syncline::store {

/// So much of so much; the unit is the caller's own business.
using Progress = std::function<void(std::int64_t done, std::int64_t all)>;

struct BackupOrder {
    std::string target;
    bool overwrite = false;
    Progress progress;        // may be empty
    BackupOrder() = default;
};

/// Copies the store as it is at this moment into `target`, checks the copy's integrity, and only then
/// gives it its name; whatever fails leaves nothing of that name. Senders do not wait, but the log
/// grows until the copy is made. ErrorCode::already_exists: `target` is there, or in use. The size.
Result<std::int64_t> back_up(const SqliteOptions& source, const BackupOrder& order);

struct Sizes {
    std::int64_t before_bytes = 0;
    std::int64_t after_bytes = 0;
};

/// Gives all free pages back to the file system, in steps. ErrorCode::locked while a hub runs.
Result<Sizes> give_back_space(const SqliteOptions& options, const Progress& progress);

/// Writes the whole file anew: the smallest form, without any remains of what was removed. Needs room
/// for two copies: one in the folder of temporary files, one in the log. ErrorCode::locked while a
/// hub runs, disk_full when there is too little room.
Result<Sizes> rewrite_file(const SqliteOptions& options);

/// What inspect() finds; times are wall clock.
struct FileHealth {
    std::string path;                 // resolved
    std::string lock_holder;          // "process 123"; empty: no hub runs
    std::int64_t version = 0;         // of the schema
    std::int64_t bytes = 0;
    std::int64_t log_bytes = 0;
    std::int64_t free_bytes = 0;      // pages in the file that hold nothing
    std::int64_t disk_free_bytes = 0; // for this user
    std::string journal_mode;
    bool gives_back = false;          // auto_vacuum=INCREMENTAL
    bool on_network = false;          // NFS or SMB: the log's index cannot be shared there
    std::string readable_by_others;   // the first of its files that is; empty: none
    std::string damage;               // what quick_check says; empty: nothing
    bool check_finished = false;      // within the time that it was given
    std::int64_t newest_event_ms = 0;
    std::int64_t oldest_pending_ms = 0;   // 0: nothing is pending
    FileHealth() = default;
};

/// Looks at everything; `check_ms_max` bounds the look at every page. Errors are those of opening.
Result<FileHealth> inspect(const SqliteOptions& options, std::int64_t check_ms_max);

}  // namespace syncline::store
