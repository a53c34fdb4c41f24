// Disk faults under the SQLite store: the n-th operation fails, for every n of a short run. What
// was acknowledged must be there, what was refused must be there whole or not at all, the writer
// must refuse until it has recovered, and recovery must work once the disk does.
#include <gtest/gtest.h>

#include <algorithm>

#include "store_fixture.hpp"
#include "tests/support/fault_vfs.hpp"

namespace syncline::store {
namespace {

using testing_support::Fault;
using testing_support::FaultVfs;

constexpr int batches = 6;

class StoreFaults : public testing::Test {
protected:
    std::unique_ptr<Store> store(const std::string& file, bool through_faults = true) {
        SqliteOptions options;
        options.path = folder_.file(file);
        if (through_faults) options.vfs = vfs_.name();
        return make_sqlite_store(options);
    }

    /// Two events with a delivery each, and a settlement that makes a link and emits an event.
    static std::vector<Write> batch(int number, std::uint64_t settles) {
        std::string key = std::to_string(number);
        std::vector<Accept> accepts;
        accepts.push_back(make_accept(key + "-a", {make_delivery("crm")}));
        accepts.push_back(make_accept(key + "-b", {make_delivery("wiki")}));
        accepts.back().event->payload.assign(9000, 'x');   // over several pages
        std::vector<Write> writes;
        writes.emplace_back(make_request(std::move(accepts)));
        auto settlement = make_settlement(settles, DeliveryState::delivered);
        settlement.links.push_back(make_link("rec-" + key, key));
        settlement.emitted.push_back(make_accept(key + "-e", {make_delivery("issues")}));
        writes.emplace_back(std::move(settlement));
        return writes;
    }

    /// Commits all batches; after a failure heals the disk and recovers. The acknowledged numbers.
    std::vector<int> run(Writer& writer, const std::vector<Delivery>& settles, ErrorCode expected) {
        std::vector<int> acknowledged;
        for (int number = 0; number < batches; ++number) {
            auto writes = batch(number, settles.at(static_cast<std::size_t>(number)).id);
            auto results = try_commit(writer, writes);
            if (results) {
                acknowledged.push_back(number);
            } else {
                EXPECT_EQ(results.error().code, expected) << results.error().text();
                EXPECT_EQ(std::get<AcceptRequest>(writes[0]).accepts[0].event->seq, 0u);
                expect_refusal(writer, expected);
                recover(writer);
            }
            auto tidied = writer.idle(start_ms + number * hour_ms);
            if (tidied) tidied = writer.idle(start_ms + number * hour_ms + 1);
            if (!tidied) recover(writer);
        }
        return acknowledged;
    }

    void expect_refusal(Writer& writer, ErrorCode expected) {
        std::vector<Write> writes;
        writes.emplace_back(one_event("refused"));
        auto refused = try_commit(writer, writes);
        ASSERT_FALSE(refused) << "a writer in doubt must take nothing";
        EXPECT_EQ(refused.error().code, expected);
        EXPECT_FALSE(writer.idle(start_ms));
    }

    void recover(Writer& writer) {
        vfs_.heal();
        auto recovered = writer.recover();
        EXPECT_TRUE(recovered) << recovered.error().text();
    }

    /// Opens the file as the next process would, and looks at every batch.
    void check(const std::string& file, const std::vector<int>& acknowledged) {
        auto opened = store(file, false);
        auto writer = good(opened->open_writer());
        auto reader = good(opened->open_reader());
        for (int number = 0; number < batches; ++number) {
            std::string key = std::to_string(number);
            std::size_t events = 0;
            for (auto* part : {"-a", "-b", "-e"}) {
                Filter filter;
                filter.event_id = "attio-" + key + part;
                events += good(reader->events(filter)).size();
                events += good(reader->deliveries(filter)).size();
            }
            events += good(reader->link("crm", "deal", "rec-" + key)).has_value() ? 1 : 0;
            bool is_whole = events == 7;
            bool was_promised = std::find(acknowledged.begin(), acknowledged.end(), number) !=
                                acknowledged.end();
            EXPECT_TRUE(is_whole || (!was_promised && events == 0))
                << "batch " << number << (was_promised ? " acknowledged, " : " refused, ") << events
                << " of 7 parts found";
        }
        Filter refused;
        refused.event_id = "attio-refused";
        EXPECT_TRUE(good(reader->events(refused)).empty());
        EXPECT_EQ(good(reader->deliveries(everything())).size(),
                  count_of(*reader, "pending") + count_of(*reader, "delivered"));
    }

