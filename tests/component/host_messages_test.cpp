// What plugins write and what they are answered: each way to break the contract is an error in
// words, and the JSON of each message is as the ABI says.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "core/base/limits.hpp"
#include "core/host/connector.hpp"
#include "host_script.hpp"

namespace syncline::host {
namespace {

std::string unruly_path() {
    return std::string(HOST_TEST_PLUGINS) + "/unruly.so";
}

Result<Step> begin_of_unruly(const std::string& action) {
    auto plugin = Plugin::load(unruly_path());
    if (!plugin) return plugin.error();
    auto instance = (*plugin)->create("shed", Json::object());
    if (!instance) return instance.error();
    JobRequest request;
    request.kind = "action";
    request.name = action;
    request.deliveries.emplace_back();
    auto begun = (*instance)->begin(request);
    if (!begun) return begun.error();
    return std::move(begun->first);
}

class HostUnruly : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(HostUnruly, becomes_an_error_that_names_plugin_and_fault) {
    auto step = begin_of_unruly(GetParam().first);
    ASSERT_FALSE(step);
    EXPECT_EQ(step.error().code, ErrorCode::plugin);
    EXPECT_EQ(step.error().text().rfind("connector unruly (shed): begin: ", 0), 0u)
        << step.error().text();
    EXPECT_NE(step.error().text().find(GetParam().second), std::string::npos)
        << step.error().text();
}

INSTANTIATE_TEST_SUITE_P(
    all, HostUnruly,
    testing::Values(std::pair{"throw", "an exception crossed the boundary: thrown from begin"},
                    std::pair{"throw-int", "an exception crossed the boundary"},
                    std::pair{"error", "it broke"}, std::pair{"unknown-code", "code 99"},
                    std::pair{"no-json", "wrote no JSON"}, std::pair{"silent", "wrote no JSON"},
                    std::pair{"endless", "more than 64 MiB"},
                    std::pair{"two-outcomes", "gave 2 outcomes for 1 deliveries"},
                    std::pair{"dance", "asks for \"dance\""}));

TEST(HostInstance, a_refusal_of_the_input_is_no_fault_of_the_plugin) {
    auto step = begin_of_unruly("refuse");
    ASSERT_FALSE(step);
    EXPECT_EQ(step.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(step.error().message, "no such page");
}

TEST(HostInstance, output_without_bytes_is_not_read) {
    auto step = begin_of_unruly("huge");
    ASSERT_FALSE(step);
    EXPECT_EQ(step.error().code, ErrorCode::plugin);
}

TEST(HostInstance, an_unknown_outcome_counts_as_retry) {
    auto step = begin_of_unruly("unknown-outcome");
    ASSERT_TRUE(step) << step.error().text();
    ASSERT_EQ(step->outcomes.size(), 1u);
    EXPECT_EQ(step->outcomes[0].kind, OutcomeKind::retry);
    EXPECT_NE(step->outcomes[0].note.find("unknown outcome \"maybe\""), std::string::npos);
}

TEST(HostInstance, faults_of_create_are_errors) {
    auto plugin = Plugin::load(unruly_path());
    ASSERT_TRUE(plugin) << plugin.error().text();
    auto error_of = [&](const char* word) {
        Json settings = Json::object();
        settings.set("mode", word);
        auto made = (*plugin)->create("shed", settings);
        return made ? std::string("made") : made.error().text();
    };
    EXPECT_NE(error_of("throw").find("thrown from create"), std::string::npos);
    EXPECT_NE(error_of("nothing").find("gave no instance"), std::string::npos);
    EXPECT_NE(error_of("code").find("refused the settings"), std::string::npos);
}

// --- Steps ---------------------------------------------------------------------------------------

Result<Step> first_step(const std::string& line) {
    auto instance = script::make_instance();
    auto begun = instance->begin(script::play({line}));
    if (!begun) return begun.error();
    return std::move(begun->first);
}

TEST(HostStep, reads_each_kind_of_ask) {
    auto http =
        first_step(R"({"ask":"http","request":{"method":"PUT","url":"http://h/",)"
                   R"("headers":[["A","1"],["A","2"]],"body_base64":"AP8=","timeout_ms":5}})");
    ASSERT_TRUE(http) << http.error().text();
    EXPECT_EQ(http->request.headers.count("a"), 2u);
    EXPECT_EQ(http->request.body, std::string("\0\xFF", 2));
    EXPECT_EQ(http->timeout_ms, 5);
    auto link = first_step(R"({"ask":"link","kind":"page","source_id":"r1","later":"ignored"})");
    ASSERT_TRUE(link);
    EXPECT_EQ(link->kind, Step::Kind::link);
    EXPECT_EQ(link->link_kind, "page");
    EXPECT_EQ(link->link_source_id, "r1");
    auto sleep = first_step(R"({"ask":"sleep","ms":250})");
    ASSERT_TRUE(sleep);
    EXPECT_EQ(sleep->sleep_ms, 250);
}

class HostStepMalformed : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(HostStepMalformed, is_refused_with_the_member_at_fault) {
    auto step = first_step(GetParam().first);
    ASSERT_FALSE(step) << GetParam().first;
    EXPECT_EQ(step.error().code, ErrorCode::plugin);
    EXPECT_NE(step.error().text().find(GetParam().second), std::string::npos)
        << step.error().text();
}

INSTANTIATE_TEST_SUITE_P(
    all, HostStepMalformed,
    testing::Values(
        std::pair{"[]", "no object"}, std::pair{"{}", "asks for \"\""},
        std::pair{"{\"ask\":1}", "asks for"},
        std::pair{R"({"ask":"http"})", "without a \"request\""},
        std::pair{R"({"ask":"http","request":{"url":"x"}})", "\"method\""},
        std::pair{R"({"ask":"http","request":{"method":"GET"}})", "\"url\""},
        std::pair{R"({"ask":"http","request":{"method":"GET","url":"x","headers":{}}})", "list of"},
        std::pair{R"({"ask":"http","request":{"method":"GET","url":"x","headers":[["a"]]}})",
                  "[name, value]"},
        std::pair{R"({"ask":"http","request":{"method":"GET","url":"x","headers":[["a",1]]}})",
                  "[name, value]"},
        std::pair{R"({"ask":"http","request":{"method":"GET","url":"x","body":{}}})",
                  "must be text"},
        std::pair{R"({"ask":"http","request":{"method":"GET","url":"x","body_base64":"%%"}})",
                  "no base64"},
        std::pair{
            R"({"ask":"http","request":{"method":"GET","url":"x","body":"","body_base64":""}})",
            "both"},
        std::pair{R"({"ask":"http","request":{"method":"GET","url":"x","timeout_ms":-1}})",
                  "timeout_ms"},
        std::pair{R"({"ask":"link","kind":"k"})", "source_id"},
        std::pair{R"({"ask":"sleep","ms":"soon"})", "\"ms\""},
        std::pair{R"({"ask":"sleep","ms":1e400})", "wrote no JSON"},
        std::pair{R"({"done":{}})", "outcomes"}, std::pair{R"({"done":[]})", "0 outcomes for 1"},
        std::pair{R"({"done":[7]})", "no object"},
        std::pair{R"({"done":[{"outcome":"delivered","links":[{"kind":"k","id":"1"}]}]})",
                  "sets a link"},
        std::pair{R"({"done":[{"outcome":"delivered","unlinks":[{"kind":"k"}]}]})",
                  "forgets a link"},
        std::pair{R"({"done":[{"outcome":"delivered","emit":[{"type":"t"}]}]})", "without \"key\""},
        std::pair{R"({"done":[{"outcome":"delivered","emit":[{"key":"k","type":"t",)"
                  R"("attributes":[]}]}]})",
                  "\"attributes\""}));

TEST(HostStep, an_outcome_is_read_whole) {
    auto step = first_step(
        R"({"done":[{"outcome":"retry","note":"busy","after_ms":9000,)"
        R"("links":[{"kind":"k","source_id":"s","id":"i","url":"u","hash":"h"}],)"
        R"("unlinks":[{"kind":"k","source_id":"old"}],)"
        R"("emit":[{"key":"e1","type":"task.done","subject":"t","attributes":{"a":1},"data":[2]}],)"
        R"("document":{"x":19.90}}]})");
    ASSERT_TRUE(step) << step.error().text();
    const Outcome& outcome = step->outcomes.at(0);
    EXPECT_EQ(outcome.kind, OutcomeKind::retry);
    EXPECT_EQ(outcome.note, "busy");
    EXPECT_EQ(outcome.after_ms, 9000);
    EXPECT_EQ(outcome.links.at(0).hash, "h");
    EXPECT_EQ(outcome.unlinks.at(0).source_id, "old");
    EXPECT_EQ(outcome.unlinks.at(0).destination, "stage");
    EXPECT_EQ(outcome.emitted.at(0).attributes.dump(), R"({"a":1})");
    EXPECT_EQ(outcome.document->dump(), R"({"x":19.90})");
}

std::string done_with_emitted(std::size_t count) {
    std::string line = R"({"done":[{"outcome":"delivered","emit":[)";
    for (std::size_t i = 0; i < count; ++i)
        line += (i == 0 ? "" : ",") + std::string(R"({"key":"k","type":"t"})");
    return line + "]}]}";
}

TEST(HostStep, emitted_events_are_bounded) {
    EXPECT_TRUE(first_step(done_with_emitted(limits::emitted_per_attempt_max)));
    auto over = first_step(done_with_emitted(limits::emitted_per_attempt_max + 1));
    ASSERT_FALSE(over);
    EXPECT_NE(over.error().text().find(
                  "emits " + std::to_string(limits::emitted_per_attempt_max + 1) + " events"),
              std::string::npos);
}

TEST(HostStep, ids_of_emitted_events_are_bounded) {
    auto with_key = [](std::size_t bytes) {
        return R"({"done":[{"outcome":"delivered","emit":[{"type":"t","key":")" +
               std::string(bytes, 'k') + R"("}]}]})";
    };
    EXPECT_TRUE(first_step(with_key(limits::key_bytes_max)));
    EXPECT_FALSE(first_step(with_key(limits::key_bytes_max + 1)));
}

