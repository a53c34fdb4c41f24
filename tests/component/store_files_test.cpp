// What can be wrong with the file, its directory or its lock when the SQLite store opens: each has
// its error code and a sentence that says what to do.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/store/sqlite/db.hpp"
#include "core/store/sqlite/schema.hpp"
#include "store_fixture.hpp"

namespace syncline::store {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// For root, permissions do not hold: this thread looks at files as another user for a while.
class AsOrdinaryUser {
public:
    AsOrdinaryUser() {
        if (::geteuid() == 0) ::setfsuid(65534);
    }
    ~AsOrdinaryUser() { ::setfsuid(::geteuid()); }
};

class StoreFiles : public testing::Test {
protected:
    std::unique_ptr<Store> store(const std::string& path) {
        SqliteOptions options;
        options.path = path;
        options.busy_timeout_ms = 50;
        return make_sqlite_store(options);
    }

    std::string file(const std::string& name = "syncline.db") { return folder_.file(name); }

    /// A database with some events, closed.
    void fill(int events = 200) {
        auto writer = good(store(file())->open_writer());
        for (int i = 0; i < events; ++i)
            commit_one(*writer, one_event(std::to_string(i), {make_delivery("crm")}));
    }

    void run_sql(const char* sql) {
        auto db = Db::open(file(), OpenMode::read_write, "");
        ASSERT_TRUE(db) << db.error().text();
        auto done = db->run(sql);
        ASSERT_TRUE(done) << done.error().text();
    }

    void overwrite(std::uintmax_t from, std::uintmax_t size, char with) {
        std::fstream stream(file(), std::ios::in | std::ios::out | std::ios::binary);
        stream.seekp(static_cast<std::streamoff>(from));
        stream << std::string(size, with);
        ASSERT_TRUE(stream.good());
    }

    Error writer_error(const std::string& path) { return error_of(store(path)->open_writer()); }
    Error reader_error(const std::string& path) { return error_of(store(path)->open_reader()); }

    template <class T>
    Error error_of(const Result<T>& opened) {
        EXPECT_FALSE(opened) << "opened though it must not";
        return opened ? Error() : opened.error();
    }

    TemporaryFolder folder_;
};

TEST_F(StoreFiles, a_new_database_is_readable_by_its_owner_alone) {
    auto writer = good(store(file())->open_writer());
    commit_one(*writer, one_event("a"));
    for (const auto& name : {file(), file() + "-wal"}) {
        struct stat found {};
        ASSERT_EQ(::stat(name.c_str(), &found), 0) << name;
        EXPECT_EQ(found.st_mode & 0777, 0600u) << name;
    }
}

TEST_F(StoreFiles, a_database_of_a_newer_version_is_refused_and_left_alone) {
    fill(1);
    run_sql("PRAGMA user_version=999");
    for (const auto& error : {writer_error(file()), reader_error(file())}) {
        EXPECT_EQ(error.code, ErrorCode::newer_version);
        EXPECT_THAT(error.text(), HasSubstr("newer Syncline (schema version 999"));
        EXPECT_THAT(error.text(), HasSubstr(file()));
    }
    auto db = Db::open(file(), OpenMode::read_only, "");
    EXPECT_EQ(good(db->integer("PRAGMA user_version")), 999);
}

TEST_F(StoreFiles, a_reader_refuses_an_older_version_and_says_how_to_bring_it_up_to_date) {
    fill(1);
    run_sql("PRAGMA user_version=0");
    auto error = reader_error(file());
    EXPECT_EQ(error.code, ErrorCode::unsupported);
    EXPECT_THAT(error.text(), HasSubstr("older Syncline"));
    EXPECT_THAT(error.text(), HasSubstr("start the hub once"));
}

TEST_F(StoreFiles, a_file_that_is_no_database_is_refused_and_left_alone) {
    std::string text = "listen: 0.0.0.0:8080\n" + std::string(4000, '#');
    std::ofstream(file()) << text;
    for (const auto& error : {writer_error(file()), reader_error(file())}) {
        EXPECT_EQ(error.code, ErrorCode::corrupt);
        EXPECT_THAT(error.text(), HasSubstr("not a Syncline database"));
    }
    std::ifstream again(file());
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(again), {}), text);
}

