// `syncline forget --subject ID`: takes a person out of the stored events: payloads, attributes, the
// subject, notes, attempts, links. Dedupe keys stay, so that a repeat is still a repeat. The count
// comes first. It takes the store itself (its lock keeps a hub away meanwhile).
#include <istream>
#include <ostream>

#include "core/admin/filter_words.hpp"
#include "core/base/text.hpp"
#include "core/cli/commands.hpp"

namespace syncline::cli {
namespace {

struct Count {
    std::size_t events = 0;
    std::size_t pending = 0;   // events of those with a delivery that is pending
};

Result<Count> count_events(store::Reader& reader, store::Filter filter) {
    Count count;
    filter.limit = filter_limit_max;
    for (;;) {
        auto rows = reader.events(filter);
        if (!rows) return rows.error();
        for (const auto& row : *rows) {
            ++count.events;
            if (row.pending > 0) ++count.pending;
        }
        if (rows->size() < filter.limit) return count;
        filter.before = rows->back().event.seq;
    }
}

std::string events_text(std::size_t count) {
    return std::to_string(count) + (count == 1 ? " event" : " events");
}

void print_pending(const Count& count, Terminal& terminal) {
    if (count.pending == 0) return;
    print_hint(terminal, events_text(count.pending) +
                             " with pending deliveries stay as they are: forget again when these "
                             "have ended or are cancelled");
}

bool confirmed(const Count& count, Terminal& terminal) {
    terminal.err << "forget " << events_text(count.events - count.pending)
                 << " and their links? It cannot be undone. [y/N] " << std::flush;
    std::string answer;
    std::getline(terminal.in, answer);
    return equals_ignore_case(trim(answer), "y") || equals_ignore_case(trim(answer), "yes");
}

/// A write at a time until nothing is left.
Result<std::size_t> forget(const config::HubConfig& config, const std::string& subject,
                           std::int64_t now_ms) {
    auto writer = open_store(config)->open_writer();
    if (!writer) return writer.error();
    std::size_t forgotten = 0;
    for (;;) {
        store::Write write(store::Forget{subject});
        std::vector<store::Write*> writes = {&write};
        auto committed = (*writer)->commit(writes, now_ms);
        if (!committed) return committed.error();
        if (committed->front().forgotten == 0) return forgotten;
        forgotten += committed->front().forgotten;
    }
}

ExitCode failed(const Error& error, Terminal& terminal) {
    print_error(terminal, printable(error.text()));
    return ExitCode::failed;
}

void print_result(const Arguments& arguments, const Count& count, Terminal& terminal) {
    if (arguments.json) {
        Json made = Json::object();
        made.set("events", count.events - count.pending);
        made.set("pending", count.pending);
        made.set("dry_run", arguments.dry_run);
        terminal.out << made.dump() << '\n';
        return;
    }
    terminal.out << events_text(count.events - count.pending)
                 << (arguments.dry_run ? " would be forgotten\n" : " forgotten\n");
}

}  // namespace

ExitCode forget_command(const Arguments& arguments, const Surroundings& surroundings,
                        Terminal& terminal) {
    auto filter = filter_of(arguments, surroundings, terminal);
    if (!filter) return ExitCode::usage;
    if (filter->subject.empty()) {
        print_error(terminal, "say whom to forget: --subject ID");
        return ExitCode::usage;
    }
    auto config = config_for_reading(arguments, surroundings, terminal);
    if (!config) return ExitCode::usage;
    auto reader = open_reader(*config);
    if (!reader) return failed(reader.error(), terminal);
    auto count = count_events(**reader, *filter);
    if (!count) return failed(count.error(), terminal);
    if (!arguments.dry_run && !arguments.yes && !terminal.interactive) {
        print_error(terminal, events_text(count->events - count->pending) +
                                  " would be forgotten; say --yes to do it");
        print_pending(*count, terminal);
        return ExitCode::usage;
    }
    if (!arguments.dry_run && !arguments.yes && !confirmed(*count, terminal)) {
        terminal.err << "nothing was done\n";
        return ExitCode::failed;
    }
    if (!arguments.dry_run) {
        reader->reset();   // its snapshot would keep the log
        auto forgotten = forget(*config, filter->subject, surroundings.clock.wall_ms());
        if (!forgotten) return failed(forgotten.error(), terminal);
        print_hint(terminal, "`syncline compact --full` also wipes unused parts of the file; backups "
                             "and logs elsewhere are yours to care for");
    }
    print_result(arguments, *count, terminal);
    print_pending(*count, terminal);
    return ExitCode::ok;
}

}  // namespace syncline::cli
