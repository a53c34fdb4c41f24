// Which requests of a connector the host refuses to send, and how their URLs are shown.
#include <gtest/gtest.h>

#include <string>

#include "core/base/limits.hpp"
#include "core/host/http_check.hpp"

namespace syncline::host {
namespace {

HttpRequest request_to(const std::string& url, const std::string& method = "GET") {
    HttpRequest request;
    request.method = method;
    request.target = url;
    return request;
}

TEST(HostRequestCheck, accepts_ordinary_requests) {
    auto request = request_to("HTTPS://h/p?q=%20", "M-SEARCH");
    request.headers.add("X-Text", "tabs\tand ümlauts");
    EXPECT_EQ(request_fault(request), "");
}

TEST(HostRequestCheck, refuses_injection_and_other_schemes) {
    for (const char* url : {"http://h/a b", "http://h/\r\nX: 1", "http://h/\x7F",
                            "file:///etc/passwd", "gopher://h/", "ftp://h/", "//h/", "h/", ""})
        EXPECT_NE(request_fault(request_to(url)), "") << url;
    EXPECT_NE(request_fault(request_to(std::string("http://h/\0", 10))), "");
    for (const char* method : {"", "GE T", "GET\r\n", "CONNECT", "TRACE"})
        EXPECT_NE(request_fault(request_to("http://h/", method)), "") << method;
}

TEST(HostRequestCheck, refuses_header_injection_and_framing) {
    auto fault_with = [](const std::string& name, const std::string& value) {
        auto request = request_to("http://h/");
        request.headers.add(name, value);
        return request_fault(request);
    };
    EXPECT_EQ(fault_with("X-A", "1"), "");
    EXPECT_EQ(fault_with("X-A", "1\r\nX-B: 2"),
              "the value of header X-A holds a control character");
    EXPECT_NE(fault_with("X-A", "1\n"), "");
    EXPECT_NE(fault_with("X-A", std::string("1\0", 2)), "");
    EXPECT_NE(fault_with("X A", "1"), "");
    EXPECT_NE(fault_with("X-A:", "1"), "");
    EXPECT_NE(fault_with("", "1"), "");
    for (const char* name : {"content-length", "Transfer-Encoding", "HOST", "Connection", "Expect"})
        EXPECT_NE(fault_with(name, "1").find("host's to set"), std::string::npos) << name;
}

TEST(HostRequestCheck, refuses_what_is_over_a_limit) {
    auto request = request_to("http://h/");
    request.target.append(url_bytes_max - request.target.size(), 'a');
    EXPECT_EQ(request_fault(request), "");
    request.target += 'a';
    EXPECT_NE(request_fault(request), "");
    request = request_to("http://h/", "POST");
    request.body.assign(limits::request_bytes_max, 'b');
    EXPECT_EQ(request_fault(request), "");
    request.body += 'b';
    EXPECT_NE(request_fault(request), "");
    request = request_to("http://h/");
    for (std::size_t i = 0; i < limits::header_count_max; ++i) request.headers.add("A", "1");
    EXPECT_EQ(request_fault(request), "");
    request.headers.add("A", "1");
    EXPECT_NE(request_fault(request), "");
    request = request_to("http://h/");
    request.headers.add("A", std::string(request_header_bytes_max, 'v'));
    EXPECT_NE(request_fault(request), "");
}

TEST(HostRequestCheck, shows_urls_without_what_may_be_secret) {
    EXPECT_EQ(shown_url("https://h/p"), "https://h/p");
    EXPECT_EQ(shown_url("https://user:pw@h:8/p?a=1&token=x&flag#top"),
              "https://h:8/p?a=***&token=***&***");
    EXPECT_EQ(shown_url("https://a@b@h/x@y"), "https://h/x@y");
    EXPECT_EQ(shown_url("no url"), "no url");
}

}  // namespace
}  // namespace syncline::host
