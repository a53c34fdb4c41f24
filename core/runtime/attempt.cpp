#include "core/runtime/attempt.hpp"

#include <algorithm>
#include <iterator>

#include "core/base/limits.hpp"

namespace syncline {

namespace {

/// The remembered pairs of one destination, as `link: kind` of its templates asks for them.
class TemplateLinks final : public rules::LinkSource {
public:
    TemplateLinks(host::Driver& driver, const std::string& destination)
        : driver_(driver), destination_(destination) {}

    Found find(std::string_view kind, std::string_view source_id) const override {
        Found found;
        auto link = driver_.link(destination_, std::string(kind), std::string(source_id));
        if (!link) found.error = link.error().text();
        else if (*link && !(*link)->id.empty()) found.id = (*link)->id;
        failed_ |= !link;
        return found;
    }
    /// The store could not be read: a later attempt may fare better.
    bool failed() const { return failed_; }

private:
    host::Driver& driver_;
    const std::string& destination_;
    mutable bool failed_ = false;
};

}  // namespace

struct AttemptRunner::Attempt {
    Delivery delivery;
    EventPtr event;
    const config::RuleConfig* rule = nullptr;   // nullptr: a derivation
    std::size_t fetched = 0;
    Json scope;                                 // the event and what was fetched
    Json input = Json::object();
    Json exchanges = Json::array();
    Done done;
    BatchPtr batch;                             // while it is prepared; then it is in the batch

