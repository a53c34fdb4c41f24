// A connector whose words are a script, linked in: what it writes at begin and at each step stands
// in the first delivery's input as {"script": [text, …]}. In a text, $ANSWER is replaced by what
// the host answered, as a JSON string; the text "repeat" asks for a link for ever. Counts its jobs,
// so that tests see each one ended.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/host/connector.hpp"

namespace syncline::host::script {

struct Book {
    int instances = 0;
    int jobs = 0;
    int steps = 0;
};

struct ScriptJob {
    std::vector<std::string> lines;
    std::size_t next = 0;
};

/// Of the running test: plugins know nothing but their own functions.
inline Book& book() {
    static Book only;
    return only;
}

inline void say(const syncline_writer* out, std::string_view text) {
    out->write(out->context, reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}
inline std::string_view view(syncline_bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data), static_cast<std::size_t>(bytes.size)};
}

inline int32_t describe(const syncline_writer* out) {
    say(out, R"({"name":"script","version":"1","roles":["source","destination"],)"
             R"("actions":{"play":{}},"documents":{"page":{}}})");
    return SYNCLINE_OK;
}
inline int32_t create(const syncline_host*, syncline_bytes, syncline_instance** out,
                      const syncline_writer*) {
    book().instances += 1;
    *out = reinterpret_cast<syncline_instance*>(&book());
    return SYNCLINE_OK;
}
inline void destroy(syncline_instance*) {
    EXPECT_EQ(book().jobs, 0) << "an instance was destroyed before its jobs";
    book().instances -= 1;
}
inline int32_t parse(syncline_instance*, syncline_bytes, syncline_bytes body,
                     const syncline_writer* out) {
    say(out, view(body));
    return SYNCLINE_OK;
}

inline int32_t speak(ScriptJob& job, std::string_view answer, const syncline_writer* out) {
    if (job.next >= job.lines.size()) {
        say(out, R"({"error":"the script is over"})");
        return SYNCLINE_ERROR;
    }
    std::string line = job.lines[job.next++];
    if (auto at = line.find("$ANSWER"); at != std::string::npos) {
        std::string quoted;
        json_quote_to(quoted, answer);
        line.replace(at, 7, quoted);
    }
    if (line == "repeat") {
        job.next -= 1;
        line = R"({"ask":"link","kind":"k","source_id":"s"})";
    }
    say(out, line);
    return SYNCLINE_OK;
}
inline int32_t begin(syncline_instance*, syncline_bytes job, syncline_job** out,
                     const syncline_writer* next) {
    auto made = std::make_unique<ScriptJob>();
    auto message = Json::parse(view(job)).value_or(Json());
    for (const auto& line : message["deliveries"][0]["input"]["script"].items())
        made->lines.push_back(line.as_string());
    auto code = speak(*made, view(job), next);
    if (code != SYNCLINE_OK) return code;
    book().jobs += 1;
    *out = reinterpret_cast<syncline_job*>(made.release());
    return code;
}
inline int32_t step(syncline_job* job, syncline_bytes answer, const syncline_writer* next) {
    book().steps += 1;
    return speak(*reinterpret_cast<ScriptJob*>(job), view(answer), next);
}
inline void end(syncline_job* job) {
    book().jobs -= 1;
    delete reinterpret_cast<ScriptJob*>(job);
}

inline const syncline_plugin* table() {
    static const syncline_plugin plugin = {
        sizeof(syncline_plugin), SYNCLINE_ABI_MAJOR, SYNCLINE_ABI_MINOR, 0, &describe, &create,
        &destroy, nullptr, &parse, &begin, &step, &end, nullptr};
    return &plugin;
}

inline std::shared_ptr<Instance> make_instance() {
    static const auto plugin = Plugin::adopt(table(), "linked in");
    auto made = (*plugin)->create("stage", Json::object());
    EXPECT_TRUE(made) << made.error().text();
    return std::move(*made);
}

/// A job of one delivery that plays `lines`.
inline JobRequest play(const std::vector<std::string>& lines) {
    Json script = Json::array();
    for (const auto& line : lines) script.push_back(line);
    JobDelivery delivery;
    delivery.id = "d1";
    delivery.input.set("script", std::move(script));
    JobRequest request;
    request.kind = "action";
    request.name = "play";
    request.destination = "stage";
    request.deliveries.push_back(std::move(delivery));
    return request;
}

}  // namespace syncline::host::script
