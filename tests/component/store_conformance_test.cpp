// What every store must do when events come in, whatever it is made of. Written against
// store::Store alone and run once for each factory of all_stores().
#include <gtest/gtest.h>

#include "store_fixture.hpp"

namespace syncline::store {
namespace {

using StoreAccepts = StoreConformance;

TEST_P(StoreAccepts, an_accepted_event_is_kept_with_its_deliveries_and_ids) {
    std::vector<Delivery> two = {make_delivery("crm"), make_delivery("wiki")};
    auto result = commit_one(*writer_, one_event("a", two));
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

TEST_P(StoreAccepts, every_member_of_an_event_and_a_delivery_comes_back) {
    auto accept = make_accept("a", {make_delivery("crm", "a rule's name")});
    Event& event = *accept.event;
    event.time_ms = start_ms - 5;
    event.attributes = *Json::parse(R"({"object":"deals","a":19.90,"n":12345678901234567890})");
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

TEST_P(StoreAccepts, a_time_that_the_source_did_not_say_stays_absent) {
    auto result = commit_one(*writer_, one_event("a"));
    EXPECT_FALSE(good(reader_->event(result.stored.at(0).event->seq))->time_ms.has_value());
}

TEST_P(StoreAccepts, an_unknown_event_link_or_delivery_is_nothing) {
    EXPECT_FALSE(good(reader_->event(77)).has_value());
    EXPECT_FALSE(good(reader_->link("crm", "deal", "x")).has_value());
    EXPECT_TRUE(good(reader_->attempts(77)).empty());
    EXPECT_TRUE(good(reader_->pending("crm", 0, 10)).empty());
}

TEST_P(StoreAccepts, an_empty_batch_is_good) {
    EXPECT_TRUE(commit(*writer_, {}).empty());
}

TEST_P(StoreAccepts, results_come_in_the_order_of_the_writes) {
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

TEST_P(StoreAccepts, a_repeat_in_a_later_batch_changes_nothing) {
    commit_one(*writer_, one_event("a", {make_delivery("crm")}));
    auto again = commit_one(*writer_, one_event("a", {make_delivery("crm")}), start_ms + hour_ms);
    EXPECT_EQ(again.duplicates, 1u);
    EXPECT_TRUE(again.stored.empty());
    EXPECT_EQ(event_count(), 1u);
    EXPECT_EQ(good(reader_->pending("crm", 0, 10)).size(), 1u);
    EXPECT_EQ(count_of(*reader_, "accepted events"), 1u);
}

TEST_P(StoreAccepts, a_pair_inside_one_batch_is_accepted_once) {
    std::vector<Write> writes;
    writes.emplace_back(one_event("a"));
    writes.emplace_back(one_event("a"));
    auto results = commit(*writer_, std::move(writes));
    EXPECT_EQ(results[0].duplicates, 0u);
    EXPECT_EQ(results[1].duplicates, 1u);
    EXPECT_EQ(event_count(), 1u);
}

TEST_P(StoreAccepts, a_request_of_new_and_repeated_events_keeps_the_new_ones) {
    commit_one(*writer_, one_event("a"));
    std::vector<Accept> accepts;
    for (auto* key : {"a", "b", "b", "c"}) accepts.push_back(make_accept(key));
    auto result = commit_one(*writer_, make_request(std::move(accepts)));
    EXPECT_EQ(result.duplicates, 2u);
    ASSERT_EQ(result.stored.size(), 2u);
    EXPECT_EQ(result.stored[0].event->id, "attio-b");
    EXPECT_EQ(result.stored[1].event->id, "attio-c");
}

TEST_P(StoreAccepts, the_same_key_of_another_source_is_no_repeat) {
    std::vector<Accept> accepts;
    accepts.push_back(make_accept("a", {}, "attio"));
    accepts.push_back(make_accept("a", {}, "github"));
    EXPECT_EQ(commit_one(*writer_, make_request(std::move(accepts))).duplicates, 0u);
}

TEST_P(StoreAccepts, source_and_key_do_not_run_into_each_other) {
    std::vector<Accept> accepts;
    accepts.push_back(make_accept("bc", {}, "a"));
    accepts.push_back(make_accept("c", {}, "ab"));
    EXPECT_EQ(commit_one(*writer_, make_request(std::move(accepts))).duplicates, 0u);
}

TEST_P(StoreAccepts, events_without_a_key_are_never_repeats) {
    std::vector<Accept> accepts;
    for (auto* key : {"a", "b"}) {
        accepts.push_back(make_accept(key));
        accepts.back().dedupe_key.clear();
    }
    EXPECT_EQ(commit_one(*writer_, make_request(std::move(accepts))).stored.size(), 2u);
}

TEST_P(StoreAccepts, a_repeat_across_midnight_is_a_repeat) {
    commit_one(*writer_, one_event("a"), start_ms + day_ms - 1);
    EXPECT_EQ(commit_one(*writer_, one_event("a"), start_ms + day_ms).duplicates, 1u);
}

TEST_P(StoreAccepts, a_repeat_on_every_day_of_the_window_is_a_repeat) {
    commit_one(*writer_, one_event("a"), start_ms + 5 * hour_ms);
    for (int day = 1; day < 7; ++day) {
        auto later = start_ms + 5 * hour_ms + day * day_ms;
        EXPECT_EQ(commit_one(*writer_, one_event("a"), later).duplicates, 1u) << day;
    }
}

TEST_P(StoreAccepts, the_window_ends_to_the_millisecond) {
    auto first = start_ms + 5 * hour_ms;
    commit_one(*writer_, one_event("a"), first);
    EXPECT_EQ(commit_one(*writer_, one_event("a"), first + 7 * day_ms - 1).duplicates, 1u);
    auto after = one_event("a");
    after.accepts[0].event->id = "a-second-id";
    EXPECT_EQ(commit_one(*writer_, std::move(after), first + 7 * day_ms).duplicates, 0u);
}

TEST_P(StoreAccepts, a_window_shorter_than_a_day_lets_the_key_in_again_the_same_day) {
    open(hour_ms);
    commit_one(*writer_, one_event("a"), start_ms);
    auto after = one_event("a");
    after.accepts[0].event->id = "a-second-id";
    EXPECT_EQ(commit_one(*writer_, std::move(after), start_ms + hour_ms).duplicates, 0u);
    EXPECT_EQ(commit_one(*writer_, one_event("a"), start_ms + hour_ms + 1).duplicates, 1u);
}

TEST_P(StoreAccepts, a_clock_set_back_over_midnight_still_finds_the_repeat) {
    commit_one(*writer_, one_event("a"), start_ms + day_ms + 10);
    auto back = start_ms + day_ms + 10 - hour_ms;
    EXPECT_EQ(commit_one(*writer_, one_event("a"), back).duplicates, 1u);
}

TEST_P(StoreAccepts, idle_work_forgets_no_key_inside_the_window) {
    commit_one(*writer_, one_event("a"), start_ms);
    for (int minute = 0; minute < 10; ++minute)
        ASSERT_TRUE(writer_->idle(start_ms + 7 * day_ms - 600'000 + minute * 60'000));
    EXPECT_EQ(commit_one(*writer_, one_event("a"), start_ms + 7 * day_ms - 1).duplicates, 1u);
}

INSTANTIATE_TEST_SUITE_P(, StoreAccepts, testing::ValuesIn(all_stores()), store_name);

}  // namespace
}  // namespace syncline::store
