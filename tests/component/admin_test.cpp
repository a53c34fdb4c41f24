// The admin API against a scripted hub and a scripted store: who is let in, what each path answers,
// and what becomes of a full queue. The API's worker is a real thread; answers are awaited.
#include "core/admin/admin_api.hpp"

#include <gtest/gtest.h>

#include <future>
#include <mutex>

#include "core/admin/filter_words.hpp"

namespace syncline {
namespace {

constexpr const char* token = "correct-horse-battery";

class FakeControl final : public HubControl {
public:
    Result<std::size_t> order(Order order, const store::Filter& filter) override {
        last = filter;
        last_order = order;
        ++replays;
        return answer;
    }
    Result<std::size_t> order_count(Order order, const store::Filter& filter) override {
        last = filter;
        last_order = order;
        ++counts;
        return answer;
    }
    Result<Json> destinations() override { return Json::parse(R"([{"name":"crm"}])").value(); }
    Result<void> hold(const std::string& destination, const std::string& reason) override {
        held = destination + ": " + reason;
        return hold_answer;
    }
    Result<void> release(const std::string& destination) override {
        released = destination;
        return hold_answer;
    }
    Json stats() override {
        if (gate.valid()) gate.wait();
        return Json::object({{"accepted", 12}});
    }
    bool ready() const override { return is_ready; }

    Result<std::size_t> answer = std::size_t(3);
    store::Filter last;
    Order last_order = Order::replay;
    Result<void> hold_answer;
    std::string held;
    std::string released;
    int replays = 0;
    int counts = 0;
    bool is_ready = true;
    std::shared_future<void> gate;   // stats() waits for it, when set
};

class FakeReader final : public store::Reader {
public:
    explicit FakeReader(store::Filter& last) : last_(last) {}
    Result<std::vector<Delivery>> pending(std::string_view, std::uint64_t, std::size_t) override {
        return std::vector<Delivery>();
    }
    Result<std::vector<Delivery>> pending_in_lane(std::string_view, std::string_view,
                                                  std::uint64_t, std::uint64_t,
                                                  std::size_t) override {
        return std::vector<Delivery>();
    }
    Result<std::vector<store::Hold>> holds() override { return std::vector<store::Hold>(); }
    Result<std::vector<std::string>> pending_destinations() override {
        return std::vector<std::string>();
    }
    Result<std::optional<Event>> event(std::uint64_t) override { return std::optional<Event>(); }
    Result<std::optional<Link>> link(std::string_view, std::string_view,
                                     std::string_view) override {
        return std::optional<Link>();
    }
    Result<std::vector<store::EventRow>> events(const store::Filter& filter) override {
        last_ = filter;
        if (filter.event_id == "nobody") return std::vector<store::EventRow>();
        store::EventRow row;
        row.event.seq = 7;
        row.event.id = "event-7";
        row.event.type = "record.created";
        row.event.payload = "{\"a\":1}";
        row.deliveries = 2;
        row.pending = 1;
        return std::vector<store::EventRow>{row};
    }
    Result<std::vector<store::DeliveryRow>> deliveries(const store::Filter& filter) override {
        last_ = filter;
        if (filter.id == 404) return std::vector<store::DeliveryRow>();
        store::DeliveryRow row;
        row.delivery.id = 9;
        row.delivery.rule = "contacts";
        row.delivery.state = DeliveryState::dead;
        row.event_id = "event-7";
        return std::vector<store::DeliveryRow>{row};
    }
    Result<std::vector<Attempt>> attempts(std::uint64_t delivery_id) override {
        Attempt attempt;
        attempt.delivery_id = delivery_id;
        attempt.number = 1;
        attempt.outcome = OutcomeKind::reject;
        attempt.note = "422";
        return std::vector<Attempt>{attempt};
    }
    Result<std::vector<std::pair<std::string, std::uint64_t>>> counts() override {
        return std::vector<std::pair<std::string, std::uint64_t>>();
    }

private:
    store::Filter& last_;
};

class AdminTest : public ::testing::Test {
protected:
    AdminTest() { make(token, "127.0.0.1"); }

    void make(std::string token_in, std::string listen_host) {
        AdminOptions options;
        options.token = std::move(token_in);
        options.listen_host = std::move(listen_host);
        api_ = std::make_unique<AdminApi>(
            control_,
            [this]() -> Result<std::unique_ptr<store::Reader>> {
                if (store_error_) return *store_error_;
                return std::unique_ptr<store::Reader>(new FakeReader(filter_));
            },
            clock_, options);
    }