TEST(HostStep, retry_delays_are_capped_and_negative_ones_ignored) {
    auto after = [](const std::string& value) {
        auto step = first_step(R"({"done":[{"outcome":"retry","after_ms":)" + value + "}]}");
        return step ? step->outcomes.at(0).after_ms : std::optional<std::int64_t>(-2);
    };
    EXPECT_EQ(after("999999999999"), limits::retry_after_ms_max);
    EXPECT_EQ(after("-5"), std::nullopt);
    EXPECT_EQ(after("\"soon\""), std::nullopt);
}

TEST(HostStep, the_job_message_is_as_the_abi_says) {
    auto event = std::make_shared<Event>();
    event->id = "e1";
    event->type = "record.created";
    event->payload = "{\"a\":1}";
    auto request = script::play({R"({"done":[{"outcome":"skipped","note":$ANSWER}]})"});
    request.now_ms = 123;
    request.seed = 0xABCDEF;
    request.deliveries[0].event = event;
    request.deliveries[0].attempt = 4;
    request.deliveries[0].uncertain = true;
    auto instance = script::make_instance();
    auto begun = instance->begin(request);
    ASSERT_TRUE(begun) << begun.error().text();
    Json job = Json::parse(begun->first.outcomes.at(0).note).value_or(Json());
    EXPECT_EQ(job["kind"].as_string(), "action");
    EXPECT_EQ(job["now_ms"].as_int64(), 123);
    EXPECT_EQ(job["seed"].as_string(), "0000000000abcdef");
    EXPECT_EQ(job["destination"].as_string(), "stage");
    EXPECT_EQ(job["deliveries"][0]["attempt"].as_int64(), 4);
    EXPECT_TRUE(job["deliveries"][0]["uncertain"].as_bool());
    EXPECT_EQ(job["deliveries"][0]["event"]["type"].as_string(), "record.created");
    EXPECT_EQ(job["deliveries"][0]["payload"].as_string(), "{\"a\":1}");
}

