// The names of operators and all wording about patterns: of faults, and of tests for explain. See
// pattern_tree.hpp.
//
// The one list of what the language has: compile, hints and documentation follow it. Words are made
// from the compiled tests when a person asks, so that compiling makes none.
#include <algorithm>
#include <array>

#include "rules/limits.hpp"
#include "rules/pattern_tree.hpp"

namespace syncline::rules {

namespace {

using Op = LeafTest::Op;

constexpr std::string_view operator_names[] = {
    "prefix", "suffix", "exists", "anything-but", "equals-ignore-case", "numeric", "wildcard",
    "exactly", "$eq", "$ne", "$in", "$not_in", "$gt", "$gte", "$lt", "$lte", "$contains",
    "$starts_with", "$ends_with", "$all", "$or", "$and", "$not", "cidr", "older-than",
    "newer-than"};

/// Bit n: some operator's name has n bytes. Most names of fields are told apart by it.
constexpr std::uint32_t operator_sizes = [] {
    std::uint32_t sizes = 0;
    for (auto name : operator_names) sizes |= 1u << name.size();
    return sizes;
}();

std::string cut(std::string text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return text;
    std::size_t end = 0;
    while (end + char_length(text, end) <= bytes_max) end += char_length(text, end);
    return text.substr(0, end) + "…";
}

constexpr std::size_t number_shown_max = 64;   // bytes, as `quoted` cuts texts

}  // namespace

std::string Place::text() const {
    auto before = outer ? outer->text() : std::string();
    if (index != no_index) return before + "[" + std::to_string(index) + "]";
    if (!before.empty()) before += ".";
    return before.append(name);
}

bool PatternFault::fail(const Place& place, std::string message) {
    if (!fault) {
        fault.emplace();
        fault->path = cut(place.text(), limits::path_bytes_max);
        fault->message = std::move(message);
    }
    return false;
}

bool is_operator(std::string_view name) {
    if (name.size() >= 32 || !(operator_sizes >> name.size() & 1)) return false;
    return std::find(std::begin(operator_names), std::end(operator_names), name) !=
           std::end(operator_names);
}

std::string unknown_operator(std::string_view name) {
    std::vector<std::string> names(std::begin(operator_names), std::end(operator_names));
    return "unknown operator " + quoted(name) + did_you_mean(name, names);
}

std::string kind_name(const Json& value) {
    switch (value.kind()) {
        case Json::Kind::null: return "null";
        case Json::Kind::boolean: return value.as_bool() ? "true" : "false";
        case Json::Kind::number: return "the number " + cut(value.number_text(), number_shown_max);
        case Json::Kind::string: return "the text " + quoted(value.as_string());
        case Json::Kind::array: return "a list";
        case Json::Kind::object: break;
    }
    return "an object";
}

namespace {

/// Items joined by `between`; of many only the first are shown.
class WordList {
public:
    explicit WordList(std::string_view between) : between_(between) {}
    void add(const std::string& item) {
        if (++count_ > shown_max) return;
        words_ += (count_ > 1 ? std::string(between_) : std::string()) + item;
    }
    std::string words() const { return words(count_); }
    /// As the first of `all`.
    std::string words(std::size_t all) const {
        if (all <= shown_max) return words_;
        return words_ + " or " + std::to_string(all - shown_max) + " more";
    }
    std::size_t count() const { return count_; }

private:
    static constexpr std::size_t shown_max = 8;
    std::string_view between_;
    std::string words_;
    std::size_t count_ = 0;
};

std::string shown(const Json& value) {
    return value.is_string() ? quoted(value.as_string())
                             : cut(value.dump(), number_shown_max);
}

std::string_view sign_of(Op op) {
    switch (op) {
        case Op::less: return "< ";
        case Op::less_equal: return "<= ";
        case Op::greater: return "> ";
        case Op::greater_equal: return ">= ";
        default: return "= ";
    }
}

bool is_equals(const LeafTest& test) { return test.op == Op::equals; }

bool is_number_test(const LeafTest& test) {
    return test.literal.is_number() && (is_equals(test) || sign_of(test.op) != "= ");
}

std::string words_of(const LeafTest& test);

std::string words_of_all(const std::vector<LeafTest>& parts) {
    bool numbers = std::all_of(parts.begin(), parts.end(), is_number_test);
    WordList list(" and ");
    for (const auto& part : parts)
        list.add(numbers ? std::string(sign_of(part.op)) + shown(part.literal) : words_of(part));
    return (numbers ? "is a number " : "") + list.words();
}

std::string words_of_none(const std::vector<LeafTest>& parts) {
    bool literals = std::all_of(parts.begin(), parts.end(), is_equals);
    const auto& first = parts.front();
    bool twice = parts.size() == 1 && first.op == Op::none_of &&
                 std::all_of(first.parts.begin(), first.parts.end(), is_equals);
    if (twice) {   // none of none of them: one of them
        WordList list(", ");
        for (const auto& part : first.parts) list.add(shown(part.literal));
        return (list.count() > 1 ? "is one of " : "is ") + list.words();
    }
    WordList list(literals ? ", " : " or ");
    for (const auto& part : parts) list.add(literals ? shown(part.literal) : words_of(part));
    return (literals ? "is anything but " : "is nothing that ") + list.words();
}

std::string words_of(const LeafTest& test) {
    switch (test.op) {
        case Op::equals: return "is " + shown(test.literal);
        case Op::prefix: return "begins with " + quoted(test.text);
        case Op::suffix: return "ends with " + quoted(test.text);
        case Op::contains: return "contains " + quoted(test.text);
        case Op::prefix_folded: return "begins with (in any case) " + shown(test.literal);
        case Op::suffix_folded: return "ends with (in any case) " + shown(test.literal);
        case Op::equals_folded: return "is, in any case, " + shown(test.literal);
        case Op::wildcard: return "is like " + quoted(test.text);
        case Op::present: return "is present";
        case Op::cidr: return "is an address in " + test.text;
        case Op::older_than: return "is a time more than " + test.text + " ago";
        case Op::newer_than: return "is a time less than " + test.text + " ago";
        case Op::all_of: return words_of_all(test.parts);
        case Op::none_of: return words_of_none(test.parts);
        default: return "is " + std::string(sign_of(test.op)) + shown(test.literal);
    }
}

}  // namespace

std::string words_of(const Leaf& leaf) {
    WordList literals(", "), others(", or ");
    for (auto at : leaf.written)
        literals.add(at & Leaf::written_test
                         ? shown(leaf.tests[at & ~Leaf::written_test].literal)
                         : quoted(leaf.texts[at]));
    bool listed = !leaf.written.empty();
    for (const auto& text : leaf.texts)
        if (!listed) literals.add(quoted(text));
    std::size_t count = leaf.texts.size();
    for (const auto& test : leaf.tests) {
        count += is_equals(test);
        if (!is_equals(test)) others.add(words_of(test));
        else if (!listed) literals.add(shown(test.literal));
    }
    if (leaf.absent_holds) others.add("is absent");
    std::string words;
    if (count > 0) words = (count > 1 ? "is one of " : "is ") + literals.words(count);
    if (others.count() == 0) return words;
    return words + (words.empty() ? "" : ", or ") + others.words();
}

}  // namespace syncline::rules
