// The dispatcher on a real store with a manual loop and clock and a scripted network: what becomes
// durable when, what a restart finds, and that the window never loses or reorders anything.
#include "tests/component/dispatcher_bench.hpp"

namespace syncline {
namespace {

class DispatcherTest : public ::testing::Test {
protected:
    void SetUp() override {
        // In memory where that is possible: these tests are about what is committed, not about disks.
        std::string name = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
        name += "/syncline-dispatcher.XXXXXX";
        folder_ = mkdtemp(name.data());
        file_ = folder_ / "hub.db";
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::filesystem::path folder_;
    std::filesystem::path file_;
};

Json body_of(const HttpRequest& request) {
    return Json::parse(request.body).value_or(Json());
}

// --- Tests ------------------------------------------------------------------------------------------

TEST_F(DispatcherTest, a_delivery_its_attempt_and_its_link_become_durable_together) {
    Bench bench(file_);
    bench.accept("thing.made", "t1", 7);
    bench.loop.run();
    ASSERT_EQ(bench.transport.sent.size(), 1u);
    EXPECT_EQ(body_of(bench.transport.sent[0])["n"].as_int64(), 7) << "a lone {{ }} keeps its type";
    auto rows = bench.rows();
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].delivery.state, DeliveryState::delivered);
    auto attempts = bench.reader->attempts(rows[0].delivery.id);
    ASSERT_TRUE(attempts && attempts->size() == 1);
    EXPECT_EQ(attempts->front().exchanges[0]["status"].as_int64(), 200);
    auto link = bench.reader->link("sink", "thing", "t1");
    ASSERT_TRUE(link && *link);
    EXPECT_EQ((*link)->id, "d1");
}

TEST_F(DispatcherTest, retries_by_the_schedule_and_then_gives_up_with_the_reason) {
    Bench bench(file_);
    bench.transport.answer = [](const HttpRequest&) { return ScriptedTransport::status(500); };
    bench.accept("thing.made", "t1", 1);
    bench.loop.advance(999);
    EXPECT_EQ(bench.transport.sent.size(), 1u);
    bench.loop.advance(1);
    EXPECT_EQ(bench.transport.sent.size(), 2u);
    bench.loop.advance(5000);
    EXPECT_EQ(bench.transport.sent.size(), 3u);
    auto rows = bench.rows("dead");
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].delivery.attempts, 3u);
    EXPECT_NE(rows[0].delivery.note.find("500"), std::string::npos);
}

TEST_F(DispatcherTest, a_clock_that_jumps_neither_storms_nor_delays_retries) {
    Bench bench(file_);
    bench.transport.answer = [](const HttpRequest&) { return ScriptedTransport::status(503); };
    bench.accept("thing.made", "t1", 1);
    bench.loop.run();
    bench.clock.jump_wall_ms(-3'600'000);
    bench.loop.advance(999);
    EXPECT_EQ(bench.transport.sent.size(), 1u);
    bench.clock.jump_wall_ms(+7'200'000);
    bench.loop.advance(1);
    EXPECT_EQ(bench.transport.sent.size(), 2u);
}

