// Measures rendering: the twelve templates of one typical request over the scope of a 600-byte
// event, beside simdjson parsing that event's text to its DOM in the same rounds.
//
// One thread, nothing but the rules library. Rounds of both take turns and the median round counts;
// the clock is the thread's own, so that a neighbour who takes the core away is not counted. Prints
// one JSON line; exits with 1 when the mark is missed.
#include <simdjson.h>
#include <time.h>

#include <algorithm>
#include <iostream>
#include <vector>

#include "rules/rules.hpp"

namespace {

using syncline::Json;
namespace rules = syncline::rules;

constexpr std::size_t rounds = 41;
constexpr std::size_t repeats = 2000;   // a round of about 6 ms
constexpr double micros_max = 10.0;

constexpr std::string_view event_text = R"({"type":"record.updated","object":"deals",)"
    R"("subject":"5f3c9ad1-7b0e-4b8e-9f60-2d1c4a7e8b90","time":"2026-03-01T13:05:09.250Z",)"
    R"("actor":{"type":"workspace-member","id":"50cf242c-7fa3-4cad-87d0-75b1af71c57b"},)"
    R"("record":{"values":{"name":"Enterprise renewal 2026","stage":"Contract Sent",)"
    R"("amount":125000.50,"currency":"EUR","close_date":"2026-06-30","probability":0.7,)"
    R"("owner":{"name":"Ada Lovelace","email":"ada@example.com"},)"
    R"("tags":["renewal","emea","priority"],)"
    R"("notes":"Legal has reviewed the contract; waiting for the countersignature )"
    R"(of the entire board."}},)"
    R"("previous":{"stage":"Negotiation"},"hops":0})";

constexpr std::string_view with_text = R"({
  "object": "{% if object == 'people' %}contacts{% else %}deals{% endif %}",
  "key": {"attio_id": "{{ subject }}"},
  "properties": {
    "dealname": "{{ record.values.name | strip | truncate: 80 }}",
    "amount": "{{ record.values.amount }}",
    "dealstage": "{{ record.values.stage | downcase | replace: ' ', '_' }}",
    "closedate": "{{ record.values.close_date | date: '%d.%m.%Y' }}",
    "probability": "{{ record.values.probability | times: 100 }}",
    "owner": "{{ record.values.owner.email | default: 'nobody@example.com' }}",
    "tags": "{% for tag in record.values.tags %}{{ tag }})"
    R"({% unless forloop.last %};{% endunless %}{% endfor %}",
    "changed_at": "{{ time | unix }}",
    "summary": "{{ record.values.name }}: {{ previous.stage }} to )"
    R"({{ record.values.stage }} by {{ actor.id }}",
    "description": "{{ record.values.notes }}"}})";

double thread_micros() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

template <class Work>
double micros_each(Work work) {
    auto start = thread_micros();
    for (std::size_t i = 0; i < repeats; ++i) work();
    return (thread_micros() - start) / static_cast<double>(repeats);
}

double median(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
    return values[values.size() / 2];
}

int run() {
    auto compiled = rules::TemplateTree::compile(*Json::parse(with_text));
    const auto& tree = std::get<rules::TemplateTree>(compiled);
    const Json scope = *Json::parse(event_text);
    rules::RenderOptions options;
    simdjson::dom::parser parser;
    simdjson::padded_string padded(event_text.data(), event_text.size());
    std::size_t failed = 0;
    std::vector<double> render, parse;
    for (std::size_t i = 0; i < rounds; ++i) {
        parse.push_back(micros_each([&] { failed += parser.parse(padded).error() ? 1 : 0; }));
        render.push_back(micros_each([&] {
            auto made = tree.render(scope, options);
            failed += std::holds_alternative<rules::Fault>(made) ? 1 : 0;
        }));
    }
    if (failed > 0) {
        std::cerr << "bench_render: the event or a template is broken\n";
        return 2;
    }
    double value = median(render), yardstick = median(parse);
    Json line = Json::object({{"name", Json("render a request of 12 templates")},
                              {"value", Json(value)},
                              {"unit", Json("us")},
                              {"event_bytes", Json(event_text.size())},
                              {"yardstick", Json(yardstick)},
                              {"ratio", Json(value / yardstick)},
                              {"mark", Json(micros_max)},
                              {"reached", Json(value <= micros_max)}});
    std::cout << line.dump() << "\n";
    return value <= micros_max ? 0 : 1;
}

}  // namespace

int main() {
    return run();
}
