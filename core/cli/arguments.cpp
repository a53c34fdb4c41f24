// CLI11 behind arguments.hpp. Commands and options are declared in one function each; unknown
// words are found before CLI11 sees them, because its own message names no near one.
#include "core/cli/arguments.hpp"

#include <CLI/CLI.hpp>

#include "core/admin/filter_words.hpp"
#include "core/base/text.hpp"
#include "core/cli/version.hpp"

namespace syncline::cli {
namespace {

constexpr const char* exit_codes =
    "Exit codes: 0 done, 1 it failed, 2 the words or the configuration are wrong.\n"
    "Colour is used on a terminal only, and never when NO_COLOR is set.";

/// One sample id of `send`: its option and what it is.
struct SampleOption {
    const char* name;
    const char* summary;
};

constexpr SampleOption sample_options[] = {
    {"object", "of the sample: the object's slug or id"},
    {"record", "of the sample: the record's id ({n} becomes the number of the copy)"},
    {"attribute", "of the sample: the changed attribute's slug or id"},
    {"note", "of the sample: the note's id"},
    {"task", "of the sample: the task's id"},
    {"list", "of the sample: the list's slug or id"},
    {"entry", "of the sample: the list entry's id"},
    {"workspace", "of the sample: the workspace's id"},
    {"actor", "of the sample: the actor's id"},
    {"actor-type", "of the sample: workspace-member, api-token, system or app"},
};

/// The parser and the values that it fills.
struct Grammar {
    CLI::App app{"Syncline: receives events, keeps them, and delivers them by rules.", "syncline"};
    Arguments arguments;
    std::map<std::string, std::optional<std::string>> words;   // filter words

