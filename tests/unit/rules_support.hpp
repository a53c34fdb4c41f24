// Short ways to say a case about rules: JSON from text, match, explain, render. Tests only.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "rules/rules.hpp"

namespace syncline::rules {

/// A case with broken JSON is itself broken: the test fails and goes on with null.
inline Json json(std::string_view text) {
    JsonError error;
    auto value = Json::parse(text, &error);
    EXPECT_TRUE(value.has_value()) << error.message << " in " << text;
    return value.value_or(Json());
}

inline Pattern pattern(std::string_view text) {
    auto compiled = Pattern::compile(json(text));
    if (auto* fault = std::get_if<Fault>(&compiled)) {
        ADD_FAILURE() << fault->path << ": " << fault->message << " in " << text;
        return Pattern();
    }
    return std::get<Pattern>(std::move(compiled));
}

/// Also checks that explain agrees with the match.
inline bool matches(std::string_view pattern_text, std::string_view event_text,
                    std::int64_t now_ms = 0) {
    auto compiled = pattern(pattern_text);
    auto event = json(event_text);
    bool held = compiled.matches(event, now_ms);
    EXPECT_EQ(held, !compiled.explain(event, now_ms).has_value()) << pattern_text << " " << event_text;
    return held;
}

inline Fault pattern_fault_of(const Json& written) {
    auto compiled = Pattern::compile(written);
    if (auto* fault = std::get_if<Fault>(&compiled)) return *fault;
    ADD_FAILURE() << "accepted: " << written.dump();
    return Fault();
}

inline Fault pattern_fault(std::string_view text) { return pattern_fault_of(json(text)); }

inline Rendered rendered(std::string_view text, std::string_view scope,
                         const RenderOptions& options = RenderOptions()) {
    auto compiled = Template::compile(text);
    if (auto* fault = std::get_if<Fault>(&compiled)) return *fault;
    return std::get<Template>(compiled).render(json(scope), options);
}

/// The JSON text of what a template renders; on a fault its message, marked.
inline std::string value_of(std::string_view text, std::string_view scope = "{}",
                            const RenderOptions& options = RenderOptions()) {
    auto made = rendered(text, scope, options);
    if (auto* fault = std::get_if<Fault>(&made)) return "FAULT " + fault->message;
    return std::get<Json>(made).dump();
}

/// The text of what a template renders.
inline std::string text_of(std::string_view text, std::string_view scope = "{}") {
    auto made = rendered(text, scope);
    if (auto* fault = std::get_if<Fault>(&made)) return "FAULT " + fault->message;
    return std::get<Json>(made).as_string();
}

/// "line:column message" of the fault that compiling or rendering gives.
inline std::string place_of_fault(std::string_view text, std::string_view scope = "{}",
                                  const RenderOptions& options = RenderOptions()) {
    auto made = rendered(text, scope, options);
    auto* fault = std::get_if<Fault>(&made);
    if (!fault) return "rendered " + std::get<Json>(made).dump();
    return std::to_string(fault->line) + ":" + std::to_string(fault->column) + " " + fault->message;
}

}  // namespace syncline::rules
