// Retention: what goes of old events, when, in what portions; and forgetting a person. Times are the
// tests' own: an idle call says what time it is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "core/store/sqlite/db.hpp"
#include "store_fixture.hpp"

namespace syncline::store {
namespace {

using testing::HasSubstr;

class StoreRetention : public testing::Test {
protected:
    void SetUp() override { keep(10 * day_ms, 30 * day_ms); }

    /// (Re)opens the store with these times.
    void keep(std::int64_t payloads_ms, std::int64_t attempts_ms) {
        reader_.reset();
        writer_.reset();
        SqliteOptions options;
        options.path = home_.path();
        options.dedupe_window_ms = 365 * day_ms;
        options.payload_retention_ms = payloads_ms;
        options.attempt_retention_ms = attempts_ms;
        auto store = make_sqlite_store(options);
        writer_ = good(store->open_writer());
        reader_ = good(store->open_reader());
    }

    /// Idle calls until nothing is left to do, or `calls_max` of them.
    void tidy(std::int64_t now_ms, int calls_max = 5'000) {
        for (int call = 0; call < calls_max; ++call) {
            auto more = writer_->idle(now_ms + call * 20);
            ASSERT_TRUE(more) << more.error().text();
            if (!*more) return;
        }
    }

    /// An event with one delivery to each destination; the deliveries' ids.
    std::vector<std::uint64_t> store_event(const std::string& key,
                                           std::vector<std::string> destinations,
                                           std::int64_t at_ms = start_ms) {
        std::vector<Delivery> deliveries;
        for (auto& name : destinations) deliveries.push_back(make_delivery(name));
        auto request = one_event(key, std::move(deliveries));
        request.accepts[0].event->received_ms = at_ms;
        auto result = commit_one(*writer_, std::move(request), at_ms);
        std::vector<std::uint64_t> ids;
        for (auto& one : result.stored.at(0).deliveries) ids.push_back(one.id);
        return ids;
    }

    void settle(std::uint64_t id, DeliveryState state, std::int64_t at_ms = start_ms) {
        auto settlement = make_settlement(id, state);
        settlement.attempt.emplace();
        settlement.attempt->number = 1;
        settlement.attempt->started_ms = at_ms;
        commit_one(*writer_, std::move(settlement), at_ms);
    }

    std::optional<Event> event(const std::string& key) {
        Filter filter;
        filter.event_id = "attio-" + key;
        auto rows = good(reader_->events(filter));
        return rows.empty() ? std::nullopt : std::optional<Event>(rows[0].event);
    }
    /// "kept", "expired", "forgotten", or "gone" with its row.
    std::string payload(const std::string& key) {
        auto found = event(key);
        if (!found) return "gone";
        bool whole = found->payload == "{\"key\":\"" + key + "\"}";
        EXPECT_EQ(whole, found->payload_state == PayloadState::kept);
        EXPECT_EQ(found->payload.empty(), !whole);
        return std::string(payload_state_name(found->payload_state));
    }
    std::size_t attempts(std::uint64_t id) { return good(reader_->attempts(id)).size(); }
    std::int64_t number(const std::string& sql) {
        auto db = Db::open(home_.path(), OpenMode::read_only, "");
        return good(db->integer(sql));
    }

