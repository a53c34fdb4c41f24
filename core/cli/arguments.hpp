// The command line as values. CLI11 stands behind arguments.cpp alone; what it lacks (typo hints)
// is added there. Pure: reads no environment, opens no file.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/cli/terminal.hpp"

namespace syncline::cli {

inline constexpr std::uint32_t send_count_max = 100'000;

enum class Command { run, check, explain, test, send, events, deliveries, replay, cancel, retry,
                     destinations, backup, compact, forget, doctor };

struct Arguments {
    Command command = Command::run;
    std::string config_file = "syncline.yaml";
    bool json = false;

    // events, deliveries, replay
    std::vector<std::pair<std::string, std::string>> filter_words;  // name, value; as given
    std::string id;                    // events ID, deliveries ID

    // explain, send
    std::string file;                  // explain: the event; send: the body; backup: the copy
    std::string source;
    std::string type;
    std::vector<std::string> headers;  // "Name: value"
    std::string event_id;              // explain
    std::string rule;                  // explain: this one alone
    bool all = false;                  // explain: every rule that does not match

    // test
    std::vector<std::string> test_files;

    // send
    std::string dialect;
    std::string url;
    std::uint32_t count = 1;
    std::map<std::string, std::string> sample;   // "record" → id, and so on

    // destinations
    std::string verb = "list";
    std::string name;
    std::string reason;

    // replay, cancel, retry, forget
    bool yes = false;
    bool dry_run = false;

    // backup (its file is `file`), compact
    bool force = false;
    bool full = false;

    Arguments() = default;
};

/// Either arguments, or what to print and how to end (help and version go to stdout, exit 0).
struct ParsedArguments {
    std::optional<Arguments> arguments;
    ExitCode exit = ExitCode::usage;
    std::string message;
    std::string hint;
    ParsedArguments() = default;
};

/// `words`: without the program's name.
ParsedArguments parse_arguments(const std::vector<std::string>& words);

}  // namespace syncline::cli
