// The driver over a scripted connector, scripted answers and a manual clock: no network.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/base/limits.hpp"
#include "core/base/log.hpp"
#include "core/host/driver.hpp"
#include "host_fakes.hpp"
#include "host_script.hpp"

namespace syncline::host {
namespace {

std::string ask(const std::string& method, const std::string& url = "http://h/x") {
    return R"({"ask":"http","request":{"method":")" + method + R"(","url":")" + url + R"("}})";
}
const std::string retry = R"({"done":[{"outcome":"retry","note":"busy"}]})";
const std::string delivered = R"({"done":[{"outcome":"delivered"}]})";

class HostDriver : public testing::Test {
protected:
    HostDriver() : services(clock), transport(services) {
        driver = std::make_unique<Driver>(transport, services, clock);
        script::book() = script::Book();
    }
    ~HostDriver() override {
        driver.reset();
        instance.reset();
        EXPECT_EQ(script::book().jobs, 0) << "a job was not ended";
        EXPECT_EQ(script::book().instances, 0);
    }

    /// Plays `lines` to the end and gives the result.
    AttemptResult play(const std::vector<std::string>& lines) {
        std::optional<AttemptResult> result;
        if (!instance) instance = script::make_instance();
        driver->run(instance, script::play(lines), 1000, [&](AttemptResult ended) {
            EXPECT_FALSE(result) << "done was called twice";
            EXPECT_EQ(script::book().jobs, 0) << "done was called before the job had ended";
            result = std::move(ended);
        });
        EXPECT_FALSE(result) << "done was called from inside run()";
        EXPECT_EQ(driver->running(), 1u);
        while (!result && services.run_one()) {
        }
        EXPECT_TRUE(result) << "the attempt never ended";
        EXPECT_EQ(driver->running(), 0u);
        return result.value_or(AttemptResult());
    }
    Outcome outcome_of(const std::vector<std::string>& lines) {
        auto result = play(lines);
        EXPECT_EQ(result.outcomes.size(), 1u);
        return result.outcomes.empty() ? Outcome() : result.outcomes[0];
    }

