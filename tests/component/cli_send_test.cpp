// `syncline send`: what arrives at a plain socket, how it is signed, and what the answers come to.
#include "core/receiver/signature.hpp"
#include "tests/component/cli_fixture.hpp"
#include "tests/component/host_server.hpp"

namespace syncline::cli {
namespace {

constexpr const char* accepted = "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n"
                                 "Content-Type: application/json\r\n\r\n{\"received\":true}";

/// A received request, taken apart.
struct Received {
    std::string line;
    HttpHeaders headers;
    std::string body;
};

Received take_apart(const std::string& text) {
    Received made;
    auto end = text.find("\r\n\r\n");
    made.body = text.substr(end + 4);
    std::istringstream head(text.substr(0, end));
    std::getline(head, made.line);
    for (std::string line; std::getline(head, line);) {
        auto colon = line.find(':');
        made.headers.add(line.substr(0, colon), std::string(trim(line.substr(colon + 1))));
    }
    return made;
}

class CliSend : public CliTest {
protected:
    /// Sends to a server that gives this answer to everything, and keeps what arrived.
    Ran send(std::vector<std::string> words, const std::string& answer = accepted,
             const std::string& input = "") {
        received_.clear();
        host::Server server([&](host::Connection& connection, int) {
            for (;;) {
                std::string request = connection.read_request();
                if (request.empty()) return;
                received_.push_back(take_apart(request));
                if (!connection.write(answer)) return;
            }
        });
        connections_ = 0;
        words.insert(words.begin(), {"send", "--url", server.url("/webhooks/attio")});
        Ran ran = run(words, input);
        connections_ = server.accepted();
        return ran;
    }

    static SignatureVerdict verdict(const Received& received, const char* scheme,
                                    std::int64_t now_ms) {
        return verify_signature(*find_signature_scheme(scheme), {attio_secret}, received.headers,
                                received.body, now_ms)
            .verdict;
    }

