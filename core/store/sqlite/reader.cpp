// Every call is one short read: statements are reset at its end, so that no snapshot is kept and
// the writer's log can start anew. A call that outlives the deadline ends with ErrorCode::timeout.
// One thread an object.
#include "core/store/sqlite/reader.hpp"

#include <limits>
#include <string>
#include <utility>

#include "core/store/sqlite/open.hpp"
#include "core/store/sqlite/query.hpp"
#include "core/store/sqlite/rows.hpp"

namespace syncline::store {
namespace {

/// On the heap, because SQLite holds its address.
struct Deadline {
    const Clock* clock = nullptr;
    std::int64_t at_ms = std::numeric_limits<std::int64_t>::max();

    static int has_passed(void* self) {
        auto* deadline = static_cast<Deadline*>(self);
        return deadline->clock->monotonic_ms() >= deadline->at_ms ? 1 : 0;
    }
};

struct ReadStatements {
    Stmt pending;
    Stmt pending_in_lane;
    Stmt holds;
    Stmt next_destination;
    Stmt event;
    Stmt link;
    Stmt attempts;
    Stmt counts;
    Stmt deliveries_of;

    static Result<ReadStatements> prepare(Db& db);
};

Result<ReadStatements> ReadStatements::prepare(Db& db) {
    ReadStatements s;
    // Named, because SQLite would take the index over all of a destination's deliveries.
    std::string window = "SELECT " + std::string(delivery_columns) +
                         " FROM deliveries d INDEXED BY deliveries_pending ";
    const std::pair<Stmt*, std::string> all[] = {
        {&s.pending, window + "WHERE d.state='pending' AND d.destination=?1 AND d.id>?2"
                                  " ORDER BY d.id LIMIT ?3"},
        {&s.pending_in_lane, window + "WHERE d.state='pending' AND d.destination=?1 AND d.id>?2"
                                          " AND d.id<=?3 AND d.lane=?4 ORDER BY d.id LIMIT ?5"},
        {&s.holds, "SELECT destination,by_hand,reason,since_ms FROM holds"
                   " ORDER BY destination,by_hand"},
        // One probe a destination instead of a walk over all that is pending.
        {&s.next_destination, "SELECT destination FROM deliveries INDEXED BY deliveries_pending"
                              " WHERE state='pending' AND destination>?1"
                              " ORDER BY destination LIMIT 1"},
        {&s.event, "SELECT " + std::string(event_columns) + " FROM events e WHERE e.seq=?1"},
        {&s.link, "SELECT id,url,hash,updated_ms FROM links"
                  " WHERE destination=?1 AND kind=?2 AND source_id=?3"},
        {&s.attempts, "SELECT " + std::string(attempt_columns) +
                          " FROM attempts WHERE delivery_id=?1 ORDER BY number"},
        {&s.counts, "SELECT value FROM counters WHERE name=?1"},
        {&s.deliveries_of, "SELECT count(*), coalesce(sum(state='pending'),0),"
                           " coalesce(sum(state='dead'),0) FROM deliveries WHERE event_seq=?1"},
    };
    for (const auto& [statement, sql] : all) {
        auto made = db.prepare(sql);
        if (!made) return made.error();
        *statement = std::move(*made);
    }
    return s;
}

class SqliteReader final : public Reader {
public:
    SqliteReader(Db db, ReadStatements statements, const SqliteOptions& options)
        : deadline_ms_(options.read_deadline_ms), deadline_(std::make_unique<Deadline>()),
          db_(std::move(db)), use_(std::move(statements)) {
        deadline_->clock = options.clock != nullptr ? options.clock : &system_clock_;
        db_.stop_when(Deadline::has_passed, deadline_.get());
    }

