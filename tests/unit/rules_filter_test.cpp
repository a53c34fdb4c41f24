// Filters: what each gives, and that a value it cannot use is refused instead of guessed at.
#include <algorithm>

#include "rules_support.hpp"

namespace syncline::rules {
namespace {

struct FilterCase {
    const char* output;     // inside {{ }}
    const char* expected;   // JSON, or "FAULT …"
};

constexpr auto scope = R"({"s":"Ärger im Büro","l":["b","a","b"],"n":[3,1,2],"e":[],
  "o":[{"k":"x","v":1,"d":{"q":1}},{"k":"y","v":2.5},{"k":"x","v":null}],"m":{"k":"z"},
  "html":"<a href='x'>&amp;\"</a>","big":12345678901234567890123,"t":"2026-03-01T13:05:09.250+02:00"})";

class Filter : public ::testing::TestWithParam<FilterCase> {};

TEST_P(Filter, Gives) {
    EXPECT_EQ(value_of(std::string("{{ ") + GetParam().output + " }}", scope), GetParam().expected)
        << GetParam().output;
}

INSTANTIATE_TEST_SUITE_P(Default, Filter, ::testing::ValuesIn<FilterCase>({
    {"missing | default: 'd'", R"("d")"}, {"'' | default: 'd'", R"("d")"},
    {"e | default: 1", "1"}, {"false | default: 1", "1"}, {"0 | default: 1", "0"},
    {"false | default: 1, allow_false: true", "false"}, {"missing | default", R"("")"}}));

