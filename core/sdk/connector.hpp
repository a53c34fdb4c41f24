// The C++ layer over the ABI: derive from Connector, write each action as a coroutine, end the
// file with SYNCLINE_CONNECTOR(YourType). Header-only.
//
//   class Pager final : public sdk::Connector {
//   public:
//       static Json describe();                       // the descriptor, see syncline_plugin.h
//       explicit Pager(const Json& settings);         // throw sdk::Refused("…") on bad settings
//       sdk::Task<sdk::Outcome> act(sdk::Context& ctx, const sdk::Delivery& delivery,
//                                   const std::string& action) override {
//           auto request = sdk::Request("POST", url_).json(delivery.input());
//           auto response = co_await ctx.http(std::move(request));
//           co_return sdk::Outcome::from(response, "page");
//       }
//   };
//   SYNCLINE_CONNECTOR(Pager)
#pragma once

#include <memory>
#include <stdexcept>

#include "core/sdk/messages.hpp"
#include "core/sdk/syncline_plugin.h"
#include "core/sdk/task.hpp"

namespace syncline::sdk {

/// The input is wrong: bad settings in a constructor, a body that is no event in parse.
class Refused : public std::runtime_error {
public:
    explicit Refused(const std::string& message) : std::runtime_error(message) {}
};

/// What a running job can ask of the host. Lives as long as the job; one job, one context.
class Context {
public:
    explicit Context(const Json& job)
        : now_ms_(job["now_ms"].as_int64().value_or(0)),
          destination_(job["destination"].as_string()),
          seed_(job["seed"].as_string()) {}

    class Ask {
    public:
        Ask(Context& context, Json question) : context_(context), question_(std::move(question)) {}
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> handle) {
            context_.question_ = std::move(question_);
            context_.waiting_ = handle;
        }

    protected:
        Context& context_;
        Json question_;
    };
    class AskHttp : public Ask {
    public:
        using Ask::Ask;
        Response await_resume() { return Response(context_.answer_["http"]); }
    };
    class AskLink : public Ask {
    public:
        using Ask::Ask;
        std::optional<Link> await_resume() {
            const Json& link = context_.answer_["link"];
            if (!link.is_object()) return std::nullopt;
            return Link(link["id"].as_string(), link["url"].as_string(), link["hash"].as_string());
        }
    };
    class AskSleep : public Ask {
    public:
        using Ask::Ask;
        void await_resume() {}
    };

    /// Sends a request and gives its answer: auto answer = co_await ctx.http(std::move(request));
    AskHttp http(Request request) {
        Json question = Json::object();
        question.set("ask", "http");
        question.set("request", request.to_json());
        return AskHttp(*this, std::move(question));
    }
    /// The link remembered for that thing at this destination.
    AskLink link(std::string_view kind, std::string_view source_id) {
        Json question = Json::object();
        question.set("ask", "link");
        question.set("kind", kind);
        question.set("source_id", source_id);
        return AskLink(*this, std::move(question));
    }
    AskSleep sleep_ms(std::int64_t ms) {
        Json question = Json::object();
        question.set("ask", "sleep");
        question.set("ms", ms);
        return AskSleep(*this, std::move(question));
    }
    /// Wall time when the job began: logic has no other clock.
    std::int64_t now_ms() const { return now_ms_; }
    const std::string& destination() const { return destination_; }
    /// 16 hex digits, the same on every run of a simulation.
    const std::string& seed() const { return seed_; }

private:
    friend class Job;
    std::int64_t now_ms_;
    std::string destination_;
    std::string seed_;
    Json question_;
    Json answer_;
    std::coroutine_handle<> waiting_;
};

/// Base of every connector: override what its roles need. One instance per configured source or
/// destination; several jobs of one instance may be under way at once, one call at a time.
class Connector {
public:
    virtual ~Connector() = default;

    /// Destination role: one delivery of the named action.
    virtual Task<Outcome> act(Context& ctx, const Delivery& delivery, const std::string& action) {
        (void)ctx, (void)delivery;
        co_return Outcome::reject("this connector has no action " + action);
    }
    /// Destination role: several deliveries of an action whose descriptor says "max_batch" above 1, each
    /// of another lane and for the first time. One outcome for each, in their order. What one of them
    /// may have spoilt for all is best answered with retry: it is tried again alone.
    virtual Task<std::vector<Outcome>> act_batch(Context& ctx,
                                                 const std::vector<Delivery>& deliveries,
                                                 const std::string& action) {
        std::vector<Outcome> outcomes;
        for (const auto& delivery : deliveries) {
            Outcome outcome = co_await act(ctx, delivery, action);
            outcomes.push_back(std::move(outcome));
        }
        co_return outcomes;
    }
    /// Source role: reads the named document that belongs to an event (Outcome::document).
    virtual Task<Outcome> fetch(Context& ctx, const Event& event, const std::string& document) {
        (void)ctx, (void)event;
        co_return Outcome::reject("this connector has no document " + document);
    }
    /// Source role: looks closer at an event and emits what it means (Outcome::emit).
    virtual Task<Outcome> derive(Context& ctx, const Event& event) {
        (void)ctx, (void)event;
        co_return Outcome::skipped("nothing to derive");
    }
    /// Source role: see syncline_plugin.signatures.
    virtual Json signatures() const { return Json::array(); }
    /// Source role: splits a verified request into events; throw Refused when it is none.
    virtual std::vector<ParsedEvent> parse(const InboundRequest& request) const {
        (void)request;
        throw Refused("this connector is no source");
    }
};

/// A job under way: the coroutine, its context and the values it refers to.
class Job {
public:
    Job(Connector& connector, const Json& job)
        : kind_(job["kind"].as_string()), name_(job["name"].as_string()), context_(job) {
        for (const auto& delivery : job["deliveries"].items()) deliveries_.emplace_back(delivery);
        if (deliveries_.empty()) throw std::runtime_error("the job has no delivery");
        if (deliveries_.size() > 1) batch_.emplace(connector.act_batch(context_, deliveries_, name_));
        else task_.emplace(make(connector));
    }

    /// Runs to the next question or the end; writes it.
    Json advance(const Json* answer) {
        if (answer) {
            context_.answer_ = *answer;
            auto waiting = std::exchange(context_.waiting_, nullptr);
            if (!waiting) throw std::logic_error("the job is not waiting for an answer");
            waiting.resume();
        } else if (batch_) {
            batch_->start();
        } else {
            task_->start();
        }
        bool ended = batch_ ? batch_->done() : task_->done();
        return ended ? outcomes() : std::move(context_.question_);
    }

private:
    Task<Outcome> make(Connector& connector) {
        const Delivery& delivery = deliveries_.front();
        if (kind_ == "fetch") return connector.fetch(context_, delivery.event(), name_);
        if (kind_ == "derive") return connector.derive(context_, delivery.event());
        return connector.act(context_, delivery, name_);
    }
    Json outcomes() {
        Json list = Json::array();
        if (batch_)
            for (const auto& outcome : batch_->take()) list.push_back(outcome.to_json());
        else
            list.push_back(task_->take().to_json());
        Json done = Json::object();
        done.set("done", std::move(list));
        return done;
    }

    std::string kind_;
    std::string name_;
    Context context_;
    std::vector<Delivery> deliveries_;
    std::optional<Task<Outcome>> task_;                 // of one
    std::optional<Task<std::vector<Outcome>>> batch_;   // of several
};

}  // namespace syncline::sdk

#include "core/sdk/export.hpp"
