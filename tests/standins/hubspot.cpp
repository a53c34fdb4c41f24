// The HubSpot stand-in's routes and refusals (see hubspot.hpp).
#include "tests/standins/hubspot.hpp"

#include <set>

#include "core/base/text.hpp"

namespace syncline::standins {

namespace {

constexpr std::int64_t kPer10s = 100;
constexpr std::size_t kInputsMax = 100;
constexpr const char* kTypes[] = {"contacts", "companies", "deals"};

bool known_type(const std::string& type) {
    for (const char* name : kTypes) {
        if (type == name) return true;
    }
    return false;
}

}  // namespace

HubSpot::HubSpot(const Clock& clock, StandinOptions options)
    : Standin("hubspot", clock, std::move(options)) {
    const auto know = [this](const char* type, std::initializer_list<const char*> names) {
        for (const std::string_view name : names) {
            const bool unique = name == "attio_id" || name == "email" || name == "domain";
            table("properties")
                .emplace(std::string(type) + "/" + std::string(name),
                         Json::object({{"unique", unique}}));
        }
    };
    know("contacts", {"attio_id", "email", "firstname", "lastname", "phone", "jobtitle", "company",
                      "lifecyclestage"});
    know("companies", {"attio_id", "name", "domain", "industry", "description"});
    know("deals", {"attio_id", "dealname", "dealstage", "pipeline", "amount", "closedate"});
    routes_under("/crm/v3/objects/*");
    routes_under("/crm/objects/2026-03/*");
}

void HubSpot::routes_under(const std::string& prefix) {
    const auto to = [this](HttpResponse (HubSpot::*serve)(const std::string&, const Call&)) {
        return [this, serve](const Call& call) {
            if (!known_type(call.args[0])) {
                return refuse(400, "VALIDATION_ERROR",
                              "Unable to infer object type from: " + call.args[0]);
            }
            return (this->*serve)(call.args[0], call);
        };
    };
    route("POST", prefix + "/batch/upsert", to(&HubSpot::batch_upsert));
    route("POST", prefix + "/search", to(&HubSpot::search));
    route("POST", prefix, to(&HubSpot::create));
    route("GET", prefix + "/*", to(&HubSpot::get_one));
    route("PATCH", prefix + "/*", to(&HubSpot::update));
}

HttpResponse HubSpot::refuse(unsigned status, const std::string& category,
                             const std::string& message) {
    return HttpResponse::json(status, Json::object({{"status", "error"},
                                                    {"message", message},
                                                    {"correlationId", next_uuid("corr")},
                                                    {"category", category}})
                                          .dump());
}

HttpResponse HubSpot::error_form(unsigned status, const std::string& message) {
    switch (status) {
        case 401:
            return refuse(status, "INVALID_AUTHENTICATION", message);
        case 403:
            return refuse(status, "MISSING_SCOPES", message);
        case 404:
            return refuse(status, "OBJECT_NOT_FOUND", message);
        case 429:
            return refuse(status, "RATE_LIMITS", message);
        default:
            return refuse(status, status < 500 ? "VALIDATION_ERROR" : "INTERNAL_ERROR", message);
    }
}

std::optional<HttpResponse> HubSpot::guard(const Call& call) {
    const std::optional<std::string> token = call.bearer();
    if (!token || (!options().token.empty() && *token != options().token)) {
        return refuse(401, "INVALID_AUTHENTICATION",
                      "Authentication credentials not found. This API supports OAuth 2.0 "
                      "authentication.");
    }
    const auto limit = static_cast<std::size_t>(knob("per_10s", kPer10s) * options().scale);
    if (!window_.admit(clock().monotonic_ms(), limit)) {
        return HttpResponse::json(
            429, Json::object({{"status", "error"},
                               {"message", "You have reached your ten_secondly_rolling limit."},
                               {"errorType", "RATE_LIMIT"},
                               {"correlationId", next_uuid("corr")},
                               {"policyName", "TEN_SECONDLY_ROLLING"}})
                     .dump());
    }
    if (call.http->method != "GET" && (!call.body || !call.body->is_object())) {
        return refuse(400, "VALIDATION_ERROR", "Invalid input JSON: the body is no JSON object.");
    }
    return std::nullopt;
}

void HubSpot::decorate(HttpResponse& response) {
    const std::int64_t limit = knob("per_10s", kPer10s) * options().scale;
    const auto used = static_cast<std::int64_t>(window_.used(clock().monotonic_ms()));
    response.headers.add("X-HubSpot-RateLimit-Interval-Milliseconds", "10000");
    response.headers.add("X-HubSpot-RateLimit-Max", std::to_string(limit));
    response.headers.add("X-HubSpot-RateLimit-Remaining", std::to_string(limit - used));
}

std::string HubSpot::locate(const std::string& type, const std::string& property,
                            const std::string& value) {
    if (property.empty()) return find(type, value) == nullptr ? "" : value;
    for (const auto& [id, record] : table(type)) {
        if (equals_ignore_case(record["properties"][property].as_string(), value)) return id;
    }
    return "";
}

Json HubSpot::form(const std::string& type, const std::string& id) {
    const Json& record = *find(type, id);
    return Json::object({{"id", id},
                         {"properties", record["properties"]},
                         {"createdAt", record["createdAt"]},
                         {"updatedAt", record["updatedAt"]},
                         {"archived", false}});
}

std::string HubSpot::check_batch(const std::string& type, const Json& inputs) {
    if (!inputs.is_array() || inputs.empty()) return "Invalid input JSON: some inputs are required";
    if (inputs.size() > kInputsMax) return "The maximum number of inputs is 100";
    std::set<std::string> seen;
    for (const Json& input : inputs.items()) {
        if (!input["id"].is_string() || !input["properties"].is_object()) {
            return "Invalid input JSON: every input needs id and properties";
        }
        for (const JsonMember& member : input["properties"].members()) {
            if (!member.value.is_string()) {
                return "Invalid input JSON: the value of property " + member.name +
                       " must be a string";
            }
        }
        const Json* property = input.find("idProperty");
        if (property != nullptr) {
            const Json* known = find("properties", type + "/" + property->as_string());
            if (known == nullptr || !(*known)["unique"].as_bool()) {
                return "Property " + property->as_string() + " is not a unique property of " + type;
            }
        }
        if (!seen.insert(input["id"].as_string()).second) {
            return "Duplicate IDs found in batch input: " + input["id"].as_string();
        }
    }
    return "";
}

std::string HubSpot::check_properties(const std::string& type, const Json& properties) {
    for (const JsonMember& member : properties.members()) {
        if (find("properties", type + "/" + member.name) == nullptr) {
            return "Property \"" + member.name + "\" does not exist";
        }
        const std::string& value = member.value.as_string();
        if (member.name == "email" && value.find('@') == std::string::npos) {
            return "Email address " + value + " is invalid";
        }
    }
    return "";
}

Json HubSpot::error_item(const std::string& message, const Json& trace) {
    Json ids = Json::array();
    ids.push_back(trace);
    return Json::object({{"status", "error"},
                         {"category", "VALIDATION_ERROR"},
                         {"message", message},
                         {"context", Json::object({{"objectWriteTraceId", std::move(ids)}})},
                         {"links", Json::object()}});
}

HttpResponse HubSpot::batch_upsert(const std::string& type, const Call& call) {
    const Json& inputs = (*call.body)["inputs"];
    const std::string refused = check_batch(type, inputs);
    if (!refused.empty()) return refuse(400, "VALIDATION_ERROR", refused);
    const std::string now = format_time(clock().wall_ms());
    Json results = Json::array();
    Json errors = Json::array();
    for (const Json& input : inputs.items()) {
        std::string wrong = check_properties(type, input["properties"]);
        const std::string property = input["idProperty"].as_string();
        std::string id = locate(type, property, input["id"].as_string());
        const bool created = id.empty();
        if (wrong.empty() && created && property.empty()) wrong = "resource not found";
        if (!wrong.empty()) {
            errors.push_back(error_item(wrong, input["objectWriteTraceId"]));
            continue;
        }
        if (created) {
            id = std::to_string(100 + next_number());
            table(type)[id] = Json::object(
                {{"properties", Json::object({{property, input["id"]}})}, {"createdAt", now}});
        }
        Json& record = *find(type, id);
        Json properties = record["properties"];
        for (const JsonMember& member : input["properties"].members()) {
            properties.set(member.name, member.value);
        }
        record.set("properties", std::move(properties));
        record.set("updatedAt", now);
        wrote(created ? "create" : "update", id, input);
        Json result = form(type, id);
        result.set("new", created);
        if (input.find("objectWriteTraceId") != nullptr) {
            result.set("objectWriteTraceId", input["objectWriteTraceId"]);
        }
        results.push_back(std::move(result));
    }
    Json answer = Json::object({{"status", "COMPLETE"},
                                {"startedAt", now},
                                {"completedAt", now},
                                {"results", std::move(results)}});
    if (errors.empty()) return HttpResponse::json(200, answer.dump());
    answer.set("numErrors", errors.size());
    answer.set("errors", std::move(errors));
    return HttpResponse::json(207, answer.dump());
}

HttpResponse HubSpot::get_one(const std::string& type, const Call& call) {
    const std::string id = locate(type, call.query_or("idProperty", ""), call.args[1]);
    if (id.empty()) return refuse(404, "OBJECT_NOT_FOUND", "resource not found");
    return HttpResponse::json(200, form(type, id).dump());
}

HttpResponse HubSpot::create(const std::string& type, const Call& call) {
    const Json& properties = (*call.body)["properties"];
    const std::string wrong = check_properties(type, properties);
    if (!wrong.empty()) return refuse(400, "VALIDATION_ERROR", wrong);
    for (const JsonMember& member : properties.members()) {
        const Json* known = find("properties", type + "/" + member.name);
        if (!(*known)["unique"].as_bool()) continue;
        const std::string existing = locate(type, member.name, member.value.as_string());
        if (!existing.empty()) {
            return refuse(409, "CONFLICT", "Contact already exists. Existing ID: " + existing);
        }
    }
    const std::string id = std::to_string(100 + next_number());
    const std::string now = format_time(clock().wall_ms());
    table(type)[id] =
        Json::object({{"properties", properties}, {"createdAt", now}, {"updatedAt", now}});
    wrote("create", id, properties);
    return HttpResponse::json(201, form(type, id).dump());
}

HttpResponse HubSpot::update(const std::string& type, const Call& call) {
    const std::string id = locate(type, call.query_or("idProperty", ""), call.args[1]);
    if (id.empty()) return refuse(404, "OBJECT_NOT_FOUND", "resource not found");
    const std::string wrong = check_properties(type, (*call.body)["properties"]);
    if (!wrong.empty()) return refuse(400, "VALIDATION_ERROR", wrong);
    Json properties = (*find(type, id))["properties"];
    for (const JsonMember& member : (*call.body)["properties"].members()) {
        properties.set(member.name, member.value);
    }
    find(type, id)->set("properties", std::move(properties));
    wrote("update", id, *call.body);
    return HttpResponse::json(200, form(type, id).dump());
}

HttpResponse HubSpot::search(const std::string& type, const Call& call) {
    Json results = Json::array();
    for (const auto& [id, record] : table(type)) {
        bool any = (*call.body)["filterGroups"].empty();
        for (const Json& group : (*call.body)["filterGroups"].items()) {
            bool all = true;
            for (const Json& filter : group["filters"].items()) {
                all = all && filter["operator"] == Json("EQ") &&
                      record["properties"][filter["propertyName"].as_string()] == filter["value"];
            }
            any = any || all;
        }
        if (any) results.push_back(form(type, id));
    }
    const std::size_t total = results.size();
    return HttpResponse::json(
        200, Json::object({{"total", total}, {"results", std::move(results)}}).dump());
}

std::vector<std::string> HubSpot::summary_lines() {
    std::vector<std::string> lines;
    for (const char* type : kTypes) {
        for (const auto& [id, record] : table(type)) {
            std::string line = std::string(type) + " " + id + ":";
            for (const JsonMember& member : record["properties"].members()) {
                if (member.name != "attio_id") {
                    line += " " + member.name + "=" + member.value.as_string();
                }
            }
            lines.push_back(std::move(line));
        }
    }
    return lines;
}

}  // namespace syncline::standins
