// The attio connector: both dialects parsed to the same attributes, documents, task.completed,
// set_entry. Bodies are those of the documented vectors.
#include "tests/support/plugin_harness.hpp"

namespace syncline::test {
namespace {

const PluginUnderTest& attio() {
    static const PluginUnderTest plugin("attio");
    return plugin;
}

constexpr const char* vector_a =
    R"({"webhook_id":"11111111-2222-4333-8444-555555555555","events":[{"event_type":"note.created","id":{"workspace_id":"aaaaaaaa-0000-4000-8000-000000000001","note_id":"bbbbbbbb-0000-4000-8000-000000000002"},"parent_object_id":"cccccccc-0000-4000-8000-000000000003","parent_record_id":"dddddddd-0000-4000-8000-000000000004","actor":{"type":"workspace-member","id":"eeeeeeee-0000-4000-8000-000000000005"}}]})";
constexpr const char* vector_b =
    R"({"webhook_id":"w","events":[{"event_type":"task.updated","id":{"workspace_id":"ws","task_id":"t-é-✓"},"actor":{"type":"system","id":null}}]})";
constexpr const char* vector_c =
    R"({"event_type":"task.completed","id":{"event_id":"evt_0001"},"created_at":"2026-04-23T10:00:00Z","actor":{"type":"workspace-member","id":"eeeeeeee-0000-4000-8000-000000000005"},"object":{"id":{"object_id":"cccccccc-0000-4000-8000-000000000003"},"api_slug":"deals"},"record":{"id":{"record_id":"dddddddd-0000-4000-8000-000000000004"}}})";
constexpr const char* mapped =
    R"({"api_key":"k","objects":{"deals":"cccccccc-0000-4000-8000-000000000003"},
        "lists":{"sales-pipeline":"99999999-0000-4000-8000-000000000009"},
        "attributes":{"stage":["ffffffff-0000-4000-8000-00000000000f"]}})";

Json headers_v2() {
    return json(R"({"idempotency-key":"idem-1"})");
}
Json headers_timestamped() {
    return json(R"({"x-attio-timestamp":"1776938400"})");
}

std::string bytes_at(const Json& event, std::string_view body) {
    auto begin = static_cast<std::size_t>(event["range"][0].as_int64().value_or(0));
    auto end = static_cast<std::size_t>(event["range"][1].as_int64().value_or(0));
    return std::string(body.substr(begin, end - begin));
}

DeliverySpec event_spec(std::string_view event) {
    DeliverySpec spec;
    spec.event = json(event);
    return spec;
}

TEST(AttioPlugin, describes_itself) {
    Json described = attio().describe();
    EXPECT_EQ(described["name"].as_string(), "attio");
    EXPECT_EQ(described["derives"], json(R"({"task.completed":["task.updated","task.created"]})"));
    EXPECT_EQ(described["documents"].size(), 4u);
}

TEST(AttioPlugin, declares_signatures_by_dialect) {
    EXPECT_EQ(attio().create("{}").signatures(),
              json(R"([{"scheme":"timestamped","when_header":"x-attio-timestamp"},
                       {"scheme":"attio-v2"}])"));
    EXPECT_EQ(attio().create(R"({"dialect":"attio-v2"})").signatures(),
              json(R"([{"scheme":"attio-v2"}])"));
    EXPECT_EQ(attio().create(R"({"dialect":"timestamped"})").signatures(),
              json(R"([{"scheme":"timestamped"}])"));
}

TEST(AttioPlugin, refuses_settings_that_cannot_work) {
    EXPECT_NE(attio().refusal(R"({"dialect":"v3"})").find("expected auto"), std::string::npos);
    EXPECT_NE(attio().refusal(R"({"objects":{"deals":"x"}})").find("objects.deals is no UUID"),
              std::string::npos);
}

