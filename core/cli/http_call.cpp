// libcurl's easy interface behind http_call.hpp.
#include "core/cli/http_call.hpp"

#include <curl/curl.h>

#include "core/base/text.hpp"

namespace syncline::cli {
namespace {

struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* to) {
    auto& answer = *static_cast<HttpResponse*>(to);
    std::size_t bytes = size * count;
    if (answer.body.size() + bytes > answer_bytes_max) return 0;
    answer.body.append(data, bytes);
    return bytes;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* to) {
    auto& answer = *static_cast<HttpResponse*>(to);
    std::string_view line(data, size * count);
    auto colon = line.find(':');
    if (colon != std::string_view::npos)
        answer.headers.add(std::string(line.substr(0, colon)),
                           std::string(trim(line.substr(colon + 1))));
    return size * count;
}

HeaderList header_list(const HttpHeaders& headers) {
    // "Expect:" without a value stops libcurl from waiting for a 100 before larger bodies.
    HeaderList list(curl_slist_append(nullptr, "Expect:"));
    for (const auto& [name, value] : headers.fields()) {
        std::string line = value.empty() ? name + ";" : name + ": " + value;
        curl_slist* longer = curl_slist_append(list.get(), line.c_str());
        if (longer) (void)list.release(), list.reset(longer);
    }
    return list;
}

Error error_of(CURLcode code, const char* detail, const std::string& url) {
    std::string message = *detail ? detail : curl_easy_strerror(code);
    ErrorCode kind = ErrorCode::network;
    if (code == CURLE_COULDNT_CONNECT) kind = ErrorCode::unavailable;
    if (code == CURLE_OPERATION_TIMEDOUT) kind = ErrorCode::timeout;
    if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
        kind = ErrorCode::invalid_argument;
    return Error(kind, printable(message), printable(url));
}

}  // namespace

struct HttpCaller::Impl {
    CURL* handle = curl_easy_init();
    ~Impl() { curl_easy_cleanup(handle); }
};

HttpCaller::HttpCaller() : impl_(std::make_unique<Impl>()) {}
HttpCaller::~HttpCaller() = default;

Result<HttpResponse> HttpCaller::call(const HttpRequest& request, std::int64_t timeout_ms) {
    CURL* handle = impl_->handle;
    if (!handle) return Error(ErrorCode::internal, "libcurl could not be initialised");
    HttpResponse answer;
    HeaderList headers = header_list(request.headers);
    char detail[CURL_ERROR_SIZE] = "";
    curl_easy_reset(handle);   // options go, the connection stays
    curl_easy_setopt(handle, CURLOPT_URL, request.target.c_str());
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_ms));
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, detail);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &take_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &take_header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, &answer);
    if (request.method != "GET") {
        curl_easy_setopt(handle, CURLOPT_POST, 1L);
        curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
        curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                         static_cast<curl_off_t>(request.body.size()));
    }
    CURLcode code = curl_easy_perform(handle);
    if (code != CURLE_OK) return error_of(code, detail, request.target);
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    answer.status = static_cast<unsigned>(status);
    return answer;
}

}  // namespace syncline::cli
