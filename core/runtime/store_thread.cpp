#include "core/runtime/store_thread.hpp"

#include <iterator>

#include "core/base/log.hpp"

namespace syncline {
namespace {

constexpr std::chrono::milliseconds idle_wait{250};      // then checkpoints and retention have a turn
constexpr std::chrono::milliseconds work_wait{20};       // the same, while there is more of it to do
constexpr std::int64_t rest_every_ms = 1000;             // where load leaves no idle moment
constexpr std::chrono::milliseconds recovery_wait{1000}; // between attempts to reopen a broken store

/// Failures after which the file handle is not to be trusted any more (reliability: a failed sync
/// is final). Others are the fault of one write.
bool store_is_broken(ErrorCode code) {
    return code == ErrorCode::io || code == ErrorCode::disk_full || code == ErrorCode::corrupt ||
           code == ErrorCode::locked || code == ErrorCode::unavailable;
}

}  // namespace

StoreThread::StoreThread(std::unique_ptr<store::Writer> writer, const Clock& clock, Stored stored,
                         Recovered recovered)
    : writer_(std::move(writer)),
      clock_(clock),
      stored_(std::move(stored)),
      recovered_(std::move(recovered)) {}

StoreThread::~StoreThread() {
    stop();
}

void StoreThread::start() {
    thread_ = std::thread([this] { run(); });
}

void StoreThread::stop() {
    queue_.close();
    if (thread_.joinable()) thread_.join();
}

bool StoreThread::submit(store::Write write, Done done) {
    if (!healthy_.load()) return false;
    return queue_.try_push(Item{std::move(write), std::move(done), false});
}

void StoreThread::submit_owed(store::Write write, Done done) {
    queue_.push_owed(Item{std::move(write), std::move(done), true});
}

void StoreThread::run() {
    while (!queue_.drained())
        turn(!healthy_.load() ? recovery_wait : more_to_tidy_ ? work_wait : idle_wait);
    for (auto& item : owed_)
        item.done(Error(ErrorCode::unavailable, "the store was unavailable until the end"));
    owed_.clear();
}

void StoreThread::turn(std::chrono::milliseconds wait) {
    auto batch = queue_.pop_batch_for(limits::commit_batch_max, wait);
    if (!healthy_.load()) recover();
    bool idle = batch.empty();
    if (!idle) {
        if (healthy_.load()) commit(std::move(batch));
        else fail(std::move(batch), Error(ErrorCode::unavailable, "the store is unavailable"));
    }
    // Also after a commit that left nobody waiting, and under a load that never does so.
    bool due = clock_.monotonic_ms() - rested_ms_ >= rest_every_ms;
    if (healthy_.load() && (idle || due || queue_.size() == 0)) rest();
}

void StoreThread::rest() {
    rested_ms_ = clock_.monotonic_ms();
    auto more = writer_->idle(clock_.wall_ms());
    more_to_tidy_ = more && *more;
    if (more) return;
    log_warning("store housekeeping failed", {{"error", more.error().text()}});
    // Another program's lock passes by itself; else the writer refuses everything until recover().
    bool broken = more.error().code != ErrorCode::locked && store_is_broken(more.error().code);
    if (broken) healthy_.store(false);
}

void StoreThread::commit(std::vector<Item> batch) {
    std::vector<store::Write*> writes;
    writes.reserve(batch.size());
    for (auto& item : batch) writes.push_back(&item.write);
    auto committed = writer_->commit(writes, clock_.wall_ms());
    if (committed) return succeed(batch, std::move(*committed));
    if (!store_is_broken(committed.error().code) && batch.size() > 1)
        return commit_one_by_one(std::move(batch));
    fail(std::move(batch), committed.error());
}

/// One write was refused and took the others with it: each gets a commit of its own.
void StoreThread::commit_one_by_one(std::vector<Item> batch) {
    for (auto& item : batch) {
        std::vector<Item> single;
        single.push_back(std::move(item));
        commit(std::move(single));
    }
}

void StoreThread::succeed(std::vector<Item>& batch, std::vector<store::WriteResult> results) {
    commits_.fetch_add(1);
    std::vector<store::StoredEvent> stored;
    for (auto& result : results)
        std::move(result.stored.begin(), result.stored.end(), std::back_inserter(stored));
    if (!stored.empty()) stored_(std::move(stored));
    for (std::size_t i = 0; i < batch.size(); ++i) batch[i].done(std::move(results[i]));
}

void StoreThread::fail(std::vector<Item> batch, const Error& error) {
    bool broken = store_is_broken(error.code);
    if (broken && healthy_.exchange(false))
        log_error("the store failed: nothing is accepted until it works again",
                  {{"error", error.text()}});
    for (auto& item : batch) {
        if (broken && item.owed) owed_.push_back(std::move(item));
        else item.done(error);
    }
}

void StoreThread::recover() {
    auto recovered = writer_->recover();
    if (!recovered) {
        log_warning("the store is still unavailable", {{"error", recovered.error().text()}});
        return;
    }
    healthy_.store(true);
    recovered_();
    log_info("the store works again", {{"owed", std::to_string(owed_.size())}});
    auto owed = std::move(owed_);
    owed_.clear();
    if (!owed.empty()) commit(std::move(owed));
}

}  // namespace syncline
