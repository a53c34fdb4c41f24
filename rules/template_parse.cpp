// From chunks to a program: the blocks of a template, and which paths it reads.
//
// Recursive descent over the chunks; nesting and the number of nodes are bounded. Names that the
// template makes itself (assign, capture, for) are no paths of the scope.
#include <algorithm>

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
        "raw", "endraw"};
    return names;
}

class Parser {
public:
    Parser(std::string_view text, Program& program) : text_(text), program_(program) {}

    std::optional<Fault> run() {
        if (text_.size() > limits::template_bytes_max)
            return fault_at(text_, 0, "a template longer than " +
                                          std::to_string(limits::template_bytes_max) + " bytes");
        if (auto fault = scan_template(text_, chunks_)) return fault;
        block(program_.nodes, {});
        if (fault_) return fault_;
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
        auto body = chunk.body;
        if (chunk.kind == Chunk::Kind::tag) {
            auto name = tag_name(body);
            body.remove_prefix(static_cast<std::size_t>(name.data() - body.data()) + name.size());
        }
        return ExpressionReader(text_, body);
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
            return fail(chunks_[at_ - 1].offset, "blocks nested deeper than " +
                                            std::to_string(limits::template_depth_max) + " levels");
        ++depth_;
        bool good = nodes(out, ends);
        --depth_;
        return good;
    }

    bool nodes(std::vector<Node>& out, const Names& ends) {
        auto opener = at_ == 0 ? 0 : chunks_[at_ - 1].offset;
        for (; at_ < chunks_.size(); ) {
            const auto& chunk = chunks_[at_];
            if (++count_ > limits::template_nodes_max)
                return fail(chunk.offset, "more than " +
                                              std::to_string(limits::template_nodes_max) +
                                              " parts in one template");
            auto name = chunk.kind == Chunk::Kind::tag ? tag_name(chunk.body) : std::string_view();
            if (!name.empty() && std::find(ends.begin(), ends.end(), name) != ends.end())
                return true;
            ++at_;
            auto& node = out.emplace_back();
            node.offset = chunk.offset;
            if (!this->node(chunk, name, node)) return false;
        }
        return ends.empty() || fail(opener, "the block is not closed; expected {% " +
                                                std::string(ends.back()) + " %}");
    }

    bool node(const Chunk& chunk, std::string_view name, Node& node) {
        if (chunk.kind == Chunk::Kind::text) {
            node.text = chunk.body;
            return true;
        }
        if (chunk.kind == Chunk::Kind::output) {
            node.kind = Node::Kind::output;
            auto read = reader(chunk);
            if (read.at_end() && !read.fault()) return fail(chunk.offset, "{{ }} without a value");
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
        return fail(chunk.offset, "unknown tag " + quoted(name) + did_you_mean(name, known));
    }

    /// Closes the block: the current chunk is the end tag and says nothing more.
    bool close() {
        auto read = reader(chunks_[at_++]);
        read.finish();
        return take(read);
    }

    std::string_view current() const { return tag_name(chunks_[at_].body); }

    bool branches(const Chunk& chunk, std::string_view name, Node& node) {
        node.kind = Node::Kind::branches;
        auto end = name == "if" ? std::string_view("endif") : std::string_view("endunless");
        auto opener = &chunk;
        bool negated = name == "unless", last = false;
        while (true) {
            auto& branch = node.branches.emplace_back();
            branch.negated = negated;
            negated = false;
            auto read = reader(*opener);
            if (last) read.finish();
            else read.condition(branch.condition);
            if (!take(read)) return false;
            Names ends = last ? Names{end} : Names{"elsif", "else", end};
            if (!block(branch.body, ends)) return false;
            if (current() == end) return close();
            last = current() == "else";
            opener = &chunks_[at_++];
        }
    }

    bool choice(const Chunk& chunk, Node& node) {
        node.kind = Node::Kind::choice;
        auto read = reader(chunk);
        read.expression(node.output.value);
        read.finish();
        if (!take(read)) return false;
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
            when.finish();
            if (!take(when)) return false;
            Names ends = otherwise ? Names{"endcase"} : Names{"when", "else", "endcase"};
            if (!block(branch.body, ends)) return false;
        }
        return close();
    }

    bool loop(const Chunk& chunk, Node& node) {
        node.kind = Node::Kind::loop;
        auto read = reader(chunk);
        read.name(node.text, "the name of the loop's variable");
        read.expect("in");
        read.expression(node.output.value);
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
        if (current() == "endfor") return close();
        auto otherwise = reader(chunks_[at_++]);
        otherwise.finish();
        if (!take(otherwise)) return false;
        return block(node.branches.emplace_back().body, {"endfor"}) && close();
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
            auto value = read.offset();
            if (!limit && read.accept("continue")) {
                read.fail(value, "offset: continue is not available; expected a number");
                return;
            }
            read.expression((limit ? node.limit : node.skip).emplace_back());
        }
    }

    bool assign(const Chunk& chunk, Node& node) {
        node.kind = Node::Kind::assign;
        auto read = reader(chunk);
        read.name(node.text, "a name to assign to");
        read.expect("=");
        read.output(node.output);
        if (!take(read)) return false;
        locals_.push_back(node.text);
        return true;
    }

    bool capture(const Chunk& chunk, Node& node) {
        node.kind = Node::Kind::capture;
        auto read = reader(chunk);
        read.name(node.text, "a name to capture into");
        read.finish();
        if (!take(read)) return false;
        if (!block(node.branches.emplace_back().body, {"endcapture"})) return false;
        locals_.push_back(node.text);
        return close();
    }

    bool leave(const Chunk& chunk, std::string_view name, Node& node) {
        node.kind = name == "break" ? Node::Kind::leave : Node::Kind::next;
        if (loops_ == 0) return fail(chunk.offset, "{% " + std::string(name) + " %} outside of a for");
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
