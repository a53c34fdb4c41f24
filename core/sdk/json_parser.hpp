// The strict parser behind Json::parse. Recursive descent with a depth limit, so that the stack it
// uses is bounded (64 levels × about 200 bytes). Include json.hpp, never this file.
#pragma once

#include <algorithm>

namespace syncline {

class JsonParser {
public:
    JsonParser(std::string_view text, JsonLimits limits) : text_(text), limits_(limits) {}

    std::optional<Json> run(JsonError* error) {
        Json root;
        bool good = text_.size() < UINT32_MAX || fail("the text is longer than 4 GiB");
        good = good && value(root, 0);
        if (good) {
            blank();
            if (at_ != text_.size()) good = fail("text after the end of the JSON value");
        }
        if (good) return root;
        if (error) *error = JsonError{std::move(message_), at_};
        return std::nullopt;
    }

    /// The whole text as one string, appended to `out`.
    bool run_string(std::string& out) {
        return peek() == '"' && string(out) && at_ == text_.size();
    }

private:
    bool fail(const char* message) {
        if (message_.empty()) message_ = message;
        return false;
    }

    bool end() const { return at_ >= text_.size(); }
    char peek() const { return end() ? '\0' : text_[at_]; }

    void blank() {
        while (!end()) {
            char c = text_[at_];
            if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return;
            ++at_;
        }
    }

    bool word(std::string_view expected) {
        if (text_.substr(at_, expected.size()) != expected)
            return fail("expected a JSON value");
        at_ += expected.size();
        return true;
    }

    bool value(Json& out, std::size_t depth) {
        blank();
        if (++nodes_ > limits_.nodes_max) return fail("too many values");
        if (end()) return fail("the text ends where a value is expected");
        out.begin_ = static_cast<std::uint32_t>(at_);
        bool good = false;
        switch (peek()) {
            case '{': good = object(out, depth); break;
            case '[': good = array(out, depth); break;
            case '"':
                out.kind_ = Json::Kind::string;
                good = string(out.text_);
                break;
            case 't':
            case 'f':
                out.kind_ = Json::Kind::boolean;
                out.flag_ = peek() == 't';
                good = word(out.flag_ ? "true" : "false");
                break;
            case 'n': good = word("null"); break;
            default: good = number(out);
        }
        out.end_ = static_cast<std::uint32_t>(at_);
        return good;
    }

    bool array(Json& out, std::size_t depth) {
        if (depth >= limits_.depth_max) return fail("nested too deep");
        out.kind_ = Json::Kind::array;
        ++at_;
        blank();
        if (peek() == ']') return ++at_, true;
        for (;;) {
            if (!value(out.items_.emplace_back(), depth + 1)) return false;
            blank();
            if (peek() == ']' && !end()) return ++at_, true;
            if (end() || peek() != ',') return fail("expected ',' or ']'");
            ++at_;
        }
    }

    bool object(Json& out, std::size_t depth) {
        if (depth >= limits_.depth_max) return fail("nested too deep");
        out.kind_ = Json::Kind::object;
        ++at_;
        blank();
        if (peek() == '}') return ++at_, true;
        out.members_.reserve(4);
        for (;;) {
            blank();
            if (end() || peek() != '"') return fail("expected a member name in quotes");
            std::string name;
            if (!string(name)) return false;
            blank();
            if (end() || peek() != ':') return fail("expected ':' after the member name");
            ++at_;
            out.members_.emplace_back(std::move(name), Json());
            if (!value(out.members_.back().value, depth + 1)) return false;
            blank();
            if (!end() && peek() == '}') return ++at_, unique_names(out);
            if (end() || peek() != ',') return fail("expected ',' or '}'");
            ++at_;
        }
    }

    /// Two values under one name could be read two ways, so the text is refused.
    bool unique_names(const Json& object) {
        const auto& members = object.members_;
        bool twice = false;
        if (members.size() <= 16) {
            for (std::size_t i = 1; i < members.size(); ++i)
                for (std::size_t j = 0; j < i; ++j) twice |= members[i].name == members[j].name;
        } else {
            std::vector<std::string_view> names;
            names.reserve(members.size());
            for (const auto& member : members) names.push_back(member.name);
            std::sort(names.begin(), names.end());
            twice = std::adjacent_find(names.begin(), names.end()) != names.end();
        }
        if (!twice) return true;
        at_ = object.begin_;
        return fail("an object names a member twice");
    }

