// Gathers what is wrong with a file while it is read, and gives it sorted by place. Knows no YAML
// beyond the tree's nodes. Texts put in here must not contain secrets. One thread.
#pragma once

#include <string>
#include <vector>

#include "core/config/config.hpp"
#include "core/config/yaml_tree.hpp"

namespace syncline::config {

/// More than anyone repairs at once; a file of 1 MiB could otherwise name a million problems.
inline constexpr std::size_t problems_max = 100;

class Report {
public:
    /// At the value of `node`, at its key, or at a place inside it. Nodes must live, at the same
    /// address, until take().
    void error(const Node& node, std::string message, std::string hint = std::string());
    void error_at_key(const Node& node, std::string message, std::string hint = std::string());
    void error_inside(const Node& node, Place place, std::string message,
                      std::string hint = std::string());
    /// At a place that belongs to no node.
    void error_at(Place place, std::string message, std::string hint = std::string());
    void warning(const Node& node, std::string message, std::string hint = std::string());
    void warning_inside(const Node& node, Place place, std::string message,
                        std::string hint = std::string());

    bool has_errors() const { return errors_ > 0; }
    std::size_t error_count() const { return errors_; }

    /// All problems by place, each once, with their paths in the tree under `root` (may be
    /// nullptr); at most problems_max, and one more that says how many were left out.
    std::vector<Problem> take(const Node* root);

private:
    struct Entry {
        Problem problem;
        const Node* node;
    };
    void add(const Node* node, Place place, Problem problem);
    std::vector<Entry> entries_;
    std::size_t errors_ = 0;
};

/// " did you mean …" for a word that none of `candidates` is; empty when none is near.
std::string suggestion(std::string_view word, const std::vector<std::string>& candidates);
/// True when two words differ in the order of their letters alone, as swapped ones do ("tokne").
bool same_letters(std::string_view left, std::string_view right);
/// `"a", "b" or "c"`, cut after twelve.
std::string name_list(const std::vector<std::string>& names);
/// A text from the file in quotes, made harmless for a terminal and cut at 60 bytes.
std::string quoted(std::string_view text);

}  // namespace syncline::config
