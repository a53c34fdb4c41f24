// A stand-in for GitHub's issues: get, list, edit, comment, label, search.
//
// Facts: GitHub's documentation of the REST API, its rate limits included: x-ratelimit-* on every
// answer; past the primary limit 403 with remaining 0 and a reset time, past the one on content
// creation (about 80 a minute) 403 with retry-after; a request without User-Agent is refused.
//
// Tables: issues {"OWNER/REPO#N": {"title", "body", "state", "labels": [names], …}}, comments.
// Knobs: hourly (5,000), content_per_minute (80), search_per_minute (30), index_lag_ms,
// limit_status (403; 429 is the other documented one).
#pragma once

#include "tests/standins/rate.hpp"
#include "tests/standins/standin.hpp"

namespace syncline::standins {

class GitHub final : public Standin {
public:
    GitHub(const Clock& clock, StandinOptions options);

protected:
    std::optional<HttpResponse> guard(const Call& call) override;
    HttpResponse error_form(unsigned status, const std::string& message) override;
    void decorate(HttpResponse& response) override;
    Json seeded(const std::string& table_name, const std::string& id, const Json& object) override;
    std::vector<std::string> summary_lines() override;

private:
    HttpResponse refuse(unsigned status, const std::string& message);
    HttpResponse invalid(const std::string& field);
    HttpResponse limited(std::int64_t retry_after_s);
    HttpResponse create_issue(const Call& call);
    HttpResponse edit_issue(const Call& call);
    HttpResponse list_issues(const Call& call);
    HttpResponse search(const Call& call);
    HttpResponse list_comments(const Call& call);
    HttpResponse create_comment(const Call& call);
    HttpResponse add_labels(const Call& call);
    /// Key of the issue that the first three arguments of the route name.
    std::string key_of(const Call& call) const;
    bool matches(const std::string& key, const Json& issue, const std::vector<std::string>& terms);
    Json form(const std::string& key, const Json& issue);

    SlidingWindow hour_{3'600'000};
    SlidingWindow content_{60'000};
    SlidingWindow search_{60'000};
};

}  // namespace syncline::standins
