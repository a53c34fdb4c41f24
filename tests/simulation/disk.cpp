// Files are strings; every change is recorded as a DiskOperation, from which CutDisk makes what a
// power cut leaves. Locks are those of SQLite's contract, between the connections of this process.
// Long because a VFS is one table of functions, and most of them are needed.
#include "tests/simulation/disk.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <new>
#include <utility>
#include <vector>

#include "core/base/assert.hpp"

namespace syncline::simulation {
namespace {

using testing_support::CutDisk;
using testing_support::DiskOperation;
using testing_support::Fault;
using Kind = DiskOperation::Kind;

struct Handle;

/// The shared memory that WAL connections meet in; gone with the last of them.
struct Index {
    std::vector<std::unique_ptr<char[]>> regions;
    std::size_t users = 0;
    std::array<int, SQLITE_SHM_NLOCK> shared{};
    std::array<Handle*, SQLITE_SHM_NLOCK> exclusive{};
};

struct Node {
    std::string name;
    std::size_t file = 0;   // a name that is deleted and made anew is another file
    std::string bytes;      // as the system reads them
    int shared = 0;         // locks of the database file
    Handle* reserved = nullptr;
    Handle* pending = nullptr;
    Index index;
};

struct Handle {
    sqlite3_file base;
    Disk::State* state;
    std::shared_ptr<Node> node;
    bool syncs_folder;      // as the system's VFS does with the first sync of a journal or log
    int lock;
    bool maps;
    unsigned shm_shared;    // bits: slots
};

}  // namespace

struct Disk::State {
    explicit State(std::uint64_t seed) : dice(seed, "disk") {}
    sqlite3_vfs vfs{};
    Dice dice;
    std::map<std::string, std::shared_ptr<Node>> nodes;
    std::vector<DiskOperation> operations;   // since the power came on
    std::size_t file_count = 0;
    std::size_t handles = 0;
    Fault fault = Fault::io_error;
    unsigned change_fails = 0;               // per mille
    unsigned read_fails = 0;
    std::uint64_t cut_in = 0;
    std::uint64_t changes = 0;
    bool dark = false;
    bool merciful = false;