TEST(AttioPlugin, parses_an_envelope) {
    auto source = attio().create(mapped);
    Json event = source.parse(headers_v2(), vector_a)["events"][0];
    EXPECT_EQ(event["key"].as_string(), "idem-1");
    EXPECT_EQ(event["type"].as_string(), "note.created");
    EXPECT_EQ(event["subject"].as_string(), "bbbbbbbb-0000-4000-8000-000000000002");
    EXPECT_EQ(event["attributes"], json(R"({"dialect":"attio-v2",
        "workspace_id":"aaaaaaaa-0000-4000-8000-000000000001",
        "note_id":"bbbbbbbb-0000-4000-8000-000000000002",
        "parent":{"object":"deals","object_id":"cccccccc-0000-4000-8000-000000000003",
                  "record_id":"dddddddd-0000-4000-8000-000000000004"},
        "actor":{"type":"workspace-member","id":"eeeeeeee-0000-4000-8000-000000000005"}})"))
        << event.dump();
    std::string own = bytes_at(event, vector_a);
    EXPECT_EQ(own.substr(0, 29), R"({"event_type":"note.created",)");
    EXPECT_EQ(own.back(), '}');
    EXPECT_EQ(json(own)["event_type"].as_string(), "note.created");
}

TEST(AttioPlugin, keeps_utf8_ids_and_a_null_actor_id) {
    Json event = attio().create("{}").parse(headers_v2(), vector_b)["events"][0];
    EXPECT_EQ(event["subject"].as_string(), "t-é-✓");
    EXPECT_EQ(event["attributes"]["actor"], json(R"({"type":"system"})"));
}

TEST(AttioPlugin, parses_the_timestamped_dialect_to_the_same_attributes) {
    Json event = attio().create("{}").parse(headers_timestamped(), vector_c)["events"][0];
    EXPECT_EQ(event["key"].as_string(), "evt_0001");
    EXPECT_EQ(event["type"].as_string(), "task.completed");
    EXPECT_EQ(event["subject"].as_string(), "dddddddd-0000-4000-8000-000000000004");
    EXPECT_EQ(event["time_ms"].as_int64(), 1776938400000);
    EXPECT_EQ(event["attributes"], json(R"({"dialect":"timestamped","object":"deals",
        "object_id":"cccccccc-0000-4000-8000-000000000003",
        "record_id":"dddddddd-0000-4000-8000-000000000004",
        "actor":{"type":"workspace-member","id":"eeeeeeee-0000-4000-8000-000000000005"}})"));
    EXPECT_EQ(bytes_at(event, vector_c), vector_c);
}

TEST(AttioPlugin, accepts_both_spellings_of_record_and_entry) {
    auto source = attio().create("{}");
    auto parsed = [&](const char* body) {
        return source.parse(headers_timestamped(), body)["events"][0];
    };
    Json flat = parsed(R"({"event_type":"record.created","id":{"event_id":"e"},
        "object":{"api_slug":"people"},"record":{"record_id":"r1"}})");
    EXPECT_EQ(flat["subject"].as_string(), "r1");
    Json deep = parsed(R"({"event_type":"list-entry.created","id":{"event_id":"e"},
        "list":{"id":{"list_id":"l"},"api_slug":"sales_pipeline"},"entry":{"id":{"entry_id":"n1"}}})");
    EXPECT_EQ(deep["subject"].as_string(), "n1");
    EXPECT_EQ(deep["attributes"]["list"].as_string(), "sales_pipeline");
    EXPECT_EQ(deep["attributes"]["list_id"].as_string(), "l");
    Json short_entry = parsed(R"({"event_type":"list-entry.created","id":{"event_id":"e"},
        "list":{"api_slug":"s"},"entry":{"entry_id":"n2"},"record":{"record_id":"r2"}})");
    EXPECT_EQ(short_entry["subject"].as_string(), "n2");
    EXPECT_EQ(short_entry["attributes"]["parent"], json(R"({"record_id":"r2"})"));
}

TEST(AttioPlugin, an_event_that_names_nothing_has_its_own_id_as_subject) {
    Json event = attio().create("{}").parse(
        headers_timestamped(), R"({"event_type":"note.created","id":{"event_id":"evt_9"}})");
    EXPECT_EQ(event["events"][0]["subject"].as_string(), "evt_9");
}

