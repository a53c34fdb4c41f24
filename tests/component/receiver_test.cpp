// The front door's decisions over a scripted source and store: every answer with its words, what
// is stored under which key, and what a stranger can learn. The last tests run it behind the real
// HTTP server.
#include "core/receiver/receiver.hpp"

#include <gtest/gtest.h>

#include "core/base/hash.hpp"
#include "core/base/limits.hpp"
#include "core/receiver/http_server.hpp"
#include "tests/component/raw_client.hpp"

namespace syncline {
namespace {

/// A store's queue that keeps what it is given and commits when the test says so.
class ScriptedSink final : public AcceptSink {
public:
    bool full = false;
    std::optional<Result<std::size_t>> commit_at_once = Result<std::size_t>(std::size_t{0});
    std::vector<store::AcceptRequest> submitted;
    std::vector<Done> waiting;

    std::vector<Delivery> route(const Event& event) override {
        Delivery delivery;
        delivery.rule = "rule for " + event.type;
        return {delivery};
    }
    bool submit(store::AcceptRequest request, Done done) override {
        if (full) return false;
        submitted.push_back(std::move(request));
        if (commit_at_once) done(*commit_at_once);
        else waiting.push_back(std::move(done));
        return true;
    }
};

/// One event for each item of {"events": [{"key", "type", "subject"}]}.
Result<std::vector<ReceivedEvent>> parse_events(const HttpRequest& request, std::int64_t) {
    auto json = Json::parse(request.body);
    if (!json) return Error(ErrorCode::invalid_argument, "the body is no JSON");
    if ((*json)["crash"].as_bool()) return Error(ErrorCode::plugin, "returned garbage");
    std::vector<ReceivedEvent> events;
    for (const auto& item : (*json)["events"].items()) {
        ReceivedEvent event;
        event.key = item["key"].as_string();
        event.type = item["type"].as_string_or("record.created");
        event.subject = item["subject"].as_string();
        event.payload = item.dump();
        events.push_back(std::move(event));
    }
    return events;
}

class ReceiverTest : public ::testing::Test {
protected:
    ReceiverTest() : clock(1'767'225'600'000), random(7) {
        SourcePort source;
        source.name = "attio";
        source.path = "/webhooks/attio";
        source.secrets = {"secret-one", "secret-two"};
        source.schemes = {{"x-attio-timestamp", *find_signature_scheme("timestamped")},
                          {"", *find_signature_scheme("attio-v2")}};
        source.content_types = {"application/json", "text/json", "+json"};
        source.parse = parse_events;
        SourcePort open = source;
        open.name = "open";
        open.path = "/webhooks/open";
        open.schemes.clear();
        open.content_types.clear();
        receiver = std::make_unique<Receiver>(std::vector{source, open}, sink, clock, random);
    }

    static HttpRequest request(const std::string& body,
                               const std::string& path = "/webhooks/attio") {
        HttpRequest made;
        made.method = "POST";
        made.target = path;
        made.body = body;
        made.peer = "192.0.2.1";
        return made;
    }
    HttpRequest signed_request(const std::string& body, const char* scheme = "attio-v2",
                               const std::string& secret = "secret-one") {
        auto made = request(body);
        made.headers = sign_request(*find_signature_scheme(scheme), secret, "", clock.wall_ms(),
                                    body);
        return made;
    }
    /// As the server does it: the head first, then the whole.
    HttpResponse ask(HttpRequest given) {
        HttpHandler::Admission admission;
        receiver->admit(given, admission);
        if (admission.refused) return admission.refusal;
        std::optional<HttpResponse> response;
        receiver->handle(std::move(given), [&](HttpResponse made) { response = std::move(made); });
        if (!response) return HttpResponse(0, "no answer yet");
        return *response;
    }
    std::uint64_t rejected(std::string_view reason) {
        auto counters = receiver->counters();
        return static_cast<std::uint64_t>(counters["rejected"][reason].as_int64().value());
    }

