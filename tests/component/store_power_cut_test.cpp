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
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "core/store/sqlite/db.hpp"
#include "store_fixture.hpp"
#include "tests/support/power_vfs.hpp"

namespace syncline::store {
namespace {

using testing_support::all_unsynced;
using testing_support::CutDisk;
using testing_support::Fault;
using testing_support::LyingSyncs;
using testing_support::PowerVfs;
using testing_support::Unsynced;

constexpr int batches = 64;
constexpr std::int64_t batch_every_ms = 20 * 60'000;   // each third batch truncates the log if idle

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t cuts_default = 70;
#else
constexpr std::uint64_t cuts_default = 360;   // × 6 fates = 2,160 states, and those after commits
#endif

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// All that a store holds, one line a thing.
using Contents = std::set<std::string>;

std::string line(const Event& event) {
    return "event " + std::to_string(event.seq) + " " + event.id + " " + event.type + " " +
           event.subject + " " + std::to_string(std::hash<std::string>()(event.payload));
}

std::string line(const Delivery& delivery) {
    return "delivery " + std::to_string(delivery.id) + " of " + std::to_string(delivery.event_seq) +
           " to " + delivery.destination + ": " + std::string(delivery_state_name(delivery.state)) +
           " attempts " + std::to_string(delivery.attempts) + " parent " +
           std::to_string(delivery.parent) + (delivery.uncertain ? " uncertain " : " ") +
           delivery.note;
}

std::string line(const Link& link) {
    return "link " + link.destination + " " + link.kind + " " + link.source_id + " = " + link.id;
}

/// `links`: the source ids to ask for.
Result<Contents> contents_of(Reader& reader, const std::vector<std::string>& links) {
    Contents all;
    auto events = reader.events(everything());
    if (!events) return events.error();
    for (auto& row : *events) {
        all.insert(line(row.event));
        all.insert("event " + row.event.id + " has deliveries: " + std::to_string(row.deliveries));
    }
    auto deliveries = reader.deliveries(everything());
    if (!deliveries) return deliveries.error();
    for (auto& row : *deliveries) {
        all.insert(line(row.delivery));
        auto attempts = reader.attempts(row.delivery.id);
        if (!attempts) return attempts.error();
        for (auto& attempt : *attempts)
            all.insert("attempt " + std::to_string(attempt.number) + " of " +
                       std::to_string(attempt.delivery_id));
    }
    for (const auto& id : links) {
        auto link = reader.link("crm", "deal", id);
        if (!link) return link.error();
        if (*link) all.insert(line(**link));
    }
    auto counts = reader.counts();
    if (!counts) return counts.error();
    for (auto& [name, count] : *counts) all.insert("count " + name + " " + std::to_string(count));
    return all;
}

struct Batch {
    std::size_t begun = 0;      // operations before it
    std::size_t returned = 0;   // operations when commit() had returned
    std::vector<std::string> keys;
    Contents after;             // what the store held then
};

/// A run of a store over a recorded disk, with its ledger of acknowledgements.
class RecordedRun {
public:
    RecordedRun() { open(); }

    /// With a `failing_sync`, the sync of that number after the opening fails.
    void run(int count, int failing_sync = 0) {
        if (failing_sync > 0) vfs_.faults().fail_at(failing_sync, Fault::failed_sync);
        for (int number = 0; number < count; ++number) {
            commit_batch(number);
            tidy(number);
            if (number % 24 == 20) reopen();   // the last to close moves and deletes the log
        }
        struck_ = vfs_.faults().struck();
        vfs_.faults().heal();
        close();
    }

    bool struck() const { return struck_; }
    const std::vector<Batch>& ledger() const { return ledger_; }
    const std::vector<std::string>& links() const { return links_; }
    const std::vector<testing_support::DiskOperation>& operations() const {
        return vfs_.operations();
    }
    /// How many batches had returned, and how many had begun, after so many operations.
    std::size_t returned(std::size_t operations) const {
        return static_cast<std::size_t>(std::count_if(
            ledger_.begin() + 1, ledger_.end(),
            [&](const Batch& batch) { return batch.returned <= operations; }));
    }
    std::size_t begun(std::size_t operations) const {
        return static_cast<std::size_t>(std::count_if(
            ledger_.begin() + 1, ledger_.end(),
            [&](const Batch& batch) { return batch.begun < operations; }));
    }

private:
    void open() {
        SqliteOptions options;
        options.path = folder_.file("syncline.db");
        options.vfs = vfs_.name();
        store_ = make_sqlite_store(options);
        writer_ = good(store_->open_writer());
        if (ledger_.empty()) ledger_.emplace_back().after = contents();
    }
    void close() { writer_.reset(); }
    void reopen() {
        close();
        open();
    }

