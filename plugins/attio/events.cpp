// See events.hpp. Where a dialect spells one thing in two ways (record.id.record_id and
// record.record_id), both are read; where a name may be a slug or an id, its form decides.
#include "plugins/attio/events.hpp"

namespace syncline::connector_attio {
namespace {

std::string lower(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return text;
}

/// The first of these paths that holds a text.
std::string first_text(const Json& event, std::initializer_list<const char*> paths) {
    for (const char* path : paths) {
        const Json* found = event.at_path(path);
        if (found && !found->as_string().empty()) return found->as_string();
    }
    return std::string();
}

void set_text(Json& attributes, const char* name, const std::string& text) {
    if (!text.empty()) attributes.set(name, text);
}

/// Puts "object"/"object_id" (or list, attribute) from whatever of the two is known.
void set_named(Json& attributes, const std::string& name, std::string slug, std::string id,
               const SlugMap& names) {
    if (is_uuid(slug) && id.empty()) id = std::exchange(slug, std::string());
    if (!id.empty() && !is_uuid(id) && slug.empty()) slug = id;
    if (slug.empty()) slug = names.slug_of(id);
    if (id.empty()) id = names.id_of(slug);
    set_text(attributes, name.c_str(), slug);
    set_text(attributes, (name + "_id").c_str(), id);
}

void add_parent(Json& attributes, const Json& event, const Catalog& catalog) {
    Json parent = Json::object();
    set_named(parent, "object", first_text(event, {"parent_object", "parent.object"}),
              first_text(event, {"parent_object_id", "parent.object_id"}), catalog.objects);
    set_text(parent, "record_id", first_text(event, {"parent_record_id", "parent.record_id"}));
    const std::string& type = event["event_type"].as_string();
    bool has_parent = type.starts_with("note") || type.starts_with("list-entry.");
    if (parent.empty() && has_parent)  // the timestamped dialect names the record itself
        for (const char* name : {"object", "object_id", "record_id"})
            set_text(parent, name, attributes[name].as_string());
    if (!parent.empty()) attributes.set("parent", std::move(parent));
}

Json attributes_of(const Json& event, const Catalog& catalog, const std::string& dialect) {
    Json made = Json::object();
    made.set("dialect", dialect);
    set_text(made, "workspace_id", first_text(event, {"id.workspace_id", "workspace_id"}));
    set_named(made, "object", first_text(event, {"object.api_slug", "object"}),
              first_text(event, {"id.object_id", "object.id.object_id", "object.object_id",
                                 "object_id"}),
              catalog.objects);
    set_text(made, "record_id", first_text(event, {"id.record_id", "record.id.record_id",
                                                   "record.record_id", "record_id"}));
    set_named(made, "list", first_text(event, {"list.api_slug", "list"}),
              first_text(event, {"id.list_id", "list.id.list_id", "list.list_id", "list_id",
                                 "collection_id"}),
              catalog.lists);
    set_text(made, "entry_id", first_text(event, {"id.entry_id", "entry.id.entry_id",
                                                  "entry.entry_id", "entry_id"}));
    set_named(made, "attribute", first_text(event, {"attribute.api_slug", "attribute"}),
              first_text(event, {"id.attribute_id", "attribute.id.attribute_id",
                                 "attribute.attribute_id", "attribute_id"}),
              catalog.attributes);
    for (const char* noun : {"note", "task", "comment"}) {
        std::string name = std::string(noun) + "_id";
        std::string under = "id." + name, deep = std::string(noun) + ".id." + name;
        std::string flat = std::string(noun) + "." + name;
        set_text(made, name.c_str(),
                 first_text(event, {under.c_str(), deep.c_str(), flat.c_str(), name.c_str()}));
    }
    add_parent(made, event, catalog);
    if (event["actor"].is_object()) {
        Json actor = Json::object();
        for (const char* name : {"type", "id"})
            set_text(actor, name, event["actor"][name].as_string());
        made.set("actor", std::move(actor));
    }
    return made;
}

/// The id of the thing that the event is about; where it names none, the record's, else its own.
std::string subject_of(const Json& event, const Json& attributes) {
    const std::string& type = event["event_type"].as_string();
    std::string noun = type.substr(0, type.find('.'));
    if (noun == "list-entry") noun = "entry";
    if (noun == "note-content") noun = "note";
    if (noun.ends_with("-attribute")) noun = "attribute";
    if (noun == "activity-record") noun = "record";
    for (char& c : noun)
        if (c == '-') c = '_';
    noun += "_id";
    if (!attributes[noun].as_string().empty()) return attributes[noun].as_string();
    if (!event["id"][noun].as_string().empty()) return event["id"][noun].as_string();
    if (!attributes["record_id"].as_string().empty()) return attributes["record_id"].as_string();
    return event["id"]["event_id"].as_string();
}

struct Numbered {
    std::size_t index = 0;
    bool several = false;
};

std::string key_of(const Json& event, const sdk::InboundRequest& request,
                   const std::string& dialect, Numbered place) {
    std::string header = request.header("idempotency-key");
    if (!header.empty() && place.several) header += "#" + std::to_string(place.index);
    const std::string& own = event["id"]["event_id"].as_string();
    // The timestamped dialect signs no such header: a replayed body with another one is the same
    // event. In attio-v2 the header is the only identity.
    bool own_first = dialect == "timestamped" ? !own.empty() : header.empty();
    return own_first ? own : header;
}

sdk::ParsedEvent parsed_event(const Json& event, const sdk::InboundRequest& request,
                              const Catalog& catalog, const std::string& dialect, Numbered place) {
    Json attributes = attributes_of(event, catalog, dialect);
    std::string subject = subject_of(event, attributes);
    sdk::ParsedEvent made(key_of(event, request, dialect, place),
                          event["event_type"].as_string(), std::move(subject));
    auto [begin, end] = event.source_range();
    made = std::move(made).attributes(std::move(attributes)).range(begin, end);
    if (auto time = sdk::parse_rfc3339_ms(event["created_at"].as_string()))
        made = std::move(made).time_ms(*time);
    return made;
}

void check_event(const Json& event, const std::string& where) {
    if (!event.is_object()) throw sdk::Refused(where + " is no JSON object");
    if (event["event_type"].as_string().empty())
        throw sdk::Refused(where + " has no \"event_type\"");
}

}  // namespace

bool is_uuid(std::string_view text) {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        char c = text[i];
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (dash ? c != '-' : !hex) return false;
    }
    return true;
}

