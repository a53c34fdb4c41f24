// See curl_transfer.hpp. Facts about libcurl 7.88 that shape it:
//   - OPENSOCKETFUNCTION sees every resolved address before the connect, so no spelling of a host
//     goes around the guard; a refusal surfaces as COULDNT_CONNECT, hence the remembered flag.
//   - The proxy variables of the environment would go around it: PROXY "" turns them off.
//   - On a pooled connection that dies before an answer, curl sends the request again, POST too. A
//     POST may have had its effect by then: its body goes through a read callback whose rewind is
//     refused, so the exchange fails, and is reported as one that may have arrived.
//   - QUICK_EXIT lets go of a resolver thread that still waits for a name server when the time is
//     up; without it the loop would wait as well. The thread frees itself when it returns.
#include "core/host/curl_transfer.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "core/base/text.hpp"
#include "core/host/http_check.hpp"

namespace syncline::host {
namespace {

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
    // A refused option is a wrong build of libcurl, not an operating error.
    auto code = curl_easy_setopt(easy, option, value);
    SYNCLINE_ASSERT(code == CURLE_OK, curl_easy_strerror(code));
}

struct UrlDeleter {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

/// The host as curl will resolve it, brackets of IPv6 removed; empty when the URL is malformed
/// (curl then refuses it itself).
std::string host_of(const std::string& url) {
    std::unique_ptr<CURLU, UrlDeleter> parsed(curl_url());
    if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK)
        return {};
    char* text = nullptr;
    if (curl_url_get(parsed.get(), CURLUPART_HOST, &text, 0) != CURLUE_OK) return {};
    std::string host(text);
    curl_free(text);
    if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
    return host;
}

}  // namespace

CurlTransfer::CurlTransfer(HttpRequest request, std::int64_t timeout_ms,
                           HttpTransport::Done done_in, const EgressPolicy& policy,
                           const CurlClientOptions& options)
    : done(std::move(done_in)),
      request_(std::move(request)),
      policy_(policy),
      options_(options),
      host_(host_of(request_.target)),
      easy_(curl_easy_init()) {
    SYNCLINE_ASSERT(easy_ != nullptr, "curl_easy_init: out of memory");
    set_options(timeout_ms);
    set_method_and_body();
    set_headers();
}

void CurlTransfer::set_options(std::int64_t timeout_ms) {
    CURL* easy = easy_.get();
    set(easy, CURLOPT_URL, request_.target.c_str());
    set(easy, CURLOPT_ERRORBUFFER, error_text_);
    set(easy, CURLOPT_NOSIGNAL, 1L);
    set(easy, CURLOPT_QUICK_EXIT, 1L);
    set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(easy, CURLOPT_FOLLOWLOCATION, 0L);
    set(easy, CURLOPT_PROXY, "");
    set(easy, CURLOPT_NOPROXY, "*");
    set(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(easy, CURLOPT_MAXAGE_CONN, connection_idle_s_max);
    set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_ms));
    set(easy, CURLOPT_CONNECTTIMEOUT_MS,
        static_cast<long>(std::min(timeout_ms, options_.connect_timeout_ms)));
    set(easy, CURLOPT_USERAGENT, options_.user_agent.c_str());
    set(easy, CURLOPT_OPENSOCKETFUNCTION, &CurlTransfer::on_open);
    set(easy, CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
    set(easy, CURLOPT_HEADERFUNCTION, &CurlTransfer::on_header);
    set(easy, CURLOPT_HEADERDATA, static_cast<void*>(this));
    set(easy, CURLOPT_WRITEFUNCTION, &CurlTransfer::on_body);
    set(easy, CURLOPT_WRITEDATA, static_cast<void*>(this));
}