TEST_F(StoreFiles, a_database_of_another_program_is_refused_and_left_alone) {
    std::ofstream(file()).close();
    run_sql("CREATE TABLE recipes(name TEXT)");
    for (const auto& error : {writer_error(file()), reader_error(file())}) {
        EXPECT_EQ(error.code, ErrorCode::unsupported);
        EXPECT_THAT(error.text(), HasSubstr("another program"));
    }
    auto db = Db::open(file(), OpenMode::read_only, "");
    EXPECT_EQ(good(db->text("PRAGMA journal_mode")), "delete");
}

TEST_F(StoreFiles, a_truncated_database_is_corrupt) {
    fill();
    fs::resize_file(file(), fs::file_size(file()) / 2);
    EXPECT_EQ(writer_error(file()).code, ErrorCode::corrupt);
    EXPECT_THAT(reader_error(file()).text(), HasSubstr("damaged"));
}

TEST_F(StoreFiles, damage_found_by_a_commit_stops_the_writer_for_good) {
    fill();
    overwrite(4096, fs::file_size(file()) - 4096, '\xA5');
    auto opened = store(file())->open_writer();
    if (!opened) {
        EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
        return;
    }
    std::vector<Write> writes;
    writes.emplace_back(one_event("new"));
    for (int i = 0; i < 2; ++i) {
        auto failed = try_commit(**opened, writes);
        ASSERT_FALSE(failed);
        EXPECT_EQ(failed.error().code, ErrorCode::corrupt) << failed.error().text();
        auto recovered = (*opened)->recover();
        ASSERT_FALSE(recovered);
        EXPECT_EQ(recovered.error().code, ErrorCode::corrupt) << recovered.error().text();
    }
}

TEST_F(StoreFiles, a_read_only_file_is_an_io_error_with_the_reason) {
    fill(1);
    fs::permissions(folder_.path(), fs::perms::all);
    fs::permissions(file(), fs::perms(0444));
    fs::permissions(file() + ".lock", fs::perms(0666));
    AsOrdinaryUser ordinary;
    auto error = writer_error(file());
    EXPECT_EQ(error.code, ErrorCode::io);
    EXPECT_THAT(error.text(), HasSubstr("read-only"));
}

TEST_F(StoreFiles, a_read_only_directory_is_an_io_error_with_the_reason) {
    fs::permissions(folder_.path(), fs::perms(0555));
    AsOrdinaryUser ordinary;
    auto error = writer_error(file());
    EXPECT_EQ(error.code, ErrorCode::io);
    EXPECT_THAT(error.text(), HasSubstr("Permission denied"));
    EXPECT_THAT(error.text(), HasSubstr(file()));
}

TEST_F(StoreFiles, a_file_that_may_not_be_read_is_an_io_error) {
    fill(1);
    fs::permissions(folder_.path(), fs::perms::all);
    AsOrdinaryUser ordinary;
    auto error = reader_error(file());
    EXPECT_EQ(error.code, ErrorCode::io) << error.text();
}

TEST_F(StoreFiles, a_directory_in_place_of_the_file_is_said) {
    for (const auto& error : {writer_error(folder_.path()), reader_error(folder_.path())}) {
        EXPECT_EQ(error.code, ErrorCode::io);
        EXPECT_THAT(error.text(), HasSubstr("is a directory"));
    }
}

TEST_F(StoreFiles, a_pipe_in_place_of_the_file_is_said) {
    ASSERT_EQ(::mkfifo(file().c_str(), 0600), 0);
    EXPECT_THAT(writer_error(file()).text(), HasSubstr("not a regular file"));
}

TEST_F(StoreFiles, a_missing_directory_is_named) {
    auto error = writer_error(file("missing/syncline.db"));
    EXPECT_EQ(error.code, ErrorCode::io);
    EXPECT_THAT(error.text(), HasSubstr(file("missing") + " does not exist"));
    EXPECT_EQ(reader_error(file("missing/syncline.db")).code, ErrorCode::not_found);
}

TEST_F(StoreFiles, an_empty_path_is_refused) {
    EXPECT_EQ(writer_error("").code, ErrorCode::invalid_argument);
    EXPECT_EQ(reader_error("").code, ErrorCode::invalid_argument);
}

