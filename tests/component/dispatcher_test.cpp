// The dispatcher on a real store with a manual loop and clock and a scripted network: what becomes
// durable when, what a restart finds, and that the window never loses or reorders anything.
#include "core/runtime/dispatcher.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <deque>
#include <filesystem>

#include "core/host/driver.hpp"
#include "core/sdk/connector.hpp"
#include "core/store/sqlite/sqlite_store.hpp"

namespace syncline {
namespace {

// --- A connector of the tests' own ----------------------------------------------------------------

class TestConnector final : public sdk::Connector {
public:
    explicit TestConnector(const Json&) {}
    static Json describe() {
        return *Json::parse(R"({"name": "test", "version": "1", "roles": ["source", "destination"],
            "actions": {"append": {"idempotent": false}, "put": {"idempotent": true},
                        "state": {"idempotent": true, "coalesces": true}},
            "documents": {"thing": {}}, "derives": {"thing.done": ["thing.changed"]}})");
    }
    sdk::Task<sdk::Outcome> act(sdk::Context& ctx, const sdk::Delivery& delivery,
                                const std::string& action) override {
        Json body = delivery.input();
        body.set("delivery", delivery.id());
        body.set("uncertain", delivery.uncertain());
        auto request = sdk::Request("POST", "http://sink/" + action).json(body);
        auto response = co_await ctx.http(std::move(request));
        auto outcome = sdk::Outcome::from(response, action);
        if (response.ok()) outcome = std::move(outcome).link("thing", delivery.event().subject(), "d1");
        co_return outcome;
    }
    sdk::Task<sdk::Outcome> fetch(sdk::Context& ctx, const sdk::Event& event,
                                  const std::string&) override {
        auto request = sdk::Request("GET", "http://source/things/" + event.subject());
        auto response = co_await ctx.http(std::move(request));
        if (!response.ok()) co_return sdk::Outcome::from(response, "read");
        co_return sdk::Outcome::document(response.json());
    }
    sdk::Task<sdk::Outcome> derive(sdk::Context&, const sdk::Event& event) override {
        auto outcome = sdk::Outcome::delivered("looked");
        Json data = Json::object();
        data.set("done", true);
        co_return std::move(outcome).emit("done:" + event.subject(), "thing.done", event.subject(),
                                          Json::object(), std::move(data));
    }
};

// --- Surroundings -----------------------------------------------------------------------------------

class ManualLoop final : public Loop {
public:
    explicit ManualLoop(ManualClock& clock) : clock_(clock) {}
    void post(std::function<void()> work) override { posted_.push_back(std::move(work)); }
    void after(std::int64_t ms, std::function<void()> work) override {
        timers_.emplace(clock_.monotonic_ms() + ms, std::move(work));
    }
    void run() {
        while (!posted_.empty()) {
            auto work = std::move(posted_.front());
            posted_.pop_front();
            work();
        }
    }
    /// Runs all that falls due in the next `ms`.
    void advance(std::int64_t ms) {
        run();
        std::int64_t end = clock_.monotonic_ms() + ms;
        while (!timers_.empty() && timers_.begin()->first <= end) {
            auto at = timers_.begin();
            clock_.advance_ms(std::max<std::int64_t>(0, at->first - clock_.monotonic_ms()));
            auto work = std::move(at->second);
            timers_.erase(at);
            work();
            run();
        }
        clock_.advance_ms(end - clock_.monotonic_ms());
    }

private:
    ManualClock& clock_;
    std::deque<std::function<void()>> posted_;
    std::multimap<std::int64_t, std::function<void()>> timers_;
};

class ScriptedTransport final : public host::HttpTransport {
public:
    explicit ScriptedTransport(Loop& loop) : loop_(loop) {}
    void send(HttpRequest request, std::int64_t, Done done) override {
        sent.push_back(request);
        if (hold) return;
        auto result = answer(request);
        loop_.post([done = std::move(done), result] { done(result); });
    }
    static host::HttpResult status(unsigned code, std::string body = "{}") {
        host::HttpResult result;
        result.response = HttpResponse::json(code, std::move(body));
        return result;
    }
    std::function<host::HttpResult(const HttpRequest&)> answer = [](const HttpRequest&) {
        return status(200);
    };
    bool hold = false;   // never answers: the hub ends in the middle
    std::vector<HttpRequest> sent;

private:
    Loop& loop_;
};

class Services final : public host::DriverServices {
public:
    Services(Loop& loop, store::Reader& reader) : loop_(loop), reader_(reader) {}
    Result<std::optional<Link>> link(const std::string& destination, const std::string& kind,
                                     const std::string& source_id) override {
        return reader_.link(destination, kind, source_id);
    }
    void after(std::int64_t ms, std::function<void()> wake) override {
        if (ms <= 0) loop_.post(std::move(wake));
        else loop_.after(ms, std::move(wake));
    }

private:
    Loop& loop_;
    store::Reader& reader_;
};

rules::TemplateTree tree(const char* json) {
    return std::get<rules::TemplateTree>(rules::TemplateTree::compile(*Json::parse(json)));
}

config::RuleConfig rule(const std::string& name, const char* action, const char* with) {
    config::RuleConfig made;
    made.name = name;
    config::SendConfig send;
    send.to = "sink";
    send.action = action;
    send.with = tree(with);
    made.send.push_back(std::move(send));
    return made;
}

rules::RuleEntry entry(const std::string& type) {
    rules::RuleEntry made;
    made.on = std::get<rules::TypeSet>(rules::TypeSet::compile({type}));
    return made;
}

/// type thing.made → put; thing.logged → append; thing.changed → state (with a fetch); thing.done → put.
config::HubConfig test_config() {
    config::HubConfig config;
    config::SourceConfig source;
    source.name = "origin";
    source.connector = "test";
    config.sources.push_back(source);
    config::DestinationConfig sink;
    sink.name = "sink";
    sink.connector = "test";
    sink.retry.schedule_ms = {1000, 5000};
    sink.retry.jitter_percent = 0;
    config.destinations.push_back(sink);
    config.rules.push_back(rule("made", "put", R"({"n": "{{ data.n }}"})"));
    config.rules.push_back(rule("logged", "append", R"({"n": "{{ data.n }}"})"));
    config.rules.push_back(rule("changed", "state", R"({"name": "{{ thing.name }}"})"));
    config.rules.back().fetch.push_back({"thing", "origin", "thing"});
    config.rules.push_back(rule("done", "put", R"({"done": "{{ data.done }}"})"));
    std::vector<rules::RuleEntry> entries;
    for (auto type : {"thing.made", "thing.logged", "thing.changed", "thing.done"})
        entries.push_back(entry(type));
    config.rule_set.emplace(std::move(entries));
    return config;
}

/// A hub without its threads: everything happens when the test says so.
class Bench : public SettlementSink {
public:
    explicit Bench(const std::filesystem::path& file, config::HubConfig config_in = test_config())
        : config(std::move(config_in)), loop(clock), transport(loop) {
        auto plugin = host::Plugin::adopt(sdk::Exported<TestConnector>::table(), "test");
        plugins.add(std::move(*plugin));
        store::SqliteOptions options;
        options.path = file;
        store = store::make_sqlite_store(options);
        writer = std::move(*store->open_writer());
        reader = std::move(*store->open_reader());
        router = std::make_unique<Router>(config, plugins);
        services = std::make_unique<Services>(loop, *reader);
        driver = std::make_unique<host::Driver>(transport, *services, clock);
        attempts = std::make_unique<AttemptRunner>(config, *driver, clock, random);
        EXPECT_TRUE(attempts->open(plugins));
        dispatcher = std::make_unique<Dispatcher>(Dispatcher::Parts{
            config, *router, *attempts, *reader, *this, loop, clock, random});
        EXPECT_TRUE(dispatcher->load());
    }

