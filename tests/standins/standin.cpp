// The frame around every stand-in (see standin.hpp). Not here: anything that only one vendor does.
// All private members are called with the mutex held; handle() answers after letting go of it.
#include "tests/standins/standin.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "core/base/assert.hpp"
#include "core/base/hash.hpp"
#include "core/base/text.hpp"

namespace syncline::standins {

std::string url_decode(std::string_view text, bool plus_is_space) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '%' && at + 2 < text.size()) {
            if (auto byte = hex_decode(text.substr(at + 1, 2))) {
                out += *byte;
                at += 2;
                continue;
            }
        }
        out += plus_is_space && text[at] == '+' ? ' ' : text[at];
    }
    return out;
}

Call make_call(const HttpRequest& request) {
    Call call;
    call.http = &request;
    const std::size_t mark = request.target.find('?');
    call.path = request.target.substr(0, mark);
    for (const std::string& part : split(std::string_view(call.path).substr(1), '/')) {
        call.segments.push_back(url_decode(part, false));
    }
    if (mark != std::string::npos) {
        for (const std::string& pair :
             split(std::string_view(request.target).substr(mark + 1), '&')) {
            const std::size_t equals = pair.find('=');
            std::string name = url_decode(pair.substr(0, equals), true);
            call.query[name] =
                equals == std::string::npos ? "" : url_decode(pair.substr(equals + 1), true);
        }
    }
    if (!request.body.empty()) call.body = Json::parse(request.body);
    return call;
}

std::string Call::query_or(const std::string& name, std::string otherwise) const {
    const auto found = query.find(name);
    return found == query.end() ? otherwise : found->second;
}

std::optional<std::string> Call::bearer() const {
    const std::string* header = http->headers.find("Authorization");
    if (header == nullptr || !starts_with_ignore_case(*header, "bearer ")) return std::nullopt;
    const std::string token(trim(std::string_view(*header).substr(7)));
    if (token.empty()) return std::nullopt;
    return token;
}

