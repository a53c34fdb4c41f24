// From a request to an answer: source, signature, events, deliveries, commit. What is refused, and
// with which words, stands here; what the words may not do is tell a stranger anything: before the
// signature is checked, an answer depends on the request's line and headers alone.
//
// Runs on the server's thread, but for the answer after the commit, which comes on the store's.
#include "core/receiver/receiver.hpp"

#include <array>
#include <atomic>
#include <bit>
#include <map>
#include <unordered_map>

#include "core/base/hash.hpp"
#include "core/base/limits.hpp"
#include "core/base/log.hpp"

namespace syncline {
namespace {

/// Why a request was refused; the names are those of the counters.
enum class Reason {
    no_source, method, encoding, content_type, signature, timestamp, body, too_many_events, key,
    plugin, overload, store
};
constexpr std::array<std::string_view, 12> reason_names{
    "no_source", "method", "encoding", "content_type", "signature", "timestamp",
    "body", "too_many_events", "key", "plugin", "overload", "store"};

struct Refusal {
    Reason reason;
    unsigned status;
    std::string text;     // of the answer
    std::string detail;   // of the log
    Refusal(Reason reason_in, unsigned status_in, std::string text_in,
            std::string detail_in = std::string())
        : reason(reason_in), status(status_in), text(std::move(text_in)),
          detail(std::move(detail_in)) {}
};

HttpResponse answer(const Refusal& refusal) {
    std::string body = "{\"error\":";
    json_quote_to(body, refusal.text);
    auto response = HttpResponse::json(refusal.status, body + "}");
    if (refusal.status == 405) response.headers.add("Allow", "POST");
    if (refusal.status == 503)
        response.headers.add("Retry-After", std::to_string(limits::retry_after_s_overload));
    return response;
}

HttpResponse received() {
    return HttpResponse::json(200, "{\"received\":true}");
}

std::string_view path_of(std::string_view target) {
    return target.substr(0, target.find('?'));
}

/// "text/json; charset=utf-8" → "text/json".
std::string_view media_type(std::string_view content_type) {
    return trim(content_type.substr(0, content_type.find(';')));
}

bool type_is_allowed(const SourcePort& source, const HttpHeaders& headers) {
    const auto* given = headers.find("Content-Type");
    if (source.content_types.empty() || !given) return true;
    if (headers.count("Content-Type") > 1) return false;
    std::string type = lower(media_type(*given));
    for (const auto& allowed : source.content_types) {
        bool suffix = allowed.starts_with('+') && type.ends_with(allowed);
        if (suffix || type == allowed) return true;
    }
    return false;
}

std::optional<Refusal> check_head(const SourcePort& source, const HttpRequest& head) {
    if (head.method != "POST") return Refusal(Reason::method, 405, "Method not allowed");
    if (const auto* encoding = head.headers.find("Content-Encoding")) {
        bool plain = head.headers.count("Content-Encoding") == 1 &&
                     equals_ignore_case(*encoding, "identity");
        if (!plain) return Refusal(Reason::encoding, 415, "Content-Encoding is not supported");
    }
    if (!type_is_allowed(source, head.headers))
        return Refusal(Reason::content_type, 415, "Content-Type is not supported");
    return std::nullopt;
}

const SignatureScheme* scheme_for(const SourcePort& source, const HttpHeaders& headers) {
    for (const auto& choice : source.schemes)
        if (choice.when_header.empty() || headers.find(choice.when_header)) return &choice.scheme;
    return nullptr;
}

std::optional<Refusal> check_signature(const SourcePort& source, const HttpRequest& request,
                                       std::int64_t now_ms) {
    if (source.schemes.empty()) return std::nullopt;
    const auto* scheme = scheme_for(source, request.headers);
    if (!scheme) return Refusal(Reason::signature, 401, "Invalid signature", "no scheme applies");
    auto check = verify_signature(*scheme, source.secrets, request.headers, request.body, now_ms);
    if (check.verdict == SignatureVerdict::too_old)
        return Refusal(Reason::timestamp, 401, "Timestamp too old", check.reason);
    if (check.verdict != SignatureVerdict::good)
        return Refusal(Reason::signature, 401, "Invalid signature", check.reason);
    return std::nullopt;
}

/// A key is compared, stored and shown: short, UTF-8, without control bytes.
bool key_is_good(std::string_view key) {
    for (unsigned char c : key)
        if (c < 0x20 || c == 0x7F) return false;
    return key.size() <= limits::key_bytes_max && json_is_utf8(key);
}

std::optional<Refusal> check_events(const std::vector<ReceivedEvent>& found) {
    if (found.size() > limits::events_per_request_max)
        return Refusal(Reason::too_many_events, 413,
                       "more than " + std::to_string(limits::events_per_request_max) +
                           " events in one request");
    for (const auto& event : found) {
        if (!key_is_good(event.key))
            return Refusal(Reason::key, 400, "the event's key is too long or has control bytes");
        if (event.type.empty()) return Refusal(Reason::body, 400, "the event has no type");
        if (event.type.size() > limits::key_bytes_max)
            return Refusal(Reason::body, 400, "the event's type is too long");
        if (event.subject.size() > limits::key_bytes_max)
            return Refusal(Reason::body, 400, "the event's subject is too long");
    }
    return std::nullopt;
}

}  // namespace

struct ReceiverCounters {
    std::atomic<std::uint64_t> accepted{0};
    std::atomic<std::uint64_t> duplicates{0};
    std::array<std::atomic<std::uint64_t>, reason_names.size()> rejected{};
};

namespace {

/// Counts, and logs the 1st, 2nd, 4th, 8th … of each reason: a flood of refusals floods no log.
HttpResponse refuse(ReceiverCounters& counters, const std::string& source, const std::string& peer,
                    const Refusal& refusal) {
    auto index = static_cast<std::size_t>(refusal.reason);
    auto count = counters.rejected[index].fetch_add(1, std::memory_order_relaxed) + 1;
    if (std::has_single_bit(count))
        log_warning("request refused",
                    {{"source", source},
                     {"reason", std::string(reason_names[index])},
                     {"detail", refusal.detail.empty() ? refusal.text : refusal.detail},
                     {"peer", peer},
                     {"refused_so_far", std::to_string(count)}});
    return answer(refusal);
}

}  // namespace

struct Receiver::Impl {
    std::map<std::string, SourcePort, std::less<>> by_path;
    AcceptSink& sink;
    const Clock& clock;
    Random& random;
    // Shared: an answer may be owed by the store's thread after the receiver is gone.
    std::shared_ptr<ReceiverCounters> counters = std::make_shared<ReceiverCounters>();

