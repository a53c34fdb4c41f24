// The hubspot connector: the exact upsert, and every documented refusal.
#include "tests/support/plugin_harness.hpp"

namespace syncline::test {
namespace {

const PluginUnderTest& hubspot() {
    static const PluginUnderTest plugin("hubspot");
    return plugin;
}

constexpr const char* url = "https://api.hubapi.com/crm/v3/objects/contacts/batch/upsert";
constexpr const char* usual_input =
    R"({"object":"contacts","key":{"attio_id":"dddd"},"properties":{"firstname":"Ada"}})";

DeliverySpec spec_of(std::string_view input = usual_input) {
    DeliverySpec spec;
    spec.input = json(input);
    return spec;
}

Json answered(int status, const std::string& body, const char* kind, std::int64_t after_ms = 0) {
    auto there = hubspot().create(R"({"token":"t"})");
    auto job = there.act("upsert", spec_of());
    job.answer(status, body, {}, after_ms);
    return job.expect_done(kind);
}

TEST(HubspotPlugin, describes_itself) {
    Json described = hubspot().describe();
    EXPECT_EQ(described["name"].as_string(), "hubspot");
    EXPECT_TRUE(described["settings"]["properties"]["token"]["secret"].as_bool());
    EXPECT_TRUE(described["actions"]["upsert"]["idempotent"].as_bool());
    EXPECT_EQ(hubspot().refusal("{}"), "token is empty");
}

TEST(HubspotPlugin, upserts_by_the_unique_property_with_texts) {
    auto there = hubspot().create(R"({"token":"t"})");
    auto job = there.act("upsert", spec_of(R"({"object":"contacts","key":{"attio_id":"dddd"},
        "properties":{"firstname":"Ada","amount":19.90,"vip":true,"gone":null,
                      "tags":["a",2],"deep":{"x":1}}})"));
    Json request = job.expect_http("POST", url, R"({"inputs":[{"id":"dddd","idProperty":"attio_id",
        "objectWriteTraceId":"dlv-1","properties":{"firstname":"Ada","amount":"19.90","vip":"true",
        "gone":"","tags":"a;2","deep":"{\"x\":1}"}}]})");
    EXPECT_EQ(header_of(request, "Authorization"), "Bearer t");
    job.answer(201, R"({"status":"COMPLETE","results":[{"id":"101","new":true}]})");
    Json outcome = job.expect_done("delivered");
    EXPECT_EQ(outcome["links"],
              json(R"([{"kind":"contacts","source_id":"dddd","id":"101"}])"));
    EXPECT_EQ(outcome["note"].as_string(), "created contacts 101");
}

TEST(HubspotPlugin, the_path_generation_is_a_setting) {
    auto there = hubspot().create(
        R"({"token":"t","api_url":"http://127.0.0.1:9/","path_prefix":"/crm/objects/2026-03"})");
    auto job = there.act("upsert", spec_of());
    job.expect_http("POST", "http://127.0.0.1:9/crm/objects/2026-03/contacts/batch/upsert");
    job.answer(200, R"({"results":[{"id":"7","new":false}]})");
    EXPECT_EQ(job.expect_done("delivered")["note"].as_string(), "updated contacts 7");
}

TEST(HubspotPlugin, a_partial_answer_is_read_by_its_trace) {
    Json invalid = answered(207, R"({"status":"COMPLETE","results":[],"numErrors":1,"errors":[
        {"status":"error","category":"CONFLICT","message":"other","context":{"objectWriteTraceId":["x"]}},
        {"status":"error","category":"VALIDATION_ERROR","message":"bad email",
         "context":{"objectWriteTraceId":["dlv-1"]}}]})", "reject");
    EXPECT_NE(invalid["note"].as_string().find("VALIDATION_ERROR: bad email"), std::string::npos);
    answered(207, R"({"results":[],"numErrors":1,"errors":[{"category":"CONFLICT","message":"m"}]})",
             "retry");
    answered(207, R"({"results":[{"id":"5","new":true}],"numErrors":0,"errors":[]})", "delivered");
}

TEST(HubspotPlugin, a_good_status_without_a_result_is_no_success) {
    answered(200, "<html>", "retry");
    answered(200, R"({"status":"COMPLETE","results":[]})", "retry");
    answered(207, "{}", "retry");
}

TEST(HubspotPlugin, rate_limits_wait_as_their_policy_says) {
    auto wait = [](const char* body, std::int64_t after = 0) {
        return answered(429, body, "retry", after)["after_ms"].as_int64();
    };
    EXPECT_EQ(wait(R"({"policyName":"SECONDLY"})"), 1000);
    EXPECT_EQ(wait(R"({"policyName":"TEN_SECONDLY_ROLLING"})"), 10'000);
    EXPECT_EQ(wait(R"({"policyName":"DAILY"})"), 86'400'000);  // the test's clock is at midnight
    EXPECT_EQ(wait(R"({"message":"You have reached your ten_secondly_rolling limit."})"), 10'000);
    EXPECT_EQ(wait("slow down"), 10'000);
    EXPECT_EQ(wait(R"({"policyName":"SECONDLY"})", 5000), 5000);
}

TEST(HubspotPlugin, locks_conflicts_and_migrations_are_tried_again) {
    EXPECT_EQ(answered(423, "{}", "retry")["after_ms"].as_int64(), 2000);
    EXPECT_EQ(answered(477, "{}", "retry", 60'000)["after_ms"].as_int64(), 60'000);
    answered(409, "{}", "retry");
    for (int status : {500, 502, 503, 504, 524}) answered(status, "<html>", "retry");
}

TEST(HubspotPlugin, refusals_are_quoted) {
    Json bad = answered(400, R"({"status":"error","category":"VALIDATION_ERROR","message":"no",
        "correlationId":"c-1","errors":[{"message":"Property \"x\" does not exist"}]})", "reject");
    EXPECT_NE(bad["note"].as_string().find("does not exist"), std::string::npos);
    EXPECT_NE(bad["note"].as_string().find("c-1"), std::string::npos);
    answered(401, R"({"category":"INVALID_AUTHENTICATION"})", "hold");
    answered(403, R"({"category":"MISSING_SCOPES"})", "hold");
    answered(404, "", "reject");
}

TEST(HubspotPlugin, an_unknown_outcome_is_repeated_the_same_way) {
    auto there = hubspot().create(R"({"token":"t"})");
    auto job = there.act("upsert", spec_of());
    Json first = job.expect_http("POST", url);
    job.fail("timeout");
    job.expect_done("retry");
    DeliverySpec again = spec_of();
    again.attempt = 2;
    again.uncertain = true;
    auto repeated = there.act("upsert", again);
    EXPECT_EQ(repeated.expect_http("POST", url)["body"], first["body"]);
}

TEST(HubspotPlugin, inputs_that_cannot_work_are_rejected_before_they_are_sent) {
    auto there = hubspot().create(R"({"token":"t"})");
    for (const char* input :
         {R"({"object":"con tacts","key":{"a":"1"},"properties":{}})",
          R"({"object":"../x","key":{"a":"1"},"properties":{}})",
          R"({"object":"contacts","key":{},"properties":{}})",
          R"({"object":"contacts","key":{"a":"1","b":"2"},"properties":{}})",
          R"({"object":"contacts","key":{"a":null},"properties":{}})",
          R"({"object":"contacts","key":"x","properties":{}})",
          R"({"object":"contacts","key":{"a":"1"},"properties":"x"})"})
        there.act("upsert", spec_of(input)).expect_done("reject");
    there.act("archive", spec_of()).expect_done("reject");
}

}  // namespace
}  // namespace syncline::test
