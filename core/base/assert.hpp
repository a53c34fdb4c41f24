// SYNCLINE_ASSERT: an invariant that stays checked in release builds. A broken one prints what it
// was and aborts: the truth is in the store, so a restart is safe and going on is not.
#pragma once

#include <string>
#include <string_view>

namespace syncline {
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line,
                                   std::string_view detail);
}

#define SYNCLINE_ASSERT(condition, detail)                                              \
    do {                                                                                \
        if (!(condition))                                                               \
            ::syncline::assertion_failed(#condition, __FILE__, __LINE__, (detail));      \
    } while (false)