    /// Every n until a run meets no fault any more. How many runs were struck.
    int fail_every_operation(Fault fault, ErrorCode expected) {
        for (int n = 1; n < 2000; ++n) {
            SCOPED_TRACE("operation " + std::to_string(n));
            std::string file = "run-" + std::to_string(n) + ".db";
            auto opened = store(file);
            auto writer = good(opened->open_writer());
            std::vector<Delivery> first(batches, make_delivery("crm"));
            auto settles = commit_one(*writer, one_event("start", first)).stored.at(0).deliveries;
            vfs_.fail_at(n, fault);
            auto acknowledged = run(*writer, settles, expected);
            bool struck = vfs_.struck();
            vfs_.heal();
            writer.reset();
            check(file, acknowledged);
            if (!struck) return n - 1;
            if (HasFailure()) return -1;
        }
        return -1;
    }

    TemporaryFolder folder_;
    FaultVfs vfs_;
};

TEST_F(StoreFaults, every_commit_syncs_the_log_before_it_returns) {
    auto opened = store("sync.db");
    auto writer = good(opened->open_writer());
    for (int i = 0; i < 20; ++i) {
        auto before = vfs_.log_syncs();
        commit_one(*writer, one_event(std::to_string(i)));
        EXPECT_GE(vfs_.log_syncs(), before + 1) << "commit " << i;
    }
}

TEST_F(StoreFaults, an_io_error_at_any_operation_loses_nothing_acknowledged) {
    EXPECT_GT(fail_every_operation(Fault::io_error, ErrorCode::io), 50);
}

TEST_F(StoreFaults, a_full_disk_at_any_operation_loses_nothing_acknowledged) {
    EXPECT_GT(fail_every_operation(Fault::disk_full, ErrorCode::disk_full), 50);
}

TEST_F(StoreFaults, a_short_write_at_any_operation_loses_nothing_acknowledged) {
    EXPECT_GT(fail_every_operation(Fault::short_write, ErrorCode::io), 50);
}

TEST_F(StoreFaults, a_failed_sync_at_any_time_loses_nothing_acknowledged) {
    EXPECT_GT(fail_every_operation(Fault::failed_sync, ErrorCode::io), 10);
}

TEST_F(StoreFaults, a_disk_that_stays_full_keeps_the_writer_refusing_until_there_is_room) {
    auto opened = store("full.db");
    auto writer = good(opened->open_writer());
    commit_one(*writer, one_event("before", {make_delivery("crm")}));
    vfs_.fail_at(1, Fault::disk_full, true);
    std::vector<Write> writes;
    writes.emplace_back(one_event("during", {make_delivery("crm")}));
    auto failed = try_commit(*writer, writes);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::disk_full);
    EXPECT_NE(failed.error().text().find("the disk is full"), std::string::npos);
    for (int i = 0; i < 3; ++i) {
        auto recovered = writer->recover();
        ASSERT_FALSE(recovered);
        EXPECT_EQ(recovered.error().code, ErrorCode::disk_full) << recovered.error().text();
        EXPECT_FALSE(try_commit(*writer, writes));
    }
    vfs_.heal();
    ASSERT_TRUE(writer->recover());
    auto results = try_commit(*writer, writes);
    ASSERT_TRUE(results);
    EXPECT_EQ((*results)[0].stored.size(), 1u);
    auto reader = good(opened->open_reader());
    EXPECT_EQ(good(reader->pending("crm", 0, 10)).size(), 2u);
}

TEST_F(StoreFaults, a_reader_goes_on_while_the_writer_fails_and_recovers) {
    auto opened = store("reader.db");
    auto writer = good(opened->open_writer());
    auto reader = good(opened->open_reader());
    commit_one(*writer, one_event("before", {make_delivery("crm")}));
    EXPECT_EQ(good(reader->pending("crm", 0, 10)).size(), 1u);
    vfs_.fail_at(1, Fault::io_error);
    std::vector<Write> writes;
    writes.emplace_back(one_event("during", {make_delivery("crm")}));
    EXPECT_FALSE(try_commit(*writer, writes));
    EXPECT_EQ(good(reader->pending("crm", 0, 10)).size(), 1u);
    ASSERT_TRUE(writer->recover());
    EXPECT_TRUE(try_commit(*writer, writes));
    EXPECT_EQ(good(reader->pending("crm", 0, 10)).size(), 2u);
}

TEST_F(StoreFaults, a_fault_while_opening_is_said_and_leaves_no_lock_behind) {
    int struck = 0;
    for (int n = 1; n < 200; ++n) {
        std::string file = "open-" + std::to_string(n) + ".db";
        vfs_.fail_at(n, Fault::io_error);
        {
            auto writer = store(file)->open_writer();
            if (!vfs_.struck()) break;
            ++struck;
            if (!writer) {
                EXPECT_EQ(writer.error().code, ErrorCode::io) << writer.error().text();
            }
        }
        vfs_.heal();
        auto again = store(file)->open_writer();
        ASSERT_TRUE(again) << n << ": " << again.error().text();
        commit_one(**again, one_event("a"));
    }
    EXPECT_GT(struck, 5);
}

}  // namespace
}  // namespace syncline::store
