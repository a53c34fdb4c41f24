// The rule set in force, exchanged while others match by it.
//
// Readers take the current set and drop it when they are done. A set that is no longer current is
// kept until no reader holds it, so that it is taken apart in the publisher's thread: a hundred
// thousand rules take milliseconds to free, and no reader waits for that.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "rules/rule_set.hpp"

namespace syncline::rules {

class RuleSetHolder {
public:
    explicit RuleSetHolder(std::shared_ptr<const RuleSet> set) : current_(std::move(set)) {}

    /// Any thread; never waits for a publisher's work, only for the exchange of a pointer.
    std::shared_ptr<const RuleSet> current() const {
        return current_.load();
    }
    /// One thread at a time. Frees earlier sets that nobody holds any more.
    void publish(std::shared_ptr<const RuleSet> set) {
        retired_.push_back(current_.exchange(std::move(set)));
        std::erase_if(retired_, [](const auto& old) { return old.use_count() == 1; });
    }

    /// Earlier sets that somebody held when last one was published. The publisher's thread.
    std::size_t retired() const { return retired_.size(); }

private:
    std::atomic<std::shared_ptr<const RuleSet>> current_;
    std::vector<std::shared_ptr<const RuleSet>> retired_;
};

}  // namespace syncline::rules
