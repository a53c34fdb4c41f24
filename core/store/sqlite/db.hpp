// Thin ownership over the SQLite C API: a connection (Db) and a prepared statement (Stmt). It knows
// no table. sqlite3.h stays behind db.cpp; every failure becomes an Error here.
//
// One thread at a time an object (connections are opened without SQLite's own mutex). A Stmt must
// not outlive its Db. Bound text and blobs are not copied: they must live until reset() or run().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/base/result.hpp"

struct sqlite3;
struct sqlite3_backup;
struct sqlite3_stmt;

namespace syncline::store {

/// Bytes bound as a BLOB; a bare string_view is bound as TEXT.
struct Blob {
    std::string_view bytes;
};

class Stmt {
public:
    Stmt() = default;

    /// Forgets former bindings' rows and binds `values` to ?1, ?2, … A failure shows in step().
    template <class... Values>
    Stmt& bind(const Values&... values) {
        reset();
        int at = 0;
        (bind_at(++at, values), ...);
        return *this;
    }

    template <class T>
    void bind_at(int at, const T& value) {
        if constexpr (std::is_integral_v<T>)
            bind_integer(at, static_cast<std::int64_t>(value));
        else if constexpr (std::is_same_v<T, Blob>)
            bind_blob(at, value.bytes);
        else if constexpr (std::is_same_v<T, std::optional<std::int64_t>>)
            value ? bind_integer(at, *value) : bind_null(at);
        else
            bind_text(at, value);
    }

    /// True when there is a row.
    Result<bool> step();
    /// Steps once, expects no row, resets.
    Result<void> run();
    /// Ends the statement: no read lock is held afterwards.
    void reset();

    std::int64_t integer(int column) const;
    std::uint64_t number(int column) const { return static_cast<std::uint64_t>(integer(column)); }
    bool is_null(int column) const;
    /// Valid until the next step() or reset().
    std::string_view text(int column) const;
    std::string_view blob(int column) const;

private:
    friend class Db;
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    void bind_integer(int at, std::int64_t value);
    void bind_text(int at, std::string_view value);
    void bind_blob(int at, std::string_view value);
    void bind_null(int at);

    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
    int bind_code_ = 0;   // the first failure of a bind
};

/// Resets a statement that is being read when the reader's scope ends.
class StmtScope {
public:
    explicit StmtScope(Stmt& statement) : statement_(statement) {}
    ~StmtScope() { statement_.reset(); }
    StmtScope(const StmtScope&) = delete;
    StmtScope& operator=(const StmtScope&) = delete;

private:
    Stmt& statement_;
};

/// Writes every byte of the database's log again, as it reads now, and syncs it. After a sync that
/// failed the system may hold bytes that it takes for written though the disk never got them; a
/// later sync passes over those, unless they are written anew. No log: nothing to do.
Result<void> rewrite_log(const std::string& path, const std::string& vfs);

enum class OpenMode { read_write, read_only };
enum class CheckpointMode { passive, truncate };

class Db {
public:
    /// Opens `path` (a plain path, never a URI) over the named VFS (empty: the default one). Reads
    /// nothing yet: whether it is a database shows at the first statement.
    static Result<Db> open(const std::string& path, OpenMode mode, const std::string& vfs);

    Result<Stmt> prepare(std::string_view sql);
    /// Runs statements that give no rows (rows are dropped).
    Result<void> run(const char* sql);
    /// First column of the first row.
    Result<std::int64_t> integer(std::string_view sql);
    Result<std::string> text(std::string_view sql);

    std::int64_t changes() const;
    std::uint64_t last_id() const;
    bool in_transaction() const;
    bool is_read_only() const;

    void set_busy_timeout(int ms);
    /// While it runs, a statement asks `stop` now and then; true ends it with ErrorCode::timeout.
    void stop_when(int (*stop)(void*), void* argument);
    /// Bytes in the write-ahead log that the last commit left, as SQLite counts them.
    std::int64_t wal_bytes() const;
    /// Moves log pages into the database; true when all of them were moved.
    Result<bool> checkpoint(CheckpointMode mode);
    /// Closing will leave the log alone: after an I/O error its pages are not to be trusted.
    void leave_log_at_close();

    const std::string& path() const { return path_; }

private:
    friend class DbCopy;
    friend class Stmt;
    struct Close {
        void operator()(sqlite3* db) const;
    };
    Db() = default;
    Result<void> harden();

    std::string path_;
    std::unique_ptr<int> wal_pages_;   // on the heap: SQLite's hook holds its address
    std::unique_ptr<sqlite3, Close> db_;
};

/// A copy of one database over another, a number of pages at a time. Both connections must outlive
/// it, and nobody may use `to` meanwhile.
class DbCopy {
public:
    static Result<DbCopy> begin(Db& to, Db& from);
    /// True when all is copied and committed.
    Result<bool> step(int pages);
    std::int64_t pages() const;
    std::int64_t pages_left() const;

private:
    struct Finish {
        void operator()(sqlite3_backup* copy) const;
    };
    Db* to_ = nullptr;
    std::unique_ptr<sqlite3_backup, Finish> copy_;
};

}  // namespace syncline::store