    static HttpRequest request(std::string method, std::string target, std::string body = "") {
        HttpRequest made;
        made.method = std::move(method);
        made.target = std::move(target);
        made.headers.add("Host", "127.0.0.1:8081");
        made.headers.add("Authorization", std::string("Bearer ") + token);
        made.body = std::move(body);
        return made;
    }

    std::future<HttpResponse> begin(HttpRequest request) {
        auto answered = std::make_shared<std::promise<HttpResponse>>();
        auto answer = answered->get_future();
        api_->handle(std::move(request),
                     [answered](HttpResponse response) { answered->set_value(response); });
        return answer;
    }

    HttpResponse ask(HttpRequest request) { return begin(std::move(request)).get(); }

    static std::string error_of(const HttpResponse& answer) {
        auto body = Json::parse(answer.body);
        return body ? (*body)["error"].as_string() : "no JSON: " + answer.body;
    }

    FakeControl control_;
    store::Filter filter_;
    std::optional<Error> store_error_;
    ManualClock clock_;
    std::unique_ptr<AdminApi> api_;
};

HttpRequest without_token(const char* target) {
    HttpRequest made;
    made.method = "GET";
    made.target = target;
    made.headers.add("Host", "localhost:8081");
    return made;
}

TEST_F(AdminTest, HealthNeedsNoTokenAndReadinessFollowsTheHub) {
    auto health = ask(without_token("/healthz"));
    EXPECT_EQ(health.status, 200u);
    EXPECT_EQ(health.body, "{\"ok\":true}");
    EXPECT_EQ(ask(without_token("/readyz")).status, 200u);
    control_.is_ready = false;
    EXPECT_EQ(ask(without_token("/readyz")).status, 503u);
}

TEST_F(AdminTest, RefusesEverythingElseWithoutTheRightToken) {
    for (const char* target : {"/api/v1/stats", "/api/v1/events", "/api/v1/replay", "/unknown"}) {
        auto answer = ask(without_token(target));
        EXPECT_EQ(answer.status, 401u) << target;
        EXPECT_NE(error_of(answer).find("Authorization: Bearer"), std::string::npos);
    }
    for (const char* wrong : {"Bearer ", "Bearer wrong", "Basic correct-horse-battery",
                              "Bearer correct-horse-batter", "Bearer correct-horse-battery1"}) {
        HttpRequest made = without_token("/api/v1/stats");
        made.headers.add("Authorization", wrong);
        EXPECT_EQ(ask(std::move(made)).status, 401u) << wrong;
    }
    HttpRequest twice = request("GET", "/api/v1/stats");
    twice.headers.add("Authorization", "Bearer other");
    EXPECT_EQ(ask(std::move(twice)).status, 401u);
}

TEST_F(AdminTest, WithoutAConfiguredTokenNobodyIsLetInAndTheAnswerSaysWhatToSet) {
    make("", "127.0.0.1");
    HttpRequest empty = without_token("/api/v1/stats");
    empty.headers.add("Authorization", "Bearer ");
    auto answer = ask(std::move(empty));
    EXPECT_EQ(answer.status, 401u);
    EXPECT_NE(error_of(answer).find("admin.token"), std::string::npos);
    EXPECT_EQ(ask(without_token("/healthz")).status, 200u);
}

TEST_F(AdminTest, RefusesAForeignHostAsDnsRebindingWouldSend) {
    HttpRequest made = request("GET", "/healthz");
    made.headers = HttpHeaders();
    made.headers.add("Host", "attacker.example:8081");
    EXPECT_EQ(ask(made).status, 403u);
    made.headers = HttpHeaders();
    EXPECT_EQ(ask(made).status, 403u) << "no Host at all";
    made.headers.add("Host", "localhost");
    made.headers.add("Host", "localhost");
    EXPECT_EQ(ask(made).status, 403u) << "two of them";
}

TEST_F(AdminTest, KnowsItsOwnHosts) {
    for (const char* host : {"localhost", "LOCALHOST:1", "127.0.0.1:8081", "[::1]:8081", "[::1]"})
        EXPECT_TRUE(admin_host_allowed(host, "127.0.0.1")) << host;
    for (const char* host : {"", ":80", "127.0.0.1.evil.example", "localhost:80x", "[::1", "10.0.0.5",
                             "localhost@evil.example", "evil.example"})
        EXPECT_FALSE(admin_host_allowed(host, "127.0.0.1")) << host;
    EXPECT_TRUE(admin_host_allowed("hub.internal:8081", "hub.internal"));
    EXPECT_TRUE(admin_host_allowed("10.0.0.5:8081", "0.0.0.0")) << "an address cannot be rebound";
    EXPECT_FALSE(admin_host_allowed("evil.example", "0.0.0.0"));
}

TEST_F(AdminTest, RefusesRequestsOfAnotherOrigin) {
    for (const char* origin : {"http://evil.example", "null", "http://127.0.0.1:9999",
                               "http://127.0.0.1:8081.evil.example"}) {
        HttpRequest made = request("GET", "/api/v1/stats");
        made.headers.add("Origin", origin);
        EXPECT_EQ(ask(std::move(made)).status, 403u) << origin;
    }
    HttpRequest own = request("GET", "/api/v1/stats");
    own.headers.add("Origin", "http://127.0.0.1:8081");
    EXPECT_EQ(ask(std::move(own)).status, 200u);
}

TEST_F(AdminTest, DecidesRefusalsBeforeTheBodyIsRead) {
    HttpHandler::Admission refused;
    refused.body_bytes_max = 1 << 20;
    HttpRequest head = without_token("/api/v1/replay");
    head.method = "POST";
    api_->admit(head, refused);
    EXPECT_TRUE(refused.refused);
    EXPECT_EQ(refused.refusal.status, 401u);
    HttpHandler::Admission good;
    good.body_bytes_max = 1 << 20;
    api_->admit(request("POST", "/api/v1/replay"), good);
    EXPECT_FALSE(good.refused);
    EXPECT_EQ(good.body_bytes_max, admin_body_bytes_max);
}

TEST_F(AdminTest, AnswersUnknownPathsAndWrongMethods) {
    EXPECT_EQ(ask(request("GET", "/api/v1/nothing")).status, 404u);
    EXPECT_EQ(ask(request("GET", "/api/v1/deliveries/9/attempts/x")).status, 404u);
    auto wrong = ask(request("DELETE", "/api/v1/events"));
    EXPECT_EQ(wrong.status, 405u);
    ASSERT_NE(wrong.headers.find("Allow"), nullptr);
    EXPECT_EQ(*wrong.headers.find("Allow"), "GET");
    EXPECT_EQ(ask(request("GET", "/api/v1/replay")).status, 405u);
}

TEST_F(AdminTest, ShowsTheHubsCounters) {
    auto answer = ask(request("GET", "/api/v1/stats"));
    EXPECT_EQ(answer.status, 200u);
    EXPECT_EQ(answer.body, "{\"accepted\":12}");
}

TEST_F(AdminTest, ReadsEventsByTheFilterWords) {
    auto answer = ask(request("GET",
                              "/api/v1/events?type=record.created&source=a%20b&subject=x%2By"
                              "&state=unmatched&since=1h&limit=1&before=99"));
    ASSERT_EQ(answer.status, 200u) << answer.body;
    EXPECT_EQ(filter_.type, "record.created");
    EXPECT_EQ(filter_.source, "a b");
    EXPECT_EQ(filter_.subject, "x+y");
    EXPECT_EQ(filter_.state, "unmatched");
    EXPECT_EQ(filter_.since_ms, clock_.wall_ms() - 3'600'000);
    EXPECT_EQ(filter_.limit, 1u);
    EXPECT_EQ(filter_.before, 99u);
    auto body = Json::parse(answer.body);
    ASSERT_TRUE(body);
    EXPECT_EQ((*body)["events"][0]["id"].as_string(), "event-7");
    EXPECT_EQ((*body)["events"][0]["pending"].as_int64(), 1);
    EXPECT_EQ((*body)["next_before"].as_int64(), 7) << "the page is full, so there may be more";
}

TEST_F(AdminTest, RefusesFiltersThatItDoesNotUnderstand) {
    struct Row {
        const char* query;
        const char* said;
    };
    for (const Row& row : {Row{"typ=x", "did you mean \"type\"?"},
                           Row{"state=ded", "did you mean \"dead\"?"},
                           Row{"since=yesterday", "a duration"},
                           Row{"limit=0", "from 1 to 500"}, Row{"limit=501", "from 1 to 500"},
                           Row{"before=-1", "a number from 1"}, Row{"type=", "a value"},
                           Row{"type=%2", "% escape"}, Row{"type=%zz", "% escape"}}) {
        auto answer = ask(request("GET", std::string("/api/v1/events?") + row.query));
        EXPECT_EQ(answer.status, 400u) << row.query;
        EXPECT_NE(error_of(answer).find(row.said), std::string::npos) << answer.body;
    }
    EXPECT_EQ(ask(request("GET", "/api/v1/events?limit=500")).status, 200u);
}

TEST_F(AdminTest, ShowsOneEventWithItsDataAndDeliveries) {
    auto answer = ask(request("GET", "/api/v1/events/event-7"));
    ASSERT_EQ(answer.status, 200u);
    auto body = Json::parse(answer.body);
    EXPECT_EQ((*body)["data"]["a"].as_int64(), 1);
    EXPECT_EQ((*body)["deliveries"][0]["state"].as_string(), "dead");
    EXPECT_EQ(ask(request("GET", "/api/v1/events/nobody")).status, 404u);
}

TEST_F(AdminTest, ShowsDeliveriesAndTheirAttempts) {
    auto list = ask(request("GET", "/api/v1/deliveries?destination=crm&state=dead"));
    ASSERT_EQ(list.status, 200u);
    EXPECT_EQ(filter_.destination, "crm");
    EXPECT_EQ((*Json::parse(list.body))["deliveries"][0]["rule"].as_string(), "contacts");
    auto attempts = ask(request("GET", "/api/v1/deliveries/9/attempts"));
    ASSERT_EQ(attempts.status, 200u);
    EXPECT_EQ((*Json::parse(attempts.body))["attempts"][0]["outcome"].as_string(), "reject");
    EXPECT_EQ(ask(request("GET", "/api/v1/deliveries/404/attempts")).status, 404u);
    EXPECT_EQ(ask(request("GET", "/api/v1/deliveries/nine/attempts")).status, 400u);
}

TEST_F(AdminTest, ReplaysWhatTheFilterSelects) {
    auto answer = ask(request("POST", "/api/v1/replay",
                              "{\"destination\":\"crm\",\"state\":\"dead\",\"id\":9}"));
    EXPECT_EQ(answer.status, 200u);
    EXPECT_EQ(answer.body, "{\"count\":3}");
    EXPECT_EQ(control_.replays, 1);
    EXPECT_EQ(control_.last.destination, "crm");
    EXPECT_EQ(control_.last.id, 9u);
}

TEST_F(AdminTest, DryRunOnlyCounts) {
    auto answer = ask(request("POST", "/api/v1/replay", "{\"state\":\"dead\",\"dry_run\":true}"));
    EXPECT_EQ(answer.status, 200u);
    EXPECT_EQ((*Json::parse(answer.body))["count"].as_int64(), 3);
    EXPECT_EQ(control_.counts, 1);
    EXPECT_EQ(control_.replays, 0);
}

TEST_F(AdminTest, RefusesAReplayOfEverythingAndMalformedOrders) {
    for (const char* body : {"{}", "{\"dry_run\":true}", "{\"limit\":5}", "", "[]", "{\"state\":",
                             "{\"state\":\"dead\",\"dry_run\":1}", "{\"stat\":\"dead\"}"}) {
        auto answer = ask(request("POST", "/api/v1/replay", body));
        EXPECT_EQ(answer.status, 400u) << body;
        EXPECT_FALSE(error_of(answer).empty()) << body;
    }
    EXPECT_EQ(control_.replays, 0);
}

TEST_F(AdminTest, ATroubledStoreIsA503AndTheNextRequestTriesAgain) {
    store_error_ = Error(ErrorCode::unavailable, "the store is being recovered");
    auto answer = ask(request("GET", "/api/v1/events"));
    EXPECT_EQ(answer.status, 503u);
    EXPECT_NE(answer.headers.find("Retry-After"), nullptr);
    store_error_.reset();
    EXPECT_EQ(ask(request("GET", "/api/v1/events")).status, 200u);
}

TEST_F(AdminTest, AFullQueueIsA503AndWhatWaitsIsAnswered) {
    std::promise<void> open_gate;
    control_.gate = open_gate.get_future().share();
    // One is in the worker's hands, or still in the queue: so many more fit for certain.
    std::vector<std::future<HttpResponse>> waiting;
    for (std::size_t i = 0; i < admin_queue_max + 2; ++i)
        waiting.push_back(begin(request("GET", "/api/v1/stats")));
    EXPECT_EQ(waiting.back().get().status, 503u);
    waiting.pop_back();
    open_gate.set_value();
    std::size_t good = 0;
    for (auto& answer : waiting) good += answer.get().status == 200u;
    EXPECT_GE(good, admin_queue_max);
}

TEST_F(AdminTest, CancelAndRetryTakeTheBodyOfAReplay) {
    auto answer = ask(request("POST", "/api/v1/cancel", "{\"rule\":\"r\",\"until\":\"2h\"}"));
    EXPECT_EQ(answer.body, "{\"count\":3}");
    EXPECT_EQ(control_.last_order, Order::cancel);
    EXPECT_EQ(control_.last.until_ms, clock_.wall_ms() - 7'200'000);
    answer = ask(request("POST", "/api/v1/retry", "{\"id\":7,\"dry_run\":true}"));
    EXPECT_EQ(answer.body, "{\"count\":3,\"dry_run\":true}");
    EXPECT_EQ(control_.last_order, Order::retry);
    EXPECT_EQ(control_.replays, 1);
    EXPECT_EQ(ask(request("POST", "/api/v1/cancel", "{}")).status, 400u) << "not everything";
    EXPECT_EQ(ask(request("GET", "/api/v1/cancel")).status, 405u);
}

TEST_F(AdminTest, DestinationsAreListedHeldAndReleased) {
    EXPECT_EQ(ask(request("GET", "/api/v1/destinations")).body,
              "{\"destinations\":[{\"name\":\"crm\"}]}");
    auto held = ask(request("POST", "/api/v1/destinations/crm/hold", "{\"reason\":\"moving\"}"));
    EXPECT_EQ(held.body, "{\"ok\":true}");
    EXPECT_EQ(control_.held, "crm: moving");
    EXPECT_EQ(ask(request("POST", "/api/v1/destinations/crm/release")).status, 200u);
    EXPECT_EQ(control_.released, "crm");
    control_.hold_answer = Error(ErrorCode::not_found, "there is no destination \"x\"");
    EXPECT_EQ(ask(request("POST", "/api/v1/destinations/x/release")).status, 404u);
}

TEST_F(AdminTest, AHoldNeedsAReasonThatFits) {
    auto hold = [&](const std::string& body) {
        return ask(request("POST", "/api/v1/destinations/crm/hold", body)).status;
    };
    auto reason = [](std::size_t bytes) {
        return "{\"reason\":\"" + std::string(bytes, 'x') + "\"}";
    };
    for (const char* body : {"", "{}", "[]", "{\"reason\":7}", "no json"})
        EXPECT_EQ(hold(body), 400u) << body;
    EXPECT_EQ(hold(reason(hold_reason_bytes_max + 1)), 400u);
    EXPECT_EQ(control_.held, "");
    EXPECT_EQ(hold(reason(hold_reason_bytes_max)), 200u);
    EXPECT_EQ(ask(request("GET", "/api/v1/destinations/crm/hold")).status, 405u);
    EXPECT_EQ(ask(request("POST", "/api/v1/destinations/crm/pause", reason(1))).status, 404u);
}

TEST_F(AdminTest, EveryRequestIsAnsweredWhenTheApiGoes) {
    std::promise<void> open_gate;
    control_.gate = open_gate.get_future().share();
    std::vector<std::future<HttpResponse>> waiting;
    for (int i = 0; i < 8; ++i) waiting.push_back(begin(request("GET", "/api/v1/stats")));
    open_gate.set_value();
    api_.reset();
    for (auto& answer : waiting) {
        unsigned status = answer.get().status;
        EXPECT_TRUE(status == 200u || status == 503u) << status;
    }
}

TEST_F(AdminTest, NamesOfFilterWordsAreAccepted) {
    for (const auto& word : filter_words()) {
        store::Filter filter;
        bool time = word.name == "since" || word.name == "until";
        const char* value = word.name == "state" ? "dead" : time ? "2h" : "7";
        EXPECT_TRUE(set_filter_word(filter, word.name, value, 0)) << word.name;
    }
}

}  // namespace
}  // namespace syncline
