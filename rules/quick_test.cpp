// How predicates become quick tests; see quick_test.hpp.
#include "rules/quick_test.hpp"

#include <charconv>
#include <limits>
#include <string>

namespace syncline::rules {

namespace {

using Op = Atom::Op;

constexpr std::uint32_t operand_bytes_max = 64;   // one cache line; longer ones are asked
constexpr std::uint32_t list_max = 32;            // tags in two cache lines

void put_kind(QuickKind kind, std::size_t begin, std::vector<std::uint32_t>& code) {
    auto words = static_cast<std::uint32_t>(code.size() - begin);
    auto negated = kind == QuickKind::ask ? 0 : code[begin];
    code[begin] = static_cast<std::uint32_t>(kind) | negated | words << 8;
}

QuickKind put_operand(QuickKind kind, std::string_view operand, std::vector<std::uint32_t>& code) {
    if (operand.size() > operand_bytes_max) return QuickKind::ask;
    code.push_back(static_cast<std::uint32_t>(operand.size()));
    auto at = code.size();
    code.resize(at + (operand.size() + 3) / 4);
    if (!operand.empty()) std::memcpy(code.data() + at, operand.data(), operand.size());
    return kind;
}

QuickKind put_text(const Predicates& predicates, const Atom& atom,
                   std::vector<std::uint32_t>& code) {
    code.push_back(static_cast<std::uint32_t>(atom.hash));
    return put_operand(QuickKind::text, predicates.operand(atom), code);
}

QuickKind put_list(QuickKind kind, const Predicates& predicates, const Atom& atom,
                   std::vector<std::uint32_t>& code) {
    if (atom.op != Op::texts || atom.count > list_max) return QuickKind::ask;
    const ListedText* list = predicates.listed(atom);
    std::uint32_t count = atom.count;
    code.push_back(count);
    for (std::uint32_t i = 0; i < count; ++i)
        code.push_back(static_cast<std::uint32_t>(list[i].hash));
    for (std::uint32_t i = 0; i < count; ++i) {
        code.push_back(list[i].begin);
        code.push_back(list[i].size);
    }
    return kind;
}

/// Bounds of an atom that compares numbers, narrowed part by part.
struct Bounds {
    double low = -std::numeric_limits<double>::infinity();
    double high = std::numeric_limits<double>::infinity();
    std::uint32_t flags = quick_low_in | quick_high_in | quick_whole;