TEST(AttioPlugin, names_mapped_uuids_in_every_place) {
    auto source = attio().create(mapped);
    Json updated = source.parse(headers_v2(),
        R"({"webhook_id":"w","events":[{"event_type":"list-entry.updated","id":{"workspace_id":"w",
        "list_id":"99999999-0000-4000-8000-000000000009","entry_id":"n",
        "attribute_id":"FFFFFFFF-0000-4000-8000-00000000000F"},
        "parent_object_id":"cccccccc-0000-4000-8000-000000000003","parent_record_id":"r"}]})");
    const Json& attributes = updated["events"][0]["attributes"];
    EXPECT_EQ(attributes["list"].as_string(), "sales-pipeline");
    EXPECT_EQ(attributes["attribute"].as_string(), "stage");
    EXPECT_EQ(attributes["parent"]["object"].as_string(), "deals");
    EXPECT_EQ(updated["events"][0]["subject"].as_string(), "n");
    Json slug_only = source.parse(headers_timestamped(),
        R"({"event_type":"record.updated","id":{"event_id":"e"},"object":{"api_slug":"deals"},
            "record":{"record_id":"r"},"attribute":"stage"})");
    EXPECT_EQ(slug_only["events"][0]["attributes"]["object_id"].as_string(),
              "cccccccc-0000-4000-8000-000000000003");
    EXPECT_EQ(slug_only["events"][0]["attributes"]["attribute"].as_string(), "stage");
}

TEST(AttioPlugin, unmapped_uuids_stay_ids) {
    Json event = attio().create("{}").parse(headers_v2(),
        R"({"events":[{"event_type":"record.created","id":{
            "object_id":"cccccccc-0000-4000-8000-000000000003","record_id":"r"}}]})")["events"][0];
    EXPECT_EQ(event["attributes"].find("object"), nullptr);
    EXPECT_EQ(event["attributes"]["object_id"].as_string(),
              "cccccccc-0000-4000-8000-000000000003");
}

TEST(AttioPlugin, several_events_share_a_key_with_their_index) {
    Json events = attio().create("{}").parse(headers_v2(),
        R"({"events":[{"event_type":"task.created","id":{"task_id":"1"}},
                      {"event_type":"task.deleted","id":{"task_id":"2"}}]})")["events"];
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[0]["key"].as_string(), "idem-1#0");
    EXPECT_EQ(events[1]["key"].as_string(), "idem-1#1");
    EXPECT_EQ(events[1]["subject"].as_string(), "2");
}

TEST(AttioPlugin, without_any_identity_the_key_is_left_to_the_hub) {
    Json events = attio().create("{}").parse(json("{}"), vector_a)["events"];
    EXPECT_EQ(events[0]["key"].as_string(), "");
}

TEST(AttioPlugin, an_unsigned_header_does_not_rename_a_timestamped_event) {
    Json headers = json(R"({"x-attio-timestamp":"1","idempotency-key":"forged"})");
    Json events = attio().create("{}").parse(headers, vector_c)["events"];
    EXPECT_EQ(events[0]["key"].as_string(), "evt_0001");
}

TEST(AttioPlugin, a_bare_event_and_an_envelope_are_taken_in_both_dialects) {
    auto source = attio().create("{}");
    EXPECT_EQ(source.parse(headers_timestamped(), vector_a)["events"].size(), 1u);
    Json bare = source.parse(headers_v2(),
                             R"({"event_type":"record.deleted","id":{"record_id":"r"}})");
    EXPECT_EQ(bare["events"][0]["key"].as_string(), "idem-1");
    EXPECT_EQ(source.parse(headers_v2(), R"({"webhook_id":"w","events":[]})"),
              json(R"({"events":[]})"));
}

