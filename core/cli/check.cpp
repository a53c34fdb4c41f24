// `syncline check`: every problem of the configuration with its place, and when there is none, what
// the hub would do: sources with their paths, destinations, rules. Values of secrets are not shown.
#include <ostream>

#include "core/base/text.hpp"
#include "core/cli/commands.hpp"

namespace syncline::cli {
namespace {

Json problem_json(const config::Problem& problem) {
    Json made = Json::object();
    made.set("severity", problem.warning ? "warning" : "error");
    made.set("line", problem.line);
    made.set("column", problem.column);
    made.set("length", problem.length);
    made.set("path", problem.path);
    made.set("message", problem.message);
    if (!problem.hint.empty()) made.set("hint", problem.hint);
    return made;
}

/// "3/s", "100/10s".
std::string rate_text(const config::Rate& rate) {
    if (rate.count == 0) return "-";
    std::string per = format_duration(rate.per_ms);
    bool one = per.size() > 1 && per[0] == '1' && (per[1] < '0' || per[1] > '9');
    return std::to_string(rate.count) + "/" + (one ? per.substr(1) : per);
}

std::vector<std::string> sends_of(const config::RuleConfig& rule) {
    std::vector<std::string> sends;
    for (const auto& send : rule.send) sends.push_back(send.to + "." + send.action);
    return sends;
}

std::string address_text(const config::ListenAddress& address) {
    bool six = address.host.find(':') != std::string::npos;
    return (six ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

void add_summary(Json& to, const config::HubConfig& config) {
    Json sources = Json::array();
    for (const auto& source : config.sources) {
        Json made = Json::object();
        made.set("name", source.name);
        made.set("connector", source.connector);
        made.set("path", source.path);
        made.set("secrets", source.secrets.size());
        sources.push_back(std::move(made));
    }
    Json destinations = Json::array();
    for (const auto& destination : config.destinations) {
        Json made = Json::object();
        made.set("name", destination.name);
        made.set("connector", destination.connector);
        made.set("concurrency", destination.concurrency);
        destinations.push_back(std::move(made));
    }
    Json rules = Json::array();
    for (const auto& rule : config.rules) {
        Json made = Json::object();
        made.set("name", rule.name);
        made.set("on", Json::array());
        for (const auto& type : rule.on) made.find("on")->push_back(type);
        made.set("send", Json::array());
        for (const auto& send : sends_of(rule)) made.find("send")->push_back(send);
        rules.push_back(std::move(made));
    }
    to.set("listen", address_text(config.server.listen));
    to.set("store", config.store_path);
    to.set("sources", std::move(sources));
    to.set("destinations", std::move(destinations));
    to.set("rules", std::move(rules));
}

void print_json(const HubFile& file, Terminal& terminal) {
    Json report = Json::object();
    report.set("file", file.name);
    report.set("ok", file.loaded.config.has_value());
    report.set("problems", Json::array());
    for (const auto& problem : file.loaded.problems)
        report.find("problems")->push_back(problem_json(problem));
    report.set("plugin_problems", Json::array());
    for (const auto& problem : file.plugin_problems)
        report.find("plugin_problems")->push_back(problem.text());
    if (file.loaded.config) add_summary(report, *file.loaded.config);
    terminal.out << report.dump() << '\n';
}

void print_summary(const config::HubConfig& config, Terminal& terminal) {
    std::string base = config.server.public_url.empty()
                           ? "http://" + address_text(config.server.listen)
                           : config.server.public_url;
    while (base.ends_with('/')) base.pop_back();
    Table sources({{"SOURCE"}, {"CONNECTOR"}, {"URL", false, true}, {"SECRETS", true}});
    for (const auto& source : config.sources)
        sources.add({source.name, source.connector, base + source.path,
                     source.secrets.empty() ? "-" : std::to_string(source.secrets.size())});
    Table destinations({{"DESTINATION"}, {"CONNECTOR"}, {"RATE"}, {"AT ONCE", true}});
    for (const auto& destination : config.destinations)
        destinations.add({destination.name, destination.connector, rate_text(destination.rate),
                          std::to_string(destination.concurrency)});
    Table rules({{"RULE", false, true}, {"ON", false, true}, {"SENDS", false, true}});
    for (const auto& rule : config.rules)
        rules.add({rule.name, joined(rule.on, ", "), joined(sends_of(rule), ", ")});
    if (!config.sources.empty()) sources.print(terminal), terminal.out << '\n';
    if (!config.destinations.empty()) destinations.print(terminal), terminal.out << '\n';
    if (!config.rules.empty()) rules.print(terminal), terminal.out << '\n';
}

}  // namespace

ExitCode check_command(const Arguments& arguments, const Surroundings& surroundings,
                       Terminal& terminal) {
    auto file = load_hub_file(arguments.config_file, surroundings);
    if (!file) {
        report_unreadable(terminal, file.error());
        return ExitCode::usage;
    }
    bool good = file->loaded.config.has_value();
    if (arguments.json) {
        print_json(*file, terminal);
        return good ? ExitCode::ok : ExitCode::usage;
    }
    report_problems(terminal, *file);
    std::size_t errors = 0;
    for (const auto& problem : file->loaded.problems) errors += !problem.warning;
    if (!good) {
        terminal.err << file->name << ": " << errors << (errors == 1 ? " error" : " errors")
                     << '\n';
        return ExitCode::usage;
    }
    print_summary(*file->loaded.config, terminal);
    terminal.out << file->name << " is good\n";
    return ExitCode::ok;
}

}  // namespace syncline::cli
