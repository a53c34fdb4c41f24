// `syncline backup`, `compact`, `forget` and `doctor`: words, refusals and answers. What they do to the
// file is the store's tests' business.
#include <sys/stat.h>

#include <filesystem>

#include "tests/component/cli_fixture.hpp"

namespace syncline::cli {
namespace {

namespace fs = std::filesystem;

class CliCare : public CliTest {
protected:
    CliCare() { clock_.jump_wall_ms(store::hour_ms); }

    /// Three events about "ada", one of them pending, and one about somebody else.
    void prepare() {
        std::vector<store::Accept> accepts;
        for (const char* key : {"a", "b", "c", "d"}) {
            accepts.push_back(store::make_accept(key, {store::make_delivery("crm")}));
            accepts.back().event->subject = *key == 'd' ? "grace" : "ada";
        }
        commit({store::make_request(std::move(accepts))});
        commit({store::make_settlement(1, DeliveryState::delivered),
                store::make_settlement(2, DeliveryState::dead),
                store::make_settlement(4, DeliveryState::delivered)});
    }
    std::size_t events_about(const std::string& subject) {
        return json_lines(run({"events", "--subject", subject, "--json"}).out).size();
    }
    void expect(const Ran& ran, ExitCode exit, const std::string& out, const std::string& err) {
        EXPECT_EQ(ran.exit, exit) << ran.out << ran.err;
        EXPECT_NE(ran.out.find(out), std::string::npos) << ran.out;
        EXPECT_NE(ran.err.find(err), std::string::npos) << ran.err;
    }
    /// The finding of that name.
    Json finding(const Ran& ran, const std::string& check) {
        auto json = Json::parse(ran.out);
        EXPECT_TRUE(json) << ran.out;
        if (json)
            for (const auto& one : (*json)["findings"].items())
                if (one["check"].as_string() == check) return one;
        ADD_FAILURE() << "no finding of " << check << " in " << ran.out;
        return Json::object();
    }
};

// --- Backup -------------------------------------------------------------------------------------

TEST_F(CliCare, ABackupIsMadeOnceAndReplacedWhenTold) {
    prepare();
    expect(run({"backup", file("copy.db")}), ExitCode::ok, "integrity checked", "");
    expect(run({"backup", file("copy.db")}), ExitCode::usage, "", "--force replaces it");
    Ran forced = run({"backup", file("copy.db"), "--force", "--json"});
    EXPECT_EQ(forced.exit, ExitCode::ok) << forced.err;
    auto bytes = static_cast<std::int64_t>(fs::file_size(file("copy.db")));
    EXPECT_EQ(Json::parse(forced.out)->find("bytes")->as_int64(), bytes);
}

TEST_F(CliCare, ABackupThatCannotBeMadeSaysWhy) {
    expect(run({"backup"}), ExitCode::usage, "", "FILE is required");
    expect(run({"backup", file("copy.db")}), ExitCode::failed, "", "no hub has run here");
    prepare();
    expect(run({"backup", file("missing/copy.db")}), ExitCode::failed, "", "does not exist");
    expect(run({"backup", file("hub.db"), "--force"}), ExitCode::usage, "",
           "would replace the store itself");
    EXPECT_FALSE(fs::exists(file("copy.db")));
}

TEST_F(CliCare, ABackupShowsProgressToAPersonAlone) {
    prepare();
    interactive_ = true;
    std::vector<store::Accept> accepts;
    for (int i = 0; i < 10; ++i) {
        accepts.push_back(store::make_accept("large" + std::to_string(i)));
        accepts.back().event->payload.assign(1 << 20, 'x');
    }
    commit({store::make_request(std::move(accepts))});
    expect(run({"backup", file("a.db")}), ExitCode::ok, "MiB", "copied ");
    interactive_ = false;
    EXPECT_EQ(run({"backup", file("b.db")}).err, "");
}

// --- Compact ------------------------------------------------------------------------------------

TEST_F(CliCare, CompactingSaysWhatItGained) {
    prepare();
    expect(run({"compact"}), ExitCode::ok, " before, ", "");
    Ran full = run({"compact", "--full", "--json"});
    ASSERT_EQ(full.exit, ExitCode::ok) << full.err;
    auto json = Json::parse(full.out);
    EXPECT_LE(*(*json)["after_bytes"].as_int64(), *(*json)["before_bytes"].as_int64());
    EXPECT_EQ(events_about("ada"), 3u);
}

TEST_F(CliCare, CompactingBesideAHubIsRefused) {
    prepare();
    auto hub = open()->open_writer();
    ASSERT_TRUE(hub);
    for (const char* form : {"--json", "--full"})
        expect(run({"compact", form}), ExitCode::failed, "",
               "a running hub gives free space back by itself");
}

// --- Forget -------------------------------------------------------------------------------------

TEST_F(CliCare, ForgettingCountsFirstAndScriptsSayYes) {
    prepare();
    expect(run({"forget", "--subject", "ada"}), ExitCode::usage, "",
           "2 events would be forgotten; say --yes");
    Ran dry = run({"forget", "--subject", "ada", "--dry-run", "--json"});
    EXPECT_EQ(dry.out, "{\"events\":2,\"pending\":1,\"dry_run\":true}\n");
    EXPECT_EQ(events_about("ada"), 3u);
    Ran done = run({"forget", "--subject", "ada", "--yes"});
    expect(done, ExitCode::ok, "2 events forgotten\n", "1 event with pending deliveries");
    EXPECT_EQ(events_about("ada"), 1u);
    EXPECT_EQ(events_about("grace"), 1u);
    Ran shown = run({"events", "attio-a"});
    expect(shown, ExitCode::ok, "payload forgotten", "");
    EXPECT_EQ(shown.out.find("ada"), std::string::npos) << shown.out;
}

TEST_F(CliCare, APersonIsAskedBeforeAnybodyIsForgotten) {
    prepare();
    interactive_ = true;
    expect(run({"forget", "--subject", "grace"}, "n\n"), ExitCode::failed, "",
           "forget 1 event and their links? It cannot be undone. [y/N] nothing was done");
    EXPECT_EQ(events_about("grace"), 1u);
    expect(run({"forget", "--subject", "grace"}, "y\n"), ExitCode::ok, "1 event forgotten", "");
    EXPECT_EQ(events_about("grace"), 0u);
}

TEST_F(CliCare, ForgettingNeedsASubjectAndAStoppedHub) {
    prepare();
    expect(run({"forget", "--yes"}), ExitCode::usage, "", "say whom to forget: --subject ID");
    auto hub = open()->open_writer();
    ASSERT_TRUE(hub);
    expect(run({"forget", "--subject", "ada", "--yes"}), ExitCode::failed, "", "stop it first");
    EXPECT_EQ(events_about("ada"), 3u);
}

TEST_F(CliCare, AReplayOfWhatWasForgottenSaysSo) {
    prepare();
    run({"forget", "--subject", "ada", "--yes"});
    expect(run({"replay", "--state", "dead", "--yes"}), ExitCode::failed, "",
           "the payload of its event has expired (retention.payloads) or was forgotten");
}

// --- Doctor -------------------------------------------------------------------------------------

TEST_F(CliCare, ADoctorWhoFindsNothingWrongEndsWell) {
    prepare();
    Ran ran = run({"doctor", "--json"});
    EXPECT_EQ(ran.exit, ExitCode::ok) << ran.out << ran.err;
    EXPECT_EQ((*Json::parse(ran.out))["good"].as_bool(), true);
    for (const char* check : {"file", "integrity", "permissions", "log", "free pages", "disk",
                              "clock", "hub", "held"})
        EXPECT_EQ(finding(ran, check)["verdict"].as_string(), "good") << check << ran.out;
    EXPECT_EQ(finding(ran, "pending")["verdict"].as_string(), "note") << "no hub runs";
    EXPECT_EQ(finding(ran, "dead letters")["text"].as_string(), "1 dead letter");
    expect(run({"doctor"}), ExitCode::ok, "good   integrity     every page is sound\n", "");
}

TEST_F(CliCare, ADoctorSeesTheHub) {
    prepare();
    auto hub = open()->open_writer();
    ASSERT_TRUE(hub);
    Ran ran = run({"doctor", "--json"});
    EXPECT_EQ(finding(ran, "hub")["text"].as_string(),
              "a hub runs: process " + std::to_string(::getpid()));
    EXPECT_EQ(finding(ran, "pending")["verdict"].as_string(), "good");
}

TEST_F(CliCare, ADoctorNamesWhatIsWrongAndWhatToDo) {
    prepare();
    store::HoldChange hold;
    hold.destination = "crm";
    hold.reason = "401: the token is revoked";
    commit({hold});
    fs::permissions(file("hub.db"), fs::perms(0644));
    clock_.jump_wall_ms(-2 * store::hour_ms);
    Ran ran = run({"doctor", "--json"});
    EXPECT_EQ(ran.exit, ExitCode::failed);
    EXPECT_EQ((*Json::parse(ran.out))["good"].as_bool(), false);
    EXPECT_EQ(finding(ran, "permissions")["verdict"].as_string(), "wrong");
    EXPECT_NE(finding(ran, "permissions")["advice"].as_string().find("chmod 600"),
              std::string::npos);
    EXPECT_NE(finding(ran, "held")["text"].as_string().find("401: the token is revoked"),
              std::string::npos);
    EXPECT_EQ(finding(ran, "clock")["verdict"].as_string(), "wrong");
}

TEST_F(CliCare, ADoctorWithoutAReadableFileSaysWhatToDo) {
    expect(run({"doctor"}), ExitCode::failed, "start the hub once", "");
    write("hub.db", std::string(8192, '#'));
    expect(run({"doctor"}), ExitCode::failed, "restore a backup", "");
    fs::remove(file("hub.db"));
    fs::create_directory(file("hub.db"));
    expect(run({"doctor"}), ExitCode::failed, "is a directory", "");
}

}  // namespace
}  // namespace syncline::cli
