// The five routes of examples/quickstart.yaml, end to end, in both dialects: the real hub, its real
// plugins, stand-ins that refuse what the vendors refuse. Then what must hold when things go down.
#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

#include "tests/standins/notion.hpp"
#include "tests/system/bodies.hpp"

namespace syncline::system_test {
namespace {

using standins::StandinOptions;
using testing::HasSubstr;

StandinOptions with_token(const std::string& token) {
    StandinOptions options;
    options.token = token;
    options.scale = 100;  // the limits are the stand-ins' own tests' matter
    return options;
}

std::string text_of(const std::string& path) {
    std::ifstream file(std::string(SYNCLINE_ROOT) + "/" + path);
    return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

class Stage : public testing::Test {
protected:
    void SetUp() override {
        attio_->seed(*Json::parse(text_of("examples/stand-ins/attio.json")));
        github_->seed(*Json::parse(text_of("examples/stand-ins/github.json")));
        hub_.set("HUB_LISTEN", "127.0.0.1:0");
        hub_.set("HUB_ADMIN_LISTEN", "127.0.0.1:0");
        hub_.set("HUB_ADMIN_TOKEN", "admin-token-of-the-test");
        hub_.set("HUB_STORE", folder_.file("hub.db"));
        hub_.set("ATTIO_WEBHOOK_SECRET", kSecret);
        hub_.set("ATTIO_API_KEY", "attio-key");
        hub_.set("ATTIO_API_URL", attio_.url());
        hub_.set("HUBSPOT_TOKEN", "hubspot-key");
        hub_.set("HUBSPOT_API_URL", hubspot_.url());
        hub_.set("MEILI_KEY", "meili-key");
        hub_.set("MEILI_URL", meilisearch_.url());
        hub_.set("NOTION_TOKEN", "notion-key");
        hub_.set("NOTION_API_URL", notion_.url());
        hub_.set("NOTION_DATABASE", standins::kNotionDatabase);
        hub_.set("GITHUB_TOKEN", "github-key");
        hub_.set("GITHUB_API_URL", github_.url());
    }
    void TearDown() override {
        if (HasFailure()) std::cerr << "the hub's log:\n" << hub_.log();
    }
    /// Each look runs the command anew, which takes time enough between looks.
    bool all_settled() const {
        const auto end = SystemClock().monotonic_ms() + kPatienceMs;
        while (!hub_.deliveries("pending").empty()) {
            if (SystemClock().monotonic_ms() > end) return false;
        }
        return true;
    }
    bool crm_has(std::size_t deals) {
        return hubspot_->wait_until([&] { return hubspot_->count("deals") == deals; }, kPatienceMs);
    }

    Folder folder_;
    Served attio_{"attio", with_token("attio-key")};
    Served hubspot_{"hubspot", with_token("hubspot-key")};
    Served meilisearch_{"meilisearch", with_token("meili-key")};
    Served notion_{"notion", with_token("notion-key")};
    Served github_{"github", with_token("github-key")};
    HubProcess hub_{std::string(SYNCLINE_ROOT) + "/examples/quickstart.yaml", folder_.file("log")};
};

class Routes : public Stage, public testing::WithParamInterface<Dialect> {
protected:
    unsigned send(const std::string& type, unsigned number, const std::string& key) {
        return post_signed(hub_.port(), GetParam(), key, event_body(GetParam(), type, number, key));
    }
    /// The vendor's word for a finished task: attio-v2 has only task.updated.
    static std::string task_event() {
        return GetParam() == Dialect::attio_v2 ? "task.updated" : "task.completed";
    }
};

TEST_P(Routes, a_created_record_becomes_a_deal_in_the_crm) {
    hub_.start();
    ASSERT_EQ(send("record.created", 1, "k1"), 200u);
    ASSERT_TRUE(crm_has(1));
    const Json state = hubspot_->state();
    const Json& deal = state["tables"]["deals"].members()[0].value["properties"];
    EXPECT_EQ(deal["attio_id"], Json(numbered_id("dea1", 1)));
    EXPECT_EQ(deal["dealname"], Json("Acme expansion"));
    EXPECT_EQ(deal["dealstage"], Json("Lead"));
    EXPECT_EQ(deal["amount"], Json("1200"));
}

TEST_P(Routes, an_updated_record_is_indexed_anew) {
    hub_.start();
    ASSERT_EQ(send("record.updated", 2, "k1"), 200u);
    const std::string id = numbered_id("dea1", 2);
    ASSERT_TRUE(meilisearch_->wait_until(
        [&] { return meilisearch_->object("documents/deals", id).has_value(); }, kPatienceMs));
    EXPECT_EQ((*meilisearch_->object("documents/deals", id))["name"], Json("Globex renewal"));
}

TEST_P(Routes, a_note_becomes_a_page_with_its_text_as_blocks) {
    hub_.start();
    ASSERT_EQ(send("note.created", 1, "k1"), 200u);
    ASSERT_TRUE(notion_->wait_until([&] { return notion_->count("pages") == 1; }, kPatienceMs));
    ASSERT_TRUE(all_settled());
    const Json state = notion_->state();
    const Json& page = state["tables"]["pages"].members()[0].value;
    EXPECT_EQ(standins::plain_text(page["properties"]["Name"]["title"]), "Kick-off with Acme");
    EXPECT_EQ(standins::plain_text(page["properties"]["Attio ID"]["rich_text"]),
              numbered_id("9000", 1));
    std::vector<std::string> types;
    for (const Json& block : page["children"].items()) {
        types.push_back((*notion_->object("blocks", block.as_string()))["type"].as_string());
    }
    EXPECT_THAT(types, testing::ElementsAre("heading_1", "bulleted_list_item", "bulleted_list_item",
                                            "paragraph"));
}

TEST_P(Routes, a_finished_task_closes_its_issue_and_no_other) {
    hub_.start();
    ASSERT_EQ(send(task_event(), 1, "k1"), 200u);
    const auto state_of = [&](const char* key) {
        return (*github_->object("issues", key))["state"].as_string();
    };
    ASSERT_TRUE(
        github_->wait_until([&] { return state_of("acme/sales#1") == "closed"; }, kPatienceMs));
    EXPECT_EQ(state_of("acme/sales#2"), "open");
    EXPECT_EQ(state_of("acme/sales#3"), "open");
}

TEST_P(Routes, a_new_pipeline_entry_gets_its_stage) {
    hub_.start();
    ASSERT_EQ(send("list-entry.created", 1, "k1"), 200u);
    ASSERT_TRUE(attio_->wait_until(
        [&] {
            const Json entry = *attio_->object("entries", numbered_id("e000", 1));
            return entry["entry_values"]["stage"][0]["status"]["title"] == Json("Qualifying");
        },
        kPatienceMs));
}

TEST_P(Routes, a_repeated_delivery_is_answered_200_and_has_no_second_effect) {
    hub_.start();
    ASSERT_EQ(send("record.created", 1, "k1"), 200u);
    ASSERT_EQ(send("record.created", 1, "k1"), 200u);
    ASSERT_EQ(send("record.created", 2, "k2"), 200u);
    ASSERT_TRUE(crm_has(2));
    ASSERT_TRUE(all_settled());
    EXPECT_EQ(hubspot_->writes(), 2u);
    EXPECT_EQ(hub_.deliveries("delivered").size(), 2u);
}

TEST_P(Routes, a_wrong_signature_is_refused_and_stores_nothing) {
    hub_.start();
    const std::string body = event_body(GetParam(), "record.created", 1, "k1");
    EXPECT_EQ(post_signed(hub_.port(), GetParam(), "k1", body, "another secret"), 401u);
    EXPECT_EQ(hub_.command({"events", "--json"}).output, "");
}

TEST_P(Routes, nothing_is_lost_while_a_destination_is_down) {
    hub_.start();
    hubspot_.down();
    for (unsigned number = 1; number <= 4; ++number) {
        ASSERT_EQ(send("record.created", number, "k" + std::to_string(number)), 200u);
    }
    ASSERT_EQ(send("list-entry.created", 1, "k9"), 200u) << "others are served meanwhile";
    ASSERT_TRUE(attio_->wait_until([&] { return attio_->writes() == 1; }, kPatienceMs));
    std::vector<Json> waiting;
    const auto end = SystemClock().monotonic_ms() + kPatienceMs;
    do {  // until the oldest was tried, and says why it waits
        waiting = hub_.deliveries("pending", "crm");
        ASSERT_EQ(waiting.size(), 4u);
    } while (waiting.back()["note"].as_string().empty() && SystemClock().monotonic_ms() < end);
    EXPECT_THAT(waiting.back()["note"].as_string(), HasSubstr("connect"));
    hubspot_.up();
    EXPECT_TRUE(crm_has(4));
    EXPECT_TRUE(all_settled());
    EXPECT_EQ(hub_.deliveries("delivered").size(), 5u);
    EXPECT_TRUE(hub_.deliveries("dead").empty());
}

TEST_P(Routes, a_restart_goes_on_with_what_was_pending) {
    hub_.start();
    hubspot_.down();
    ASSERT_EQ(send("record.created", 1, "k1"), 200u);
    ASSERT_EQ(send("record.created", 2, "k2"), 200u);
    hub_.ask_to_stop();
    ASSERT_EQ(hub_.ended(), 0);
    EXPECT_EQ(hub_.deliveries("pending").size(), 2u) << "readable while the hub is down";
    hubspot_.up();
    hub_.start();
    EXPECT_TRUE(crm_has(2));
    EXPECT_TRUE(all_settled());
}

TEST_P(Routes, a_kill_between_the_write_and_its_answer_makes_no_second_page) {
    hub_.start();
    notion_->hold(true);
    ASSERT_EQ(send("note.created", 1, "k1"), 200u);
    // Queries are held too: let them pass until the page is there and its answer is not.
    const auto end = SystemClock().monotonic_ms() + kPatienceMs;
    while (notion_->count("pages") == 0 && SystemClock().monotonic_ms() < end) {
        ASSERT_TRUE(notion_->wait_until([&] { return notion_->held() > 0; }, kPatienceMs));
        if (notion_->count("pages") > 0) break;
        notion_->release();
        notion_->hold(true);
    }
    ASSERT_EQ(notion_->count("pages"), 1u);
    hub_.kill_now();
    notion_->release();
    hub_.start();
    EXPECT_TRUE(all_settled());
    EXPECT_EQ(notion_->count("pages"), 1u);
    EXPECT_EQ(hub_.deliveries("delivered").size(), 1u);
}

TEST_P(Routes, sigterm_lets_the_attempt_in_flight_finish) {
    hub_.start();
    hubspot_->hold(true);
    ASSERT_EQ(send("record.created", 1, "k1"), 200u);
    ASSERT_TRUE(hubspot_->wait_until([&] { return hubspot_->held() == 1; }, kPatienceMs));
    hub_.ask_to_stop();
    // Its door closes at once (a badly signed request gets no answer any more), yet it waits.
    const std::string body = event_body(GetParam(), "record.created", 2, "k2");
    const auto end = SystemClock().monotonic_ms() + kPatienceMs;
    while (post_signed(hub_.port(), GetParam(), "k2", body, "another secret") != 0) {
        ASSERT_LT(SystemClock().monotonic_ms(), end) << "still accepting";
    }
    EXPECT_TRUE(hub_.running());
    hubspot_->release();
    EXPECT_EQ(hub_.ended(), 0);
    const std::vector<Json> delivered = hub_.deliveries("delivered");
    ASSERT_EQ(delivered.size(), 1u);
    EXPECT_EQ(delivered[0]["attempts"], Json(1));
}

TEST_P(Routes, a_second_hub_on_the_same_store_is_refused) {
    hub_.start();
    const Finished second = hub_.command({"run"});
    EXPECT_EQ(second.code, 1);
    EXPECT_THAT(hub_.log(), HasSubstr("hub.db"));
    EXPECT_EQ(send("record.created", 1, "k1"), 200u);
}

// The timestamped dialect as its card prints it: no note and no task is named; the event's id
// stands for the note's, and a finished task is known by its record.
TEST_F(Stage, a_note_event_that_names_no_note_is_read_by_the_event_id) {
    hub_.start();
    const Json event =
        Json::object({{"event_type", "note.created"},
                      {"id", Json::object({{"event_id", numbered_id("9000", 1)}})},
                      {"object", Json::object({{"api_slug", "deals"}})},
                      {"record", Json::object({{"record_id", numbered_id("dea1", 1)}})}});
    ASSERT_EQ(post_signed(hub_.port(), Dialect::timestamped, "", event.dump()), 200u);
    ASSERT_TRUE(notion_->wait_until([&] { return notion_->count("pages") == 1; }, kPatienceMs));
}

TEST_F(Stage, a_task_event_that_names_no_task_closes_the_issue_of_its_record) {
    hub_.start();
    github_->seed(Json::object(
        {{"issues",
          Json::object({{"acme/sales#7",
                         Json::object({{"body", "hub-ref-" + numbered_id("dea1", 1)}})}})}}));
    const Json event = Json::object(
        {{"event_type", "task.completed"},
         {"id", Json::object({{"event_id", "evt_0001"}})},
         {"object", Json::object({{"api_slug", "deals"}})},
         {"record",
          Json::object({{"id", Json::object({{"record_id", numbered_id("dea1", 1)}})}})}});
    ASSERT_EQ(post_signed(hub_.port(), Dialect::timestamped, "", event.dump()), 200u);
    ASSERT_TRUE(github_->wait_until(
        [&] { return (*github_->object("issues", "acme/sales#7"))["state"] == Json("closed"); },
        kPatienceMs));
}

INSTANTIATE_TEST_SUITE_P(Dialects, Routes, testing::Values(Dialect::attio_v2, Dialect::timestamped),
                         [](const auto& dialect) {
                             return dialect.param == Dialect::attio_v2 ? "attio_v2" : "timestamped";
                         });

}  // namespace
}  // namespace syncline::system_test