    bool digits() {
        std::size_t start = at_;
        while (!end() && peek() >= '0' && peek() <= '9') ++at_;
        return at_ > start || fail("expected a digit");
    }

    bool number(Json& out) {
        std::size_t start = at_;
        if (peek() == '-') ++at_;
        bool zero = !end() && peek() == '0';
        if (at_ == start && (peek() < '0' || peek() > '9')) return fail("expected a JSON value");
        if (!digits()) return false;
        if (zero && at_ > start + 1 + (text_[start] == '-')) {
            at_ = start;
            return fail("a number may not begin with 0");
        }
        bool integer = true;
        if (!end() && peek() == '.') {
            ++at_;
            integer = false;
            if (!digits()) return false;
        }
        if (!end() && (peek() == 'e' || peek() == 'E')) {
            ++at_;
            integer = false;
            if (!end() && (peek() == '+' || peek() == '-')) ++at_;
            if (!digits()) return false;
        }
        auto text = text_.substr(start, at_ - start);
        if (!integer || text.size() > 300) {
            double checked = 0;
            auto error = std::from_chars(text.data(), text.data() + text.size(), checked).ec;
            // from_chars reports underflow the same way; only a positive power can overflow.
            if (error == std::errc::result_out_of_range &&
                json_detail::to_decimal(text).exponent > 300) {
                at_ = start;
                return fail("the number overflows a double");
            }
        }
        out.kind_ = Json::Kind::number;
        out.text_.assign(text);
        return true;
    }

    bool hex4(unsigned& out) {
        if (at_ + 4 > text_.size()) return fail("a \\u escape needs four hex digits");
        auto [last, error] = std::from_chars(&text_[at_], &text_[at_] + 4, out, 16);
        if (error != std::errc() || last != &text_[at_] + 4)
            return fail("a \\u escape needs four hex digits");
        at_ += 4;
        return true;
    }

    bool unicode_escape(std::string& out) {
        unsigned code = 0;
        if (!hex4(code)) return false;
        if (code >= 0xDC00 && code <= 0xDFFF) return fail("a lone surrogate");
        if (code >= 0xD800 && code <= 0xDBFF) {
            unsigned low = 0;
            if (text_.substr(at_, 2) != "\\u") return fail("a lone surrogate");
            at_ += 2;
            if (!hex4(low)) return false;
            if (low < 0xDC00 || low > 0xDFFF) return fail("a lone surrogate");
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        }
        json_append_utf8(out, code);
        return true;
    }

    bool escape(std::string& out) {
        ++at_;
        if (end()) return fail("the text ends inside a string");
        char c = text_[at_++];
        switch (c) {
            case '"':
            case '\\':
            case '/': out.push_back(c); return true;
            case 'b': out.push_back('\b'); return true;
            case 'f': out.push_back('\f'); return true;
            case 'n': out.push_back('\n'); return true;
            case 'r': out.push_back('\r'); return true;
            case 't': out.push_back('\t'); return true;
            case 'u': return unicode_escape(out);
            default: return fail("an unknown escape in a string");
        }
    }

    bool string(std::string& out) {
        ++at_;
        std::size_t run = at_;
        for (;;) {
            if (end()) return fail("the text ends inside a string");
            auto c = static_cast<unsigned char>(text_[at_]);
            if (c != '"' && c != '\\' && c >= 0x20 && c < 0x80) {
                ++at_;
                continue;
            }
            if (c >= 0x80) {
                auto length = json_detail::utf8_length(text_, at_);
                if (length == 0) return fail("invalid UTF-8 in a string");
                at_ += length;
                continue;
            }
            out.append(text_.substr(run, at_ - run));
            if (c == '"') return ++at_, true;
            if (c != '\\') return fail("a control character in a string");
            if (!escape(out)) return false;
            run = at_;
        }
    }

    std::string_view text_;
    JsonLimits limits_;
    std::size_t at_ = 0;
    std::size_t nodes_ = 0;
    std::string message_;
};

inline std::optional<Json> Json::parse(std::string_view text, JsonError* error,
                                       JsonLimits limits) {
    return JsonParser(text, limits).run(error);
}

inline bool json_unquote(std::string_view quoted, std::string& out) {
    return JsonParser(quoted, JsonLimits()).run_string(out);
}

}  // namespace syncline
