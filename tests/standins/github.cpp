// The GitHub stand-in's routes and limits (see github.hpp).
#include "tests/standins/github.hpp"

#include "core/base/text.hpp"

namespace syncline::standins {

namespace {

constexpr std::int64_t kHourly = 5000;
constexpr std::int64_t kContentPerMinute = 80;
constexpr std::int64_t kSearchPerMinute = 30;
constexpr std::int64_t kRetryAfterSecondary_s = 60;

/// A search's words, a quoted phrase being one: `repo:o/r "two words"` → {repo:o/r, two words}.
std::vector<std::string> search_terms(std::string_view query) {
    std::vector<std::string> terms;
    std::string term;
    bool quoted = false;
    for (const char c : query) {
        if (c == '"') {
            quoted = !quoted;
        } else if (c == ' ' && !quoted) {
            if (!term.empty()) terms.push_back(std::move(term));
            term.clear();
        } else {
            term += c;
        }
    }
    if (!term.empty()) terms.push_back(std::move(term));
    return terms;
}

bool has_label(const Json& issue, std::string_view name) {
    for (const Json& label : issue["labels"].items()) {
        if (equals_ignore_case(label.as_string(), name)) return true;
    }
    return false;
}

bool contains_text(const Json& value, const std::string& term) {
    return lower(value.as_string()).find(lower(term)) != std::string::npos;
}

}  // namespace

GitHub::GitHub(const Clock& clock, StandinOptions options)
    : Standin("github", clock, std::move(options)) {
    const auto to = [this](HttpResponse (GitHub::*serve)(const Call&)) {
        return [this, serve](const Call& call) { return (this->*serve)(call); };
    };
    route("GET", "/repos/*/*/issues/*", [this](const Call& call) {
        const Json* issue = find("issues", key_of(call));
        if (issue == nullptr) return refuse(404, "Not Found");
        return HttpResponse::json(200, form(key_of(call), *issue).dump());
    });
    route("PATCH", "/repos/*/*/issues/*", to(&GitHub::edit_issue));
    route("GET", "/repos/*/*/issues", to(&GitHub::list_issues));
    route("POST", "/repos/*/*/issues", to(&GitHub::create_issue));
    route("GET", "/repos/*/*/issues/*/comments", to(&GitHub::list_comments));
    route("POST", "/repos/*/*/issues/*/comments", to(&GitHub::create_comment));
    route("POST", "/repos/*/*/issues/*/labels", to(&GitHub::add_labels));
    route("GET", "/search/issues", to(&GitHub::search));
}

HttpResponse GitHub::refuse(unsigned status, const std::string& message) {
    return HttpResponse::json(status,
                              Json::object({{"message", message},
                                            {"documentation_url", "https://docs.github.com/rest"},
                                            {"status", std::to_string(status)}})
                                  .dump());
}

HttpResponse GitHub::error_form(unsigned status, const std::string& message) {
    return refuse(status, status == 404 ? "Not Found" : message);
}

HttpResponse GitHub::invalid(const std::string& field) {
    Json errors = Json::array();
    errors.push_back(Json::object({{"resource", "Issue"}, {"field", field}, {"code", "invalid"}}));
    return HttpResponse::json(422,
                              Json::object({{"message", "Validation Failed"},
                                            {"errors", std::move(errors)},
                                            {"documentation_url", "https://docs.github.com/rest"},
                                            {"status", "422"}})
                                  .dump());
}

HttpResponse GitHub::limited(std::int64_t retry_after_s) {
    const auto status = static_cast<unsigned>(knob("limit_status", 403));
    if (retry_after_s == 0) return refuse(status, "API rate limit exceeded for user ID 1.");
    HttpResponse response =
        refuse(status,
               "You have exceeded a secondary rate limit. Please wait a few minutes before "
               "you try again.");
    response.headers.add("Retry-After", std::to_string(retry_after_s));
    return response;
}

std::optional<HttpResponse> GitHub::guard(const Call& call) {
    const std::string* agent = call.http->headers.find("User-Agent");
    if (agent == nullptr || agent->empty()) {
        return HttpResponse(403,
                            "Request forbidden by administrative rules. Please make sure your "
                            "request has a User-Agent header.");
    }
    const std::optional<std::string> token = call.bearer();
    if (!token || (!options().token.empty() && *token != options().token)) {
        return refuse(401, "Bad credentials");
    }
    const std::int64_t now = clock().monotonic_ms();
    const auto limit = [this](const char* name, std::int64_t otherwise) {
        return static_cast<std::size_t>(knob(name, otherwise) * options().scale);
    };
    if (!hour_.admit(now, limit("hourly", kHourly))) return limited(0);
    if (call.path == "/search/issues" &&
        !search_.admit(now, limit("search_per_minute", kSearchPerMinute))) {
        return limited(search_.wait_ms(now) / 1000 + 1);
    }
    if (call.http->method == "POST" &&
        !content_.admit(now, limit("content_per_minute", kContentPerMinute))) {
        return limited(kRetryAfterSecondary_s);
    }
    if (call.http->method != "GET" && !call.body) return refuse(400, "Problems parsing JSON");
    return std::nullopt;
}

void GitHub::decorate(HttpResponse& response) {
    const std::int64_t now = clock().monotonic_ms();
    const std::int64_t limit = knob("hourly", kHourly) * options().scale;
    const std::int64_t used = static_cast<std::int64_t>(hour_.used(now));
    const std::int64_t reset_s = (clock().wall_ms() + hour_.wait_ms(now)) / 1000 + 1;
    response.headers.add("x-ratelimit-limit", std::to_string(limit));
    response.headers.add("x-ratelimit-used", std::to_string(used));
    response.headers.add("x-ratelimit-remaining", std::to_string(limit - used));
    response.headers.add("x-ratelimit-reset", std::to_string(reset_s));
    response.headers.add("x-ratelimit-resource", "core");
}

std::string GitHub::key_of(const Call& call) const {
    return call.args[0] + "/" + call.args[1] + "#" + (call.args.size() > 2 ? call.args[2] : "");
}

Json GitHub::form(const std::string& key, const Json& issue) {
    const std::string repository = key.substr(0, key.find('#'));
    const std::string number = key.substr(key.find('#') + 1);
    Json labels = Json::array();
    for (const Json& label : issue["labels"].items()) {
        labels.push_back(Json::object({{"name", label}}));
    }
    return Json::object({{"number", Json::number_from_text(number)},
                         {"title", issue["title"]},
                         {"body", issue["body"]},
                         {"state", issue["state"]},
                         {"state_reason", issue["state_reason"]},
                         {"labels", std::move(labels)},
                         {"comments", issue["comments"]},
                         {"html_url", "https://github.com/" + repository + "/issues/" + number},
                         {"repository_url", "https://api.github.com/repos/" + repository}});
}

Json GitHub::seeded(const std::string& table_name, const std::string&, const Json& object) {
    if (table_name != "issues") return object;
    Json issue = Json::object({{"title", ""},
                               {"body", ""},
                               {"state", "open"},
                               {"state_reason", Json()},
                               {"labels", Json::array()},
                               {"comments", 0},
                               {"made_ms", 0}});
    for (const JsonMember& member : object.members()) issue.set(member.name, member.value);
    return issue;
}

HttpResponse GitHub::create_issue(const Call& call) {
    if ((*call.body)["title"].as_string().empty()) return invalid("title");
    const std::string prefix = key_of(call);
    std::uint64_t number = 1;
    while (find("issues", prefix + std::to_string(number)) != nullptr) ++number;
    const std::string key = prefix + std::to_string(number);
    Json issue = seeded("issues", key, *call.body);
    issue.set("made_ms", clock().wall_ms());
    table("issues")[key] = issue;
    wrote("issue.create", key, *call.body);
    return HttpResponse::json(201, form(key, issue).dump());
}

HttpResponse GitHub::edit_issue(const Call& call) {
    Json* issue = find("issues", key_of(call));
    if (issue == nullptr) return refuse(404, "Not Found");
    const std::string state = (*call.body)["state"].as_string_or("open");
    if (state != "open" && state != "closed") return invalid("state");
    const std::string reason = (*call.body)["state_reason"].as_string_or("completed");
    if (reason != "completed" && reason != "not_planned" && reason != "duplicate" &&
        reason != "reopened") {
        return invalid("state_reason");
    }
    for (const JsonMember& member : call.body->members()) issue->set(member.name, member.value);
    wrote("issue.edit", key_of(call), *call.body);
    return HttpResponse::json(200, form(key_of(call), *issue).dump());
}

HttpResponse GitHub::list_issues(const Call& call) {
    const std::string state = call.query_or("state", "open");
    const std::vector<std::string> labels = split(call.query_or("labels", ""), ',');
    Json list = Json::array();
    for (const auto& [key, issue] : table("issues")) {
        if (!key.starts_with(key_of(call))) continue;
        if (state != "all" && issue["state"].as_string() != state) continue;
        bool all = true;
        for (const std::string& label : labels)
            all = all && (label.empty() || has_label(issue, label));
        if (all) list.push_back(form(key, issue));
    }
    return HttpResponse::json(200, list.dump());
}

bool GitHub::matches(const std::string& key, const Json& issue,
                     const std::vector<std::string>& terms) {
    for (const std::string& term : terms) {
        const std::size_t colon = term.find(':');
        const std::string name = term.substr(0, colon);
        const std::string value = colon == std::string::npos ? "" : term.substr(colon + 1);
        if (name == "repo" && colon != std::string::npos) {
            if (!key.starts_with(value + "#")) return false;
        } else if (name == "is" || name == "state") {
            if ((value == "open" || value == "closed") && issue["state"].as_string() != value) {
                return false;
            }
        } else if (name == "label") {
            if (!has_label(issue, value)) return false;
        } else if (name != "in" && name != "type") {
            if (!contains_text(issue["title"], term) && !contains_text(issue["body"], term)) {
                return false;
            }
        }
    }
    return true;
}

HttpResponse GitHub::search(const Call& call) {
    const std::vector<std::string> terms = search_terms(call.query_or("q", ""));
    if (terms.empty()) return invalid("q");
    const std::int64_t visible_ms = clock().wall_ms() - knob("index_lag_ms", 0);
    Json items = Json::array();
    for (const auto& [key, issue] : table("issues")) {
        if (issue["made_ms"].as_int64().value_or(0) > visible_ms) continue;
        if (matches(key, issue, terms)) items.push_back(form(key, issue));
    }
    const std::size_t total = items.size();
    return HttpResponse::json(200, Json::object({{"total_count", total},
                                                 {"incomplete_results", false},
                                                 {"items", std::move(items)}})
                                       .dump());
}

HttpResponse GitHub::list_comments(const Call& call) {
    if (find("issues", key_of(call)) == nullptr) return refuse(404, "Not Found");
    Json list = Json::array();
    for (const auto& [id, comment] : table("comments")) {
        if (comment["issue"] == Json(key_of(call))) list.push_back(comment);
    }
    return HttpResponse::json(200, list.dump());
}

HttpResponse GitHub::create_comment(const Call& call) {
    Json* issue = find("issues", key_of(call));
    if (issue == nullptr) return refuse(404, "Not Found");
    if ((*call.body)["body"].as_string().empty()) return invalid("body");
    const std::uint64_t number = next_number();
    std::string id = std::to_string(number);
    id.insert(0, 8 - std::min<std::size_t>(8, id.size()), '0');  // tables sort by text
    Json comment = Json::object({{"id", number},
                                 {"issue", key_of(call)},
                                 {"body", (*call.body)["body"]},
                                 {"html_url", "https://github.com/x#issuecomment-" + id}});
    table("comments")[id] = comment;
    issue->set("comments", (*issue)["comments"].as_int64().value_or(0) + 1);
    wrote("comment.create", id, comment);
    return HttpResponse::json(201, comment.dump());
}

HttpResponse GitHub::add_labels(const Call& call) {
    Json* issue = find("issues", key_of(call));
    if (issue == nullptr) return refuse(404, "Not Found");
    Json labels = (*issue)["labels"];
    for (const Json& label : (*call.body)["labels"].items()) {
        if (!has_label(*issue, label.as_string())) labels.push_back(label);
    }
    issue->set("labels", labels);
    wrote("issue.label", key_of(call), *call.body);
    return HttpResponse::json(200, form(key_of(call), *issue)["labels"].dump());
}

std::vector<std::string> GitHub::summary_lines() {
    std::vector<std::string> lines;
    for (const auto& [key, issue] : table("issues")) {
        lines.push_back("issue " + key + " \"" + issue["title"].as_string() +
                        "\": " + issue["state"].as_string());
    }
    return lines;
}

}  // namespace syncline::standins
