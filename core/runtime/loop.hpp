// The delivery thread's loop as the dispatcher needs it: run something soon, run something later.
// The hub gives it an Asio loop; a test or a simulation gives it a list and a manual clock.
#pragma once

#include <cstdint>
#include <functional>

namespace syncline {

class Loop {
public:
    virtual ~Loop() = default;
    /// Any thread.
    virtual void post(std::function<void()> work) = 0;
    /// The loop's thread only.
    virtual void after(std::int64_t ms, std::function<void()> work) = 0;
};

}  // namespace syncline
