// Checks a node of the file against the part of JSON Schema that connectors describe their settings
// and action inputs with, and gives it as JSON. Understood: type, properties, required,
// additionalProperties, enum, items, minimum, maximum and our own "secret"; other words say
// nothing. An object whose schema lists properties takes no others unless it says so. One thread.
#pragma once

#include "core/config/reader.hpp"

namespace syncline::config {

enum class SchemaUse {
    settings,  // file: is read; secrets are hidden
    input,     // `with` of a send: texts may be templates, which fit any type of scalar
};

/// The JSON of `node`, as far as it could be read; what does not fit goes to the reader's report.
/// A null schema fits everything.
Json read_by_schema(const Node& node, const Json& schema, SchemaUse use, Reader& reader);

/// Reports every required member when a whole object is absent. `at` is where it should stand.
void require_members(const Node& at, const Json& schema, Reader& reader);

/// `node` as JSON without a schema: for patterns. ${NAME} is filled in, file: is not read.
Json read_plain(const Node& node, Reader& reader);

}  // namespace syncline::config
