// Batches are made from their number and from what is pending, so that every run is the same run.
// Its clock is the test's, and nothing in it is random.
#include "store_recorded_run.hpp"

#include <algorithm>
#include <functional>

namespace syncline::store {
namespace {

/// Each third batch comes at an hour at which an idle store cuts its log back.
constexpr std::int64_t batch_every_ms = 20 * 60'000;

std::string line(const Event& event) {
    return "event " + std::to_string(event.seq) + " " + event.id + " " + event.type + " " +
           event.subject + " " + std::string(payload_state_name(event.payload_state)) + " " +
           std::to_string(std::hash<std::string>()(event.payload));
}

std::string line(const Delivery& delivery) {
    return "delivery " + std::to_string(delivery.id) + " of " + std::to_string(delivery.event_seq) +
           " to " + delivery.destination + ": " + std::string(delivery_state_name(delivery.state)) +
           " attempts " + std::to_string(delivery.attempts) + " parent " +
           std::to_string(delivery.parent) + (delivery.uncertain ? " uncertain " : " ") +
           delivery.note;
}

std::string line(const Link& link) {
    return "link " + link.destination + " " + link.kind + " " + link.source_id + " = " + link.id;
}

std::string deliveries_line(const std::string& event_id, std::size_t count) {
    return "event " + event_id + " has deliveries: " + std::to_string(count);
}

void promise(const Accept& accept, Batch& batch) {
    batch.keys.push_back(accept.dedupe_key);
    batch.promised.push_back(deliveries_line(accept.event->id, accept.deliveries.size()));
}

}  // namespace

Result<Contents> contents_of(Reader& reader, const std::vector<std::string>& links) {
    Contents all;
    auto events = reader.events(everything());
    if (!events) return events.error();
    for (auto& row : *events) {
        all.insert(line(row.event));
        all.insert(deliveries_line(row.event.id, row.deliveries));
    }
    auto deliveries = reader.deliveries(everything());
    if (!deliveries) return deliveries.error();
    for (auto& row : *deliveries) {
        all.insert(line(row.delivery));
        auto attempts = reader.attempts(row.delivery.id);
        if (!attempts) return attempts.error();
        for (auto& attempt : *attempts)
            all.insert("attempt " + std::to_string(attempt.number) + " of " +
                       std::to_string(attempt.delivery_id));
    }
    for (const auto& id : links) {
        auto link = reader.link("crm", "deal", id);
        if (!link) return link.error();
        if (*link) all.insert(line(**link));
    }
    auto counts = reader.counts();
    if (!counts) return counts.error();
    for (auto& [name, count] : *counts) all.insert("count " + name + " " + std::to_string(count));
    return all;
}

void RecordedRun::run(int count, int failing_sync) {
    if (failing_sync > 0)
        vfs_.faults().fail_at(failing_sync, testing_support::Fault::failed_sync);
    for (int number = 0; number < count; ++number) {
        commit_batch(number);
        tidy(number);
        if (number % 24 == 20) reopen();   // the last to close moves and deletes the log
    }
    struck_ = vfs_.faults().struck();
    vfs_.faults().heal();
    close();
}

std::size_t RecordedRun::returned(std::size_t operations) const {
    return static_cast<std::size_t>(std::count_if(
        ledger_.begin() + 1, ledger_.end(),
        [&](const Batch& batch) { return batch.returned <= operations; }));
}

std::size_t RecordedRun::begun(std::size_t operations) const {
    return static_cast<std::size_t>(std::count_if(
        ledger_.begin() + 1, ledger_.end(),
        [&](const Batch& batch) { return batch.begun < operations; }));
}

void RecordedRun::open() {
    SqliteOptions options;
    options.path = folder_.file("syncline.db");
    options.vfs = vfs_.name();
    if (kind_.with_retention) {
        options.payload_retention_ms = 3 * hour_ms;
        options.attempt_retention_ms = 6 * hour_ms;
    }
    store_ = make_sqlite_store(options);
    writer_ = good(store_->open_writer());
    if (ledger_.empty()) ledger_.emplace_back().after = contents();
}

std::vector<Write> RecordedRun::make_writes(int number, Batch& batch) {
    std::string key = std::to_string(number);
    std::vector<Accept> accepts;
    accepts.push_back(make_accept(key + "-a", {make_delivery("crm"), make_delivery("wiki")}));
    accepts.push_back(make_accept(key + "-b", {make_delivery("crm")}));
    accepts.push_back(make_accept(key + "-c"));
    if (number % 7 == 3) accepts[1].event->payload.assign(9'000, 'x');   // over several pages
    if (kind_.payload_bytes > 0) accepts[2].event->payload.assign(kind_.payload_bytes, 'y');
    for (auto& accept : accepts) {
        if (kind_.with_retention) accept.event->received_ms = now_ms_;
        promise(accept, batch);
    }
    if (number % 3 == 2) accepts.push_back(make_accept(std::to_string(number - 2) + "-a"));
    std::vector<Write> writes;
    writes.emplace_back(make_request(std::move(accepts)));
    if (pending_.size() < 3) return writes;
    writes.emplace_back(MarkStarted{pending_[2]});
    writes.emplace_back(make_settling(number, batch));
    if (number % 5 == 4 && number > 5) writes.emplace_back(Replay{{settled_.back()}});
    return writes;
}

/// Most become delivered and leave a link and an event; others die or wait for another try.
Settlement RecordedRun::make_settling(int number, Batch& batch) {
    bool again = number % 6 == 5;
    auto state = again ? DeliveryState::pending
                       : number % 4 == 3 ? DeliveryState::dead : DeliveryState::delivered;
    auto settlement = make_settlement(pending_.front(), state, again ? 1 : 2);
    settlement.note = "settled by " + std::to_string(number);
    settlement.attempt.emplace();
    settlement.attempt->number = 1;
    settled_.push_back(pending_.front());
    if (state != DeliveryState::delivered) return settlement;
    std::string key = std::to_string(number);
    links_.push_back("rec-" + key);
    settlement.links.push_back(make_link("rec-" + key, key));
    batch.promised.push_back(line(settlement.links.back()));
    settlement.emitted.push_back(make_accept(key + "-e", {make_delivery("wiki")}));
    promise(settlement.emitted.back(), batch);
    return settlement;
}

void RecordedRun::commit_batch(int number) {
    Batch batch;
    auto writes = make_writes(number, batch);
    now_ms_ += batch_every_ms;
    batch.begun = operations().size();
    auto results = try_commit(*writer_, writes, now_ms_);
    if (!results) {
        recover();
        // What of the first try is there after all is a repeat; the end is the same.
        results = try_commit(*writer_, writes, now_ms_);
    }
    ASSERT_TRUE(results) << results.error().text();
    batch.returned = operations().size();
    batch.after = contents();
    EXPECT_GT(batch.returned, batch.begun);
    EXPECT_GE(batch.after.size(), ledger_.back().after.size() + 9) << "batch " << number;
    for (const auto& one : batch.promised) EXPECT_TRUE(batch.after.contains(one)) << one;
    ledger_.push_back(std::move(batch));
}

void RecordedRun::tidy(int number) {
    if (number % 4 == 1) return;
    for (int i = 0; i < 1 + number % 3; ++i)
        idle(kind_.with_retention ? now_ms_ + i * 20 : now_ms_);
}

void RecordedRun::grow_old(std::int64_t by_ms) {
    open();
    now_ms_ += by_ms;
    for (int call = 0; call < 1000 && idle(now_ms_ + call * 20); ++call) continue;
    close();
}

/// True when there is more to do.
bool RecordedRun::idle(std::int64_t now_ms) {
    Batch moment;
    moment.begun = operations().size();
    auto more = writer_->idle(now_ms);
    if (!more) recover();
    moment.returned = operations().size();
    if (!kind_.with_retention) return false;
    if (moment.returned == moment.begun) return more && *more;
    moment.after = contents();
    ledger_.push_back(std::move(moment));
    return more && *more;
}

void RecordedRun::recover() {
    vfs_.faults().heal();
    auto recovered = writer_->recover();
    EXPECT_TRUE(recovered) << recovered.error().text();
}

/// What the live store holds; also notes what is pending.
Contents RecordedRun::contents() {
    auto reader = good(store_->open_reader());
    Filter filter = everything();
    filter.state = "pending";
    pending_.clear();
    for (auto& row : good(reader->deliveries(filter))) pending_.push_back(row.delivery.id);
    std::sort(pending_.begin(), pending_.end());
    return good(contents_of(*reader, links_));
}

}  // namespace syncline::store
