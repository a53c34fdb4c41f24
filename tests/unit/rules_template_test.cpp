// What templates say: typed output, paths, blocks, conditions, loops, whitespace, trees.
#include "rules_support.hpp"

namespace syncline::rules {
namespace {

TEST(TemplateOutput, ATextThatIsOneOutputKeepsTheType) {
    auto scope = R"({"n":5,"b":false,"l":[1,{"a":null}],"o":{"x":"y"},"s":"t"})";
    EXPECT_EQ(value_of("{{ n }}", scope), "5");
    EXPECT_EQ(value_of("{{n}}", scope), "5");
    EXPECT_EQ(value_of("{{- b -}}", scope), "false");
    EXPECT_EQ(value_of("{{ l }}", scope), R"([1,{"a":null}])");
    EXPECT_EQ(value_of("{{ o }}", scope), R"({"x":"y"})");
    EXPECT_EQ(value_of("{{ s }}", scope), R"("t")");
    EXPECT_EQ(value_of("{{ missing }}", scope), "null");
    EXPECT_EQ(value_of("{{ s | size }}", scope), "1");
}

TEST(TemplateOutput, InTheMiddleOfATextEverythingIsText) {
    auto scope = R"({"n":1.50,"b":true,"l":["a",1,null],"o":{"x":1}})";
    EXPECT_EQ(text_of("{{ n }} {{ b }} {{ l }} {{ o }} {{ missing }}!", scope),
              R"(1.50 true a1 {"x":1} !)");
    EXPECT_EQ(value_of("{{ n }}!", scope), R"("1.50!")");
    EXPECT_EQ(value_of("", scope), R"("")");
    EXPECT_EQ(value_of("no braces { here } %}", scope), R"("no braces { here } %}")");
}

TEST(TemplateOutput, NumbersKeepTheirText) {
    auto scope = R"({"data":{"amount":12345678901234567890123,"price":19.90,"e":1E+2}})";
    EXPECT_EQ(value_of("{{ data.amount }}", scope), "12345678901234567890123");
    EXPECT_EQ(value_of("{{ data.price }}", scope), "19.90");
    EXPECT_EQ(value_of("{{ data.e }}", scope), "1E+2");
    EXPECT_EQ(text_of("{{ data.amount }}.", scope), "12345678901234567890123.");
    EXPECT_EQ(value_of("{{ data | json }}", scope),
              R"("{\"amount\":12345678901234567890123,\"price\":19.90,\"e\":1E+2}")");
}

TEST(TemplatePath, WalksNamesIndexesAndBrackets) {
    auto scope = R"({"a":{"b":[10,20,{"x y":"z"}],"k":"b"},"x y":1,"i":1,"api-token":"t"})";
    EXPECT_EQ(value_of("{{ a.b[0] }}", scope), "10");
    EXPECT_EQ(value_of("{{ a.b[-1]['x y'] }}", scope), R"("z")");
    EXPECT_EQ(value_of(R"({{ a["b"][i] }})", scope), "20");
    EXPECT_EQ(value_of("{{ a[a.k][1] }}", scope), "20");
    EXPECT_EQ(value_of("{{ ['x y'] }}", scope), "1");
    EXPECT_EQ(value_of("{{ a.b.1 }}", scope), "20");
    EXPECT_EQ(value_of("{{ a.b['1'] }}", scope), "null") << "a list has no names";
    EXPECT_EQ(value_of("{{ a.b.2['x y'] }}", scope), R"("z")");
    EXPECT_EQ(value_of("{{ api-token }}", scope), R"("t")");
    EXPECT_EQ(value_of("{{ a.b[9] }}", scope), "null");
    EXPECT_EQ(value_of("{{ a.b.c.d }}", scope), "null");
}

TEST(TemplatePath, AMemberNameWithDotsCountsAsThePath) {
    auto scope = R"({"actor.type":"app","d":{"x.y.z":{"k":1}}})";
    EXPECT_EQ(value_of("{{ actor.type }}", scope), R"("app")");
    EXPECT_EQ(value_of("{{ d.x.y.z.k }}", scope), "1");
    EXPECT_EQ(value_of("{{ d['x.y.z'].k }}", scope), "1");
    EXPECT_EQ(value_of("{{ actor.id }}", scope), "null");
}

TEST(TemplatePath, ListsAndTextsKnowTheirSizeFirstAndLast) {
    auto scope = R"({"l":[3,4,5],"s":"äö","o":{"size":"mine"},"e":[]})";
    EXPECT_EQ(value_of("{{ l.size }}", scope), "3");
    EXPECT_EQ(value_of("{{ l.first }}", scope), "3");
    EXPECT_EQ(value_of("{{ l.last }}", scope), "5");
    EXPECT_EQ(value_of("{{ s.size }}", scope), "2");
    EXPECT_EQ(value_of("{{ o.size }}", scope), R"("mine")");
    EXPECT_EQ(value_of("{{ e.first }}", scope), "null");
}

TEST(TemplateLiteral, TextsNumbersAndWords) {
    EXPECT_EQ(value_of("{{ 'it' }}"), R"("it")");
    EXPECT_EQ(value_of(R"({{ "a}}b" }})"), R"("a}}b")");
    EXPECT_EQ(value_of("{{ -3.50 }}"), "-3.50");
    EXPECT_EQ(value_of("{{ true }}"), "true");
    EXPECT_EQ(value_of("{{ nil }}"), "null");
    EXPECT_EQ(value_of("{{ (1..4) }}"), "[1,2,3,4]");
    EXPECT_EQ(value_of("{{ (3..1) }}"), "[]");
}

