// The only file that includes sqlite3.h. Result codes become ErrorCodes here, in one table.
#include "core/store/sqlite/db.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <vector>

namespace syncline::store {
namespace {

/// Errors of the system call that SQLite reports only as an I/O error.
bool out_of_space(int system_error) {
    return system_error == ENOSPC || system_error == EDQUOT;
}

ErrorCode code_of(int code, int system_error) {
    switch (code & 0xFF) {
        case SQLITE_FULL: return ErrorCode::disk_full;
        case SQLITE_IOERR:
            return out_of_space(system_error) ? ErrorCode::disk_full : ErrorCode::io;
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
        case SQLITE_READONLY: return ErrorCode::io;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB: return ErrorCode::corrupt;
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return ErrorCode::locked;
        case SQLITE_INTERRUPT: return ErrorCode::timeout;
        case SQLITE_TOOBIG: return ErrorCode::too_large;
        case SQLITE_NOMEM: return ErrorCode::unavailable;
        default: return ErrorCode::internal;
    }
}

std::string text_of(sqlite3* db, int code) {
    switch (code & 0xFF) {
        case SQLITE_FULL: return "the disk is full";
        case SQLITE_NOTADB: return "the file is not a Syncline database";
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return "another program holds a lock on the database";
        case SQLITE_INTERRUPT: return "the query took longer than its deadline";
        case SQLITE_READONLY: return "the database cannot be written: it is read-only";
        case SQLITE_CORRUPT:
            return std::string("the database is damaged: ") + sqlite3_errmsg(db);
        default: break;
    }
    std::string text = "SQLite error " + std::to_string(code) + ": " + sqlite3_errmsg(db);
    int system_error = sqlite3_system_errno(db);
    bool disk = (code & 0xFF) == SQLITE_IOERR || (code & 0xFF) == SQLITE_CANTOPEN;
    if (disk && system_error != 0) text += std::string(" (") + std::strerror(system_error) + ")";
    return text;
}

/// `context` is the database's path where it is known; the file name of the connection otherwise.
Error error_of(sqlite3* db, int code, std::string context = std::string()) {
    if (context.empty()) {
        const char* name = db == nullptr ? nullptr : sqlite3_db_filename(db, "main");
        if (name != nullptr) context = name;
    }
    return Error(code_of(code, sqlite3_system_errno(db)), text_of(db, code), std::move(context));
}

/// A file opened through a VFS, without a connection.
class VfsFile {
public:
    explicit VfsFile(sqlite3_vfs& vfs)
        : room_(static_cast<std::size_t>(vfs.szOsFile) / sizeof(std::max_align_t) + 1) {}
    ~VfsFile() {
        if (get()->pMethods != nullptr) get()->pMethods->xClose(get());
    }
    VfsFile(const VfsFile&) = delete;
    VfsFile& operator=(const VfsFile&) = delete;
    sqlite3_file* get() { return reinterpret_cast<sqlite3_file*>(room_.data()); }

private:
    std::vector<std::max_align_t> room_;   // the VFS says how much it needs
};

int rewrite(sqlite3_file* file) {
    constexpr sqlite3_int64 chunk_bytes = 64 << 10;
    sqlite3_int64 size = 0;
    int code = file->pMethods->xFileSize(file, &size);
    std::vector<char> chunk(static_cast<std::size_t>(std::min(size, chunk_bytes)));
    for (sqlite3_int64 at = 0; code == SQLITE_OK && at < size; at += chunk_bytes) {
        int bytes = static_cast<int>(std::min(size - at, chunk_bytes));
        code = file->pMethods->xRead(file, chunk.data(), bytes, at);
        if (code == SQLITE_OK) code = file->pMethods->xWrite(file, chunk.data(), bytes, at);
    }
    return code == SQLITE_OK ? file->pMethods->xSync(file, SQLITE_SYNC_FULL) : code;
}

int remember_pages(void* pages, sqlite3*, const char*, int count) {
    *static_cast<int*>(pages) = count;
    return SQLITE_OK;
}

}  // namespace

Result<void> rewrite_log(const std::string& path, const std::string& vfs_name) {
    sqlite3_vfs* vfs = sqlite3_vfs_find(vfs_name.empty() ? nullptr : vfs_name.c_str());
    if (vfs == nullptr) return Error(ErrorCode::internal, "no such VFS: " + vfs_name, path);
    std::string log = path + "-wal";
    int exists = 0;
    int code = vfs->xAccess(vfs, log.c_str(), SQLITE_ACCESS_EXISTS, &exists);
    if (code == SQLITE_OK && exists == 0) return {};
    // A VFS may look for parameters behind a database's name: this form has room for none.
    std::unique_ptr<const char, decltype(&sqlite3_free_filename)> names(
        sqlite3_create_filename(path.c_str(), "", log.c_str(), 0, nullptr), sqlite3_free_filename);
    if (!names) return Error(ErrorCode::unavailable, "no memory for a file name", path);
    VfsFile file(*vfs);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_WAL;
    if (code == SQLITE_OK)
        code = vfs->xOpen(vfs, sqlite3_filename_wal(names.get()), file.get(), flags, &flags);
    if (code == SQLITE_OK) code = rewrite(file.get());
    if (code == SQLITE_OK) return {};
    return Error(code_of(code, 0), "the log cannot be written again: SQLite error " +
                                       std::to_string(code), path);
}

void Stmt::Finalize::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}

