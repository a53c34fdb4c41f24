// Attio's value objects as plain values, and its answers as the documents that templates read.
// Pure. Facts: Attio's OpenAPI 2.0.0, "attribute value" shapes.
#pragma once

#include <set>
#include <string>

#include "core/sdk/json.hpp"

namespace syncline::connector_attio {

/// Attributes that hold several values by nature: a list even with one value or none.
class MultiValued {
public:
    MultiValued() = default;
    explicit MultiValued(const Json& further);
    bool holds(const std::string& slug) const { return slugs_.contains(slug); }

private:
    std::set<std::string> slugs_ = {"email_addresses", "phone_numbers", "domains", "categories"};
};

/// One element of `values.<slug>`: a title, an address, an id … by the property it has, because the
/// vendor's own examples name a wrong attribute_type.
Json plain_value(const Json& element);
/// {slug: [element…]} as {slug: value | [value…] | null}.
Json plain_values(const Json& values, const MultiValued& multi);

/// The `data` of an answer as a document with `raw`.
Json record_document(const Json& data, const std::string& object, const MultiValued& multi);
Json entry_document(const Json& data, const std::string& list, const MultiValued& multi);
Json note_document(const Json& data);
Json task_document(const Json& data);

}  // namespace syncline::connector_attio
