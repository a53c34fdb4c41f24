// From chunks to a program: the blocks of a template, and which paths it reads.
//
// Recursive descent over the chunks; nesting and the number of nodes are bounded. Names that the
// template makes itself (assign, capture, for) are no paths of the scope.
#include <algorithm>
#include <utility>

#include "rules/limits.hpp"
#include "rules/template_ast.hpp"
#include "rules/template_expression.hpp"
#include "rules/template_scan.hpp"
#include "rules/text.hpp"

namespace syncline::rules::templating {

namespace {

const std::vector<std::string>& tag_names() {
    static const std::vector<std::string> names = {
        "if", "elsif", "else", "endif", "unless", "endunless", "case", "when", "endcase", "for",
        "endfor", "break", "continue", "assign", "capture", "endcapture", "comment", "endcomment",
        "raw", "endraw", "doc", "enddoc", "echo", "liquid"};
    return names;
}

/// Tags of Liquid that we leave out, and what to do instead.
std::string_view refused_tag(std::string_view name) {
    static constexpr std::pair<std::string_view, std::string_view> known[] = {
        {"include", "a template stands alone: write its text here"},
        {"render", "a template stands alone: write its text here"},
        {"layout", "a template stands alone: write its text here"},
        {"block", "a template stands alone: write its text here"},
        {"extends", "a template stands alone: write its text here"},
        {"section", "a template stands alone: write its text here"},
        {"tablerow", "it makes HTML tables; use for"},
        {"cycle", "use forloop.index0 | modulo: n and case"},
        {"increment", "use assign and plus, or forloop.index"},
        {"decrement", "use assign and minus, or forloop.rindex"},
        {"ifchanged", "compare with a value kept by assign"}};
    for (const auto& [tag, advice] : known)
        if (tag == name || (name.starts_with("end") && tag == name.substr(3))) return advice;
    return {};
}

bool is_blank_text(std::string_view text) {
    return text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos;
}

/// Blocks that print nothing but blanks print nothing at all: the line breaks around tags in them
/// are for the reader of the template. `inert`: what belongs to the tag and is never run.
void drop_blanks(Node& node, const std::vector<Node>& inert = {}) {
    auto is_blank = [](const Node& part) { return part.blank; };
    node.blank = std::all_of(inert.begin(), inert.end(), is_blank) &&
                 std::all_of(node.branches.begin(), node.branches.end(), [&](const Branch& branch) {
                     return std::all_of(branch.body.begin(), branch.body.end(), is_blank);
                 });
    if (!node.blank) return;
    for (auto& branch : node.branches)
        std::erase_if(branch.body, [](const Node& part) { return part.kind == Node::Kind::text; });
}

/// The list of a loop as it is written, without blanks: so loops over the same list are known.
std::string without_blanks(std::string_view text) {
    std::string out;
    char quote = '\0';
    for (char c : text) {
        if (quote == '\0' && is_blank_text(std::string_view(&c, 1))) continue;
        if (c == quote) quote = '\0';
        else if (quote == '\0' && (c == '"' || c == '\'')) quote = c;
        out.push_back(c);
    }
    return out;
}

class Parser {
public:
    Parser(std::string_view text, Program& program) : text_(text), program_(program) {}

    std::optional<Fault> run() {
        if (text_.size() > limits::template_bytes_max)
            return fault_at(text_, 0, "a template longer than " +
                                          std::to_string(limits::template_bytes_max) + " bytes");
        if (auto fault = scan_template(text_, chunks_)) return fault;
        bool one_output = chunks_.size() == 1 && chunks_.front().kind == Chunk::Kind::output;
        block(program_.nodes, {});
        if (fault_) return fault_;
        program_.typed = one_output;
        std::sort(paths_.begin(), paths_.end());
        paths_.erase(std::unique(paths_.begin(), paths_.end()), paths_.end());
        program_.paths = std::move(paths_);
        return std::nullopt;
    }

private:
    using Names = std::vector<std::string_view>;

    bool fail(std::size_t offset, std::string message) {
        if (!fault_) fault_ = fault_at(text_, offset, std::move(message));
        return false;
    }

    /// Behind the name of the tag at `chunk`.
    ExpressionReader reader(const Chunk& chunk) const {
        bool tag = chunk.kind == Chunk::Kind::tag;
        return ExpressionReader(text_, tag ? tag_rest(chunk.body) : chunk.body);
    }

    /// Takes the reader's fault or its paths.
    bool take(const ExpressionReader& reader) {
        if (reader.fault()) {
            if (!fault_) fault_ = reader.fault();
            return false;
        }
        for (const auto& path : reader.paths()) {
            auto root = path.substr(0, path.find('.'));
            if (std::find(locals_.begin(), locals_.end(), root) == locals_.end())
                paths_.push_back(path);
        }
        return true;
    }

