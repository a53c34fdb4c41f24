// Keys of predicates; see access_key.hpp.
#include "rules/access_key.hpp"

#include <algorithm>
#include <limits>

#include "rules/text_hash.hpp"

namespace syncline::rules {

namespace {

using Op = Atom::Op;

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Gathers keys, all of one kind; `failed` once an atom offers none.
class KeyMaker {
public:
    explicit KeyMaker(const Predicates& predicates) : predicates_(predicates) {}

    Access make(const Predicate& predicate) {
        access_.exact = true;
        bool usable = !predicate.absent_holds && predicate.atom_count > 0;
        for (std::uint32_t i = 0; usable && i < predicate.atom_count; ++i)
            usable = add(predicates_.atom(predicate.first_atom + i));
        if (!usable) access_.keys.clear();
        return std::move(access_);
    }

private:
    bool add(const Atom& atom) {
        auto operand = [&] { return predicates_.operand(atom); };
        switch (atom.op) {
            case Op::text: return equal(Derived::as_is, operand(), atom.hash);
            case Op::texts: return texts(atom);
            case Op::null: return constant(hash_of_null);
            case Op::no: return constant(hash_of_no);
            case Op::yes: return constant(hash_of_yes);
            case Op::number: return number(atom.number);
            case Op::equals_folded: return equal(Derived::folded, operand(), hash_text(operand()));
            case Op::prefix: return prefix(Derived::as_is, operand());
            case Op::prefix_folded: return prefix(Derived::folded, operand());
            case Op::suffix: return prefix(Derived::reversed, backwards(operand()));
            case Op::suffix_folded:
                return prefix(Derived::folded_reversed, backwards(operand()));
            case Op::contains: return inexact() && gram(operand());
            case Op::wildcard: return wildcard(predicates_.wildcard(atom).parts());
            case Op::cidr: return block(operand(), atom.count);
            case Op::number_less:
            case Op::number_less_equal: return range(-infinity, atom.number);
            case Op::number_greater:
            case Op::number_greater_equal: return range(atom.number, infinity);
            case Op::all_of: return all_of(atom);
            case Op::none_of: return none_of(atom);
            default: return false;
        }
    }

    static std::string backwards(std::string_view text) {
        return std::string(text.rbegin(), text.rend());
    }

    bool inexact() {
        access_.exact = false;
        return true;
    }

    /// Takes one more key when it is of the kind of those before it.
    bool put(KeyKind kind, Derived how, AccessKey key) {
        bool differs = access_.kind != kind || access_.how != how || kind == KeyKind::none_of;
        if (!access_.keys.empty() && differs) return false;
        access_.kind = kind;
        access_.how = how;
        access_.keys.push_back(std::move(key));
        return true;
    }

    bool equal(Derived how, std::string_view text, std::uint64_t hash) {
        bool among_prefixes = !access_.keys.empty() && access_.kind == KeyKind::prefix;
        if (among_prefixes && !text.empty()) return inexact() && prefix(how, text);
        AccessKey key;
        key.text = text;
        key.hash = hash;
        key.has_text = true;
        return put(KeyKind::equal, how, std::move(key));
    }

    bool texts(const Atom& atom) {
        const auto* list = predicates_.listed(atom);
        for (std::uint32_t i = 0; i < atom.count; ++i)
            if (!equal(Derived::as_is, predicates_.bytes(list[i].begin, list[i].size),
                       list[i].hash))
                return false;
        return true;
    }

    /// Known by its hash alone, which another value may have.
    bool constant(std::uint64_t hash) {
        AccessKey key;
        key.hash = hash;
        return inexact() && put(KeyKind::equal, Derived::as_is, std::move(key));
    }

    bool number(double value) {
        if (!access_.keys.empty() && access_.kind == KeyKind::range) return range(value, value);
        return constant(hash_number(value));
    }

    bool range(double low, double high) {
        AccessKey key;
        key.low = low;
        key.high = high;
        return inexact() && put(KeyKind::range, Derived::as_is, std::move(key));
    }

