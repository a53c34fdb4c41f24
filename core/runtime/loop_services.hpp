// What running jobs ask of the hub besides HTTP: remembered links and pauses, from a reader of the
// store and the delivery thread's loop. That thread only.
#pragma once

#include "core/host/driver.hpp"
#include "core/runtime/loop.hpp"
#include "core/store/store.hpp"

namespace syncline {

class LoopServices final : public host::DriverServices {
public:
    LoopServices(Loop& loop, store::Reader& reader) : loop_(loop), reader_(reader) {}
    Result<std::optional<Link>> link(const std::string& destination, const std::string& kind,
                                     const std::string& source_id) override {
        return reader_.link(destination, kind, source_id);
    }
    void after(std::int64_t ms, std::function<void()> wake) override {
        if (ms <= 0) loop_.post(std::move(wake));
        else loop_.after(ms, std::move(wake));
    }

private:
    Loop& loop_;
    store::Reader& reader_;
};

}  // namespace syncline
