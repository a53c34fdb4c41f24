// Loads a built connector (plugins/<name>.so) and talks to it as the host does, with answers from
// a script: which request is expected, what comes back, what the outcome must be. No network, no
// clock. A misuse of the ABI or an unexpected question fails the test and shows the message.
#pragma once

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/sdk/json.hpp"
#include "core/sdk/syncline_plugin.h"

namespace syncline::test {

inline Json json(std::string_view text) {
    JsonError error;
    auto parsed = Json::parse(text, &error);
    if (!parsed) ADD_FAILURE() << error.message << " at " << error.offset << " of " << text;
    return parsed.value_or(Json());
}

inline syncline_bytes bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Collects what a plugin writes.
class Collected {
public:
    Collected() {
        writer_ = {sizeof(syncline_writer), 0, this, [](void* self, const std::uint8_t* data,
                                                        std::uint64_t size) {
                       static_cast<Collected*>(self)->text_.append(
                           reinterpret_cast<const char*>(data), size);
                   }};
    }
    Collected(const Collected&) = delete;
    Collected& operator=(const Collected&) = delete;
    const syncline_writer* writer() const { return &writer_; }
    const std::string& text() const { return text_; }
    Json as_json() const { return test::json(text_); }

private:
    syncline_writer writer_{};
    std::string text_;
};

/// What a delivery looks like to the plugin; `event` may also carry "payload".
struct DeliverySpec {
    Json input = Json::object();
    Json event = Json::object();
    std::string payload = "{}";
    std::string id = "dlv-1";
    int attempt = 1;
    bool uncertain = false;
};

inline constexpr std::int64_t test_now_ms = 1'767'225'600'000;  // 2026-01-01T00:00:00Z

/// A job under way. Each expectation names the question that must be pending.
class JobUnderTest {
public:
    JobUnderTest(const syncline_plugin* plugin, syncline_instance* instance, const Json& job)
        : plugin_(plugin) {
        Collected next;
        std::string text = job.dump();
        int code = plugin_->begin(instance, bytes_of(text), &job_, next.writer());
        EXPECT_EQ(code, SYNCLINE_OK) << next.text();
        next_ = next.as_json();
    }
    ~JobUnderTest() {
        if (job_) plugin_->end(job_);
    }
    JobUnderTest(const JobUnderTest&) = delete;
    JobUnderTest& operator=(const JobUnderTest&) = delete;

    /// The pending HTTP request, which must be this one.
    Json expect_http(const std::string& method, const std::string& url) {
        EXPECT_EQ(next_["ask"].as_string(), "http") << next_.dump();
        Json request = next_["request"];
        EXPECT_EQ(request["method"].as_string() + " " + request["url"].as_string(),
                  method + " " + url);
        return request;
    }
    /// The same, with a JSON body that must be equal to `body`.
    Json expect_http(const std::string& method, const std::string& url, std::string_view body) {
        Json request = expect_http(method, url);
        Json sent = test::json(request["body"].as_string());
        EXPECT_EQ(sent, test::json(body)) << "sent: " << sent.dump();
        return request;
    }
    using Fields = std::vector<std::pair<std::string, std::string>>;
    void answer(int status, const std::string& body = "", const Fields& headers = {},
                std::int64_t retry_after_ms = 0) {
        Json http = Json::object();
        http.set("status", status);
        Json fields = Json::array();
        for (const auto& [name, value] : headers) {
            Json field = Json::array();
            field.push_back(name);
            field.push_back(value);
            fields.push_back(std::move(field));
        }
        http.set("headers", std::move(fields));
        http.set("body", body);
        if (retry_after_ms > 0) http.set("retry_after_ms", retry_after_ms);
        step("http", std::move(http));
    }
    /// "timeout", "network", "refused_by_policy", "too_large".
    void fail(const std::string& error, bool sent = true) {
        Json http = Json::object();
        http.set("error", error);
        http.set("message", "made by the test");
        http.set("sent", sent);
        step("http", std::move(http));
    }
    /// The pending look-up must be this one; answers with that id, or with none when empty.
    void expect_link(const std::string& kind, const std::string& source_id,
                     const std::string& id = "", const std::string& hash = "") {
        EXPECT_EQ(next_["ask"].as_string(), "link") << next_.dump();
        EXPECT_EQ(next_["kind"].as_string(), kind);
        EXPECT_EQ(next_["source_id"].as_string(), source_id);
        Json link;
        if (!id.empty()) {
            link.set("id", id);
            link.set("url", "https://example.test/" + id);
            link.set("hash", hash);
        }
        step("link", std::move(link));
    }
    /// A pause must be pending; it passes at once. Its length.
    std::int64_t expect_sleep() {
        EXPECT_EQ(next_["ask"].as_string(), "sleep") << next_.dump();
        std::int64_t ms = next_["ms"].as_int64().value_or(-1);
        step("slept", Json(true));
        return ms;
    }
    bool asks(const std::string& what) const { return next_["ask"].as_string() == what; }
    const Json& next() const { return next_; }
    /// The outcome, which must be of that kind.
    Json expect_done(const std::string& kind) {
        EXPECT_EQ(next_["done"].size(), 1u) << next_.dump();
        Json outcome = next_["done"][0];
        EXPECT_EQ(outcome["outcome"].as_string(), kind) << outcome.dump();
        return outcome;
    }

