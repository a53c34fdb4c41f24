// What the tests of the commands share: a folder with a configuration, an environment, and a
// terminal of strings. Every word runs in this process; nothing is read from the real environment.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "core/base/clock.hpp"
#include "core/base/random.hpp"
#include "core/cli/commands.hpp"
#include "tests/component/store_fixture.hpp"

namespace syncline::cli {

inline constexpr const char* deals_object = "cccccccc-0000-4000-8000-000000000003";
inline constexpr const char* attio_secret = "3f9a0c4d5e6b7a8091a2b3c4d5e6f708";

/// What a command came to.
struct Ran {
    ExitCode exit = ExitCode::ok;
    std::string out;
    std::string err;
};

class CliTest : public ::testing::Test {
protected:
    CliTest() {
        environment_["ATTIO_SECRET"] = attio_secret;
        environment_["ADMIN_TOKEN"] = "admin-token-of-the-test";
        write("syncline.yaml", good_config());
    }

    /// Two sources, two destinations, three rules. Ports of nobody: nothing listens on them.
    static std::string good_config(const std::string& server = "127.0.0.1:1",
                                   const std::string& admin = "127.0.0.1:1") {
        return "server: { listen: \"" + server +
               "\" }\n"
               "admin: { listen: \"" +
               admin +
               "\", token: \"${ADMIN_TOKEN}\" }\n"
               "store: sqlite:./hub.db\n"
               "sources:\n"
               "  attio:\n"
               "    connector: attio\n"
               "    secret: ${ATTIO_SECRET}\n"
               "    settings:\n"
               "      objects: { deals: " +
               deals_object +
               " }\n"
               "      lists: { sales-pipeline: 99999999-0000-4000-8000-000000000009 }\n"
               "  shop:\n"
               "    connector: http\n"
               "    settings: { type_path: type, key_path: id, subject_path: subject }\n"
               "destinations:\n"
               "  audit: { connector: http, settings: { url: \"http://127.0.0.1:9/in\" } }\n"
               "  crm: { connector: http, settings: { url: \"http://127.0.0.1:9/crm\" }, rate: 3/s }\n"
               "rules:\n"
               "  - name: deals to the crm\n"
               "    on: record.created\n"
               "    where: { object: deals }\n"
               "    fetch: { record: attio.record }\n"
               "    send:\n"
               "      to: crm\n"
               "      do: forward\n"
               "      with: { body: { name: \"{{ record.values.name }}\", id: \"{{ subject }}\" } }\n"
               "  - name: finished tasks\n"
               "    on: [task.completed]\n"
               "    send: { to: audit, do: forward }\n"
               "  - name: people only\n"
               "    on: record.*\n"
               "    from: attio\n"
               "    where: { object: [people, companies] }\n"
               "    send: { to: audit, do: forward }\n";
    }

    void write(const std::string& name, const std::string& text) {
        std::ofstream(folder_.file(name), std::ios::binary) << text;
    }
    std::string file(const std::string& name) const { return folder_.file(name); }

    /// Runs the words; "-c FILE" is added unless they hold one, or the command takes none.
    Ran run(std::vector<std::string> words, const std::string& input = "") {
        bool named = std::find(words.begin(), words.end(), "-c") != words.end();
        if (!named && !words.empty() && words[0] != "test") {
            words.push_back("-c");
            words.push_back(file("syncline.yaml"));
        }
        std::istringstream in(input);
        std::ostringstream out, err;
        Terminal terminal{in, out, err};
        terminal.interactive = interactive_;
        terminal.width = width_;
        Surroundings surroundings{
            [this](const std::string& name) {
                auto found = environment_.find(name);
                return found == environment_.end() ? std::nullopt
                                                   : std::optional<std::string>(found->second);
            },
            {SYNCLINE_PLUGIN_FOLDER}, clock_, random_};
        Ran ran;
        ran.exit = run_words(words, surroundings, terminal);
        ran.out = out.str();
        ran.err = err.str();
        return ran;
    }

    /// The lines of NDJSON.
    static std::vector<Json> json_lines(const std::string& text) {
        std::vector<Json> found;
        std::istringstream lines(text);
        for (std::string line; std::getline(lines, line);) {
            auto json = Json::parse(line);
            EXPECT_TRUE(json) << line;
            if (json) found.push_back(std::move(*json));
        }
        return found;
    }

    std::unique_ptr<store::Store> open() {
        store::SqliteOptions options;
        options.path = file("hub.db");
        return store::make_sqlite_store(options);
    }

    /// Commits the writes and closes the store again.
    void commit(std::vector<store::Write> writes) {
        auto writer = open()->open_writer();
        ASSERT_TRUE(writer) << writer.error().text();
        std::vector<store::Write*> pointers;
        for (auto& write : writes) pointers.push_back(&write);
        auto committed = (*writer)->commit(pointers, clock_.wall_ms());
        ASSERT_TRUE(committed) << committed.error().text();
    }

    store::TemporaryFolder folder_;
    std::map<std::string, std::string> environment_;
    ManualClock clock_;
    SeededRandom random_{7};
    bool interactive_ = false;
    std::size_t width_ = 0;
};

}  // namespace syncline::cli
