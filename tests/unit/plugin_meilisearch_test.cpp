// The meilisearch connector: writes are tasks that must be seen to succeed.
#include "tests/support/plugin_harness.hpp"

namespace syncline::test {
namespace {

const PluginUnderTest& meilisearch() {
    static const PluginUnderTest plugin("meilisearch");
    return plugin;
}

constexpr const char* settings = R"({"url":"http://search.test:7700/","api_key":"k"})";
constexpr const char* put_url = "http://search.test:7700/indexes/deals/documents?primaryKey=id";
constexpr const char* delete_url = "http://search.test:7700/indexes/deals/documents/d-1";
constexpr const char* task_url = "http://search.test:7700/tasks/147";
constexpr const char* accepted =
    R"({"taskUid":147,"indexUid":"deals","status":"enqueued","type":"documentAdditionOrUpdate"})";

DeliverySpec spec_of(std::string_view input = R"({"index":"deals","id":"d-1",
                                                  "document":{"name":"Acme","id":"theirs"}})") {
    DeliverySpec spec;
    spec.input = json(input);
    return spec;
}

/// The outcome when the write is answered so.
Json answered(const char* action, int status, const std::string& body, const char* kind,
              std::int64_t after_ms = 0) {
    auto there = meilisearch().create(settings);
    auto job = there.act(action, spec_of());
    job.answer(status, body, {}, after_ms);
    return job.expect_done(kind);
}

/// The outcome when the task ends so.
Json task_ended(const char* action, int status, const std::string& body, const char* kind) {
    auto there = meilisearch().create(settings);
    auto job = there.act(action, spec_of());
    job.answer(202, accepted);
    job.expect_sleep();
    job.expect_http("GET", task_url);
    job.answer(status, body);
    return job.expect_done(kind);
}

TEST(MeilisearchPlugin, describes_itself_and_refuses_bad_settings) {
    EXPECT_EQ(meilisearch().describe()["name"].as_string(), "meilisearch");
    EXPECT_EQ(meilisearch().describe()["actions"].size(), 2u);
    EXPECT_NE(meilisearch().refusal("{}").find("expected http://"), std::string::npos);
    EXPECT_NE(meilisearch().refusal(R"({"url":"http://a","primary_key":""})").find("primary_key"),
              std::string::npos);
}

TEST(MeilisearchPlugin, puts_a_document_and_waits_for_its_task) {
    auto there = meilisearch().create(settings);
    auto job = there.act("put", spec_of());
    Json request = job.expect_http("POST", put_url, R"([{"id":"d-1","name":"Acme"}])");
    EXPECT_EQ(header_of(request, "Authorization"), "Bearer k");
    job.answer(202, accepted);
    std::int64_t first = job.expect_sleep();
    Json poll = job.expect_http("GET", task_url);
    EXPECT_EQ(header_of(poll, "Authorization"), "Bearer k");
    job.answer(200, R"({"uid":147,"status":"enqueued"})");
    std::int64_t second = job.expect_sleep();
    EXPECT_GT(second, first);
    job.answer(200, R"({"uid":147,"status":"processing"})");
    EXPECT_GT(job.expect_sleep(), second);
    job.answer(200, R"({"uid":147,"status":"succeeded"})");
    job.expect_done("delivered");
}

TEST(MeilisearchPlugin, without_a_key_no_header_is_sent) {
    auto there = meilisearch().create(R"({"url":"http://search.test:7700"})");
    auto job = there.act("put", spec_of());
    EXPECT_EQ(header_of(job.expect_http("POST", put_url), "Authorization"), "");
}

TEST(MeilisearchPlugin, deletes_a_document) {
    auto there = meilisearch().create(settings);
    auto job = there.act("delete", spec_of(R"({"index":"deals","id":"d-1"})"));
    job.expect_http("DELETE", delete_url);
    job.answer(202, accepted);
    job.expect_sleep();
    job.answer(200, R"({"status":"succeeded","details":{"deletedDocuments":0}})");
    job.expect_done("delivered");
}

TEST(MeilisearchPlugin, deleting_what_is_not_there_is_delivered) {
    answered("delete", 404, R"({"code":"index_not_found","type":"invalid_request"})", "delivered");
    task_ended("delete", 200,
               R"({"status":"failed","error":{"code":"index_not_found","type":"invalid_request"}})",
               "delivered");
    answered("put", 404, R"({"code":"index_not_found","type":"invalid_request"})", "reject");
}

TEST(MeilisearchPlugin, a_task_that_failed_is_no_success) {
    Json invalid = task_ended("put", 200, R"({"status":"failed","error":{
        "code":"invalid_document_id","type":"invalid_request","message":"no"}})", "reject");
    EXPECT_NE(invalid["note"].as_string().find("invalid_document_id: no"), std::string::npos);
    task_ended("put", 200, R"({"status":"failed","error":{"code":"x","type":"internal"}})", "retry");
    task_ended("put", 200, R"({"status":"failed","error":{"code":"x","type":"system"}})", "retry");
    task_ended("put", 200, R"({"status":"failed","error":{"code":"x","type":"auth"}})", "hold");
    task_ended("put", 200, R"({"status":"failed","error":null})", "reject");
    task_ended("put", 200, R"({"status":"canceled"})", "retry");
    Json full = task_ended("put", 200, R"({"status":"failed","error":{
        "code":"no_space_left_on_device","type":"system"}})", "retry");
    EXPECT_EQ(full["after_ms"].as_int64(), 60'000);
}

