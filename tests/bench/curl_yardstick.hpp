// See curl_yardstick.cpp.
#pragma once

#include <cstdint>
#include <string>

namespace syncline::bench {

/// Posts `body` to 127.0.0.1:port `requests` times over `connections` connections; requests per s.
double curl_posts_per_s(std::uint16_t port, const std::string& body, std::size_t connections,
                        std::size_t requests);

}  // namespace syncline::bench
