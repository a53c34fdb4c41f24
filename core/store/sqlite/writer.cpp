// The process's one read-write connection, which also does every checkpoint: two connections that
// write or checkpoint at the same moment can damage a database in WAL mode (SQLite before 3.51.3).
//
// After an I/O error, a full disk or found damage the writer refuses everything until recover():
// the kernel may have marked pages clean that never reached the disk, so what this connection
// believes about the file is worth nothing. Owned by one thread.
#include "core/store/sqlite/writer.hpp"

#include <optional>
#include <string>
#include <utility>

#include "core/base/limits.hpp"
#include "core/store/sqlite/batch.hpp"
#include "core/store/sqlite/housekeeping.hpp"
#include "core/store/sqlite/lock_file.hpp"
#include "core/store/sqlite/open.hpp"

namespace syncline::store {
namespace {

struct Connection {
    Db db;
    WriteStatements statements;
};

Result<Connection> connect(const std::string& path, const SqliteOptions& options) {
    auto db = open_for_writing(path, options);
    if (!db) return db.error();
    auto statements = WriteStatements::prepare(*db);
    if (!statements) return statements.error();
    return Connection{std::move(*db), std::move(*statements)};
}

/// Errors after which the state of the file is in doubt. Others (a lock, a limit) left it sound.
bool casts_doubt(ErrorCode code) {
    return code == ErrorCode::io || code == ErrorCode::disk_full || code == ErrorCode::corrupt;
}

class SqliteWriter final : public Writer {
public:
    SqliteWriter(LockFile lock, std::string path, SqliteOptions options, Connection connection)
        : lock_(std::move(lock)), path_(std::move(path)), options_(std::move(options)),
          connection_(std::move(connection)), housekeeping_(options_) {}
    ~SqliteWriter() override { disconnect(); }

    Result<std::vector<WriteResult>> commit(const std::vector<Write*>& writes,
                                            std::int64_t now_ms) override;
    Result<bool> idle(std::int64_t now_ms) override;
    Result<void> recover() override;

private:
    Result<std::vector<WriteResult>> apply_all(Batch& batch, const std::vector<Write*>& writes);
    void move_log(std::int64_t step_bytes);
    void roll_back();
    Error note_failure(Error error);
    Error refusal() const;
    void disconnect();

    LockFile lock_;   // first in, last out
    const std::string path_;
    const SqliteOptions options_;
    std::optional<Connection> connection_;   // empty only while recover() fails
    std::optional<Error> doubt_;             // why nothing may be written
    std::int64_t tried_bytes_ = 0;           // the log's size at the last step, while it goes on
    Housekeeping housekeeping_;
};

Result<std::vector<WriteResult>> SqliteWriter::commit(const std::vector<Write*>& writes,
                                                      std::int64_t now_ms) {
    if (doubt_) return refusal();
    Db& db = connection_->db;
    auto begun = db.run("BEGIN IMMEDIATE");
    if (!begun) return note_failure(begun.error());
    Batch batch(db, connection_->statements, now_ms, options_.dedupe_window_ms);
    auto results = apply_all(batch, writes);
    if (!results) {
        roll_back();
        batch.undo();
        return note_failure(results.error());
    }
    housekeeping_.note_commit();
    move_log(2 * limits::wal_checkpoint_bytes);
    return results;
}

/// Small steps: the senders of the next batch wait some milliseconds now and then, and never long. A
/// commit that leaves nobody waiting is followed by idle(), which takes a step at once; where load
/// leaves no such moment, every other step is saved. A reader may hold part of the log; then the next
/// try is one step later. What was committed is durable: a failure is for the next commit to hear.
void SqliteWriter::move_log(std::int64_t step_bytes) {
    std::int64_t bytes = connection_->db.wal_bytes();
    if (bytes < tried_bytes_) tried_bytes_ = 0;   // the log began anew
    if (bytes - tried_bytes_ < step_bytes) return;
    tried_bytes_ = bytes;
    auto moved = connection_->db.checkpoint(CheckpointMode::passive);
    if (!moved) (void)note_failure(moved.error());
}

Result<std::vector<WriteResult>> SqliteWriter::apply_all(Batch& batch,
                                                         const std::vector<Write*>& writes) {
    std::vector<WriteResult> results;
    results.reserve(writes.size());
    for (auto* write : writes) {
        auto result = batch.apply(*write);
        if (!result) return result.error();
        results.push_back(std::move(*result));
    }
    auto finished = batch.finish();
    if (!finished) return finished.error();
    auto committed = connection_->db.run("COMMIT");
    if (!committed) return committed.error();
    return results;
}

void SqliteWriter::roll_back() {
    // SQLite has rolled back by itself after some errors.
    if (!connection_->db.in_transaction()) return;
    auto done = connection_->db.run("ROLLBACK");
    if (!done) doubt_ = done.error();
}

Error SqliteWriter::note_failure(Error error) {
    if (!doubt_ && casts_doubt(error.code)) doubt_ = error;
    return error;
}

Error SqliteWriter::refusal() const {
    return Error(doubt_->code, "the store takes nothing until it has recovered: " + doubt_->message,
                 path_);
}

Result<bool> SqliteWriter::idle(std::int64_t now_ms) {
    if (doubt_) return refusal();
    move_log(limits::wal_checkpoint_bytes);
    if (doubt_) return refusal();
    auto more = housekeeping_.run(connection_->db, now_ms);
    if (!more) return note_failure(more.error());
    return more;
}

/// A log that could not be synced may hold pages that only seem to be on the disk, and reopening
/// would read them as kept. So it is written again first: from then on what is read is what the
/// disk has. (A checkpoint alone does not do: a power cut during it, or before the cut-back log is
/// synced, would lay an old part of the log over the newer database.)
Result<void> SqliteWriter::recover() {
    if (!doubt_) return {};
    disconnect();
    auto rewritten = rewrite_log(path_, options_.vfs);
    if (!rewritten) return *(doubt_ = rewritten.error());
    auto connection = connect(path_, options_);
    if (!connection) return *(doubt_ = connection.error());
    connection_.emplace(std::move(*connection));
    auto verdict = connection_->db.text("PRAGMA quick_check(1)");
    if (!verdict) return *(doubt_ = verdict.error());
    if (*verdict != "ok")
        return *(doubt_ = Error(ErrorCode::corrupt, "the database is damaged: " + *verdict, path_));
    auto moved = connection_->db.checkpoint(CheckpointMode::truncate);
    if (!moved) return *(doubt_ = moved.error());
    if (!*moved)
        return Error(ErrorCode::unavailable, "a reader still uses the log; try again", path_);
    doubt_.reset();
    return {};
}

void SqliteWriter::disconnect() {
    if (!connection_) return;
    if (doubt_) connection_->db.leave_log_at_close();
    connection_.reset();
}

}  // namespace

Result<std::unique_ptr<Writer>> open_sqlite_writer(const SqliteOptions& options) {
    auto path = resolve_path(options.path);
    if (!path) return path.error();
    auto lock = LockFile::acquire(*path + ".lock");
    if (!lock) return lock.error();
    auto connection = connect(*path, options);
    if (!connection) return connection.error();
    return std::unique_ptr<Writer>(std::make_unique<SqliteWriter>(
        std::move(*lock), std::move(*path), options, std::move(*connection)));
}

}  // namespace syncline::store