    void finish(Outcome outcome) { done(std::move(outcome), std::move(exchanges)); }
    void record(const Json& more) {
        for (const auto& exchange : more.items()) exchanges.push_back(exchange);
    }
};

/// Attempts that act together, once each is prepared or has left.
struct AttemptRunner::Batch {
    std::size_t preparing = 0;
    std::vector<AttemptPtr> ready;
};

Result<void> AttemptRunner::open(const host::PluginSet& plugins) {
    auto add = [&](const std::string& name, const std::string& connector, const Json& settings,
                   std::int64_t timeout_ms) -> Result<void> {
        if (targets_.contains(name)) return {};
        const host::Plugin* plugin = plugins.plugin(connector);
        if (!plugin) return Error(ErrorCode::not_found, "no connector \"" + connector + "\"", name);
        auto instance = plugin->create(name, settings);
        if (!instance) return Error(instance.error().code, instance.error().text(), name);
        Target target;
        target.instance = std::move(*instance);
        target.connector = &plugin->descriptor();
        target.timeout_ms = timeout_ms;
        targets_.emplace(name, std::move(target));
        return {};
    };
    for (const auto& destination : config_.destinations) {
        auto added = add(destination.name, destination.connector, destination.settings,
                         destination.timeout_ms);
        if (!added) return added;
    }
    for (const auto& source : config_.sources) {
        auto added = add(source.name, source.connector, source.settings,
                         limits::attempt_timeout_ms_default);
        if (!added) return added;
    }
    for (const auto& rule : config_.rules) rules_.emplace(rule.name, &rule);
    return {};
}

const config::RuleConfig* AttemptRunner::rule_of(const Delivery& delivery) const {
    auto found = rules_.find(delivery.rule);
    return found == rules_.end() ? nullptr : found->second;
}

const ActionDescriptor* AttemptRunner::action_of(const Delivery& delivery) const {
    auto target = targets_.find(delivery.destination);
    if (target == targets_.end()) return nullptr;
    auto action = target->second.connector->actions.find(delivery.action);
    return action == target->second.connector->actions.end() ? nullptr : &action->second;
}

bool AttemptRunner::known(const Delivery& delivery) const {
    if (delivery.kind == DeliveryKind::derive) return targets_.contains(delivery.destination);
    const config::RuleConfig* rule = rule_of(delivery);
    return rule && delivery.send < rule->send.size() && action_of(delivery) &&
           rule->send[delivery.send].to == delivery.destination &&
           rule->send[delivery.send].action == delivery.action;
}

bool AttemptRunner::idempotent(const Delivery& delivery) const {
    if (delivery.kind == DeliveryKind::derive) return true;
    const ActionDescriptor* action = action_of(delivery);
    return action && action->idempotent;
}

bool AttemptRunner::coalesces(const Delivery& delivery) const {
    if (delivery.kind == DeliveryKind::derive) return false;
    const config::RuleConfig* rule = rule_of(delivery);
    const ActionDescriptor* action = action_of(delivery);
    if (!rule || !action || delivery.lane.empty()) return false;
    return rule->coalesce.value_or(action->coalesces);
}

bool AttemptRunner::holds_lane_when_dead(const Delivery& delivery) const {
    const config::RuleConfig* rule = rule_of(delivery);
    return rule && delivery.send < rule->send.size() &&
           rule->send[delivery.send].on_dead == config::OnDead::hold;
}

AttemptRunner::Batching AttemptRunner::batching(const Delivery& delivery) const {
    Batching made;
    const ActionDescriptor* action = action_of(delivery);
    // One that was tried goes alone: it may be what made a batch fail.
    if (delivery.kind == DeliveryKind::derive || !action || action->batch_max < 2) return made;
    if (delivery.attempts > 0 || delivery.uncertain) return made;
    const auto& actions = targets_.find(delivery.destination)->second.connector->actions;
    made.kind = 1 + static_cast<std::uint32_t>(
                        std::distance(actions.begin(), actions.find(delivery.action)));
    made.max = std::min<std::uint32_t>(action->batch_max, limits::batch_deliveries_max);
    return made;
}

host::JobDelivery AttemptRunner::job_delivery(const Attempt& attempt) {
    host::JobDelivery delivery;
    // Unlike a row number alone, unique over databases: receivers dedupe by it.
    delivery.id = attempt.event->id + "-" + std::to_string(attempt.delivery.id);
    delivery.attempt = attempt.delivery.attempts + 1;
    delivery.uncertain = attempt.delivery.uncertain;
    delivery.event = attempt.event;
    return delivery;
}

/// A job without deliveries yet, for the destination of `first`.
host::JobRequest AttemptRunner::job_for(const Attempt& first, const char* kind,
                                        const std::string& name) {
    host::JobRequest request;
    request.kind = kind;
    request.name = name;
    request.destination = first.delivery.destination;
    request.now_ms = clock_.wall_ms();
    request.seed = random_.next_u64();
    return request;
}

void AttemptRunner::run(std::vector<Work> works) {
    auto batch = std::make_shared<Batch>();
    std::vector<AttemptPtr> attempts;
    for (auto& work : works) {
        auto attempt = std::make_shared<Attempt>();
        attempt->delivery = *work.delivery;
        attempt->event = std::move(work.event);
        attempt->done = std::move(work.done);
        attempt->batch = batch;
        attempts.push_back(std::move(attempt));
    }
    batch->preparing = attempts.size();
    for (auto& attempt : attempts) prepare(std::move(attempt));
}

void AttemptRunner::run(const Delivery& delivery, EventPtr event, Done done) {
    Work work;
    work.delivery = &delivery;
    work.event = std::move(event);
    work.done = std::move(done);
    std::vector<Work> works;
    works.push_back(std::move(work));
    run(std::move(works));
}

void AttemptRunner::prepare(AttemptPtr attempt) {
    if (attempt->delivery.kind == DeliveryKind::derive) {
        BatchPtr batch = std::move(attempt->batch);
        batch->ready.push_back(std::move(attempt));
        return prepared(batch);
    }
    attempt->rule = rule_of(attempt->delivery);
    attempt->scope = attempt->event->view();
    fetch_next(std::move(attempt));
}

/// The attempt ends before the others of its batch act.
void AttemptRunner::leave(Attempt& attempt, Outcome outcome) {
    BatchPtr batch = attempt.batch;
    attempt.finish(std::move(outcome));
    prepared(batch);
}

/// As leave(), where the destination was not asked.
void AttemptRunner::leave_uncalled(Attempt& attempt, OutcomeKind kind, std::string note) {
    Outcome outcome(kind, std::move(note));
    outcome.destination_called = false;
    leave(attempt, std::move(outcome));
}

/// Fetches run one after the other: rules have one or two, and a source's limits are tight.
void AttemptRunner::fetch_next(AttemptPtr attempt) {
    if (attempt->fetched == attempt->rule->fetch.size()) return render(std::move(attempt));
    const auto& fetch = attempt->rule->fetch[attempt->fetched];
    const Target& source = targets_.find(fetch.source)->second;
    auto request = job_for(*attempt, "fetch", fetch.document);
    request.destination = fetch.source;
    request.deliveries.push_back(job_delivery(*attempt));
    driver_.run(source.instance, std::move(request), source.timeout_ms,
                [this, attempt](host::AttemptResult result) {
                    fetched(attempt, std::move(result));
                });
}

void AttemptRunner::fetched(AttemptPtr attempt, host::AttemptResult result) {
    const auto& fetch = attempt->rule->fetch[attempt->fetched];
    attempt->record(result.exchanges);
    Outcome outcome = std::move(result.outcomes.front());
    if (outcome.kind == OutcomeKind::delivered && outcome.document) {
        attempt->scope.set(fetch.name, std::move(*outcome.document));
        ++attempt->fetched;
        return fetch_next(std::move(attempt));
    }
    // A read that fails says nothing of the destination: its breaker and hold stay out of it.
    if (outcome.kind != OutcomeKind::reject) outcome.kind = OutcomeKind::retry;
    outcome.note = "fetch of " + fetch.source + "." + fetch.document + ": " + outcome.note;
    outcome.destination_fault = false;
    outcome.destination_called = false;
    outcome.limit.reset();
    outcome.uncertain = attempt->delivery.uncertain;
    leave(*attempt, std::move(outcome));
}

void AttemptRunner::render(AttemptPtr attempt) {
    const auto& rule = *attempt->rule;
    if (rule.condition && !rule.condition->matches(attempt->scope, clock_.wall_ms()))
        return leave_uncalled(*attempt, OutcomeKind::skipped, "the rule's `if` does not hold");
    TemplateLinks links(driver_, attempt->delivery.destination);
    const auto& send = rule.send[attempt->delivery.send];
    rules::RenderOptions options;
    options.strict = send.strict;
    options.output_bytes_max = limits::template_output_bytes_max;
    options.now_ms = clock_.wall_ms();
    options.links = &links;
    auto rendered = send.with.render(attempt->scope, options);
    if (const auto* fault = std::get_if<rules::Fault>(&rendered)) {
        std::string note = "the template of `with." + fault->path + "` failed: " + fault->message;
        auto kind = links.failed() ? OutcomeKind::retry : OutcomeKind::reject;
        return leave_uncalled(*attempt, kind, std::move(note));
    }
    attempt->input = std::move(std::get<Json>(rendered));
    attempt->scope = Json();   // what was fetched is not needed any more
    BatchPtr batch = std::move(attempt->batch);
    batch->ready.push_back(std::move(attempt));
    prepared(batch);
}

void AttemptRunner::prepared(const BatchPtr& batch) {
    if (--batch->preparing == 0 && !batch->ready.empty()) drive(batch);
}

void AttemptRunner::drive(const BatchPtr& batch) {
    const Attempt& first = *batch->ready.front();
    const Target& target = targets_.find(first.delivery.destination)->second;
    bool derives = first.delivery.kind == DeliveryKind::derive;
    auto request = job_for(first, derives ? "derive" : "action", first.delivery.action);
    for (const auto& attempt : batch->ready) {
        request.deliveries.push_back(job_delivery(*attempt));
        request.deliveries.back().input = std::move(attempt->input);
    }
    driver_.run(target.instance, std::move(request), target.timeout_ms,
                [batch](host::AttemptResult result) {
                    for (std::size_t i = 0; i < batch->ready.size(); ++i) {
                        batch->ready[i]->record(result.exchanges);
                        batch->ready[i]->finish(std::move(result.outcomes[i]));
                    }
                });
}

}  // namespace syncline
