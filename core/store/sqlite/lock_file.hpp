// The lock that keeps a second hub away from a database: an exclusive flock on "<database>.lock",
// with the holder's process id inside. The kernel frees it when the holder dies, however it dies;
// the file itself stays, because removing it would let two holders lock two different files.
//
// Held for as long as the object lives. No thread affinity.
#pragma once

#include <string>

#include "core/base/result.hpp"

namespace syncline::store {

class LockFile {
public:
    /// ErrorCode::locked names the process that holds it; ErrorCode::io says why there is no lock.
    static Result<LockFile> acquire(const std::string& path);

    /// Who holds the lock now ("process 123"); empty when nobody does. Changes nothing.
    static std::string holder_of(const std::string& path);

    LockFile(LockFile&& other) noexcept;
    LockFile& operator=(LockFile&&) = delete;
    ~LockFile();

private:
    explicit LockFile(int file) : file_(file) {}
    int file_;
};

}  // namespace syncline::store
