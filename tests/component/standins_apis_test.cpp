// Attio's, GitHub's and HubSpot's stand-ins refuse and limit what the vendors document. If one of
// these fails, the connectors' tests prove less than they seem to.
#include <gmock/gmock.h>

#include "core/base/text.hpp"
#include "tests/component/standins_calls.hpp"
#include "tests/standins/attio.hpp"
#include "tests/standins/github.hpp"
#include "tests/standins/hubspot.hpp"

namespace syncline::standins {
namespace {

StandinOptions with_token(const char* token) {
    StandinOptions options;
    options.token = token;
    return options;
}

// --- Attio
// -------------------------------------------------------------------------------------------

class AttioStandin : public testing::Test {
protected:
    HttpResponse ask(const char* method, const std::string& target, const std::string& body = "") {
        return call(attio_, request_of(method, target, body, {{"Authorization", "Bearer key"}}));
    }
    void SetUp() override {
        attio_.seed(*Json::parse(R"({
            "records": {"r1": {"object": "deals", "values": {"name": "Acme", "stage": "Lead"}}},
            "entries": {"e1": {"list": "sales-pipeline", "parent_object": "deals",
                               "parent_record_id": "r1",
                               "entry_values": {"stage": "Lead", "tags": ["Hot", "Cold"]}}},
            "notes": {"n1": {"title": "Call", "content_markdown": "# Hi"}},
            "tasks": {"t1": {"content_plaintext": "Ring"}}})"));
    }
    ManualClock clock_;
    Attio attio_{clock_, with_token("key")};
};

TEST_F(AttioStandin, refuses_a_missing_or_wrong_token) {
    for (const char* header : {"", "Bearer other", "Basic key"}) {
        const HttpResponse answer =
            call(attio_, request_of("GET", "/v2/objects", "", {{"Authorization", header}}));
        EXPECT_EQ(answer.status, 401u);
        EXPECT_EQ(json_of(answer)["code"], Json("unauthorized"));
        EXPECT_EQ(json_of(answer)["type"], Json("auth_error"));
    }
}

TEST_F(AttioStandin, reads_a_record_by_slug_and_by_object_id_in_the_long_form) {
    const std::string object_id =
        json_of(ask("GET", "/v2/objects/deals"))["data"]["id"]["object_id"].as_string();
    for (const std::string& object : {std::string("deals"), object_id}) {
        const Json record = json_of(ask("GET", "/v2/objects/" + object + "/records/r1"))["data"];
        EXPECT_EQ(record["id"]["object_id"], Json(object_id));
        EXPECT_EQ(record["values"]["name"][0]["value"], Json("Acme"));
        EXPECT_EQ(record["values"]["stage"][0]["status"]["title"], Json("Lead"));
    }
    EXPECT_EQ(ask("GET", "/v2/objects/people/records/r1").status, 404u);
}

TEST_F(AttioStandin, moves_a_stage_only_by_an_array_with_a_known_title) {
    const std::string path = "/v2/lists/sales-pipeline/entries/e1";
    EXPECT_EQ(json_of(ask("PATCH", path, R"({"data":{"entry_values":{"stage":"Won"}}})"))["code"],
              Json("validation_type"));
    EXPECT_EQ(
        json_of(ask("PATCH", path, R"({"data":{"entry_values":{"stage":["Nope"]}}})"))["code"],
        Json("value_not_found"));
    EXPECT_EQ(json_of(ask("PATCH", path, R"({"data":{"entry_values":{"phase":["Won"]}}})"))["code"],
              Json("value_not_found"));
    EXPECT_EQ(attio_.writes(), 0u);
    const HttpResponse answer =
        ask("PATCH", path, R"({"data":{"entry_values":{"stage":["Won"]}}})");
    EXPECT_EQ(answer.status, 200u);
    const Json entry = json_of(ask("GET", path))["data"];
    EXPECT_EQ(entry["entry_values"]["stage"][0]["status"]["title"], Json("Won"));
    EXPECT_EQ(entry["entry_values"]["tags"].size(), 2u);
    EXPECT_EQ(attio_.writes(), 1u);
}

TEST_F(AttioStandin, patch_keeps_values_of_a_multivalued_attribute_and_put_replaces_them) {
    attio_.seed(*Json::parse(R"({"records": {"c1": {"object": "companies",
        "values": {"name": "Acme", "tags": ["Customer"]}}}})"));
    const std::string path = "/v2/objects/companies/records/c1";
    Json values = json_of(
        ask("PATCH", path, R"({"data":{"values":{"tags":["Partner"]}}})"))["data"]["values"];
    EXPECT_EQ(values["tags"].size(), 2u);
    EXPECT_EQ(values["tags"][0]["option"]["title"], Json("Partner"));
    values =
        json_of(ask("PUT", path, R"({"data":{"values":{"tags":["Partner"]}}})"))["data"]["values"];
    EXPECT_EQ(values["tags"].size(), 1u);
}

