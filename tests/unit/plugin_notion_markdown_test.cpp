// Markdown as Notion blocks, seen through the request that creates a page.
#include "tests/support/plugin_harness.hpp"

namespace syncline::test {
namespace {

constexpr const char* database = "dddddddd00004000800000000000000d";

/// The requests' children for a text: of the create and of the appends after it.
std::vector<Json> requests(const std::string& markdown, std::string* note = nullptr) {
    static const PluginUnderTest plugin("notion");
    auto there = plugin.create(R"({"token":"t"})");
    DeliverySpec spec;
    spec.input.set("database", database);
    spec.input.set("key", "k");
    spec.input.set("title", "t");
    spec.input.set("markdown", markdown);
    auto job = there.act("upsert_page", spec);
    job.expect_link("page", "k");
    job.answer(200, R"({"properties":{"N":{"type":"title"},"Attio ID":{"type":"rich_text"}}})");
    job.answer(200, R"({"results":[]})");
    std::vector<Json> found;
    while (job.asks("http")) {
        std::string body = job.next()["request"]["body"].as_string();
        EXPECT_LE(body.size(), 500'000u);
        found.push_back(json(body)["children"]);
        EXPECT_LE(found.back().size(), 100u);
        job.answer(200, R"({"id":"aaaaaaaa00004000800000000000000a"})");
    }
    Json outcome = job.expect_done("delivered");
    if (note) *note = outcome["note"].as_string();
    return found;
}

Json blocks(const std::string& markdown) {
    return requests(markdown)[0];
}

/// "type(text)[children]" for each block: enough to see structure.
std::string outline(const Json& list) {
    std::string out;
    for (const auto& block : list.items()) {
        const std::string& type = block["type"].as_string();
        if (!out.empty()) out += ' ';
        out += type + "(";
        for (const auto& element : block[type]["rich_text"].items())
            out += element["text"]["content"].as_string();
        out += ")";
        if (block[type]["children"].size() > 0) out += "[" + outline(block[type]["children"]) + "]";
    }
    return out;
}

/// The rich text of a paragraph: "text" or "text{bold,italic}" joined by "|".
std::string inline_of(const std::string& markdown) {
    std::string out;
    Json list = blocks(markdown);
    for (const auto& element : list[0]["paragraph"]["rich_text"].items()) {
        if (!out.empty()) out += '|';
        out += element["text"]["content"].as_string();
        std::string marks;
        for (const auto& [name, value] : element["annotations"].members())
            marks += (marks.empty() ? "" : ",") + (value.is_string() ? value.as_string() : name);
        const std::string& url = element["text"]["link"]["url"].as_string();
        if (!url.empty()) marks += (marks.empty() ? "" : ",") + url;
        if (!marks.empty()) out += "{" + marks + "}";
    }
    return out;
}

TEST(NotionMarkdown, headings_paragraphs_and_dividers) {
    EXPECT_EQ(outline(blocks("# One\n## Two\n### Three\n#### Four\n\ntext\nmore\r\n\nnext\n---\n***")),
              "heading_1(One) heading_2(Two) heading_3(Three) heading_3(Four) paragraph(text\nmore) "
              "paragraph(next) divider() divider()");
    EXPECT_EQ(outline(blocks("#tag\n####### seven")), "paragraph(#tag\n####### seven)");
}

TEST(NotionMarkdown, nothing_makes_no_blocks) {
    for (const char* empty : {"", "\n\n", "  \r\n\t\n"}) EXPECT_TRUE(requests(empty)[0].is_null());
}

TEST(NotionMarkdown, lists_of_two_levels) {
    EXPECT_EQ(outline(blocks("- a\n  - b\n    - c\n  - d\n* e\n1. f\n2) g")),
              "bulleted_list_item(a)[bulleted_list_item(b) bulleted_list_item(c) "
              "bulleted_list_item(d)] bulleted_list_item(e) numbered_list_item(f) "
              "numbered_list_item(g)");
    EXPECT_EQ(outline(blocks("- a\n\tmore of a\n\n  and more\n\nnot in it\n- b")),
              "bulleted_list_item(a\nmore of a\nand more) paragraph(not in it) "
              "bulleted_list_item(b)");
    EXPECT_EQ(outline(blocks("1.no\n-no")), "paragraph(1.no\n-no)");
}

TEST(NotionMarkdown, todos_know_their_state) {
    Json list = blocks("- [ ] open\n- [x] done\n  - [X] inner\n- [y] none");
    EXPECT_EQ(outline(list), "to_do(open) to_do(done)[to_do(inner)] bulleted_list_item([y] none)");
    EXPECT_FALSE(list[0]["to_do"]["checked"].as_bool(true));
    EXPECT_TRUE(list[1]["to_do"]["checked"].as_bool());
    EXPECT_TRUE(list[1]["to_do"]["children"][0]["to_do"]["checked"].as_bool());
}

TEST(NotionMarkdown, a_long_sublist_overflows_beside_its_parent) {
    std::string text = "- top\n";
    for (int i = 0; i < 130; ++i) text += "  - c" + std::to_string(i) + "\n";
    Json list = blocks(text);
    EXPECT_EQ(list[0]["bulleted_list_item"]["children"].size(), 100u);
    EXPECT_EQ(list.size(), 31u);
    EXPECT_EQ(outline(list[0]["bulleted_list_item"]["children"]).substr(0, 22),
              "bulleted_list_item(c0)");
    EXPECT_EQ(list[1]["bulleted_list_item"]["rich_text"][0]["text"]["content"].as_string(), "c100");
}

TEST(NotionMarkdown, quotes_code_and_images) {
    Json list = blocks("> a\n>b **c**\n\n```Py title\nx = '**'\n\n  y\n```\n~~~weird\nz\n~~~\n"
                       "![alt](https://i.test/a.png)\n![alt](relative.png)\n```\nopen");
    EXPECT_EQ(outline(list), "quote(a\nb c) code(x = '**'\n\n  y) code(z) image() paragraph(alt) "
                             "code(open)");
    EXPECT_EQ(list[1]["code"]["language"].as_string(), "python");
    EXPECT_EQ(list[2]["code"]["language"].as_string(), "plain text");
    EXPECT_EQ(list[3]["image"], json(R"({"type":"external",
                                          "external":{"url":"https://i.test/a.png"}})"));
}

TEST(NotionMarkdown, inline_styles) {
    EXPECT_EQ(inline_of("a **b** *c* ~~d~~ `e*` ==f== g"),
              "a |b{bold}| |c{italic}| |d{strikethrough}| |e*{code}| |f{yellow_background}| g");
    EXPECT_EQ(inline_of("***x*** and **a *b* c**"),
              "x{bold,italic}| and |a {bold}|b{bold,italic}| c{bold}");
    EXPECT_EQ(inline_of("__b__ and _i_ but snake_case_name"), "b{bold}| and |i{italic}| but snake_case_name");
    EXPECT_EQ(inline_of("2 * 3 * 4, a == b == c, 5*"), "2 * 3 * 4, a == b == c, 5*");
    EXPECT_EQ(inline_of("\\*no\\* ``a`b`` `open"), "*no* |a`b{code}| `open");
}

TEST(NotionMarkdown, links_must_be_absolute) {
    EXPECT_EQ(inline_of("[a **b**](https://x.test/(1) \"title\") [r](/rel) <https://y.test>"),
              "a {https://x.test/(1)}|b{bold,https://x.test/(1)}| r |https://y.test{https://y.test}");
    EXPECT_EQ(inline_of("[open](https://x and [x] (y)"), "[open](https://x and [x] (y)");
    std::string far = "https://x.test/" + std::string(1990, 'a');
    EXPECT_EQ(inline_of("[l](" + far + ")"), "l");
}

std::size_t utf16_units(const std::string& text) {
    std::size_t units = 0;
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        if ((byte & 0xC0) != 0x80) units += byte >= 0xF0 ? 2 : 1;
    }
    return units;
}

TEST(NotionMarkdown, long_text_is_split_between_code_points) {
    for (std::size_t length : {1999u, 2000u, 2001u}) {
        Json text = blocks(std::string(length, 'x'))[0]["paragraph"]["rich_text"];
        EXPECT_EQ(text.size(), length > 2000 ? 2u : 1u);
    }
    std::string emoji = "x";
    for (int i = 0; i < 1500; ++i) emoji += "😀";
    Json list = blocks(emoji);
    std::string joined;
    for (const auto& element : list[0]["paragraph"]["rich_text"].items()) {
        const std::string& content = element["text"]["content"].as_string();
        EXPECT_LE(utf16_units(content), 2000u);
        EXPECT_TRUE(json_is_utf8(content));
        joined += content;
    }
    EXPECT_EQ(joined, emoji);
}

TEST(NotionMarkdown, a_text_of_many_elements_becomes_several_blocks) {
    std::string text;
    for (int i = 0; i < 120; ++i) text += "*a* b ";
    Json list = blocks(text);
    EXPECT_EQ(list.size(), 5u);  // 240 elements by 50
    for (const auto& block : list.items())
        EXPECT_LE(block["paragraph"]["rich_text"].size(), 50u);
}

TEST(NotionMarkdown, requests_stay_below_the_bytes_allowed) {
    std::string text;
    for (int i = 0; i < 40; ++i) {
        for (int n = 0; n < 10'000; ++n) text += "文";
        text += "\n\n";
    }
    auto sent = requests(text);  // each is checked for 500,000 bytes
    std::size_t count = 0;
    for (const auto& request : sent) count += request.size();
    EXPECT_EQ(count, 40u);
    EXPECT_GE(sent.size(), 3u);
}

TEST(NotionMarkdown, a_page_is_cut_after_a_thousand_blocks_and_says_so) {
    std::string text, note;
    for (int i = 0; i < 1001; ++i) text += "x\n\n";
    auto sent = requests(text, &note);
    EXPECT_EQ(sent.size(), 10u);
    EXPECT_EQ(note, "created the page, cut after 1000 blocks");
    requests(text.substr(3), &note);
    EXPECT_EQ(note, "created the page");
}

TEST(NotionMarkdown, marks_that_never_close_cost_no_time) {
    for (const char* unit : {"*a ", "**a", "[", "`", "==x", "[a](", "_a*b~~", "![", "<https://"}) {
        std::string text;
        while (text.size() < 50'000) text += unit;
        EXPECT_FALSE(requests(text).empty()) << unit;
    }
}

}  // namespace
}  // namespace syncline::test
