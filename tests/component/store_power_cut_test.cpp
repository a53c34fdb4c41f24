// Power cuts under the SQLite store: one run is recorded, then for thousands of (operation, fate of
// what was not synced) the files are made as a cut there could have left them, and opened by the
// next process. That must find exactly what some prefix of the batches made: at least every batch
// whose commit had returned (I1), at most the one under way, each batch whole or not at all (I7);
// repeats of kept keys are repeats still (I4), the file is sound, and work goes on.
//
// Longer runs: SYNCLINE_POWER_CUTS=<operations to cut after>, SYNCLINE_POWER_SEED=<number>.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>

#include "core/store/sqlite/db.hpp"
#include "store_recorded_run.hpp"
#include "tests/support/power_vfs.hpp"

namespace syncline::store {
namespace {

using testing_support::all_unsynced;
using testing_support::CutDisk;
using testing_support::LyingSyncs;
using testing_support::Unsynced;

constexpr int batches = 64;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t cuts_default = 70;
#else
constexpr std::uint64_t cuts_default = 360;   // × 6 fates = 2,160 states, and those after commits
#endif

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// What is wrong with the store that a cut left; empty: nothing.
class AfterCut {
public:
    AfterCut(const RecordedRun& run, std::size_t operations)
        : run_(run), returned_(run.returned(operations)), begun_(run.begun(operations)) {}

    std::string check(const std::map<std::string, std::string>& files, std::uint64_t seed) {
        TemporaryFolder folder;
        for (const auto& [name, bytes] : files) {
            std::ofstream(folder.file(name), std::ios::binary) << bytes;
        }
        // A log index may be left behind, with anything in it.
        if (seed % 4 == 0) std::ofstream(folder.file("syncline.db-shm")) << std::string(32768, 'x');
        std::string path = folder.file("syncline.db");
        std::string problem = check_store(path, seed);
        if (!problem.empty()) return problem;
        auto db = Db::open(path, OpenMode::read_only, "");
        if (!db) return db.error().text();
        auto verdict = db->text("PRAGMA integrity_check");
        if (!verdict) return verdict.error().text();
        return *verdict == "ok" ? "" : "integrity: " + *verdict;
    }

private:
    std::string check_store(const std::string& path, std::uint64_t seed) {
        SqliteOptions options;
        options.path = path;
        auto store = make_sqlite_store(options);
        auto writer = store->open_writer();
        if (!writer) return "open: " + writer.error().text();
        auto reader = store->open_reader();
        if (!reader) return "open to read: " + reader.error().text();
        auto found = contents_of(**reader, run_.links());
        if (!found) return "reading: " + found.error().text();
        std::string problem = check_contents(*found);
        if (problem.empty()) problem = check_repeats(**writer, seed);
        if (problem.empty()) problem = check_new_work(**writer, **reader);
        return problem;
    }

    std::string check_contents(const Contents& found) const {
        for (std::size_t count = returned_; count <= begun_; ++count)
            if (found == run_.ledger()[count].after) return "";
        const Contents& promised = run_.ledger()[returned_].after;
        std::string text = "the contents are no prefix of the batches (" +
                           std::to_string(returned_) + " returned, " + std::to_string(begun_) +
                           " begun)";
        int named = 0;
        for (const auto& one : promised)
            if (!found.contains(one) && ++named < 8) text += "\n  missing: " + one;
        for (const auto& one : found)
            if (!promised.contains(one) && ++named < 16) text += "\n  not promised: " + one;
        return text;
    }

    /// The newest acknowledged keys and some of the older ones, all repeats.
    std::string check_repeats(Writer& writer, std::uint64_t seed) const {
        std::vector<Accept> accepts;
        for (std::size_t back = 0; back < 4 && back < returned_; ++back) {
            std::size_t number = back < 2 ? returned_ - back : 1 + (seed >> back) % returned_;
            for (const auto& key : run_.ledger()[number].keys) accepts.push_back(make_accept(key));
        }
        std::size_t expected = accepts.size();
        std::vector<Write> writes;
        writes.emplace_back(make_request(std::move(accepts)));
        auto results = try_commit(writer, writes, later_ms);
        if (!results) return "repeats: " + results.error().text();
        std::size_t repeats = (*results)[0].duplicates;
        if (repeats == expected) return "";
        return "only " + std::to_string(repeats) + " of " + std::to_string(expected) +
               " acknowledged keys are repeats";
    }

    static std::string check_new_work(Writer& writer, Reader& reader) {
        std::vector<Write> writes;
        writes.emplace_back(one_event("new", {make_delivery("crm")}));
        auto stored = try_commit(writer, writes, later_ms);
        if (!stored) return "new work: " + stored.error().text();
        if ((*stored)[0].stored.size() != 1) return "new work was taken for a repeat";
        auto id = (*stored)[0].stored[0].deliveries[0].id;
        writes.clear();
        writes.emplace_back(make_settlement(id, DeliveryState::delivered));
        auto settled = try_commit(writer, writes, later_ms);
        if (!settled) return "settling new work: " + settled.error().text();
        for (int i = 0; i < 2; ++i) {
            auto tidied = writer.idle(later_ms);
            if (!tidied) return "tidying: " + tidied.error().text();
        }
        Filter filter;
        filter.id = id;
        auto rows = reader.deliveries(filter);
        if (!rows) return "reading new work: " + rows.error().text();
        bool kept = rows->size() == 1 && rows->front().delivery.state == DeliveryState::delivered;
        return kept ? "" : "new work was not kept";
    }

