// See driver.hpp. One Run per attempt, owned by the driver; callbacks hold it weakly, so that an
// answer which comes after the driver (or after the attempt) is dropped.
//
// Invariants: `done` is called from a callback of services or transport, never from run(); answers
// that come at once (links) are handed over in a loop, not by recursion; the job ends before `done`
// is called. Destroying the driver ends all jobs without calling `done`.
#include "core/host/driver.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/host/http_check.hpp"
#include "core/host/rate_headers.hpp"

namespace syncline::host {
namespace {

/// An attempt may take this many times what one exchange may: room for a handful of slow ones.
constexpr std::int64_t attempt_timeouts = 10;
constexpr std::size_t note_bytes_max = 500;
constexpr std::size_t shown_url_bytes_max = 500;

/// Text of others (a connector, an API) as it may be stored and shown.
std::string clean(std::string_view text, std::size_t bytes_max) {
    return printable(hide_secrets(text), bytes_max);
}

/// The answers say: not this delivery's fault, the destination's.
bool blames_destination(const HttpResult& result) {
    if (!result.error.empty()) return result.error == "timeout" || result.error == "network";
    return result.response.status >= 500 || result.response.status == 429;
}

/// Something may have been changed at the destination, whatever comes of the attempt: a write that
/// was answered well, or whose answer is unknown (lost, cut, or a gateway's).
bool may_have_effect(const std::string& method, const HttpResult& result) {
    if (is_safe_method(method)) return false;
    if (!result.error.empty()) return result.sent;
    unsigned status = result.response.status;
    return (status >= 200 && status < 300) || status == 502 || status == 504;
}

}  // namespace

/// One attempt under way.
struct Driver::Run {
    std::uint64_t id = 0;
    std::shared_ptr<Instance> instance;  // before the job: it must end first
    std::unique_ptr<Job> job;
    JobRequest request;
    std::int64_t timeout_ms = 0;
    std::int64_t deadline_ms = 0;        // monotonic
    Done done;
    std::size_t steps = 0;
    Json exchanges = Json::array();
    bool effect_possible = false;
    bool last_blames_destination = false;
    std::optional<std::int64_t> last_retry_after_ms;
    std::optional<RateLimit> limit;      // as the last answer that spoke of one said
};

struct Driver::Impl {
    HttpTransport& transport;
    DriverServices& services;
    const Clock& clock;
    std::uint64_t next_id = 1;
    std::unordered_map<std::uint64_t, std::shared_ptr<Run>> runs;

    Impl(HttpTransport& transport_in, DriverServices& services_in, const Clock& clock_in)
        : transport(transport_in), services(services_in), clock(clock_in) {}

