// The scheduler of a run: which of all that could happen next does. Faults strike until the load has
// been sent and they have all had their time; then the surroundings are calm, and everything must
// settle.
#include "tests/simulation/simulation.hpp"

#include <memory>

#include "tests/simulation/hub.hpp"
#include "tests/simulation/senders.hpp"

namespace syncline::simulation {
namespace {

using testing_support::Fault;
using testing_support::Unsynced;

constexpr std::uint64_t steps_max = 1'000'000;        // some hundred times what a run takes
constexpr std::int64_t faults_after_load_ms = 120'000;
constexpr std::int64_t stop_ms = 10'000;              // how long attempts have to end when asked
// A Retry-After is obeyed for a day; a rate of 1/10s takes some hours for a full load.
constexpr std::int64_t calm_ms_max = 3 * 86'400'000LL;

class Run {
public:
    Run(std::uint64_t seed, const std::string& folder, bool print);
    Report go();

private:
    void plan(std::size_t times, void (Run::*fault)());
    void plan_faults();
    void step();
    void turn_one();
    void pass_time();
    void boot();
    void bury();
    void end_life(bool power);
    void kill() { end_life(false); }
    void cut_power() { end_life(true); }
    void cut_power_soon() { disk_.cut_at(1 + world_.dice.below(200)); }
    void stop_kindly();
    void finish_stop();
    void trouble_the_disk();
    void jump_the_clock();
    void operate();
    void order();
    void begin_calm();
    bool settled() const;
    void check_end();

