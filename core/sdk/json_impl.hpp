// The inline bodies behind json.hpp: value access, decimals, writer. The parser is in
// json_parser.hpp. Include json.hpp, never this file.
#pragma once

namespace syncline {

inline const std::string& Json::empty_text() {
    static const std::string empty;
    return empty;
}

inline const Json& Json::shared_null() {
    static const Json null;
    return null;
}

inline Json::Json(double value) {
    if (!std::isfinite(value)) return;  // JSON has no infinity: null says "no value"
    char buffer[32];
    auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    kind_ = Kind::number;
    text_.assign(buffer, end);
}

inline Json Json::object(std::initializer_list<JsonMember> members) {
    Json made(Kind::object);
    made.members_.assign(members.begin(), members.end());
    return made;
}

inline Json Json::array(std::initializer_list<Json> items) {
    Json made(Kind::array);
    made.items_.assign(items.begin(), items.end());
    return made;
}

inline Json Json::number_from_text(std::string text) {
    Json made(Kind::number);
    made.text_ = std::move(text);
    return made;
}

inline std::size_t Json::size() const {
    return is_array() ? items_.size() : members_.size();
}

inline const Json* Json::find(std::string_view name) const {
    for (const auto& member : members_)
        if (member.name == name) return &member.value;
    return nullptr;
}

inline Json* Json::find(std::string_view name) {
    for (auto& member : members_)
        if (member.name == name) return &member.value;
    return nullptr;
}

inline const Json& Json::operator[](std::string_view name) const {
    const Json* found = find(name);
    return found ? *found : shared_null();
}

inline const Json* Json::at_path(std::string_view dotted) const {
    const Json* at = this;
    while (at && !dotted.empty()) {
        auto dot = dotted.find('.');
        auto step = dotted.substr(0, dot);
        dotted = dot == std::string_view::npos ? std::string_view() : dotted.substr(dot + 1);
        if (at->is_array()) {
            std::size_t index = 0;
            auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
            bool whole = error == std::errc() && end == step.data() + step.size();
            at = whole && index < at->items_.size() ? &at->items_[index] : nullptr;
        } else {
            at = at->find(step);
        }
    }
    return at;
}

inline Json& Json::set(std::string_view name, Json value) {
    if (!is_object()) *this = Json(Kind::object);
    if (Json* found = find(name)) {
        *found = std::move(value);
        return *found;
    }
    members_.emplace_back(std::string(name), std::move(value));
    return members_.back().value;
}

inline Json& Json::push_back(Json value) {
    if (!is_array()) *this = Json(Kind::array);
    items_.push_back(std::move(value));
    return items_.back();
}

inline bool Json::erase(std::string_view name) {
    for (auto it = members_.begin(); it != members_.end(); ++it)
        if (it->name == name) {
            members_.erase(it);
            return true;
        }
    return false;
}

namespace json_detail {

/// A number as sign × 0.digits × 10^exponent, digits without zeros at either end; 0 has none.
struct Decimal {
    bool negative = false;
    std::string digits;
    long long exponent = 0;
};

inline Decimal to_decimal(std::string_view text) {
    Decimal made;
    if (!text.empty() && text[0] == '-') {
        made.negative = true;
        text.remove_prefix(1);
    }
    long long exponent = 0;
    auto e = text.find_first_of("eE");
    if (e != std::string_view::npos) {
        auto power = text.substr(e + 1);
        if (!power.empty() && power[0] == '+') power.remove_prefix(1);
        // A power too long for 64 bits only decides between "huge" and "tiny".
        if (std::from_chars(power.data(), power.data() + power.size(), exponent).ec != std::errc())
            exponent = !power.empty() && power[0] == '-' ? -(1LL << 40) : (1LL << 40);
        text = text.substr(0, e);
    }
    auto dot = text.find('.');
    auto whole = text.substr(0, dot);
    made.digits.assign(whole);
    if (dot != std::string_view::npos) made.digits.append(text.substr(dot + 1));
    made.exponent = exponent + static_cast<long long>(whole.size());
    auto lead = made.digits.find_first_not_of('0');
    if (lead == std::string::npos) return Decimal();  // 0 = -0
    made.digits.erase(0, lead);
    made.exponent -= static_cast<long long>(lead);
    made.digits.erase(made.digits.find_last_not_of('0') + 1);
    return made;
}

}  // namespace json_detail

inline int json_compare_numbers(std::string_view left, std::string_view right) {
    if (left == right) return 0;
    auto a = json_detail::to_decimal(left);
    auto b = json_detail::to_decimal(right);
    if (a.digits.empty() && b.digits.empty()) return 0;
    int sign_a = a.digits.empty() ? 0 : a.negative ? -1 : 1;
    int sign_b = b.digits.empty() ? 0 : b.negative ? -1 : 1;
    if (sign_a != sign_b) return sign_a < sign_b ? -1 : 1;
    int size = a.exponent != b.exponent ? (a.exponent < b.exponent ? -1 : 1)
                                        : a.digits.compare(b.digits);
    return size == 0 ? 0 : (size < 0) == (sign_a > 0) ? -1 : 1;
}

inline std::optional<std::int64_t> Json::as_int64() const {
    if (!is_number()) return std::nullopt;
    std::int64_t value = 0;
    auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (error == std::errc() && end == text_.data() + text_.size()) return value;
    auto decimal = json_detail::to_decimal(text_);
    auto digits = static_cast<long long>(decimal.digits.size());
    if (decimal.digits.empty()) return 0;
    if (decimal.exponent < digits || decimal.exponent > 19) return std::nullopt;
    std::string plain = (decimal.negative ? "-" : "") + decimal.digits;
    plain.append(static_cast<std::size_t>(decimal.exponent - digits), '0');
    auto [last, failed] = std::from_chars(plain.data(), plain.data() + plain.size(), value);
    (void)last;
    return failed == std::errc() ? std::optional(value) : std::nullopt;
}

inline double Json::as_double(double otherwise) const {
    if (!is_number()) return otherwise;
    double value = 0;
    auto error = std::from_chars(text_.data(), text_.data() + text_.size(), value).ec;
    // Out of range here can only be an underflow (a parse refuses overflow): nearest is zero.
    return error == std::errc() ? value : error == std::errc::result_out_of_range ? 0 : otherwise;
}

inline bool Json::operator==(const Json& other) const {
    if (kind_ != other.kind_) return false;
    switch (kind_) {
        case Kind::null: return true;
        case Kind::boolean: return flag_ == other.flag_;
        case Kind::number: return json_compare_numbers(text_, other.text_) == 0;
        case Kind::string: return text_ == other.text_;
        case Kind::array: return items_ == other.items_;
        case Kind::object: break;
    }
    if (members_.size() != other.members_.size()) return false;
    for (const auto& member : members_) {
        const Json* twin = other.find(member.name);
        if (!twin || !(member.value == *twin)) return false;
    }
    return true;
}

namespace json_detail {

/// Length of the well-formed UTF-8 sequence at `at`, or 0 (Unicode 15, table 3-7).
inline std::size_t utf8_length(std::string_view text, std::size_t at) {
    auto byte = [&](std::size_t i) {
        return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
    };
    auto tail = [&](std::size_t i) { return (byte(i) & 0xC0u) == 0x80u; };
    unsigned lead = byte(0);
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
    if (lead >= 0xE0 && lead <= 0xEF) {
        unsigned low = lead == 0xE0 ? 0xA0u : 0x80u;
        unsigned high = lead == 0xED ? 0x9Fu : 0xBFu;
        return byte(1) >= low && byte(1) <= high && tail(2) ? 3 : 0;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        unsigned low = lead == 0xF0 ? 0x90u : 0x80u;
        unsigned high = lead == 0xF4 ? 0x8Fu : 0xBFu;
        return byte(1) >= low && byte(1) <= high && tail(2) && tail(3) ? 4 : 0;
    }
    return 0;
}

}  // namespace json_detail

inline void json_append_utf8(std::string& out, std::uint32_t code) {
    auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0 | code >> 6);
        put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        put(0xE0 | code >> 12);
        put(0x80 | (code >> 6 & 0x3F));
        put(0x80 | (code & 0x3F));
    } else {
        put(0xF0 | code >> 18);
        put(0x80 | (code >> 12 & 0x3F));
        put(0x80 | (code >> 6 & 0x3F));
        put(0x80 | (code & 0x3F));
    }
}