    ScriptedSink sink;
    ManualClock clock;
    SeededRandom random;
    std::unique_ptr<Receiver> receiver;
};

const std::string one_event = R"({"events":[{"key":"k1","type":"note.created","subject":"n1"}]})";

/// Status and body in one line.
std::string said(const HttpResponse& response) {
    return std::to_string(response.status) + " " + response.body;
}

// --- Accepted -----------------------------------------------------------------------------------

TEST_F(ReceiverTest, a_signed_event_is_stored_with_its_deliveries_and_answered_200) {
    EXPECT_EQ(said(ask(signed_request(one_event))), R"(200 {"received":true})");
    ASSERT_EQ(sink.submitted.size(), 1u);
    ASSERT_EQ(sink.submitted[0].accepts.size(), 1u);
    const auto& accept = sink.submitted[0].accepts[0];
    EXPECT_EQ(accept.dedupe_key, "k1");
    EXPECT_EQ(accept.event->source, "attio");
    EXPECT_EQ(accept.event->type, "note.created");
    EXPECT_EQ(accept.event->subject, "n1");
    EXPECT_EQ(accept.event->received_ms, clock.wall_ms());
    EXPECT_EQ(accept.event->id.size(), 36u);
    EXPECT_EQ(accept.event->id[14], '7');
    ASSERT_EQ(accept.deliveries.size(), 1u);
    EXPECT_EQ(accept.deliveries[0].rule, "rule for note.created");
    EXPECT_EQ(receiver->counters()["accepted"].as_int64(), 1);
}

TEST_F(ReceiverTest, both_dialects_and_both_secrets_are_accepted) {
    for (const char* scheme : {"attio-v2", "timestamped"})
        for (const char* secret : {"secret-one", "secret-two"})
            EXPECT_EQ(ask(signed_request(one_event, scheme, secret)).status, 200u) << scheme;
}

TEST_F(ReceiverTest, the_answer_waits_for_the_commit) {
    sink.commit_at_once.reset();
    std::optional<HttpResponse> response;
    receiver->handle(signed_request(one_event),
                     [&](HttpResponse made) { response = std::move(made); });
    EXPECT_FALSE(response.has_value());
    ASSERT_EQ(sink.waiting.size(), 1u);
    sink.waiting[0](std::size_t{0});
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->status, 200u);
}

TEST_F(ReceiverTest, an_answer_can_come_after_the_receiver_is_gone) {
    sink.commit_at_once.reset();
    std::optional<HttpResponse> response;
    receiver->handle(signed_request(one_event),
                     [&](HttpResponse made) { response = std::move(made); });
    receiver.reset();
    sink.waiting[0](Error(ErrorCode::unavailable, "the store is closing"));
    EXPECT_EQ(response->status, 503u);
}

TEST_F(ReceiverTest, a_repeat_is_answered_200_and_counted) {
    sink.commit_at_once = Result<std::size_t>(std::size_t{1});
    EXPECT_EQ(said(ask(signed_request(one_event))), R"(200 {"received":true})");
    EXPECT_EQ(receiver->counters()["accepted"].as_int64(), 0);
    EXPECT_EQ(receiver->counters()["duplicates"].as_int64(), 1);
}

TEST_F(ReceiverTest, an_empty_list_is_answered_200_and_stored_nowhere) {
    EXPECT_EQ(said(ask(signed_request(R"({"events":[]})"))), R"(200 {"received":true})");
    EXPECT_TRUE(sink.submitted.empty());
}

TEST_F(ReceiverTest, a_source_without_schemes_takes_unsigned_events_of_any_type) {
    auto given = request(one_event, "/webhooks/open?x=1");
    given.headers.add("Content-Type", "application/octet-stream");
    EXPECT_EQ(ask(std::move(given)).status, 200u);
}

// --- Keys ---------------------------------------------------------------------------------------

std::vector<std::string> keys_of(const ScriptedSink& sink) {
    std::vector<std::string> keys;
    for (const auto& accept : sink.submitted.back().accepts) keys.push_back(accept.dedupe_key);
    return keys;
}

TEST_F(ReceiverTest, events_under_one_key_get_their_index) {
    ask(signed_request(R"({"events":[{"key":"a"},{"key":"b"},{"key":"a"}]})"));
    EXPECT_EQ(keys_of(sink), (std::vector<std::string>{"a#0", "b", "a#2"}));
}

TEST_F(ReceiverTest, without_a_key_the_body_is_the_key) {
    std::string body = R"({"events":[{"type":"x"}]})";
    ask(signed_request(body));
    auto first = keys_of(sink);
    EXPECT_EQ(first, std::vector{hex_encode(sha256_parts({"/webhooks/attio", body}))});
    ask(signed_request(body, "timestamped"));
    EXPECT_EQ(keys_of(sink), first) << "the same body again is a repeat";
    ask(signed_request(body + " "));
    EXPECT_NE(keys_of(sink), first);
    ask(request(body, "/webhooks/open"));
    EXPECT_NE(keys_of(sink), first) << "another path";
}

TEST_F(ReceiverTest, a_batch_without_keys_gets_one_key_each) {
    std::string body = R"({"events":[{"type":"x"},{"type":"y"}]})";
    ask(signed_request(body));
    auto key = hex_encode(sha256_parts({"/webhooks/attio", body}));
    EXPECT_EQ(keys_of(sink), (std::vector{key + "#0", key + "#1"}));
}

// --- Refused before the body --------------------------------------------------------------------

TEST_F(ReceiverTest, an_unknown_path_is_404) {
    for (const char* path : {"/", "/webhooks", "/webhooks/attio/", "/webhooks/../webhooks/attio",
                             "/webhooks/%61ttio", "//webhooks/attio", "/WEBHOOKS/ATTIO"})
        EXPECT_EQ(said(ask(request(one_event, path))), R"(404 {"error":"Not found"})");
    EXPECT_EQ(rejected("no_source"), 7u);
}

TEST_F(ReceiverTest, another_method_is_405_and_says_which_is_allowed) {
    for (const char* method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "post", "BREW"}) {
        auto given = request(one_event);
        given.method = method;
        auto response = ask(std::move(given));
        EXPECT_EQ(said(response), R"(405 {"error":"Method not allowed"})");
        EXPECT_EQ(*response.headers.find("Allow"), "POST");
    }
}

