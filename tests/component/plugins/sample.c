/* A connector in plain C11: posts to the URL in its settings and reports what came back. It shows
 * that the ABI needs no C++, and gives the loader and driver tests something honest to load. */
#include <stdlib.h>
#include <string.h>

#include "core/sdk/syncline_plugin.h"

struct syncline_instance {
    const syncline_host *host;
    char url[512];
};
struct syncline_job {
    int steps;
};

static void say(const syncline_writer *out, const char *text) {
    out->write(out->context, (const uint8_t *)text, strlen(text));
}

static int32_t describe(const syncline_writer *out) {
    say(out, "{\"name\":\"sample\",\"version\":\"1.2.3\",\"summary\":\"posts what it is given\",");
    say(out, "\"roles\":[\"source\",\"destination\"],\"settings\":{\"type\":\"object\"},");
    say(out, "\"actions\":{\"post\":{\"summary\":\"posts\",\"idempotent\":true}},");
    say(out, "\"rate\":\"3/s\"}");
    return SYNCLINE_OK;
}

/* Takes the value of "url" from the settings; no JSON parser needed for one known member. */
static int32_t create(const syncline_host *host, syncline_bytes settings, syncline_instance **out,
                      const syncline_writer *error) {
    static const char key[] = "\"url\":\"";
    const char *text = (const char *)settings.data;
    for (uint64_t at = 0; at + sizeof key - 1 < settings.size; ++at) {
        if (memcmp(text + at, key, sizeof key - 1) != 0) continue;
        const char *begin = text + at + sizeof key - 1;
        const char *end = memchr(begin, '"', settings.size - at - (sizeof key - 1));
        if (end == NULL || (size_t)(end - begin) >= sizeof((*out)->url)) break;
        *out = calloc(1, sizeof **out);
        (*out)->host = host;
        memcpy((*out)->url, begin, (size_t)(end - begin));
        return SYNCLINE_OK;
    }
    say(error, "settings need a \"url\"");
    return SYNCLINE_REFUSED;
}

static void destroy(syncline_instance *instance) { free(instance); }

static int32_t parse(syncline_instance *instance, syncline_bytes request, syncline_bytes body,
                     const syncline_writer *out) {
    (void)instance, (void)request;
    if (body.size == 0) {
        say(out, "{\"error\":\"the body is empty\"}");
        return SYNCLINE_REFUSED;
    }
    say(out, "{\"events\":[{\"key\":\"k\",\"type\":\"t\",\"subject\":\"s\",\"range\":[0,1]}]}");
    return SYNCLINE_OK;
}

static int32_t begin(syncline_instance *instance, syncline_bytes job, syncline_job **out,
                     const syncline_writer *next) {
    static const char note[] = "posting";
    syncline_bytes line = {(const uint8_t *)note, sizeof note - 1};
    instance->host->log(instance->host->context, SYNCLINE_LOG_DEBUG, line);
    (void)job;
    *out = calloc(1, sizeof **out);
    say(next, "{\"ask\":\"http\",\"request\":{\"method\":\"POST\",\"url\":\"");
    say(next, instance->url);
    say(next, "\",\"headers\":[[\"X-Sample\",\"1\"]],\"body\":\"hello\"}}");
    return SYNCLINE_OK;
}

static int32_t step(syncline_job *job, syncline_bytes answer, const syncline_writer *next) {
    static const char good[] = "\"status\":200";
    job->steps += 1;
    for (uint64_t at = 0; at + sizeof good - 1 <= answer.size; ++at) {
        if (memcmp(answer.data + at, good, sizeof good - 1) != 0) continue;
        say(next, "{\"done\":[{\"outcome\":\"delivered\",\"note\":\"posted\",\"links\":");
        say(next, "[{\"kind\":\"thing\",\"source_id\":\"s1\",\"id\":\"d1\"}]}]}");
        return SYNCLINE_OK;
    }
    say(next, "{\"done\":[{\"outcome\":\"retry\",\"note\":\"not posted\"}]}");
    return SYNCLINE_OK;
}

static void end(syncline_job *job) { free(job); }

const syncline_plugin *syncline_plugin_v1(void) {
    static const syncline_plugin table = {sizeof(syncline_plugin), SYNCLINE_ABI_MAJOR,
                                          SYNCLINE_ABI_MINOR, 0, describe, create, destroy, NULL,
                                          parse, begin, step, end, NULL};
    return &table;
}