    CLI::App* command(Command kind, const char* name, const char* summary) {
        CLI::App* made = app.add_subcommand(name, summary);
        if (kind != Command::test)   // a file of tests names the configuration that it is about
            made->add_option("-c,--config", arguments.config_file, "the configuration file")
                ->type_name("FILE")
                ->capture_default_str();
        made->footer(exit_codes);
        made->callback([this, kind] { arguments.command = kind; });
        return made;
    }
    void json(CLI::App* to) {
        to->add_flag("--json", arguments.json, "for programs: JSON, one object a line");
    }
    void filter(CLI::App* to, const std::vector<std::string_view>& names) {
        for (const auto& word : filter_words())
            if (std::find(names.begin(), names.end(), word.name) != names.end())
                to->add_option("--" + std::string(word.name), words[std::string(word.name)],
                               std::string(word.summary));
    }
    void header(CLI::App* to) {
        to->add_option("--header", arguments.headers,
                       "one more header of the request, \"Name: value\"; may be repeated")
            ->type_name("TEXT")
            ->allow_extra_args(false);   // one text each time, not all that follow
    }
    void text(CLI::App* to, const char* name, std::string& out, const char* summary) {
        to->add_option(name, out, summary);
    }
};

void declare_hub_commands(Grammar& grammar) {
    grammar.command(Command::run, "run", "run the hub in the foreground until SIGTERM or SIGINT");
    CLI::App* check = grammar.command(Command::check, "check",
                                      "check the configuration and show what it holds");
    grammar.json(check);
}

void declare_explain(Grammar& grammar) {
    Arguments& to = grammar.arguments;
    CLI::App* explain = grammar.command(Command::explain, "explain",
                                        "say which rules match an event, and why others do not");
    grammar.text(explain, "--file", to.file, "the event: a body as its source sends it, or an "
                                             "event object with \"type\"; - is standard input");
    grammar.text(explain, "--event", to.event_id, "a stored event, by its id");
    grammar.text(explain, "--source", to.source, "the configured source that would send it");
    grammar.text(explain, "--type", to.type, "the event's type, where the body names none");
    grammar.text(explain, "--rule", to.rule, "look at this rule alone");
    explain->add_flag("--all", to.all, "show every rule that does not match, not the nearest few");
    grammar.header(explain);
    grammar.json(explain);
}

void declare_test(Grammar& grammar) {
    CLI::App* test = grammar.command(Command::test, "test",
                                     "run tests of rules: events and what is to be done with them");
    test->add_option("FILE", grammar.arguments.test_files, "files of tests")
        ->type_name("TEXT")
        ->required();
    grammar.json(test);
}

void declare_send(Grammar& grammar) {
    Arguments& to = grammar.arguments;
    CLI::App* send = grammar.command(Command::send, "send",
                                     "sign an event as its source would, and post it to the hub");
    grammar.text(send, "--source", to.source, "the configured source to send as");
    grammar.text(send, "--file", to.file, "the body; - is standard input; without it, a sample");
    grammar.text(send, "--type", to.type, "the sample's event type, e.g. record.created");
    grammar.text(send, "--dialect", to.dialect, "the signature scheme, where a source has several");
    grammar.text(send, "--url", to.url, "where to post, instead of the configured address");
    grammar.header(send);
    send->add_option("--count", to.count, "how many copies, each an event of its own")
        ->check(CLI::Range(1u, send_count_max))
        ->capture_default_str();
    for (const auto& option : sample_options)
        send->add_option("--" + std::string(option.name), to.sample[option.name], option.summary);
    grammar.json(send);
}

void declare_reads(Grammar& grammar) {
    Arguments& to = grammar.arguments;
    CLI::App* events = grammar.command(Command::events, "events",
                                       "list stored events, or show one with its deliveries");
    grammar.text(events, "ID", to.id, "show this event");
    grammar.filter(events, {"type", "source", "subject", "state", "since", "until", "limit",
                            "before"});
    grammar.json(events);
    CLI::App* deliveries = grammar.command(Command::deliveries, "deliveries",
                                           "list deliveries, or show one with its attempts");
    grammar.text(deliveries, "ID", to.id, "show this delivery");
    grammar.filter(deliveries, {"type", "source", "subject", "event", "rule", "destination",
                                "state", "since", "until", "limit", "before"});
    grammar.json(deliveries);
}

void declare_orders(Grammar& grammar) {
    Arguments& to = grammar.arguments;
    auto order = [&](Command kind, const char* name, const char* summary) {
        CLI::App* made = grammar.command(kind, name, summary);
        grammar.filter(made, {"type", "source", "subject", "event", "rule", "destination", "state",
                              "since", "until", "id"});
        made->add_flag("--yes", to.yes, "do not ask");
        made->add_flag("--dry-run", to.dry_run, "show the count only");
        grammar.json(made);
    };
    order(Command::replay, "replay", "deliver again what the filter selects");
    order(Command::cancel, "cancel", "end waiting and dead deliveries that the filter selects");
    order(Command::retry, "retry", "try waiting deliveries that the filter selects now");
    CLI::App* destinations = grammar.command(Command::destinations, "destinations",
                                             "show destinations, hold or release one");
    grammar.text(destinations, "ACTION", to.verb, "list (default), hold or release");
    grammar.text(destinations, "NAME", to.name, "the destination to hold or release");
    grammar.text(destinations, "--reason", to.reason, "why it is held");
    grammar.json(destinations);
}

void declare_care(Grammar& grammar) {
    Arguments& to = grammar.arguments;
    CLI::App* doctor = grammar.command(Command::doctor, "doctor",
                                       "look at the store's health, and say what to do");
    grammar.json(doctor);
    CLI::App* backup = grammar.command(Command::backup, "backup",
                                       "make a checked copy of the store; the hub may run");
    backup->add_option("FILE", to.file, "the copy")->type_name("TEXT")->required();
    backup->add_flag("--force", to.force, "replace FILE");
    grammar.json(backup);
    CLI::App* compact = grammar.command(Command::compact, "compact",
                                        "give free space of the store back; the hub must not run");
    compact->add_flag("--full", to.full, "write the whole file anew");
    grammar.json(compact);
    CLI::App* forget = grammar.command(Command::forget, "forget",
                                       "take a person out of the stored events");
    grammar.filter(forget, {"subject"});
    forget->add_flag("--yes", to.yes, "do not ask");
    forget->add_flag("--dry-run", to.dry_run, "show the count only");
    grammar.json(forget);
}

ParsedArguments refused(std::string message, std::string hint) {
    ParsedArguments made;
    made.message = std::move(message);
    made.hint = std::move(hint);
    return made;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& names,
                         std::string otherwise) {
    auto near = nearest_name(word, names);
    return near ? "did you mean \"" + *near + "\"?" : otherwise;
}

std::vector<std::string> option_names(const CLI::App& command) {
    std::vector<std::string> names;
    for (const CLI::Option* option : command.get_options()) {
        for (const auto& name : option->get_lnames()) names.push_back("--" + name);
        for (const auto& name : option->get_snames()) names.push_back("-" + name);
    }
    return names;
}

/// A word that nobody declared, with the nearest that somebody did.
std::optional<ParsedArguments> unknown_word(const CLI::App& app,
                                            const std::vector<std::string>& words) {
    std::vector<std::string> commands;
    const CLI::App* command = nullptr;
    for (const CLI::App* known : app.get_subcommands([](const CLI::App*) { return true; })) {
        commands.push_back(known->get_name());
        if (known->get_name() == words[0]) command = known;
    }
    if (!command && words[0].starts_with('-')) {
        auto names = option_names(app);
        if (std::find(names.begin(), names.end(), words[0]) != names.end()) return std::nullopt;
        return refused("\"" + printable(words[0], 100) + "\" stands where a command is expected",
                       "options follow the command: syncline COMMAND -c FILE");
    }
    if (!command)
        return refused("unknown command \"" + printable(words[0], 100) + "\"",
                       did_you_mean(words[0], commands, "syncline --help lists the commands"));
    auto names = option_names(*command);
    for (std::size_t i = 1; i < words.size() && words[i] != "--"; ++i) {
        if (!words[i].starts_with("--")) continue;
        std::string name = words[i].substr(0, words[i].find('='));
        if (std::find(names.begin(), names.end(), name) == names.end())
            return refused(
                "\"" + words[0] + "\" has no option \"" + printable(name, 100) + "\"",
                did_you_mean(name, names, "syncline " + words[0] + " --help lists its options"));
    }
    return std::nullopt;
}

std::string version_text() {
    return std::string("syncline ") + version + "\n";
}

}  // namespace

ParsedArguments parse_arguments(const std::vector<std::string>& words) {
    Grammar grammar;
    grammar.app.require_subcommand(1);
    grammar.app.set_version_flag("--version", version_text());
    grammar.app.footer(exit_codes);
    grammar.app.get_formatter()->label("SUBCOMMAND", "COMMAND");
    grammar.app.get_formatter()->label("Subcommands", "Commands");
    declare_hub_commands(grammar);
    declare_explain(grammar);
    declare_test(grammar);
    declare_send(grammar);
    declare_reads(grammar);
    declare_orders(grammar);
    declare_care(grammar);
    if (words.empty()) return refused("a command is missing", "syncline --help lists them");
    if (auto unknown = unknown_word(grammar.app, words)) return std::move(*unknown);
    ParsedArguments made;
    try {
        grammar.app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
    } catch (const CLI::CallForVersion&) {
        made.exit = ExitCode::ok;
        made.message = version_text();
        return made;
    } catch (const CLI::CallForHelp&) {
        made.exit = ExitCode::ok;
        made.message = grammar.app.help();
        return made;
    } catch (const CLI::ParseError& wrong) {
        return refused(printable(wrong.what()), "syncline " + words[0] + " --help says more");
    }
    for (auto& [name, value] : grammar.words)
        if (value) grammar.arguments.filter_words.emplace_back(name, *value);
    std::erase_if(grammar.arguments.sample, [](const auto& item) { return item.second.empty(); });
    made.exit = ExitCode::ok;
    made.arguments = std::move(grammar.arguments);
    return made;
}

}  // namespace syncline::cli
