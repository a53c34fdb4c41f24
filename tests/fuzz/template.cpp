// A template, and a scope for it. Input: the scope as JSON in the first line, the template behind it.
//
// Whatever the texts are, nothing breaks and nothing runs away; a refusal has its words and its
// place; the same scope gives the same output, which keeps to its bound.
#include "fuzz.hpp"

namespace syncline::fuzz {
namespace {

constexpr std::size_t output_bytes_max = 64 << 10;

/// Ids for any kind; one kind fails.
class Links : public rules::LinkSource {
public:
    Found find(std::string_view kind, std::string_view source_id) const override {
        Found found;
        if (kind == "broken") found.error = "the links cannot be read";
        else if (!source_id.empty()) found.id = "id-" + std::string(source_id);
        return found;
    }
};

std::string said(const rules::Rendered& rendered) {
    if (auto* fault = std::get_if<rules::Fault>(&rendered)) {
        check(is_fault(*fault), "a poor fault");
        return "fault " + fault->message;
    }
    auto text = std::get<Json>(rendered).dump();
    // As JSON a byte can take six: \u0001.
    check(text.size() <= 6 * output_bytes_max + 2, "an output above its bound");
    return text;
}

void run(const Input& input) {
    auto scope = Json::parse(input.head).value_or(Json::object());
    Links links;
    rules::RenderOptions options;
    options.output_bytes_max = output_bytes_max;
    options.now_ms = now_ms;
    options.links = &links;
    auto compiled = rules::Template::compile(input.tail);
    if (auto* fault = std::get_if<rules::Fault>(&compiled)) {
        check(is_fault(*fault) && fault->line > 0 && fault->column > 0, "a poor refusal");
    } else {
        const auto& made = std::get<rules::Template>(compiled);
        made.paths();
        check(said(made.render(scope, options)) == said(made.render(scope, options)),
              "two renders differ");
        said(made.render_text(scope, options));
        options.strict = true;
        said(made.render(scope, options));
    }
    auto written = Json::parse(input.tail);
    if (!written) return;
    auto tree = rules::TemplateTree::compile(*written);
    if (auto* made = std::get_if<rules::TemplateTree>(&tree)) said(made->render(scope, options));
    else check(is_fault(std::get<rules::Fault>(tree)), "a poor refusal");
}

}  // namespace
}  // namespace syncline::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    syncline::fuzz::run(syncline::fuzz::Input(data, size));
    return 0;
}
