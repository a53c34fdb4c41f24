// Which stored events have become old, and what goes of each. One chunk a call: one short transaction,
// bounded in rows and bytes.
//
// What is pending keeps everything. So does a dead letter in a lane where others may still wait
// behind it. Of all other events
// - the payload goes when the event is older than `payloads`, and so are the last attempts of its
//   dead letters: until then a dead letter can be repeated;
// - attempts go when they are older than `attempts`, but not before a dead letter's payload may;
// - event and deliveries go when they, and what attempts are left, are older than both.
// Links and dedupe keys have lives of their own.
//
// A pass walks over the events in order and stops at the first that is young; it goes on from there
// later. Once a day it starts anew, for what was pending when it came by. Writer's thread.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/result.hpp"
#include "core/store/sqlite/db.hpp"

namespace syncline::store {

struct RetentionTimes {
    std::int64_t payloads_ms = 0;
    std::int64_t attempts_ms = 0;
};

class Retention {
public:
    explicit Retention(RetentionTimes times) : times_(times) {}

    /// True when it did something, or has more to look at.
    Result<bool> run(Db& db, std::int64_t now_ms);

private:
    struct Pass {
        std::uint64_t done = 0;         // the last event that was looked at
        std::int64_t begun_ms = 0;      // when it started from the first one
        std::int64_t rested_ms = 0;     // when nothing old was left
    };
    Result<bool> run_pass(Db& db, Pass& pass, std::int64_t age_ms, std::int64_t now_ms);

    const RetentionTimes times_;
    Pass early_;    // at the age at which the first thing goes
    Pass late_;     // at the age at which the rows go
};

}  // namespace syncline::store