TEST(AttioPlugin, unknown_and_old_types_are_kept) {
    auto source = attio().create("{}");
    Json event = source.parse(headers_v2(),
        R"({"events":[{"event_type":"activity.created","id":{"activity_id":"a1"}},
                      {"event_type":"entry.created","collection_id":"l1","entry_id":"n1"},
                      {"event_type":"brand-new","id":{}}]})");
    EXPECT_EQ(event["events"][0]["subject"].as_string(), "a1");
    EXPECT_EQ(event["events"][1]["subject"].as_string(), "n1");
    EXPECT_EQ(event["events"][1]["attributes"]["list_id"].as_string(), "l1");
    EXPECT_EQ(event["events"][2]["type"].as_string(), "brand-new");
    EXPECT_EQ(event["events"][2]["subject"].as_string(), "");
}

TEST(AttioPlugin, subjects_follow_the_type) {
    auto source = attio().create("{}");
    const std::pair<const char*, const char*> cases[] = {
        {R"({"event_type":"comment.resolved","id":{"comment_id":"c"},"record_id":"r"})", "c"},
        {R"({"event_type":"note-content.updated","id":{"note_id":"n"}})", "n"},
        {R"({"event_type":"object-attribute.updated","id":{"object_id":"o","attribute_id":"a"}})",
         "a"},
        {R"({"event_type":"list.deleted","id":{"list_id":"l"}})", "l"},
        {R"({"event_type":"workspace-member.created","id":{"workspace_member_id":"m"}})", "m"},
        {R"({"event_type":"call-recording.created","id":{"meeting_id":"x","call_recording_id":"y"}})",
         "y"},
        {R"({"event_type":"record.merged","id":{"record_id":"r"},"duplicate_record_id":"d"})", "r"}};
    for (const auto& [body, subject] : cases)
        EXPECT_EQ(source.parse(headers_v2(), body)["events"][0]["subject"].as_string(), subject)
            << body;
}

TEST(AttioPlugin, refuses_bodies_that_are_no_event_and_says_why) {
    auto source = attio().create("{}");
    const std::pair<const char*, const char*> cases[] = {
        {"", "the body is no JSON"},
        {"{\"events\":", "at byte 10"},
        {"[]", "the body is no JSON object"},
        {"{}", "the body has no \"event_type\""},
        {R"({"events":{}})", "\"events\" is no list"},
        {R"({"events":[{"event_type":"a.b"},7]})", "events[1] is no JSON object"},
        {R"({"events":[{"event_type":5}]})", "events[0] has no \"event_type\""}};
    for (const auto& [body, why] : cases) {
        std::string error = source.parse(headers_v2(), body)["error"].as_string();
        EXPECT_NE(error.find(why), std::string::npos) << body << " gave: " << error;
    }
}

TEST(AttioPlugin, fetches_a_record_with_plain_values) {
    auto source = attio().create(mapped);
    auto job = source.fetch("record", event_spec(R"({"type":"record.created","attributes":{
        "object_id":"cccccccc-0000-4000-8000-000000000003","record_id":"r 1"}})"));
    Json request = job.expect_http("GET", "https://api.attio.com/v2/objects/"
                                          "cccccccc-0000-4000-8000-000000000003/records/r%201");
    EXPECT_EQ(header_of(request, "Authorization"), "Bearer k");
    job.answer(200, R"({"data":{"id":{"object_id":"o","record_id":"r 1"},"created_at":"t",
      "web_url":"u","values":{
        "name":[{"active_from":"x","attribute_type":"text","value":"Acme"}],
        "amount":[{"currency_value":"499.00","currency_code":"EUR"}],
        "paid":[{"currency_value":12.50,"currency_code":"EUR"}],
        "stage":[{"attribute_type":"select","status":{"title":"Won"}}],
        "kind":[{"option":{"title":"A"}},{"option":"bare-id"}],
        "email_addresses":[{"original_email_address":"A@B.c","email_address":"a@b.c"}],
        "phone":[{"original_phone_number":"1","phone_number":"+1","country_code":"US"}],
        "domains":[],
        "person":[{"first_name":"A","last_name":"B","full_name":"A B"}],
        "company":[{"target_object":"companies","target_record_id":"c1"}],
        "owner":[{"referenced_actor_type":"workspace-member","referenced_actor_id":"m1"}],
        "last_interaction":[{"interaction_type":"email","interacted_at":"2026"}],
        "where":[{"active_from":"x","locality":"Bern","country_code":"CH"}],
        "rating":[{"value":0}],
        "done":[{"value":false}],
        "none":[]}}})");
    Json document = job.expect_done("delivered")["document"];
    EXPECT_EQ(document["values"], json(R"({"name":"Acme","amount":499.00,"paid":12.50,
        "stage":"Won","kind":["A","bare-id"],"email_addresses":["a@b.c"],"phone":"+1",
        "domains":[],"person":"A B","company":"c1","owner":"m1","last_interaction":"2026",
        "where":{"locality":"Bern","country_code":"CH"},"rating":0,"done":false,"none":null})"))
        << document["values"].dump();
    EXPECT_EQ(document["object"].as_string(), "deals");
    EXPECT_EQ(document["id"].as_string(), "r 1");
    EXPECT_EQ(document["raw"]["values"]["stage"][0]["status"]["title"].as_string(), "Won");
}

