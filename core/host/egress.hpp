// Which addresses a connector's requests may reach. Decided on the resolved address at connect, so
// that no spelling of a name or number goes around it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"

struct sockaddr;

namespace syncline::host {

class EgressPolicy {
public:
    /// Entries: "127.0.0.1", "127.0.0.1:7700", "[::1]:7700", "10.0.0.0/8", "fd00::/8:443" or
    /// "localhost:7700" (a name allows what it resolves to, for requests to that name only).
    static Result<EgressPolicy> parse(const std::vector<std::string>& allow);

    /// True when `address` may be connected to for a request to `host`. Loopback, private,
    /// link-local, CGNAT, multicast, unspecified, ULA and the metadata addresses are refused unless
    /// allowed, also when mapped into IPv6 (::ffff:, 64:ff9b::, 2002::).
    bool allows(const sockaddr* address, std::string_view host) const;

private:
    struct Entry {
        std::string name;             // when it is a host name
        std::uint8_t network[16] = {};
        int prefix_bits = 128;
        std::uint16_t port = 0;       // 0: any
    };
    std::vector<Entry> entries_;
};

/// The class of a resolved address, in words ("loopback", "private", …), or empty when public.
std::string_view address_class(const sockaddr* address);

}  // namespace syncline::host
