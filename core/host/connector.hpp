// A loaded connector as C++ values: the one place where the C table is called. Output of a plugin
// is bounded, copied and parsed here; whatever it does wrong becomes an Error of code `plugin`.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/http.hpp"
#include "core/base/result.hpp"
#include "core/model/descriptor.hpp"
#include "core/model/delivery.hpp"
#include "core/model/event.hpp"
#include "core/sdk/json.hpp"
#include "core/sdk/syncline_plugin.h"

namespace syncline::host {

/// What a job asks next, or how it ended.
struct Step {
    enum class Kind { http, link, sleep, done };
    Kind kind = Kind::done;
    HttpRequest request;               // http
    std::int64_t timeout_ms = 0;       // http; 0: the destination's
    std::string link_kind;             // link
    std::string link_source_id;
    std::int64_t sleep_ms = 0;
    std::vector<Outcome> outcomes;     // done: one for each delivery
    Step() = default;
};

/// What an HTTP exchange came to, as the client reports it.
struct HttpResult {
    HttpResponse response;             // when `error` is empty
    std::string error;                 // "timeout", "network", "refused_by_policy", "too_large"
    std::string message;
    bool sent = true;                  // the request may have been received
    std::int64_t duration_ms = 0;
    HttpResult() = default;
};

/// Answers to a step, in the ABI's JSON form.
Json http_answer(const HttpResult& result, std::int64_t now_wall_ms);
Json link_answer(const std::optional<Link>& link);
Json sleep_answer();

/// A delivery as a job gets it.
struct JobDelivery {
    std::string id;
    std::uint32_t attempt = 1;
    bool uncertain = false;
    Json input = Json::object();
    EventPtr event;
    JobDelivery() = default;
};

struct JobRequest {
    std::string kind;                  // "action", "fetch", "derive"
    std::string name;                  // of the action or document
    std::string destination;           // configured name
    std::int64_t now_ms = 0;
    std::uint64_t seed = 0;
    std::vector<JobDelivery> deliveries;
    JobRequest() = default;
};

struct PluginWords;                    // who speaks, for errors and logs (messages.hpp)

/// Must not outlive its Instance.
class Job {
public:
    ~Job();                            // ends it, finished or not
    Job(Job&&) noexcept;
    /// Hands over an answer; gives the next question or the outcomes.
    Result<Step> step(const Json& answer);

private:
    friend class Instance;
    Job(const syncline_plugin* plugin, syncline_job* job, std::size_t deliveries,
        std::string destination, const PluginWords* words);
    const syncline_plugin* plugin_;
    syncline_job* job_;
    std::size_t deliveries_;
    std::string destination_;          // of the links in its outcomes
    const PluginWords* words_;         // the instance's
};

/// One configured source or destination. One call at a time.
class Instance {
public:
    ~Instance();
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;

    /// [{"scheme": name | "custom": {…}, "when_header"?}], empty: unsigned.
    Result<Json> signatures();
    /// {"events": […]} of the ABI. invalid_argument: the body is no event of this source.
    Result<Json> parse(const Json& request, std::string_view body);
    struct Begun {
        std::unique_ptr<Job> job;      // may be empty when `first` is done
        Step first;
    };
    Result<Begun> begin(const JobRequest& request);

private:
    friend class Plugin;
    Instance(const syncline_plugin* plugin, std::string name, std::string connector);
    const syncline_plugin* plugin_;
    std::unique_ptr<PluginWords> words_;
    syncline_instance* instance_ = nullptr;
    syncline_host host_{};
};

/// A loaded plugin; lives as long as the process.
class Plugin {
public:
    /// Loads and checks one shared object: symbol, ABI version, table size, descriptor. The error
    /// names the file, what was found and what was expected.
    static Result<std::unique_ptr<Plugin>> load(const std::string& path);
    /// For plugins that are linked in (tests, simulation).
    static Result<std::unique_ptr<Plugin>> adopt(const syncline_plugin* table, std::string origin);

    const ConnectorDescriptor& descriptor() const { return descriptor_; }
    const std::string& origin() const { return origin_; }
    /// `name`: the configured source or destination, for its log lines.
    Result<std::unique_ptr<Instance>> create(const std::string& name, const Json& settings) const;

private:
    Plugin() = default;
    const syncline_plugin* table_ = nullptr;
    ConnectorDescriptor descriptor_;
    std::string origin_;
};

/// All plugins found in the given folders (*.so, sorted by name) or files. A plugin that cannot be
/// loaded is reported in `problems` and left out; a name found twice keeps the first.
class PluginSet final : public ConnectorCatalog {
public:
    static PluginSet load(const std::vector<std::string>& paths, std::vector<Error>& problems);
    void add(std::unique_ptr<Plugin> plugin);
    const ConnectorDescriptor* find(std::string_view connector) const override;
    std::vector<std::string> names() const override;
    const Plugin* plugin(std::string_view connector) const;

private:
    std::map<std::string, std::unique_ptr<Plugin>, std::less<>> plugins_;
};

/// Where plugins are looked for when nothing is configured: beside the running binary
/// (<bin>/plugins), then <bin>/../lib/syncline/plugins.
std::vector<std::string> default_plugin_paths();

}  // namespace syncline::host
