// `syncline test FILE…`: runs tests of rules (core/config/rule_tests.hpp) and prints TAP version 14,
// or with --json one object a test. Every file is read and checked before the first test runs.
//
// Nothing is fetched and nothing is sent. A variable or secret file that is absent here is no reason
// to fail: an address of nobody stands for it, and a comment names it.
#include <algorithm>
#include <ostream>

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/cli/commands.hpp"
#include "core/cli/event_source.hpp"
#include "core/cli/rule_trial.hpp"

namespace syncline::cli {
namespace {

/// A file of tests with the hub whose rules it is about.
struct TestFile {
    std::string name;
    std::string text;
    std::optional<config::RuleTests> tests;
    std::optional<HubFile> hub_file;         // when the tests name one
    std::vector<std::string> absent;         // variables that are not set
    const config::HubConfig& hub() const {
        return hub_file ? *hub_file->loaded.config : *tests->hub;
    }
};

class Loader {
public:
    Loader(const Surroundings& surroundings, Terminal& terminal)
        : surroundings_(surroundings), terminal_(terminal) {}

    /// Prints what is wrong and gives nothing.
    std::optional<TestFile> load(const std::string& name) {
        auto text = read_file(name, limits::config_bytes_max);
        if (!text) {
            print_error(terminal_, printable(text.error().text()));
            return std::nullopt;
        }
        TestFile file;
        file.name = name;
        file.text = std::move(*text);
        config::LoadContext context;
        context.file_name = name;
        context.environment = surroundings_.environment;
        auto loaded = config::load_rule_tests(file.text, context);
        for (const auto& problem : loaded.problems) print(problem, file);
        if (!loaded.tests) return std::nullopt;
        file.tests.emplace(std::move(*loaded.tests));
        if (!file.tests->config.empty() && !load_hub(file)) return std::nullopt;
        if (!check_names(file)) return std::nullopt;
        return file;
    }

private:
    void print(const config::Problem& problem, const TestFile& file) {
        terminal_.err << config::format_problem(problem, file.text, file.name, terminal_.colour_err)
                      << '\n';
    }

    void fail(const config::Place& place, std::string message, const TestFile& file) {
        config::Problem problem;
        problem.line = place.line;
        problem.column = place.column;
        problem.length = place.length;
        problem.message = std::move(message);
        print(problem, file);
    }

    bool load_hub(TestFile& file) {
        Surroundings around = surroundings_;
        around.environment = [&](const std::string& name) -> std::optional<std::string> {
            auto given = file.tests->environment.find(name);
            if (given != file.tests->environment.end()) return given->second;
            auto value = surroundings_.environment(name);
            if (!value) file.absent.push_back(name);
            return value ? value : std::optional<std::string>(absent_value);
        };
        around.read_secret = [](const std::string&) {
            return Result<std::string>(std::string(absent_value));
        };
        auto hub = load_hub_file(file.tests->config, around);
        if (!hub) {
            fail(file.tests->config_place, hub.error().text(), file);
            return false;
        }
        bool good = hub->loaded.config.has_value();
        if (!good) report_problems(terminal_, *hub);
        file.hub_file.emplace(std::move(*hub));
        return good;
    }

    /// Names that the hub file lacks are slips of the pen, not failed tests.
    bool check_names(TestFile& file) {
        bool good = true;
        for (auto& test : file.tests->tests) {
            good &= check_source(test, file);
            if (!file.hub_file) continue;
            for (const auto& expected : test.expect) good &= check_expected(expected, file);
        }
        return good;
    }

    bool check_source(config::RuleTest& test, const TestFile& file) {
        const auto& sources = file.hub().sources;
        std::string& source = test.event.source;
        if (!file.hub_file) {
            if (!test.body.empty())
                fail(test.place, "\"body\" needs a hub file: its source says what it means", file);
            if (source.empty()) source = "test";
            return test.body.empty();
        }
        if (source.empty() && sources.size() == 1) source = sources.front().name;
        std::vector<std::string> names;
        for (const auto& known : sources) names.push_back(known.name);
        if (source == "syncline" || file.hub().source(source)) return true;
        if (source.empty())
            fail(test.place, "the event names no source; there are " + joined(names, ", "), file);
        else
            print(config::unknown_name("source", source, test.place, names), file);
        return false;
    }

    bool check_expected(const config::ExpectedAction& expected, const TestFile& file) {
        std::vector<std::string> rules, destinations, actions;
        for (const auto& rule : file.hub().rules) {
            rules.push_back(rule.name);
            for (const auto& send : rule.send)
                if (expected.to.empty() || send.to == expected.to) actions.push_back(send.action);
        }
        for (const auto& known : file.hub().destinations) destinations.push_back(known.name);
        bool good = known("rule", expected.rule, expected.rule_place, rules, file);
        if (!known("destination", expected.to, expected.to_place, destinations, file)) return false;
        return known("send that does", expected.action, expected.action_place, actions, file) &&
               good;
    }

    bool known(const char* what, const std::string& word, const config::Place& place,
               std::vector<std::string> names, const TestFile& file) {
        if (word.empty() || std::find(names.begin(), names.end(), word) != names.end()) return true;
        std::sort(names.begin(), names.end());
        names.erase(std::unique(names.begin(), names.end()), names.end());
        print(config::unknown_name(what, word, place, names), file);
        return false;
    }