TEST_F(AttioStandin, limits_writes_to_25_a_second_and_says_when_by_an_http_date) {
    const std::string body = R"({"data":{"entry_values":{"stage":["Won"]}}})";
    for (int at = 0; at < 25; ++at) {
        ASSERT_EQ(ask("PATCH", "/v2/lists/sales-pipeline/entries/e1", body).status, 200u) << at;
    }
    const HttpResponse limited = ask("PATCH", "/v2/lists/sales-pipeline/entries/e1", body);
    EXPECT_EQ(limited.status, 429u);
    EXPECT_EQ(json_of(limited)["type"], Json("rate_limit_error"));
    ASSERT_NE(limited.headers.find("Retry-After"), nullptr);
    EXPECT_EQ(parse_http_date(*limited.headers.find("Retry-After")),
              (clock_.wall_ms() / 1000 + 1) * 1000);
    EXPECT_EQ(ask("GET", "/v2/tasks/t1").status, 200u) << "reads have their own limit";
    clock_.advance_ms(1000);
    EXPECT_EQ(ask("PATCH", "/v2/lists/sales-pipeline/entries/e1", body).status, 200u);
}

TEST_F(AttioStandin, limits_reads_to_100_a_second) {
    for (int at = 0; at < 100; ++at) ASSERT_EQ(ask("GET", "/v2/notes/n1").status, 200u);
    EXPECT_EQ(ask("GET", "/v2/notes/n1").status, 429u);
}

TEST_F(AttioStandin, completes_a_task_but_does_not_change_its_text) {
    EXPECT_EQ(
        json_of(ask("PATCH", "/v2/tasks/t1", R"({"data":{"content_plaintext":"x"}})"))["code"],
        Json("immutable_value"));
    EXPECT_TRUE(json_of(ask("GET", "/v2/tasks/t1"))["data"]["completed_at"].is_null());
    ask("PATCH", "/v2/tasks/t1", R"({"data":{"is_completed":true}})");
    const Json task = json_of(ask("GET", "/v2/tasks/t1"))["data"];
    EXPECT_TRUE(task["is_completed"].as_bool());
    EXPECT_EQ(task["completed_at"], Json("2026-01-01T00:00:00.000000000Z"));
}

TEST_F(AttioStandin, answers_404_and_400_in_its_own_form) {
    const Json missing = json_of(ask("GET", "/v2/notes/nope"));
    EXPECT_EQ(missing["status_code"], Json(404));
    EXPECT_EQ(missing["code"], Json("not_found"));
    EXPECT_EQ(json_of(ask("PATCH", "/v2/tasks/t1", "{"))["code"], Json("validation_type"));
}

// --- GitHub
// ------------------------------------------------------------------------------------------

class GitHubStandin : public testing::Test {
protected:
    HttpResponse ask(const char* method, const std::string& target, const std::string& body = "") {
        return call(github_, request_of(method, target, body,
                                        {{"Authorization", "Bearer key"}, {"User-Agent", "test"}}));
    }
    void SetUp() override {
        github_.seed(*Json::parse(R"({"issues": {
            "o/r#1": {"title": "One", "body": "ref-a"},
            "o/r#2": {"title": "Two", "body": "ref b", "labels": ["ext:b"]},
            "o/other#1": {"title": "Else", "body": "ref-a"}}})"));
    }
    ManualClock clock_;
    GitHub github_{clock_, with_token("key")};
};

TEST_F(GitHubStandin, requires_user_agent_and_a_good_token) {
    const auto get = [&](const char* agent, const char* token) {
        return call(github_, request_of("GET", "/repos/o/r/issues/1", "",
                                        {{"Authorization", token}, {"User-Agent", agent}}));
    };
    EXPECT_EQ(get("", "Bearer key").status, 403u);
    EXPECT_EQ(json_of(get("x", "Bearer no"))["message"], Json("Bad credentials"));
    EXPECT_EQ(get("x", "Bearer key").status, 200u);
}

