// Random patterns and events from small alphabets, so that they meet often: lists of objects, lists
// in lists, dotted names, every operator beside every other, numbers in many spellings, letters
// whose case is not ASCII. And the shrinking of a pair that shows a fault.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "core/sdk/json.hpp"

namespace syncline::rules {

/// What the ages of random patterns count from: 2026-01-01T00:01:00Z.
inline constexpr std::int64_t random_now_ms = 1'767'225'660'000;

class RandomRules {
public:
    explicit RandomRules(std::uint64_t seed) : engine_(seed) {}

    Json pattern() { return group(2); }
    /// A pattern of one field with two tests of any kinds, as a list, or each in a branch of $or.
    Json operator_pair();
    Json event() { return object(3); }
    std::size_t below(std::size_t bound) { return engine_() % bound; }

private:
    bool chance(int percent) { return static_cast<int>(below(100)) < percent; }
    template <class List>
    const auto& pick(const List& list) {
        return list[below(std::size(list))];
    }

    std::string name();
    std::string text();
    Json number();
    Json scalar();
    Json value(int depth);
    Json object(int depth);
    Json group(int depth);
    Json branches(int depth, std::size_t least);
    Json tests();
    Json test();
    Json operator_test(const std::string& name);
    Json dollar_tests();
    Json anything_but();
    Json numeric();
    Json texts();
    std::string wildcard();

    std::mt19937_64 engine_;
};

/// The smallest JSON that still `fails`, found by leaving out members and items one by one.
Json shrunk(Json json, const std::function<bool(const Json&)>& fails);

}  // namespace syncline::rules
