// What is wrong with a pattern or template, and where: the one error of this room.
//
// Plain data; a value in a variant, never thrown.
#pragma once

#include <cstddef>
#include <string>
#include <variant>

namespace syncline::rules {

/// What is wrong with a pattern or template, and where.
struct Fault {
    std::string message;
    std::string path;        // of a pattern: "actor.type[0].prefix"
    std::size_t line = 0;    // of a template, from 1; 0 when it has no place
    std::size_t column = 0;  // in characters, from 1
};

template <class T>
using Compiled = std::variant<T, Fault>;

}  // namespace syncline::rules
