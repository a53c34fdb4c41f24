// The `cloudevents` connector: a source for CloudEvents 1.0 over HTTP in binary, structured and
// batched mode. CloudEvents has no signature of its own; Standard Webhooks headers are expected
// unless the settings name another scheme or none.
#include "plugins/cloudevents/modes.hpp"

namespace syncline::connector_cloudevents {
namespace {

constexpr const char* descriptor = R"json({
  "name": "cloudevents",
  "version": "1.0.0",
  "summary": "CloudEvents 1.0 over HTTP: binary, structured and batched",
  "roles": ["source"],
  "settings": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
      "signature": {"type": "string", "default": "standard-webhooks", "description": "a scheme's name, or none"}
    }
  },
  "events": []
})json";

class CloudEvents final : public sdk::Connector {
public:
    static Json describe() { return Json::parse(descriptor).value(); }

    explicit CloudEvents(const Json& settings)
        : signature_(settings["signature"].as_string_or("standard-webhooks")) {
        if (signature_.empty()) throw sdk::Refused("signature is empty; expected a scheme or none");
    }

    Json signatures() const override {
        Json schemes = Json::array();
        if (signature_ != "none") schemes.push_back(Json::object({{"scheme", signature_}}));
        return schemes;
    }

    std::vector<sdk::ParsedEvent> parse(const sdk::InboundRequest& request) const override {
        return parse_request(request);
    }

private:
    std::string signature_;
};

}  // namespace
}  // namespace syncline::connector_cloudevents

SYNCLINE_CONNECTOR(syncline::connector_cloudevents::CloudEvents)
