// The wrapping follows SQLite's contract for a VFS shim: a file object of ours holds the system's
// file right behind it, and its methods pass on to that.
#include "tests/support/fault_vfs.hpp"

#include <sqlite3.h>

#include <new>

namespace syncline::testing_support {

struct FaultVfs::State {
    sqlite3_vfs vfs{};
    sqlite3_vfs* real = nullptr;
    std::string name;
    Fault fault = Fault::io_error;
    int countdown = 0;   // 0: not armed
    bool stays = false;
    bool struck = false;
    std::int64_t log_syncs = 0;
    DiskWatcher* watcher = nullptr;

    /// Counts one operation; true when it is to fail.
    bool strikes(bool is_sync) {
        if (fault == Fault::failed_sync && !is_sync) return false;
        if (struck && stays) return true;
        if (countdown == 0 || --countdown > 0) return false;
        struck = true;
        return true;
    }
    int code(int io_code) const { return fault == Fault::disk_full ? SQLITE_FULL : io_code; }
};

namespace {

using State = FaultVfs::State;

struct FaultFile {
    sqlite3_file base;
    State* state;
    bool is_log;
    bool syncs_folder;   // the system's VFS does so with the first sync of a journal or log
    const char* path;    // SQLite keeps it while the file is open; null for a temporary file
    /// Whom to tell, if anybody.
    DiskWatcher* watcher() const { return path == nullptr ? nullptr : state->watcher; }
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

FaultFile* ours(sqlite3_file* file) {
    return reinterpret_cast<FaultFile*>(file);
}
sqlite3_file* real(sqlite3_file* file) {
    return ours(file)->real();
}
const sqlite3_io_methods* methods(sqlite3_file* file) {
    return real(file)->pMethods;
}

int file_close(sqlite3_file* file) {
    return methods(file)->xClose(real(file));
}
int file_read(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
    return methods(file)->xRead(real(file), to, size, at);
}
int file_write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
    State& state = *ours(file)->state;
    bool struck = state.strikes(false);
    if (struck) size = state.fault == Fault::short_write ? size / 2 : 0;
    int code = size == 0 ? SQLITE_OK : methods(file)->xWrite(real(file), from, size, at);
    if (code == SQLITE_OK && size > 0 && ours(file)->watcher() != nullptr) {
        std::string_view bytes(static_cast<const char*>(from), static_cast<std::size_t>(size));
        ours(file)->watcher()->on_write(ours(file)->path, bytes, at);
    }
    return struck ? state.code(SQLITE_IOERR_WRITE) : code;
}
int file_truncate(sqlite3_file* file, sqlite3_int64 size) {
    if (ours(file)->state->strikes(false)) return SQLITE_IOERR_TRUNCATE;
    int code = methods(file)->xTruncate(real(file), size);
    if (code == SQLITE_OK && ours(file)->watcher() != nullptr)
        ours(file)->watcher()->on_truncate(ours(file)->path, size);
    return code;
}
int file_sync(sqlite3_file* file, int flags) {
    State& state = *ours(file)->state;
    if (ours(file)->is_log) ++state.log_syncs;
    bool struck = state.strikes(true);
    int code = struck ? state.code(SQLITE_IOERR_FSYNC) : methods(file)->xSync(real(file), flags);
    DiskWatcher* watcher = ours(file)->watcher();
    if (watcher == nullptr) return code;
    watcher->on_sync(ours(file)->path, code == SQLITE_OK);
    if (code == SQLITE_OK && ours(file)->syncs_folder) {
        watcher->on_folder_sync();
        ours(file)->syncs_folder = false;
    }
    return code;
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
    return methods(file)->xFileSize(real(file), size);
}
int file_lock(sqlite3_file* file, int lock) {
    return methods(file)->xLock(real(file), lock);
}
int file_unlock(sqlite3_file* file, int lock) {
    return methods(file)->xUnlock(real(file), lock);
}
int file_reserved(sqlite3_file* file, int* out) {
    return methods(file)->xCheckReservedLock(real(file), out);
}
int file_control(sqlite3_file* file, int what, void* argument) {
    return methods(file)->xFileControl(real(file), what, argument);
}
int sector_size(sqlite3_file* file) {
    return methods(file)->xSectorSize(real(file));
}
int characteristics(sqlite3_file* file) {
    return methods(file)->xDeviceCharacteristics(real(file));
}
int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
    return methods(file)->xShmMap(real(file), page, size, extend, out);
}
int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
    return methods(file)->xShmLock(real(file), offset, count, flags);
}
void shm_barrier(sqlite3_file* file) {
    methods(file)->xShmBarrier(real(file));
}
int shm_unmap(sqlite3_file* file, int remove) {
    return methods(file)->xShmUnmap(real(file), remove);
}

