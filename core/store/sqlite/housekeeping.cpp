// Times are the caller's wall clock; a clock that went back makes the work due at once, which does
// no harm.
#include "core/store/sqlite/housekeeping.hpp"

#include <algorithm>
#include <string>

namespace syncline::store {
namespace {

constexpr std::int64_t day_ms = 86'400'000;
constexpr std::int64_t truncate_every_ms = 3'600'000;
constexpr std::int64_t keys_every_ms = 60'000;
constexpr std::int64_t keys_in_chunk = 500;          // some 40 bytes each: a few pages, one sync
constexpr std::int64_t remove_every_ms = 20;         // one takes some 3 ms: 15 % of the thread
constexpr std::int64_t free_pages_kept = 1024;       // 4 MiB that the next events will need
constexpr std::int64_t free_share_kept = 32;         // or 3 % of a large file, which comes and goes
constexpr std::int64_t free_pages_in_chunk = 64;     // each may move one page

}  // namespace

Result<bool> Housekeeping::run(Db& db, std::int64_t now_ms) {
    auto worked = move_log(db, now_ms);
    if (!worked || *worked) return worked;
    if (!is_due(removed_ms_, remove_every_ms, now_ms)) return true;
    worked = remove_something(db, now_ms);
    if (!worked || !*worked) return worked;
    removed_ms_ = now_ms;
    busy_ = true;   // the log of many removals is moved at once
    return true;
}

Result<bool> Housekeeping::remove_something(Db& db, std::int64_t now_ms) {
    auto worked = forget_keys(db, now_ms);
    if (worked && !*worked) worked = retention_.run(db, now_ms);
    if (worked && !*worked) worked = give_back_pages(db);
    return worked;
}

bool Housekeeping::is_due(std::int64_t last_ms, std::int64_t every_ms, std::int64_t now_ms) const {
    return now_ms < last_ms || now_ms - last_ms >= every_ms;
}

/// At the second idle call with no commit between; under load commits move the log themselves.
Result<bool> Housekeeping::move_log(Db& db, std::int64_t now_ms) {
    bool was_busy = busy_;
    busy_ = false;
    if (was_busy || db.wal_bytes() == 0) return false;
    bool truncate = is_due(truncated_ms_, truncate_every_ms, now_ms);
    auto moved = db.checkpoint(truncate ? CheckpointMode::truncate : CheckpointMode::passive);
    if (!moved) return moved.error();
    if (truncate && *moved) truncated_ms_ = now_ms;
    return true;
}

/// A day of keys goes when its last moment has left the window, and one day later for a clock that
/// is set back. Only whole chunks of one range are deleted; the next call goes on.
Result<bool> Housekeeping::forget_keys(Db& db, std::int64_t now_ms) {
    if (!is_due(keys_done_ms_, keys_every_ms, now_ms)) return false;
    std::int64_t first_kept = (now_ms - window_ms_) / day_ms - 1;
    auto next_source = db.prepare("SELECT min(source) FROM dedupe WHERE source>?1");
    auto forget = db.prepare(
        "DELETE FROM dedupe WHERE source=?1 AND (source,day,key16) IN"
        " (SELECT source,day,key16 FROM dedupe WHERE source=?1 AND day<?2 LIMIT ?3)");
    if (!next_source) return next_source.error();
    if (!forget) return forget.error();
    std::string source;
    for (;;) {
        auto row = next_source->bind(source).step();
        if (!row) return row.error();
        if (!*row || next_source->is_null(0)) break;
        std::string found(next_source->text(0));
        next_source->reset();
        source = std::move(found);
        auto gone = forget->bind(source, first_kept, keys_in_chunk).run();
        if (!gone) return gone.error();
        if (db.changes() > 0) return true;
    }
    keys_done_ms_ = now_ms;
    return false;
}

Result<bool> Housekeeping::give_back_pages(Db& db) {
    auto free_pages = db.integer("PRAGMA freelist_count");
    if (!free_pages) return free_pages.error();
    auto pages = db.integer("PRAGMA page_count");
    if (!pages) return pages.error();
    if (*free_pages <= std::max(free_pages_kept, *pages / free_share_kept)) return false;
    std::string sql = "PRAGMA incremental_vacuum(" + std::to_string(free_pages_in_chunk) + ")";
    auto given = db.run(sql.c_str());
    if (!given) return given.error();
    return true;
}

}  // namespace syncline::store
