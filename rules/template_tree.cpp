// TemplateTree: a JSON value whose strings are templates. See rules.hpp.
//
// Compiled into the same shape; a subtree without any template is kept as one constant. All texts
// of one render share one budget.
#include <algorithm>

#include "rules/limits.hpp"
#include "rules/template_ast.hpp"

namespace syncline::rules {

struct TemplateTree::Node {
    enum class Kind { constant, text, list, object };
    Kind kind = Kind::constant;
    Json constant;
    std::size_t constant_bytes = 0;
    templating::Program program;
    std::vector<std::string> names;   // of the children; none in a list
    std::vector<Node> children;

    /// Compiles `tree`; the fault's path is the place of the text.
    static std::optional<Fault> build(const Json& tree, const std::string& path,
                                      std::size_t depth, Node& out);
    /// False and the fault, its path relative to this node.
    bool render(const Json& scope, const RenderOptions& options, templating::Budget& budget,
                Json& out, Fault& fault) const;
    void collect_paths(std::vector<std::string>& out) const;

private:
    std::optional<Fault> build_text(const std::string& text, const std::string& path);
    void make_constant(const Json& value);
    std::string child_path(const std::string& path, std::size_t index) const;
};

namespace {

Fault at(std::string path, std::string message) {
    Fault made;
    made.path = std::move(path);
    made.message = std::move(message);
    return made;
}

}  // namespace

void TemplateTree::Node::make_constant(const Json& value) {
    kind = Kind::constant;
    constant = value;
    constant_bytes = templating::json_bytes(value);
    names.clear();
    children.clear();
    program = templating::Program();
}

std::string TemplateTree::Node::child_path(const std::string& path, std::size_t index) const {
    if (kind == Kind::list) return path + "[" + std::to_string(index) + "]";
    const auto& name = names[index];
    return path.empty() ? name : path + "." + name;
}

std::optional<Fault> TemplateTree::Node::build_text(const std::string& text,
                                                    const std::string& path) {
    auto fault = templating::parse_template(text, program);
    if (fault) {
        fault->path = path;
        return fault;
    }
    kind = Kind::text;
    bool plain = std::all_of(program.nodes.begin(), program.nodes.end(), [](const auto& node) {
        return node.kind == templating::Node::Kind::text;
    });
    if (!plain) return std::nullopt;
    std::string joined;
    for (const auto& node : program.nodes) joined += node.text;
    make_constant(Json(std::move(joined)));
    return std::nullopt;
}

std::optional<Fault> TemplateTree::Node::build(const Json& tree, const std::string& path,
                                               std::size_t depth, Node& out) {
    if (depth > limits::tree_depth_max)
        return at(path, "nested deeper than " + std::to_string(limits::tree_depth_max) + " levels");
    if (tree.is_string()) return out.build_text(tree.as_string(), path);
    if (!tree.is_container()) return out.make_constant(tree), std::nullopt;
    out.kind = tree.is_array() ? Kind::list : Kind::object;
    for (const auto& item : tree.items()) {
        out.children.emplace_back();
        auto here = out.child_path(path, out.children.size() - 1);
        if (auto fault = build(item, here, depth + 1, out.children.back())) return fault;
    }
    for (const auto& member : tree.members()) {
        out.names.push_back(member.name);
        out.children.emplace_back();
        auto here = out.child_path(path, out.children.size() - 1);
        if (auto fault = build(member.value, here, depth + 1, out.children.back())) return fault;
    }
    return std::nullopt;
}

bool TemplateTree::Node::render(const Json& scope, const RenderOptions& options,
                                templating::Budget& budget, Json& out, Fault& fault) const {
    if (kind == Kind::text) {
        auto rendered = templating::run_program(program, scope, options, budget);
        if (auto* failed = std::get_if<Fault>(&rendered)) return fault = std::move(*failed), false;
        out = std::get<Json>(std::move(rendered));
        return true;
    }
    if (constant_bytes > budget.output_left) {
        fault = at("", "the output is longer than " + std::to_string(options.output_bytes_max) +
                           " bytes");
        return false;
    }
    budget.output_left -= constant_bytes;
    if (kind == Kind::constant) return out = constant, true;
    out = kind == Kind::list ? Json::array() : Json::object();
    if (kind == Kind::list) out.items().reserve(children.size());
    else out.members().reserve(children.size());
    for (std::size_t i = 0; i < children.size(); ++i) {
        Json& slot = kind == Kind::list ? out.items().emplace_back()
                                        : out.members().emplace_back(names[i], Json()).value;
        if (children[i].render(scope, options, budget, slot, fault)) continue;
        // Only a render that fails spells out where.
        auto inner = std::move(fault.path);
        bool dot = !inner.empty() && inner.front() != '[';
        fault.path = child_path("", i) + (dot ? "." : "") + inner;
        return false;
    }
    return true;
}

void TemplateTree::Node::collect_paths(std::vector<std::string>& out) const {
    out.insert(out.end(), program.paths.begin(), program.paths.end());
    for (const auto& child : children) child.collect_paths(out);
}

TemplateTree::TemplateTree() = default;
TemplateTree::TemplateTree(TemplateTree&&) noexcept = default;
TemplateTree& TemplateTree::operator=(TemplateTree&&) noexcept = default;
TemplateTree::~TemplateTree() = default;

Compiled<TemplateTree> TemplateTree::compile(const Json& tree) {
    auto node = std::make_unique<Node>();
    if (auto fault = Node::build(tree, "", 0, *node)) return *fault;
    TemplateTree made;
    made.root_ = std::move(node);
    return made;
}

Rendered TemplateTree::render(const Json& scope, const RenderOptions& options) const {
    Json out;
    if (!root_) return out;
    templating::Budget budget(options);
    Fault fault;
    if (!root_->render(scope, options, budget, out, fault)) return fault;
    return out;
}

std::vector<std::string> TemplateTree::paths() const {
    std::vector<std::string> out;
    if (root_) root_->collect_paths(out);
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

}  // namespace syncline::rules
