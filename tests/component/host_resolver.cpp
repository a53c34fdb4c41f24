// See host_resolver.hpp. The dynamic linker prefers the executable's getaddrinfo over libc's.
#include "host_resolver.hpp"

#include <dlfcn.h>
#include <netdb.h>

#include <condition_variable>
#include <cstring>
#include <mutex>
#include <string_view>

namespace {

using Lookup = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

struct Resolver {
    std::mutex mutex;
    std::condition_variable changed;
    int once_asked = 0;
    int waiting = 0;
    bool released = false;
};

Resolver& resolver() {
    static auto* const only = new Resolver;  // a detached look-up may outlive main
    return *only;
}

int system_lookup(const char* node, const char* service, const addrinfo* hints, addrinfo** out) {
    static const auto real = reinterpret_cast<Lookup>(dlsym(RTLD_NEXT, "getaddrinfo"));
    return real(node, service, hints, out);
}

int wait_for_release() {
    std::unique_lock lock(resolver().mutex);
    resolver().waiting += 1;
    resolver().changed.notify_all();
    resolver().changed.wait(lock, [] { return resolver().released; });
    resolver().waiting -= 1;
    resolver().changed.notify_all();
    return EAI_AGAIN;
}

int both(const char* first, const char* second, const char* service, const addrinfo* hints,
         addrinfo** out) {
    int failed = system_lookup(first, service, hints, out);
    if (failed != 0) return failed;
    addrinfo* rest = nullptr;
    failed = system_lookup(second, service, hints, &rest);
    if (failed == 0) (*out)->ai_next = rest;
    return failed;
}

}  // namespace

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** out) {
    std::string_view name = node != nullptr ? node : "";
    if (name == "loopback.test") return system_lookup("127.0.0.1", service, hints, out);
    if (name == "mixed.test") return both("10.0.0.1", "127.0.0.1", service, hints, out);
    if (name == "hangs.test") return wait_for_release();
    if (name != "once.test") return system_lookup(node, service, hints, out);
    int asked = 0;
    {
        std::lock_guard lock(resolver().mutex);
        asked = resolver().once_asked++;
    }
    return system_lookup(asked == 0 ? "127.0.0.2" : "127.0.0.1", service, hints, out);
}

namespace syncline::host {

void reset_resolver() {
    std::lock_guard lock(resolver().mutex);
    resolver().once_asked = 0;
    resolver().released = false;
}

void release_resolver() {
    std::unique_lock lock(resolver().mutex);
    resolver().released = true;
    resolver().changed.notify_all();
    resolver().changed.wait(lock, [] { return resolver().waiting == 0; });
}

int waiting_in_resolver() {
    std::lock_guard lock(resolver().mutex);
    return resolver().waiting;
}

}  // namespace syncline::host
