// ${NAME}, $${ and file:PATH.
#include "core/config/scalar_text.hpp"

#include <algorithm>

#include "core/base/log.hpp"

namespace syncline::config {
namespace {

constexpr std::size_t hidden_part_bytes_min = 8;  // shorter ones would blot out common words

bool is_variable_name(std::string_view name) {
    auto letter = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
    };
    auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return !name.empty() && letter(name[0]) &&
           std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || digit(c); });
}

}  // namespace

std::size_t ScalarText::source_offset(std::size_t offset) const {
    std::size_t found = offset;
    for (const auto& shift : shifts)
        if (shift.at <= offset) found = shift.source + (offset - shift.at);
    return found;
}

bool has_template_marks(std::string_view text) {
    return text.find("{{") != std::string_view::npos || text.find("{%") != std::string_view::npos;
}

std::string ScalarTexts::beside_file(const std::string& path) const {
    if (path.empty() || path[0] == '/') return path;
    auto slash = context_.file_name.rfind('/');
    if (slash == std::string::npos) return path;
    std::string_view relative = path;
    if (relative.substr(0, 2) == "./") relative.remove_prefix(2);
    return context_.file_name.substr(0, slash + 1).append(relative);
}

std::optional<ScalarText> ScalarTexts::resolve(const Node& node, Form form) const {
    ScalarText out;
    if (!expand(node, form, out)) return std::nullopt;
    out.typed = !node.quoted && out.from_outside.empty();
    bool names_file = node.text.rfind("file:", 0) == 0;
    if (form == Form::secret_or_setting && names_file && !read_file(node, out)) return std::nullopt;
    return out;
}

bool ScalarTexts::expand(const Node& node, Form form, ScalarText& out) const {
    const std::string& text = node.text;
    std::size_t at = 0;
    bool good = true;
    for (;;) {
        auto dollar = text.find("${", at);
        bool literal = dollar != std::string::npos && dollar > at && text[dollar - 1] == '$';
        out.shifts.push_back({out.text.size(), at});
        out.text.append(text, at, dollar - at - (literal ? 1 : 0));
        if (dollar == std::string::npos) return good;
        if (literal) {
            out.shifts.push_back({out.text.size(), dollar});
            out.text.append("${");
            at = dollar + 2;
            continue;
        }
        auto close = text.find('}', dollar);
        if (close == std::string::npos) {
            report_.error_inside(node, place_in_scalar(source_, node, dollar),
                                 "${ has no closing }", "a literal ${ is written $${");
            return false;
        }
        good &= variable(node, dollar + 2, close, form, out);
        at = close + 1;
    }
}

bool ScalarTexts::variable(const Node& node, std::size_t begin, std::size_t end, Form form,
                           ScalarText& out) const {
    auto name = node.text.substr(begin, end - begin);
    Place place = place_in_scalar(source_, node, begin - 2, name.size() + 3);
    if (!is_variable_name(name)) {
        report_.error_inside(node, place, quoted(name) + " is no name of an environment variable",
                             "letters, digits and _ only; a literal ${ is written $${");
        return false;
    }
    auto value = context_.environment ? context_.environment(name) : std::nullopt;
    if (!value) {
        report_.error_inside(node, place, "the environment variable " + name + " is not set");
        return false;
    }
    bool runs = form == Form::templated && has_template_marks(*value);
    if (runs || !json_is_utf8(*value)) {
        report_.error_inside(node, place,
                             "the value of " + name +
                                 (runs ? " contains {{ or {% and cannot stand in a template"
                                       : " is not UTF-8"));
        return false;
    }
    out.text.append(*value);
    out.from_outside.push_back(std::move(*value));
    return true;
}

bool ScalarTexts::read_file(const Node& node, ScalarText& out) const {
    std::string path = beside_file(out.text.substr(5));
    auto content = context_.read_file ? context_.read_file(path)
                                      : Result<std::string>(Error(ErrorCode::unsupported,
                                                                  "files cannot be read here"));
    auto shown = quoted(beside_file(node.text.substr(5)));
    if (!content) {
        report_.error(node, "cannot read the file " + shown + ": " + content.error().message);
        return false;
    }
    std::string text = std::move(*content);
    if (text.size() > secret_file_bytes_max || !json_is_utf8(text)) {
        bool large = text.size() > secret_file_bytes_max;
        report_.error(node, "the file " + shown + (large ? " is larger than 64 KiB" :
                                                           " is not UTF-8"));
        return false;
    }
    if (!text.empty() && text.back() == '\n') text.pop_back();
    if (!text.empty() && text.back() == '\r') text.pop_back();
    out.text = text;
    out.from_outside.push_back(std::move(text));
    out.shifts.clear();
    out.typed = false;
    return true;
}

void ScalarTexts::hide(const ScalarText& text) {
    log_hide_secret(text.text);
    for (const auto& part : text.from_outside)
        if (part.size() >= hidden_part_bytes_min) log_hide_secret(part);
}

}  // namespace syncline::config