    /// The kinds of the outcomes of a batch: "delivered reject".
    std::string expect_all_done() {
        std::string kinds;
        for (const auto& outcome : next_["done"].items())
            kinds += (kinds.empty() ? "" : " ") + outcome["outcome"].as_string();
        EXPECT_FALSE(kinds.empty()) << next_.dump();
        return kinds;
    }

private:
    void step(const char* name, Json value) {
        Json answer = Json::object();
        answer.set(name, std::move(value));
        std::string text = answer.dump();
        Collected next;
        int code = plugin_->step(job_, bytes_of(text), next.writer());
        EXPECT_EQ(code, SYNCLINE_OK) << next.text();
        next_ = next.as_json();
    }

    const syncline_plugin* plugin_;
    syncline_job* job_ = nullptr;
    Json next_;
};

/// The value of a header of a request; empty when absent.
inline std::string header_of(const Json& request, std::string_view name) {
    for (const auto& field : request["headers"].items())
        if (field[0].as_string() == name) return field[1].as_string();
    return std::string();
}

/// One configured source or destination.
class InstanceUnderTest {
public:
    InstanceUnderTest(const syncline_plugin* plugin, syncline_instance* instance)
        : plugin_(plugin), instance_(instance) {}
    ~InstanceUnderTest() {
        if (instance_) plugin_->destroy(instance_);
    }
    InstanceUnderTest(const InstanceUnderTest&) = delete;
    InstanceUnderTest& operator=(const InstanceUnderTest&) = delete;

    // Only on a named instance: a job must not outlive it.
    JobUnderTest act(const std::string& action, const DeliverySpec& spec) const& {
        return job("action", action, {spec});
    }
    /// Several deliveries at once, as where the descriptor says "max_batch".
    JobUnderTest act_batch(const std::string& action,
                           const std::vector<DeliverySpec>& specs) const& {
        return job("action", action, specs);
    }
    JobUnderTest act_batch(const std::string&, const std::vector<DeliverySpec>&) const&& = delete;
    JobUnderTest fetch(const std::string& document, const DeliverySpec& spec) const& {
        return job("fetch", document, {spec});
    }
    JobUnderTest derive(const DeliverySpec& spec) const& { return job("derive", "derive", {spec}); }
    JobUnderTest act(const std::string&, const DeliverySpec&) const&& = delete;
    JobUnderTest fetch(const std::string&, const DeliverySpec&) const&& = delete;
    JobUnderTest derive(const DeliverySpec&) const&& = delete;

    Json signatures() const {
        Collected out;
        EXPECT_EQ(plugin_->signatures(instance_, out.writer()), SYNCLINE_OK) << out.text();
        return out.as_json();
    }
    /// {"events": […]}, or {"error": text} when the body was refused.
    Json parse(const Json& headers, std::string_view body) const {
        Json request = Json::object();
        request.set("headers", headers);
        request.set("target", "/webhooks/test");
        request.set("received_ms", test_now_ms);
        std::string head = request.dump();
        Collected out;
        int code = plugin_->parse(instance_, bytes_of(head), bytes_of(body), out.writer());
        Json answer = out.as_json();
        EXPECT_EQ(code, answer.find("error") ? SYNCLINE_REFUSED : SYNCLINE_OK) << out.text();
        return answer;
    }

private:
    static Json delivery_of(const DeliverySpec& spec) {
        Json delivery = Json::object();
        delivery.set("id", spec.id);
        delivery.set("attempt", spec.attempt);
        delivery.set("uncertain", spec.uncertain);
        delivery.set("input", spec.input);
        delivery.set("event", spec.event);
        delivery.set("payload", spec.payload);
        return delivery;
    }
    JobUnderTest job(const char* kind, const std::string& name,
                     const std::vector<DeliverySpec>& specs) const {
        Json deliveries = Json::array();
        for (const auto& spec : specs) deliveries.push_back(delivery_of(spec));
        Json made = Json::object();
        made.set("kind", kind);
        made.set("name", name);
        made.set("now_ms", test_now_ms);
        made.set("seed", "0123456789abcdef");
        made.set("destination", "there");
        made.set("deliveries", std::move(deliveries));
        return JobUnderTest(plugin_, instance_, made);
    }

    const syncline_plugin* plugin_;
    syncline_instance* instance_;
};

/// A loaded plugin; never unloaded.
class PluginUnderTest {
public:
    explicit PluginUnderTest(const std::string& name) {
        std::string path = std::string(SYNCLINE_PLUGIN_FOLDER) + "/" + name + ".so";
        void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (!handle) {
            ADD_FAILURE() << dlerror();
            return;
        }
        using Entry = const syncline_plugin* (*)();
        auto entry = reinterpret_cast<Entry>(dlsym(handle, "syncline_plugin_v1"));
        if (entry) plugin_ = entry();
        EXPECT_TRUE(plugin_) << path;
    }
    Json describe() const {
        Collected out;
        EXPECT_EQ(plugin_->describe(out.writer()), SYNCLINE_OK) << out.text();
        return out.as_json();
    }
    InstanceUnderTest create(std::string_view settings) const {
        syncline_instance* made = nullptr;
        Collected error;
        int code = plugin_->create(nullptr, bytes_of(settings), &made, error.writer());
        EXPECT_EQ(code, SYNCLINE_OK) << error.text();
        return InstanceUnderTest(plugin_, made);
    }
    /// The sentence with which settings are refused; empty when they are not.
    std::string refusal(std::string_view settings) const {
        syncline_instance* made = nullptr;
        Collected error;
        int code = plugin_->create(nullptr, bytes_of(settings), &made, error.writer());
        if (made) plugin_->destroy(made);
        return code == SYNCLINE_REFUSED ? error.as_json()["error"].as_string() : std::string();
    }

private:
    const syncline_plugin* plugin_ = nullptr;
};

}  // namespace syncline::test
