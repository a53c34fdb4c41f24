// The `github` connector: a destination with `close` and `comment` on an issue found by reference.
//
// An issue is found by its link, else by the number given, else by "hub-ref-<reference>" in its
// body, else by the label "ext:<reference>". Closing is idempotent. Commenting is not: a comment
// carries a marker with the delivery's id, and a repeated attempt looks for it first.
#include "plugins/github/answers.hpp"

namespace syncline::connector_github {
namespace {

constexpr const char* descriptor = R"json({
  "name": "github",
  "version": "1.0.0",
  "summary": "GitHub issues: closes and comments issues found by a reference",
  "roles": ["destination"],
  "settings": {
    "type": "object",
    "additionalProperties": false,
    "required": ["token", "repo"],
    "properties": {
      "token": {"type": "string", "secret": true, "description": "needs to write issues"},
      "repo": {"type": "string", "description": "owner/name"},
      "api_url": {"type": "string", "default": "https://api.github.com"}
    }
  },
  "actions": {
    "close": {
      "summary": "Closes the issue; one that is closed is left alone",
      "idempotent": true,
      "coalesces": true,
      "input": {
        "type": "object",
        "additionalProperties": false,
        "required": ["reference"],
        "properties": {
          "reference": {"type": ["string", "integer"], "description": "the source's id, or #12"},
          "repo": {"type": "string", "description": "owner/name, when another than configured"},
          "reason": {"type": "string", "description": "completed (default) or not_planned"},
          "if_missing": {"type": "string", "description": "reject (default) or skip"}
        }
      }
    },
    "comment": {
      "summary": "Comments on the issue, once for each delivery",
      "idempotent": false,
      "coalesces": false,
      "input": {
        "type": "object",
        "additionalProperties": false,
        "required": ["reference", "body"],
        "properties": {
          "reference": {"type": ["string", "integer"], "description": "the source's id, or #12"},
          "body": {"type": "string", "description": "Markdown"},
          "repo": {"type": "string", "description": "owner/name, when another than configured"},
          "if_missing": {"type": "string", "description": "reject (default) or skip"}
        }
      }
    }
  },
  "rate": "60/1m"
})json";

constexpr int comment_pages_max = 10;  // × 100: an issue with more is not searched to its end
constexpr std::size_t comments_per_page = 100;
constexpr std::size_t reference_bytes_max = 200;

/// What a search came to: an issue, or the outcome that ends the delivery.
class Found {
public:
    explicit Found(IssueId issue_in, bool by_link_in = false)
        : issue(std::move(issue_in)), by_link(by_link_in) {}
    explicit Found(sdk::Outcome outcome) : ended(std::move(outcome)) {}
    IssueId issue;
    bool by_link = false;
    std::optional<sdk::Outcome> ended;
};

class Github final : public sdk::Connector {
public:
    static Json describe() { return Json::parse(descriptor).value(); }

    explicit Github(const Json& settings)
        : token_(settings["token"].as_string()),
          repo_(settings["repo"].as_string()),
          url_(sdk::base_url(settings["api_url"].as_string_or("https://api.github.com"))) {
        if (token_.empty()) throw sdk::Refused("token is empty");
        if (!is_repo(repo_))
            throw sdk::Refused("repo is \"" + repo_ + "\"; expected owner/name");
    }

    sdk::Task<sdk::Outcome> act(sdk::Context& ctx, const sdk::Delivery& delivery,
                                const std::string& action) override {
        if (action != "close" && action != "comment")
            co_return sdk::Outcome::reject("github has no action " + action);
        if (auto fault = input_fault(delivery, action)) co_return sdk::Outcome::reject(*fault);
        Found found = co_await find(ctx, delivery);
        if (found.ended) co_return std::move(*found.ended);
        if (action == "close") co_return co_await close(ctx, delivery, found);
        co_return co_await comment(ctx, delivery, found);
    }

private:
    std::optional<std::string> input_fault(const sdk::Delivery& delivery,
                                           const std::string& action) const {
        std::string reference = delivery.text("reference");
        if (reference.empty() || reference.size() > reference_bytes_max)
            return std::string("with.reference is empty or longer than 200 bytes");
        for (char c : reference)  // what would end the quoted search or split the list of labels
            if (static_cast<unsigned char>(c) < 0x20 || c == '"' || c == ',' || c == '\\')
                return "with.reference holds a quote, comma, backslash or control character";
        if (!is_repo(repo_of(delivery)))
            return "with.repo is \"" + repo_of(delivery) + "\"; expected owner/name";
        if (action == "comment" && delivery.text("body").empty())
            return std::string("with.body is empty");
        std::string reason = delivery.text("reason");
        if (!reason.empty() && reason != "completed" && reason != "not_planned")
            return "with.reason is \"" + reason + "\"; expected completed or not_planned";
        return std::nullopt;
    }

