// Filters against a plain model: a few hundred events and deliveries of every mix, then hundreds of
// random filters whose answers must be what a loop over all rows gives.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/random.hpp"
#include "store_fixture.hpp"

namespace syncline::store {
namespace {

const std::vector<std::string> types = {"record.created", "record.updated", "note.created"};
const std::vector<std::string> sources = {"attio", "github"};
const std::vector<std::string> subjects = {"", "s1", "s2", "it's"};
const std::vector<std::string> rules = {"one", "two", "three"};
const std::vector<std::string> destinations = {"crm", "wiki", "audit"};
const std::vector<std::string> states = {"pending", "delivered", "skipped", "dead", "cancelled"};

class StoreQuery : public testing::TestWithParam<StoreFactory> {
protected:
    void SetUp() override {
        home_ = GetParam().make();
        store_ = home_->open(7 * day_ms);
        writer_ = good(store_->open_writer());
        reader_ = good(store_->open_reader());
        fill();
        events_ = good(reader_->events(everything()));
        deliveries_ = good(reader_->deliveries(everything()));
    }

    const std::string& pick(const std::vector<std::string>& words) {
        return words[random_.next_u64() % words.size()];
    }
    /// A word, or often none at all.
    std::string maybe(const std::vector<std::string>& words) {
        return random_.next_u64() % 4 == 0 ? pick(words) : std::string();
    }

    void fill() {
        for (int i = 0; i < 300; ++i) {
            auto accept = make_accept(std::to_string(i), {}, pick(sources));
            accept.event->type = pick(types);
            accept.event->subject = pick(subjects);
            accept.event->received_ms = start_ms + i * 1000 - (i % 50 == 0 ? hour_ms : 0);
            for (auto n = random_.next_u64() % 4; n > 0; --n) {
                accept.deliveries.push_back(make_delivery(pick(destinations), pick(rules)));
                accept.deliveries.back().created_ms = accept.event->received_ms + 1;
            }
            std::vector<Accept> one;
            one.push_back(std::move(accept));
            settle_some(commit_one(*writer_, make_request(std::move(one))));
        }
    }

    void settle_some(const WriteResult& result) {
        for (const auto& delivery : result.stored.at(0).deliveries) {
            auto state = *delivery_state_from(pick(states));
            if (state == DeliveryState::pending) continue;
            commit_one(*writer_, make_settlement(delivery.id, state));
        }
    }

