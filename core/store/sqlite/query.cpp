// SQLite has no statistics here and would take any index for selective. So each query has one
// leading condition, the most selective of those given; a unary plus keeps the other columns from
// offering their indexes, and CROSS JOIN fixes the order of the tables. A partial index is used
// only where the text of the query repeats its condition.
//
// Nothing of a filter ever becomes SQL text, but for a state, which is one of five known words.
#include "core/store/sqlite/query.hpp"

#include <optional>
#include <string_view>
#include <utility>

#include "core/store/sqlite/rows.hpp"

namespace syncline::store {
namespace {

class Builder {
public:
    explicit Builder(std::string select) { query_.sql = std::move(select); }

    /// A condition that holds a "?" for each of `values`.
    template <class... Values>
    void where(std::string_view condition, const Values&... values) {
        query_.sql += first_ ? " WHERE " : " AND ";
        query_.sql += condition;
        first_ = false;
        (query_.parameters.emplace_back(values), ...);
    }

    /// column=value, unless the value is empty; leads when nothing before it did.
    void equals(std::string_view column, const std::string& value) {
        if (value.empty()) return;
        std::string condition(led_ ? "+" : "");
        condition.append(column).append("=?");
        where(condition, value);
        led_ = true;
    }

    /// From now on no condition may lead.
    void follow() { led_ = true; }
    bool led() const { return led_; }