    Impl(AcceptSink& sink_in, const Clock& clock_in, Random& random_in)
        : sink(sink_in), clock(clock_in), random(random_in) {}

    const SourcePort* find(const HttpRequest& request) const {
        auto found = by_path.find(path_of(request.target));
        return found == by_path.end() ? nullptr : &found->second;
    }
    std::optional<Refusal> read_events(const SourcePort& source, const HttpRequest& request,
                                       std::int64_t now_ms, std::vector<ReceivedEvent>& found);
    store::AcceptRequest accepts(const SourcePort& source, std::vector<ReceivedEvent> found,
                                 const HttpRequest& request, std::int64_t now_ms);
    void submit(const SourcePort& source, store::AcceptRequest accept, const std::string& peer,
                Done done);
};

std::optional<Refusal> Receiver::Impl::read_events(const SourcePort& source,
                                                   const HttpRequest& request,
                                                   std::int64_t now_ms,
                                                   std::vector<ReceivedEvent>& found) {
    auto parsed = source.parse(request, now_ms);
    if (!parsed) {
        const auto& error = parsed.error();
        if (error.code == ErrorCode::invalid_argument)
            return Refusal(Reason::body, 400, error.message, error.text());
        return Refusal(Reason::plugin, 500, "the source's connector failed", error.text());
    }
    found = std::move(parsed).value();
    return check_events(found);
}

store::AcceptRequest Receiver::Impl::accepts(const SourcePort& source,
                                             std::vector<ReceivedEvent> found,
                                             const HttpRequest& request, std::int64_t now_ms) {
    std::vector<std::string> keys;
    auto events = make_events(source.name, std::move(found), request, now_ms, random, keys);
    store::AcceptRequest made;
    made.accepts.reserve(events.size());
    for (std::size_t i = 0; i < events.size(); ++i) {
        store::Accept accept;
        accept.dedupe_key = std::move(keys[i]);
        accept.deliveries = sink.route(*events[i]);
        accept.event = std::move(events[i]);
        made.accepts.push_back(std::move(accept));
    }
    return made;
}

void Receiver::Impl::submit(const SourcePort& source, store::AcceptRequest accept,
                            const std::string& peer, Done done) {
    auto count = accept.accepts.size();
    auto committed = [counters = counters, name = source.name, peer, count,
                      done](Result<std::size_t> duplicates) {
        if (!duplicates) {
            Refusal refusal(Reason::store, 503, "the event could not be stored; try again",
                            duplicates.error().text());
            return done(refuse(*counters, name, peer, refusal));
        }
        counters->accepted.fetch_add(count - *duplicates, std::memory_order_relaxed);
        counters->duplicates.fetch_add(*duplicates, std::memory_order_relaxed);
        done(received());
    };
    if (sink.submit(std::move(accept), std::move(committed))) return;
    done(refuse(*counters, source.name, peer,
                Refusal(Reason::overload, 503, "too many requests are waiting; try again")));
}

Receiver::Receiver(std::vector<SourcePort> sources, AcceptSink& sink, const Clock& clock,
                   Random& random)
    : impl_(std::make_unique<Impl>(sink, clock, random)) {
    for (auto& source : sources) {
        auto path = source.path;
        impl_->by_path.emplace(std::move(path), std::move(source));
    }
}

Receiver::~Receiver() = default;

void Receiver::admit(const HttpRequest& head, Admission& admission) {
    const auto* source = impl_->find(head);
    auto refusal = source ? check_head(*source, head)
                          : std::optional(Refusal(Reason::no_source, 404, "Not found",
                                                  std::string(path_of(head.target))));
    if (!refusal) return;
    admission.refused = true;
    auto name = source ? source->name : std::string();
    admission.refusal = refuse(*impl_->counters, name, head.peer, *refusal);
}

void Receiver::handle(HttpRequest request, Done done) {
    const auto* source = impl_->find(request);
    SYNCLINE_ASSERT(source != nullptr, "a request that was not admitted");
    auto now_ms = impl_->clock.wall_ms();
    std::vector<ReceivedEvent> found;
    auto refusal = check_signature(*source, request, now_ms);
    if (!refusal) refusal = impl_->read_events(*source, request, now_ms, found);
    if (refusal) return done(refuse(*impl_->counters, source->name, request.peer, *refusal));
    if (found.empty()) return done(received());
    auto accept = impl_->accepts(*source, std::move(found), request, now_ms);
    impl_->submit(*source, std::move(accept), request.peer, std::move(done));
}

Json Receiver::counters() const {
    Json rejected = Json::object();
    for (std::size_t i = 0; i < reason_names.size(); ++i)
        rejected.set(reason_names[i], impl_->counters->rejected[i].load());
    Json made = Json::object();
    made.set("accepted", impl_->counters->accepted.load());
    made.set("duplicates", impl_->counters->duplicates.load());
    made.set("rejected", std::move(rejected));
    return made;
}

// --- Events -------------------------------------------------------------------------------------

std::vector<std::shared_ptr<Event>> make_events(const std::string& source,
                                                std::vector<ReceivedEvent> found,
                                                const HttpRequest& request, std::int64_t now_ms,
                                                Random& random,
                                                std::vector<std::string>& dedupe_keys) {
    std::string body_key;
    std::unordered_map<std::string, std::size_t> uses;
    for (auto& event : found) {
        if (event.key.empty()) {
            if (body_key.empty())
                body_key = hex_encode(sha256_parts({path_of(request.target), request.body}));
            event.key = body_key;
        }
        ++uses[event.key];
    }
    std::vector<std::shared_ptr<Event>> events;
    for (std::size_t i = 0; i < found.size(); ++i) {
        auto& given = found[i];
        std::string index = uses[given.key] > 1 ? "#" + std::to_string(i) : std::string();
        dedupe_keys.push_back(given.key + index);
        auto event = std::make_shared<Event>();
        event->id = make_uuid7(now_ms, random);
        event->source = source;
        event->type = std::move(given.type);
        event->subject = std::move(given.subject);
        event->time_ms = given.time_ms;
        event->received_ms = now_ms;
        event->attributes = std::move(given.attributes);
        event->payload = std::move(given.payload);
        event->content_type = std::move(given.content_type);
        events.push_back(std::move(event));
    }
    return events;
}

}  // namespace syncline
