// Look-ups in the tree, and the way back from a scalar's text to its place in the file.
#include <algorithm>

#include "core/config/yaml_tree.hpp"

namespace syncline::config {

const Node* Node::find(std::string_view name) const {
    for (const auto& child : children)
        if (child.key == name) return &child;
    return nullptr;
}

Place place_in_scalar(const SourceText& source, const Node& scalar, std::size_t offset,
                      std::size_t bytes) {
    std::string_view text = scalar.text;
    offset = std::min(offset, text.size());
    auto line_begin = offset == 0 ? 0 : text.rfind('\n', offset - 1) + 1;
    auto line = text.substr(line_begin, text.find('\n', line_begin) - line_begin);
    auto before = static_cast<std::size_t>(
        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
    auto opening = source.text().substr(std::min(scalar.offset, source.text().size()), 1);
    std::size_t begin = scalar.offset;
    if (scalar.quoted && opening == "|") {
        auto number = scalar.place.line + 1 + before;
        auto content = source.line(number);
        auto at = content.find(line);
        if (at == std::string_view::npos) return scalar.place;
        begin = source.line_start(number) + at;
    } else {
        if (before > 0 || text.find('\n') != std::string_view::npos) return scalar.place;
        if (scalar.quoted) ++begin;
        if (source.text().substr(begin, line.size()) != line) return scalar.place;
    }
    return source.place(begin + (offset - line_begin), bytes);
}

}  // namespace syncline::config
