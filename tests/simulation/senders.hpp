// The senders of a run: two sources that sign what they send, send again until they hear a 2xx, and
// meanwhile double, lose and reorder. A forger sends too, and somebody whose body is no event.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/http.hpp"
#include "tests/simulation/model.hpp"
#include "tests/simulation/scenario.hpp"
#include "tests/simulation/world.hpp"

namespace syncline::simulation {

class Senders {
public:
    using Answer = std::function<void(HttpResponse)>;
    /// Where requests arrive. False: nobody listens, the connection is refused.
    using Door = std::function<bool(HttpRequest, Answer)>;

    Senders(World& world, Model& model, Door door);
    /// Plans the first sending of every request.
    void begin();
    /// Genuine requests that have not been answered 2xx yet.
    std::size_t unanswered() const { return unanswered_; }

private:
    enum class Kind { genuine, forged, malformed };
    struct Letter {
        Kind kind = Kind::genuine;
        std::string source;
        std::vector<SentEvent> events;
        std::uint32_t tries = 0;
        std::uint64_t waits_for = 0;   // the sending whose answer or time-out decides; 0: none
        bool done = false;
    };
    using LetterPtr = std::shared_ptr<Letter>;

    LetterPtr draw(std::size_t number);
    SentEvent draw_event(const std::string& source, std::size_t number, std::size_t part);
    HttpRequest request_of(const Letter& letter) const;
    void send(const LetterPtr& letter);
    void arrives(const LetterPtr& letter, std::uint64_t sending, HttpRequest request);
    void answered(const LetterPtr& letter, std::uint64_t sending, HttpResponse response);
    void again(const LetterPtr& letter, std::uint64_t sending, std::int64_t after_ms);
    std::int64_t latency_ms();

    World& world_;
    Model& model_;
    Door door_;
    Dice dice_;
    std::uint64_t sendings_ = 0;
    std::size_t unanswered_ = 0;
};

}  // namespace syncline::simulation
