/* Its descriptor is cut off in the middle. */
#include "core/sdk/syncline_plugin.h"

static int32_t describe(const syncline_writer *out) {
    static const char text[] = "{\"name\":\"bad\",\"version\":";
    out->write(out->context, (const uint8_t *)text, sizeof text - 1);
    return SYNCLINE_OK;
}
static int32_t create(const syncline_host *host, syncline_bytes settings, syncline_instance **out,
                      const syncline_writer *error) {
    (void)host, (void)settings, (void)out, (void)error;
    return SYNCLINE_ERROR;
}
static void destroy(syncline_instance *instance) { (void)instance; }

const syncline_plugin *syncline_plugin_v1(void) {
    static const syncline_plugin table = {.struct_size = sizeof(syncline_plugin),
                                          .abi_major = SYNCLINE_ABI_MAJOR,
                                          .describe = describe,
                                          .create = create,
                                          .destroy = destroy};
    return &table;
}