    std::vector<Received> received_;
    int connections_ = 0;
};

TEST_F(CliSend, SignsASampleAsAttioDoes) {
    Ran ran = send({"--source", "attio", "--type", "note.created"});
    ASSERT_EQ(ran.exit, ExitCode::ok) << ran.err;
    EXPECT_EQ(ran.out, "200 {\"received\":true}\n");
    ASSERT_EQ(received_.size(), 1u);
    EXPECT_EQ(received_[0].line, "POST /webhooks/attio HTTP/1.1\r");
    EXPECT_EQ(verdict(received_[0], "attio-v2", clock_.wall_ms()), SignatureVerdict::good);
    EXPECT_EQ(received_[0].headers.find("x-attio-timestamp"), nullptr);
    ASSERT_NE(received_[0].headers.find("Idempotency-Key"), nullptr);
    EXPECT_EQ(*received_[0].headers.find("Content-Type"), "application/json");
    auto body = Json::parse(received_[0].body);
    ASSERT_TRUE(body);
    EXPECT_EQ((*body)["events"][0]["event_type"].as_string(), "note.created");
}

TEST_F(CliSend, SignsTheTimestampedDialectToo) {
    Ran ran = send({"--source", "attio", "--type", "task.completed", "--dialect", "timestamped"});
    ASSERT_EQ(ran.exit, ExitCode::ok) << ran.err;
    ASSERT_EQ(received_.size(), 1u);
    EXPECT_EQ(verdict(received_[0], "timestamped", clock_.wall_ms()), SignatureVerdict::good);
    EXPECT_EQ(verdict(received_[0], "timestamped", clock_.wall_ms() + 301'000),
              SignatureVerdict::too_old);
    auto body = Json::parse(received_[0].body);
    EXPECT_EQ((*body)["event_type"].as_string(), "task.completed");
}

TEST_F(CliSend, EveryKindInEveryDialectIsAnEventThatTheSourceReads) {
    struct Kind {
        const char* type;
        const char* attribute;
        const char* value;
    };
    const Kind kinds[] = {{"record.created", "object", "deals"},
                          {"record.updated", "record_id", "rec-9"},
                          {"note.created", "note_id", "note-9"},
                          {"task.completed", "task_id", "task-9"},
                          {"list-entry.created", "list", "sales-pipeline"}};
    for (const char* dialect : {"attio-v2", "timestamped"})
        for (const auto& kind : kinds) {
            SCOPED_TRACE(std::string(dialect) + " " + kind.type);
            Ran ran = send({"--source", "attio", "--type", kind.type, "--dialect", dialect,
                            "--record", "rec-9", "--note", "note-9", "--task", "task-9",
                            "--object", "deals", "--entry", "entry-9"});
            ASSERT_EQ(ran.exit, ExitCode::ok) << ran.err;
            ASSERT_EQ(received_.size(), 1u);
            write("body.json", received_[0].body);
            Ran explained = run({"explain", "--source", "attio", "--file", file("body.json"),
                                 "--json"});
            auto lines = json_lines(explained.out);
            ASSERT_EQ(lines.size(), 1u) << explained.err;
            bool derived = std::string(dialect) == "attio-v2" &&
                           std::string(kind.type) == "task.completed";
            EXPECT_EQ(lines[0]["event"]["type"].as_string(), derived ? "task.updated" : kind.type);
            EXPECT_EQ(lines[0]["event"][kind.attribute].as_string(), kind.value);
            if (derived) {
                EXPECT_NE(ran.err.find("attio-v2 has no task.completed"), std::string::npos);
            }
        }
}

TEST_F(CliSend, CopiesAreEventsOfTheirOwnOverOneConnection) {
    Ran ran = send({"--source", "attio", "--count", "3", "--record", "rec-{n}", "--json"});
    ASSERT_EQ(ran.exit, ExitCode::ok) << ran.err;
    ASSERT_EQ(received_.size(), 3u);
    EXPECT_EQ(connections_, 1);
    std::set<std::string> keys;
    for (std::size_t i = 0; i < 3; ++i) {
        keys.insert(*received_[i].headers.find("Idempotency-Key"));
        EXPECT_EQ((*Json::parse(received_[i].body))["events"][0]["id"]["record_id"].as_string(),
                  "rec-" + std::to_string(i + 1));
    }
    EXPECT_EQ(keys.size(), 3u);
    auto lines = json_lines(ran.out);
    ASSERT_EQ(lines.size(), 3u);
    EXPECT_EQ(lines[2]["status"].as_int64(), 200);
    EXPECT_TRUE(lines[2]["answer"]["received"].as_bool());
    EXPECT_EQ(keys.count(lines[2]["key"].as_string()), 1u);
}

TEST_F(CliSend, AFileIsSentByteForByteWithItsHeaders) {
    std::string body = "{ \"type\": \"order.paid\",\n  \"n\": 1.50 }\n";
    write("body.json", body);
    Ran ran = send({"--source", "shop", "--file", file("body.json"), "--header", "X-Shop: 1",
                    "--header", "Idempotency-Key: mine"});
    ASSERT_EQ(ran.exit, ExitCode::ok) << ran.err;
    ASSERT_EQ(received_.size(), 1u);
    EXPECT_EQ(received_[0].body, body);
    EXPECT_EQ(*received_[0].headers.find("X-Shop"), "1");
    EXPECT_EQ(received_[0].headers.count("Idempotency-Key"), 1u);
    EXPECT_EQ(*received_[0].headers.find("Idempotency-Key"), "mine");
    EXPECT_EQ(received_[0].headers.find("Attio-Signature"), nullptr) << "this source is unsigned";
    send({"--source", "shop", "--file", "-"}, accepted, "{\"from\":\"stdin\"}");
    ASSERT_EQ(received_.size(), 1u);
    EXPECT_EQ(received_[0].body, "{\"from\":\"stdin\"}");
}

TEST_F(CliSend, ARefusalIsShownAndIsExitCode1) {
    Ran ran = send({"--source", "attio"},
                   "HTTP/1.1 401 Unauthorized\r\nContent-Length: 29\r\n\r\n"
                   "{\"error\":\"Invalid \x1b[31mture\"}");
    EXPECT_EQ(ran.exit, ExitCode::failed);
    EXPECT_NE(ran.out.find("401 {\"error\":\"Invalid \\x1b[31m"), std::string::npos) << ran.out;
    EXPECT_EQ(ran.out.find('\x1b'), std::string::npos);
}

TEST_F(CliSend, NobodyListeningIsExitCode1WithAHint) {
    Ran ran = run({"send", "--source", "attio"});
    EXPECT_EQ(ran.exit, ExitCode::failed);
    EXPECT_NE(ran.err.find("http://127.0.0.1:1/webhooks/attio"), std::string::npos) << ran.err;
    EXPECT_NE(ran.err.find("hint: is the hub running?"), std::string::npos) << ran.err;
}

TEST_F(CliSend, WordsThatCannotBeSentAreExitCode2) {
    struct Row {
        std::vector<std::string> words;
        const char* said;
    };
    const Row rows[] = {
        {{"send"}, "--source NAME: one of attio, shop"},
        {{"send", "--source", "atio"}, "did you mean \"attio\"?"},
        {{"send", "--source", "attio", "--dialect", "v3"}, "it has timestamped, attio-v2"},
        {{"send", "--source", "shop", "--dialect", "v3"}, "it is unsigned"},
        {{"send", "--source", "attio", "--type", "comment.created"}, "no sample of"},
        {{"send", "--source", "attio", "--object", "pets"}, "settings.objects"},
        {{"send", "--source", "attio", "--header", "nonsense"}, "Name: value"},
        {{"send", "--source", "attio", "--header", "A: b\r\nC: d"}, "Name: value"},
        {{"send", "--source", "attio", "--file", "/absent/body"}, "No such file"},
    };
    for (const auto& row : rows) {
        Ran ran = run(row.words);
        EXPECT_EQ(ran.exit, ExitCode::usage) << ::testing::PrintToString(row.words);
        EXPECT_NE(ran.err.find(row.said), std::string::npos) << ran.err;
    }
}

TEST_F(CliSend, APortThatIsOnlyKnownToTheHubNeedsAUrl) {
    write("any.yaml", good_config("127.0.0.1:0"));
    Ran ran = run({"send", "--source", "attio", "-c", file("any.yaml")});
    EXPECT_EQ(ran.exit, ExitCode::usage);
    EXPECT_NE(ran.err.find("give --url"), std::string::npos) << ran.err;
}

}  // namespace
}  // namespace syncline::cli