    /// Nodes up to one of the `ends`, which stays the current chunk; without ends, all.
    bool block(std::vector<Node>& out, const Names& ends) {
        if (depth_ >= limits::template_depth_max)
            return fail(at_ == 0 ? opener_ : chunks_[at_ - 1].offset, "blocks nested deeper than " +
                                            std::to_string(limits::template_depth_max) + " levels");
        ++depth_;
        bool good = nodes(out, ends);
        --depth_;
        return good;
    }

    bool nodes(std::vector<Node>& out, const Names& ends) {
        auto opener = at_ == 0 ? opener_ : chunks_[at_ - 1].offset;
        for (; at_ < chunks_.size(); ) {
            const Chunk chunk = chunks_[at_];
            if (++count_ > limits::template_nodes_max)
                return fail(chunk.offset, "more than " +
                                              std::to_string(limits::template_nodes_max) +
                                              " parts in one template");
            auto name = chunk.kind == Chunk::Kind::tag ? tag_name(chunk.body) : std::string_view();
            if (!name.empty() && std::find(ends.begin(), ends.end(), name) != ends.end())
                return true;
            ++at_;
            if (name == "liquid") {
                if (!liquid(chunk, out)) return false;
                continue;
            }
            auto& node = out.emplace_back();
            node.offset = chunk.offset;
            if (!this->node(chunk, name, node)) return false;
        }
        return ends.empty() || fail(opener, "the block is not closed; expected {% " +
                                                std::string(ends.back()) + " %}");
    }

    /// The tags in the lines of {% liquid %}; what they open they close.
    bool liquid(const Chunk& chunk, std::vector<Node>& out) {
        std::vector<Chunk> lines;
        if (auto fault = scan_lines(text_, chunk, lines)) {
            if (!fault_) fault_ = std::move(fault);
            return false;
        }
        std::swap(lines, chunks_);
        auto behind = std::exchange(at_, 0);
        auto opener = std::exchange(opener_, chunk.offset);
        bool good = block(out, {});
        opener_ = opener;
        at_ = behind;
        std::swap(lines, chunks_);
        return good;
    }

    bool node(const Chunk& chunk, std::string_view name, Node& node) {
        if (chunk.kind == Chunk::Kind::text || chunk.kind == Chunk::Kind::verbatim) {
            node.text = chunk.body;
            node.blank = chunk.kind == Chunk::Kind::text && is_blank_text(chunk.body);
            return true;
        }
        if (chunk.kind == Chunk::Kind::output || name == "echo") {
            node.kind = Node::Kind::output;
            auto read = reader(chunk);
            if (read.at_end() && !read.fault()) {
                if (name == "echo") return true;   // prints nothing
                return fail(chunk.offset, "{{ }} without a value");
            }
            read.output(node.output);
            return take(read);
        }
        if (name == "if" || name == "unless") return branches(chunk, name, node);
        if (name == "case") return choice(chunk, node);
        if (name == "for") return loop(chunk, node);
        if (name == "assign") return assign(chunk, node);
        if (name == "capture") return capture(chunk, node);
        if (name == "break" || name == "continue") return leave(chunk, name, node);
        return unknown(chunk, name);
    }

    bool unknown(const Chunk& chunk, std::string_view name) {
        const auto& known = tag_names();
        if (name.empty()) return fail(chunk.offset, "{% %} without a tag");
        if (std::find(known.begin(), known.end(), name) != known.end())
            return fail(chunk.offset, "{% " + std::string(name) + " %} without its beginning");
        if (auto advice = refused_tag(name); !advice.empty())
            return fail(chunk.offset, "the tag " + quoted(name) + " of Liquid is not available: " +
                                          std::string(advice));
        return fail(chunk.offset, "unknown tag " + quoted(name) + did_you_mean(name, known));
    }

    /// Closes the block: the current chunk is the end tag. What else it says is ignored, as in
    /// Liquid.
    bool close() {
        ++at_;
        return true;
    }

    std::string_view current() const { return tag_name(chunks_[at_].body); }

    /// What stands behind an else is ignored, and so are branches after it: it always holds.
    bool branches(const Chunk& chunk, std::string_view name, Node& node) {
        node.kind = Node::Kind::branches;
        auto end = name == "if" ? std::string_view("endif") : std::string_view("endunless");
        auto opener = chunk;
        while (true) {
            auto& branch = node.branches.emplace_back();
            branch.negated = node.branches.size() == 1 && name == "unless";
            if (tag_name(opener.body) != "else") {
                auto read = reader(opener);
                read.condition(branch.condition);
                if (!take(read)) return false;
            }
            if (!block(branch.body, {"elsif", "else", end})) return false;
            if (current() == end) break;
            opener = chunks_[at_++];
        }
        drop_blanks(node);
        return close();
    }

