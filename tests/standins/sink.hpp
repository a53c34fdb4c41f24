// A destination that takes any POST: it checks the Standard Webhooks signature when it was given a
// secret, writes webhook-id and body to the ledger, and answers by a script of statuses.
//
// Facts: the Standard Webhooks specification (signed text "id.timestamp.body", HMAC-SHA256, base64,
// secret after "whsec_"). The check is written here once more, on purpose: a sink that used the
// hub's own verifier would share its mistakes.
//
// Table: messages {WEBHOOK-ID: {"times", "path", "bytes"}}; bodies are in the ledger alone, so that
// millions of messages fit. Script: set_script({500, 200}) answers 500, then 200 for ever; also
// POST /_standin/seed {"script": {"1": {"status": 500}, …}}, in order of the keys.
// `options.token` is the secret ("whsec_…"). Knob: tolerance_s (300).
#pragma once

#include <deque>

#include "tests/standins/standin.hpp"

namespace syncline::standins {

class Sink final : public Standin {
public:
    Sink(const Clock& clock, StandinOptions options);
    void set_script(const std::vector<unsigned>& statuses);

protected:
    std::optional<HttpResponse> guard(const Call& call) override;
    HttpResponse error_form(unsigned status, const std::string& message) override;
    Json seeded(const std::string& table_name, const std::string& id, const Json& object) override;
    std::vector<std::string> summary_lines() override;

private:
    HttpResponse take(const Call& call);
    std::string check_signature(const HttpRequest& request);

    std::deque<unsigned> script_;
};

}  // namespace syncline::standins
