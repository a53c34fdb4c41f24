// Both ways hold the hub's lock: two connections that write or checkpoint could damage the file.
#include <sys/statvfs.h>

#include <filesystem>
#include <utility>

#include "core/store/sqlite/care.hpp"
#include "core/store/sqlite/db.hpp"
#include "core/store/sqlite/lock_file.hpp"
#include "core/store/sqlite/open.hpp"

namespace syncline::store {
namespace {

constexpr std::int64_t pages_a_step = 1024;                   // each a commit; each page is moved
constexpr std::int64_t log_bytes_between = 16 << 20;          // then the log is moved

struct Held {
    LockFile lock;
    Db db;
};

Result<Held> hold(const SqliteOptions& options) {
    auto path = resolve_path(options.path);
    if (!path) return path.error();
    std::error_code failed;
    if (!std::filesystem::exists(*path, failed))
        return Error(ErrorCode::not_found, "there is no database; no hub has run here yet", *path);
    auto lock = LockFile::acquire(*path + ".lock");
    if (!lock) return lock.error();
    auto db = open_for_writing(*path, options);
    if (!db) return db.error();
    return Held{std::move(*lock), std::move(*db)};
}

std::int64_t bytes_of(const std::string& path) {
    std::error_code failed;
    auto bytes = std::filesystem::file_size(path, failed);
    return failed ? 0 : static_cast<std::int64_t>(bytes);
}

std::int64_t file_bytes(const Db& db) {
    return bytes_of(db.path()) + bytes_of(db.path() + "-wal");
}

/// The file is cut only when the log has been moved into it.
Result<Sizes> finish(Db& db, std::int64_t before_bytes) {
    auto moved = db.checkpoint(CheckpointMode::truncate);
    if (!moved) return moved.error();
    if (!*moved)
        return Error(ErrorCode::unavailable,
                     "another program reads the database; the space comes back when it has ended",
                     db.path());
    return Sizes{before_bytes, file_bytes(db)};
}

}  // namespace

Result<Sizes> give_back_space(const SqliteOptions& options, const Progress& progress) {
    auto held = hold(options);
    if (!held) return held.error();
    Db& db = held->db;
    std::int64_t before_bytes = file_bytes(db);
    auto free_pages = db.integer("PRAGMA freelist_count");
    if (!free_pages) return free_pages.error();
    std::string step = "PRAGMA incremental_vacuum(" + std::to_string(pages_a_step) + ")";
    for (std::int64_t all = *free_pages, left = all; left > 0;) {
        auto given = db.run(step.c_str());
        if (!given) return given.error();
        free_pages = db.integer("PRAGMA freelist_count");
        if (!free_pages) return free_pages.error();
        if (*free_pages >= left) break;   // a file that was made without that ability
        left = *free_pages;
        if (progress) progress(all - left, all);
        if (db.wal_bytes() < log_bytes_between) continue;
        auto moved = db.checkpoint(CheckpointMode::passive);
        if (!moved) return moved.error();
    }
    return finish(db, before_bytes);
}

Result<Sizes> rewrite_file(const SqliteOptions& options) {
    auto held = hold(options);
    if (!held) return held.error();
    Db& db = held->db;
    std::int64_t before_bytes = file_bytes(db);
    struct statvfs disk {};
    std::int64_t room = before_bytes * 2;
    bool known = ::statvfs(db.path().c_str(), &disk) == 0;
    auto free_bytes = static_cast<std::int64_t>(disk.f_bavail) *
                      static_cast<std::int64_t>(disk.f_frsize);
    if (known && free_bytes < room)
        return Error(ErrorCode::disk_full,
                     "writing the file anew needs " + std::to_string(room >> 20) +
                         " MiB of free disk, and there are " + std::to_string(free_bytes >> 20),
                     db.path());
    // The copy of a large store must not be made in memory.
    auto done = db.run("PRAGMA temp_store=FILE;PRAGMA auto_vacuum=INCREMENTAL;VACUUM;");
    if (!done) return done.error();
    return finish(db, before_bytes);
}

}  // namespace syncline::store