TEST(TemplateBlocks, IfElsifElseAndUnless) {
    auto text = "{% if n > 5 %}big{% elsif n == 5 %}five{% else %}small{% endif %}";
    EXPECT_EQ(text_of(text, R"({"n":6})"), "big");
    EXPECT_EQ(text_of(text, R"({"n":5.0})"), "five");
    EXPECT_EQ(text_of(text, R"({"n":1})"), "small");
    EXPECT_EQ(text_of(text, "{}"), "small") << "nil is not greater";
    EXPECT_EQ(text_of("{% unless x %}no{% else %}yes{% endunless %}", R"({"x":0})"), "yes");
    EXPECT_EQ(text_of("{% unless x %}no{% endunless %}"), "no");
    EXPECT_EQ(text_of("{% if '' %}empty text is true{% endif %}"), "empty text is true");
}

TEST(TemplateBlocks, OnlyNilAndFalseAreFalse) {
    for (auto value : {"0", "\"\"", "[]", "{}", "true"})
        EXPECT_EQ(text_of("{% if x %}t{% endif %}", std::string(R"({"x":)") + value + "}"), "t")
            << value;
    for (auto value : {"null", "false"})
        EXPECT_EQ(text_of("{% if x %}t{% endif %}", std::string(R"({"x":)") + value + "}"), "")
            << value;
}

struct ConditionCase {
    const char* condition;
    bool holds;
};

class TemplateCondition : public ::testing::TestWithParam<ConditionCase> {};

TEST_P(TemplateCondition, IsDecidedAsInLiquid) {
    auto scope = R"({"n":5,"s":"deal","l":["a","b",3],"o":{"k":1},"e":[],"w":"  ","big":9007199254740993})";
    auto text = std::string("{% if ") + GetParam().condition + " %}T{% else %}F{% endif %}";
    EXPECT_EQ(text_of(text, scope), GetParam().holds ? "T" : "F") << GetParam().condition;
}

INSTANTIATE_TEST_SUITE_P(All, TemplateCondition, ::testing::ValuesIn<ConditionCase>({
    {"n == 5", true}, {"n == 5.0", true}, {"n == '5'", false}, {"n != 4", true}, {"n <> 5", false},
    {"n >= 5", true}, {"n < 5", false}, {"n <= 4.99", false}, {"s > 'dead'", true},
    {"big == 9007199254740992", false}, {"big > 9007199254740992", true},
    {"missing < 1", false}, {"missing > 1", false}, {"missing == nil", true}, {"missing == s", false},
    {"s contains 'ea'", true}, {"s contains 'x'", false}, {"l contains 'b'", true},
    {"l contains 3.0", true}, {"l contains '3'", false}, {"o contains 'k'", true},
    {"missing contains 'x'", false}, {"s contains missing", false},
    {"e == empty", true}, {"s == empty", false}, {"missing == empty", false},
    {"w == blank", true}, {"missing == blank", true}, {"n == blank", false}, {"e != empty", false},
    // Right to left: a or (b and c), a and (b or c).
    {"true or false and false", true}, {"false and false or true", false},
    {"true and false or true", true}, {"false or true and true", true}}));