    void settle(store::Write write, std::function<void(bool)> done) override {
        std::vector<store::Write*> writes{&write};
        auto results = writer->commit(writes, clock.wall_ms());
        ASSERT_TRUE(results) << results.error().text();
        if (!results->front().stored.empty()) dispatcher->offer(std::move(results->front().stored));
        done(true);
    }

    /// As the front door does: route, commit, offer.
    void accept(const std::string& type, const std::string& subject, int number) {
        store::Accept made;
        made.event = std::make_shared<Event>();
        made.event->id = type + std::to_string(number);
        made.event->source = "origin";
        made.event->type = type;
        made.event->subject = subject;
        made.event->received_ms = clock.wall_ms();
        made.event->payload = "{\"n\":" + std::to_string(number) + "}";
        made.dedupe_key = made.event->id;
        made.deliveries = router->route(*made.event);
        store::AcceptRequest request;
        request.accepts.push_back(std::move(made));
        settle(std::move(request), [](bool) {});
    }

    std::vector<store::DeliveryRow> rows(const std::string& state = {}) {
        store::Filter filter;
        filter.state = state;
        filter.limit = 100'000;
        return *reader->deliveries(filter);
    }

    config::HubConfig config;
    ManualClock clock;
    SeededRandom random{1};
    ManualLoop loop;
    host::PluginSet plugins;
    ScriptedTransport transport;
    std::unique_ptr<store::Store> store;
    std::unique_ptr<store::Writer> writer;
    std::unique_ptr<store::Reader> reader;
    std::unique_ptr<Router> router;
    std::unique_ptr<Services> services;
    std::unique_ptr<host::Driver> driver;
    std::unique_ptr<AttemptRunner> attempts;
    std::unique_ptr<Dispatcher> dispatcher;
};

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
