// A snapshot held open while its pages are copied, so that commits beside it change nothing of it.
// The copy is written under a name of its own, and not synced while it grows: until it has its final
// name it may be thrown away. It is left in the plain journal mode, one file without companions.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include "core/store/sqlite/care.hpp"
#include "core/store/sqlite/db.hpp"
#include "core/store/sqlite/open.hpp"

namespace syncline::store {
namespace {

constexpr int pages_a_step = 1024;   // 4 MiB: progress is shown some tens of times a second

Error io_error(const std::string& path, const std::string& what, int reason) {
    bool full = reason == ENOSPC || reason == EDQUOT;
    return Error(full ? ErrorCode::disk_full : ErrorCode::io,
                 what + ": " + std::strerror(reason), path);
}

/// A file under a name that nobody else has; gone with the object unless it was given its name.
class PartFile {
public:
    static Result<PartFile> make(const std::string& target) {
        std::string path = target + ".part.XXXXXX";
        int file = ::mkstemp(path.data());   // readable by its owner alone
        if (file < 0) return io_error(target, "cannot write the backup there", errno);
        ::close(file);
        return PartFile(std::move(path));
    }
    PartFile(PartFile&& other) noexcept : path_(std::exchange(other.path_, std::string())) {}
    PartFile& operator=(PartFile&&) = delete;
    ~PartFile() {
        if (path_.empty()) return;
        for (const char* suffix : {"", "-wal", "-shm", "-journal"})
            ::unlink((path_ + suffix).c_str());
    }
    const std::string& path() const { return path_; }

    /// Synced first: a name must never stand for less than the whole.
    Result<void> become(const std::string& target) {
        auto safe = sync_path(path_, O_RDONLY);
        if (!safe) return safe;
        if (::rename(path_.c_str(), target.c_str()) != 0)
            return io_error(target, "cannot name the backup", errno);
        path_.clear();
        std::string folder = std::filesystem::path(target).parent_path().string();
        return sync_path(folder, O_RDONLY | O_DIRECTORY);
    }

private:
    explicit PartFile(std::string path) : path_(std::move(path)) {}
    static Result<void> sync_path(const std::string& path, int flags) {
        int file = ::open(path.c_str(), flags | O_CLOEXEC);
        bool synced = file >= 0 && ::fsync(file) == 0;
        int reason = errno;
        if (file >= 0) ::close(file);
        if (!synced) return io_error(path, "cannot sync the backup", reason);
        return {};
    }
    std::string path_;
};

/// Where the backup may go, or why not.
Result<std::string> usable_target(const std::string& source, const BackupOrder& order) {
    auto target = resolve_path(order.target);
    if (!target) {
        std::string folder = std::filesystem::path(order.target).parent_path().string();
        return Error(ErrorCode::io, order.target.empty() ? "name the backup's file"
                                                         : "the directory " + folder +
                                                               " does not exist", order.target);
    }
    if (*target == source)
        return Error(ErrorCode::invalid_argument, "the backup would replace the store itself",
                     *target);
    struct stat found {};
    if (::stat(target->c_str(), &found) != 0) return target;
    if (S_ISDIR(found.st_mode))
        return Error(ErrorCode::io, "is a directory; name a file in it", *target);
    if (!S_ISREG(found.st_mode)) return Error(ErrorCode::io, "is not a regular file", *target);
    if (::access((*target + "-wal").c_str(), F_OK) == 0)
        return Error(ErrorCode::already_exists,
                     "a write-ahead log stands beside it: it is a database in use, not a backup",
                     *target);
    if (!order.overwrite)
        return Error(ErrorCode::already_exists, "exists; --force replaces it", *target);
    return target;
}

Result<void> copy_pages(Db& from, const std::string& path, const BackupOrder& order,
                        const std::string& vfs) {
    auto to = Db::open(path, OpenMode::read_write, vfs);
    if (!to) return to.error();
    auto set = to->run("PRAGMA synchronous=OFF");
    if (!set) return set;
    auto copy = DbCopy::begin(*to, from);
    if (!copy) return copy.error();
    for (;;) {
        auto done = copy->step(pages_a_step);
        if (!done) return done.error();
        if (*done) return {};
        if (order.progress) order.progress(copy->pages() - copy->pages_left(), copy->pages());
    }
}

/// The copy as the next process would find it.
Result<void> check_copy(const std::string& path, const std::string& vfs) {
    auto db = Db::open(path, OpenMode::read_write, vfs);
    if (!db) return db.error();
    auto mode = db->text("PRAGMA journal_mode=DELETE");
    if (!mode) return mode.error();
    auto verdict = db->text("PRAGMA integrity_check(1)");
    if (!verdict) return verdict.error();
    if (*verdict == "ok") return {};
    return Error(ErrorCode::corrupt, "the store is damaged, and so would be its backup: " + *verdict);
}

}  // namespace

Result<std::int64_t> back_up(const SqliteOptions& source, const BackupOrder& order) {
    auto path = resolve_path(source.path);
    if (!path) return path.error();
    auto target = usable_target(*path, order);
    if (!target) return target.error();
    auto from = open_for_reading(*path, source);
    if (!from) return from.error();
    auto begun = from->run("BEGIN");
    auto seen = from->integer("SELECT count(*) FROM sqlite_schema");   // takes the snapshot
    if (!begun) return begun.error();
    if (!seen) return seen.error();
    auto part = PartFile::make(*target);
    if (!part) return part.error();
    auto done = copy_pages(*from, part->path(), order, source.vfs);
    if (done) done = from->run("COMMIT");   // the log may be cut back again
    if (done) done = check_copy(part->path(), source.vfs);
    if (!done) return Error(done.error().code, done.error().message, *target);
    auto named = part->become(*target);
    if (!named) return named.error();
    std::error_code failed;
    auto bytes = std::filesystem::file_size(*target, failed);
    return failed ? std::int64_t(0) : static_cast<std::int64_t>(bytes);
}

}  // namespace syncline::store
