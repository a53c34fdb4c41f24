// A Filter as SQL: the text of the query and its parameters, chosen so that one index leads and the
// rows come newest first without a sort. Pure; sets no limit of its own.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/base/result.hpp"
#include "core/store/sqlite/db.hpp"
#include "core/store/store.hpp"

namespace syncline::store {

struct Query {
    std::string sql;
    std::vector<std::variant<std::int64_t, std::string>> parameters;

    Query() = default;
    /// `parameters` must live until the statement is reset.
    void bind_to(Stmt& statement) const;
};

/// Rows: the columns of an event. ErrorCode::invalid_argument names a state that does not exist.
Result<Query> events_query(const Filter& filter);
/// Rows: the columns of a delivery, then its event's id, type, source, subject and
/// payload state.
Result<Query> deliveries_query(const Filter& filter);

}  // namespace syncline::store
