// A hub without its threads, for tests: the dispatcher on a real store with a manual loop and clock,
// a scripted network and a connector of its own. Everything happens when the test says so.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <deque>
#include <filesystem>

#include "core/runtime/dispatcher.hpp"
#include "core/runtime/loop_services.hpp"
#include "core/sdk/connector.hpp"
#include "core/store/sqlite/sqlite_store.hpp"

namespace syncline {

// --- A connector of the tests' own ---------------------------------------------------------------

class TestConnector final : public sdk::Connector {
public:
    explicit TestConnector(const Json&) {}
    static Json describe() {
        return *Json::parse(R"({"name": "test", "version": "1", "roles": ["source", "destination"],
            "actions": {"append": {"idempotent": false}, "put": {"idempotent": true},
                        "bulk": {"idempotent": false, "max_batch": 3},
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
    /// One request for all; the answer is a list of statuses, one for each.
    sdk::Task<std::vector<sdk::Outcome>> act_batch(sdk::Context& ctx,
                                                   const std::vector<sdk::Delivery>& deliveries,
                                                   const std::string& action) override {
        Json items = Json::array();
        for (const auto& delivery : deliveries) items.push_back(delivery.input()["n"]);
        auto request = sdk::Request("POST", "http://sink/" + action).json(items);
        auto response = co_await ctx.http(std::move(request));
        Json answers = response.json();
        std::vector<sdk::Outcome> outcomes;
        for (std::size_t i = 0; i < deliveries.size(); ++i) {
            auto status = answers[i].as_int64().value_or(500);
            std::string note = "item answered " + std::to_string(status);
            if (status == 200) outcomes.push_back(sdk::Outcome::delivered(note));
            else if (status == 400) outcomes.push_back(sdk::Outcome::reject(note));
            else outcomes.push_back(sdk::Outcome::retry(note));
        }
        co_return outcomes;
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

// --- Surroundings --------------------------------------------------------------------------------

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
        if (hold) return withheld_.push_back(std::move(done));
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
    /// Answers what was held back so far.
    void answer_withheld(const host::HttpResult& result) {
        for (auto& done : std::exchange(withheld_, {}))
            loop_.post([done = std::move(done), result] { done(result); });
    }
    bool hold = false;   // answers only when told to; or never: the hub ends in the middle
    std::vector<HttpRequest> sent;

private:
    Loop& loop_;
    std::vector<Done> withheld_;
};

inline rules::TemplateTree tree(const char* json) {
    return std::get<rules::TemplateTree>(rules::TemplateTree::compile(*Json::parse(json)));
}

inline config::RuleConfig rule(const std::string& name, const char* action, const char* with) {
    config::RuleConfig made;
    made.name = name;
    config::SendConfig send;
    send.to = "sink";
    send.action = action;
    send.with = tree(with);
    made.send.push_back(std::move(send));
    return made;
}

inline rules::RuleEntry entry(const std::string& type) {
    rules::RuleEntry made;
    made.on = std::get<rules::TypeSet>(rules::TypeSet::compile({type}));
    return made;
}

/// type thing.made → put; thing.logged → append; thing.changed → state (with a fetch); thing.done → put.
inline config::HubConfig test_config() {
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
        services = std::make_unique<LoopServices>(loop, *reader);
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

    /// As the hub does: made durable first, then told to the window.
    std::size_t cancel(std::vector<std::uint64_t> ids) {
        auto changed = commit(store::Cancel{std::move(ids), "cancelled by hand"}).changed;
        std::size_t count = changed.size();
        dispatcher->cancelled(std::move(changed), [] {});
        loop.run();
        return count;
    }
    std::size_t retry_now(std::vector<std::uint64_t> ids) {
        auto changed = commit(store::RetryNow{std::move(ids)}).changed;
        std::size_t count = changed.size();
        dispatcher->hurried(std::move(changed), [] {});
        loop.run();
        return count;
    }
    void hold(const std::string& destination, const std::string& reason) {
        store::HoldChange change;
        change.destination = destination;
        change.by_hand = true;
        change.reason = reason;
        commit(std::move(change));
        store::Hold told;
        told.destination = destination;
        told.by_hand = true;
        told.reason = reason;
        dispatcher->held(std::move(told), [] {});
        loop.run();
    }
    void release(const std::string& destination) {
        store::HoldChange change;
        change.destination = destination;
        change.by_hand = true;
        change.held = false;
        commit(std::move(change));
        dispatcher->released(destination, [] {});
        loop.run();
    }
    store::WriteResult commit(store::Write write) {
        std::vector<store::Write*> writes{&write};
        auto results = writer->commit(writes, clock.wall_ms());
        EXPECT_TRUE(results) << results.error().text();
        return std::move(results->front());
    }
    /// What the dispatcher says of a destination.
    Json described(const std::string& name) {
        Json found;
        dispatcher->describe([&](Json list) {
            for (const auto& one : list.items())
                if (one["name"].as_string() == name) found = one;
        });
        loop.run();
        return found;
    }
    std::vector<Event> events(const std::string& type) {
        store::Filter filter;
        filter.type = type;
        filter.limit = 1000;
        std::vector<Event> found;
        auto rows = *reader->events(filter);
        for (auto& row : rows) found.push_back(std::move(row.event));
        return found;
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
    std::unique_ptr<LoopServices> services;
    std::unique_ptr<host::Driver> driver;
    std::unique_ptr<AttemptRunner> attempts;
    std::unique_ptr<Dispatcher> dispatcher;
};

}  // namespace syncline
