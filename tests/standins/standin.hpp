// What every stand-in shares: an HttpHandler that behaves like one vendor's API as far as its
// documentation goes, over tables in memory. Routes, injected failures, held answers, a ledger of
// effective writes, a state file that survives a restart, and the admin endpoints under /_standin/.
//
// It is no mock: nothing is expected or verified here; it refuses what the vendor refuses. Requests
// come from the server's thread while a test looks on from its own, so one mutex guards it all and
// answers are given after it is released. Time is the Clock that it was made with.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/http.hpp"
#include "core/sdk/json.hpp"

namespace syncline::standins {

struct StandinOptions {
    std::string ledger_file;  // effective writes are appended, one JSON line each; empty: none
    std::string state_file;   // read at start, rewritten after each effective write; empty: none
    std::string token;        // what callers must present; empty: any that has the right form
    std::uint32_t scale = 1;  // rate limits allow that many times more
    StandinOptions() = default;
};

/// A request taken apart.
struct Call {
    const HttpRequest* http = nullptr;
    std::string path;                          // without the query, still encoded
    std::vector<std::string> segments;         // decoded
    std::map<std::string, std::string> query;  // decoded; the last of a repeated name
    std::vector<std::string> args;             // what the "*" of the route matched
    std::optional<Json> body;                  // absent when there is none or it is not JSON

    std::string query_or(const std::string& name, std::string otherwise) const;
    /// "Bearer abc" → "abc"; nothing without that header or form.
    std::optional<std::string> bearer() const;
};

/// An injected failure: the next `count` requests under `path_prefix` get this answer.
struct Failure {
    unsigned status = 503;
    std::uint32_t count = 1;
    std::string retry_after;  // the header's text; empty: none
    std::string path_prefix = "/";
    bool after_effect = false;  // do the work, then give this answer instead of the true one
    Failure() = default;
};

class Standin : public HttpHandler {
public:
    using Table = std::map<std::string, Json>;

    Standin(std::string vendor, const Clock& clock, StandinOptions options);
    ~Standin() override;
    Standin(const Standin&) = delete;
    Standin& operator=(const Standin&) = delete;

    void handle(HttpRequest request, Done done) final;

    /// {"vendor", "requests", "writes", "counts": {table: n}, "tables": {table: {id: object}}}.
    Json state();
    /// One line for people per object, newest last.
    std::string summary();
    /// {table: {id: object}}: adds or replaces, in the short forms that the vendor's class reads.
    void seed(const Json& tables);
    /// A vendor's own setting, see each class.
    void set_knob(const std::string& name, std::int64_t value);
    void fail(const Failure& failure);
    /// From now on answers wait for release(); their effect has happened.
    void hold(bool on);
    /// Gives all answers that were held. Returns how many.
    std::size_t release();
    std::size_t held();
    /// Waits until `met` holds: it is asked now and after each request that was served. False when
    /// `timeout_ms` have passed. `met` may call anything public here.
    bool wait_until(const std::function<bool()>& met, std::int64_t timeout_ms);
    std::uint64_t requests();
    std::uint64_t writes();
    std::size_t count(const std::string& table_name);
    std::optional<Json> object(const std::string& table_name, const std::string& id);

protected:
    using Serve = std::function<HttpResponse(const Call&)>;

    /// `pattern` is a path whose "*" segments match anything. First registered, first tried.
    void route(std::string method, std::string_view pattern, Serve serve);
    /// Checks before routing (credentials, version, rate): an answer refuses the call.
    virtual std::optional<HttpResponse> guard(const Call& call) = 0;
    /// An error in the vendor's form: of injected failures, unknown routes and bad JSON.
    virtual HttpResponse error_form(unsigned status, const std::string& message) = 0;
    /// Adds the headers that the vendor puts on every answer.
    virtual void decorate(HttpResponse& response) { (void)response; }
    /// The stored form of a seeded object.
    virtual Json seeded(const std::string& table_name, const std::string& id, const Json& object);
    /// Lets time-driven work happen up to now.
    virtual void advance() {}
    virtual std::vector<std::string> summary_lines() = 0;

    Table& table(const std::string& name) { return tables_[name]; }
    Json* find(const std::string& table_name, const std::string& id);
    std::int64_t knob(const std::string& name, std::int64_t otherwise) const;
    /// Records an effective write: ledger, state file, counter.
    void wrote(std::string_view operation, const std::string& id, Json detail);
    /// 1, 2, 3 …; goes on after a restart with a state file.
    std::uint64_t next_number();
    /// A version 4 shaped UUID that counts up, e.g. "70616765-0000-4000-8000-000000000001" for
    /// kind "page" (the first four letters, in hex).
    std::string next_uuid(std::string_view kind);
    const Clock& clock() const { return clock_; }
    const StandinOptions& options() const { return options_; }

private:
    struct Route {
        std::string method;
        std::vector<std::string> pattern;
        Serve serve;
    };
    HttpResponse answer(const HttpRequest& request);
    HttpResponse serve_routes(Call& call);
    HttpResponse serve_admin(const Call& call);
    HttpResponse admin_post(const Call& call, const std::string& what);
    std::optional<Failure> take_failure(const std::string& path);
    Json state_locked();
    void seed_locked(const Json& tables);
    void load_state();
    void save_state();

    const std::string vendor_;
    const Clock& clock_;
    const StandinOptions options_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, Table> tables_;
    std::map<std::string, std::int64_t> knobs_;
    std::vector<Route> routes_;
    std::vector<Failure> failures_;
    std::vector<std::pair<Done, HttpResponse>> held_;
    bool hold_ = false;
    int ledger_ = -1;
    std::uint64_t requests_ = 0;
    std::uint64_t writes_ = 0;
    std::uint64_t number_ = 0;
};

Call make_call(const HttpRequest& request);
std::string url_decode(std::string_view text, bool plus_is_space);

}  // namespace syncline::standins
