// See markdown.hpp. Works line by line; a list is a stack of open items, of which two levels are
// kept.
#include "plugins/notion/markdown.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "plugins/notion/rich_text.hpp"

namespace syncline::connector_notion {
namespace {

// Languages of a code block that Notion knows; any other is refused, so it becomes plain text.
constexpr std::string_view languages[] = {
    "abap", "arduino", "bash", "basic", "c", "clojure", "coffeescript", "c++", "c#", "css", "dart",
    "diff", "docker", "elixir", "elm", "erlang", "flow", "fortran", "f#", "gherkin", "glsl", "go",
    "graphql", "groovy", "haskell", "html", "java", "javascript", "json", "julia", "kotlin", "latex",
    "less", "lisp", "livescript", "lua", "makefile", "markdown", "markup", "matlab", "mermaid",
    "nix", "objective-c", "ocaml", "pascal", "perl", "php", "plain text", "powershell", "prolog",
    "protobuf", "python", "r", "reason", "ruby", "rust", "sass", "scala", "scheme", "scss", "shell",
    "sql", "swift", "typescript", "vb.net", "verilog", "vhdl", "visual basic", "webassembly", "xml",
    "yaml"};
struct Alias {
    std::string_view short_name, name;
};
constexpr Alias aliases[] = {{"js", "javascript"}, {"ts", "typescript"}, {"py", "python"},
                             {"sh", "shell"},      {"cpp", "c++"},       {"cs", "c#"},
                             {"yml", "yaml"},      {"md", "markdown"},   {"rb", "ruby"},
                             {"rs", "rust"},       {"dockerfile", "docker"}};

std::string language_of(std::string_view info) {
    std::string name(info.substr(0, info.find(' ')));
    for (char& c : name)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    for (const auto& alias : aliases)
        if (alias.short_name == name) return std::string(alias.name);
    bool known = std::find(std::begin(languages), std::end(languages), name) != std::end(languages);
    return known ? name : "plain text";
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
        text.remove_suffix(1);
    return text;
}

/// Columns before the text; a tab reaches to the next multiple of four.
std::size_t indent_of(std::string_view line) {
    std::size_t columns = 0;
    for (char c : line) {
        if (c == ' ') ++columns;
        else if (c == '\t') columns += 4 - columns % 4;
        else break;
    }
    return columns;
}

Json block(const char* type, Json own) {
    Json made = Json::object();
    made.set("object", "block");
    made.set("type", type);
    made.set(type, std::move(own));
    return made;
}

/// Blocks of one type for a text: several when it has more elements than one block holds.
std::vector<Json> text_blocks(const char* type, const Json& elements, const Json& further) {
    std::vector<Json> made;
    for (auto& chunk : chunks_of(elements)) {
        Json own = Json::object();
        own.set("rich_text", std::move(chunk));
        for (const auto& [name, value] : further.members()) own.set(name, value);
        made.push_back(block(type, std::move(own)));
    }
    return made;
}

struct ListMark {
    const char* type = "bulleted_list_item";
    Json further = Json::object();  // to_do: {"checked"}
    std::string_view text;
};

std::optional<ListMark> list_mark(std::string_view line) {
    std::string_view rest = trim(line);
    ListMark mark;
    std::size_t width = 0;
    if (!rest.empty() && (rest[0] == '-' || rest[0] == '*' || rest[0] == '+')) {
        width = 1;
    } else {
        while (width < rest.size() && width < 9 && rest[width] >= '0' && rest[width] <= '9') ++width;
        if (width == 0 || width >= rest.size() || (rest[width] != '.' && rest[width] != ')'))
            return std::nullopt;
        ++width;
        mark.type = "numbered_list_item";
    }
    if (width < rest.size() && rest[width] != ' ' && rest[width] != '\t') return std::nullopt;
    mark.text = trim(rest.substr(width));
    bool box = mark.text.size() >= 3 && mark.text[0] == '[' && mark.text[2] == ']' &&
               (mark.text.size() == 3 || mark.text[3] == ' ');
    char tick = box ? mark.text[1] : '\0';
    if (tick == ' ' || tick == 'x' || tick == 'X') {
        mark.type = "to_do";
        mark.further.set("checked", tick != ' ');
        mark.text = trim(mark.text.substr(3));
    }
    return mark;
}

bool is_divider(std::string_view line) {
    std::string_view rest = trim(line);
    std::size_t count = 0;
    for (char c : rest) {
        if (c == ' ') continue;
        if (c != rest[0]) return false;
        ++count;
    }
    return count >= 3 && (rest[0] == '-' || rest[0] == '*' || rest[0] == '_');
}

int heading_level(std::string_view line) {
    std::size_t level = line.find_first_not_of('#');
    if (level == std::string_view::npos) level = line.size();
    bool ends = level == line.size() || line[level] == ' ';
    return level >= 1 && level <= 6 && ends ? static_cast<int>(level) : 0;
}

/// The URL of a line that is nothing but an image.
std::string image_url(std::string_view line) {
    std::string_view rest = trim(line);
    auto middle = rest.find("](");
    if (!rest.starts_with("![") || !rest.ends_with(")") || middle == rest.npos) return "";
    std::string_view url = rest.substr(middle + 2, rest.size() - middle - 3);
    bool web = url.starts_with("https://") || url.starts_with("http://");
    return web && url.size() <= url_bytes_max && url.find(' ') == url.npos ? std::string(url) : "";
}

class Reader {
public:
    explicit Reader(std::string_view text) : rest_(text) {}

