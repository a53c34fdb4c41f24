// What every store must do, whatever it is made of: written against store::Store alone and run once
// for each factory of all_stores().
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store_fixture.hpp"

namespace syncline::store {
namespace {

class StoreConformance : public testing::TestWithParam<StoreFactory> {
protected:
    void SetUp() override {
        home_ = GetParam().make();
        open();
    }

    void open(std::int64_t window_ms = 7 * day_ms) {
        reader_.reset();
        writer_.reset();
        store_ = home_->open(window_ms);
        writer_ = good(store_->open_writer());
        reader_ = good(store_->open_reader());
    }

    /// Stores one event with one delivery to "crm" and gives the delivery's id.
    std::uint64_t one_delivery(const std::string& key) {
        auto result = commit_one(*writer_, one_event(key, {make_delivery("crm")}));
        return result.stored.at(0).deliveries.at(0).id;
    }

    Delivery delivery(std::uint64_t id) {
        Filter filter;
        filter.id = id;
        auto rows = good(reader_->deliveries(filter));
        EXPECT_EQ(rows.size(), 1u);
        return rows.empty() ? Delivery() : rows.front().delivery;
    }

    std::size_t event_count() { return good(reader_->events(everything())).size(); }

    std::unique_ptr<StoreHome> home_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<Writer> writer_;
    std::unique_ptr<Reader> reader_;
};

TEST_P(StoreConformance, an_accepted_event_is_kept_with_its_deliveries_and_ids) {
    auto result = commit_one(*writer_, one_event("a", {make_delivery("crm"), make_delivery("wiki")}));
    EXPECT_EQ(result.duplicates, 0u);
    ASSERT_EQ(result.stored.size(), 1u);
    const auto& stored = result.stored.front();
    EXPECT_NE(stored.event->seq, 0u);
    ASSERT_EQ(stored.deliveries.size(), 2u);
    EXPECT_LT(stored.deliveries[0].id, stored.deliveries[1].id);
    EXPECT_EQ(stored.deliveries[0].event_seq, stored.event->seq);
    auto pending = good(reader_->pending("crm", 0, 10));
    ASSERT_EQ(pending.size(), 1u);
    EXPECT_EQ(pending[0].id, stored.deliveries[0].id);
    EXPECT_EQ(pending[0].event_seq, stored.event->seq);
    EXPECT_EQ(pending[0].created_ms, start_ms);
}

TEST_P(StoreConformance, every_member_of_an_event_and_a_delivery_comes_back) {
    auto accept = make_accept("a", {make_delivery("crm", "a rule's name")});
    Event& event = *accept.event;
    event.time_ms = start_ms - 5;
    event.attributes = *Json::parse(R"({"object":"deals","amount":19.90,"n":12345678901234567890})");
    event.payload = std::string("\0binary\xff\n", 9);
    event.content_type = "application/octet-stream";
    event.hops = 3;
    Delivery& given = accept.deliveries[0];
    given.kind = DeliveryKind::derive;
    given.send = 7;
    given.not_before_ms = start_ms + 1;
    given.created_ms = start_ms - 1;
    given.note = "first";
    std::vector<Accept> accepts;
    accepts.push_back(accept);
    auto result = commit_one(*writer_, make_request(std::move(accepts)));
    auto kept = good(reader_->event(result.stored.at(0).event->seq));
    ASSERT_TRUE(kept.has_value());
    EXPECT_EQ(kept->id, event.id);
    EXPECT_EQ(kept->source, event.source);
    EXPECT_EQ(kept->type, event.type);
    EXPECT_EQ(kept->subject, event.subject);
    EXPECT_EQ(kept->time_ms, event.time_ms);
    EXPECT_EQ(kept->received_ms, event.received_ms);
    EXPECT_EQ(kept->attributes.dump(), event.attributes.dump());
    EXPECT_EQ(kept->payload, event.payload);
    EXPECT_EQ(kept->content_type, event.content_type);
    EXPECT_EQ(kept->hops, event.hops);
    auto row = delivery(result.stored[0].deliveries.at(0).id);
    EXPECT_EQ(row.kind, DeliveryKind::derive);
    EXPECT_EQ(row.rule, "a rule's name");
    EXPECT_EQ(row.send, 7u);
    EXPECT_EQ(row.destination, "crm");
    EXPECT_EQ(row.action, "upsert");
    EXPECT_EQ(row.lane, "lane");
    EXPECT_EQ(row.state, DeliveryState::pending);
    EXPECT_EQ(row.not_before_ms, start_ms + 1);
    EXPECT_EQ(row.created_ms, start_ms - 1);
    EXPECT_EQ(row.note, "first");
    EXPECT_FALSE(row.uncertain);
    EXPECT_EQ(row.parent, 0u);
}

TEST_P(StoreConformance, a_time_that_the_source_did_not_say_stays_absent) {
    auto result = commit_one(*writer_, one_event("a"));
    EXPECT_FALSE(good(reader_->event(result.stored.at(0).event->seq))->time_ms.has_value());
}

TEST_P(StoreConformance, an_unknown_event_link_or_delivery_is_nothing) {
    EXPECT_FALSE(good(reader_->event(77)).has_value());
    EXPECT_FALSE(good(reader_->link("crm", "deal", "x")).has_value());
    EXPECT_TRUE(good(reader_->attempts(77)).empty());
    EXPECT_TRUE(good(reader_->pending("crm", 0, 10)).empty());
}

TEST_P(StoreConformance, an_empty_batch_is_good) {
    EXPECT_TRUE(commit(*writer_, {}).empty());
}

TEST_P(StoreConformance, results_come_in_the_order_of_the_writes) {
    std::vector<Write> writes;
    writes.emplace_back(one_event("a"));
    writes.emplace_back(MarkStarted{5});
    writes.emplace_back(one_event("a"));
    writes.emplace_back(one_event("b"));
    auto results = commit(*writer_, std::move(writes));
    ASSERT_EQ(results.size(), 4u);
    EXPECT_EQ(results[0].stored.size(), 1u);
    EXPECT_TRUE(results[1].stored.empty());
    EXPECT_EQ(results[2].duplicates, 1u);
    ASSERT_EQ(results[3].stored.size(), 1u);
    EXPECT_EQ(results[3].stored[0].event->id, "attio-b");
}

// --- Repeats ------------------------------------------------------------------------------------

TEST_P(StoreConformance, a_repeat_in_a_later_batch_changes_nothing) {
    commit_one(*writer_, one_event("a", {make_delivery("crm")}));
    auto again = commit_one(*writer_, one_event("a", {make_delivery("crm")}), start_ms + hour_ms);
    EXPECT_EQ(again.duplicates, 1u);
    EXPECT_TRUE(again.stored.empty());
    EXPECT_EQ(event_count(), 1u);
    EXPECT_EQ(good(reader_->pending("crm", 0, 10)).size(), 1u);
    EXPECT_EQ(count_of(*reader_, "accepted events"), 1u);
}

TEST_P(StoreConformance, a_pair_inside_one_batch_is_accepted_once) {
    std::vector<Write> writes;
    writes.emplace_back(one_event("a"));
    writes.emplace_back(one_event("a"));
    auto results = commit(*writer_, std::move(writes));
    EXPECT_EQ(results[0].duplicates, 0u);
    EXPECT_EQ(results[1].duplicates, 1u);
    EXPECT_EQ(event_count(), 1u);
}

TEST_P(StoreConformance, a_request_of_new_and_repeated_events_keeps_the_new_ones) {
    commit_one(*writer_, one_event("a"));
    std::vector<Accept> accepts;
    for (auto* key : {"a", "b", "b", "c"}) accepts.push_back(make_accept(key));
    auto result = commit_one(*writer_, make_request(std::move(accepts)));
    EXPECT_EQ(result.duplicates, 2u);
    ASSERT_EQ(result.stored.size(), 2u);
    EXPECT_EQ(result.stored[0].event->id, "attio-b");
    EXPECT_EQ(result.stored[1].event->id, "attio-c");
}

TEST_P(StoreConformance, the_same_key_of_another_source_is_no_repeat) {
    std::vector<Accept> accepts;
    accepts.push_back(make_accept("a", {}, "attio"));
    accepts.push_back(make_accept("a", {}, "github"));
    EXPECT_EQ(commit_one(*writer_, make_request(std::move(accepts))).duplicates, 0u);
}

TEST_P(StoreConformance, source_and_key_do_not_run_into_each_other) {
    std::vector<Accept> accepts;
    accepts.push_back(make_accept("bc", {}, "a"));
    accepts.push_back(make_accept("c", {}, "ab"));
    EXPECT_EQ(commit_one(*writer_, make_request(std::move(accepts))).duplicates, 0u);
}

TEST_P(StoreConformance, events_without_a_key_are_never_repeats) {
    std::vector<Accept> accepts;
    for (auto* key : {"a", "b"}) {
        accepts.push_back(make_accept(key));
        accepts.back().dedupe_key.clear();
    }
    EXPECT_EQ(commit_one(*writer_, make_request(std::move(accepts))).stored.size(), 2u);
}

TEST_P(StoreConformance, a_repeat_across_midnight_is_a_repeat) {
    commit_one(*writer_, one_event("a"), start_ms + day_ms - 1);
    EXPECT_EQ(commit_one(*writer_, one_event("a"), start_ms + day_ms).duplicates, 1u);
}

TEST_P(StoreConformance, a_repeat_on_every_day_of_the_window_is_a_repeat) {
    commit_one(*writer_, one_event("a"), start_ms + 5 * hour_ms);
    for (int day = 1; day < 7; ++day) {
        auto later = start_ms + 5 * hour_ms + day * day_ms;
        EXPECT_EQ(commit_one(*writer_, one_event("a"), later).duplicates, 1u) << day;
    }
}

TEST_P(StoreConformance, the_window_ends_to_the_millisecond) {
    auto first = start_ms + 5 * hour_ms;
    commit_one(*writer_, one_event("a"), first);
    EXPECT_EQ(commit_one(*writer_, one_event("a"), first + 7 * day_ms - 1).duplicates, 1u);
    auto after = one_event("a");
    after.accepts[0].event->id = "a-second-id";
    EXPECT_EQ(commit_one(*writer_, std::move(after), first + 7 * day_ms).duplicates, 0u);
}

TEST_P(StoreConformance, a_window_shorter_than_a_day_lets_the_key_in_again_the_same_day) {
    open(hour_ms);
    commit_one(*writer_, one_event("a"), start_ms);
    auto after = one_event("a");
    after.accepts[0].event->id = "a-second-id";
    EXPECT_EQ(commit_one(*writer_, std::move(after), start_ms + hour_ms).duplicates, 0u);
    EXPECT_EQ(commit_one(*writer_, one_event("a"), start_ms + hour_ms + 1).duplicates, 1u);
}

TEST_P(StoreConformance, a_clock_set_back_over_midnight_still_finds_the_repeat) {
    commit_one(*writer_, one_event("a"), start_ms + day_ms + 10);
    EXPECT_EQ(commit_one(*writer_, one_event("a"), start_ms + day_ms + 10 - hour_ms).duplicates, 1u);
}

TEST_P(StoreConformance, idle_work_forgets_no_key_inside_the_window) {
    commit_one(*writer_, one_event("a"), start_ms);
    for (int minute = 0; minute < 10; ++minute)
        ASSERT_TRUE(writer_->idle(start_ms + 7 * day_ms - 600'000 + minute * 60'000));
    EXPECT_EQ(commit_one(*writer_, one_event("a"), start_ms + 7 * day_ms - 1).duplicates, 1u);
}

// --- Settling -----------------------------------------------------------------------------------

TEST_P(StoreConformance, a_settlement_keeps_state_attempt_link_and_emitted_event_together) {
    auto id = one_delivery("a");
    auto settlement = make_settlement(id, DeliveryState::delivered, 1);
    settlement.note = "created deal 9";
    settlement.attempt.emplace();
    settlement.attempt->number = 1;
    settlement.attempt->started_ms = start_ms;
    settlement.attempt->duration_ms = 12;
    settlement.attempt->outcome = OutcomeKind::delivered;
    settlement.attempt->note = "201";
    settlement.attempt->exchanges = *Json::parse(R"([{"method":"POST","status":201}])");
    settlement.links.push_back(make_link("rec-1", "9"));
    settlement.emitted.push_back(make_accept("derived", {make_delivery("issues")}));
    auto result = commit_one(*writer_, std::move(settlement));
    ASSERT_EQ(result.stored.size(), 1u);
    EXPECT_EQ(result.stored[0].event->id, "attio-derived");
    EXPECT_NE(result.stored[0].deliveries.at(0).id, 0u);

    EXPECT_EQ(delivery(id).state, DeliveryState::delivered);
    EXPECT_EQ(delivery(id).attempts, 1u);
    EXPECT_EQ(delivery(id).note, "created deal 9");
    EXPECT_EQ(good(reader_->link("crm", "deal", "rec-1"))->id, "9");
    EXPECT_EQ(good(reader_->link("crm", "deal", "rec-1"))->updated_ms, start_ms);
    auto attempts = good(reader_->attempts(id));
    ASSERT_EQ(attempts.size(), 1u);
    EXPECT_EQ(attempts[0].delivery_id, id);
    EXPECT_EQ(attempts[0].duration_ms, 12);
    EXPECT_EQ(attempts[0].outcome, OutcomeKind::delivered);
    EXPECT_EQ(attempts[0].exchanges[0]["status"].as_int64(), 201);
    EXPECT_TRUE(good(reader_->pending("crm", 0, 10)).empty());
    EXPECT_EQ(good(reader_->pending("issues", 0, 10)).size(), 1u);
}

TEST_P(StoreConformance, settling_again_changes_nothing) {
    auto id = one_delivery("a");
    commit_one(*writer_, make_settlement(id, DeliveryState::delivered));
    auto late = make_settlement(id, DeliveryState::pending, 9);
    late.links.push_back(make_link("rec-1", "9"));
    late.emitted.push_back(make_accept("derived"));
    late.attempt.emplace();
    late.attempt->number = 2;
    auto result = commit_one(*writer_, std::move(late));
    EXPECT_TRUE(result.stored.empty());
    EXPECT_EQ(delivery(id).state, DeliveryState::delivered);
    EXPECT_EQ(delivery(id).attempts, 1u);
    EXPECT_FALSE(good(reader_->link("crm", "deal", "rec-1")).has_value());
    EXPECT_TRUE(good(reader_->attempts(id)).empty());
    EXPECT_EQ(event_count(), 1u);
    EXPECT_EQ(count_of(*reader_, "delivered"), 1u);
}

TEST_P(StoreConformance, settling_twice_in_one_batch_settles_once) {
    auto id = one_delivery("a");
    std::vector<Write> writes;
    writes.emplace_back(make_settlement(id, DeliveryState::dead));
    writes.emplace_back(make_settlement(id, DeliveryState::delivered));
    commit(*writer_, std::move(writes));
    EXPECT_EQ(delivery(id).state, DeliveryState::dead);
    EXPECT_EQ(count_of(*reader_, "delivered"), 0u);
    EXPECT_EQ(count_of(*reader_, "dead"), 1u);
}

TEST_P(StoreConformance, settling_what_does_not_exist_changes_nothing) {
    auto settlement = make_settlement(4711, DeliveryState::delivered);
    settlement.links.push_back(make_link("rec-1", "9"));
    commit_one(*writer_, std::move(settlement));
    EXPECT_FALSE(good(reader_->link("crm", "deal", "rec-1")).has_value());
}

TEST_P(StoreConformance, a_retry_stays_pending_with_its_time_and_count) {
    auto id = one_delivery("a");
    auto settlement = make_settlement(id, DeliveryState::pending, 2);
    settlement.not_before_ms = start_ms + 30'000;
    settlement.uncertain = true;
    settlement.note = "503";
    commit_one(*writer_, std::move(settlement));
    auto pending = good(reader_->pending("crm", 0, 10));
    ASSERT_EQ(pending.size(), 1u);
    EXPECT_EQ(pending[0].attempts, 2u);
    EXPECT_EQ(pending[0].not_before_ms, start_ms + 30'000);
    EXPECT_TRUE(pending[0].uncertain);
    EXPECT_EQ(pending[0].note, "503");
    EXPECT_EQ(count_of(*reader_, "pending"), 1u);
}

TEST_P(StoreConformance, an_emitted_event_is_deduped_like_a_received_one) {
    auto first = one_delivery("a");
    auto second = one_delivery("b");
    for (auto id : {first, second}) {
        auto settlement = make_settlement(id, DeliveryState::delivered);
        settlement.emitted.push_back(make_accept("derived"));
        auto result = commit_one(*writer_, std::move(settlement));
        EXPECT_EQ(result.duplicates, id == second ? 1u : 0u);
    }
    EXPECT_EQ(event_count(), 3u);
}

TEST_P(StoreConformance, links_are_replaced_and_removed) {
    auto first = make_settlement(one_delivery("a"), DeliveryState::delivered);
    first.links.push_back(make_link("rec-1", "9"));
    first.links.push_back(make_link("rec-2", "10"));
    commit_one(*writer_, std::move(first));
    auto second = make_settlement(one_delivery("b"), DeliveryState::delivered);
    second.links.push_back(make_link("rec-1", "11"));
    LinkKey gone;
    gone.destination = "crm";
    gone.kind = "deal";
    gone.source_id = "rec-2";
    second.unlinks.push_back(gone);
    commit_one(*writer_, std::move(second));
    EXPECT_EQ(good(reader_->link("crm", "deal", "rec-1"))->id, "11");
    EXPECT_FALSE(good(reader_->link("crm", "deal", "rec-2")).has_value());
    EXPECT_FALSE(good(reader_->link("wiki", "deal", "rec-1")).has_value());
    EXPECT_FALSE(good(reader_->link("crm", "page", "rec-1")).has_value());
}

TEST_P(StoreConformance, a_started_attempt_is_uncertain_until_it_is_settled) {
    auto id = one_delivery("a");
    commit_one(*writer_, MarkStarted{id});
    EXPECT_TRUE(good(reader_->pending("crm", 0, 10)).at(0).uncertain);
    commit_one(*writer_, make_settlement(id, DeliveryState::delivered));
    EXPECT_FALSE(delivery(id).uncertain);
    commit_one(*writer_, MarkStarted{id});
    EXPECT_FALSE(delivery(id).uncertain) << "settled: nothing can start";
}

// --- Replay -------------------------------------------------------------------------------------

TEST_P(StoreConformance, a_replay_makes_a_new_delivery_that_names_its_parent) {
    auto id = one_delivery("a");
    commit_one(*writer_, make_settlement(id, DeliveryState::dead, 12));
    auto result = commit_one(*writer_, Replay{{id}}, start_ms + day_ms);
    ASSERT_EQ(result.stored.size(), 1u);
    EXPECT_EQ(result.stored[0].event->id, "attio-a");
    EXPECT_EQ(result.stored[0].event->payload, "{\"key\":\"a\"}");
    auto again = delivery(result.stored[0].deliveries.at(0).id);
    EXPECT_GT(again.id, id);
    EXPECT_EQ(again.parent, id);
    EXPECT_EQ(again.state, DeliveryState::pending);
    EXPECT_EQ(again.attempts, 0u);
    EXPECT_EQ(again.created_ms, start_ms + day_ms);
    EXPECT_EQ(again.destination, "crm");
    EXPECT_EQ(again.lane, "lane");
    EXPECT_TRUE(again.note.empty());
    EXPECT_EQ(delivery(id).state, DeliveryState::dead);
    EXPECT_EQ(good(reader_->pending("crm", 0, 10)).size(), 1u);
}

TEST_P(StoreConformance, a_replay_passes_over_ids_that_do_not_exist) {
    auto id = one_delivery("a");
    EXPECT_EQ(commit_one(*writer_, Replay{{id, 4711}}).stored.size(), 1u);
}

// --- Reading ------------------------------------------------------------------------------------

TEST_P(StoreConformance, the_window_of_a_destination_pages_by_id) {
    std::vector<Accept> accepts;
    for (int i = 0; i < 10; ++i)
        accepts.push_back(make_accept(std::to_string(i), {make_delivery(i % 2 ? "crm" : "wiki")}));
    commit_one(*writer_, make_request(std::move(accepts)));
    auto first = good(reader_->pending("crm", 0, 3));
    ASSERT_EQ(first.size(), 3u);
    EXPECT_LT(first[0].id, first[1].id);
    EXPECT_LT(first[1].id, first[2].id);
    auto second = good(reader_->pending("crm", first.back().id, 3));
    ASSERT_EQ(second.size(), 2u);
    EXPECT_GT(second[0].id, first[2].id);
}

TEST_P(StoreConformance, only_destinations_with_pending_deliveries_are_named) {
    auto id = one_delivery("a");
    commit_one(*writer_, one_event("b", {make_delivery("wiki"), make_delivery("audit")}));
    EXPECT_THAT(good(reader_->pending_destinations()), testing::ElementsAre("audit", "crm", "wiki"));
    commit_one(*writer_, make_settlement(id, DeliveryState::delivered));
    EXPECT_THAT(good(reader_->pending_destinations()), testing::ElementsAre("audit", "wiki"));
}

TEST_P(StoreConformance, counts_follow_every_state) {
    std::vector<DeliveryState> states = {DeliveryState::delivered, DeliveryState::skipped,
                                         DeliveryState::dead, DeliveryState::cancelled};
    one_delivery("left pending");
    for (std::size_t i = 0; i < states.size(); ++i)
        commit_one(*writer_, make_settlement(one_delivery(std::to_string(i)), states[i]));
    EXPECT_EQ(count_of(*reader_, "accepted events"), 5u);
    for (auto* name : {"pending", "delivered", "skipped", "dead", "cancelled"})
        EXPECT_EQ(count_of(*reader_, name), 1u) << name;
}

TEST_P(StoreConformance, an_event_row_counts_its_deliveries) {
    std::vector<Delivery> three = {make_delivery("crm"), make_delivery("wiki"), make_delivery("x")};
    auto result = commit_one(*writer_, one_event("a", three));
    commit_one(*writer_, make_settlement(result.stored[0].deliveries[2].id, DeliveryState::dead));
    auto rows = good(reader_->events(everything()));
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].deliveries, 3u);
    EXPECT_EQ(rows[0].pending, 2u);
    EXPECT_EQ(rows[0].dead, 1u);
}

TEST_P(StoreConformance, everything_is_there_after_reopening) {
    auto id = one_delivery("a");
    auto settlement = make_settlement(id, DeliveryState::delivered);
    settlement.links.push_back(make_link("rec-1", "9"));
    commit_one(*writer_, std::move(settlement));
    auto open_one = one_delivery("b");
    open();
    EXPECT_EQ(event_count(), 2u);
    EXPECT_EQ(delivery(id).state, DeliveryState::delivered);
    EXPECT_EQ(good(reader_->link("crm", "deal", "rec-1"))->id, "9");
    EXPECT_EQ(good(reader_->pending("crm", 0, 10)).at(0).id, open_one);
    EXPECT_EQ(commit_one(*writer_, one_event("a")).duplicates, 1u);
    EXPECT_GT(one_delivery("c"), open_one);
}

TEST_P(StoreConformance, a_reader_sees_each_commit_as_soon_as_it_is_made) {
    for (int i = 1; i <= 20; ++i) {
        one_delivery(std::to_string(i));
        EXPECT_EQ(good(reader_->pending("crm", 0, 100)).size(), static_cast<std::size_t>(i));
    }
}

INSTANTIATE_TEST_SUITE_P(, StoreConformance, testing::ValuesIn(all_stores()), store_name);

}  // namespace
}  // namespace syncline::store
