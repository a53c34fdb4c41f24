// Notion's stand-in refuses and limits what the vendor documents. If one of these fails, the
// connectors' tests prove less than they seem to.
#include <gmock/gmock.h>

#include "tests/component/standins_calls.hpp"
#include "tests/standins/notion.hpp"

namespace syncline::standins {
namespace {

using testing::HasSubstr;

StandinOptions with_token(const char* token) {
    StandinOptions options;
    options.token = token;
    return options;
}

class NotionStandin : public testing::Test {
protected:
    HttpResponse ask(const char* method, const std::string& target, const Json& body,
                     const char* version = "2025-09-03") {
        clock_.advance_ms(1000);  // under the rate
        return call(notion_,
                    request_of(method, target, body.is_null() ? "" : body.dump(),
                               {{"Authorization", "Bearer key"}, {"Notion-Version", version}}));
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
    EXPECT_THAT(json_of(create(nested(3)))["message"].as_string(),
                HasSubstr("should be not present"));
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
    const HttpResponse asked =
        ask("POST", query_path_,
            *Json::parse(R"({"filter":{"property":"Nope","rich_text":{"equals":"x"}}})"));
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
    const Json second =
        json_of(ask("GET", path + "?start_cursor=" + first["next_cursor"].as_string(), Json()));
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
        return call(notion_, request_of("GET", "/v1/pages/x", "",
                                        {{"Authorization", "Bearer key"},
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

}  // namespace
}  // namespace syncline::standins
