// Strict conversions from the text of a scalar to what the configuration needs.
#include "core/config/reader.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "core/base/log.hpp"
#include "core/base/text.hpp"

namespace syncline::config {

std::optional<Json> typed_scalar(std::string_view text) {
    if (text == "true") return Json(true);
    if (text == "false") return Json(false);
    if (text.empty() || text.find_first_not_of("+-.0123456789eE") != std::string_view::npos)
        return std::nullopt;
    auto number = Json::parse(text);
    return number && number->is_number() ? number : std::nullopt;
}

std::string describe(const Node& node) {
    switch (node.kind) {
        case Node::Kind::null: return "nothing";
        case Node::Kind::sequence: return "a list";
        case Node::Kind::map: return "keys";
        case Node::Kind::scalar: break;
    }
    auto typed = node.quoted ? std::nullopt : typed_scalar(node.text);
    if (!typed) return "the text " + quoted(node.text);
    return (typed->is_bool() ? "" : "the number ") + printable(node.text, 60);
}

void hide_written(const Node& node) {
    bool names_a_place = node.text.find("${") != std::string::npos ||
                         node.text.rfind("file:", 0) == 0;
    // Shorter ones could be words like true, which the log needs.
    constexpr std::size_t bytes_min = 8;
    if (node.is_scalar() && !names_a_place && node.text.size() >= bytes_min)
        log_hide_secret(node.text);
    for (const auto& child : node.children) hide_written(child);
}

std::optional<Rate> parse_rate(std::string_view text) {
    auto slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    auto count = parse_decimal(trim(text.substr(0, slash)));
    auto window = std::string(trim(text.substr(slash + 1)));
    if (!window.empty() && (window[0] < '0' || window[0] > '9')) window.insert(0, "1");
    auto per_ms = parse_duration_ms(window);
    if (!count || *count == 0 || *count > 1'000'000 || !per_ms || *per_ms <= 0)
        return std::nullopt;
    Rate rate;
    rate.count = static_cast<std::uint32_t>(*count);
    rate.per_ms = *per_ms;
    return rate;
}

std::optional<ListenAddress> parse_listen(std::string_view text) {
    auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    auto port = parse_decimal(text.substr(colon + 1));
    if (!port || *port > 65535) return std::nullopt;
    ListenAddress address;
    address.port = static_cast<std::uint16_t>(*port);
    address.host = std::string(text.substr(0, colon));
    unsigned char bytes[16];
    if (address.host == "localhost") address.host = "127.0.0.1";
    if (address.host == "*") address.host = "0.0.0.0";
    if (inet_pton(AF_INET, address.host.c_str(), bytes) == 1) return address;
    if (address.host.size() < 2 || address.host.front() != '[' || address.host.back() != ']')
        return std::nullopt;
    address.host = address.host.substr(1, address.host.size() - 2);
    if (inet_pton(AF_INET6, address.host.c_str(), bytes) != 1) return std::nullopt;
    return address;
}

void Reader::expected(const Node& node, const std::string& what, std::string hint) {
    report_.error(node, "expected " + what + ", found " + describe(node), std::move(hint));
}

void Reader::not_one_of(const Node& node, const std::string& word,
                        const std::vector<std::string>& names) {
    expected(node, name_list(names), suggestion(word, names));
}

bool Reader::map(const Node* node) {
    if (!node || node->broken) return false;
    if (node->is_map() || node->is_null()) return true;
    expected(*node, "keys");
    return false;
}

bool Reader::list(const Node* node) {
    if (!node || node->broken) return false;
    if (node->is_sequence() || node->is_null()) return true;
    expected(*node, "a list");
    return false;
}

bool Reader::keys(const Node* node, std::initializer_list<std::string_view> known) {
    if (!map(node)) return false;
    std::vector<std::string> names(known.begin(), known.end());
    for (const auto& member : node->children) {
        if (std::find(known.begin(), known.end(), member.key) != known.end()) continue;
        auto hint = suggestion(member.key, names);
        report_.error_at_key(member, "unknown key " + quoted(member.key),
                             hint.empty() ? "known here: " + name_list(names) : hint);
    }
    return true;
}

bool Reader::scalar(const Node* node, ScalarTexts::Form form, ScalarText& out) {
    if (!node || node->broken) return false;
    if (!node->is_scalar()) {
        expected(*node, "a text");
        return false;
    }
    auto resolved = texts_.resolve(*node, form);
    if (!resolved) return false;
    out = std::move(*resolved);
    return true;
}

bool Reader::text(const Node* node, std::string& out) {
    ScalarText read;
    if (!scalar(node, ScalarTexts::Form::plain, read)) return false;
    if (read.text.empty()) {
        report_.error(*node, "expected a text, found an empty one");
        return false;
    }
    out = std::move(read.text);
    return true;
}

bool Reader::secret(const Node* node, std::string& out) {
    ScalarText read;
    if (node) hide_written(*node);
    if (!scalar(node, ScalarTexts::Form::secret_or_setting, read)) return false;
    ScalarTexts::hide(read);
    if (read.text.empty()) {
        report_.error(*node, "the secret is empty");
        return false;
    }
    out = std::move(read.text);
    return true;
}

void Reader::texts(const Node* node, std::vector<std::string>& out) {
    if (!node || node->broken) return;
    std::string item;
    if (node->is_scalar()) {
        if (text(node, item)) out = {item};
        return;
    }
    if (!node->is_sequence()) return expected(*node, "a text or a list of texts");
    out.clear();
    for (const auto& child : node->children)
        if (text(&child, item)) out.push_back(item);
}

void Reader::boolean(const Node* node, bool& out) {
    std::string word;
    if (!text(node, word)) return;
    bool literal = node->text.find("${") == std::string::npos;
    if ((word == "true" || word == "false") && !(node->quoted && literal)) {
        out = word == "true";
        return;
    }
    expected(*node, "true or false", node->quoted ? "write it without quotes" : "");
}

bool Reader::integer_value(const Node* node, std::int64_t& out, std::int64_t min,
                           std::int64_t max) {
    std::string digits;
    if (!text(node, digits)) return false;
    auto number = typed_scalar(digits);
    auto value = number ? number->as_int64() : std::nullopt;
    if (value && *value >= min && *value <= max) {
        out = *value;
        return true;
    }
    expected(*node, "a whole number from " + std::to_string(min) + " to " + std::to_string(max));
    return false;
}

void Reader::duration(const Node* node, std::int64_t& out_ms, std::int64_t min_ms,
                      std::int64_t max_ms) {
    std::string written;
    if (!text(node, written)) return;
    auto ms = parse_duration_ms(written);
    if (!ms)
        return expected(*node, "a duration",
                        "a number and ms, s, m, h or d, as in 30s, 2m, 3d");
    if (*ms < min_ms || *ms > max_ms)
        return expected(*node, "a duration from " + format_duration(min_ms) + " to " +
                        format_duration(max_ms));
    out_ms = *ms;
}

void Reader::size(const Node* node, std::size_t& out_bytes, std::size_t max) {
    std::string written;
    if (!text(node, written)) return;
    auto bytes = parse_size_bytes(written);
    if (!bytes)
        return expected(*node, "a size", "a number of bytes, or with KiB, MiB, GiB, as in 64KiB");
    if (*bytes == 0 || *bytes > max)
        return expected(*node, "a size from 1 to " + std::to_string(max) + " bytes");
    out_bytes = static_cast<std::size_t>(*bytes);
}

void Reader::percent(const Node* node, std::uint32_t& out) {
    std::string written;
    if (!text(node, written)) return;
    auto digits = std::string_view(written);
    bool sign = digits.back() == '%';
    auto value = parse_decimal(digits.substr(0, digits.size() - (sign ? 1 : 0)));
    if (!sign || !value || *value > 100) return expected(*node, "0% to 100%");
    out = static_cast<std::uint32_t>(*value);
}

void Reader::rate(const Node* node, Rate& out) {
    std::string written;
    if (!text(node, written)) return;
    auto rate = parse_rate(written);
    if (!rate) return expected(*node, "a rate", "a number and a time, as in 3/s, 100/10s, 100/m");
    out = *rate;
}

void Reader::listen(const Node* node, ListenAddress& out) {
    std::string written;
    if (!text(node, written)) return;
    auto address = parse_listen(written);
    if (!address)
        return expected(*node, "an address and a port",
                        "as in 127.0.0.1:8080, 0.0.0.0:8080 or \"[::1]:8080\"");
    out = *address;
}

}  // namespace syncline::config
