// `syncline replay`: makes new deliveries of those that a filter selects. Asks the running hub's
// admin API; when no hub listens there, takes the store itself (its lock keeps a hub away
// meanwhile), and the deliveries go out when the hub runs next. The count comes before the deed.
#include <istream>
#include <ostream>

#include "core/admin/filter_words.hpp"
#include "core/base/text.hpp"
#include "core/cli/commands.hpp"
#include "core/cli/http_call.hpp"

namespace syncline::cli {
namespace {

/// A replay waits for the store's thread: 10,000 new rows are far below this.
constexpr std::int64_t replay_timeout_ms = 60'000;

/// Who performs a replay: the running hub, or this process on the store.
class Replayer {
public:
    virtual ~Replayer() = default;
    virtual Result<std::size_t> count() = 0;
    virtual Result<std::size_t> replay() = 0;
};

class HubReplayer final : public Replayer {
public:
    HubReplayer(const Arguments& arguments, const config::AdminConfig& admin)
        : arguments_(arguments), admin_(admin) {}
    Result<std::size_t> count() override { return ask(true); }
    Result<std::size_t> replay() override { return ask(false); }

private:
    std::string url() const {
        std::string host = admin_.listen.host;
        if (host.empty() || host == "0.0.0.0" || host == "::" || host == "*") host = "127.0.0.1";
        if (host.find(':') != std::string::npos) host = "[" + host + "]";
        return "http://" + host + ":" + std::to_string(admin_.listen.port) + "/api/v1/replay";
    }

    Result<std::size_t> ask(bool dry_run) {
        Json body = Json::object();
        for (const auto& [name, value] : arguments_.filter_words) body.set(name, value);
        body.set("dry_run", dry_run);
        HttpRequest request;
        request.method = "POST";
        request.target = url();
        request.headers.add("Content-Type", "application/json");
        request.headers.add("Authorization", "Bearer " + admin_.token);
        request.body = body.dump();
        auto answer = caller_.call(request, replay_timeout_ms);
        if (!answer) return answer.error();
        auto json = Json::parse(answer->body);
        if (answer->status == 401)
            return Error(ErrorCode::unauthorized,
                         "the hub at " + url() + " refuses the admin token: is admin.token set "
                         "here as it is for the hub?");
        if (answer->status != 200 || !json || !(*json)["count"].as_int64())
            return Error(ErrorCode::internal,
                         "the hub answers " + std::to_string(answer->status) + ": " +
                             printable(json ? (*json)["error"].as_string() : answer->body));
        return static_cast<std::size_t>(*(*json)["count"].as_int64());
    }

    const Arguments& arguments_;
    const config::AdminConfig& admin_;
    HttpCaller caller_;
};

class StoreReplayer final : public Replayer {
public:
    static Result<std::unique_ptr<Replayer>> make(const config::HubConfig& config,
                                                  const store::Filter& filter,
                                                  std::int64_t now_ms) {
        auto reader = open_reader(config);
        if (!reader) return reader.error();
        auto writer = open_store(config)->open_writer();
        if (!writer && writer.error().code == ErrorCode::locked)
            return Error(ErrorCode::locked,
                         writer.error().text() +
                             "; its admin port cannot be reached at admin.listen");
        if (!writer) return writer.error();
        return std::unique_ptr<Replayer>(
            new StoreReplayer(std::move(*reader), std::move(*writer), filter, now_ms));
    }

    Result<std::size_t> count() override {
        ids_.clear();
        std::size_t gone = 0;
        store::Filter page = filter_;
        page.limit = filter_limit_max;
        for (;;) {
            auto rows = reader_->deliveries(page);
            if (!rows) return rows.error();
            // What is pending goes out anyway; a derivation is repeated by its event.
            for (const auto& row : *rows) {
                if (row.delivery.state == DeliveryState::pending ||
                    row.delivery.kind != DeliveryKind::action)
                    continue;
                if (row.payload_state != PayloadState::kept) ++gone;
                else ids_.push_back(row.delivery.id);
            }
            if (rows->size() < page.limit && ids_.empty() && gone > 0)
                return store::payload_gone(gone);
            if (rows->size() < page.limit) return ids_.size();
            page.before = rows->back().delivery.id;
        }
    }

