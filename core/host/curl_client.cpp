// libcurl's multi interface on an Asio loop: curl says which sockets and when, Asio waits, curl
// acts. Callbacks, no coroutines. One thread: that of the io_context.
//
// Invariants: curl owns every socket, Asio only watches (release() before curl closes one).
// curl_multi_socket_action is never called from inside a curl callback. A finished transfer leaves
// the multi before its `done` is called; `done` may send again or destroy the client. Destroying
// the client drops transfers under way without calling their `done`.
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/host/curl_transfer.hpp"
#include "core/host/http_check.hpp"

namespace syncline::host {
namespace {

namespace asio = boost::asio;

/// A socket of curl's that Asio watches. Waits hold the object, so letting go is a call, not the
/// destructor's work.
struct Watched {
    explicit Watched(asio::io_context& io) : descriptor(io) {}
    ~Watched() { let_go(); }
    /// Ends the waits; the socket stays open and curl's.
    void let_go() {
        if (descriptor.is_open()) descriptor.release();
    }
    asio::posix::stream_descriptor descriptor;
    bool wants_read = false;
    bool wants_write = false;
    bool reading = false;
    bool writing = false;
};
// shared_ptr: a wait that was cancelled still holds the object when its handler runs.
using WatchedPtr = std::shared_ptr<Watched>;

/// Outlives the client while a handler runs: shared for that reason alone.
class Core : public std::enable_shared_from_this<Core> {
public:
    Core(asio::io_context& io, EgressPolicy policy, CurlClientOptions options)
        : io_(io),
          policy_(std::move(policy)),
          options_(std::move(options)),
          multi_(curl_multi_init()),
          timer_(io) {
        SYNCLINE_ASSERT(multi_ != nullptr, "curl_multi_init: out of memory");
        curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Core::on_socket);
        curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
        curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Core::on_timer);
        curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
        curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, options_.connections_per_host_max);
        curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, options_.connections_max);
        curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, options_.connections_max);
    }
    ~Core() { close(); }

    void send(HttpRequest request, std::int64_t timeout_ms, HttpTransport::Done done);
    /// Drops everything. Nothing is called back afterwards.
    void close();

private:
    static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void*);
    static int on_timer(CURLM*, long timeout_ms, void* self);
    int watch(curl_socket_t socket, int what);
    void arm_timer(long timeout_ms);
    void arm(curl_socket_t socket, const WatchedPtr& watched);
    void ready(curl_socket_t socket, const WatchedPtr& watched, int event);
    void act(curl_socket_t socket, int event);
    void finish_ended();
    void refuse(std::string why, HttpTransport::Done done);

    asio::io_context& io_;
    const EgressPolicy policy_;
    const CurlClientOptions options_;
    CURLM* multi_;
    asio::steady_timer timer_;
    std::unordered_map<curl_socket_t, WatchedPtr> sockets_;
    std::unordered_map<CURL*, std::unique_ptr<CurlTransfer>> transfers_;
};

void Core::send(HttpRequest request, std::int64_t timeout_ms, HttpTransport::Done done) {
    auto why = request_fault(request);
    if (!why.empty()) return refuse(std::move(why), std::move(done));
    if (timeout_ms <= 0) timeout_ms = limits::attempt_timeout_ms_default;
    auto transfer = std::make_unique<CurlTransfer>(std::move(request), timeout_ms, std::move(done),
                                                   policy_, options_);
    CURL* easy = transfer->easy();
    transfers_.emplace(easy, std::move(transfer));
    auto code = curl_multi_add_handle(multi_, easy);  // arms the timer; works later
    SYNCLINE_ASSERT(code == CURLM_OK, curl_multi_strerror(code));
}

void Core::refuse(std::string why, HttpTransport::Done done) {
    auto call = [self = weak_from_this(), why = std::move(why), done = std::move(done)] {
        auto alive = self.lock();
        if (alive && alive->multi_ != nullptr) done(invalid_request(why));
    };
    asio::post(io_, std::move(call));
}

void Core::close() {
    if (multi_ == nullptr) return;
    // Cleaning up may call back for sockets: they find the maps alive.
    for (auto& [easy, transfer] : transfers_) curl_multi_remove_handle(multi_, easy);
    auto dropped = std::move(transfers_);
    transfers_.clear();
    dropped.clear();
    curl_multi_cleanup(multi_);
    multi_ = nullptr;
    for (auto& [socket, watched] : sockets_) watched->let_go();
    sockets_.clear();
    timer_.cancel();
}

// --- What curl asks -----------------------------------------------------------------------------

int Core::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) {
    return static_cast<Core*>(self)->watch(socket, what);
}