constexpr sqlite3_io_methods file_methods = {
    2,           file_close,   file_read,    file_write,    file_truncate, file_sync,
    file_size,   file_lock,    file_unlock,  file_reserved, file_control,  sector_size,
    characteristics, shm_map,  shm_lock,     shm_barrier,   shm_unmap,     nullptr,
    nullptr};

State& state_of(sqlite3_vfs* vfs) {
    return *static_cast<State*>(vfs->pAppData);
}

int vfs_open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
    State& state = state_of(vfs);
    auto* wrapped = new (file) FaultFile{};
    wrapped->state = &state;
    wrapped->is_log = (flags & SQLITE_OPEN_WAL) != 0;
    wrapped->syncs_folder = (flags & SQLITE_OPEN_CREATE) != 0 &&
                            (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
    wrapped->path = name;
    if (wrapped->watcher() != nullptr) wrapped->watcher()->on_open(name);
    int code = state.real->xOpen(state.real, name, wrapped->real(), flags, out);
    if (wrapped->real()->pMethods != nullptr) wrapped->base.pMethods = &file_methods;
    return code;
}
int vfs_delete(sqlite3_vfs* vfs, const char* name, int sync_folder) {
    State& state = state_of(vfs);
    if (state.strikes(false)) return SQLITE_IOERR_DELETE;
    int code = state.real->xDelete(state.real, name, sync_folder);
    if (code == SQLITE_OK && state.watcher != nullptr) {
        state.watcher->on_delete(name);
        if (sync_folder != 0) state.watcher->on_folder_sync();
    }
    return code;
}
int vfs_access(sqlite3_vfs* vfs, const char* name, int flags, int* out) {
    return state_of(vfs).real->xAccess(state_of(vfs).real, name, flags, out);
}
int vfs_full_path(sqlite3_vfs* vfs, const char* name, int size, char* out) {
    return state_of(vfs).real->xFullPathname(state_of(vfs).real, name, size, out);
}
int vfs_randomness(sqlite3_vfs* vfs, int size, char* out) {
    return state_of(vfs).real->xRandomness(state_of(vfs).real, size, out);
}
int vfs_sleep(sqlite3_vfs* vfs, int microseconds) {
    return state_of(vfs).real->xSleep(state_of(vfs).real, microseconds);
}
int vfs_time(sqlite3_vfs* vfs, double* out) {
    return state_of(vfs).real->xCurrentTime(state_of(vfs).real, out);
}
int vfs_last_error(sqlite3_vfs*, int, char*) {
    return 0;   // an injected fault has no system error of its own
}

}  // namespace

FaultVfs::FaultVfs(DiskWatcher* watcher) : state_(std::make_unique<State>()) {
    State& state = *state_;
    state.watcher = watcher;
    state.real = sqlite3_vfs_find(nullptr);
    state.name = "fault-" + std::to_string(reinterpret_cast<std::uintptr_t>(this));
    state.vfs.iVersion = 1;
    state.vfs.szOsFile = static_cast<int>(sizeof(FaultFile)) + state.real->szOsFile;
    state.vfs.mxPathname = state.real->mxPathname;
    state.vfs.zName = state.name.c_str();
    state.vfs.pAppData = &state;
    state.vfs.xOpen = vfs_open;
    state.vfs.xDelete = vfs_delete;
    state.vfs.xAccess = vfs_access;
    state.vfs.xFullPathname = vfs_full_path;
    state.vfs.xRandomness = vfs_randomness;
    state.vfs.xSleep = vfs_sleep;
    state.vfs.xCurrentTime = vfs_time;
    state.vfs.xGetLastError = vfs_last_error;
    sqlite3_vfs_register(&state.vfs, 0);
}

FaultVfs::~FaultVfs() {
    sqlite3_vfs_unregister(&state_->vfs);
}

const std::string& FaultVfs::name() const {
    return state_->name;
}

void FaultVfs::fail_at(int n, Fault fault, bool stays) {
    state_->fault = fault;
    state_->countdown = n;
    state_->stays = stays;
    state_->struck = false;
}

void FaultVfs::heal() {
    state_->countdown = 0;
    state_->stays = false;
    state_->fault = Fault::io_error;
}

bool FaultVfs::struck() const {
    return state_->struck;
}

std::int64_t FaultVfs::log_syncs() const {
    return state_->log_syncs;
}

}  // namespace syncline::testing_support