    World world_;
    Scenario scenario_;
    Disk disk_;
    Sinks sinks_;
    Model model_;
    host::PluginSet plugins_;
    std::optional<config::HubConfig> config_;
    std::string folder_;
    Senders senders_;
    std::unique_ptr<SimulatedHub> hub_;
    std::int64_t stop_until_ms_ = -1;    // -1: nobody asked the hub to stop
    std::int64_t store_stalled_until_ms_ = 0;
    std::int64_t loop_stalled_until_ms_ = 0;
    std::int64_t calm_since_ms_ = 0;
    std::size_t lives_ = 0;
};

Run::Run(std::uint64_t seed, const std::string& folder, bool print)
    : world_(seed, print),
      scenario_(seed),
      disk_(seed),
      sinks_(world_),
      model_(world_, scenario_, sinks_),
      plugins_(simulated_plugins()),
      folder_(folder),
      senders_(world_, model_, [this](HttpRequest request, Senders::Answer answer) {
          if (!hub_ || stop_until_ms_ >= 0) return false;
          hub_->receive(std::move(request), std::move(answer));
          return true;
      }) {
    auto config = scenario_.config(plugins_);
    if (config) config_.emplace(std::move(*config));
    else world_.history.violated("the hub file is wrong: " + config.error().text());
}

// --- Faults --------------------------------------------------------------------------------------

void Run::plan(std::size_t times, void (Run::*fault)()) {
    std::int64_t until = world_.faults.load_ms + faults_after_load_ms / 2;
    for (std::size_t i = 0; i < times; ++i)
        world_.agenda.in(world_.dice.between(0, until), [this, fault] { (this->*fault)(); });
}

void Run::plan_faults() {
    const FaultMix& faults = world_.faults;
    plan(faults.kills, &Run::kill);
    plan(faults.power_cuts, &Run::cut_power);
    plan(faults.disk_cuts, &Run::cut_power_soon);
    plan(faults.stops, &Run::stop_kindly);
    plan(faults.disk_troubles, &Run::trouble_the_disk);
    plan(faults.clock_jumps, &Run::jump_the_clock);
    world_.agenda.in(faults.load_ms + faults_after_load_ms, [this] { begin_calm(); });
}

void Run::end_life(bool power) {
    if (!hub_ || hub_->dead()) return;
    world_.history.note(power ? "the power goes" : "the hub is killed");
    if (power) disk_.off();
    else hub_->kill();
}

/// What is left of a hub that is dead goes, and the machine starts again.
void Run::bury() {
    bool power = disk_.is_off();
    disk_.off();   // a killed process writes nothing any more
    hub_.reset();
    stop_until_ms_ = -1;
    if (power) {
        auto unsynced = testing_support::all_unsynced[world_.dice.below(6)];
        world_.history.note(std::string("the power comes back, unsynced writes: ") +
                            testing_support::unsynced_name(unsynced));
        disk_.on(unsynced);
    } else {
        disk_.on();
    }
    world_.agenda.in(world_.calm ? 100 : world_.dice.skewed(30'000), [this] { boot(); });
}

void Run::boot() {
    if (!config_) return;
    ++lives_;
    store_stalled_until_ms_ = loop_stalled_until_ms_ = 0;
    hub_ = std::make_unique<SimulatedHub>(
        Ground{world_, scenario_, *config_, plugins_, disk_, sinks_, model_, folder_ + "/hub.db"});
    auto opened = hub_->open();
    world_.history.note(opened ? "the hub runs" : "the hub cannot start: " +
                                          std::string(error_code_name(opened.error().code)));
    if (opened || hub_->dead()) return;
    hub_.reset();
    world_.agenda.in(world_.calm ? 100 : 1000 + world_.dice.skewed(5000), [this] { boot(); });
}

void Run::stop_kindly() {
    if (!hub_ || hub_->dead() || stop_until_ms_ >= 0) return;
    world_.history.note("the hub is asked to stop");
    stop_until_ms_ = world_.now() + stop_ms;
    hub_->drain();
    world_.agenda.in(stop_ms, [] {});   // so that time gets there
}

void Run::finish_stop() {
    constexpr int turns_max = 100;
    for (int i = 0; i < turns_max && hub_->store_is_due() && !hub_->dead(); ++i) hub_->store_turn();
    if (hub_->dead()) return bury();
    world_.history.note("the hub has stopped");
    hub_.reset();
    stop_until_ms_ = -1;
    if (disk_.is_off()) return bury();   // while the store was closed
    world_.agenda.in(world_.calm ? 100 : world_.dice.skewed(5000), [this] { boot(); });
}

void Run::trouble_the_disk() {
    constexpr Fault kinds[] = {Fault::io_error, Fault::disk_full, Fault::short_write,
                               Fault::failed_sync};
    auto kind = world_.dice.below(std::size(kinds));
    world_.history.note("disk: trouble of kind " + std::to_string(kind));
    if (world_.faults.disk_reads_fail) disk_.unreadable(world_.faults.disk_fails / 4);
    disk_.trouble(kinds[kind], world_.faults.disk_fails);
    world_.agenda.in(world_.dice.skewed(60'000), [this] {
        world_.history.note("disk: well again");
        disk_.heal();
    });
}

void Run::jump_the_clock() {
    std::int64_t most = world_.faults.clock_jump_ms;
    std::int64_t ms = world_.dice.between(-most, most);
    world_.history.note("the wall clock jumps by " + std::to_string(ms) + "ms");
    world_.jump_wall(ms);
}

/// A person looks now and then, and repeats the dead letters that hold a lane.
void Run::operate() {
    if (hub_ && !hub_->dead() && !world_.calm && world_.dice.chance(world_.faults.orders)) order();
    if (hub_ && !hub_->dead() && world_.calm)
        for (const auto& name : model_.held()) hub_->release(name);
    if (hub_ && !hub_->dead() && !hub_->replaying()) {
        auto ids = model_.letters_that_hold();
        if (!ids.empty() && (world_.calm || world_.dice.chance(500))) {
            world_.history.note("operator: repeats " + std::to_string(ids.size()) +
                                " dead letters");
            hub_->replay(std::move(ids));
        }
    }
    world_.agenda.in(world_.calm ? 60'000 : 10'000 + world_.dice.skewed(120'000), [this] {
        if (!settled()) operate();
    });
}

void Run::order() {
    auto ids = model_.waiting();
    std::erase_if(ids, [this](auto) { return world_.dice.chance(700); });
    const auto& destinations = scenario_.destinations;
    const std::string& name = destinations[world_.dice.below(destinations.size())].name;
    auto what = world_.dice.below(4);
    constexpr const char* orders[] = {"cancel", "retry now", "hold", "release"};
    world_.history.note(std::string("operator: ") + orders[what] + ", " +
                        (what < 2 ? std::to_string(ids.size()) + " deliveries" : name));
    if (what == 0) hub_->cancel(std::move(ids));
    else if (what == 1) hub_->retry_now(std::move(ids));
    else if (what == 2) hub_->hold(name);
    else hub_->release(name);
}

void Run::begin_calm() {
    world_.history.note("calm: nothing fails any more");
    world_.calm = true;
    calm_since_ms_ = world_.now();
    disk_.heal();
    disk_.cut_at(0);
    world_.jump_wall(-world_.skew_ms());
    operate();
}

// --- Steps ---------------------------------------------------------------------------------------

void Run::step() {
    world_.history.next_step();
    const FaultMix& faults = world_.faults;
    if (!world_.calm && world_.dice.chance(faults.tick))
        world_.clock.advance_ms(world_.dice.skewed(20));
    turn_one();
    if (hub_ && hub_->dead()) return bury();
    if (stop_until_ms_ >= 0 && (hub_->drained() || world_.now() >= stop_until_ms_))
        return finish_stop();
    if (world_.calm || !world_.dice.chance(faults.stall)) return;
    auto& stalled = world_.dice.chance(500) ? store_stalled_until_ms_ : loop_stalled_until_ms_;
    stalled = world_.now() + world_.dice.skewed(faults.stall_ms);
}

void Run::turn_one() {
    bool loop = hub_ && hub_->loop().is_due() && world_.now() >= loop_stalled_until_ms_;
    bool store = hub_ && hub_->store_is_due() && world_.now() >= store_stalled_until_ms_;
    bool agenda = world_.agenda.is_due();
    unsigned ready = unsigned{loop} + unsigned{store} + unsigned{agenda};
    if (ready == 0) return pass_time();
    std::size_t chosen = world_.dice.below(ready);
    if (loop && chosen-- == 0) return hub_->loop().run_one();
    if (store && chosen-- == 0) return hub_->store_turn();
    world_.agenda.run_one();
}

void Run::pass_time() {
    std::int64_t next = -1;
    auto consider = [&](std::int64_t at) {
        if (at >= 0 && (next < 0 || at < next)) next = at;
    };
    consider(world_.agenda.next_ms());
    if (hub_) {
        std::int64_t loop = hub_->loop().is_due() ? 0 : hub_->loop().next_ms();
        if (loop >= 0) consider(std::max(loop, loop_stalled_until_ms_));
        std::int64_t store = hub_->store_next_ms();
        if (store >= 0) consider(std::max(store, store_stalled_until_ms_));
    }
    if (next < 0) return world_.history.violated("nothing will ever happen again");
    world_.clock.advance_ms(std::max<std::int64_t>(0, next - world_.now()));
}

bool Run::settled() const {
    return world_.calm && hub_ && stop_until_ms_ < 0 && senders_.unanswered() == 0 &&
           model_.pending() == 0 && model_.held().empty() && model_.letters_that_hold().empty();
}

/// The power goes once more: all that was settled must be there.
void Run::check_end() {
    world_.history.note("settled: " + model_.text());
    disk_.off();
    hub_.reset();
    disk_.on(Unsynced::dropped);
    boot();
    if (!hub_) world_.history.violated("the hub does not start after the last power cut");
    hub_.reset();
}

Report Run::go() {
    plan_faults();
    senders_.begin();
    world_.agenda.in(0, [this] { boot(); });
    world_.agenda.in(world_.dice.between(0, 60'000), [this] { if (!world_.calm) operate(); });
    while (!world_.history.violation() && !settled()) {
        step();
        if (world_.history.step() > steps_max) world_.history.violated("the run does not end");
        if (world_.calm && world_.now() - calm_since_ms_ > calm_ms_max)
            world_.history.violated("not settled after " + std::to_string(calm_ms_max / 3'600'000) +
                                    " calm hours: " + std::to_string(senders_.unanswered()) +
                                    " requests unanswered, " + model_.text());
    }
    if (!world_.history.violation()) check_end();
    if (world_.history.violation()) disk_.off();
    hub_.reset();
    Report report;
    report.seed = world_.seed;
    report.violation = world_.history.violation();
    report.digest = world_.history.digest();
    report.steps = world_.history.step();
    report.simulated_ms = world_.now();
    report.lives = lives_;
    report.mix = world_.faults.text();
    report.ending = model_.text();
    report.yaml = scenario_.yaml();
    report.last = world_.history.last();
    return report;
}

}  // namespace

Report simulate(std::uint64_t seed, const std::string& folder, bool print) {
    return Run(seed, folder, print).go();
}

}  // namespace syncline::simulation
