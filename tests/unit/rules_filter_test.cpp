// Filters: what each gives, as Shopify's Liquid does, and which values are refused.
#include <algorithm>
#include <chrono>

#include "rules/limits.hpp"
#include "rules_support.hpp"

namespace syncline::rules {
namespace {

struct FilterCase {
    const char* output;     // inside {{ }}
    const char* expected;   // JSON, or "FAULT …"
};

constexpr auto scope = R"({"s":"Ärger im Büro","l":["b","a","b"],"n":[3,1,2],"e":[],
  "o":[{"k":"x","v":1,"d":{"q":1}},{"k":"y","v":2.5},{"k":"x","v":null}],"m":{"k":"z"},
  "html":"<a href='x'>&amp;\"</a>","big":12345678901234567890123,
  "mixed":[{"k":"x"},null],"nested":[{"k":"x"},[{"k":"y"}]],"t":"2026-03-01T13:05:09.250+02:00"})";

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
    {"s | upcase", R"("ÄRGER IM BÜRO")"}, {"'Maß' | upcase", R"("MASS")"},
    {"'' | truncate: -1", R"("...")"}, {"'abc' | truncate: -9, ''", R"("")"}, {"s | downcase", R"("ärger im büro")"},
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
    {"'YWI=' | base64_decode", R"("ab")"}, {"'YWI' | base64_url_safe_decode", R"("ab")"},
    {"'a?>>' | base64_url_safe_encode", R"("YT8-Pg==")"},
    {"'YT8-Pg' | base64_url_safe_decode", R"("a?>>")"},
    {"'a b&ü' | url_encode", R"("a+b%26%C3%BC")"}, {"'a+b%26%C3%BC%' | url_decode", R"("a b&ü%")"}}));

INSTANTIATE_TEST_SUITE_P(Time, Filter, ::testing::ValuesIn<FilterCase>({
    {"t | iso8601", R"("2026-03-01T11:05:09.250Z")"}, {"t | unix", "1772363109"},
    {"t | date: '%Y-%m-%d %H:%M:%S.%L'", R"("2026-03-01 13:05:09.250")"},
    {"t | date: '%a %A %b %B %-d %e %j %I%p %y %z %%'", R"("Sun Sunday Mar March 1  1 060 01PM 26 +0200 %")"},
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
    {"1 | divided_by: 0", "FAULT divided_by cannot divide by 0"},
    {"1.5 | divided_by: 0.0", "FAULT divided_by cannot divide by 0"},
    {"1 | modulo: 0", "FAULT modulo cannot divide by 0"},
    {"'10' | divided_by: 'foo'", "FAULT divided_by cannot divide by 0"},
    {"5 | modulo: missing", "FAULT modulo cannot divide by 0"},
    {"5 | map: 'x'", R"(FAULT map cannot read "x" of the number 5)"},
    {"n | where: 'x', 1", R"(FAULT where cannot read "x" of the number 3)"},
    {"l | reject: missing", R"(FAULT reject cannot read nothing of the text "b")"},
    {"n | sort: 'x'", R"(FAULT sort cannot read "x" of the number 3)"},
    {"n | compact: 'x'", R"(FAULT compact cannot read "x" of the number 3)"},
    {"n | sum: 'x'", R"(FAULT sum cannot read "x" of the number 3)"},
    {"l | concat: 5", "FAULT concat needs a list as argument 1, found the number 5"},
    {"l | concat: missing", "FAULT concat needs a list as argument 1, found nothing"},
    {"'x' | number", R"(FAULT number needs a number, found the text "x")"},
    {"o | where: 'k', 'x' | upcase", "FAULT upcase needs a text, found a list"},
    {"'s' | slice: 'q'", R"(FAULT slice needs a whole number as argument 1, found the text "q")"},
    {"'s' | truncate: 1.5", "FAULT truncate needs a whole number as argument 1, found the number 1.5"},
    {"'s' | slice: missing", "FAULT slice needs a whole number as argument 1, found nothing"},
    {"'s' | slice: 1, 'q'", R"(FAULT slice needs a whole number as argument 2, found the text "q")"},
    {"'s' | truncate: missing", "FAULT truncate needs a whole number as argument 1, found nothing"},
    {"l | concat: n | sort", "FAULT sort needs a list whose values are all numbers or all texts"},
    {"o | sort", "FAULT sort needs a list whose values are all numbers or all texts"},
    {"'2026-02-30' | unix",
     R"(FAULT unix needs an ISO 8601 text or a number of seconds, found the text "2026-02-30")"},
    {"'2026-01-01T25:00' | unix",
     R"(FAULT unix needs an ISO 8601 text or a number of seconds, found the text "2026-01-01T25:00")"},
    {"n | unix", "FAULT unix needs an ISO 8601 text or a number of seconds, found a list"},
    {"t | iso8601 | append: n", "FAULT append needs a text as argument 1, found a list"},
    {"'!!' | base64_decode", "FAULT base64_decode found what is no base64"},
    {"'A' | base64_decode", "FAULT base64_decode found what is no base64"},
    {"'YWI' | base64_decode", "FAULT base64_decode found what is no base64"},
    {"'x' | uuid5: 'example.com'",
     R"(FAULT uuid5 needs a UUID, dns, url, oid or x500 as argument 1, found the text "example.com")"},
    {"'x' | uuid5: '6ba7b810-9dad-11d1-80b4-00c04fd430cg'",
     R"(FAULT uuid5 needs a UUID, dns, url, oid or x500 as argument 1, found the text "6ba7b810-9dad-11d1-80b4-00c04fd430cg")"},
    {"'x' | link: 'page'", "FAULT link is not available here: no links are kept for this render"},
    {"'//8=' | base64_decode", "FAULT base64_decode decodes to bytes that are no UTF-8 text"},
    {"'%FF' | url_decode", "FAULT url_decode decodes to bytes that are no UTF-8 text"}}));

