// See stage.hpp.
#include "tests/system/stage.hpp"

#include <signal.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/base/assert.hpp"
#include "core/base/hash.hpp"
#include "core/base/text.hpp"
#include "tests/standins/client.hpp"
#include "tests/standins/make.hpp"

namespace syncline::system_test {

namespace {

constexpr std::int64_t kReadyMs = 20'000;
constexpr std::int64_t kDrainMs = 1'000;

}  // namespace

Served::Served(const std::string& vendor, standins::StandinOptions options)
    : vendor_(vendor), standin_(standins::make_standin(vendor, clock_, std::move(options))) {
    SYNCLINE_ASSERT(standin_ != nullptr, "no stand-in of " + vendor);
    up();
}

Served::~Served() {
    down();
}

void Served::up() {
    HttpServerOptions options;
    options.port = port_;
    Result<std::unique_ptr<HttpServer>> opened = HttpServer::open(options, *standin_);
    SYNCLINE_ASSERT(opened.has_value(), opened.error().text());
    server_ = std::move(*opened);
    port_ = server_->port();
    server_->start();
}

void Served::down() {
    if (server_ == nullptr) return;
    standin_->release();
    server_->stop(kDrainMs);
    server_.reset();
}

std::string Served::url() const {
    return "http://127.0.0.1:" + std::to_string(port_);
}

Folder::Folder() {
    char pattern[] = "/tmp/syncline-system-XXXXXX";
    SYNCLINE_ASSERT(::mkdtemp(pattern) != nullptr, "no temporary folder");
    path_ = pattern;
}

Folder::~Folder() {
    std::filesystem::remove_all(path_);
}

HubProcess::HubProcess(std::string config_file, std::string folder_log)
    : config_file_(std::move(config_file)), log_file_(std::move(folder_log)) {}

void HubProcess::set(const std::string& name, const std::string& value) {
    environment_[name] = value;
}

Program HubProcess::program(std::vector<std::string> words) const {
    Program made;
    made.words = {SYNCLINE_BINARY, words[0], "-c", config_file_};
    made.words.insert(made.words.end(), words.begin() + 1, words.end());
    for (const auto& [name, value] : environment_) made.environment.push_back(name + "=" + value);
    made.error_file = log_file_;
    return made;
}

void HubProcess::start() {
    process_ = std::make_unique<Process>(program({"run"}));
    const std::string line = process_->read_line(kReadyMs).value_or("");
    const std::size_t colon = line.rfind(':');
    const bool ready = line.starts_with("listening on http://");
    ASSERT_TRUE(ready) << "ready line \"" << line << "\", log:\n" << log();
    port_ = static_cast<std::uint16_t>(parse_decimal(line.substr(colon + 1)).value_or(0));
    ASSERT_NE(port_, 0) << line;
}

void HubProcess::kill_now() {
    process_->signal(SIGKILL);
    ASSERT_EQ(process_->wait(kPatienceMs), 128 + SIGKILL);
}

void HubProcess::ask_to_stop() {
    process_->signal(SIGTERM);
}

std::optional<int> HubProcess::ended(std::int64_t timeout_ms) {
    return process_->wait(timeout_ms);
}

Finished HubProcess::command(std::vector<std::string> words) const {
    return run_program(program(std::move(words)));
}

std::vector<Json> HubProcess::deliveries(const std::string& state,
                                         const std::string& destination) const {
    std::vector<std::string> words = {"deliveries", "--json", "--limit", "500", "--state", state};
    if (!destination.empty()) words.insert(words.end(), {"--destination", destination});
    const Finished listed = command(std::move(words));
    EXPECT_EQ(listed.code, 0) << log();
    std::vector<Json> rows;
    for (const std::string& line : split(listed.output, '\n')) {
        if (!line.empty()) rows.push_back(Json::parse(line).value_or(Json()));
    }
    return rows;
}

std::string HubProcess::log() const {
    std::ifstream file(log_file_, std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

unsigned post_signed(std::uint16_t port, Dialect dialect, const std::string& key,
                     const std::string& body, const std::string& secret) {
    HttpRequest request;
    request.method = "POST";
    request.target = "/webhooks/attio";
    request.body = body;
    request.headers.add("Content-Type", "application/json");
    if (dialect == Dialect::attio_v2) {
        request.headers.add("Attio-Signature", hex_encode(hmac_sha256(secret, {body})));
        request.headers.add("Idempotency-Key", key);
    } else {
        const std::string now = std::to_string(SystemClock().wall_ms() / 1000);
        request.headers.add("x-attio-timestamp", now);
        request.headers.add("x-attio-signature", hex_encode(hmac_sha256(secret, {now, ".", body})));
    }
    const Result<HttpResponse> answer = standins::exchange(port, request);
    return answer ? answer->status : 0;
}

}  // namespace syncline::system_test
