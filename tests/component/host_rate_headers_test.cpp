// What is read from the limit headers of answers, in every spelling; nothing from nonsense.
#include "core/host/rate_headers.hpp"

#include <gtest/gtest.h>

namespace syncline::host {
namespace {

constexpr std::int64_t now_ms = 1'767'225'600'000;

std::optional<RateLimit> read(std::vector<std::pair<std::string, std::string>> fields) {
    HttpHeaders headers;
    for (auto& [name, value] : fields) headers.add(name, value);
    return rate_limit_of(headers, now_ms);
}

struct Case {
    std::vector<std::pair<std::string, std::string>> fields;
    std::int64_t remaining;
    std::int64_t reset_ms;
};

TEST(RateHeaders, every_spelling_is_read) {
    const Case cases[] = {
        {{{"RateLimit-Remaining", "7"}, {"ratelimit-reset", "30"}}, 7, 30'000},
        {{{"X-RateLimit-Remaining", "0"}, {"X-RateLimit-Reset", "1767225660"}}, 0, 60'000},
        {{{"X-RateLimit-Remaining", "12"}, {"X-RateLimit-Reset", "1.5"}}, 12, 1000},
        {{{"X-Rate-Limit-Remaining", "3"}, {"X-Rate-Limit-Reset", "10"}}, 3, 10'000},
        {{{"X-RateLimit-Requests-Remaining", "5"}, {"X-RateLimit-Requests-Reset", "1767225602500"}},
         5, 2500},
        {{{"X-HubSpot-RateLimit-Remaining", "9"},
          {"X-HubSpot-RateLimit-Interval-Milliseconds", "10000"}}, 9, 10'000},
        {{{"RateLimit", "limit=100, remaining=50, reset=5"}}, 50, 5000},
        {{{"RateLimit", "\"default\";r=50;t=30"}}, 50, 30'000},
        {{{"RateLimit", "\"burst\";r=2;t=1, \"day\";r=900;t=4000"}}, 2, 1000},
        {{{"X-RateLimit-Remaining", "4"}, {"X-RateLimit-Reset", "9999999999"}}, 4, 86'400'000},
    };
    for (const auto& one : cases) {
        auto found = read(one.fields);
        ASSERT_TRUE(found) << one.fields[0].first << ": " << one.fields[0].second;
        EXPECT_EQ(found->remaining, one.remaining) << one.fields[0].first;
        EXPECT_EQ(found->reset_ms, one.reset_ms) << one.fields[0].first;
    }
}

TEST(RateHeaders, the_tightest_of_several_counts) {
    auto found = read({{"RateLimit-Remaining", "70"}, {"RateLimit-Reset", "3600"},
                       {"X-RateLimit-Remaining", "1"}, {"X-RateLimit-Reset", "2"}});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->remaining, 1);
}

TEST(RateHeaders, half_a_word_a_past_moment_and_nonsense_say_nothing) {
    EXPECT_FALSE(read({}));
    EXPECT_FALSE(read({{"X-RateLimit-Remaining", "7"}}));
    EXPECT_FALSE(read({{"X-RateLimit-Reset", "7"}}));
    for (const char* reset : {"0", "-5", "soon", "", "1767225599", "99999999999999999999",
                              "999999999999999999", "1e3", "1.x"})
        EXPECT_FALSE(read({{"X-RateLimit-Remaining", "7"}, {"X-RateLimit-Reset", reset}})) << reset;
    for (const char* remaining : {"-1", "many", "", "1.2.3"})
        EXPECT_FALSE(read({{"X-RateLimit-Remaining", remaining}, {"X-RateLimit-Reset", "7"}}))
            << remaining;
    for (const char* field : {"", "r", "r=;t=", "r=1", "t=1", "\"a\";r=x;t=1", ";;;,,,", "r=1;t=0"})
        EXPECT_FALSE(read({{"RateLimit", field}})) << field;
}

}  // namespace
}  // namespace syncline::host
