// What GitHub's answers mean, and how issues are named in texts. Pure.
// Facts: GitHub's REST documentation, "Rate limits for the REST API" and the issues reference.
#pragma once

#include <optional>
#include <string>

#include "core/sdk/connector.hpp"

namespace syncline::connector_github {

/// An issue by repository ("owner/name") and number; 0: none.
class IssueId {
public:
    IssueId() = default;
    IssueId(std::string repo_in, std::int64_t number_in)
        : repo(std::move(repo_in)), number(number_in) {}
    std::string text() const { return repo + "#" + std::to_string(number); }
    std::string path() const { return "/repos/" + repo + "/issues/" + std::to_string(number); }
    std::string repo;
    std::int64_t number = 0;
};

bool is_repo(std::string_view text);
/// "12", "#12" or "owner/name#12"; number 0 when it is none of these.
IssueId parse_issue(std::string_view text, const std::string& default_repo);
/// True when `body` holds "hub-ref-<reference>" and the name ends there.
bool mentions(const std::string& body, const std::string& marker);

/// The outcome of an answer that is no 2xx; nothing when it is one.
/// 403 and 429 are told apart by headers: a limit is waited for, a real 403 holds.
std::optional<sdk::Outcome> failure_of(const sdk::Response& response, const std::string& doing,
                                       std::int64_t now_ms, std::int64_t attempt);

}  // namespace syncline::connector_github
