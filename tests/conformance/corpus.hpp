// What the parts of the corpus runner share: the tally, and one function for each form of case.
// The forms are told apart by their members, never by a file's name; see corpus.cpp.
//
// One thread. Texts of patterns and events are parsed as they stand, strictly.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/sdk/json.hpp"

namespace syncline::corpus {

/// Counts cases; a failure is one line on standard output.
class Tally {
public:
    /// Where the cases that follow stand: "rules.jsonl:12".
    void at(std::string place) { place_ = std::move(place); }
    void pass() { ++passed_; }
    void skip() { ++skipped_; }
    void fail(const std::string& message);
    /// A case is judged by its first fault; none is a pass.
    void judge(const std::string& fault) { fault.empty() ? pass() : fail(fault); }
    /// A case that has no one right answer: what was looked at instead is said in the end.
    void undecided() { ++undecided_; }

    /// The notes and, last, "N passed, N failed[, N skipped]"; true when nothing failed.
    bool print() const;

private:
    std::string place_;
    std::size_t passed_ = 0, failed_ = 0, skipped_ = 0, undecided_ = 0;
};

/// The project's own answers to pairs on which engines disagree: pattern, NUL, event → answer.
using Decisions = std::map<std::string, Json>;
std::string decision_key(const Json& item);

// --- Rules (corpus_rules.cpp) ---------------------------------------------------------------------

/// {"pattern", "event", "match"}: alone, in a set of one, and by explain.
void run_triple(const Json& item, Tally& tally);
/// {"patterns", "events": [{"event", "expected"}]}: each event is a case.
void run_set(const Json& item, Tally& tally);
/// {"patterns", "event", "expected" | "pattern_1_alone" | "target", "target_alone"}: in all orders.
void run_crossrule(const Json& item, Tally& tally);
/// {"pattern", "reason"}: must be refused.
void run_invalid(const Json& item, Tally& tally);
/// {"pattern", "event", "ruler", "quamina"}: by our decision; without one, that the answer is the
/// same alone and in company.
void run_quirk(const Json& item, const Decisions& decisions, Tally& tally);

// --- Templates (corpus_liquid.cpp) ----------------------------------------------------------------

/// One test of {"tests": [{"name", "template", "data", "result" | "results" | "invalid"}]}.
void run_liquid(const Json& item, Tally& tally);

}  // namespace syncline::corpus
