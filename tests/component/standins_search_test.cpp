// The search and sink stand-ins refuse and limit what the vendors document. If one of these fails,
// the connectors' tests prove less than they seem to.
#include <gmock/gmock.h>

#include "tests/component/standins_calls.hpp"
#include "tests/standins/meilisearch.hpp"
#include "tests/standins/sink.hpp"

namespace syncline::standins {
namespace {

StandinOptions with_token(const char* token) {
    StandinOptions options;
    options.token = token;
    return options;
}

// --- Meilisearch
// -------------------------------------------------------------------------------------

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
    const HttpResponse wrong =
        call(meilisearch_, request_of("GET", "/tasks/1", "", {{"Authorization", "Bearer x"}}));
    EXPECT_EQ(wrong.status, 403u);
    EXPECT_EQ(json_of(wrong)["code"], Json("invalid_api_key"));
}

TEST_F(MeilisearchStandin, a_task_is_enqueued_then_processing_then_succeeded) {
    const HttpResponse accepted =
        ask("POST", "/indexes/deals/documents?primaryKey=id", R"([{"id":"a","stage":"won"}])");
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
    EXPECT_EQ(json_of(ask("POST", "/indexes/deals/documents", ""))["code"],
              Json("missing_payload"));
    EXPECT_EQ(ask("POST", "/indexes/a%20b/documents", "[]").status, 400u);
    EXPECT_EQ(meilisearch_.count("tasks"), 0u);
}

TEST_F(MeilisearchStandin, fails_a_task_whose_primary_key_it_cannot_infer) {
    const Json task = finished(ask("POST", "/indexes/x/documents", R"([{"aid":1,"bid":2}])"));
    EXPECT_EQ(task["error"]["code"], Json("index_primary_key_multiple_candidates_found"));
}

// --- Sink
// --------------------------------------------------------------------------------------------

// Vector: Standard Webhooks, own key of 32 rising bytes (computed with another HMAC tool).
constexpr const char* kSecret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
constexpr const char* kBody =
    R"({"type":"record.created","timestamp":"2026-01-01T00:00:00Z","data":{"id":"rec_1"}})";
constexpr const char* kSignature = "v1,it7i1Hga2EUgy2RsMSggUZP5ls20JAhEIT/ZA/EPa/g=";

class SinkStandin : public testing::Test {
protected:
    unsigned post(const std::string& signature, const std::string& body = kBody) {
        return call(sink_, request_of("POST", "/in", body,
                                      {{"webhook-id", "msg_hub_0001"},
                                       {"webhook-timestamp", "1767225600"},
                                       {"webhook-signature", signature}}))
            .status;
    }
    ManualClock clock_;  // stands at 1767225600 s
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