TEST(TemplateBlocks, CaseTakesTheWhenThatFits) {
    auto text = "{% case x %} ignored {% when 'a' or 'b' %}ab{% when 1, 2 %}12{% else %}?{% endcase %}";
    EXPECT_EQ(text_of(text, R"({"x":"b"})"), "ab");
    EXPECT_EQ(text_of(text, R"({"x":2})"), "12");
    EXPECT_EQ(text_of(text, R"({"x":"2"})"), "?");
    EXPECT_EQ(text_of(text, "{}"), "?");
}

TEST(TemplateLoop, RunsOverListsObjectsAndRanges) {
    auto scope = R"({"l":["a","b","c"],"o":{"k":1,"m":2}})";
    EXPECT_EQ(text_of("{% for x in l %}{{ forloop.index }}{{ x }}{% unless forloop.last %},"
                      "{% endunless %}{% endfor %}", scope), "1a,2b,3c");
    EXPECT_EQ(text_of("{% for p in o %}{{ p[0] }}={{ p[1] }};{% endfor %}", scope), "k=1;m=2;");
    EXPECT_EQ(text_of("{% for i in (1..3) %}{{ i }}{% endfor %}"), "123");
    EXPECT_EQ(text_of("{% for x in l limit:1 offset:1 %}{{ x }}{% endfor %}", scope), "b");
    EXPECT_EQ(text_of("{% for x in l reversed %}{{ x }}{% endfor %}", scope), "cba");
    EXPECT_EQ(text_of("{% for x in missing %}{{ x }}{% else %}none{% endfor %}"), "none");
    EXPECT_EQ(text_of("{% for x in l offset:9 %}{{ x }}{% else %}none{% endfor %}", scope), "none");
    EXPECT_EQ(text_of("{% for x in l %}{% if x == 'b' %}{% break %}{% endif %}{{ x }}{% endfor %}",
                      scope), "a");
    EXPECT_EQ(text_of("{% for x in l %}{% if x == 'b' %}{% continue %}{% endif %}{{ x }}{% endfor %}",
                      scope), "ac");
    EXPECT_EQ(text_of("{% for i in (1..2) %}{% for j in (1..2) %}{{ forloop.parentloop.index }}"
                      "{{ j }} {% endfor %}{% endfor %}"), "11 12 21 22 ");
}

TEST(TemplateLoop, ItsVariableHidesAndIsGoneAfterwards) {
    EXPECT_EQ(text_of("{% for x in (1..2) %}{{ x }}{% endfor %}{{ x }}", R"({"x":"s"})"), "12s");
}

TEST(TemplateLoop, TheListMayBeAssignedAnewInside) {
    EXPECT_EQ(text_of("{% assign l = 'a,b' | split: ',' %}{% for x in l %}{{ x }}{% assign l = nil %}"
                      "{{ x }}{% endfor %}{{ l.size }}"), "aabb");
}

TEST(TemplateNames, AssignAndCapture) {
    EXPECT_EQ(text_of("{% assign x = 'a' | upcase %}{{ x }}{% assign x = 2 %}{{ x }}"), "A2");
    EXPECT_EQ(text_of("{% capture c %}<{{ n }}>{% endcapture %}{{ c }}{{ c }}", R"({"n":1})"),
              "<1><1>");
    EXPECT_EQ(text_of("{% assign data = 1 %}{{ data }}", R"({"data":2})"), "1");
}

TEST(TemplateText, CommentsAndRaw) {
    EXPECT_EQ(text_of("a{% comment %}it's {{ x | nofilter }} {% if %}{% endcomment %}b"), "ab");
    EXPECT_EQ(text_of("a{% # a note %}b"), "ab");
    EXPECT_EQ(text_of("{% raw %}{{ x }} {% if %}{% endraw %}"), "{{ x }} {% if %}");
    EXPECT_EQ(text_of("a {%- raw -%} {{x}} {%- endraw -%} b"), "a {{x}} b");
}

TEST(TemplateText, DashesTrimBlanks) {
    EXPECT_EQ(text_of("a \n {{- 1 -}} \t b"), "a1b");
    EXPECT_EQ(text_of("a {%- if true -%} b {%- endif -%} c"), "abc");
    EXPECT_EQ(text_of("a {{ 1 -}} b"), "a 1b");
    EXPECT_EQ(value_of("{{ n -}}", R"({"n":-1})"), "-1");
}

