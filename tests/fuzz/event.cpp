// An event, against a fixed set of rules that has every operator. Input: the event.
//
// Whatever the text is, nothing breaks; each rule answers in the set as it answers alone; an event
// written out again is the same event.
#include <vector>

#include "fuzz.hpp"

namespace syncline::fuzz {
namespace {

const char* const wheres[] = {
    R"({"a":"x"})",
    R"({"a":["x",1,null,true,1.5e3,"é"]})",
    R"({"a.b":[{"prefix":"x"},{"suffix":{"equals-ignore-case":"É"}}]})",
    R"({"a":{"b":[{"equals-ignore-case":"straße"}],"c":[{"exists":false}]}})",
    R"({"a":[{"wildcard":"*a*b*c*"}]})",
    R"({"a":[{"wildcard":"a\\*\\\\*"}]})",
    R"({"a":[{"anything-but":["x","y"]}]})",
    R"({"a":[{"anything-but":{"wildcard":"*x"}}],"b":[{"anything-but":5}]})",
    R"({"a":[{"anything-but":{"prefix":["x","y"]}}]})",
    R"({"a":[{"numeric":[">",0,"<=",9007199254740993]}]})",
    R"({"a":[{"numeric":["=",1e-400]}]})",
    R"({"a":[{"exists":true}],"b":[{"exists":false}]})",
    R"({"a":[{"cidr":"10.0.0.0/9"},{"cidr":"2001:db8::/33"}]})",
    R"({"a":[{"older-than":"3d"},{"newer-than":"30s"}]})",
    R"({"a":{"$gte":"2026","$lt":"2027"}})",
    R"({"a":{"$not_in":["x",1,null]},"b":{"$not":{"$contains":"x"}}})",
    R"({"$or":[{"a":1},{"b.c":2},{"$not":{"a":3}}],"d":[{"exists":false}]})",
    R"({"a":{"$and":[{"b":1},{"b":2}],"$or":[{"c":1},{"d":2}]}})",
    R"({"a":{"b":{"c":[1]},"d":[2]},"a.b.e":[3]})",
    R"({"":[1],"a":{"":[2]}})",
};

rules::Pattern compiled(const char* where) {
    return std::get<rules::Pattern>(rules::Pattern::compile(*Json::parse(where)));
}

/// Each pattern alone, and the set of all.
struct Rules {
    std::vector<rules::Pattern> alone;
    rules::RuleSet together{entries()};

    Rules() {
        for (const char* where : wheres) alone.push_back(compiled(where));
    }
    static std::vector<rules::RuleEntry> entries() {
        std::vector<rules::RuleEntry> made;
        for (const char* where : wheres) {
            auto& rule = made.emplace_back();
            rule.on = std::get<rules::TypeSet>(rules::TypeSet::compile({"t", "u.*"}));
            rule.where = compiled(where);
        }
        return made;
    }
};

void run(std::string_view text, const Rules& rules) {
    JsonError error;
    auto event = Json::parse(text, &error);
    std::vector<std::uint32_t> found_in_text;
    rules::Matcher matcher;
    auto refused = matcher.match_text(rules.together, {"source", "t", now_ms}, text, found_in_text);
    if (!event) {
        check(!error.message.empty() && error.offset <= text.size(), "a poor refusal");
        // Two members of one name: a parser refuses them, a match counts both.
        bool twice = error.message.find("twice") != std::string::npos;
        check(refused || twice, "a match takes a text that is no JSON");
        return;
    }
    check(!refused, "a match refuses a text that is JSON");
    auto again = Json::parse(event->dump());
    check(again && *again == *event, "an event written out is another event");
    std::vector<std::uint32_t> expected;
    for (std::uint32_t i = 0; i < rules.alone.size(); ++i) {
        bool held = rules.alone[i].matches(*event, now_ms);
        check(held != rules.alone[i].explain(*event, now_ms).has_value(),
              "match and explain disagree");
        if (held) expected.push_back(i);
    }
    std::vector<std::uint32_t> found;
    if (event->is_object()) {
        rules.together.match({"source", "t", now_ms}, *event, found);
        check(found == expected, "alone and in a set the answers differ");
        check(found_in_text == expected, "a text is matched otherwise than its value");
    }
}

}  // namespace
}  // namespace syncline::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const syncline::fuzz::Rules rules;
    syncline::fuzz::run({reinterpret_cast<const char*>(data), size}, rules);
    return 0;
}
