// The notion connector: finding or creating a page, replacing its content, its limits.
// Markdown has a file of its own: plugin_notion_markdown_test.cpp.
#include "tests/support/plugin_harness.hpp"

namespace syncline::test {
namespace {

const PluginUnderTest& notion() {
    static const PluginUnderTest plugin("notion");
    return plugin;
}

#define DATABASE "dddddddd-0000-4000-8000-00000000000d"
#define SOURCE "5555dddd-0000-4000-8000-00000000000d"
#define PAGE "aaaaaaaa-0000-4000-8000-00000000000a"
#define PAGE_2 "bbbbbbbb-0000-4000-8000-00000000000b"
#define BLOCK "cccccccc-0000-4000-8000-00000000000"

constexpr const char* settings = R"({"token":"t"})";
constexpr const char* api = "https://api.notion.com/v1";
constexpr const char* schema =
    R"({"object":"database","properties":{"Name":{"type":"title"},"Attio ID":{"type":"rich_text"},
        "Stage":{"type":"select"},"Amount":{"type":"number"},"Done":{"type":"checkbox"},
        "Tags":{"type":"multi_select"},"When":{"type":"date"},"Site":{"type":"url"},
        "Also":{"type":"relation"},"Sum":{"type":"formula"}}})";
constexpr const char* no_rows = R"({"object":"list","results":[],"has_more":false})";
constexpr const char* page =
    R"({"object":"page","id":")" PAGE R"(","url":"https://n/p","archived":false})";
// SHA-256 of "hello".
constexpr const char* hello_hash =
    "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

std::string at(const std::string& path) {
    return api + path;
}

DeliverySpec spec_of(std::string_view further = "{}") {
    DeliverySpec spec;
    spec.input = json(R"({"database":")" DATABASE R"(","key":"k1","title":"T","markdown":"hello"})");
    Json more = json(further);
    for (const auto& [name, value] : more.members()) spec.input.set(name, value);
    return spec;
}

constexpr const char* own_properties =
    R"("Name":{"title":[{"type":"text","text":{"content":"T"}}]},
       "Attio ID":{"rich_text":[{"type":"text","text":{"content":"k1"}}]})";
constexpr const char* hello_block =
    R"({"object":"block","type":"paragraph","paragraph":{"rich_text":[
        {"type":"text","text":{"content":"hello"}}]}})";

TEST(NotionPlugin, describes_itself_and_refuses_bad_settings) {
    EXPECT_EQ(notion().describe()["name"].as_string(), "notion");
    EXPECT_TRUE(notion().describe()["actions"].find("upsert_page"));
    EXPECT_EQ(notion().refusal("{}"), "token is empty");
    EXPECT_NE(notion().refusal(R"({"token":"t","version":"1999-01-01"})").find("expected 2022"),
              std::string::npos);
}

TEST(NotionPlugin, creates_a_page_that_neither_link_nor_query_finds) {
    auto there = notion().create(settings);
    auto job = there.act("upsert_page", spec_of());
    job.expect_link("page", "k1");
    Json read = job.expect_http("GET", at("/databases/" DATABASE));
    EXPECT_EQ(header_of(read, "Authorization"), "Bearer t");
    EXPECT_EQ(header_of(read, "Notion-Version"), "2022-06-28");
    job.answer(200, schema);
    job.expect_http("POST", at("/databases/" DATABASE "/query"),
                    R"({"filter":{"property":"Attio ID","rich_text":{"equals":"k1"}},
                        "page_size":10})");
    job.answer(200, no_rows);
    job.expect_http("POST", at("/pages"),
                    std::string(R"({"parent":{"type":"database_id","database_id":")" DATABASE
                                R"("},"properties":{)") + own_properties + R"(},"children":[)" +
                        hello_block + "]}");
    job.answer(200, page);
    EXPECT_EQ(job.expect_done("delivered")["links"],
              json(std::string(R"([{"kind":"page","source_id":"k1","id":")" PAGE
                               R"(","url":"https://n/p","hash":")") + hello_hash + R"("}])"));
}

TEST(NotionPlugin, the_schema_is_read_once) {
    auto there = notion().create(settings);
    for (int i = 0; i < 2; ++i) {
        auto job = there.act("upsert_page", spec_of());
        job.expect_link("page", "k1");
        if (i == 0) job.answer(200, schema);
        job.expect_http("POST", at("/databases/" DATABASE "/query"));
    }
}

