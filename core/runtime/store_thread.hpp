// The store's thread: the only user of the writer. Takes whatever waits, commits it as one group,
// then tells everyone. While the store is broken nothing is accepted (503), what is owed is kept,
// and recovery is tried until it succeeds.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/limits.hpp"
#include "core/base/queue.hpp"
#include "core/store/store.hpp"

namespace syncline {

class StoreThread {
public:
    using Done = std::function<void(Result<store::WriteResult>)>;
    /// New deliveries of a commit, in id order; called on the store's thread after the commit.
    using Stored = std::function<void(std::vector<store::StoredEvent>)>;

    /// The store works again after a failure. A batch that was refused may have reached the disk all
    /// the same: what is pending must be read anew. Called on the store's thread, before any commit.
    using Recovered = std::function<void()>;

    StoreThread(std::unique_ptr<store::Writer> writer, const Clock& clock, Stored stored,
                Recovered recovered);
    ~StoreThread();   // stops

    void start();
    /// One turn of the thread's loop: waits at most that long for writes, commits what came or tries
    /// to recover, has housekeeping done. For whoever is the thread instead of start(): a simulation.
    void turn(std::chrono::milliseconds wait);
    /// Refuses new writes, commits what waits, joins. What cannot be committed by then stays as it
    /// was in the store: its done is called with an error.
    void stop();

    /// False when the queue is full or the store is broken. `done` is called once, on this thread.
    bool submit(store::Write write, Done done);
    /// For what must not be refused: settlements of attempts under way (bounded by concurrency).
    /// Kept over failures of the store until it is committed.
    void submit_owed(store::Write write, Done done);

    bool healthy() const { return healthy_.load(); }
    std::size_t queued() const { return queue_.size(); }
    std::uint64_t commits() const { return commits_.load(); }

private:
    struct Item {
        store::Write write;
        Done done;
        bool owed = false;
    };
    void run();
    void rest();
    void commit(std::vector<Item> batch);
    void commit_one_by_one(std::vector<Item> batch);
    void succeed(std::vector<Item>& batch, std::vector<store::WriteResult> results);
    void fail(std::vector<Item> batch, const Error& error);
    void recover();

    std::unique_ptr<store::Writer> writer_;
    const Clock& clock_;
    Stored stored_;
    Recovered recovered_;
    BoundedQueue<Item> queue_{limits::store_queue_max};
    std::vector<Item> owed_;          // of failed commits
    std::int64_t rested_ms_ = 0;      // monotonic
    bool more_to_tidy_ = false;
    std::atomic<bool> healthy_{true};
    std::atomic<std::uint64_t> commits_{0};
    std::thread thread_;
};

}  // namespace syncline
