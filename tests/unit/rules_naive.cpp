// The plain evaluator: values, tests of one value, patterns, events. See rules_naive.hpp.
//
// Each part follows one table of the definition. It reads only what the random patterns of
// rules_random.cpp hold: their letters, their forms of moments and durations.
#include "rules_naive.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <map>

namespace syncline::naive {

namespace {
/// An answer below a list is one of three: no; yes; or that nothing speaks against it (as for
/// exists: false and $not), which picks no element and so must hold for all of them.
enum Answer { no, unopposed, yes };

// --- Values --------------------------------------------------------------------------------------

/// sign, digits without zeros at the ends, power of ten of the first digit.
struct Decimal {
    int sign = 0;
    std::string digits;
    long power = 0;
};

Decimal decimal(std::string text) {
    Decimal made;
    made.sign = text[0] == '-' ? -1 : 1;
    if (text[0] == '-') text.erase(0, 1);
    auto e = text.find_first_of("eE");
    long exponent = e == std::string::npos ? 0 : std::stol(text.substr(e + 1));
    text = text.substr(0, e);
    auto dot = text.find('.');
    made.power = exponent + static_cast<long>(std::min(dot, text.size())) - 1;
    for (char c : text)
        if (c != '.') made.digits += c;
    auto first = made.digits.find_first_not_of('0');
    if (first == std::string::npos) return Decimal();
    made.power -= static_cast<long>(first);
    made.digits = made.digits.substr(first, made.digits.find_last_not_of('0') + 1 - first);
    return made;
}

int compare(const std::string& left, const std::string& right) {
    auto a = decimal(left), b = decimal(right);
    if (a.sign != b.sign) return a.sign < b.sign ? -1 : 1;
    return a.sign * (a.power != b.power ? (a.power < b.power ? -1 : 1) : a.digits.compare(b.digits));
}

bool same(const Json& a, const Json& b) {
    if (a.is_number() && b.is_number()) return compare(a.number_text(), b.number_text()) == 0;
    return a.kind() == b.kind() && a.as_string() == b.as_string() && a.as_bool() == b.as_bool();
}

/// Enough of case folding for the letters that the random texts have.
std::string folded(std::string text) {
    static const std::vector<std::pair<std::string, std::string>> pairs = {
        {"É", "é"}, {"ẞ", "ß"}, {"Σ", "σ"}, {"ς", "σ"}, {"Я", "я"}, {"\u212A", "k"}, {"𐐀", "𐐨"}};
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    for (const auto& [upper, lower] : pairs)
        for (auto at = text.find(upper); at != std::string::npos; at = text.find(upper))
            text.replace(at, upper.size(), lower);
    return text;
}

bool like(const char* pattern, const char* text) {
    if (*pattern == '\0') return *text == '\0';
    if (*pattern == '*') return like(pattern + 1, text) || (*text && like(pattern, text + 1));
    if (*pattern == '\\') ++pattern;
    return *pattern == *text && like(pattern + 1, text + 1);
}

std::string bits(const std::string& address) {
    unsigned char bytes[16] = {};
    int family = address.find(':') == std::string::npos ? AF_INET : AF_INET6;
    if (inet_pton(family, address.c_str(), bytes) != 1) return {};
    std::string made;
    for (int i = 0; i < (family == AF_INET ? 32 : 128); ++i)
        made += static_cast<char>('0' + (bytes[i / 8] >> (7 - i % 8) & 1));
    return made;
}

bool in_block(const std::string& block, const std::string& address) {
    auto slash = block.find('/');
    auto base = bits(block.substr(0, slash)), other = bits(address);
    auto count = std::stoul(block.substr(slash + 1));
    return base.size() == other.size() && base.substr(0, count) == other.substr(0, count);
}

/// Of the forms that the random values have. False when the value is no moment.
bool moment(const Json& value, std::int64_t& ms) {
    if (value.is_number()) {
        auto number = value.as_double();
        if (!(std::abs(number) < 1e14)) return false;
        ms = static_cast<std::int64_t>(std::abs(number) < 1e11 ? number * 1000 : number);
        return true;
    }
    std::tm t{};
    int used = 0;
    bool read = std::sscanf(value.as_string().c_str(), "%4d-%2d-%2dT%2d:%2d:%2dZ%n", &t.tm_year,
                            &t.tm_mon, &t.tm_mday, &t.tm_hour, &t.tm_min, &t.tm_sec, &used) == 6;
    if (!read || value.as_string().size() != 20 || used != 20) return false;
    t.tm_year -= 1900, --t.tm_mon;
    ms = timegm(&t) * 1000;
    return true;
}

std::int64_t duration(const std::string& text) {
    static const std::map<char, std::int64_t> units = {
        {'s', 1000}, {'m', 60'000}, {'h', 3'600'000}, {'d', 86'400'000}};
    return std::stoll(text) * units.at(text.back());
}

// --- Tests of one value --------------------------------------------------------------------------

class Tests {
public:
    explicit Tests(std::int64_t now_ms) : now_ms_(now_ms) {}

    bool holds(const Json& test, const Json& value) const {
        if (test.is_array()) return any(test, value);
        if (!test.is_object()) return same(test, value);
        return std::all_of(test.members().begin(), test.members().end(), [&](const auto& member) {
            return one(member.name, member.value, value);
        });
    }

private:
    bool any(const Json& tests, const Json& value) const {
        return std::any_of(tests.items().begin(), tests.items().end(),
                           [&](const Json& test) { return holds(test, value); });
    }

    bool one(const std::string& name, const Json& operand, const Json& value) const {
        if (name == "exists") return operand.as_bool();
        if (name == "$eq" || name == "$in" || name == "exactly") return holds(operand, value);
        if (name == "$ne" || name == "$not_in" || name == "$not") return !holds(operand, value);
        if (name == "anything-but") return !anything(operand, value);
        if (name == "older-than" || name == "newer-than") {
            std::int64_t ms = 0;
            if (!moment(value, ms)) return false;
            auto over = now_ms_ - ms - duration(operand.as_string());
            return name == "older-than" ? over > 0 : over < 0;
        }
        if (name == "numeric") return numeric(operand, value);
        if (name.find("$g") == 0 || name.find("$l") == 0) return ordered(name, operand, value);
        return value.is_string() && text(name, operand, value.as_string());
    }

    /// What anything-but is not: a value, any of a list, or any of the operands of one operator.
    bool anything(const Json& operand, const Json& value) const {
        if (!operand.is_object()) return holds(operand, value);
        const auto& member = operand.members().front();
        if (!member.value.is_array()) return one(member.name, member.value, value);
        return std::any_of(member.value.items().begin(), member.value.items().end(),
                           [&](const Json& item) { return one(member.name, item, value); });
    }

    static bool meets(const std::string& sign, int order) {
        if (sign == "=") return order == 0;
        if (sign == "<" || sign == "$lt") return order < 0;
        if (sign == "<=" || sign == "$lte") return order <= 0;
        return sign == ">" || sign == "$gt" ? order > 0 : order >= 0;
    }

    static bool numeric(const Json& operand, const Json& value) {
        if (!value.is_number()) return false;
        for (std::size_t i = 0; i < operand.size(); i += 2)
            if (!meets(operand[i].as_string(),
                       compare(value.number_text(), operand[i + 1].number_text())))
                return false;
        return true;
    }

    static bool ordered(const std::string& sign, const Json& operand, const Json& value) {
        if (operand.is_number())
            return value.is_number() &&
                   meets(sign, compare(value.number_text(), operand.number_text()));
        return value.is_string() && meets(sign, value.as_string().compare(operand.as_string()));
    }

    static bool text(const std::string& name, const Json& operand, const std::string& value) {
        if (operand.is_object())
            return text(name, Json(folded(operand.members().front().value.as_string())),
                        folded(value));
        const auto& wanted = operand.as_string();
        if (name == "prefix" || name == "$starts_with") return value.rfind(wanted, 0) == 0;
        if (name == "suffix" || name == "$ends_with")
            return value.size() >= wanted.size() &&
                   value.compare(value.size() - wanted.size(), wanted.size(), wanted) == 0;
        if (name == "$contains") return value.find(wanted) != std::string::npos;
        if (name == "equals-ignore-case") return folded(value) == folded(wanted);
        if (name == "wildcard") return like(wanted.c_str(), value.c_str());
        return name == "cidr" && in_block(wanted, value);
    }

    std::int64_t now_ms_;
};

// --- Patterns ------------------------------------------------------------------------------------

struct Alternative;
using Group = std::vector<Alternative>;   // any of them
struct Field {
    std::vector<Json> tests;    // any of them
    Group below;                // empty: nothing is asked below
};
struct Alternative {            // all of it
    std::map<std::string, Field> fields;
    std::vector<std::pair<bool, Group>> groups;   // of $and (true) and $not (false)
};

Group both(const Group& left, const Group& right);
void add(Field& to, const Field& more) {
    to.tests.insert(to.tests.end(), more.tests.begin(), more.tests.end());
    if (to.below.empty()) to.below = more.below;
    else if (!more.below.empty()) to.below = both(to.below, more.below);
}

Group both(const Group& left, const Group& right) {
    Group made;
    for (const auto& a : left)
        for (const auto& b : right) {
            auto& one = made.emplace_back(a);
            for (const auto& [name, field] : b.fields) add(one.fields[name], field);
            one.groups.insert(one.groups.end(), b.groups.begin(), b.groups.end());
        }
    return made;
}

/// An object of paths, as against one of operators.
bool is_paths(const Json& value) {
    if (!value.is_object()) return false;
    if (const Json* inner = value.find("$not")) return is_paths(*inner);
    const auto& name = value.members().front().name;
    static const std::vector<std::string> operators = {
        "exists", "exactly", "anything-but", "older-than", "newer-than", "numeric", "prefix",
        "suffix", "equals-ignore-case", "wildcard", "cidr"};
    if (name == "$or" || name == "$and") return true;
    return name[0] != '$' && std::find(operators.begin(), operators.end(), name) == operators.end();
}

Group group_of(const Json& written);
Group path_of(const std::string& name, const Json& value) {
    Group made(1);
    auto dot = name.find('.');
    const Json& all = value.is_array() ? value[0]["$all"] : value["$all"];
    if (dot == std::string::npos && all.is_array()) {
        for (const auto& test : all.items())
            made.front().groups.emplace_back(true, path_of(name, test));
        return made;
    }
    auto& field = made.front().fields[name.substr(0, dot)];
    if (dot != std::string::npos) field.below = path_of(name.substr(dot + 1), value);
    else if (is_paths(value)) field.below = group_of(value);
    else field.tests = value.is_array() ? value.items() : std::vector<Json>{value};
    return made;
}

Group group_of(const Json& written) {
    Group made(1);
    for (const auto& member : written.members()) {
        Group part;
        if (member.name == "$or") {
            for (const auto& branch : member.value.items())
                for (auto& alternative : group_of(branch)) part.push_back(alternative);
        } else if (member.name == "$not") {
            part.resize(1);
            part[0].groups.emplace_back(false, group_of(member.value));
        } else if (member.name == "$and") {
            part.resize(1);
            for (const auto& one : member.value.items())
                part[0].groups.emplace_back(true, group_of(one));
        } else {
            part = path_of(member.name, member.value);
        }
        made = both(made, part);
    }
    return made;
}

// --- Events --------------------------------------------------------------------------------------

/// The event with every dotted name taken apart: {"a.b": 1} is {"a": {"b": 1}}. A name may then
/// stand several times in one object.
Json undotted(const Json& value) {
    Json made = value;
    for (auto& item : made.items()) item = undotted(item);
    for (auto& member : made.members()) {
        member.value = undotted(member.value);
        for (std::size_t dot; (dot = member.name.rfind('.')) != std::string::npos;) {
            Json outer = Json::object();
            outer.members().emplace_back(member.name.substr(dot + 1), member.value);
            member = JsonMember(member.name.substr(0, dot), outer);
        }
    }
    return made;
}

using Places = std::vector<const Json*>;

void elements(const Json& list, Places& out) {
    for (const auto& item : list.items()) {
        if (item.is_array()) elements(item, out);
        else out.push_back(&item);
    }
}

Answer together(Answer left, Answer right) {
    return left == no || right == no ? no : std::max(left, right);
}

class Evaluator {
public:
    explicit Evaluator(std::int64_t now_ms) : tests_(now_ms) {}

    bool matches(const Group& pattern, const Json& event) const {
        return group(pattern, {&event}) != no;
    }

private:
    Answer group(const Group& group, const Places& places) const {
        Answer best = no;
        for (const auto& one : group) best = std::max(best, alternative(one, places));
        return best;
    }

    Answer alternative(const Alternative& one, const Places& places) const {
        Answer answer = unopposed;
        for (const auto& [name, field] : one.fields) {
            Places below;
            for (const auto* place : places)
                for (const auto& member : place->members())
                    if (member.name == name) below.push_back(&member.value);
            answer = together(answer, this->field(field, below));
        }
        for (const auto& [wanted, inner] : one.groups) {
            auto said = group(inner, places);
            answer = together(answer, wanted ? said : said == no ? unopposed : no);
        }
        return answer;
    }

    /// Lists are entered element by element when something is asked below.
    Answer field(const Field& field, const Places& places) const {
        if (field.below.empty()) return leaf(field, places);
        Places single, listed;
        for (const auto* place : places) {
            if (place->is_array()) elements(*place, listed);
            else single.push_back(place);
        }
        if (listed.empty()) return here(field, single);
        std::vector<Answer> answers;
        for (const auto* element : listed) {
            auto with = single;
            with.push_back(element);
            answers.push_back(here(field, with));
        }
        auto [least, most] = std::minmax_element(answers.begin(), answers.end());
        return *most == yes ? yes : *least;
    }

    Answer here(const Field& field, const Places& places) const {
        return together(field.tests.empty() ? unopposed : leaf(field, places),
                      group(field.below, places));
    }

    Answer leaf(const Field& field, const Places& places) const {
        Places scalars;
        for (const auto* place : places) {
            if (place->is_array()) elements(*place, scalars);
            else scalars.push_back(place);
        }
        scalars.erase(std::remove_if(scalars.begin(), scalars.end(),
                                     [](const Json* place) { return place->is_object(); }),
                      scalars.end());
        for (const auto& test : field.tests) {
            bool absence = test.is_object() && test.find("exists") && !test["exists"].as_bool();
            if (absence && scalars.empty()) return unopposed;
            for (const auto* scalar : scalars)
                if (!absence && tests_.holds(test, *scalar)) return yes;
        }
        return no;
    }

    Tests tests_;
};

}  // namespace

bool matches(const Json& pattern, const Json& event, std::int64_t now_ms) {
    return Evaluator(now_ms).matches(group_of(pattern), undotted(event));
}

}  // namespace syncline::naive
