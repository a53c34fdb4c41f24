// What is SQLite's own in the store: the settings that durability rests on, one transaction around
// a batch, the care of log and free pages, deadlines of reads, and the indexes that queries use.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "core/store/sqlite/db.hpp"
#include "core/store/sqlite/open.hpp"
#include "core/store/sqlite/query.hpp"
#include "store_fixture.hpp"

namespace syncline::store {
namespace {

using testing::HasSubstr;

class StoreSqlite : public testing::Test {
protected:
    void SetUp() override { options_.path = home_.path(); }

    std::unique_ptr<Writer> writer() { return good(make_sqlite_store(options_)->open_writer()); }
    std::unique_ptr<Reader> reader() { return good(make_sqlite_store(options_)->open_reader()); }

    /// A connection of the test's own, to look behind the interface.
    Db raw(OpenMode mode = OpenMode::read_only) {
        auto db = Db::open(home_.path(), mode, "");
        EXPECT_TRUE(db) << db.error().text();
        return std::move(*db);
    }

    std::uintmax_t log_bytes() {
        std::error_code absent;
        auto size = std::filesystem::file_size(home_.path() + "-wal", absent);
        return absent ? 0 : size;
    }

    SqliteHome home_;
    SqliteOptions options_;
};

TEST_F(StoreSqlite, the_writing_connection_has_the_settings_that_durability_rests_on) {
    auto db = open_for_writing(home_.path(), options_);
    ASSERT_TRUE(db) << db.error().text();
    EXPECT_EQ(good(db->text("PRAGMA journal_mode")), "wal");
    const std::pair<const char*, std::int64_t> settings[] = {
        {"synchronous", 2},  {"wal_autocheckpoint", 0}, {"mmap_size", 0},   {"cell_size_check", 1},
        {"trusted_schema", 0}, {"temp_store", 2},       {"foreign_keys", 1}, {"secure_delete", 0},
        {"auto_vacuum", 2},  {"page_size", 4096},       {"busy_timeout", 0}};
    for (auto [name, value] : settings)
        EXPECT_EQ(good(db->integer(std::string("PRAGMA ") + name)), value) << name;
    EXPECT_FALSE(db->run("UPDATE sqlite_schema SET sql=''")) << "defensive mode must be on";
}

TEST_F(StoreSqlite, the_reading_connection_cannot_write) {
    auto kept = writer();
    auto db = open_for_reading(home_.path(), options_);
    ASSERT_TRUE(db) << db.error().text();
    EXPECT_TRUE(db->is_read_only());
    EXPECT_FALSE(db->run("DELETE FROM events"));
    EXPECT_EQ(good(db->integer("PRAGMA busy_timeout")), options_.busy_timeout_ms);
    EXPECT_EQ(good(db->integer("PRAGMA mmap_size")), 0);
}

// --- One transaction ----------------------------------------------------------------------------

TEST_F(StoreSqlite, a_failure_late_in_a_settlement_takes_everything_of_the_batch_back) {
    { auto made = writer(); }
    ASSERT_TRUE(raw(OpenMode::read_write)
                    .run("CREATE TRIGGER refuse BEFORE INSERT ON events WHEN new.type='refused'"
                         " BEGIN SELECT RAISE(ABORT, 'refused by a trigger'); END"));
    auto kept = writer();
    auto id = commit_one(*kept, one_event("a", {make_delivery("crm")})).stored[0].deliveries[0].id;
    std::vector<Write> writes;
    writes.emplace_back(one_event("same-batch", {make_delivery("wiki")}));
    auto settlement = make_settlement(id, DeliveryState::delivered);
    settlement.attempt.emplace();
    settlement.attempt->number = 1;
    settlement.links.push_back(make_link("rec-1", "9"));
    settlement.emitted.push_back(make_accept("derived", {make_delivery("issues")}));
    settlement.emitted[0].event->type = "refused";
    writes.emplace_back(std::move(settlement));
    auto failed = try_commit(*kept, writes);
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().text(), HasSubstr("refused by a trigger"));
    const auto& accept = std::get<AcceptRequest>(writes[0]).accepts[0];
    EXPECT_EQ(accept.event->seq, 0u);
    EXPECT_EQ(accept.deliveries[0].id, 0u);

    auto looking = reader();
    EXPECT_EQ(good(looking->events(everything())).size(), 1u);
    EXPECT_EQ(good(looking->deliveries(everything())).size(), 1u);
    EXPECT_EQ(good(looking->pending("crm", 0, 10)).size(), 1u);
    EXPECT_FALSE(good(looking->link("crm", "deal", "rec-1")).has_value());
    EXPECT_TRUE(good(looking->attempts(id)).empty());
    EXPECT_EQ(count_of(*looking, "accepted events"), 1u);