    SqliteHome home_;
    std::unique_ptr<Writer> writer_;
    std::unique_ptr<Reader> reader_;
};

TEST_F(StoreRetention, a_settled_events_payload_goes_when_it_is_old_and_its_rows_later) {
    auto ids = store_event("a", {"crm", "wiki"});
    settle(ids[0], DeliveryState::delivered);
    settle(ids[1], DeliveryState::skipped);
    tidy(start_ms + 10 * day_ms - 1000);
    EXPECT_EQ(payload("a"), "kept");
    tidy(start_ms + 10 * day_ms + 20'000);
    EXPECT_EQ(payload("a"), "expired");
    EXPECT_EQ(event("a")->type, "record.created");
    EXPECT_EQ(attempts(ids[0]), 1u);
    tidy(start_ms + 30 * day_ms - 1000);
    EXPECT_EQ(payload("a"), "expired");
    tidy(start_ms + 30 * day_ms + 20'000);
    EXPECT_EQ(payload("a"), "gone");
    EXPECT_TRUE(good(reader_->deliveries(everything())).empty());
    EXPECT_EQ(attempts(ids[0]), 0u);
}

TEST_F(StoreRetention, an_event_without_deliveries_goes_too) {
    store_event("a", {});
    tidy(start_ms + 11 * day_ms);
    EXPECT_EQ(payload("a"), "expired");
    tidy(start_ms + 31 * day_ms);
    EXPECT_EQ(payload("a"), "gone");
}

TEST_F(StoreRetention, counts_follow_and_the_dedupe_key_outlives_the_event) {
    auto ids = store_event("a", {"crm", "wiki"});
    settle(ids[0], DeliveryState::delivered);
    settle(ids[1], DeliveryState::dead);
    store_event("b", {"crm"}, start_ms + 40 * day_ms);
    tidy(start_ms + 41 * day_ms);
    EXPECT_EQ(payload("a"), "gone");
    EXPECT_EQ(count_of(*reader_, "delivered"), 0u);
    EXPECT_EQ(count_of(*reader_, "dead"), 0u);
    EXPECT_EQ(count_of(*reader_, "pending"), 1u);
    EXPECT_EQ(count_of(*reader_, "accepted events"), 2u) << "since the file was made";
    EXPECT_EQ(commit_one(*writer_, one_event("a"), start_ms + 41 * day_ms).duplicates, 1u);
}

TEST_F(StoreRetention, what_is_pending_keeps_everything_at_any_age) {
    auto ids = store_event("a", {"crm", "wiki"});
    settle(ids[0], DeliveryState::delivered);
    auto retried = make_settlement(ids[1], DeliveryState::pending);
    retried.attempt.emplace();
    retried.attempt->started_ms = start_ms;
    commit_one(*writer_, std::move(retried));
    tidy(start_ms + 300 * day_ms);
    EXPECT_EQ(payload("a"), "kept");
    EXPECT_EQ(attempts(ids[0]), 1u);
    EXPECT_EQ(attempts(ids[1]), 1u);
    EXPECT_EQ(good(reader_->deliveries(everything())).size(), 2u);
}

TEST_F(StoreRetention, what_was_pending_goes_within_a_day_of_its_end) {
    auto ids = store_event("a", {"crm"});
    tidy(start_ms + 40 * day_ms);
    settle(ids[0], DeliveryState::delivered, start_ms);
    tidy(start_ms + 40 * day_ms + hour_ms);
    EXPECT_EQ(payload("a"), "kept") << "the pass has come by";
    tidy(start_ms + 41 * day_ms + hour_ms);
    EXPECT_EQ(payload("a"), "gone");
}

TEST_F(StoreRetention, a_dead_letter_can_be_repeated_until_payloads_after_its_last_attempt) {
    auto ids = store_event("a", {"crm"});
    settle(ids[0], DeliveryState::dead, start_ms + 8 * day_ms);
    tidy(start_ms + 17 * day_ms);
    EXPECT_EQ(payload("a"), "kept");
    EXPECT_EQ(commit_one(*writer_, Replay{{ids[0]}}).stored.size(), 1u);
    auto again = good(reader_->pending("crm", 0, 10)).at(0).id;
    settle(again, DeliveryState::dead, start_ms + 17 * day_ms);
    tidy(start_ms + 26 * day_ms);
    EXPECT_EQ(payload("a"), "kept");
    tidy(start_ms + 28 * day_ms);
    EXPECT_EQ(payload("a"), "expired");
    Filter filter;
    filter.id = ids[0];
    EXPECT_EQ(good(reader_->deliveries(filter)).at(0).payload_state, PayloadState::expired);
    std::vector<Write> writes;
    writes.emplace_back(Replay{{ids[0]}});
    auto refused = try_commit(*writer_, writes);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::not_found);
    EXPECT_THAT(refused.error().text(), HasSubstr("delivery " + std::to_string(ids[0])));
    EXPECT_THAT(refused.error().text(), HasSubstr("has expired (retention.payloads)"));
    tidy(start_ms + 46 * day_ms);
    EXPECT_EQ(payload("a"), "expired") << "the last attempt is 29 days old";
    tidy(start_ms + 48 * day_ms);
    EXPECT_EQ(payload("a"), "gone");
}

TEST_F(StoreRetention, a_dead_letter_that_others_may_wait_behind_keeps_everything) {
    auto ids = store_event("a", {"crm"});
    settle(ids[0], DeliveryState::dead);
    auto behind = store_event("b", {"crm"}, start_ms + 20 * day_ms);
    tidy(start_ms + 60 * day_ms);
    EXPECT_EQ(payload("a"), "kept");
    settle(behind[0], DeliveryState::cancelled);
    tidy(start_ms + 62 * day_ms);
    EXPECT_EQ(payload("a"), "gone");
}

TEST_F(StoreRetention, attempts_may_go_before_the_payload) {
    keep(30 * day_ms, 5 * day_ms);
    auto ids = store_event("a", {"crm"});
    auto first = make_settlement(ids[0], DeliveryState::pending);
    first.attempt.emplace();
    first.attempt->number = 1;
    first.attempt->started_ms = start_ms;
    commit_one(*writer_, std::move(first));
    auto second = make_settlement(ids[0], DeliveryState::delivered, 2);
    second.attempt.emplace();
    second.attempt->number = 2;
    second.attempt->started_ms = start_ms + 3 * day_ms;
    commit_one(*writer_, std::move(second));
    tidy(start_ms + 6 * day_ms);
    auto left = good(reader_->attempts(ids[0]));
    ASSERT_EQ(left.size(), 1u);
    EXPECT_EQ(left[0].number, 2u);
    tidy(start_ms + 9 * day_ms);
    EXPECT_EQ(attempts(ids[0]), 0u);
    EXPECT_EQ(payload("a"), "kept");
    tidy(start_ms + 31 * day_ms);
    EXPECT_EQ(payload("a"), "gone");
}

TEST_F(StoreRetention, an_event_from_the_future_does_not_keep_those_behind_it) {
    store_event("ahead", {}, start_ms + 300 * day_ms);
    store_event("a", {}, start_ms);
    tidy(start_ms + 31 * day_ms);
    EXPECT_EQ(payload("ahead"), "kept");
    EXPECT_EQ(payload("a"), "gone");
}

TEST_F(StoreRetention, a_clock_that_is_set_back_removes_nothing_and_goes_on_later) {
    store_event("a", {});
    tidy(start_ms + 11 * day_ms);
    EXPECT_EQ(payload("a"), "expired");
    store_event("b", {}, start_ms + 11 * day_ms);
    tidy(start_ms - 400 * day_ms);
    EXPECT_EQ(payload("b"), "kept");
    tidy(start_ms + 22 * day_ms);
    EXPECT_EQ(payload("b"), "expired");
}

// --- Portions -----------------------------------------------------------------------------------

TEST_F(StoreRetention, old_rows_go_in_small_chunks_until_none_is_left) {
    for (int i = 0; i < 20; ++i) {
        std::vector<Accept> accepts;
        for (int k = 0; k < 100; ++k)
            accepts.push_back(make_accept(std::to_string(i * 100 + k), {make_delivery("crm")}));
        commit_one(*writer_, make_request(std::move(accepts)));
    }
    for (std::uint64_t id = 1; id <= 2000; ++id) settle(id, DeliveryState::delivered);
    auto rows = [this] {
        return number("SELECT (SELECT count(*) FROM events)+(SELECT count(*) FROM deliveries)"
                      "+(SELECT count(*) FROM attempts)");
    };
    std::int64_t before = rows();
    ASSERT_EQ(before, 6000);
    std::int64_t now = start_ms + 31 * day_ms;
    int chunks = 0;
    for (int call = 0; call < 1000 && before > 0; ++call) {
        ASSERT_TRUE(writer_->idle(now + call * 20));
        std::int64_t after = rows();
        EXPECT_LE(before - after, 202) << "an event is finished with its last delivery";
        chunks += after < before ? 1 : 0;
        before = after;
    }
    EXPECT_EQ(before, 0);
    EXPECT_GE(chunks, 30);
    EXPECT_LE(chunks, 60);
}

TEST_F(StoreRetention, chunks_leave_time_for_senders) {
    for (int i = 0; i < 900; ++i) store_event(std::to_string(i), {});
    std::int64_t now = start_ms + 31 * day_ms;
    auto more = writer_->idle(now);
    while (more && number("SELECT count(*) FROM events") == 900) more = writer_->idle(now += 20);
    auto left = number("SELECT count(*) FROM events");
    for (int call = 0; call < 19; ++call) {
        more = writer_->idle(now + call);
        ASSERT_TRUE(more);
        EXPECT_TRUE(*more) << "there is more to do, but not yet";
        EXPECT_EQ(number("SELECT count(*) FROM events"), left) << call;
    }
    ASSERT_TRUE(writer_->idle(now + 20));
    EXPECT_LT(number("SELECT count(*) FROM events"), left);
}

TEST_F(StoreRetention, large_payloads_go_few_at_a_time_and_give_their_pages_back) {
    for (int i = 0; i < 40; ++i) {
        auto request = one_event(std::to_string(i));
        request.accepts[0].event->payload.assign(600'000, 'x');
        commit_one(*writer_, std::move(request));
    }
    auto pages = number("PRAGMA page_count");
    EXPECT_GT(pages, 5'800);
    std::int64_t now = start_ms + 11 * day_ms;
    auto kept = [this] { return number("SELECT count(*) FROM events WHERE payload_state=0"); };
    std::int64_t before = kept();
    for (int call = 0; call < 200 && before > 0; ++call) {
        ASSERT_TRUE(writer_->idle(now + call * 20));
        EXPECT_LE(before - kept(), 2);
        before = kept();
    }
    EXPECT_EQ(before, 0);
    tidy(now + hour_ms);
    EXPECT_LT(number("PRAGMA page_count"), 1'200);
}

TEST_F(StoreRetention, very_many_attempts_of_one_delivery_go_over_several_chunks) {
    auto ids = store_event("a", {"crm"});
    for (std::uint32_t number = 1; number <= 1500; ++number) {
        auto state = number == 1500 ? DeliveryState::delivered : DeliveryState::pending;
        auto settlement = make_settlement(ids[0], state, number);
        settlement.attempt.emplace();
        settlement.attempt->number = number;
        settlement.attempt->started_ms = start_ms;
        commit_one(*writer_, std::move(settlement));
    }
    auto before = attempts(ids[0]);
    ASSERT_EQ(before, 1500u);
    for (int call = 0; call < 100 && before > 0; ++call) {
        ASSERT_TRUE(writer_->idle(start_ms + 31 * day_ms + call * 20));
        EXPECT_LE(before - attempts(ids[0]), 200u);
        before = attempts(ids[0]);
    }
    tidy(start_ms + 31 * day_ms + hour_ms);
    EXPECT_EQ(payload("a"), "gone");
}

// --- Against a model ------------------------------------------------------------------------------

struct Known {
    std::int64_t received_ms = 0;
    bool pending = false;
    std::int64_t last_dead_ms = 0;
    std::vector<std::int64_t> ended_ms;   // of the others
};

TEST_F(StoreRetention, random_histories_end_as_the_rules_say) {
    std::mt19937 random(5);
    constexpr DeliveryState states[] = {DeliveryState::pending, DeliveryState::delivered,
                                        DeliveryState::skipped, DeliveryState::dead,
                                        DeliveryState::cancelled};
    for (int round = 0; round < 6; ++round) {
        std::int64_t payloads = (1 + random() % 20) * day_ms;
        std::int64_t others = (1 + random() % 20) * day_ms;
        keep(payloads, others);
        std::map<std::string, Known> model;
        std::int64_t now = start_ms + round * 400 * day_ms;
        for (int i = 0; i < 120; ++i) {
            std::string key = std::to_string(round) + "-" + std::to_string(i);
            Known known;
            known.received_ms = now + i * 6 * hour_ms;   // in order, as they come in
            std::vector<std::string> destinations;
            for (std::size_t k = random() % 4; k > 0; --k)   // own destinations: nobody waits behind
                destinations.push_back(key + "-" + std::to_string(k));
            for (auto id : store_event(key, destinations, known.received_ms)) {
                auto state = states[random() % 5];
                std::int64_t at = known.received_ms + static_cast<int>(random() % 10) * day_ms;
                if (state == DeliveryState::pending) known.pending = true;
                else settle(id, state, at);
                if (state == DeliveryState::dead)
                    known.last_dead_ms = std::max(known.last_dead_ms, at);
                else if (state != DeliveryState::pending)
                    known.ended_ms.push_back(at);
            }
            model[key] = known;
        }
        now += 35 * day_ms + hour_ms;   // no event is just becoming old
        tidy(now);
        std::int64_t rows_before = now - std::max(payloads, others);
        for (auto& [key, known] : model) {
            std::string expected = "kept";
            bool old = known.received_ms < now - payloads && known.last_dead_ms < now - payloads;
            if (!known.pending && old) expected = "expired";
            bool done = known.received_ms < rows_before && known.last_dead_ms < rows_before;
            for (auto at : known.ended_ms)   // the attempt is there, and young
                if (at >= now - others && at >= rows_before) done = false;
            if (!known.pending && done) expected = "gone";
            EXPECT_EQ(payload(key), expected) << key << " payloads " << payloads / day_ms
                                              << "d attempts " << others / day_ms << "d";
        }
        if (HasFailure()) return;
    }
    EXPECT_EQ(number("SELECT count(*) FROM pragma_foreign_key_check"), 0);
}

// --- Forgetting a person --------------------------------------------------------------------------

class StoreForgets : public StoreRetention {
protected:
    std::size_t forget(const std::string& subject) {
        std::size_t all = 0;
        for (;;) {
            auto once = commit_one(*writer_, Forget{subject, 2}).forgotten;
            if (once == 0) return all;
            all += once;
        }
    }
};

TEST_F(StoreForgets, nothing_that_identifies_is_left_and_repeats_are_still_repeats) {
    std::string mark = "ada.lovelace@example.com";
    for (int i = 0; i < 5; ++i) {
        auto request = one_event(std::to_string(i), {make_delivery("crm")});
        Event& event = *request.accepts[0].event;
        event.subject = mark;
        event.payload = "{\"mail\":\"" + mark + "\"}" + std::string(i * 3000, ' ') + mark;
        event.attributes.set("mail", mark);
        request.accepts[0].deliveries[0].lane = mark;
        auto id = commit_one(*writer_, std::move(request)).stored.at(0).deliveries.at(0).id;
        auto settlement = make_settlement(id, DeliveryState::dead);
        settlement.note = "no such person: " + mark;
        settlement.attempt.emplace();
        settlement.attempt->note = mark;
        settlement.links.push_back(make_link(mark, "9"));
        commit_one(*writer_, std::move(settlement));
    }
    store_event("other", {"crm"});
    EXPECT_EQ(forget(mark), 6u) << "five events and a link";
    EXPECT_EQ(forget(mark), 0u);
    EXPECT_EQ(payload("0"), "forgotten");
    EXPECT_EQ(payload("other"), "kept");
    EXPECT_FALSE(good(reader_->link("crm", "deal", mark)).has_value());
    EXPECT_EQ(attempts(1), 0u);
    EXPECT_EQ(commit_one(*writer_, one_event("0")).duplicates, 1u);
    EXPECT_EQ(count_of(*reader_, "dead"), 5u);
    std::vector<Write> writes;
    writes.emplace_back(Replay{{1}});
    auto refused = try_commit(*writer_, writes);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().text(), HasSubstr("was forgotten on request"));
}

TEST_F(StoreForgets, an_event_with_a_pending_delivery_is_passed_over_with_its_links) {
    auto ids = store_event("a", {"crm", "wiki"});
    settle(ids[0], DeliveryState::delivered);
    auto linked = make_settlement(store_event("b", {"crm"}).at(0), DeliveryState::delivered);
    linked.links.push_back(make_link("subject-a", "7"));
    commit_one(*writer_, std::move(linked));
    EXPECT_EQ(forget("subject-a"), 0u);
    EXPECT_EQ(payload("a"), "kept");
    EXPECT_TRUE(good(reader_->link("crm", "deal", "subject-a")).has_value());
    settle(ids[1], DeliveryState::delivered);
    EXPECT_EQ(forget("subject-a"), 2u);
    EXPECT_FALSE(good(reader_->link("crm", "deal", "subject-a")).has_value());
}

TEST_F(StoreForgets, nobody_is_nobody) {
    auto request = one_event("a");
    request.accepts[0].event->subject.clear();
    commit_one(*writer_, std::move(request));
    EXPECT_EQ(forget(""), 0u);
    EXPECT_EQ(forget("unknown"), 0u);
    EXPECT_EQ(payload("a"), "kept");
}

TEST_F(StoreForgets, what_was_forgotten_goes_with_retention) {
    store_event("a", {});
    EXPECT_EQ(forget("subject-a"), 1u);
    tidy(start_ms + 11 * day_ms);
    EXPECT_EQ(payload("a"), "forgotten");
    tidy(start_ms + 31 * day_ms);
    EXPECT_EQ(payload("a"), "gone");
}

}  // namespace
}  // namespace syncline::store
