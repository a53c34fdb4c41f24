#include "plugins/github/answers.hpp"

#include <algorithm>
#include <charconv>

namespace syncline::connector_github {
namespace {

constexpr std::int64_t secondary_wait_ms = 60'000;  // "at least one minute", then growing
constexpr std::int64_t secondary_doublings_max = 5;  // 60 s × 2^5 = 32 min

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

bool is_name_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '-';
}

/// How long a limit asks to wait; nothing when a 403 is no limit.
std::optional<std::int64_t> limit_wait_ms(const sdk::Response& response, const std::string& said,
                                          std::int64_t now_ms, std::int64_t attempt) {
    if (response.retry_after_ms()) return *response.retry_after_ms();
    if (response.header("x-ratelimit-remaining") == "0")
        if (auto reset_s = whole_number(response.header("x-ratelimit-reset")))
            return std::max<std::int64_t>(*reset_s * 1000 - now_ms, 1000);
    bool limited = response.status() == 429 || said.find("rate limit") != said.npos;
    if (!limited) return std::nullopt;
    std::int64_t doublings = std::clamp<std::int64_t>(attempt - 1, 0, secondary_doublings_max);
    return secondary_wait_ms << doublings;
}

}  // namespace

bool is_repo(std::string_view text) {
    auto slash = text.find('/');
    if (slash == 0 || slash == text.npos || slash + 1 == text.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (i != slash && !is_name_byte(text[i]) && text[i] != '.') return false;
    return text.find("..") == text.npos;
}

IssueId parse_issue(std::string_view text, const std::string& default_repo) {
    auto hash = text.find('#');
    std::string repo = default_repo;
    if (hash != text.npos && hash > 0) repo = text.substr(0, hash);
    auto number = whole_number(hash == text.npos ? text : text.substr(hash + 1));
    if (!number || *number < 1 || !is_repo(repo)) return IssueId();
    return IssueId(repo, *number);
}

bool mentions(const std::string& body, const std::string& marker) {
    for (auto at = body.find(marker); at != body.npos; at = body.find(marker, at + 1)) {
        auto end = at + marker.size();
        if (end == body.size() || !is_name_byte(body[end])) return true;
    }
    return false;
}

std::optional<sdk::Outcome> failure_of(const sdk::Response& response, const std::string& doing,
                                       std::int64_t now_ms, std::int64_t attempt) {
    if (response.ok()) return std::nullopt;
    int status = response.status();
    std::string said = response.json()["message"].as_string_or(response.excerpt());
    std::string note = doing + " " + response.summary();
    if (!said.empty()) note += ": " + said;
    if (status == 403 || status == 429) {
        auto wait = limit_wait_ms(response, said, now_ms, attempt);
        if (wait) return sdk::Outcome::retry(std::move(note)).after_ms(*wait);
        return sdk::Outcome::hold(std::move(note));
    }
    if (status == 301 || status == 302 || status == 307 || status == 308)
        return sdk::Outcome::reject(note + " (moved to " + response.header("Location") +
                                    "; correct the repository)");
    if (status == 404)
        return sdk::Outcome::reject(note + " (it does not exist, or the token may not see it)");
    if (status == 410)
        return sdk::Outcome::reject(note + " (deleted, or issues are disabled)");
    sdk::Outcome usual = sdk::Outcome::from(response, doing);
    if (usual.kind() == "hold") return sdk::Outcome::hold(std::move(note));
    if (usual.kind() == "reject") return sdk::Outcome::reject(std::move(note));
    return sdk::Outcome::retry(std::move(note)).after_ms(response.retry_after_ms().value_or(0));
}

}  // namespace syncline::connector_github
