// Forgetting a person: the rest of Batch. For these statements SQLite zeroes what it frees. Older
// copies may still stand in the log, until it has been moved and cut back (at the latest when the
// store closes), and in unused parts of pages, until the file is written anew (rewrite_file()).
#include <string>
#include <utility>
#include <vector>

#include "core/store/sqlite/batch.hpp"

namespace syncline::store {
namespace {

constexpr std::int64_t bytes_in_write = 1 << 20;   // freed pages are written: 256 of them

struct Found {
    std::uint64_t seq = 0;
    std::int64_t payload_bytes = 0;
};

/// Events about the subject that nothing is pending for.
Result<std::vector<Found>> settled_events(Db& db, const Forget& order) {
    auto find = db.prepare(
        "SELECT seq,length(payload) FROM events INDEXED BY events_by_subject"
        " WHERE subject=?1 AND subject<>'' AND NOT EXISTS (SELECT 1 FROM deliveries d"
        " WHERE d.event_seq=events.seq AND d.state='pending') LIMIT ?2");
    if (!find) return find.error();
    find->bind(order.subject, order.events_max);
    std::vector<Found> found;
    for (;;) {
        auto row = find->step();
        if (!row) return row.error();
        if (!*row) return found;
        found.push_back(Found{find->number(0), find->integer(1)});
    }
}

Result<void> run_for(Db& db, std::uint64_t seq, const char* sql) {
    auto statement = db.prepare(sql);
    if (!statement) return statement.error();
    return statement->bind(seq).run();
}

/// A dead letter that held its lane lets it go: nobody can repeat it any more.
Result<void> scrub(Db& db, std::uint64_t seq) {
    auto done = run_for(db, seq, "DELETE FROM attempts WHERE delivery_id IN"
                                 " (SELECT id FROM deliveries WHERE event_seq=?1)");
    if (done) done = run_for(db, seq, "UPDATE deliveries SET lane='',note='' WHERE event_seq=?1");
    if (done)
        done = run_for(db, seq, "UPDATE events SET subject='',attributes='{}',payload=x'',"
                                "payload_state=2 WHERE seq=?1");
    return done;
}
static_assert(static_cast<int>(PayloadState::forgotten) == 2);

/// One probe a kind of link, instead of a walk over all links.
Result<std::size_t> drop_links(Db& db, const std::string& source_id) {
    auto next = db.prepare("SELECT destination,kind FROM links WHERE (destination,kind)>(?1,?2)"
                           " ORDER BY destination,kind LIMIT 1");
    auto drop = db.prepare("DELETE FROM links WHERE destination=?1 AND kind=?2 AND source_id=?3");
    if (!next) return next.error();
    if (!drop) return drop.error();
    std::string destination, kind;
    std::size_t dropped = 0;
    for (;;) {
        auto row = next->bind(destination, kind).step();
        if (!row) return row.error();
        if (!*row) return dropped;
        std::string found_destination(next->text(0)), found_kind(next->text(1));
        next->reset();
        destination = std::move(found_destination);
        kind = std::move(found_kind);
        auto gone = drop->bind(destination, kind, source_id).run();
        if (!gone) return gone.error();
        dropped += static_cast<std::size_t>(db.changes());
    }
}

Result<bool> has_events(Db& db, const std::string& subject) {
    auto find = db.prepare("SELECT 1 FROM events INDEXED BY events_by_subject"
                           " WHERE subject=?1 AND subject<>'' LIMIT 1");
    if (!find) return find.error();
    return find->bind(subject).step();
}

Result<std::size_t> forget(Db& db, const Forget& order) {
    auto events = settled_events(db, order);
    if (!events) return events.error();
    std::size_t forgotten = 0;
    std::int64_t bytes = 0;
    for (const auto& event : *events) {
        auto done = scrub(db, event.seq);
        if (!done) return done.error();
        ++forgotten;
        bytes += event.payload_bytes;
        if (bytes >= bytes_in_write) break;
    }
    // A delivery that is still pending may need the link, or it would create a second one.
    auto left = has_events(db, order.subject);
    if (!left) return left.error();
    if (*left) return forgotten;
    auto links = drop_links(db, order.subject);
    if (!links) return links.error();
    return forgotten + *links;
}

}  // namespace

Result<WriteResult> Batch::apply_write(Forget& order) {
    WriteResult result;
    if (order.subject.empty()) return result;   // events without a subject are about nobody
    auto set = db_.run("PRAGMA secure_delete=ON");
    if (!set) return set.error();
    auto forgotten = forget(db_, order);
    set = db_.run("PRAGMA secure_delete=OFF");
    if (!forgotten) return forgotten.error();
    if (!set) return set.error();
    result.forgotten = *forgotten;
    return result;
}

}  // namespace syncline::store
