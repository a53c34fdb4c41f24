// Ties writer and reader to one set of options.
#include "core/store/sqlite/sqlite_store.hpp"

#include <utility>

#include "core/store/sqlite/reader.hpp"
#include "core/store/sqlite/writer.hpp"

namespace syncline::store {
namespace {

class SqliteStore final : public Store {
public:
    explicit SqliteStore(SqliteOptions options) : options_(std::move(options)) {}

    Result<std::unique_ptr<Writer>> open_writer() override { return open_sqlite_writer(options_); }
    Result<std::unique_ptr<Reader>> open_reader() override { return open_sqlite_reader(options_); }

private:
    const SqliteOptions options_;
};

}  // namespace

std::unique_ptr<Store> make_sqlite_store(SqliteOptions options) {
    return std::make_unique<SqliteStore>(std::move(options));
}

}  // namespace syncline::store