INSTANTIATE_TEST_SUITE_P(GuessesOfLiquid, Filter, ::testing::ValuesIn<FilterCase>({
    {"'abc' | plus: 1", "1"}, {"true | plus: 1", "1"}, {"n | plus: 1", "1"}, {"1 | plus: 'x'", "1"},
    {"'12abc' | plus: 1", "13"}, {"' -7 ' | plus: 0", "-7"}, {"'+5' | plus: 1", "6"},
    {"'1e3' | plus: 1", "2"}, {"'007.50' | plus: 0", "7.5"}, {"'1.5x' | plus: 0", "1"},
    {"'-0' | plus: 0", "0"}, {"'.5' | plus: 0", "0"}, {"'5.' | plus: 0", "5"},
    {"m | abs", "0"}, {"'x' | at_least: -2", "0"}, {"'x' | at_most: -2", "-2"},
    {"5.666 | round: 1.9", "5.7"}, {"5.666 | round: 'x'", "6"}, {"5.666 | round: missing", "6"},
    {"1234.5 | round: -2", "1200"}, {"1250 | round: -2", "1300"}, {"-1250 | round: -2", "-1300"},
    {"49 | round: -2", "0"}, {"5 | round: 2", "5"}, {"5 | round: -40", "0"},
    {"l | sum", "0"}, {"o | sum", "0"}, {"'1,-2,x' | split: ',' | sum", "-1"},
    {"'s' | first", R"("s")"}, {"s | first", R"("Ä")"}, {"s | last", R"("o")"}, {"'' | last", R"("")"},
    {"m | first", R"(["k","z"])"}, {"m | last", "null"}, {"5 | first", "null"},
    {"5 | compact", "[5]"}, {"'a' | concat: l", R"(["a","b","a","b"])"}, {"'a' | reverse", R"(["a"])"},
    {"m | join", R"("{\"k\":\"z\"}")"}, {"false | join", R"("false")"}, {"l | join: missing", R"("bab")"},
    {"s | slice: 1, missing", R"("r")"}, {"s | slice: '1', '2'", R"("rg")"},
    {"missing | truncate: 5", "null"}, {"missing | escape", "null"}, {"missing | url_encode", "null"},
    {"'ab c' | truncate: 3, missing", R"("ab ")"}, {"l | sort: missing", R"(["a","b","b"])"}}));

INSTANTIATE_TEST_SUITE_P(Picking, Filter, ::testing::ValuesIn<FilterCase>({
    {"o | find_index: 'k', 'y'", "1"}, {"o | find_index: 'k', 'q'", "null"},
    {"o | has: 'k', 'y'", "true"}, {"o | has: 'k', 'q'", "false"}, {"e | has: 'k'", "false"},
    {"e | find: 'k'", "null"}, {"e | where: 'k'", "[]"}, {"m | where: 'k' | size", "1"},
    {"'x,y,zoo' | split: ',' | find: 'oo'", R"("zoo")"},
    {"'x,y,zoo' | split: ',' | find_index: 'oo'", "2"},
    {"'x,y,zoo' | split: ',' | where: 'o'", R"(["zoo"])"},
    {"'x,y,zoo' | split: ',' | reject: 'o'", R"(["x","y"])"},
    {"'zoo' | has: 'z'", "true"}, {"'zoo' | map: 'z'", R"(["z"])"}, {"'zoo' | map: 'q'", "[null]"},
    {"o | map: 'v' | where: 'x'", "FAULT where cannot read \"x\" of the number 1"},
    {"mixed | where: 'k'", "null"}, {"mixed | reject: 'k'", "null"}, {"mixed | uniq: 'k'", "null"}, {"true | uniq: 'k'", "[true]"},
    {"mixed | compact: 'k'", "null"}, {"mixed | sort: 'k'", "null"}, {"mixed | map: 'k'", R"(["x",null])"},
    {"mixed | sum: 'k'", "0"}, {"nested | map: 'k'", R"(["x","y"])"}, {"nested | size", "2"},
    {"nested | concat: n | size", "5"}, {"o | where: missing", "[]"}, {"o | has: 42", "false"},
    {"o | compact: 'v' | size", "2"}, {"o | uniq: 'k' | size", "2"}}));

INSTANTIATE_TEST_SUITE_P(Ordering, Filter, ::testing::ValuesIn<FilterCase>({
    {"'b,,a' | split: ',' | sort_natural", R"(["","a","b"])"}, {"mixed | sort_natural | last", "null"},
    {"'1' | split: ',' | concat: n | sort_natural", R"(["1",1,2,3])"},
    {"m | sort", R"([{"k":"z"}])"}, {"missing | sort", "[]"}, {"o | sort: 'v' | map: 'v' | last", "null"}}));

INSTANTIATE_TEST_SUITE_P(Html, Filter, ::testing::ValuesIn<FilterCase>({
    {"html | strip_html", R"("&amp;\"")"}, {"'a<!-- x > y -->b' | strip_html", R"("ab")"},
    {"'<style type=x>p{}</style>a<script>alert(1)</script>b' | strip_html", R"("ab")"},
    {"'<script>open' | strip_html", R"("open")"}, {"'1 < 2 and <b>' | strip_html", R"("1 ")"},
    {"'no end <b' | strip_html", R"("no end <b")"}, {"'&amp; &#39; &#x27; & &;' | escape_once",
     R"("&amp; &#39; &amp;#x27; &amp; &amp;;")"},
    {"'a\r\nb\rc\n' | strip_newlines | size", "4"}, {"' a \n\t b ' | squish", R"("a b")"},
    {"'abab' | remove_last: 'ab'", R"("ab")"}, {"'ab' | remove_last: 'x'", R"("ab")"}}));

INSTANTIATE_TEST_SUITE_P(Dates, Filter, ::testing::ValuesIn<FilterCase>({
    {"'March 14, 2016' | date: '%F'", R"("2016-03-14")"}, {"'14 mar. 2016' | date: '%F'", R"("2016-03-14")"},
    {"'Mon, 14 Mar 2016 09:05:00 +0100' | date: '%FT%T%z'", R"("2016-03-14T09:05:00+0100")"},
    {"'Mon, 14 Mar 2016 09:05:00 +0100' | iso8601", R"("2016-03-14T08:05:00Z")"},
    {"'March 1st, 2016 9:05pm' | date: '%H:%M'", R"("21:05")"}, {"'1 May 2016 12:30 AM' | date: '%H:%M'", R"("00:30")"},
    {"'2016/03/14 10:00' | unix", "1457949600"}, {"'14-Mar-2016' | date: '%v'", R"("14-MAR-2016")"},
    {"'September 2016' | date: '%F'", R"("2016-09-01")"}, {"'2026-03-01T00:30:00-05:00' | date: '%F %s'", R"("2026-03-01 1772343000")"},
    {"'2026-03-01' | date: '%U %W %N'", R"("09 08 000000000")"}, {"t | date: ''", R"("2026-03-01T13:05:09.250+02:00")"},
    {"'no date' | date: '%F'", R"("no date")"}, {"n | date: '%F'", "[3,1,2]"},
    {"'2026-02-30' | date: '%F'", R"("2026-02-30")"}, {"t | date: '%Q %'", R"("%Q %")"},
    {"t | date: '%10d|%-5m|%^8a|%:z|%3N|%012Y'", R"("0000000001|00003|     SUN|+02:00|250|000000002026")"},
    {"t | date: '%9999d' | size", "1024"}, {"'14.03.2016' | date: '%F'", R"("2016-03-14")"},
    {"'5 Mar 2016 5pm' | date: '%R'", R"("17:00")"},
    {"'5 Mar 2016 12:30 PM' | date: '%R'", R"("12:30")"}, {"'5 Mar 2016 9am' | date: '%R'", R"("09:00")"}, {"'5 Mar 2016 13pm' | date: '%R'", R"("5 Mar 2016 13pm")"},
    {"t | date: missing", R"("2026-03-01T13:05:09.250+02:00")"}}));

INSTANTIATE_TEST_SUITE_P(NoDates, Filter, ::testing::ValuesIn<FilterCase>({
    {"'03/14/2016' | unix",
     R"(FAULT unix needs an ISO 8601 text or a number of seconds, found the text "03/14/2016")"},
    {"'March 32, 2016' | unix",
     R"(FAULT unix needs an ISO 8601 text or a number of seconds, found the text "March 32, 2016")"},
    {"'March March 2016' | unix",
     R"(FAULT unix needs an ISO 8601 text or a number of seconds, found the text "March March 2016")"},
    {"'14 Mar 2016 25:00' | unix",
     R"(FAULT unix needs an ISO 8601 text or a number of seconds, found the text "14 Mar 2016 25:00")"},
    {"'14 Mar 2016 13:00pm' | unix",
     R"(FAULT unix needs an ISO 8601 text or a number of seconds, found the text "14 Mar 2016 13:00pm")"},
    {"'Mar' | unix", R"(FAULT unix needs an ISO 8601 text or a number of seconds, found the text "Mar")"}}));

INSTANTIATE_TEST_SUITE_P(NamedIds, Filter, ::testing::ValuesIn<FilterCase>({
    {"'www.example.com' | uuid5: 'dns'", R"("2ed6657d-e927-568b-95e1-2665a8aea6a2")"},
    {"'www.example.com' | uuid5: '6ba7b810-9dad-11d1-80b4-00c04fd430c8'",
     R"("2ed6657d-e927-568b-95e1-2665a8aea6a2")"},
    {"'http://www.example.com' | uuid5: 'url'", R"("2d32a3f1-fac2-52a6-ac52-fe9e87e628ea")"}}));

INSTANTIATE_TEST_SUITE_P(Markdown, Filter, ::testing::ValuesIn<FilterCase>({
    {"'# Title\n\nSome *bold* and `code`.\nSame line.' | markdown_to_text",
     R"("Title\n\nSome bold and code. Same line.")"},
    {"'- a\n- b\n  1. c\n  2. d\n- [x] e' | markdown_to_text",
     R"("- a\n- b\n  1. c\n  2. d\n- [x] e")"},
    {"'> quoted\n> text\n\nafter' | markdown_to_text", R"("> quoted text\n\nafter")"},
    {"'[site](https://x.test/a) and https://y.test' | markdown_to_text",
     R"("site (https://x.test/a) and https://y.test")"},
    {"'a\\\nb<b>c</b> &amp; &#233; &nope;' | markdown_to_text", R"("a\nbc & é &nope;")"},
    {"'```\nx\n\ny\n```\nz' | markdown_to_text", R"("x\n\ny\n\nz")"},
    {"'|a|b|\n|---|---|\n|1|2|' | markdown_to_text", R"("a | b\n1 | 2")"},
    {"'![alt](i.png)' | markdown_to_text", R"("alt")"}, {"'<div>\nx\n</div>\n\ny' | markdown_to_text", R"("y")"},
    {"'' | markdown_to_text", R"("")"}, {"missing | markdown_to_text", "null"}}));

struct KnownLinks : LinkSource {
    Found find(std::string_view kind, std::string_view source_id) const override {
        Found found;
        if (kind == "broken") found.error = "the table is locked";
        else if (kind == "page" && source_id == "7") found.id = "page-of-7";
        return found;
    }
};

TEST(Filters, LinkAsksTheSurroundings) {
    KnownLinks links;
    RenderOptions options;
    options.links = &links;
    EXPECT_EQ(value_of("{{ 7 | link: 'page' }}", "{}", options), R"("page-of-7")");
    EXPECT_EQ(value_of("{{ '8' | link: 'page' }}", "{}", options), "null");
    EXPECT_EQ(value_of("{{ missing | link: 'page' }}", "{}", options), "null");
    EXPECT_EQ(value_of("{{ 7 | link: 'broken' }}", "{}", options),
              "FAULT link cannot be answered: the table is locked");
    EXPECT_EQ(value_of("{{ 7 | link: '' }}", "{}", options),
              "FAULT link needs the name of a kind as argument 1, found \"\"");
}

TEST(Filters, MarkdownIsReadInLinearTimeUpToItsBound) {
    auto start = std::chrono::steady_clock::now();
    auto run = [](std::string text) {
        auto scope_text = Json::object({{"a", Json(std::move(text))}}).dump();
        return value_of("{{ a | markdown_to_text | size }}", scope_text);
    };
    std::string nested;
    for (int i = 0; i < 300; ++i) nested += std::string(static_cast<std::size_t>(i) * 2, ' ') + "- x\n";
    EXPECT_EQ(run(nested).find("FAULT"), std::string::npos);
    for (std::string piece : {"[", "![a](", "*a_ ", "`", "> ", "<a ", "&#1", "|", "**x* ", "[a]: x\n"}) {
        std::string many;
        while (many.size() + piece.size() <= limits::markdown_bytes_max) many += piece;
        run(many);
    }
    EXPECT_EQ(run(std::string(limits::markdown_bytes_max, 'x')),
              std::to_string(limits::markdown_bytes_max));
    EXPECT_EQ(run(std::string(limits::markdown_bytes_max + 1, 'x')),
              "FAULT markdown_to_text reads at most 131072 bytes");
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

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