TEST_F(ReceiverTest, an_encoded_body_is_415) {
    for (const char* encoding : {"gzip", "br", "identity, gzip", "x-unknown", ""}) {
        auto given = signed_request(one_event);
        given.headers.add("Content-Encoding", encoding);
        EXPECT_EQ(said(ask(std::move(given))),
                  R"(415 {"error":"Content-Encoding is not supported"})");
    }
    auto plain = signed_request(one_event);
    plain.headers.add("Content-Encoding", "Identity");
    EXPECT_EQ(ask(std::move(plain)).status, 200u);
}

TEST_F(ReceiverTest, a_content_type_that_the_source_does_not_take_is_415) {
    for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "", "json",
                             "application/jsonp", "application/json+xml"}) {
        auto given = signed_request(one_event);
        given.headers.add("Content-Type", type);
        EXPECT_EQ(said(ask(std::move(given))), R"(415 {"error":"Content-Type is not supported"})");
    }
    for (const char* type : {"application/json", "Application/JSON; charset=utf-8", "text/json",
                             "application/cloudevents+json", "application/json ;x=y"}) {
        auto given = signed_request(one_event);
        given.headers.add("Content-Type", type);
        EXPECT_EQ(ask(std::move(given)).status, 200u) << type;
    }
    auto doubled = signed_request(one_event);
    doubled.headers.add("Content-Type", "application/json");
    doubled.headers.add("Content-Type", "application/json");
    EXPECT_EQ(ask(std::move(doubled)).status, 415u);
}

// --- Refused by signature, body or limits --------------------------------------------------------

