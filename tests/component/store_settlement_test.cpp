// What every store must do with deliveries once they are kept: settle, replay, count, list by
// window. Written against store::Store alone and run once for each factory of all_stores().
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store_fixture.hpp"

namespace syncline::store {
namespace {

using StoreSettles = StoreConformance;

// --- Settling -----------------------------------------------------------------------------------

TEST_P(StoreSettles, a_settlement_keeps_state_attempt_link_and_emitted_event_together) {
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

TEST_P(StoreSettles, settling_again_changes_nothing) {
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

TEST_P(StoreSettles, settling_twice_in_one_batch_settles_once) {
    auto id = one_delivery("a");
    std::vector<Write> writes;
    writes.emplace_back(make_settlement(id, DeliveryState::dead));
    writes.emplace_back(make_settlement(id, DeliveryState::delivered));
    commit(*writer_, std::move(writes));
    EXPECT_EQ(delivery(id).state, DeliveryState::dead);
    EXPECT_EQ(count_of(*reader_, "delivered"), 0u);
    EXPECT_EQ(count_of(*reader_, "dead"), 1u);
}

TEST_P(StoreSettles, settling_what_does_not_exist_changes_nothing) {
    auto settlement = make_settlement(4711, DeliveryState::delivered);
    settlement.links.push_back(make_link("rec-1", "9"));
    commit_one(*writer_, std::move(settlement));
    EXPECT_FALSE(good(reader_->link("crm", "deal", "rec-1")).has_value());
}

TEST_P(StoreSettles, a_retry_stays_pending_with_its_time_and_count) {
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

TEST_P(StoreSettles, an_emitted_event_is_deduped_like_a_received_one) {
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

TEST_P(StoreSettles, links_are_replaced_and_removed) {
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

TEST_P(StoreSettles, a_started_attempt_is_uncertain_until_it_is_settled) {
    auto id = one_delivery("a");
    commit_one(*writer_, MarkStarted{id});
    EXPECT_TRUE(good(reader_->pending("crm", 0, 10)).at(0).uncertain);
    commit_one(*writer_, make_settlement(id, DeliveryState::delivered));
    EXPECT_FALSE(delivery(id).uncertain);
    commit_one(*writer_, MarkStarted{id});
    EXPECT_FALSE(delivery(id).uncertain) << "settled: nothing can start";
}

// --- Replay -------------------------------------------------------------------------------------

TEST_P(StoreSettles, a_replay_makes_a_new_delivery_that_names_its_parent) {
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

TEST_P(StoreSettles, a_replay_passes_over_ids_that_do_not_exist) {
    auto id = one_delivery("a");
    EXPECT_EQ(commit_one(*writer_, Replay{{id, 4711}}).stored.size(), 1u);
}

// --- Reading ------------------------------------------------------------------------------------

TEST_P(StoreSettles, the_window_of_a_destination_pages_by_id) {
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

TEST_P(StoreSettles, only_destinations_with_pending_deliveries_are_named) {
    auto id = one_delivery("a");
    commit_one(*writer_, one_event("b", {make_delivery("wiki"), make_delivery("audit")}));
    EXPECT_THAT(good(reader_->pending_destinations()),
                testing::ElementsAre("audit", "crm", "wiki"));
    commit_one(*writer_, make_settlement(id, DeliveryState::delivered));
    EXPECT_THAT(good(reader_->pending_destinations()), testing::ElementsAre("audit", "wiki"));
}

TEST_P(StoreSettles, counts_follow_every_state) {
    std::vector<DeliveryState> states = {DeliveryState::delivered, DeliveryState::skipped,
                                         DeliveryState::dead, DeliveryState::cancelled};
    one_delivery("left pending");
    for (std::size_t i = 0; i < states.size(); ++i)
        commit_one(*writer_, make_settlement(one_delivery(std::to_string(i)), states[i]));
    EXPECT_EQ(count_of(*reader_, "accepted events"), 5u);
    for (auto* name : {"pending", "delivered", "skipped", "dead", "cancelled"})
        EXPECT_EQ(count_of(*reader_, name), 1u) << name;
}

TEST_P(StoreSettles, an_event_row_counts_its_deliveries) {
    std::vector<Delivery> three = {make_delivery("crm"), make_delivery("wiki"), make_delivery("x")};
    auto result = commit_one(*writer_, one_event("a", three));
    commit_one(*writer_, make_settlement(result.stored[0].deliveries[2].id, DeliveryState::dead));
    auto rows = good(reader_->events(everything()));
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].deliveries, 3u);
    EXPECT_EQ(rows[0].pending, 2u);
    EXPECT_EQ(rows[0].dead, 1u);
}

TEST_P(StoreSettles, everything_is_there_after_reopening) {
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

TEST_P(StoreSettles, a_reader_sees_each_commit_as_soon_as_it_is_made) {
    for (int i = 1; i <= 20; ++i) {
        one_delivery(std::to_string(i));
        EXPECT_EQ(good(reader_->pending("crm", 0, 100)).size(), static_cast<std::size_t>(i));
    }
}

// --- By hand ------------------------------------------------------------------------------------

TEST_P(StoreSettles, cancel_ends_what_waits_or_was_given_up_and_nothing_else) {
    auto waiting = one_delivery("a");
    auto dead = one_delivery("b");
    commit_one(*writer_, make_settlement(dead, DeliveryState::dead));
    auto delivered = one_delivery("c");
    commit_one(*writer_, make_settlement(delivered, DeliveryState::delivered));
    auto result = commit_one(*writer_, Cancel{{waiting, dead, delivered, 999}, "no longer needed"});
    EXPECT_THAT(result.changed, testing::ElementsAre(waiting, dead));
    EXPECT_EQ(delivery(waiting).state, DeliveryState::cancelled);
    EXPECT_EQ(delivery(waiting).note, "no longer needed");
    EXPECT_EQ(delivery(dead).state, DeliveryState::cancelled);
    EXPECT_EQ(delivery(delivered).state, DeliveryState::delivered);
    EXPECT_TRUE(good(reader_->pending("crm", 0, 10)).empty());
    EXPECT_EQ(count_of(*reader_, "cancelled"), 2u);
    EXPECT_EQ(count_of(*reader_, "pending") + count_of(*reader_, "dead"), 0u);
}

TEST_P(StoreSettles, one_cancelled_under_way_stays_so_unless_it_was_delivered) {
    auto settle = [&](std::uint64_t id, DeliveryState state) {
        auto settlement = make_settlement(id, state);
        settlement.note = "the attempt's note";
        settlement.attempt.emplace();
        settlement.attempt->number = 1;
        settlement.links.push_back(make_link(std::to_string(id), "made"));
        commit_one(*writer_, std::move(settlement));
    };
    auto failed = one_delivery("a");
    auto reached = one_delivery("b");
    commit_one(*writer_, Cancel{{failed, reached}, "by hand"});
    settle(failed, DeliveryState::pending);
    settle(reached, DeliveryState::delivered);
    EXPECT_EQ(delivery(failed).state, DeliveryState::cancelled);
    EXPECT_EQ(delivery(failed).note, "by hand");
    EXPECT_EQ(good(reader_->attempts(failed)).size(), 1u) << "what was tried stays known";
    EXPECT_EQ(delivery(reached).state, DeliveryState::delivered);
    EXPECT_TRUE(good(reader_->link("crm", "deal", std::to_string(reached))).has_value());
    EXPECT_EQ(count_of(*reader_, "cancelled"), 1u);
    EXPECT_EQ(count_of(*reader_, "delivered"), 1u);
    settle(reached, DeliveryState::dead);
    EXPECT_EQ(delivery(reached).state, DeliveryState::delivered);
}

TEST_P(StoreSettles, retry_now_takes_the_wait_of_pending_ones) {
    auto waiting = one_delivery("a");
    auto settlement = make_settlement(waiting, DeliveryState::pending, 3);
    settlement.not_before_ms = start_ms + hour_ms;
    commit_one(*writer_, std::move(settlement));
    auto dead = one_delivery("b");
    commit_one(*writer_, make_settlement(dead, DeliveryState::dead));
    auto result = commit_one(*writer_, RetryNow{{waiting, dead}});
    EXPECT_THAT(result.changed, testing::ElementsAre(waiting));
    EXPECT_EQ(delivery(waiting).not_before_ms, 0);
    EXPECT_EQ(delivery(waiting).attempts, 3u);
    EXPECT_EQ(delivery(dead).state, DeliveryState::dead);
}

TEST_P(StoreSettles, holds_are_kept_until_they_are_released) {
    auto change = [](const char* name, bool by_hand, bool held, const char* reason = "") {
        HoldChange made;
        made.destination = name;
        made.by_hand = by_hand;
        made.held = held;
        made.reason = reason;
        return made;
    };
    commit_one(*writer_, change("wiki", true, true, "moving house"));
    auto with_hold = make_settlement(one_delivery("a"), DeliveryState::pending);
    with_hold.hold = change("crm", false, true, "401");
    commit_one(*writer_, std::move(with_hold));
    commit_one(*writer_, change("crm", true, true, "by hand as well"));
    commit_one(*writer_, change("crm", false, true, "403"), start_ms + hour_ms);
    open();
    auto holds = good(reader_->holds());
    ASSERT_EQ(holds.size(), 3u);
    EXPECT_EQ(holds[0].destination, "crm");
    EXPECT_FALSE(holds[0].by_hand);
    EXPECT_EQ(holds[0].reason, "403");
    EXPECT_EQ(holds[0].since_ms, start_ms) << "the newest reason, since the first";
    EXPECT_EQ(holds[2].reason, "moving house");
    commit_one(*writer_, change("crm", false, false));
    EXPECT_EQ(good(reader_->holds()).size(), 2u);
    commit_one(*writer_, change("crm", false, true, "401"));
    commit_one(*writer_, change("crm", true, false));
    EXPECT_EQ(good(reader_->holds()).size(), 1u) << "by hand ends both";
}

TEST_P(StoreSettles, a_hold_s_events_are_kept_with_it) {
    HoldChange change;
    change.destination = "crm";
    change.by_hand = true;
    change.emitted.push_back(make_accept("told", {make_delivery("wiki")}, "syncline"));
    auto result = commit_one(*writer_, std::move(change));
    ASSERT_EQ(result.stored.size(), 1u);
    EXPECT_EQ(good(reader_->pending("wiki", 0, 10)).size(), 1u);
    EXPECT_EQ(good(reader_->holds()).size(), 1u);
}

TEST_P(StoreSettles, a_lane_s_pending_ones_are_found_between_two_ids) {
    std::vector<std::uint64_t> ids;
    for (int i = 0; i < 6; ++i) {
        auto made = make_delivery("crm");
        made.lane = i % 2 == 0 ? "even" : "odd";
        auto result = commit_one(*writer_, one_event(std::to_string(i), {made}));
        ids.push_back(result.stored.at(0).deliveries.at(0).id);
    }
    auto found = good(reader_->pending_in_lane("crm", "even", ids[0], ids[4], 10));
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].id, ids[2]);
    EXPECT_EQ(found[1].id, ids[4]);
    EXPECT_EQ(good(reader_->pending_in_lane("crm", "even", 0, ids[3], 10)).size(), 2u);
    EXPECT_EQ(good(reader_->pending_in_lane("crm", "even", 0, ids[5], 1)).size(), 1u);
    EXPECT_TRUE(good(reader_->pending_in_lane("wiki", "even", 0, ids[5], 10)).empty());
}

TEST_P(StoreSettles, a_range_of_time_has_two_ends) {
    one_delivery("a");
    commit_one(*writer_, one_event("b", {make_delivery("crm")}), start_ms + hour_ms);
    Filter filter;
    filter.until_ms = start_ms + 1;
    EXPECT_EQ(good(reader_->deliveries(filter)).size(), 1u);
    filter.until_ms = start_ms;
    EXPECT_TRUE(good(reader_->deliveries(filter)).empty());
    EXPECT_TRUE(good(reader_->events(filter)).empty());
    filter.since_ms = start_ms + 1;
    filter.until_ms = start_ms + 2 * hour_ms;
    EXPECT_EQ(good(reader_->deliveries(filter)).size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(, StoreSettles, testing::ValuesIn(all_stores()), store_name);

}  // namespace
}  // namespace syncline::store