TEST(NotionPlugin, a_newer_version_finds_the_data_source) {
    auto there = notion().create(R"({"token":"t","version":"2025-09-03"})");
    auto job = there.act("upsert_page", spec_of());
    job.expect_link("page", "k1");
    Json read = job.expect_http("GET", at("/databases/" DATABASE));
    EXPECT_EQ(header_of(read, "Notion-Version"), "2025-09-03");
    job.answer(200, R"({"data_sources":[{"id":")" SOURCE R"(","name":"n"}]})");
    job.expect_http("GET", at("/data_sources/" SOURCE));
    job.answer(200, schema);
    job.expect_http("POST", at("/data_sources/" SOURCE "/query"));
    job.answer(200, no_rows);
    Json create = job.expect_http("POST", at("/pages"));
    EXPECT_EQ(json(create["body"].as_string())["parent"],
              json(R"({"type":"data_source_id","data_source_id":")" SOURCE R"("})"));

    auto two = there.act("upsert_page", spec_of(R"({"data_source":")" SOURCE R"("})"));
    two.expect_link("page", "k1");
    two.expect_http("GET", at("/data_sources/" SOURCE));
    auto other = notion().create(R"({"token":"t","version":"2025-09-03"})");
    auto several = other.act("upsert_page", spec_of());
    several.expect_link("page", "k1");
    several.answer(200, R"({"data_sources":[{"id":"a"},{"id":"b"}]})");
    Json refused = several.expect_done("reject");
    EXPECT_NE(refused["note"].as_string().find("2 data sources"), std::string::npos);
}

TEST(NotionPlugin, rewrites_the_page_that_the_query_finds_the_oldest_of_several) {
    auto there = notion().create(settings);
    auto job = there.act("upsert_page", spec_of());
    job.expect_link("page", "k1");
    job.answer(200, schema);
    job.answer(200, R"({"results":[
        {"id":")" PAGE_2 R"(","created_time":"2026-02-01T00:00:00.000Z"},
        {"id":")" PAGE R"(","created_time":"2026-01-01T00:00:00.000Z"},
        {"id":"x","created_time":"2025-01-01T00:00:00.000Z","archived":true}]})");
    job.expect_http("PATCH", at("/pages/" PAGE),
                    std::string(R"({"properties":{)") + own_properties + "}}");
    job.answer(200, page);
    job.expect_http("GET", at("/blocks/" PAGE "/children?page_size=100"));
    job.answer(200, R"({"results":[{"id":")" BLOCK R"(1","type":"paragraph"},
        {"id":")" BLOCK R"(2","type":"child_page"}],"has_more":true,"next_cursor":"c/1"})");
    job.expect_http("GET", at("/blocks/" PAGE "/children?page_size=100&start_cursor=c%2F1"));
    job.answer(200, R"({"results":[{"id":")" BLOCK R"(3","type":"image"}],"has_more":false})");
    job.expect_http("DELETE", at("/blocks/" BLOCK "1"));
    job.answer(200, "{}");
    job.expect_http("DELETE", at("/blocks/" BLOCK "3"));  // the sub-page stays
    job.answer(404, "{}");
    job.expect_http("PATCH", at("/blocks/" PAGE "/children"),
                    std::string(R"({"children":[)") + hello_block + "]}");
    job.answer(200, R"({"results":[]})");
    EXPECT_EQ(job.expect_done("delivered")["links"][0]["hash"].as_string(), hello_hash);
}

TEST(NotionPlugin, content_that_did_not_change_is_not_written_again) {
    auto there = notion().create(settings);
    auto job = there.act("upsert_page", spec_of());
    job.expect_link("page", "k1", PAGE, hello_hash);
    job.answer(200, schema);
    job.expect_http("PATCH", at("/pages/" PAGE));
    job.answer(200, page);
    EXPECT_EQ(job.expect_done("delivered")["links"][0]["hash"].as_string(), hello_hash);
    // A repeated attempt trusts no fingerprint: the one before may have broken off.
    DeliverySpec again = spec_of();
    again.attempt = 2;
    auto repeated = there.act("upsert_page", again);
    repeated.expect_link("page", "k1", PAGE, hello_hash);
    repeated.answer(200, page);
    repeated.expect_http("GET", at("/blocks/" PAGE "/children?page_size=100"));
}

