// Instance and Job: every call into a plugin's table goes through here. Output is collected by a
// bounded writer and copied; an exception that a plugin lets out against the contract stops here;
// whatever it does wrong is an Error of code `plugin` whose context names connector and instance.
//
// One thread at a time per instance. Jobs never outlive their instance: who holds a Job holds the
// Instance.
#include "core/host/connector.hpp"

#include <exception>
#include <utility>

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/host/messages.hpp"

namespace syncline::host {
namespace {

/// What one call may write: the bound that syncline_plugin.h promises to plugins.
constexpr std::size_t output_bytes_max = 64u << 20;

/// The host's end of a syncline_writer.
class Output {
public:
    Output() : writer_{sizeof(syncline_writer), 0, this, &Output::write} {}
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;

    const syncline_writer* writer() const { return &writer_; }
    const std::string& text() const { return text_; }
    bool over_limit() const { return over_limit_; }

private:
    static void write(void* context, const std::uint8_t* data, std::uint64_t size) noexcept {
        auto* self = static_cast<Output*>(context);
        if (self->over_limit_ || size == 0 || data == nullptr) return;
        if (size > output_bytes_max - self->text_.size()) {
            self->over_limit_ = true;
            self->text_ = std::string();  // nobody reads half a message: give the memory back
            return;
        }
        self->text_.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
    }

