// How fast a rule set is: time to build, memory, events a second against parsing alone.
//
//   bench_rules --rules FILE --events FILE [--expected FILE]
//
// RULES has one {"id": …, "pattern": {…}} a line, EVENTS one event a line, EXPECTED the digest of
// the right answers. One thread, parse included. The yardstick, simdjson's DOM parser over the same
// events, runs in turn with the matching, round by round, so that both see the same machine; the
// middle of the rounds counts. Prints one JSON line; exits 1 when the digest differs.
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <thread>

#include <openssl/evp.h>
#include <simdjson.h>

#include "rules/rules.hpp"

namespace {

using namespace syncline;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

std::size_t heap_bytes() {
    auto info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

std::vector<std::string> lines_of(const std::string& file) {
    std::ifstream in(file);
    if (!in) {
        std::cerr << file << ": cannot be read\n";
        std::exit(2);
    }
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);)
        if (!line.empty()) lines.push_back(std::move(line));
    return lines;
}

Json parsed(const std::string& text, const std::string& file, std::size_t line) {
    JsonError error;
    auto json = Json::parse(text, &error);
    if (json) return std::move(*json);
    std::cerr << file << ":" << line << ": " << error.message << "\n";
    std::exit(2);
}

struct Rules {
    std::vector<std::string> ids;
    std::vector<Json> patterns;
};

Rules read_rules(const std::string& file) {
    Rules rules;
    for (const auto& line : lines_of(file)) {
        auto json = parsed(line, file, rules.ids.size() + 1);
        rules.ids.push_back(json["id"].as_string());
        rules.patterns.push_back(json["pattern"]);
    }
    return rules;
}

rules::TypeSet every_type() { return std::get<rules::TypeSet>(rules::TypeSet::compile({"*"})); }

rules::RuleSet build(const Rules& rules) {
    rules::RuleSet::Builder builder;
    const auto every = every_type();
    for (std::size_t i = 0; i < rules.patterns.size(); ++i) {
        auto compiled = rules::Pattern::compile(rules.patterns[i]);
        if (auto* fault = std::get_if<rules::Fault>(&compiled)) {
            std::cerr << rules.ids[i] << ": " << fault->path << ": " << fault->message << "\n";
            std::exit(2);
        }
        rules::RuleEntry entry;
        entry.on = every;
        entry.where = std::get<rules::Pattern>(std::move(compiled));
        builder.add(std::move(entry));
    }
    return builder.build();
}

std::string hex_sha256(const std::string& text) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr);
    std::string hex;
    for (unsigned i = 0; i < size; ++i) {
        char two[3];
        std::snprintf(two, sizeof two, "%02x", digest[i]);
        hex += two;
    }
    return hex;
}

/// sha256 over "<event number>:<ids of its rules, sorted, by commas>\n".
std::string digest(const rules::RuleSet& set, const Rules& rules,
                   const std::vector<std::string>& events) {
    rules::Matcher matcher;
    std::string text;
    std::vector<std::uint32_t> matched;
    for (std::size_t i = 0; i < events.size(); ++i) {
        matched.clear();
        if (matcher.match_text(set, {"", "event", 0}, events[i], matched)) return "not JSON";
        std::vector<std::string> ids;
        for (auto rule : matched) ids.push_back(rules.ids[rule]);
        std::sort(ids.begin(), ids.end());
        text += std::to_string(i) + ":";
        for (std::size_t k = 0; k < ids.size(); ++k) text += (k ? "," : "") + ids[k];
        text += "\n";
    }
    return hex_sha256(text);
}

double middle(std::vector<double> figures) {
    std::sort(figures.begin(), figures.end());
    return figures[figures.size() / 2];
}

/// Events a second of `one` over all events, at least `least_s` long.
template <class One>
double rate(const std::vector<std::string>& events, double least_s, One&& one) {
    std::size_t done = 0;
    auto begin = Clock::now();
    double took = 0;
    do {
        for (const auto& event : events) one(event);
        done += events.size();
        took = seconds_since(begin);
    } while (took < least_s);
    return static_cast<double>(done) / took;
}

struct Rates {
    double matching = 0, parsing = 0;
};

