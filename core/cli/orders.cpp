// `syncline replay`, `cancel` and `retry`: what a person orders of the deliveries that a filter selects.
// Asks the running hub's admin API; when no hub listens there, takes the store itself (its lock keeps a
// hub away meanwhile), and what is due goes out when the hub runs next. The count comes before the deed.
#include "core/runtime/orders.hpp"

#include <istream>
#include <ostream>

#include "core/admin/filter_words.hpp"
#include "core/base/text.hpp"
#include "core/cli/commands.hpp"
#include "core/cli/hub_client.hpp"
#include "core/cli/store_writer.hpp"

namespace syncline::cli {
namespace {

/// An order in words: "deliver 3 deliveries again?".
struct Words {
    Order order;
    std::string_view verb, after;       // around the count, asked and in hints
    std::string_view would, done;       // after the count
};

constexpr Words words_of_replay = {Order::replay, "deliver", " again", "would be delivered again",
                                   "will be delivered again"};
constexpr Words words_of_cancel = {Order::cancel, "cancel", "", "would be cancelled",
                                   "cancelled"};
constexpr Words words_of_retry = {Order::retry, "try", " now", "would be tried now",
                                  "will be tried now"};

/// Who carries it out: the running hub, or this process on the store.
class Performer {
public:
    virtual ~Performer() = default;
    virtual Result<std::size_t> count() = 0;
    virtual Result<std::size_t> perform() = 0;
};

class HubPerformer final : public Performer {
public:
    HubPerformer(Order order, const Arguments& arguments, const config::AdminConfig& admin)
        : order_(order), arguments_(arguments), hub_(admin) {}
    Result<std::size_t> count() override { return ask(true); }
    Result<std::size_t> perform() override { return ask(false); }

private:
    Result<std::size_t> ask(bool dry_run) {
        Json body = Json::object();
        for (const auto& [name, value] : arguments_.filter_words) body.set(name, value);
        body.set("dry_run", dry_run);
        auto answer = hub_.post("/api/v1/" + std::string(order_name(order_)), body);
        if (!answer) return answer.error();
        auto count = (*answer)["count"].as_int64();
        if (!count) return Error(ErrorCode::internal, "the hub answers without a count");
        return static_cast<std::size_t>(*count);
    }

    const Order order_;
    const Arguments& arguments_;
    HubClient hub_;
};

class StorePerformer final : public Performer {
public:
    StorePerformer(Order order, StoreWriter store, store::Filter filter)
        : order_(order), store_(std::move(store)), filter_(std::move(filter)) {}

    Result<std::size_t> count() override {
        auto ids = select_for(order_, *store_.reader, filter_);
        if (!ids) return ids.error();
        return ids->size();
    }
    Result<std::size_t> perform() override {
        auto ids = select_for(order_, *store_.reader, filter_);
        if (!ids) return ids.error();
        return carry_out(order_, *ids,
                         [this](store::Write write) { return store_.commit(std::move(write)); });
    }

private:
    const Order order_;
    StoreWriter store_;
    const store::Filter filter_;
};

std::string counted(std::size_t count) {
    return std::to_string(count) + (count == 1 ? " delivery" : " deliveries");
}

bool confirmed(const Words& words, std::size_t count, Terminal& terminal) {
    terminal.err << words.verb << ' ' << counted(count) << words.after << "? [y/N] " << std::flush;
    std::string answer;
    std::getline(terminal.in, answer);
    return equals_ignore_case(trim(answer), "y") || equals_ignore_case(trim(answer), "yes");
}

void print_result(const Arguments& arguments, std::string_view what, std::size_t count,
                  Terminal& terminal) {
    if (!arguments.json) {
        terminal.out << counted(count) << ' ' << what << '\n';
        return;
    }
    Json made = Json::object();
    made.set("count", count);
    made.set("dry_run", arguments.dry_run);
    terminal.out << made.dump() << '\n';
}

ExitCode failed(const Error& error, Terminal& terminal) {
    print_error(terminal, error.text());
    return ExitCode::failed;
}

ExitCode perform(const Words& words, Performer& performer, std::size_t count,
                 const Arguments& arguments, Terminal& terminal) {
    if (arguments.dry_run || count == 0) {
        print_result(arguments, words.would, count, terminal);
        return ExitCode::ok;
    }
    if (!arguments.yes && !terminal.interactive) {
        print_error(terminal, std::to_string(count) + " deliveries match; say --yes to " +
                                  std::string(words.verb) + " them" + std::string(words.after));
        return ExitCode::usage;
    }
    if (!arguments.yes && !confirmed(words, count, terminal)) {
        terminal.err << "nothing was done\n";
        return ExitCode::failed;
    }
    auto done = performer.perform();
    if (!done) return failed(done.error(), terminal);
    print_result(arguments, words.done, *done, terminal);
    return ExitCode::ok;
}

ExitCode order_command(const Words& words, const Arguments& arguments,
                       const Surroundings& surroundings, Terminal& terminal) {
    auto filter = filter_of(arguments, surroundings, terminal);
    if (!filter) return ExitCode::usage;
    if (!filter_selects(*filter)) {
        print_error(terminal, "say what to " + std::string(words.verb) + std::string(words.after) +
                                  ": at least one of --state, --rule, --destination, --since, "
                                  "--until, --type, --source, --subject, --event, --id");
        return ExitCode::usage;
    }
    auto config = config_for_reading(arguments, surroundings, terminal);
    if (!config) return ExitCode::usage;
    std::unique_ptr<Performer> performer =
        std::make_unique<HubPerformer>(words.order, arguments, config->admin);
    auto count = performer->count();
    if (!count && count.error().code == ErrorCode::unavailable) {
        auto own = StoreWriter::open(*config, surroundings.clock);
        if (!own) return failed(own.error(), terminal);
        performer = std::make_unique<StorePerformer>(words.order, std::move(*own), *filter);
        count = performer->count();
    }
    if (!count) return failed(count.error(), terminal);
    return perform(words, *performer, *count, arguments, terminal);
}

}  // namespace

ExitCode replay_command(const Arguments& arguments, const Surroundings& surroundings,
                        Terminal& terminal) {
    return order_command(words_of_replay, arguments, surroundings, terminal);
}

ExitCode cancel_command(const Arguments& arguments, const Surroundings& surroundings,
                        Terminal& terminal) {
    return order_command(words_of_cancel, arguments, surroundings, terminal);
}

ExitCode retry_command(const Arguments& arguments, const Surroundings& surroundings,
                       Terminal& terminal) {
    return order_command(words_of_retry, arguments, surroundings, terminal);
}

}  // namespace syncline::cli
