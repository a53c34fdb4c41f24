// Makes a stand-in by its vendor's name.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/standins/standin.hpp"

namespace syncline::standins {

/// nullptr when the vendor is unknown. `clock` must outlive what is made.
std::unique_ptr<Standin> make_standin(std::string_view vendor, const Clock& clock,
                                      StandinOptions options);
std::vector<std::string> vendor_names();

}  // namespace syncline::standins