    syncline_writer writer_;
    std::string text_;
    bool over_limit_ = false;
};

syncline_bytes as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

Error fault(const PluginWords& words, std::string_view function, std::string_view what) {
    std::string message(function);
    message.append(": ").append(what);
    return Error(ErrorCode::plugin, std::move(message), words.text());
}

/// Runs one call. Gives the plugin's result code; refuses too much output and escaped exceptions.
template <class Call>
Result<std::int32_t> guarded(const PluginWords& words, std::string_view function,
                             const Output& output, Call call) {
    std::int32_t code = SYNCLINE_ERROR;
    try {
        code = call();
    } catch (const std::exception& escaped) {
        return fault(words, function,
                     "an exception crossed the boundary: " + printable(escaped.what(), 300));
    } catch (...) {
        return fault(words, function, "an exception crossed the boundary");
    }
    if (output.over_limit()) return fault(words, function, "wrote more than 64 MiB");
    return code;
}

/// The JSON that a successful call wrote; a failed one as an Error with the plugin's own sentence.
Result<Json> message_of(const PluginWords& words, std::string_view function, std::int32_t code,
                        const Output& output) {
    if (code != SYNCLINE_OK) {
        std::string said = plugin_error_text(output.text());
        if (said.empty()) said = "failed with code " + std::to_string(code);
        if (code == SYNCLINE_REFUSED)
            return Error(ErrorCode::invalid_argument, std::move(said), words.text());
        return fault(words, function, said);
    }
    auto parsed = parse_plugin_json(output.text());
    if (!parsed) return fault(words, function, parsed.error().message);
    return parsed;
}

LogLevel log_level_of(std::int32_t level) {
    if (level <= SYNCLINE_LOG_DEBUG) return LogLevel::debug;
    if (level == SYNCLINE_LOG_INFO) return LogLevel::info;
    return level == SYNCLINE_LOG_WARNING ? LogLevel::warning : LogLevel::error;
}

void host_log(void* context, std::int32_t level, syncline_bytes message) noexcept {
    const auto& words = *static_cast<const PluginWords*>(context);
    std::string_view text;
    if (message.data != nullptr)
        text = {reinterpret_cast<const char*>(message.data),
                static_cast<std::size_t>(message.size)};
    log_write(log_level_of(level), text,
              {{"connector", words.connector}, {"configured", words.configured}});
}

const void* host_extension(void*, syncline_bytes) noexcept {
    return nullptr;  // version 1.0 has none
}

}  // namespace

// --- Job ----------------------------------------------------------------------------------------

Job::Job(const syncline_plugin* plugin, syncline_job* job, std::size_t deliveries,
         std::string destination, const PluginWords* words)
    : plugin_(plugin),
      job_(job),
      deliveries_(deliveries),
      destination_(std::move(destination)),
      words_(words) {}

Job::Job(Job&& other) noexcept
    : plugin_(other.plugin_),
      job_(std::exchange(other.job_, nullptr)),
      deliveries_(other.deliveries_),
      destination_(std::move(other.destination_)),
      words_(other.words_) {}

Job::~Job() {
    if (job_ == nullptr) return;
    Output none;
    auto ended = guarded(*words_, "end", none, [&] { return plugin_->end(job_), SYNCLINE_OK; });
    if (!ended) log_warning(ended.error().text());
}

Result<Step> Job::step(const Json& answer) {
    std::string text = answer.dump();
    Output next;
    auto code = guarded(*words_, "step", next,
                        [&] { return plugin_->step(job_, as_bytes(text), next.writer()); });
    if (!code) return code.error();
    auto message = message_of(*words_, "step", *code, next);
    if (!message) return message.error();
    auto step = read_step(*message, deliveries_, destination_, *words_);
    if (!step) return fault(*words_, "step", step.error().message);
    return step;
}

// --- Instance -----------------------------------------------------------------------------------

Instance::Instance(const syncline_plugin* plugin, std::string name, std::string connector)
    : plugin_(plugin), words_(std::make_unique<PluginWords>()) {
    words_->connector = std::move(connector);
    words_->configured = std::move(name);
    host_.struct_size = sizeof(syncline_host);
    host_.abi_minor = SYNCLINE_ABI_MINOR;
    host_.context = words_.get();
    host_.log = &host_log;
    host_.get_extension = &host_extension;
}

Instance::~Instance() {
    if (instance_ == nullptr) return;
    Output none;
    auto ended = guarded(*words_, "destroy", none,
                         [&] { return plugin_->destroy(instance_), SYNCLINE_OK; });
    if (!ended) log_warning(ended.error().text());
}

Result<std::unique_ptr<Instance>> Plugin::create(const std::string& name,
                                                 const Json& settings) const {
    std::unique_ptr<Instance> made(new Instance(table_, name, descriptor_.name));
    const PluginWords& words = *made->words_;
    std::string text = settings.dump();
    Output error;
    auto code = guarded(words, "create", error, [&] {
        return table_->create(&made->host_, as_bytes(text), &made->instance_, error.writer());
    });
    if (!code) return code.error();
    if (*code == SYNCLINE_OK && made->instance_ != nullptr) return made;
    if (*code == SYNCLINE_OK) return fault(words, "create", "gave no instance");
    std::string said = plugin_error_text(error.text());
    if (said.empty()) said = "refused the settings without a reason";
    if (*code != SYNCLINE_REFUSED) return fault(words, "create", said);
    return Error(ErrorCode::invalid_config, std::move(said), words.text());
}

Result<Json> Instance::signatures() {
    if (plugin_->signatures == nullptr) return Json::array();
    Output out;
    auto code = guarded(*words_, "signatures", out,
                        [&] { return plugin_->signatures(instance_, out.writer()); });
    if (!code) return code.error();
    auto list = message_of(*words_, "signatures", *code, out);
    if (list && !list->is_array()) return fault(*words_, "signatures", "wrote no list");
    return list;
}

Result<Json> Instance::parse(const Json& request, std::string_view body) {
    if (plugin_->parse == nullptr) return fault(*words_, "parse", "is not offered");
    std::string head = request.dump();
    Output out;
    auto code = guarded(*words_, "parse", out, [&] {
        return plugin_->parse(instance_, as_bytes(head), as_bytes(body), out.writer());
    });
    if (!code) return code.error();
    auto message = message_of(*words_, "parse", *code, out);
    if (message && !(*message)["events"].is_array())
        return fault(*words_, "parse", "wrote no list of \"events\"");
    return message;
}

Result<Instance::Begun> Instance::begin(const JobRequest& request) {
    if (plugin_->begin == nullptr) return fault(*words_, "begin", "is not offered");
    std::string text = job_message(request).dump();
    Output next;
    syncline_job* raw = nullptr;
    auto code = guarded(*words_, "begin", next, [&] {
        return plugin_->begin(instance_, as_bytes(text), &raw, next.writer());
    });
    Begun begun;
    if (raw != nullptr)
        begun.job.reset(new Job(plugin_, raw, request.deliveries.size(), request.destination,
                                words_.get()));
    if (!code) return code.error();
    auto message = message_of(*words_, "begin", *code, next);
    if (!message) return message.error();
    auto step = read_step(*message, request.deliveries.size(), request.destination, *words_);
    if (!step) return fault(*words_, "begin", step.error().message);
    if (!begun.job && step->kind != Step::Kind::done)
        return fault(*words_, "begin", "asks for something but made no job");
    begun.first = std::move(*step);
    return begun;
}

}  // namespace syncline::host