    std::vector<Write> make_writes(int number, std::vector<std::string>& keys) {
        std::string key = std::to_string(number);
        std::vector<Accept> accepts;
        accepts.push_back(make_accept(key + "-a", {make_delivery("crm"), make_delivery("wiki")}));
        accepts.push_back(make_accept(key + "-b", {make_delivery("crm")}));
        accepts.push_back(make_accept(key + "-c"));
        if (number % 7 == 3) accepts[1].event->payload.assign(9'000, 'x');   // over several pages
        for (auto& accept : accepts) keys.push_back(accept.dedupe_key);
        if (number % 3 == 2) accepts.push_back(make_accept(std::to_string(number - 2) + "-a"));
        std::vector<Write> writes;
        writes.emplace_back(make_request(std::move(accepts)));
        if (pending_.size() < 3) return writes;
        writes.emplace_back(MarkStarted{pending_[2]});
        writes.emplace_back(make_settling(number, keys));
        if (number % 5 == 4 && number > 5) writes.emplace_back(Replay{{settled_.back()}});
        return writes;
    }

    /// Most become delivered and leave a link and an event; others die or wait for another try.
    Settlement make_settling(int number, std::vector<std::string>& keys) {
        bool again = number % 6 == 5;
        auto state = again ? DeliveryState::pending
                           : number % 4 == 3 ? DeliveryState::dead : DeliveryState::delivered;
        auto settlement = make_settlement(pending_.front(), state, again ? 1 : 2);
        settlement.note = "settled by " + std::to_string(number);
        settlement.attempt.emplace();
        settlement.attempt->number = 1;
        settled_.push_back(pending_.front());
        if (state != DeliveryState::delivered) return settlement;
        std::string key = std::to_string(number);
        links_.push_back("rec-" + key);
        settlement.links.push_back(make_link("rec-" + key, key));
        settlement.emitted.push_back(make_accept(key + "-e", {make_delivery("wiki")}));
        keys.push_back(key + "-e");
        return settlement;
    }

    void commit_batch(int number) {
        Batch batch;
        auto writes = make_writes(number, batch.keys);
        now_ms_ += batch_every_ms;
        batch.begun = operations().size();
        auto results = try_commit(*writer_, writes, now_ms_);
        if (!results) {
            recover();
            // What of the first try is there after all is a repeat; the end is the same.
            results = try_commit(*writer_, writes, now_ms_);
        }
        ASSERT_TRUE(results) << results.error().text();
        batch.returned = operations().size();
        batch.after = contents();
        EXPECT_GT(batch.returned, batch.begun);
        EXPECT_GE(batch.after.size(), ledger_.back().after.size() + 9) << "batch " << number;
        for (const auto& key : batch.keys) {
            bool named = std::any_of(batch.after.begin(), batch.after.end(), [&](const auto& one) {
                return one.starts_with("event attio-" + key + " has deliveries: ");
            });
            EXPECT_TRUE(named) << key;
        }
        ledger_.push_back(std::move(batch));
    }

    void tidy(int number) {
        if (number % 4 == 1) return;
        for (int i = 0; i < 1 + number % 3; ++i)
            if (!writer_->idle(now_ms_)) recover();
    }

    void recover() {
        vfs_.faults().heal();
        auto recovered = writer_->recover();
        EXPECT_TRUE(recovered) << recovered.error().text();
    }

    /// What the live store holds; also notes what is pending.
    Contents contents() {
        auto reader = good(store_->open_reader());
        Filter filter = everything();
        filter.state = "pending";
        pending_.clear();
        for (auto& row : good(reader->deliveries(filter))) pending_.push_back(row.delivery.id);
        std::sort(pending_.begin(), pending_.end());
        return good(contents_of(*reader, links_));
    }

    TemporaryFolder folder_;
    PowerVfs vfs_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<Writer> writer_;
    std::vector<Batch> ledger_;   // [0] is the empty store
    std::vector<std::string> links_;
    std::vector<std::uint64_t> pending_;
    std::vector<std::uint64_t> settled_;
    std::int64_t now_ms_ = start_ms;
    bool struck_ = false;
};

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
                std::uint64_t seed = seed_ * 1'000'003 + point * 8 + static_cast<unsigned>(unsynced);
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

}  // namespace
}  // namespace syncline::store