Standin::Standin(std::string vendor, const Clock& clock, StandinOptions options)
    : vendor_(std::move(vendor)), clock_(clock), options_(std::move(options)) {
    if (!options_.ledger_file.empty()) {
        ledger_ =
            ::open(options_.ledger_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        SYNCLINE_ASSERT(ledger_ >= 0, "cannot open the ledger " + options_.ledger_file);
    }
    load_state();
}

Standin::~Standin() {
    if (ledger_ >= 0) ::close(ledger_);
}

void Standin::handle(HttpRequest request, Done done) {
    HttpResponse response;
    {
        const std::lock_guard lock(mutex_);
        const bool admin = request.target.starts_with("/_standin/");
        response = answer(request);
        changed_.notify_all();
        if (hold_ && !admin) {
            held_.emplace_back(std::move(done), std::move(response));
            return;
        }
    }
    done(std::move(response));
    // A "release" is answered first, then what was held.
    if (request.target.starts_with("/_standin/release")) release();
}

HttpResponse Standin::answer(const HttpRequest& request) {
    if (request.target.empty() || request.target[0] != '/') return HttpResponse(400, "");
    Call call = make_call(request);
    advance();
    if (call.segments[0] == "_standin") return serve_admin(call);
    ++requests_;
    const std::optional<Failure> failure = take_failure(call.path);
    HttpResponse response;
    if (!failure || failure->after_effect) {
        std::optional<HttpResponse> refusal = guard(call);
        response = refusal ? std::move(*refusal) : serve_routes(call);
    }
    if (failure) {
        response = error_form(failure->status, "injected failure");
        if (!failure->retry_after.empty())
            response.headers.add("Retry-After", failure->retry_after);
    }
    decorate(response);
    return response;
}

HttpResponse Standin::serve_routes(Call& call) {
    for (const Route& candidate : routes_) {
        if (candidate.method != call.http->method) continue;
        if (candidate.pattern.size() != call.segments.size()) continue;
        std::vector<std::string> args;
        bool same = true;
        for (std::size_t at = 0; same && at < call.segments.size(); ++at) {
            if (candidate.pattern[at] == "*") {
                args.push_back(call.segments[at]);
            } else {
                same = candidate.pattern[at] == call.segments[at];
            }
        }
        if (!same) continue;
        call.args = std::move(args);
        return candidate.serve(call);
    }
    return error_form(404, "no route for " + call.http->method + " " + call.path);
}

void Standin::route(std::string method, std::string_view pattern, Serve serve) {
    routes_.push_back({std::move(method), split(pattern.substr(1), '/'), std::move(serve)});
}

std::optional<Failure> Standin::take_failure(const std::string& path) {
    for (auto at = failures_.begin(); at != failures_.end(); ++at) {
        if (!path.starts_with(at->path_prefix)) continue;
        const Failure taken = *at;
        if (--at->count == 0) failures_.erase(at);
        return taken;
    }
    return std::nullopt;
}

HttpResponse Standin::serve_admin(const Call& call) {
    const std::string what = call.segments.size() > 1 ? call.segments[1] : "";
    if (call.http->method == "GET" && what == "state") {
        return HttpResponse::json(200, state_locked().pretty());
    }
    if (call.http->method == "GET" && what == "summary") {
        std::string text;
        for (const std::string& line : summary_lines()) text += printable(line) + "\n";
        return HttpResponse(200, text);
    }
    if (call.http->method == "POST") return admin_post(call, what);
    return HttpResponse::json(404,
                              R"({"error":"GET state|summary, POST seed|fail|set|hold|release"})");
}

HttpResponse Standin::admin_post(const Call& call, const std::string& what) {
    const Json body = call.body.value_or(Json::object());
    if (what == "seed") {
        seed_locked(body);
    } else if (what == "fail") {
        Failure failure;
        failure.status = static_cast<unsigned>(body["status"].as_int64().value_or(503));
        failure.count = static_cast<std::uint32_t>(body["count"].as_int64().value_or(1));
        const Json& after = body["retry_after"];
        failure.retry_after = after.is_number() ? after.number_text() : after.as_string();
        failure.path_prefix = body["path"].as_string_or("/");
        failure.after_effect = body["after_effect"].as_bool();
        if (failure.count > 0) failures_.push_back(failure);
    } else if (what == "set") {
        for (const JsonMember& member : body.members()) {
            knobs_[member.name] = member.value.as_int64().value_or(0);
        }
    } else if (what == "hold") {
        hold_ = true;
    } else if (what == "release") {
        hold_ = false;
    } else {
        return HttpResponse::json(404, R"({"error":"unknown admin endpoint"})");
    }
    return HttpResponse::json(200, R"({"ok":true})");
}

Json Standin::state() {
    const std::lock_guard lock(mutex_);
    advance();
    return state_locked();
}

Json Standin::state_locked() {
    Json counts = Json::object();
    Json tables = Json::object();
    for (const auto& [name, rows] : tables_) {
        Json objects = Json::object();
        for (const auto& [id, row] : rows) objects.members().emplace_back(id, row);
        counts.set(name, rows.size());
        tables.set(name, std::move(objects));
    }
    return Json::object({{"vendor", vendor_},
                         {"requests", requests_},
                         {"writes", writes_},
                         {"number", number_},
                         {"counts", std::move(counts)},
                         {"tables", std::move(tables)}});
}

std::string Standin::summary() {
    const std::lock_guard lock(mutex_);
    advance();
    std::string text;
    for (const std::string& line : summary_lines()) text += printable(line) + "\n";
    return text;
}

void Standin::seed(const Json& tables) {
    const std::lock_guard lock(mutex_);
    seed_locked(tables);
}

void Standin::seed_locked(const Json& tables) {
    for (const JsonMember& rows : tables.members()) {
        for (const JsonMember& row : rows.value.members()) {
            tables_[rows.name][row.name] = seeded(rows.name, row.name, row.value);
        }
    }
    save_state();
}

Json Standin::seeded(const std::string&, const std::string&, const Json& object) {
    return object;
}

void Standin::set_knob(const std::string& name, std::int64_t value) {
    const std::lock_guard lock(mutex_);
    knobs_[name] = value;
}

std::int64_t Standin::knob(const std::string& name, std::int64_t otherwise) const {
    const auto found = knobs_.find(name);
    return found == knobs_.end() ? otherwise : found->second;
}

void Standin::fail(const Failure& failure) {
    const std::lock_guard lock(mutex_);
    if (failure.count > 0) failures_.push_back(failure);
}

void Standin::hold(bool on) {
    const std::lock_guard lock(mutex_);
    hold_ = on;
}

std::size_t Standin::release() {
    std::vector<std::pair<Done, HttpResponse>> answers;
    {
        const std::lock_guard lock(mutex_);
        hold_ = false;
        answers.swap(held_);
    }
    for (auto& [done, response] : answers) done(std::move(response));
    return answers.size();
}

std::size_t Standin::held() {
    const std::lock_guard lock(mutex_);
    return held_.size();
}

bool Standin::wait_until(const std::function<bool()>& met, std::int64_t timeout_ms) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
    std::uint64_t seen = 0;
    for (;;) {
        {
            const std::lock_guard lock(mutex_);
            seen = requests_;
        }
        if (met()) return true;
        std::unique_lock lock(mutex_);
        const auto more = [&] { return requests_ != seen; };
        if (!changed_.wait_until(lock, end, more)) return false;
    }
}

