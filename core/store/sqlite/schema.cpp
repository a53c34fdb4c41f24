// Why the tables look as they do:
//
// - events: `payload` stands last, so that the other columns are read without its overflow pages.
//   `unmatched` marks an event that no rule matched; only those are in its index.
// - dedupe: a day's keys lie together, so that an old day goes in one range. `key16` is the first
//   16 bytes of SHA-256 over source and key.
// - deliveries: an index ends with the rowid, so (destination) of the pending ones is the delivery
//   window in order of id. Settling takes a row out of that index; it grows with the backlog only.
// - events.payload_state: 0 and 1 cost no byte of a row. 0 is kept, 1 expired, 2 forgotten.
// - counters: kept by the transactions that change what they count; a count never scans.
#include "core/store/sqlite/schema.hpp"

#include <array>
#include <string>

namespace syncline::store {
namespace {

constexpr const char* version_1 = R"sql(
CREATE TABLE events (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    source       TEXT NOT NULL,
    type         TEXT NOT NULL,
    subject      TEXT NOT NULL,
    time_ms      INTEGER,
    received_ms  INTEGER NOT NULL,
    attributes   TEXT NOT NULL,
    content_type TEXT NOT NULL,
    hops         INTEGER NOT NULL,
    unmatched    INTEGER NOT NULL,
    payload      BLOB NOT NULL
) STRICT;
CREATE INDEX events_by_type ON events (type);
CREATE INDEX events_by_subject ON events (subject) WHERE subject <> '';
CREATE INDEX events_by_time ON events (received_ms);
CREATE INDEX events_unmatched ON events (unmatched) WHERE unmatched = 1;

CREATE TABLE dedupe (
    source      TEXT NOT NULL,
    day         INTEGER NOT NULL,
    key16       BLOB NOT NULL,
    accepted_ms INTEGER NOT NULL,
    event_seq   INTEGER NOT NULL,
    PRIMARY KEY (source, day, key16)
) STRICT, WITHOUT ROWID;

CREATE TABLE deliveries (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    event_seq     INTEGER NOT NULL REFERENCES events (seq),
    kind          TEXT NOT NULL,
    rule          TEXT NOT NULL,
    send          INTEGER NOT NULL,
    destination   TEXT NOT NULL,
    action        TEXT NOT NULL,
    lane          TEXT NOT NULL,
    state         TEXT NOT NULL,
    attempts      INTEGER NOT NULL,
    created_ms    INTEGER NOT NULL,
    not_before_ms INTEGER NOT NULL,
    uncertain     INTEGER NOT NULL,
    parent        INTEGER NOT NULL,
    note          TEXT NOT NULL
) STRICT;
CREATE INDEX deliveries_pending ON deliveries (destination) WHERE state = 'pending';
CREATE INDEX deliveries_undelivered ON deliveries (state) WHERE state <> 'delivered';
CREATE INDEX deliveries_by_event ON deliveries (event_seq);
CREATE INDEX deliveries_by_destination ON deliveries (destination);
CREATE INDEX deliveries_by_rule ON deliveries (rule);
CREATE INDEX deliveries_by_time ON deliveries (created_ms);

CREATE TABLE attempts (
    delivery_id INTEGER NOT NULL REFERENCES deliveries (id),
    number      INTEGER NOT NULL,
    started_ms  INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    outcome     TEXT NOT NULL,
    note        TEXT NOT NULL,
    exchanges   TEXT NOT NULL,
    PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE links (
    destination TEXT NOT NULL,
    kind        TEXT NOT NULL,
    source_id   TEXT NOT NULL,
    id          TEXT NOT NULL,
    url         TEXT NOT NULL,
    hash        TEXT NOT NULL,
    updated_ms  INTEGER NOT NULL,
    PRIMARY KEY (destination, kind, source_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE counters (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

/// Destinations that are not called, by hand or by what they answered.
constexpr const char* version_2 = R"sql(
CREATE TABLE holds (
    destination TEXT NOT NULL,
    by_hand     INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    since_ms    INTEGER NOT NULL,
    PRIMARY KEY (destination, by_hand)
) STRICT, WITHOUT ROWID;
)sql";

/// Rows of older versions have their payload.
constexpr const char* version_3 = R"sql(
ALTER TABLE events ADD COLUMN payload_state INTEGER NOT NULL DEFAULT 0;
)sql";

constexpr std::array<const char*, 3> migrations_of_this_version = {version_1, version_2, version_3};

Error newer(const Db& db, std::int64_t found, std::int64_t known) {
    return Error(ErrorCode::newer_version,
                 "the database is from a newer Syncline (schema version " + std::to_string(found) +
                     ", this one knows up to " + std::to_string(known) +
                     "); run the newer Syncline, or restore a backup",
                 db.path());
}

Error foreign(const Db& db) {
    return Error(ErrorCode::unsupported, "the file is a database of another program", db.path());
}

/// Zero tables and no application id: a file that was only just made.
Result<bool> is_blank(Db& db) {
    auto tables = db.integer("SELECT count(*) FROM sqlite_schema");
    if (!tables) return tables.error();
    auto id = db.integer("PRAGMA application_id");
    if (!id) return id.error();
    return *tables == 0 && *id == 0;
}

Result<std::int64_t> version_of(Db& db) {
    auto id = db.integer("PRAGMA application_id");
    if (!id) return id.error();
    if (*id != application_id) return foreign(db);
    return db.integer("PRAGMA user_version");
}

Result<void> apply(Db& db, std::int64_t from, std::span<const char* const> migrations) {
    std::string sql = "BEGIN IMMEDIATE;PRAGMA application_id=";
    sql += std::to_string(application_id) + ";";
    for (auto step : migrations.subspan(static_cast<std::size_t>(from))) sql += step;
    sql += "PRAGMA user_version=" + std::to_string(migrations.size()) + ";COMMIT;";
    auto applied = db.run(sql.c_str());
    if (!applied && db.in_transaction()) (void)db.run("ROLLBACK");
    return applied;
}

}  // namespace

std::span<const char* const> schema_migrations() {
    return migrations_of_this_version;
}

Result<std::int64_t> version_to_migrate(Db& db, std::int64_t last) {
    auto blank = is_blank(db);
    if (!blank) return blank.error();
    if (*blank) return 0;
    auto version = version_of(db);
    if (!version) return version.error();
    if (*version > last) return newer(db, *version, last);
    if (*version < 0) return foreign(db);
    return *version;
}

Result<void> migrate(Db& db, std::span<const char* const> migrations) {
    auto last = static_cast<std::int64_t>(migrations.size());
    auto from = version_to_migrate(db, last);
    if (!from) return from.error();
    if (*from == last) return {};
    return apply(db, *from, migrations);
}

Result<void> check_version(Db& db, std::int64_t version) {
    auto blank = is_blank(db);
    if (!blank) return blank.error();
    if (*blank)
        return Error(ErrorCode::not_found, "the database is empty: no hub has run on it yet",
                     db.path());
    auto found = version_of(db);
    if (!found) return found.error();
    if (*found > version) return newer(db, *found, version);
    if (*found < version)
        return Error(ErrorCode::unsupported,
                     "the database is from an older Syncline (schema version " +
                         std::to_string(*found) + ", this one reads " + std::to_string(version) +
                         "); start the hub once to bring it up to date",
                     db.path());
    return {};
}

}  // namespace syncline::store