TEST(AttioPlugin, fetches_the_record_that_an_entry_belongs_to) {
    auto source = attio().create(mapped);
    auto job = source.fetch("record", event_spec(R"({"attributes":{"entry_id":"n",
        "parent":{"object":"people","record_id":"r"}}})"));
    job.expect_http("GET", "https://api.attio.com/v2/objects/people/records/r");
}

TEST(AttioPlugin, fetches_entry_note_and_task) {
    auto source = attio().create(R"({"api_key":"k","api_url":"http://127.0.0.1:1/"})");
    auto entry = source.fetch("entry",
                              event_spec(R"({"attributes":{"list":"sales","entry_id":"n"}})"));
    entry.expect_http("GET", "http://127.0.0.1:1/v2/lists/sales/entries/n");
    entry.answer(200, R"({"data":{"id":{"list_id":"l","entry_id":"n"},"parent_record_id":"r",
        "parent_object":"deals","entry_values":{"stage":[{"status":{"title":"New"}}]}}})");
    Json got = entry.expect_done("delivered")["document"];
    EXPECT_EQ(got["values"], json(R"({"stage":"New"})"));
    EXPECT_EQ(got["list"].as_string(), "sales");
    EXPECT_EQ(got["parent_record_id"].as_string(), "r");

    auto note = source.fetch("note", event_spec(R"({"attributes":{"note_id":"n1"}})"));
    note.expect_http("GET", "http://127.0.0.1:1/v2/notes/n1");
    note.answer(200, R"({"data":{"id":{"note_id":"n1"},"title":"T","content_markdown":"# x",
        "content_plaintext":"x"}})");
    got = note.expect_done("delivered")["document"];
    EXPECT_EQ(got["title"].as_string(), "T");
    EXPECT_EQ(got["content_markdown"].as_string(), "# x");
    EXPECT_EQ(got["raw"]["content_plaintext"].as_string(), "x");

    auto task = source.fetch("task", event_spec(R"({"attributes":{"task_id":"t1"}})"));
    task.expect_http("GET", "http://127.0.0.1:1/v2/tasks/t1");
    task.answer(200, R"({"data":{"id":{"task_id":"t1"},"is_completed":true}})");
    EXPECT_TRUE(task.expect_done("delivered")["document"]["is_completed"].as_bool());
}

TEST(AttioPlugin, a_note_named_only_by_its_event_is_asked_for_by_that_id) {
    DeliverySpec spec = event_spec(R"({"attributes":{"dialect":"timestamped"}})");
    spec.payload = R"({"event_type":"note.created","id":{"event_id":"evt_7"}})";
    auto source = attio().create(R"({"api_key":"k"})");
    auto job = source.fetch("note", spec);
    job.expect_http("GET", "https://api.attio.com/v2/notes/evt_7");
}

