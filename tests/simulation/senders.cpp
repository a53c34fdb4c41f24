// See senders.hpp.
#include "tests/simulation/senders.hpp"

#include "core/receiver/signature.hpp"

namespace syncline::simulation {
namespace {

constexpr std::int64_t sender_timeout_ms = 15'000;
constexpr std::int64_t backoff_ms_max = 60'000;
constexpr const char* types[] = {"thing.made", "thing.logged", "thing.changed", "thing.noted"};

}  // namespace

Senders::Senders(World& world, Model& model, Door door)
    : world_(world), model_(model), door_(std::move(door)), dice_(world.seed, "senders") {}

void Senders::begin() {
    for (std::size_t i = 0; i < world_.faults.requests; ++i) {
        LetterPtr letter = draw(i);
        if (letter->kind == Kind::genuine) {
            ++unanswered_;
            for (const auto& event : letter->events) model_.will_send(event);
        }
        world_.agenda.in(dice_.between(0, world_.faults.load_ms), [this, letter] { send(letter); });
    }
}

SentEvent Senders::draw_event(const std::string& source, std::size_t number, std::size_t part) {
    SentEvent event;
    event.source = source;
    event.key = source + "-" + std::to_string(number) + "-" + std::to_string(part);
    event.type = types[dice_.weighted({4, 3, 3, 1})];
    event.subject = "s" + std::to_string(dice_.below(world_.faults.subjects));
    event.group = "g" + std::to_string(dice_.below(3));
    event.number = static_cast<int>(number * 100 + part);
    return event;
}

Senders::LetterPtr Senders::draw(std::size_t number) {
    constexpr std::size_t parts_max = 10;
    auto letter = std::make_shared<Letter>();
    if (dice_.chance(world_.faults.forged)) letter->kind = Kind::forged;
    else if (dice_.chance(world_.faults.malformed)) letter->kind = Kind::malformed;
    letter->source = dice_.chance(500) ? "web" : "app";
    bool alone = letter->source == "web" || dice_.chance(700);
    std::size_t parts = alone ? 1 : 1 + dice_.below(parts_max);
    for (std::size_t part = 0; part < parts; ++part)
        letter->events.push_back(draw_event(letter->source, number, part));
    return letter;
}

HttpRequest Senders::request_of(const Letter& letter) const {
    HttpRequest request;
    request.method = "POST";
    request.target = "/" + letter.source;
    request.peer = "192.0.2.1";
    bool web = letter.source == "web";
    if (web) {
        request.body = letter.events.front().payload();
    } else {
        request.body = "{\"events\":[";
        for (const auto& event : letter.events)
            request.body += (&event == letter.events.data() ? "" : ",") + event.payload();
        request.body += "]}";
    }
    if (letter.kind == Kind::malformed) request.body = "[1, 2";
    std::string secret = web ? Scenario::web_secret : Scenario::app_secret;
    if (letter.kind == Kind::forged) secret = "whsec_bm90IHRoZSBzZWNyZXQ=";
    const auto* scheme = find_signature_scheme(web ? "standard-webhooks" : "github");
    request.headers = sign_request(*scheme, secret, letter.events.front().key,
                                   world_.true_wall_ms(), request.body);
    if (request.headers.count("Content-Type") == 0)
        request.headers.add("Content-Type", "application/json");
    return request;
}

std::int64_t Senders::latency_ms() {
    return world_.calm ? 1 : dice_.skewed(world_.faults.latency_ms);
}

void Senders::send(const LetterPtr& letter) {
    if (letter->done) return;
    std::uint64_t sending = ++sendings_;
    letter->waits_for = sending;
    ++letter->tries;
    const FaultMix& faults = world_.faults;
    bool twice = !world_.calm && dice_.chance(faults.doubled);
    for (int copy = 0; copy < (twice ? 2 : 1); ++copy) {
        if (!world_.calm && dice_.chance(faults.request_lost)) continue;
        world_.agenda.in(latency_ms(), [this, letter, sending] {
            arrives(letter, sending, request_of(*letter));
        });
    }
    world_.agenda.in(sender_timeout_ms, [this, letter, sending] { again(letter, sending, 0); });
}

void Senders::arrives(const LetterPtr& letter, std::uint64_t sending, HttpRequest request) {
    world_.history.note("sender: " + letter->events.front().key + " arrives");
    bool heard = door_(std::move(request), [this, letter, sending](HttpResponse response) {
        answered(letter, sending, std::move(response));
    });
    if (!heard) again(letter, sending, 1000);
}

/// The moment the answer leaves the hub: from now on it is a promise, heard or not.
void Senders::answered(const LetterPtr& letter, std::uint64_t sending, HttpResponse response) {
    unsigned status = response.status;
    world_.history.note("hub: answers " + std::to_string(status) + " to " +
                        letter->events.front().key);
    if (letter->kind == Kind::malformed) {
        bool right = status == 400 || status == 401;
        if (!right)
            world_.history.violated("a malformed body is answered " + std::to_string(status));
    } else {
        model_.answered(letter->events, status);
    }
    if (letter->kind != Kind::genuine) {
        letter->done = true;
        return;
    }
    if (!world_.calm && dice_.chance(world_.faults.answer_lost)) return;   // until the time-out
    world_.agenda.in(latency_ms(), [this, letter, sending, status] {
        if (letter->done) return;
        if (status < 300) {
            letter->done = true;
            --unanswered_;
        } else {
            again(letter, sending, 1000);
        }
    });
}

void Senders::again(const LetterPtr& letter, std::uint64_t sending, std::int64_t after_ms) {
    bool current = !letter->done && letter->waits_for == sending;
    bool worth_it = letter->kind == Kind::genuine || letter->tries < 3;
    if (!current || !worth_it) return;
    letter->waits_for = 0;
    std::int64_t doubled = std::int64_t{1000} << std::min(letter->tries, 6u);
    std::int64_t wait = after_ms + dice_.skewed(std::min(backoff_ms_max, doubled));
    world_.agenda.in(wait, [this, letter] { send(letter); });
}

}  // namespace syncline::simulation
