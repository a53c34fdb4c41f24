// The SQLite store and other processes: kill -9 of a process that commits, locks of the dead,
// readers beside a hub. Processes made here are forked from this one and ended by their id.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "store_fixture.hpp"

namespace syncline::store {
namespace {

using testing::HasSubstr;

class StoreProcesses : public testing::Test {
protected:
    void SetUp() override { options_.path = home_.path(); }

    std::unique_ptr<Writer> writer() { return good(make_sqlite_store(options_)->open_writer()); }
    std::unique_ptr<Reader> reader() { return good(make_sqlite_store(options_)->open_reader()); }

    SqliteHome home_;
    SqliteOptions options_;
};

/// A forked process that runs `body` and can only be killed; what it writes comes through a pipe.
class Child {
public:
    template <class Body>
    explicit Child(Body body) {
        int ends[2];
        if (::pipe(ends) != 0) std::abort();
        pid_ = ::fork();
        if (pid_ == 0) {
            ::close(ends[0]);
            body(ends[1]);
            ::_exit(0);
        }
        ::close(ends[1]);
        from_ = ends[0];
    }
    ~Child() {
        end();
        ::close(from_);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    pid_t pid() const { return pid_; }
    /// The next number that it wrote; -1 when it is gone.
    int next() {
        int number = -1;
        return ::read(from_, &number, sizeof number) == sizeof number ? number : -1;
    }
    void end() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);   // harmless when it has ended: it is still ours to wait for
        ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }
    /// The last number that it wrote before its end and that next() has not given; -1: none.
    int rest() {
        int last = -1;
        for (int number = next(); number >= 0; number = next()) last = number;
        return last;
    }

private:
    pid_t pid_ = 0;
    int from_ = -1;
};

void tell(int pipe_end, int number) {
    if (::write(pipe_end, &number, sizeof number) != sizeof number) ::_exit(1);
}

TEST_F(StoreProcesses, a_killed_hub_frees_its_lock) {
    Child child([this](int pipe_end) {
        auto kept = writer();
        tell(pipe_end, 1);
        for (;;) ::pause();
    });
    ASSERT_EQ(child.next(), 1);
    auto refused = make_sqlite_store(options_)->open_writer();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::locked);
    EXPECT_THAT(refused.error().text(), HasSubstr("process " + std::to_string(child.pid())));
    child.end();
    EXPECT_TRUE(make_sqlite_store(options_)->open_writer());
}

TEST_F(StoreProcesses, what_was_acknowledged_before_a_kill_is_there_after_it) {
    for (int round = 0; round < 12; ++round) {
        std::string prefix = "round" + std::to_string(round) + "-";
        Child child([&](int pipe_end) {
            auto kept = writer();
            for (int i = 0;; ++i) {
                commit_one(*kept, one_event(prefix + std::to_string(i), {make_delivery("crm")}));
                tell(pipe_end, i);
                if (i % 7 == 0 && !kept->idle(start_ms + i)) ::_exit(1);
            }
        });
        int last = 0;
        while (last >= 0 && last < 20 + 13 * round) last = child.next();
        child.end();
        last = std::max(last, child.rest());
        auto looking = reader();   // before any writer has put the log in order
        Filter filter;
        filter.limit = 100'000;
        filter.destination = "crm";
        std::size_t found = 0;
        for (auto& row : good(looking->events(filter)))
            found += row.event.id.rfind("attio-" + prefix, 0) == 0 ? 1 : 0;
        EXPECT_GE(found, static_cast<std::size_t>(last + 1)) << "round " << round;
        EXPECT_LE(found, static_cast<std::size_t>(last + 2)) << "one may be durable but unsaid";
        EXPECT_EQ(count_of(*looking, "accepted events"), count_of(*looking, "pending"));
        auto kept = writer();
        auto again = commit_one(*kept, one_event(prefix + std::to_string(last)));
        EXPECT_EQ(again.duplicates, 1u);
    }
}

TEST_F(StoreProcesses, a_reader_works_with_and_without_a_hub) {
    auto kept = writer();
    commit_one(*kept, one_event("a"));
    EXPECT_EQ(good(reader()->events(everything())).size(), 1u);
    kept.reset();
    EXPECT_EQ(good(reader()->events(everything())).size(), 1u);
    Child child([this](int pipe_end) {
        auto looking = reader();
        tell(pipe_end, static_cast<int>(good(looking->events(everything())).size()));
    });
    EXPECT_EQ(child.next(), 1);
}

}  // namespace
}  // namespace syncline::store
