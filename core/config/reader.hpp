// Typed reading of nodes: each function checks one value, reports what is wrong with it, and
// leaves `out` as it was then. A node that is nullptr is an absent key: the default stays.
// Values are read strictly: true and false only, decimal numbers only. One thread.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/scalar_text.hpp"

namespace syncline::config {

template <class T>
struct Choice {
    std::string_view name;
    T value;
};

class Reader {
public:
    Reader(const LoadContext& context, const SourceText& source, Report& report)
        : context_(context), report_(report), texts_(context, source, report) {}

    /// True when `node` holds keys (an empty value counts as no keys); those not in `known` are
    /// errors.
    bool keys(const Node* node, std::initializer_list<std::string_view> known);
    bool map(const Node* node);
    bool list(const Node* node);

    /// The text of a scalar. Numbers and words are texts too. Empty ones are errors.
    bool text(const Node* node, std::string& out);
    /// A text that may be `file:PATH` and is hidden from now on, also when it is wrong.
    bool secret(const Node* node, std::string& out);
    /// One text or a list of them.
    void texts(const Node* node, std::vector<std::string>& out);
    void boolean(const Node* node, bool& out);
    template <class T>
    void integer(const Node* node, T& out, std::int64_t min, std::int64_t max) {
        std::int64_t value = 0;
        if (integer_value(node, value, min, max)) out = static_cast<T>(value);
    }
    void duration(const Node* node, std::int64_t& out_ms, std::int64_t min_ms,
                  std::int64_t max_ms);
    void size(const Node* node, std::size_t& out_bytes, std::size_t max);
    void percent(const Node* node, std::uint32_t& out);
    void rate(const Node* node, Rate& out);
    void listen(const Node* node, ListenAddress& out);
    template <class T, std::size_t N>
    void choice(const Node* node, T& out, const Choice<T> (&choices)[N]) {
        std::string word;
        if (!text(node, word)) return;
        std::vector<std::string> names;
        for (const auto& known : choices) {
            if (known.name == word) {
                out = known.value;
                return;
            }
            names.emplace_back(known.name);
        }
        not_one_of(*node, word, names);
    }

    /// "expected …, found …" at a node, without values from outside.
    void expected(const Node& node, const std::string& what, std::string hint = std::string());
    void not_one_of(const Node& node, const std::string& word,
                    const std::vector<std::string>& names);

    const LoadContext& context() const { return context_; }
    Report& report() { return report_; }
    const ScalarTexts& scalar_texts() const { return texts_; }

private:
    bool integer_value(const Node* node, std::int64_t& out, std::int64_t min, std::int64_t max);
    bool scalar(const Node* node, ScalarTexts::Form form, ScalarText& out);

    const LoadContext& context_;
    Report& report_;
    ScalarTexts texts_;
};

/// What a node is, for messages: "a list", "the text \"x\"", "nothing".
std::string describe(const Node& node);
/// Hides what stands in the file where a secret belongs, whatever its shape.
void hide_written(const Node& node);
/// "100/10s", "3/s", "100/m"; nothing when malformed.
std::optional<Rate> parse_rate(std::string_view text);
/// "host:port" with a numeric address, "localhost", "*" or "[::1]"; nothing when malformed.
std::optional<ListenAddress> parse_listen(std::string_view text);
/// The JSON value that an unquoted YAML 1.2 scalar stands for; nothing: it is a text.
std::optional<Json> typed_scalar(std::string_view text);

}  // namespace syncline::config
