// A chunk reads inside the transaction in which it writes; one that finds nothing to remove ends
// without a sync.
#include "core/store/sqlite/retention.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "core/model/delivery.hpp"
#include "core/model/event.hpp"

namespace syncline::store {
namespace {

constexpr std::int64_t day_ms = 86'400'000;
constexpr std::int64_t rest_ms = 10'000;          // between looks at whether something became old
// What one commit may take: 200 removed rows write some 100 pages (an event's subject stands
// anywhere in its index), 2 ms; 512 rows are looked at in 1 ms; 1 MiB of payloads are 256 pages to
// be freed. A larger payload, up to 64 MiB, has a chunk of its own.
constexpr int removed_in_chunk = 200;
constexpr int looked_at_in_chunk = 512;
constexpr std::int64_t bytes_in_chunk = 1 << 20;

struct EventAge {
    std::uint64_t seq = 0;
    std::int64_t received_ms = 0;
    bool has_payload = false;
    std::int64_t payload_bytes = 0;
};

struct DeliveryAge {
    std::uint64_t id = 0;
    std::string state;
    bool blocks = false;            // a dead letter in a lane where others may wait
    bool repeatable = false;        // a dead letter whose last attempt is younger than `payloads`
    std::int64_t last_ms = 0;       // when it was made, or last tried
};

/// One chunk of one pass, inside a transaction.
class Chunk {
public:
    Chunk(Db& db, RetentionTimes times, std::int64_t now_ms)
        : payloads_before_ms_(now_ms - times.payloads_ms),
          attempts_before_ms_(now_ms - times.attempts_ms),
          now_ms_(now_ms), db_(db) {}

    Result<void> prepare();
    /// Looks at the events after `done`, sets it to the last that is finished.
    Result<void> run(std::uint64_t& done, std::int64_t before_ms);
    Result<void> count();

    bool reached_young() const { return reached_young_; }
    bool removed_anything() const { return removed_ > 0; }

private:
    Result<std::vector<EventAge>> events_after(std::uint64_t seq);
    Result<std::vector<DeliveryAge>> deliveries_of(std::uint64_t seq);
    /// False when the chunk is full before the event is finished.
    Result<bool> treat(const EventAge& event);
    Result<bool> remove_rows(const EventAge& event, const std::vector<DeliveryAge>& deliveries);
    Result<bool> remove_old_attempts(const std::vector<DeliveryAge>& deliveries);
    Result<bool> remove_attempts(std::uint64_t delivery, std::int64_t before_ms);
    Result<void> remove_payload(const EventAge& event);
    bool is_full() const { return removed_ >= removed_in_chunk || bytes_ >= bytes_in_chunk; }

