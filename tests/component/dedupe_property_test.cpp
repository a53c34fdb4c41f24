// The dedupe window against a model, over random times: hours pass, the clock is set back, old keys are
// cleared away, the store is opened anew. A failure names its seed.
#include <algorithm>
#include <map>

#include "core/base/random.hpp"
#include "tests/component/store_fixture.hpp"

namespace syncline::store {
namespace {

constexpr std::int64_t window_ms = 2 * day_ms;

TEST(DedupeProperty, a_repeat_inside_the_window_is_known_and_one_outside_is_not) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        SeededRandom random(seed);
        auto below = [&](std::uint64_t bound) { return random.next_u64() % bound; };
        SqliteHome home;
        auto store = home.open(window_ms);
        auto writer = good(store->open_writer());
        std::map<std::pair<std::string, std::string>, std::int64_t> accepted;   // when last
        std::int64_t now = start_ms;
        std::int64_t latest = now;
        std::size_t number = 0;
        std::size_t repeats = 0;
        for (int step = 0; step < 500; ++step) {
            switch (below(6)) {
                case 0: now += static_cast<std::int64_t>(below(6 * hour_ms)); break;
                case 1: now = std::max(now - static_cast<std::int64_t>(below(hour_ms)),
                                       latest - 12 * hour_ms);
                        break;
                case 2:
                    ASSERT_TRUE(writer->idle(now));
                    break;
                case 3:
                    if (below(10) != 0) break;
                    writer.reset();
                    writer = good(store->open_writer());
                    break;
                default: now += static_cast<std::int64_t>(below(1000)); break;
            }
            latest = std::max(latest, now);
            std::string source = below(2) == 0 ? "attio" : "shop";
            auto accept = make_accept("k" + std::to_string(below(12)), {}, source);
            accept.event->id = "e" + std::to_string(++number);   // the id is ours, the key theirs
            auto key = std::pair(source, accept.dedupe_key);
            auto known = accepted.find(key);
            bool repeat = known != accepted.end() && known->second > now - window_ms;
            std::vector<Accept> accepts;
            accepts.push_back(std::move(accept));
            auto result = commit_one(*writer, make_request(std::move(accepts)), now);
            ASSERT_EQ(result.duplicates, repeat ? 1u : 0u) << "step " << step;
            repeats += result.duplicates;
            if (!repeat) accepted[key] = now;
        }
        EXPECT_GT(repeats, 50u);
        EXPECT_LT(repeats, 490u) << "the window ends now and then";
    }
}

}  // namespace
}  // namespace syncline::store
