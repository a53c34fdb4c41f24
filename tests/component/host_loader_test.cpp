// Loading plugins from real shared objects: a good one in plain C, and each way to be refused.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/host/connector.hpp"
#include "host_script.hpp"

namespace syncline::host {
namespace {

namespace fs = std::filesystem;

std::string plugin_path(const std::string& name) {
    return std::string(HOST_TEST_PLUGINS) + "/" + name + ".so";
}

/// A folder of its own, gone with the test.
class Folder {
public:
    Folder() {
        char name[] = "/tmp/syncline-host-XXXXXX";
        path_ = mkdtemp(name);
    }
    ~Folder() { fs::remove_all(path_); }
    std::string file(const std::string& name) const { return path_ + "/" + name; }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

Json settings_with_url(const std::string& url) {
    Json settings = Json::object();
    settings.set("url", url);
    return settings;
}

void expect_refused(const std::string& path, ErrorCode code,
                    const std::vector<std::string>& words) {
    auto plugin = Plugin::load(path);
    ASSERT_FALSE(plugin) << path;
    EXPECT_EQ(plugin.error().code, code) << plugin.error().text();
    EXPECT_NE(plugin.error().text().find(path), std::string::npos) << plugin.error().text();
    for (const auto& word : words)
        EXPECT_NE(plugin.error().text().find(word), std::string::npos)
            << plugin.error().text() << " lacks " << word;
}

TEST(HostLoader, loads_a_plugin_written_in_c_and_reads_its_descriptor) {
    auto plugin = Plugin::load(plugin_path("sample"));
    ASSERT_TRUE(plugin) << plugin.error().text();
    const auto& descriptor = (*plugin)->descriptor();
    EXPECT_EQ(descriptor.name, "sample");
    EXPECT_EQ(descriptor.version, "1.2.3");
    EXPECT_TRUE(descriptor.is_source);
    EXPECT_TRUE(descriptor.actions.at("post").idempotent);
    EXPECT_EQ(descriptor.rate, "3/s");
    EXPECT_EQ((*plugin)->origin(), plugin_path("sample"));
}

TEST(HostLoader, an_instance_of_a_c_plugin_runs_a_job_from_begin_to_outcome) {
    auto plugin = Plugin::load(plugin_path("sample"));
    ASSERT_TRUE(plugin);
    auto instance = (*plugin)->create("out", settings_with_url("http://h/p"));
    ASSERT_TRUE(instance) << instance.error().text();
    JobRequest request;
    request.kind = "action";
    request.name = "post";
    request.destination = "out";
    request.deliveries.emplace_back();
    auto begun = (*instance)->begin(request);
    ASSERT_TRUE(begun) << begun.error().text();
    EXPECT_EQ(begun->first.kind, Step::Kind::http);
    EXPECT_EQ(begun->first.request.method, "POST");
    EXPECT_EQ(begun->first.request.target, "http://h/p");
    EXPECT_EQ(*begun->first.request.headers.find("x-sample"), "1");
    EXPECT_EQ(begun->first.request.body, "hello");
    HttpResult result;
    auto last = begun->job->step(http_answer(result, 0));
    ASSERT_TRUE(last) << last.error().text();
    ASSERT_EQ(last->outcomes.size(), 1u);
    EXPECT_EQ(last->outcomes[0].kind, OutcomeKind::delivered);
    ASSERT_EQ(last->outcomes[0].links.size(), 1u);
    EXPECT_EQ(last->outcomes[0].links[0].destination, "out");
    EXPECT_EQ(last->outcomes[0].links[0].id, "d1");
}

TEST(HostLoader, refused_settings_are_a_configuration_error_in_the_plugins_words) {
    auto plugin = Plugin::load(plugin_path("sample"));
    ASSERT_TRUE(plugin);
    auto instance = (*plugin)->create("out", Json::object());
    ASSERT_FALSE(instance);
    EXPECT_EQ(instance.error().code, ErrorCode::invalid_config);
    EXPECT_EQ(instance.error().text(), "connector sample (out): settings need a \"url\"");
}

TEST(HostLoader, parse_gives_events_or_the_plugins_refusal) {
    auto plugin = Plugin::load(plugin_path("sample"));
    ASSERT_TRUE(plugin);
    auto instance = (*plugin)->create("in", settings_with_url("http://h/"));
    ASSERT_TRUE(instance);
    auto events = (*instance)->parse(Json::object(), "x");
    ASSERT_TRUE(events) << events.error().text();
    EXPECT_EQ((*events)["events"][0]["type"].as_string(), "t");
    auto none = (*instance)->parse(Json::object(), "");
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(none.error().message, "the body is empty");
    auto schemes = (*instance)->signatures();
    ASSERT_TRUE(schemes);
    EXPECT_EQ(schemes->dump(), "[]");
}

TEST(HostLoader, a_missing_file_and_a_folder_are_refused) {
    expect_refused("/nowhere/at-all.so", ErrorCode::not_found, {"No such file"});
    Folder folder;
    expect_refused(folder.path(), ErrorCode::invalid_argument, {"no regular file"});
}

TEST(HostLoader, a_file_that_is_no_library_is_refused_with_the_loaders_words) {
    Folder folder;
    std::ofstream(folder.file("text.so")) << "this is text";
    expect_refused(folder.file("text.so"), ErrorCode::plugin, {"cannot be loaded", "text.so"});
}

TEST(HostLoader, an_unresolved_function_is_refused_by_name_at_load) {
    expect_refused(plugin_path("unresolved"), ErrorCode::plugin, {"function_of_a_newer_system"});
}

TEST(HostLoader, a_library_without_the_entry_is_refused) {
    expect_refused(plugin_path("no_symbol"), ErrorCode::plugin,
                   {"is no Syncline plugin", "syncline_plugin_v1"});
}

TEST(HostLoader, a_plugin_of_the_next_abi_is_refused_naming_both) {
    expect_refused(plugin_path("next_major"), ErrorCode::newer_version,
                   {"syncline_plugin_v2", "ABI 2", "this Syncline speaks ABI 1", "newer Syncline"});
}

TEST(HostLoader, a_table_of_another_major_is_refused_naming_both) {
    expect_refused(plugin_path("wrong_major"), ErrorCode::newer_version,
                   {"built for ABI 7", "this Syncline speaks ABI 1"});
}

TEST(HostLoader, a_table_shorter_than_version_one_is_refused_unread) {
    expect_refused(plugin_path("short_table"), ErrorCode::plugin,
                   {"declares 24 bytes", "needs 80"});
}

TEST(HostLoader, no_table_is_refused) {
    expect_refused(plugin_path("no_table"), ErrorCode::plugin, {"gave no table"});
}

TEST(HostLoader, a_broken_descriptor_is_refused) {
    expect_refused(plugin_path("bad_descriptor"), ErrorCode::plugin, {"describe: wrote no JSON"});
}

// --- Tables that are linked in ------------------------------------------------------------------

TEST(HostLoader, a_table_is_read_only_as_far_as_it_declares) {
    syncline_plugin table = *script::table();
    table.struct_size = offsetof(syncline_plugin, get_extension);
    EXPECT_TRUE(Plugin::adopt(&table, "exact"));
    table.struct_size -= 1;
    EXPECT_FALSE(Plugin::adopt(&table, "one less"));
    table.struct_size = sizeof table + 64;  // a later minor that appended fields
    table.abi_minor = 9;
    EXPECT_TRUE(Plugin::adopt(&table, "longer"));
    table.struct_size = 4;
    auto tiny = Plugin::adopt(&table, "tiny");
    ASSERT_FALSE(tiny);
    EXPECT_NE(tiny.error().text().find("too few for a version"), std::string::npos);
}

TEST(HostLoader, an_older_major_asks_for_a_rebuild) {
    syncline_plugin table = *script::table();
    table.abi_major = 0;
    auto old = Plugin::adopt(&table, "old");
    ASSERT_FALSE(old);
    EXPECT_EQ(old.error().code, ErrorCode::unsupported);
    EXPECT_NE(old.error().text().find("rebuild the plugin"), std::string::npos);
}

TEST(HostLoader, missing_functions_are_named) {
    auto error_without = [](auto member) {
        syncline_plugin table = *script::table();
        table.*member = nullptr;
        auto made = Plugin::adopt(&table, "lacking");
        return made ? std::string("accepted") : made.error().text();
    };
    EXPECT_EQ(error_without(&syncline_plugin::describe), "lacking: its table lacks describe");
    EXPECT_EQ(error_without(&syncline_plugin::create), "lacking: its table lacks create");
    EXPECT_EQ(error_without(&syncline_plugin::destroy), "lacking: its table lacks destroy");
    EXPECT_EQ(error_without(&syncline_plugin::step), "lacking: its table lacks step");
    EXPECT_EQ(error_without(&syncline_plugin::end), "lacking: its table lacks end");
    EXPECT_EQ(error_without(&syncline_plugin::begin),
              "lacking: has actions or documents, but its table lacks begin");
    EXPECT_EQ(error_without(&syncline_plugin::parse),
              "lacking: is a source, but its table lacks parse");
}

// --- PluginSet ----------------------------------------------------------------------------------

TEST(HostPluginSet, loads_a_folder_and_reports_what_it_left_out) {
    Folder folder;
    fs::copy(plugin_path("sample"), folder.file("a.so"));
    fs::copy(plugin_path("unruly"), folder.file("b.so"));
    fs::copy(plugin_path("no_symbol"), folder.file("c.so"));
    std::ofstream(folder.file("readme.txt")) << "no plugin";
    std::vector<Error> problems;
    auto set = PluginSet::load({folder.path(), "/nowhere/plugins"}, problems);
    EXPECT_EQ(set.names(), (std::vector<std::string>{"sample", "unruly"}));
    ASSERT_NE(set.find("sample"), nullptr);
    EXPECT_EQ(set.find("sample")->version, "1.2.3");
    EXPECT_EQ(set.find("absent"), nullptr);
    ASSERT_EQ(problems.size(), 2u);
    EXPECT_NE(problems[0].text().find("c.so"), std::string::npos);
    EXPECT_EQ(problems[1].text(), "/nowhere/plugins: no such folder or file of plugins");
}

TEST(HostPluginSet, a_name_found_twice_keeps_the_first) {
    Folder folder;
    fs::copy(plugin_path("sample"), folder.file("1.so"));
    fs::copy(plugin_path("sample"), folder.file("2.so"));
    std::vector<Error> problems;
    auto set = PluginSet::load({folder.file("2.so"), folder.path()}, problems);
    EXPECT_TRUE(problems.empty());
    ASSERT_NE(set.plugin("sample"), nullptr);
    EXPECT_EQ(set.plugin("sample")->origin(), folder.file("2.so"));
}

TEST(HostPluginSet, default_paths_lie_beside_the_binary) {
    auto paths = default_plugin_paths();
    ASSERT_FALSE(paths.empty());
    EXPECT_TRUE(fs::path(paths[0]).is_absolute());
    EXPECT_EQ(fs::path(paths[0]).filename(), "plugins");
}

}  // namespace
}  // namespace syncline::host