TEST(NotionPlugin, without_markdown_the_content_is_left_alone) {
    auto there = notion().create(settings);
    DeliverySpec spec = spec_of();
    spec.input.erase("markdown");
    auto job = there.act("upsert_page", spec);
    job.expect_link("page", "k1", PAGE, "old");
    job.answer(200, schema);
    job.answer(200, page);
    EXPECT_EQ(job.expect_done("delivered")["links"][0]["hash"].as_string(), "old");
}

TEST(NotionPlugin, a_linked_page_that_is_gone_is_found_or_made_anew) {
    auto there = notion().create(settings);
    struct Case {
        int status;
        const char* body;
        int seen_status;
        const char* seen;
    };
    const Case cases[] = {
        {404, R"({"code":"object_not_found"})", 0, ""},
        {200, R"({"id":")" PAGE R"(","in_trash":true})", 0, ""},
        {200, R"({"id":")" PAGE R"(","archived":true})", 0, ""},
        {400, R"({"code":"validation_error"})", 200, R"({"archived":true})"},
        {400, R"({"code":"validation_error"})", 404, "{}"}};
    for (const auto& one : cases) {
        auto fresh = notion().create(settings);
        auto job = fresh.act("upsert_page", spec_of());
        job.expect_link("page", "k1", PAGE);
        job.answer(200, schema);
        job.expect_http("PATCH", at("/pages/" PAGE));
        job.answer(one.status, one.body);
        if (one.seen_status > 0) {
            job.expect_http("GET", at("/pages/" PAGE));
            job.answer(one.seen_status, one.seen);
        }
        job.expect_http("POST", at("/databases/" DATABASE "/query"));
        job.answer(200, no_rows);
        job.expect_http("POST", at("/pages"));
        job.answer(200, R"({"id":")" PAGE_2 R"("})");
        Json outcome = job.expect_done("delivered");
        EXPECT_EQ(outcome["links"][0]["id"].as_string(), PAGE_2);
        EXPECT_EQ(outcome.find("unlinks"), nullptr);
    }
}

TEST(NotionPlugin, a_dead_link_is_forgotten_even_when_the_rest_fails) {
    auto there = notion().create(settings);
    auto job = there.act("upsert_page", spec_of());
    job.expect_link("page", "k1", PAGE);
    job.answer(200, schema);
    job.answer(404, "{}");
    job.answer(503, R"({"code":"service_unavailable"})");
    EXPECT_EQ(job.expect_done("retry")["unlinks"],
              json(R"([{"kind":"page","source_id":"k1"}])"));
}

TEST(NotionPlugin, a_refused_update_of_a_live_page_is_final) {
    auto there = notion().create(settings);
    auto job = there.act("upsert_page", spec_of());
    job.expect_link("page", "k1", PAGE);
    job.answer(200, schema);
    job.answer(400, R"({"code":"validation_error","message":"body failed validation"})");
    job.answer(200, page);
    Json refused = job.expect_done("reject");
    EXPECT_NE(refused["note"].as_string().find("validation_error: body failed"), std::string::npos);
    // The schema may have changed: it is read again.
    auto next = there.act("upsert_page", spec_of());
    next.expect_link("page", "k1", PAGE);
    next.expect_http("GET", at("/databases/" DATABASE));
}

TEST(NotionPlugin, an_unknown_create_is_looked_for_twice_before_it_is_repeated) {
    auto there = notion().create(settings);
    auto job = there.act("upsert_page", spec_of());
    job.expect_link("page", "k1");
    job.answer(200, schema);
    job.answer(200, no_rows);
    job.expect_http("POST", at("/pages"));
    job.fail("timeout");
    job.expect_done("retry");

    DeliverySpec uncertain = spec_of();
    uncertain.uncertain = true;
    auto again = there.act("upsert_page", uncertain);
    again.expect_link("page", "k1");
    again.expect_http("POST", at("/databases/" DATABASE "/query"));
    again.answer(200, no_rows);
    EXPECT_EQ(again.expect_sleep(), 2000);
    again.expect_http("POST", at("/databases/" DATABASE "/query"));
    again.answer(200, R"({"results":[{"id":")" PAGE R"(","created_time":"2026"}]})");
    again.expect_http("PATCH", at("/pages/" PAGE));
}

std::string lines(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "line " + std::to_string(i) + "\n\n";
    return text;
}

