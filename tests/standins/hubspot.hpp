// A stand-in for HubSpot's CRM objects: batch upsert, single read, create, update, search.
//
// Facts: HubSpot's public API specification (v3 and the dated 2026-03 paths) and its "Usage
// guidelines" and "Error handling": values of properties are strings, an upsert goes by a property
// with unique values, 100 inputs a batch, 207 with an error per input that failed, 100 requests per
// 10 s and then 429 with policyName TEN_SECONDLY_ROLLING.
//
// Tables: one per object type ("contacts", "companies", "deals") with {ID: {"properties": {…}}};
// "properties" {"TYPE/NAME": {"unique": bool}}. A new one knows the usual properties of each type
// and the unique attio_id. Knobs: per_10s.
#pragma once

#include "tests/standins/rate.hpp"
#include "tests/standins/standin.hpp"

namespace syncline::standins {

class HubSpot final : public Standin {
public:
    HubSpot(const Clock& clock, StandinOptions options);

protected:
    std::optional<HttpResponse> guard(const Call& call) override;
    HttpResponse error_form(unsigned status, const std::string& message) override;
    void decorate(HttpResponse& response) override;
    std::vector<std::string> summary_lines() override;

private:
    HttpResponse refuse(unsigned status, const std::string& category, const std::string& message);
    void routes_under(const std::string& prefix);
    HttpResponse batch_upsert(const std::string& type, const Call& call);
    HttpResponse get_one(const std::string& type, const Call& call);
    HttpResponse create(const std::string& type, const Call& call);
    HttpResponse update(const std::string& type, const Call& call);
    HttpResponse search(const std::string& type, const Call& call);
    /// Why the batch as a whole is refused; empty: it is not.
    std::string check_batch(const std::string& type, const Json& inputs);
    /// Why this input's properties are refused; empty: they are not.
    std::string check_properties(const std::string& type, const Json& properties);
    /// The record's id whose `property` has that value ("": the record id itself), or "".
    std::string locate(const std::string& type, const std::string& property,
                       const std::string& value);
    Json form(const std::string& type, const std::string& id);
    Json error_item(const std::string& message, const Json& trace);

    SlidingWindow window_{10'000};
};

}  // namespace syncline::standins