    std::vector<Json> read() {
        while (!rest_.empty()) {
            std::string_view line = take_line();
            if (trim(line).empty()) end_text();
            else if (!fence(line) && !simple(line) && !list_item(line)) text(line);
        }
        end_text();
        end_items(0);
        return std::move(blocks_);
    }

private:
    struct Item {
        std::size_t indent = 0;
        const char* type = "";
        Json further;
        std::string text;
        std::vector<Json> children;
    };

    std::string_view take_line() {
        auto end = rest_.find('\n');
        std::string_view line = rest_.substr(0, end);
        rest_ = end == rest_.npos ? std::string_view() : rest_.substr(end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        return line;
    }

    void add(std::vector<Json> made) {
        for (auto& one : made) blocks_.push_back(std::move(one));
    }

    /// Ends what is open before a block that stands at the left.
    void end_all() {
        end_text();
        end_items(0);
    }

    bool fence(std::string_view line) {
        std::string_view open = trim(line);
        if (!open.starts_with("```") && !open.starts_with("~~~")) return false;
        std::size_t width = open.find_first_not_of(open[0]);
        if (width == open.npos) width = open.size();
        std::string_view mark = open.substr(0, width), info = trim(open.substr(width));
        if (open[0] == '`' && info.find('`') != info.npos) return false;  // code within a line
        end_all();
        std::string code;
        bool first = true;
        while (!rest_.empty()) {
            std::string_view inner = take_line();
            std::string_view close = trim(inner);
            if (close.starts_with(mark) && close.find_first_not_of(mark[0]) == close.npos) break;
            if (!first) code.push_back('\n');
            code.append(inner);
            first = false;
        }
        Json further = Json::object();
        further.set("language", language_of(info));
        add(text_blocks("code", plain_rich_text(code), further));
        return true;
    }

    bool simple(std::string_view line) {
        std::string_view rest = trim(line);
        if (is_divider(line)) {
            end_all();
            blocks_.push_back(block("divider", Json::object()));
            return true;
        }
        if (int level = heading_level(rest)) {
            end_all();
            static constexpr const char* types[] = {"heading_1", "heading_2", "heading_3"};
            std::string_view title = trim(rest.substr(static_cast<std::size_t>(level)));
            add(text_blocks(types[std::min(level, 3) - 1], rich_text(title), Json::object()));
            return true;
        }
        std::string url = image_url(line);
        if (!url.empty()) {
            end_all();
            Json own = Json::object();
            own.set("type", "external");
            own.set("external", Json::object({{"url", url}}));
            blocks_.push_back(block("image", std::move(own)));
            return true;
        }
        return rest.starts_with('>') && quote(rest);
    }

    bool quote(std::string_view first) {
        end_all();
        std::string joined;
        for (std::string_view line = first;;) {
            line.remove_prefix(1);
            if (line.starts_with(' ')) line.remove_prefix(1);
            joined.append(line);
            std::string_view next = trim(rest_.substr(0, rest_.find('\n')));
            if (rest_.empty() || !next.starts_with('>')) break;
            line = trim(take_line());
            joined.push_back('\n');
        }
        add(text_blocks("quote", rich_text(joined), Json::object()));
        return true;
    }

    bool list_item(std::string_view line) {
        auto mark = list_mark(line);
        if (!mark) return false;
        end_text();
        std::size_t indent = indent_of(line);
        end_items(indent);
        Item item;
        item.indent = indent;
        item.type = mark->type;
        item.further = std::move(mark->further);
        item.text = std::string(mark->text);
        items_.push_back(std::move(item));
        return true;
    }

    void text(std::string_view line) {
        bool within_item = !items_.empty() && (after_blank_ ? indent_of(line) > items_.back().indent
                                                            : true);
        std::string& target = within_item ? items_.back().text : paragraph_;
        if (!within_item) end_items(0);
        if (!target.empty()) target.push_back('\n');
        std::string_view content = trim(line);
        if (content.ends_with('\\')) content.remove_suffix(1);  // a hard break
        target.append(content);
        after_blank_ = false;
    }

    void end_text() {
        after_blank_ = true;
        if (paragraph_.empty()) return;
        end_items(0);
        add(text_blocks("paragraph", rich_text(paragraph_), Json::object()));
        paragraph_.clear();
    }

    /// Closes the open items that an item at `indent` is no child of (a child stands two deeper).
    void end_items(std::size_t indent) {
        while (!items_.empty() && items_.back().indent + 1 >= indent) {
            Item item = std::move(items_.back());
            items_.pop_back();
            auto made = text_blocks(item.type, rich_text(item.text), item.further);
            // Levels below the second stand beside their parent.
            if (items_.size() >= 1) {
                auto& siblings = items_.back().children;
                for (auto& one : made) siblings.push_back(std::move(one));
                for (auto& one : item.children) siblings.push_back(std::move(one));
            } else {
                close_top(std::move(made), std::move(item.children));
            }
        }
        after_blank_ = false;
    }

    /// A top item takes up to 100 children; the others follow it.
    void close_top(std::vector<Json> made, std::vector<Json> children) {
        Json nested = Json::array();
        std::size_t taken = std::min(children.size(), children_max);
        for (std::size_t i = 0; i < taken; ++i) nested.push_back(std::move(children[i]));
        if (!nested.empty()) {
            Json& last = made.back();
            last.find(last["type"].as_string())->set("children", std::move(nested));
        }
        add(std::move(made));
        for (std::size_t i = taken; i < children.size(); ++i)
            blocks_.push_back(std::move(children[i]));
    }

    std::string_view rest_;
    std::vector<Json> blocks_;
    std::string paragraph_;
    std::vector<Item> items_;
    bool after_blank_ = false;
};

std::size_t count_of(const Json& one) {
    return 1 + one[one["type"].as_string()]["children"].size();
}

}  // namespace

std::vector<Json> blocks_of(std::string_view markdown, bool* cut) {
    std::vector<Json> flat;
    for (auto& one : Reader(markdown).read()) {
        std::string type = one["type"].as_string();
        bool large = one[type]["children"].size() > 0 && one.dump().size() > request_bytes_max;
        Json children = one[type]["children"];
        if (large) one.find(type)->erase("children");
        flat.push_back(std::move(one));
        if (large)
            for (auto& child : children.items()) flat.push_back(std::move(child));
    }
    *cut = flat.size() > page_blocks_max;
    if (*cut) flat.resize(page_blocks_max);
    return flat;
}

std::vector<Json> requests_of(const std::vector<Json>& blocks) {
    std::vector<Json> requests;
    std::size_t count = 0, bytes = 0;
    for (const auto& one : blocks) {
        std::size_t own_count = count_of(one), own_bytes = one.dump().size() + 1;
        bool full = requests.empty() || requests.back().size() == children_max ||
                    count + own_count > request_blocks_max || bytes + own_bytes > request_bytes_max;
        if (full) {
            requests.push_back(Json::array());
            count = bytes = 0;
        }
        requests.back().push_back(one);
        count += own_count;
        bytes += own_bytes;
    }
    return requests;
}

}  // namespace syncline::connector_notion
