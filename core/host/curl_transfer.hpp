// One exchange over libcurl: the easy handle, its options and callbacks, and the result read from
// it. Knows no event loop (curl_client.cpp). One thread: the client's. Private to this room.
//
// The object must not move while its handle lives: callbacks point at it.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <memory>
#include <string>

#include "core/host/egress.hpp"
#include "core/host/http_client.hpp"

namespace syncline::host {

// Response heads. Larger than the front door's limits, because answers of real APIs carry long
// policies and cookies; interim (1xx) answers and trailers count too, so none can go on for ever.
inline constexpr std::size_t response_header_count_max = 256;
inline constexpr std::size_t response_header_bytes_max = 128 << 10;
/// Below what servers commonly keep an idle connection (60 s): a pooled one is seldom dead.
inline constexpr long connection_idle_s_max = 30;

struct CurlEasyDeleter {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct CurlListDeleter {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

class CurlTransfer {
public:
    CurlTransfer(HttpRequest request, std::int64_t timeout_ms, HttpTransport::Done done_in,
                 const EgressPolicy& policy, const CurlClientOptions& options);
    CurlTransfer(const CurlTransfer&) = delete;
    CurlTransfer& operator=(const CurlTransfer&) = delete;

    CURL* easy() const { return easy_.get(); }
    /// What the finished exchange came to. Once.
    HttpResult result(CURLcode code);

    HttpTransport::Done done;

private:
    void set_options(std::int64_t timeout_ms);
    void set_method_and_body();
    void set_headers();
    HttpResult failure(CURLcode code) const;
    bool may_have_arrived() const;

    static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address);
    static std::size_t on_send(char* out, std::size_t size, std::size_t count, void* self);
    static int on_rewind(void* self, curl_off_t offset, int origin);
    static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);

    HttpRequest request_;
    const EgressPolicy& policy_;
    const CurlClientOptions& options_;
    std::unique_ptr<curl_slist, CurlListDeleter> header_list_;
    std::string host_;              // of the URL, as the guard is asked
    std::size_t body_sent_ = 0;
    HttpResponse response_;
    std::size_t header_count_ = 0;
    std::size_t header_bytes_ = 0;
    bool too_large_ = false;
    bool opened_ = false;           // the guard let at least one address pass
    std::string refused_;           // the class of an address that it did not
    char error_text_[CURL_ERROR_SIZE] = {};
    // Last, so that it is cleaned up first: cleaning may call back.
    std::unique_ptr<CURL, CurlEasyDeleter> easy_;
};

}  // namespace syncline::host