TEST_F(GitHubStandin, searches_by_repository_phrase_state_and_label) {
    const auto total = [&](const std::string& query) {
        return *json_of(ask("GET", "/search/issues?q=" + query))["total_count"].as_int64();
    };
    EXPECT_EQ(total("repo:o/r+is:issue+in:body+%22ref-a%22"), 1);
    EXPECT_EQ(total("repo:o/r+%22ref%20b%22"), 1);
    EXPECT_EQ(total("repo:o/r+is:closed"), 0);
    EXPECT_EQ(total("repo:o/r+label:ext:b"), 1);
    EXPECT_EQ(json_of(ask("GET", "/repos/o/r/issues?labels=ext:b&state=all")).size(), 1u);
}

TEST_F(GitHubStandin, closes_an_issue_and_refuses_unknown_states) {
    EXPECT_EQ(ask("PATCH", "/repos/o/r/issues/1", R"({"state":"done"})").status, 422u);
    EXPECT_EQ(ask("PATCH", "/repos/o/r/issues/9", R"({"state":"closed"})").status, 404u);
    const HttpResponse closed =
        ask("PATCH", "/repos/o/r/issues/1", R"({"state":"closed","state_reason":"completed"})");
    EXPECT_EQ(closed.status, 200u);
    EXPECT_EQ(github_.object("issues", "o/r#1")->operator[]("state"), Json("closed"));
}

TEST_F(GitHubStandin, keeps_comments_in_the_order_they_came) {
    EXPECT_EQ(ask("POST", "/repos/o/r/issues/1/comments", R"({"body":"first"})").status, 201u);
    EXPECT_EQ(ask("POST", "/repos/o/r/issues/1/comments", R"({"body":"second"})").status, 201u);
    EXPECT_EQ(ask("POST", "/repos/o/r/issues/1/comments", R"({})").status, 422u);
    const Json comments = json_of(ask("GET", "/repos/o/r/issues/1/comments"));
    EXPECT_EQ(comments[0]["body"], Json("first"));
    EXPECT_EQ(comments.size(), 2u);
}

TEST_F(GitHubStandin, past_the_primary_limit_403_with_nothing_remaining_and_a_reset) {
    github_.set_knob("hourly", 2);
    ask("GET", "/repos/o/r/issues/1");
    EXPECT_EQ(*ask("GET", "/repos/o/r/issues/1").headers.find("x-ratelimit-remaining"), "0");
    const HttpResponse limited = ask("GET", "/repos/o/r/issues/1");
    EXPECT_EQ(limited.status, 403u);
    EXPECT_EQ(limited.headers.find("Retry-After"), nullptr);
    const auto reset_s = parse_decimal(*limited.headers.find("x-ratelimit-reset"));
    EXPECT_EQ(reset_s, (clock_.wall_ms() + 3'600'000) / 1000 + 1);
    clock_.advance_ms(3'600'000);
    EXPECT_EQ(ask("GET", "/repos/o/r/issues/1").status, 200u);
}

TEST_F(GitHubStandin, past_the_content_limit_retry_after_and_the_status_that_was_chosen) {
    github_.set_knob("content_per_minute", 1);
    github_.set_knob("limit_status", 429);
    EXPECT_EQ(ask("POST", "/repos/o/r/issues/1/comments", R"({"body":"1"})").status, 201u);
    const HttpResponse limited = ask("POST", "/repos/o/r/issues/1/comments", R"({"body":"2"})");
    EXPECT_EQ(limited.status, 429u);
    EXPECT_EQ(*limited.headers.find("Retry-After"), "60");
    EXPECT_EQ(ask("PATCH", "/repos/o/r/issues/1", R"({"state":"closed"})").status, 200u);
}

// --- HubSpot
// -----------------------------------------------------------------------------------------

class HubSpotStandin : public testing::Test {
protected:
    HttpResponse upsert(const std::string& inputs, const std::string& type = "contacts") {
        return call(hubspot_,
                    request_of("POST", "/crm/v3/objects/" + type + "/batch/upsert",
                               "{\"inputs\":[" + inputs + "]}", {{"Authorization", "Bearer key"}}));
    }
    ManualClock clock_;
    HubSpot hubspot_{clock_, with_token("key")};
};