    Query finish(std::string_view order, std::size_t limit) {
        query_.sql += " ORDER BY " + std::string(order) + " DESC LIMIT ?";
        query_.parameters.emplace_back(static_cast<std::int64_t>(limit));
        return std::move(query_);
    }

private:
    Query query_;
    bool first_ = true;
    bool led_ = false;
};

std::int64_t as_integer(std::uint64_t value) {
    return static_cast<std::int64_t>(value);
}

/// The five words, and for events "unmatched".
Result<std::optional<DeliveryState>> state_of(const Filter& filter, bool of_events) {
    if (filter.state.empty() || (of_events && filter.state == "unmatched"))
        return std::optional<DeliveryState>();
    auto state = delivery_state_from(filter.state);
    if (state) return state;
    return Error(ErrorCode::invalid_argument,
                 "unknown state \"" + filter.state +
                     "\"; expected pending, delivered, skipped, dead" +
                     (of_events ? ", cancelled or unmatched" : " or cancelled"));
}

std::string state_is(const std::string& column, DeliveryState state) {
    std::string condition = column + "='" + std::string(delivery_state_name(state)) + "'";
    if (state == DeliveryState::delivered) return condition;
    return column + "<>'delivered' AND " + condition;
}

/// Events by what became of their deliveries. Dead and cancelled ones are few: they are collected;
/// of the other states each event's deliveries are looked at.
void where_deliveries(Builder& builder, const Filter& filter, std::optional<DeliveryState> state) {
    if (!state && filter.rule.empty() && filter.destination.empty() && filter.id == 0) return;
    bool collect = filter.id != 0 ||
                   (state && (*state == DeliveryState::dead || *state == DeliveryState::cancelled));
    std::string sql = collect ? "e.seq IN (SELECT s.event_seq FROM deliveries s WHERE "
                              : "EXISTS (SELECT 1 FROM deliveries s WHERE s.event_seq=e.seq AND ";
    if (state) sql += state_is(collect ? "s.state" : "+s.state", *state) + " AND ";
    sql += "(?='' OR +s.rule=?) AND (?='' OR +s.destination=?) AND (?=0 OR s.id=?))";
    builder.where(sql, filter.rule, filter.rule, filter.destination, filter.destination,
                  as_integer(filter.id), as_integer(filter.id));
}

/// How a query over deliveries starts.
enum class Lead { by_event, by_id, by_window, by_state, by_column };

Lead lead_of(const Filter& filter, std::optional<DeliveryState> state) {
    if (filter.id != 0) return Lead::by_id;
    if (!filter.event_id.empty() || !filter.subject.empty()) return Lead::by_event;
    if (state == DeliveryState::pending && !filter.destination.empty()) return Lead::by_window;
    if (state && *state != DeliveryState::delivered) return Lead::by_state;
    return Lead::by_column;
}

std::string_view tables_of(Lead lead) {
    switch (lead) {
        case Lead::by_event: return "events e CROSS JOIN deliveries d ON d.event_seq=e.seq";
        case Lead::by_window:
            return "deliveries d INDEXED BY deliveries_pending CROSS JOIN events e"
                   " ON e.seq=d.event_seq";
        default: return "deliveries d CROSS JOIN events e ON e.seq=d.event_seq";
    }
}

void lead_by(Builder& builder, Lead lead, const Filter& filter,
             std::optional<DeliveryState> state) {
    if (lead == Lead::by_id) builder.where("d.id=?", as_integer(filter.id));
    if (lead == Lead::by_event && !filter.subject.empty()) builder.where("e.subject<>''");
    if (lead == Lead::by_window) {
        builder.where("d.state='pending'");
        builder.equals("d.destination", filter.destination);
    } else if (lead == Lead::by_state) {
        builder.where(state_is("d.state", *state));
    } else if (state) {
        builder.where(state_is("+d.state", *state));
    }
    if (lead == Lead::by_id || lead == Lead::by_state) builder.follow();
}

}  // namespace

void Query::bind_to(Stmt& statement) const {
    statement.reset();
    int at = 0;
    for (const auto& parameter : parameters) {
        ++at;
        std::visit([&](const auto& value) { statement.bind_at(at, value); }, parameter);
    }
}

Result<Query> events_query(const Filter& filter) {
    auto state = state_of(filter, true);
    if (!state) return state.error();
    Builder builder("SELECT " + std::string(event_columns) + " FROM events e");
    builder.equals("e.id", filter.event_id);
    if (!filter.subject.empty()) builder.where("e.subject<>''");
    builder.equals("e.subject", filter.subject);
    if (filter.state == "unmatched") {
        builder.where(builder.led() ? "+e.unmatched=1" : "e.unmatched=1");
        builder.follow();
    }
    builder.equals("e.type", filter.type);
    builder.follow();
    builder.equals("e.source", filter.source);
    if (filter.since_ms != 0)
        builder.where("+e.received_ms>=? AND"
                      " e.seq>=(SELECT min(+seq) FROM events INDEXED BY events_by_time"
                      " WHERE received_ms>=?)",
                      filter.since_ms, filter.since_ms);
    if (filter.until_ms != 0) builder.where("+e.received_ms<?", filter.until_ms);
    if (filter.before != 0) builder.where("e.seq<?", as_integer(filter.before));
    where_deliveries(builder, filter, *state);
    return builder.finish("e.seq", filter.limit);
}

Result<Query> deliveries_query(const Filter& filter) {
    auto state = state_of(filter, false);
    if (!state) return state.error();
    Lead lead = lead_of(filter, *state);
    std::string select = "SELECT " + std::string(delivery_columns) +
                         ", e.id, e.type, e.source, e.subject, e.payload_state FROM ";
    Builder builder(select.append(tables_of(lead)));
    lead_by(builder, lead, filter, *state);
    builder.equals("e.id", filter.event_id);
    builder.equals("e.subject", filter.subject);
    builder.equals("d.rule", filter.rule);
    if (lead != Lead::by_window) builder.equals("d.destination", filter.destination);
    builder.follow();
    builder.equals("e.type", filter.type);
    builder.equals("e.source", filter.source);
    if (filter.since_ms != 0)
        builder.where("+d.created_ms>=? AND"
                      " d.id>=(SELECT min(+id) FROM deliveries INDEXED BY deliveries_by_time"
                      " WHERE created_ms>=?)",
                      filter.since_ms, filter.since_ms);
    if (filter.until_ms != 0) builder.where("+d.created_ms<?", filter.until_ms);
    if (filter.before != 0) builder.where("d.id<?", as_integer(filter.before));
    return builder.finish("d.id", filter.limit);
}

}  // namespace syncline::store
