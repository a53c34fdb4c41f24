// Reads an event that is a Json value, for event_walk.hpp and rule_evaluate.hpp. Private to the room.
#pragma once

#include "core/sdk/json.hpp"
#include "rules/event_values.hpp"
#include "rules/text_hash.hpp"

namespace syncline::rules {

class JsonReader {
public:
    using Node = const Json*;

    static bool is_object(Node node) { return node->is_object(); }
    static bool is_array(Node node) { return node->is_array(); }

    template <class Visit>
    static void members(Node node, Visit&& visit) {
        for (const auto& member : node->members())
            visit(std::string_view(member.name), &member.value);
    }
    template <class Visit>
    static void items(Node node, Visit&& visit) {
        for (const auto& item : node->items()) visit(&item);
    }
    /// Fills a new Value from a scalar.
    static void read_scalar(Node node, Value& made) {
        switch (node->kind()) {
            case Json::Kind::null: made.hash = hash_of_null; break;
            case Json::Kind::boolean:
                made.kind = node->as_bool() ? Value::Kind::yes : Value::Kind::no;
                made.hash = node->as_bool() ? hash_of_yes : hash_of_no;
                break;
            case Json::Kind::string: read_text(node->as_string(), made); break;
            default: read_number(node->number_text(), made);
        }
    }
};

}  // namespace syncline::rules
