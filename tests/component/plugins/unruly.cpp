// A connector that breaks the contract in the way that the job's name says. Written against the C
// table, because the SDK would stop most of it.
#include <stdexcept>
#include <string>
#include <string_view>

#include "core/sdk/syncline_plugin.h"

namespace {

void say(const syncline_writer* out, std::string_view text) {
    out->write(out->context, reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

std::string text_of(syncline_bytes bytes) {
    return std::string(reinterpret_cast<const char*>(bytes.data), bytes.size);
}

int32_t describe(const syncline_writer* out) {
    say(out, R"({"name":"unruly","version":"1","roles":["destination"],"actions":{"x":{}}})");
    return SYNCLINE_OK;
}

int32_t create(const syncline_host*, syncline_bytes settings, syncline_instance** out,
               const syncline_writer* error) {
    std::string text = text_of(settings);
    if (text.find("throw") != std::string::npos) throw std::runtime_error("thrown from create");
    if (text.find("nothing") != std::string::npos) return SYNCLINE_OK;
    if (text.find("code") != std::string::npos) return -77;
    (void)error;
    *out = reinterpret_cast<syncline_instance*>(new int(1));
    return SYNCLINE_OK;
}

void destroy(syncline_instance* instance) { delete reinterpret_cast<int*>(instance); }

int32_t misbehave(const std::string& job, const syncline_writer* next) {
    auto named = [&](std::string_view name) {
        return job.find("\"name\":\"" + std::string(name) + "\"") != std::string::npos;
    };
    if (named("throw")) throw std::runtime_error("thrown from begin");
    if (named("throw-int")) throw 42;
    if (named("error")) return say(next, R"({"error":"it broke"})"), SYNCLINE_ERROR;
    if (named("refuse")) return say(next, R"({"error":"no such page"})"), SYNCLINE_REFUSED;
    if (named("unknown-code")) return 99;
    if (named("no-json")) return say(next, "<html>"), SYNCLINE_OK;
    if (named("silent")) return SYNCLINE_OK;
    if (named("endless")) {
        std::string megabyte(1 << 20, 'x');
        for (int i = 0; i < 65; ++i) say(next, megabyte);
        return SYNCLINE_OK;
    }
    if (named("huge")) return next->write(next->context, nullptr, UINT64_MAX), SYNCLINE_OK;
    if (named("unknown-outcome"))
        return say(next, R"({"done":[{"outcome":"maybe","note":"who knows"}]})"), SYNCLINE_OK;
    if (named("two-outcomes"))
        return say(next, R"({"done":[{"outcome":"delivered"},{"outcome":"delivered"}]})"),
               SYNCLINE_OK;
    return say(next, R"({"ask":"dance"})"), SYNCLINE_OK;
}

int32_t begin(syncline_instance*, syncline_bytes job, syncline_job** out,
              const syncline_writer* next) {
    auto code = misbehave(text_of(job), next);
    *out = reinterpret_cast<syncline_job*>(new int(2));
    return code;
}

int32_t step(syncline_job*, syncline_bytes, const syncline_writer*) {
    throw std::runtime_error("thrown from step");
}

void end(syncline_job* job) { delete reinterpret_cast<int*>(job); }

}  // namespace

extern "C" SYNCLINE_EXPORT const syncline_plugin* syncline_plugin_v1() {
    static const syncline_plugin table = {sizeof(syncline_plugin), SYNCLINE_ABI_MAJOR,
                                          SYNCLINE_ABI_MINOR, 0, &describe, &create, &destroy,
                                          nullptr, nullptr, &begin, &step, &end, nullptr};
    return &table;
}
