// A stand-in for Notion's API, in its 2022-06-28 edition (a database is one table) and its
// 2025-09-03 one (a database holds data sources): databases, queries, pages, blocks.
//
// Facts: Notion's SDK types, its pages "Request limits", "Status codes" and "Upgrade guide
// 2025-09-03", and error texts that users published. There is no upsert and no unique property; a
// query by an unknown property, more than 100 children, more than two levels of them, a text over
// 2,000 characters and a body over 500 KB are refused.
//
// Tables: databases {ID: {"title": "…", "data_source": ID, "properties": {NAME: {"type": …}}}},
// pages, blocks. A new one holds database kNotionDatabase with Name (title), "Attio ID"
// (rich_text), Stage (select), URL (url). Knobs: per_second, burst, index_lag_ms (queries see a
// page that long after it was made).
#pragma once

#include "tests/standins/rate.hpp"
#include "tests/standins/standin.hpp"

namespace syncline::standins {

inline constexpr const char* kNotionDatabase = "64617461-0000-4000-8000-0000000000db";
inline constexpr const char* kNotionDataSource = "64617461-0000-4000-8000-0000000000d5";

class Notion final : public Standin {
public:
    Notion(const Clock& clock, StandinOptions options);

protected:
    std::optional<HttpResponse> guard(const Call& call) override;
    HttpResponse error_form(unsigned status, const std::string& message) override;
    std::vector<std::string> summary_lines() override;

private:
    HttpResponse refuse(unsigned status, const std::string& code, const std::string& message);
    HttpResponse not_found(const std::string& kind, const std::string& id);
    /// The database with that id, or with that data source, as the version of the call names it.
    const Json* database_of(const Call& call, const std::string& id);
    const Json* database_by_parent(const Call& call, const Json& parent);
    HttpResponse get_database(const Call& call);
    HttpResponse query(const Call& call);
    HttpResponse create_page(const Call& call);
    HttpResponse update_page(const Call& call);
    HttpResponse list_children(const Call& call);
    HttpResponse append_children(const Call& call);
    HttpResponse delete_block(const Call& call);
    Json page_form(const Call& call, const std::string& id);
    /// Stores `children` under `parent` and returns the top-level ones as they are now.
    Json add_blocks(const std::string& parent, const Json& children, const std::string& after);
    bool modern(const Call& call) const;

    Bucket bucket_;
};

// notion_blocks.cpp: forms that several answers share.

inline constexpr std::size_t kNotionBlocksMax = 1000;  // in one request, all levels
Json notion_list(Json results, bool more, Json cursor);
/// `wanted`, within 1 and 100.
std::size_t notion_page_size(const Json& wanted);
/// Notion takes ids without dashes too.
std::string notion_id(const std::string& id);

// notion_checks.cpp: what the API refuses, as the sentence it answers; empty when all is good.

std::string check_children(const Json& children, const std::string& path, int level);
std::string check_rich_text(const Json& list, const std::string& path);
std::string check_properties(const Json& schema, const Json& properties);
/// Whether the page's stored properties pass `filter`. Nothing, and `*why` filled, when the filter
/// names an unknown property or operator.
std::optional<bool> passes_filter(const Json& schema, const Json& filter, const Json& properties,
                                  std::string* why);
std::size_t block_count(const Json& children);
/// The text of a rich text or title value.
std::string plain_text(const Json& rich_text);

}  // namespace syncline::standins
