// What a rule sends: the destination, its action, and the input, checked against the action's
// schema and compiled. Faults in templates are given their place in the file.
#include <algorithm>
#include <set>

#include "core/base/text.hpp"
#include "core/config/draft.hpp"
#include "core/config/schema_check.hpp"

namespace syncline::config {
namespace {

/// The configured destination of that name; a source whose connector can receive becomes one.
const DestinationConfig* find_destination(const std::string& name, Draft& draft) {
    if (const auto* found = draft.config.destination(name)) return found;
    if (draft.names_are_open) {
        draft.config.destinations.emplace_back().name = name;
        return &draft.config.destinations.back();
    }
    const SourceConfig* source = draft.config.source(name);
    if (!source) return nullptr;
    const auto* descriptor = draft.descriptor(source->connector);
    if (descriptor && !descriptor->is_destination) return nullptr;
    DestinationConfig made;
    made.name = source->name;
    made.connector = source->connector;
    made.settings = source->settings;
    if (descriptor) apply_defaults(*descriptor, made);
    draft.config.destinations.push_back(std::move(made));
    return &draft.config.destinations.back();
}

const DestinationConfig* load_to(const Node& send, std::string& out, Draft& draft) {
    const Node* node = send.find("to");
    if (!node) {
        draft.report().error(send, "\"to\" is missing", "the name of a destination");
        return nullptr;
    }
    if (!draft.reader.text(node, out)) return nullptr;
    if (const auto* found = find_destination(out, draft)) return found;
    if (const auto* source = draft.config.source(out)) {
        draft.report().error(*node, quoted(out) + " is a source, and its connector " +
                             quoted(source->connector) + " is no destination");
        return nullptr;
    }
    std::vector<std::string> names;
    for (const auto& destination : draft.config.destinations) names.push_back(destination.name);
    auto hint = suggestion(out, names);
    if (hint.empty() && !names.empty()) hint = "there are " + name_list(names);
    draft.report().error(*node, "there is no destination " + quoted(out), hint);
    return nullptr;
}

const ActionDescriptor* load_action(const Node& send, const DestinationConfig* destination,
                                    std::string& out, Draft& draft) {
    const auto* descriptor = destination ? draft.descriptor(destination->connector) : nullptr;
    std::vector<std::string> names;
    if (descriptor)
        for (const auto& [name, action] : descriptor->actions) names.push_back(name);
    auto there_are = names.empty() ? std::string() : "there are " + name_list(names);
    const Node* node = send.find("do");
    if (!node) {
        draft.report().error(send, "\"do\" is missing", there_are);
        return nullptr;
    }
    if (!draft.reader.text(node, out) || !descriptor) return nullptr;
    auto found = descriptor->actions.find(out);
    if (found != descriptor->actions.end()) return &found->second;
    auto hint = suggestion(out, names);
    draft.report().error(*node, "the connector " + quoted(descriptor->name) + " has no action " +
                         quoted(out), hint.empty() ? there_are : hint);
    return nullptr;
}

/// Line and column (characters, from 1) of a text as a byte offset.
std::size_t offset_in(std::string_view text, std::size_t line, std::size_t column) {
    std::size_t at = 0;
    for (; line > 1; --line) {
        auto next = text.find('\n', at);
        if (next == std::string_view::npos) break;
        at = next + 1;
    }
    for (; column > 1 && at < text.size() && text[at] != '\n'; --column) {
        ++at;
        while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
    }
    return at;
}

/// Compiles each text of `with` of its own, so that every fault is found and has its node.
class TemplateCheck {
public:
    TemplateCheck(const RuleConfig& rule, Draft& draft) : rule_(rule), draft_(draft) {}

    void walk(const Node& node) {
        for (const auto& child : node.children) walk(child);
        if (!node.is_scalar() || node.broken) return;
        auto text = draft_.reader.scalar_texts().resolve(node, ScalarTexts::Form::templated);
        if (!text) return;
        auto compiled = rules::Template::compile(text->text);
        if (auto* fault = std::get_if<rules::Fault>(&compiled))
            report(node, *text, *fault);
        else
            check_documents(node, std::get<rules::Template>(compiled).paths());
    }

private:
    void report(const Node& node, const ScalarText& text, const rules::Fault& fault) {
        Place place = node.place;
        if (fault.line > 0) {
            auto offset = text.source_offset(offset_in(text.text, fault.line, fault.column));
            place = place_in_scalar(draft_.reader.scalar_texts().source(), node, offset);
        }
        draft_.report().error_inside(node, place, fault.message);
    }

    /// A document that a source has, used without being fetched, would always be empty.
    void check_documents(const Node& node, const std::vector<std::string>& paths) {
        std::set<std::string> roots;
        for (const auto& path : paths) roots.insert(path.substr(0, path.find_first_of(".[")));
        for (const auto& root : roots) warn_of_unread(node, node.place, root, rule_, draft_);
    }

    const RuleConfig& rule_;
    Draft& draft_;
};

void load_with(const Node& send, const ActionDescriptor* action, SendConfig& made,
               RuleConfig& rule, Draft& draft) {
    const Node* with = send.find("with");
    if (!with || with->is_null()) {
        const Node* at = with ? with : send.find("do");
        if (action && at) require_members(*at, action->input, draft.reader);
        return;
    }
    if (!draft.reader.map(with)) return;
    auto errors = draft.report().error_count();
    Json input = read_by_schema(*with, action ? action->input : Json(), SchemaUse::input,
                                draft.reader);
    TemplateCheck(rule, draft).walk(*with);
    if (draft.report().error_count() > errors) return;
    auto compiled = rules::TemplateTree::compile(input);
    if (auto* fault = std::get_if<rules::Fault>(&compiled))
        draft.report().error_at_key(*with, fault->message + " (" + fault->path + ")");
    else
        made.with = std::get<rules::TemplateTree>(std::move(compiled));
}

void load_send(const Node& node, RuleConfig& rule, Draft& draft) {
    static constexpr Choice<OnDead> choices[] = {{"pass", OnDead::pass}, {"hold", OnDead::hold}};
    if (!draft.reader.keys(&node, {"to", "do", "with", "strict", "on_dead"})) return;
    SendConfig made;
    const auto* destination = load_to(node, made.to, draft);
    const auto* action = load_action(node, destination, made.action, draft);
    load_with(node, action, made, rule, draft);
    draft.reader.boolean(node.find("strict"), made.strict);
    draft.reader.choice(node.find("on_dead"), made.on_dead, choices);
    rule.send.push_back(std::move(made));
}

}  // namespace

void load_sends(const Node& node, RuleConfig& rule, Draft& draft) {
    if (node.broken) return;
    if (node.is_sequence() && !node.children.empty()) {
        for (const auto& child : node.children) load_send(child, rule, draft);
        return;
    }
    if (node.is_map()) return load_send(node, rule, draft);
    draft.reader.expected(node, "what to send, or a list of it", "as in {to: crm, do: upsert}");
}

}  // namespace syncline::config
