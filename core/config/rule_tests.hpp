// Tests of rules as data: what a user writes to see that an event leads to the right actions. Reads
// and checks such a file; running the tests is the caller's.
//
// Rules stand in the file itself (sources, destinations and documents are then taken as they are
// named) or in the hub file that `config` names. Values in, values out; any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.hpp"
#include "core/config/source_text.hpp"
#include "core/model/event.hpp"

namespace syncline::config {

/// What is expected of one send. What is left out is not compared.
struct ExpectedAction {
    std::string rule;
    std::string to;
    std::string action;
    std::optional<Json> with;       // the whole of it
    std::optional<std::string> lane;
    Place place;
    Place rule_place, to_place, action_place;   // line 0: not written
};

struct RuleTest {
    std::string name;
    Place place;                    // of the name, or of the test
    Event event;                    // its source is empty when the file names none
    std::string body;               // what the source sends, instead of an event of its own
    std::vector<std::pair<std::string, std::string>> headers;   // with `body`
    std::int64_t now_ms = 0;
    Json documents = Json::object();            // "attio.record" → the document
    std::vector<ExpectedAction> expect;         // in any order
    std::optional<std::string> expect_error;    // part of the message that rendering ends with
};

struct RuleTests {
    std::string config;             // the hub file, as seen from this file's folder; may be empty
    Place config_place;
    std::map<std::string, std::string> environment;   // stands before the process's own
    std::optional<HubConfig> hub;   // of the file's own rules
    std::vector<RuleTest> tests;
};

struct LoadedTests {
    std::optional<RuleTests> tests;     // absent when any problem is an error
    std::vector<Problem> problems;      // errors and warnings, by place
};

/// Reads and checks `text`. Of `context`, connectors are not used.
LoadedTests load_rule_tests(std::string_view text, const LoadContext& context);

/// The problem that `word`, which stands at `place`, is none of `names`: "there is no rule …".
Problem unknown_name(const char* what, std::string_view word, const Place& place,
                     const std::vector<std::string>& names);

}  // namespace syncline::config