inline bool json_is_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        auto length = json_detail::utf8_length(text, at);
        if (length == 0) return false;
        at += length;
    }
    return true;
}

inline void json_quote_to(std::string& out, std::string_view text) {
    static constexpr char hex[] = "0123456789abcdef";
    out.push_back('"');
    std::size_t run = 0;   // where the bytes begin that go out as they are
    std::size_t at = 0;
    auto flush = [&] { out.append(text.substr(run, at - run)); };
    while (at < text.size()) {
        auto c = static_cast<unsigned char>(text[at]);
        if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
            ++at;
            continue;
        }
        auto length = json_detail::utf8_length(text, at);
        if (length > 1) {
            at += length;
            continue;
        }
        flush();
        run = ++at;
        switch (c) {
            case '"': out.append("\\\""); break;
            case '\\': out.append("\\\\"); break;
            case '\n': out.append("\\n"); break;
            case '\r': out.append("\\r"); break;
            case '\t': out.append("\\t"); break;
            default:
                if (c >= 0x80) {
                    out.append("\xEF\xBF\xBD");
                    break;
                }
                out.append("\\u00");
                out.push_back(hex[c >> 4]);
                out.push_back(hex[c & 15]);
        }
    }
    flush();
    out.push_back('"');
}

inline void Json::dump_to(std::string& out) const {
    switch (kind_) {
        case Kind::null: out.append("null"); return;
        case Kind::boolean: out.append(flag_ ? "true" : "false"); return;
        case Kind::number: out.append(text_); return;
        case Kind::string: json_quote_to(out, text_); return;
        case Kind::array: {
            out.push_back('[');
            for (std::size_t i = 0; i < items_.size(); ++i) {
                if (i) out.push_back(',');
                items_[i].dump_to(out);
            }
            out.push_back(']');
            return;
        }
        case Kind::object: {
            out.push_back('{');
            for (std::size_t i = 0; i < members_.size(); ++i) {
                if (i) out.push_back(',');
                json_quote_to(out, members_[i].name);
                out.push_back(':');
                members_[i].value.dump_to(out);
            }
            out.push_back('}');
        }
    }
}

inline std::string Json::dump() const {
    std::string out;
    dump_to(out);
    return out;
}

inline void Json::pretty_to(std::string& out, int depth) const {
    if (!is_container() || empty()) return dump_to(out);
    std::string indent(static_cast<std::size_t>(depth + 1) * 2, ' ');
    out.push_back(is_array() ? '[' : '{');
    for (std::size_t i = 0; i < size(); ++i) {
        out.append(i ? ",\n" : "\n").append(indent);
        if (is_object()) {
            json_quote_to(out, members_[i].name);
            out.append(": ");
        }
        (is_array() ? items_[i] : members_[i].value).pretty_to(out, depth + 1);
    }
    out.append("\n").append(indent, 0, indent.size() - 2);
    out.push_back(is_array() ? ']' : '}');
}

inline std::string Json::pretty() const {
    std::string out;
    pretty_to(out, 0);
    return out;
}

}  // namespace syncline

#include "core/sdk/json_parser.hpp"