    bool choice(const Chunk& chunk, Node& node) {
        node.kind = Node::Kind::choice;
        auto read = reader(chunk);
        auto& subject = node.output.value;
        read.expression(subject);
        read.finish();
        if (!take(read)) return false;
        // `empty` and `blank` are tests in a when; as what is tested they are a text.
        using Kind = Expression::Kind;
        bool word = subject.kind == Kind::empty || subject.kind == Kind::blank;
        if (word) subject.kind = Expression::Kind::literal, subject.literal = Json("");
        // What stands between case and the first when is never rendered.
        std::vector<Node> ignored;
        if (!block(ignored, {"when", "else", "endcase"})) return false;
        while (current() != "endcase") {
            bool otherwise = current() == "else";
            auto& branch = node.branches.emplace_back();
            auto when = reader(chunks_[at_++]);
            if (!otherwise)
                do when.expression(branch.whens.emplace_back());
                while (when.accept(",") || when.accept("or"));
            // Liquid looks at nothing behind a value that is joined by neither.
            if (otherwise || !when.accept("and")) when.finish();
            if (!take(when)) return false;
            if (!block(branch.body, {"when", "else", "endcase"})) return false;
        }
        drop_blanks(node, ignored);
        return close();
    }

    bool loop(const Chunk& chunk, Node& node) {
        node.kind = Node::Kind::loop;
        auto read = reader(chunk);
        read.name(node.text, "the name of the loop's variable");
        read.expect("in");
        auto begin = read.offset();
        read.expression(node.output.value);
        node.title = node.text + "-" + without_blanks(text_.substr(begin, read.offset() - begin));
        loop_options(read, node);
        read.finish();
        if (!take(read)) return false;
        auto bound = locals_.size();
        locals_.push_back(node.text);
        locals_.push_back("forloop");
        ++loops_;
        bool good = block(node.branches.emplace_back().body, {"else", "endfor"});
        --loops_;
        locals_.erase(locals_.begin() + static_cast<std::ptrdiff_t>(bound),
                      locals_.begin() + static_cast<std::ptrdiff_t>(bound) + 2);
        if (!good) return false;
        if (current() == "else") {
            ++at_;
            if (!block(node.branches.emplace_back().body, {"endfor"})) return false;
        }
        drop_blanks(node);
        return close();
    }

    void loop_options(ExpressionReader& read, Node& node) {
        while (!read.at_end() && !read.fault()) {
            if (read.accept(",")) continue;
            if (read.accept("reversed")) {
                node.reversed = true;
                continue;
            }
            auto at = read.offset();
            bool limit = read.accept("limit");
            if (!limit && !read.accept("offset")) {
                read.fail(at, "expected limit:, offset:, reversed or the end");
                return;
            }
            read.expect(":");
            if (!limit && read.accept("continue")) {
                node.resumes = true;
                continue;
            }
            read.expression((limit ? node.limit : node.skip).emplace_back());
        }
    }

    bool assign(const Chunk& chunk, Node& node) {
        node.kind = Node::Kind::assign;
        node.blank = true;
        auto read = reader(chunk);
        read.new_name(node.text, "a name to assign to");
        read.expect("=");
        read.output(node.output);
        if (!take(read)) return false;
        locals_.push_back(node.text);
        return true;
    }

    bool capture(const Chunk& chunk, Node& node) {
        node.kind = Node::Kind::capture;
        node.blank = true;
        auto read = reader(chunk);
        read.new_name(node.text, "a name to capture into");
        read.finish();
        if (!take(read)) return false;
        if (!block(node.branches.emplace_back().body, {"endcapture"})) return false;
        locals_.push_back(node.text);
        return close();
    }

    bool leave(const Chunk& chunk, std::string_view name, Node& node) {
        node.kind = name == "break" ? Node::Kind::leave : Node::Kind::next;
        if (loops_ == 0)
            return fail(chunk.offset, "{% " + std::string(name) + " %} outside of a for");
        auto read = reader(chunk);
        read.finish();
        return take(read);
    }

    std::string_view text_;
    Program& program_;
    std::vector<Chunk> chunks_;
    std::vector<std::string> paths_;
    std::vector<std::string> locals_ = {"now"};
    std::size_t at_ = 0;
    std::size_t opener_ = 0;   // of what encloses chunks_: the text, or a {% liquid %}
    std::size_t depth_ = 0;
    std::size_t count_ = 0;
    std::size_t loops_ = 0;
    std::optional<Fault> fault_;
};

}  // namespace

std::optional<Fault> parse_template(std::string_view text, Program& out) {
    out.source = text;
    return Parser(out.source, out).run();
}

}  // namespace syncline::rules::templating
