/* Has the entry, which gives nothing. */
#include "core/sdk/syncline_plugin.h"

const syncline_plugin *syncline_plugin_v1(void) { return 0; }
