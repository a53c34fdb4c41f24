// A configured source as `explain` and `send` use it: how its sender signs, and which events its
// connector finds in a body. The same plugin calls as the receiver makes, without the receiver.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/http.hpp"
#include "core/base/random.hpp"
#include "core/base/result.hpp"
#include "core/cli/load.hpp"
#include "core/config/config.hpp"
#include "core/host/connector.hpp"
#include "core/model/event.hpp"
#include "core/receiver/signature.hpp"

namespace syncline::cli {

/// The source of that name; when `name` is empty, the only one. Errors list the names.
Result<const config::SourceConfig*> choose_source(const config::HubConfig& config,
                                                  const std::string& name);

/// "Name: value" texts as headers. Errors show the text that is none.
Result<HttpHeaders> headers_from(const std::vector<std::string>& texts);

class EventSource {
public:
    /// `file` and `config` must outlive this.
    static Result<EventSource> make(const HubFile& file, const config::SourceConfig& config);

    /// The scheme named `dialect`; without a name the one that a request without further headers
    /// falls to. Nothing: the source is unsigned.
    Result<std::optional<SignatureScheme>> scheme(const std::string& dialect);
    /// The events of a request body. invalid_argument: it is none of this source.
    Result<std::vector<Event>> parse(const HttpHeaders& headers, const std::string& body,
                                     std::int64_t now_ms, Random& random);

    const config::SourceConfig& config() const { return *config_; }

private:
    EventSource(const config::SourceConfig& config, std::unique_ptr<host::Instance> instance)
        : config_(&config), instance_(std::move(instance)) {}
    const config::SourceConfig* config_;
    std::unique_ptr<host::Instance> instance_;
};

}  // namespace syncline::cli
