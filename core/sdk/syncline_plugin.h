/* The Syncline connector ABI, version 1. Plain C11, standard headers only.
 *
 * A connector is a shared object that exports one function, syncline_plugin_v1(). It does no I/O:
 * an action is a state machine that says what it needs (an HTTP exchange, a remembered link, a
 * pause) and is handed the answer, until it says what came of the delivery. The host performs
 * everything, so each connector gets time-outs, rate limits, the egress guard, redaction, dry runs
 * and recorded tests without a line of its own.
 *
 * Rules of the boundary
 *   - Bytes cross as pointer + length, never zero-terminated, and belong to whoever made them until
 *     the call returns; the receiver copies what it keeps. Output goes through a writer of the
 *     host, so no memory is ever freed on the other side.
 *   - Nothing is thrown or longjmp-ed across. No C++ types, enums, bools or bit-fields.
 *   - Every table begins with its size. A reader touches a field only if it lies inside the size
 *     that the writer declared; tables only ever grow at the end; a NULL function is "not offered".
 *   - Unknown members of a JSON message are ignored by both sides.
 *
 * Threads. [any] may be called from any thread, also concurrently. [instance] one call at a time
 * per instance and its jobs; calls may come from different threads over time, with the memory
 * ordering of a hand-over. Different instances may run in parallel: keep no mutable globals.
 *
 * Life cycle (the host keeps to it, a plugin may assert it):
 *   load → describe* → create → { signatures | parse | begin → step* → end }* → destroy
 * Several instances of one plugin may live at once. A plugin is never unloaded.
 *
 * The JSON messages are described beside each function; core/sdk/README.md has one of each.
 */
#ifndef SYNCLINE_PLUGIN_H
#define SYNCLINE_PLUGIN_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SYNCLINE_ABI_MAJOR 1u
#define SYNCLINE_ABI_MINOR 0u

#if defined(_WIN32)
#define SYNCLINE_EXPORT __declspec(dllexport)
#else
#define SYNCLINE_EXPORT __attribute__((visibility("default")))
#endif

/* Results of the functions below. Any other value counts as SYNCLINE_ERROR. */
#define SYNCLINE_OK 0
#define SYNCLINE_REFUSED 1 /* the input is wrong: bad settings, a body that is no event */
#define SYNCLINE_ERROR 2   /* the plugin failed */

/* Log levels of syncline_host.log. */
#define SYNCLINE_LOG_DEBUG 0
#define SYNCLINE_LOG_INFO 1
#define SYNCLINE_LOG_WARNING 2
#define SYNCLINE_LOG_ERROR 3

typedef struct syncline_bytes {
    const uint8_t *data; /* may be NULL when size is 0 */
    uint64_t size;
} syncline_bytes;

/* Where a function puts its output: call write() as often as needed, in order. Owned by the host,
 * valid until the call returns. The host stops listening after 64 MiB and fails the call. */
typedef struct syncline_writer {
    uint32_t struct_size;
    uint32_t reserved;
    void *context;
    void (*write)(void *context, const uint8_t *data, uint64_t size);
} syncline_writer;

/* What the host offers. Owned by the host, valid until destroy() of the instance returns. [any] */
typedef struct syncline_host {
    uint32_t struct_size;
    uint32_t abi_minor;
    void *context;
    /* One line for the log, UTF-8. The host adds the connector's name and hides secrets. */
    void (*log)(void *context, int32_t level, syncline_bytes message);
    /* A later service by its id and revision ("syncline.metrics/1"), or NULL. */
    const void *(*get_extension)(void *context, syncline_bytes id);
} syncline_host;

typedef struct syncline_instance syncline_instance; /* one configured source or destination */
typedef struct syncline_job syncline_job;           /* one action, fetch or derive under way */

