// The collector of problems, and the few phrases that all checks share.
#include "core/config/report.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "core/base/text.hpp"

namespace syncline::config {
namespace {

using Paths = std::unordered_map<const Node*, std::string>;

std::string member_path(const std::string& above, const std::string& key) {
    return above.empty() ? key : above + "." + key;
}

/// Fills in the path of every node that `wanted` asks for. Depth is bounded by the reader.
void find_paths(const Node& node, const std::string& path, Paths& wanted) {
    auto found = wanted.find(&node);
    if (found != wanted.end()) found->second = path;
    for (std::size_t i = 0; i < node.children.size(); ++i) {
        const Node& child = node.children[i];
        find_paths(child,
                   node.is_map() ? member_path(path, child.key)
                                 : path + "[" + std::to_string(i) + "]",
                   wanted);
    }
}

auto sort_key(const Problem& problem) {
    return std::tie(problem.line, problem.column);
}

std::string sorted(std::string_view text) {
    auto letters = lower(text);
    std::sort(letters.begin(), letters.end());
    return letters;
}

bool same(const Problem& left, const Problem& right) {
    return sort_key(left) == sort_key(right) && left.message == right.message;
}

}  // namespace

void Report::add(const Node* node, Place place, Problem problem) {
    problem.line = place.line;
    problem.column = place.column;
    problem.length = place.length;
    errors_ += !problem.warning;
    entries_.push_back(Entry{std::move(problem), node});
}

void Report::error(const Node& node, std::string message, std::string hint) {
    error_inside(node, node.place, std::move(message), std::move(hint));
}

void Report::error_at_key(const Node& node, std::string message, std::string hint) {
    error_inside(node, node.key_place, std::move(message), std::move(hint));
}

void Report::error_inside(const Node& node, Place place, std::string message, std::string hint) {
    Problem problem;
    problem.message = std::move(message);
    problem.hint = std::move(hint);
    add(&node, place, std::move(problem));
}

void Report::error_at(Place place, std::string message, std::string hint) {
    Problem problem;
    problem.message = std::move(message);
    problem.hint = std::move(hint);
    add(nullptr, place, std::move(problem));
}

void Report::warning(const Node& node, std::string message, std::string hint) {
    warning_inside(node, node.place, std::move(message), std::move(hint));
}

void Report::warning_inside(const Node& node, Place place, std::string message,
                            std::string hint) {
    Problem problem;
    problem.message = std::move(message);
    problem.hint = std::move(hint);
    problem.warning = true;
    add(&node, place, std::move(problem));
}

std::vector<Problem> Report::take(const Node* root) {
    Paths paths;
    for (const auto& entry : entries_)
        if (entry.node) paths.emplace(entry.node, std::string());
    if (root) find_paths(*root, std::string(), paths);
    std::vector<Problem> problems;
    for (auto& entry : entries_) {
        if (entry.node) entry.problem.path = paths[entry.node];
        problems.push_back(std::move(entry.problem));
    }
    entries_.clear();
    std::stable_sort(problems.begin(), problems.end(), [](const auto& left, const auto& right) {
        return sort_key(left) < sort_key(right);
    });
    // What an alias repeats is said once.
    problems.erase(std::unique(problems.begin(), problems.end(), same), problems.end());
    if (problems.size() > problems_max) {
        Problem rest;
        rest.line = problems[problems_max].line;
        rest.column = problems[problems_max].column;
        rest.message = std::to_string(problems.size() - problems_max) + " more problems follow";
        problems.resize(problems_max);
        problems.push_back(std::move(rest));
    }
    return problems;
}

bool same_letters(std::string_view left, std::string_view right) {
    return left.size() == right.size() && sorted(left) == sorted(right);
}

std::string suggestion(std::string_view word, const std::vector<std::string>& candidates) {
    auto near = nearest_name(word, candidates);
    for (const auto& candidate : candidates)
        if (!near && same_letters(word, candidate)) near = candidate;
    return near ? "did you mean " + quoted(*near) + "?" : std::string();
}

std::string name_list(const std::vector<std::string>& names) {
    constexpr std::size_t shown_max = 12;
    std::string out;
    std::size_t shown = std::min(names.size(), shown_max);
    for (std::size_t i = 0; i < shown; ++i) {
        if (i > 0) out += i + 1 == names.size() ? " or " : ", ";
        out += quoted(names[i]);
    }
    return names.size() > shown ? out + ", …" : out;
}

std::string quoted(std::string_view text) {
    return "\"" + printable(text, 60) + "\"";
}

}  // namespace syncline::config
