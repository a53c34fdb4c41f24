// I4 lives in is_repeat(), I6 in the WHERE of `settle`, I7 in the one transaction around it all.
#include "core/store/sqlite/batch.hpp"

#include <optional>
#include <string>
#include <utility>

#include "core/base/hash.hpp"
#include "core/store/sqlite/rows.hpp"

namespace syncline::store {
namespace {

constexpr std::int64_t day_ms = 86'400'000;

std::int64_t day_of(std::int64_t ms) {
    return ms >= 0 ? ms / day_ms : -((-ms + day_ms - 1) / day_ms);
}

constexpr std::array<DeliveryState, 5> all_states = {
    DeliveryState::pending, DeliveryState::delivered, DeliveryState::skipped, DeliveryState::dead,
    DeliveryState::cancelled};

std::size_t index_of(DeliveryState state) {
    return static_cast<std::size_t>(state);
}
static_assert(static_cast<std::size_t>(DeliveryState::cancelled) + 1 == all_states.size());

/// Fills `statement`; false once one of a row of them failed.
bool prepared(Db& db, Stmt& statement, std::string_view sql, std::optional<Error>& failure) {
    if (failure) return false;
    auto made = db.prepare(sql);
    if (!made) {
        failure = made.error();
        return false;
    }
    statement = std::move(*made);
    return true;
}

}  // namespace

Result<WriteStatements> WriteStatements::prepare(Db& db) {
    WriteStatements s;
    std::optional<Error> failure;
    prepared(db, s.days_of_keys, "SELECT min(day),max(day) FROM dedupe WHERE source=?1", failure);
    prepared(db, s.find_key,
             "SELECT accepted_ms FROM dedupe WHERE source=?1 AND day=?2 AND key16=?3", failure);
    prepared(db, s.put_key,
             "INSERT OR REPLACE INTO dedupe(source,day,key16,accepted_ms,event_seq)"
             " VALUES(?1,?2,?3,?4,?5)", failure);
    prepared(db, s.put_event,
             "INSERT INTO events(id,source,type,subject,time_ms,received_ms,attributes,"
             "content_type,hops,unmatched,payload) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)",
             failure);
    prepared(db, s.put_delivery,
             "INSERT INTO deliveries(event_seq,kind,rule,send,destination,action,lane,state,"
             "attempts,created_ms,not_before_ms,uncertain,parent,note)"
             " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)", failure);
    prepared(db, s.mark_started,
             "UPDATE deliveries SET uncertain=1 WHERE id=?1 AND state='pending'", failure);
    prepared(db, s.settle,
             "UPDATE deliveries SET state=?2,attempts=?3,not_before_ms=?4,uncertain=?5,note=?6"
             " WHERE id=?1 AND state='pending'", failure);
    prepared(db, s.settle_cancelled,
             "UPDATE deliveries SET state=?2,attempts=?3,note=iif(?2='cancelled',note,?4)"
             " WHERE id=?1 AND state='cancelled'", failure);
    prepared(db, s.cancel,
             "UPDATE deliveries SET state='cancelled',not_before_ms=0,note=?3"
             " WHERE id=?1 AND state=?2", failure);
    prepared(db, s.retry_now,
             "UPDATE deliveries SET not_before_ms=0 WHERE id=?1 AND state='pending'", failure);
    prepared(db, s.put_hold,
             "INSERT INTO holds(destination,by_hand,reason,since_ms) VALUES(?1,?2,?3,?4)"
             " ON CONFLICT(destination,by_hand) DO UPDATE SET reason=excluded.reason", failure);
    prepared(db, s.drop_holds, "DELETE FROM holds WHERE destination=?1 AND by_hand<=?2", failure);
    prepared(db, s.put_attempt,
             "INSERT INTO attempts(delivery_id,number,started_ms,duration_ms,outcome,note,exchanges)"
             " VALUES(?1,max(?2,(SELECT coalesce(max(number),0)+1 FROM attempts WHERE"
             " delivery_id=?1)),?3,?4,?5,?6,?7)", failure);
    prepared(db, s.put_link,
             "INSERT OR REPLACE INTO links(destination,kind,source_id,id,url,hash,updated_ms)"
             " VALUES(?1,?2,?3,?4,?5,?6,?7)", failure);
    prepared(db, s.drop_link,
             "DELETE FROM links WHERE destination=?1 AND kind=?2 AND source_id=?3", failure);
    prepared(db, s.get_delivery,
             "SELECT " + std::string(delivery_columns) + " FROM deliveries d WHERE d.id=?1",
             failure);
    prepared(db, s.get_event,
             "SELECT " + std::string(event_columns) + " FROM events e WHERE e.seq=?1", failure);
    prepared(db, s.count,
             "INSERT INTO counters(name,value) VALUES(?1,?2)"
             " ON CONFLICT(name) DO UPDATE SET value=value+excluded.value", failure);
    if (failure) return *failure;
    return s;
}

Result<WriteResult> Batch::apply(Write& write) {
    return std::visit([this](auto& one) { return apply_write(one); }, write);
}

Result<WriteResult> Batch::apply_write(AcceptRequest& request) {
    WriteResult result;
    for (auto& item : request.accepts) {
        auto accepted = accept(item, result);
        if (!accepted) return accepted.error();
    }
    return result;
}

Result<WriteResult> Batch::apply_write(MarkStarted& mark) {
    auto marked = use_.mark_started.bind(mark.delivery_id).run();
    if (!marked) return marked.error();
    return WriteResult();
}

Result<bool> Batch::settle(const Settlement& settlement) {
    auto settled = use_.settle
                       .bind(settlement.delivery_id, delivery_state_name(settlement.state),
                             settlement.attempts, settlement.not_before_ms, settlement.uncertain,
                             settlement.note)
                       .run();
    if (!settled) return settled.error();
    if (db_.changes() == 0) return settle_cancelled(settlement);
    --states_[index_of(DeliveryState::pending)];
    ++states_[index_of(settlement.state)];
    return true;
}

/// Cancelled while its attempt was under way: the attempt is kept, and what was delivered is said to
/// be so. Anything else was settled before, or is unknown.
Result<bool> Batch::settle_cancelled(const Settlement& settlement) {
    if (!settlement.attempt) return false;
    bool delivered = settlement.state == DeliveryState::delivered;
    auto state = delivered ? DeliveryState::delivered : DeliveryState::cancelled;
    auto settled = use_.settle_cancelled
                       .bind(settlement.delivery_id, delivery_state_name(state),
                             settlement.attempts, settlement.note)
                       .run();
    if (!settled) return settled.error();
    if (db_.changes() == 0) return false;
    --states_[index_of(DeliveryState::cancelled)];
    ++states_[index_of(state)];
    return true;
}

Result<WriteResult> Batch::apply_write(Settlement& settlement) {
    WriteResult result;
    auto settled = settle(settlement);
    if (!settled) return settled.error();
    if (!*settled) return result;
    if (settlement.hold) {
        auto changed = change_hold(*settlement.hold);
        if (!changed) return changed.error();
    }
    if (settlement.attempt) {
        auto kept = write_attempt(*settlement.attempt, settlement.delivery_id);
        if (!kept) return kept.error();
    }
    auto linked = write_links(settlement);
    if (!linked) return linked.error();
    for (auto& item : settlement.emitted) {
        auto accepted = accept(item, result);
        if (!accepted) return accepted.error();
    }
    return result;
}

Result<WriteResult> Batch::apply_write(Replay& replay) {
    WriteResult result;
    for (auto id : replay.delivery_ids) {
        auto repeated = repeat_delivery(id, result);
        if (!repeated) return repeated.error();
    }
    return result;
}

Result<WriteResult> Batch::apply_write(Cancel& order) {
    WriteResult result;
    for (auto id : order.delivery_ids)
        for (auto state : {DeliveryState::pending, DeliveryState::dead}) {
            auto ended = use_.cancel.bind(id, delivery_state_name(state), order.note).run();
            if (!ended) return ended.error();
            if (db_.changes() == 0) continue;
            --states_[index_of(state)];
            ++states_[index_of(DeliveryState::cancelled)];
            result.changed.push_back(id);
            break;
        }
    return result;
}

Result<WriteResult> Batch::apply_write(RetryNow& order) {
    WriteResult result;
    for (auto id : order.delivery_ids) {
        auto hurried = use_.retry_now.bind(id).run();
        if (!hurried) return hurried.error();
        if (db_.changes() > 0) result.changed.push_back(id);
    }
    return result;
}

Result<WriteResult> Batch::apply_write(HoldChange& change) {
    WriteResult result;
    auto changed = change_hold(change);
    if (!changed) return changed.error();
    for (auto& item : change.emitted) {
        auto accepted = accept(item, result);
        if (!accepted) return accepted.error();
    }
    return result;
}

Result<void> Batch::change_hold(const HoldChange& change) {
    if (!change.held) return use_.drop_holds.bind(change.destination, change.by_hand).run();
    std::int64_t since_ms = change.since_ms == 0 ? now_ms_ : change.since_ms;
    return use_.put_hold.bind(change.destination, change.by_hand, change.reason, since_ms).run();
}

Result<void> Batch::accept(Accept& item, WriteResult& result) {
    SYNCLINE_ASSERT(item.event != nullptr, "an accept without its event");
    Event& event = *item.event;
    // Without a key nothing can be a repeat: rather twice than lost.
    bool keyed = !item.dedupe_key.empty();
    Sha256 digest{};
    if (keyed) digest = sha256_parts({event.source, item.dedupe_key});
    std::string_view key16 = as_text(digest).substr(0, 16);
    if (keyed) {
        auto repeat = is_repeat(item, key16);
        if (!repeat) return repeat.error();
        if (*repeat) {
            ++result.duplicates;
            return {};
        }
    }
    accepted_.push_back(&item);
    auto inserted = insert_event(event, item.deliveries.empty());
    if (!inserted) return inserted;
    if (keyed) {
        auto days = key_days_of(event.source);
        if (!days) return days.error();
        (*days)->first = std::min((*days)->first, day_of(now_ms_));
        (*days)->last = std::max((*days)->last, day_of(now_ms_));
        auto kept = use_.put_key.bind(event.source, day_of(now_ms_), Blob{key16}, now_ms_,
                                      event.seq).run();
        if (!kept) return kept;
    }
    for (auto& delivery : item.deliveries) {
        delivery.event_seq = event.seq;
        auto put = insert_delivery(delivery);
        if (!put) return put;
    }
    ++events_;
    result.stored.push_back(StoredEvent{item.event, item.deliveries});
    return {};
}

Result<WriteStatements::DaySpan*> Batch::key_days_of(const std::string& source) {
    auto known = use_.key_days.find(source);
    if (known == use_.key_days.end()) {
        StmtScope scope(use_.days_of_keys);
        auto row = use_.days_of_keys.bind(source).step();
        if (!row) return row.error();
        WriteStatements::DaySpan span{day_of(now_ms_), day_of(now_ms_)};
        if (*row && !use_.days_of_keys.is_null(0))
            span = {use_.days_of_keys.integer(0), use_.days_of_keys.integer(1)};
        known = use_.key_days.emplace(source, span).first;
    }
    return &known->second;
}

/// Looks into every day that the window touches, and into tomorrow: a clock that was set back over
/// midnight has left keys there.
Result<bool> Batch::is_repeat(const Accept& item, std::string_view key16) {
    const std::string& source = item.event->source;
    auto days = key_days_of(source);
    if (!days) return days.error();
    std::int64_t oldest = std::max(day_of(now_ms_ - window_ms_), (*days)->first);
    for (std::int64_t day = std::min(day_of(now_ms_) + 1, (*days)->last); day >= oldest; --day) {
        StmtScope scope(use_.find_key);
        auto row = use_.find_key.bind(source, day, Blob{key16}).step();
        if (!row) return row.error();
        if (*row && use_.find_key.integer(0) > now_ms_ - window_ms_) return true;
    }
    return false;
}

Result<void> Batch::insert_event(Event& event, bool unmatched) {
    std::string attributes = event.attributes.dump();
    auto put = use_.put_event
                   .bind(event.id, event.source, event.type, event.subject, event.time_ms,
                         event.received_ms, attributes, event.content_type, event.hops, unmatched,
                         Blob{event.payload})
                   .run();
    if (!put) return put;
    event.seq = db_.last_id();
    return {};
}

Result<void> Batch::insert_delivery(Delivery& delivery) {
    if (delivery.created_ms == 0) delivery.created_ms = now_ms_;
    auto put = use_.put_delivery
                   .bind(delivery.event_seq, delivery_kind_name(delivery.kind), delivery.rule,
                         delivery.send, delivery.destination, delivery.action, delivery.lane,
                         delivery_state_name(delivery.state), delivery.attempts,
                         delivery.created_ms, delivery.not_before_ms, delivery.uncertain,
                         delivery.parent, delivery.note)
                   .run();
    if (!put) return put;
    delivery.id = db_.last_id();
    ++states_[index_of(delivery.state)];
    return {};
}

/// A link that replaces another is written after the other is gone.
Result<void> Batch::write_links(Settlement& settlement) {
    for (const auto& key : settlement.unlinks) {
        auto gone = use_.drop_link.bind(key.destination, key.kind, key.source_id).run();
        if (!gone) return gone;
    }
    for (auto& link : settlement.links) {
        std::int64_t updated_ms = link.updated_ms == 0 ? now_ms_ : link.updated_ms;
        auto put = use_.put_link.bind(link.destination, link.kind, link.source_id, link.id,
                                      link.url, link.hash, updated_ms).run();
        if (!put) return put;
    }
    return {};
}

Result<void> Batch::write_attempt(const Attempt& attempt, std::uint64_t delivery_id) {
    std::string exchanges = attempt.exchanges.dump();
    return use_.put_attempt
        .bind(delivery_id, attempt.number, attempt.started_ms, attempt.duration_ms,
              outcome_kind_name(attempt.outcome), attempt.note, exchanges)
        .run();
}

/// An unknown id is passed over: one mistyped number must not fail the batch of everyone else.
Result<void> Batch::repeat_delivery(std::uint64_t delivery_id, WriteResult& result) {
    StmtScope delivery_scope(use_.get_delivery);
    auto row = use_.get_delivery.bind(delivery_id).step();
    if (!row) return row.error();
    if (!*row) return {};
    auto old = read_delivery(use_.get_delivery, 0);
    if (!old) return old.error();
    StmtScope event_scope(use_.get_event);
    auto event_row = use_.get_event.bind(old->event_seq).step();
    if (!event_row) return event_row.error();
    if (!*event_row)
        return Error(ErrorCode::corrupt, "a delivery's event is missing", db_.path());
    auto event = read_event(use_.get_event, 0);
    if (!event) return event.error();
    if (event->payload_state != PayloadState::kept)
        return Error(ErrorCode::not_found,
                     "delivery " + std::to_string(delivery_id) + " cannot be repeated: the payload "
                     "of its event " + (event->payload_state == PayloadState::expired
                                            ? "has expired (retention.payloads)"
                                            : "was forgotten on request"));

    Delivery again = std::move(*old);
    again.parent = again.id;
    again.state = DeliveryState::pending;
    again.attempts = 0;
    again.created_ms = now_ms_;
    again.not_before_ms = 0;
    again.uncertain = false;
    again.note.clear();
    auto put = insert_delivery(again);
    if (!put) return put;
    std::vector<Delivery> deliveries;
    deliveries.push_back(std::move(again));
    result.stored.push_back(StoredEvent{std::make_shared<const Event>(std::move(*event)),
                                        std::move(deliveries)});
    return {};
}

Result<void> Batch::finish() {
    auto counted = add_to_counter(accepted_counter, events_);
    for (auto state : all_states) {
        if (!counted) return counted;
        counted = add_to_counter(delivery_state_name(state), states_[index_of(state)]);
    }
    return counted;
}

Result<void> Batch::add_to_counter(std::string_view name, std::int64_t change) {
    if (change == 0) return {};
    return use_.count.bind(name, change).run();
}

void Batch::undo() {
    for (auto* item : accepted_) {
        item->event->seq = 0;
        for (auto& delivery : item->deliveries) {
            delivery.id = 0;
            delivery.event_seq = 0;
        }
    }
}

}  // namespace syncline::store
