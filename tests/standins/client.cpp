// A blocking HTTP/1.1 client over one socket (see client.hpp). It asks for `Connection: close`, so
// the end of the body is the end of the stream; a Content-Length is checked against it.
#include "tests/standins/client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/base/text.hpp"

namespace syncline::standins {

namespace {

/// Closes on every way out.
struct Socket {
    int fd;
    explicit Socket(int fd_in) : fd(fd_in) {}
    ~Socket() {
        if (fd >= 0) ::close(fd);
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
};

Error network(const std::string& what) {
    return Error(ErrorCode::network, what + ": " + std::strerror(errno));
}

std::string wire_form(const HttpRequest& request) {
    std::string text = request.method + " " + request.target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
    for (const auto& [name, value] : request.headers.fields()) text += name + ": " + value + "\r\n";
    if (!request.body.empty() || request.method != "GET") {
        text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
    }
    return text + "Connection: close\r\n\r\n" + request.body;
}

Result<HttpResponse> parse_answer(const std::string& text) {
    const std::size_t head_end = text.find("\r\n\r\n");
    if (head_end == std::string::npos || !text.starts_with("HTTP/1.")) {
        return Error(ErrorCode::network, "the answer is cut off before the end of its head");
    }
    const std::vector<std::string> lines = split(std::string_view(text).substr(0, head_end), '\n');
    HttpResponse response;
    response.status = static_cast<unsigned>(parse_decimal(lines[0].substr(9, 3)).value_or(0));
    for (std::size_t at = 1; at < lines.size(); ++at) {
        const std::size_t colon = lines[at].find(':');
        if (colon == std::string::npos) continue;
        response.headers.add(lines[at].substr(0, colon),
                             std::string(trim(std::string_view(lines[at]).substr(colon + 1))));
    }
    response.body = text.substr(head_end + 4);
    const std::string* length = response.headers.find("Content-Length");
    if (length != nullptr && parse_decimal(*length) != response.body.size()) {
        return Error(ErrorCode::network, "the answer's body is cut off");
    }
    return response;
}

}  // namespace

Result<HttpResponse> exchange(std::uint16_t port, const HttpRequest& request,
                              std::int64_t timeout_ms) {
    const Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (socket.fd < 0) return network("no socket");
    timeval wait{};
    wait.tv_sec = timeout_ms / 1000;
    wait.tv_usec = (timeout_ms % 1000) * 1000;
    ::setsockopt(socket.fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    ::setsockopt(socket.fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return network("cannot connect to port " + std::to_string(port));
    }
    const std::string out = wire_form(request);
    for (std::size_t sent = 0; sent < out.size();) {
        const ssize_t now = ::send(socket.fd, out.data() + sent, out.size() - sent, MSG_NOSIGNAL);
        if (now <= 0) return network("cannot send");
        sent += static_cast<std::size_t>(now);
    }
    std::string in;
    char buffer[16 << 10];
    for (;;) {
        const ssize_t now = ::recv(socket.fd, buffer, sizeof buffer, 0);
        if (now < 0) return network("cannot receive");
        if (now == 0) break;
        in.append(buffer, static_cast<std::size_t>(now));
    }
    return parse_answer(in);
}

Result<Url> parse_url(const std::string& text) {
    for (const std::string_view prefix : {"http://127.0.0.1:", "http://localhost:"}) {
        if (!text.starts_with(prefix)) continue;
        const std::string rest = text.substr(prefix.size());
        const std::size_t slash = rest.find('/');
        const std::optional<std::uint64_t> port = parse_decimal(rest.substr(0, slash));
        if (!port || *port == 0 || *port > 65535) break;
        Url url;
        url.port = static_cast<std::uint16_t>(*port);
        url.target = slash == std::string::npos ? "/" : rest.substr(slash);
        return url;
    }
    return Error(ErrorCode::invalid_argument,
                 "expected http://127.0.0.1:PORT/…, found \"" + text + "\"");
}

}  // namespace syncline::standins