TEST(HostStep, a_payload_that_is_no_text_travels_in_base64) {
    auto event = std::make_shared<Event>();
    event->payload = std::string("\x00\xFF", 2);
    auto request = script::play({R"({"done":[{"outcome":"skipped","note":$ANSWER}]})"});
    request.deliveries[0].event = event;
    auto instance = script::make_instance();
    auto begun = instance->begin(request);
    ASSERT_TRUE(begun);
    Json job = Json::parse(begun->first.outcomes.at(0).note).value_or(Json());
    EXPECT_EQ(job["deliveries"][0]["payload_base64"].as_string(), "AP8=");
    EXPECT_EQ(job["deliveries"][0].find("payload"), nullptr);
}

TEST(HostInstance, parse_without_a_list_of_events_is_a_fault) {
    auto instance = script::make_instance();
    EXPECT_TRUE(instance->parse(Json::object(), R"({"events":[]})"));
    auto wrong = instance->parse(Json::object(), R"({"event":{}})");
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, ErrorCode::plugin);
}

// --- The page for authors ------------------------------------------------------------------------

/// The ```json blocks of core/sdk/README.md.
std::vector<std::string> documented_messages() {
    std::ifstream file(HOST_TEST_SDK_PAGE);
    std::stringstream all;
    all << file.rdbuf();
    std::string page = all.str();
    std::vector<std::string> blocks;
    for (auto at = page.find("```json\n"); at != std::string::npos; at = page.find("```json\n", at)) {
        at += 8;
        auto end = page.find("```", at);
        blocks.push_back(page.substr(at, end - at));
        at = end + 3;
    }
    return blocks;
}