TEST(AttioPlugin, a_fetch_that_fails_says_what_attio_said) {
    auto source = attio().create(R"({"api_key":"k"})");
    auto outcome = [&](int status, const char* body, const char* kind) {
        auto job = source.fetch("task", event_spec(R"({"attributes":{"task_id":"t"}})"));
        job.answer(status, body, {}, status == 429 ? 1500 : 0);
        return job.expect_done(kind);
    };
    EXPECT_EQ(outcome(404, R"({"code":"merge_in_progress","message":"m"})", "retry")["after_ms"],
              Json(2000));
    Json gone = outcome(404, R"({"status_code":404,"code":"not_found","message":"no such"})",
                        "reject");
    EXPECT_NE(gone["note"].as_string().find("not_found: no such"), std::string::npos);
    EXPECT_EQ(outcome(429, R"({"code":"rate_limit_exceeded"})", "retry")["after_ms"], Json(1500));
    outcome(401, R"({"code":"unauthorized"})", "hold");
    outcome(403, "{}", "hold");
    outcome(400, R"({"code":"validation_type"})", "reject");
    outcome(409, R"({"code":"concurrent_write_conflict"})", "retry");
    outcome(502, "<html>", "retry");
    outcome(200, "<html>", "retry");
    outcome(200, R"({"data":[]})", "retry");
    auto job = source.fetch("task", event_spec(R"({"attributes":{"task_id":"t"}})"));
    job.fail("timeout");
    job.expect_done("retry");
}

TEST(AttioPlugin, fetch_needs_a_key_and_a_name) {
    auto without = attio().create("{}");
    auto job = without.fetch("note", event_spec(R"({"attributes":{"note_id":"n"}})"));
    job.expect_done("hold");
    auto nameless = attio().create(R"({"api_key":"k"})");
    auto other = nameless.fetch("record", event_spec(R"({"type":"x","attributes":{}})"));
    other.expect_done("reject");
    auto unknown = nameless.fetch("weather", event_spec(R"({"attributes":{"note_id":"n"}})"));
    unknown.expect_done("reject");
}

constexpr const char* task_event =
    R"({"id":"ev-1","type":"task.updated","attributes":{"dialect":"attio-v2","task_id":"t1",
        "actor":{"type":"workspace-member","id":"m"}}})";

TEST(AttioPlugin, emits_task_completed_once_for_each_change) {
    auto source = attio().create(R"({"api_key":"k"})");
    constexpr const char* completed =
        R"({"data":{"id":{"workspace_id":"w","task_id":"t1"},"is_completed":true,
            "completed_at":"2026-01-01T00:00:00Z"}})";
    auto first = source.derive(event_spec(task_event));
    first.expect_link("task-state", "t1");
    first.expect_http("GET", "https://api.attio.com/v2/tasks/t1");
    first.answer(200, completed);
    Json outcome = first.expect_done("delivered");
    ASSERT_EQ(outcome["emit"].size(), 1u);
    const Json& emitted = outcome["emit"][0];
    EXPECT_EQ(emitted["type"].as_string(), "task.completed");
    EXPECT_EQ(emitted["subject"].as_string(), "t1");
    EXPECT_EQ(emitted["key"].as_string(), "task.completed:t1:2026-01-01T00:00:00Z");
    EXPECT_EQ(emitted["attributes"]["actor"]["id"].as_string(), "m");
    EXPECT_TRUE(emitted["data"]["task"]["is_completed"].as_bool());
    EXPECT_EQ(outcome["links"],
              json(R"([{"kind":"task-state","source_id":"t1","id":"completed"}])"));

    auto again = source.derive(event_spec(task_event));
    again.expect_link("task-state", "t1", "completed");
    again.answer(200, completed);
    EXPECT_EQ(again.expect_done("skipped").find("emit"), nullptr);

    auto reopened = source.derive(event_spec(task_event));
    reopened.expect_link("task-state", "t1", "completed");
    reopened.answer(200, R"({"data":{"id":{"task_id":"t1"},"is_completed":false}})");
    Json open = reopened.expect_done("delivered");
    EXPECT_EQ(open["links"][0]["id"].as_string(), "open");
    EXPECT_EQ(open.find("emit"), nullptr);

    auto second = source.derive(event_spec(task_event));
    second.expect_link("task-state", "t1", "open");
    second.answer(200, R"({"data":{"id":{"task_id":"t1"},"is_completed":true}})");
    Json late = second.expect_done("delivered");
    EXPECT_EQ(late["emit"][0]["key"].as_string(), "task.completed:t1:ev-1");
}

