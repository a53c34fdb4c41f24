// The cloudevents connector: three modes, strict attributes, data byte for byte.
#include "core/sdk/encoding.hpp"
#include "tests/support/plugin_harness.hpp"

namespace syncline::test {
namespace {

const PluginUnderTest& cloudevents() {
    static const PluginUnderTest plugin("cloudevents");
    return plugin;
}

constexpr const char* binary_headers =
    R"({"ce-specversion":"1.0","ce-id":"ce-1","ce-source":"/attio/ws1",
        "ce-type":"com.attio.note.created","content-type":"application/json"})";
const char* const structured_type = R"({"content-type":"application/cloudevents+json"})";
const char* const batch_type = R"({"content-type":"application/cloudevents-batch+json"})";

Json parsed(std::string_view headers, std::string_view body) {
    auto source = cloudevents().create("{}");
    return source.parse(json(headers), body);
}

std::string refusal(std::string_view headers, std::string_view body) {
    return parsed(headers, body)["error"].as_string();
}

std::string bytes_at(const Json& event, std::string_view body) {
    auto begin = static_cast<std::size_t>(event["range"][0].as_int64().value_or(0));
    auto end = static_cast<std::size_t>(event["range"][1].as_int64().value_or(0));
    return std::string(body.substr(begin, end - begin));
}

TEST(CloudEventsPlugin, describes_itself_and_declares_its_signature) {
    EXPECT_EQ(cloudevents().describe()["name"].as_string(), "cloudevents");
    EXPECT_EQ(cloudevents().describe()["roles"], json(R"(["source"])"));
    EXPECT_EQ(cloudevents().create("{}").signatures(), json(R"([{"scheme":"standard-webhooks"}])"));
    EXPECT_EQ(cloudevents().create(R"({"signature":"github"})").signatures(),
              json(R"([{"scheme":"github"}])"));
    EXPECT_EQ(cloudevents().create(R"({"signature":"none"})").signatures(), json("[]"));
    EXPECT_NE(cloudevents().refusal(R"({"signature":""})"), "");
}

TEST(CloudEventsPlugin, binary_and_structured_mode_give_the_same_event) {
    constexpr const char* body =
        R"({"specversion":"1.0","id":"ce-1","source":"/attio/ws1","type":"com.attio.note.created","datacontenttype":"application/json","data":{"note_id":"n1"}})";
    Json structured = parsed(structured_type, body)["events"][0];
    Json binary = parsed(binary_headers, R"({"note_id":"n1"})")["events"][0];
    for (const char* name : {"key", "type", "subject", "content_type", "attributes"})
        EXPECT_EQ(structured[name], binary[name]) << name;
    EXPECT_EQ(binary["key"].as_string(), "/attio/ws1 ce-1");
    EXPECT_EQ(binary["type"].as_string(), "com.attio.note.created");
    EXPECT_EQ(bytes_at(structured, body), R"({"note_id":"n1"})");
    EXPECT_EQ(binary["range"], json("[0,16]"));
    EXPECT_EQ(binary["attributes"]["ce"]["source"].as_string(), "/attio/ws1");
}

TEST(CloudEventsPlugin, header_values_are_decoded_once) {
    auto subject = [](const std::string& value) {
        Json headers = json(binary_headers);
        headers.set("ce-subject", value);
        return parsed(headers.dump(), "{}");
    };
    auto text = [&](const std::string& value) {
        return subject(value)["events"][0]["subject"].as_string();
    };
    EXPECT_EQ(text("Euro%20%E2%82%AC%20%F0%9F%98%80"), "Euro € 😀");
    EXPECT_EQ(text("Euro%20%e2%82%ac"), "Euro €");
    EXPECT_EQ(text("%41%2541"), "A%41");
    EXPECT_EQ(text("\"quoted \\\"x\\\" %20\""), "quoted \"x\"  ");
    for (const char* bad : {"%", "%4", "%zz", "%C3%28", "%ED%A0%80", "%FF"})
        EXPECT_NE(subject(bad)["error"].as_string().find("ce-subject"), std::string::npos) << bad;
    EXPECT_NE(subject("a%0Ab")["error"].as_string().find("control character"), std::string::npos);
}

TEST(CloudEventsPlugin, binary_data_of_any_type_is_kept) {
    Json headers = json(binary_headers);
    headers.set("content-type", "image/png");
    headers.set("ce-datacontenttype", "text/plain");
    Json event = parsed(headers.dump(), "\x89PNG\xff")["events"][0];
    EXPECT_EQ(event["content_type"].as_string(), "image/png");
    EXPECT_EQ(event["attributes"]["ce"]["datacontenttype"].as_string(), "image/png");
    EXPECT_EQ(event["range"], json("[0,5]"));
    Json bare = json(binary_headers);
    bare.erase("content-type");
    EXPECT_EQ(parsed(bare.dump(), "[1]")["events"][0]["content_type"].as_string(),
              "application/json");
    EXPECT_EQ(parsed(bare.dump(), "x")["events"][0]["content_type"].as_string(),
              "application/octet-stream");
}