    std::string repo_of(const sdk::Delivery& delivery) const {
        std::string repo = delivery.text("repo");
        return repo.empty() ? repo_ : repo;
    }

    sdk::Request request(const char* method, const std::string& path) const {
        return sdk::Request(method, url_ + path)
            .bearer(token_)
            .header("Accept", "application/vnd.github+json")
            .header("X-GitHub-Api-Version", "2022-11-28")
            .header("User-Agent", "syncline");
    }

    sdk::Task<Found> find(sdk::Context& ctx, const sdk::Delivery& delivery) {
        std::string reference = delivery.text("reference");
        std::optional<sdk::Link> link = co_await ctx.link("issue", reference);
        if (link) {
            IssueId linked = parse_issue(link->id, repo_of(delivery));
            if (linked.number > 0) co_return Found(linked, true);
        }
        IssueId named = parse_issue(reference, repo_of(delivery));
        if (named.number > 0) co_return Found(named);

        std::string marker = "hub-ref-" + reference;
        std::string query = "repo:" + repo_of(delivery) + " is:issue in:body \"" + marker + "\"";
        std::string path = "/search/issues?q=" + sdk::url_encode(query) + "&per_page=100";
        sdk::Response response = co_await ctx.http(request("GET", path));
        if (auto failed = failure_of(response, "searching the issue", ctx.now_ms(),
                                     delivery.attempt()))
            co_return Found(std::move(*failed));
        Json answer = response.json();
        if (!answer["items"].is_array()) co_return Found(garbled(response, "searching the issue"));
        IssueId matched = oldest(answer["items"], repo_of(delivery), marker);
        if (matched.number > 0) co_return Found(matched);
        bool incomplete = answer["incomplete_results"].as_bool();

        path = "/repos/" + repo_of(delivery) + "/issues?labels=" +
               sdk::url_encode("ext:" + reference) + "&state=all&per_page=100";
        sdk::Response listed = co_await ctx.http(request("GET", path));
        if (auto failed = failure_of(listed, "listing labelled issues", ctx.now_ms(),
                                     delivery.attempt()))
            co_return Found(std::move(*failed));
        Json issues = listed.json();
        if (!issues.is_array()) co_return Found(garbled(listed, "listing labelled issues"));
        IssueId labelled = oldest(issues, repo_of(delivery), "");
        if (labelled.number > 0) co_return Found(labelled);
        co_return Found(missing(delivery, incomplete));
    }

    /// The lowest number of those that mention `marker` (all, when it is empty); pull requests
    /// stand in lists of issues too and are left out.
    static IssueId oldest(const Json& issues, const std::string& repo, const std::string& marker) {
        IssueId best;
        for (const auto& issue : issues.items()) {
            std::int64_t number = issue["number"].as_int64().value_or(0);
            bool fits = marker.empty() || mentions(issue["body"].as_string(), marker);
            if (number < 1 || !fits || issue.find("pull_request")) continue;
            if (best.number == 0 || number < best.number) best = IssueId(repo, number);
        }
        return best;
    }

    static sdk::Outcome missing(const sdk::Delivery& delivery, bool incomplete) {
        std::string reference = delivery.text("reference");
        std::string note = "no issue mentions hub-ref-" + reference + " or has the label ext:" +
                           reference;
        if (incomplete) return sdk::Outcome::retry("GitHub's search was incomplete; " + note);
        if (delivery.text("if_missing") == "skip") return sdk::Outcome::skipped(std::move(note));
        return sdk::Outcome::reject(std::move(note));
    }

