/* Says that it was built for another ABI than the symbol's name promises. */
#include "core/sdk/syncline_plugin.h"

const syncline_plugin *syncline_plugin_v1(void) {
    static const syncline_plugin table = {.struct_size = sizeof(syncline_plugin), .abi_major = 7};
    return &table;
}