    // The file is sound, so the writer goes on; and the same writes can be made again.
    std::get<Settlement>(writes[1]).emitted[0].event->type = "allowed";
    ASSERT_TRUE(try_commit(*kept, writes));
    EXPECT_EQ(good(looking->link("crm", "deal", "rec-1"))->id, "9");
    EXPECT_EQ(good(looking->events(everything())).size(), 3u);
}

TEST_F(StoreSqlite, another_programs_lock_is_an_error_and_passes) {
    auto kept = writer();
    std::vector<Write> writes;
    writes.emplace_back(one_event("a"));
    {
        auto other = raw(OpenMode::read_write);
        ASSERT_TRUE(other.run("BEGIN IMMEDIATE"));
        auto failed = try_commit(*kept, writes);
        ASSERT_FALSE(failed);
        EXPECT_EQ(failed.error().code, ErrorCode::locked);
        ASSERT_TRUE(other.run("ROLLBACK"));
    }
    EXPECT_TRUE(try_commit(*kept, writes));
}

TEST_F(StoreSqlite, recovering_without_need_is_nothing) {
    auto kept = writer();
    EXPECT_TRUE(kept->recover());
    commit_one(*kept, one_event("a"));
}

// --- Care of the file ---------------------------------------------------------------------------

TEST_F(StoreSqlite, an_idle_writer_moves_the_log_into_the_database) {
    auto kept = writer();
    for (int i = 0; i < 100; ++i) commit_one(*kept, one_event(std::to_string(i)));
    EXPECT_GT(log_bytes(), 100'000u);
    ASSERT_TRUE(kept->idle(start_ms));       // commits came in between: not idle yet
    EXPECT_GT(log_bytes(), 100'000u);
    ASSERT_TRUE(kept->idle(start_ms + 1));
    EXPECT_EQ(log_bytes(), 0u);
}

TEST_F(StoreSqlite, a_writer_that_is_never_idle_keeps_its_log_bounded) {
    auto kept = writer();
    std::uintmax_t largest = 0;
    for (int i = 0; i < 160; ++i) {
        auto request = one_event(std::to_string(i));
        request.accepts[0].event->payload.assign(1 << 20, 'x');
        commit_one(*kept, std::move(request));
        largest = std::max(largest, log_bytes());
    }
    EXPECT_LT(largest, 2 * limits::wal_checkpoint_bytes + (2u << 20));
    EXPECT_GE(largest, 1u * limits::wal_checkpoint_bytes);
}

TEST_F(StoreSqlite, under_load_idle_calls_keep_the_log_near_its_threshold) {
    auto kept = writer();
    std::uintmax_t largest = 0;
    for (int i = 0; i < 60; ++i) {
        auto request = one_event(std::to_string(i));
        request.accepts[0].event->payload.assign(1 << 20, 'x');
        commit_one(*kept, std::move(request));
        ASSERT_TRUE(kept->idle(start_ms + i));
        largest = std::max(largest, log_bytes());
    }
    EXPECT_LT(largest, limits::wal_checkpoint_bytes + (2u << 20));
}

TEST_F(StoreSqlite, a_long_read_stops_neither_commits_nor_idle_work) {
    auto kept = writer();
    commit_one(*kept, one_event("a"));
    auto other = raw();
    ASSERT_TRUE(other.run("BEGIN"));
    ASSERT_EQ(good(other.integer("SELECT count(*) FROM events")), 1);
    for (int i = 0; i < 10; ++i) {
        commit_one(*kept, one_event(std::to_string(i)));
        ASSERT_TRUE(kept->idle(start_ms + i));
        ASSERT_TRUE(kept->idle(start_ms + i));
    }
    EXPECT_EQ(good(other.integer("SELECT count(*) FROM events")), 1) << "its snapshot";
    ASSERT_TRUE(other.run("COMMIT"));
    ASSERT_TRUE(kept->idle(start_ms + day_ms));
    EXPECT_EQ(log_bytes(), 0u);
}

TEST_F(StoreSqlite, expired_keys_go_in_chunks_and_the_others_stay) {
    auto kept = writer();
    for (int i = 0; i < 12; ++i) {
        std::vector<Accept> accepts;
        for (int k = 0; k < 100; ++k)
            accepts.push_back(make_accept(std::to_string(i * 100 + k), {}, i % 2 ? "x" : "attio"));
        commit_one(*kept, make_request(std::move(accepts)));
    }
    auto later = start_ms + 10 * day_ms;
    commit_one(*kept, one_event("new"), later);
    auto looking = raw();
    auto keys = [&] { return good(looking.integer("SELECT count(*) FROM dedupe")); };
    EXPECT_EQ(keys(), 1201);
    std::int64_t before = keys();
    for (int call = 0; call < 20 && keys() > 1; ++call) {
        ASSERT_TRUE(kept->idle(later + call * 20));
        EXPECT_LE(before - keys(), 500);
        before = keys();
    }
    EXPECT_EQ(keys(), 1);
    EXPECT_EQ(commit_one(*kept, one_event("new"), later).duplicates, 1u);
}

TEST_F(StoreSqlite, many_free_pages_are_given_back_bit_by_bit) {
    { auto made = writer(); }
    ASSERT_TRUE(raw(OpenMode::read_write)
                    .run("CREATE TABLE junk(b); INSERT INTO junk VALUES(zeroblob(8000000));"
                         "DROP TABLE junk"));
    auto pages = [this] { return good(raw().integer("PRAGMA freelist_count")); };
    auto before = pages();
    ASSERT_GT(before, 1900);
    auto kept = writer();
    ASSERT_TRUE(kept->idle(start_ms));
    EXPECT_LT(pages(), before);
    for (int call = 1; call < 100; ++call) ASSERT_TRUE(kept->idle(start_ms + call * 20));
    EXPECT_LE(pages(), 1024);
    EXPECT_GT(pages(), 900) << "some are kept for the next events";
}

// --- Reads --------------------------------------------------------------------------------------

/// Each look at it costs a second.
class HastyClock final : public Clock {
public:
    std::int64_t wall_ms() const override { return start_ms; }
    std::int64_t monotonic_ms() const override { return now_ms_ += 1000; }

private:
    mutable std::int64_t now_ms_ = 0;
};

TEST_F(StoreSqlite, a_read_past_its_deadline_ends_and_the_reader_goes_on) {
    auto kept = writer();
    std::vector<Accept> accepts;
    for (int i = 0; i < 3000; ++i)
        accepts.push_back(make_accept(std::to_string(i), {make_delivery("crm")}));
    commit_one(*kept, make_request(std::move(accepts)));
    HastyClock clock;
    options_.clock = &clock;
    options_.read_deadline_ms = 5'000;
    auto looking = reader();
    auto whole = looking->deliveries(everything());
    ASSERT_FALSE(whole);
    EXPECT_EQ(whole.error().code, ErrorCode::timeout);
    EXPECT_THAT(whole.error().text(), HasSubstr("deadline"));
    EXPECT_EQ(good(looking->pending("crm", 0, 5)).size(), 5u);
}

class StorePlans : public StoreSqlite {
protected:
    void SetUp() override {
        StoreSqlite::SetUp();
        kept_ = writer();
    }
    std::string plan(const Result<Query>& query) {
        EXPECT_TRUE(query);
        auto db = raw();
        auto statement = good_statement(db, "EXPLAIN QUERY PLAN " + query->sql);
        query->bind_to(statement);
        std::string text;
        while (good(statement.step())) text += std::string(statement.text(3)) + "\n";
        return text;
    }
    Stmt good_statement(Db& db, const std::string& sql) {
        auto statement = db.prepare(sql);
        EXPECT_TRUE(statement) << statement.error().text();
        return std::move(*statement);
    }
    std::unique_ptr<Writer> kept_;
};

TEST_F(StorePlans, deliveries_by_state_destination_rule_or_subject_use_an_index) {
    struct Case {
        const char* index;
        void (*set)(Filter&);
    };
    const Case cases[] = {
        {"deliveries_undelivered", [](Filter& f) { f.state = "dead"; }},
        {"deliveries_undelivered", [](Filter& f) { f.state = "dead", f.rule = "r"; }},
        {"deliveries_undelivered", [](Filter& f) { f.state = "pending"; }},
        {"deliveries_pending", [](Filter& f) { f.state = "pending", f.destination = "crm"; }},
        {"deliveries_by_destination", [](Filter& f) { f.destination = "crm"; }},
        {"deliveries_by_rule", [](Filter& f) { f.rule = "r", f.before = 9; }},
        {"events_by_subject", [](Filter& f) { f.subject = "s", f.state = "dead"; }},
        {"sqlite_autoindex_events", [](Filter& f) { f.event_id = "e"; }},
        {"deliveries_by_time", [](Filter& f) { f.since_ms = 1; }},
    };
    for (const auto& one : cases) {
        Filter filter;
        one.set(filter);
        auto text = plan(deliveries_query(filter));
        EXPECT_THAT(text, HasSubstr(one.index)) << text;
        bool event_leads = !filter.subject.empty() || !filter.event_id.empty();
        if (event_leads) continue;   // few rows, sorted
        EXPECT_THAT(text, testing::Not(HasSubstr("TEMP B-TREE"))) << text;
    }
}

TEST_F(StorePlans, events_by_subject_type_time_or_lack_of_a_match_use_an_index) {
    struct Case {
        const char* index;
        void (*set)(Filter&);
    };
    const Case cases[] = {
        {"events_by_subject", [](Filter& f) { f.subject = "s", f.type = "t"; }},
        {"events_by_type", [](Filter& f) { f.type = "t", f.source = "attio", f.before = 9; }},
        {"events_unmatched", [](Filter& f) { f.state = "unmatched"; }},
        {"events_by_time", [](Filter& f) { f.since_ms = 1; }},
        {"sqlite_autoindex_events", [](Filter& f) { f.event_id = "e"; }},
        {"deliveries_undelivered", [](Filter& f) { f.state = "dead"; }},
    };
    for (const auto& one : cases) {
        Filter filter;
        one.set(filter);
        auto text = plan(events_query(filter));
        EXPECT_THAT(text, HasSubstr(one.index)) << text;
        EXPECT_THAT(text, testing::Not(HasSubstr("ORDER BY"))) << text;
    }
}

}  // namespace
}  // namespace syncline::store