    Result<std::vector<Delivery>> pending(std::string_view destination, std::uint64_t after_id,
                                          std::size_t limit) override;
    Result<std::vector<Delivery>> pending_in_lane(std::string_view destination,
                                                  std::string_view lane, std::uint64_t after_id,
                                                  std::uint64_t last_id,
                                                  std::size_t limit) override;
    Result<std::vector<Hold>> holds() override;
    Result<std::vector<std::string>> pending_destinations() override;
    Result<std::optional<Event>> event(std::uint64_t seq) override;
    Result<std::optional<Link>> link(std::string_view destination, std::string_view kind,
                                     std::string_view source_id) override;
    Result<std::vector<EventRow>> events(const Filter& filter) override;
    Result<std::vector<DeliveryRow>> deliveries(const Filter& filter) override;
    Result<std::vector<Attempt>> attempts(std::uint64_t delivery_id) override;
    Result<std::vector<std::pair<std::string, std::uint64_t>>> counts() override;

private:
    void start_deadline() { deadline_->at_ms = deadline_->clock->monotonic_ms() + deadline_ms_; }
    Result<void> count_deliveries(EventRow& row);
    Result<std::uint64_t> counter(std::string_view name);

    const std::int64_t deadline_ms_;
    SystemClock system_clock_;
    std::unique_ptr<Deadline> deadline_;
    Db db_;
    ReadStatements use_;
};

/// All rows of a bound statement, each made by `make(row)`, a Result.
template <class Row, class Make>
Result<std::vector<Row>> rows_of(Stmt& statement, Make make) {
    StmtScope scope(statement);
    std::vector<Row> rows;
    for (;;) {
        auto more = statement.step();
        if (!more) return more.error();
        if (!*more) return rows;
        auto row = make(statement);
        if (!row) return row.error();
        rows.push_back(std::move(*row));
    }
}

Result<DeliveryRow> read_delivery_row(const Stmt& row) {
    auto delivery = read_delivery(row, 0);
    if (!delivery) return delivery.error();
    DeliveryRow out;
    out.delivery = std::move(*delivery);
    out.event_id = row.text(delivery_column_count);
    out.event_type = row.text(delivery_column_count + 1);
    out.event_source = row.text(delivery_column_count + 2);
    out.event_subject = row.text(delivery_column_count + 3);
    auto payload = read_payload_state(row, delivery_column_count + 4);
    if (!payload) return payload.error();
    out.payload_state = *payload;
    return out;
}

Result<std::vector<Delivery>> SqliteReader::pending(std::string_view destination,
                                                    std::uint64_t after_id, std::size_t limit) {
    start_deadline();
    use_.pending.bind(destination, after_id, limit);
    return rows_of<Delivery>(use_.pending, [](const Stmt& row) { return read_delivery(row, 0); });
}

Result<std::vector<Delivery>> SqliteReader::pending_in_lane(std::string_view destination,
                                                            std::string_view lane,
                                                            std::uint64_t after_id,
                                                            std::uint64_t last_id,
                                                            std::size_t limit) {
    start_deadline();
    use_.pending_in_lane.bind(destination, after_id, last_id, lane, limit);
    return rows_of<Delivery>(use_.pending_in_lane,
                             [](const Stmt& row) { return read_delivery(row, 0); });
}

Result<std::vector<Hold>> SqliteReader::holds() {
    start_deadline();
    use_.holds.bind();
    return rows_of<Hold>(use_.holds, [](const Stmt& row) -> Result<Hold> {
        Hold hold;
        hold.destination = row.text(0);
        hold.by_hand = row.integer(1) != 0;
        hold.reason = row.text(2);
        hold.since_ms = row.integer(3);
        return hold;
    });
}

Result<std::vector<std::string>> SqliteReader::pending_destinations() {
    start_deadline();
    std::vector<std::string> names;
    std::string last;
    for (;;) {
        StmtScope scope(use_.next_destination);
        auto row = use_.next_destination.bind(last).step();
        if (!row) return row.error();
        if (!*row) return names;
        names.emplace_back(use_.next_destination.text(0));
        use_.next_destination.reset();   // before the text that it is bound to changes
        last = names.back();
    }
}

Result<std::optional<Event>> SqliteReader::event(std::uint64_t seq) {
    start_deadline();
    StmtScope scope(use_.event);
    auto row = use_.event.bind(seq).step();
    if (!row) return row.error();
    if (!*row) return std::optional<Event>();
    auto event = read_event(use_.event, 0);
    if (!event) return event.error();
    return std::optional<Event>(std::move(*event));
}

Result<std::optional<Link>> SqliteReader::link(std::string_view destination, std::string_view kind,
                                               std::string_view source_id) {
    start_deadline();
    StmtScope scope(use_.link);
    auto row = use_.link.bind(destination, kind, source_id).step();
    if (!row) return row.error();
    if (!*row) return std::optional<Link>();
    Link link;
    link.destination = destination;
    link.kind = kind;
    link.source_id = source_id;
    link.id = use_.link.text(0);
    link.url = use_.link.text(1);
    link.hash = use_.link.text(2);
    link.updated_ms = use_.link.integer(3);
    return std::optional<Link>(std::move(link));
}

Result<std::vector<EventRow>> SqliteReader::events(const Filter& filter) {
    start_deadline();
    auto query = events_query(filter);
    if (!query) return query.error();
    auto statement = db_.prepare(query->sql);
    if (!statement) return statement.error();
    query->bind_to(*statement);
    return rows_of<EventRow>(*statement, [this](const Stmt& row) -> Result<EventRow> {
        auto event = read_event(row, 0);
        if (!event) return event.error();
        EventRow out;
        out.event = std::move(*event);
        // Inside the outer statement's read transaction: the same snapshot.
        auto counted = count_deliveries(out);
        if (!counted) return counted.error();
        return out;
    });
}

Result<void> SqliteReader::count_deliveries(EventRow& row) {
    StmtScope scope(use_.deliveries_of);
    auto counted = use_.deliveries_of.bind(row.event.seq).step();
    if (!counted) return counted.error();
    row.deliveries = use_.deliveries_of.number(0);
    row.pending = use_.deliveries_of.number(1);
    row.dead = use_.deliveries_of.number(2);
    return {};
}

Result<std::vector<DeliveryRow>> SqliteReader::deliveries(const Filter& filter) {
    start_deadline();
    auto query = deliveries_query(filter);
    if (!query) return query.error();
    auto statement = db_.prepare(query->sql);
    if (!statement) return statement.error();
    query->bind_to(*statement);
    return rows_of<DeliveryRow>(*statement, read_delivery_row);
}

Result<std::vector<Attempt>> SqliteReader::attempts(std::uint64_t delivery_id) {
    start_deadline();
    use_.attempts.bind(delivery_id);
    return rows_of<Attempt>(use_.attempts, read_attempt);
}

Result<std::vector<std::pair<std::string, std::uint64_t>>> SqliteReader::counts() {
    start_deadline();
    auto begun = db_.run("BEGIN");   // one snapshot for all of them
    if (!begun) return begun.error();
    std::vector<std::pair<std::string, std::uint64_t>> out;
    Result<void> ended;
    for (std::string_view name : counter_names) {
        auto value = counter(name);
        if (!value) {
            ended = value.error();
            break;
        }
        out.emplace_back(name, *value);
    }
    auto closed = db_.run("COMMIT");
    if (!ended) return ended.error();
    if (!closed) return closed.error();
    return out;
}

Result<std::uint64_t> SqliteReader::counter(std::string_view name) {
    StmtScope scope(use_.counts);
    auto row = use_.counts.bind(name).step();
    if (!row) return row.error();
    return *row ? use_.counts.number(0) : std::uint64_t(0);
}

}  // namespace

Result<std::unique_ptr<Reader>> open_sqlite_reader(const SqliteOptions& options) {
    auto path = resolve_path(options.path);
    if (!path)
        return path.error().code == ErrorCode::io
                   ? Error(ErrorCode::not_found, path.error().message, path.error().context)
                   : path.error();
    auto db = open_for_reading(*path, options);
    if (!db) return db.error();
    auto statements = ReadStatements::prepare(*db);
    if (!statements) return statements.error();
    return std::unique_ptr<Reader>(
        std::make_unique<SqliteReader>(std::move(*db), std::move(*statements), options));
}

}  // namespace syncline::store