int Core::on_timer(CURLM*, long timeout_ms, void* self) {
    static_cast<Core*>(self)->arm_timer(timeout_ms);
    return 0;
}

int Core::watch(curl_socket_t socket, int what) {
    if (what == CURL_POLL_REMOVE) {
        auto found = sockets_.find(socket);
        if (found == sockets_.end()) return 0;
        found->second->let_go();
        sockets_.erase(found);
        return 0;
    }
    WatchedPtr& watched = sockets_[socket];
    if (!watched) {
        auto made = std::make_shared<Watched>(io_);
        boost::system::error_code failed;
        made->descriptor.assign(socket, failed);
        if (failed) {
            sockets_.erase(socket);
            return -1;
        }
        watched = std::move(made);
    }
    watched->wants_read = (what & CURL_POLL_IN) != 0;
    watched->wants_write = (what & CURL_POLL_OUT) != 0;
    arm(socket, watched);
    return 0;
}

void Core::arm_timer(long timeout_ms) {
    timer_.cancel();
    if (timeout_ms < 0) return;
    timer_.expires_after(std::chrono::milliseconds(timeout_ms));
    timer_.async_wait([self = weak_from_this()](boost::system::error_code cancelled) {
        auto core = self.lock();
        if (!cancelled && core) core->act(CURL_SOCKET_TIMEOUT, 0);
    });
}

// --- What Asio reports --------------------------------------------------------------------------

void Core::arm(curl_socket_t socket, const WatchedPtr& watched) {
    using Wait = asio::posix::stream_descriptor::wait_type;
    if (watched->wants_read && !watched->reading) {
        watched->reading = true;
        watched->descriptor.async_wait(
            Wait::wait_read, [self = weak_from_this(), socket, watched](boost::system::error_code) {
                watched->reading = false;
                if (auto core = self.lock()) core->ready(socket, watched, CURL_CSELECT_IN);
            });
    }
    if (watched->wants_write && !watched->writing) {
        watched->writing = true;
        watched->descriptor.async_wait(
            Wait::wait_write,
            [self = weak_from_this(), socket, watched](boost::system::error_code) {
                watched->writing = false;
                if (auto core = self.lock()) core->ready(socket, watched, CURL_CSELECT_OUT);
            });
    }
}

void Core::ready(curl_socket_t socket, const WatchedPtr& watched, int event) {
    // The number may belong to another connection by now: the object tells.
    auto current = [&] {
        auto found = sockets_.find(socket);
        return found != sockets_.end() && found->second == watched;
    };
    if (multi_ == nullptr || !current()) return;
    bool wanted = event == CURL_CSELECT_IN ? watched->wants_read : watched->wants_write;
    if (wanted) act(socket, event);
    if (multi_ != nullptr && current()) arm(socket, watched);
}

void Core::act(curl_socket_t socket, int event) {
    if (multi_ == nullptr) return;
    int running = 0;
    curl_multi_socket_action(multi_, socket, event, &running);
    finish_ended();
}

void Core::finish_ended() {
    std::vector<std::pair<HttpTransport::Done, HttpResult>> ended;
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        CURL* easy = message->easy_handle;
        CURLcode code = message->data.result;
        auto found = transfers_.find(easy);
        SYNCLINE_ASSERT(found != transfers_.end(), "curl finished a transfer that is not ours");
        auto transfer = std::move(found->second);
        transfers_.erase(found);
        auto result = transfer->result(code);
        curl_multi_remove_handle(multi_, easy);
        ended.emplace_back(std::move(transfer->done), std::move(result));
    }
    for (auto& [done, result] : ended) {
        if (multi_ == nullptr) return;  // one of them destroyed the client
        done(std::move(result));
    }
}

// --- The client ---------------------------------------------------------------------------------

class CurlClient final : public HttpTransport {
public:
    explicit CurlClient(std::shared_ptr<Core> core) : core_(std::move(core)) {}
    ~CurlClient() override { core_->close(); }
    void send(HttpRequest request, std::int64_t timeout_ms, Done done) override {
        core_->send(std::move(request), timeout_ms, std::move(done));
    }

private:
    std::shared_ptr<Core> core_;
};

}  // namespace

std::unique_ptr<HttpTransport> make_curl_client(boost::asio::io_context& io, EgressPolicy policy,
                                                CurlClientOptions options) {
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);  // once a process
    SYNCLINE_ASSERT(started == CURLE_OK, curl_easy_strerror(started));
    return std::make_unique<CurlClient>(
        std::make_shared<Core>(io, std::move(policy), std::move(options)));
}

}  // namespace syncline::host