    ManualClock clock;
    FakeServices services;
    FakeTransport transport;
    std::unique_ptr<Driver> driver;
    std::shared_ptr<Instance> instance;
};

TEST_F(HostDriver, performs_an_exchange_and_ends_with_the_outcome) {
    transport.answers = {status(200)};
    auto result = play({ask("POST", "http://u:p@h/x?key=s3"), delivered});
    ASSERT_EQ(result.outcomes.size(), 1u);
    EXPECT_EQ(result.outcomes[0].kind, OutcomeKind::delivered);
    EXPECT_FALSE(result.outcomes[0].uncertain);
    EXPECT_FALSE(result.outcomes[0].destination_fault);
    EXPECT_EQ(result.exchanges.dump(),
              R"([{"method":"POST","url":"http://h/x?key=***","status":200,"ms":5}])");
    EXPECT_EQ(transport.requests.at(0).target, "http://u:p@h/x?key=s3");
    EXPECT_EQ(transport.timeouts.at(0), 1000);
}

TEST_F(HostDriver, hands_over_answers_links_and_sleeps) {
    services.links["r1"].id = "page-9";
    auto outcome = outcome_of({R"({"ask":"link","kind":"page","source_id":"r1"})",
                               R"({"ask":"sleep","ms":40})",
                               R"({"done":[{"outcome":"skipped","note":$ANSWER}]})"});
    EXPECT_EQ(services.asked.at(0), "stage/page/r1");
    EXPECT_EQ(outcome.note, R"({"slept":true})");
    EXPECT_EQ(clock.monotonic_ms(), 1040);
    outcome = outcome_of({R"({"ask":"link","kind":"page","source_id":"r1"})",
                          R"({"done":[{"outcome":"skipped","note":$ANSWER}]})"});
    EXPECT_EQ(outcome.note, R"({"link":{"id":"page-9","url":"","hash":""}})");
    outcome = outcome_of({R"({"ask":"link","kind":"page","source_id":"r2"})",
                          R"({"done":[{"outcome":"skipped","note":$ANSWER}]})"});
    EXPECT_EQ(outcome.note, R"({"link":null})");
}

TEST_F(HostDriver, a_link_that_cannot_be_read_is_a_retry) {
    auto outcome = outcome_of({R"({"ask":"link","kind":"page","source_id":"broken"})", delivered});
    EXPECT_EQ(outcome.kind, OutcomeKind::retry);
    EXPECT_EQ(outcome.note, "the link cannot be read: the disk is gone");
    EXPECT_FALSE(outcome.destination_fault);
}

// --- What a failure means ------------------------------------------------------------------------

struct FailureCase {
    const char* method;
    HttpResult result;
    bool uncertain;
    bool destination_fault;
};

TEST_F(HostDriver, a_retry_is_uncertain_when_a_write_may_have_arrived) {
    const std::vector<FailureCase> cases = {
        {"POST", failed("timeout", true), true, true},
        {"POST", failed("timeout", false), false, true},
        {"PATCH", failed("network", true), true, true},
        {"POST", failed("network", false), false, true},
        {"POST", failed("too_large", true), true, false},
        {"POST", failed("refused_by_policy", false), false, false},
        {"GET", failed("timeout", true), false, true},
        {"HEAD", failed("network", true), false, true},
        {"POST", status(500), false, true},
        {"POST", status(502), true, true},
        {"POST", status(503), false, true},
        {"DELETE", status(504), true, true},
        {"GET", status(502), false, true},
        {"POST", status(429), false, true},
        {"POST", status(404), false, false},
        {"POST", status(200), true, false},  // done, yet the attempt fails
        {"GET", status(200), false, false},
    };
    for (const auto& one : cases) {
        transport.answers = {one.result};
        auto outcome = outcome_of({ask(one.method), retry});
        std::string what = std::string(one.method) + " " + one.result.error + " " +
                           std::to_string(one.result.response.status);
        EXPECT_EQ(outcome.uncertain, one.uncertain) << what;
        EXPECT_EQ(outcome.destination_fault, one.destination_fault) << what;
    }
}

TEST_F(HostDriver, an_earlier_write_of_the_attempt_makes_a_later_failure_uncertain) {
    transport.answers = {failed("timeout", true), status(503)};
    EXPECT_TRUE(outcome_of({ask("POST"), ask("GET"), retry}).uncertain);
}

TEST_F(HostDriver, only_a_retry_is_uncertain) {
    for (const char* kind : {"delivered", "skipped", "reject", "hold"}) {
        transport.answers = {failed("timeout", true)};
        auto line = std::string(R"({"done":[{"outcome":")") + kind + R"("}]})";
        auto outcome = outcome_of({ask("POST"), line});
        EXPECT_FALSE(outcome.uncertain) << kind;
        EXPECT_EQ(outcome.destination_fault, std::string(kind) == "hold") << kind;
    }
}

TEST_F(HostDriver, the_last_exchange_decides_whose_fault_it_is) {
    transport.answers = {status(503), status(404)};
    EXPECT_FALSE(outcome_of({ask("GET"), ask("GET"), retry}).destination_fault);
    transport.answers = {status(404), status(503)};
    EXPECT_TRUE(outcome_of({ask("GET"), ask("GET"), retry}).destination_fault);
    EXPECT_FALSE(outcome_of({retry}).destination_fault);
}

TEST_F(HostDriver, a_retry_without_a_delay_takes_the_last_retry_after) {
    auto limited = status(429);
    limited.response.headers.add("Retry-After", "17");
    transport.answers = {limited};
    EXPECT_EQ(outcome_of({ask("POST"), retry}).after_ms, 17'000);
    transport.answers = {limited};
    auto own = R"({"done":[{"outcome":"retry","after_ms":5}]})";
    EXPECT_EQ(outcome_of({ask("POST"), own}).after_ms, 5);
    transport.answers = {limited, status(500)};
    EXPECT_EQ(outcome_of({ask("GET"), ask("GET"), retry}).after_ms, std::nullopt);
    transport.answers = {limited};
    EXPECT_EQ(outcome_of({ask("POST"), delivered}).after_ms, std::nullopt);
}

// --- Faults of the connector ---------------------------------------------------------------------

TEST_F(HostDriver, a_fault_of_the_connector_is_a_retry_that_names_it) {
    transport.answers = {status(503)};
    auto outcome = outcome_of({ask("GET"), "no json"});
    EXPECT_EQ(outcome.kind, OutcomeKind::retry);
    EXPECT_EQ(outcome.note.rfind("connector script (stage): step: wrote no JSON", 0), 0u)
        << outcome.note;
    EXPECT_FALSE(outcome.destination_fault);
    outcome = outcome_of({});
    EXPECT_EQ(outcome.note, "connector script (stage): begin: the script is over");
    outcome = outcome_of({R"({"done":[]})"});
    EXPECT_EQ(outcome.kind, OutcomeKind::retry);
    EXPECT_NE(outcome.note.find("0 outcomes for 1"), std::string::npos);
}

TEST_F(HostDriver, a_fault_after_a_write_is_uncertain) {
    transport.answers = {status(201)};
    EXPECT_TRUE(outcome_of({ask("POST"), "no json"}).uncertain);
}

TEST_F(HostDriver, every_delivery_of_a_failed_batch_gets_an_outcome) {
    instance = script::make_instance();
    auto request = script::play({R"({"done":[{"outcome":"delivered"}]})"});
    request.deliveries.emplace_back();
    request.deliveries.emplace_back();
    std::optional<AttemptResult> result;
    driver->run(instance, request, 1000, [&](AttemptResult ended) { result = std::move(ended); });
    while (services.run_one()) {
    }
    ASSERT_TRUE(result);
    ASSERT_EQ(result->outcomes.size(), 3u);
    for (const auto& outcome : result->outcomes) EXPECT_EQ(outcome.kind, OutcomeKind::retry);
}

TEST_F(HostDriver, an_unruly_plugins_refusal_is_final) {
    auto plugin = Plugin::load(std::string(HOST_TEST_PLUGINS) + "/unruly.so");
    ASSERT_TRUE(plugin) << plugin.error().text();
    auto made = (*plugin)->create("shed", Json::object());
    ASSERT_TRUE(made);
    std::shared_ptr<Instance> unruly = std::move(*made);
    auto kind_of = [&](const char* action) {
        JobRequest request;
        request.kind = "action";
        request.name = action;
        request.deliveries.emplace_back();
        std::optional<AttemptResult> result;
        driver->run(unruly, request, 1000, [&](AttemptResult ended) { result = std::move(ended); });
        while (services.run_one()) {
        }
        return result ? result->outcomes.at(0).kind : OutcomeKind::delivered;
    };
    EXPECT_EQ(kind_of("refuse"), OutcomeKind::reject);
    EXPECT_EQ(kind_of("throw"), OutcomeKind::retry);
    EXPECT_EQ(kind_of("endless"), OutcomeKind::retry);
    EXPECT_EQ(kind_of("unknown-outcome"), OutcomeKind::retry);
}

// --- Bounds --------------------------------------------------------------------------------------

TEST_F(HostDriver, a_connector_that_never_ends_is_stopped_at_the_step_limit) {
    auto outcome = outcome_of({"repeat"});
    EXPECT_EQ(outcome.kind, OutcomeKind::retry);
    EXPECT_EQ(outcome.note, "the connector asked for more than " +
                                std::to_string(limits::steps_per_attempt_max) +
                                " steps in one attempt");
    EXPECT_EQ(services.asked.size(), limits::steps_per_attempt_max);
}

TEST_F(HostDriver, steps_up_to_the_limit_are_fine) {
    std::vector<std::string> lines(limits::steps_per_attempt_max,
                                   R"({"ask":"link","kind":"k","source_id":"s"})");
    lines.push_back(delivered);
    EXPECT_EQ(outcome_of(lines).kind, OutcomeKind::delivered);
}

TEST_F(HostDriver, an_attempt_ends_at_ten_times_the_time_limit) {
    transport.answers.assign(20, status(200, 900));
    std::vector<std::string> lines(20, ask("GET"));
    lines.push_back(delivered);
    auto outcome = outcome_of(lines);
    EXPECT_EQ(outcome.kind, OutcomeKind::retry);
    EXPECT_EQ(outcome.note, "the attempt took longer than 10s");
    EXPECT_EQ(transport.requests.size(), 12u);  // the twelfth begins at 9.9 s
    EXPECT_EQ(transport.timeouts.back(), 100);  // and gets what is left
}

TEST_F(HostDriver, an_exchange_may_be_shorter_than_the_limit_but_not_longer) {
    transport.answers = {status(200), status(200)};
    auto timed = [](const char* ms) {
        return std::string(R"({"ask":"http","request":{"method":"GET","url":"http://h/",)") +
               R"("timeout_ms":)" + ms + "}}";
    };
    outcome_of({timed("50"), timed("99999"), delivered});
    EXPECT_EQ(transport.timeouts, (std::vector<std::int64_t>{50, 1000}));
}

TEST_F(HostDriver, a_pause_longer_than_the_attempt_goes_into_the_schedule) {
    auto outcome = outcome_of({R"({"ask":"sleep","ms":10000})", delivered});
    EXPECT_EQ(outcome.kind, OutcomeKind::retry);
    EXPECT_EQ(outcome.after_ms, 10'000);
    EXPECT_EQ(clock.monotonic_ms(), 1000) << "it did not wait";
    EXPECT_EQ(outcome_of({R"({"ask":"sleep","ms":9999})", delivered}).kind, OutcomeKind::delivered);
    outcome = outcome_of({R"({"ask":"sleep","ms":9223372036854775807})", delivered});
    EXPECT_EQ(outcome.after_ms, limits::retry_after_ms_max);
}

TEST_F(HostDriver, an_invalid_request_is_answered_and_never_sent) {
    auto outcome = outcome_of({ask("POST", "http://h/a b"),
                               R"({"done":[{"outcome":"retry","note":$ANSWER}]})"});
    EXPECT_TRUE(transport.requests.empty());
    EXPECT_NE(outcome.note.find("invalid request: the URL holds a space"), std::string::npos);
    EXPECT_NE(outcome.note.find("\"sent\":false"), std::string::npos);
    EXPECT_FALSE(outcome.uncertain);
    EXPECT_FALSE(outcome.destination_fault) << "the destination did nothing wrong";
}

// --- Secrets and text ----------------------------------------------------------------------------

TEST_F(HostDriver, notes_and_exchanges_hide_secrets_and_control_bytes) {
    log_hide_secret("driver-test-secret");
    transport.answers = {status(200)};
    auto result =
        play({ask("GET", "http://h/hooks/driver-test-secret?x=1"),
              R"({"done":[{"outcome":"reject","note":"key driver-test-secret\u001b[31m"}]})"});
    EXPECT_EQ(result.outcomes.at(0).note, "key ***\\x1b[31m");
    EXPECT_EQ(result.exchanges[0]["url"].as_string(), "http://h/hooks/***?x=***");
}

TEST_F(HostDriver, long_notes_are_cut) {
    auto line = R"({"done":[{"outcome":"reject","note":")" + std::string(5000, 'n') + R"("}]})";
    EXPECT_LE(outcome_of({line}).note.size(), 510u);
}

// --- Lifetime ------------------------------------------------------------------------------------

TEST_F(HostDriver, destroying_the_driver_ends_jobs_and_calls_nobody) {
    instance = script::make_instance();
    bool called = false;
    driver->run(instance, script::play({ask("GET"), delivered}), 1000,
                [&](AttemptResult) { called = true; });
    transport.answers = {status(200)};
    services.run_one();  // begins the job and sends
    EXPECT_EQ(script::book().jobs, 1);
    driver.reset();
    EXPECT_EQ(script::book().jobs, 0);
    while (services.run_one()) {
    }
    EXPECT_FALSE(called);
}

TEST_F(HostDriver, done_may_start_the_next_attempt_or_destroy_the_driver) {
    instance = script::make_instance();
    int ended = 0;
    driver->run(instance, script::play({delivered}), 1000, [&](AttemptResult) {
        ended += 1;
        driver->run(instance, script::play({delivered}), 1000, [&](AttemptResult) {
            ended += 1;
            driver.reset();
        });
    });
    while (services.run_one()) {
    }
    EXPECT_EQ(ended, 2);
}

TEST_F(HostDriver, many_attempts_of_one_instance_run_side_by_side) {
    instance = script::make_instance();
    int ended = 0;
    for (int i = 0; i < 50; ++i) {
        transport.answers.push_back(status(200, 50 - i));
        driver->run(instance, script::play({ask("POST"), delivered}), 1000,
                    [&](AttemptResult result) {
                        EXPECT_EQ(result.outcomes.at(0).kind, OutcomeKind::delivered);
                        ended += 1;
                    });
    }
    EXPECT_EQ(driver->running(), 50u);
    while (services.run_one()) {
    }
    EXPECT_EQ(ended, 50);
}

TEST_F(HostDriver, an_outcome_tells_what_the_last_answer_said_of_the_limit) {
    auto speaking = status(200);
    speaking.response.headers.add("X-RateLimit-Remaining", "3");
    speaking.response.headers.add("X-RateLimit-Reset", "10");
    transport.answers = {speaking, status(200)};
    auto outcome = outcome_of({ask("POST"), ask("POST"), delivered});
    ASSERT_TRUE(outcome.limit) << "a later answer that is silent takes nothing back";
    EXPECT_EQ(outcome.limit->remaining, 3);
    EXPECT_EQ(outcome.limit->reset_ms, 10'000);
    EXPECT_TRUE(outcome.destination_called);
}

TEST_F(HostDriver, an_outcome_tells_that_nobody_was_called) {
    auto outcome = outcome_of({R"({"ask":"link","kind":"k","source_id":"s"})", delivered});
    EXPECT_FALSE(outcome.destination_called);
    EXPECT_FALSE(outcome.limit);
}

}  // namespace
}  // namespace syncline::host