SlugMap::SlugMap(const Json& setting_value, const std::string& setting) {
    for (const auto& [slug, value] : setting_value.members()) {
        Json one = Json::array();
        if (!value.is_array()) one.push_back(value);
        for (const auto& id : value.is_array() ? value.items() : one.items()) {
            if (!is_uuid(id.as_string()))
                throw sdk::Refused(setting + "." + slug + " is no UUID");
            slugs_[lower(id.as_string())] = slug;
            ids_.emplace(slug, id.as_string());
        }
    }
}

const std::string& SlugMap::slug_of(const std::string& id) const {
    static const std::string none;
    auto found = slugs_.find(lower(id));
    return found == slugs_.end() ? none : found->second;
}

const std::string& SlugMap::id_of(const std::string& slug) const {
    static const std::string none;
    auto found = ids_.find(slug);
    return found == ids_.end() ? none : found->second;
}

std::vector<sdk::ParsedEvent> parse_delivery(const sdk::InboundRequest& request,
                                             const Catalog& catalog, const std::string& dialect) {
    JsonError error;
    auto body = Json::parse(request.body, &error);
    if (!body)
        throw sdk::Refused("the body is no JSON: " + error.message + " at byte " +
                           std::to_string(error.offset));
    std::vector<sdk::ParsedEvent> found;
    const Json* events = body->find("events");
    if (!events) {
        check_event(*body, "the body");
        found.push_back(parsed_event(*body, request, catalog, dialect, Numbered()));
        return found;
    }
    if (!events->is_array()) throw sdk::Refused("\"events\" is no list");
    for (std::size_t i = 0; i < events->size(); ++i) {
        const Json& event = (*events)[i];
        check_event(event, "events[" + std::to_string(i) + "]");
        Numbered place;
        place.index = i;
        place.several = events->size() > 1;
        found.push_back(parsed_event(event, request, catalog, dialect, place));
    }
    return found;
}

}  // namespace syncline::connector_attio