    DiskOperation& record(Kind kind, const Node& node) {
        DiskOperation& operation = operations.emplace_back();
        operation.kind = kind;
        operation.name = node.name;
        operation.file = node.file;
        return operation;
    }
    std::shared_ptr<Node> make(const std::string& name, std::string bytes, Kind kind) {
        auto node = std::make_shared<Node>();
        node->name = name;
        node->file = file_count++;
        node->bytes = std::move(bytes);
        nodes[name] = node;
        record(kind, *node).bytes = node->bytes;
        return node;
    }
    enum class Fate { happens, fails, last, never };
    /// What becomes of an operation that changes a file.
    Fate fate(bool is_sync) {
        if (dark) return Fate::never;
        if (merciful) return Fate::happens;
        ++changes;
        if (cut_in > 0 && --cut_in == 0) {
            dark = true;
            return dice.chance(500) ? Fate::last : Fate::never;
        }
        if (fault == Fault::failed_sync && !is_sync) return Fate::happens;
        return change_fails > 0 && dice.chance(change_fails) ? Fate::fails : Fate::happens;
    }
    int code(int io_code) const { return fault == Fault::disk_full ? SQLITE_FULL : io_code; }
};

namespace {

using State = Disk::State;
using Fate = State::Fate;

Handle* ours(sqlite3_file* file) {
    return reinterpret_cast<Handle*>(file);
}

std::string base_name(const char* path) {
    const char* slash = std::strrchr(path, '/');
    return slash == nullptr ? path : slash + 1;
}

// --- Contents ------------------------------------------------------------------------------------

int file_read(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
    State& state = *ours(file)->state;
    if (state.dark) return SQLITE_IOERR_READ;
    if (state.read_fails > 0 && !state.merciful && state.dice.chance(state.read_fails))
        return SQLITE_IOERR_READ;
    const std::string& bytes = ours(file)->node->bytes;
    auto wanted = static_cast<std::size_t>(size);
    auto from = static_cast<std::size_t>(at);
    std::size_t there = from < bytes.size() ? std::min(wanted, bytes.size() - from) : 0;
    if (there > 0) std::memcpy(to, bytes.data() + from, there);
    std::memset(static_cast<char*>(to) + there, 0, wanted - there);
    return there == wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

int file_write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
    State& state = *ours(file)->state;
    Fate fate = state.fate(false);
    if (fate == Fate::never) return SQLITE_IOERR_WRITE;
    if (fate == Fate::fails) size = state.fault == Fault::short_write ? size / 2 : 0;
    if (size > 0) {
        Node& node = *ours(file)->node;
        std::string_view bytes(static_cast<const char*>(from), static_cast<std::size_t>(size));
        auto begin = static_cast<std::size_t>(at);
        if (node.bytes.size() < begin + bytes.size()) node.bytes.resize(begin + bytes.size(), '\0');
        node.bytes.replace(begin, bytes.size(), bytes);
        DiskOperation& operation = state.record(Kind::write, node);
        operation.bytes = bytes;
        operation.at = at;
    }
    return fate == Fate::happens ? SQLITE_OK : state.code(SQLITE_IOERR_WRITE);
}

int file_truncate(sqlite3_file* file, sqlite3_int64 size) {
    State& state = *ours(file)->state;
    Fate fate = state.fate(false);
    if (fate == Fate::never || fate == Fate::fails) return SQLITE_IOERR_TRUNCATE;
    Node& node = *ours(file)->node;
    node.bytes.resize(std::min(node.bytes.size(), static_cast<std::size_t>(size)));
    state.record(Kind::truncate, node).at = size;
    return fate == Fate::happens ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
}

int file_sync(sqlite3_file* file, int) {
    State& state = *ours(file)->state;
    Fate fate = state.fate(true);
    if (fate == Fate::never) return SQLITE_IOERR_FSYNC;
    Handle& handle = *ours(file);
    state.record(fate == Fate::fails ? Kind::failed_sync : Kind::sync, *handle.node);
    if (fate == Fate::fails) return state.code(SQLITE_IOERR_FSYNC);
    if (std::exchange(handle.syncs_folder, false)) state.record(Kind::sync_folder, *handle.node);
    return fate == Fate::happens ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
    *size = static_cast<sqlite3_int64>(ours(file)->node->bytes.size());
    return SQLITE_OK;
}

// --- Locks of the database file ------------------------------------------------------------------

int file_lock(sqlite3_file* file, int wanted) {
    Handle& handle = *ours(file);
    Node& node = *handle.node;
    if (handle.lock >= wanted) return SQLITE_OK;
    if (handle.lock == SQLITE_LOCK_NONE) {
        if (node.pending != nullptr) return SQLITE_BUSY;
        ++node.shared;
        handle.lock = SQLITE_LOCK_SHARED;
    }
    if (wanted >= SQLITE_LOCK_RESERVED) {
        if (node.reserved != nullptr && node.reserved != &handle) return SQLITE_BUSY;
        node.reserved = &handle;
        handle.lock = SQLITE_LOCK_RESERVED;
    }
    if (wanted == SQLITE_LOCK_EXCLUSIVE) {
        node.pending = &handle;
        handle.lock = SQLITE_LOCK_PENDING;
        if (node.shared > 1) return SQLITE_BUSY;
        handle.lock = SQLITE_LOCK_EXCLUSIVE;
    }
    return SQLITE_OK;
}

int file_unlock(sqlite3_file* file, int kept) {
    Handle& handle = *ours(file);
    Node& node = *handle.node;
    if (handle.lock <= kept) return SQLITE_OK;
    if (node.reserved == &handle) node.reserved = nullptr;
    if (node.pending == &handle) node.pending = nullptr;
    if (kept == SQLITE_LOCK_NONE) --node.shared;
    handle.lock = kept;
    return SQLITE_OK;
}

int file_reserved(sqlite3_file* file, int* out) {
    *out = ours(file)->node->reserved != nullptr ? 1 : 0;
    return SQLITE_OK;
}

int file_control(sqlite3_file*, int, void*) {
    return SQLITE_NOTFOUND;
}
int sector_size(sqlite3_file*) {
    return 4096;
}
int characteristics(sqlite3_file*) {
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

// --- The index of the log ------------------------------------------------------------------------

int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
    Handle& handle = *ours(file);
    Index& index = handle.node->index;
    if (!std::exchange(handle.maps, true)) ++index.users;
    auto wanted = static_cast<std::size_t>(page);
    *out = nullptr;
    if (wanted >= index.regions.size() && extend == 0) return SQLITE_OK;
    while (index.regions.size() <= wanted)
        index.regions.push_back(std::make_unique<char[]>(static_cast<std::size_t>(size)));
    *out = index.regions[wanted].get();
    return SQLITE_OK;
}

int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
    Handle& handle = *ours(file);
    Index& index = handle.node->index;
    bool shared = (flags & SQLITE_SHM_SHARED) != 0;
    bool locks = (flags & SQLITE_SHM_LOCK) != 0;
    for (int i = offset; locks && i < offset + count; ++i) {
        auto slot = static_cast<std::size_t>(i);
        bool mine = (handle.shm_shared & (1u << i)) != 0;
        Handle* owner = index.exclusive[slot];
        if (owner != nullptr && owner != &handle) return SQLITE_BUSY;
        if (!shared && index.shared[slot] > (mine ? 1 : 0)) return SQLITE_BUSY;
    }
    for (int i = offset; i < offset + count; ++i) {
        auto slot = static_cast<std::size_t>(i);
        if (!shared) {
            index.exclusive[slot] = locks ? &handle : nullptr;
            continue;
        }
        bool mine = (handle.shm_shared & (1u << i)) != 0;
        if (locks && !mine) ++index.shared[slot], handle.shm_shared |= 1u << i;
        if (!locks && mine) --index.shared[slot], handle.shm_shared &= ~(1u << i);
    }
    return SQLITE_OK;
}

void shm_barrier(sqlite3_file*) {}

int shm_unmap(sqlite3_file* file, int) {
    Handle& handle = *ours(file);
    Index& index = handle.node->index;
    if (!std::exchange(handle.maps, false)) return SQLITE_OK;
    for (std::size_t slot = 0; slot < index.shared.size(); ++slot) {
        if ((handle.shm_shared & (1u << slot)) != 0) --index.shared[slot];
        if (index.exclusive[slot] == &handle) index.exclusive[slot] = nullptr;
    }
    handle.shm_shared = 0;
    if (--index.users == 0) index = Index();
    return SQLITE_OK;
}

int file_close(sqlite3_file* file) {
    shm_unmap(file, 0);
    file_unlock(file, SQLITE_LOCK_NONE);
    --ours(file)->state->handles;
    ours(file)->~Handle();
    return SQLITE_OK;
}

constexpr sqlite3_io_methods file_methods = {
    2,           file_close,  file_read,     file_write,   file_truncate, file_sync,
    file_size,   file_lock,   file_unlock,   file_reserved, file_control, sector_size,
    characteristics, shm_map, shm_lock,      shm_barrier,  shm_unmap,     nullptr,
    nullptr};

// --- The file system -----------------------------------------------------------------------------

State& state_of(sqlite3_vfs* vfs) {
    return *static_cast<State*>(vfs->pAppData);
}

int vfs_open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out) {
    State& state = state_of(vfs);
    file->pMethods = nullptr;
    if (state.dark) return SQLITE_CANTOPEN;
    std::string name = path == nullptr ? "unnamed" : base_name(path);
    auto found = state.nodes.find(name);
    bool known = found != state.nodes.end();
    // The hub makes the database file itself, with its own mode, before SQLite opens it.
    bool makes = (flags & (SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_DB)) != 0;
    if (!known && !makes) return SQLITE_CANTOPEN;
    if (!known && state.change_fails > 0 && state.dice.chance(state.change_fails))
        return SQLITE_CANTOPEN;
    Kind kind = (flags & SQLITE_OPEN_MAIN_DB) != 0 ? Kind::found : Kind::create;
    auto* handle = new (file) Handle{};
    handle->state = &state;
    handle->node = known ? found->second : state.make(name, "", kind);
    handle->syncs_folder = (flags & SQLITE_OPEN_CREATE) != 0 &&
                           (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
    handle->base.pMethods = &file_methods;
    ++state.handles;
    if (out != nullptr) *out = flags;
    return SQLITE_OK;
}

int vfs_delete(sqlite3_vfs* vfs, const char* path, int sync_folder) {
    State& state = state_of(vfs);
    Fate fate = state.fate(false);
    if (fate == Fate::never || fate == Fate::fails) return SQLITE_IOERR_DELETE;
    auto found = state.nodes.find(base_name(path));
    if (found == state.nodes.end()) return SQLITE_IOERR_DELETE_NOENT;
    state.record(Kind::remove, *found->second);
    if (sync_folder != 0) state.record(Kind::sync_folder, *found->second);
    state.nodes.erase(found);
    return fate == Fate::happens ? SQLITE_OK : SQLITE_IOERR_DELETE;
}

int vfs_access(sqlite3_vfs* vfs, const char* path, int, int* out) {
    if (state_of(vfs).dark) return SQLITE_IOERR_ACCESS;
    *out = state_of(vfs).nodes.contains(base_name(path)) ? 1 : 0;
    return SQLITE_OK;
}

int vfs_full_path(sqlite3_vfs*, const char* path, int size, char* out) {
    return sqlite3_snprintf(size, out, "%s", path) == nullptr ? SQLITE_CANTOPEN : SQLITE_OK;
}
int vfs_randomness(sqlite3_vfs* vfs, int size, char* out) {
    for (int i = 0; i < size; ++i)
        out[i] = static_cast<char>(state_of(vfs).dice.next_u64() & 0xFF);
    return size;
}
/// Nobody else could give a lock back meanwhile.
int vfs_sleep(sqlite3_vfs*, int microseconds) {
    return microseconds;
}
int vfs_time(sqlite3_vfs*, double* out) {
    *out = 2461000.5;   // some day: no statement of the store asks for the time
    return SQLITE_OK;
}
int vfs_last_error(sqlite3_vfs*, int, char*) {
    return 0;   // an injected fault has no system error of its own
}

}  // namespace

