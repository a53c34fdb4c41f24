// A stand-in for Meilisearch: documents added, replaced, merged and deleted by asynchronous tasks.
//
// Facts: Meilisearch's documentation (OpenAPI 1.53): writes answer 202 with a taskUid; a task goes
// enqueued → processing → succeeded | failed, tasks of an index run in order; document ids are
// integers or [A-Za-z0-9_-] up to 511 bytes and one bad id fails the whole batch; a missing index
// is created; 401 without a key, 403 with a wrong one.
//
// A task moves one state on each time it is read, or by the clock: processing task_enqueued_ms (5)
// after it came, finished task_processing_ms (5) later.
// Tables: indexes {UID: {"primaryKey"}}, tasks (key: taskUid with leading zeros), and
// "documents/UID" {ID: document}. Knobs: task_enqueued_ms, task_processing_ms.
#pragma once

#include "tests/standins/standin.hpp"

namespace syncline::standins {

class Meilisearch final : public Standin {
public:
    Meilisearch(const Clock& clock, StandinOptions options);

protected:
    std::optional<HttpResponse> guard(const Call& call) override;
    HttpResponse error_form(unsigned status, const std::string& message) override;
    void advance() override;
    std::vector<std::string> summary_lines() override;

private:
    HttpResponse refuse(unsigned status, const std::string& code, const std::string& message);
    HttpResponse write_documents(const Call& call, bool merge);
    HttpResponse delete_documents(const Call& call, Json ids);
    HttpResponse enqueue(const Call& call, const std::string& type, Json payload);
    HttpResponse get_task(const Call& call);
    HttpResponse list_tasks(const Call& call);
    /// Moves the task on to `stage` (1 processing, 2 finished), earlier ones of the queue first.
    void move_task(const std::string& key, int stage);
    void finish_task(Json& task);
    Json run_addition(const std::string& index, const Json& payload, Json& details);
    std::string primary_key(const std::string& index, const Json& payload, Json& error);
};

}  // namespace syncline::standins
