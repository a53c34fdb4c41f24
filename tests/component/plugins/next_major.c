/* Built for ABI 2: has only that entry. */
#include "core/sdk/syncline_plugin.h"

SYNCLINE_EXPORT const void *syncline_plugin_v2(void);
const void *syncline_plugin_v2(void) { return 0; }