TEST_F(DispatcherTest, a_restart_goes_on_where_it_was_and_tells_of_the_doubt) {
    {
        Bench bench(file_);
        bench.transport.hold = true;
        bench.accept("thing.logged", "t1", 1);
        bench.accept("thing.made", "t2", 2);
        bench.loop.run();
        EXPECT_EQ(bench.transport.sent.size(), 2u);
    }   // ends while both are on the way
    {
        Bench again(file_);
        again.loop.run();
        ASSERT_EQ(again.transport.sent.size(), 2u);
        for (const auto& request : again.transport.sent) {
            bool append = request.target.ends_with("append");
            EXPECT_EQ(body_of(request)["uncertain"].as_bool(), append)
                << "what must not be done twice is told, what may be repeated needs no mark";
        }
        EXPECT_EQ(again.rows("delivered").size(), 2u);
    }
    Bench third(file_);
    third.loop.advance(100'000);
    EXPECT_TRUE(third.transport.sent.empty()) << "nothing delivered is sent again";
}

TEST_F(DispatcherTest, a_fetch_that_fails_is_retried_and_then_used) {
    Bench bench(file_);
    int reads = 0;
    bench.transport.answer = [&](const HttpRequest& request) {
        if (!request.target.starts_with("http://source")) return ScriptedTransport::status(200);
        if (++reads == 1) return ScriptedTransport::status(401);
        return ScriptedTransport::status(200, R"({"name":"Ada"})");
    };
    bench.accept("thing.changed", "t1", 1);
    bench.loop.advance(1000);
    EXPECT_EQ(reads, 2);
    bool sent = false;
    for (const auto& request : bench.transport.sent)
        sent |= body_of(request)["name"].as_string() == "Ada";
    EXPECT_TRUE(sent);
}

TEST_F(DispatcherTest, a_derived_event_is_made_once_and_delivered) {
    Bench bench(file_);
    bench.transport.answer = [](const HttpRequest&) {
        return ScriptedTransport::status(200, R"({"name":"Ada"})");
    };
    bench.accept("thing.changed", "t1", 1);
    bench.accept("thing.changed", "t1", 2);
    bench.loop.advance(10);
    store::Filter filter;
    filter.type = "thing.done";
    auto events = bench.reader->events(filter);
    ASSERT_TRUE(events);
    ASSERT_EQ(events->size(), 1u) << "the second one has the same key";
    EXPECT_EQ(events->front().event.hops, 1u);
    EXPECT_EQ(events->front().event.source, "origin");
    std::size_t done = 0;
    for (const auto& row : bench.rows("delivered")) done += row.delivery.rule == "done";
    EXPECT_EQ(done, 1u);
}

TEST_F(DispatcherTest, newer_states_replace_waiting_ones) {
    Bench bench(file_);
    bool down = true;
    bench.transport.answer = [&](const HttpRequest&) {
        return down ? ScriptedTransport::status(503) : ScriptedTransport::status(200, "{}");
    };
    for (int n = 1; n <= 5; ++n) {
        bench.accept("thing.changed", "t1", n);
        bench.loop.run();
    }
    down = false;
    bench.loop.advance(60'000);
    std::size_t delivered = 0;
    std::size_t superseded = 0;
    for (const auto& row : bench.rows()) {
        if (row.delivery.rule != "changed") continue;
        delivered += row.delivery.state == DeliveryState::delivered;
        superseded += row.delivery.note.find("superseded") != std::string::npos;
    }
    EXPECT_EQ(delivered, 1u);
    EXPECT_EQ(superseded, 4u);
}

TEST_F(DispatcherTest, a_delivery_whose_rule_is_gone_waits_for_it) {
    {
        Bench bench(file_);
        bench.transport.hold = true;
        bench.accept("thing.made", "t1", 1);
        bench.loop.run();
    }
    auto without = test_config();
    without.rules[0].name = "renamed";
    {
        Bench bench(file_, std::move(without));
        bench.loop.advance(100'000);
        EXPECT_TRUE(bench.transport.sent.empty());
        EXPECT_EQ(bench.rows("pending").size(), 1u);
    }
    Bench bench(file_);
    bench.loop.run();
    EXPECT_EQ(bench.rows("delivered").size(), 1u);
}

TEST_F(DispatcherTest, a_dead_letter_holds_its_lane_over_a_restart_until_its_replay_is_delivered) {
    auto holding = [] {
        auto made = test_config();
        made.rules[0].send[0].on_dead = config::OnDead::hold;
        return made;
    };
    {
        Bench bench(file_, holding());
        bench.transport.answer = [](const HttpRequest&) { return ScriptedTransport::status(400); };
        bench.accept("thing.made", "t1", 1);
        bench.accept("thing.made", "t1", 2);
        bench.loop.advance(100'000);
        EXPECT_EQ(bench.transport.sent.size(), 1u);
        EXPECT_EQ(bench.rows("dead").size(), 1u);
    }
    {
        Bench bench(file_, holding());
        bench.accept("thing.made", "t2", 3);
        bench.loop.advance(100'000);
        ASSERT_EQ(bench.transport.sent.size(), 1u) << "another lane";
        store::Replay replay;
        replay.delivery_ids = {bench.rows("dead").front().delivery.id};
        bench.settle(std::move(replay), [](bool) {});
        bench.loop.advance(10);
        ASSERT_EQ(bench.transport.sent.size(), 3u);
        EXPECT_EQ(body_of(bench.transport.sent[1])["n"].as_int64(), 1);
        EXPECT_EQ(body_of(bench.transport.sent[2])["n"].as_int64(), 2);
    }
    Bench bench(file_, holding());
    bench.accept("thing.made", "t1", 4);
    bench.loop.run();
    EXPECT_EQ(bench.transport.sent.size(), 1u) << "the lane is free";
}

TEST_F(DispatcherTest, a_reload_finds_what_was_committed_unseen_and_repeats_nothing) {
    Bench bench(file_);
    bench.accept("thing.made", "t1", 1);
    bench.loop.run();
    store::Accept made;
    made.event = std::make_shared<Event>();
    made.event->id = "unseen";
    made.event->source = "origin";
    made.event->type = "thing.made";
    made.event->subject = "t2";
    made.event->payload = "{\"n\":2}";
    made.deliveries = bench.router->route(*made.event);
    store::AcceptRequest request;
    request.accepts.push_back(std::move(made));
    store::Write write = std::move(request);
    std::vector<store::Write*> writes{&write};
    ASSERT_TRUE(bench.writer->commit(writes, bench.clock.wall_ms()));   // offered to nobody
    bench.dispatcher->reload();
    bench.dispatcher->reload();
    bench.loop.run();
    EXPECT_EQ(bench.transport.sent.size(), 2u);
    EXPECT_EQ(bench.rows("delivered").size(), 2u);
}

TEST_F(DispatcherTest, the_window_is_bounded_and_keeps_the_order_of_every_lane) {
    constexpr int total = static_cast<int>(limits::window_per_destination_max) + 3000;
    Bench bench(file_);
    bench.transport.answer = [](const HttpRequest&) { return ScriptedTransport::status(200); };
    store::AcceptRequest all;
    for (int n = 0; n < total; ++n) {
        store::Accept made;
        made.event = std::make_shared<Event>();
        made.event->id = "e" + std::to_string(n);
        made.event->source = "origin";
        made.event->type = "thing.made";
        made.event->subject = "lane" + std::to_string(n % 7);
        made.event->payload = "{\"n\":" + std::to_string(n) + "}";
        made.dedupe_key = made.event->id;
        made.deliveries = bench.router->route(*made.event);
        all.accepts.push_back(std::move(made));
    }
    bench.settle(std::move(all), [](bool) {});
    bench.accept("thing.made", "lane0", total);   // arrives while there is a backlog
    bench.loop.advance(10);
    ASSERT_EQ(bench.transport.sent.size(), static_cast<std::size_t>(total) + 1);
    std::map<std::int64_t, std::int64_t> last;
    for (const auto& request : bench.transport.sent) {
        auto n = body_of(request)["n"].as_int64().value_or(-1);
        auto lane = n == total ? 0 : n % 7;
        auto& previous = last.emplace(lane, -1).first->second;
        ASSERT_GT(n, previous);
        previous = n;
    }
}

}  // namespace
}  // namespace syncline
