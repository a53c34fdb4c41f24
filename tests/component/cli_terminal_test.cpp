// Tables and widths: what fits, what is cut, and that nothing from outside reaches the terminal raw.
#include "core/cli/terminal.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace syncline::cli {
namespace {

std::string printed(const Table& table, std::size_t width, bool colour = false) {
    std::istringstream in;
    std::ostringstream out, err;
    Terminal terminal{in, out, err};
    terminal.width = width;
    terminal.colour_out = colour;
    table.print(terminal);
    return out.str();
}

TEST(CliTerminal, CountsColumnsAsATerminalDoes) {
    EXPECT_EQ(display_width("abc"), 3u);
    EXPECT_EQ(display_width("é✓"), 2u);
    EXPECT_EQ(display_width("e\xCC\x81"), 1u) << "a combining accent takes none";
    EXPECT_EQ(display_width("日本"), 4u);
    EXPECT_EQ(display_width("😀"), 2u);
}

TEST(CliTerminal, CutsAtACharacterWithAnEllipsis) {
    EXPECT_EQ(truncated("abcdef", 6), "abcdef");
    EXPECT_EQ(truncated("abcdef", 5), "abcd…");
    EXPECT_EQ(truncated("日本語", 4), "日…") << "a wide character does not fit in one column";
    EXPECT_EQ(truncated("abc", 1), "…");
    EXPECT_EQ(truncated("abc", 0), "");
}

TEST(CliTerminal, ATableFitsTheTerminalByItsShrinkingColumns) {
    Table table({{"ID", true}, {"NAME", false, true}, {"STATE"}});
    table.add({"7", "a name that is much longer than the terminal is wide", "dead"});
    table.add({"1234", "short", "pending"});
    EXPECT_EQ(printed(table, 30), "  ID  NAME             STATE\n"
                                  "   7  a name that is…  dead\n"
                                  "1234  short            pending\n")
        << printed(table, 30);
    EXPECT_NE(printed(table, 0).find("wide  dead"), std::string::npos) << "a pipe gets it whole";
}

TEST(CliTerminal, OutsideTextCannotMoveTheCursorOrBreakTheLine) {
    Table table({{"NAME"}});
    table.add({"a\x1b[2Jb\nc\td\x7f\xC2\x9B\xFF"});
    std::string text = printed(table, 0);
    EXPECT_EQ(text, "NAME\na\\x1b[2Jb\\x0ac\\x09d\\x7f\\xc2\\x9b\\xff\n");
}

TEST(CliTerminal, ColourIsOnlyWhereItIsWanted) {
    Table table({{"STATE"}});
    table.tone_column(0);
    table.add({"dead"});
    EXPECT_EQ(printed(table, 0), "STATE\ndead\n");
    EXPECT_EQ(printed(table, 0, true), "\x1b[1mSTATE\x1b[0m\n\x1b[31mdead\x1b[0m\n");
}

TEST(CliTerminal, JsonForPeopleEscapesControlCharacters) {
    Json value = Json::object();
    value.set("a", "x\x7fy\x1b");
    std::string text = printable_json(value, 2);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find('\x7f'), std::string::npos) << "JSON leaves DEL as it is, a terminal obeys it";
    EXPECT_EQ(text.substr(0, 3), "  {");
}

}  // namespace
}  // namespace syncline::cli
