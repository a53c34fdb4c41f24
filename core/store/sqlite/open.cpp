// Never opens the database file itself once it exists: closing any descriptor of it would drop the
// POSIX locks that SQLite holds on it for this process. stat() and access() are harmless.
#include "core/store/sqlite/open.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/store/sqlite/schema.hpp"

namespace syncline::store {
namespace {

// Why each:
// - mmap_size=0: an I/O error in a mapping is a SIGBUS instead of an error.
// - cell_size_check, and trusted_schema=off in Db::open: a damaged or hostile file is found early.
// - temp_store: nothing of an event lands in another directory.
// - secure_delete=off: overwriting deleted rows with zeros costs 1.7 × a deletion; Debian's build
//   has it on.
// - cache_size: 8 MiB at most hold the upper pages of every index at 10 million events.
// - journal_size_limit: a log that once grew is cut back when it starts anew.
constexpr const char* writer_settings =
    "PRAGMA mmap_size=0;"
    "PRAGMA cell_size_check=ON;"
    "PRAGMA temp_store=MEMORY;"
    "PRAGMA secure_delete=OFF;"
    "PRAGMA cache_size=-8192;"
    "PRAGMA journal_size_limit=67108864;";

constexpr const char* reader_settings =
    "PRAGMA query_only=ON;"
    "PRAGMA mmap_size=0;"
    "PRAGMA cell_size_check=ON;"
    "PRAGMA temp_store=MEMORY;"
    "PRAGMA cache_size=-2048;";

Error io_error(const std::string& path, const std::string& what) {
    return Error(ErrorCode::io, what, path);
}

/// What stands at `path`, if anything, is a regular file.
Result<bool> exists_as_file(const std::string& path) {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) {
        if (errno == ENOENT) return false;
        return io_error(path, std::string("cannot look at the database: ") + std::strerror(errno));
    }
    if (S_ISDIR(found.st_mode))
        return io_error(path, "the database path is a directory; name a file in it");
    if (!S_ISREG(found.st_mode)) return io_error(path, "the database path is not a regular file");
    return true;
}

/// SQLite would make it readable by everyone; it holds personal data. The log and its index take
/// over the mode.
Result<void> make_file(const std::string& path) {
    int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        return io_error(path, std::string("cannot create the database: ") + std::strerror(errno));
    ::close(file);
    return {};
}

/// synchronous=FULL syncs the log at every commit: an answer given after it survives a power cut.
Result<void> use_log(Db& db) {
    auto mode = db.text("PRAGMA journal_mode=WAL");
    if (!mode) return mode.error();
    auto set = db.run("PRAGMA synchronous=FULL");
    if (!set) return set.error();
    auto synchronous = db.integer("PRAGMA synchronous");
    if (!synchronous) return synchronous.error();
    if (*mode != "wal" || *synchronous != 2)
        return io_error(db.path(), "this file system cannot hold a write-ahead log (journal mode " +
                                       *mode + "); put the database on a local disk");
    return {};
}

}  // namespace

Result<std::string> resolve_path(const std::string& path) {
    namespace fs = std::filesystem;
    if (path.empty()) return Error(ErrorCode::invalid_argument, "the database has no path");
    std::error_code failed;
    fs::path whole = fs::canonical(path, failed);
    if (!failed) return whole.string();
    fs::path named(path);
    fs::path parent = named.has_parent_path() ? named.parent_path() : fs::path(".");
    fs::path folder = fs::canonical(parent, failed);
    if (failed || !fs::is_directory(folder, failed))
        return io_error(path, "the database's directory " + parent.string() + " does not exist");
    return (folder / named.filename()).string();
}

Result<Db> open_for_writing(const std::string& path, const SqliteOptions& options) {
    auto exists = exists_as_file(path);
    if (!exists) return exists.error();
    if (!*exists) {
        auto made = make_file(path);
        if (!made) return made.error();
    }
    auto db = Db::open(path, OpenMode::read_write, options.vfs);
    if (!db) return db.error();
    // SQLite falls back to reading silently when it may not write.
    if (db->is_read_only())
        return io_error(path, "the database file is read-only for this user");
    db->set_busy_timeout(options.busy_timeout_ms);
    // Before anything is written: a file that is not ours, or not ours to use, is not touched.
    auto version = version_to_migrate(
        *db, static_cast<std::int64_t>(schema_migrations().size()));
    if (!version) return version.error();
    auto set = db->run(writer_settings);
    // Free pages can be given back bit by bit; to be said before the first table is made.
    if (set && *version == 0) set = db->run("PRAGMA auto_vacuum=INCREMENTAL");
    if (!set) return set.error();
    auto logged = use_log(*db);
    if (!logged) return logged.error();
    auto migrated = migrate(*db, schema_migrations());
    if (!migrated) return migrated.error();
    db->set_busy_timeout(0);   // nobody else writes: waiting would only hide that somebody does
    return db;
}

Result<Db> open_for_reading(const std::string& path, const SqliteOptions& options) {
    auto exists = exists_as_file(path);
    if (!exists) return exists.error();
    if (!*exists)
        return Error(ErrorCode::not_found, "there is no database; no hub has run here yet", path);
    auto db = Db::open(path, OpenMode::read_only, options.vfs);
    if (!db) return db.error();
    db->set_busy_timeout(options.busy_timeout_ms);
    auto set = db->run(reader_settings);
    if (!set) return set.error();
    auto good = check_version(*db, static_cast<std::int64_t>(schema_migrations().size()));
    if (!good) return good.error();
    return db;
}

}  // namespace syncline::store
