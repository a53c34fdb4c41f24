// A VFS for SQLite that passes everything on to the system's and fails when told to: the n-th
// operation that changes a file (write, sync, truncate, delete), once or from then on.
//
// Registered under a name of its own for as long as the object lives; stores opened over it must be
// gone before. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace syncline::testing_support {

enum class Fault {
    io_error,      // nothing is written
    disk_full,     // nothing is written
    short_write,   // half of it is written, then an I/O error; other operations: io_error
    failed_sync,   // only syncs count and fail
};

/// Is told of every change that reached a file, in order, and of the syncs. `path` is SQLite's.
class DiskWatcher {
public:
    virtual ~DiskWatcher() = default;
    /// Before the file is opened.
    virtual void on_open(const std::string& path) = 0;
    virtual void on_write(const std::string& path, std::string_view bytes, std::int64_t at) = 0;
    virtual void on_truncate(const std::string& path, std::int64_t size) = 0;
    virtual void on_sync(const std::string& path, bool succeeded) = 0;
    virtual void on_delete(const std::string& path) = 0;
    /// The entries of the folder were synced.
    virtual void on_folder_sync() = 0;
};

class FaultVfs {
public:
    /// `watcher`, if any, must outlive the object.
    explicit FaultVfs(DiskWatcher* watcher = nullptr);
    ~FaultVfs();
    FaultVfs(const FaultVfs&) = delete;
    FaultVfs& operator=(const FaultVfs&) = delete;

    const std::string& name() const;
    /// The n-th operation from now (from 1) fails; with `stays`, all after it too.
    void fail_at(int n, Fault fault, bool stays = false);
    void heal();
    /// True once the armed fault has struck.
    bool struck() const;
    /// Syncs of write-ahead logs so far.
    std::int64_t log_syncs() const;

    struct State;

private:
    std::unique_ptr<State> state_;
};

}  // namespace syncline::testing_support
