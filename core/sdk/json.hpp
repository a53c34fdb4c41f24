// JSON as one value type for the whole project and for plugin authors.
//
// A leaf: standard headers only, no library to link. It is our own because none of the packaged
// libraries keeps what an event router must not lose: the text of a number (19.90,
// 12345678901234567890), the order of members, and the byte range of each value in its source.
//
// Parsing is strict (RFC 8259): UTF-8 checked, lone surrogates, duplicate names, numbers that
// overflow a double, text after the value and nesting beyond a limit are refused.
// Values are plain: copy, move, compare. No thread affinity.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace syncline {

struct JsonMember;

/// Why a text was refused: what was found and the byte offset at which it stands.
struct JsonError {
    std::string message;
    std::size_t offset = 0;
};

/// Bounds of a parse. 64 levels hold every vendor payload we know (the deepest documented, a
/// Notion page, has 12); the node count bounds memory at about 100 bytes a node.
struct JsonLimits {
    std::size_t depth_max = 64;
    std::size_t nodes_max = 1'000'000;
    JsonLimits() {}
};

class Json {
public:
    enum class Kind : std::uint8_t { null, boolean, number, string, array, object };

    // Bodies that make or end a Json stand below JsonMember: a vector of it needs it whole.
    Json() noexcept;
    Json(std::nullptr_t) noexcept;
    Json(bool value) noexcept;
    template <class T>
        requires(std::is_integral_v<T> && !std::is_same_v<T, bool>)
    Json(T value) : kind_(Kind::number), text_(std::to_string(value)) {}
    Json(double value);
    Json(const char* value);
    Json(std::string_view value);
    Json(std::string value);

    static Json array();
    static Json object();
    /// An object of the given members, in that order.
    static Json object(std::initializer_list<JsonMember> members);
    static Json array(std::initializer_list<Json> items);
    /// A number by its JSON text, kept as it is. The caller vouches for the syntax.
    static Json number_from_text(std::string text);

    /// The value of `text`, or nothing and `*error` filled when it is not one strict JSON text.
    static std::optional<Json> parse(std::string_view text, JsonError* error = nullptr,
                                     JsonLimits limits = JsonLimits());

    Kind kind() const { return kind_; }
    bool is_null() const { return kind_ == Kind::null; }
    bool is_bool() const { return kind_ == Kind::boolean; }
    bool is_number() const { return kind_ == Kind::number; }
    bool is_string() const { return kind_ == Kind::string; }
    bool is_array() const { return kind_ == Kind::array; }
    bool is_object() const { return kind_ == Kind::object; }
    bool is_container() const { return is_array() || is_object(); }

    bool as_bool(bool otherwise = false) const { return is_bool() ? flag_ : otherwise; }
    /// The text of a string value; empty for any other kind.
    const std::string& as_string() const { return is_string() ? text_ : empty_text(); }
    std::string as_string_or(std::string_view otherwise) const {
        return is_string() ? text_ : std::string(otherwise);
    }
    /// The number exactly as it was written; empty for any other kind.
    const std::string& number_text() const { return is_number() ? text_ : empty_text(); }
    /// The number when it is integral and fits (1, 1.0 and 1e0 all give 1).
    std::optional<std::int64_t> as_int64() const;
    double as_double(double otherwise = 0) const;

    /// Items of an array or values of an object.
    std::size_t size() const;
    bool empty() const { return size() == 0; }
    const std::vector<Json>& items() const { return items_; }
    std::vector<Json>& items() { return items_; }
    const std::vector<JsonMember>& members() const { return members_; }
    std::vector<JsonMember>& members() { return members_; }

    /// The member of that name, or nullptr (also when this is no object).
    const Json* find(std::string_view name) const;
    Json* find(std::string_view name);
    /// The member of that name, or a shared null: chains of look-ups need no checks.
    const Json& operator[](std::string_view name) const;
    const Json& operator[](const char* name) const { return (*this)[std::string_view(name)]; }
    /// The item at `index`, or a shared null.
    template <class T>
        requires std::is_integral_v<T>
    const Json& operator[](T index) const {
        auto at = static_cast<std::size_t>(index);
        return at < items_.size() ? items_[at] : shared_null();
    }
    /// Walks "a.b.0.c"; numbers index arrays. nullptr when a step is missing.
    const Json* at_path(std::string_view dotted) const;

    /// Sets or replaces a member; a null becomes an object, any other kind is replaced by one.
    Json& set(std::string_view name, Json value);
    /// Appends an item; a null becomes an array, any other kind is replaced by one.
    Json& push_back(Json value);
    /// Removes a member; false when there was none.
    bool erase(std::string_view name);

    /// Compact JSON text. Strings are written with the escapes that JSON requires and no others;
    /// bytes that are not UTF-8 become U+FFFD.
    std::string dump() const;
    void dump_to(std::string& out) const;
    /// Indented by two spaces, for people.
    std::string pretty() const;

    /// First and one-past-last byte of this value in the text it was parsed from; {0,0} otherwise.
    std::pair<std::uint32_t, std::uint32_t> source_range() const { return {begin_, end_}; }

    /// Equal by value: numbers as decimals (1 = 1.0), objects without regard to order.
    bool operator==(const Json& other) const;

private:
    friend class JsonParser;
    explicit Json(Kind kind) noexcept;
    static const std::string& empty_text();
    static const Json& shared_null();
    void pretty_to(std::string& out, int depth) const;

    Kind kind_ = Kind::null;
    bool flag_ = false;
    std::uint32_t begin_ = 0;
    std::uint32_t end_ = 0;
    std::string text_;
    std::vector<Json> items_;
    std::vector<JsonMember> members_;
};

struct JsonMember {
    std::string name;
    Json value;
    JsonMember(std::string name_in, Json value_in)
        : name(std::move(name_in)), value(std::move(value_in)) {}
};

inline Json::Json() noexcept = default;
inline Json::Json(std::nullptr_t) noexcept {}
inline Json::Json(bool value) noexcept : kind_(Kind::boolean), flag_(value) {}
inline Json::Json(const char* value) : kind_(Kind::string), text_(value) {}
inline Json::Json(std::string_view value) : kind_(Kind::string), text_(value) {}
inline Json::Json(std::string value) : kind_(Kind::string), text_(std::move(value)) {}
inline Json::Json(Kind kind) noexcept : kind_(kind) {}
inline Json Json::array() { return Json(Kind::array); }
inline Json Json::object() { return Json(Kind::object); }

/// Appends `text` as a JSON string with quotes.
void json_quote_to(std::string& out, std::string_view text);
/// Appends the text of one JSON string, which stands in `quoted` with its quotes and nothing else;
/// false when it is none.
bool json_unquote(std::string_view quoted, std::string& out);
/// Compares two JSON number texts as decimals: negative, 0, positive. Exact, whatever the length.
int json_compare_numbers(std::string_view left, std::string_view right);
/// Appends a Unicode scalar value as UTF-8.
void json_append_utf8(std::string& out, std::uint32_t code);
/// True when all bytes are well-formed UTF-8 (no overlong forms, no surrogates).
bool json_is_utf8(std::string_view text);

}  // namespace syncline

#include "core/sdk/json_impl.hpp"