TEST(MeilisearchPlugin, polling_survives_trouble_and_ends) {
    auto there = meilisearch().create(settings);
    auto job = there.act("put", spec_of());
    job.answer(202, accepted);
    std::int64_t waited = 0;
    int polls = 0;
    while (job.asks("sleep") && polls < 100) {
        waited += job.expect_sleep();
        if (++polls == 2) job.fail("network");
        else if (polls == 3) job.answer(502, "<html>");
        else job.answer(200, R"({"status":"processing"})");
    }
    EXPECT_EQ(polls, 16);
    EXPECT_EQ(waited, 31'975);
    Json outcome = job.expect_done("retry");
    EXPECT_NE(outcome["note"].as_string().find("has not ended: processing"), std::string::npos);
}

TEST(MeilisearchPlugin, a_task_that_cannot_be_read) {
    task_ended("put", 403, R"({"code":"invalid_api_key","type":"auth"})", "hold");
    task_ended("put", 404, R"({"code":"task_not_found","type":"invalid_request"})", "retry");
}

TEST(MeilisearchPlugin, answers_to_the_write_become_outcomes) {
    answered("put", 401, R"({"code":"missing_authorization_header","type":"auth"})", "hold");
    answered("put", 403, R"({"code":"invalid_api_key","type":"auth"})", "hold");
    Json bad = answered("put", 400, R"({"code":"malformed_payload","type":"invalid_request",
                                        "message":"no JSON"})", "reject");
    EXPECT_NE(bad["note"].as_string().find("malformed_payload: no JSON"), std::string::npos);
    answered("put", 413, R"({"code":"payload_too_large","type":"invalid_request"})", "reject");
    EXPECT_EQ(answered("put", 503, R"({"code":"too_many_search_requests","type":"system"})",
                       "retry", 10'000)["after_ms"].as_int64(), 10'000);
    EXPECT_EQ(answered("put", 507, R"({"code":"no_space_left_on_device","type":"system"})",
                       "retry")["after_ms"].as_int64(), 60'000);
    answered("put", 429, "", "retry");
    answered("put", 500, "oops", "retry");
    answered("put", 202, "<html>", "retry");
    answered("put", 200, "{}", "retry");
    auto there = meilisearch().create(settings);
    auto job = there.act("put", spec_of());
    job.fail("timeout");
    job.expect_done("retry");
}

TEST(MeilisearchPlugin, ids_that_the_server_would_refuse_are_never_sent) {
    auto there = meilisearch().create(settings);
    auto outcome = [&](const std::string& id) {
        Json input = json(R"({"index":"deals","document":{}})");
        input.set("id", id);
        return there.act("put", spec_of(input.dump()));
    };
    outcome(std::string(511, 'a')).expect_http("POST", put_url);
    outcome(std::string(512, 'a')).expect_done("reject");
    Json bad = outcome("attio:1").expect_done("reject");
    EXPECT_NE(bad["note"].as_string().find("attio:1"), std::string::npos);
    outcome("").expect_done("reject");
    outcome("é").expect_done("reject");
    there.act("put", spec_of(R"({"index":"deals","id":17,"document":{}})"))
        .expect_http("POST", put_url, R"([{"id":"17"}])");
    there.act("put", spec_of(R"({"index":"a/b","id":"1","document":{}})")).expect_done("reject");
    there.act("put", spec_of(R"({"index":"deals","id":"1","document":[1]})")).expect_done("reject");
    there.act("search", spec_of()).expect_done("reject");
}

TEST(MeilisearchPlugin, puts_that_are_ready_together_go_out_as_one_request_for_each_index) {
    auto there = meilisearch().create(settings);
    auto job = there.act_batch(
        "put", {spec_of(), spec_of(R"({"index":"people","id":"p-1","document":{"name":"Ada"}})"),
                spec_of(R"({"index":"deals","id":"not a name","document":{}})"),
                spec_of(R"({"index":"deals","id":"d-2","document":{"name":"Bolt"}})")});
    job.expect_http("POST", put_url, R"([{"id":"d-1","name":"Acme"},{"id":"d-2","name":"Bolt"}])");
    job.answer(202, accepted);
    job.expect_sleep();
    job.expect_http("GET", task_url);
    job.answer(200, R"({"uid":147,"status":"succeeded"})");
    job.expect_http("POST", "http://search.test:7700/indexes/people/documents?primaryKey=id",
                    R"([{"id":"p-1","name":"Ada"}])");
    job.answer(503, "");
    EXPECT_EQ(job.expect_all_done(), "delivered retry reject delivered");
}

TEST(MeilisearchPlugin, a_batch_that_one_document_spoils_is_tried_one_by_one) {
    auto there = meilisearch().create(settings);
    auto job = there.act_batch(
        "put", {spec_of(), spec_of(R"({"index":"deals","id":"d-2","document":{"_geo":"x"}})")});
    job.answer(202, accepted);
    job.expect_sleep();
    job.answer(200, R"({"uid":147,"status":"failed","error":{"type":"invalid_request",
                        "code":"invalid_document_geo_field","message":"no"}})");
    EXPECT_EQ(job.expect_all_done(), "retry retry");
}

}  // namespace
}  // namespace syncline::test
