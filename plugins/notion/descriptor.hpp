// What the connector says of itself; see syncline_plugin.describe. Data only.
#pragma once

namespace syncline::connector_notion {

inline constexpr const char* descriptor = R"json({
  "name": "notion",
  "version": "1.0.0",
  "summary": "Notion: creates and rewrites pages of a database by an external id",
  "roles": ["destination"],
  "settings": {
    "type": "object",
    "additionalProperties": false,
    "required": ["token"],
    "properties": {
      "token": {"type": "string", "secret": true, "description": "integration token; share the database with it"},
      "api_url": {"type": "string", "default": "https://api.notion.com"},
      "version": {"type": "string", "enum": ["2022-06-28", "2025-09-03"], "default": "2022-06-28", "description": "Notion-Version; from 2025-09-03 databases have data sources"},
      "key_property": {"type": "string", "default": "Attio ID", "description": "a text property that holds the external id"},
      "title_property": {"type": "string", "description": "default: the database's property of type title"}
    }
  },
  "actions": {
    "upsert_page": {
      "summary": "Creates the page, or rewrites the one with the same key",
      "idempotent": true,
      "coalesces": true,
      "input": {
        "type": "object",
        "additionalProperties": false,
        "required": ["database", "key", "title"],
        "properties": {
          "database": {"type": "string", "description": "the database's id"},
          "data_source": {"type": "string", "description": "its data source, when it has several"},
          "key": {"type": ["string", "integer"], "description": "the external id"},
          "title": {"type": ["string", "number"]},
          "markdown": {"type": "string", "description": "the page's content"},
          "properties": {"description": "further properties by name, plain values or Notion's form"}
        }
      }
    }
  },
  "rate": "3/s",
  "concurrency": 3
})json";

}  // namespace syncline::connector_notion
