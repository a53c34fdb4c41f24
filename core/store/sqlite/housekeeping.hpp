// What the writer does when nothing waits: move the log into the database, forget expired dedupe
// keys, remove what is older than the retention allows, give free pages back. Each run() does at
// most one such piece of work, a few milliseconds (a checkpoint: as long as the disk takes for what
// has gathered), and leaves time for senders before the next. Writer's thread.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/result.hpp"
#include "core/store/sqlite/db.hpp"
#include "core/store/sqlite/retention.hpp"
#include "core/store/sqlite/sqlite_store.hpp"

namespace syncline::store {

class Housekeeping {
public:
    explicit Housekeeping(const SqliteOptions& options)
        : window_ms_(options.dedupe_window_ms),
          retention_({options.payload_retention_ms, options.attempt_retention_ms}) {}

    /// A commit has happened since: not idle yet.
    void note_commit() { busy_ = true; }
    /// True when there is more to do.
    Result<bool> run(Db& db, std::int64_t now_ms);

private:
    Result<bool> remove_something(Db& db, std::int64_t now_ms);
    bool is_due(std::int64_t last_ms, std::int64_t every_ms, std::int64_t now_ms) const;
    Result<bool> move_log(Db& db, std::int64_t now_ms);
    Result<bool> forget_keys(Db& db, std::int64_t now_ms);
    Result<bool> give_back_pages(Db& db);

    const std::int64_t window_ms_;
    bool busy_ = false;
    std::int64_t truncated_ms_ = 0;      // when the log file was last cut to nothing
    std::int64_t keys_done_ms_ = 0;      // when no expired key was left
    std::int64_t removed_ms_ = 0;        // when something was last removed
    Retention retention_;
};

}  // namespace syncline::store
