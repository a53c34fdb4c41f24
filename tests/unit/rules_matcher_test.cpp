// Matching by the index: what it must give beside right answers (rules_agreement_test.cpp and the
// conformance cases see to those): no memory while matching, texts read strictly, work that stays
// in proportion, sets exchanged while others match.
#include <atomic>
#include <cstdlib>
#include <new>
#include <thread>

#include "rules/rule_set_holder.hpp"
#include "rules_support.hpp"

namespace {
std::atomic<std::size_t> allocations{0};
}  // namespace

// Counts what the whole test program allocates, to see that matching does not. The address sanitizer
// has its own allocator, and wants to see which call made and which freed: there nothing is counted.
#ifndef __SANITIZE_ADDRESS__
void* operator new(std::size_t size) {
    ++allocations;
    if (void* made = std::malloc(size ? size : 1)) return made;
    throw std::bad_alloc();
}
void operator delete(void* made) noexcept { std::free(made); }
void operator delete(void* made, std::size_t) noexcept { std::free(made); }
#endif

namespace syncline::rules {
namespace {

using Numbers = std::vector<std::uint32_t>;

RuleEntry entry(std::string_view where) {
    RuleEntry made;
    made.on = std::get<TypeSet>(TypeSet::compile({"*"}));
    made.where = pattern(where);
    return made;
}

RuleSet set_of(std::initializer_list<std::string_view> wheres) {
    RuleSet::Builder builder;
    for (auto where : wheres) builder.add(entry(where));
    return builder.build();
}

/// The numbers, or what is wrong with the text.
std::string matched(const RuleSet& set, std::string_view text, Matcher& matcher) {
    Numbers found;
    auto error = matcher.match_text(set, {"source", "type", 0}, text, found);
    return error ? error->message : ::testing::PrintToString(found);
}
std::string matched(const RuleSet& set, std::string_view text) {
    Matcher matcher;
    return matched(set, text, matcher);
}

std::string many(std::string_view piece, std::size_t count) {
    std::string text;
    for (; count > 0; --count) text += piece;
    return text;
}

TEST(Matcher, DoesNotAllocateOnceItsBuffersHaveGrown) {
    RuleSet::Builder builder;
    for (int i = 0; i < 300; ++i) {
        auto number = std::to_string(i);
        builder.add(entry(R"({"stage":["s)" + number + R"("],"score":[{"numeric":[">",)" + number +
                          "]}]}"));
        builder.add(entry(R"({"name":[{"equals-ignore-case":"Name )" + number + R"("}]})"));
        builder.add(entry(R"({"mail":[{"suffix":"@x)" + number + R"(.com"}],"ip":[{"cidr":"10.)" +
                          number.substr(0, 2) + R"(.0.0/15"}]})"));
        builder.add(entry(R"({"name":[{"wildcard":"*me*)" + number +
                          R"("}],"lines":{"a":[1],"b":[2]},"gone":[{"exists":false}]})"));
    }
    auto set = builder.build();
    const std::string text =
        R"({"stage":"s7","score":8.5,"name":"NAME 17","mail":"a@x3.com","ip":"10.2.3.4","note":)"
        R"("a\nline \u00e9","lines":[{"a":1,"b":3},{"a":1,"b":2}]})";
    const Json event = json(text);
    Matcher matcher;
    Numbers found;
    auto all = [&] {
        found.clear();
        matcher.match(set, {"source", "type", 0}, event, found);
        EXPECT_FALSE(matcher.match_text(set, {"source", "type", 0}, text, found));
    };
    all();
    auto matches = found.size();
    EXPECT_GT(matches, 0u);
    auto before = allocations.load();
    all();
#ifndef __SANITIZE_ADDRESS__
    EXPECT_GT(before, 0u);
#endif
    EXPECT_EQ(allocations.load(), before);
    EXPECT_EQ(found.size(), matches);
}