Result<bool> Stmt::step() {
    sqlite3* db = sqlite3_db_handle(statement_.get());
    if (bind_code_ != SQLITE_OK) return error_of(db, bind_code_);
    int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    code = sqlite3_extended_errcode(db);
    Error error = error_of(db, code);
    reset();
    return error;
}

Result<void> Stmt::run() {
    auto row = step();
    if (!row) return row.error();
    reset();
    return {};
}

void Stmt::reset() {
    sqlite3_reset(statement_.get());   // its code repeats the last step()'s
    bind_code_ = SQLITE_OK;
}

void Stmt::bind_integer(int at, std::int64_t value) {
    int code = sqlite3_bind_int64(statement_.get(), at, value);
    if (bind_code_ == SQLITE_OK) bind_code_ = code;
}

void Stmt::bind_text(int at, std::string_view value) {
    // A null pointer would bind NULL; an empty view may carry one.
    const char* data = value.data() == nullptr ? "" : value.data();
    int code = sqlite3_bind_text64(statement_.get(), at, data, value.size(), SQLITE_STATIC,
                                   SQLITE_UTF8);
    if (bind_code_ == SQLITE_OK) bind_code_ = code;
}

void Stmt::bind_blob(int at, std::string_view value) {
    const char* data = value.data() == nullptr ? "" : value.data();
    int code = sqlite3_bind_blob64(statement_.get(), at, data, value.size(), SQLITE_STATIC);
    if (bind_code_ == SQLITE_OK) bind_code_ = code;
}

void Stmt::bind_null(int at) {
    int code = sqlite3_bind_null(statement_.get(), at);
    if (bind_code_ == SQLITE_OK) bind_code_ = code;
}

std::int64_t Stmt::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