typedef struct syncline_plugin {
    uint32_t struct_size;
    uint32_t abi_major; /* SYNCLINE_ABI_MAJOR: the host refuses any other, and says so */
    uint32_t abi_minor;
    uint32_t reserved;

    /* [any] Writes the descriptor, a JSON object: name, version, summary, roles, settings (JSON
     * Schema, "secret": true on secrets), actions {name: {summary, input (JSON Schema), idempotent,
     * coalesces, max_batch}}, documents {name: {summary}}, content_types [of a source's bodies;
     * "+json": any with that suffix; none: any], events [type], derives {type: [from]},
     * attributes {type, with * for any run: [name]}, rate, concurrency, blocking. Always the same
     * text; quick; no side effects. */
    int32_t (*describe)(const syncline_writer *out);

    /* [any] Makes an instance for one configured source or destination. `settings` is the JSON
     * object the user configured, already checked against the descriptor's schema. On failure
     * *out stays NULL and `error` gets one sentence for people, without secrets. */
    int32_t (*create)(const syncline_host *host, syncline_bytes settings, syncline_instance **out,
                      const syncline_writer *error);
    /* [instance] After the last job has ended. */
    void (*destroy)(syncline_instance *instance);

    /* [instance] Source role. Writes which signature schemes apply, as a JSON array tried in
     * order: {"scheme": NAME, "when_header": H}: the first entry whose header H is present, or
     * that has none, is the only one that counts. NAME is one of the host's schemes; an object
     * {"custom": {...}} describes another one; an empty array means unsigned. NULL: unsigned. */
    int32_t (*signatures)(syncline_instance *instance, const syncline_writer *out);

    /* [instance] Source role. Splits a verified request into events. `request` is
     * {"headers": {lower-case name: value}, "target": T, "received_ms": N}; `body` the raw bytes.
     * Writes {"events": [{"key", "type", "subject", "time_ms", "attributes": {},
     *   "content_type", "range": [begin, end]  (the event's own bytes in the body)
     *   or "data": JSON  or "payload_base64": the event's own bytes}]}.
     * An empty list is accepted and stored nowhere. SYNCLINE_REFUSED with {"error": text} when the
     * body is no event. Pure: same input, same output. */
    int32_t (*parse)(syncline_instance *instance, syncline_bytes request, syncline_bytes body,
                     const syncline_writer *out);

    /* [instance] Begins a job and writes what it asks first. `job` is
     * {"kind": "action" | "fetch" | "derive", "name": N, "now_ms": N, "seed": "16 hex digits",
     *  "destination": configured name,
     *  "deliveries": [{"id", "attempt", "uncertain", "input": {}, "event": {id, source, type,
     *                  subject, time, received, attributes, content_type},
     *                  "payload": the event as it came, as text, or "payload_base64"}]}.
     * `attempt` counts from 1. `uncertain` says that an earlier attempt may have had its effect:
     * look before repeating a write that is not idempotent.
     *
     * What begin and step write, one JSON object:
     *   {"ask": "http", "request": {"method", "url", "headers": [[name, value]],
     *                               "body" | "body_base64", "timeout_ms"}}
     *   {"ask": "link", "kind": K, "source_id": S}
     *   {"ask": "sleep", "ms": N}
     *   {"done": [outcome for each delivery, in order]}
     * An outcome: {"outcome": "delivered" | "skipped" | "retry" | "reject" | "hold",
     *   "note": one sentence, "after_ms": N (retry: not before),
     *   "links": [{"kind", "source_id", "id", "url", "hash"}], "unlinks": [{"kind", "source_id"}],
     *   "emit": [{"key", "type", "subject", "attributes", "data"}], "document": JSON (fetch)}.
     * An unknown outcome counts as retry and is logged as a fault of the plugin. */
    int32_t (*begin)(syncline_instance *instance, syncline_bytes job, syncline_job **out,
                     const syncline_writer *next);
    /* [instance] Goes on with the answer to what was asked:
     *   {"http": {"status", "headers": [[name, value]], "body" | "body_base64",
     *             "retry_after_ms" (parsed, capped)}}
     *   {"http": {"error": "timeout" | "network" | "refused_by_policy" | "too_large",
     *             "message": text, "sent": whether the request may have been received}}
     *   {"link": {"id", "url", "hash"} | null}     {"slept": true} */
    int32_t (*step)(syncline_job *job, syncline_bytes answer, const syncline_writer *next);
    /* [instance] Frees the job, finished or not. Exactly once for each job that begin made. */
    void (*end)(syncline_job *job);

    /* [any] A later feature by its id and revision, or NULL. May itself be NULL. */
    const void *(*get_extension)(syncline_bytes id);
} syncline_plugin;

/* [any] The one exported function. Returns a table that lives as long as the process. */
SYNCLINE_EXPORT const syncline_plugin *syncline_plugin_v1(void);

#ifdef __cplusplus
}
#endif
#endif
