// A stand-in for Attio's REST API: records, list entries, notes, tasks, objects, lists, attributes.
//
// Facts: Attio's OpenAPI 2.0.0 (paths, shapes, error codes), its guide "Handling rate limits" (100
// reads/s, 25 writes/s, 429 with an HTTP date). A new one holds the standard objects people,
// companies and deals and the list sales-pipeline, with ids that never change (see
// attio_schema.cpp).
//
// Tables: objects, lists, attributes (key "<object or list slug>/<attribute slug>"), records,
// entries, notes, tasks. Seeds may be short: {"records": {ID: {"object": "deals", "values":
// {"name": "Acme"}}}}, {"entries": {ID: {"list": "sales-pipeline", "parent_object": "deals",
// "parent_record_id": ID, "entry_values": {"stage": "Lead"}}}}, {"notes": {ID: {"title": …}}},
// {"tasks": {ID: {"content_plaintext": …, "is_completed": true}}}.
// Knobs: reads_per_second, writes_per_second.
#pragma once

#include "tests/standins/standin.hpp"

namespace syncline::standins {

class Attio final : public Standin {
public:
    Attio(const Clock& clock, StandinOptions options);

protected:
    std::optional<HttpResponse> guard(const Call& call) override;
    HttpResponse error_form(unsigned status, const std::string& message) override;
    Json seeded(const std::string& table_name, const std::string& id, const Json& object) override;
    std::vector<std::string> summary_lines() override;

private:
    // attio_schema.cpp
    void install_standard_schema();
    void install_attribute(const std::string& owner, const std::string& slug,
                           const std::string& type, bool multiple, const Json& titles);
    Json new_schema_object(const std::string& id, const std::string& slug, const std::string& name);
    /// The object or list of that slug or id, or nullptr.
    const Json* schema(const std::string& table_name, const std::string& slug_or_id);
    /// Reads the short forms of `values` into the stored ones over `current`. Nothing, and `*why`
    /// filled, when an attribute or an option does not exist or has the wrong form.
    struct Refusal {
        std::string code;
        std::string message;
    };
    std::optional<Json> shape_values(const std::string& owner, const Json& values,
                                     const Json& current, bool arrays_only, Refusal* why);
    std::optional<Json> shape_value(const Json& attribute, const Json& value, Refusal* why);
    Json id_of(std::string_view name, const std::string& id) const;
    std::string now_text() const;

    // attio.cpp
    void routes_of_schema();
    void routes_of_records();
    void routes_of_entries();
    void routes_of_notes_and_tasks();
    HttpResponse refuse(unsigned status, const std::string& code, const std::string& message);
    HttpResponse not_found(const std::string& what);
    HttpResponse get_record(const Call& call);
    HttpResponse write_record(const Call& call, bool overwrite);
    HttpResponse create_record(const Call& call);
    HttpResponse get_entry(const Call& call);
    HttpResponse write_entry(const Call& call);
    HttpResponse write_task(const Call& call);
    Json record_form(const std::string& id, const Json& record);

    std::int64_t second_ = -1;  // the wall second that the counters below belong to
    std::int64_t reads_ = 0;
    std::int64_t writes_in_second_ = 0;
};

}  // namespace syncline::standins
