// `syncline doctor`: looks at the store's file and its surroundings, says what is wrong and what to
// do. Reads only; works with the hub up or down. Exit 1 when something is wrong; a note is not.
#include <ostream>

#include "core/base/text.hpp"
#include "core/cli/care.hpp"
#include "core/cli/commands.hpp"
#include "core/store/sqlite/care.hpp"

namespace syncline::cli {
namespace {

constexpr std::int64_t check_ms_max = 30'000;              // the log cannot be cut back meanwhile
constexpr std::int64_t log_bytes_much = 128 << 20;         // twice what the hub cuts it back to
constexpr std::int64_t free_bytes_much = 256 << 20;        // worth a command
constexpr std::int64_t disk_bytes_low = 256 << 20;         // the log, and some minutes of events
constexpr std::int64_t clock_ahead_ms_max = 5 * 60'000;    // what signed senders are allowed
constexpr std::int64_t waits_long_ms = 24LL * 3'600'000;   // the longest step of the default schedule
constexpr std::int64_t first_release_ms = 1'767'225'600'000;   // 2026-01-01: no clock is before it

enum class Verdict { good, note, wrong };

struct Finding {
    std::string check;
    Verdict verdict = Verdict::good;
    std::string text;
    std::string advice;
};

std::string_view verdict_name(Verdict verdict) {
    if (verdict == Verdict::good) return "good";
    return verdict == Verdict::note ? "note" : "wrong";
}

/// What is looked at, and the findings so far.
struct Examination {
    const store::FileHealth& health;
    std::int64_t now_ms = 0;
    std::vector<Finding> findings;

