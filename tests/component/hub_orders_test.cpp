// A whole hub with its threads, as far as people's orders go: what they change is durable and known to
// the window when the answer comes. Its destination is held, so that nothing is sent.
#include "core/runtime/hub.hpp"
#include "tests/component/dispatcher_bench.hpp"

namespace syncline {
namespace {

class HubOrders : public ::testing::Test {
protected:
    void SetUp() override {
        std::string name = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
        name += "/syncline-hub.XXXXXX";
        folder_ = mkdtemp(name.data());
        auto plugin = host::Plugin::adopt(sdk::Exported<TestConnector>::table(), "test");
        plugins_.add(std::move(*plugin));
        prepare();
        auto config = test_config();
        config.store_path = folder_ / "hub.db";
        config.server.listen.port = 0;
        config.admin.enabled = false;
        auto opened = Hub::open(std::move(config), plugins_);
        ASSERT_TRUE(opened) << opened.error().text();
        hub_ = std::move(*opened);
        hub_->start();
    }
    void TearDown() override {
        if (hub_) hub_->stop(1000);
        hub_.reset();
        std::filesystem::remove_all(folder_);
    }

    store::SqliteOptions options() const {
        store::SqliteOptions made;
        made.path = folder_ / "hub.db";
        return made;
    }

    /// Three pending deliveries, and a hold from before.
    void prepare() {
        auto store = store::make_sqlite_store(options());
        auto writer = std::move(*store->open_writer());
        store::AcceptRequest request;
        for (int n = 1; n <= 3; ++n) {
            store::Accept made;
            made.event = std::make_shared<Event>();
            made.event->id = "e" + std::to_string(n);
            made.event->source = "origin";
            made.event->type = "thing.made";
            made.event->subject = "t" + std::to_string(n);
            made.event->payload = "{}";
            made.event->received_ms = SystemClock().wall_ms();
            Delivery delivery;
            delivery.rule = "made";
            delivery.destination = "sink";
            delivery.action = "put";
            delivery.lane = made.event->subject;
            made.deliveries.push_back(std::move(delivery));
            request.accepts.push_back(std::move(made));
        }
        store::HoldChange hold;
        hold.destination = "sink";
        hold.by_hand = true;
        hold.reason = "from before";
        store::Write accept = std::move(request);
        store::Write held = std::move(hold);
        std::vector<store::Write*> writes{&accept, &held};
        ASSERT_TRUE(writer->commit(writes, SystemClock().wall_ms()));
    }

    std::size_t count(const std::string& state) {
        auto reader = std::move(*store::make_sqlite_store(options())->open_reader());
        store::Filter filter;
        filter.state = state;
        return reader->deliveries(filter)->size();
    }
    std::size_t events(const std::string& type) {
        auto reader = std::move(*store::make_sqlite_store(options())->open_reader());
        store::Filter filter;
        filter.type = type;
        return reader->events(filter)->size();
    }
    static store::Filter to_sink() {
        store::Filter filter;
        filter.destination = "sink";
        return filter;
    }

    std::filesystem::path folder_;
    host::PluginSet plugins_;
    std::unique_ptr<Hub> hub_;
};

TEST_F(HubOrders, are_counted_first_and_durable_when_answered) {
    auto carry_out = [&](Order order, const store::Filter& filter) {
        auto changed = hub_->control().order(order, filter);
        EXPECT_TRUE(changed) << changed.error().text();
        return changed ? *changed : 999;
    };
    EXPECT_EQ(*hub_->control().order_count(Order::cancel, to_sink()), 3u);
    EXPECT_EQ(count("pending"), 3u) << "a count changes nothing";
    auto one = to_sink();
    one.id = 2;
    EXPECT_EQ(carry_out(Order::cancel, one), 1u);
    EXPECT_EQ(count("cancelled"), 1u);
    EXPECT_EQ(carry_out(Order::retry, to_sink()), 2u);
    EXPECT_EQ(carry_out(Order::replay, one), 1u) << "what was cancelled can be repeated";
    EXPECT_EQ(count("pending"), 3u);
    EXPECT_EQ(carry_out(Order::cancel, to_sink()), 3u);
    EXPECT_EQ(carry_out(Order::cancel, to_sink()), 0u);
    Json sink = (*hub_->control().destinations())[0];
    EXPECT_EQ(sink["in_memory"].as_int64(), 0) << "the window knows";
}

TEST_F(HubOrders, hold_and_release_are_told_as_events) {
    HubControl& control = hub_->control();
    ASSERT_EQ(*control.order(Order::cancel, to_sink()), 3u);
    Json sink = (*control.destinations())[0];
    EXPECT_EQ(sink["state"].as_string(), "held");
    EXPECT_EQ(sink["hold"]["reason"].as_string(), "from before");
    ASSERT_TRUE(control.release("sink"));
    EXPECT_EQ((*control.destinations())[0]["state"].as_string(), "ready");
    EXPECT_EQ(events("syncline.destination.recovered"), 1u);
    auto again = control.release("sink");
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::invalid_argument);
    ASSERT_TRUE(control.hold("sink", "one more time"));
    ASSERT_TRUE(control.hold("sink", "for a better reason"));
    EXPECT_EQ((*control.destinations())[0]["hold"]["reason"].as_string(), "for a better reason");
    EXPECT_EQ(events("syncline.destination.held"), 1u) << "it was held already";
    auto unknown = control.hold("nowhere", "why");
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace syncline
