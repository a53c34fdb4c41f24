// The simulation's own connector, linked in: a source that takes several events in one request,
// fetches and derives; a destination with an append that must not be done twice (it looks before it
// repeats), a put and a state. The other connector in a run is the real http plugin.
#include "core/sdk/connector.hpp"

#include "tests/simulation/scenario.hpp"

namespace syncline::simulation {
namespace {

class Simulated final : public sdk::Connector {
public:
    explicit Simulated(const Json&) {}

    static Json describe() {
        return *Json::parse(R"({"name": "simulated", "version": "1",
            "roles": ["source", "destination"],
            "actions": {"append": {"idempotent": false}, "put": {"idempotent": true},
                        "state": {"idempotent": true, "coalesces": true}},
            "documents": {"thing": {}}, "derives": {"thing.done": ["thing.changed"]}})");
    }

    Json signatures() const override {
        Json scheme = Json::object();
        scheme.set("scheme", "github");
        Json all = Json::array();
        all.push_back(std::move(scheme));
        return all;
    }

    std::vector<sdk::ParsedEvent> parse(const sdk::InboundRequest& request) const override {
        auto body = Json::parse(request.body);
        if (!body || !(*body)["events"].is_array()) throw sdk::Refused("the body has no events");
        std::vector<sdk::ParsedEvent> events;
        for (const auto& one : (*body)["events"].items()) {
            sdk::ParsedEvent event(one["key"].as_string(), one["type"].as_string(),
                                   one["subject"].as_string());
            events.push_back(std::move(event).data(one));
        }
        return events;
    }

    sdk::Task<sdk::Outcome> act(sdk::Context& ctx, const sdk::Delivery& delivery,
                                const std::string& action) override {
        std::string base = "http://" + ctx.destination() + "/";
        if (action == "append" && delivery.uncertain()) {
            auto look = asks("GET", base + "find", delivery);
            auto found = co_await ctx.http(std::move(look));
            if (!found.ok()) co_return sdk::Outcome::from(found, "look");
            if (found.json()["found"].as_bool()) co_return linked(delivery, "found");
        }
        auto write = asks("POST", base + action, delivery);
        write = std::move(write).json(delivery.input());
        auto answer = co_await ctx.http(std::move(write));
        if (!answer.ok()) co_return sdk::Outcome::from(answer, action);
        co_return linked(delivery, action);
    }

    sdk::Task<sdk::Outcome> fetch(sdk::Context& ctx, const sdk::Event& event,
                                  const std::string&) override {
        auto look = sdk::Request("GET", "http://app/fetch/" + event.subject());
        look = std::move(look).header("X-Event", event.id());
        auto response = co_await ctx.http(std::move(look));
        if (!response.ok()) co_return sdk::Outcome::from(response, "read");
        co_return sdk::Outcome::document(response.json());
    }

    sdk::Task<sdk::Outcome> derive(sdk::Context& ctx, const sdk::Event& event) override {
        auto look = sdk::Request("GET", "http://app/derive/" + event.subject());
        look = std::move(look).header("X-Event", event.id());
        auto response = co_await ctx.http(std::move(look));
        if (!response.ok()) co_return sdk::Outcome::from(response, "look closer");
        auto outcome = sdk::Outcome::delivered("looked");
        Json data = Json::parse(event.payload()).value_or(Json::object());
        std::string key = "done:" + data["key"].as_string();
        co_return std::move(outcome).emit(key, "thing.done", event.subject(), Json::object(),
                                          std::move(data));
    }

private:
    static sdk::Request asks(const char* method, const std::string& url,
                                const sdk::Delivery& delivery) {
        auto made = sdk::Request(method, url).header("X-Delivery", delivery.id());
        return std::move(made).header("X-Uncertain", delivery.uncertain() ? "yes" : "no");
    }
    static sdk::Outcome linked(const sdk::Delivery& delivery, std::string note) {
        auto outcome = sdk::Outcome::delivered(std::move(note));
        return std::move(outcome).link("thing", delivery.event().id(), delivery.id());
    }
};

}  // namespace

host::PluginSet simulated_plugins() {
    host::PluginSet plugins;
    auto own = host::Plugin::adopt(sdk::Exported<Simulated>::table(), "simulation");
    auto http = host::Plugin::load(SYNCLINE_PLUGIN_FOLDER "/http.so");
    SYNCLINE_ASSERT(own, own.error().text());
    SYNCLINE_ASSERT(http, http.error().text());
    plugins.add(std::move(*own));
    plugins.add(std::move(*http));
    return plugins;
}

}  // namespace syncline::simulation
