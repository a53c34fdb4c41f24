// IP addresses and the blocks of them that `cidr` names.
//
// An address is what inet_pton reads: four decimal numbers without leading zeros, or IPv6 in any of
// its spellings; no zones, no brackets. The two families never meet: ::ffff:10.0.0.5 is IPv6.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace syncline::rules {

struct Address {
    std::array<std::uint8_t, 16> bytes{};   // IPv4: the first four
    bool v6 = false;
};

/// Nothing when the text is no address. No allocation.
std::optional<Address> address_of_text(std::string_view text);

/// All addresses that share the first `bits` bits; the bits behind them are 0.
struct AddressBlock {
    Address base;
    std::uint8_t bits = 0;
    bool contains(const Address& address) const;
};

/// "10.0.0.0/8", "2001:db8::/32". Host bits are dropped; nothing when the text is no block.
std::optional<AddressBlock> address_block_of_text(std::string_view text);

}  // namespace syncline::rules
