// Reads what stands inside the braces; see template_expression.hpp.
//
// Recursive only through brackets and ranges, bounded by template_depth_max.
#include "rules/template_expression.hpp"

#include <algorithm>

#include "rules/limits.hpp"
#include "rules/text.hpp"

namespace syncline::rules::templating {

namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
/// Names go on with digits and dashes, and with any letter beyond ASCII.
bool is_name(char c) {
    return is_letter(c) || is_digit(c) || c == '-' || static_cast<unsigned char>(c) >= 0x80;
}

std::vector<std::string> all_filters() { return filter_names(); }

}  // namespace

ExpressionReader::ExpressionReader(std::string_view whole, std::string_view body)
    : whole_(whole), body_(body), base_(static_cast<std::size_t>(body.data() - whole.data())) {
    advance();
}

bool ExpressionReader::fail(std::size_t offset, std::string message) {
    if (!fault_) fault_ = fault_at(whole_, offset, std::move(message));
    token_ = Token();
    return false;
}

std::string ExpressionReader::shown() const {
    return at_end() ? "the end" : quoted(token_.text);
}

void ExpressionReader::advance() {
    auto first = body_.find_first_not_of(" \t\r\n", at_);
    at_ = first == std::string_view::npos ? body_.size() : first;
    token_ = Token();
    token_.offset = base_ + at_;
    if (at_ == body_.size() || fault_) return;
    auto rest = body_.substr(at_);
    char c = rest.front();
    if (c == '"' || c == '\'') {
        auto end = rest.find(c, 1);
        if (end == std::string_view::npos)
            return void(fail(token_.offset, "a text is not closed with " + std::string(1, c)));
        token_.kind = Token::Kind::text;
        token_.text = rest.substr(1, end - 1);
        at_ += end + 1;
        return;
    }
    if (is_letter(c) || static_cast<unsigned char>(c) >= 0x80) {
        std::size_t end = 1;
        while (end < rest.size() && is_name(rest[end])) ++end;
        if (end < rest.size() && rest[end] == '?') ++end;
        token_.kind = Token::Kind::name;
        token_.text = rest.substr(0, end);
        at_ += end;
        return;
    }
    if (!number_or_sign(rest))
        fail(token_.offset, "unexpected " + quoted(rest.substr(0, char_length(rest, 0))));
}

bool ExpressionReader::number_or_sign(std::string_view rest) {
    std::size_t end = rest.front() == '-' ? 1 : 0;
    if (end < rest.size() && is_digit(rest[end])) {
        while (end < rest.size() && is_digit(rest[end])) ++end;
        // "1..3" is a range, "1.5" a number.
        if (end + 1 < rest.size() && rest[end] == '.' && is_digit(rest[end + 1])) {
            ++end;
            while (end < rest.size() && is_digit(rest[end])) ++end;
        }
        token_.kind = Token::Kind::number;
        token_.text = rest.substr(0, end);
        at_ += end;
        return true;
    }
    static constexpr std::string_view signs[] = {"==", "!=", "<>", "<=", ">=", "..", "<", ">",
                                                 "=",  "|",  ":",  ",",  ".",  "[",  "]", "(",
                                                 ")"};
    for (auto sign : signs)
        if (rest.starts_with(sign)) {
            token_.kind = Token::Kind::sign;
            token_.text = rest.substr(0, sign.size());
            at_ += sign.size();
            return true;
        }
    return false;
}

bool ExpressionReader::accept(std::string_view text) {
    bool same = (token_.kind == Token::Kind::sign || token_.kind == Token::Kind::name) &&
                token_.text == text;
    if (same) advance();
    return same && !fault_;
}

bool ExpressionReader::expect(std::string_view text) {
    if (fault_) return false;
    if (accept(text)) return true;
    return fail(token_.offset, "expected " + quoted(text) + ", found " + shown());
}

bool ExpressionReader::finish() {
    if (fault_) return false;
    return at_end() || fail(token_.offset, "expected the end, found " + shown());
}

