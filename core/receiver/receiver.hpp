// The front door's decisions: which source a request is for, whether it is signed, what events it
// holds, and the answer once they are durable. An HttpHandler; lives on the server's thread.
//
// It calls no plugin and no store itself: what a source can do and where accepted events go are
// handed in by the runtime, so that a test or a simulation can stand in for both.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/http.hpp"
#include "core/base/random.hpp"
#include "core/base/result.hpp"
#include "core/model/event.hpp"
#include "core/receiver/signature.hpp"
#include "core/store/store.hpp"

namespace syncline {

/// One event as a source's connector found it in a request.
struct ReceivedEvent {
    std::string key;          // empty: the receiver makes one from the body's hash
    std::string type;
    std::string subject;
    std::optional<std::int64_t> time_ms;
    Json attributes = Json::object();
    std::string payload;      // the event's own bytes
    std::string content_type = "application/json";
    ReceivedEvent() = default;
};

/// When a scheme applies: the first rule whose header is present, or that has none.
struct SchemeChoice {
    std::string when_header;
    SignatureScheme scheme;
};

/// A configured source, as the front door sees it.
struct SourcePort {
    std::string name;
    std::string path;                        // exact match on the request's path
    std::vector<std::string> secrets;
    std::vector<SchemeChoice> schemes;       // empty: unsigned
    /// What its bodies may be: "application/json", or "+json" for every type with that suffix.
    /// Empty: any. A request without Content-Type always passes. Others are answered 415.
    std::vector<std::string> content_types;
    /// Splits a verified body. An error of code invalid_argument is the sender's fault (400), any
    /// other the plugin's (500).
    std::function<Result<std::vector<ReceivedEvent>>(const HttpRequest& request,
                                                     std::int64_t now_ms)> parse;
    SourcePort() = default;
};

/// Where accepted events go: the runtime's queue to the store.
class AcceptSink {
public:
    virtual ~AcceptSink() = default;
    /// The deliveries of one event, by the rules in force. Server thread.
    virtual std::vector<Delivery> route(const Event& event) = 0;
    using Done = std::function<void(Result<std::size_t> duplicates)>;
    /// False when the queue is full: nothing was taken. Else `done` is called exactly once, after
    /// the commit, from the store's thread.
    virtual bool submit(store::AcceptRequest request, Done done) = 0;
};

/// Counters of the front door; read from any thread.
struct ReceiverCounters;

class Receiver final : public HttpHandler {
public:
    Receiver(std::vector<SourcePort> sources, AcceptSink& sink, const Clock& clock,
             Random& random);
    ~Receiver() override;

    void admit(const HttpRequest& head, Admission& admission) override;
    void handle(HttpRequest request, Done done) override;

    /// {"accepted", "duplicates", "rejected": {reason: n}} since start. Any thread.
    Json counters() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// The events of a request as the store takes them: ids, dedupe keys ("key" or "key#n", else the
/// hash of the body), times. Pure but for `random`.
std::vector<std::shared_ptr<Event>> make_events(const std::string& source,
                                                std::vector<ReceivedEvent> found,
                                                const HttpRequest& request, std::int64_t now_ms,
                                                Random& random,
                                                std::vector<std::string>& dedupe_keys);

}  // namespace syncline
