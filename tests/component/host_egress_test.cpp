// The egress guard as a table: every spelling of an address that must not be reached, through the
// real getaddrinfo, and every form of an allow entry.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstring>
#include <string>
#include <vector>

#include "core/host/egress.hpp"

namespace syncline::host {
namespace {

struct Resolved {
    sockaddr_storage storage{};
    bool good = false;
    const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

/// As a resolver reads a literal: 127.1, 0x7f.1 and 2130706433 are addresses to it.
Resolved resolve(const std::string& host, const std::string& port = "80") {
    Resolved out;
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return out;
    std::memcpy(&out.storage, found->ai_addr, found->ai_addrlen);
    out.good = true;
    freeaddrinfo(found);
    return out;
}

EgressPolicy policy(const std::vector<std::string>& allow) {
    auto made = EgressPolicy::parse(allow);
    EXPECT_TRUE(made) << made.error().text();
    return made ? *made : EgressPolicy();
}

bool allowed(const std::vector<std::string>& allow, const std::string& address,
             const std::string& port = "80", const std::string& host = "host.example") {
    auto resolved = resolve(address, port);
    EXPECT_TRUE(resolved.good) << address;
    return policy(allow).allows(resolved.address(), host);
}

struct Spelling {
    const char* text;
    const char* name;
};

class HostEgressSpelling : public testing::TestWithParam<Spelling> {};

TEST_P(HostEgressSpelling, is_refused_unless_allowed) {
    auto resolved = resolve(GetParam().text);
    ASSERT_TRUE(resolved.good) << GetParam().text;
    EXPECT_EQ(address_class(resolved.address()), GetParam().name) << GetParam().text;
    EXPECT_FALSE(EgressPolicy().allows(resolved.address(), GetParam().text)) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    all, HostEgressSpelling,
    testing::Values(
        Spelling{"127.0.0.1", "loopback"}, Spelling{"127.1", "loopback"},
        Spelling{"2130706433", "loopback"}, Spelling{"0x7f000001", "loopback"},
        Spelling{"0x7f.1", "loopback"}, Spelling{"0177.0.0.1", "loopback"},
        Spelling{"017700000001", "loopback"}, Spelling{"127.255.255.254", "loopback"},
        Spelling{"::1", "loopback"}, Spelling{"::ffff:127.0.0.1", "loopback"},
        Spelling{"::ffff:7f00:1", "loopback"}, Spelling{"::127.0.0.1", "loopback"},
        Spelling{"::ffff:0:127.0.0.1", "loopback"}, Spelling{"64:ff9b::127.0.0.1", "loopback"},
        Spelling{"2002:7f00:1::", "loopback"}, Spelling{"0", "unspecified"},
        Spelling{"0.0.0.0", "unspecified"}, Spelling{"0.1.2.3", "unspecified"},
        Spelling{"::", "unspecified"}, Spelling{"10.0.0.1", "private"},
        Spelling{"10.255.255.255", "private"}, Spelling{"172.16.0.1", "private"},
        Spelling{"172.31.255.255", "private"}, Spelling{"192.168.1.1", "private"},
        Spelling{"3232235777", "private"}, Spelling{"64:ff9b::10.0.0.1", "private"},
        Spelling{"2002:a00:1::1", "private"}, Spelling{"64:ff9b:1::1", "private"},
        Spelling{"198.18.0.1", "private"}, Spelling{"fc00::1", "private"},
        Spelling{"fdff:ffff::1", "private"}, Spelling{"fec0::1", "private"},
        Spelling{"169.254.1.1", "link-local"}, Spelling{"fe80::1", "link-local"},
        Spelling{"febf::1", "link-local"}, Spelling{"169.254.169.254", "metadata"},
        Spelling{"2852039166", "metadata"}, Spelling{"0xa9fea9fe", "metadata"},
        Spelling{"0251.0376.0251.0376", "metadata"}, Spelling{"::ffff:169.254.169.254", "metadata"},
        Spelling{"64:ff9b::a9fe:a9fe", "metadata"}, Spelling{"2002:a9fe:a9fe::", "metadata"},
        Spelling{"169.254.170.2", "metadata"}, Spelling{"100.100.100.200", "metadata"},
        Spelling{"168.63.129.16", "metadata"}, Spelling{"fd00:ec2::254", "metadata"},
        Spelling{"100.64.0.1", "carrier-grade NAT"},
        Spelling{"100.127.255.255", "carrier-grade NAT"}, Spelling{"224.0.0.1", "multicast"},
        Spelling{"239.255.255.250", "multicast"}, Spelling{"ff02::1", "multicast"},
        Spelling{"255.255.255.255", "broadcast"}, Spelling{"240.0.0.1", "reserved"},
        Spelling{"192.0.2.1", "reserved"}, Spelling{"2001:db8::1", "reserved"},
        Spelling{"2001:0:1::1", "tunnel"}));

class HostEgressPublic : public testing::TestWithParam<const char*> {};

TEST_P(HostEgressPublic, is_allowed_without_an_entry) {
    auto resolved = resolve(GetParam());
    ASSERT_TRUE(resolved.good);
    EXPECT_EQ(address_class(resolved.address()), "");
    EXPECT_TRUE(EgressPolicy().allows(resolved.address(), "api.example.com"));
}

// The neighbours of each refused range, on both sides.
INSTANTIATE_TEST_SUITE_P(all, HostEgressPublic,
                         testing::Values("1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255",
                                         "100.128.0.0", "126.255.255.255", "128.0.0.0",
                                         "169.253.255.255", "169.255.0.0", "172.15.255.255",
                                         "172.32.0.0", "192.167.255.255", "192.169.0.0",
                                         "198.17.255.255", "198.20.0.0", "223.255.255.255",
                                         "2606:4700::1111", "2002:808:808::1", "64:ff9b::8.8.8.8",
                                         "::ffff:8.8.8.8", "fbff::1", "2001:1::1"));

TEST(HostEgress, refuses_families_other_than_the_internets) {
    sockaddr_un unix_address{};
    unix_address.sun_family = AF_UNIX;
    auto* address = reinterpret_cast<const sockaddr*>(&unix_address);
    EXPECT_FALSE(policy({"0.0.0.0/0", "::/0"}).allows(address, "localhost"));
    EXPECT_EQ(address_class(address), "no internet address");
}

TEST(HostEgress, an_address_allows_itself_on_every_port) {
    EXPECT_TRUE(allowed({"127.0.0.1"}, "127.0.0.1", "80"));
    EXPECT_TRUE(allowed({"127.0.0.1"}, "127.0.0.1", "7700"));
    EXPECT_FALSE(allowed({"127.0.0.1"}, "127.0.0.2"));
    EXPECT_TRUE(allowed({" 127.0.0.1 "}, "127.0.0.1"));
}

TEST(HostEgress, an_entry_with_a_port_allows_that_port_only) {
    EXPECT_TRUE(allowed({"127.0.0.1:7700"}, "127.0.0.1", "7700"));
    EXPECT_FALSE(allowed({"127.0.0.1:7700"}, "127.0.0.1", "7701"));
    EXPECT_TRUE(allowed({"[::1]:7700"}, "::1", "7700"));
    EXPECT_FALSE(allowed({"[::1]:7700"}, "::1", "80"));
    EXPECT_TRUE(allowed({"::1"}, "::1", "80"));
    EXPECT_TRUE(allowed({"[::1]"}, "::1", "80"));
}

TEST(HostEgress, a_network_allows_its_addresses_and_no_neighbour) {
    EXPECT_TRUE(allowed({"10.0.0.0/8"}, "10.255.1.2"));
    EXPECT_FALSE(allowed({"10.0.0.0/9"}, "10.128.0.0"));
    EXPECT_TRUE(allowed({"10.0.0.0/8:443"}, "10.1.2.3", "443"));
    EXPECT_FALSE(allowed({"10.0.0.0/8:443"}, "10.1.2.3", "80"));
    EXPECT_TRUE(allowed({"fd00::/8:443"}, "fd12::1", "443"));
    EXPECT_FALSE(allowed({"fd00::/8:443"}, "fc12::1", "443"));
    EXPECT_TRUE(allowed({"0.0.0.0/0"}, "127.0.0.1"));
}

TEST(HostEgress, an_entry_counts_for_the_mapped_form_and_no_other) {
    EXPECT_TRUE(allowed({"127.0.0.1"}, "::ffff:127.0.0.1"));
    EXPECT_TRUE(allowed({"::ffff:127.0.0.1"}, "127.0.0.1"));
    EXPECT_FALSE(allowed({"10.0.0.0/8"}, "64:ff9b::10.0.0.1"));
    EXPECT_FALSE(allowed({"10.0.0.0/8"}, "2002:a00:1::"));
    EXPECT_TRUE(allowed({"64:ff9b::/96"}, "64:ff9b::10.0.0.1"));
    EXPECT_FALSE(allowed({"::/0"}, "127.0.0.1"));
    EXPECT_FALSE(allowed({"0.0.0.0/0"}, "::1"));
}

TEST(HostEgress, a_name_allows_what_it_resolves_to_for_requests_to_that_name) {
    EXPECT_TRUE(allowed({"localhost:7700"}, "127.0.0.1", "7700", "localhost"));
    EXPECT_TRUE(allowed({"LocalHost"}, "::1", "80", "LOCALHOST."));
    EXPECT_FALSE(allowed({"localhost:7700"}, "127.0.0.1", "7701", "localhost"));
    EXPECT_FALSE(allowed({"localhost"}, "127.0.0.1", "80", "other.example"));
    EXPECT_FALSE(allowed({"localhost"}, "127.0.0.1", "80", "127.0.0.1"));
    EXPECT_TRUE(allowed({"wiki.internal"}, "10.0.0.5", "80", "wiki.internal"));
    EXPECT_FALSE(allowed({"wiki.internal"}, "10.0.0.5", "80", "evil.wiki.internal"));
}

class HostEgressMalformed : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(HostEgressMalformed, entry_is_refused_with_the_reason) {
    auto made = EgressPolicy::parse({"127.0.0.1", GetParam().first});
    ASSERT_FALSE(made) << GetParam().first;
    EXPECT_EQ(made.error().code, ErrorCode::invalid_config);
    EXPECT_NE(made.error().text().find(GetParam().second), std::string::npos)
        << made.error().text();
}

INSTANTIATE_TEST_SUITE_P(
    all, HostEgressMalformed,
    testing::Values(
        std::pair{"", "neither an address"}, std::pair{"http://127.0.0.1", "is a URL"},
        std::pair{"127.1", "four decimal numbers"}, std::pair{"2130706433", "four decimal numbers"},
        std::pair{"0x7f000001", "four decimal numbers"},
        std::pair{"256.1.1.1", "four decimal numbers"}, std::pair{"127.0.0.1:0", "a port from 1"},
        std::pair{"127.0.0.1:65536", "a port from 1"}, std::pair{"127.0.0.1:", "a port from 1"},
        std::pair{"127.0.0.1:http", "a port from 1"}, std::pair{"[::1", "closing"},
        std::pair{"[::1]x", "after \"]\""}, std::pair{"10.0.0.0/33", "0 to 32 bits"},
        std::pair{"10.0.0.0/", "0 to 32 bits"}, std::pair{"10.0.0.0/-1", "0 to 32 bits"},
        std::pair{"fd00::/129", "0 to 128 bits"}, std::pair{"10.1.0.0/8", "beyond its /8"},
        std::pair{"::1/64", "beyond its /64"}, std::pair{"*.example.com", "neither an address"},
        std::pair{"localhost/8", "neither an address"}, std::pair{"a b", "neither an address"},
        std::pair{"a\nb", "neither an address"}, std::pair{":::1", "neither an address"}));

}  // namespace
}  // namespace syncline::host