    void start(Run& run);
    void drive(Run& run, Result<Step> step);
    bool perform(Run& run, Step& step, Json& answer);
    void send(Run& run, Step& step);
    void answered(Run& run, const HttpRequest& shown, HttpResult result);
    void pause(Run& run, std::int64_t ms);
    void end(Run& run, Outcome outcome);
    void end(Run& run, std::vector<Outcome> outcomes);
    void apply_defaults(const Run& run, Outcome& outcome) const;
    std::int64_t left_ms(const Run& run) const {
        return run.deadline_ms - clock.monotonic_ms();
    }
};

void Driver::Impl::start(Run& run) {
    auto begun = run.instance->begin(run.request);
    if (!begun) return drive(run, begun.error());
    run.job = std::move(begun->job);
    drive(run, std::move(begun->first));
}

/// Goes on until the job waits for something that takes time, or has ended.
void Driver::Impl::drive(Run& run, Result<Step> step) {
    for (;;) {
        if (!step) {
            // The connector's "the input is wrong" is final; its own failure may pass.
            bool refused = step.error().code == ErrorCode::invalid_argument;
            if (!refused) log_warning("a connector failed", {{"error", step.error().text()}});
            run.last_blames_destination = false;  // whatever was answered before: this is not it
            run.last_retry_after_ms.reset();
            return end(run, Outcome(refused ? OutcomeKind::reject : OutcomeKind::retry,
                                    step.error().text()));
        }
        if (step->kind == Step::Kind::done) return end(run, std::move(step->outcomes));
        if (++run.steps > limits::steps_per_attempt_max)
            return end(run, Outcome(OutcomeKind::retry,
                                    "the connector asked for more than " +
                                        std::to_string(limits::steps_per_attempt_max) +
                                        " steps in one attempt"));
        if (left_ms(run) <= 0)
            return end(run, Outcome(OutcomeKind::retry,
                                    "the attempt took longer than " +
                                        format_duration(attempt_timeouts * run.timeout_ms)));
        Json answer;
        if (!perform(run, *step, answer)) return;
        step = run.job->step(answer);
    }
}

/// True when `answer` is there at once; false when it comes later or the run has ended.
bool Driver::Impl::perform(Run& run, Step& step, Json& answer) {
    if (step.kind == Step::Kind::http) {
        send(run, step);
        return false;
    }
    if (step.kind == Step::Kind::sleep) {
        pause(run, step.sleep_ms);
        return false;
    }
    auto link = services.link(run.request.destination, step.link_kind, step.link_source_id);
    if (!link) {
        end(run, Outcome(OutcomeKind::retry, "the link cannot be read: " + link.error().text()));
        return false;
    }
    answer = link_answer(*link);
    return true;
}

void Driver::Impl::send(Run& run, Step& step) {
    HttpRequest shown;  // what remains known of the request once it is handed over
    shown.method = step.request.method;
    shown.target = step.request.target;
    std::weak_ptr<Run> weak = runs.at(run.id);
    auto later = [this, weak, shown = std::move(shown)](HttpResult result) {
        if (auto alive = weak.lock()) answered(*alive, shown, std::move(result));
    };
    auto fault = request_fault(step.request);
    if (!fault.empty()) {
        services.after(0, [later, fault] { later(invalid_request(fault)); });
        return;
    }
    std::int64_t timeout = step.timeout_ms > 0 ? std::min(step.timeout_ms, run.timeout_ms)
                                               : run.timeout_ms;
    transport.send(std::move(step.request), std::min(timeout, left_ms(run)), std::move(later));
}

void Driver::Impl::answered(Run& run, const HttpRequest& shown, HttpResult result) {
    Json exchange = Json::object();
    exchange.set("method", printable(shown.method, 20));
    // Hidden before it is cut down: a secret may be the whole URL.
    exchange.set("url", clean(shown_url(hide_secrets(shown.target)), shown_url_bytes_max));
    if (result.error.empty()) exchange.set("status", result.response.status);
    else exchange.set("error", result.error);
    exchange.set("ms", result.duration_ms);
    run.exchanges.push_back(std::move(exchange));

    // What the host itself would not send is the delivery's fault, not the destination's.
    run.last_blames_destination = !is_invalid_request(result) && blames_destination(result);
    run.effect_possible |= may_have_effect(shown.method, result);
    if (auto limit = rate_limit_of(result.response.headers, clock.wall_ms())) run.limit = limit;
    Json answer = http_answer(result, clock.wall_ms());
    run.last_retry_after_ms = answer["http"]["retry_after_ms"].as_int64();
    drive(run, run.job->step(answer));
}

void Driver::Impl::pause(Run& run, std::int64_t ms) {
    if (ms >= left_ms(run)) {
        // Waiting belongs into the schedule, where it holds no place.
        Outcome later(OutcomeKind::retry, "the connector asked for a pause of " +
                                              format_duration(ms) +
                                              ", longer than the attempt may take");
        later.after_ms = std::min(ms, limits::retry_after_ms_max);
        return end(run, std::move(later));
    }
    std::weak_ptr<Run> weak = runs.at(run.id);
    services.after(ms, [this, weak] {
        if (auto alive = weak.lock()) drive(*alive, alive->job->step(sleep_answer()));
    });
}

void Driver::Impl::end(Run& run, Outcome outcome) {
    std::vector<Outcome> outcomes(run.request.deliveries.size(), outcome);
    end(run, std::move(outcomes));
}

void Driver::Impl::end(Run& run, std::vector<Outcome> outcomes) {
    for (auto& outcome : outcomes) apply_defaults(run, outcome);
    AttemptResult result;
    result.outcomes = std::move(outcomes);
    result.exchanges = std::move(run.exchanges);
    Done done = std::move(run.done);
    run.job.reset();
    runs.erase(run.id);
    done(std::move(result));  // may destroy the driver: nothing of it is touched after this
}

void Driver::Impl::apply_defaults(const Run& run, Outcome& outcome) const {
    outcome.note = clean(outcome.note, note_bytes_max);
    bool retry = outcome.kind == OutcomeKind::retry;
    if (retry && !outcome.after_ms) outcome.after_ms = run.last_retry_after_ms;
    outcome.limit = run.limit;
    outcome.destination_called = run.exchanges.size() > 0;
    outcome.uncertain = retry && run.effect_possible;
    outcome.destination_fault =
        outcome.kind == OutcomeKind::hold || (retry && run.last_blames_destination);
}

Driver::Driver(HttpTransport& transport, DriverServices& services, const Clock& clock)
    : impl_(std::make_unique<Impl>(transport, services, clock)) {}
Driver::~Driver() = default;

void Driver::run(std::shared_ptr<Instance> instance, JobRequest request, std::int64_t timeout_ms,
                 Done done) {
    SYNCLINE_ASSERT(timeout_ms > 0, "an attempt needs a time limit");
    auto run = std::make_shared<Run>();
    run->id = impl_->next_id++;
    run->instance = std::move(instance);
    run->request = std::move(request);
    run->timeout_ms = timeout_ms;
    run->deadline_ms = impl_->clock.monotonic_ms() + attempt_timeouts * timeout_ms;
    run->done = std::move(done);
    std::weak_ptr<Run> weak = run;
    impl_->runs.emplace(run->id, std::move(run));
    // Later, so that whoever starts attempts in a loop is never called back in the middle of it.
    impl_->services.after(0, [impl = impl_.get(), weak] {
        if (auto alive = weak.lock()) impl->start(*alive);
    });
}

Result<std::optional<Link>> Driver::link(const std::string& destination, const std::string& kind,
                                         const std::string& source_id) {
    return impl_->services.link(destination, kind, source_id);
}

std::size_t Driver::running() const {
    return impl_->runs.size();
}

}  // namespace syncline::host
