// A look at the file that changes nothing. The check of every page is a long read, during which the
// log cannot be cut back: so it has a deadline.
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "core/base/clock.hpp"
#include "core/store/sqlite/care.hpp"
#include "core/store/sqlite/db.hpp"
#include "core/store/sqlite/lock_file.hpp"
#include "core/store/sqlite/open.hpp"

namespace syncline::store {
namespace {

struct Deadline {
    const Clock* clock = nullptr;
    std::int64_t at_ms = 0;
    static int has_passed(void* self) {
        auto* deadline = static_cast<Deadline*>(self);
        return deadline->clock->monotonic_ms() >= deadline->at_ms ? 1 : 0;
    }
};

/// Of statfs(2): file systems whose locks or shared mappings do not reach other machines.
bool is_network(const std::string& path) {
    constexpr std::array<long, 4> network = {0x6969, 0x517B, 0xFF534D42, 0xFE534D42};   // NFS, SMB
    struct statfs found {};
    if (::statfs(path.c_str(), &found) != 0) return false;
    return std::find(network.begin(), network.end(), static_cast<long>(found.f_type)) !=
           network.end();
}

void look_from_outside(FileHealth& health) {
    health.lock_holder = LockFile::holder_of(health.path + ".lock");
    health.on_network = is_network(health.path);
    struct statvfs disk {};
    if (::statvfs(health.path.c_str(), &disk) == 0)
        health.disk_free_bytes = static_cast<std::int64_t>(disk.f_bavail) *
                                 static_cast<std::int64_t>(disk.f_frsize);
    for (const char* suffix : {"", "-wal", "-shm"}) {
        struct stat found {};
        if (::stat((health.path + suffix).c_str(), &found) != 0) continue;
        if (*suffix == '\0') health.bytes = found.st_size;
        if (std::string_view(suffix) == "-wal") health.log_bytes = found.st_size;
        bool open = (found.st_mode & (S_IRWXG | S_IRWXO)) != 0;
        if (open && health.readable_by_others.empty())
            health.readable_by_others = health.path + suffix;
    }
}

Result<void> look_at_pages(Db& db, FileHealth& health) {
    std::int64_t page_bytes = 0, free_pages = 0, auto_vacuum = 0;
    const std::pair<std::int64_t*, const char*> numbers[] = {
        {&page_bytes, "PRAGMA page_size"},
        {&free_pages, "PRAGMA freelist_count"},
        {&auto_vacuum, "PRAGMA auto_vacuum"},
        {&health.version, "PRAGMA user_version"},
    };
    for (const auto& [number, sql] : numbers) {
        auto found = db.integer(sql);
        if (!found) return found.error();
        *number = *found;
    }
    health.free_bytes = page_bytes * free_pages;
    health.gives_back = auto_vacuum == 2;
    auto mode = db.text("PRAGMA journal_mode");
    if (!mode) return mode.error();
    health.journal_mode = std::move(*mode);
    return {};
}

/// The oldest pending delivery by one probe a destination.
Result<void> look_at_rows(Db& db, FileHealth& health) {
    auto newest = db.integer("SELECT received_ms FROM events ORDER BY seq DESC LIMIT 1");
    if (!newest) return newest.error();
    health.newest_event_ms = *newest;
    auto next = db.prepare("SELECT destination,created_ms FROM deliveries INDEXED BY"
                           " deliveries_pending WHERE state='pending' AND destination>?1"
                           " ORDER BY destination,id LIMIT 1");
    if (!next) return next.error();
    std::string last;
    for (;;) {
        auto row = next->bind(last).step();
        if (!row) return row.error();
        if (!*row) return {};
        std::int64_t created_ms = next->integer(1);
        std::int64_t& oldest = health.oldest_pending_ms;
        oldest = oldest == 0 ? created_ms : std::min(oldest, created_ms);
        std::string found(next->text(0));
        next->reset();
        last = std::move(found);
    }
}

Result<void> check_pages(Db& db, FileHealth& health) {
    auto verdict = db.text("PRAGMA quick_check(1)");
    if (!verdict && verdict.error().code == ErrorCode::timeout) return {};
    if (!verdict && verdict.error().code != ErrorCode::corrupt) return verdict.error();
    health.check_finished = true;
    if (!verdict) health.damage = verdict.error().message;
    else if (*verdict != "ok") health.damage = *verdict;
    return {};
}

}  // namespace

Result<FileHealth> inspect(const SqliteOptions& options, std::int64_t check_ms_max) {
    auto path = resolve_path(options.path);
    if (!path) return path.error();
    FileHealth health;
    health.path = *path;
    look_from_outside(health);
    auto db = open_for_reading(*path, options);
    if (!db) return db.error();
    auto looked = look_at_pages(*db, health);
    if (looked) looked = look_at_rows(*db, health);
    if (!looked) return looked.error();
    SystemClock system_clock;
    Deadline deadline;
    deadline.clock = options.clock != nullptr ? options.clock : &system_clock;
    deadline.at_ms = deadline.clock->monotonic_ms() + check_ms_max;
    db->stop_when(Deadline::has_passed, &deadline);
    auto checked = check_pages(*db, health);
    db->stop_when(nullptr, nullptr);
    if (!checked) return checked.error();
    return health;
}

}  // namespace syncline::store
