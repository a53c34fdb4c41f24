// The model's other half: promises to senders, and what attempts may do when.
#include <algorithm>

#include "tests/simulation/model.hpp"

namespace syncline::simulation {
namespace {

// Independent of core/delivery on purpose: lower bounds of what the design promises.
constexpr std::uint32_t failures_to_rest = 5;
constexpr std::int64_t rest_ms = 5'000;
constexpr std::int64_t hold_ms = 60'000;
constexpr std::int64_t skew_ms_to_bear = 300'000 - 60'000;   // a minute for the network

bool is_write(const HttpRequest& request) {
    return request.method != "GET";
}

/// An answer after which the write certainly had no effect.
bool denies_effect(const host::HttpResult& result) {
    if (!result.error.empty()) return !result.sent;
    unsigned status = result.response.status;
    return status >= 300 && status != 502 && status != 504;
}

bool is_fault(const host::HttpResult& result) {
    return !result.error.empty() || result.response.status >= 500 || result.response.status == 429;
}

/// What the sink meant by its Retry-After, as it says in a header of its own.
std::int64_t asked_ms(const std::optional<host::HttpResult>& last) {
    if (!last || !last->error.empty()) return 0;
    const std::string* asked = last->response.headers.find("X-Asked-Ms");
    return asked ? std::min<std::int64_t>(std::stoll(*asked), limits::retry_after_ms_max) : 0;
}

bool is_refusal(const host::HttpResult& result) {
    unsigned status = result.response.status;
    bool special = status == 401 || status == 403 || status == 408 || status == 410 ||
                   status == 425 || status == 429;
    return result.error.empty() && status >= 300 && status < 500 && !special;
}

}  // namespace

void Model::answered(const std::vector<SentEvent>& events, unsigned status) {
    for (const auto& event : events) {
        bool genuine = sent_.contains(key_of(event.source, event.key));
        bool kept = state_.ids_by_key.contains(key_of(event.source, event.key));
        bool untimely = event.source == "web" && world_.greatest_skew_ms() > skew_ms_to_bear;
        if (status < 300 && !kept) violated("2xx for " + event.key + ", which is not durable");
        if (!genuine && status != 401)
            violated("a forged request is answered " + std::to_string(status));
        if (genuine && status != 200 && status != 503 && !(status == 401 && untimely))
            violated("a good request is answered " + std::to_string(status));
    }
}

/// A fetch or derivation knows its event only: then the one of its deliveries that waits.
Fact* Model::fact_of(const HttpRequest& request) {
    if (auto id = delivery_of(request)) return find(id);
    const std::string* event = request.headers.find("X-Event");
    if (!event) return nullptr;
    bool derives = request.target.find("/derive/") != std::string::npos;
    Fact* cancelled = nullptr;
    for (auto& [name, fact] : state_.facts) {
        const Rule* rule = scenario_.rule(fact.rule);
        bool right = derives ? fact.rule.empty() : rule && rule->fetches;
        if (!right || fact.event_id != *event) continue;
        if (fact.state == DeliveryState::pending) return &fact;
        if (fact.state == DeliveryState::cancelled) cancelled = &fact;
    }
    return cancelled;   // meanwhile
}

// --- Attempts ------------------------------------------------------------------------------------

void Model::sends(const HttpRequest& request, Moment started) {
    Fact* fact = fact_of(request);
    if (!fact) return violated("a request for an unknown delivery");
    std::string text = "delivery " + std::to_string(fact->id);
    bool on_its_way = fact->state == DeliveryState::cancelled &&
                      (fact->running() || !fact->cancel_known ||
                       started.order < fact->cancel_known->order);
    if (fact->state != DeliveryState::pending && !on_its_way)
        violated(text + " is sent though it is " + std::string(delivery_state_name(fact->state)));
    if (fact->settling) violated(text + " is sent before its outcome is durable");
    if (fact->in_flight) violated(text + " is sent twice at once");
    if (is_write(request) && fact->written) violated(text + " is written twice in one attempt");
    if (!fact->asked) {
        if (!fact->started) fact->started = started;
        check_start(*fact, *fact->started);
    }
    const std::string* uncertain = request.headers.find("X-Uncertain");
    if (fact->action == "append" && fact->doubt && uncertain && *uncertain != "yes")
        violated(text + " may have had its effect, and its next attempt is not told");
    fact->in_flight = fact->asked = true;
    if (!is_write(request)) return;
    fact->written = true;
    fact->doubt_before = fact->doubt;
    fact->doubt = true;
}

void Model::hears(const HttpRequest& request, const host::HttpResult& result) {
    Fact* fact = fact_of(request);
    if (!fact) return;
    fact->in_flight = false;
    fact->last = result;
    if (is_write(request) && denies_effect(result)) fact->doubt = fact->doubt_before;
}

void Model::check_start(Fact& fact, Moment started) {
    if (started.ms < fact.due_ms)
        violated("delivery " + std::to_string(fact.id) + " starts " +
                 std::to_string(fact.due_ms - started.ms) + "ms too early");
    check_lane(fact);
    check_destination(fact, started);
}

void Model::check_lane(const Fact& fact) {
    if (fact.lane.empty()) return;
    std::string text = "delivery " + std::to_string(fact.id);
    const Fact* holder = nullptr;      // a dead letter that nobody has repeated
    std::set<std::uint64_t> repeated;
    for (const auto& [name, other] : state_.facts)
        if (other.parent != 0 && other.state != DeliveryState::pending)
            repeated.insert(other.parent);
    for (const auto& [name, other] : state_.facts) {
        if (other.destination != fact.destination || other.lane != fact.lane) continue;
        if (other.id == fact.id) continue;
        if (other.running())
            violated(text + " and delivery " + std::to_string(other.id) + " run at once in a lane");
        const Rule* rule = scenario_.rule(other.rule);
        bool holds = rule && rule->sends[other.send].hold_when_dead;
        if (other.state == DeliveryState::dead && holds && !repeated.contains(other.id))
            holder = &other;
        // Its end goes to the disk before that of whatever follows it.
        bool waits = other.state == DeliveryState::pending && !other.superseded;
        if (waits && other.id < fact.id && fact.parent == 0)
            violated(text + " overtakes delivery " + std::to_string(other.id) + " in its lane");
    }
    if (holder && fact.parent != holder->id)
        violated(text + " passes the dead letter " + std::to_string(holder->id) +
                 " that holds its lane");
}

/// Attempts under way that began since the destination is to be left alone.
std::size_t Model::probes_at(const std::string& destination) const {
    auto mood = moods_.find(destination);
    if (mood == moods_.end() || !mood->second.quiet_since) return 0;
    std::uint64_t since = mood->second.quiet_since->order;
    auto probes = std::count_if(state_.facts.begin(), state_.facts.end(), [&](const auto& one) {
        const Fact& other = one.second;
        return other.destination == destination && other.running() && !other.settling &&
               other.started->order > since;
    });
    return static_cast<std::size_t>(probes);
}

void Model::check_destination(const Fact& fact, Moment started) {
    const Destination& destination = scenario_.destination(fact.destination);
    Mood& mood = moods_[fact.destination];
    auto running = std::count_if(state_.facts.begin(), state_.facts.end(), [&](const auto& one) {
        const Fact& other = one.second;
        return other.destination == fact.destination && other.running() && !other.settling;
    });
    std::string text = fact.destination + " for delivery " + std::to_string(fact.id);
    if (static_cast<std::size_t>(running) > destination.concurrency)
        violated(std::to_string(running) + " at once at " + text);
    if (mood.quiet_since && started.order > mood.quiet_since->order &&
        (started.ms < mood.quiet_until_ms || probes_at(fact.destination) > 1))
        violated("more than a probe at " + text + ", which is to be left alone");
    if (mood.held_since && started.order > mood.held_since->order)
        violated("sent while a person holds " + text);
    if (mood.paused_since && started.order > mood.paused_since->order &&
        started.ms < mood.paused_until_ms)
        violated("sent before the Retry-After of " + text + " is over");
    if (destination.rate_count > 0) check_rate(destination, mood, started);
}

void Model::check_rate(const Destination& destination, Mood& mood, Moment started) {
    mood.starts_ms.push_back(started.ms);
    // Known when they are sent, which is not always in the order of their starts.
    for (auto end : mood.starts_ms) {
        auto within = std::count_if(mood.starts_ms.begin(), mood.starts_ms.end(), [&](auto ms) {
            return ms > end - destination.rate_per_ms && ms <= end;
        });
        // What was saved up, and what came meanwhile.
        if (static_cast<std::size_t>(within) > 2 * destination.rate_count)
            return violated(std::to_string(within) + " starts within the rate's period at " +
                            destination.name);
    }
}

// --- Outcomes ------------------------------------------------------------------------------------

void Model::hands_over(const store::Write& write, Moment now) {
    if (const auto* mark = std::get_if<store::MarkStarted>(&write)) {
        if (Fact* fact = find(mark->delivery_id)) fact->started = now;
        return;
    }
    const auto* settlement = std::get_if<store::Settlement>(&write);
    if (!settlement) return;
    Fact* fact = find(settlement->delivery_id);
    if (!fact) return violated("an unknown delivery has an outcome");
    if (fact->settling)
        violated("delivery " + std::to_string(fact->id) + " has two outcomes at once");
    if (settlement->attempt) {
        check_ended(*fact, *settlement);
        std::int64_t wait = least_wait_ms(*fact, *settlement);
        ended(*fact, settlement->attempt->outcome, now);
        fact->due_ms = now.ms + wait;
    }
    fact->settling = true;
    fact->superseded = !settlement->attempt;
    fact->started.reset();
    fact->in_flight = fact->asked = fact->written = false;
    fact->last.reset();
    world_.history.note("hub: delivery " + std::to_string(fact->id) + " " +
                        std::string(delivery_state_name(settlement->state)) + " after " +
                        std::to_string(settlement->attempts) + ": " + settlement->note);
}

/// At least how long after this outcome no other attempt may start.
std::int64_t Model::least_wait_ms(const Fact& fact, const store::Settlement& settlement) const {
    OutcomeKind kind = settlement.attempt->outcome;
    bool counted = settlement.attempts > fact.attempts;
    if (kind == OutcomeKind::hold && !counted) return hold_ms;
    if (settlement.state != DeliveryState::pending) return 0;
    const Destination& destination = scenario_.destination(fact.destination);
    std::int64_t wait = 0;
    if (fact.attempts < destination.schedule_ms.size()) {
        std::int64_t base = destination.schedule_ms[fact.attempts];
        wait = base - base * destination.jitter_percent / 100;
    }
    return std::max(wait, asked_ms(fact.last));
}

void Model::check_ended(const Fact& fact, const store::Settlement& settlement) {
    OutcomeKind kind = settlement.attempt->outcome;
    std::string text = "delivery " + std::to_string(fact.id);
    // One that is put off again after others got through pays for it.
    bool alone = kind == OutcomeKind::hold && fact.put_off &&
                 *fact.put_off < moods_[fact.destination].successes;
    std::uint32_t counted = kind == OutcomeKind::hold ? 0 : 1;
    bool right = settlement.attempts == fact.attempts + counted ||
                 (alone && settlement.attempts == fact.attempts + 1);
    if (!right) violated(text + " miscounts its attempts");
    bool used_up = settlement.attempts >
                   scenario_.destination(fact.destination).schedule_ms.size();
    if (settlement.state == DeliveryState::dead && kind != OutcomeKind::reject && !used_up)
        violated(text + " is given up too soon");
    if (settlement.state == DeliveryState::pending && used_up)
        violated(text + " is tried beyond its schedule");
    bool answered_well = fact.last && fact.last->error.empty() && fact.last->response.status < 300;
    if (kind == OutcomeKind::delivered && !answered_well)
        violated(text + " is delivered without a good answer");
    if (kind == OutcomeKind::reject && !(fact.last && is_refusal(*fact.last)))
        violated(text + " is rejected without a refusal");
    if (settlement.state == DeliveryState::pending &&
        settlement.not_before_ms < world_.clock.wall_ms() + least_wait_ms(fact, settlement))
        violated(text + " may be tried again too early");
}

void Model::ended(Fact& fact, OutcomeKind kind, Moment now) {
    Mood& mood = moods_[fact.destination];
    const Rule* rule = scenario_.rule(fact.rule);
    bool uncalled = !fact.last || (rule && rule->fetches && !fact.written);
    if (uncalled) return;   // says nothing of the destination
    bool fault = is_fault(*fact.last);
    bool probe = mood.quiet_since && fact.started && fact.started->order > mood.quiet_since->order;
    auto rest = [&](std::int64_t ms) {
        mood.quiet_since = now;
        mood.quiet_until_ms = now.ms + ms;
    };
    if (kind == OutcomeKind::hold) {
        bool alone = fact.put_off && *fact.put_off < mood.successes;
        fact.put_off = mood.successes;
        if (!alone) return rest(hold_ms);
        fault = true;
    }
    std::int64_t asked = asked_ms(fact.last);
    if (kind != OutcomeKind::delivered && fault && asked == 0) {
        // The hub takes an older attempt that fails during a probe for the probe, rests anew, and
        // probes again though the first one may still be out.
        bool again = probe || probes_at(fact.destination) > 0;
        if (++mood.failures >= failures_to_rest && (!mood.quiet_since || again)) rest(rest_ms);
        return;
    }
    if (kind == OutcomeKind::retry && fault) {
        mood.paused_since = now;
        mood.paused_until_ms = std::max(mood.paused_until_ms, now.ms + asked);
    }
    mood.failures = 0;
    ++mood.successes;
    mood.quiet_since.reset();
    // What it put off is wanted again, but for one that was put off again after others got through.
    for (auto& [name, other] : state_.facts)
        if (other.destination == fact.destination && other.put_off)
            other.due_ms = std::min(other.due_ms, now.ms);
}

// --- The operator --------------------------------------------------------------------------------

void Model::cancels_known(const std::vector<std::uint64_t>& ids) {
    for (auto id : ids)
        if (Fact* fact = find(id); fact && fact->state == DeliveryState::cancelled)
            fact->cancel_known = world_.moment();
}

void Model::holds(const std::string& destination, Moment now) {
    moods_[destination].held_since = now;
}

void Model::releases(const std::string& destination) {
    moods_[destination].held_since.reset();
    moods_[destination].quiet_since.reset();
    for (auto& [name, fact] : state_.facts)
        if (fact.destination == destination && fact.put_off) fact.due_ms = world_.now();
}

std::vector<std::uint64_t> Model::waiting() const {
    std::vector<std::uint64_t> ids;
    for (const auto& [name, fact] : state_.facts)
        if (fact.state == DeliveryState::pending) ids.push_back(fact.id);
    std::sort(ids.begin(), ids.end());
    return ids;
}

// --- Counts --------------------------------------------------------------------------------------

std::vector<std::uint64_t> Model::letters_that_hold() const {
    std::set<std::uint64_t> repeated;
    for (const auto& [name, fact] : state_.facts)
        if (fact.parent != 0) repeated.insert(fact.parent);
    std::vector<std::uint64_t> ids;
    for (const auto& [name, fact] : state_.facts) {
        const Rule* rule = scenario_.rule(fact.rule);
        bool holds = rule && rule->sends[fact.send].hold_when_dead && !fact.lane.empty();
        if (fact.state == DeliveryState::dead && holds && !repeated.contains(fact.id))
            ids.push_back(fact.id);
    }
    std::sort(ids.begin(), ids.end());
    return ids;
}

std::size_t Model::pending() const {
    return static_cast<std::size_t>(
        std::count_if(state_.facts.begin(), state_.facts.end(), [](const auto& one) {
            return one.second.state == DeliveryState::pending;
        }));
}

std::string Model::text() const {
    std::map<std::string, std::size_t> counts;
    for (const auto& [name, fact] : state_.facts)
        ++counts[std::string(delivery_state_name(fact.state))];
    std::string text = std::to_string(state_.events.size()) + " events";
    for (const auto& [state, count] : counts) text += ", " + std::to_string(count) + " " + state;
    return text;
}

}  // namespace syncline::simulation
