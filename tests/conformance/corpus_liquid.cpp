// Cases about templates: what a template renders as text, or that it is an error.
//
// A case that uses a tag which this language leaves out is skipped, but only when compiling refuses
// it: a tag that were accepted and did something else would fail here.
#include <algorithm>
#include <array>
#include <variant>

#include "rules/rules.hpp"
#include "tests/conformance/corpus.hpp"

namespace syncline::corpus {
namespace {

constexpr std::array<std::string_view, 8> refused_tags = {
    "include", "render", "tablerow", "increment", "decrement", "cycle", "ifchanged", "layout"};

/// "{%- cycle", or a line of a {% liquid %} block, which the case's own labels tell.
bool uses_refused_tag(const Json& item) {
    std::string_view text = item["template"].as_string();
    for (auto at = text.find("{%"); at != std::string_view::npos; at = text.find("{%", at + 2)) {
        auto rest = text.substr(at + 2);
        rest.remove_prefix(std::min(rest.find_first_not_of("- \t\r\n"), rest.size()));
        auto word = rest.substr(0, rest.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"));
        if (std::find(refused_tags.begin(), refused_tags.end(), word) != refused_tags.end())
            return true;
    }
    const auto& labels = item["tags"].items();
    return std::any_of(labels.begin(), labels.end(), [](const Json& label) {
        return std::any_of(refused_tags.begin(), refused_tags.end(), [&](std::string_view tag) {
            return label.as_string() == std::string(tag) + " tag";
        });
    });
}

/// Liquid's newest and strictest mode refuses what its strict mode renders; the same template may
/// stand twice with both answers. Ours are those of the strict mode.
bool is_of_another_mode(const Json& item) {
    const auto& labels = item["tags"].items();
    return std::any_of(labels.begin(), labels.end(),
                       [](const Json& label) { return label.as_string() == "strict2"; });
}

std::string message_of(const rules::Fault& fault) {
    return std::to_string(fault.line) + ":" + std::to_string(fault.column) + " " + fault.message;
}

/// Rendered as text, or the fault's message.
struct Text {
    std::string text;
    std::string fault;
};

Text text_of(const rules::Template& made, const Json& data) {
    Text out;
    auto rendered = made.render(data, rules::RenderOptions());
    if (auto* fault = std::get_if<rules::Fault>(&rendered)) out.fault = message_of(*fault);
    // The mark in front keeps a lone {{ … }} from giving its value's JSON type instead of text.
    else out.text = std::get<Json>(rendered).as_string().substr(1);
    return out;
}

bool is_right(const Json& item, const std::string& text) {
    if (const Json* result = item.find("result")) return result->as_string() == text;
    const auto& any = item["results"].items();
    return std::any_of(any.begin(), any.end(), [&](const Json& r) { return r.as_string() == text; });
}

std::string quoted(const std::string& text) {
    std::string out;
    json_quote_to(out, text);
    return out;
}

}  // namespace

void run_liquid(const Json& item, Tally& tally) {
    if (is_of_another_mode(item)) return tally.skip();
    std::string name = item["name"].as_string() + ": ";
    std::string ending = "; template " + quoted(item["template"].as_string());
    auto compiled = rules::Template::compile("|" + item["template"].as_string());
    bool invalid = item["invalid"].as_bool();
    if (auto* fault = std::get_if<rules::Fault>(&compiled)) {
        if (uses_refused_tag(item)) return tally.skip();
        return tally.judge(invalid ? "" : name + "refused: " + message_of(*fault) + ending);
    }
    Json data = item.find("data") ? item["data"] : Json::object();
    auto rendered = text_of(std::get<rules::Template>(compiled), data);
    if (invalid)
        return tally.judge(rendered.fault.empty()
                               ? name + "expected an error, found " + quoted(rendered.text) + ending
                               : "");
    if (!rendered.fault.empty()) return tally.fail(name + rendered.fault + ending);
    if (is_right(item, rendered.text)) return tally.pass();
    const Json& wanted = item.find("result") ? item["result"] : item["results"];
    tally.fail(name + "expected " + wanted.dump() + ", found " + quoted(rendered.text) + ending);
}

}  // namespace syncline::corpus
