// What all stand-ins share: injected failures, held answers, ledger, state file, admin endpoints.
#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "tests/component/standins_calls.hpp"
#include "tests/standins/make.hpp"

namespace syncline::standins {
namespace {

using testing::HasSubstr;

class StandinFrame : public testing::Test {
protected:
    void SetUp() override {
        char pattern[] = "/tmp/standins-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern), nullptr);
        folder_ = pattern;
        options_.ledger_file = folder_ + "/ledger";
        options_.state_file = folder_ + "/state";
        standin_ = make_standin("hubspot", clock_, options_);
    }
    void TearDown() override {
        standin_.reset();
        std::filesystem::remove_all(folder_);
    }
    static HttpRequest upsert(const std::string& id) {
        return request_of("POST", "/crm/v3/objects/deals/batch/upsert",
                          R"({"inputs":[{"id":")" + id +
                              R"(","idProperty":"attio_id","properties":{"dealname":"x"}}]})",
                          {{"Authorization", "Bearer any"}});
    }
    static HttpRequest admin(const char* method, const std::string& what, const std::string& body) {
        return request_of(method, "/_standin/" + what, body, {});
    }
    std::vector<std::string> ledger() const {
        std::ifstream file(options_.ledger_file);
        std::vector<std::string> lines;
        for (std::string line; std::getline(file, line);) lines.push_back(line);
        return lines;
    }
    std::string folder_;
    StandinOptions options_;
    ManualClock clock_;
    std::unique_ptr<Standin> standin_;
};

TEST_F(StandinFrame, an_injected_failure_is_answered_as_often_as_asked_without_effect) {
    call(*standin_, admin("POST", "fail", R"({"status":503,"count":2,"retry_after":7})"));
    for (int at = 0; at < 2; ++at) {
        const HttpResponse failed = call(*standin_, upsert("a"));
        EXPECT_EQ(failed.status, 503u);
        EXPECT_EQ(*failed.headers.find("Retry-After"), "7");
    }
    EXPECT_EQ(standin_->writes(), 0u);
    EXPECT_EQ(call(*standin_, upsert("a")).status, 200u);
}

TEST_F(StandinFrame, a_failure_after_the_effect_hides_that_it_happened) {
    call(*standin_, admin("POST", "fail", R"({"status":504,"after_effect":true})"));
    EXPECT_EQ(call(*standin_, upsert("a")).status, 504u);
    EXPECT_EQ(standin_->count("deals"), 1u);
}

TEST_F(StandinFrame, a_failure_can_be_for_one_path_only) {
    call(*standin_, admin("POST", "fail", R"({"status":500,"path":"/crm/v3/objects/contacts"})"));
    EXPECT_EQ(call(*standin_, upsert("a")).status, 200u);
}

TEST_F(StandinFrame, held_answers_wait_for_release_though_their_effect_has_happened) {
    call(*standin_, admin("POST", "hold", ""));
    unsigned status = 0;
    standin_->handle(upsert("a"), [&](HttpResponse response) { status = response.status; });
    EXPECT_EQ(status, 0u);
    EXPECT_EQ(standin_->held(), 1u);
    EXPECT_EQ(standin_->count("deals"), 1u);
    EXPECT_EQ(call(*standin_, admin("POST", "release", "")).status, 200u);
    EXPECT_EQ(status, 200u);
    EXPECT_EQ(call(*standin_, upsert("b")).status, 200u) << "no longer held";
}

TEST_F(StandinFrame, the_ledger_has_one_line_for_each_effective_write) {
    call(*standin_, upsert("a"));
    call(*standin_, request_of("GET", "/crm/v3/objects/deals/9", "", {}));
    call(*standin_, upsert("a"));
    const std::vector<std::string> lines = ledger();
    ASSERT_EQ(lines.size(), 2u);
    const Json first = *Json::parse(lines[0]);
    EXPECT_EQ(first["operation"], Json("create"));
    EXPECT_EQ(first["detail"]["id"], Json("a"));
    EXPECT_EQ((*Json::parse(lines[1]))["operation"], Json("update"));
}

TEST_F(StandinFrame, a_restart_with_the_same_state_file_remembers_everything) {
    call(*standin_, upsert("a"));
    standin_ = make_standin("hubspot", clock_, options_);
    EXPECT_EQ(standin_->count("deals"), 1u);
    const Json again = json_of(call(*standin_, upsert("a")));
    EXPECT_FALSE(again["results"][0]["new"].as_bool(true));
    const Json other = json_of(call(*standin_, upsert("b")));
    EXPECT_NE(other["results"][0]["id"], again["results"][0]["id"])
        << "ids are not given out twice";
}

TEST_F(StandinFrame, shows_its_state_and_a_summary) {
    call(*standin_, upsert("a"));
    const Json state = json_of(call(*standin_, admin("GET", "state", "")));
    EXPECT_EQ(state["counts"]["deals"], Json(1));
    EXPECT_EQ(state["requests"], Json(1));
    EXPECT_THAT(call(*standin_, admin("GET", "summary", "")).body, HasSubstr("dealname=x"));
    EXPECT_EQ(call(*standin_, admin("GET", "nope", "")).status, 404u);
    EXPECT_EQ(call(*standin_, admin("POST", "nope", "")).status, 404u);
}

TEST_F(StandinFrame, scale_multiplies_the_rate_limits) {
    options_.scale = 3;
    standin_ = make_standin("hubspot", clock_, options_);
    for (int at = 0; at < 300; ++at) ASSERT_EQ(call(*standin_, upsert("a")).status, 200u);
    EXPECT_EQ(call(*standin_, upsert("a")).status, 429u);
}

TEST(StandinVendors, every_name_makes_one_that_refuses_unknown_paths_in_its_form) {
    const ManualClock clock;
    for (const std::string& name : vendor_names()) {
        const auto standin = make_standin(name, clock, StandinOptions());
        ASSERT_NE(standin, nullptr) << name;
        const HttpResponse answer = call(*standin, request_of("GET", "/nowhere/at/all", "",
                                                              {{"Authorization", "Bearer x"},
                                                               {"User-Agent", "x"},
                                                               {"Notion-Version", "2022-06-28"}}));
        EXPECT_GE(answer.status, 400u) << name;
        EXPECT_TRUE(json_of(answer).is_object()) << name;
    }
    EXPECT_EQ(make_standin("nope", clock, StandinOptions()), nullptr);
}

}  // namespace
}  // namespace syncline::standins