INSTANTIATE_TEST_SUITE_P(Text, Filter, ::testing::ValuesIn<FilterCase>({
    {"s | upcase", R"("ÄRGER IM BÜRO")"}, {"s | downcase", R"("ärger im büro")"},
    {"'ÉA b' | capitalize", R"("Éa b")"}, {"'  x ' | strip", R"("x")"},
    {"'  x ' | lstrip", R"("x ")"}, {"'  x ' | rstrip", R"("  x")"},
    {"'a' | append: 'b' | prepend: 1", R"("1ab")"}, {"missing | append: 'b'", R"("b")"},
    {"'aXbX' | replace: 'X', '-'", R"("a-b-")"}, {"'aXbX' | replace: 'X'", R"("ab")"},
    {"'aXbX' | replace_first: 'X', '-'", R"("a-bX")"},
    {"'aXbX' | replace_last: 'X', '-'", R"("aXb-")"}, {"'äb' | replace: '', '-'", R"("-ä-b-")"},
    {"'aXbX' | remove: 'X'", R"("ab")"}, {"'aXbX' | remove_first: 'X'", R"("abX")"},
    {"s | size", "13"}, {"s | slice: 0", R"("Ä")"}, {"s | slice: 0, 3", R"("Ärg")"},
    {"s | slice: -2, 5", R"("ro")"}, {"s | slice: 99", R"("")"}, {"n | slice: 1, 5", "[1,2]"},
    {"s | truncate: 8", R"("Ärger...")"}, {"s | truncate: 6, '…'", R"("Ärger…")"},
    {"'ab' | truncate: 2", R"("ab")"}, {"'abc' | truncate: 2", R"("...")"},
    {"'a b c' | truncatewords: 2", R"("a b...")"}, {"'a b' | truncatewords: 2", R"("a b")"},
    {"'a\nb' | strip_newlines", R"("ab")"}, {"'a\nb' | newline_to_br", R"("a<br />\nb")"},
    {"'a,b,,c,,' | split: ','", R"(["a","b","","c"])"}, {"'äb' | split: ''", R"(["ä","b"])"},
    {"' a  b ' | split: ' '", R"(["a","b"])"}, {"'' | split: ','", "[]"},
    {"html | escape", R"("&lt;a href=&#39;x&#39;&gt;&amp;amp;&quot;&lt;/a&gt;")"},
    {"html | escape_once", R"("&lt;a href=&#39;x&#39;&gt;&amp;&quot;&lt;/a&gt;")"}}));

INSTANTIATE_TEST_SUITE_P(List, Filter, ::testing::ValuesIn<FilterCase>({
    {"l | join", R"("b a b")"}, {"l | join: ', '", R"("b, a, b")"}, {"missing | join", R"("")"},
    {"l | first", R"("b")"}, {"n | last", "2"}, {"e | first", "null"}, {"missing | last", "null"},
    {"l | size", "3"}, {"missing | size", "0"}, {"l | uniq", R"(["b","a"])"},
    {"n | sort", "[1,2,3]"}, {"'b,C,a' | split: ',' | sort", R"(["C","a","b"])"},
    {"'b,C,a' | split: ',' | sort_natural", R"(["a","b","C"])"}, {"n | reverse", "[2,1,3]"},
    {"n | concat: l", R"([3,1,2,"b","a","b"])"}, {"o | map: 'v'", "[1,2.5,null]"},
    {"o | map: 'v' | compact", "[1,2.5]"}, {"o | map: 'd.q' | first", "1"}, {"m | map: 'k'", R"(["z"])"},
    {"o | where: 'k', 'x' | size", "2"}, {"o | where: 'v' | size", "2"},
    {"o | reject: 'k', 'x' | map: 'k'", R"(["y"])"}, {"o | find: 'k', 'y' | json", R"("{\"k\":\"y\",\"v\":2.5}")"},
    {"o | sort: 'v' | map: 'v'", "[1,2.5,null]"}, {"o | sum: 'v'", "3.5"}, {"n | sum", "6"}}));

INSTANTIATE_TEST_SUITE_P(Number, Filter, ::testing::ValuesIn<FilterCase>({
    {"1 | plus: 2", "3"}, {"0.1 | plus: 0.2", "0.3"}, {"'3' | plus: '4.5'", "7.5"},
    {"missing | plus: 1", "1"}, {"3 | plus: 2.0", "5.0"}, {"1 | minus: 2.5", "-1.5"},
    {"19.90 | times: 100", "1990.0"}, {"3 | times: 4", "12"},
    {"big | plus: 1", "12345678901234567890124"}, {"9223372036854775807 | plus: 1", "9223372036854775808"},
    {"20 | divided_by: 7", "2"}, {"-7 | divided_by: 2", "-4"}, {"20 | divided_by: 8.0", "2.5"},
    {"10 | divided_by: 5.0", "2.0"}, {"5 | modulo: 3", "2"}, {"-5 | modulo: 3", "1"},
    {"2.5 | round", "3"}, {"-2.5 | round", "-3"}, {"1.005 | round: 2", "1.01"},
    {"5.666 | round: 1", "5.7"}, {"1.2 | ceil", "2"}, {"-1.2 | floor", "-2"}, {"'-3.5' | abs", "3.5"},
    {"3 | at_least: 5", "5"}, {"3 | at_most: 2", "2"}, {"'42' | number", "42"},
    {"'1.50' | number", "1.50"}}));

INSTANTIATE_TEST_SUITE_P(Code, Filter, ::testing::ValuesIn<FilterCase>({
    {"n | json", R"("[3,1,2]")"}, {"'a\"b' | json", R"("\"a\\\"b\"")"}, {"missing | json", R"("null")"},
    {"'abc' | sha256", R"("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")"},
    {"'a' | base64_encode", R"("YQ==")"}, {"'ab' | base64_encode", R"("YWI=")"},
    {"'abc' | base64_encode", R"("YWJj")"}, {"'' | base64_encode", R"("")"},
    {"'YWI=' | base64_decode", R"("ab")"}, {"'YWI' | base64_decode", R"("ab")"},
    {"'a?>>' | base64_url_safe_encode", R"("YT8-Pg==")"},
    {"'YT8-Pg' | base64_url_safe_decode", R"("a?>>")"},
    {"'a b&ü' | url_encode", R"("a+b%26%C3%BC")"}, {"'a+b%26%C3%BC%' | url_decode", R"("a b&ü%")"}}));

INSTANTIATE_TEST_SUITE_P(Time, Filter, ::testing::ValuesIn<FilterCase>({
    {"t | iso8601", R"("2026-03-01T11:05:09.250Z")"}, {"t | unix", "1772363109"},
    {"t | date: '%Y-%m-%d %H:%M:%S.%L'", R"("2026-03-01 11:05:09.250")"},
    {"t | date: '%a %A %b %B %-d %e %j %I%p %y %Z %%'", R"("Sun Sunday Mar March 1  1 060 11AM 26 UTC %")"},
    {"'2023-01-01T15:00:00.123456789Z' | date: '%F %T'", R"("2023-01-01 15:00:00")"},
    {"'2024-02-29' | date: '%F'", R"("2024-02-29")"}, {"0 | date: '%FT%TZ'", R"("1970-01-01T00:00:00Z")"},
    {"-1 | iso8601", R"("1969-12-31T23:59:59Z")"}, {"1772363109250 | iso8601", R"("2026-03-01T11:05:09.250Z")"},
    {"'1772363109' | iso8601", R"("2026-03-01T11:05:09Z")"},
    {"'2027-01-01' | date: '%G-W%V-%u'", R"("2026-W53-5")"}, {"missing | date: '%F'", "null"},
    {"missing | iso8601", "null"}, {"'9999-12-31T23:59:59Z' | unix", "253402300799"}}));

INSTANTIATE_TEST_SUITE_P(WrongInput, Filter, ::testing::ValuesIn<FilterCase>({
    {"n | upcase", "FAULT upcase needs a text, found a list"},
    {"m | append: 'x'", "FAULT append needs a text, found an object"},
    {"'x' | append: n", "FAULT append needs a text as argument 1, found a list"},
    {"'abc' | plus: 1", R"(FAULT plus needs a number, found the text "abc")"},
    {"true | plus: 1", "FAULT plus needs a number, found true"},
    {"1 | plus: 'x'", R"(FAULT plus needs a number as argument 1, found the text "x")"},
    {"1 | divided_by: 0", "FAULT divided_by cannot divide by 0"},
    {"1.5 | divided_by: 0.0", "FAULT divided_by cannot divide by 0"},
    {"1 | modulo: 0", "FAULT modulo cannot divide by 0"},
    {"'s' | first", R"(FAULT first needs a list, found the text "s")"},
    {"5 | map: 'x'", "FAULT map needs a list, found the number 5"},
    {"n | map: 'x'", "FAULT map needs a list of objects, found the number 3 in it"},
    {"o | where: 'k', 'x' | upcase", "FAULT upcase needs a text, found a list"},
    {"'s' | slice: 'q'", R"(FAULT slice needs a whole number as argument 1, found the text "q")"},
    {"'s' | truncate: 1.5", "FAULT truncate needs a whole number as argument 1, found the number 1.5"},
    {"m | join", "FAULT join needs a list, found an object"},
    {"l | concat: n | sort", "FAULT sort needs a list whose values are all numbers or all texts"},
    {"l | sum", R"(FAULT sum needs a list of numbers, found the text "b" in it)"},
    {"'no date' | date: '%F'",
     R"(FAULT date needs an ISO 8601 text or a number of seconds, found the text "no date")"},
    {"'2026-02-30' | unix",
     R"(FAULT unix needs an ISO 8601 text or a number of seconds, found the text "2026-02-30")"},
    {"'2026-01-01T25:00' | unix",
     R"(FAULT unix needs an ISO 8601 text or a number of seconds, found the text "2026-01-01T25:00")"},
    {"n | date: '%F'", "FAULT date needs an ISO 8601 text or a number of seconds, found a list"},
    {"t | date: '%Q'", "FAULT date does not know %Q"},
    {"'!!' | base64_decode", "FAULT base64_decode found what is no base64"},
    {"'A' | base64_decode", "FAULT base64_decode found what is no base64"},
    {"'//8=' | base64_decode", "FAULT base64_decode decodes to bytes that are no UTF-8 text"},
    {"'%FF' | url_decode", "FAULT url_decode decodes to bytes that are no UTF-8 text"}}));

TEST(Filters, ArithmeticThatCannotBeExactIsRefused) {
    EXPECT_EQ(value_of("{{ x | plus: 1 }}", R"({"x":1e300})"),
              "FAULT plus cannot be exact: the number has more than 38 digits");
    EXPECT_EQ(value_of("{{ x | times: x }}", R"({"x":123456789012345678901234567890})"),
              "FAULT times cannot be exact: the number has more than 38 digits");
    EXPECT_EQ(value_of("{{ x | round }}", R"({"x":1e-300})"),
              "FAULT round cannot be exact: the number has more than 38 digits");
}

TEST(Filters, NamesAreSortedAndUnique) {
    auto names = filter_names();
    EXPECT_GE(names.size(), 55u);
    EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
    EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
    for (auto name : {"default", "date", "sha256", "where", "json"})
        EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
}

}  // namespace
}  // namespace syncline::rules
