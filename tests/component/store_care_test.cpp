// Backup, compaction and inspection of the SQLite store: what they make, what they refuse, and that
// a failure at any moment leaves nothing that looks like a success.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "core/store/sqlite/care.hpp"
#include "core/store/sqlite/db.hpp"
#include "core/store/sqlite/lock_file.hpp"
#include "store_fixture.hpp"
#include "tests/support/fault_vfs.hpp"

namespace syncline::store {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

class StoreCare : public testing::Test {
protected:
    StoreCare() { options_.path = file("hub.db"); }

    std::string file(const std::string& name) const { return folder_.file(name); }
    std::unique_ptr<Writer> writer() { return good(make_sqlite_store(options_)->open_writer()); }
    std::unique_ptr<Reader> reader_of(const std::string& path) {
        SqliteOptions options;
        options.path = path;
        return good(make_sqlite_store(options)->open_reader());
    }

    /// Events of some 10 KB each, each with a delivery.
    void fill(Writer& writer, int from, int to) {
        for (int i = from; i < to; ++i) {
            auto request = one_event(std::to_string(i), {make_delivery("crm")});
            request.accepts[0].event->payload.assign(10'000, 'x');
            commit_one(writer, std::move(request));
        }
    }
    void fill(int count) {
        auto made = writer();
        fill(*made, 0, count);
    }

    /// Everything goes but the last event.
    void empty(int count) {
        options_.payload_retention_ms = options_.attempt_retention_ms = day_ms;
        auto made = writer();
        for (int id = 1; id < count; ++id)
            commit_one(*made, make_settlement(static_cast<std::uint64_t>(id),
                                              DeliveryState::delivered));
        for (int call = 0; call < 400; ++call)
            ASSERT_TRUE(made->idle(start_ms + 2 * day_ms + call * 20));
    }

    std::vector<std::string> leftovers() {
        std::vector<std::string> found;
        for (const auto& entry : fs::directory_iterator(folder_.path()))
            if (entry.path().string().find(".part.") != std::string::npos)
                found.push_back(entry.path());
        return found;
    }

    BackupOrder to(const std::string& name, bool overwrite = false) {
        BackupOrder order;
        order.target = file(name);
        order.overwrite = overwrite;
        return order;
    }
    Error refusal(const Result<std::int64_t>& made) {
        EXPECT_FALSE(made);
        EXPECT_THAT(leftovers(), IsEmpty());
        return made ? Error() : made.error();
    }

    TemporaryFolder folder_;
    SqliteOptions options_;
};

// --- Backup -------------------------------------------------------------------------------------

TEST_F(StoreCare, a_backup_holds_everything_and_a_hub_runs_on_it) {
    fill(50);
    auto bytes = back_up(options_, to("copy.db"));
    ASSERT_TRUE(bytes) << bytes.error().text();
    EXPECT_EQ(*bytes, static_cast<std::int64_t>(fs::file_size(file("copy.db"))));
    EXPECT_THAT(leftovers(), IsEmpty());
    EXPECT_FALSE(fs::exists(file("copy.db-wal"))) << "one file without companions";
    struct stat found {};
    ASSERT_EQ(::stat(file("copy.db").c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0600u);
    auto reader = reader_of(file("copy.db"));
    EXPECT_EQ(good(reader->events(everything())).size(), 50u);
    options_.path = file("copy.db");
    auto again = writer();
    EXPECT_EQ(commit_one(*again, one_event("7")).duplicates, 1u);
    fill(*again, 50, 51);
}

TEST_F(StoreCare, a_backup_beside_a_writer_is_the_moment_at_which_it_began) {
    auto hub = writer();
    fill(*hub, 0, 900);
    int commits = 0;
    auto order = to("copy.db");
    order.progress = [&](std::int64_t done, std::int64_t all) {
        EXPECT_LE(done, all);
        fill(*hub, 900 + commits, 901 + commits);
        ASSERT_TRUE(hub->idle(start_ms));
        ++commits;
    };
    auto bytes = back_up(options_, order);
    ASSERT_TRUE(bytes) << bytes.error().text();
    EXPECT_GE(commits, 2);
    EXPECT_EQ(good(reader_of(file("copy.db"))->events(everything())).size(), 900u);
    EXPECT_EQ(good(reader_of(options_.path)->events(everything())).size(), 900u + commits);
}

TEST_F(StoreCare, a_backup_lets_the_log_go) {
    auto hub = writer();
    fill(*hub, 0, 100);
    ASSERT_TRUE(hub->idle(start_ms));
    fill(*hub, 100, 101);
    ASSERT_TRUE(back_up(options_, to("copy.db")));
    ASSERT_TRUE(hub->idle(start_ms));
    ASSERT_TRUE(hub->idle(start_ms + 1));
    EXPECT_EQ(fs::file_size(options_.path + "-wal"), 0u);
}

TEST_F(StoreCare, a_file_that_is_there_is_replaced_only_when_told) {
    fill(3);
    std::ofstream(file("copy.db")) << "precious";
    auto error = refusal(back_up(options_, to("copy.db")));
    EXPECT_EQ(error.code, ErrorCode::already_exists);
    EXPECT_THAT(error.text(), HasSubstr("copy.db: exists; --force replaces it"));
    EXPECT_EQ(fs::file_size(file("copy.db")), 8u);
    ASSERT_TRUE(back_up(options_, to("copy.db", true)));
    EXPECT_EQ(good(reader_of(file("copy.db"))->events(everything())).size(), 3u);
}

TEST_F(StoreCare, targets_that_cannot_be_are_refused_with_the_reason) {
    fill(1);
    EXPECT_THAT(refusal(back_up(options_, to("hub.db", true))).text(),
                HasSubstr("would replace the store itself"));
    fs::create_symlink(options_.path, file("alias.db"));
    EXPECT_THAT(refusal(back_up(options_, to("alias.db", true))).text(),
                HasSubstr("would replace the store itself"));
    EXPECT_THAT(refusal(back_up(options_, to("missing/copy.db"))).text(),
                HasSubstr(file("missing") + " does not exist"));
    fs::create_directory(file("folder"));
    EXPECT_THAT(refusal(back_up(options_, to("folder", true))).text(),
                HasSubstr("is a directory"));
    ASSERT_EQ(::mkfifo(file("pipe").c_str(), 0600), 0);
    EXPECT_THAT(refusal(back_up(options_, to("pipe", true))).text(),
                HasSubstr("not a regular file"));
    BackupOrder nameless;
    EXPECT_THAT(refusal(back_up(options_, nameless)).text(), HasSubstr("name the backup's file"));
}

TEST_F(StoreCare, a_database_in_use_is_not_replaced) {
    fill(1);
    SqliteOptions other;
    other.path = file("other.db");
    auto hub = good(make_sqlite_store(other)->open_writer());
    commit_one(*hub, one_event("other"));
    auto error = refusal(back_up(options_, to("other.db", true)));
    EXPECT_EQ(error.code, ErrorCode::already_exists);
    EXPECT_THAT(error.text(), HasSubstr("a database in use"));
    commit_one(*hub, one_event("goes-on"));
}

TEST_F(StoreCare, without_a_store_there_is_no_backup) {
    auto error = refusal(back_up(options_, to("copy.db")));
    EXPECT_EQ(error.code, ErrorCode::not_found);
    EXPECT_FALSE(fs::exists(file("copy.db")));
}

TEST_F(StoreCare, a_damaged_store_gives_no_backup_that_looks_sound) {
    fill(60);
    std::fstream stream(options_.path, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(40 * 4096);
    stream << std::string(20 * 4096, '\xA5');
    stream.close();
    auto error = refusal(back_up(options_, to("copy.db")));
    EXPECT_EQ(error.code, ErrorCode::corrupt) << error.text();
    EXPECT_FALSE(fs::exists(file("copy.db")));
}

TEST_F(StoreCare, a_failure_at_any_operation_leaves_no_backup_of_that_name) {
    fill(40);
    for (auto fault : {testing_support::Fault::disk_full, testing_support::Fault::io_error,
                       testing_support::Fault::short_write}) {
        testing_support::FaultVfs vfs;
        int n = 1;
        for (; n < 2000; n += 1 + n / 40) {
            options_.vfs = vfs.name();
            std::string name = "copy-" + std::to_string(n) + ".db";
            vfs.fail_at(n, fault);
            auto made = back_up(options_, to(name, true));
            bool struck = vfs.struck();
            vfs.heal();
            if (!struck) break;
            EXPECT_THAT(leftovers(), IsEmpty());
            if (made) {   // only what was to be thrown away failed
                EXPECT_EQ(good(reader_of(file(name))->events(everything())).size(), 40u);
                continue;
            }
            EXPECT_EQ(made.error().code, fault == testing_support::Fault::disk_full
                                             ? ErrorCode::disk_full : ErrorCode::io)
                << n << ": " << made.error().text();
            EXPECT_FALSE(fs::exists(file(name)));
        }
        EXPECT_GT(n, 30);
        options_.vfs.clear();
    }
}

// --- Compaction ---------------------------------------------------------------------------------

TEST_F(StoreCare, free_pages_are_given_back_in_steps) {
    fill(1000);
    empty(1000);
    std::vector<std::int64_t> seen;
    auto sizes = give_back_space(options_, [&](std::int64_t done, std::int64_t all) {
        EXPECT_LE(done, all);
        seen.push_back(done);
    });
    ASSERT_TRUE(sizes) << sizes.error().text();
    EXPECT_GT(sizes->before_bytes, 4'000'000) << "what a hub keeps for the next events";
    EXPECT_LT(sizes->after_bytes, 1'000'000);
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
    auto health = inspect(options_, 60'000);
    EXPECT_EQ(health->free_bytes, 0);
    EXPECT_EQ(health->damage, "");
    auto reader = reader_of(options_.path);
    ASSERT_EQ(good(reader->events(everything())).size(), 1u);
}

TEST_F(StoreCare, a_rewritten_file_is_small_and_without_remains) {
    std::string mark = "ada.lovelace@example.com";
    {
        auto hub = writer();
        for (int i = 0; i < 200; ++i) {
            auto request = one_event(std::to_string(i));
            request.accepts[0].event->subject = mark;
            request.accepts[0].event->payload = std::string(3000, ' ') + mark;
            commit_one(*hub, std::move(request));
        }
        fill(*hub, 1000, 1010);
        while (commit_one(*hub, Forget{mark}).forgotten > 0) continue;
    }
    auto sizes = rewrite_file(options_);
    ASSERT_TRUE(sizes) << sizes.error().text();
    EXPECT_LT(sizes->after_bytes, sizes->before_bytes);
    std::ifstream stream(options_.path, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    EXPECT_EQ(bytes.find(mark), std::string::npos);
    auto health = inspect(options_, 60'000);
    EXPECT_EQ(health->damage, "");
    EXPECT_TRUE(health->gives_back);
    EXPECT_EQ(health->journal_mode, "wal");
    EXPECT_EQ(good(reader_of(options_.path)->events(everything())).size(), 210u);
}

TEST_F(StoreCare, beside_a_hub_nothing_is_compacted) {
    auto hub = writer();
    commit_one(*hub, one_event("a"));
    for (const auto& refused : {give_back_space(options_, {}), rewrite_file(options_)}) {
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::locked);
        EXPECT_THAT(refused.error().text(), HasSubstr("process " + std::to_string(::getpid())));
    }
    commit_one(*hub, one_event("b"));
}

TEST_F(StoreCare, where_no_store_is_none_is_made) {
    EXPECT_EQ(give_back_space(options_, {}).error().code, ErrorCode::not_found);
    EXPECT_EQ(rewrite_file(options_).error().code, ErrorCode::not_found);
    EXPECT_TRUE(fs::is_empty(folder_.path()));
}

TEST_F(StoreCare, a_failure_at_any_operation_of_a_compaction_loses_nothing) {
    for (bool full : {false, true}) {
        int struck = 0;
        for (int n = 1; n < 3000; n += 1 + n / 12) {
            fs::remove(options_.path);
            fill(60);
            empty(40);
            testing_support::FaultVfs vfs;
            options_.vfs = vfs.name();
            vfs.fail_at(n, testing_support::Fault::disk_full);
            auto done = full ? rewrite_file(options_) : give_back_space(options_, {});
            bool met = vfs.struck();
            options_.vfs.clear();
            auto health = inspect(options_, 60'000);
            ASSERT_TRUE(health) << n << ": " << health.error().text();
            EXPECT_EQ(health->damage, "") << n;
            EXPECT_EQ(good(reader_of(options_.path)->events(everything())).size(), 21u) << n;
            if (!met) break;
            ++struck;
            EXPECT_TRUE(done || done.error().code == ErrorCode::disk_full ||
                        done.error().code == ErrorCode::io)
                << done.error().text();
        }
        EXPECT_GT(struck, 8);
    }
}

// --- Inspection ---------------------------------------------------------------------------------

TEST_F(StoreCare, a_sound_file_is_seen_as_it_is) {
    auto hub = writer();
    fill(*hub, 0, 5);
    commit_one(*hub, make_settlement(1, DeliveryState::delivered), start_ms);
    auto health = inspect(options_, 60'000);
    ASSERT_TRUE(health) << health.error().text();
    EXPECT_EQ(health->lock_holder, "process " + std::to_string(::getpid()));
    EXPECT_EQ(health->damage, "");
    EXPECT_TRUE(health->check_finished);
    EXPECT_EQ(health->readable_by_others, "");
    EXPECT_EQ(health->journal_mode, "wal");
    EXPECT_TRUE(health->gives_back);
    EXPECT_GT(health->log_bytes, 50'000);
    EXPECT_EQ(health->newest_event_ms, start_ms);
    EXPECT_EQ(health->oldest_pending_ms, start_ms);
    EXPECT_GT(health->disk_free_bytes, 0);
    hub.reset();
    EXPECT_EQ(inspect(options_, 60'000)->lock_holder, "");
}

TEST_F(StoreCare, inspection_leaves_the_lock_to_others) {
    fill(1);
    ASSERT_TRUE(inspect(options_, 60'000));
    auto hub = writer();
    ASSERT_TRUE(inspect(options_, 60'000));
    commit_one(*hub, one_event("goes-on"));
}

TEST_F(StoreCare, what_is_wrong_with_a_file_is_seen) {
    fill(200);
    fs::permissions(options_.path, fs::perms(0644));
    EXPECT_EQ(inspect(options_, 60'000)->readable_by_others, options_.path);
    auto unfinished = inspect(options_, -1);
    EXPECT_FALSE(unfinished->check_finished);
    EXPECT_EQ(unfinished->damage, "");
    std::fstream stream(options_.path, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(30 * 4096);
    stream << std::string(100 * 4096, '\xA5');
    stream.close();
    auto damaged = inspect(options_, 60'000);
    if (damaged) {
        EXPECT_NE(damaged->damage, "");
    } else {
        EXPECT_EQ(damaged.error().code, ErrorCode::corrupt);
    }
}

}  // namespace
}  // namespace syncline::store
