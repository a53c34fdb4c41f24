// `syncline send`: makes a body (a file's, or a sample), signs it as the configured source's sender
// would, posts it, and shows the answer. With --count, copies one after the other over one
// connection, each an event of its own.
#include <ostream>

#include "core/base/hash.hpp"
#include "core/base/text.hpp"
#include "core/cli/commands.hpp"
#include "core/cli/event_source.hpp"
#include "core/cli/http_call.hpp"
#include "core/cli/samples.hpp"
#include "core/receiver/signature.hpp"

namespace syncline::cli {
namespace {

/// The hub answers after its commit; senders such as Attio give up after 5 s.
constexpr std::int64_t send_timeout_ms = 15'000;

Result<std::string> url_of(const Arguments& arguments, const config::HubConfig& config,
                           const config::SourceConfig& source) {
    if (!arguments.url.empty()) return arguments.url;
    const auto& listen = config.server.listen;
    if (listen.port == 0)
        return Error(ErrorCode::invalid_argument,
                     "server.listen has port 0, so the hub's address is not known: give --url");
    bool wildcard = listen.host.empty() || listen.host == "0.0.0.0" || listen.host == "::" ||
                    listen.host == "*";
    std::string host = wildcard ? "127.0.0.1" : listen.host;
    if (host.find(':') != std::string::npos) host = "[" + host + "]";
    return "http://" + host + ":" + std::to_string(listen.port) + source.path;
}

/// What all copies share.
struct Sending {
    const Arguments& arguments;
    const config::SourceConfig& source;
    std::optional<SignatureScheme> scheme;
    std::string url;
    std::string file_body;      // when --file was given
    HttpHeaders headers;        // --header
};

SampleOrder order_of(const Sending& sending, const std::string& event_id, std::int64_t now_ms,
                     std::uint32_t number) {
    SampleOrder order;
    order.connector = sending.source.connector;
    order.dialect = sending.scheme ? sending.scheme->name : sending.arguments.dialect;
    order.type = sending.arguments.type.empty() ? "record.created" : sending.arguments.type;
    order.ids = sending.arguments.sample;
    order.settings = sending.source.settings;
    order.event_id = event_id;
    order.now_ms = now_ms;
    order.number = number;
    return order;
}

struct Prepared {
    HttpRequest request;
    std::string note;
    std::string key;
};

Result<Prepared> prepare(const Sending& sending, const Surroundings& surroundings,
                         std::uint32_t number) {
    std::int64_t now_ms = surroundings.clock.wall_ms();
    Prepared made;
    made.key = make_uuid7(now_ms, surroundings.random);
    made.request.method = "POST";
    made.request.target = sending.url;
    std::string content_type = "application/json";
    if (sending.arguments.file.empty()) {
        auto sample = make_sample(order_of(sending, made.key, now_ms, number));
        if (!sample) return sample.error();
        made.request.body = std::move(sample->body);
        made.note = sample->note;
        content_type = sample->content_type;
    } else {
        made.request.body = sending.file_body;
    }
    HttpHeaders& headers = made.request.headers;
    for (const auto& [name, value] : sending.headers.fields()) headers.add(name, value);
    if (!headers.find("Content-Type")) headers.add("Content-Type", content_type);
    if (!headers.find("Idempotency-Key")) headers.add("Idempotency-Key", made.key);
    if (sending.scheme) {
        auto signed_headers = sign_request(*sending.scheme, sending.source.secrets.front(),
                                           made.key, now_ms, made.request.body);
        for (const auto& [name, value] : signed_headers.fields()) headers.add(name, value);
    }
    return made;
}

void print_answer(const Sending& sending, const Prepared& sent, const HttpResponse& answer,
                  Terminal& terminal) {
    if (!sending.arguments.json) {
        bool good = answer.status >= 200 && answer.status < 300;
        terminal.out << toned(std::to_string(answer.status), good ? Tone::good : Tone::bad,
                              terminal.colour_out)
                     << ' ' << printable(answer.body) << '\n';
        return;
    }
    Json line = Json::object();
    line.set("url", sending.url);
    line.set("key", sent.key);
    line.set("status", answer.status);
    auto body = Json::parse(answer.body);
    line.set("answer", body ? std::move(*body) : Json(answer.body));
    if (!sent.note.empty()) line.set("note", sent.note);
    terminal.out << line.dump() << '\n';
}

ExitCode send_all(const Sending& sending, const Surroundings& surroundings, Terminal& terminal) {
    HttpCaller caller;
    bool all_good = true;
    for (std::uint32_t number = 1; number <= sending.arguments.count; ++number) {
        auto prepared = prepare(sending, surroundings, number);
        if (!prepared) {
            print_error(terminal, prepared.error().text());
            return ExitCode::usage;
        }
        if (number == 1 && !prepared->note.empty() && !sending.arguments.json)
            terminal.err << "note: " << prepared->note << '\n';
        auto answer = caller.call(prepared->request, send_timeout_ms);
        if (!answer) {
            print_error(terminal, answer.error().text());
            if (answer.error().code == ErrorCode::unavailable)
                print_hint(terminal, "is the hub running? syncline run -c " +
                                         sending.arguments.config_file);
            return ExitCode::failed;
        }
        print_answer(sending, *prepared, *answer, terminal);
        all_good = all_good && answer->status >= 200 && answer->status < 300;
    }
    return all_good ? ExitCode::ok : ExitCode::failed;
}

Result<Sending> sending_of(const Arguments& arguments, const HubFile& file, Terminal& terminal) {
    auto source = choose_source(*file.loaded.config, arguments.source);
    if (!source) return source.error();
    Sending made{arguments, **source, std::nullopt, "", "", HttpHeaders()};
    auto opened = EventSource::make(file, **source);
    if (!opened) return opened.error();
    auto scheme = opened->scheme(arguments.dialect);
    if (!scheme) return scheme.error();
    made.scheme = std::move(*scheme);
    if (made.scheme && (*source)->secrets.empty())
        return Error(ErrorCode::invalid_argument,
                     "the source \"" + (*source)->name + "\" has no secret to sign with");
    auto url = url_of(arguments, *file.loaded.config, **source);
    if (!url) return url.error();
    made.url = *url;
    auto headers = headers_from(arguments.headers);
    if (!headers) return headers.error();
    made.headers = std::move(*headers);
    if (!arguments.file.empty()) {
        auto body = read_input(arguments.file, terminal.in);
        if (!body) return body.error();
        made.file_body = std::move(*body);
    }
    return made;
}

}  // namespace

ExitCode send_command(const Arguments& arguments, const Surroundings& surroundings,
                      Terminal& terminal) {
    auto file = checked_hub_file(arguments, surroundings, terminal);
    if (!file) return ExitCode::usage;
    auto sending = sending_of(arguments, *file, terminal);
    if (!sending) {
        print_error(terminal, sending.error().text());
        return ExitCode::usage;
    }
    return send_all(*sending, surroundings, terminal);
}

}  // namespace syncline::cli
