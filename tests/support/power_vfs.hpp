// What a disk may hold after a power cut: PowerVfs records what a store does to its files, CutDisk
// gives the files as a cut after any recorded operation could have left them.
//
// The model is harsher than any one file system. Bytes are safe after a sync of their file; names
// (of files made or deleted) after a sync of the folder; all else may be kept, lost, torn at
// 512-byte sectors or applied in another order, each file and each name by itself. A failing sync
// loses what it was to write, for good: later syncs pass over it, as Linux marks such pages clean.
// One promise is granted, which SQLite asks for ("powersafe overwrite"): bytes that a write does
// not change keep their value. The log's index (-shm) is not recorded: no answer may depend on it.
//
// One thread. A CutDisk must not outlive its operations.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/fault_vfs.hpp"

namespace syncline::testing_support {

struct DiskOperation {
    enum class Kind { found, create, write, truncate, sync, failed_sync, remove, sync_folder };
    Kind kind = Kind::sync;
    std::string name;        // without its folder; empty for sync_folder
    std::size_t file = 0;    // a name that is deleted and made anew is another file
    std::int64_t at = 0;     // of a write; of a truncate the size
    std::string bytes;       // of a write; of a file that was found
};

class PowerVfs final : private DiskWatcher {
public:
    PowerVfs() : faults_(this) {}

    const std::string& name() const { return faults_.name(); }
    FaultVfs& faults() { return faults_; }
    const std::vector<DiskOperation>& operations() const { return operations_; }

private:
    void on_open(const std::string& path) override;
    void on_write(const std::string& path, std::string_view bytes, std::int64_t at) override;
    void on_truncate(const std::string& path, std::int64_t size) override;
    void on_sync(const std::string& path, bool succeeded) override;
    void on_delete(const std::string& path) override;
    void on_folder_sync() override;
    DiskOperation& record(DiskOperation::Kind kind, const std::string& path);

    std::vector<DiskOperation> operations_;
    std::map<std::string, std::size_t> files_;   // by name, those that exist
    std::size_t file_count_ = 0;
    FaultVfs faults_;
};

/// What becomes of the operations that no sync has made safe.
enum class Unsynced {
    kept,        // all of them: the process died, the disk lives
    dropped,     // none of them
    some,        // each whole or not at all
    torn,        // each sector of each write or not
    reordered,   // some of them, in another order
    scribbled,   // as torn, and in some of the sectors noise where they would have changed
};
inline constexpr Unsynced all_unsynced[] = {Unsynced::kept, Unsynced::dropped, Unsynced::some,
                                            Unsynced::torn, Unsynced::reordered,
                                            Unsynced::scribbled};
const char* unsynced_name(Unsynced unsynced);

/// Syncs that report success and do nothing: faults to be found.
struct LyingSyncs {
    bool of_logs = false;
    bool of_others = false;   // the database and its journal
    bool of_folder = false;
};

class CutDisk {
public:
    explicit CutDisk(const std::vector<DiskOperation>& operations, LyingSyncs lies = LyingSyncs())
        : operations_(operations), lies_(lies) {}

    /// Has the first `count` operations happen; goes forward only.
    void run_to(std::size_t count);
    /// The folder's files by name, as a cut now could leave them. Equal seeds, equal files.
    std::map<std::string, std::string> cut(Unsynced unsynced, std::uint64_t seed) const;

private:
    struct File {
        std::string safe;
        std::vector<const DiskOperation*> unsafe;
    };
    struct Name {
        static constexpr std::size_t none = static_cast<std::size_t>(-1);
        std::size_t safe = none;
        std::vector<std::size_t> unsafe;
    };
    void happen(const DiskOperation& operation);
    std::string contents(const File& file, Unsynced unsynced, std::mt19937_64& random) const;

    const std::vector<DiskOperation>& operations_;
    const LyingSyncs lies_;
    std::size_t done_ = 0;
    std::map<std::size_t, File> files_;
    std::map<std::string, Name> names_;
};

}  // namespace syncline::testing_support
