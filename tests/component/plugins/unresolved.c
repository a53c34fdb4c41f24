/* Needs a function that nobody has: dlopen with RTLD_NOW refuses it. */
#include "core/sdk/syncline_plugin.h"

const syncline_plugin *function_of_a_newer_system(void);

const syncline_plugin *syncline_plugin_v1(void) { return function_of_a_newer_system(); }
