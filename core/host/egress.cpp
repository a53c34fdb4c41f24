// See egress.hpp. An address is 16 bytes: IPv4 as ::ffff:a.b.c.d, so that one comparison serves
// both families. Judging looks through every form that carries an IPv4 address inside an IPv6 one;
// allowing does not, except for ::ffff:, which the kernel itself connects as IPv4: an entry for
// 10.0.0.0/8 does not open the same network through a translator.
#include "core/host/egress.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "core/base/text.hpp"

namespace syncline::host {
namespace {

using Bytes16 = std::array<std::uint8_t, 16>;

struct Range {
    const char* network;
    int bits;
    std::string_view name;
};

// RFC 6890 and the registries that it began; the metadata services by their vendors' documents.
// First match wins.
constexpr Range ranges_v4[] = {
    {"169.254.169.254", 32, "metadata"},   // AWS, Azure, Google, and most others
    {"169.254.170.2", 32, "metadata"},     // AWS ECS
    {"100.100.100.200", 32, "metadata"},   // Alibaba
    {"168.63.129.16", 32, "metadata"},     // Azure's host, a public number
    {"0.0.0.0", 8, "unspecified"},
    {"127.0.0.0", 8, "loopback"},
    {"10.0.0.0", 8, "private"},
    {"172.16.0.0", 12, "private"},
    {"192.168.0.0", 16, "private"},
    {"198.18.0.0", 15, "private"},         // benchmarks
    {"100.64.0.0", 10, "carrier-grade NAT"},
    {"169.254.0.0", 16, "link-local"},
    {"192.0.0.0", 24, "reserved"},
    {"192.0.2.0", 24, "reserved"},         // documentation
    {"198.51.100.0", 24, "reserved"},
    {"203.0.113.0", 24, "reserved"},
    {"192.88.99.0", 24, "reserved"},
    {"224.0.0.0", 4, "multicast"},
    {"255.255.255.255", 32, "broadcast"},
    {"240.0.0.0", 4, "reserved"},
};
constexpr Range ranges_v6[] = {
    {"::", 128, "unspecified"},
    {"::1", 128, "loopback"},
    {"fd00:ec2::254", 128, "metadata"},    // AWS
    {"fd20:ce::254", 128, "metadata"},     // Google
    {"fc00::", 7, "private"},
    {"fe80::", 10, "link-local"},
    {"fec0::", 10, "private"},             // site-local, deprecated
    {"64:ff9b:1::", 48, "private"},        // translation inside one network
    {"2001::", 32, "tunnel"},              // Teredo: carries a disguised IPv4 address
    {"2001:db8::", 32, "reserved"},        // documentation
    {"100::", 64, "reserved"},
    {"ff00::", 8, "multicast"},
};

constexpr std::uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

Bytes16 mapped(const void* four_bytes) {
    Bytes16 out{};
    std::memcpy(out.data(), mapped_prefix, 12);
    std::memcpy(out.data() + 12, four_bytes, 4);
    return out;
}

bool is_mapped(const std::uint8_t* address) {
    return std::memcmp(address, mapped_prefix, 12) == 0;
}

bool same_bits(const std::uint8_t* left, const std::uint8_t* right, int bits) {
    int whole = bits / 8;
    if (std::memcmp(left, right, static_cast<std::size_t>(whole)) != 0) return false;
    int rest = bits % 8;
    if (rest == 0) return true;
    auto mask = static_cast<std::uint8_t>(0xFF << (8 - rest));
    return (left[whole] & mask) == (right[whole] & mask);
}

struct Address {
    Bytes16 bytes{};
    std::uint16_t port = 0;
};

std::optional<Address> read_address(const sockaddr* address) {
    Address out;
    if (address->sa_family == AF_INET) {
        sockaddr_in v4;
        std::memcpy(&v4, address, sizeof v4);
        out.bytes = mapped(&v4.sin_addr);
        out.port = ntohs(v4.sin_port);
        return out;
    }
    if (address->sa_family != AF_INET6) return std::nullopt;
    sockaddr_in6 v6;
    std::memcpy(&v6, address, sizeof v6);
    std::memcpy(out.bytes.data(), &v6.sin6_addr, 16);
    out.port = ntohs(v6.sin6_port);
    return out;
}

/// The IPv4 address that a form of IPv6 carries, as ::ffff:a.b.c.d.
std::optional<Bytes16> embedded_v4(const Bytes16& address) {
    static constexpr std::uint8_t nat64[12] = {0, 0x64, 0xFF, 0x9B};
    static constexpr std::uint8_t compatible[12] = {};
    static constexpr std::uint8_t translated[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    const std::uint8_t* bytes = address.data();
    if (is_mapped(bytes)) return address;
    for (const auto* prefix : {nat64, compatible, translated})
        if (std::memcmp(bytes, prefix, 12) == 0) return mapped(bytes + 12);
    if (bytes[0] == 0x20 && bytes[1] == 0x02) return mapped(bytes + 2);
    return std::nullopt;
}

std::string_view class_in(const Range* begin, const Range* end, int family,
                          const std::uint8_t* address) {
    for (const auto* range = begin; range != end; ++range) {
        std::uint8_t network[16];
        inet_pton(family, range->network, network);
        if (same_bits(network, address, range->bits)) return range->name;
    }
    return {};
}

std::string_view class_of(const Bytes16& address) {
    auto name = class_in(std::begin(ranges_v6), std::end(ranges_v6), AF_INET6, address.data());
    if (!name.empty()) return name;
    auto v4 = embedded_v4(address);
    if (!v4) return {};
    return class_in(std::begin(ranges_v4), std::end(ranges_v4), AF_INET, v4->data() + 12);
}

// --- Entries ------------------------------------------------------------------------------------

/// An entry taken apart: what stands before "/", after it, and after the port's colon.
struct Parts {
    std::string host;
    std::string bits;
    std::string port;
    bool has_bits = false;
    bool has_port = false;
};

Error wrong(std::string_view entry, std::string what) {
    return Error(ErrorCode::invalid_config, std::move(what),
                 "egress.allow \"" + printable(entry, 200) + "\"");
}

/// Splits ":port" off `text` when it has exactly one colon, or one after "]" or "/bits".
void split_port(std::string& text, Parts& parts) {
    auto colon = text.rfind(':');
    if (colon == std::string::npos) return;
    parts.has_port = true;
    parts.port = text.substr(colon + 1);
    text.resize(colon);
}

Result<Parts> take_apart(std::string_view entry) {
    Parts parts;
    std::string text(trim(entry));
    if (text.find("://") != std::string::npos)
        return wrong(entry, "is a URL; write only host, host:port or network/bits");
    auto slash = text.find('/');
    if (slash != std::string::npos) {
        parts.has_bits = true;
        parts.bits = text.substr(slash + 1);
        text.resize(slash);
        split_port(parts.bits, parts);
    }
    if (!text.empty() && text.front() == '[') {
        auto close = text.find(']');
        if (close == std::string::npos) return wrong(entry, "lacks the closing \"]\"");
        std::string after = text.substr(close + 1);
        if (!after.empty() && (after.front() != ':' || parts.has_bits))
            return wrong(entry, "has \"" + printable(after, 50) + "\" after \"]\"");
        split_port(after, parts);
        parts.host = text.substr(1, close - 1);
        return parts;
    }
    if (!parts.has_bits && std::count(text.begin(), text.end(), ':') == 1) split_port(text, parts);
    parts.host = text;
    return parts;
}

/// Numbers that look like an address but are no dotted quad (127.1, 0x7f000001, 2130706433): a
/// resolver would take them for one.
bool numeric_looking(std::string_view host) {
    auto last = host.substr(host.rfind('.') + 1);
    bool digits = !last.empty() && last.find_first_not_of("0123456789") == std::string_view::npos;
    return digits || starts_with_ignore_case(last, "0x");
}

bool is_host_name(std::string_view host) {
    if (host.empty() || host.size() > 253) return false;
    for (const auto& label : split(host, '.')) {
        auto plain = [](char c) {
            return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                   c == '-' || c == '_';
        };
        if (label.empty() || label.size() > 63) return false;
        if (!std::all_of(label.begin(), label.end(), plain)) return false;
    }
    return true;
}

std::string_view without_dot(std::string_view host) {
    if (!host.empty() && host.back() == '.') host.remove_suffix(1);
    return host;
}

struct Network {
    Bytes16 bytes{};
    int bits = 128;
};

/// The network of a literal address, or nothing when `host` is none.
std::optional<Network> literal(const std::string& host) {
    Network out;
    std::uint8_t four[4];
    if (inet_pton(AF_INET, host.c_str(), four) == 1) {
        out.bytes = mapped(four);
        return out;
    }
    if (inet_pton(AF_INET6, host.c_str(), out.bytes.data()) == 1) return out;
    return std::nullopt;
}

Result<void> apply_bits(std::string_view entry, const Parts& parts, Network& network) {
    if (!parts.has_bits) return {};
    bool v4 = parts.host.find(':') == std::string::npos;
    int most = v4 ? 32 : 128;
    auto bits = parse_decimal(parts.bits);
    if (!bits || *bits > static_cast<std::uint64_t>(most))
        return wrong(entry, "needs 0 to " + std::to_string(most) + " bits after \"/\"");
    network.bits = static_cast<int>(*bits) + (v4 ? 96 : 0);
    for (int bit = network.bits; bit < 128; ++bit) {
        auto byte = network.bytes[static_cast<std::size_t>(bit / 8)];
        if (byte & (0x80 >> (bit % 8)))
            return wrong(entry, "has address bits beyond its /" + parts.bits +
                                    "; write the network's first address");
    }
    return {};
}

}  // namespace

Result<EgressPolicy> EgressPolicy::parse(const std::vector<std::string>& allow) {
    EgressPolicy policy;
    for (const auto& text : allow) {
        auto parts = take_apart(text);
        if (!parts) return parts.error();
        Entry entry;
        if (parts->has_port) {
            auto port = parse_decimal(parts->port);
            if (!port || *port == 0 || *port > 65535)
                return wrong(text, "needs a port from 1 to 65535 after \":\"");
            entry.port = static_cast<std::uint16_t>(*port);
        }
        if (auto network = literal(parts->host)) {
            auto good = apply_bits(text, *parts, *network);
            if (!good) return good.error();
            std::memcpy(entry.network, network->bytes.data(), 16);
            entry.prefix_bits = network->bits;
        } else {
            std::string_view name = without_dot(parts->host);
            if (numeric_looking(name))
                return wrong(text, "is no address: write IPv4 as four decimal numbers");
            if (parts->has_bits || !is_host_name(name))
                return wrong(text, "is neither an address, a network nor a host name");
            entry.name = lower(name);
        }
        policy.entries_.push_back(std::move(entry));
    }
    return policy;
}

bool EgressPolicy::allows(const sockaddr* address, std::string_view host) const {
    auto found = read_address(address);
    if (!found) return false;  // only the internet's families
    if (class_of(found->bytes).empty()) return true;
    for (const auto& entry : entries_) {
        if (entry.port != 0 && entry.port != found->port) continue;
        if (!entry.name.empty()) {
            if (equals_ignore_case(entry.name, without_dot(host))) return true;
            continue;
        }
        // "::/0" means IPv6, not every IPv4 address in its mapped form.
        bool v4_entry = entry.prefix_bits >= 96 && is_mapped(entry.network);
        if (v4_entry != is_mapped(found->bytes.data())) continue;
        if (same_bits(entry.network, found->bytes.data(), entry.prefix_bits)) return true;
    }
    return false;
}

std::string_view address_class(const sockaddr* address) {
    auto found = read_address(address);
    if (!found) return "no internet address";
    return class_of(found->bytes);
}

}  // namespace syncline::host