Disk::Disk(std::uint64_t seed) : state_(std::make_unique<State>(seed)) {
    sqlite3_vfs& made = state_->vfs;
    made.iVersion = 1;
    made.szOsFile = static_cast<int>(sizeof(Handle));
    made.mxPathname = 512;
    made.zName = vfs();
    made.pAppData = state_.get();
    made.xOpen = vfs_open;
    made.xDelete = vfs_delete;
    made.xAccess = vfs_access;
    made.xFullPathname = vfs_full_path;
    made.xRandomness = vfs_randomness;
    made.xSleep = vfs_sleep;
    made.xCurrentTime = vfs_time;
    made.xGetLastError = vfs_last_error;
    sqlite3_vfs_register(&made, 0);
    // SQLite's own random numbers (the salts of the log) are the run's too.
    int salt = static_cast<int>(seed % 0x7FFFFFFF) + 1;
    sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, salt, nullptr);
}

Disk::~Disk() {
    sqlite3_vfs_unregister(&state_->vfs);
}

void Disk::trouble(Fault fault, unsigned per_mille) {
    state_->fault = fault;
    state_->change_fails = per_mille;
}

void Disk::unreadable(unsigned per_mille) {
    state_->read_fails = per_mille;
}

void Disk::heal() {
    state_->fault = Fault::io_error;
    state_->change_fails = 0;
    state_->read_fails = 0;
}

void Disk::cut_at(std::uint64_t n) {
    state_->cut_in = n;
}

void Disk::off() {
    state_->dark = true;
}

bool Disk::is_off() const {
    return state_->dark;
}

void Disk::on(testing_support::Unsynced unsynced) {
    CutDisk cut(state_->operations);
    cut.run_to(state_->operations.size());
    auto left = cut.cut(unsynced, state_->dice.next_u64());
    state_->nodes.clear();
    state_->operations.clear();
    for (auto& [name, bytes] : left) state_->make(name, std::move(bytes), Kind::found);
    on();
}

void Disk::on() {
    SYNCLINE_ASSERT(state_->handles == 0, "the disk is turned on while files are open");
    state_->dark = false;
    state_->cut_in = 0;
}

Disk::Mercy::Mercy(Disk& disk) : disk_(disk) {
    disk_.state_->merciful = true;
}

Disk::Mercy::~Mercy() {
    disk_.state_->merciful = false;
}

std::uint64_t Disk::changes() const {
    return state_->changes;
}

}  // namespace syncline::simulation
