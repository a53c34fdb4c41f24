// See hub.hpp.
#include "tests/simulation/hub.hpp"

#include "core/runtime/source_ports.hpp"

namespace syncline::simulation {
namespace {

// As the store's thread waits.
constexpr std::int64_t idle_ms = 250;
constexpr std::int64_t recovery_ms = 1000;
constexpr std::size_t idle_turns_max = 4;   // after a commit; then nothing is left to tidy

/// Errors after which a batch may be on the disk all the same.
bool leaves_doubt(ErrorCode code) {
    return code == ErrorCode::io || code == ErrorCode::disk_full || code == ErrorCode::corrupt;
}

}  // namespace

void SimulatedLoop::run_one() {
    bool timer = !timers_.empty() && timers_.begin()->first.first <= world_.now();
    if (timer && (posted_.empty() || world_.dice.chance(500))) {
        auto work = std::move(timers_.begin()->second);
        timers_.erase(timers_.begin());
        origin_ = world_.moment();
        return work();
    }
    auto [posted, work] = std::move(posted_.front());
    posted_.pop_front();
    origin_ = posted;
    work();
}

/// Tells the model of everything that the store's thread does.
class SimulatedHub::WatchedWriter final : public store::Writer {
public:
    WatchedWriter(SimulatedHub& hub, std::unique_ptr<store::Writer> real)
        : hub_(hub), model_(hub.ground_.model), real_(std::move(real)) {}