    Result<std::size_t> replay() override {
        auto counted = count();
        if (!counted) return counted;
        std::size_t done = 0;
        // Newest first came from the store; the oldest goes out first.
        while (!ids_.empty()) {
            store::Replay order;
            while (!ids_.empty() && order.delivery_ids.size() < filter_limit_max) {
                order.delivery_ids.push_back(ids_.back());
                ids_.pop_back();
            }
            done += order.delivery_ids.size();
            store::Write write(std::move(order));
            std::vector<store::Write*> writes = {&write};
            auto committed = writer_->commit(writes, now_ms_);
            if (!committed) return committed.error();
        }
        return done;
    }

private:
    StoreReplayer(std::unique_ptr<store::Reader> reader, std::unique_ptr<store::Writer> writer,
                  store::Filter filter, std::int64_t now_ms)
        : reader_(std::move(reader)),
          writer_(std::move(writer)),
          filter_(std::move(filter)),
          now_ms_(now_ms) {}
    std::unique_ptr<store::Reader> reader_;
    std::unique_ptr<store::Writer> writer_;
    store::Filter filter_;
    std::int64_t now_ms_;
    std::vector<std::uint64_t> ids_;   // newest first
};

bool confirmed(std::size_t count, Terminal& terminal) {
    terminal.err << "deliver " << count << (count == 1 ? " delivery" : " deliveries")
                 << " again? [y/N] " << std::flush;
    std::string answer;
    std::getline(terminal.in, answer);
    return equals_ignore_case(trim(answer), "y") || equals_ignore_case(trim(answer), "yes");
}

void print_result(const Arguments& arguments, std::string_view what, std::size_t count,
                  Terminal& terminal) {
    if (arguments.json) {
        Json made = Json::object();
        made.set("count", count);
        made.set("dry_run", arguments.dry_run);
        terminal.out << made.dump() << '\n';
        return;
    }
    terminal.out << count << (count == 1 ? " delivery " : " deliveries ") << what << '\n';
}

ExitCode failed(const Error& error, Terminal& terminal) {
    print_error(terminal, error.text());
    return ExitCode::failed;
}

ExitCode perform(Replayer& replayer, std::size_t count, const Arguments& arguments,
                 Terminal& terminal) {
    if (arguments.dry_run || count == 0) {
        print_result(arguments, "would be delivered again", count, terminal);
        return ExitCode::ok;
    }
    if (!arguments.yes && !terminal.interactive) {
        print_error(terminal, std::to_string(count) +
                                  " deliveries match; say --yes to deliver them again");
        return ExitCode::usage;
    }
    if (!arguments.yes && !confirmed(count, terminal)) {
        terminal.err << "nothing was done\n";
        return ExitCode::failed;
    }
    auto done = replayer.replay();
    if (!done) return failed(done.error(), terminal);
    print_result(arguments, "will be delivered again", *done, terminal);
    return ExitCode::ok;
}

}  // namespace

ExitCode replay_command(const Arguments& arguments, const Surroundings& surroundings,
                        Terminal& terminal) {
    auto filter = filter_of(arguments, surroundings, terminal);
    if (!filter) return ExitCode::usage;
    if (!filter_selects(*filter)) {
        print_error(terminal, "say what to deliver again: at least one of --state, --rule, "
                              "--destination, --since, --type, --source, --subject, --event, --id");
        return ExitCode::usage;
    }
    auto config = config_for_reading(arguments, surroundings, terminal);
    if (!config) return ExitCode::usage;
    std::unique_ptr<Replayer> replayer;
    Result<std::size_t> count = Error(ErrorCode::unavailable, "the admin port is off");
    if (config->admin.enabled && config->admin.listen.port != 0) {
        replayer = std::make_unique<HubReplayer>(arguments, config->admin);
        count = replayer->count();
    }
    if (!count && count.error().code == ErrorCode::unavailable) {
        auto own = StoreReplayer::make(*config, *filter, surroundings.clock.wall_ms());
        if (!own) return failed(own.error(), terminal);
        replayer = std::move(*own);
        count = replayer->count();
    }
    if (!count) return failed(count.error(), terminal);
    return perform(*replayer, *count, arguments, terminal);
}

}  // namespace syncline::cli