    Filter random_filter(bool of_events) {
        Filter filter;
        filter.type = maybe(types);
        filter.source = maybe(sources);
        filter.subject = maybe(subjects);
        filter.rule = maybe(rules);
        filter.destination = maybe(destinations);
        filter.state = maybe(states);
        if (of_events && random_.next_u64() % 10 == 0) filter.state = "unmatched";
        if (random_.next_u64() % 8 == 0)
            filter.event_id = events_[random_.next_u64() % events_.size()].event.id;
        if (random_.next_u64() % 8 == 0) filter.id = 1 + random_.next_u64() % deliveries_.size();
        if (random_.next_u64() % 3 == 0)
            filter.since_ms = start_ms + static_cast<std::int64_t>(random_.next_u64() % 300'000);
        if (random_.next_u64() % 3 == 0) filter.before = 1 + random_.next_u64() % 300;
        filter.limit = random_.next_u64() % 40;
        return filter;
    }

    bool of_event(const Event& event, const Filter& filter) const {
        return (filter.type.empty() || event.type == filter.type) &&
               (filter.source.empty() || event.source == filter.source) &&
               (filter.subject.empty() || event.subject == filter.subject) &&
               (filter.event_id.empty() || event.id == filter.event_id);
    }

    bool of_delivery(const Delivery& delivery, const Filter& filter) const {
        return (filter.rule.empty() || delivery.rule == filter.rule) &&
               (filter.destination.empty() || delivery.destination == filter.destination) &&
               (filter.state.empty() || delivery_state_name(delivery.state) == filter.state) &&
               (filter.id == 0 || delivery.id == filter.id);
    }

    std::vector<std::uint64_t> expected_events(const Filter& filter) const {
        bool about_deliveries = !filter.rule.empty() || !filter.destination.empty() ||
                                filter.id != 0 || !filter.state.empty();
        std::vector<std::uint64_t> out;
        for (const auto& row : events_) {
            const Event& event = row.event;
            bool has = std::any_of(deliveries_.begin(), deliveries_.end(), [&](const auto& d) {
                return d.delivery.event_seq == event.seq && of_delivery(d.delivery, filter);
            });
            bool deliveries_fit = !about_deliveries || has;
            if (filter.state == "unmatched")
                deliveries_fit = row.deliveries == 0 && filter.rule.empty() &&
                                 filter.destination.empty() && filter.id == 0;
            if (of_event(event, filter) && deliveries_fit && event.received_ms >= filter.since_ms &&
                (filter.before == 0 || event.seq < filter.before) && out.size() < filter.limit)
                out.push_back(event.seq);
        }
        return out;
    }

    std::vector<std::uint64_t> expected_deliveries(const Filter& filter) const {
        std::vector<std::uint64_t> out;
        for (const auto& row : deliveries_) {
            auto event = std::find_if(events_.begin(), events_.end(), [&](const auto& e) {
                return e.event.seq == row.delivery.event_seq;
            });
            if (of_event(event->event, filter) && of_delivery(row.delivery, filter) &&
                row.delivery.created_ms >= filter.since_ms &&
                (filter.before == 0 || row.delivery.id < filter.before) &&
                out.size() < filter.limit)
                out.push_back(row.delivery.id);
        }
        return out;
    }

    SeededRandom random_{20260101};
    std::unique_ptr<StoreHome> home_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<Writer> writer_;
    std::unique_ptr<Reader> reader_;
    std::vector<EventRow> events_;
    std::vector<DeliveryRow> deliveries_;
};

std::string text_of(const Filter& f) {
    return "type=" + f.type + " source=" + f.source + " subject=" + f.subject + " rule=" + f.rule +
           " destination=" + f.destination + " state=" + f.state + " event=" + f.event_id +
           " id=" + std::to_string(f.id) + " since=" + std::to_string(f.since_ms) +
           " before=" + std::to_string(f.before) + " limit=" + std::to_string(f.limit);
}

TEST_P(StoreQuery, listings_without_a_filter_are_whole_and_newest_first) {
    ASSERT_EQ(events_.size(), 300u);
    ASSERT_GT(deliveries_.size(), 300u);
    for (std::size_t i = 1; i < events_.size(); ++i)
        EXPECT_GT(events_[i - 1].event.seq, events_[i].event.seq);
    for (std::size_t i = 1; i < deliveries_.size(); ++i)
        EXPECT_GT(deliveries_[i - 1].delivery.id, deliveries_[i].delivery.id);
}

TEST_P(StoreQuery, events_of_random_filters_are_those_of_a_loop_over_all) {
    std::size_t found = 0;
    for (int i = 0; i < 1500; ++i) {
        auto filter = random_filter(true);
        std::vector<std::uint64_t> got;
        for (auto& row : good(reader_->events(filter))) got.push_back(row.event.seq);
        ASSERT_EQ(got, expected_events(filter)) << text_of(filter);
        found += got.size();
    }
    EXPECT_GT(found, 1000u) << "the filters must find something to say anything";
}

TEST_P(StoreQuery, deliveries_of_random_filters_are_those_of_a_loop_over_all) {
    std::size_t found = 0;
    for (int i = 0; i < 1500; ++i) {
        auto filter = random_filter(false);
        std::vector<std::uint64_t> got;
        for (auto& row : good(reader_->deliveries(filter))) got.push_back(row.delivery.id);
        ASSERT_EQ(got, expected_deliveries(filter)) << text_of(filter);
        found += got.size();
    }
    EXPECT_GT(found, 1000u) << "the filters must find something to say anything";
}

TEST_P(StoreQuery, a_delivery_row_names_its_event) {
    Filter filter;
    filter.id = deliveries_.front().delivery.id;
    auto row = good(reader_->deliveries(filter)).at(0);
    auto event = good(reader_->event(row.delivery.event_seq));
    EXPECT_EQ(row.event_id, event->id);
    EXPECT_EQ(row.event_type, event->type);
    EXPECT_EQ(row.event_source, event->source);
    EXPECT_EQ(row.event_subject, event->subject);
}

TEST_P(StoreQuery, pages_by_before_give_every_row_once) {
    Filter filter;
    filter.limit = 7;
    std::vector<std::uint64_t> seen;
    for (;;) {
        auto page = good(reader_->deliveries(filter));
        for (auto& row : page) seen.push_back(row.delivery.id);
        if (page.size() < filter.limit) break;
        filter.before = seen.back();
    }
    EXPECT_EQ(seen.size(), deliveries_.size());
}

TEST_P(StoreQuery, an_unknown_state_is_refused_with_the_known_ones) {
    Filter filter;
    filter.state = "deadd";
    auto events = reader_->events(filter);
    ASSERT_FALSE(events);
    EXPECT_EQ(events.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(events.error().text().find("unmatched"), std::string::npos);
    filter.state = "unmatched";
    auto deliveries = reader_->deliveries(filter);
    ASSERT_FALSE(deliveries);
    EXPECT_NE(deliveries.error().text().find("expected pending"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(, StoreQuery, testing::ValuesIn(all_stores()), store_name);

}  // namespace
}  // namespace syncline::store
