// What the writer does when nothing waits: move the log into the database, forget expired dedupe
// keys, give free pages back. Each run() does at most one such piece of work, a few milliseconds
// (a checkpoint: as long as the disk takes for what has gathered). Writer's thread.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/result.hpp"
#include "core/store/sqlite/db.hpp"

namespace syncline::store {

class Housekeeping {
public:
    explicit Housekeeping(std::int64_t dedupe_window_ms) : window_ms_(dedupe_window_ms) {}

    /// A commit has happened since: not idle yet.
    void note_commit() { busy_ = true; }
    Result<void> run(Db& db, std::int64_t now_ms);

private:
    bool is_due(std::int64_t last_ms, std::int64_t every_ms, std::int64_t now_ms) const;
    Result<bool> move_log(Db& db, std::int64_t now_ms);
    Result<bool> forget_keys(Db& db, std::int64_t now_ms);
    Result<bool> give_back_pages(Db& db);

    const std::int64_t window_ms_;
    bool busy_ = false;
    std::int64_t truncated_ms_ = 0;      // when the log file was last cut to nothing
    std::int64_t keys_done_ms_ = 0;      // when no expired key was left
};

}  // namespace syncline::store
