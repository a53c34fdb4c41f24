// Templates that are refused, when compiled or when they run: place, reason, bounds.
#include <chrono>

#include "rules/limits.hpp"
#include "rules_support.hpp"

namespace syncline::rules {
namespace {

struct SyntaxCase {
    const char* text;
    const char* fault;   // how it begins
};

class TemplateSyntax : public ::testing::TestWithParam<SyntaxCase> {};

TEST_P(TemplateSyntax, IsRefusedWhenCompiledWithItsPlace) {
    auto compiled = Template::compile(GetParam().text);
    ASSERT_TRUE(std::holds_alternative<Fault>(compiled)) << GetParam().text;
    auto place = place_of_fault(GetParam().text);
    EXPECT_EQ(place.substr(0, std::string_view(GetParam().fault).size()), GetParam().fault)
        << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(Braces, TemplateSyntax, ::testing::ValuesIn<SyntaxCase>({
    {"{{ a", "1:1 {{ is not closed with }}"},
    {"line\nää {{ a }", "2:4 {{ is not closed with }}"},
    {"{% if a", "1:1 {% is not closed with %}"},
    {"{{ }}", "1:1 {{ }} without a value"},
    {"{% %}", "1:1 {% %} without a tag"},
    {"{{ 'abc }}", "1:4 a text is not closed with '"},
    {"{% raw %}{{ x }}", "1:1 {% raw %} is not closed with {% endraw %}"},
    {"x{% comment %}", "1:2 {% comment %} is not closed with {% endcomment %}"}}));

INSTANTIATE_TEST_SUITE_P(Expressions, TemplateSyntax, ::testing::ValuesIn<SyntaxCase>({
    {"{{ a b }}", "1:6 expected the end, found \"b\""},
    {"{{ a. }}", "1:7 expected a name after \".\", found the end"},
    {"{{ a[0 }}", "1:8 expected \"]\", found the end"},
    {"{{ | upcase }}", "1:4 expected a value, found \"|\""},
    {"{{ a & b }}", "1:6 unexpected \"&\""},
    {"{{ (1..) }}", "1:8 expected a value, found \")\""},
    {"{% if %}{% endif %}", "1:7 expected a value, found the end"},
    {"{% if a = 1 %}{% endif %}", "1:9 a comparison is written =="},
    {"{% if a == %}{% endif %}", "1:12 expected a value, found the end"}}));

INSTANTIATE_TEST_SUITE_P(Filters, TemplateSyntax, ::testing::ValuesIn<SyntaxCase>({
    {"{{ a | upcse }}", "1:8 unknown filter \"upcse\"; did you mean \"upcase\"?"},
    {"ok\n  {{ a | Default: 1 }}", "2:10 unknown filter \"Default\"; did you mean \"default\"?"},
    {"{{ a | zzzzzz }}", "1:8 unknown filter \"zzzzzz\""},
    {"{{ a | }}", "1:8 expected the name of a filter, found the end"},
    {"{{ a | append }}", "1:8 append takes 1 argument, found 0"},
    {"{{ a | upcase: 1 }}", "1:8 upcase takes 0 arguments, found 1"},
    {"{{ a | truncate: 1, 2, 3 }}", "1:8 truncate takes 0 to 2 arguments, found 3"},
    {"{{ a | append: }}", "1:16 expected a value, found the end"},
    {"{{ a | append: x: 1 }}", "1:16 append has no argument named \"x\""}}));

INSTANTIATE_TEST_SUITE_P(Blocks, TemplateSyntax, ::testing::ValuesIn<SyntaxCase>({
    {"{% if a %}x", "1:1 the block is not closed; expected {% endif %}"},
    {"x\n{% for a in b %}", "2:1 the block is not closed; expected {% endfor %}"},
    {"{% endif %}", "1:1 {% endif %} without its beginning"},
    {"{% if a %}{% endfor %}{% endif %}", "1:11 {% endfor %} without its beginning"},
    {"{% for a in b %}{% else %}{% else %}{% endfor %}", "1:27 {% else %} without its beginning"},
    {"{% case a %}{% else x %}{% endcase %}", "1:21 expected the end, found \"x\""},
    {"{% case a %}{% when %}{% endcase %}", "1:21 expected a value, found the end"},
    {"{% case a %}{% when 1 2 %}{% endcase %}", "1:23 expected the end, found \"2\""},
    {"{% iff a %}", "1:1 unknown tag \"iff\"; did you mean \"if\"?"},
    {"{% include 'x' %}", "1:1 the tag \"include\" of Liquid is not available: a template stands alone"},
    {"a{% render 'x' %}", "1:2 the tag \"render\" of Liquid is not available: a template stands alone"},
    {"{% cycle 1, 2 %}", "1:1 the tag \"cycle\" of Liquid is not available: use forloop.index0"},
    {"{% increment x %}", "1:1 the tag \"increment\" of Liquid is not available: use assign and plus"},
    {"{% decrement x %}", "1:1 the tag \"decrement\" of Liquid is not available: use assign and minus"},
    {"{% tablerow a in b %}", "1:1 the tag \"tablerow\" of Liquid is not available: it makes HTML"},
    {"{% ifchanged %}", "1:1 the tag \"ifchanged\" of Liquid is not available: compare with a value"},
    {"{% endifchanged %}", "1:1 the tag \"endifchanged\" of Liquid is not available"},
    {"{% layout 'x' %}", "1:1 the tag \"layout\" of Liquid is not available"},
    {"{% for a on b %}{% endfor %}", "1:10 expected \"in\", found \"on\""},
    {"{% for a in b limt: 1 %}{% endfor %}", "1:15 expected limit:, offset:, reversed"},
    {"{% for a in b offset: %}{% endfor %}", "1:23 expected a value, found the end"},
    {"{% assign x? = 1 %}", "1:11 a new name cannot end with \"?\""},
    {"{% capture 'a b' %}{% endcapture %}", "1:12 expected a name to capture into, found \"a b\""},
    {"{% capture -a %}{% endcapture %}", "1:12 unexpected \"-\""},
    {"{% assign x 1 %}", "1:13 expected \"=\", found \"1\""},
    {"{% break %}", "1:1 {% break %} outside of a for"},
    {"{% endif x %}", "1:1 {% endif %} without its beginning"}}));

INSTANTIATE_TEST_SUITE_P(Lines, TemplateSyntax, ::testing::ValuesIn<SyntaxCase>({
    {"{% liquid\n  echo a\n  ecoh b\n%}", "3:3 unknown tag \"ecoh\"; did you mean \"echo\"?"},
    {"{% liquid\n  echo a | upcse\n%}", "2:12 unknown filter \"upcse\""},
    {"ab\n{% liquid\n if a\n echo b\n%}", "3:2 the block is not closed; expected {% endif %}"},
    {"{% if a %}{% liquid\n endif\n%}", "2:2 {% endif %} without its beginning"},
    {"{% liquid\r if a\r echo b\r endif %}", "1:18 expected the end, found \"echo\""},
    {"{% liquid\n comment\n echo\n%}", "2:2 comment is not closed with endcomment"},
    {"{% liquid\n raw\n%}", "2:2 raw cannot stand inside of {% liquid %}"},
    {"{% liquid\n include 'x'\n%}", "2:2 the tag \"include\" of Liquid is not available"},
    {"{% # one\n # two\n three %}", "3:2 each line of {% # %} begins with #"},
    {"{% doc %}a{% doc %}b{% enddoc %}", "1:11 {% doc %} inside of {% doc %}"},
    {"{% doc x %}{% enddoc %}", "1:1 {% doc %} takes nothing, found \" x \""},
    {"{% raw x %}{% endraw %}", "1:1 {% raw %} takes nothing, found \" x \""},
    {"a{% doc %}", "1:2 {% doc %} is not closed with {% enddoc %}"},
    {"{% comment %}{% raw %}{% endcomment %}", "1:1 {% comment %} is not closed with"}}));

TEST(TemplateLimits, SizeDepthAndPartsAreBoundedWhenCompiled) {
    EXPECT_TRUE(std::holds_alternative<Template>(
        Template::compile(std::string(limits::template_bytes_max, 'x'))));
    EXPECT_NE(place_of_fault(std::string(limits::template_bytes_max + 1, 'x'))
                  .find("longer than 65536 bytes"), std::string::npos);
    std::string blocks;
    for (int i = 0; i < 2000; ++i) blocks += "{% if a %}";
    EXPECT_NE(place_of_fault(blocks).find("blocks nested deeper than 32"), std::string::npos);
    std::string brackets = "{{ a" + std::string(5000, '[');
    EXPECT_NE(place_of_fault(brackets + "}}").find("nested deeper than 32"), std::string::npos);
    EXPECT_NE(place_of_fault("{{ " + std::string(5000, '(') + "}}").find("nested deeper than 32"),
              std::string::npos);
    std::string many;
    for (int i = 0; i < 10'001; ++i) many += "{{a}}";
    EXPECT_NE(place_of_fault(many).find("more than 10000 parts"), std::string::npos);
    std::string piped = "{{ a";
    for (int i = 0; i < 65; ++i) piped += " | strip";
    EXPECT_NE(place_of_fault(piped + " }}").find("more than 64 filters"), std::string::npos);
}

TEST(TemplateLimits, LoopsAreBounded) {
    EXPECT_EQ(text_of("{% for i in (1..10000) %}{% endfor %}done"), "done");
    EXPECT_NE(place_of_fault("{% for i in (1..10001) %}{% endfor %}")
                  .find("1:13 a range of more than 10000 numbers"), std::string::npos);
    EXPECT_NE(place_of_fault("{{ (-9223372036854775808..9223372036854775807) | size }}")
                  .find("a range of more than 10000"), std::string::npos);
    Json list = Json::array();
    for (int i = 0; i < 10'001; ++i) list.push_back(Json(i));
    auto scope = Json::object({{"l", list}}).dump();
    EXPECT_NE(place_of_fault("{% for i in l %}{% endfor %}", scope)
                  .find("would run 10001 rounds"), std::string::npos);
}

TEST(TemplateLimits, NestedLoopsRunOutOfSteps) {
    auto start = std::chrono::steady_clock::now();
    std::string loops, ends;
    for (int i = 0; i < 20; ++i) {
        loops += "{% for i in (1..10000) %}";
        ends += "{% endfor %}";
    }
    EXPECT_NE(place_of_fault(loops + ends).find("runs more than 200000 steps"), std::string::npos);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(TemplateLimits, TheOutputIsBoundedExactly) {
    RenderOptions options;
    options.output_bytes_max = 10;
    EXPECT_EQ(value_of("{{ a }}{{ a }}", R"({"a":"12345"})", options), R"("1234512345")");
    EXPECT_EQ(place_of_fault("{{ a }}{{ a }}x", R"({"a":"12345"})", options),
              "1:15 the output is longer than 10 bytes");
    EXPECT_EQ(place_of_fault("{{ a }}", R"({"a":["1234567"]})", options),
              "1:1 the output is longer than 10 bytes");
    EXPECT_EQ(place_of_fault("{% for i in (1..9) %}ab{% endfor %}", "{}", options),
              "1:22 the output is longer than 10 bytes");
}

TEST(TemplateLimits, GrowthByFiltersIsBounded) {
    auto start = std::chrono::steady_clock::now();
    std::string doubling = "{% assign x = 'xxxxxxxxxxxxxxxx' %}";
    for (int i = 0; i < 40; ++i) doubling += "{% assign x = x | append: x %}";
    EXPECT_NE(place_of_fault(doubling).find("append makes more than 1048576 bytes"),
              std::string::npos);
    auto big = Json::object({{"a", Json(std::string(900'000, 'x'))}}).dump();
    EXPECT_NE(place_of_fault("{{ a | replace: '', 'yyyyyyyy' }}", big)
                  .find("replace makes more than"), std::string::npos);
    EXPECT_NE(place_of_fault("{{ a | replace: 'x', 'yyyyyyyy' }}", big)
                  .find("replace makes more than"), std::string::npos);
    EXPECT_NE(place_of_fault("{{ a | split: '' | size }}", big)
                  .find("split makes more than 100000 items"), std::string::npos);
    EXPECT_NE(place_of_fault("{{ a | escape }}", Json::object({{"a", Json(std::string(900'000, '&'))}})
                  .dump()).find("escape makes more than"), std::string::npos);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3)) << "quadratic";
}

TEST(TemplateLimits, WorkThatMakesNothingIsBoundedToo) {
    auto big = Json::object({{"a", Json(std::string(900'000, 'x'))}}).dump();
    EXPECT_NE(place_of_fault("{% for i in (1..10000) %}{% assign n = a | size %}{% endfor %}", big)
                  .find("works on more than"), std::string::npos);
    EXPECT_NE(place_of_fault("{% for i in (1..10000) %}{% if a contains 'y' %}{% endif %}{% endfor %}",
                             big).find("works on more than"), std::string::npos);
    EXPECT_NE(place_of_fault("{% for i in (1..10000) %}{% capture c %}{{ a }}{% endcapture %}"
                             "{% endfor %}", big).find("works on more than"), std::string::npos);
}

TEST(TemplateLimits, WhatFiltersMakeIsWorkToo) {
    auto scope = Json::object({{"a", Json(std::string(1000, 'x'))}}).dump();
    auto rounds = [](int count) {
        return "{% for i in (1.." + std::to_string(count) +
               ") %}{% assign n = 'aaaaaaaa' | replace: 'a', a %}{% endfor %}";
    };
    EXPECT_EQ(value_of(rounds(5000), scope), R"("")");
    EXPECT_NE(place_of_fault(rounds(10'000), scope).find("works on more than"), std::string::npos);
}

TEST(TemplateLimits, MarkupThatNeverEndsIsReadOnce) {
    auto start = std::chrono::steady_clock::now();
    for (std::string piece : {"<script ", "<!-- ", "<style ", "&a", "<"}) {
        std::string many;
        while (many.size() < 200'000) many += piece;
        auto scope = Json::object({{"a", Json(many)}}).dump();
        EXPECT_EQ(value_of("{{ a | strip_html | size }}", scope), std::to_string(many.size()));
        EXPECT_EQ(text_of("{{ a | escape_once | slice: 0 }}", scope).size(), 1u);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5)) << "quadratic";
}

TEST(TemplateLimits, WideObjectsStayQuick) {
    auto start = std::chrono::steady_clock::now();
    Json wide = Json::object();
    for (int i = 0; i < 100'000; ++i) wide.members().emplace_back("k" + std::to_string(i), Json(i));
    auto scope = Json::object({{"w", wide}, {"v", wide}});
    for (auto text : {"{% if w == v %}{% endif %}",
                      "{% for i in (1..10000) %}{{ w.k99999 }}{% endfor %}",
                      "{% for i in (1..10000) %}{{ w.x.y.z }}{{ w.x.y.z }}{% endfor %}",
                      "{% for i in (1..10000) %}{% assign j = w | size %}{% endfor %}"}) {
        auto compiled = Template::compile(text);
        ASSERT_TRUE(std::holds_alternative<Template>(compiled)) << text;
        auto made = std::get<Template>(compiled).render(scope, RenderOptions());
        ASSERT_TRUE(std::holds_alternative<Fault>(made)) << text;
        EXPECT_NE(std::get<Fault>(made).message.find("works on more"), std::string::npos)
            << std::get<Fault>(made).message;
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(TemplateLimits, ALoopThatIsLeftEarlyCostsItsRoundsOnly) {
    auto start = std::chrono::steady_clock::now();
    Json list = Json::array();
    for (int i = 0; i < 10'000; ++i) list.push_back(Json(i));
    auto scope = Json::object({{"l", list}});
    EXPECT_EQ(text_of("{% for i in (1..10000) %}{% for x in l %}{% break %}{% endfor %}{% endfor %}.",
                      scope.dump()), ".");
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

TEST(TemplateLimits, ComparisonsNestedLinesAndUnclosedRawAreBounded) {
    auto start = std::chrono::steady_clock::now();
    std::string many = "{% if a";
    for (int i = 0; i < 64; ++i) many += " and a";
    EXPECT_NE(place_of_fault(many + " %}{% endif %}").find("more than 64 comparisons"),
              std::string::npos);
    std::string lines = "{% ";
    for (int i = 0; i < 9000; ++i) lines += "liquid ";
    EXPECT_NE(place_of_fault(lines + "echo 1 %}").find("nested deeper than 32"), std::string::npos);
    std::string raw = "{% raw %}", comment = "{% comment %}";
    while (raw.size() < limits::template_bytes_max - 100) raw += "{%", comment += "{%";
    EXPECT_NE(place_of_fault(raw + "%}").find("raw %} is not closed"), std::string::npos);
    EXPECT_NE(place_of_fault(comment + "%}").find("comment %} is not closed"), std::string::npos);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2)) << "quadratic";
}

TEST(TemplateLimits, ATreeSharesOneBudget) {
    auto compiled = TemplateTree::compile(json(R"({"a":"{{ x }}","b":{"c":["{{ x }}"]},"k":"123"})"));
    ASSERT_TRUE(std::holds_alternative<TemplateTree>(compiled));
    RenderOptions options;
    options.output_bytes_max = 12;
    auto made = std::get<TemplateTree>(compiled).render(json(R"({"x":"12345"})"), options);
    ASSERT_TRUE(std::holds_alternative<Fault>(made));
    EXPECT_EQ(std::get<Fault>(made).path, "b.c[0]");
    EXPECT_NE(std::get<Fault>(made).message.find("longer than 12 bytes"), std::string::npos);
}

TEST(TemplateLimits, WhatATreeHoldsWithoutTemplatesCountsAsOutput) {
    auto compiled = TemplateTree::compile(json(R"({"a":"12345","b":"12345","c":"{{ x }}"})"));
    ASSERT_TRUE(std::holds_alternative<TemplateTree>(compiled));
    const auto& tree = std::get<TemplateTree>(compiled);
    RenderOptions options;
    options.output_bytes_max = 21;   // "12345", "12345", "12345" with their quotes
    EXPECT_TRUE(std::holds_alternative<Json>(tree.render(json(R"({"x":"12345"})"), options)));
    options.output_bytes_max = 20;
    auto made = tree.render(json(R"({"x":"12345"})"), options);
    ASSERT_TRUE(std::holds_alternative<Fault>(made));
    EXPECT_EQ(std::get<Fault>(made).path, "c");
    options.output_bytes_max = 13;
    made = tree.render(json(R"({"x":"12345"})"), options);
    ASSERT_TRUE(std::holds_alternative<Fault>(made));
    EXPECT_EQ(std::get<Fault>(made).path, "b");
}

TEST(TemplateStrict, UndefinedIsAFaultWithItsPlace) {
    RenderOptions strict;
    strict.strict = true;
    auto scope = R"({"record":{"name":"x","none":null}})";
    EXPECT_EQ(place_of_fault("a {{ record.nmae }}", scope, strict),
              "1:6 \"record.nmae\" is undefined; did you mean \"name\"?");
    EXPECT_EQ(place_of_fault("{{ recrod }}", scope, strict),
              "1:4 \"recrod\" is undefined; did you mean \"record\"?");
    EXPECT_EQ(place_of_fault("{{ record.none }}", scope, strict), "rendered null");
    EXPECT_EQ(place_of_fault("{{ record.none.more }}", scope, strict),
              "1:4 \"record.none.more\" is undefined");
}

TEST(TemplateStrict, HoldsInEveryTag) {
    RenderOptions strict;
    strict.strict = true;
    for (auto text : {"{% echo nope %}", "{% assign x = nope %}", "{% liquid\n echo nope\n%}",
                      "{{ 'a' | append: nope }}", "{% capture x %}{{ nope }}{% endcapture %}",
                      "{% for i in (1..nope) %}{{ i }}{% endfor %}", "{{ l[nope] }}",
                      "{% for i in l limit: nope %}{{ i }}{% endfor %}",
                      "{% for i in l %}{{ forloop.nope }}{% endfor %}", "{{ l.nope }}"})
        EXPECT_NE(place_of_fault(text, R"({"l":[1]})", strict).find("is undefined"),
                  std::string::npos) << text;
    EXPECT_EQ(value_of("{% for i in l %}{{ forloop.index }}{{ l.size }}{% endfor %}",
                       R"({"l":[1]})", strict), R"("11")");
    EXPECT_EQ(value_of("{% case nope %}{% when nil %}a{% endcase %}", "{}", strict), R"("a")");
}

TEST(TemplateLimits, ValuesThatAreNestedTooDeepAreRefusedByFilters) {
    Json deep = Json(1);
    for (std::size_t i = 0; i <= limits::value_depth_max; ++i) {
        Json outer = Json::array();
        outer.push_back(std::move(deep));
        deep = std::move(outer);
    }
    auto compiled = Template::compile("{{ a | json }}");
    auto render = [&](Json value) {
        return std::get<Template>(compiled).render(Json::object({{"a", std::move(value)}}),
                                                   RenderOptions());
    };
    EXPECT_TRUE(std::holds_alternative<Json>(render(deep[0])));
    auto made = render(deep);
    ASSERT_TRUE(std::holds_alternative<Fault>(made));
    EXPECT_EQ(std::get<Fault>(made).message,
              "json needs a value that is nested less than 64 levels deep");
}

TEST(TemplateStrict, AskingWhetherItIsThereIsAllowed) {
    RenderOptions strict;
    strict.strict = true;
    EXPECT_EQ(value_of("{{ missing | default: 'd' }}", "{}", strict), R"("d")");
    EXPECT_EQ(value_of("{% if missing %}a{% else %}b{% endif %}", "{}", strict), R"("b")");
    EXPECT_EQ(value_of("{% if missing == nil %}a{% endif %}", "{}", strict), R"("a")");
    EXPECT_EQ(value_of("{% for x in missing %}a{% else %}b{% endfor %}", "{}", strict), R"("b")");
    EXPECT_NE(place_of_fault("{{ missing | upcase }}", "{}", strict).find("is undefined"),
              std::string::npos);
}

TEST(TemplateRun, FaultsHaveAPlace) {
    EXPECT_EQ(place_of_fault("a\nb {% if n < s %}{% endif %}", R"({"n":1,"s":"x"})"),
              "2:9 cannot compare the number 1 with the text \"x\"");
    EXPECT_EQ(place_of_fault("{{ (true..2) }}"), "1:5 a range needs whole numbers, found true");
    EXPECT_EQ(place_of_fault("{% for x in l limit: true %}{{ x }}{% endfor %}", R"({"l":[1]})"),
              "1:22 expected a whole number, found true");
    EXPECT_EQ(place_of_fault("{{ (1..l) }}", R"({"l":[1]})"),
              "1:8 a range needs whole numbers, found a list");
    EXPECT_EQ(place_of_fault("{% for x in l limit: 'q' %}{{ x }}{% endfor %}", R"({"l":[1]})"),
              "1:22 expected a whole number, found the text \"q\"");
    EXPECT_EQ(place_of_fault("{% for x in l offset: 1.5 %}{{ x }}{% endfor %}", R"({"l":[1]})"),
              "1:23 expected a whole number, found the number 1.5");
    EXPECT_EQ(place_of_fault("{% liquid\n assign n = 1\n echo n | divided_by: 0\n%}"),
              "3:11 divided_by cannot divide by 0");
}

TEST(TemplateTree, FaultsNameTheMember) {
    auto fault_path = [](std::string_view tree) {
        auto compiled = TemplateTree::compile(json(tree));
        auto* fault = std::get_if<Fault>(&compiled);
        return fault ? fault->path + " " + std::to_string(fault->line) + ":" +
                           std::to_string(fault->column)
                     : std::string("compiled");
    };
    EXPECT_EQ(fault_path(R"({"properties":{"dealname":"{{ x | nope }}"}})"),
              "properties.dealname 1:8");
    EXPECT_EQ(fault_path(R"({"a":["ok",{"b":"x\n{{"}]})"), "a[1].b 2:1");
    EXPECT_EQ(fault_path(R"("{{")"), " 1:1");
    auto compiled = TemplateTree::compile(json(R"({"a":{"b":"{{ x | divided_by: 0 }}"}})"));
    auto made = std::get<TemplateTree>(compiled).render(json(R"({"x":"q"})"), RenderOptions());
    ASSERT_TRUE(std::holds_alternative<Fault>(made));
    EXPECT_EQ(std::get<Fault>(made).path, "a.b");
}

TEST(TemplateTree, DepthIsBounded) {
    Json deep = Json("x");
    for (std::size_t i = 0; i < limits::tree_depth_max; ++i) {
        Json outer = Json::array();
        outer.push_back(std::move(deep));
        deep = std::move(outer);
    }
    EXPECT_TRUE(std::holds_alternative<TemplateTree>(TemplateTree::compile(deep)));
    Json deeper = Json::array();
    deeper.push_back(deep);
    auto compiled = TemplateTree::compile(deeper);
    ASSERT_TRUE(std::holds_alternative<Fault>(compiled));
    EXPECT_NE(std::get<Fault>(compiled).message.find("deeper than 64"), std::string::npos);
}

}  // namespace
}  // namespace syncline::rules