TEST(NotionPlugin, long_content_is_appended_in_order_by_hundreds) {
    auto there = notion().create(settings);
    DeliverySpec spec = spec_of();
    spec.input.set("markdown", lines(250));
    auto job = there.act("upsert_page", spec);
    job.expect_link("page", "k1");
    job.answer(200, schema);
    job.answer(200, no_rows);
    Json first = json(job.expect_http("POST", at("/pages"))["body"].as_string())["children"];
    EXPECT_EQ(first.size(), 100u);
    job.answer(200, page);
    Json second = job.expect_http("PATCH", at("/blocks/" PAGE "/children"));
    EXPECT_EQ(json(second["body"].as_string())["children"].size(), 100u);
    job.answer(429, R"({"code":"rate_limited"})", {}, 1000);
    EXPECT_EQ(job.expect_sleep(), 1000);
    Json repeated = job.expect_http("PATCH", at("/blocks/" PAGE "/children"));
    EXPECT_EQ(repeated["body"], second["body"]);
    job.answer(200, "{}");
    Json third = json(job.expect_http("PATCH", at("/blocks/" PAGE "/children"))["body"].as_string());
    EXPECT_EQ(third["children"].size(), 50u);
    EXPECT_EQ(third["children"][0]["paragraph"]["rich_text"][0]["text"]["content"].as_string(),
              "line 200");
    job.answer(200, "{}");
    job.expect_done("delivered");
}

TEST(NotionPlugin, content_that_broke_off_leaves_a_link_without_a_fingerprint) {
    auto there = notion().create(settings);
    DeliverySpec spec = spec_of();
    spec.input.set("markdown", lines(101));
    auto job = there.act("upsert_page", spec);
    job.expect_link("page", "k1");
    job.answer(200, schema);
    job.answer(200, no_rows);
    job.answer(200, page);
    job.answer(502, "<html>");
    Json outcome = job.expect_done("retry");
    EXPECT_EQ(outcome["links"][0]["id"].as_string(), PAGE);
    EXPECT_EQ(outcome["links"][0].find("hash"), nullptr);
}

TEST(NotionPlugin, replacing_a_very_long_page_goes_on_in_the_next_attempt) {
    auto there = notion().create(settings);
    auto job = there.act("upsert_page", spec_of());
    job.expect_link("page", "k1", PAGE);
    job.answer(200, schema);
    job.answer(200, page);
    for (int i = 0; i < 10; ++i) {
        std::string list = R"({"results":[)";
        for (int n = 0; n < 100; ++n)
            list += std::string(n ? "," : "") + R"({"type":"paragraph","id":")" BLOCK "1\"}";
        job.answer(200, list + R"(],"has_more":)" + (i < 9 ? "true" : "false") +
                            R"(,"next_cursor":"c"})");
    }
    int deleted = 0;
    for (; job.asks("http"); ++deleted) job.answer(200, "{}");
    EXPECT_EQ(deleted, 390);
    Json outcome = job.expect_done("retry");
    EXPECT_EQ(outcome["note"].as_string(), "replacing a long page goes on");
}