Rates measure(const rules::RuleSet& set, const std::vector<std::string>& events, double round_s) {
    constexpr int rounds = 9;
    rules::Matcher matcher;
    std::vector<std::uint32_t> matched;
    std::vector<simdjson::padded_string> padded(events.begin(), events.end());
    simdjson::dom::parser parser;
    std::size_t unparsed = 0;
    std::vector<double> matching, parsing;
    for (int round = 0; round < rounds; ++round) {
        std::size_t at = 0;
        parsing.push_back(rate(events, round_s, [&](const std::string&) {
            unparsed += parser.parse(padded[at]).error() != simdjson::SUCCESS;
            at = at + 1 == padded.size() ? 0 : at + 1;
        }));
        matching.push_back(rate(events, round_s, [&](const std::string& event) {
            matched.clear();
            matcher.match_text(set, {"", "event", 0}, event, matched);
        }));
    }
    if (unparsed > 0) std::cerr << unparsed << " events were no JSON to simdjson\n";
    return {middle(matching), middle(parsing)};
}

/// The longest that one event took, in ms, while sets are built and swapped beside the matching.
double longest_event_ms(const Rules& rules, const std::vector<std::string>& events, int swaps) {
    rules::RuleSetHolder holder(std::make_shared<rules::RuleSet>(build(rules)));
    std::atomic<bool> done{false};
    std::thread builder([&] {
        for (int i = 0; i < swaps; ++i)
            holder.publish(std::make_shared<rules::RuleSet>(build(rules)));
        done = true;
    });
    rules::Matcher matcher;
    std::vector<std::uint32_t> matched;
    double longest = 0;
    for (std::size_t i = 0; !done; i = i + 1 == events.size() ? 0 : i + 1) {
        auto begin = Clock::now();
        auto set = holder.current();
        matched.clear();
        matcher.match_text(*set, {"", "event", 0}, events[i], matched);
        set.reset();
        longest = std::max(longest, seconds_since(begin) * 1e3);
    }
    builder.join();
    return longest;
}

}  // namespace

int main(int argc, char** argv) {
    std::map<std::string, std::string> options;
    for (int i = 1; i + 1 < argc; i += 2) options[argv[i]] = argv[i + 1];
    if (!options.contains("--rules") || !options.contains("--events")) {
        std::cerr << "usage: bench_rules --rules FILE --events FILE [--expected FILE]\n";
        return 2;
    }
    auto rules = read_rules(options["--rules"]);
    auto events = lines_of(options["--events"]);

    auto heap = heap_bytes();
    auto begin = Clock::now();
    auto set = build(rules);
    double build_s = seconds_since(begin);
    malloc_trim(0);
    auto bytes = heap_bytes() - heap;
    auto count = static_cast<double>(rules.ids.size());

    double round_s = options.contains("--round") ? std::atof(options["--round"].c_str()) : 0.2;
    auto rates = getenv("COUNT") ? Rates{1, 1} : measure(set, events, round_s);
    auto found = digest(set, rules, events);
    std::string wanted = found;
    if (options.contains("--expected")) {
        std::string text;
        for (const auto& line : lines_of(options["--expected"])) text += line;
        wanted = parsed(text, options["--expected"], 1)["digest"].as_string();
    }
    int swaps = options.contains("--swaps") ? std::atoi(options["--swaps"].c_str()) : 3;
    double pause_ms = longest_event_ms(rules, events, swaps);
    std::printf("{\"rules\":%zu,\"events\":%zu,\"build_s\":%.4f,\"build_us_per_rule\":%.2f,"
                "\"bytes_per_rule\":%.0f,\"events_per_s\":%.0f,\"parse_only_per_s\":%.0f,"
                "\"ratio\":%.4f,\"longest_event_while_swapping_ms\":%.2f,\"digest\":\"%s\","
                "\"digest_right\":%s}\n",
                rules.ids.size(), events.size(), build_s, build_s * 1e6 / count,
                static_cast<double>(bytes) / count, rates.matching, rates.parsing,
                rates.matching / rates.parsing, pause_ms, found.c_str(),
                found == wanted ? "true" : "false");
    return found == wanted ? 0 : 1;
}