bool ExpressionReader::name(std::string& out, std::string_view what) {
    if (fault_) return false;
    if (token_.kind != Token::Kind::name)
        return fail(token_.offset, "expected " + std::string(what) + ", found " + shown());
    out = token_.text;
    advance();
    return !fault_;
}

bool ExpressionReader::new_name(std::string& out, std::string_view what) {
    bool number = token_.kind == Token::Kind::number && is_digit(token_.text.front());
    bool in_quotes = token_.kind == Token::Kind::text && !token_.text.empty() &&
                     std::all_of(token_.text.begin(), token_.text.end(), is_name);
    bool question = token_.kind == Token::Kind::name && token_.text.ends_with('?');
    if (fault_ || question || (!number && !in_quotes)) {
        if (question) return fail(token_.offset, "a new name cannot end with \"?\"");
        return name(out, what);
    }
    out = token_.text;
    advance();
    return !fault_;
}

bool ExpressionReader::output(Output& out) {
    out.offset = token_.offset;
    if (!expression(out.value)) return false;
    while (accept("|")) {
        if (out.filters.size() == limits::filters_per_output_max)
            return fail(token_.offset, "more than " +
                                           std::to_string(limits::filters_per_output_max) +
                                           " filters on one value");
        if (!filter(out.filters.emplace_back())) return false;
    }
    return finish();
}

bool ExpressionReader::expression(Expression& out) {
    if (fault_) return false;
    if (depth_ >= limits::template_depth_max)
        return fail(token_.offset, "nested deeper than " +
                                       std::to_string(limits::template_depth_max) + " levels");
    ++depth_;
    bool good = primary(out);
    --depth_;
    return good && !fault_;
}

bool ExpressionReader::primary(Expression& out) {
    out.offset = token_.offset;
    switch (token_.kind) {
        case Token::Kind::text:
            out.literal = Json(token_.text);
            advance();
            return !fault_;
        case Token::Kind::number: return number(out);
        case Token::Kind::name: return path(out);
        case Token::Kind::sign:
            if (token_.text == "(") return range(out);
            if (token_.text == "[") return steps(out);
            break;
        case Token::Kind::end: break;
    }
    return fail(token_.offset, "expected a value, found " + shown());
}

bool ExpressionReader::number(Expression& out) {
    auto value = number_of_text(token_.text);
    if (!value) return fail(token_.offset, "not a number: " + shown());
    out.literal = std::move(*value);
    advance();
    return !fault_;
}

bool ExpressionReader::path(Expression& out) {
    auto word = token_.text;
    auto next = body_.substr(at_);
    auto after = next.find_first_not_of(" \t\r\n");
    char following = after == std::string_view::npos ? '\0' : next[after];
    bool in_range = following == '.' && next.substr(after).starts_with("..");
    bool alone = in_range || (following != '.' && following != '[');
    if (alone && (word == "nil" || word == "null" || word == "true" || word == "false" ||
                  word == "empty" || word == "blank")) {
        if (word == "true" || word == "false") out.literal = Json(word == "true");
        if (word == "empty") out.kind = Expression::Kind::empty;
        if (word == "blank") out.kind = Expression::Kind::blank;
        advance();
        return !fault_;
    }
    out.steps.emplace_back().name = word;
    advance();
    return steps(out);
}

bool ExpressionReader::steps(Expression& out) {
    out.kind = Expression::Kind::path;
    while (!fault_) {
        if (accept(".")) {
            bool index = token_.kind == Token::Kind::number;   // a.0 is a[0]
            if (token_.kind != Token::Kind::name && !index)
                return fail(token_.offset, "expected a name after \".\", found " + shown());
            auto& step = out.steps.emplace_back();
            if (index) {
                if (!number(step.computed.emplace_back())) return false;
                continue;
            }
            step.name = token_.text;
            advance();
        } else if (accept("[")) {
            if (!bracket(out)) return false;
        } else {
            break;
        }
    }
    note_path(out);
    return !fault_;
}