TEST(NotionPlugin, throttles_are_waited_out_only_so_often_and_so_long) {
    auto there = notion().create(settings);
    auto listing = [&](std::int64_t retry_after_ms) {
        auto job = there.act("upsert_page", spec_of());
        job.expect_link("page", "k1", PAGE);
        if (job.next()["request"]["method"].as_string() == "GET") job.answer(200, schema);
        job.answer(200, page);
        int waits = 0;
        for (job.answer(529, "{}", {}, retry_after_ms); job.asks("sleep"); ++waits) {
            job.expect_sleep();
            job.answer(529, "{}", {}, retry_after_ms);
        }
        EXPECT_EQ(job.expect_done("retry")["after_ms"].as_int64(), retry_after_ms);
        return waits;
    };
    EXPECT_EQ(listing(1000), 5);
    EXPECT_EQ(listing(60'001), 0);
}

TEST(NotionPlugin, answers_become_outcomes) {
    auto answered = [](int status, const char* body, const char* kind, std::int64_t after = 0) {
        auto there = notion().create(settings);
        auto job = there.act("upsert_page", spec_of());
        job.expect_link("page", "k1");
        job.answer(200, schema);
        job.answer(200, no_rows);
        job.answer(status, body, {}, after);
        return job.expect_done(kind);
    };
    answered(409, R"({"code":"conflict_error"})", "retry");
    EXPECT_EQ(answered(429, R"({"code":"rate_limited","additional_data":
        {"rate_limit_reason":"public_api_space_request_rate_limit"}})", "retry", 90'000)
                  ["after_ms"].as_int64(), 90'000);
    answered(500, R"({"code":"internal_server_error"})", "retry");
    answered(502, "<html>", "retry");
    answered(503, "{}", "retry");
    answered(504, "{}", "retry");
    answered(529, R"({"code":"service_overload"})", "retry");
    answered(401, R"({"code":"unauthorized"})", "hold");
    answered(403, R"({"code":"restricted_resource"})", "hold");
    answered(404, R"({"code":"object_not_found"})", "reject");
    answered(400, R"({"code":"validation_error"})", "reject");
    answered(413, "too large", "reject");
    answered(200, "<html>", "retry");
    answered(200, "{}", "retry");
}

TEST(NotionPlugin, the_query_and_the_schema_may_fail_too) {
    auto there = notion().create(settings);
    auto job = there.act("upsert_page", spec_of());
    job.expect_link("page", "k1");
    job.answer(404, R"({"code":"object_not_found","message":"Could not find database"})");
    EXPECT_NE(job.expect_done("reject")["note"].as_string().find("Could not find database"),
              std::string::npos);
    auto cut = there.act("upsert_page", spec_of());
    cut.expect_link("page", "k1");
    cut.answer(200, schema);
    cut.answer(200, R"({"results":[],"request_status":{"type":"incomplete"}})");
    cut.expect_done("retry");
    auto garbled = there.act("upsert_page", spec_of());
    garbled.expect_link("page", "k1");
    garbled.answer(200, R"({"object":"list"})");
    garbled.expect_done("retry");
}

TEST(NotionPlugin, a_database_without_the_key_property_is_explained) {
    auto outcome = [](const char* properties) {
        auto there = notion().create(settings);
        auto job = there.act("upsert_page", spec_of());
        job.expect_link("page", "k1");
        job.answer(200, properties);
        return job.expect_done("reject")["note"].as_string();
    };
    EXPECT_NE(outcome(R"({"properties":{"Name":{"type":"title"}}})").find("\"Attio ID\""),
              std::string::npos);
    EXPECT_NE(outcome(R"({"properties":{"Name":{"type":"title"},"Attio ID":{"type":"formula"}}})")
                  .find("no text property"), std::string::npos);
    EXPECT_NE(outcome(R"({"properties":{"Attio ID":{"type":"rich_text"}}})").find("no title"),
              std::string::npos);
}

TEST(NotionPlugin, plain_values_take_the_form_of_their_property) {
    auto there = notion().create(settings);
    auto job = there.act("upsert_page", spec_of(R"({"properties":{"Stage":"Won","Amount":"19.90",
        "Done":"true","Tags":["a","b,c"],"When":"2026-01-01","Site":"","Also":"p1",
        "Sum":{"formula":{}}}})"));
    job.expect_link("page", "k1");
    job.answer(200, schema);
    job.answer(200, no_rows);
    Json sent = json(job.expect_http("POST", at("/pages"))["body"].as_string())["properties"];
    sent.erase("Name");
    sent.erase("Attio ID");
    EXPECT_EQ(sent, json(R"({"Stage":{"select":{"name":"Won"}},"Amount":{"number":19.90},
        "Done":{"checkbox":true},"Tags":{"multi_select":[{"name":"a"},{"name":"b c"}]},
        "When":{"date":{"start":"2026-01-01"}},"Site":{"url":null},
        "Also":{"relation":[{"id":"p1"}]},"Sum":{"formula":{}}})")) << sent.dump();
}

TEST(NotionPlugin, inputs_that_cannot_work_are_rejected) {
    auto there = notion().create(settings);
    auto early = [&](const char* further) {
        there.act("upsert_page", spec_of(further)).expect_done("reject");
    };
    early(R"({"database":"x"})");
    early(R"({"database":"../../../../../../../../../../.."})");
    early(R"({"key":""})");
    early(R"({"data_source":"x"})");
    early(R"({"properties":[1]})");
    there.act("archive", spec_of()).expect_done("reject");
    auto late = [&](const char* further, const char* why) {
        auto fresh = notion().create(settings);
        auto job = fresh.act("upsert_page", spec_of(further));
        job.expect_link("page", "k1");
        job.answer(200, schema);
        std::string note = job.expect_done("reject")["note"].as_string();
        EXPECT_NE(note.find(why), std::string::npos) << note;
    };
    late(R"({"properties":{"Stag":"x"}})", "no property \"Stag\"");
    late(R"({"properties":{"Sum":"x"}})", "cannot be written");
    late(R"({"properties":{"Amount":"many"}})", "is a number");
}

}  // namespace
}  // namespace syncline::test