    bool narrow(const Predicates& predicates, const Atom& atom) {
        switch (atom.op) {
            case Op::number:
                raise(atom, true);
                lower(atom, true);
                return true;
            case Op::number_less: return lower(atom, false);
            case Op::number_less_equal: return lower(atom, true);
            case Op::number_greater: return raise(atom, false);
            case Op::number_greater_equal: return raise(atom, true);
            case Op::all_of:
                for (std::uint32_t i = 0; i < atom.count; ++i) {
                    const Atom& part = predicates.atom(atom.begin + i);
                    if (part.op == Op::all_of || !narrow(predicates, part)) return false;
                }
                return atom.count > 0;
            default: return false;
        }
    }

private:
    bool lower(const Atom& atom, bool in) {
        // Two bounds at one double: which is the narrower, only their digits say.
        if (!atom.whole || atom.number == high) flags &= ~quick_whole;
        if (atom.number < high) set(quick_high_in, in);
        high = std::min(high, atom.number);
        return true;
    }
    bool raise(const Atom& atom, bool in) {
        if (!atom.whole || atom.number == low) flags &= ~quick_whole;
        if (atom.number > low) set(quick_low_in, in);
        low = std::max(low, atom.number);
        return true;
    }
    void set(std::uint32_t flag, bool on) { flags = on ? flags | flag : flags & ~flag; }
};

QuickKind put_range(const Bounds& bounds, std::vector<std::uint32_t>& code) {
    double ends[2] = {bounds.low, bounds.high};
    code.push_back(bounds.flags);
    auto at = code.size();
    code.resize(at + 4);
    std::memcpy(code.data() + at, ends, sizeof ends);
    return QuickKind::range;
}

QuickKind put_wildcard(const Wildcard& wildcard, std::vector<std::uint32_t>& code) {
    const auto& first = wildcard.parts().front();
    const auto& last = wildcard.parts().back();
    if (first.empty() && last.empty()) return QuickKind::ask;
    bool begins = first.size() >= last.size();
    return put_operand(begins ? QuickKind::begins : QuickKind::ends,
                       begins ? std::string_view(first) : std::string_view(last), code);
}

/// The whole numbers of an IPv4 block as an address in it is written: "10.3." of 10.3.0.0/20.
QuickKind put_block(std::string_view digits, std::uint32_t bits, std::vector<std::uint32_t>& code) {
    if (digits.front() != '4' || bits < 8) return QuickKind::ask;
    std::string begin;
    for (std::uint32_t i = 0; i < bits / 8; ++i) {
        unsigned number = 0;
        std::from_chars(digits.data() + 1 + 2 * i, digits.data() + 3 + 2 * i, number, 16);
        begin += std::to_string(number) + (i < 3 ? "." : "");
    }
    return put_operand(QuickKind::begins, begin, code);
}

QuickKind put_none_of(const Predicates& predicates, const Atom& atom,
                      std::vector<std::uint32_t>& code) {
    if (atom.count != 1) return QuickKind::ask;
    const Atom& part = predicates.atom(atom.begin);
    switch (part.op) {
        case Op::text: code[code.size() - 3] = quick_negated; return put_text(predicates, part, code);
        case Op::prefix:
            code[code.size() - 3] = quick_negated;
            return put_operand(QuickKind::prefix, predicates.operand(part), code);
        case Op::suffix:
            code[code.size() - 3] = quick_negated;
            return put_operand(QuickKind::suffix, predicates.operand(part), code);
        default: return put_list(QuickKind::no_texts, predicates, part, code);
    }
}

QuickKind put_atom(const Predicates& predicates, const Atom& atom,
                   std::vector<std::uint32_t>& code) {
    switch (atom.op) {
        case Op::text: return put_text(predicates, atom, code);
        case Op::prefix: return put_operand(QuickKind::prefix, predicates.operand(atom), code);
        case Op::suffix: return put_operand(QuickKind::suffix, predicates.operand(atom), code);
        case Op::equals_folded:
        case Op::prefix_folded:
            return put_operand(QuickKind::folded, predicates.operand(atom).substr(0, 8), code);
        case Op::wildcard: return put_wildcard(predicates.wildcard(atom), code);
        case Op::cidr: return put_block(predicates.operand(atom), atom.count, code);
        case Op::texts: return put_list(QuickKind::texts, predicates, atom, code);
        case Op::present: return QuickKind::present;
        case Op::none_of: return put_none_of(predicates, atom, code);
        default: {
            Bounds bounds;
            return bounds.narrow(predicates, atom) ? put_range(bounds, code) : QuickKind::ask;
        }
    }
}

}  // namespace

void write_quick_test(const Predicates& predicates, std::uint32_t predicate,
                      std::vector<std::uint32_t>& code) {
    const auto& of = predicates[predicate];
    auto begin = code.size();
    code.push_back(0);
    code.push_back(of.node);
    code.push_back(predicate);
    auto kind = QuickKind::ask;
    if (of.absent_holds && of.atom_count == 0) kind = QuickKind::absent;
    else if (!of.absent_holds && of.atom_count == 1)
        kind = put_atom(predicates, predicates.atom(of.first_atom), code);
    if (kind == QuickKind::ask) {
        code.resize(begin + 3);
        code[begin] = 0;
        if (of.absent_holds) kind = QuickKind::ask_always;
    }
    put_kind(kind, begin, code);
}

std::uint64_t quick_order(const Predicates& predicates, std::uint32_t predicate) {
    const auto& of = predicates[predicate];
    auto op = of.atom_count == 0 ? Op::present : predicates.atom(of.first_atom).op;
    return static_cast<std::uint64_t>(op) << 32 | of.node;
}

}  // namespace syncline::rules
