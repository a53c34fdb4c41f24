// `syncline run`: the hub in the foreground. One line on stdout when it serves; SIGTERM and SIGINT
// let attempts in flight finish, a second one ends the process at once (the store is safe at any
// moment). This thread waits for signals and does nothing else.
#include <csignal>
#include <ostream>

#include "core/admin/admin_api.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/cli/commands.hpp"
#include "core/runtime/hub.hpp"

namespace syncline::cli {
namespace {

/// What attempts in flight get at a stop; one that takes longer is resumed at the next start.
constexpr std::int64_t drain_ms = 10'000;

sigset_t stop_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    return signals;
}

/// Blocked before any thread exists, so that all inherit it and only wait_for_stop() sees them.
void block_signals() {
    sigset_t signals = stop_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

void wait_for_stop() {
    sigset_t signals = stop_signals();
    for (;;) {
        int signal = 0;
        if (sigwait(&signals, &signal) != 0) continue;
        if (signal != SIGHUP) return;
        log_warning("SIGHUP: the configuration is read at start; restart to use a new one");
    }
}

/// From now on a signal does what it does by default: it ends the process.
void let_signals_end() {
    std::signal(SIGTERM, SIG_DFL);
    std::signal(SIGINT, SIG_DFL);
    sigset_t signals = stop_signals();
    sigdelset(&signals, SIGHUP);
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

std::string url_of(const std::string& host, std::uint16_t port) {
    bool six = host.find(':') != std::string::npos;
    return "http://" + (six ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

ExitCode failed(const Error& error, Terminal& terminal) {
    print_error(terminal, printable(hide_secrets(error.text())));
    return ExitCode::failed;
}

/// Serves until a signal comes. The order of the locals is the order of dependence.
ExitCode serve(HubFile file, const Surroundings& surroundings, Terminal& terminal) {
    const config::ServerConfig server = file.loaded.config->server;
    const config::AdminConfig admin = file.loaded.config->admin;
    auto reading = open_store(*file.loaded.config);
    auto opened = Hub::open(std::move(*file.loaded.config), *file.plugins);
    if (!opened) return failed(opened.error(), terminal);
    Hub& hub = **opened;
    std::unique_ptr<AdminApi> api;
    if (admin.enabled) {
        AdminOptions options;
        options.token = admin.token;
        options.listen_host = admin.listen.host;
        api = std::make_unique<AdminApi>(
            hub.control(), [&reading] { return reading->open_reader(); }, surroundings.clock,
            options);
        auto served = hub.serve_admin(*api);
        // A second hub on this machine need not care for a port that its file does not name.
        if (!served && !admin.listen_is_default) return failed(served.error(), terminal);
        if (!served) log_warning("running without the admin API", {{"reason", served.error().text()}});
    }
    hub.start();
    if (hub.admin_port() != 0)
        log_info("admin API", {{"url", url_of(admin.listen.host, hub.admin_port())}});
    terminal.out << "listening on " << url_of(server.listen.host, hub.port()) << std::endl;
    wait_for_stop();
    let_signals_end();
    log_info("stopping");
    hub.stop(drain_ms);
    return ExitCode::ok;
}

}  // namespace

ExitCode run_command(const Arguments& arguments, const Surroundings& surroundings,
                     Terminal& terminal) {
    block_signals();
    auto file = checked_hub_file(arguments, surroundings, terminal);
    if (!file) return ExitCode::usage;
    log_configure(file->loaded.config->log_level, file->loaded.config->log_format);
    return serve(std::move(*file), surroundings, terminal);
}

}  // namespace syncline::cli