void CurlTransfer::set_method_and_body() {
    CURL* easy = easy_.get();
    const std::string& method = request_.method;
    bool framed = !request_.body.empty() || method == "POST" || method == "PUT" ||
                  method == "PATCH";  // these say Content-Length: 0 when there is no body
    if (method == "HEAD") set(easy, CURLOPT_NOBODY, 1L);
    else if (framed) set(easy, CURLOPT_POST, 1L);
    else set(easy, CURLOPT_HTTPGET, 1L);
    if (method != "HEAD") set(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
    if (!framed || method == "HEAD") return;
    set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    if (is_repeatable(request_)) {
        set(easy, CURLOPT_POSTFIELDS, request_.body.data());
        return;
    }
    set(easy, CURLOPT_READFUNCTION, &CurlTransfer::on_send);
    set(easy, CURLOPT_READDATA, static_cast<void*>(this));
    set(easy, CURLOPT_SEEKFUNCTION, &CurlTransfer::on_rewind);
    set(easy, CURLOPT_SEEKDATA, static_cast<void*>(this));
    // With nothing to rewind, only a new connection keeps curl from sending it twice.
    if (request_.body.empty()) set(easy, CURLOPT_FRESH_CONNECT, 1L);
}

void CurlTransfer::set_headers() {
    curl_slist* list = nullptr;
    auto append = [&](const std::string& line) {
        curl_slist* longer = curl_slist_append(list, line.c_str());
        SYNCLINE_ASSERT(longer != nullptr, "curl_slist_append: out of memory");
        list = longer;
    };
    // "Name;" sends an empty value, "Name:" sends none.
    for (const auto& [name, value] : request_.headers.fields())
        append(trim(value).empty() ? name + ";" : name + ": " + value);
    append("Expect:");
    if (request_.headers.find("Content-Type") == nullptr) append("Content-Type:");
    header_list_.reset(list);
    set(easy_.get(), CURLOPT_HTTPHEADER, list);
}

// --- Callbacks ----------------------------------------------------------------------------------

curl_socket_t CurlTransfer::on_open(void* self, curlsocktype purpose, curl_sockaddr* address) {
    auto* transfer = static_cast<CurlTransfer*>(self);
    if (purpose != CURLSOCKTYPE_IPCXN) return CURL_SOCKET_BAD;
    if (!transfer->policy_.allows(&address->addr, transfer->host_)) {
        transfer->refused_ = address_class(&address->addr);
        return CURL_SOCKET_BAD;
    }
    transfer->opened_ = true;
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::size_t CurlTransfer::on_send(char* out, std::size_t size, std::size_t count, void* self) {
    auto* transfer = static_cast<CurlTransfer*>(self);
    std::size_t rest = transfer->request_.body.size() - transfer->body_sent_;
    std::size_t bytes = std::min(rest, size * count);
    std::memcpy(out, transfer->request_.body.data() + transfer->body_sent_, bytes);
    transfer->body_sent_ += bytes;
    return bytes;
}

int CurlTransfer::on_rewind(void* self, curl_off_t offset, int origin) {
    auto* transfer = static_cast<CurlTransfer*>(self);
    // Nothing has left yet: going to the start is no repetition.
    bool harmless = transfer->body_sent_ == 0 && offset == 0 && origin == SEEK_SET;
    return harmless ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

std::size_t CurlTransfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
    auto* transfer = static_cast<CurlTransfer*>(self);
    std::string_view line(data, size * count);
    transfer->header_bytes_ += line.size();
    transfer->header_count_ += 1;
    if (transfer->header_bytes_ > response_header_bytes_max ||
        transfer->header_count_ > response_header_count_max) {
        transfer->too_large_ = true;
        return 0;
    }
    auto colon = line.find(':');
    if (line.substr(0, 5) == "HTTP/") transfer->response_.headers = HttpHeaders();
    else if (colon != std::string_view::npos)
        transfer->response_.headers.add(std::string(trim(line.substr(0, colon))),
                                        std::string(trim(line.substr(colon + 1))));
    return line.size();
}

std::size_t CurlTransfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
    auto* transfer = static_cast<CurlTransfer*>(self);
    std::string& body = transfer->response_.body;
    std::size_t bytes = size * count;
    if (bytes > transfer->options_.response_bytes_max - body.size()) {
        transfer->too_large_ = true;
        return 0;
    }
    body.append(data, bytes);
    return bytes;
}

// --- Result -------------------------------------------------------------------------------------

HttpResult CurlTransfer::result(CURLcode code) {
    HttpResult result;
    if (code != CURLE_OK) {
        result = failure(code);
    } else {
        long status = 0;
        curl_easy_getinfo(easy(), CURLINFO_RESPONSE_CODE, &status);
        response_.status = static_cast<unsigned>(status);
        result.response = std::move(response_);
    }
    curl_off_t total_us = 0;
    curl_easy_getinfo(easy(), CURLINFO_TOTAL_TIME_T, &total_us);
    result.duration_ms = total_us / 1000;
    return result;
}

HttpResult CurlTransfer::failure(CURLcode code) const {
    HttpResult result;
    result.sent = may_have_arrived();
    result.message = error_text_[0] != '\0' ? error_text_ : curl_easy_strerror(code);
    if (too_large_) {
        result.error = "too_large";
        result.message = "the answer is over the limit of " +
                         std::to_string(options_.response_bytes_max) + " bytes, or its head over " +
                         std::to_string(response_header_bytes_max);
    } else if (!refused_.empty() && !opened_) {
        result.error = "refused_by_policy";
        result.message = host_ + " is a " + refused_ +
                         " address; egress.allow does not name it";
    } else if (code == CURLE_OPERATION_TIMEDOUT) {
        result.error = "timeout";
    } else {
        result.error = "network";
    }
    if (code == CURLE_SEND_FAIL_REWIND)
        result.message = "the connection closed before the answer";
    return result;
}

/// curl notes the time when it is about to send; without it nothing can have left.
bool CurlTransfer::may_have_arrived() const {
    curl_off_t ready_us = 0;
    long request_bytes = 0;
    curl_easy_getinfo(easy(), CURLINFO_PRETRANSFER_TIME_T, &ready_us);
    curl_easy_getinfo(easy(), CURLINFO_REQUEST_SIZE, &request_bytes);
    return ready_us > 0 || request_bytes > 0 || body_sent_ > 0;
}

}  // namespace syncline::host
