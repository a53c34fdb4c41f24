// Signatures: every published and computed vector of the senders that the table knows, and every
// way in which a forged, damaged or repeated signature must fail.
#include "core/receiver/signature.hpp"

#include <gtest/gtest.h>

#include "core/base/hash.hpp"
#include "core/base/text.hpp"

namespace syncline {
namespace {

constexpr std::int64_t new_year_ms = 1'767'225'600'000;  // 2026-01-01T00:00:00Z

HttpHeaders headers(std::initializer_list<std::pair<const char*, std::string>> fields) {
    HttpHeaders made;
    for (const auto& [name, value] : fields) made.add(name, value);
    return made;
}

const SignatureScheme& scheme(std::string_view name) {
    const auto* found = find_signature_scheme(name);
    SYNCLINE_ASSERT(found != nullptr, std::string(name));
    return *found;
}

SignatureCheck check(std::string_view name, std::vector<std::string> secrets,
                     const HttpHeaders& given, std::string_view body,
                     std::int64_t now_ms = new_year_ms) {
    return verify_signature(scheme(name), secrets, given, body, now_ms);
}

constexpr auto good = SignatureVerdict::good;
constexpr auto invalid = SignatureVerdict::invalid;
constexpr auto too_old = SignatureVerdict::too_old;

// --- Attio --------------------------------------------------------------------------------------

const std::string attio_secret =
    "3f9a0c4d5e6b7a8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708";
const std::string attio_body =
    R"({"webhook_id":"11111111-2222-4333-8444-555555555555",)"
    R"("events":[{"event_type":"note.created","id":{"workspace_id":"aaaaaaaa-0000-4000-8000-000000000001",)"
    R"("note_id":"bbbbbbbb-0000-4000-8000-000000000002"},)"
    R"("parent_object_id":"cccccccc-0000-4000-8000-000000000003",)"
    R"("parent_record_id":"dddddddd-0000-4000-8000-000000000004",)"
    R"("actor":{"type":"workspace-member","id":"eeeeeeee-0000-4000-8000-000000000005"}}]})";
const std::string attio_mac = "32362cf1f5b71bdeeb7124bb676097d59f058105116d793a33535a3eb34ec91e";

TEST(AttioSignature, accepts_the_vector_with_an_ascii_body) {
    ASSERT_EQ(attio_body.size(), 400u);
    for (const char* name : {"Attio-Signature", "X-Attio-Signature", "attio-signature"})
        EXPECT_EQ(check("attio-v2", {attio_secret}, headers({{name, attio_mac}}), attio_body)
                      .verdict, good) << name;
}

TEST(AttioSignature, accepts_the_vector_with_a_utf8_body) {
    std::string body =
        "{\"webhook_id\":\"w\",\"events\":[{\"event_type\":\"task.updated\",\"id\":"
        "{\"workspace_id\":\"ws\",\"task_id\":\"t-\xC3\xA9-\xE2\x9C\x93\"},"
        "\"actor\":{\"type\":\"system\",\"id\":null}}]}";
    ASSERT_EQ(body.size(), 143u);
    auto given = headers(
        {{"Attio-Signature", "d80a25b1a301ce73cbbae15bfa728c2b75749d17638084803ef94384879940a2"}});
    EXPECT_EQ(check("attio-v2", {attio_secret}, given, body).verdict, good);
}

TEST(AttioSignature, accepts_the_vector_with_an_empty_body) {
    auto given = headers(
        {{"Attio-Signature", "5bcbd4e1098d88506521ef8a21b9a3dd5dd63d341c5a70508dd14c35eaf503e4"}});
    EXPECT_EQ(check("attio-v2", {attio_secret}, given, "").verdict, good);
}

TEST(AttioSignature, uses_the_secret_as_text_and_not_as_hex_digits) {
    auto given = headers(
        {{"Attio-Signature", "4e3aaa91529961a1f59d5dffdaaeeecf9508a24a50160097e370eb2d9b2d4424"}});
    EXPECT_EQ(check("attio-v2", {attio_secret}, given, attio_body).verdict, invalid);
}

TEST(AttioSignature, accepts_both_headers_when_they_agree_and_refuses_them_when_they_differ) {
    auto both = headers({{"Attio-Signature", attio_mac}, {"X-Attio-Signature", attio_mac}});
    EXPECT_EQ(check("attio-v2", {attio_secret}, both, attio_body).verdict, good);
    std::string other(64, '0');
    for (auto [first, second] : {std::pair{attio_mac, other}, std::pair{other, attio_mac}}) {
        auto differing = headers({{"Attio-Signature", first}, {"X-Attio-Signature", second}});
        EXPECT_EQ(check("attio-v2", {attio_secret}, differing, attio_body).verdict, invalid);
    }
}

TEST(AttioSignature, accepts_upper_case_hex) {
    std::string upper = attio_mac;
    for (char& c : upper) c = static_cast<char>(std::toupper(c));
    EXPECT_EQ(check("attio-v2", {attio_secret}, headers({{"Attio-Signature", upper}}), attio_body)
                  .verdict, good);
}

TEST(AttioSignature, refuses_every_damaged_signature) {
    std::string flipped = attio_mac;
    flipped[0] = '4';
    std::string letter = attio_mac;
    letter[5] = 'g';
    for (const std::string& damaged :
         {std::string(), flipped, letter, attio_mac.substr(1), attio_mac.substr(0, 62),
          attio_mac.substr(0, 2), attio_mac + "0", attio_mac + "00", attio_mac + attio_mac,
          "sha256=" + attio_mac, " " + attio_mac, attio_mac + ",", attio_mac + ", " + attio_mac,
          "0x" + attio_mac.substr(2), std::string(64, ' '), std::string(16'000, 'a')})
        EXPECT_EQ(check("attio-v2", {attio_secret}, headers({{"Attio-Signature", damaged}}),
                        attio_body).verdict, invalid) << damaged.substr(0, 80);
}

TEST(AttioSignature, refuses_a_missing_or_repeated_header) {
    EXPECT_EQ(check("attio-v2", {attio_secret}, {}, attio_body).verdict, invalid);
    auto doubled = headers({{"Attio-Signature", attio_mac}, {"attio-signature", attio_mac}});
    EXPECT_EQ(check("attio-v2", {attio_secret}, doubled, attio_body).verdict, invalid);
}

TEST(AttioSignature, refuses_a_changed_body_and_another_secret) {
    auto given = headers({{"Attio-Signature", attio_mac}});
    EXPECT_EQ(check("attio-v2", {attio_secret}, given, attio_body + "\n").verdict, invalid);
    EXPECT_EQ(check("attio-v2", {attio_secret + "0"}, given, attio_body).verdict, invalid);
    EXPECT_EQ(check("attio-v2", {}, given, attio_body).verdict, invalid);
}

TEST(AttioSignature, an_empty_secret_never_matches) {
    auto mac = hex_encode(hmac_sha256("", {attio_body}));
    EXPECT_EQ(check("attio-v2", {""}, headers({{"Attio-Signature", mac}}), attio_body).verdict,
              invalid);
}

TEST(AttioSignature, any_of_several_secrets_matches_and_is_named) {
    auto given = headers({{"Attio-Signature", attio_mac}});
    auto checked = check("attio-v2", {"new", attio_secret, "old"}, given, attio_body);
    EXPECT_EQ(checked.verdict, good);
    EXPECT_EQ(checked.secret, 1u);
}

// --- The timestamped dialect --------------------------------------------------------------------

const std::string timestamped_body =
    R"({"event_type":"task.completed","id":{"event_id":"evt_0001"},)"
    R"("created_at":"2026-04-23T10:00:00Z","actor":{"type":"workspace-member",)"
    R"("id":"eeeeeeee-0000-4000-8000-000000000005"},"object":{"id":{)"
    R"("object_id":"cccccccc-0000-4000-8000-000000000003"},"api_slug":"deals"},)"
    R"("record":{"id":{"record_id":"dddddddd-0000-4000-8000-000000000004"}}})";
const std::string timestamped_mac =
    "773d4ea68ba401a61cadd65ae8e8a07fb4b72abb47e60a9ea29609c7947a834e";
constexpr std::int64_t timestamped_ms = 1'776'938'400'000;

HttpHeaders timestamped(const std::string& timestamp, const std::string& mac = timestamped_mac) {
    return headers({{"x-attio-timestamp", timestamp}, {"x-attio-signature", mac}});
}

SignatureVerdict timestamped_verdict(const HttpHeaders& given, std::int64_t now_ms) {
    return check("timestamped", {attio_secret}, given, timestamped_body, now_ms).verdict;
}

TEST(TimestampedSignature, accepts_the_vector) {
    ASSERT_EQ(timestamped_body.size(), 333u);
    EXPECT_EQ(timestamped_verdict(timestamped("1776938400"), timestamped_ms), good);
}

TEST(TimestampedSignature, the_window_is_300_seconds_on_both_sides) {
    auto given = timestamped("1776938400");
    EXPECT_EQ(timestamped_verdict(given, timestamped_ms + 299'000), good);
    EXPECT_EQ(timestamped_verdict(given, timestamped_ms + 300'999), good);
    EXPECT_EQ(timestamped_verdict(given, timestamped_ms + 301'000), too_old);
    EXPECT_EQ(timestamped_verdict(given, timestamped_ms - 300'000), good);
    EXPECT_EQ(timestamped_verdict(given, timestamped_ms - 301'000), too_old);
}

TEST(TimestampedSignature, freshness_is_answered_before_the_signature) {
    EXPECT_EQ(timestamped_verdict(timestamped("1", std::string(64, '0')), timestamped_ms), too_old);
    EXPECT_EQ(timestamped_verdict(timestamped("999999999999"), timestamped_ms), too_old);
}

TEST(TimestampedSignature, refuses_every_garbled_timestamp) {
    for (const char* garbled :
         {"", "-1776938400", "+1776938400", " 1776938400", "1776938400 ", "1776938400.0", "0x69ea",
          "1.776e9", "now", "1776938400,1776938400", "17769384000000000000", "1234567890123",
          "\xD9\xA1\xD9\xA2"})
        EXPECT_EQ(timestamped_verdict(timestamped(garbled), timestamped_ms), invalid) << garbled;
}

TEST(TimestampedSignature, refuses_a_missing_or_repeated_timestamp) {
    auto missing = headers({{"x-attio-signature", timestamped_mac}});
    EXPECT_EQ(timestamped_verdict(missing, timestamped_ms), invalid);
    auto doubled = headers({{"x-attio-timestamp", "1776938400"},
                            {"X-Attio-Timestamp", "1776938400"},
                            {"x-attio-signature", timestamped_mac}});
    EXPECT_EQ(timestamped_verdict(doubled, timestamped_ms), invalid);
}

TEST(TimestampedSignature, refuses_a_signature_over_the_body_alone) {
    auto given = timestamped(
        "1776938400", "a0ce8928e81bd834107e8a94b1bb2bd28033046be8acb339656ecdf663a505ca");
    EXPECT_EQ(timestamped_verdict(given, timestamped_ms), invalid);
    EXPECT_EQ(check("attio-v2", {attio_secret}, given, timestamped_body).verdict, good)
        << "the vector itself is right";
}

TEST(TimestampedSignature, refuses_a_timestamp_other_than_the_signed_one) {
    EXPECT_EQ(timestamped_verdict(timestamped("1776938401"), timestamped_ms), invalid);
    EXPECT_EQ(timestamped_verdict(timestamped("01776938400"), timestamped_ms), invalid);
}

TEST(TimestampedSignature, is_no_signature_of_the_other_dialect) {
    EXPECT_EQ(check("attio-v2", {attio_secret}, timestamped("1776938400"), timestamped_body)
                  .verdict, invalid);
}

// --- Standard Webhooks --------------------------------------------------------------------------

struct StandardVector {
    std::string secret, id, timestamp, body, signature;
};

const StandardVector published{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                               "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
                               R"({"test": 2432232314})",
                               "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="};
const std::string public_key = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
const std::string ed25519_signature =
    "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";
const StandardVector own{
    "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "msg_hub_0001", "1767225600",
    R"({"type":"record.created","timestamp":"2026-01-01T00:00:00Z","data":{"id":"rec_1"}})",
    "v1,it7i1Hga2EUgy2RsMSggUZP5ls20JAhEIT/ZA/EPa/g="};
const std::string old_secret = "whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";
const std::string old_signature = "v1,k3GrVYR8QsA7Eo2dPq3reyC+PtzU4BSVwLaZsKDF4vE=";

HttpHeaders standard(const StandardVector& vector, const std::string& signature) {
    return headers({{"webhook-id", vector.id},
                    {"webhook-timestamp", vector.timestamp},
                    {"webhook-signature", signature}});
}

SignatureCheck standard_check(const StandardVector& vector, std::vector<std::string> secrets,
                              const HttpHeaders& given) {
    auto now_ms = static_cast<std::int64_t>(*parse_decimal(vector.timestamp)) * 1000;
    return check("standard-webhooks", std::move(secrets), given, vector.body, now_ms);
}

TEST(StandardWebhooks, accepts_the_published_and_the_computed_vector) {
    for (const auto& vector : {published, own})
        EXPECT_EQ(standard_check(vector, {vector.secret}, standard(vector, vector.signature))
                      .verdict, good) << vector.id;
    ASSERT_EQ(own.body.size(), 82u);
}

TEST(StandardWebhooks, accepts_a_cloud_event) {
    StandardVector vector = own;
    vector.id = "ce-1";
    vector.body =
        R"({"specversion":"1.0","id":"ce-1","source":"/attio/ws1",)"
        R"("type":"com.attio.note.created","datacontenttype":"application/json",)"
        R"("data":{"note_id":"n1"}})";
    ASSERT_EQ(vector.body.size(), 148u);
    auto given = standard(vector, "v1,vZSqZWVcBSHuulIEEReriaTHpFJrcqFDBC7MW74H7AE=");
    EXPECT_EQ(standard_check(vector, {vector.secret}, given).verdict, good);
}

TEST(StandardWebhooks, accepts_the_ed25519_vector_with_the_public_key) {
    EXPECT_EQ(standard_check(published, {public_key}, standard(published, ed25519_signature))
                  .verdict, good);
    std::string damaged = ed25519_signature;
    damaged[10] = damaged[10] == 'A' ? 'B' : 'A';
    EXPECT_EQ(standard_check(published, {public_key}, standard(published, damaged)).verdict,
              invalid);
    EXPECT_EQ(standard_check(published, {published.secret}, standard(published, ed25519_signature))
                  .verdict, invalid) << "a shared secret is no public key";
}

TEST(StandardWebhooks, a_public_key_is_never_the_key_of_a_mac) {
    auto bytes = base64_decode(public_key.substr(5)).value();
    std::string text = published.id + "." + published.timestamp + "." + published.body;
    for (const std::string& key : {bytes, public_key, public_key.substr(5)}) {
        auto forged = "v1," + base64_encode(as_text(hmac_sha256(key, {text})));
        EXPECT_EQ(standard_check(published, {public_key}, standard(published, forged)).verdict,
                  invalid);
    }
}

TEST(StandardWebhooks, rotation_either_signature_of_the_list_suffices) {
    std::string both = own.signature + " " + old_signature;
    for (const auto& secret : {own.secret, old_secret})
        for (const auto& list : {both, old_signature + " " + own.signature})
            EXPECT_EQ(standard_check(own, {secret}, standard(own, list)).verdict, good);
    auto checked = standard_check(own, {old_secret, own.secret}, standard(own, own.signature));
    EXPECT_EQ(checked.verdict, good);
    EXPECT_EQ(checked.secret, 1u);
}

TEST(StandardWebhooks, unknown_versions_and_rubbish_in_the_list_are_skipped) {
    std::string list = "v2,AAAA v1 v1, ,x " + own.signature + " v9,zzz";
    EXPECT_EQ(standard_check(own, {own.secret}, standard(own, list)).verdict, good);
    std::string wrong_version = "v2" + own.signature.substr(2);
    EXPECT_EQ(standard_check(own, {own.secret}, standard(own, wrong_version)).verdict, invalid);
    EXPECT_EQ(standard_check(own, {own.secret}, standard(own, own.signature.substr(3))).verdict,
              invalid) << "without a version";
}

TEST(StandardWebhooks, a_list_holds_at_most_sixteen_signatures) {
    std::string list = own.signature;
    for (int i = 1; i < 16; ++i) list = "v1,AAAA " + list;
    EXPECT_EQ(standard_check(own, {own.secret}, standard(own, list)).verdict, good);
    list = "v1,AAAA " + list;
    EXPECT_EQ(standard_check(own, {own.secret}, standard(own, list)).verdict, invalid);
}

TEST(StandardWebhooks, the_secret_is_base64_with_or_without_its_prefix) {
    auto given = standard(own, own.signature);
    EXPECT_EQ(standard_check(own, {own.secret.substr(6)}, given).verdict, good);
    EXPECT_EQ(standard_check(own, {"whsec_"}, given).verdict, invalid);
    EXPECT_EQ(standard_check(own, {"whsec_not base64!"}, given).verdict, invalid);
    auto as_written = "v1," + base64_encode(as_text(hmac_sha256(
                                  own.secret, {own.id, ".", own.timestamp, ".", own.body})));
    EXPECT_EQ(standard_check(own, {own.secret}, standard(own, as_written)).verdict, invalid)
        << "the text of the secret is not its key";
}

TEST(StandardWebhooks, refuses_a_missing_changed_or_ambiguous_id) {
    auto missing = headers({{"webhook-timestamp", own.timestamp},
                            {"webhook-signature", own.signature}});
    EXPECT_EQ(standard_check(own, {own.secret}, missing).verdict, invalid);
    StandardVector changed = own;
    changed.id = "msg_hub_0002";
    EXPECT_EQ(standard_check(changed, {own.secret}, standard(changed, own.signature)).verdict,
              invalid);
    // "a.1767225600.1.5" could be id "a" with body "1.5", or id "a.1767225600" with time 1.
    StandardVector cut{own.secret, "a.1767225600", "1767225600", "5", ""};
    auto mac = hmac_sha256(base64_decode(own.secret.substr(6)).value(),
                           {cut.id, ".", cut.timestamp, ".", cut.body});
    auto given = standard(cut, "v1," + base64_encode(as_text(mac)));
    EXPECT_EQ(standard_check(cut, {own.secret}, given).verdict, invalid);
}

TEST(StandardWebhooks, the_window_is_five_minutes_on_both_sides) {
    auto given = standard(own, own.signature);
    auto at = [&](std::int64_t offset_ms) {
        return check("standard-webhooks", {own.secret}, given, own.body, new_year_ms + offset_ms)
            .verdict;
    };
    EXPECT_EQ(at(300'000), good);
    EXPECT_EQ(at(301'000), too_old);
    EXPECT_EQ(at(-300'000), good);
    EXPECT_EQ(at(-301'000), too_old);
}

// --- The other senders --------------------------------------------------------------------------

TEST(GithubSignature, accepts_both_vectors_and_needs_the_prefix) {
    std::string mac = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    std::vector<std::string> secret{"It's a Secret to Everybody"};
    auto verdict = [&](const std::string& value) {
        return check("github", secret, headers({{"X-Hub-Signature-256", value}}), "Hello, World!")
            .verdict;
    };
    EXPECT_EQ(verdict("sha256=" + mac), good);
    EXPECT_EQ(verdict(mac), invalid);
    EXPECT_EQ(verdict("sha1=" + mac), invalid);
    EXPECT_EQ(verdict("sha256=sha256=" + mac), invalid);
    auto given = headers(
        {{"x-hub-signature-256",
          "sha256=69a3a05b14cd1515fe8b814a660d44ee87eb9bc2a27f599a61d711c762d8093a"}});
    EXPECT_EQ(check("github", {"hub-secret"}, given, R"({"action":"closed","number":7})").verdict,
              good);
}

const std::string stripe_body = R"({"id":"evt_1","object":"event"})";
const std::string stripe_mac = "238d47ccc3251152491130a4587f0a855c0e33e88993ce968255c6d168ef7601";

SignatureVerdict stripe(const std::string& value, std::int64_t now_ms = new_year_ms,
                        const std::string& secret = "whsec_test_secret") {
    return check("stripe", {secret}, headers({{"Stripe-Signature", value}}), stripe_body, now_ms)
        .verdict;
}

TEST(StripeSignature, accepts_the_vector_with_the_secret_used_whole) {
    EXPECT_EQ(stripe("t=1767225600,v1=" + stripe_mac), good);
    EXPECT_EQ(stripe("t=1767225600,v1=" + stripe_mac, new_year_ms, "test_secret"), invalid);
}

TEST(StripeSignature, any_v1_suffices_and_no_other_version_does) {
    std::string other(64, 'a');
    EXPECT_EQ(stripe("t=1767225600,v1=" + other + ",v1=" + stripe_mac + ",v0=" + other), good);
    EXPECT_EQ(stripe("v1=" + stripe_mac + ", t=1767225600"), good);
    EXPECT_EQ(stripe("t=1767225600,v0=" + stripe_mac), invalid);
    EXPECT_EQ(stripe("t=1767225600"), invalid);
}

TEST(StripeSignature, only_age_is_checked) {
    std::string value = "t=1767225600,v1=" + stripe_mac;
    EXPECT_EQ(stripe(value, new_year_ms + 300'000), good);
    EXPECT_EQ(stripe(value, new_year_ms + 301'000), too_old);
    EXPECT_EQ(stripe(value, new_year_ms - 3'600'000), good);
}

TEST(StripeSignature, needs_exactly_one_decimal_timestamp) {
    EXPECT_EQ(stripe("v1=" + stripe_mac), invalid);
    EXPECT_EQ(stripe("t=,v1=" + stripe_mac), invalid);
    EXPECT_EQ(stripe("t=soon,v1=" + stripe_mac), invalid);
    EXPECT_EQ(stripe("t=1767225600,t=1767225600,v1=" + stripe_mac), invalid);
    EXPECT_EQ(stripe("t=17672256000000000000,v1=" + stripe_mac), invalid);
}

TEST(SlackSignature, accepts_both_vectors) {
    std::string body =
        "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&"
        "channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&"
        "command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2F"
        "T1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&"
        "trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    auto given = headers(
        {{"X-Slack-Request-Timestamp", "1531420618"},
         {"X-Slack-Signature",
          "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"}});
    EXPECT_EQ(check("slack", {"8f742231b10e8888abcd99yyyzzz85a5"}, given, body, 1'531'420'618'000)
                  .verdict, good);
    auto second = headers(
        {{"X-Slack-Request-Timestamp", "1767225600"},
         {"X-Slack-Signature",
          "v0=f34046f054135f5878fe282fe673e40a4ae133cecf9453d7e897e79754c9982e"}});
    std::string text = "token=abc&team_id=T1&text=hello+world";
    EXPECT_EQ(check("slack", {"slack-signing-secret"}, second, text).verdict, good);
    EXPECT_EQ(check("slack", {"slack-signing-secret"}, second, text, new_year_ms + 301'000).verdict,
              too_old);
    EXPECT_EQ(check("slack", {"slack-signing-secret"}, second, text, new_year_ms - 301'000).verdict,
              too_old);
}

TEST(ShopifySignature, accepts_the_vector_in_base64_and_not_in_hex) {
    std::string body = R"({"id":820982911946154508,"email":"jon@example.com"})";
    auto verdict = [&](const char* value) {
        return check("shopify", {"shopify-secret"}, headers({{"X-Shopify-Hmac-SHA256", value}}),
                     body).verdict;
    };
    EXPECT_EQ(verdict("idSMsYHcTIfqStNmryJ9KCy8bgY0Czx3Mfnr/diquzc="), good);
    EXPECT_EQ(verdict("89d48cb181dc4c87ea4ad366af227d282cbc6e06340b3c7731f9ebfdd8aabb37"), invalid);
    EXPECT_EQ(verdict("idSMsYHcTIfqStNmryJ9KCy8bgY0Czx3Mfnr_diquzc="), invalid);
}

TEST(LinearSignature, accepts_the_vector) {
    auto given = headers({{"Linear-Signature",
                           "cf9094136523192af8358936681b2fc4373c1eccf541f5dc5168bcb4e491849f"}});
    EXPECT_EQ(check("linear", {"linear-secret"}, given,
                    R"({"action":"update","type":"Issue","webhookTimestamp":1767225600000})")
                  .verdict, good);
}

TEST(NotionSignature, accepts_the_vector) {
    auto given = headers(
        {{"X-Notion-Signature",
          "sha256=4a1153f8cf856794fb39bf818f56e91008f173eec632a17e58b67869045fd802"}});
    EXPECT_EQ(check("notion", {"secret_tok"}, given, R"({"verification":"x"})").verdict, good);
}

TEST(GitlabToken, must_equal_one_of_the_secrets) {
    auto verdict = [](const HttpHeaders& given) {
        return check("gitlab", {"", "token-1", "token-2"}, given, "{}").verdict;
    };
    EXPECT_EQ(verdict(headers({{"X-Gitlab-Token", "token-2"}})), good);
    EXPECT_EQ(verdict(headers({{"X-Gitlab-Token", "token-3"}})), invalid);
    EXPECT_EQ(verdict(headers({{"X-Gitlab-Token", "token-"}})), invalid);
    EXPECT_EQ(verdict(headers({{"X-Gitlab-Token", ""}})), invalid);
    EXPECT_EQ(verdict(headers({{"X-Gitlab-Token", "token-1"}, {"X-Gitlab-Token", "token-1"}})),
              invalid);
    EXPECT_EQ(verdict({}), invalid);
}

// --- Signing, the table, own schemes ------------------------------------------------------------

TEST(SignatureSchemes, what_a_sender_signs_the_verifier_accepts) {
    for (const auto& name : signature_scheme_names()) {
        auto signed_headers = sign_request(scheme(name), own.secret, "id-1", new_year_ms, "{}");
        EXPECT_EQ(check(name, {own.secret}, signed_headers, "{}").verdict, good) << name;
        EXPECT_EQ(check(name, {old_secret}, signed_headers, "{}").verdict, invalid) << name;
    }
    EXPECT_EQ(find_signature_scheme("attio"), nullptr);
}

TEST(SignatureSchemes, signing_gives_the_published_value) {
    auto given = sign_request(scheme("standard-webhooks"), published.secret, published.id,
                              1'614'265'330'000, published.body);
    EXPECT_EQ(*given.find("webhook-signature"), published.signature);
}

Result<SignatureScheme> custom(const char* json) {
    return signature_scheme_from(Json::parse(json).value());
}

TEST(CustomScheme, verifies_as_described) {
    auto made = custom(R"({"header": "X-Sig", "timestamp_header": "X-Time", "id_header": "X-Id",
        "signed": "{timestamp}:{id}:{body}:end", "prefix": "mac=", "encoding": "base64",
        "secret": "base64", "tolerance": "1m"})");
    ASSERT_TRUE(made.has_value()) << made.error().text();
    auto mac = hmac_sha256("key", {"1767225600:a:{}:end"});
    auto given = headers({{"x-time", "1767225600"}, {"x-id", "a"},
                          {"x-sig", "mac=" + base64_encode(as_text(mac))}});
    std::vector<std::string> secrets{base64_encode("key")};
    EXPECT_EQ(verify_signature(*made, secrets, given, "{}", new_year_ms).verdict, good);
    EXPECT_EQ(verify_signature(*made, secrets, given, "{}", new_year_ms + 61'000).verdict, too_old);
    EXPECT_EQ(verify_signature(*made, secrets, given, "{ }", new_year_ms).verdict, invalid);
}

TEST(CustomScheme, defaults_to_hex_over_the_body_and_to_five_minutes) {
    auto bare = custom(R"({"header": "X-Sig"})");
    ASSERT_TRUE(bare.has_value());
    auto given = headers({{"X-Sig", hex_encode(hmac_sha256("key", {"body"}))}});
    EXPECT_EQ(verify_signature(*bare, {"key"}, given, "body", new_year_ms).verdict, good);
    auto timed = custom(R"({"header": ["A", "B"], "timestamp_header": "T",
                            "signed": "{timestamp}{body}"})");
    ASSERT_TRUE(timed.has_value());
    EXPECT_EQ(timed->tolerance_past_s, 300);
    EXPECT_EQ(timed->tolerance_future_s, 300);
    EXPECT_EQ(timed->signature_headers.size(), 2u);
}

TEST(CustomScheme, errors_name_the_member_and_what_was_expected) {
    const std::pair<const char*, const char*> cases[] = {
        {R"([])", "signature: must be a map"},
        {R"({})", "signature.header: must name the header that holds the signature"},
        {R"({"header": ""})", "signature.header: must be the name of a header"},
        {R"({"header": "a b"})", "signature.header: must be the name of a header"},
        {R"({"header": 3})", "signature.header: must be text"},
        {R"({"haeder": "X"})", "signature.haeder: is not known; did you mean \"header\"?"},
        {R"({"header": "X", "signed": "{id}"})",
         "signature.signed: must contain {body} exactly once"},
        {R"({"header": "X", "signed": "{body}{body}"})",
         "signature.signed: must contain {body} exactly once"},
        {R"({"header": "X", "signed": "{id}.{body}"})",
         "signature.signed: has {id}, but there is no id_header"},
        {R"({"header": "X", "timestamp_header": "T"})",
         "signature.signed: must contain {timestamp}, as there is a timestamp_header"},
        {R"({"header": "X", "encoding": "base32"})",
         "signature.encoding: must be hex or base64"},
        {R"({"header": "X", "secret": "hex"})", "signature.secret: must be text or base64"},
        {R"({"header": "X", "tolerance": "5m"})",
         "signature.tolerance: needs a timestamp_header"},
        {R"({"header": "X", "timestamp_header": "T", "signed": "{timestamp}{body}",
             "tolerance": "0s"})",
         "signature.tolerance: must be a duration between 1s and 24h, such as 5m"}};
    for (const auto& [json, message] : cases) {
        auto made = custom(json);
        ASSERT_FALSE(made.has_value()) << json;
        EXPECT_EQ(made.error().text(), message);
    }
}

}  // namespace
}  // namespace syncline
