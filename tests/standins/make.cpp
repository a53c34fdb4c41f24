// The one table of vendors (see make.hpp).
#include "tests/standins/make.hpp"

#include "tests/standins/attio.hpp"
#include "tests/standins/github.hpp"
#include "tests/standins/hubspot.hpp"
#include "tests/standins/meilisearch.hpp"
#include "tests/standins/notion.hpp"
#include "tests/standins/sink.hpp"

namespace syncline::standins {

namespace {

using Maker = std::unique_ptr<Standin> (*)(const Clock&, StandinOptions);

template <class Vendor>
std::unique_ptr<Standin> make_one(const Clock& clock, StandinOptions options) {
    return std::make_unique<Vendor>(clock, std::move(options));
}

struct Row {
    const char* name;
    Maker make;
};

constexpr Row kVendors[] = {
    {"attio", make_one<Attio>},     {"github", make_one<GitHub>},
    {"hubspot", make_one<HubSpot>}, {"meilisearch", make_one<Meilisearch>},
    {"notion", make_one<Notion>},   {"sink", make_one<Sink>},
};

}  // namespace

std::unique_ptr<Standin> make_standin(std::string_view vendor, const Clock& clock,
                                      StandinOptions options) {
    for (const Row& row : kVendors) {
        if (vendor == row.name) return row.make(clock, std::move(options));
    }
    return nullptr;
}

std::vector<std::string> vendor_names() {
    std::vector<std::string> names;
    for (const Row& row : kVendors) names.emplace_back(row.name);
    return names;
}

}  // namespace syncline::standins
