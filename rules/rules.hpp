// Patterns and templates over JSON: which rules match an event, and what they say.
//
// A library of its own: it knows no hub, no HTTP, no SQL; of ours it includes only the JSON value
// type of the SDK. Values in, values out; compiled objects are immutable and may be shared by
// threads. Syntax errors are values that say where (a path inside the pattern, or line and column
// of a template) and why.
#pragma once

#include "rules/fault.hpp"
#include "rules/pattern.hpp"
#include "rules/rule_set.hpp"
#include "rules/rule_set_holder.hpp"
#include "rules/template.hpp"
