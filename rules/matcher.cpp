// Matching: from an event to the numbers of the rules that it satisfies. See rule_set.hpp.
//
// Three steps. The event is walked once for the values at watched paths (event_walk.hpp, of a text
// event_text.hpp). The index is descended by those values to records of alternatives that may hold
// (rule_index.hpp). Each record's remaining tests are made, one value after the other; where lists
// in this event make tests depend on one another, the alternative is evaluated as a whole
// (rule_evaluate.hpp).
#include <algorithm>

#include "rules/event_json.hpp"
#include "rules/event_text.hpp"
#include "rules/event_walk.hpp"
#include "rules/quick_test.hpp"
#include "rules/rule_evaluate.hpp"
#include "rules/rule_tables.hpp"

namespace syncline::rules {

namespace {

/// Descends the index for one event.
template <class Reader>
class Descent {
public:
    using Node = typename Reader::Node;
    using Stack = typename Evaluator<Reader>::Stack;

    Descent(const RuleProgram& program, const RuleIndex& index, const Reader& reader,
            EventValues& values, RuleIndex::Finds& finds)
        : program_(program), index_(index), reader_(reader), values_(values), finds_(finds) {
        finds_.cut(0);
    }

    void run(Node event, Stack& stack, std::vector<std::uint32_t>& out) {
        event_ = event;
        is_object_ = reader_.is_object(event);
        stack_ = &stack;
        out_ = &out;
        if (!index_.nodes.empty()) node(0);
    }

private:
    void node(std::uint32_t at) {
        if (values_.crowded() && !values_.first_visit(at)) return;
        const auto& node = index_.nodes.data()[at];
        // First all look-ups, then all records: where each waits for memory, they wait together.
        auto begin = finds_.size();
        if (node.path_count > 0) index_.find_equals(node, values_, finds_);
        const auto* probe = index_.probes.data() + node.first_probe;
        for (const auto* end = probe + node.probe_count; probe != end; ++probe)
            for (auto v = values_.first(probe->path); v != Value::none; v = values_[v].next)
                index_.find(*probe, values_, v, finds_);
        if (node.bucket != RuleIndex::none) bucket(node.bucket);
        for (auto i = begin; i < finds_.size(); ++i) {
            const auto found = finds_[i];
            auto records = index_.open(found, values_);
            if (records != RuleIndex::none) bucket(records);
        }
        finds_.cut(begin);
    }

    void bucket(std::uint32_t at) {
        const std::uint32_t* code = index_.code.data() + at;
        std::uint32_t count = *code++;
        if (count & RuleIndex::child_flag) return node(count & ~RuleIndex::child_flag);
        for (; count > 0; --count, code += code[3])
            if (record(code)) out_->push_back(code[0]);
    }

    /// A record: rule, alternative, lists << 16 | careful << 15 | tests, words, the tests.
    bool record(const std::uint32_t* code) {
        auto alternative = code[1], head = code[2];
        if (values_.crowded() && !values_.first_visit(index_.nodes.size() + alternative))
            return false;
        bool whole = (head >> 15 & 1) != 0 || (head >> 16 & values_.lists) != 0;
        const std::uint32_t* test = code + 4;
        for (auto count = head & 0x7FFF; count > 0; --count, test += quick_words(test)) {
            // Below a list, absence is a matter of the element.
            if (whole && program_.predicates[test[2]].absent_holds) continue;
            if (!quick_test_holds(test, program_.predicates, values_)) return false;
        }
        if (whole || !is_object_) return exactly(program_.alternatives[alternative]);
        return true;
    }

    bool exactly(const Alternative& alternative) {
        bool asks_nothing = alternative.test_count == 0 && alternative.condition_count == 0;
        if (asks_nothing) return true;
        if (!is_object_) return false;   // not even `exists: false`: there is no event
        Evaluator<Reader> evaluator(program_, reader_, values_, *stack_);
        return evaluator.holds(alternative, event_);
    }

    const RuleProgram& program_;
    const RuleIndex& index_;
    const Reader& reader_;
    EventValues& values_;
    RuleIndex::Finds& finds_;   // a stack: of each node on the way down
    Node event_{};
    bool is_object_ = false;
    Stack* stack_ = nullptr;
    std::vector<std::uint32_t>* out_ = nullptr;
};

}  // namespace

struct Matcher::Scratch {
    EventValues values;
    EventText text;
    Evaluator<EventText>::Stack text_stack;
    Evaluator<JsonReader>::Stack json_stack;
    RuleIndex::Finds finds;
    std::uint64_t serial = 0;   // of the set that `values` is ready for

    void start(const RuleSet::Tables& set, const Occasion& occasion) {
        if (serial != set.serial) {
            values.prepare(set.index.equals.size(),
                           set.index.nodes.size() + set.program.alternatives.size());
            serial = set.serial;
        }
        values.start(set.program.trie.size(), occasion.now_ms);
        read_text(occasion.source, values.add(PathTrie::source));
        read_text(occasion.type, values.add(PathTrie::type));
    }

    template <class Reader>
    void descend(const RuleSet::Tables& set, const Reader& reader, typename Reader::Node event,
                 typename Evaluator<Reader>::Stack& stack, std::vector<std::uint32_t>& out) {
        auto first = out.size();
        Descent<Reader>(set.program, set.index, reader, values, finds).run(event, stack, out);
        auto begin = out.begin() + static_cast<std::ptrdiff_t>(first);
        std::sort(begin, out.end());
        out.erase(std::unique(begin, out.end()), out.end());
    }
};

Matcher::Matcher() : scratch_(std::make_unique<Scratch>()) {}
Matcher::Matcher(Matcher&&) noexcept = default;
Matcher::~Matcher() = default;

void Matcher::match(const RuleSet& set, const Occasion& occasion, const Json& event,
                    std::vector<std::uint32_t>& out) {
    auto& scratch = *scratch_;
    const auto& tables = *set.tables_;
    scratch.start(tables, occasion);
    EventWalk(tables.program.trie, scratch.values).object(event, PathTrie::root);
    scratch.descend(tables, JsonReader(), &event, scratch.json_stack, out);
}

std::optional<JsonError> Matcher::match_text(const RuleSet& set, const Occasion& occasion,
                                             std::string_view event,
                                             std::vector<std::uint32_t>& out) {
    auto& scratch = *scratch_;
    const auto& tables = *set.tables_;
    scratch.start(tables, occasion);
    if (scratch.text.read(event, tables.program.trie, scratch.values)) {
        scratch.descend(tables, scratch.text, scratch.text.root(), scratch.text_stack, out);
        return std::nullopt;
    }
    JsonError error;
    error.message = "no JSON";
    Json::parse(event, &error);   // says what is wrong, and where
    return error;
}

}  // namespace syncline::rules
