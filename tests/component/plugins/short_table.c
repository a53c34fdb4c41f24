/* Declares fewer bytes than ABI 1.0 began with. What lies beyond must not be read: the functions
 * point at an address that crashes. */
#include <stddef.h>

#include "core/sdk/syncline_plugin.h"

const syncline_plugin *syncline_plugin_v1(void) {
    static const syncline_plugin table = {
        .struct_size = offsetof(syncline_plugin, create),
        .abi_major = SYNCLINE_ABI_MAJOR,
        .describe = (int32_t(*)(const syncline_writer *))8,
    };
    return &table;
}
