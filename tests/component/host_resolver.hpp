// Names that only the tests know, resolved inside this binary: host_resolver.cpp stands in front of
// the system's getaddrinfo, also for libcurl. Other names go through untouched.
//
//   loopback.test → 127.0.0.1        once.test   → 127.0.0.2 the first time, then 127.0.0.1
//   mixed.test    → 10.0.0.1 and 127.0.0.1       hangs.test  → waits for release_resolver()
#pragma once

namespace syncline::host {
/// Forgets what was asked.
void reset_resolver();
/// Lets waiting look-ups of hangs.test return, and waits until they have.
void release_resolver();
/// Look-ups of hangs.test that wait now.
int waiting_in_resolver();
}  // namespace syncline::host