TEST_F(ReceiverTest, a_wrong_or_missing_signature_is_401_and_nothing_is_read) {
    for (auto given : {request(one_event), signed_request(one_event, "attio-v2", "wrong"),
                       request("no JSON at all")})
        EXPECT_EQ(said(ask(given)), R"(401 {"error":"Invalid signature"})");
    EXPECT_TRUE(sink.submitted.empty());
    EXPECT_EQ(rejected("signature"), 3u);
}

TEST_F(ReceiverTest, a_body_that_was_changed_on_the_way_is_401) {
    auto given = signed_request(one_event);
    given.body.back() = ' ';
    EXPECT_EQ(said(ask(std::move(given))), R"(401 {"error":"Invalid signature"})");
}

TEST_F(ReceiverTest, an_old_or_future_timestamp_is_401_with_its_own_words) {
    auto old = signed_request(one_event, "timestamped");
    clock.advance_ms(301'000);
    EXPECT_EQ(said(ask(old)), R"(401 {"error":"Timestamp too old"})");
    clock.jump_wall_ms(-602'000);
    EXPECT_EQ(said(ask(old)), R"(401 {"error":"Timestamp too old"})");
    EXPECT_EQ(rejected("timestamp"), 2u);
}

TEST_F(ReceiverTest, the_timestamped_dialect_cannot_be_downgraded) {
    auto given = signed_request(one_event, "attio-v2");
    given.headers.add("x-attio-timestamp", std::to_string(clock.wall_ms() / 1000));
    EXPECT_EQ(said(ask(std::move(given))), R"(401 {"error":"Invalid signature"})");
}

TEST_F(ReceiverTest, a_signed_body_that_is_no_event_is_400_with_the_reason) {
    EXPECT_EQ(said(ask(signed_request("{"))), R"(400 {"error":"the body is no JSON"})");
    std::string deep(100'000, '[');
    EXPECT_EQ(said(ask(signed_request(deep))), R"(400 {"error":"the body is no JSON"})");
    EXPECT_EQ(said(ask(signed_request(R"({"a":1,"a":2})"))),
              R"(400 {"error":"the body is no JSON"})");
    EXPECT_EQ(said(ask(signed_request("{\"a\":\"\xFF\"}"))),
              R"(400 {"error":"the body is no JSON"})");
    EXPECT_EQ(said(ask(signed_request(R"({"events":[{"type":""}]})"))),
              R"(400 {"error":"the event has no type"})");
    EXPECT_TRUE(sink.submitted.empty());
}

TEST_F(ReceiverTest, a_failing_connector_is_500_and_tells_nothing) {
    EXPECT_EQ(said(ask(signed_request(R"({"crash":true})"))),
              R"(500 {"error":"the source's connector failed"})");
    EXPECT_EQ(rejected("plugin"), 1u);
}

std::string events(std::size_t count) {
    std::string list;
    for (std::size_t i = 0; i < count; ++i) list += std::string(i ? "," : "") + "{}";
    return "{\"events\":[" + list + "]}";
}

TEST_F(ReceiverTest, a_request_may_hold_a_thousand_events_and_not_one_more) {
    static_assert(limits::events_per_request_max == 1000);
    for (std::size_t count : {999u, 1000u}) {
        EXPECT_EQ(ask(signed_request(events(count))).status, 200u);
        EXPECT_EQ(sink.submitted.back().accepts.size(), count);
    }
    EXPECT_EQ(said(ask(signed_request(events(1001)))),
              R"(413 {"error":"more than 1000 events in one request"})");
    EXPECT_EQ(sink.submitted.size(), 2u);
}

TEST_F(ReceiverTest, keys_types_and_subjects_have_at_most_1024_bytes) {
    for (const char* member : {"key", "type", "subject"}) {
        for (std::size_t size : {1023u, 1024u, 1025u}) {
            std::string value(size, 'x');
            auto body = std::string("{\"events\":[{\"") + member + "\":\"" + value + "\"}]}";
            EXPECT_EQ(ask(signed_request(body)).status, size <= 1024 ? 200u : 400u)
                << member << " " << size;
        }
    }
}

TEST_F(ReceiverTest, a_key_with_control_bytes_is_400) {
    for (const char* key : {"a\\u0000b", "a\\nb", "\\u001b[31m", "\\u007f"}) {
        auto body = std::string("{\"events\":[{\"key\":\"") + key + "\"}]}";
        EXPECT_EQ(said(ask(signed_request(body))),
                  R"(400 {"error":"the event's key is too long or has control bytes"})");
    }
}

// --- Overload and store trouble ------------------------------------------------------------------

TEST_F(ReceiverTest, a_full_queue_is_503_with_retry_after) {
    sink.full = true;
    auto response = ask(signed_request(one_event));
    EXPECT_EQ(said(response), R"(503 {"error":"too many requests are waiting; try again"})");
    EXPECT_EQ(*response.headers.find("Retry-After"), "2");
    EXPECT_EQ(rejected("overload"), 1u);
}

TEST_F(ReceiverTest, a_failed_commit_is_503_with_retry_after_and_tells_nothing) {
    sink.commit_at_once = Result<std::size_t>(Error(ErrorCode::disk_full, "no space left"));
    auto response = ask(signed_request(one_event));
    EXPECT_EQ(said(response), R"(503 {"error":"the event could not be stored; try again"})");
    EXPECT_EQ(*response.headers.find("Retry-After"), "2");
    EXPECT_EQ(rejected("store"), 1u);
    EXPECT_EQ(receiver->counters()["accepted"].as_int64(), 0);
}

// --- Behind the real server ----------------------------------------------------------------------

TEST_F(ReceiverTest, behind_the_server_each_refusal_has_its_status_and_nothing_is_stored) {
    HttpServerOptions options;
    options.body_bytes_max = 1000;
    auto server = HttpServer::open(options, *receiver);
    ASSERT_TRUE(server.has_value());
    (*server)->start();
    auto status = [&](const std::string& head, const std::string& body) {
        tests::RawClient client((*server)->port());
        return client.ask(head + "Host: hub\r\n\r\n" + body).status;
    };
    std::string post = "POST /webhooks/attio HTTP/1.1\r\n";
    EXPECT_EQ(status("POST /unknown HTTP/1.1\r\nContent-Length: 2\r\n", "{}"), 404u);
    EXPECT_EQ(status("GET /webhooks/attio HTTP/1.1\r\n", ""), 405u);
    EXPECT_EQ(status(post, ""), 411u);
    EXPECT_EQ(status(post + "Content-Length: 1001\r\n", ""), 413u);
    EXPECT_EQ(status(post + "Content-Encoding: gzip\r\nContent-Length: 2\r\n", "\x1F\x8B"), 415u);
    EXPECT_EQ(status(post + "Content-Length: 2\r\n", "{}"), 401u);
    EXPECT_EQ(status(post + "Content-Length: 2\r\nAttio-Signature: 00\r\n", "{}"), 401u);
    EXPECT_TRUE(sink.submitted.empty());
}

TEST_F(ReceiverTest, behind_the_server_a_signed_event_is_received) {
    auto server = HttpServer::open({}, *receiver);
    ASSERT_TRUE(server.has_value());
    (*server)->start();
    auto given = signed_request(one_event, "timestamped");
    std::string bytes = "POST /webhooks/attio HTTP/1.1\r\nHost: hub\r\n";
    for (const auto& [name, value] : given.headers.fields()) bytes += name + ": " + value + "\r\n";
    bytes += "Content-Length: " + std::to_string(one_event.size()) + "\r\n\r\n" + one_event;
    tests::RawClient client((*server)->port());
    for (int i = 0; i < 2; ++i) {
        auto answer = client.ask(bytes);
        EXPECT_EQ(answer.status, 200u);
        EXPECT_EQ(answer.body, R"({"received":true})");
        EXPECT_EQ(answer.header("Content-Type"), "application/json");
    }
    (*server)->stop(10'000);
    EXPECT_EQ(sink.submitted.size(), 2u);
}

}  // namespace
}  // namespace syncline
