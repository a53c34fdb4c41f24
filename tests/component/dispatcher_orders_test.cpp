// What people order of deliveries and destinations, on a real store with a manual loop and clock:
// cancel, retry now, hold, release; what expires; the hub's own events; what a limit header does.
#include "tests/component/dispatcher_bench.hpp"

namespace syncline {
namespace {

class DispatcherOrders : public ::testing::Test {
protected:
    void SetUp() override {
        std::string name = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
        name += "/syncline-orders.XXXXXX";
        folder_ = mkdtemp(name.data());
        file_ = folder_ / "hub.db";
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    static host::HttpResult answer(unsigned status) { return ScriptedTransport::status(status); }
    static void answer_all(Bench& bench, unsigned status) {
        bench.transport.answer = [status](const HttpRequest&) {
            return ScriptedTransport::status(status);
        };
    }
    std::filesystem::path folder_;
    std::filesystem::path file_;
};

/// test_config() and a rule that sends hub events of `type` to the destination "sink" as well.
config::HubConfig with_alert(const std::string& type) {
    auto config = test_config();
    config.rules.push_back(rule("alert", "put", R"({"why": "{{ reason }}", "of": "{{ event.type }}"})"));
    std::vector<rules::RuleEntry> entries;
    for (const char* known : {"thing.made", "thing.logged", "thing.changed", "thing.done"})
        entries.push_back(entry(known));
    entries.push_back(entry(type));
    config.rule_set.emplace(std::move(entries));
    return config;
}

// --- Cancel and retry now ------------------------------------------------------------------------

TEST_F(DispatcherOrders, a_cancelled_delivery_is_never_tried_again_and_its_lane_goes_on) {
    Bench bench(file_);
    answer_all(bench, 503);
    bench.accept("thing.made", "t1", 1);
    bench.accept("thing.made", "t1", 2);
    bench.loop.run();
    ASSERT_EQ(bench.transport.sent.size(), 1u);
    answer_all(bench, 200);
    EXPECT_EQ(bench.cancel({1, 999}), 1u);
    EXPECT_EQ(bench.transport.sent.size(), 2u) << "the next of the lane goes at once";
    bench.loop.advance(100'000);
    EXPECT_EQ(bench.transport.sent.size(), 2u);
    EXPECT_EQ(bench.rows("cancelled").size(), 1u);
    EXPECT_EQ(bench.rows("cancelled")[0].delivery.note, "cancelled by hand");
    EXPECT_EQ(bench.rows("delivered").size(), 1u);
}

TEST_F(DispatcherOrders, one_that_is_under_way_ends_with_its_attempt) {
    Bench bench(file_);
    bench.transport.hold = true;
    bench.accept("thing.made", "t1", 1);
    bench.accept("thing.made", "t2", 2);
    bench.loop.run();
    ASSERT_EQ(bench.transport.sent.size(), 2u);
    EXPECT_EQ(bench.cancel({1}), 1u);
    EXPECT_EQ(bench.rows("cancelled").size(), 1u) << "durable before the attempt ends";
    bench.transport.answer_withheld(answer(500));
    bench.transport.hold = false;
    bench.loop.advance(100'000);
    ASSERT_EQ(bench.rows("cancelled").size(), 1u);
    EXPECT_EQ(bench.reader->attempts(1)->size(), 1u) << "what was tried stays known";
    EXPECT_EQ(bench.rows("delivered").size(), 1u) << "the other one was tried again";
}

TEST_F(DispatcherOrders, one_that_was_delivered_meanwhile_is_delivered) {
    Bench bench(file_);
    bench.transport.hold = true;
    bench.accept("thing.made", "t1", 1);
    bench.loop.run();
    bench.cancel({1});
    bench.transport.answer_withheld(answer(200));
    bench.loop.run();
    EXPECT_EQ(bench.rows("delivered").size(), 1u);
    EXPECT_TRUE(*bench.reader->link("sink", "thing", "t1"));
}

TEST_F(DispatcherOrders, a_cancelled_delivery_stays_so_over_a_crash) {
    {
        Bench bench(file_);
        bench.transport.hold = true;
        bench.accept("thing.logged", "t1", 1);
        bench.loop.run();
        bench.cancel({1});
    }
    Bench bench(file_);
    bench.loop.advance(100'000);
    EXPECT_TRUE(bench.transport.sent.empty());
    EXPECT_EQ(bench.rows("cancelled").size(), 1u);
}

TEST_F(DispatcherOrders, a_cancelled_dead_letter_lets_the_lane_go_that_it_held) {
    auto config = test_config();
    config.rules[0].send[0].on_dead = config::OnDead::hold;
    Bench bench(file_, std::move(config));
    answer_all(bench, 400);
    bench.accept("thing.made", "t1", 1);
    bench.accept("thing.made", "t1", 2);
    bench.loop.run();
    ASSERT_EQ(bench.rows("dead").size(), 1u);
    answer_all(bench, 200);
    bench.cancel({1});
    EXPECT_EQ(bench.rows("delivered").size(), 1u);
}

TEST_F(DispatcherOrders, retry_now_does_not_wait_for_the_schedule) {
    Bench bench(file_);
    answer_all(bench, 503);
    bench.accept("thing.made", "t1", 1);
    bench.loop.run();
    EXPECT_EQ(bench.retry_now({1}), 1u);
    EXPECT_EQ(bench.transport.sent.size(), 2u);
    answer_all(bench, 200);
    bench.retry_now({1});
    EXPECT_EQ(bench.transport.sent.size(), 3u);
    EXPECT_EQ(bench.retry_now({1}), 0u) << "it is delivered";
    EXPECT_EQ(bench.rows("delivered").size(), 1u);
}

// --- Hold and release ----------------------------------------------------------------------------

TEST_F(DispatcherOrders, a_hold_by_hand_lasts_over_restarts_until_its_release) {
    {
        Bench bench(file_);
        bench.hold("sink", "their maintenance");
        bench.accept("thing.made", "t1", 1);
        bench.loop.advance(1'000'000);
        EXPECT_TRUE(bench.transport.sent.empty());
        EXPECT_EQ(bench.described("sink")["state"].as_string(), "held");
    }
    Bench bench(file_);
    bench.loop.advance(1'000'000);
    EXPECT_TRUE(bench.transport.sent.empty());
    Json described = bench.described("sink");
    EXPECT_EQ(described["hold"]["by"].as_string(), "hand");
    EXPECT_EQ(described["hold"]["reason"].as_string(), "their maintenance");
    bench.release("sink");
    EXPECT_EQ(bench.rows("delivered").size(), 1u);
    EXPECT_EQ(bench.described("sink")["state"].as_string(), "ready");
    EXPECT_TRUE(bench.reader->holds()->empty());
}

TEST_F(DispatcherOrders, a_destination_that_holds_itself_is_remembered_and_probed_with_one) {
    {
        Bench bench(file_, with_alert("syncline.nothing"));
        answer_all(bench, 401);
        bench.accept("thing.made", "t1", 1);
        bench.loop.run();
        ASSERT_EQ(bench.reader->holds()->size(), 1u);
        EXPECT_NE(bench.reader->holds()->front().reason.find("401"), std::string::npos);
        EXPECT_EQ(bench.events("syncline.destination.held").size(), 1u);
        bench.loop.advance(200'000);
        EXPECT_GT(bench.transport.sent.size(), 1u);
        EXPECT_EQ(bench.events("syncline.destination.held").size(), 1u) << "told once";
    }
    Bench bench(file_);
    bench.random = SeededRandom(2);   // other ids than before
    for (int n = 2; n < 8; ++n) bench.accept("thing.made", "t" + std::to_string(n), n);
    bench.transport.hold = true;
    bench.loop.run();
    EXPECT_EQ(bench.transport.sent.size(), 1u) << "one probe, not eight";
    EXPECT_EQ(bench.described("sink")["state"].as_string(), "held");
    EXPECT_EQ(bench.described("sink")["breaker"].as_string(), "probing");
    bench.transport.hold = false;
    bench.transport.answer_withheld(answer(200));
    bench.loop.advance(1'000'000);
    EXPECT_EQ(bench.rows("delivered").size(), 7u);
    EXPECT_TRUE(bench.reader->holds()->empty());
    auto told = bench.events("syncline.destination.recovered");
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].subject, "sink");
    EXPECT_EQ(told[0].source, "syncline");
}

// --- The hub's own events ------------------------------------------------------------------------

TEST_F(DispatcherOrders, what_is_given_up_is_told_by_a_rule) {
    Bench bench(file_, with_alert("syncline.delivery.dead"));
    bench.transport.answer = [](const HttpRequest& request) {
        bool alert = request.body.find("\"why\"") != std::string::npos;
        return ScriptedTransport::status(alert ? 200 : 422);
    };
    bench.accept("thing.made", "t1", 1);
    bench.loop.run();
    auto told = bench.events("syncline.delivery.dead");
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].subject, "t1");
    EXPECT_EQ(told[0].hops, 1u);
    EXPECT_EQ(told[0].attributes["rule"].as_string(), "made");
    EXPECT_EQ(told[0].attributes["delivery"].as_int64(), 1);
    EXPECT_EQ(told[0].attributes["event"]["type"].as_string(), "thing.made");
    ASSERT_EQ(bench.transport.sent.size(), 2u);
    auto body = Json::parse(bench.transport.sent[1].body);
    EXPECT_NE((*body)["why"].as_string().find("422"), std::string::npos);
    EXPECT_EQ((*body)["of"].as_string(), "thing.made");
    EXPECT_EQ(bench.rows("delivered").size(), 1u);
}

TEST_F(DispatcherOrders, an_alert_that_is_given_up_itself_raises_no_alert) {
    Bench bench(file_, with_alert("syncline.delivery.dead"));
    answer_all(bench, 422);
    for (int n = 1; n <= 3; ++n) bench.accept("thing.made", "t" + std::to_string(n), n);
    bench.loop.advance(1'000'000);
    EXPECT_EQ(bench.events("syncline.delivery.dead").size(), 3u);
    EXPECT_EQ(bench.rows("dead").size(), 6u) << "three, and the alert of each";
    EXPECT_EQ(bench.transport.sent.size(), 6u);
}

TEST_F(DispatcherOrders, a_hold_found_by_an_alert_is_kept_but_not_told) {
    Bench bench(file_, with_alert("syncline.delivery.dead"));
    bench.transport.answer = [](const HttpRequest& request) {
        bool alert = request.body.find("\"why\"") != std::string::npos;
        return ScriptedTransport::status(alert ? 401 : 422);
    };
    bench.accept("thing.made", "t1", 1);
    bench.loop.run();
    EXPECT_EQ(bench.reader->holds()->size(), 1u);
    EXPECT_TRUE(bench.events("syncline.destination.held").empty());
}

TEST_F(DispatcherOrders, a_death_and_its_event_are_one_commit) {
    {
        Bench bench(file_, with_alert("syncline.delivery.dead"));
        bench.transport.answer = [&](const HttpRequest& request) {
            bench.transport.hold = true;   // the alert stays under way: the hub ends there
            (void)request;
            return ScriptedTransport::status(422);
        };
        bench.accept("thing.made", "t1", 1);
        bench.loop.run();
    }
    Bench bench(file_, with_alert("syncline.delivery.dead"));
    bench.loop.run();
    ASSERT_EQ(bench.transport.sent.size(), 1u);
    EXPECT_NE(bench.transport.sent[0].body.find("\"why\""), std::string::npos);
}

// --- Expiry --------------------------------------------------------------------------------------

TEST_F(DispatcherOrders, what_is_too_old_is_given_up_also_while_held) {
    auto made = [] {
        auto config = with_alert("syncline.delivery.dead");
        config.destinations[0].retry.expire_ms = 60'000;
        config.destinations[0].retry.schedule_ms.assign(40, 10'000);
        return config;
    };
    {
        Bench bench(file_, made());
        answer_all(bench, 503);
        bench.accept("thing.made", "t1", 1);
        bench.loop.advance(30'000);
        bench.hold("sink", "broken");
        bench.accept("thing.made", "t2", 2);
        bench.loop.advance(29'999);
        EXPECT_TRUE(bench.rows("dead").empty());
        bench.loop.advance(1);
        ASSERT_EQ(bench.rows("dead").size(), 1u);
        const std::string note = bench.rows("dead")[0].delivery.note;
        EXPECT_EQ(note.rfind("expired: not delivered within 1m; last: ", 0), 0u) << note;
        EXPECT_EQ(bench.events("syncline.delivery.dead").size(), 1u);
    }
    Bench again(file_, made());
    again.random = SeededRandom(2);
    again.clock.advance_ms(1'000'000);
    again.loop.run();
    EXPECT_EQ(again.rows("dead").size(), 3u) << "both and the alert of the first: the age counts "
                                                "from when they were made, not from the start";
    EXPECT_TRUE(again.transport.sent.empty());
}

// --- Limits --------------------------------------------------------------------------------------

TEST_F(DispatcherOrders, a_limit_header_is_obeyed_before_the_destination_has_to_refuse) {
    Bench bench(file_);
    int left = 3;
    bench.transport.answer = [&](const HttpRequest&) {
        auto result = ScriptedTransport::status(left > 0 ? 200 : 429);
        left = std::max(0, left - 1);
        result.response.headers.add("X-RateLimit-Remaining", std::to_string(left));
        result.response.headers.add("X-RateLimit-Reset", "30");
        return result;
    };
    bench.accept("thing.made", "first", 0);
    bench.loop.run();
    for (int n = 1; n <= 10; ++n) bench.accept("thing.made", "t" + std::to_string(n), n);
    bench.loop.advance(29'999);
    EXPECT_LE(bench.transport.sent.size(), 11u);
    std::size_t before = bench.transport.sent.size();
    left = 1000;
    bench.loop.advance(60'000);
    EXPECT_GT(bench.transport.sent.size(), before);
    EXPECT_EQ(bench.rows("delivered").size(), 11u);
}

// --- Batches -------------------------------------------------------------------------------------

/// test_config() and a rule that sends thing.counted to the batched action.
config::HubConfig with_bulk() {
    auto config = test_config();
    config.rules.push_back(rule("bulk", "bulk", R"({"n": "{{ data.n }}"})"));
    std::vector<rules::RuleEntry> entries;
    for (const char* type : {"thing.made", "thing.logged", "thing.changed", "thing.done",
                             "thing.counted"})
        entries.push_back(entry(type));
    config.rule_set.emplace(std::move(entries));
    return config;
}

/// Answers 400 for n = 2, 503 for n = 4 the first time, 200 for the others.
host::HttpResult answer_bulk(const HttpRequest& request, bool& first) {
    auto body = *Json::parse(request.body);
    if (!body.is_array()) return ScriptedTransport::status(200);   // one alone
    Json answers = Json::array();
    for (const auto& n : body.items()) {
        bool again = n.as_int64() == 4 && std::exchange(first, false);
        answers.push_back(n.as_int64() == 2 ? 400 : again ? 503 : 200);
    }
    return ScriptedTransport::status(200, answers.dump());
}

TEST_F(DispatcherOrders, deliveries_that_are_ready_together_share_an_attempt_with_an_outcome_each) {
    Bench bench(file_, with_bulk());
    bool first = true;
    bench.transport.answer = [&](const HttpRequest& request) { return answer_bulk(request, first); };
    bench.hold("sink", "to gather them");
    for (int n = 1; n <= 7; ++n) bench.accept("thing.counted", "t" + std::to_string(n), n);
    bench.accept("thing.counted", "t1", 8);   // behind the first of its lane
    bench.release("sink");
    std::vector<std::string> bodies;
    for (const auto& request : bench.transport.sent) bodies.push_back(request.body);
    ASSERT_EQ(bodies.size(), 4u);
    EXPECT_EQ(bodies[0], "[1,2,3]");
    EXPECT_EQ(bodies[1], "[4,5,6]");
    EXPECT_NE(bodies[2].find("\"n\":7"), std::string::npos);
    EXPECT_NE(bodies[3].find("\"n\":8"), std::string::npos) << "in the order of its lane";
    EXPECT_EQ(bench.rows("delivered").size(), 6u);
    EXPECT_EQ(bench.rows("dead").size(), 1u);
    auto waiting = bench.rows("pending");
    ASSERT_EQ(waiting.size(), 1u);
    EXPECT_EQ(waiting[0].delivery.note, "item answered 503");
    EXPECT_EQ(bench.reader->attempts(waiting[0].delivery.id)->front().exchanges.size(), 1u);
    bench.loop.advance(1000);
    ASSERT_EQ(bench.transport.sent.size(), 5u);
    EXPECT_NE(bench.transport.sent[4].body.find("\"n\":4"), std::string::npos) << "alone";
    EXPECT_EQ(bench.rows("delivered").size(), 7u);
}

TEST_F(DispatcherOrders, a_batch_that_the_hub_dies_in_is_told_of_the_doubt_one_by_one) {
    {
        Bench bench(file_, with_bulk());
        bench.hold("sink", "to gather them");
        for (int n = 1; n <= 3; ++n) bench.accept("thing.counted", "t" + std::to_string(n), n);
        bench.transport.hold = true;
        bench.release("sink");
        ASSERT_EQ(bench.transport.sent.size(), 1u);
    }
    Bench bench(file_, with_bulk());
    bench.loop.run();
    ASSERT_EQ(bench.transport.sent.size(), 3u);
    for (const auto& request : bench.transport.sent)
        EXPECT_TRUE((*Json::parse(request.body))["uncertain"].as_bool());
    EXPECT_EQ(bench.rows("delivered").size(), 3u);
}

// --- The window ----------------------------------------------------------------------------------

/// Accepts without routing each by hand: `count` events of `type`, subjects by `subject_of`.
void accept_many(Bench& bench, int count, const std::function<std::string(int)>& subject_of) {
    for (int begin = 0; begin < count; begin += 10'000) {
        store::AcceptRequest request;
        for (int n = begin; n < std::min(count, begin + 10'000); ++n) {
            store::Accept made;
            made.event = std::make_shared<Event>();
            made.event->id = "m" + std::to_string(n);
            made.event->source = "origin";
            made.event->type = "thing.made";
            made.event->subject = subject_of(n);
            made.event->payload = "{\"n\":" + std::to_string(n) + "}";
            made.deliveries = bench.router->route(*made.event);
            request.accepts.push_back(std::move(made));
        }
        bench.settle(std::move(request), [](bool) {});
    }
}

TEST_F(DispatcherOrders, a_hot_key_that_fails_does_not_keep_other_keys_out) {
    Bench bench(file_);
    bench.transport.answer = [](const HttpRequest& request) {   // the first is never taken
        bool first = (*Json::parse(request.body))["n"].as_int64().value_or(0) == 0;
        return ScriptedTransport::status(first ? 425 : 200);
    };
    constexpr int hot = static_cast<int>(limits::window_per_destination_max) * 2;
    accept_many(bench, hot + 100, [](int n) {
        return n < hot ? std::string("hot") : "cold" + std::to_string(n);
    });
    bench.loop.run();
    EXPECT_EQ(bench.rows("delivered").size(), 100u) << "all that wait behind nobody";
    EXPECT_LE(bench.described("sink")["in_memory"].as_int64().value_or(99999),
              static_cast<std::int64_t>(limits::window_per_lane_max));
    bench.loop.advance(10'000);
    EXPECT_EQ(bench.rows("delivered").size(), static_cast<std::size_t>(hot) + 99);
    std::int64_t last = -1;
    for (const auto& request : bench.transport.sent) {
        auto n = (*Json::parse(request.body))["n"].as_int64().value_or(-1);
        if (n >= hot || n == 0) continue;
        ASSERT_GT(n, last) << "the lane keeps its order";
        last = n;
    }
}

TEST_F(DispatcherOrders, one_dead_destination_with_100000_pending_costs_the_other_nothing) {
    auto config = test_config();
    config::DestinationConfig other = config.destinations[0];
    other.name = "other";
    config.destinations.push_back(other);
    config.rules[1].send[0].to = "other";   // thing.logged
    Bench bench(file_, std::move(config));
    bench.transport.answer = [](const HttpRequest& request) {
        return ScriptedTransport::status(request.target.ends_with("append") ? 200 : 503);
    };
    accept_many(bench, 100'000, [](int n) { return "t" + std::to_string(n); });
    bench.loop.run();
    EXPECT_LE(bench.transport.sent.size(), 20u) << "the breaker spares it";
    std::size_t before = bench.transport.sent.size();
    for (int n = 0; n < 1000; ++n) {
        bench.accept("thing.logged", "t" + std::to_string(n), n);
        bench.loop.run();
        ASSERT_EQ(bench.transport.sent.size(), before + static_cast<std::size_t>(n) + 1);
    }
    EXPECT_EQ(bench.rows("delivered").size(), 1000u);
    Json sink = bench.described("sink");
    EXPECT_EQ(sink["state"].as_string(), "failing");
    EXPECT_TRUE(sink["more_in_store"].as_bool());
    EXPECT_LE(sink["in_memory"].as_int64().value_or(1 << 30),
              static_cast<std::int64_t>(limits::window_per_destination_max));
}

}  // namespace
}  // namespace syncline