TEST_F(HubSpotStandin, upserts_by_a_unique_property_and_says_whether_it_was_new) {
    const char* ada = R"({"id":"r1","idProperty":"attio_id","properties":{"firstname":"Ada"}})";
    const char* ida = R"({"id":"r1","idProperty":"attio_id","properties":{"firstname":"Ida"}})";
    const Json first = json_of(upsert(ada))["results"][0];
    const Json second = json_of(upsert(ida))["results"][0];
    EXPECT_TRUE(first["new"].as_bool());
    EXPECT_FALSE(second["new"].as_bool(true));
    EXPECT_EQ(first["id"], second["id"]);
    EXPECT_EQ(second["properties"]["firstname"], Json("Ida"));
    EXPECT_EQ(hubspot_.count("contacts"), 1u);
}

TEST_F(HubSpotStandin, refuses_values_that_are_no_strings) {
    const HttpResponse answer =
        upsert(R"({"id":"r1","idProperty":"attio_id","properties":{"firstname":1}})");
    EXPECT_EQ(answer.status, 400u);
    EXPECT_EQ(json_of(answer)["category"], Json("VALIDATION_ERROR"));
}

TEST_F(HubSpotStandin, refuses_to_match_by_a_property_that_is_not_unique) {
    EXPECT_EQ(upsert(R"({"id":"x","idProperty":"firstname","properties":{}})").status, 400u);
    EXPECT_EQ(upsert(R"({"id":"x","idProperty":"nope","properties":{}})").status, 400u);
}

TEST_F(HubSpotStandin, answers_207_with_an_error_for_each_input_that_failed) {
    const HttpResponse answer = upsert(
        R"({"id":"r1","idProperty":"attio_id","objectWriteTraceId":"t1",)"
        R"("properties":{"nope":"1"}},)"
        R"({"id":"r2","idProperty":"attio_id","objectWriteTraceId":"t2","properties":{}})");
    EXPECT_EQ(answer.status, 207u);
    const Json body = json_of(answer);
    EXPECT_EQ(body["numErrors"], Json(1));
    EXPECT_EQ(body["errors"][0]["context"]["objectWriteTraceId"][0], Json("t1"));
    EXPECT_EQ(body["results"].size(), 1u);
}

TEST_F(HubSpotStandin, takes_100_inputs_and_refuses_101_or_one_twice) {
    const auto inputs = [](int count) {
        std::string text;
        for (int at = 0; at < count; ++at) {
            text += (at ? "," : "") + std::string(R"({"id":"r)") + std::to_string(at) +
                    R"(","idProperty":"attio_id","properties":{}})";
        }
        return text;
    };
    EXPECT_EQ(upsert(inputs(100)).status, 200u);
    EXPECT_EQ(upsert(inputs(101)).status, 400u);
    EXPECT_EQ(upsert(inputs(1) + "," + inputs(1)).status, 400u);
}

TEST_F(HubSpotStandin, limits_to_100_in_any_ten_seconds) {
    const char* input = R"({"id":"r1","idProperty":"attio_id","properties":{}})";
    for (int at = 0; at < 100; ++at) ASSERT_EQ(upsert(input).status, 200u);
    const HttpResponse limited = upsert(input);
    EXPECT_EQ(limited.status, 429u);
    EXPECT_EQ(json_of(limited)["policyName"], Json("TEN_SECONDLY_ROLLING"));
    EXPECT_EQ(*limited.headers.find("X-HubSpot-RateLimit-Remaining"), "0");
    clock_.advance_ms(9'999);
    EXPECT_EQ(upsert(input).status, 429u);
    clock_.advance_ms(1);
    EXPECT_EQ(upsert(input).status, 200u);
}

TEST_F(HubSpotStandin, refuses_a_wrong_token) {
    const HttpResponse answer = call(hubspot_, request_of("GET", "/crm/v3/objects/contacts/1", "",
                                                          {{"Authorization", "Bearer x"}}));
    EXPECT_EQ(answer.status, 401u);
    EXPECT_EQ(json_of(answer)["category"], Json("INVALID_AUTHENTICATION"));
}

}  // namespace
}  // namespace syncline::standins
