// The model's durable half: what commits mean, and whether the store says the same.
#include <algorithm>

#include "core/base/text.hpp"
#include "tests/simulation/model.hpp"

namespace syncline::simulation {
namespace {

constexpr std::size_t everything = 1'000'000;
constexpr std::string_view emitted_prefix = "emitted:done:";
constexpr std::string_view superseded_prefix = "superseded by delivery ";

std::string line_of(const std::string& name, const Fact& fact) {
    return name + " to " + fact.destination + " in [" + fact.lane + "] " +
           std::string(delivery_state_name(fact.state)) + " after " + std::to_string(fact.attempts) +
           (fact.state == DeliveryState::pending
                ? " not before " + std::to_string(fact.not_before_ms) +
                      (fact.uncertain ? " uncertain" : "")
                : std::string());
}

std::string line_of(const std::string& id, const SentEvent& event) {
    return "event " + id + " " + event.source + " " + event.type + " " + event.subject + " " +
           event.payload();
}

Fact read_fact(const Delivery& delivery, const std::string& event_id) {
    Fact fact;
    fact.id = delivery.id;
    fact.event_id = event_id;
    fact.rule = delivery.rule;
    fact.send = delivery.send;
    fact.destination = delivery.destination;
    fact.action = delivery.action;
    fact.lane = delivery.lane;
    fact.parent = delivery.parent;
    fact.state = delivery.state;
    fact.attempts = delivery.attempts;
    fact.not_before_ms = delivery.not_before_ms;
    fact.uncertain = delivery.uncertain;
    return fact;
}

std::string first_difference(const std::vector<std::string>& expected,
                             const std::vector<std::string>& actual) {
    std::vector<std::string> missing, surplus;
    std::set_difference(expected.begin(), expected.end(), actual.begin(), actual.end(),
                        std::back_inserter(missing));
    std::set_difference(actual.begin(), actual.end(), expected.begin(), expected.end(),
                        std::back_inserter(surplus));
    std::string text = std::to_string(missing.size()) + " missing, " +
                       std::to_string(surplus.size()) + " unexpected";
    if (!missing.empty()) text += "; expected: " + missing.front();
    if (!surplus.empty()) text += "; found: " + surplus.front();
    return text;
}

}  // namespace

std::string Fact::name() const {
    return event_id + "/" + (rule.empty() ? "derive" : rule) + "/" + std::to_string(send) +
           (parent == 0 ? "" : "/repeats " + std::to_string(parent));
}

Fact* Model::find(std::uint64_t id) {
    auto name = names_.find(id);
    if (name == names_.end()) return nullptr;
    auto fact = state_.facts.find(name->second);
    return fact == state_.facts.end() ? nullptr : &fact->second;
}

// --- Commits -------------------------------------------------------------------------------------

void Model::committing(const std::vector<store::Write*>& writes) {
    doubtful_.clear();
    for (const auto* write : writes) doubtful_.push_back(*write);
}

void Model::committed(const std::vector<store::Write*>& writes,
                      const std::vector<store::WriteResult>& results) {
    doubtful_.clear();
    std::string what;
    for (std::size_t i = 0; i < writes.size(); ++i) {
        std::size_t repeats = apply(state_, *writes[i]);
        if (results[i].duplicates != repeats)
            violated("the store counts " + std::to_string(results[i].duplicates) +
                     " repeats in a write that has " + std::to_string(repeats));
        if (const auto* replay = std::get_if<store::Replay>(writes[i]))
            for (const auto& stored : results[i].stored)
                for (const auto& made : stored.deliveries)
                    if (auto* parent = find(made.parent); parent && !replay->delivery_ids.empty()) {
                        Fact fact = read_fact(made, parent->event_id);
                        names_[made.id] = fact.name();
                        state_.facts[fact.name()].id = made.id;
                    }
    }
    world_.history.note("store: committed " + std::to_string(writes.size()) + " writes, " +
                        std::to_string(state_.events.size()) + " events and " +
                        std::to_string(state_.facts.size()) + " deliveries so far");
}

void Model::refused(bool in_doubt) {
    if (!in_doubt) doubtful_.clear();
    world_.history.note(std::string("store: refused a batch") + (in_doubt ? ", in doubt" : ""));
}

/// Gives the number of repeats.
std::size_t Model::apply(State& state, const store::Write& write) {
    std::size_t repeats = 0;
    if (const auto* request = std::get_if<store::AcceptRequest>(&write)) {
        for (const auto& one : request->accepts) repeats += accept(state, one) ? 0 : 1;
    } else if (const auto* mark = std::get_if<store::MarkStarted>(&write)) {
        for (auto& [name, fact] : state.facts)
            if (fact.id == mark->delivery_id && fact.state == DeliveryState::pending)
                fact.uncertain = true;
    } else if (const auto* settlement = std::get_if<store::Settlement>(&write)) {
        Fact* fact = find(settlement->delivery_id);
        auto known = fact ? state.facts[fact->name()].state : DeliveryState::dead;
        bool cancelled = known == DeliveryState::cancelled && settlement->attempt;
        if (known == DeliveryState::pending || cancelled) {
            if (!cancelled) check_told(state, *fact, *settlement);
            for (const auto& one : settlement->emitted) repeats += accept(state, one) ? 0 : 1;
        }
        settle(state, *settlement);
    } else if (const auto* again = std::get_if<store::Replay>(&write)) {
        for (auto id : again->delivery_ids) replay(state, id);
    } else {
        order(state, write);
    }
    return repeats;
}

/// Cancel, retry now, hold, release.
void Model::order(State& state, const store::Write& write) {
    if (const auto* change = std::get_if<store::HoldChange>(&write)) {
        if (change->held) state.held.insert(change->destination);
        else state.held.erase(change->destination);
    }
    for (auto& [name, fact] : state.facts) {
        auto has = [&, id = fact.id](const std::vector<std::uint64_t>& ids) {
            return std::find(ids.begin(), ids.end(), id) != ids.end();
        };
        bool pending = fact.state == DeliveryState::pending;
        const auto* cancel = std::get_if<store::Cancel>(&write);
        if (cancel && (pending || fact.state == DeliveryState::dead) && has(cancel->delivery_ids)) {
            fact.state = DeliveryState::cancelled;
            fact.cancel_known.reset();
        }
        const auto* hurry = std::get_if<store::RetryNow>(&write);
        if (!hurry || !pending || !has(hurry->delivery_ids)) continue;
        fact.not_before_ms = 0;
        fact.due_ms = world_.now();
        moods_[fact.destination].quiet_until_ms = 0;   // one may probe
    }
}

std::optional<SentEvent> Model::meant_by(const std::string& source,
                                         const std::string& dedupe_key) const {
    bool emitted = dedupe_key.starts_with(emitted_prefix);
    auto key = emitted ? dedupe_key.substr(emitted_prefix.size()) : dedupe_key;
    auto found = sent_.find(key_of(source, key));
    if (found == sent_.end()) return std::nullopt;
    SentEvent meant = found->second;
    if (emitted) meant.body = meant.payload(), meant.type = "thing.done";
    return meant;
}

/// An event of the hub's own means what it says.
std::optional<SentEvent> Model::told_by(const Event& event) {
    SentEvent told;
    told.source = event.source;
    told.type = event.type;
    told.subject = event.subject;
    told.body = event.payload;
    return told;
}

/// A dead letter is told in the commit that makes it one, and nothing is told of what is told.
void Model::check_told(const State& state, const Fact& fact, const store::Settlement& settlement) {
    auto event = state.events.find(fact.event_id);
    bool own = event != state.events.end() && event->second.source == hub_source_name;
    bool dies = settlement.state == DeliveryState::dead;
    std::size_t told = 0, letters = 0;
    for (const auto& one : settlement.emitted) {
        told += one.event->source == hub_source_name;
        letters += one.event->type == "syncline.delivery.dead";
    }
    std::string text = "delivery " + std::to_string(fact.id);
    if (letters != (dies && !own ? 1u : 0u))
        violated(text + " tells of " + std::to_string(letters) + " dead letters");
    if (own && told > 0) violated(text + " is of an event of the hub's own and tells of another");
}

/// False for a repeat.
bool Model::accept(State& state, const store::Accept& accept) {
    bool own = accept.event->source == hub_source_name;   // without a key: never a repeat
    std::string key = key_of(accept.event->source, own ? accept.event->id : accept.dedupe_key);
    if (state.ids_by_key.contains(key)) return false;
    auto meant = own ? told_by(*accept.event) : meant_by(accept.event->source, accept.dedupe_key);
    if (!meant || meant->type != accept.event->type || meant->subject != accept.event->subject) {
        violated("an event was kept that nobody meant: " + accept.dedupe_key);
        return true;
    }
    auto routes = route(*meant);
    bool same = routes.size() == accept.deliveries.size();
    for (std::size_t i = 0; same && i < routes.size(); ++i) {
        Fact made = read_fact(accept.deliveries[i], accept.event->id);
        routes[i].event_id = accept.event->id;
        routes[i].id = made.id;
        same = made.name() == routes[i].name() && made.destination == routes[i].destination &&
               made.action == routes[i].action && made.lane == routes[i].lane;
    }
    if (!same) violated("event " + accept.dedupe_key + " is not routed as the rules say");
    state.ids_by_key[key] = accept.event->id;
    state.events[accept.event->id] = *meant;
    for (auto& fact : routes) {
        if (fact.id != 0) names_[fact.id] = fact.name();
        fact.due_ms = world_.now();
        state.facts[fact.name()] = fact;
    }
    return true;
}

std::vector<Fact> Model::route(const SentEvent& event) const {
    std::vector<Fact> routes;
    if (event.source == "app" && event.type == "thing.changed" && scenario_.derives_done()) {
        Fact look;
        look.destination = event.source;
        look.action = "derive";
        look.lane = event.subject;
        routes.push_back(look);
    }
    for (const auto& rule : scenario_.rules) {
        if (std::find(rule.on.begin(), rule.on.end(), event.type) == rule.on.end()) continue;
        for (std::uint32_t i = 0; i < rule.sends.size(); ++i) {
            Fact fact;
            fact.rule = rule.name;
            fact.send = i;
            fact.destination = rule.sends[i].to;
            fact.action = rule.sends[i].action;
            fact.lane = Scenario::lane(rule, event);
            routes.push_back(fact);
        }
    }
    return routes;
}

void Model::replay(State& state, std::uint64_t id) {
    Fact* old = find(id);
    if (!old) return violated("a replay of an unknown delivery");
    Fact made;
    made.event_id = old->event_id;
    made.rule = old->rule;
    made.send = old->send;
    made.destination = old->destination;
    made.action = old->action;
    made.lane = old->lane;
    made.parent = id;
    made.due_ms = world_.now();
    state.facts[made.name()] = made;
}

void Model::settle(State& state, const store::Settlement& settlement) {
    Fact* known = find(settlement.delivery_id);
    if (!known) return violated("an unknown delivery is settled");
    Fact& fact = state.facts[known->name()];
    fact.settling = false;
    // One that was cancelled meanwhile stays so, unless it is delivered.
    bool cancelled = fact.state == DeliveryState::cancelled && settlement.attempt;
    if (fact.state != DeliveryState::pending && !cancelled) return;
    if (!cancelled) check_settled(fact, settlement);
    fact.attempts = settlement.attempts;
    if (!cancelled || settlement.state == DeliveryState::delivered) fact.state = settlement.state;
    fact.not_before_ms = settlement.not_before_ms;
    fact.uncertain = settlement.uncertain;
    for (const auto& link : settlement.links)
        state.links[link.destination + "\n" + link.kind + "\n" + link.source_id] = link.id;
}

/// A delivery ends for a reason that the model has seen.
void Model::check_settled(const Fact& fact, const store::Settlement& settlement) {
    std::string id = "delivery " + std::to_string(fact.id);
    bool linked = fact.rule.empty() || fact.action == "forward" || !settlement.links.empty();
    if (settlement.state == DeliveryState::delivered) {
        bool write = !fact.rule.empty();
        if (write && !sinks_.has_effect(fact.id))
            violated(id + " is delivered, and its destination knows nothing of it");
        if (!linked) violated(id + " is delivered, and its link is not in the same commit");
    }
    if (settlement.state != DeliveryState::skipped) return;
    if (!settlement.note.starts_with(superseded_prefix))
        return violated(id + " is skipped: " + settlement.note);
    auto newer = parse_decimal(settlement.note.substr(superseded_prefix.size()));
    const Fact* other = newer ? find(*newer) : nullptr;
    bool right = other && other->id > fact.id && other->rule == fact.rule &&
                 other->send == fact.send && other->lane == fact.lane && fact.action == "state";
    if (!right) violated(id + " is skipped for no good reason: " + settlement.note);
}

// --- Comparison ----------------------------------------------------------------------------------

std::vector<std::string> Model::lines(const State& state) {
    std::vector<std::string> lines;
    for (const auto& [id, event] : state.events) lines.push_back(line_of(id, event));
    for (const auto& [name, fact] : state.facts) lines.push_back(line_of(name, fact));
    std::sort(lines.begin(), lines.end());
    return lines;
}

std::vector<std::string> Model::lines_of(store::Reader& reader, std::map<std::string, Fact>& rows) {
    std::vector<std::string> lines;
    store::Filter all;
    all.limit = everything;
    auto events = reader.events(all);
    auto deliveries = reader.deliveries(all);
    if (!events || !deliveries) {
        violated("the store cannot be read: " +
                 (events ? deliveries.error() : events.error()).text());
        return lines;
    }
    for (const auto& row : *events)
        lines.push_back("event " + row.event.id + " " + row.event.source + " " + row.event.type +
                        " " + row.event.subject + " " + row.event.payload);
    for (const auto& row : *deliveries) {
        Fact fact = read_fact(row.delivery, row.event_id);
        if (rows.contains(fact.name())) violated("two deliveries are the same: " + fact.name());
        lines.push_back(line_of(fact.name(), fact));
        rows.emplace(fact.name(), std::move(fact));
    }
    std::sort(lines.begin(), lines.end());
    return lines;
}

void Model::compare(store::Reader& reader) {
    std::map<std::string, Fact> rows;
    auto actual = lines_of(reader, rows);
    auto expected = lines(state_);
    if (actual != expected && !doubtful_.empty()) {
        State whole = state_;
        for (const auto& write : doubtful_) apply(whole, write);
        if (lines(whole) == actual) {
            world_.history.note("store: the batch in doubt is there");
            expected = actual;
            state_ = std::move(whole);
        }
    }
    doubtful_.clear();
    if (actual != expected)
        return violated("the store is not as it was promised: " +
                        first_difference(expected, actual));
    for (auto& [name, fact] : state_.facts) {
        fact.id = rows[name].id;
        names_[fact.id] = name;
    }
    check_links(reader);
}

void Model::check_links(store::Reader& reader) {
    for (const auto& [name, id] : state_.links) {
        auto first = name.find('\n');
        auto second = name.find('\n', first + 1);
        auto link = reader.link(name.substr(0, first), name.substr(first + 1, second - first - 1),
                                name.substr(second + 1));
        if (!link || !*link || (*link)->id != id)
            return violated("the link of a delivered delivery is gone: " + id);
    }
}

void Model::begins(store::Reader& reader) {
    compare(reader);
    moods_.clear();
    for (const auto& name : state_.held) holds(name, world_.moment());
    std::int64_t wall = world_.clock.wall_ms();
    for (auto& [name, fact] : state_.facts) {
        fact.started.reset();
        fact.last.reset();
        fact.put_off.reset();
        fact.cancel_known = world_.moment();
        fact.in_flight = fact.asked = fact.written = fact.settling = fact.superseded = false;
        fact.due_ms = world_.now() + std::clamp<std::int64_t>(fact.not_before_ms - wall, 0,
                                                              limits::retry_after_ms_max);
    }
}

}  // namespace syncline::simulation
