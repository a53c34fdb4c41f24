// The github connector: finding an issue, closing it, commenting once.
#include "tests/support/plugin_harness.hpp"

namespace syncline::test {
namespace {

const PluginUnderTest& github() {
    static const PluginUnderTest plugin("github");
    return plugin;
}

constexpr const char* settings = R"({"token":"t","repo":"o/r"})";
constexpr const char* issue_url = "https://api.github.com/repos/o/r/issues/12";
constexpr const char* comments_url = "https://api.github.com/repos/o/r/issues/12/comments";
constexpr const char* search_url =
    "https://api.github.com/search/issues?q=repo%3Ao%2Fr%20is%3Aissue%20in%3Abody%20%22hub-ref-dddd"
    "%22&per_page=100";
constexpr const char* label_url =
    "https://api.github.com/repos/o/r/issues?labels=ext%3Adddd&state=all&per_page=100";

DeliverySpec spec_of(std::string_view input) {
    DeliverySpec spec;
    spec.input = json(input);
    return spec;
}
const DeliverySpec dddd = spec_of(R"({"reference":"dddd"})");

TEST(GithubPlugin, describes_itself_and_refuses_bad_settings) {
    EXPECT_EQ(github().describe()["name"].as_string(), "github");
    EXPECT_FALSE(github().describe()["actions"]["comment"]["idempotent"].as_bool(true));
    EXPECT_EQ(github().refusal("{}"), "token is empty");
    for (const char* repo : {"", "o", "o/", "/r", "o/r/x", "o/..", "o r/x"})
        EXPECT_NE(github().refusal(std::string(R"({"token":"t","repo":")") + repo + "\"}")
                      .find("expected owner/name"),
                  std::string::npos)
            << repo;
}

TEST(GithubPlugin, closes_the_issue_that_the_search_finds) {
    auto there = github().create(settings);
    auto job = there.act("close", dddd);
    job.expect_link("issue", "dddd");
    Json request = job.expect_http("GET", search_url);
    EXPECT_EQ(header_of(request, "Authorization"), "Bearer t");
    EXPECT_EQ(header_of(request, "Accept"), "application/vnd.github+json");
    EXPECT_EQ(header_of(request, "X-GitHub-Api-Version"), "2022-11-28");
    EXPECT_NE(header_of(request, "User-Agent"), "");
    // The search is fuzzy: a longer reference and a pull request match it too.
    job.answer(200, R"({"total_count":4,"incomplete_results":false,"items":[
        {"number":3,"body":"hub-ref-dddd-2"},{"number":4,"body":"hub-ref-dddd","pull_request":{}},
        {"number":15,"body":"again hub-ref-dddd."},{"number":12,"body":"x hub-ref-dddd"}]})");
    job.expect_http("GET", issue_url);
    job.answer(200, R"({"number":12,"state":"open","html_url":"https://h/12"})");
    job.expect_http("PATCH", issue_url, R"({"state":"closed","state_reason":"completed"})");
    job.answer(200, R"({"number":12,"state":"closed","html_url":"https://h/12"})");
    EXPECT_EQ(job.expect_done("delivered")["links"],
              json(R"([{"kind":"issue","source_id":"dddd","id":"o/r#12","url":"https://h/12"}])"));
}

TEST(GithubPlugin, the_link_comes_before_the_search) {
    auto there = github().create(settings);
    for (const char* id : {"o/r#12", "#12", "12"}) {
        auto job = there.act("close", dddd);
        job.expect_link("issue", "dddd", id);
        job.expect_http("GET", issue_url);
        job.answer(200, R"({"state":"closed","html_url":"u"})");
        EXPECT_EQ(job.expect_done("skipped")["links"].size(), 1u);
    }
}

TEST(GithubPlugin, a_number_needs_no_search) {
    auto there = github().create(settings);
    for (const char* input : {R"({"reference":"#12"})", R"({"reference":12})",
                              R"({"reference":"o/r#12"})", R"({"reference":"12","repo":"o/r"})"}) {
        auto job = there.act("close", spec_of(input));
        job.expect_link("issue", json(input)["reference"].is_number()
                                     ? "12" : json(input)["reference"].as_string());
        job.expect_http("GET", issue_url);
    }
}

TEST(GithubPlugin, falls_back_to_the_label) {
    auto there = github().create(settings);
    auto job = there.act("close", dddd);
    job.expect_link("issue", "dddd");
    job.answer(200, R"({"total_count":0,"incomplete_results":false,"items":[]})");
    job.expect_http("GET", label_url);
    job.answer(200, R"([{"number":2,"pull_request":{}},{"number":12}])");
    job.expect_http("GET", issue_url);
}

TEST(GithubPlugin, an_issue_that_is_nowhere_is_final_unless_told_otherwise) {
    auto there = github().create(settings);
    auto outcome = [&](const char* input, const char* search, const char* kind) {
        auto job = there.act("close", spec_of(input));
        job.expect_link("issue", "dddd");
        job.answer(200, search);
        job.answer(200, "[]");
        return job.expect_done(kind);
    };
    constexpr const char* nothing = R"({"items":[],"incomplete_results":false})";
    Json rejected = outcome(R"({"reference":"dddd"})", nothing, "reject");
    EXPECT_NE(rejected["note"].as_string().find("hub-ref-dddd"), std::string::npos);
    outcome(R"({"reference":"dddd","if_missing":"skip"})", nothing, "skipped");
    outcome(R"({"reference":"dddd"})", R"({"items":[],"incomplete_results":true})", "retry");
}

TEST(GithubPlugin, comments_with_a_marker) {
    auto there = github().create(settings);
    auto job = there.act("comment", spec_of(R"({"reference":"#12","body":"Done."})"));
    job.expect_link("issue", "#12");
    job.expect_http("POST", comments_url, R"({"body":"Done.\n\n<!-- [syncline:dlv-1] -->"})");
    job.answer(201, R"({"id":1})");
    job.expect_done("delivered");
}

TEST(GithubPlugin, a_repeated_comment_looks_before_it_writes) {
    auto there = github().create(settings);
    DeliverySpec uncertain = spec_of(R"({"reference":"#12","body":"Done."})");
    uncertain.uncertain = true;
    auto job = there.act("comment", uncertain);
    job.expect_link("issue", "#12");
    job.expect_http("GET", std::string(comments_url) + "?per_page=100&page=1");
    std::string full = "[";
    for (int i = 0; i < 100; ++i) full += i ? R"(,{"body":"x"})" : R"({"body":"x"})";
    job.answer(200, full + "]");
    job.expect_http("GET", std::string(comments_url) + "?per_page=100&page=2");
    job.answer(200, R"([{"body":"Done.\n\n<!-- [syncline:dlv-1] -->"}])");
    job.expect_done("delivered");

    DeliverySpec second = spec_of(R"({"reference":"#12","body":"Done."})");
    second.attempt = 2;
    auto fresh = there.act("comment", second);
    fresh.expect_link("issue", "#12");
    fresh.expect_http("GET", std::string(comments_url) + "?per_page=100&page=1");
    fresh.answer(200, R"([{"body":"[syncline:dlv-10]"}])");
    fresh.expect_http("POST", comments_url);
    fresh.fail("timeout");
    fresh.expect_done("retry");
}

/// The outcome of closing #12 when reading it is answered so.
Json answered(int status, const std::string& body, const JobUnderTest::Fields& headers,
              const char* kind, int attempt = 1, std::int64_t retry_after_ms = 0) {
    auto there = github().create(settings);
    DeliverySpec spec = dddd;
    spec.attempt = attempt;
    auto job = there.act("close", spec);
    job.expect_link("issue", "dddd", "12");
    job.answer(status, body, headers, retry_after_ms);
    return job.expect_done(kind);
}

TEST(GithubPlugin, limits_are_waited_for_as_the_headers_say) {
    auto wait = [](int status, const char* body, const JobUnderTest::Fields& headers,
                   int attempt = 1, std::int64_t retry_after_ms = 0) {
        return answered(status, body, headers, "retry", attempt, retry_after_ms)["after_ms"]
            .as_int64();
    };
    JobUnderTest::Fields spent = {{"X-RateLimit-Remaining", "0"},
                                  {"X-RateLimit-Reset", "1767225720"}};
    EXPECT_EQ(wait(403, "{}", spent), 120'000);
    EXPECT_EQ(wait(429, "{}", spent), 120'000);
    EXPECT_EQ(wait(403, "{}", spent, 1, 5000), 5000);
    EXPECT_EQ(wait(403, "{}", {{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "1"}}), 1000);
    constexpr const char* secondary =
        R"({"message":"You have exceeded a secondary rate limit."})";
    EXPECT_EQ(wait(403, secondary, {}), 60'000);
    EXPECT_EQ(wait(403, secondary, {}, 3), 240'000);
    EXPECT_EQ(wait(429, "", {}, 99), 1'920'000);
}

TEST(GithubPlugin, a_real_403_holds) {
    Json held = answered(403, R"({"message":"Resource not accessible by integration"})",
                         {{"x-ratelimit-remaining", "4999"}}, "hold");
    EXPECT_NE(held["note"].as_string().find("not accessible"), std::string::npos);
    answered(401, R"({"message":"Bad credentials"})", {}, "hold");
}

TEST(GithubPlugin, gone_moved_and_broken_answers) {
    Json missing = answered(404, R"({"message":"Not Found"})", {}, "reject");
    EXPECT_NE(missing["note"].as_string().find("does not exist"), std::string::npos);
    EXPECT_EQ(missing["unlinks"], json(R"([{"kind":"issue","source_id":"dddd"}])"));
    EXPECT_EQ(answered(410, "{}", {}, "reject")["unlinks"].size(), 1u);
    Json moved = answered(301, "{}", {{"Location", "https://api.github.com/x"}}, "reject");
    EXPECT_NE(moved["note"].as_string().find("https://api.github.com/x"), std::string::npos);
    answered(422, R"({"message":"Validation Failed"})", {}, "reject");
    answered(500, "<html>", {}, "retry");
    answered(502, "", {}, "retry");
}

TEST(GithubPlugin, garbage_is_no_success) {
    auto there = github().create(settings);
    auto search = there.act("close", dddd);
    search.expect_link("issue", "dddd");
    search.answer(200, "<html>");
    search.expect_done("retry");
    auto labels = there.act("close", dddd);
    labels.expect_link("issue", "dddd");
    labels.answer(200, R"({"items":[]})");
    labels.answer(200, "{}");
    labels.expect_done("retry");
    auto patch = there.act("close", dddd);
    patch.expect_link("issue", "dddd", "12");
    patch.answer(200, R"({"state":"open"})");
    patch.answer(200, R"({"state":"open"})");
    patch.expect_done("retry");
    auto network = there.act("close", dddd);
    network.expect_link("issue", "dddd");
    network.fail("network");
    network.expect_done("retry");
}

TEST(GithubPlugin, inputs_that_cannot_work_are_rejected_before_they_are_sent) {
    auto there = github().create(settings);
    for (const char* input : {R"({"reference":""})", R"({"reference":"a\"b"})",
                              R"({"reference":"a,b"})", R"({"reference":"a","repo":"x"})",
                              R"({"reference":"a","reason":"bored"})"})
        there.act("close", spec_of(input)).expect_done("reject");
    there.act("comment", spec_of(R"({"reference":"a"})")).expect_done("reject");
    there.act("open", dddd).expect_done("reject");
}

}  // namespace
}  // namespace syncline::test
