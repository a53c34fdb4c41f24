// What each kind of write does, inside the transaction that the writer opened: one Batch a commit.
//
// Ids are put into the caller's events and deliveries as the rows are inserted; undo() takes them
// back when the transaction fails. Writer's thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "core/base/result.hpp"
#include "core/store/sqlite/db.hpp"
#include "core/store/store.hpp"

namespace syncline::store {

/// Prepared once a connection.
struct WriteStatements {
    Stmt find_key;
    Stmt put_key;
    Stmt put_event;
    Stmt put_delivery;
    Stmt mark_started;
    Stmt settle;
    Stmt settle_cancelled;
    Stmt cancel;
    Stmt retry_now;
    Stmt put_hold;
    Stmt drop_holds;
    Stmt put_attempt;
    Stmt put_link;
    Stmt drop_link;
    Stmt get_delivery;
    Stmt get_event;
    Stmt count;
    Stmt days_of_keys;

    /// First and last day under which a source has keys, so that a young store is not asked for days
    /// that it cannot have. Never too narrow: only this connection writes, and a rollback or a
    /// deletion leaves it too wide.
    struct DaySpan {
        std::int64_t first = 0;
        std::int64_t last = 0;
    };
    std::map<std::string, DaySpan, std::less<>> key_days;

    static Result<WriteStatements> prepare(Db& db);
};

class Batch {
public:
    Batch(Db& db, WriteStatements& statements, std::int64_t now_ms, std::int64_t dedupe_window_ms)
        : db_(db), use_(statements), now_ms_(now_ms), window_ms_(dedupe_window_ms) {}

    Result<WriteResult> apply(Write& write);
    /// Writes the counters; the last step before COMMIT.
    Result<void> finish();
    /// After a rollback: events and deliveries of the batch have no ids again.
    void undo();

private:
    Result<WriteResult> apply_write(AcceptRequest& request);
    Result<WriteResult> apply_write(MarkStarted& mark);
    Result<WriteResult> apply_write(Settlement& settlement);
    Result<WriteResult> apply_write(Replay& replay);
    Result<WriteResult> apply_write(Forget& order);   // forget.cpp
    Result<WriteResult> apply_write(Cancel& cancel);
    Result<WriteResult> apply_write(RetryNow& order);
    Result<WriteResult> apply_write(HoldChange& change);

    /// Whether the settlement still meets a delivery that it may change.
    Result<bool> settle(const Settlement& settlement);
    Result<bool> settle_cancelled(const Settlement& settlement);
    Result<void> change_hold(const HoldChange& change);
    Result<void> accept(Accept& item, WriteResult& result);
    Result<WriteStatements::DaySpan*> key_days_of(const std::string& source);
    Result<bool> is_repeat(const Accept& item, std::string_view key16);
    Result<void> insert_event(Event& event, bool unmatched);
    Result<void> insert_delivery(Delivery& delivery);
    Result<void> write_links(Settlement& settlement);
    Result<void> write_attempt(const Attempt& attempt, std::uint64_t delivery_id);
    Result<void> repeat_delivery(std::uint64_t delivery_id, WriteResult& result);
    Result<void> add_to_counter(std::string_view name, std::int64_t change);

    Db& db_;
    WriteStatements& use_;
    const std::int64_t now_ms_;
    const std::int64_t window_ms_;
    std::vector<Accept*> accepted_;
    std::int64_t events_ = 0;
    std::array<std::int64_t, 5> states_{};   // change in the number of deliveries by state
};

}  // namespace syncline::store