TEST_F(StoreFiles, a_reader_makes_no_file) {
    auto error = reader_error(file());
    EXPECT_EQ(error.code, ErrorCode::not_found);
    EXPECT_THAT(error.text(), HasSubstr("no hub has run here"));
    EXPECT_TRUE(fs::is_empty(folder_.path()));
}

TEST_F(StoreFiles, an_empty_file_is_a_new_database_to_a_writer_and_nothing_to_a_reader) {
    std::ofstream(file()).close();
    EXPECT_EQ(reader_error(file()).code, ErrorCode::not_found);
    auto writer = good(store(file())->open_writer());
    commit_one(*writer, one_event("a"));
}

TEST_F(StoreFiles, a_path_is_never_read_as_a_uri) {
    auto path = file("file:x?mode=memory");
    { auto writer = good(store(path)->open_writer()); }
    EXPECT_TRUE(fs::exists(path));
}

// --- The lock -----------------------------------------------------------------------------------

TEST_F(StoreFiles, a_second_writer_is_refused_and_told_the_process) {
    auto writer = good(store(file())->open_writer());
    auto error = writer_error(file());
    EXPECT_EQ(error.code, ErrorCode::locked);
    EXPECT_THAT(error.text(), HasSubstr("process " + std::to_string(::getpid())));
    writer.reset();
    EXPECT_TRUE(store(file())->open_writer());
}

TEST_F(StoreFiles, another_spelling_of_the_path_meets_the_same_lock) {
    auto writer = good(store(file())->open_writer());
    fs::create_symlink(file(), file("alias.db"));
    EXPECT_EQ(writer_error(file("alias.db")).code, ErrorCode::locked);
    EXPECT_EQ(writer_error(file("./syncline.db")).code, ErrorCode::locked);
}

TEST_F(StoreFiles, a_stale_lock_file_is_no_lock) {
    std::ofstream(file() + ".lock") << "123456\n";
    EXPECT_TRUE(store(file())->open_writer());
}

TEST_F(StoreFiles, a_lock_file_that_is_a_link_is_not_followed) {
    std::ofstream(file("precious")) << "precious";
    fs::create_symlink(file("precious"), file() + ".lock");
    EXPECT_EQ(writer_error(file()).code, ErrorCode::io);
    std::ifstream precious(file("precious"));
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(precious), {}), "precious");
}

TEST_F(StoreFiles, a_failed_opening_frees_the_lock) {
    std::ofstream(file()) << std::string(4000, '#');
    EXPECT_EQ(writer_error(file()).code, ErrorCode::corrupt);
    fs::remove(file());
    EXPECT_TRUE(store(file())->open_writer());
}

// --- Migration ----------------------------------------------------------------------------------

constexpr const char* second_step = "CREATE TABLE extra(x);";
constexpr const char* broken_step = "CREATE TABLE more(x); INSERT INTO nowhere VALUES(1);";

TEST_F(StoreFiles, a_migration_takes_an_older_database_on_and_keeps_its_rows) {
    fill(3);
    auto steps = schema_migrations();
    std::vector<const char*> longer(steps.begin(), steps.end());
    longer.push_back(second_step);
    auto db = Db::open(file(), OpenMode::read_write, "");
    ASSERT_TRUE(migrate(*db, longer));
    EXPECT_EQ(good(db->integer("PRAGMA user_version")), static_cast<std::int64_t>(longer.size()));
    EXPECT_EQ(good(db->integer("SELECT count(*) FROM events")), 3);
    EXPECT_EQ(good(db->integer("SELECT count(*) FROM extra")), 0);
    EXPECT_TRUE(migrate(*db, longer)) << "a second time there is nothing to do";
}

TEST_F(StoreFiles, a_migration_that_fails_changes_nothing) {
    fill(3);
    auto steps = schema_migrations();
    std::vector<const char*> longer(steps.begin(), steps.end());
    longer.push_back(second_step);
    longer.push_back(broken_step);
    auto db = Db::open(file(), OpenMode::read_write, "");
    EXPECT_FALSE(migrate(*db, longer));
    EXPECT_FALSE(db->in_transaction());
    EXPECT_EQ(good(db->integer("PRAGMA user_version")), static_cast<std::int64_t>(steps.size()));
    auto made = db->integer("SELECT count(*) FROM sqlite_schema WHERE name IN ('extra','more')");
    EXPECT_EQ(good(made), 0);
}

}  // namespace
}  // namespace syncline::store