TEST(CloudEventsPlugin, structured_data_in_its_forms) {
    auto event = [](const std::string& rest) {
        return parsed(structured_type,
                      R"({"specversion":"1.0","id":"1","source":"s","type":"t")" + rest + "}")
            ["events"][0];
    };
    Json bytes = event(R"(,"data_base64":"AP8=","datacontenttype":"image/png")");
    EXPECT_EQ(sdk::base64_decode(bytes["payload_base64"].as_string()), std::string("\0\xff", 2));
    EXPECT_EQ(bytes["content_type"].as_string(), "image/png");
    Json text = event(R"(,"data":"a\"b","datacontenttype":"text/plain")");
    EXPECT_EQ(sdk::base64_decode(text["payload_base64"].as_string()), "a\"b");
    EXPECT_EQ(event("")["range"], json("[0,0]"));
    Json null = event(R"(,"data":null,"subject":null,"extension":7,"flag":true)");
    EXPECT_EQ(null["subject"].as_string(), "");
    EXPECT_EQ(null["attributes"]["ce"]["extension"].as_string(), "7");
    EXPECT_EQ(null["attributes"]["ce"]["flag"].as_string(), "true");
    EXPECT_EQ(null["attributes"]["ce"].find("subject"), nullptr);
    Json number = event(R"(,"data": 19.90 ,"subject":"x","time":"2026-01-01T00:00:00Z")");
    EXPECT_EQ(number["range"][1].as_int64().value_or(0) - number["range"][0].as_int64().value_or(0),
              5);
    EXPECT_EQ(number["subject"].as_string(), "x");
    EXPECT_EQ(number["time_ms"].as_int64(), 1767225600000);
}

TEST(CloudEventsPlugin, the_content_type_ignores_case_and_parameters) {
    constexpr const char* body = R"({"specversion":"1.0","id":"1","source":"s","type":"t"})";
    EXPECT_EQ(parsed(R"({"content-type":"Application/CloudEvents+JSON ; charset=UTF-8"})", body)
                  ["events"].size(), 1u);
    EXPECT_NE(refusal(R"({"content-type":"application/cloudevents+xml"})", body).find("only +json"),
              std::string::npos);
}

TEST(CloudEventsPlugin, a_batch_holds_any_number) {
    EXPECT_EQ(parsed(batch_type, "[]"), json(R"({"events":[]})"));
    std::string body =
        R"([{"specversion":"1.0","id":"1","source":"s","type":"t","data":{"n":1}},
            {"specversion":"1.0","id":"2","source":"s","type":"u","data":{"n": 2}}])";
    Json events = parsed(batch_type, body)["events"];
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(bytes_at(events[1], body), R"({"n": 2})");
    EXPECT_EQ(events[1]["key"].as_string(), "s 2");
}

TEST(CloudEventsPlugin, refuses_what_is_no_event_and_says_why) {
    const std::pair<const char*, const char*> structured[] = {
        {"", "the body is no JSON"},
        {"[]", "no JSON object"},
        {R"({"id":"1","source":"s","type":"t"})", "\"specversion\" is missing"},
        {R"({"specversion":"0.3","id":"1","source":"s","type":"t"})", "expected 1.0"},
        {R"({"specversion":"1.0","id":"","source":"s","type":"t"})", "\"id\" is missing or empty"},
        {R"({"specversion":"1.0","id":"1","source":null,"type":"t"})", "\"source\" is missing"},
        {R"({"specversion":"1.0","id":"1","source":"s"})", "\"type\" is missing"},
        {R"({"specversion":"1.0","id":"1","source":"a b","type":"t"})", "holds a space"},
        {R"({"specversion":"1.0","id":"1","source":"s","type":"t","x":{}})", "\"x\" is no text"},
        {R"({"specversion":"1.0","id":"1","source":"s","type":"t","time":"now"})", "RFC 3339"},
        {R"({"specversion":"1.0","id":"1","source":"s","type":"t","data":1,"data_base64":"AA=="})",
         "both data and data_base64"},
        {R"({"specversion":"1.0","id":"1","source":"s","type":"t","data_base64":"*"})",
         "no base64"},
        {R"({"specversion":"1.0","id":"1","source":"s","type":"t","data_base64":7})", "no base64"}};
    for (const auto& [body, why] : structured) {
        std::string error = refusal(structured_type, body);
        EXPECT_NE(error.find(why), std::string::npos) << body << " gave: " << error;
    }
    EXPECT_NE(refusal(batch_type, "{}").find("JSON array"), std::string::npos);
    EXPECT_NE(refusal(batch_type, "[1]").find("events[0]: no JSON object"), std::string::npos);
    EXPECT_NE(refusal(R"({"content-type":"application/json"})", "{}").find("neither ce- headers"),
              std::string::npos);
}

}  // namespace
}  // namespace syncline::test
