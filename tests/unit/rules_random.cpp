// Random patterns and events; see rules_random.hpp.
#include "rules_random.hpp"

namespace syncline::rules {

namespace {

const char* const names[] = {"a", "b", "c", "a", "b", "a.b", "b.c", "a.b.c", "", "é"};
const char* const texts_known[] = {
    "", "a", "A", "ab", "aB", "AB", "b", "aab", "ba*", "é", "É", "ß", "ẞ", "ss", "ς", "σ", "Σ",
    "я", "Я", "k", "\u212A", "😀a", "😀A", "𐐀", "𐐨", "*", "\\", "a*b", "a\\b", "\"a", "10.0.0.1",
    "10.0.1.1", "::1", "0:0::1", "::ffff:10.0.0.1", "2001:db8::5", "010.0.0.1", "10.0.0.1.2",
    "2026-01-01T00:00:00Z", "2025-12-31T23:59:00Z", "2026-01-01T00:01:00Z", "1", "true", "null",
    "e\u0301", "aa", "aaa", "abab"};
const char* const numbers[] = {
    "0", "-0", "0.0", "0e5", "1", "1.0", "1e0", "10e-1", "1.00E+0", "-1", "2", "2.5", "0.25e1",
    "100", "1E+2", "9007199254740992", "9007199254740993", "9007199254740993.0",
    "12345678901234567890", "12345678901234567891", "1.2345678901234567890e19", "0.1", "0.10",
    "0.30000000000000004", "0.3", "5e-324", "1e-400", "-1e-400", "1e308", "-1e308", "1767225600",
    "1767225600000", "1767225660", "1767225599.5"};
const char* const bounds[] = {"-1e308", "-1", "0", "1e-400", "0.3", "1", "2.5", "100",
                              "9007199254740992", "9007199254740993", "12345678901234567890"};
const char* const blocks[] = {"10.0.0.0/8", "10.0.0.0/24", "10.0.0.1/32", "0.0.0.0/0", "::/0",
                              "::1/128", "2001:db8::/32", "10.0.0.77/31", "::ffff:10.0.0.0/104",
                              "128.0.0.0/1"};
const char* const ages[] = {"0s", "60s", "1m", "1h", "3d", "36500d"};
const char* const operators[] = {
    "", "", "", "prefix", "suffix", "equals-ignore-case", "wildcard", "exactly", "anything-but",
    "anything-but", "numeric", "exists", "cidr", "older-than", "newer-than", "$"};

Json one(const std::string& name, Json value) {
    Json made = Json::object();
    made.set(name, std::move(value));
    return made;
}

}  // namespace

std::string RandomRules::name() { return pick(names); }

std::string RandomRules::text() {
    if (chance(70)) return pick(texts_known);
    std::string made;
    for (auto left = below(5); left > 0; --left) made += "abA*"[below(4)];
    return made;
}

Json RandomRules::number() { return Json::number_from_text(pick(numbers)); }

Json RandomRules::scalar() {
    switch (below(10)) {
        case 0: return Json();
        case 1: return Json(chance(50));
        case 2:
        case 3:
        case 4: return number();
        default: return Json(text());
    }
}

Json RandomRules::value(int depth) {
    auto kind = depth == 0 ? 0 : below(10);
    if (kind < 4) return scalar();
    if (kind < 7) return object(depth - 1);
    Json list = Json::array();
    for (auto left = below(4); left > 0; --left) list.push_back(value(depth - 1));
    return list;
}

Json RandomRules::object(int depth) {
    Json made = Json::object();
    for (auto left = below(5); left > 0; --left) made.set(name(), value(depth));
    return made;
}

Json RandomRules::group(int depth) {
    Json made = Json::object();
    for (auto left = 1 + below(3); left > 0; --left) {
        auto kind = below(20);
        if (kind == 0) made.set("$and", branches(depth - 1, 1));
        else if (kind == 1) made.set("$not", group(depth > 0 ? depth - 1 : 0));
        else if (kind < 5 && depth > 0) made.set("$or", branches(depth - 1, 2));
        else if (kind < 10 && depth > 0) made.set(name(), group(depth - 1));
        else made.set(name(), tests());
    }
    return made;
}

Json RandomRules::branches(int depth, std::size_t least) {
    Json made = Json::array();
    for (auto left = least + below(2); left > 0; --left)
        made.push_back(group(depth > 0 ? depth : 0));
    return made;
}

Json RandomRules::tests() {
    if (chance(15)) return test();   // the short form
    Json made = Json::array();
    if (chance(5)) {
        for (auto left = 1 + below(3); left > 0; --left) made.push_back(test());
        return one("$all", made);
    }
    for (auto left = 1 + below(2) + chance(10); left > 0; --left) made.push_back(test());
    return made;
}

Json RandomRules::operator_pair() {
    Json left = test(), right = test();
    Json both = Json::array();
    both.push_back(left);
    both.push_back(right);
    if (chance(60)) return one("a", both);
    Json list = Json::array();
    list.push_back(one("a", left));
    list.push_back(one("a", right));
    return one(chance(50) ? "$or" : "$and", list);
}

Json RandomRules::test() {
    std::string which = pick(operators);
    if (which.empty()) return scalar();
    return which == "$" ? dollar_tests() : operator_test(which);
}

Json RandomRules::operator_test(const std::string& name) {
    if (name == "exists") return one(name, Json(chance(50)));
    if (name == "cidr") return one(name, Json(pick(blocks)));
    if (name == "older-than" || name == "newer-than") return one(name, Json(pick(ages)));
    if (name == "wildcard") return one(name, Json(wildcard()));
    if (name == "numeric") return one(name, numeric());
    if (name == "anything-but") return one(name, anything_but());
    bool affix = name == "prefix" || name == "suffix";
    if (affix && chance(40)) return one(name, one("equals-ignore-case", Json(text())));
    return one(name, Json(text()));
}

Json RandomRules::dollar_tests() {
    static const char* const some[] = {"$eq", "$ne", "$in", "$not_in", "$gt", "$gte", "$lt", "$lte",
                                       "$contains", "$starts_with", "$ends_with", "$not"};
    Json made = Json::object();
    for (auto left = 1 + below(2); left > 0; --left) {
        std::string name = pick(some);
        if (name == "$eq" || name == "$ne") made.set(name, scalar());
        else if (name == "$contains" || name == "$starts_with" || name == "$ends_with")
            made.set(name, text());
        else if (name == "$not") made.set(name, tests());
        else if (name == "$in" || name == "$not_in") {
            Json list = Json::array();
            for (auto items = 1 + below(3); items > 0; --items) list.push_back(scalar());
            made.set(name, list);
        } else {
            made.set(name, chance(60) ? number() : Json(text()));
        }
    }
    return made;
}

Json RandomRules::texts() {
    Json list = Json::array();
    for (auto left = 1 + below(3); left > 0; --left) list.push_back(Json(text()));
    return list;
}

Json RandomRules::anything_but() {
    switch (below(7)) {
        case 0: return Json(text());
        case 1: return number();
        case 2: return texts();
        case 3: {
            Json list = Json::array();
            for (auto left = 1 + below(3); left > 0; --left) list.push_back(number());
            return list;
        }
        case 4: return one("equals-ignore-case", chance(50) ? texts() : Json(text()));
        case 5: return one("wildcard", Json(wildcard()));
        default: break;
    }
    return one(chance(50) ? "prefix" : "suffix", Json("abA"[below(3)] + text()));
}

Json RandomRules::numeric() {
    static const char* const signs[] = {"=", "<", "<=", ">", ">="};
    Json list = Json::array();
    if (chance(50)) {
        list.push_back(Json(pick(signs)));
        list.push_back(number());
        return list;
    }
    auto lower = below(std::size(bounds) - 1);
    auto upper = lower + 1 + below(std::size(bounds) - lower - 1);
    list.push_back(Json(chance(50) ? ">" : ">="));
    list.push_back(Json::number_from_text(bounds[lower]));
    list.push_back(Json(chance(50) ? "<" : "<="));
    list.push_back(Json::number_from_text(bounds[upper]));
    return list;
}

std::string RandomRules::wildcard() {
    static const char* const parts[] = {"a", "b", "ab", "A", "\\*", "\\\\", "é", "10", "😀", "."};
    std::string made;
    for (auto left = below(5); left > 0; --left) {
        bool star = chance(45) && !made.ends_with("*");
        made += star ? "*" : pick(parts);
        if (!star && made.ends_with("*")) made += pick(parts) == std::string("a") ? "a" : "b";
    }
    return made;
}

namespace {

/// Every JSON that lacks one member or item of this one, at any depth; true when one was taken.
bool take_one(Json& root, Json& at, const std::function<bool(const Json&)>& fails) {
    auto without = [&](auto& list) {
        for (std::size_t i = 0; i < list.size(); ++i) {
            auto kept = list;
            list.erase(list.begin() + static_cast<std::ptrdiff_t>(i));
            if (fails(root)) return true;
            list = std::move(kept);
        }
        return false;
    };
    if (without(at.items()) || without(at.members())) return true;
    for (auto& item : at.items())
        if (take_one(root, item, fails)) return true;
    for (auto& member : at.members())
        if (take_one(root, member.value, fails)) return true;
    return false;
}

}  // namespace

Json shrunk(Json json, const std::function<bool(const Json&)>& fails) {
    while (take_one(json, json, fails)) {}
    return json;
}

}  // namespace syncline::rules
