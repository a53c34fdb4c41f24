// Tags of templates as Shopify's Liquid runs them: echo, liquid, blank blocks, case, going on in a
// list, comments and names.
#include "rules_support.hpp"

namespace syncline::rules {
namespace {

TEST(TemplateEcho, PrintsLikeAnOutput) {
    EXPECT_EQ(text_of("a{% echo x | upcase %}b", R"({"x":"q"})"), "aQb");
    EXPECT_EQ(text_of("a{% echo %}b"), "ab");
    EXPECT_EQ(value_of("{% echo n %}", R"({"n":5})"), R"("5")") << "only {{ }} keeps the type";
}

TEST(TemplateLines, RunTheTagsOfTheirLines) {
    EXPECT_EQ(text_of("{% liquid\n  assign x = 'a'\n  if x == 'a'\n    echo x | upcase\n  else\n"
                      "    echo 'no'\n  endif\n%}!"), "A!");
    EXPECT_EQ(text_of("{%- liquid\n for i in l\r\n  echo i\r\n  unless forloop.last\r\n   echo ','\r\n"
                      "  endunless\r\n endfor -%}\n", R"({"l":[1,2,3]})"), "1,2,3");
    EXPECT_EQ(text_of("{% liquid\n # it's a note\n comment\n echo 'no\n endcomment\n echo 'yes'\n%}"),
              "yes");
    EXPECT_EQ(text_of("{% liquid liquid liquid echo 'a' %}{% liquid\n%}"), "a");
    EXPECT_EQ(text_of("{% liquid\n case x\n when 1\n echo 'one'\n else\n echo 'other'\n endcase\n%}",
                      R"({"x":1})"), "one");
    EXPECT_EQ(text_of("{% for i in (1..3) %}{% liquid\n if i == 2\n break\n endif\n echo i %}{% endfor %}"),
              "1");
}

TEST(TemplateBlank, BlocksWithNothingButBlanksPrintNothing) {
    EXPECT_EQ(text_of("!{% if true %} \n {% endif %}!"), "!!");
    EXPECT_EQ(text_of("!{% unless false %} {% endunless %}!"), "!!");
    EXPECT_EQ(text_of("!{% for i in (1..3) %} {% else %} {% endfor %}!"), "!!");
    EXPECT_EQ(text_of("!{% if true %}\n{% assign a = 1 %}\n{% capture b %} {% endcapture %}\n{% endif %}!"
                      "{{ a }}{{ b }}"), "!!1 ");
    EXPECT_EQ(text_of("!{% case 1 %} {% when 1 %} {% endcase %}!"), "!!");
    EXPECT_EQ(text_of("!{% if true %} {% if true %} {% endif %} {% endif %}!"), "!!");
}

TEST(TemplateBlank, WhatMayPrintKeepsItsBlanks) {
    EXPECT_EQ(text_of("!{% if true %} {{ '' }} {% endif %}!"), "!  !");
    EXPECT_EQ(text_of("!{% if true %} {% echo %} {% endif %}!"), "!  !");
    EXPECT_EQ(text_of("!{% if true %} {% else %}x{% endif %}!"), "! !");
    EXPECT_EQ(text_of("!{% if true %} {% if false %}x{% endif %} {% endif %}!"), "!  !");
    EXPECT_EQ(text_of("!{% if true %}{% raw %} {% endraw %}{% endif %}!"), "! !");
    EXPECT_EQ(text_of("!{% case 1 %}x{% when 1 %} {% endcase %}!"), "! !");
    EXPECT_EQ(text_of("!{% for i in (1..2) %} {% break %}{% endfor %}!"), "! !");
    EXPECT_EQ(text_of("! {% capture b %} {% endcapture %}!{{ b }}."), "! ! .");
}

TEST(TemplateCase, EveryWhenThatFitsIsRendered) {
    EXPECT_EQ(text_of("{% case 1 %}{% when 1 %}a{% when 2, 1 or 1 %}b{% endcase %}"), "abb");
    EXPECT_EQ(text_of("{% case 1 %}{% when 2 %}a{% else %}b{% else %}c{% when 1 %}d{% else %}e{% endcase %}"),
              "bcd");
    EXPECT_EQ(text_of("{% case '' %}{% when empty %}e{% when blank %}b{% endcase %}"), "eb");
    EXPECT_EQ(text_of("{% case blank %}{% when nil %}n{% when '' %}t{% endcase %}"), "t");
    EXPECT_EQ(text_of("{% case 2 %}{% when 1 and 2 %}a{% else %}b{% endcase %}"), "b");
    EXPECT_EQ(text_of("{% for i in (1..2) %}{% case 1 %}{% when 1 %}{{ i }}{% break %}{% when 1 %}x"
                      "{% endcase %}{% endfor %}"), "1");
}

TEST(TemplateElse, WhatFollowsIsIgnored) {
    EXPECT_EQ(text_of("{% if false %}1{% else nonsense %}2{% endif anything %}"), "2");
    EXPECT_EQ(text_of("{% if false %}1{% else %}2{% elsif true %}3{% else %}4{% endif %}"), "2");
    EXPECT_EQ(text_of("{% unless true %}1{% elsif false %}2{% else %}3{% else %}4{% endunless %}"), "3");
}

TEST(TemplateContinue, GoesOnWhereTheLastLoopOverTheListEnded) {
    auto scope = R"({"l":[1,2,3,4,5,6]})";
    EXPECT_EQ(text_of("{% for x in l limit: 2 %}{{ x }}{% endfor %}|"
                      "{% for x in l limit: 3 offset: continue %}{{ x }}{% endfor %}|"
                      "{% for x in l offset:continue %}{{ x }}{{ forloop.length }}{% endfor %}|"
                      "{% for x in l offset: continue %}{{ x }}{% else %}none{% endfor %}", scope),
              "12|345|61|none");
    EXPECT_EQ(text_of("{% for x in l limit: 2 %}{{ x }}{% endfor %}|"
                      "{% for y in l offset: continue %}{{ y }}{% endfor %}", scope), "12|123456");
    EXPECT_EQ(text_of("{% for x in (1..5) limit: 3 %}{% break %}{% endfor %}"
                      "{% for x in ( 1 .. 5 ) offset: continue %}{{ x }}{% endfor %}"), "45");
    EXPECT_EQ(text_of("{% for x in l reversed, limit: 2 %}{{ x }}{% endfor %}"
                      "{% for x in l reversed offset: continue %}{{ x }}{% endfor %}", scope), "216543");
}

TEST(TemplateLoop, BoundsMayLieOutside) {
    auto scope = R"({"l":[1,2,3],"n":null})";
    EXPECT_EQ(text_of("{% for x in l limit: -1 %}{{ x }}{% else %}none{% endfor %}", scope), "none");
    EXPECT_EQ(text_of("{% for x in l offset: -1 %}{{ x }}{% endfor %}", scope), "123");
    EXPECT_EQ(text_of("{% for x in l limit: 3 offset: -1 %}{{ x }}{% endfor %}", scope), "12");
    EXPECT_EQ(text_of("{% for x in l limit: n offset: n %}{{ x }}{% endfor %}", scope), "123");
    EXPECT_EQ(text_of("{% for x in l limit: 9223372036854775807 offset: 9223372036854775807 %}"
                      "{{ x }}{% else %}none{% endfor %}", scope), "none");
    EXPECT_EQ(text_of("{% for x in l limit: -9223372036854775808 offset: -9223372036854775808 %}"
                      "{{ x }}{% else %}none{% endfor %}", scope), "none");
}

TEST(TemplateLoop, WhatIsNoListHasNoRounds) {
    for (auto value : {"null", "5", "true", R"("")", "[]", "{}"})
        EXPECT_EQ(text_of("{% for x in v %}{{ x }}{% else %}none{% endfor %}",
                          std::string(R"({"v":)") + value + "}"), "none") << value;
    EXPECT_EQ(text_of("{% for x in v %}{{ x }}{% endfor %}", R"({"v":"text"})"), "text");
    EXPECT_EQ(text_of("{% for x in v limit: 0 offset: 2 %}{{ x }}{% endfor %}", R"({"v":"text"})"),
              "text");
}

TEST(TemplateLoop, KnowsItself) {
    EXPECT_EQ(text_of("{% for x in a.l limit: 1 %}{{ forloop.name }} {{ forloop.rindex }}"
                      "{{ forloop.rindex0 }}{{ forloop.length }}{{ forloop.nothing }}{% endfor %}",
                      R"({"a":{"l":[1,2]}})"), "x-a.l 101");
    EXPECT_EQ(text_of("{% for x in (1..1) %}{{ forloop.parentloop.index }}-{{ forloop['index'] }}"
                      "{% endfor %}{{ forloop.index }}"), "-1");
    EXPECT_EQ(value_of("{% for x in (1..1) %}{{ forloop }}{% endfor %}"),
              R"("{\"name\":\"x-(1..1)\",\"length\":1,\"index\":1,\"index0\":0,\"rindex\":1,)"
              R"(\"rindex0\":0,\"first\":true,\"last\":true}")");
    EXPECT_EQ(text_of("{% for forloop in (7..7) %}{{ forloop }}{% endfor %}"), "7");
}

TEST(TemplateNames, MayBeDigitsDashesOrInQuotes) {
    EXPECT_EQ(text_of("{% assign some-thing = 'a' %}{{ some-thing }}"), "a");
    EXPECT_EQ(text_of("{% assign 12 = 'a' %}{{ 12 }}"), "12");
    EXPECT_EQ(text_of("{% capture 'x' %}a{% endcapture %}{{ x }}"), "a");
    EXPECT_EQ(text_of("{% for x? in (1..2) %}{{ x? }}{% endfor %}"), "12");
}

TEST(TemplateConditions, StopWhereTheAnswerIsKnown) {
    EXPECT_EQ(text_of("{% if s == 'x' or s > 1 %}y{% endif %}", R"({"s":"x"})"), "y");
    EXPECT_EQ(text_of("{% if s == 'q' and s > 1 %}y{% else %}n{% endif %}", R"({"s":"x"})"), "n");
    EXPECT_NE(place_of_fault("{% if s == 'x' and s > 1 %}y{% endif %}", R"({"s":"x"})")
                  .find("cannot compare"), std::string::npos);
}

TEST(TemplateConditions, WhatHasNoOrderIsNeitherLessNorGreater) {
    for (auto pair : {"empty == empty", "blank == blank", "empty contains ''", "empty <= 1", "1 >= blank", "true < 2", "l > 1", "1 < o", "nil >= nil"})
        EXPECT_EQ(text_of(std::string("{% if ") + pair + " %}y{% else %}n{% endif %}",
                          R"({"l":[1],"o":{}})"), "n") << pair;
    EXPECT_EQ(text_of("{% if l contains false %}y{% else %}n{% endif %}", R"({"l":[false]})"), "n");
}

TEST(TemplateRange, ReadsItsEndsAsLiquidDoes) {
    EXPECT_EQ(value_of("{{ ('2'..'4x') }}"), "[2,3,4]");
    EXPECT_EQ(value_of("{{ (missing..2) }}"), "[0,1,2]");
    EXPECT_EQ(value_of("{{ (1.9..3.2) }}"), "[1,2,3]");
    EXPECT_EQ(value_of("{{ (1..'x') }}"), "[]");
}

TEST(TemplatePath, TextsAndObjectsHaveAFirst) {
    auto scope = R"({"s":"äb","o":{"k":1,"m":2},"f":{"first":"own"},"e":{}})";
    EXPECT_EQ(value_of("{{ s.first }}{{ s.last }}", scope), R"("äb")");
    EXPECT_EQ(value_of("{{ o.first }}", scope), R"(["k",1])");
    EXPECT_EQ(value_of("{{ o.last }}", scope), "null");
    EXPECT_EQ(value_of("{{ f.first }}", scope), R"("own")");
    EXPECT_EQ(value_of("{{ e.first }}", scope), "null");
}

TEST(TemplateComments, HideWhateverStandsInThem) {
    EXPECT_EQ(text_of("a{% comment %}{% comment %}{% endcomment %}{% if %}{% endcomment %}b"), "ab");
    EXPECT_EQ(text_of("a{% comment %}{% raw %}{% endcomment %}{% endraw %}{% endcomment %}b"), "ab");
    EXPECT_EQ(text_of("a{% comment it's %}x{% endcomment %}b{{ 'c' }}"), "abc");
    EXPECT_EQ(text_of("a{% doc %}{{ x {% if %} {% enddoc %}b"), "ab");
    EXPECT_EQ(text_of("a{% # it's\n # two %}b{{ 'c' }}"), "abc");
    EXPECT_EQ(value_of("{% # a note %}{{ n }}", R"({"n":1})"), "1") << "still one output";
}

TEST(TemplateText, IsAlwaysATextWhenAskedForOne) {
    auto text = [](std::string_view source) {
        auto compiled = Template::compile(source);
        auto made = std::get<Template>(compiled).render_text(json(R"({"n":1.50,"l":[1,"a"]})"),
                                                             RenderOptions());
        return std::get<Json>(made).dump();
    };
    EXPECT_EQ(text("{{ n }}"), R"("1.50")");
    EXPECT_EQ(text("{{ l }}"), R"("1a")");
    EXPECT_EQ(text("{{ missing }}"), R"("")");
}

TEST(TemplateText, BytesThatAreNoUtf8PassThroughAndNeverCrash) {
    std::string broken = "a\xFF\xC3";
    auto compiled = Template::compile(broken + "{{ s | upcase | append: '\xC3' | slice: 0, 2 }}\xE2\x82");
    ASSERT_TRUE(std::holds_alternative<Template>(compiled));
    Json scope = Json::object({{"s", Json(std::string("x\xF0\x9F"))}});
    auto made = std::get<Template>(compiled).render(scope, RenderOptions());
    ASSERT_TRUE(std::holds_alternative<Json>(made));
    EXPECT_EQ(std::get<Json>(made).as_string(), "a\xFF\xC3X\xF0\xE2\x82");
    EXPECT_TRUE(json_is_utf8(std::get<Json>(made).dump())) << "what is written is well-formed";
    auto fault = Template::compile("\xC3{{ \xFF\xFE | }}");
    ASSERT_TRUE(std::holds_alternative<Fault>(fault));
    EXPECT_EQ(std::get<Fault>(fault).column, 10u);
}

}  // namespace
}  // namespace syncline::rules