TEST(Matcher, ReadsTextsAsStrictlyAsTheParser) {
    auto set = set_of({R"({"a":[1]})"});
    EXPECT_EQ(matched(set, R"( { "a" : 1.0 , "b" : [ ] , "c" : { } } )"), "{ 0 }");
    for (std::string_view text :
         {"", " ", "{", "}", "{}x", R"({"a":1)", R"({"a":1}})", R"({"a":1,})", R"({"a" 1})",
          R"({"a":})", R"({a:1})", R"({"a":01})", R"({"a":1.})", R"({"a":+1})", R"({"a":1e})",
          R"({"a":-})", R"({"a":tru})", R"({"a":nul})", R"({"a":true1})", R"({"a":"x"y})",
          R"({"a":"x)", R"({"a":"\x"})", R"({"a":"\u12"})", R"({"a":"\ud800"})",
          R"({"a":"\udc00"})", R"({"a":"\ud800\u0041"})", "{\"a\":\"\x01\"}", "{\"a\":\"\xff\"}",
          R"({"a":[1,]})", R"({"a":[1 2]})", R"({"a":[1})", R"({"a":1e400})", R"({"b":-1e999})",
          "\xEF\xBB\xBF{\"a\":1}", R"({"a":1}{"a":1})", R"({"a":1 "b":2})", R"({"\q":1})", "nul"}) {
        JsonError error;
        ASSERT_FALSE(Json::parse(text, &error)) << text;
        EXPECT_EQ(matched(set, text), error.message) << text;
    }
    EXPECT_EQ(matched(set, many("[", 65) + many("]", 65)), "nested too deep");
    EXPECT_EQ(matched(set, R"({"a":1,"x":)" + many("[", 63) + many("]", 63) + "}"), "{ 0 }");
    EXPECT_EQ(matched(set, R"({"a":1,"x":)" + many("[", 64) + many("]", 64) + "}"),
              "nested too deep");
}

TEST(Matcher, ReadsEscapesAndLongNumbers) {
    auto set = set_of({R"({"n\u0061me":["\u00e9\n\"\\/\ud83d\ude00"]})",
                       R"({"n":[12345678901234567890.1]})", R"({"n":[0.1]})",
                       R"({"n":[{"numeric":[">",12345678901234567890]}]})"});
    EXPECT_EQ(matched(set, R"({"\u006eame":"é\n\"\\\/😀"})"), "{ 0 }");
    EXPECT_EQ(matched(set, R"({"n":12345678901234567890.10})"), "{ 1, 3 }");
    EXPECT_EQ(matched(set, R"({"n":12345678901234567890})"), "{}");
    EXPECT_EQ(matched(set, R"({"n":12345678901234567891})"), "{ 3 }");
    EXPECT_EQ(matched(set, R"({"n":0.1})"), "{ 2 }");
    EXPECT_EQ(matched(set, R"({"n":1e-1})"), "{ 2 }");
    EXPECT_EQ(matched(set, R"({"n":0.1000000000000000055})"), "{}");
}

TEST(Matcher, CountsBothValuesOfARepeatedName) {
    auto set = set_of({R"({"a":[1]})", R"({"a":[2]})", R"({"a":{"b":[1],"c":[2]}})"});
    EXPECT_EQ(matched(set, R"({"a":1,"a":2})"), "{ 0, 1 }");
    EXPECT_EQ(matched(set, R"({"a":{"b":1},"a":{"c":2}})"), "{ 2 }");
}

TEST(Matcher, MatchesAnEventThatIsNoObjectOnlyByAnEmptyPattern) {
    auto set = set_of({"{}", R"({"a":[{"exists":false}]})", R"({"$not":{"a":[1]}})"});
    for (auto text : {"1", "[]", "null", R"("a")", R"([{"a":2}])"})
        EXPECT_EQ(matched(set, text), "{ 0 }") << text;
    EXPECT_EQ(matched(set, "{}"), "{ 0, 1, 2 }");
}