TEST(AttioPlugin, derives_nothing_from_open_gone_or_ready_made_tasks) {
    auto source = attio().create(R"({"api_key":"k"})");
    auto open = source.derive(event_spec(task_event));
    open.expect_link("task-state", "t1");
    open.answer(200, R"({"data":{"is_completed":false}})");
    open.expect_done("skipped");
    auto gone = source.derive(event_spec(task_event));
    gone.expect_link("task-state", "t1", "open");
    gone.answer(404, R"({"code":"not_found"})");
    EXPECT_EQ(gone.expect_done("skipped")["unlinks"].size(), 1u);
    auto merging = source.derive(event_spec(task_event));
    merging.expect_link("task-state", "t1");
    merging.answer(404, R"({"code":"merge_in_progress"})");
    merging.expect_done("retry");
    auto garbled = source.derive(event_spec(task_event));
    garbled.expect_link("task-state", "t1");
    garbled.answer(200, R"({"data":{"is_completed":"yes"}})");
    garbled.expect_done("retry");
    auto ready = source.derive(
        event_spec(R"({"attributes":{"dialect":"timestamped","task_id":"t1"}})"));
    ready.expect_done("skipped");
    auto nameless = source.derive(event_spec(R"({"attributes":{"dialect":"attio-v2"}})"));
    nameless.expect_done("skipped");
}

DeliverySpec entry_spec(std::string_view input, std::string_view attributes) {
    DeliverySpec spec;
    spec.input = json(input);
    spec.event.set("attributes", json(attributes));
    return spec;
}

TEST(AttioPlugin, sets_values_of_an_entry_as_lists) {
    auto there = attio().create(R"({"api_key":"k"})");
    auto job = there.act("set_entry", entry_spec(
        R"({"entry":"n1","values":{"stage":"Qualifying","tags":["a","b"],"note":null}})",
        R"({"list":"sales","list_id":"99999999-0000-4000-8000-000000000009"})"));
    job.expect_http("PATCH", "https://api.attio.com/v2/lists/99999999-0000-4000-8000-000000000009"
                             "/entries/n1",
        R"({"data":{"entry_values":{"stage":["Qualifying"],"tags":["a","b"],"note":[]}}})");
    job.answer(200, R"({"data":{"id":{"entry_id":"n1"}}})");
    job.expect_done("delivered");

    auto named = there.act("set_entry",
                           entry_spec(R"({"entry":"n1","list":"other","values":{"a":1}})", "{}"));
    named.expect_http("PATCH", "https://api.attio.com/v2/lists/other/entries/n1");
    named.answer(400, R"({"code":"value_not_found","message":"no status Qualifying"})");
    Json refused = named.expect_done("reject");
    EXPECT_NE(refused["note"].as_string().find("no status Qualifying"), std::string::npos);
}

TEST(AttioPlugin, set_entry_refuses_what_cannot_be_set) {
    auto there = attio().create(R"({"api_key":"k"})");
    there.act("set_entry", entry_spec(R"({"entry":"n","values":{"a":1}})", "{}"))
        .expect_done("reject");
    there.act("set_entry", entry_spec(R"({"entry":"","list":"l","values":{"a":1}})", "{}"))
        .expect_done("reject");
    there.act("set_entry", entry_spec(R"({"entry":"n","list":"l","values":{}})", "{}"))
        .expect_done("reject");
    there.act("dance", entry_spec("{}", "{}")).expect_done("reject");
    auto keyless = attio().create("{}");
    keyless.act("set_entry", entry_spec("{}", "{}")).expect_done("hold");
}

}  // namespace
}  // namespace syncline::test