    bool prefix(Derived how, std::string_view text) {
        if (text.empty()) return false;
        // Literals before a prefix: what begins with all of their bytes is found too.
        if (!access_.keys.empty() && access_.kind == KeyKind::equal && access_.how == how) {
            for (const auto& key : access_.keys)
                if (!key.has_text || key.text.empty()) return false;
            access_.kind = KeyKind::prefix;
            access_.exact = false;
        }
        AccessKey key;
        key.text = text;
        return put(KeyKind::prefix, how, std::move(key));
    }

    bool gram(std::string_view text) {
        if (text.size() < 2) return false;
        std::size_t bytes = text.size() >= 4 ? 4 : 2;
        // Of all its grams the last: beginnings are more often alike than ends.
        AccessKey key;
        key.hash = load_bytes(text.data() + text.size() - bytes, bytes);
        return put(bytes == 4 ? KeyKind::gram4 : KeyKind::gram2, Derived::as_is, std::move(key));
    }

    bool wildcard(const std::vector<std::string>& parts) {
        if (parts.size() == 1)
            return equal(Derived::as_is, parts.front(), hash_text(parts.front()));
        inexact();
        const auto& first = parts.front();
        const auto& last = parts.back();
        if (first.empty() && last.empty())
            return gram(*std::max_element(
                parts.begin(), parts.end(),
                [](const auto& a, const auto& b) { return a.size() < b.size(); }));
        if (first.size() >= last.size()) return prefix(Derived::as_is, first);
        return prefix(Derived::reversed, backwards(last));
    }

    /// A block of addresses: prefixes of its digits. Where it ends inside a digit, one prefix for
    /// each digit that it holds (at most eight).
    bool block(std::string_view digits, std::uint32_t bits) {
        auto whole = digits.substr(0, 1 + bits / 4);
        auto rest = bits % 4;
        if (rest == 0) return prefix(Derived::address, whole);
        constexpr std::string_view names = "0123456789abcdef";
        auto first = names.find(digits[1 + bits / 4]);
        for (std::size_t i = 0; i < (16u >> rest); ++i)
            if (!prefix(Derived::address, std::string(whole) + names[first + i])) return false;
        return true;
    }

    /// All parts must hold: any one that offers keys will do; comparisons of numbers join.
    bool all_of(const Atom& atom) {
        double low = -infinity, high = infinity;
        bool bounded = false;
        const Atom* other = nullptr;
        for (std::uint32_t i = 0; i < atom.count; ++i) {
            const Atom& part = predicates_.atom(atom.begin + i);
            if (part.op == Op::number_greater || part.op == Op::number_greater_equal)
                low = std::max(low, part.number);
            else if (part.op == Op::number_less || part.op == Op::number_less_equal)
                high = std::min(high, part.number);
            else if (part.op != Op::none_of && part.op != Op::present) other = &part;
            bounded |= low != -infinity || high != infinity;
        }
        inexact();
        if (bounded) return range(low, high);
        return other && add(*other) && inexact();
    }

    /// "None of some texts", where the predicate asks for nothing else.
    bool none_of(const Atom& atom) {
        const Atom& list = predicates_.atom(atom.begin);
        bool texts_only = atom.count == 1 && (list.op == Op::text || list.op == Op::texts);
        if (!texts_only || !access_.keys.empty()) return false;
        AccessKey key;
        if (list.op == Op::text) key.list.push_back(predicates_.operand(list));
        const auto* texts = list.op == Op::texts ? predicates_.listed(list) : nullptr;
        for (std::uint32_t i = 0; list.op == Op::texts && i < list.count; ++i)
            key.list.push_back(predicates_.bytes(texts[i].begin, texts[i].size));
        for (auto text : key.list) {
            auto size = static_cast<std::uint32_t>(text.size());
            key.text.append(reinterpret_cast<const char*>(&size), sizeof size);
            key.text += text;
        }
        return put(KeyKind::none_of, Derived::as_is, std::move(key));
    }

    const Predicates& predicates_;
    Access access_;
};

}  // namespace

Access access_of(const Predicates& predicates, const Predicate& predicate) {
    return KeyMaker(predicates).make(predicate);
}

}  // namespace syncline::rules
