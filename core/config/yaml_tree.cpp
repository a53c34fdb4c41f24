// The only file that includes yaml-cpp. It is used as a parser of events: the tree, duplicate keys,
// aliases and every bound are ours, because yaml-cpp's own nodes keep duplicate keys, accept
// cycles, and expand aliases without end. Exceptions of the library end here.
#include "core/config/yaml_tree.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <memory>
#include <sstream>
#include <unordered_map>

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/config/report.hpp"
#include "core/sdk/json.hpp"

namespace syncline::config {
namespace {

/// Bytes of text after aliases are expanded: a file of 1 MiB that uses everything four times.
constexpr std::size_t expanded_bytes_max = 4 * limits::config_bytes_max;

constexpr const char* template_hint =
    "put the template in quotes, since { begins a mapping in YAML: \"{{ subject }}\"";

/// Ends the reading: what follows cannot be trusted.
struct Refused {
    Place place;
    std::string message;
    std::string hint;
};

/// One past the closing quote of the text that begins at `offset`; npos when it is never closed.
std::size_t end_of_quoted(std::string_view text, std::size_t offset) {
    char quote = text[offset];
    for (std::size_t i = offset + 1; i < text.size(); ++i) {
        if (quote == '"' && text[i] == '\\') {
            ++i;
        } else if (text[i] == quote) {
            bool doubled = quote == '\'' && i + 1 < text.size() && text[i + 1] == quote;
            if (!doubled) return i + 1;
            ++i;
        }
    }
    return std::string_view::npos;
}

bool is_quote(char c) { return c == '"' || c == '\''; }

class Builder final : public YAML::EventHandler {
public:
    Builder(const SourceText& source, Report& report) : source_(source), report_(report) {}

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ > 1)
            refuse(offset_of(mark), 3, "a second document begins here",
                   "one file holds one configuration; remove the line ---");
    }
    void OnDocumentEnd() override {}
    void OnAnchor(const YAML::Mark&, const std::string&) override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        Node node = make(mark, Node::Kind::null);
        node.text = std::string(word_at(node.offset));
        node.place = source_.place(node.offset, node.text.size());
        add(std::move(node), anchor);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        Node node = make(mark, Node::Kind::scalar);
        charge_bytes(value.size(), node.offset);
        node.text = value;
        node.quoted = tag == "!";
        node.place = source_.place(node.offset, scalar_bytes(node));
        check_tag(node, tag);
        add(std::move(node), anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        auto found = anchors_.find(anchor);
        if (found == anchors_.end())
            refuse(offset_of(mark), word_at(offset_of(mark)).size(),
                   "this alias stands inside the value that it repeats", "");
        if (stack_.size() + depth_of(*found->second) > limits::config_depth_max)
            refuse_depth(offset_of(mark));
        charge_copy(*found->second, offset_of(mark));
        add(Node(*found->second), 0);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, Node::Kind::sequence);
    }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, Node::Kind::map);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapEnd() override { close(); }

    Node take_root() { return std::move(root_); }
    /// Of the innermost list or mapping that is not finished.
    Place open_place() const { return stack_.empty() ? Place(1, 1, 1) : stack_.back().node.place; }
    std::size_t offset_of(const YAML::Mark& mark) const {
        if (mark.line < 0) return 0;
        return source_.line_start(static_cast<std::size_t>(mark.line) + 1) +
               static_cast<std::size_t>(mark.column);
    }