bool Stmt::is_null(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::string_view Stmt::text(int column) const {
    auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
    auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
    return data == nullptr ? std::string_view() : std::string_view(data, size);
}

std::string_view Stmt::blob(int column) const {
    auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
    auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
    return data == nullptr ? std::string_view() : std::string_view(data, size);
}

void Db::Close::operator()(sqlite3* db) const {
    int code = sqlite3_close(db);
    SYNCLINE_ASSERT(code == SQLITE_OK, "a statement outlives its connection");
}

Result<Db> Db::open(const std::string& path, OpenMode mode, const std::string& vfs) {
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                (mode == OpenMode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
    sqlite3* raw = nullptr;
    int code = sqlite3_open_v2(path.c_str(), &raw, flags, vfs.empty() ? nullptr : vfs.c_str());
    Db db;
    db.path_ = path;
    db.db_.reset(raw);
    if (raw == nullptr) return Error(ErrorCode::unavailable, "no memory for a connection", path);
    if (code != SQLITE_OK) return error_of(raw, code, path);
    auto hardened = db.harden();
    if (!hardened) return hardened.error();
    if (mode == OpenMode::read_only) {
        db.leave_log_at_close();
    } else {
        db.wal_pages_ = std::make_unique<int>(0);
        // Takes the place of SQLite's automatic checkpoint, which is the same hook.
        sqlite3_wal_hook(raw, remember_pages, db.wal_pages_.get());
    }
    return db;
}

Result<void> Db::harden() {
    for (int option : {SQLITE_DBCONFIG_DEFENSIVE, SQLITE_DBCONFIG_ENABLE_FKEY}) {
        int code = sqlite3_db_config(db_.get(), option, 1, nullptr);
        if (code != SQLITE_OK) return error_of(db_.get(), code, path_);
    }
    for (int option : {SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_DQS_DML,
                       SQLITE_DBCONFIG_DQS_DDL}) {
        int code = sqlite3_db_config(db_.get(), option, 0, nullptr);
        if (code != SQLITE_OK) return error_of(db_.get(), code, path_);
    }
    return {};
}

Result<Stmt> Db::prepare(std::string_view sql) {
    sqlite3_stmt* raw = nullptr;
    int code = sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()),
                                  SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    if (code != SQLITE_OK) return error_of(db_.get(), code, path_);
    Stmt statement;
    statement.statement_.reset(raw);
    return statement;
}

Result<void> Db::run(const char* sql) {
    int code = sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return error_of(db_.get(), code, path_);
    return {};
}

Result<std::int64_t> Db::integer(std::string_view sql) {
    auto statement = prepare(sql);
    if (!statement) return statement.error();
    auto row = statement->step();
    if (!row) return row.error();
    return *row ? statement->integer(0) : 0;
}

Result<std::string> Db::text(std::string_view sql) {
    auto statement = prepare(sql);
    if (!statement) return statement.error();
    auto row = statement->step();
    if (!row) return row.error();
    return *row ? std::string(statement->text(0)) : std::string();
}

std::int64_t Db::changes() const {
    return sqlite3_changes64(db_.get());
}

std::uint64_t Db::last_id() const {
    return static_cast<std::uint64_t>(sqlite3_last_insert_rowid(db_.get()));
}

bool Db::in_transaction() const {
    return sqlite3_get_autocommit(db_.get()) == 0;
}

bool Db::is_read_only() const {
    return sqlite3_db_readonly(db_.get(), "main") == 1;
}

void Db::set_busy_timeout(int ms) {
    sqlite3_busy_timeout(db_.get(), ms);
}

void Db::stop_when(int (*stop)(void*), void* argument) {
    constexpr int steps_between_questions = 1000;   // well under a millisecond of work
    sqlite3_progress_handler(db_.get(), steps_between_questions, stop, argument);
}

std::int64_t Db::wal_bytes() const {
    constexpr std::int64_t page_and_header = 4096 + 24;
    return wal_pages_ ? *wal_pages_ * page_and_header : 0;
}

Result<bool> Db::checkpoint(CheckpointMode mode) {
    int in_log = 0;
    int moved = 0;
    int how = mode == CheckpointMode::passive ? SQLITE_CHECKPOINT_PASSIVE
                                              : SQLITE_CHECKPOINT_TRUNCATE;
    int code = sqlite3_wal_checkpoint_v2(db_.get(), "main", how, &in_log, &moved);
    if ((code & 0xFF) == SQLITE_BUSY) return false;   // a reader still needs the log
    if (code != SQLITE_OK) return error_of(db_.get(), code, path_);
    bool all = moved == in_log;
    if (all && wal_pages_) *wal_pages_ = 0;   // the next commit starts the log anew
    return all;
}

void Db::leave_log_at_close() {
    sqlite3_db_config(db_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

void DbCopy::Finish::operator()(sqlite3_backup* copy) const {
    sqlite3_backup_finish(copy);
}

Result<DbCopy> DbCopy::begin(Db& to, Db& from) {
    DbCopy made;
    made.to_ = &to;
    made.copy_.reset(sqlite3_backup_init(to.db_.get(), "main", from.db_.get(), "main"));
    if (!made.copy_) return error_of(to.db_.get(), sqlite3_extended_errcode(to.db_.get()), to.path_);
    return made;
}

Result<bool> DbCopy::step(int pages) {
    int code = sqlite3_backup_step(copy_.get(), pages);
    if (code == SQLITE_OK) return false;
    if (code != SQLITE_DONE) return error_of(to_->db_.get(), code, to_->path_);
    code = sqlite3_backup_finish(copy_.release());
    if (code != SQLITE_OK) return error_of(to_->db_.get(), code, to_->path_);
    return true;
}

std::int64_t DbCopy::pages() const {
    return copy_ ? sqlite3_backup_pagecount(copy_.get()) : 0;
}

std::int64_t DbCopy::pages_left() const {
    return copy_ ? sqlite3_backup_remaining(copy_.get()) : 0;
}

}  // namespace syncline::store