    static constexpr std::int64_t later_ms = start_ms + 2 * day_ms;
    const RecordedRun& run_;
    const std::size_t returned_;
    const std::size_t begun_;
};

/// Every return of a commit, and `count` operations spread at random over the run, in order.
std::vector<std::size_t> points_of(const RecordedRun& run, std::uint64_t count,
                                   std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<std::size_t> points;
    std::size_t last = run.operations().size();
    for (std::uint64_t i = 0; i < count; ++i) {
        std::size_t from = last * i / count;
        points.push_back(from + random() % (last * (i + 1) / count - from + 1));
    }
    if (count >= cuts_default)
        for (const auto& batch : run.ledger()) points.push_back(batch.returned);
    std::sort(points.begin(), points.end());
    points.erase(std::unique(points.begin(), points.end()), points.end());
    return points;
}

class StorePowerCut : public testing::Test {
protected:
    /// Looks at every fate of every point; the number of states that broke a promise.
    int count_losses(const RecordedRun& run, std::uint64_t cuts, LyingSyncs lies, bool report) {
        CutDisk disk(run.operations(), lies);
        int losses = 0;
        for (auto point : points_of(run, cuts, seed_)) {
            disk.run_to(point);
            for (auto unsynced : all_unsynced) {
                std::uint64_t seed = (seed_ << 32) + point * 8 + static_cast<unsigned>(unsynced);
                auto problem = AfterCut(run, point).check(disk.cut(unsynced, seed), seed);
                ++states_;
                if (problem.empty()) continue;
                ++losses;
                if (report)
                    ADD_FAILURE() << "SYNCLINE_POWER_SEED=" << seed_ << ", cut after operation "
                                  << point << " of " << run.operations().size() << ", unsynced "
                                  << unsynced_name(unsynced) << ": " << problem;
                if (report && losses == 5) return losses;
            }
        }
        return losses;
    }

    const std::uint64_t seed_ = setting("SYNCLINE_POWER_SEED", 1);
    int states_ = 0;
};

TEST_F(StorePowerCut, whatever_a_cut_leaves_holds_all_that_was_acknowledged) {
    RecordedRun run;
    run.run(batches);
    ASSERT_FALSE(HasFailure());
    EXPECT_EQ(count_losses(run, setting("SYNCLINE_POWER_CUTS", cuts_default), LyingSyncs(), true),
              0);
    RecordProperty("operations", static_cast<int>(run.operations().size()));
    RecordProperty("states", states_);
}

TEST_F(StorePowerCut, a_cut_while_old_things_are_removed_leaves_whole_portions) {
    RecordedRun run({.with_retention = true});
    run.run(batches);
    ASSERT_FALSE(HasFailure());
    const auto& last = run.ledger().back().after;
    auto gone = std::count_if(last.begin(), last.end(), [](const std::string& line) {
        return line.find(" expired ") != std::string::npos;
    });
    EXPECT_GT(gone, 5) << "payloads have expired";
    EXPECT_FALSE(last.contains("event attio-0-c has deliveries: 0")) << "rows are gone";
    EXPECT_EQ(count_losses(run, setting("SYNCLINE_POWER_CUTS", cuts_default) / 2, LyingSyncs(),
                           true),
              0);
    RecordProperty("states", states_);
}

TEST_F(StorePowerCut, a_cut_while_pages_are_given_back_loses_nothing) {
    RecordedRun run({.with_retention = true, .payload_bytes = 400'000});
    run.run(16);
    run.grow_old(2 * day_ms);
    ASSERT_FALSE(HasFailure());
    auto cuts = [&](const testing_support::DiskOperation& one) {
        return one.kind == testing_support::DiskOperation::Kind::truncate && one.at > 4096 &&
               !one.name.ends_with("-wal");
    };
    EXPECT_GT(std::count_if(run.operations().begin(), run.operations().end(), cuts), 0)
        << "the file was made smaller";
    EXPECT_EQ(count_losses(run, setting("SYNCLINE_POWER_CUTS", cuts_default) / 8, LyingSyncs(),
                           true),
              0);
    RecordProperty("states", states_);
}

TEST_F(StorePowerCut, losses_are_seen_if_syncs_of_the_log_do_nothing) {
    RecordedRun run;
    run.run(8);
    LyingSyncs lies;
    lies.of_logs = true;
    EXPECT_GT(count_losses(run, 20, lies, false), 20);
}

TEST_F(StorePowerCut, losses_are_seen_if_syncs_of_the_database_do_nothing) {
    RecordedRun run;
    run.run(8);
    LyingSyncs lies;
    lies.of_others = true;
    EXPECT_GT(count_losses(run, 20, lies, false), 20);
}

TEST_F(StorePowerCut, losses_are_seen_if_syncs_of_the_folder_do_nothing) {
    RecordedRun run;
    run.run(8);
    LyingSyncs lies;
    lies.of_folder = true;
    EXPECT_GT(count_losses(run, 20, lies, false), 20);
}

TEST_F(StorePowerCut, a_cut_after_a_failed_sync_holds_all_that_was_acknowledged) {
    for (int sync = 1; sync < 100; ++sync) {
        SCOPED_TRACE("sync " + std::to_string(sync));
        RecordedRun run;
        run.run(5, sync);
        if (HasFailure() || !run.struck()) break;
        EXPECT_EQ(count_losses(run, run.operations().size() / 8, LyingSyncs(), true), 0);
    }
    EXPECT_GT(states_, 1'000);
}

}  // namespace
}  // namespace syncline::store