    static sdk::Outcome garbled(const sdk::Response& response, const std::string& doing) {
        return sdk::Outcome::retry(doing + " " + response.summary() + " with no list: \"" +
                                   response.excerpt() + "\"");
    }

    /// A failure; one that says the issue is gone also forgets the link that led to it.
    static sdk::Outcome gone_or(sdk::Outcome failed, const sdk::Response& response,
                                const Found& found, const std::string& reference) {
        bool gone = response.status() == 404 || response.status() == 410;
        if (!gone || !found.by_link) return failed;
        return std::move(failed).unlink("issue", reference);
    }

    sdk::Task<sdk::Outcome> close(sdk::Context& ctx, const sdk::Delivery& delivery,
                                  const Found& found) {
        std::string reference = delivery.text("reference");
        std::string name = found.issue.text();
        sdk::Response seen = co_await ctx.http(request("GET", found.issue.path()));
        if (auto failed = failure_of(seen, "reading issue " + name, ctx.now_ms(),
                                     delivery.attempt()))
            co_return gone_or(std::move(*failed), seen, found, reference);
        Json issue = seen.json();
        if (issue["state"].as_string() == "closed")
            co_return sdk::Outcome::skipped("issue " + name + " is already closed")
                .link("issue", reference, name, issue["html_url"].as_string());

        Json change = Json::object();
        change.set("state", "closed");
        std::string reason = delivery.text("reason");
        if (reason.empty()) reason = "completed";
        change.set("state_reason", reason);
        sdk::Request patch = request("PATCH", found.issue.path()).json(change);
        sdk::Response closed = co_await ctx.http(std::move(patch));
        if (auto failed = failure_of(closed, "closing issue " + name, ctx.now_ms(),
                                     delivery.attempt()))
            co_return gone_or(std::move(*failed), closed, found, reference);
        Json after = closed.json();
        if (after["state"].as_string() != "closed") co_return garbled_issue(closed, name);
        co_return sdk::Outcome::delivered("closed issue " + name)
            .link("issue", reference, name, after["html_url"].as_string());
    }

    static sdk::Outcome garbled_issue(const sdk::Response& response, const std::string& name) {
        return sdk::Outcome::retry("closing issue " + name + " " + response.summary() +
                                   " without a closed issue: \"" + response.excerpt() + "\"");
    }

    sdk::Task<sdk::Outcome> comment(sdk::Context& ctx, const sdk::Delivery& delivery,
                                    const Found& found) {
        std::string reference = delivery.text("reference");
        std::string name = found.issue.text();
        std::string marker = "[syncline:" + delivery.id() + "]";
        std::string path = found.issue.path() + "/comments";
        bool look_first = delivery.uncertain() || delivery.attempt() > 1;
        for (int page = 1; look_first && page <= comment_pages_max; ++page) {
            std::string list = path + "?per_page=100&page=" + std::to_string(page);
            sdk::Response listed = co_await ctx.http(request("GET", list));
            if (auto failed = failure_of(listed, "listing comments of " + name, ctx.now_ms(),
                                         delivery.attempt()))
                co_return gone_or(std::move(*failed), listed, found, reference);
            Json comments = listed.json();
            if (!comments.is_array()) co_return garbled(listed, "listing comments of " + name);
            for (const auto& known : comments.items())
                if (known["body"].as_string().find(marker) != std::string::npos)
                    co_return sdk::Outcome::delivered("an earlier attempt commented on " + name)
                        .link("issue", reference, name);
            if (comments.size() < comments_per_page) break;
        }

        Json body = Json::object();
        body.set("body", delivery.text("body") + "\n\n<!-- " + marker + " -->");
        sdk::Request post = request("POST", path).json(body);
        sdk::Response posted = co_await ctx.http(std::move(post));
        if (auto failed = failure_of(posted, "commenting on " + name, ctx.now_ms(),
                                     delivery.attempt()))
            co_return gone_or(std::move(*failed), posted, found, reference);
        co_return sdk::Outcome::delivered("commented on issue " + name)
            .link("issue", reference, name);
    }

    std::string token_;
    std::string repo_;
    std::string url_;
};

}  // namespace
}  // namespace syncline::connector_github

SYNCLINE_CONNECTOR(syncline::connector_github::Github)
