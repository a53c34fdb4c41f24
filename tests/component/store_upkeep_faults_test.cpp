// The disk fails, or the power does, while the store cares for its file: while an older version's
// tables are brought up to date, and while old things are removed and pages given back.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/store/sqlite/db.hpp"
#include "core/store/sqlite/schema.hpp"
#include "store_fixture.hpp"
#include "tests/support/fault_vfs.hpp"
#include "tests/support/power_vfs.hpp"

namespace syncline::store {
namespace {

using testing_support::Fault;
using testing_support::FaultVfs;

constexpr int old_events = 30;

/// A database as version 1 left it: events with a delivery each, every third of them settled.
void make_version_1(const std::string& path) {
    std::ofstream(path).close();
    auto db = Db::open(path, OpenMode::read_write, "");
    ASSERT_TRUE(db) << db.error().text();
    ASSERT_TRUE(db->run("PRAGMA auto_vacuum=INCREMENTAL;PRAGMA journal_mode=WAL;"));
    ASSERT_TRUE(migrate(*db, schema_migrations().first(1)));
    auto filled = db->run(
        "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<30)"
        " INSERT INTO events SELECT i,'attio-'||i,'attio','record.created','subject-'||i,NULL,"
        "1767225600000,'{}','application/json',0,0,cast('{\"key\":'||i||'}' AS BLOB)"
        " FROM n;"
        "INSERT INTO deliveries SELECT seq,seq,'action','rule',0,'crm','upsert','lane',"
        "iif(seq%3=0,'delivered','pending'),0,1767225600000,0,0,0,'' FROM events;"
        "INSERT INTO counters VALUES('accepted events',30),('pending',20),('delivered',10);");
    ASSERT_TRUE(filled) << filled.error().text();
}

/// Opens the file as the next process would, and looks for everything that version 1 had.
std::string look_at_migrated(const std::string& path) {
    SqliteOptions options;
    options.path = path;
    auto store = make_sqlite_store(options);
    auto writer = store->open_writer();
    if (!writer) return "open: " + writer.error().text();
    auto reader = store->open_reader();
    if (!reader) return "open to read: " + reader.error().text();
    auto events = (*reader)->events(everything());
    if (!events) return events.error().text();
    if (events->size() != old_events) return std::to_string(events->size()) + " events";
    for (const auto& row : *events)
        if (row.event.payload_state != PayloadState::kept ||
            row.event.payload != "{\"key\":" + std::to_string(row.event.seq) + "}")
            return "event " + row.event.id + " has another payload";
    auto pending = (*reader)->pending("crm", 0, 100);
    if (!pending || pending->size() != 20) return "what was pending is not";
    std::vector<Write> writes;
    writes.emplace_back(one_event("new", {make_delivery("crm")}));
    writes.emplace_back(HoldChange());
    auto kept = try_commit(**writer, writes);
    if (!kept) return "new work: " + kept.error().text();
    auto db = Db::open(path, OpenMode::read_only, "");
    auto verdict = db ? db->text("PRAGMA integrity_check") : Result<std::string>(db.error());
    if (!verdict) return verdict.error().text();
    return *verdict == "ok" ? "" : *verdict;
}

class StoreUpkeep : public testing::Test {
protected:
    std::unique_ptr<Store> store(const std::string& path, const std::string& vfs) {
        SqliteOptions options;
        options.path = path;
        options.vfs = vfs;
        options.payload_retention_ms = day_ms;
        options.attempt_retention_ms = 2 * day_ms;
        return make_sqlite_store(options);
    }
    TemporaryFolder folder_;
};

// --- Migration ----------------------------------------------------------------------------------

TEST_F(StoreUpkeep, a_database_of_version_1_is_taken_on_with_all_that_it_holds) {
    auto path = folder_.file("old.db");
    make_version_1(path);
    EXPECT_EQ(look_at_migrated(path), "");
    auto db = Db::open(path, OpenMode::read_only, "");
    EXPECT_EQ(good(db->integer("PRAGMA user_version")),
              static_cast<std::int64_t>(schema_migrations().size()));
}

TEST_F(StoreUpkeep, a_fault_at_any_operation_of_a_migration_leaves_one_version_or_the_other) {
    for (auto fault : {Fault::io_error, Fault::disk_full, Fault::short_write, Fault::failed_sync}) {
        int n = 1;
        for (; n < 200; ++n) {
            auto path = folder_.file(std::to_string(static_cast<int>(fault)) + "-" +
                                     std::to_string(n) + ".db");
            make_version_1(path);
            FaultVfs vfs;
            vfs.fail_at(n, fault);
            auto failed = store(path, vfs.name())->open_writer();
            bool struck = vfs.struck();
            vfs.heal();
            if (!failed) {
                auto code = fault == Fault::disk_full ? ErrorCode::disk_full : ErrorCode::io;
                EXPECT_EQ(failed.error().code, code) << failed.error().text();
            } else {
                failed->reset();
            }
            EXPECT_EQ(look_at_migrated(path), "") << "operation " << n;
            if (!struck || HasFailure()) break;
        }
        EXPECT_GT(n, fault == Fault::failed_sync ? 1 : 4);
    }
}

TEST_F(StoreUpkeep, a_power_cut_at_any_operation_of_a_migration_leaves_one_version_or_the_other) {
    auto path = folder_.file("old.db");
    make_version_1(path);
    testing_support::PowerVfs vfs;
    { auto writer = good(store(path, vfs.name())->open_writer()); }
    testing_support::CutDisk disk(vfs.operations());
    int states = 0;
    for (std::size_t point = 0; point <= vfs.operations().size(); ++point) {
        disk.run_to(point);
        for (auto unsynced : testing_support::all_unsynced) {
            auto files = disk.cut(unsynced, point);
            if (!files.contains("old.db")) continue;   // before it was looked at
            TemporaryFolder after;
            for (const auto& [name, bytes] : files)
                std::ofstream(after.file(name), std::ios::binary) << bytes;
            EXPECT_EQ(look_at_migrated(after.file("old.db")), "")
                << "cut after operation " << point << ", unsynced " << unsynced_name(unsynced);
            ++states;
        }
        if (HasFailure()) return;
    }
    EXPECT_GT(states, 60);
    RecordProperty("states", states);
}

// --- Retention and free pages ---------------------------------------------------------------------

class StoreRemovalFaults : public StoreUpkeep {
protected:
    /// Settled events that will all be removed, with enough bytes that pages are given back; one
    /// event that stays because it is pending.
    void fill(const std::string& path) {
        auto opened = store(path, "");
        auto writer = good(opened->open_writer());
        for (int i = 0; i < 12; ++i) {
            auto request = one_event(std::to_string(i), {make_delivery("crm")});
            request.accepts[0].deliveries[0].lane.clear();
            request.accepts[0].event->payload.assign(500'000, 'x');
            auto id = commit_one(*writer, std::move(request)).stored[0].deliveries[0].id;
            if (i == 7) continue;
            auto settlement = make_settlement(id, DeliveryState::delivered);
            settlement.attempt.emplace();
            settlement.attempt->number = 1;
            settlement.attempt->started_ms = start_ms;
            commit_one(*writer, std::move(settlement));
        }
    }

    /// Idle calls until nothing is left; recovers where one fails. How many failed.
    int tidy(Writer& writer, FaultVfs& vfs, ErrorCode expected) {
        int failures = 0;
        for (int call = 0; call < 2000; ++call) {
            auto more = writer.idle(start_ms + 3 * day_ms + call * 20);
            if (more && !*more) return failures;
            if (more) continue;
            ++failures;
            EXPECT_EQ(more.error().code, expected) << more.error().text();
            EXPECT_FALSE(writer.idle(start_ms + 3 * day_ms)) << "in doubt it removes nothing";
            vfs.heal();
            auto recovered = writer.recover();
            EXPECT_TRUE(recovered) << recovered.error().text();
        }
        ADD_FAILURE() << "it never ends";
        return failures;
    }

    void check(const std::string& path) {
        auto opened = store(path, "");
        auto reader = good(opened->open_reader());
        auto events = good(reader->events(everything()));
        ASSERT_EQ(events.size(), 1u);
        EXPECT_EQ(events[0].event.payload.size(), 500'000u);
        EXPECT_EQ(good(reader->pending("crm", 0, 10)).size(), 1u);
        EXPECT_EQ(count_of(*reader, "pending"), 1u);
        EXPECT_EQ(count_of(*reader, "delivered"), 0u);
        auto db = Db::open(path, OpenMode::read_only, "");
        EXPECT_EQ(good(db->text("PRAGMA integrity_check")), "ok");
        EXPECT_LE(good(db->integer("PRAGMA freelist_count")), 1024);
    }
};

TEST_F(StoreRemovalFaults, a_fault_at_any_operation_of_a_removal_removes_no_more_and_no_less) {
    for (auto fault : {Fault::io_error, Fault::disk_full, Fault::short_write, Fault::failed_sync}) {
        int struck_runs = 0;
        for (int n = 1; n < 20'000; n += 1 + n / 10) {
            SCOPED_TRACE("operation " + std::to_string(n));
            auto path = folder_.file("run.db");
            std::filesystem::remove(path);
            fill(path);
            FaultVfs vfs;
            {
                auto opened = store(path, vfs.name());
                auto writer = good(opened->open_writer());
                vfs.fail_at(n, fault);
                auto code = fault == Fault::disk_full ? ErrorCode::disk_full : ErrorCode::io;
                tidy(*writer, vfs, code);
            }
            bool struck = vfs.struck();
            vfs.heal();
            check(path);
            if (!struck || HasFailure()) break;
            ++struck_runs;
        }
        EXPECT_GT(struck_runs, fault == Fault::failed_sync ? 10 : 20);
        if (HasFailure()) return;
    }
}

}  // namespace
}  // namespace syncline::store