private:
    struct Frame {
        Node node;
        YAML::anchor_t anchor = 0;
        bool has_key = false;
        bool drop = false;  // the value under a key that was refused
        Node key;
        std::unordered_map<std::string, Place> seen;
    };

    [[noreturn]] void refuse(std::size_t offset, std::size_t bytes, std::string message,
                             std::string hint) {
        throw Refused{source_.place(offset, bytes), std::move(message), std::move(hint)};
    }
    [[noreturn]] void refuse_depth(std::size_t offset) {
        refuse(offset, 1, "nested deeper than " + std::to_string(limits::config_depth_max) +
               " levels", "");
    }

    void charge(std::size_t bytes, std::size_t offset) {
        ++nodes_;
        charge_bytes(bytes, offset);
    }
    void charge_bytes(std::size_t bytes, std::size_t offset) {
        bytes_ += bytes;
        if (nodes_ > limits::config_nodes_max || bytes_ > expanded_bytes_max)
            refuse(offset, 1, "the file holds more than " +
                   std::to_string(limits::config_nodes_max) + " values or " +
                   std::to_string(expanded_bytes_max >> 20) + " MiB once its aliases are expanded",
                   "");
    }
    void charge_copy(const Node& node, std::size_t offset) {
        charge(node.text.size() + node.key.size(), offset);
        for (const auto& child : node.children) charge_copy(child, offset);
    }

    static std::size_t depth_of(const Node& node) {
        std::size_t deepest = 0;
        for (const auto& child : node.children) deepest = std::max(deepest, depth_of(child));
        return node.is_map() || node.is_sequence() ? deepest + 1 : deepest;
    }

    std::string_view word_at(std::size_t offset) const {
        auto rest = source_.text().substr(std::min(offset, source_.text().size()));
        return rest.substr(0, rest.find_first_of(" \t\r\n,]}#:"));
    }

    /// Past the anchor and tag that stand before a value on its line.
    std::size_t skip_properties(std::size_t offset) const {
        auto text = source_.text();
        while (offset < text.size() && (text[offset] == '&' || text[offset] == '!')) {
            auto blank = text.find_first_of(" \t\r\n", offset);
            auto next = text.find_first_not_of(" \t\r\n", blank);
            if (blank == std::string_view::npos || next == std::string_view::npos) break;
            offset = next;
        }
        return offset;
    }

    Node make(const YAML::Mark& mark, Node::Kind kind) {
        Node node;
        node.kind = kind;
        node.offset = skip_properties(offset_of(mark));
        node.place = source_.place(node.offset, 1);
        charge(0, node.offset);
        return node;
    }

    /// How many bytes to underline; refuses a quote that yaml-cpp let end with the file.
    std::size_t scalar_bytes(const Node& node) {
        auto text = source_.text();
        if (node.offset >= text.size()) return 1;
        if (node.quoted && is_quote(text[node.offset])) {
            auto end = end_of_quoted(text, node.offset);
            if (end == std::string_view::npos)
                refuse(node.offset, 1, "this quote is never closed", "");
            return end - node.offset;
        }
        if (node.quoted) return 1;
        if (text.substr(node.offset, node.text.size()) == node.text) return node.text.size();
        return std::string_view::npos;
    }

    void check_tag(Node& node, const std::string& tag) {
        if (tag.empty() || tag == "?" || tag == "!") return;
        constexpr std::string_view core = "tag:yaml.org,2002:";
        node.broken = true;
        auto shown = tag.rfind(core, 0) == 0 ? "!!" + tag.substr(core.size()) : tag;
        report_.error_at(node.place, "the tag " + quoted(shown) + " has no meaning here",
                         "write the value without a tag; quotes make it a text");
    }

    void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
              Node::Kind kind) {
        Frame frame;
        frame.node = make(mark, kind);
        frame.anchor = anchor;
        check_tag(frame.node, tag);
        if (stack_.size() >= limits::config_depth_max) refuse_depth(frame.node.offset);
        stack_.push_back(std::move(frame));
    }

    void close() {
        Frame frame = std::move(stack_.back());
        stack_.pop_back();
        if (frame.node.broken) frame.node.children.clear();
        add(std::move(frame.node), frame.anchor);
    }

    void add(Node node, YAML::anchor_t anchor) {
        if (anchor) {
            charge_copy(node, node.offset);
            anchors_[anchor] = std::make_shared<const Node>(node);
        }
        if (stack_.empty()) {
            root_ = std::move(node);
            return;
        }
        Frame& frame = stack_.back();
        if (frame.node.is_sequence()) {
            frame.node.children.push_back(std::move(node));
        } else if (!frame.has_key) {
            take_key(frame, std::move(node));
        } else {
            frame.has_key = false;
            if (frame.drop) return;
            node.key = std::move(frame.key.text);
            node.key_place = frame.key.place;
            frame.node.children.push_back(std::move(node));
        }
    }

    void take_key(Frame& frame, Node key) {
        frame.has_key = true;
        frame.drop = true;
        if (!key.is_scalar()) {
            refuse_key(frame, key);
        } else if (key.text == "<<" && !key.quoted) {
            frame.node.broken = true;  // what it would have brought is not missing
            report_.error_at(key.place, "merge keys (<<) are not part of YAML 1.2 and not read",
                             "repeat the keys, or give the whole value an anchor");
        } else if (auto first = frame.seen.find(key.text); first != frame.seen.end()) {
            report_.error_at(key.place, "the key " + quoted(key.text) + " stands here twice",
                             "the first is in line " + std::to_string(first->second.line) +
                             ", column " + std::to_string(first->second.column));
        } else if (!key.broken) {
            frame.seen.emplace(key.text, key.place);
            frame.drop = false;
        }
        frame.key = std::move(key);
    }

    void refuse_key(Frame& frame, const Node& key) {
        bool braces = key.is_map() && source_.text().substr(frame.node.offset, 2) == "{{";
        bool known = frame.node.broken;
        frame.node.broken = true;
        if (known) return;
        if (braces)
            report_.error_at(Place(frame.node.place.line, frame.node.place.column, 2),
                             "a template stands here without quotes", template_hint);
        else
            report_.error_at(key.place, "a key must be a text", "");
    }

    const SourceText& source_;
    Report& report_;
    std::vector<Frame> stack_;
    // Values that an alias may repeat; shared so that a saved one is not copied with the map.
    std::unordered_map<YAML::anchor_t, std::shared_ptr<const Node>> anchors_;
    Node root_;
    std::size_t documents_ = 0;
    std::size_t nodes_ = 0;
    std::size_t bytes_ = 0;
};

