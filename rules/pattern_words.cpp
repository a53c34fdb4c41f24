// The names of operators and the wording of faults in patterns. See pattern_tree.hpp.
//
// The one list of what the language has: compile, hints and documentation follow it.
#include <algorithm>

#include "rules/pattern_tree.hpp"

namespace syncline::rules {

namespace {

const std::vector<std::string>& operator_names() {
    static const std::vector<std::string> names = {
        "prefix", "suffix", "exists", "anything-but", "equals-ignore-case", "numeric", "wildcard",
        "exactly", "$eq", "$ne", "$in", "$not_in", "$gt", "$gte", "$lt", "$lte", "$contains",
        "$starts_with", "$ends_with", "$or", "$and", "$not", "cidr", "older-than", "newer-than"};
    return names;
}

}  // namespace

bool PatternFault::fail(const std::string& path, std::string message) {
    if (!fault) {
        fault.emplace();
        fault->path = path;
        fault->message = std::move(message);
    }
    return false;
}

bool is_operator(std::string_view name) {
    const auto& names = operator_names();
    return std::find(names.begin(), names.end(), name) != names.end();
}

std::string unknown_operator(std::string_view name) {
    return "unknown operator " + quoted(name) + did_you_mean(name, operator_names());
}

std::string kind_name(const Json& value) {
    switch (value.kind()) {
        case Json::Kind::null: return "null";
        case Json::Kind::boolean: return value.as_bool() ? "true" : "false";
        case Json::Kind::number: return "the number " + value.number_text();
        case Json::Kind::string: return "the text " + quoted(value.as_string());
        case Json::Kind::array: return "a list";
        case Json::Kind::object: break;
    }
    return "an object";
}

}  // namespace syncline::rules