    const Surroundings& surroundings_;
    Terminal& terminal_;
};

Result<std::vector<Event>> events_of(const TestFile& file, const config::RuleTest& test,
                                     Random& random) {
    if (test.body.empty()) return std::vector<Event>{test.event};
    auto source = EventSource::make(*file.hub_file, *file.hub().source(test.event.source));
    if (!source) return source.error();
    HttpHeaders headers;
    for (const auto& [name, value] : test.headers) headers.add(name, value);
    if (!headers.find("Content-Type")) headers.add("Content-Type", "application/json");
    if (!headers.find("Idempotency-Key")) headers.add("Idempotency-Key", "test");
    return source->parse(headers, test.body, test.now_ms, random);
}

Trial run_test(const TestFile& file, const config::RuleTest& test, Random& random) {
    auto events = events_of(file, test, random);
    if (events) return try_rules(file.hub(), test, *events);
    Trial failed;
    failed.differences.push_back("the source refuses the body: " + events.error().text());
    return failed;
}

Json expected_json(const config::RuleTest& test) {
    Json list = Json::array();
    for (const auto& expected : test.expect) {
        Json one = Json::object();
        if (!expected.rule.empty()) one.set("rule", expected.rule);
        if (!expected.to.empty()) one.set("to", expected.to);
        if (!expected.action.empty()) one.set("do", expected.action);
        if (expected.lane) one.set("lane", *expected.lane);
        if (expected.with) one.set("with", *expected.with);
        list.push_back(std::move(one));
    }
    return list;
}

Json found_json(const Trial& trial) {
    Json list = Json::array();
    for (const auto& action : trial.found) list.push_back(action.json());
    return list;
}

Json place_json(const TestFile& file, const config::RuleTest& test) {
    return file.name + ":" + std::to_string(test.place.line) + ":" +
           std::to_string(test.place.column);
}

/// A YAML block as TAP has it; JSON is YAML.
void print_diagnosis(const TestFile& file, const config::RuleTest& test, const Trial& trial,
                     std::ostream& out) {
    out << "  ---\n  at: " << printable(place_json(file, test).dump()) << "\n  differences:\n";
    for (const auto& difference : trial.differences)
        out << "    - " << printable(Json(difference).dump(), 4000) << '\n';
    auto list = [&](const char* name, const Json& actions) {
        out << "  " << name << (actions.empty() ? ": []\n" : ":\n");
        for (const auto& action : actions.items())
            out << "    - " << printable(action.dump(), 4000) << '\n';
    };
    if (test.expect_error) out << "  expect_error: " << printable(Json(*test.expect_error).dump()) << '\n';
    else list("expected", expected_json(test));
    list("found", found_json(trial));
    out << "  ...\n";
}

/// In TAP a # begins a directive.
std::string description(const std::string& name) {
    std::string out;
    for (char c : printable(name)) {
        if (c == '#' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

void print_json(const TestFile& file, const config::RuleTest& test, const Trial& trial,
                std::ostream& out) {
    Json made = Json::object();
    made.set("file", file.name);
    made.set("line", test.place.line);
    made.set("test", test.name);
    made.set("ok", trial.ok());
    if (test.expect_error) made.set("expect_error", *test.expect_error);
    else made.set("expected", expected_json(test));
    made.set("found", found_json(trial));
    made.set("differences", Json::array());
    for (const auto& difference : trial.differences) made.find("differences")->push_back(difference);
    out << made.dump() << '\n';
}

ExitCode run_files(const std::vector<TestFile>& files, bool json, Random& random,
                   Terminal& terminal) {
    std::ostream& out = terminal.out;
    std::size_t planned = 0, number = 0, failed = 0;
    for (const auto& file : files) planned += file.tests->tests.size();
    if (!json) out << "TAP version 14\n1.." << planned << '\n';
    for (const auto& file : files) {
        if (!json) out << "# " << printable(file.name) << '\n';
        if (!json && !file.absent.empty())
            out << "# not set, so " << absent_value << " stands for it: "
                << printable(joined(file.absent, ", ")) << '\n';
        for (const auto& test : file.tests->tests) {
            Trial trial = run_test(file, test, random);
            failed += !trial.ok();
            ++number;
            if (json) {
                print_json(file, test, trial, out);
                continue;
            }
            out << toned(trial.ok() ? "ok" : "not ok", trial.ok() ? Tone::good : Tone::bad,
                         terminal.colour_out)
                << ' ' << number << " - " << description(test.name) << '\n';
            if (!trial.ok()) print_diagnosis(file, test, trial, out);
        }
    }
    if (!json) out << "# " << number - failed << " passed, " << failed << " failed\n";
    return failed == 0 ? ExitCode::ok : ExitCode::failed;
}

}  // namespace

ExitCode test_command(const Arguments& arguments, const Surroundings& surroundings,
                      Terminal& terminal) {
    Loader loader(surroundings, terminal);
    std::vector<TestFile> files;
    bool good = true;
    for (const auto& name : arguments.test_files) {
        auto file = loader.load(name);
        if (file) files.push_back(std::move(*file));
        else good = false;
    }
    if (good) return run_files(files, arguments.json, surroundings.random, terminal);
    if (!arguments.json) terminal.out << "Bail out! the tests cannot be read\n";
    return ExitCode::usage;
}

}  // namespace syncline::cli