/// What the library's words most likely mean.
struct Meaning {
    std::string_view library;
    const char* message;
    const char* hint;
    bool about_opening;  // the fault is the bracket that stands open
};

constexpr Meaning meanings[] = {
    {"illegal map value", "a colon where no key can stand",
     "a text that holds a colon and a blank needs quotes", false},
    {"unknown token", "a character that no value may begin with", "put the value in quotes", false},
    {"the referenced anchor is not defined", "an alias of an anchor that does not exist",
     "a text that begins with * needs quotes", false},
    {"end of sequence flow not found", "this [ is never closed", "", true},
    {"end of map flow not found", "this { is never closed", "", true},
    {"end of map not found", "expected a key of the mapping above, or its end",
     "is the line indented like its neighbours?", false},
    {"end of sequence not found", "expected an item of the list above, or its end",
     "is the line indented like its neighbours?", false},
};

/// What is wrong with a line that the library could not read, whatever the library says.
std::string line_hint(std::string_view line) {
    auto indent = line.substr(0, line.find_first_not_of(" \t"));
    if (indent.find('\t') != std::string_view::npos) return "indent with spaces, never with tabs";
    if (line.find("{{") != std::string_view::npos || line.find("{%") != std::string_view::npos)
        return template_hint;
    if (line.find("${") != std::string_view::npos)
        return "between brackets, a value with ${NAME} needs quotes: \"${NAME}\"";
    return {};
}

void report_syntax(const SourceText& source, const Builder& builder,
                   const YAML::Exception& failure, Report& report) {
    Place place = source.place(builder.offset_of(failure.mark), 1);
    std::string message = "this is no valid YAML: " + printable(failure.msg, 200);
    auto hint = line_hint(source.line(place.line));
    // The library often notices a fault at the beginning of the line after it.
    if (hint.empty() && place.line > 1) hint = line_hint(source.line(place.line - 1));
    for (const auto& meaning : meanings) {
        if (meaning.library != failure.msg) continue;
        message = meaning.message;
        if (hint.empty()) hint = meaning.hint;
        if (!meaning.about_opening) continue;
        place = builder.open_place();
        auto better = line_hint(source.line(place.line));
        if (!better.empty()) hint = better;
    }
    report.error_at(place, std::move(message), std::move(hint));
}

/// Bytes that no YAML file may hold. yaml-cpp would replace or accept them.
bool check_bytes(const SourceText& source, Report& report) {
    auto text = source.text();
    if (text.size() > limits::config_bytes_max) {
        report.error_at(Place(1, 1, 1), "the file has " + std::to_string(text.size()) +
                        " bytes; at most " + std::to_string(limits::config_bytes_max) +
                        " are read");
        return false;
    }
    for (std::size_t i = 0; i < text.size();) {
        auto byte = static_cast<unsigned char>(text[i]);
        bool blank = byte == '\n' || byte == '\r' || byte == '\t';
        bool control = (byte < 0x20 && !blank) || byte == 0x7F;
        std::size_t length = byte < 0x80 ? 1 : json_detail::utf8_length(text, i);
        if (control || length == 0) {
            report.error_at(source.place(i, 1), control ? "a control byte, which YAML forbids"
                                                        : "bytes that are not UTF-8",
                            control ? "" : "save the file as UTF-8");
            return false;
        }
        i += length;
    }
    return true;
}

}  // namespace

std::optional<Node> read_yaml(const SourceText& source, Report& report) {
    if (!check_bytes(source, report)) return std::nullopt;
    Builder builder(source, report);
    try {
        std::istringstream stream{std::string(source.text())};
        YAML::Parser parser(stream);
        bool any = parser.HandleNextDocument(builder);
        if (!any) {
            report.error_at(Place(1, 1, 1), "the file is empty", "");
            return std::nullopt;
        }
        while (parser.HandleNextDocument(builder)) {
        }
        return builder.take_root();
    } catch (const Refused& refused) {
        report.error_at(refused.place, refused.message, refused.hint);
    } catch (const YAML::Exception& failure) {
        report_syntax(source, builder, failure, report);
    }
    return std::nullopt;
}

}  // namespace syncline::config
