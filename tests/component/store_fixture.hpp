// What the store's tests share: a home for a database that can be opened again and again, short
// ways to make writes, and a commit that fails the test with the store's own words.
//
// The conformance suite knows no implementation: it gets its stores from a StoreHome, so a second
// implementation runs the same suite by one more factory.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "core/store/sqlite/sqlite_store.hpp"
#include "core/store/store.hpp"

namespace syncline::store {

inline constexpr std::int64_t start_ms = 1'767'225'600'000;   // 2026-01-01T00:00:00Z
inline constexpr std::int64_t hour_ms = 3'600'000;
inline constexpr std::int64_t day_ms = 24 * hour_ms;

/// Where one test's data lives. open() may be called again: the data is still there.
class StoreHome {
public:
    virtual ~StoreHome() = default;
    virtual std::unique_ptr<Store> open(std::int64_t dedupe_window_ms) = 0;
};

struct StoreFactory {
    std::string name;
    std::function<std::unique_ptr<StoreHome>()> make;
};

/// Else GoogleTest prints, and CTest names, its bytes.
inline void PrintTo(const StoreFactory& factory, std::ostream* out) {
    *out << factory.name;
}

/// A directory of its own, gone with the object. In memory where the system has that: these tests
/// make thousands of commits, and none is about what a disk does in a power cut.
class TemporaryFolder {
public:
    TemporaryFolder() {
        std::filesystem::path in_memory("/dev/shm");
        bool usable = ::access(in_memory.c_str(), W_OK) == 0;
        auto parent = usable ? in_memory : std::filesystem::temp_directory_path();
        std::string pattern = (parent / "syncline.XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }
    std::string file(const std::string& name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

class SqliteHome final : public StoreHome {
public:
    std::unique_ptr<Store> open(std::int64_t dedupe_window_ms) override {
        SqliteOptions options;
        options.path = path();
        options.dedupe_window_ms = dedupe_window_ms;
        return make_sqlite_store(options);
    }
    std::string path() const { return folder_.file("syncline.db"); }

private:
    TemporaryFolder folder_;
};

/// Every implementation there is: the suites over the interface run once for each.
inline std::vector<StoreFactory> all_stores() {
    return {StoreFactory{"sqlite", [] { return std::make_unique<SqliteHome>(); }}};
}

inline std::string store_name(const testing::TestParamInfo<StoreFactory>& which) {
    return which.param.name;
}

inline Delivery make_delivery(std::string destination, std::string rule = "rule") {
    Delivery delivery;
    delivery.rule = std::move(rule);
    delivery.destination = std::move(destination);
    delivery.action = "upsert";
    delivery.lane = "lane";
    return delivery;
}

/// An event whose id and key are `key`.
inline Accept make_accept(const std::string& key, std::vector<Delivery> deliveries = {},
                          const std::string& source = "attio") {
    Accept accept;
    accept.dedupe_key = key;
    accept.event = std::make_shared<Event>();
    accept.event->id = source + "-" + key;
    accept.event->source = source;
    accept.event->type = "record.created";
    accept.event->subject = "subject-" + key;
    accept.event->received_ms = start_ms;
    accept.event->payload = "{\"key\":\"" + key + "\"}";
    accept.deliveries = std::move(deliveries);
    return accept;
}

inline AcceptRequest make_request(std::vector<Accept> accepts) {
    AcceptRequest request;
    request.accepts = std::move(accepts);
    return request;
}

inline AcceptRequest one_event(const std::string& key, std::vector<Delivery> deliveries = {}) {
    std::vector<Accept> accepts;
    accepts.push_back(make_accept(key, std::move(deliveries)));
    return make_request(std::move(accepts));
}

inline Settlement make_settlement(std::uint64_t delivery_id, DeliveryState state,
                                  std::uint32_t attempts = 1) {
    Settlement settlement;
    settlement.delivery_id = delivery_id;
    settlement.state = state;
    settlement.attempts = attempts;
    return settlement;
}

inline Link make_link(const std::string& source_id, const std::string& id) {
    Link link;
    link.destination = "crm";
    link.kind = "deal";
    link.source_id = source_id;
    link.id = id;
    return link;
}

inline Result<std::vector<WriteResult>> try_commit(Writer& writer, std::vector<Write>& writes,
                                                   std::int64_t now_ms = start_ms) {
    std::vector<Write*> pointers;
    for (auto& write : writes) pointers.push_back(&write);
    return writer.commit(pointers, now_ms);
}

inline std::vector<WriteResult> commit(Writer& writer, std::vector<Write> writes,
                                       std::int64_t now_ms = start_ms) {
    auto results = try_commit(writer, writes, now_ms);
    if (results) return std::move(*results);
    ADD_FAILURE() << "commit: " << results.error().text();
    return std::vector<WriteResult>(writes.size());
}

inline WriteResult commit_one(Writer& writer, Write write, std::int64_t now_ms = start_ms) {
    std::vector<Write> writes;
    writes.push_back(std::move(write));
    return std::move(commit(writer, std::move(writes), now_ms).front());
}

/// The value, or a failed test and an empty one.
template <class T>
T good(Result<T> result) {
    if (result) return std::move(*result);
    ADD_FAILURE() << result.error().text();
    return T();
}

inline std::uint64_t count_of(Reader& reader, const std::string& name) {
    for (auto& [known, value] : good(reader.counts()))
        if (known == name) return value;
    ADD_FAILURE() << "no count named " << name;
    return 0;
}

inline Filter everything() {
    Filter filter;
    filter.limit = 100'000;
    return filter;
}

/// A store of the factory under test, opened once, to be opened again by a test.
class StoreConformance : public testing::TestWithParam<StoreFactory> {
protected:
    void SetUp() override {
        home_ = GetParam().make();
        open();
    }

    void open(std::int64_t window_ms = 7 * day_ms) {
        reader_.reset();
        writer_.reset();
        store_ = home_->open(window_ms);
        writer_ = good(store_->open_writer());
        reader_ = good(store_->open_reader());
    }

    /// Stores one event with one delivery to "crm" and gives the delivery's id.
    std::uint64_t one_delivery(const std::string& key) {
        auto result = commit_one(*writer_, one_event(key, {make_delivery("crm")}));
        return result.stored.at(0).deliveries.at(0).id;
    }

    Delivery delivery(std::uint64_t id) {
        Filter filter;
        filter.id = id;
        auto rows = good(reader_->deliveries(filter));
        EXPECT_EQ(rows.size(), 1u);
        return rows.empty() ? Delivery() : rows.front().delivery;
    }

    std::size_t event_count() { return good(reader_->events(everything())).size(); }

    std::unique_ptr<StoreHome> home_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<Writer> writer_;
    std::unique_ptr<Reader> reader_;
};

}  // namespace syncline::store
