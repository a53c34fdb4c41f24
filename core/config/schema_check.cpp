// JSON Schema over nodes. A recursive walk; depth is bounded by the reader of the file.
#include "core/config/schema_check.hpp"

#include <algorithm>

#include "core/base/log.hpp"
#include "core/base/text.hpp"

namespace syncline::config {
namespace {

/// A name of JSON Schema in the words of this file's messages.
std::string type_words(const std::string& type) {
    if (type == "string") return "a text";
    if (type == "integer") return "a whole number";
    if (type == "number") return "a number";
    if (type == "boolean") return "true or false";
    if (type == "array") return "a list";
    if (type == "object") return "keys";
    return type == "null" ? "nothing" : type;
}

class Check {
public:
    Check(SchemaUse use, Reader& reader) : use_(use), reader_(reader) {}

    /// `declared`: the schema speaks of this very member. Of others nobody can say whether they
    /// are secrets, so what comes into them from outside counts as one.
    Json value(const Node& node, const Json& schema, bool secret, bool declared) {
        if (node.broken) return Json();
        declared = declared && !schema.is_null();
        secret = secret || schema["secret"].as_bool();
        if (secret) hide_written(node);
        switch (node.kind) {
            case Node::Kind::map: return object(node, schema, secret, declared);
            case Node::Kind::sequence: return array(node, schema, secret, declared);
            case Node::Kind::scalar: return scalar(node, schema, secret, declared);
            case Node::Kind::null: break;
        }
        if (!allows(schema, "null")) mismatch(node, schema, secret);
        return Json();
    }

private:
    static bool allows(const Json& schema, std::string_view type) {
        const Json& wanted = schema["type"];
        if (wanted.is_string()) return wanted.as_string() == type;
        if (!wanted.is_array() || wanted.empty()) return true;
        return std::any_of(wanted.items().begin(), wanted.items().end(),
                           [&](const Json& item) { return item.as_string() == type; });
    }

    static std::string wanted_words(const Json& schema) {
        const Json& wanted = schema["type"];
        if (wanted.is_string()) return type_words(wanted.as_string());
        std::string out;
        for (const auto& item : wanted.items())
            out += (out.empty() ? "" : " or ") + type_words(item.as_string());
        return out.empty() ? "a value" : out;
    }

    void mismatch(const Node& node, const Json& schema, bool secret) {
        bool unquoted = node.is_scalar() && !node.quoted && typed_scalar(node.text);
        std::string hint;
        if (unquoted && allows(schema, "string")) hint = "put it in quotes to make it a text";
        if (node.is_scalar() && allows(schema, "boolean") && !unquoted)
            hint = "only true and false, without quotes, are truth values";
        if (secret && node.is_scalar())
            reader_.report().error(node, "expected " + wanted_words(schema) +
                                   ", found another kind of value", hint);
        else
            reader_.expected(node, wanted_words(schema), hint);
    }

    Json object(const Node& node, const Json& schema, bool secret, bool declared) {
        Json out = Json::object();
        if (!allows(schema, "object")) {
            mismatch(node, schema, secret);
            return out;
        }
        const Json& properties = schema["properties"];
        const Json* further = schema.find("additionalProperties");
        bool closed = further ? further->is_bool() && !further->as_bool()
                              : properties.is_object();
        static const Json anything;
        for (const auto& member : node.children) {
            const Json* known = properties.find(member.key);
            if (!known && closed) {
                unknown(member, properties);
                continue;
            }
            bool named = declared && known;
            if (!known) known = further && further->is_object() ? further : &anything;
            out.set(member.key, value(member, *known, secret, named));
        }
        require_members(node, schema, reader_);
        return out;
    }

    void unknown(const Node& member, const Json& properties) {
        std::vector<std::string> names;
        for (const auto& [name, schema] : properties.members()) names.push_back(name);
        auto hint = suggestion(member.key, names);
        if (hint.empty() && !names.empty()) hint = "known here: " + name_list(names);
        reader_.report().error_at_key(member, "unknown key " + quoted(member.key), hint);
    }

    Json array(const Node& node, const Json& schema, bool secret, bool declared) {
        Json out = Json::array();
        if (!allows(schema, "array")) {
            mismatch(node, schema, secret);
            return out;
        }
        for (const auto& child : node.children)
            out.push_back(value(child, schema["items"], secret, declared));
        return out;
    }