// Each repeated value, and each repeated piece of one value, could lead to the same records again.
TEST(Matcher, LooksAtARuleOnceHoweverOftenAValueLeadsToIt) {
    RuleSet::Builder builder;
    for (int i = 0; i < 400; ++i) {
        auto number = std::to_string(i);
        builder.add(entry(R"({"tags":["x"],"name":[{"wildcard":"*aaaa*)" + number + R"(z"}]})"));
        builder.add(entry(R"({"name":[{"wildcard":"*)" + number + R"(aaaa*"}]})"));
    }
    auto set = builder.build();
    Matcher matcher;
    std::string tags = "\"x\"" + many(",\"x\"", 20'000);
    EXPECT_EQ(matched(set, "{\"tags\":[" + tags + "],\"name\":\"" + many("a", 200'000) + "\"}",
                      matcher),
              "{}");
    EXPECT_EQ(matched(set, "{\"tags\":[" + tags + "],\"name\":\"7aaaa7z\"}", matcher),
              "{ 14, 15 }");
}

TEST(Matcher, GoesFromOneSetToAnother) {
    auto first = set_of({R"({"a":[1]})"});
    auto second = set_of({R"({"b":[1]})", R"({"a":[1],"c":[{"exists":false}]})", R"({"a":[2]})"});
    Matcher matcher;
    EXPECT_EQ(matched(first, R"({"a":1})", matcher), "{ 0 }");
    EXPECT_EQ(matched(second, R"({"a":1})", matcher), "{ 1 }");
    second = set_of({R"({"a":[1]})", R"({"z":{"y":[1]}})"});
    EXPECT_EQ(matched(second, R"({"a":1,"z":{"y":1}})", matcher), "{ 0, 1 }");
    EXPECT_EQ(matched(first, R"({"a":1})", matcher), "{ 0 }");
}

TEST(RuleSet, LeavesOutWhatWasRemovedAndKeepsTheNumbers) {
    RuleSet::Builder builder;
    for (int i = 0; i < 3; ++i) EXPECT_EQ(builder.add(entry(R"({"a":[1]})")), std::uint32_t(i));
    EXPECT_TRUE(builder.remove(1));
    EXPECT_FALSE(builder.remove(1));
    EXPECT_FALSE(builder.remove(3));
    auto set = builder.build();
    EXPECT_EQ(matched(set, R"({"a":1})"), "{ 0, 2 }");
    EXPECT_EQ(matched(builder.build(), R"({"a":1})"), "{}");
}

// Gathering what a group needs once more for each level took 2^29 steps here.
TEST(RuleSet, TakesGroupsInGroupsAsDeepAsAPatternMayBe) {
    constexpr std::size_t levels = 29;
    std::string where = many(R"({"$and":[)", levels) + R"({"a":[1]})" + many("]}", levels);
    auto set = set_of({where, R"({"a":[2]})"});
    EXPECT_EQ(matched(set, R"({"a":1})"), "{ 0 }");
    EXPECT_EQ(matched(set, R"({"a":2})"), "{ 1 }");
}

TEST(RuleSet, ExplainsARuleFromItsText) {
    RuleSet::Builder builder;
    builder.add(entry(R"({"a":1,"b":{"prefix":"x"}})"));
    RuleEntry strict;
    strict.on = std::get<TypeSet>(TypeSet::compile({"*"}));
    strict.where = std::get<Pattern>(Pattern::parse(R"({"prefix":{"numeric":[1]}})"));
    builder.add(std::move(strict));
    auto set = builder.build();
    auto missed = set.rule(0).explain(json(R"({"a":1,"b":"y"})"), 0);
    ASSERT_TRUE(missed);
    EXPECT_EQ(missed->path, "b");
    EXPECT_EQ(set.rule(0).paths(), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(set.rule(1).paths(), (std::vector<std::string>{"prefix.numeric"}));
    EXPECT_EQ(matched(set, R"({"prefix":{"numeric":1}})"), "{ 1 }");
}

TEST(RuleSetHolder, FreesAnOldSetWhenNobodyHoldsItAnyMore) {
    auto make = [] { return std::make_shared<const RuleSet>(set_of({R"({"a":[1]})"})); };
    RuleSetHolder holder(make());
    std::weak_ptr<const RuleSet> first = holder.current();
    auto reader = holder.current();
    holder.publish(make());
    EXPECT_EQ(holder.retired(), 1u);
    reader.reset();
    EXPECT_FALSE(first.expired());   // not in the reader's thread
    holder.publish(make());
    EXPECT_TRUE(first.expired());
    EXPECT_EQ(holder.retired(), 0u);
}

TEST(RuleSetHolder, LetsOthersMatchWhileSetsAreExchanged) {
    auto make = [](int rules) {
        RuleSet::Builder builder;
        for (int i = 0; i < rules; ++i) builder.add(entry(R"({"a":[1]})"));
        return std::make_shared<const RuleSet>(builder.build());
    };
    RuleSetHolder holder(make(1));
    std::atomic<bool> done{false};
    std::thread reader([&] {
        Matcher matcher;
        while (!done) {
            auto set = holder.current();
            Numbers found;
            EXPECT_FALSE(matcher.match_text(*set, {"", "t", 0}, R"({"a":1})", found));
            EXPECT_EQ(found.size(), set->size());
        }
    });
    for (int i = 2; i < 200; ++i) holder.publish(make(i));
    done = true;
    reader.join();
}

}  // namespace
}  // namespace syncline::rules