    Result<std::vector<store::WriteResult>> commit(const std::vector<store::Write*>& writes,
                                                   std::int64_t now_ms) override {
        model_.committing(writes);
        auto results = real_->commit(writes, now_ms);
        if (results) model_.committed(writes, *results);
        else model_.refused(leaves_doubt(results.error().code) || hub_.dead());
        return results;
    }
    decltype(std::declval<store::Writer>().idle(0)) idle(std::int64_t now_ms) override {
        return real_->idle(now_ms);
    }
    Result<void> recover() override {
        auto recovered = real_->recover();
        if (!recovered || hub_.dead()) return recovered;
        hub_.ground_.world.history.note("store: recovered");
        Disk::Mercy mercy(hub_.ground_.disk);
        auto reader = hub_.store_->open_reader();
        if (!reader) return reader.error();
        model_.recovered(**reader);
        return recovered;
    }

private:
    SimulatedHub& hub_;
    Model& model_;
    std::unique_ptr<store::Writer> real_;
};

SimulatedHub::SimulatedHub(Ground ground)
    : ground_(std::move(ground)),
      router_(ground_.config, ground_.plugins),
      random_(ground_.world.dice.next_u64(), "hub"),
      loop_(ground_.world) {}

SimulatedHub::~SimulatedHub() {
    // Callbacks of what ends now must not speak to the world.
    killed_ = true;
}

Result<void> SimulatedHub::open() {
    store::SqliteOptions options;
    options.path = ground_.path;
    options.dedupe_window_ms = ground_.config.dedupe_window_ms;
    options.vfs = Disk::vfs();
    options.clock = &ground_.world.clock;
    store_ = store::make_sqlite_store(options);
    auto writer = store_->open_writer();
    if (!writer) return writer.error();
    store_thread_ = std::make_unique<StoreThread>(
        std::make_unique<WatchedWriter>(*this, std::move(*writer)), ground_.world.clock,
        [this](std::vector<store::StoredEvent> stored) { dispatcher_->offer(std::move(stored)); },
        [this] { dispatcher_->reload(); });
    auto reader = store_->open_reader();
    if (!reader) return reader.error();
    reader_ = std::move(*reader);
    auto compared = compare();
    if (!compared) return compared;
    services_ = std::make_unique<LoopServices>(loop_, *reader_);
    transport_ = ground_.sinks.connect(*this);
    driver_ = std::make_unique<host::Driver>(*transport_, *services_, ground_.world.clock);
    attempts_ = std::make_unique<AttemptRunner>(ground_.config, *driver_, ground_.world.clock,
                                                random_);
    auto opened = attempts_->open(ground_.plugins);
    if (!opened) return opened;
    dispatcher_ = std::make_unique<Dispatcher>(
        Dispatcher::Parts{ground_.config, router_, *attempts_, *reader_, *this, loop_,
                          ground_.world.clock, random_});
    auto loaded = dispatcher_->load();
    if (!loaded) return loaded;
    auto ports = make_source_ports(ground_.config, ground_.plugins);
    if (!ports) return ports.error();
    receiver_ = std::make_unique<Receiver>(std::move(*ports), *this, ground_.world.clock, random_);
    store_turned_ms_ = ground_.world.now();
    return {};
}

/// Before anything is done with what is there.
Result<void> SimulatedHub::compare() {
    if (dead()) return Error(ErrorCode::unavailable, "the power went");
    Disk::Mercy mercy(ground_.disk);
    auto look = store_->open_reader();
    if (!look) return look.error();
    ground_.model.begins(**look);
    return {};
}

// --- Turns ---------------------------------------------------------------------------------------

/// As the HTTP server does it.
void SimulatedHub::receive(HttpRequest request, HttpHandler::Done done) {
    HttpHandler::Admission admission;
    admission.body_bytes_max = limits::body_bytes_default;
    receiver_->admit(request, admission);
    if (admission.refused) return done(admission.refusal);
    receiver_->handle(std::move(request), [this, done = std::move(done)](HttpResponse response) {
        if (!dead()) done(std::move(response));
    });
}

bool SimulatedHub::store_is_due() const {
    std::int64_t next = store_next_ms();
    return next >= 0 && next <= ground_.world.now();
}

std::int64_t SimulatedHub::store_next_ms() const {
    if (store_thread_->queued() > 0) return ground_.world.now();
    if (!store_thread_->healthy()) return store_turned_ms_ + recovery_ms;
    return idle_turns_ > 0 ? store_turned_ms_ + idle_ms : -1;
}

void SimulatedHub::store_turn() {
    if (store_thread_->queued() > 0) idle_turns_ = idle_turns_max;
    else if (idle_turns_ > 0) --idle_turns_;
    store_thread_->turn(std::chrono::milliseconds(0));
    store_turned_ms_ = ground_.world.now();
}

// --- The seams between the threads, as in core/runtime/hub.cpp -----------------------------------

bool SimulatedHub::submit(store::AcceptRequest request, AcceptSink::Done done) {
    return store_thread_->submit(std::move(request),
                                 [done = std::move(done)](Result<store::WriteResult> result) {
                                     if (result) done(result->duplicates);
                                     else done(result.error());
                                 });
}

void SimulatedHub::settle(store::Write write, std::function<void(bool)> done) {
    if (!dead()) ground_.model.hands_over(write, ground_.world.moment());
    store_thread_->submit_owed(std::move(write),
                               [done = std::move(done)](Result<store::WriteResult> result) {
                                   done(result.has_value());
                               });
}

bool SimulatedHub::sends(const HttpRequest& request) {
    if (dead()) return false;
    ground_.model.sends(request, loop_.origin());
    return true;
}

void SimulatedHub::hears(const HttpRequest& request, const host::HttpResult& result) {
    if (!dead()) ground_.model.hears(request, result);
}

// --- The operator --------------------------------------------------------------------------------

void SimulatedHub::replay(std::vector<std::uint64_t> ids) {
    store::Replay write;
    write.delivery_ids = std::move(ids);
    replaying_ = store_thread_->submit(
        std::move(write), [this](Result<store::WriteResult>) { replaying_ = false; });
}

void SimulatedHub::commit(store::Write write,
                          std::function<void(const store::WriteResult&)> then) {
    store_thread_->submit(std::move(write),
                          [this, then = std::move(then)](Result<store::WriteResult> result) {
                              if (result && !dead()) then(*result);
                          });
}

void SimulatedHub::cancel(std::vector<std::uint64_t> ids) {
    store::Cancel order;
    order.delivery_ids = ids;
    commit(std::move(order), [this, ids](const store::WriteResult& result) {
        dispatcher_->cancelled(result.changed, [this, ids] { ground_.model.cancels_known(ids); });
    });
}

void SimulatedHub::retry_now(std::vector<std::uint64_t> ids) {
    store::RetryNow order;
    order.delivery_ids = std::move(ids);
    commit(std::move(order), [this](const store::WriteResult& result) {
        dispatcher_->hurried(result.changed, [] {});
    });
}

void SimulatedHub::hold(const std::string& destination) {
    store::HoldChange change;
    change.destination = destination;
    change.by_hand = true;
    change.reason = "simulated";
    change.since_ms = ground_.world.clock.wall_ms();
    store::Hold hold;
    hold.destination = destination;
    hold.by_hand = true;
    hold.reason = change.reason;
    hold.since_ms = change.since_ms;
    commit(std::move(change), [this, hold](const store::WriteResult&) {
        dispatcher_->held(hold, [this, hold] {
            ground_.model.holds(hold.destination, ground_.world.moment());
        });
    });
}

void SimulatedHub::release(const std::string& destination) {
    store::HoldChange change;
    change.destination = destination;
    change.by_hand = true;
    change.held = false;
    commit(std::move(change), [this, destination](const store::WriteResult&) {
        ground_.model.releases(destination);
        dispatcher_->released(destination, [] {});
    });
}

void SimulatedHub::drain() {
    loop_.post([this] { dispatcher_->drain([this] { drained_ = true; }); });
}

}  // namespace syncline::simulation
