// flock rather than fcntl: a POSIX record lock is lost when any descriptor of the file is closed in
// the process, and does not exclude a second store in the same process.
#include "core/store/sqlite/lock_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/text.hpp"

namespace syncline::store {
namespace {

Error io_error(const std::string& path, const char* what) {
    return Error(ErrorCode::io, std::string(what) + ": " + std::strerror(errno), path);
}

/// Who holds the lock, as it wrote it itself; it may be about to.
std::string holder(int file) {
    char text[32];
    ssize_t size = ::pread(file, text, sizeof text, 0);
    std::string_view written(text, size > 0 ? static_cast<std::size_t>(size) : 0);
    auto pid = parse_decimal(trim(written));
    return pid ? "process " + std::to_string(*pid) : std::string("a process that is just starting");
}

}  // namespace

Result<LockFile> LockFile::acquire(const std::string& path) {
    int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (file < 0) return io_error(path, "cannot open the lock file");
    LockFile lock(file);
    int taken = 0;
    do {
        taken = ::flock(file, LOCK_EX | LOCK_NB);
    } while (taken != 0 && errno == EINTR);
    if (taken != 0 && errno == EWOULDBLOCK) {
        return Error(ErrorCode::locked,
                     "another hub has this database open (" + holder(file) + "); stop it first",
                     path);
    }
    if (taken != 0) return io_error(path, "cannot lock the lock file");
    std::string pid = std::to_string(::getpid()) + "\n";
    bool written = ::ftruncate(file, 0) == 0 &&
                   ::pwrite(file, pid.data(), pid.size(), 0) == static_cast<ssize_t>(pid.size());
    // A full disk must not keep a hub from starting: the lock holds without its text.
    if (!written && errno != ENOSPC && errno != EDQUOT)
        return io_error(path, "cannot write the lock file");
    return lock;
}

std::string LockFile::holder_of(const std::string& path) {
    int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) return {};
    LockFile lock(file);
    bool held = ::flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    return held ? holder(file) : std::string();
}

LockFile::LockFile(LockFile&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

LockFile::~LockFile() {
    if (file_ >= 0) ::close(file_);
}

}  // namespace syncline::store
