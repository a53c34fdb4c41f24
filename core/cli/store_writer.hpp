// The store in the hands of a command, while no hub runs: its lock keeps a hub away. One thread.
#pragma once

#include <memory>

#include "core/cli/load.hpp"

namespace syncline::cli {

struct StoreWriter {
    std::unique_ptr<store::Reader> reader;
    std::unique_ptr<store::Writer> writer;
    const Clock* clock = nullptr;

    /// not_found: no hub has run yet; locked: one runs, though its admin port cannot be reached.
    static Result<StoreWriter> open(const config::HubConfig& config, const Clock& clock) {
        StoreWriter made;
        made.clock = &clock;
        auto reader = open_reader(config);
        if (!reader) return reader.error();
        auto writer = open_store(config)->open_writer();
        if (!writer && writer.error().code == ErrorCode::locked)
            return Error(ErrorCode::locked,
                         writer.error().text() +
                             "; its admin port cannot be reached at admin.listen");
        if (!writer) return writer.error();
        made.reader = std::move(*reader);
        made.writer = std::move(*writer);
        return made;
    }

    Result<store::WriteResult> commit(store::Write write) {
        std::vector<store::Write*> writes = {&write};
        auto committed = writer->commit(writes, clock->wall_ms());
        if (!committed) return committed.error();
        return std::move(committed->front());
    }
};

}  // namespace syncline::cli
