// SYNCLINE_CONNECTOR: the C table over a Connector type. Exceptions stop here. Include
// connector.hpp, never this file.
#pragma once

#include <cstddef>

namespace syncline::sdk {

inline void write_text(const syncline_writer* out, std::string_view text) {
    out->write(out->context, reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

inline std::string_view as_view(syncline_bytes bytes) {
    if (bytes.size == 0) return {};
    return {reinterpret_cast<const char*>(bytes.data), static_cast<std::size_t>(bytes.size)};
}

inline Json parse_message(syncline_bytes bytes) {
    JsonLimits limits;
    limits.depth_max = 128;  // a payload of 64 levels inside the envelope of a message
    JsonError error;
    auto parsed = Json::parse(as_view(bytes), &error, limits);
    if (!parsed) throw std::runtime_error("the host sent no JSON: " + error.message);
    return std::move(*parsed);
}

/// Runs `body`; what it throws becomes a result code and {"error": text}.
template <class Body>
int32_t guarded(const syncline_writer* out, Body body) noexcept {
    auto report = [&](const char* text) {
        Json error = Json::object();
        error.set("error", text);
        write_text(out, error.dump());
    };
    try {
        body();
        return SYNCLINE_OK;
    } catch (const Refused& refused) {
        report(refused.what());
        return SYNCLINE_REFUSED;
    } catch (const std::exception& failure) {
        report(failure.what());
        return SYNCLINE_ERROR;
    } catch (...) {
        report("the plugin threw something that is no std::exception");
        return SYNCLINE_ERROR;
    }
}

template <class T>
struct Exported {
    static Connector* connector(syncline_instance* instance) {
        return reinterpret_cast<Connector*>(instance);
    }

    static int32_t describe(const syncline_writer* out) {
        return guarded(out, [&] { write_text(out, T::describe().dump()); });
    }
    static int32_t create(const syncline_host*, syncline_bytes settings, syncline_instance** out,
                          const syncline_writer* error) {
        return guarded(error, [&] {
            std::unique_ptr<Connector> made = std::make_unique<T>(parse_message(settings));
            *out = reinterpret_cast<syncline_instance*>(made.release());
        });
    }
    static void destroy(syncline_instance* instance) { delete connector(instance); }

    static int32_t signatures(syncline_instance* instance, const syncline_writer* out) {
        return guarded(out, [&] { write_text(out, connector(instance)->signatures().dump()); });
    }
    static int32_t parse(syncline_instance* instance, syncline_bytes request, syncline_bytes body,
                         const syncline_writer* out) {
        return guarded(out, [&] {
            InboundRequest inbound(parse_message(request), as_view(body));
            Json events = Json::array();
            for (const auto& event : connector(instance)->parse(inbound))
                events.push_back(event.to_json());
            Json answer = Json::object();
            answer.set("events", std::move(events));
            write_text(out, answer.dump());
        });
    }

    static int32_t begin(syncline_instance* instance, syncline_bytes job, syncline_job** out,
                         const syncline_writer* next) {
        return guarded(next, [&] {
            auto made = std::make_unique<Job>(*connector(instance), parse_message(job));
            write_text(next, made->advance(nullptr).dump());
            *out = reinterpret_cast<syncline_job*>(made.release());
        });
    }
    static int32_t step(syncline_job* job, syncline_bytes answer, const syncline_writer* next) {
        return guarded(next, [&] {
            Json parsed = parse_message(answer);
            write_text(next, reinterpret_cast<Job*>(job)->advance(&parsed).dump());
        });
    }
    static void end(syncline_job* job) { delete reinterpret_cast<Job*>(job); }

    static const syncline_plugin* table() {
        static const syncline_plugin plugin = {
            sizeof(syncline_plugin), SYNCLINE_ABI_MAJOR, SYNCLINE_ABI_MINOR, 0,
            &describe, &create, &destroy, &signatures, &parse, &begin, &step, &end, nullptr};
        return &plugin;
    }
};

}  // namespace syncline::sdk

#define SYNCLINE_CONNECTOR(Type)                                             \
    extern "C" SYNCLINE_EXPORT const syncline_plugin* syncline_plugin_v1() { \
        return ::syncline::sdk::Exported<Type>::table();                     \
    }