    const std::int64_t payloads_before_ms_;
    const std::int64_t attempts_before_ms_;
    const std::int64_t now_ms_;
    Db& db_;
    Stmt next_events_, deliveries_, drop_attempts_, drop_delivery_, drop_event_, drop_payload_;
    std::array<std::int64_t, 5> gone_{};   // deliveries by state
    int removed_ = 0;
    std::int64_t bytes_ = 0;
    bool reached_young_ = false;
};

Result<void> Chunk::prepare() {
    const std::pair<Stmt*, const char*> all[] = {
        {&next_events_, "SELECT seq,received_ms,payload_state,length(payload) FROM events"
                        " WHERE seq>?1 ORDER BY seq LIMIT ?2"},
        // One probe behind a dead letter: whether its destination has anything pending that came
        // later. Only the rules know whether the lane waits; so whoever could is taken to do so.
        {&deliveries_,
         "SELECT d.id,d.state,d.state='dead' AND d.lane<>'' AND EXISTS(SELECT 1 FROM deliveries w"
         " INDEXED BY deliveries_pending WHERE w.state='pending' AND"
         " w.destination=d.destination AND w.id>d.id),"
         " max(d.created_ms,coalesce((SELECT max(started_ms) FROM attempts a WHERE"
         " a.delivery_id=d.id),0)) FROM deliveries d WHERE d.event_seq=?1"},
        {&drop_attempts_, "DELETE FROM attempts WHERE delivery_id=?1 AND number IN (SELECT number"
                          " FROM attempts WHERE delivery_id=?1 AND started_ms<?2 LIMIT ?3)"},
        {&drop_delivery_, "DELETE FROM deliveries WHERE id=?1"},
        {&drop_event_, "DELETE FROM events WHERE seq=?1"},
        {&drop_payload_, "UPDATE events SET payload=x'',payload_state=?2 WHERE seq=?1"},
    };
    for (const auto& [statement, sql] : all) {
        auto made = db_.prepare(sql);
        if (!made) return made.error();
        *statement = std::move(*made);
    }
    return {};
}

/// An event from the future was received while the clock was wrong: it is passed over, so that it
/// does not keep those behind it.
Result<void> Chunk::run(std::uint64_t& done, std::int64_t before_ms) {
    auto events = events_after(done);
    if (!events) return events.error();
    for (const auto& event : *events) {
        bool future = event.received_ms > now_ms_;
        if (!future && event.received_ms >= before_ms) {
            reached_young_ = true;
            return {};
        }
        auto finished = future ? Result<bool>(true) : treat(event);
        if (!finished) return finished.error();
        if (*finished) done = event.seq;
        if (is_full()) return {};
    }
    reached_young_ = events->size() < looked_at_in_chunk;
    return {};
}

Result<std::vector<EventAge>> Chunk::events_after(std::uint64_t seq) {
    StmtScope scope(next_events_);
    next_events_.bind(seq, looked_at_in_chunk);
    std::vector<EventAge> events;
    for (;;) {
        auto row = next_events_.step();
        if (!row) return row.error();
        if (!*row) return events;
        EventAge& event = events.emplace_back();
        event.seq = next_events_.number(0);
        event.received_ms = next_events_.integer(1);
        event.has_payload = next_events_.integer(2) == static_cast<int>(PayloadState::kept);
        event.payload_bytes = next_events_.integer(3);
    }
}

Result<std::vector<DeliveryAge>> Chunk::deliveries_of(std::uint64_t seq) {
    StmtScope scope(deliveries_);
    deliveries_.bind(seq);
    std::vector<DeliveryAge> found;
    for (;;) {
        auto row = deliveries_.step();
        if (!row) return row.error();
        if (!*row) return found;
        DeliveryAge& one = found.emplace_back();
        one.id = deliveries_.number(0);
        one.state = deliveries_.text(1);
        one.blocks = deliveries_.integer(2) != 0;
        one.last_ms = deliveries_.integer(3);
        one.repeatable = one.state == delivery_state_name(DeliveryState::dead) &&
                         one.last_ms >= payloads_before_ms_;
    }
}

Result<bool> Chunk::treat(const EventAge& event) {
    auto deliveries = deliveries_of(event.seq);
    if (!deliveries) return deliveries.error();
    std::int64_t both_before_ms = std::min(payloads_before_ms_, attempts_before_ms_);
    bool rows_go = event.received_ms < both_before_ms;
    bool payload_goes = event.has_payload && event.received_ms < payloads_before_ms_;
    for (const auto& one : *deliveries) {
        if (one.blocks || one.state == delivery_state_name(DeliveryState::pending)) return true;
        if (one.last_ms >= both_before_ms) rows_go = false;
        if (one.repeatable) payload_goes = false;
    }
    if (rows_go) return remove_rows(event, *deliveries);
    if (payload_goes) {
        auto removed = remove_payload(event);
        if (!removed) return removed.error();
    }
    return remove_old_attempts(*deliveries);
}

Result<bool> Chunk::remove_rows(const EventAge& event, const std::vector<DeliveryAge>& deliveries) {
    for (const auto& one : deliveries) {
        auto emptied = remove_attempts(one.id, std::numeric_limits<std::int64_t>::max());
        if (!emptied || !*emptied) return emptied;
        auto dropped = drop_delivery_.bind(one.id).run();
        if (!dropped) return dropped.error();
        ++removed_;
        auto state = delivery_state_from(one.state);
        if (state) ++gone_[static_cast<std::size_t>(*state)];
    }
    auto dropped = drop_event_.bind(event.seq).run();
    if (!dropped) return dropped.error();
    ++removed_;
    bytes_ += event.payload_bytes;
    return true;
}

Result<bool> Chunk::remove_old_attempts(const std::vector<DeliveryAge>& deliveries) {
    for (const auto& one : deliveries) {
        if (one.repeatable) continue;
        auto emptied = remove_attempts(one.id, attempts_before_ms_);
        if (!emptied || !*emptied) return emptied;
    }
    return true;
}

Result<bool> Chunk::remove_attempts(std::uint64_t delivery, std::int64_t before_ms) {
    int room = removed_in_chunk - removed_;
    if (room <= 0) return false;
    auto dropped = drop_attempts_.bind(delivery, before_ms, room).run();
    if (!dropped) return dropped.error();
    removed_ += static_cast<int>(db_.changes());
    return removed_ < removed_in_chunk;
}

Result<void> Chunk::remove_payload(const EventAge& event) {
    ++removed_;
    bytes_ += event.payload_bytes;
    return drop_payload_.bind(event.seq, static_cast<int>(PayloadState::expired)).run();
}

Result<void> Chunk::count() {
    for (std::size_t i = 0; i < gone_.size(); ++i) {
        if (gone_[i] == 0) continue;
        auto less = db_.prepare("UPDATE counters SET value=value-?2 WHERE name=?1");
        if (!less) return less.error();
        auto counted = less->bind(delivery_state_name(static_cast<DeliveryState>(i)), gone_[i])
                           .run();
        if (!counted) return counted;
    }
    return {};
}

}  // namespace

Result<bool> Retention::run(Db& db, std::int64_t now_ms) {
    auto [early_age, late_age] = std::minmax(times_.payloads_ms, times_.attempts_ms);
    if (early_age < late_age) {
        auto worked = run_pass(db, early_, early_age, now_ms);
        if (!worked || *worked) return worked;
    }
    return run_pass(db, late_, late_age, now_ms);
}

Result<bool> Retention::run_pass(Db& db, Pass& pass, std::int64_t age_ms, std::int64_t now_ms) {
    bool set_back = now_ms < pass.rested_ms;
    if (!set_back && now_ms - pass.rested_ms < rest_ms) return false;
    if (now_ms < pass.begun_ms || now_ms - pass.begun_ms >= day_ms) {
        pass.begun_ms = now_ms;
        pass.done = 0;
    }
    auto begun = db.run("BEGIN");
    if (!begun) return begun.error();
    std::uint64_t done = pass.done;
    Chunk chunk(db, times_, now_ms);
    auto worked = chunk.prepare();
    if (worked) worked = chunk.run(done, now_ms - age_ms);
    if (worked) worked = chunk.count();
    if (worked) worked = db.run("COMMIT");
    if (!worked) {
        if (db.in_transaction()) (void)db.run("ROLLBACK");
        return worked.error();
    }
    pass.done = done;
    if (chunk.reached_young()) pass.rested_ms = now_ms;
    return !chunk.reached_young() || chunk.removed_anything();
}

}  // namespace syncline::store