TEST(HostAuthorsPage, its_messages_are_what_the_host_reads) {
    int asks = 0;
    int descriptors = 0;
    for (const auto& block : documented_messages()) {
        JsonError error;
        auto message = Json::parse(block, &error);
        ASSERT_TRUE(message) << error.message << " in " << block;
        if (message->find("roles") != nullptr) {
            auto descriptor = ConnectorDescriptor::from_json(*message);
            EXPECT_TRUE(descriptor) << descriptor.error().text();
            descriptors += 1;
        }
        if (message->find("ask") == nullptr && message->find("done") == nullptr) continue;
        auto step = first_step(block);
        EXPECT_TRUE(step) << step.error().text();
        asks += 1;
    }
    EXPECT_EQ(descriptors, 1);
    EXPECT_EQ(asks, 4);
}

// --- Answers -------------------------------------------------------------------------------------

constexpr std::int64_t now_ms = 1'767'225'600'000;  // 2026-01-01T00:00:00Z, a Thursday

Json answer_with(const std::string& retry_after) {
    HttpResult result;
    result.response.status = 429;
    result.response.headers.add("retry-after", retry_after);
    return http_answer(result, now_ms)["http"];
}

TEST(HostAnswer, retry_after_in_seconds_and_as_a_date_becomes_milliseconds) {
    EXPECT_EQ(answer_with("30")["retry_after_ms"].as_int64(), 30'000);
    EXPECT_EQ(answer_with(" 0 ")["retry_after_ms"].as_int64(), 0);
    EXPECT_EQ(answer_with("Thu, 01 Jan 2026 00:01:00 GMT")["retry_after_ms"].as_int64(), 60'000);
    EXPECT_EQ(answer_with("Thursday, 01-Jan-26 00:01:00 GMT")["retry_after_ms"].as_int64(), 60'000);
}

TEST(HostAnswer, a_year_is_capped_at_a_day) {
    EXPECT_EQ(answer_with("31536000")["retry_after_ms"].as_int64(), limits::retry_after_ms_max);
    EXPECT_EQ(answer_with("99999999999999999999999")["retry_after_ms"].as_int64(),
              limits::retry_after_ms_max);
    EXPECT_EQ(answer_with("Fri, 01 Jan 2027 00:00:00 GMT")["retry_after_ms"].as_int64(),
              limits::retry_after_ms_max);
    EXPECT_EQ(answer_with("86400")["retry_after_ms"].as_int64(), limits::retry_after_ms_max);
    EXPECT_EQ(answer_with("86399")["retry_after_ms"].as_int64(), limits::retry_after_ms_max - 1000);
}

TEST(HostAnswer, garbage_negative_and_past_values_are_ignored) {
    for (const char* text : {"", "soon", "-5", "1.5", "0x10", "1e3", "12 apples", "+3",
                             "Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 99 Foo 2026 00:00:00 GMT"})
        EXPECT_EQ(answer_with(text).find("retry_after_ms"), nullptr) << text;
}

TEST(HostAnswer, carries_status_headers_and_body) {
    HttpResult result;
    result.response = HttpResponse(201, "{}");
    result.response.headers.add("X-A", "1");
    EXPECT_EQ(http_answer(result, 0).dump(),
              R"({"http":{"status":201,"headers":[["X-A","1"]],"body":"{}"}})");
    result.response.body = "\xFF";
    EXPECT_EQ(http_answer(result, 0)["http"]["body_base64"].as_string(), "/w==");
}

TEST(HostAnswer, carries_errors_links_and_sleeps) {
    HttpResult failed;
    failed.error = "timeout";
    failed.message = "no answer";
    failed.sent = false;
    EXPECT_EQ(http_answer(failed, 0).dump(),
              R"({"http":{"error":"timeout","message":"no answer","sent":false}})");
    Link link;
    link.id = "i";
    EXPECT_EQ(link_answer(link).dump(), R"({"link":{"id":"i","url":"","hash":""}})");
    EXPECT_EQ(link_answer(std::nullopt).dump(), R"({"link":null})");
    EXPECT_EQ(sleep_answer().dump(), R"({"slept":true})");
}

}  // namespace
}  // namespace syncline::host
