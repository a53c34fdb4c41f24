// The yardstick of delivery: libcurl's multi interface in its simplest loop, posting the same bodies
// to the same sink over as many connections as the hub may use.
#include "tests/bench/curl_yardstick.hpp"

#include <curl/curl.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "tests/bench/load.hpp"

namespace syncline::bench {
namespace {

std::size_t discard(char*, std::size_t size, std::size_t count, void*) {
    return size * count;
}

CURL* make_handle(const std::string& url, const std::string& body, curl_slist* headers) {
    CURL* handle = curl_easy_init();
    curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body.c_str());
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, discard);
    curl_easy_setopt(handle, CURLOPT_PROXY, "");
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    return handle;
}

}  // namespace

double curl_posts_per_s(std::uint16_t port, const std::string& body, std::size_t connections,
                        std::size_t requests) {
    std::string url = "http://127.0.0.1:" + std::to_string(port) + "/";
    curl_slist* headers = curl_slist_append(nullptr, "Content-Type: application/json");
    CURLM* multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(connections));
    std::vector<CURL*> handles;
    std::size_t begun = 0;
    std::size_t ended = 0;
    std::int64_t start = now_us();
    for (; begun < connections && begun < requests; ++begun) {
        handles.push_back(make_handle(url, body, headers));
        curl_multi_add_handle(multi, handles.back());
    }
    while (ended < requests) {
        int running = 0;
        curl_multi_perform(multi, &running);
        int left = 0;
        while (CURLMsg* message = curl_multi_info_read(multi, &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            if (message->data.result != CURLE_OK) {
                std::fprintf(stderr, "libcurl: %s\n", curl_easy_strerror(message->data.result));
                std::exit(1);
            }
            ++ended;
            CURL* handle = message->easy_handle;
            curl_multi_remove_handle(multi, handle);
            if (begun < requests) {
                ++begun;
                curl_multi_add_handle(multi, handle);
            }
        }
        if (ended < requests) curl_multi_poll(multi, nullptr, 0, 1000, nullptr);
    }
    double seconds = static_cast<double>(now_us() - start) / 1e6;
    for (CURL* handle : handles) curl_easy_cleanup(handle);
    curl_multi_cleanup(multi);
    curl_slist_free_all(headers);
    return static_cast<double>(requests) / seconds;
}

}  // namespace syncline::bench