    void add(std::string check, Verdict verdict, std::string text, std::string advice = {}) {
        findings.push_back({std::move(check), verdict, std::move(text), std::move(advice)});
    }
};

void examine_file(Examination& to) {
    const auto& health = to.health;
    to.add("file", Verdict::good,
           health.path + ", " + format_bytes(health.bytes) + ", schema version " +
               std::to_string(health.version));
    if (!health.damage.empty())
        to.add("integrity", Verdict::wrong, "the file is damaged: " + health.damage,
               "stop the hub, keep a copy of the file and its -wal, and restore a backup");
    else if (!health.check_finished)
        to.add("integrity", Verdict::note,
               "not all pages were looked at within " + format_duration(check_ms_max),
               "`syncline backup FILE` looks at every page of its copy");
    else
        to.add("integrity", Verdict::good, "every page is sound");
    if (health.readable_by_others.empty())
        to.add("permissions", Verdict::good, "only the owner can read it");
    else
        to.add("permissions", Verdict::wrong,
               health.readable_by_others + " can be read or written by other users",
               "chmod 600 it: events hold personal data");
}

void examine_log(Examination& to) {
    const auto& health = to.health;
    std::string size = format_bytes(health.log_bytes) + " of log, journal mode " +
                       health.journal_mode;
    bool runs = !health.lock_holder.empty();
    if (health.on_network)
        to.add("log", Verdict::wrong, "the file is on a network file system",
               "move it to a local disk: the log's index cannot be shared over a network");
    else if (health.log_bytes > log_bytes_much)
        to.add("log", Verdict::wrong, size,
               runs ? "a program reads the file for long: find it with `fuser` and end it"
                    : "start the hub: it moves the log into the file");
    else if (health.journal_mode != "wal")
        to.add("log", Verdict::note, size, "the hub changes it to wal when it starts");
    else
        to.add("log", Verdict::good, size);
}

void examine_space(Examination& to) {
    const auto& health = to.health;
    std::string unused = format_bytes(health.free_bytes) + " of the file are free pages";
    if (!health.gives_back)
        to.add("free pages", Verdict::wrong, "the file cannot give pages back bit by bit",
               "stop the hub and run `syncline compact --full`");
    else if (health.free_bytes > free_bytes_much && health.free_bytes > health.bytes / 4)
        to.add("free pages", Verdict::note, unused,
               "the hub gives them back in quiet moments; `syncline compact` does so at once");
    else
        to.add("free pages", Verdict::good, unused);
    std::string disk = format_bytes(health.disk_free_bytes) + " of disk are free";
    if (health.disk_free_bytes < disk_bytes_low)
        to.add("disk", Verdict::wrong, disk,
               "make room: when the disk is full, senders get 503; `retention` in the "
               "configuration says how long things are kept");
    else
        to.add("disk", Verdict::good, disk);
}

void examine_clock(Examination& to) {
    if (to.now_ms < first_release_ms)
        to.add("clock", Verdict::wrong, "this machine's clock says " + format_time(to.now_ms),
               "set it (NTP): signatures, retries and retention go by it");
    else if (to.health.newest_event_ms > to.now_ms + clock_ahead_ms_max)
        to.add("clock", Verdict::wrong,
               "the newest event was received at " + format_time(to.health.newest_event_ms) +
                   ", which is still to come",
               "the clock was ahead then or is behind now: set it (NTP)");
    else
        to.add("clock", Verdict::good, format_time(to.now_ms));
}

std::uint64_t count_of(const std::vector<std::pair<std::string, std::uint64_t>>& counts,
                       std::string_view name) {
    for (const auto& [known, count] : counts)
        if (known == name) return count;
    return 0;
}

void examine_pending(Examination& to, std::uint64_t pending) {
    const auto& health = to.health;
    std::string text = std::to_string(pending) + " pending";
    std::int64_t age_ms = to.now_ms - health.oldest_pending_ms;
    if (pending > 0) text += ", the oldest from " + format_time(health.oldest_pending_ms);
    if (pending > 0 && health.lock_holder.empty())
        to.add("pending", Verdict::note, text, "no hub runs: `syncline run` delivers them");
    else if (pending > 0 && age_ms > waits_long_ms)
        to.add("pending", Verdict::note, text, "`syncline deliveries --state pending` shows why");
    else
        to.add("pending", Verdict::good, text);
}

Result<void> examine_deliveries(Examination& to, store::Reader& reader) {
    auto counts = reader.counts();
    if (!counts) return counts.error();
    auto holds = reader.holds();
    if (!holds) return holds.error();
    to.add("hub", Verdict::good,
           to.health.lock_holder.empty() ? "no hub runs on this file"
                                         : "a hub runs: " + to.health.lock_holder);
    examine_pending(to, count_of(*counts, "pending"));
    for (const auto& hold : *holds)
        to.add("held", Verdict::wrong,
               hold.destination + " is held since " + format_time(hold.since_ms) +
                   (hold.by_hand ? " by hand: " : ": ") + hold.reason,
               "mend the cause, then release it");
    if (holds->empty()) to.add("held", Verdict::good, "no destination is held");
    auto dead = count_of(*counts, "dead");
    std::string letters = std::to_string(dead) + (dead == 1 ? " dead letter" : " dead letters");
    if (dead > 0)
        to.add("dead letters", Verdict::note, letters,
               "`syncline deliveries --state dead` shows why; `syncline replay --state dead` "
               "delivers them again");
    else
        to.add("dead letters", Verdict::good, letters);
    return {};
}

void print_json(const std::vector<Finding>& findings, bool good, Terminal& terminal) {
    Json made = Json::object();
    made.set("good", good);
    made.set("findings", Json::array());
    for (const auto& finding : findings) {
        Json one = Json::object();
        one.set("check", finding.check);
        one.set("verdict", verdict_name(finding.verdict));
        one.set("text", finding.text);
        if (!finding.advice.empty()) one.set("advice", finding.advice);
        made.find("findings")->push_back(std::move(one));
    }
    terminal.out << made.dump() << '\n';
}

void print_text(const std::vector<Finding>& findings, Terminal& terminal) {
    for (const auto& finding : findings) {
        Tone tone = finding.verdict == Verdict::good   ? Tone::good
                    : finding.verdict == Verdict::note ? Tone::waiting
                                                       : Tone::bad;
        std::string name(verdict_name(finding.verdict));
        name.resize(5, ' ');
        terminal.out << toned(name, tone, terminal.colour_out) << "  "
                     << finding.check << std::string(14 - finding.check.size(), ' ')
                     << printable(finding.text) << '\n';
        if (!finding.advice.empty())
            terminal.out << std::string(21, ' ') << printable(finding.advice) << '\n';
    }
}

ExitCode report(const std::vector<Finding>& findings, const Arguments& arguments,
                Terminal& terminal) {
    bool good = true;
    for (const auto& finding : findings)
        if (finding.verdict == Verdict::wrong) good = false;
    if (arguments.json) print_json(findings, good, terminal);
    else print_text(findings, terminal);
    return good ? ExitCode::ok : ExitCode::failed;
}

/// What to do about a file that does not open.
std::string advice_for(const Error& error) {
    switch (error.code) {
        case ErrorCode::not_found: return "start the hub once: it makes the store";
        case ErrorCode::newer_version: return "run the newer Syncline, or restore a backup";
        case ErrorCode::corrupt:
            return "keep a copy of the file and its -wal, and restore a backup";
        case ErrorCode::locked: return "another program locks the file: find it with `fuser`";
        case ErrorCode::io:
            return "look at the path, its permissions, and the system's log for disk errors";
        default: return {};
    }
}

}  // namespace

ExitCode doctor_command(const Arguments& arguments, const Surroundings& surroundings,
                        Terminal& terminal) {
    auto config = config_for_reading(arguments, surroundings, terminal);
    if (!config) return ExitCode::usage;
    auto health = store::inspect(store_options(*config), check_ms_max);
    if (!health)
        return report({{"file", Verdict::wrong, health.error().text(),
                        advice_for(health.error())}},
                      arguments, terminal);
    Examination examination{*health, surroundings.clock.wall_ms(), {}};
    examine_file(examination);
    examine_log(examination);
    examine_space(examination);
    examine_clock(examination);
    auto reader = open_reader(*config);
    auto looked = reader ? examine_deliveries(examination, **reader) : Result<void>(reader.error());
    if (!looked)
        examination.add("deliveries", Verdict::wrong, looked.error().text(),
                        advice_for(looked.error()));
    return report(examination.findings, arguments, terminal);
}

}  // namespace syncline::cli
