// syncline-standin VENDOR: serves one stand-in on loopback until SIGTERM or SIGINT.
// syncline-standin get|post URL [BODY]: asks one, for scripts on machines without curl.
//
// The main thread parses words and waits for the signal; the server has its own thread.
#include <signal.h>

#include <cstdio>
#include <string>
#include <vector>

#include "core/base/text.hpp"
#include "core/receiver/http_server.hpp"
#include "tests/standins/client.hpp"
#include "tests/standins/make.hpp"

namespace {

using namespace syncline;
using namespace syncline::standins;

constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr std::int64_t kDrainMs = 1000;

int usage(const std::string& wrong) {
    std::string vendors;
    for (const std::string& name : vendor_names()) vendors += " " + name;
    std::fprintf(stderr,
                 "%s\n"
                 "usage: syncline-standin VENDOR [--port N] [--ledger FILE] [--state FILE]\n"
                 "                        [--token TEXT] [--scale N] [--seed JSON]\n"
                 "       syncline-standin get URL\n"
                 "       syncline-standin post URL BODY\n"
                 "vendors:%s\n",
                 wrong.c_str(), vendors.c_str());
    return kUsage;
}

int ask(const std::vector<std::string>& words) {
    const bool posts = words[0] == "post";
    if (words.size() != (posts ? 3u : 2u)) return usage("get URL, or post URL BODY");
    Result<Url> url = parse_url(words[1]);
    if (!url) return usage(url.error().text());
    HttpRequest request;
    request.method = posts ? "POST" : "GET";
    request.target = url->target;
    if (posts) {
        request.headers.add("Content-Type", "application/json");
        request.body = words[2];
    }
    Result<HttpResponse> answer = exchange(url->port, request);
    if (!answer) {
        std::fprintf(stderr, "%s\n", answer.error().text().c_str());
        return kFailed;
    }
    std::fwrite(answer->body.data(), 1, answer->body.size(), stdout);
    if (!answer->body.ends_with('\n')) std::fputc('\n', stdout);
    return answer->status < 300 ? 0 : kFailed;
}

struct Words {
    std::uint16_t port = 0;
    Json seed = Json::object();
    StandinOptions options;
    std::string wrong;  // filled when they make no sense
};

Words read_words(const std::vector<std::string>& words) {
    Words read;
    for (std::size_t at = 1; at < words.size(); at += 2) {
        if (at + 1 == words.size()) {
            read.wrong = words[at] + " needs a value";
            return read;
        }
        const std::string& name = words[at];
        const std::string& value = words[at + 1];
        const std::optional<std::uint64_t> number = parse_decimal(value);
        if (name == "--ledger") {
            read.options.ledger_file = value;
        } else if (name == "--state") {
            read.options.state_file = value;
        } else if (name == "--token") {
            read.options.token = value;
        } else if (name == "--port" && number && *number <= 65535) {
            read.port = static_cast<std::uint16_t>(*number);
        } else if (name == "--scale" && number && *number > 0 && *number <= 1'000'000) {
            read.options.scale = static_cast<std::uint32_t>(*number);
        } else if (name == "--seed" && Json::parse(value)) {
            read.seed = *Json::parse(value);
        } else {
            read.wrong = "cannot read " + name + " " + value;
        }
    }
    return read;
}

int serve(const std::string& vendor, Words words, const sigset_t& ends) {
    const SystemClock clock;
    const std::unique_ptr<Standin> standin = make_standin(vendor, clock, words.options);
    if (standin == nullptr) return usage("unknown vendor \"" + vendor + "\"");
    standin->seed(words.seed);
    HttpServerOptions options;
    options.port = words.port;
    options.server_name = "standin-" + vendor;
    Result<std::unique_ptr<HttpServer>> server = HttpServer::open(options, *standin);
    if (!server) {
        std::fprintf(stderr, "%s\n", server.error().text().c_str());
        return kFailed;
    }
    (*server)->start();
    std::printf("listening on http://127.0.0.1:%u\n", (*server)->port());
    std::fflush(stdout);
    int signal = 0;
    sigwait(&ends, &signal);
    standin->release();
    (*server)->stop(kDrainMs);
    return 0;
}

}  // namespace

int main(int count, char** values) {
    // Blocked before any thread starts, so that sigwait gets them.
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, nullptr);
    const std::vector<std::string> words(values + 1, values + count);
    if (words.empty()) return usage("which vendor?");
    if (words[0] == "get" || words[0] == "post") return ask(words);
    Words read = read_words(words);
    if (!read.wrong.empty()) return usage(read.wrong);
    return serve(words[0], std::move(read), ends);
}
