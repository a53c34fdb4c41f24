// A run of the SQLite store over a recorded disk: batches of every kind of write, with idle moments
// and reopenings between, and a ledger that says after which operation each commit had returned and
// what the store then held. The power-cut tests cut it anywhere.
//
// What the store holds is read back through its own readers; that each commit kept what it was
// given is the conformance suite's business; of that the run only asks for events, their numbers of
// deliveries, and links.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "store_fixture.hpp"
#include "tests/support/power_vfs.hpp"

namespace syncline::store {

/// All that a store holds, one line a thing.
using Contents = std::set<std::string>;

/// `links`: the source ids to ask for.
Result<Contents> contents_of(Reader& reader, const std::vector<std::string>& links);

struct Batch {
    std::size_t begun = 0;      // operations before it
    std::size_t returned = 0;   // operations when commit() had returned
    std::vector<std::string> keys;
    std::vector<std::string> promised;   // lines that must be among those after it
    Contents after;                      // what the store held then
};

/// What a run is about, beside batches.
struct RunKind {
    /// Old things are removed; each idle moment has a place in the ledger of its own.
    bool with_retention = false;
    std::size_t payload_bytes = 0;   // of the events without deliveries; 0: small
};

class RecordedRun {
public:
    explicit RecordedRun(RunKind kind = RunKind()) : kind_(kind) { open(); }

    /// With a `failing_sync`, the sync of that number after the opening fails; the writer recovers
    /// and the batch is tried again; for up to 5 batches, whose second try changes nothing.
    void run(int count, int failing_sync = 0);

    /// Lets time pass, and then idle moments until nothing is left to do.
    void grow_old(std::int64_t by_ms);

    bool struck() const { return struck_; }
    /// [0] is the empty store; then one for each batch.
    const std::vector<Batch>& ledger() const { return ledger_; }
    const std::vector<std::string>& links() const { return links_; }
    const std::vector<testing_support::DiskOperation>& operations() const {
        return vfs_.operations();
    }
    /// How many batches had returned, and how many had begun, after so many operations.
    std::size_t returned(std::size_t operations) const;
    std::size_t begun(std::size_t operations) const;

private:
    void open();
    void close() { writer_.reset(); }
    void reopen() {
        close();
        open();
    }
    std::vector<Write> make_writes(int number, Batch& batch);
    Settlement make_settling(int number, Batch& batch);
    void commit_batch(int number);
    void tidy(int number);
    bool idle(std::int64_t now_ms);
    void recover();
    Contents contents();

    const RunKind kind_;
    TemporaryFolder folder_;
    testing_support::PowerVfs vfs_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<Writer> writer_;
    std::vector<Batch> ledger_;
    std::vector<std::string> links_;
    std::vector<std::uint64_t> pending_;
    std::vector<std::uint64_t> settled_;
    std::int64_t now_ms_ = start_ms;
    bool struck_ = false;
};

}  // namespace syncline::store
