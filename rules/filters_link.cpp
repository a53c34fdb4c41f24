// `link: kind`: the id that the destination gave to what the source calls by this id.
//
// The pairs are remembered outside of this room: a LinkSource of the surroundings is asked. Without
// one the filter is a fault, and so is a link that cannot be read; a pair that is not there is nil.
#include "rules/filters.hpp"
#include "rules/template.hpp"

namespace syncline::rules {

namespace {

Json link(const Json& in, FilterCall& call) {
    if (!call.links) return call.fail("is not available here: no links are kept for this render");
    if (call.text(0).empty())
        return call.fail("needs the name of a kind as argument 1, found \"\"");
    if (in.as_string().empty()) return Json();
    auto found = call.links->find(call.text(0), in.as_string());
    if (!found.error.empty()) return call.fail("cannot be answered: " + found.error);
    return found.id ? Json(std::move(*found.id)) : Json();
}

constexpr FilterSpec specs[] = {{"link", "Tt", link}};

}  // namespace

std::span<const FilterSpec> link_filters() { return specs; }

}  // namespace syncline::rules