std::uint64_t Standin::requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
}

std::uint64_t Standin::writes() {
    const std::lock_guard lock(mutex_);
    return writes_;
}

std::size_t Standin::count(const std::string& table_name) {
    const std::lock_guard lock(mutex_);
    advance();
    return tables_[table_name].size();
}

std::optional<Json> Standin::object(const std::string& table_name, const std::string& id) {
    const std::lock_guard lock(mutex_);
    advance();
    const Json* found = find(table_name, id);
    if (found == nullptr) return std::nullopt;
    return *found;
}

Json* Standin::find(const std::string& table_name, const std::string& id) {
    Table& rows = tables_[table_name];
    const auto found = rows.find(id);
    return found == rows.end() ? nullptr : &found->second;
}

void Standin::wrote(std::string_view operation, const std::string& id, Json detail) {
    ++writes_;
    if (ledger_ >= 0) {
        const std::string line = Json::object({{"write", writes_},
                                               {"at_ms", clock_.wall_ms()},
                                               {"operation", operation},
                                               {"id", id},
                                               {"detail", std::move(detail)}})
                                     .dump() +
                                 "\n";
        const ssize_t written = ::write(ledger_, line.data(), line.size());
        SYNCLINE_ASSERT(written == static_cast<ssize_t>(line.size()),
                        "the ledger cannot be written");
    }
    save_state();
}

std::uint64_t Standin::next_number() {
    return ++number_;
}

std::string Standin::next_uuid(std::string_view kind) {
    std::string head = hex_encode(kind.substr(0, 4));
    head.resize(8, '0');
    char tail[32];
    std::snprintf(tail, sizeof tail, "-0000-4000-8000-%012llx",
                  static_cast<unsigned long long>(next_number()));
    return head + tail;
}

void Standin::load_state() {
    if (options_.state_file.empty()) return;
    std::ifstream file(options_.state_file, std::ios::binary);
    if (!file) return;  // the first start
    const std::string text((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
    const std::optional<Json> state = Json::parse(text);
    SYNCLINE_ASSERT(state.has_value(), "the state file is damaged: " + options_.state_file);
    writes_ = static_cast<std::uint64_t>((*state)["writes"].as_int64().value_or(0));
    number_ = static_cast<std::uint64_t>((*state)["number"].as_int64().value_or(0));
    for (const JsonMember& rows : (*state)["tables"].members()) {
        for (const JsonMember& row : rows.value.members()) tables_[rows.name][row.name] = row.value;
    }
}

void Standin::save_state() {
    if (options_.state_file.empty()) return;
    const std::string next = options_.state_file + ".next";
    std::ofstream file(next, std::ios::binary | std::ios::trunc);
    file << state_locked().dump();
    file.close();
    SYNCLINE_ASSERT(file && std::rename(next.c_str(), options_.state_file.c_str()) == 0,
                    "the state file cannot be written: " + options_.state_file);
}

}  // namespace syncline::standins
