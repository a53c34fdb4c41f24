// The store's thread over a scripted writer: grouping, answers after the commit only, and what
// happens to waiting writes when the store breaks and comes back.
#include "core/runtime/store_thread.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <utility>

namespace syncline {
namespace {

/// What the script says of the next commits and recoveries; shared with the test.
struct Script {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<Error> commit_error;
    std::optional<Error> idle_error;   // once
    bool recoverable = true;
    bool blocked = false;
    std::vector<std::size_t> batches;
    std::size_t recoveries = 0;
    std::size_t idles = 0;

    void set(std::function<void()> change) {
        std::lock_guard lock(mutex);
        change();
        changed.notify_all();
    }
    void wait(std::function<bool()> until) {
        std::unique_lock lock(mutex);
        changed.wait(lock, until);
    }
};

class ScriptedWriter final : public store::Writer {
public:
    explicit ScriptedWriter(Script& script) : script_(script) {}
    Result<std::vector<store::WriteResult>> commit(const std::vector<store::Write*>& writes,
                                                   std::int64_t) override {
        std::unique_lock lock(script_.mutex);
        script_.batches.push_back(writes.size());
        script_.changed.notify_all();
        script_.changed.wait(lock, [&] { return !script_.blocked; });
        if (script_.commit_error) return *script_.commit_error;
        return std::vector<store::WriteResult>(writes.size());
    }
    Result<bool> idle(std::int64_t) override {
        std::lock_guard lock(script_.mutex);
        ++script_.idles;
        script_.changed.notify_all();
        if (auto error = std::exchange(script_.idle_error, std::nullopt)) return *error;
        return false;
    }
    Result<void> recover() override {
        std::lock_guard lock(script_.mutex);
        ++script_.recoveries;
        script_.changed.notify_all();
        if (!script_.recoverable) return Error(ErrorCode::io, "still broken");
        script_.commit_error.reset();
        return {};
    }

private:
    Script& script_;
};

class StoreThreadTest : public ::testing::Test {
protected:
    StoreThreadTest()
        : thread_(std::make_unique<ScriptedWriter>(script_), clock_,
                  [](std::vector<store::StoredEvent>) {}, [this] { ++reloads_; }) {}

    std::future<bool> submit(bool owed) {
        auto promise = std::make_shared<std::promise<bool>>();
        auto done = [promise](Result<store::WriteResult> result) {
            promise->set_value(result.has_value());
        };
        if (owed) thread_.submit_owed(store::Settlement(), done);
        else if (!thread_.submit(store::AcceptRequest(), done)) promise->set_value(false);
        return promise->get_future();
    }

    Script script_;
    SystemClock clock_;
    std::atomic<int> reloads_{0};
    StoreThread thread_;
};

TEST_F(StoreThreadTest, groups_what_waits_while_a_commit_is_under_way) {
    script_.blocked = true;
    thread_.start();
    auto first = submit(false);
    script_.wait([&] { return script_.batches.size() == 1; });
    std::vector<std::future<bool>> rest;
    for (int i = 0; i < 300; ++i) rest.push_back(submit(false));
    EXPECT_EQ(first.wait_for(std::chrono::seconds(0)), std::future_status::timeout)
        << "no answer before the commit";
    script_.set([&] { script_.blocked = false; });
    EXPECT_TRUE(first.get());
    for (auto& future : rest) EXPECT_TRUE(future.get());
    EXPECT_EQ(script_.batches, (std::vector<std::size_t>{1, 256, 44}));
}

TEST_F(StoreThreadTest, refuses_accepts_while_broken_and_keeps_what_is_owed) {
    script_.commit_error = Error(ErrorCode::disk_full, "disk full");
    script_.recoverable = false;
    thread_.start();
    auto settlement = submit(true);
    auto accept = submit(false);
    EXPECT_FALSE(accept.get());
    script_.wait([&] { return script_.recoveries >= 1; });
    EXPECT_FALSE(thread_.healthy());
    EXPECT_FALSE(submit(false).get()) << "refused at once, for a 503";
    EXPECT_EQ(settlement.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
    script_.set([&] { script_.recoverable = true; });
    EXPECT_TRUE(settlement.get()) << "committed after the recovery";
    EXPECT_EQ(reloads_.load(), 1) << "what is pending is read anew";
    EXPECT_TRUE(thread_.healthy());
    EXPECT_TRUE(submit(false).get());
}

TEST_F(StoreThreadTest, a_disk_that_fails_in_an_idle_moment_is_recovered_from_without_a_sender) {
    script_.idle_error = Error(ErrorCode::io, "a sync failed");
    thread_.start();
    script_.wait([&] { return script_.recoveries == 1; });
    script_.wait([&] { return script_.idles >= 2; });
    EXPECT_TRUE(thread_.healthy());
    EXPECT_EQ(reloads_.load(), 1);
    EXPECT_TRUE(submit(false).get());
}

TEST_F(StoreThreadTest, another_programs_lock_in_an_idle_moment_passes) {
    script_.idle_error = Error(ErrorCode::locked, "another program holds a lock");
    thread_.start();
    script_.wait([&] { return script_.idles >= 2; });
    EXPECT_EQ(script_.recoveries, 0u);
    EXPECT_TRUE(submit(false).get());
}

TEST_F(StoreThreadTest, a_write_that_is_refused_does_not_take_its_group_with_it) {
    script_.commit_error = Error(ErrorCode::internal, "constraint");
    script_.blocked = true;
    thread_.start();
    auto first = submit(false);
    script_.wait([&] { return script_.batches.size() == 1; });
    auto second = submit(false);
    auto third = submit(false);
    script_.set([&] { script_.blocked = false; });
    EXPECT_FALSE(first.get());
    EXPECT_FALSE(second.get());
    EXPECT_FALSE(third.get());
    EXPECT_EQ(script_.batches, (std::vector<std::size_t>{1, 2, 1, 1}));
    EXPECT_TRUE(thread_.healthy());
}

TEST_F(StoreThreadTest, commits_what_waits_when_it_is_stopped) {
    script_.blocked = true;
    thread_.start();
    auto first = submit(false);
    script_.wait([&] { return script_.batches.size() == 1; });
    auto second = submit(true);
    script_.set([&] { script_.blocked = false; });
    thread_.stop();
    EXPECT_TRUE(first.get());
    EXPECT_TRUE(second.get());
    EXPECT_FALSE(submit(false).get());
}

}  // namespace
}  // namespace syncline
