// Reads what stands inside the braces: values, paths, filters, comparisons. Private to the room.
//
// A cursor over the body of one output or tag. Every read either succeeds or notes the first fault
// with its byte offset in the whole template; after a fault all reads fail.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/template_ast.hpp"

namespace syncline::rules::templating {

struct Token {
    enum class Kind { end, name, number, text, sign };
    Kind kind = Kind::end;
    std::string_view text;     // of a text: without the quotes
    std::size_t offset = 0;
};

class ExpressionReader {
public:
    /// `whole` is the template, `body` a part of it.
    ExpressionReader(std::string_view whole, std::string_view body);

    bool output(Output& out);
    bool expression(Expression& out);
    bool condition(Condition& out);
    /// A bare name, as of a loop's variable.
    bool name(std::string& out, std::string_view what);
    /// The name that assign and capture make: also digits, or a name in quotes.
    bool new_name(std::string& out, std::string_view what);
    /// The next token if it is that word or sign.
    bool accept(std::string_view text);
    bool expect(std::string_view text);
    bool at_end() const { return token_.kind == Token::Kind::end; }
    /// Fault unless all is read.
    bool finish();
    bool fail(std::size_t offset, std::string message);
    std::size_t offset() const { return token_.offset; }
    const std::optional<Fault>& fault() const { return fault_; }
    /// The dotted paths that were read, as written; a computed step ends the dotted part.
    const std::vector<std::string>& paths() const { return paths_; }

private:
    void advance();
    bool number_or_sign(std::string_view rest);
    bool primary(Expression& out);
    bool number(Expression& out);
    bool path(Expression& out);
    bool steps(Expression& out);
    bool bracket(Expression& out);
    bool range(Expression& out);
    bool filter(FilterUse& out);
    bool arguments(FilterUse& out);
    bool check_count(const FilterUse& use);
    bool comparison(Comparison& out);
    void note_path(const Expression& path);
    std::string shown() const;

    std::string_view whole_;
    std::string_view body_;
    std::size_t base_ = 0;      // of body_ in whole_
    std::size_t at_ = 0;        // in body_, behind token_
    std::size_t depth_ = 0;
    Token token_;
    std::optional<Fault> fault_;
    std::vector<std::string> paths_;
};

}  // namespace syncline::rules::templating
