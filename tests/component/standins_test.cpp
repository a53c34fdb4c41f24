// The stand-ins refuse and limit what the vendors document. If one of these fails, the connectors'
// tests prove less than they seem to.
#include <gmock/gmock.h>

#include "core/base/hash.hpp"
#include "core/base/text.hpp"
#include "tests/component/standins_calls.hpp"
#include "tests/standins/attio.hpp"
#include "tests/standins/github.hpp"
#include "tests/standins/hubspot.hpp"
#include "tests/standins/meilisearch.hpp"
#include "tests/standins/notion.hpp"
#include "tests/standins/sink.hpp"

namespace syncline::standins {
namespace {

using testing::HasSubstr;

StandinOptions with_token(const char* token) {
    StandinOptions options;
    options.token = token;
    return options;
}

// --- Attio --------------------------------------------------------------------------------------

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
    EXPECT_EQ(json_of(ask("PATCH", path, R"({"data":{"entry_values":{"stage":["Nope"]}}})"))["code"],
              Json("value_not_found"));
    EXPECT_EQ(json_of(ask("PATCH", path, R"({"data":{"entry_values":{"phase":["Won"]}}})"))["code"],
              Json("value_not_found"));
    EXPECT_EQ(attio_.writes(), 0u);
    const HttpResponse answer = ask("PATCH", path, R"({"data":{"entry_values":{"stage":["Won"]}}})");
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
    Json values = json_of(ask("PATCH", path, R"({"data":{"values":{"tags":["Partner"]}}})"))["data"]["values"];
    EXPECT_EQ(values["tags"].size(), 2u);
    EXPECT_EQ(values["tags"][0]["option"]["title"], Json("Partner"));
    values = json_of(ask("PUT", path, R"({"data":{"values":{"tags":["Partner"]}}})"))["data"]["values"];
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
    EXPECT_EQ(json_of(ask("PATCH", "/v2/tasks/t1", R"({"data":{"content_plaintext":"x"}})"))["code"],
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

// --- Notion -------------------------------------------------------------------------------------

class NotionStandin : public testing::Test {
protected:
    HttpResponse ask(const char* method, const std::string& target, const Json& body,
                     const char* version = "2025-09-03") {
        clock_.advance_ms(1000);   // under the rate
        return call(notion_, request_of(method, target, body.is_null() ? "" : body.dump(),
                                        {{"Authorization", "Bearer key"},
                                         {"Notion-Version", version}}));
    }
    static Json page_body(const std::string& external_id, const Json& children) {
        Json body = *Json::parse(R"({"parent":{"type":"data_source_id"},"properties":{
            "Name":{"title":[{"text":{"content":"T"}}]}}})");
        body.find("parent")->set("data_source_id", kNotionDataSource);
        Json text = *Json::parse(R"([{"text":{}}])");
        text.items()[0].find("text")->set("content", external_id);
        body.find("properties")->set("Attio ID", Json::object({{"rich_text", text}}));
        if (!children.is_null()) body.set("children", children);
        return body;
    }
    static Json paragraphs(std::size_t count, const std::string& text = "x") {
        Json list = Json::array();
        for (std::size_t at = 0; at < count; ++at) {
            Json parts = Json::array();
            parts.push_back(Json::object({{"text", Json::object({{"content", text}})}}));
            list.push_back(Json::object(
                {{"type", "paragraph"}, {"paragraph", Json::object({{"rich_text", parts}})}}));
        }
        return list;
    }
    static Json nested(int levels) {
        Json own = Json::object({{"rich_text", Json::array()}});
        if (levels > 1) own.set("children", nested(levels - 1));
        Json list = Json::array();
        list.push_back(Json::object({{"type", "toggle"}, {"toggle", own}}));
        return list;
    }
    HttpResponse create(const Json& children) {
        return ask("POST", "/v1/pages", page_body("a1", children));
    }
    const std::string query_path_ = std::string("/v1/data_sources/") + kNotionDataSource + "/query";
    ManualClock clock_;
    Notion notion_{clock_, with_token("key")};
};

TEST_F(NotionStandin, requires_a_known_version) {
    const HttpResponse none =
        call(notion_, request_of("GET", "/v1/pages/x", "", {{"Authorization", "Bearer key"}}));
    EXPECT_EQ(none.status, 400u);
    EXPECT_EQ(json_of(none)["code"], Json("missing_version"));
    EXPECT_EQ(json_of(ask("GET", "/v1/pages/x", Json(), "2020-01-01"))["code"],
              Json("validation_error"));
    EXPECT_EQ(json_of(ask("GET", "/v1/pages/x", Json()))["code"], Json("object_not_found"));
}

TEST_F(NotionStandin, finds_a_created_page_by_its_external_id_and_only_that) {
    ASSERT_EQ(create(Json()).status, 200u);
    const auto found = [&](const char* id) {
        Json body = *Json::parse(R"({"filter":{"property":"Attio ID","rich_text":{}}})");
        body.find("filter")->find("rich_text")->set("equals", id);
        return json_of(ask("POST", query_path_, body))["results"].size();
    };
    EXPECT_EQ(found("a1"), 1u);
    EXPECT_EQ(found("a2"), 0u);
}

TEST_F(NotionStandin, the_edition_decides_between_database_and_data_source) {
    const std::string database = std::string("/v1/databases/") + kNotionDatabase;
    EXPECT_TRUE(json_of(ask("GET", database, Json()))["properties"].is_null());
    EXPECT_EQ(json_of(ask("GET", database, Json()))["data_sources"][0]["id"],
              Json(kNotionDataSource));
    EXPECT_TRUE(json_of(ask("GET", database, Json(), "2022-06-28"))["properties"].is_object());
    EXPECT_EQ(ask("POST", database + "/query", Json::object()).status, 400u);
    EXPECT_EQ(ask("POST", database + "/query", Json::object(), "2022-06-28").status, 200u);
    EXPECT_EQ(ask("POST", query_path_, Json::object(), "2022-06-28").status, 400u);
    Json body = page_body("a1", Json());
    EXPECT_EQ(ask("POST", "/v1/pages", body, "2022-06-28").status, 400u) << "old: by database_id";
    body.set("parent", Json::object({{"database_id", kNotionDatabase}}));
    EXPECT_EQ(ask("POST", "/v1/pages", body, "2022-06-28").status, 200u);
}

TEST_F(NotionStandin, takes_100_children_and_refuses_101) {
    EXPECT_EQ(create(paragraphs(99)).status, 200u);
    EXPECT_EQ(create(paragraphs(100)).status, 200u);
    const Json refused = json_of(create(paragraphs(101)));
    EXPECT_EQ(refused["message"], Json("body failed validation: body.children.length should be ≤ "
                                       "`100`, instead was `101`."));
}

TEST_F(NotionStandin, takes_two_levels_of_children_and_refuses_three) {
    EXPECT_EQ(create(nested(2)).status, 200u);
    EXPECT_THAT(json_of(create(nested(3)))["message"].as_string(), HasSubstr("should be not present"));
}

TEST_F(NotionStandin, takes_texts_of_2000_utf16_units_and_refuses_longer) {
    EXPECT_EQ(create(paragraphs(1, std::string(2000, 'x'))).status, 200u);
    EXPECT_EQ(create(paragraphs(1, std::string(2001, 'x'))).status, 400u);
    std::string emoji;
    for (int at = 0; at < 1000; ++at) emoji += "\xF0\x9F\x98\x80";
    EXPECT_EQ(create(paragraphs(1, emoji)).status, 200u);
    EXPECT_EQ(create(paragraphs(1, emoji + "x")).status, 400u);
}

TEST_F(NotionStandin, refuses_bodies_over_500_kb) {
    EXPECT_EQ(ask("POST", "/v1/pages", Json(std::string(500'000, 'x'))).status, 413u);
}

TEST_F(NotionStandin, refuses_unknown_properties_when_writing_and_when_asking) {
    Json body = page_body("a1", Json());
    body.find("properties")->set("Nope", Json::object({{"number", 1}}));
    EXPECT_EQ(json_of(ask("POST", "/v1/pages", body))["message"],
              Json("Nope is not a property that exists."));
    const HttpResponse asked = ask("POST", query_path_, *Json::parse(
        R"({"filter":{"property":"Nope","rich_text":{"equals":"x"}}})"));
    EXPECT_EQ(json_of(asked)["message"], Json("Could not find property with name or id: Nope"));
    EXPECT_EQ(notion_.count("pages"), 0u);
}

TEST_F(NotionStandin, appends_lists_in_pages_of_100_and_deletes_blocks) {
    const std::string page = json_of(create(paragraphs(100)))["id"].as_string();
    const std::string path = "/v1/blocks/" + page + "/children";
    EXPECT_EQ(ask("PATCH", path, Json::object({{"children", paragraphs(30)}})).status, 200u);
    const Json first = json_of(ask("GET", path, Json()));
    EXPECT_EQ(first["results"].size(), 100u);
    EXPECT_TRUE(first["has_more"].as_bool());
    const Json second = json_of(
        ask("GET", path + "?start_cursor=" + first["next_cursor"].as_string(), Json()));
    EXPECT_EQ(second["results"].size(), 30u);
    EXPECT_FALSE(second["has_more"].as_bool());
    const std::string block = second["results"][0]["id"].as_string();
    EXPECT_EQ(ask("DELETE", "/v1/blocks/" + block, Json()).status, 200u);
    EXPECT_EQ(ask("DELETE", "/v1/blocks/" + block, Json()).status, 404u);
}

TEST_F(NotionStandin, a_page_in_trash_is_not_found_by_a_query_and_cannot_be_edited) {
    const std::string page = json_of(create(Json()))["id"].as_string();
    ask("PATCH", "/v1/pages/" + page, Json::object({{"in_trash", true}}));
    EXPECT_EQ(json_of(ask("POST", query_path_, Json::object()))["results"].size(), 0u);
    EXPECT_EQ(ask("PATCH", "/v1/pages/" + page, Json::object()).status, 400u);
    EXPECT_EQ(ask("PATCH", "/v1/pages/" + page, Json::object({{"in_trash", false}})).status, 200u);
}

TEST_F(NotionStandin, limits_to_three_a_second_after_a_burst) {
    const auto get = [&] {
        return call(notion_, request_of("GET", "/v1/pages/x", "", {{"Authorization", "Bearer key"},
                                                                   {"Notion-Version", "2025-09-03"}}));
    };
    int passed = 0;
    while (get().status != 429 && passed < 100) ++passed;
    EXPECT_EQ(passed, 10);
    EXPECT_EQ(*get().headers.find("Retry-After"), "1");
    EXPECT_EQ(json_of(get())["code"], Json("rate_limited"));
    clock_.advance_ms(1000);
    for (int at = 0; at < 3; ++at) EXPECT_EQ(get().status, 404u);
    EXPECT_EQ(get().status, 429u);
}

TEST_F(NotionStandin, queries_see_a_page_only_after_the_index_lag) {
    notion_.set_knob("index_lag_ms", 5000);
    create(Json());
    EXPECT_EQ(json_of(ask("POST", query_path_, Json::object()))["results"].size(), 0u);
    clock_.advance_ms(5000);
    EXPECT_EQ(json_of(ask("POST", query_path_, Json::object()))["results"].size(), 1u);
}

// --- GitHub -------------------------------------------------------------------------------------

class GitHubStandin : public testing::Test {
protected:
    HttpResponse ask(const char* method, const std::string& target, const std::string& body = "") {
        return call(github_, request_of(method, target, body, {{"Authorization", "Bearer key"},
                                                               {"User-Agent", "test"}}));
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

// --- HubSpot ------------------------------------------------------------------------------------

class HubSpotStandin : public testing::Test {
protected:
    HttpResponse upsert(const std::string& inputs, const std::string& type = "contacts") {
        return call(hubspot_, request_of("POST", "/crm/v3/objects/" + type + "/batch/upsert",
                                         "{\"inputs\":[" + inputs + "]}",
                                         {{"Authorization", "Bearer key"}}));
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
        R"({"id":"r1","idProperty":"attio_id","objectWriteTraceId":"t1","properties":{"nope":"1"}},)"
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
    const HttpResponse answer = call(
        hubspot_, request_of("GET", "/crm/v3/objects/contacts/1", "", {{"Authorization", "Bearer x"}}));
    EXPECT_EQ(answer.status, 401u);
    EXPECT_EQ(json_of(answer)["category"], Json("INVALID_AUTHENTICATION"));
}

// --- Meilisearch --------------------------------------------------------------------------------

class MeilisearchStandin : public testing::Test {
protected:
    HttpResponse ask(const char* method, const std::string& target, const std::string& body = "") {
        return call(meilisearch_, request_of(method, target, body,
                                             {{"Authorization", "Bearer key"},
                                              {"Content-Type", "application/json"}}));
    }
    Json finished(const HttpResponse& accepted) {
        EXPECT_EQ(accepted.status, 202u) << accepted.body;
        const std::string path = "/tasks/" + json_of(accepted)["taskUid"].number_text();
        Json task;
        for (int polls = 0; polls < 5 && task["finishedAt"].is_null(); ++polls) {
            task = json_of(ask("GET", path));
        }
        return task;
    }
    ManualClock clock_;
    Meilisearch meilisearch_{clock_, with_token("key")};
};

TEST_F(MeilisearchStandin, tells_a_missing_key_from_a_wrong_one) {
    EXPECT_EQ(json_of(call(meilisearch_, request_of("GET", "/tasks/1", "", {})))["code"],
              Json("missing_authorization_header"));
    const HttpResponse wrong = call(
        meilisearch_, request_of("GET", "/tasks/1", "", {{"Authorization", "Bearer x"}}));
    EXPECT_EQ(wrong.status, 403u);
    EXPECT_EQ(json_of(wrong)["code"], Json("invalid_api_key"));
}

TEST_F(MeilisearchStandin, a_task_is_enqueued_then_processing_then_succeeded) {
    const HttpResponse accepted = ask("POST", "/indexes/deals/documents?primaryKey=id",
                                      R"([{"id":"a","stage":"won"}])");
    const std::string path = "/tasks/" + json_of(accepted)["taskUid"].number_text();
    for (const char* status : {"enqueued", "processing", "succeeded", "succeeded"}) {
        EXPECT_EQ(json_of(ask("GET", path))["status"], Json(status));
    }
    EXPECT_EQ(json_of(ask("GET", "/indexes/deals/documents/a"))["stage"], Json("won"));
}

TEST_F(MeilisearchStandin, a_task_also_finishes_by_the_clock) {
    ask("POST", "/indexes/deals/documents", R"([{"id":"a"}])");
    EXPECT_EQ(ask("GET", "/indexes/deals/documents/a").status, 404u);
    clock_.advance_ms(10);
    EXPECT_EQ(ask("GET", "/indexes/deals/documents/a").status, 200u);
}

TEST_F(MeilisearchStandin, one_bad_id_fails_the_whole_batch) {
    const Json task = finished(ask("POST", "/indexes/deals/documents?primaryKey=id",
                                   R"([{"id":"good"},{"id":"bad:id"}])"));
    EXPECT_EQ(task["status"], Json("failed"));
    EXPECT_EQ(task["error"]["code"], Json("invalid_document_id"));
    EXPECT_EQ(meilisearch_.count("documents/deals"), 0u);
}

TEST_F(MeilisearchStandin, takes_ids_of_511_bytes_and_refuses_512) {
    const auto status = [&](std::size_t bytes) {
        return finished(ask("POST", "/indexes/deals/documents?primaryKey=id",
                            "[{\"id\":\"" + std::string(bytes, 'a') + "\"}]"))["status"];
    };
    EXPECT_EQ(status(510), Json("succeeded"));
    EXPECT_EQ(status(511), Json("succeeded"));
    EXPECT_EQ(status(512), Json("failed"));
}

TEST_F(MeilisearchStandin, post_replaces_and_put_merges) {
    finished(ask("POST", "/indexes/deals/documents?primaryKey=id", R"([{"id":1,"a":1}])"));
    finished(ask("PUT", "/indexes/deals/documents", R"([{"id":1,"b":2}])"));
    EXPECT_EQ(meilisearch_.object("documents/deals", "1")->size(), 3u);
    finished(ask("POST", "/indexes/deals/documents", R"([{"id":1,"c":3}])"));
    EXPECT_EQ(meilisearch_.object("documents/deals", "1")->size(), 2u);
}

TEST_F(MeilisearchStandin, deleting_twice_succeeds_with_nothing_deleted) {
    finished(ask("POST", "/indexes/deals/documents?primaryKey=id", R"({"id":"a"})"));
    Json task = finished(ask("DELETE", "/indexes/deals/documents/a"));
    EXPECT_EQ(task["details"]["deletedDocuments"], Json(1));
    task = finished(ask("DELETE", "/indexes/deals/documents/a"));
    EXPECT_EQ(task["status"], Json("succeeded"));
    EXPECT_EQ(task["details"]["deletedDocuments"], Json(0));
}

TEST_F(MeilisearchStandin, refuses_bad_payloads_before_any_task) {
    EXPECT_EQ(json_of(ask("POST", "/indexes/deals/documents", "{"))["code"],
              Json("malformed_payload"));
    EXPECT_EQ(json_of(ask("POST", "/indexes/deals/documents", ""))["code"], Json("missing_payload"));
    EXPECT_EQ(ask("POST", "/indexes/a%20b/documents", "[]").status, 400u);
    EXPECT_EQ(meilisearch_.count("tasks"), 0u);
}

TEST_F(MeilisearchStandin, fails_a_task_whose_primary_key_it_cannot_infer) {
    const Json task = finished(ask("POST", "/indexes/x/documents", R"([{"aid":1,"bid":2}])"));
    EXPECT_EQ(task["error"]["code"], Json("index_primary_key_multiple_candidates_found"));
}

// --- Sink ---------------------------------------------------------------------------------------

// Vector: Standard Webhooks, own key of 32 rising bytes (computed with another HMAC tool).
constexpr const char* kSecret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
constexpr const char* kBody =
    R"({"type":"record.created","timestamp":"2026-01-01T00:00:00Z","data":{"id":"rec_1"}})";
constexpr const char* kSignature = "v1,it7i1Hga2EUgy2RsMSggUZP5ls20JAhEIT/ZA/EPa/g=";

class SinkStandin : public testing::Test {
protected:
    unsigned post(const std::string& signature, const std::string& body = kBody) {
        return call(sink_, request_of("POST", "/in", body, {{"webhook-id", "msg_hub_0001"},
                                                            {"webhook-timestamp", "1767225600"},
                                                            {"webhook-signature", signature}}))
            .status;
    }
    ManualClock clock_;   // stands at 1767225600 s
    Sink sink_{clock_, with_token(kSecret)};
};

TEST_F(SinkStandin, takes_a_good_signature_anywhere_in_the_list_and_no_other) {
    EXPECT_EQ(post(kSignature), 200u);
    EXPECT_EQ(post(std::string("v1,AAAA ") + kSignature), 200u);
    EXPECT_EQ(post("v1,AAAA"), 401u);
    EXPECT_EQ(post(kSignature, "{}"), 401u);
    clock_.advance_ms(301'000);
    EXPECT_EQ(post(kSignature), 401u) << "too old";
    EXPECT_EQ(sink_.object("messages", "msg_hub_0001")->operator[]("times"), Json(2));
}

TEST_F(SinkStandin, answers_by_its_script_and_then_200) {
    sink_.set_script({500, 429, 200});
    EXPECT_EQ(post(kSignature), 500u);
    EXPECT_EQ(post(kSignature), 429u);
    EXPECT_EQ(sink_.writes(), 0u);
    EXPECT_EQ(post(kSignature), 200u);
    EXPECT_EQ(post(kSignature), 200u);
    EXPECT_EQ(sink_.writes(), 2u);
}

}  // namespace
}  // namespace syncline::standins
