// The http connector: parsing any JSON, and forwarding with Standard Webhooks headers.
#include <set>

#include "tests/support/plugin_harness.hpp"

namespace syncline::test {
namespace {

const PluginUnderTest& http() {
    static const PluginUnderTest plugin("http");
    return plugin;
}

DeliverySpec spec_of(std::string_view input, std::string payload = R"({"a": 1.50})") {
    DeliverySpec spec;
    spec.input = json(input);
    spec.payload = std::move(payload);
    spec.event = json(R"({"id":"e1","type":"t","content_type":"application/json"})");
    return spec;
}

TEST(HttpPlugin, describes_itself) {
    Json described = http().describe();
    EXPECT_EQ(described["name"].as_string(), "http");
    EXPECT_EQ(described["roles"].size(), 2u);
    EXPECT_TRUE(described["settings"]["properties"]["secret"]["secret"].as_bool());
    EXPECT_TRUE(described["actions"].find("forward"));
}

TEST(HttpPlugin, refuses_settings_that_cannot_work) {
    EXPECT_NE(http().refusal(R"({"url":"ftp://x"})").find("expected http://"), std::string::npos);
    EXPECT_NE(http().refusal(R"({"secret":"whsec_***"})").find("no base64"), std::string::npos);
    EXPECT_NE(http().refusal(R"({"headers":{"bad name":"x"}})").find("no header name"),
              std::string::npos);
    EXPECT_NE(http().refusal(R"({"headers":{"X":"a\r\nY: b"}})").find("control character"),
              std::string::npos);
    EXPECT_NE(http().refusal(R"({"signature":{}})").find("no \"header\""), std::string::npos);
    EXPECT_NE(http().refusal(R"({"signature":5})").find("neither"), std::string::npos);
}

TEST(HttpPlugin, names_its_signature) {
    EXPECT_EQ(http().create("{}").signatures(), json("[]"));
    EXPECT_EQ(http().create(R"({"signature":"none"})").signatures(), json("[]"));
    EXPECT_EQ(http().create(R"({"signature":"github"})").signatures(),
              json(R"([{"scheme":"github"}])"));
    EXPECT_EQ(http().create(R"({"signature":{"header":"X-S","prefix":"p="}})").signatures(),
              json(R"([{"custom":{"header":"X-S","prefix":"p="}}])"));
}

TEST(HttpPlugin, takes_key_type_subject_and_time_by_path) {
    auto source = http().create(
        R"({"key_path":"meta.id","type_path":"meta.kind","subject_path":"order.no",
            "time_path":"meta.at"})");
    std::string body =
        R"({"meta":{"id":17,"kind":"order.paid","at":"2026-01-01T00:00:00Z"},"order":{"no":"A-1"}})"
        "\n";
    Json event = source.parse(json("{}"), body)["events"][0];
    EXPECT_EQ(event["key"].as_string(), "17");
    EXPECT_EQ(event["type"].as_string(), "order.paid");
    EXPECT_EQ(event["subject"].as_string(), "A-1");
    EXPECT_EQ(event["time_ms"].as_int64(), 1767225600000);
    EXPECT_EQ(event["range"][1].as_int64(), static_cast<std::int64_t>(body.size()));
}

TEST(HttpPlugin, takes_key_and_type_by_header_and_falls_back_to_constants) {
    auto source = http().create(R"({"key_header":"X-Id","type_header":"X-Kind","type":"other"})");
    Json headers = json(R"({"x-id":"k1","x-kind":"seen"})");
    Json event = source.parse(headers, "[1]")["events"][0];
    EXPECT_EQ(event["key"].as_string(), "k1");
    EXPECT_EQ(event["type"].as_string(), "seen");
    Json bare = source.parse(json("{}"), "1")["events"][0];
    EXPECT_EQ(bare["key"].as_string(), "");
    EXPECT_EQ(bare["type"].as_string(), "other");
    Json none = http().create("{}").parse(json("{}"), "{}")["events"][0];
    EXPECT_EQ(none["type"].as_string(), "http.received");
}

TEST(HttpPlugin, numbers_as_times_are_seconds_or_milliseconds) {
    auto source = http().create(R"({"time_path":"t"})");
    auto time = [&](const char* body) {
        return source.parse(json("{}"), body)["events"][0]["time_ms"].as_int64();
    };
    EXPECT_EQ(time(R"({"t":1767225600})"), 1767225600000);
    EXPECT_EQ(time(R"({"t":1767225600123})"), 1767225600123);
    EXPECT_EQ(time(R"({"t":"yesterday"})"), std::nullopt);
    EXPECT_EQ(time(R"({"t":-5})"), std::nullopt);
}

TEST(HttpPlugin, known_schemes_bring_their_key_and_type) {
    auto source = http().create(R"({"signature":"github"})");
    Json headers = json(R"({"x-github-delivery":"g-1","x-github-event":"issues"})");
    Json event = source.parse(headers, "{}")["events"][0];
    EXPECT_EQ(event["key"].as_string(), "g-1");
    EXPECT_EQ(event["type"].as_string(), "issues");
}

TEST(HttpPlugin, refuses_a_body_that_is_no_json_and_says_where) {
    auto source = http().create("{}");
    std::string error = source.parse(json("{}"), R"({"a":)")["error"].as_string();
    EXPECT_NE(error.find("the body is no JSON"), std::string::npos) << error;
    EXPECT_NE(error.find("at byte 5"), std::string::npos) << error;
    EXPECT_TRUE(source.parse(json("{}"), "").find("error"));
    EXPECT_TRUE(source.parse(json("{}"), "{} x").find("error"));
}

TEST(HttpPlugin, forwards_the_payload_byte_for_byte_signed) {
    // The published vector of Standard Webhooks, with the attempt's own time.
    auto there = http().create(
        R"({"url":"https://in.test/hook?token=t","secret":"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="})");
    std::string body =
        R"({"type":"record.created","timestamp":"2026-01-01T00:00:00Z","data":{"id":"rec_1"}})";
    DeliverySpec spec = spec_of("{}", body);
    spec.id = "msg_hub_0001";
    auto job = there.act("forward", spec);
    Json request = job.expect_http("POST", "https://in.test/hook?token=t");
    EXPECT_EQ(request["body"].as_string(), body);
    EXPECT_EQ(header_of(request, "webhook-id"), "msg_hub_0001");
    EXPECT_EQ(header_of(request, "Idempotency-Key"), "msg_hub_0001");
    EXPECT_EQ(header_of(request, "webhook-timestamp"), "1767225600");
    EXPECT_EQ(header_of(request, "webhook-signature"),
              "v1,it7i1Hga2EUgy2RsMSggUZP5ls20JAhEIT/ZA/EPa/g=");
    EXPECT_EQ(header_of(request, "Content-Type"), "application/json");
    job.answer(202);
    Json outcome = job.expect_done("delivered");
    EXPECT_EQ(outcome["note"].as_string().find("token"), std::string::npos);
}

TEST(HttpPlugin, forwards_a_given_body_and_headers) {
    auto there = http().create(
        R"({"url":"http://in.test","method":"PUT","headers":{"X-A":"1","X-B":"1"}})");
    auto job = there.act("forward", spec_of(R"({"body":{"n":19.90},"headers":{"x-b":2}})"));
    Json request = job.expect_http("PUT", "http://in.test");
    EXPECT_EQ(request["body"].as_string(), R"({"n":19.90})");
    EXPECT_EQ(header_of(request, "X-A"), "1");
    EXPECT_EQ(header_of(request, "X-B"), "2");
    EXPECT_EQ(header_of(request, "webhook-signature"), "");
    job.answer(204);
    job.expect_done("delivered");
}

TEST(HttpPlugin, the_id_stays_over_attempts) {
    auto there = http().create(R"({"url":"http://in.test"})");
    std::set<std::string> ids;
    for (int attempt = 1; attempt <= 3; ++attempt) {
        DeliverySpec spec = spec_of("{}");
        spec.attempt = attempt;
        auto job = there.act("forward", spec);
        ids.insert(header_of(job.expect_http("POST", "http://in.test"), "Idempotency-Key"));
    }
    EXPECT_EQ(ids, std::set<std::string>{"dlv-1"});
}

TEST(HttpPlugin, refuses_headers_that_would_split_the_request) {
    auto there = http().create(R"({"url":"http://in.test"})");
    auto job = there.act("forward", spec_of(R"({"headers":{"X":"a\r\nHost: b"}})"));
    job.expect_done("reject");
}

TEST(HttpPlugin, without_a_url_nothing_can_be_sent) {
    auto there = http().create("{}");
    auto job = there.act("forward", spec_of("{}"));
    job.expect_done("hold");
}

TEST(HttpPlugin, answers_become_outcomes) {
    auto there = http().create(R"({"url":"http://in.test"})");
    const std::pair<int, const char*> cases[] = {
        {200, "delivered"}, {299, "delivered"}, {301, "reject"}, {400, "reject"}, {401, "hold"},
        {403, "hold"},      {404, "reject"},    {408, "retry"},  {409, "reject"}, {410, "hold"},
        {422, "reject"},    {425, "retry"},     {429, "retry"},  {500, "retry"},  {503, "retry"}};
    for (const auto& [status, outcome] : cases) {
        auto job = there.act("forward", spec_of("{}"));
        job.answer(status, "why\nso");
        job.expect_done(outcome);
    }
}

TEST(HttpPlugin, obeys_retry_after_and_quotes_the_answer) {
    auto there = http().create(R"({"url":"http://in.test"})");
    auto job = there.act("forward", spec_of("{}"));
    job.answer(429, "slow\ndown", {}, 7000);
    Json outcome = job.expect_done("retry");
    EXPECT_EQ(outcome["after_ms"].as_int64(), 7000);
    EXPECT_NE(outcome["note"].as_string().find("slow down"), std::string::npos);
}

TEST(HttpPlugin, network_failures_retry_and_a_forbidden_target_does_not) {
    auto there = http().create(R"({"url":"http://in.test"})");
    for (const char* error : {"timeout", "network", "too_large"}) {
        auto job = there.act("forward", spec_of("{}"));
        job.fail(error);
        job.expect_done("retry");
    }
    auto job = there.act("forward", spec_of("{}"));
    job.fail("refused_by_policy", false);
    job.expect_done("reject");
}

}  // namespace
}  // namespace syncline::test