TEST(TemplateScope, NowIsTheTimeTheCallerGives) {
    RenderOptions options;
    options.now_ms = 1'767'225'600'000;
    EXPECT_EQ(value_of("{{ now }}", "{}", options), R"("2026-01-01T00:00:00Z")");
    EXPECT_EQ(value_of("{{ 'now' | unix }}", "{}", options), "1767225600");
    EXPECT_EQ(value_of("{{ now }}", R"({"now":"scope wins"})", options), R"("scope wins")");
}

TEST(TemplatePaths, AreThoseReadFromTheScope) {
    auto paths = [](std::string_view text) {
        auto compiled = Template::compile(text);
        EXPECT_TRUE(std::holds_alternative<Template>(compiled)) << text;
        return std::get<Template>(compiled).paths();
    };
    using Paths = std::vector<std::string>;
    EXPECT_EQ(paths("{{ record.values.name }} {{ a.b[0] | default: c.d }} {{ a.b[0] }}"),
              (Paths{"a.b.0", "c.d", "record.values.name"}));
    EXPECT_EQ(paths("{% for x in l %}{{ x.y }}{{ forloop.index }}{{ z }}{% endfor %}{{ x.q }}"),
              (Paths{"l", "x.q", "z"}));
    EXPECT_EQ(paths("{% assign v = e.f %}{{ v.g }}{% if h == 1 %}{{ i[j.k] }}{% endif %}"),
              (Paths{"e.f", "h", "i", "j.k"}));
    EXPECT_EQ(paths("{% liquid\n assign v = e.f\n for x in l\n echo x.y\n echo m.0.n\n endfor\n%}"
                    "{% echo v.g | append: h.i %}{% for x in l limit: a.b offset: c.d %}{% endfor %}"),
              (Paths{"a.b", "c.d", "e.f", "h.i", "l", "m.0.n"}));
    EXPECT_EQ(paths("{% case s.t %}{% when u.v %}{{ w['x'].y }}{% endcase %}{% comment %}{{ z }}"
                    "{% endcomment %}{% raw %}{{ z }}{% endraw %}"), (Paths{"s.t", "u.v", "w.x.y"}));
    EXPECT_EQ(paths("plain {{ 'text' }} {{ now }}"), Paths{});
}

TEST(TemplateTree, RendersStringsAndKeepsTheRest) {
    auto compiled = TemplateTree::compile(json(
        R"({"{{ name }}":"{{ n }}","list":["{{ s }}!",1.0,null,{"deep":"{{ s | upcase }}"}],"t":"x"})"));
    ASSERT_TRUE(std::holds_alternative<TemplateTree>(compiled));
    auto& tree = std::get<TemplateTree>(compiled);
    auto made = tree.render(json(R"({"n":1.50,"s":"a"})"), RenderOptions());
    ASSERT_TRUE(std::holds_alternative<Json>(made));
    EXPECT_EQ(std::get<Json>(made).dump(),
              R"({"{{ name }}":1.50,"list":["a!",1.0,null,{"deep":"A"}],"t":"x"})");
    EXPECT_EQ(tree.paths(), (std::vector<std::string>{"n", "s"}));
}

TEST(TemplateTree, AnUncompiledOneIsNull) {
    auto made = TemplateTree().render(Json::object(), RenderOptions());
    ASSERT_TRUE(std::holds_alternative<Json>(made));
    EXPECT_TRUE(std::get<Json>(made).is_null());
}

TEST(TemplateTree, TheShippedRuleOfTheDesignRenders) {
    auto compiled = TemplateTree::compile(json(
        R"({"object":"{% if object == 'people' %}contacts{% else %}deals{% endif %}",
            "key":{"attio_id":"{{ subject }}"},"properties":{"dealname":"{{ record.values.name }}"}})"));
    ASSERT_TRUE(std::holds_alternative<TemplateTree>(compiled));
    auto made = std::get<TemplateTree>(compiled).render(
        json(R"({"object":"deals","subject":"id-1","record":{"values":{"name":"Big"}}})"),
        RenderOptions());
    ASSERT_TRUE(std::holds_alternative<Json>(made));
    EXPECT_EQ(std::get<Json>(made).dump(),
              R"({"object":"deals","key":{"attio_id":"id-1"},"properties":{"dealname":"Big"}})");
}

}  // namespace
}  // namespace syncline::rules