bool ExpressionReader::bracket(Expression& out) {
    Expression inner;
    if (!expression(inner) || !expect("]")) return false;
    auto& step = out.steps.emplace_back();
    if (inner.kind == Expression::Kind::literal && inner.literal.is_string())
        step.name = inner.literal.as_string();
    else step.computed.push_back(std::move(inner));
    return true;
}

bool ExpressionReader::range(Expression& out) {
    advance();
    out.kind = Expression::Kind::range;
    out.bounds.resize(2);
    return expression(out.bounds[0]) && expect("..") && expression(out.bounds[1]) && expect(")");
}

void ExpressionReader::note_path(const Expression& path) {
    std::string dotted;
    for (const auto& step : path.steps) {
        std::string part = step.name;
        if (!step.computed.empty()) {
            const auto& inner = step.computed.front();
            if (inner.kind != Expression::Kind::literal || !inner.literal.is_number()) break;
            part = inner.literal.number_text();
        }
        dotted += (dotted.empty() ? "" : ".") + part;
    }
    if (!dotted.empty()) paths_.push_back(std::move(dotted));
}

bool ExpressionReader::filter(FilterUse& out) {
    out.offset = token_.offset;
    std::string filter_name;
    if (!name(filter_name, "the name of a filter")) return false;
    out.spec = find_filter(filter_name);
    if (!out.spec)
        return fail(out.offset, "unknown filter " + quoted(filter_name) +
                                    did_you_mean(filter_name, all_filters()));
    if (accept(":") && !arguments(out)) return false;
    return !fault_ && check_count(out);
}

bool ExpressionReader::arguments(FilterUse& out) {
    do {
        auto start = token_;
        auto rest = body_.substr(at_);
        auto first = rest.find_first_not_of(" \t\r\n");
        bool named = token_.kind == Token::Kind::name && first != std::string_view::npos &&
                     rest[first] == ':';
        if (!named) {
            if (!expression(out.args.emplace_back())) return false;
            continue;
        }
        advance();
        advance();
        if (std::string_view(out.spec->name) != "default" || start.text != "allow_false")
            return fail(start.offset, std::string(out.spec->name) + " has no argument named " +
                                          quoted(start.text));
        if (!expression(out.allow_false.emplace())) return false;
    } while (accept(","));
    return !fault_;
}

bool ExpressionReader::check_count(const FilterUse& use) {
    auto count = use.args.size(), least = use.spec->args_min(), most = use.spec->args_max();
    if (count >= least && count <= most) return true;
    auto expected = std::to_string(least);
    if (most != least) expected += " to " + std::to_string(most);
    return fail(use.offset, std::string(use.spec->name) + " takes " + expected +
                                (most == 1 ? " argument" : " arguments") + ", found " +
                                std::to_string(count));
}

bool ExpressionReader::condition(Condition& out) {
    while (true) {
        if (out.size() == limits::comparisons_max)
            return fail(token_.offset, "more than " + std::to_string(limits::comparisons_max) +
                                           " comparisons in one condition");
        if (!comparison(out.emplace_back())) return false;
        if (accept("and")) out.back().and_next = true;
        else if (!accept("or")) break;
    }
    return finish();
}

bool ExpressionReader::comparison(Comparison& out) {
    using Op = Comparison::Op;
    if (!expression(out.left)) return false;
    static constexpr std::pair<std::string_view, Op> operators[] = {
        {"==", Op::equal}, {"!=", Op::not_equal}, {"<>", Op::not_equal},
        {"<", Op::less}, {"<=", Op::less_equal}, {">", Op::greater},
        {">=", Op::greater_equal}, {"contains", Op::contains}};
    for (const auto& [sign, op] : operators)
        if (accept(sign)) {
            out.op = op;
            return expression(out.right);
        }
    if (token_.kind == Token::Kind::sign && token_.text == "=")
        return fail(token_.offset, "a comparison is written ==, found \"=\"");
    return !fault_;
}

}  // namespace syncline::rules::templating
