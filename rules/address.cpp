// Reading addresses and blocks; see address.hpp.
//
// inet_pton does the reading: it is strict where inet_aton guesses (octal, missing parts).
#include "rules/address.hpp"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

namespace syncline::rules {

std::optional<Address> address_of_text(std::string_view text) {
    char copy[INET6_ADDRSTRLEN];   // ends in a zero byte, as inet_pton wants it
    if (text.size() < 2 || text.size() >= sizeof copy) return std::nullopt;
    if (std::memchr(text.data(), '\0', text.size())) return std::nullopt;
    std::memcpy(copy, text.data(), text.size());
    copy[text.size()] = '\0';
    Address made;
    made.v6 = text.find(':') != std::string_view::npos;
    if (inet_pton(made.v6 ? AF_INET6 : AF_INET, copy, made.bytes.data()) != 1) return std::nullopt;
    return made;
}

namespace {

/// What of the byte at `index` belongs to the first `bits` bits.
std::uint8_t mask_of(std::size_t index, std::size_t bits) {
    if (bits >= 8 * (index + 1)) return 0xFF;
    if (bits <= 8 * index) return 0;
    return static_cast<std::uint8_t>(0xFF << (8 * (index + 1) - bits));
}

}  // namespace

bool AddressBlock::contains(const Address& address) const {
    if (address.v6 != base.v6) return false;
    for (std::size_t i = 0; 8 * i < bits; ++i)
        if ((address.bytes[i] & mask_of(i, bits)) != base.bytes[i]) return false;
    return true;
}

std::optional<AddressBlock> address_block_of_text(std::string_view text) {
    auto slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    auto address = address_of_text(text.substr(0, slash));
    auto digits = text.substr(slash + 1);
    bool plain = !digits.empty() && digits.size() <= 3 &&
                 digits.find_first_not_of("0123456789") == std::string_view::npos &&
                 (digits.size() == 1 || digits.front() != '0');
    if (!address || !plain) return std::nullopt;
    unsigned bits = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (bits > (address->v6 ? 128u : 32u)) return std::nullopt;
    AddressBlock made;
    made.base = *address;
    made.bits = static_cast<std::uint8_t>(bits);
    for (std::size_t i = 0; i < made.base.bytes.size(); ++i)
        made.base.bytes[i] = static_cast<std::uint8_t>(made.base.bytes[i] & mask_of(i, bits));
    return made;
}

}  // namespace syncline::rules
