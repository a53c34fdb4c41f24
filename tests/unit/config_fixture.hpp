// What the configuration tests share: a small catalog of connectors, a fake environment and fake
// files, and the problems of a text as one string.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/config/config.hpp"

namespace syncline::config {

class FakeCatalog final : public ConnectorCatalog {
public:
    /// attio (both roles), http (both; any event), crm, wiki (destinations), feed (source).
    FakeCatalog();
    const ConnectorDescriptor* find(std::string_view connector) const override;
    std::vector<std::string> names() const override;

private:
    void add(const char* json);
    std::map<std::string, ConnectorDescriptor, std::less<>> known_;
};

struct Surroundings {
    std::map<std::string, std::string> environment;
    std::map<std::string, std::string> files;
    std::string file_name = "/etc/hub/hub.yaml";
    bool with_catalog = true;
};

Loaded load(std::string_view text, const Surroundings& around = Surroundings());
/// Every problem formatted without colours, in order, as for a terminal; the file is "hub.yaml".
std::string problems(std::string_view text, const Surroundings& around = Surroundings());
/// The messages alone, one a line.
std::string messages(std::string_view text, const Surroundings& around = Surroundings());

/// A configuration with one source (attio), two destinations (crm, wiki), and these rules.
std::string with_rules(std::string_view rules);
/// As with_rules, with one rule on record.created whose send is `send`.
std::string with_send(std::string_view send);

}  // namespace syncline::config
