// What a person ordered, after it became durable: the window follows the store.
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/runtime/dispatcher.hpp"

namespace syncline {

/// The store has them cancelled. One whose attempt is under way ends with it; its settlement then
/// changes nothing, unless it was delivered.
void Dispatcher::cancelled(std::vector<std::uint64_t> ids, Done done) {
    auto shared = std::make_shared<const std::vector<std::uint64_t>>(std::move(ids));
    parts_.loop.post([this, shared, done = std::move(done)] {
        for (auto id : *shared) cancel_one(id);
        pump();
        done();
    });
}

void Dispatcher::cancel_one(std::uint64_t id) {
    scheduler_.release_lane(id);   // of a dead letter, should it hold one
    auto found = waiting_.find(id);
    if (found == waiting_.end()) return;
    const Delivery& delivery = found->second.delivery;
    std::uint32_t destination = index_of(delivery);
    std::string lane = delivery.lane;
    if (scheduler_.cancel({destination, lane, id}) != delivery::Scheduler::Found::waiting) return;
    ++counters_.cancelled;
    forget(id);
    left(destination, lane);
}

void Dispatcher::hurried(std::vector<std::uint64_t> ids, Done done) {
    auto shared = std::make_shared<const std::vector<std::uint64_t>>(std::move(ids));
    parts_.loop.post([this, shared, done = std::move(done)] {
        for (auto id : *shared) {
            auto found = waiting_.find(id);
            if (found == waiting_.end()) continue;   // in the store alone, where it is due now
            const Delivery& delivery = found->second.delivery;
            scheduler_.retry_now({index_of(delivery), delivery.lane, id},
                                 parts_.clock.monotonic_ms());
        }
        pump();
        done();
    });
}

void Dispatcher::held(store::Hold hold, Done done) {
    parts_.loop.post([this, hold = std::move(hold), done = std::move(done)] {
        if (auto found = index_.find(hold.destination); found != index_.end()) {
            log_warning("destination held by hand",
                        {{"destination", hold.destination}, {"reason", hold.reason}});
            windows_[found->second].by_hand = hold;
            scheduler_.hold(found->second);
        }
        done();
    });
}

void Dispatcher::released(std::string destination, Done done) {
    parts_.loop.post([this, destination = std::move(destination), done = std::move(done)] {
        if (auto found = index_.find(destination); found != index_.end()) {
            log_info("destination released by hand", {{"destination", destination}});
            windows_[found->second].by_hand.reset();
            windows_[found->second].by_answer.reset();
            scheduler_.release(found->second, parts_.clock.monotonic_ms());
        }
        pump();
        done();
    });
}

void Dispatcher::describe(std::function<void(Json)> done) {
    parts_.loop.post([this, done = std::move(done)] {
        Json list = Json::array();
        for (std::uint32_t i = 0; i < windows_.size(); ++i)
            if (parts_.config.destination(windows_[i].name)) list.push_back(describe_one(i));
        done(std::move(list));
    });
}

Json Dispatcher::describe_one(std::uint32_t destination) const {
    static constexpr const char* breaker_words[] = {"closed", "open", "probing"};
    const Window& window = windows_[destination];
    const delivery::Breaker& breaker = scheduler_.breaker(destination);
    Json made = Json::object();
    made.set("name", window.name);
    made.set("connector", parts_.config.destination(window.name)->connector);
    const auto& hold = window.by_hand ? window.by_hand : window.by_answer;
    made.set("state", hold ? "held" : breaker.state() == delivery::Breaker::State::closed
                                          ? "ready"
                                          : "failing");
    if (hold) {
        Json held = Json::object();
        held.set("by", window.by_hand ? "hand" : "answer");
        held.set("reason", hold->reason);
        held.set("since", format_time(hold->since_ms));
        made.set("hold", std::move(held));
    }
    made.set("breaker", breaker_words[static_cast<std::size_t>(breaker.state())]);
    std::int64_t wait = breaker.wait_ms(parts_.clock.monotonic_ms());
    if (breaker.state() == delivery::Breaker::State::open && !window.by_hand)
        made.set("next_probe_in_ms", wait);
    made.set("in_memory", scheduler_.size(destination));
    made.set("more_in_store", window.backlog || !window.spilled.empty());
    return made;
}

}  // namespace syncline
