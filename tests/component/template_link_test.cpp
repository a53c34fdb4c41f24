// What the surroundings give to the templates of a rule: links of the store, and how strict they are.
#include "tests/component/dispatcher_bench.hpp"

namespace syncline {
namespace {

constexpr auto thing_link = R"({"parent": "{{ subject | link: 'thing' }}"})";

config::HubConfig linked_config(const char* with) {
    auto config = test_config();
    config.rules[1].send[0].with = tree(with);   // of thing.logged
    return config;
}

class TemplateLinkTest : public ::testing::Test {
protected:
    void SetUp() override {
        std::string name = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
        name += "/syncline-template-link.XXXXXX";
        folder_ = mkdtemp(name.data());
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    /// What an event about `subject` sends as `parent`, after an earlier one linked t1 to d1.
    Json parent_of(const std::string& subject) {
        Bench bench(folder_ / (subject + ".db"), linked_config(thing_link));
        bench.accept("thing.made", "t1", 1);
        bench.loop.run();
        bench.accept("thing.logged", subject, 2);
        bench.loop.run();
        EXPECT_EQ(bench.transport.sent.size(), 2u);
        return Json::parse(bench.transport.sent.back().body).value_or(Json())["parent"];
    }

    std::filesystem::path folder_;
};

TEST_F(TemplateLinkTest, a_link_that_is_there_is_its_id) {
    EXPECT_EQ(parent_of("t1").as_string(), "d1");
}

TEST_F(TemplateLinkTest, a_link_that_is_not_there_is_nil) {
    EXPECT_TRUE(parent_of("t2").is_null());
}

TEST_F(TemplateLinkTest, another_kind_is_another_link) {
    auto other = R"({"parent": "{{ subject | link: 'other' }}"})";
    Bench bench(folder_ / "kind.db", linked_config(other));
    bench.accept("thing.made", "t1", 1);
    bench.loop.run();
    bench.accept("thing.logged", "t1", 2);
    bench.loop.run();
    EXPECT_TRUE(Json::parse(bench.transport.sent.back().body).value_or(Json())["parent"].is_null());
}

TEST_F(TemplateLinkTest, a_strict_send_gives_up_on_what_is_undefined) {
    auto config = linked_config(R"({"n": "{{ data.nn }}"})");
    config.rules[1].send[0].strict = true;
    Bench bench(folder_ / "strict.db", std::move(config));
    bench.accept("thing.logged", "t1", 2);
    bench.loop.run();
    EXPECT_TRUE(bench.transport.sent.empty());
    auto rows = bench.rows("dead");
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_NE(rows[0].delivery.note.find("\"data.nn\" is undefined; did you mean \"n\"?"),
              std::string::npos) << rows[0].delivery.note;
}

/// A store whose links cannot be read.
class BrokenServices final : public host::DriverServices {
public:
    explicit BrokenServices(Loop& loop) : loop_(loop) {}
    Result<std::optional<Link>> link(const std::string&, const std::string&,
                                     const std::string&) override {
        return Error(ErrorCode::internal, "the file is locked");
    }
    void after(std::int64_t ms, std::function<void()> wake) override {
        if (ms <= 0) loop_.post(std::move(wake));
        else loop_.after(ms, std::move(wake));
    }

private:
    Loop& loop_;
};

TEST_F(TemplateLinkTest, a_store_that_cannot_be_read_is_a_reason_to_try_again) {
    Bench bench(folder_ / "broken.db", linked_config(thing_link));
    BrokenServices services(bench.loop);
    host::Driver driver(bench.transport, services, bench.clock);
    AttemptRunner attempts(bench.config, driver, bench.clock, bench.random);
    ASSERT_TRUE(attempts.open(bench.plugins));
    Delivery delivery;
    delivery.destination = "sink";
    delivery.rule = "logged";
    delivery.action = "append";
    auto event = std::make_shared<Event>();
    event->subject = "t1";
    event->payload = "{}";
    std::optional<Outcome> outcome;
    attempts.run(delivery, event, [&](Outcome got, Json) { outcome = std::move(got); });
    bench.loop.run();
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->kind, OutcomeKind::retry);
    EXPECT_EQ(outcome->note, "the template of `with.parent` failed: link cannot be answered: "
                             "the file is locked");
}

}  // namespace
}  // namespace syncline
