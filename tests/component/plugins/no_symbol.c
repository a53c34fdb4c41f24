/* A shared object that is no plugin. */
#include "core/sdk/syncline_plugin.h"

SYNCLINE_EXPORT int something_else(void);
int something_else(void) { return 1; }