    Json scalar(const Node& node, const Json& schema, bool secret, bool declared) {
        auto form = use_ == SchemaUse::settings ? ScalarTexts::Form::secret_or_setting
                                                : ScalarTexts::Form::templated;
        auto text = reader_.scalar_texts().resolve(node, form);
        if (!text) return Json();
        bool outside = use_ == SchemaUse::settings && !declared && !text->from_outside.empty();
        if (secret || outside) ScalarTexts::hide(*text);
        if (use_ == SchemaUse::input && has_template_marks(text->text)) {
            if (!fits_template(text->text, schema)) mismatch(node, schema, secret);
            return Json(std::move(text->text));
        }
        return literal(node, *text, schema, secret);
    }

    /// One {{ … }} keeps its value's type and may become anything; a longer text is a scalar.
    static bool fits_template(std::string_view text, const Json& schema) {
        text = trim(text);
        bool whole = text.substr(0, 2) == "{{" && text.substr(text.size() - 2) == "}}";
        return whole || allows(schema, "string") || allows(schema, "number") ||
               allows(schema, "integer") || allows(schema, "boolean");
    }

    Json literal(const Node& node, const ScalarText& text, const Json& schema, bool secret) {
        auto typed = typed_scalar(text.text);
        bool texts = allows(schema, "string");
        // A value from outside is a text, unless only another type is wanted.
        bool convert = typed && (text.typed || (!text.from_outside.empty() && !texts));
        if (!convert) {
            Json made(text.text);
            if (!texts) mismatch(node, schema, secret);
            else limits(node, made, schema, secret);
            return made;
        }
        bool fits = typed->is_bool()
                        ? allows(schema, "boolean")
                        : allows(schema, "number") ||
                              (allows(schema, "integer") && typed->as_int64().has_value());
        if (!fits) mismatch(node, schema, secret);
        else limits(node, *typed, schema, secret);
        return std::move(*typed);
    }

    void limits(const Node& node, const Json& value, const Json& schema, bool secret) {
        const Json& choices = schema["enum"];
        bool known = !choices.is_array() ||
                     std::any_of(choices.items().begin(), choices.items().end(),
                                 [&](const Json& choice) { return choice == value; });
        if (!known) not_one_of(node, choices, secret);
        if (!value.is_number()) return;
        const Json& low = schema["minimum"];
        const Json& high = schema["maximum"];
        if (low.is_number() && json_compare_numbers(value.number_text(), low.number_text()) < 0)
            reader_.expected(node, "at least " + low.number_text());
        if (high.is_number() && json_compare_numbers(value.number_text(), high.number_text()) > 0)
            reader_.expected(node, "at most " + high.number_text());
    }

    void not_one_of(const Node& node, const Json& choices, bool secret) {
        std::vector<std::string> names;
        for (const auto& choice : choices.items())
            names.push_back(choice.is_string() ? choice.as_string() : choice.dump());
        if (secret) reader_.report().error(node, "expected " + name_list(names));
        else reader_.not_one_of(node, node.text, names);
    }

    SchemaUse use_;
    Reader& reader_;
};

}  // namespace

Json read_by_schema(const Node& node, const Json& schema, SchemaUse use, Reader& reader) {
    return Check(use, reader).value(node, schema, false, true);
}

void require_members(const Node& at, const Json& schema, Reader& reader) {
    for (const auto& name : schema["required"].items()) {
        if (at.is_map() && at.find(name.as_string())) continue;
        const std::string& help = schema["properties"][name.as_string()]["description"].as_string();
        auto message = quoted(name.as_string()) + " is missing";
        auto hint = help.empty() ? help : name.as_string() + ": " + help;
        if (at.key.empty()) reader.report().error(at, std::move(message), std::move(hint));
        else reader.report().error_at_key(at, std::move(message), std::move(hint));
    }
}

Json read_plain(const Node& node, Reader& reader) {
    if (node.is_map()) {
        Json out = Json::object();
        for (const auto& child : node.children) out.set(child.key, read_plain(child, reader));
        return out;
    }
    if (node.is_sequence()) {
        Json out = Json::array();
        for (const auto& child : node.children) out.push_back(read_plain(child, reader));
        return out;
    }
    if (!node.is_scalar()) return Json();
    auto text = reader.scalar_texts().resolve(node, ScalarTexts::Form::plain);
    if (!text) return Json();
    auto typed = text->typed ? typed_scalar(text->text) : std::nullopt;
    return typed ? std::move(*typed) : Json(std::move(text->text));
}

}  // namespace syncline::config
