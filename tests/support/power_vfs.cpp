// Randomness comes from std::mt19937_64 by remainders, not from distributions, whose results differ
// between standard libraries: a seed that is printed must mean the same files everywhere.
#include "tests/support/power_vfs.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

namespace syncline::testing_support {
namespace {

using Kind = DiskOperation::Kind;

constexpr std::size_t sector_bytes = 512;

std::string name_of(const std::string& path) {
    return std::filesystem::path(path).filename().string();
}

bool is_log(std::string_view name) {
    return name.ends_with("-wal");
}

void put(std::string& contents, std::size_t at, std::string_view bytes) {
    if (contents.size() < at + bytes.size()) contents.resize(at + bytes.size(), '\0');
    contents.replace(at, bytes.size(), bytes);
}

void apply(std::string& contents, const DiskOperation& operation) {
    auto at = static_cast<std::size_t>(operation.at);
    if (operation.kind == Kind::truncate)
        contents.resize(std::min(contents.size(), at));   // SQLite only ever shortens
    else
        put(contents, at, operation.bytes);
}

/// Says yes `eighths` times in eight.
bool chance(std::mt19937_64& random, unsigned eighths) {
    return random() % 8 < eighths;
}

/// Noise where `bytes` would change `contents`.
void scribble(std::string& contents, std::size_t at, std::string_view bytes,
              std::mt19937_64& random) {
    std::size_t known = contents.size();
    if (known < at + bytes.size()) contents.resize(at + bytes.size(), '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i)
        if (at + i >= known || contents[at + i] != bytes[i])
            contents[at + i] = static_cast<char>(random() & 0xFF);
}

struct Tear {
    unsigned kept_eighths;
    unsigned noise_eighths;   // of the sectors that are not kept
};

void apply_torn(std::string& contents, const DiskOperation& write, Tear tear,
                std::mt19937_64& random) {
    auto at = static_cast<std::size_t>(write.at);
    std::string_view left = write.bytes;
    while (!left.empty()) {
        std::size_t size = std::min(left.size(), sector_bytes - at % sector_bytes);
        if (chance(random, tear.kept_eighths))
            put(contents, at, left.substr(0, size));
        else if (chance(random, tear.noise_eighths))
            scribble(contents, at, left.substr(0, size), random);
        left.remove_prefix(size);
        at += size;
    }
}

}  // namespace

const char* unsynced_name(Unsynced unsynced) {
    switch (unsynced) {
        case Unsynced::kept: return "kept";
        case Unsynced::dropped: return "dropped";
        case Unsynced::some: return "some";
        case Unsynced::torn: return "torn";
        case Unsynced::reordered: return "reordered";
        case Unsynced::scribbled: return "scribbled";
    }
    return "";
}

DiskOperation& PowerVfs::record(Kind kind, const std::string& path) {
    DiskOperation& operation = operations_.emplace_back();
    operation.kind = kind;
    operation.name = name_of(path);
    auto known = files_.find(operation.name);
    if (known != files_.end()) operation.file = known->second;
    return operation;
}

/// A file that has bytes before anything was seen of it was there, and safe, from the beginning; an
/// empty one was made just now.
void PowerVfs::on_open(const std::string& path) {
    if (files_.contains(name_of(path))) return;
    files_[name_of(path)] = file_count_++;
    std::ifstream file(path, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    record(bytes.empty() ? Kind::create : Kind::found, path).bytes = std::move(bytes);
}

void PowerVfs::on_write(const std::string& path, std::string_view bytes, std::int64_t at) {
    DiskOperation& operation = record(Kind::write, path);
    operation.bytes = bytes;
    operation.at = at;
}

void PowerVfs::on_truncate(const std::string& path, std::int64_t size) {
    record(Kind::truncate, path).at = size;
}

void PowerVfs::on_sync(const std::string& path, bool succeeded) {
    record(succeeded ? Kind::sync : Kind::failed_sync, path);
}

void PowerVfs::on_delete(const std::string& path) {
    record(Kind::remove, path);
    files_.erase(name_of(path));
}

void PowerVfs::on_folder_sync() {
    record(Kind::sync_folder, "");
}

void CutDisk::run_to(std::size_t count) {
    for (; done_ < count; ++done_) happen(operations_.at(done_));
}

void CutDisk::happen(const DiskOperation& operation) {
    File& file = files_[operation.file];
    switch (operation.kind) {
        case Kind::found:
            names_[operation.name].safe = operation.file;
            file.safe = operation.bytes;
            break;
        case Kind::create: names_[operation.name].unsafe.push_back(operation.file); break;
        case Kind::remove: names_[operation.name].unsafe.push_back(Name::none); break;
        case Kind::write:
        case Kind::truncate: file.unsafe.push_back(&operation); break;
        case Kind::failed_sync: file.unsafe.clear(); break;
        case Kind::sync:
            if (is_log(operation.name) ? lies_.of_logs : lies_.of_others) break;
            for (auto* one : file.unsafe) apply(file.safe, *one);
            file.unsafe.clear();
            break;
        case Kind::sync_folder:
            if (lies_.of_folder) break;
            for (auto& [name, entry] : names_) {
                if (!entry.unsafe.empty()) entry.safe = entry.unsafe.back();
                entry.unsafe.clear();
            }
            break;
    }
}

std::map<std::string, std::string> CutDisk::cut(Unsynced unsynced, std::uint64_t seed) const {
    std::mt19937_64 random(seed);
    std::map<std::string, std::string> left;
    for (const auto& [name, entry] : names_) {
        std::size_t happened = 0;   // of the changes to this name
        if (unsynced == Unsynced::kept) happened = entry.unsafe.size();
        else if (unsynced != Unsynced::dropped) happened = random() % (entry.unsafe.size() + 1);
        std::size_t file = happened == 0 ? entry.safe : entry.unsafe[happened - 1];
        if (file != Name::none) left[name] = contents(files_.at(file), unsynced, random);
    }
    return left;
}

std::string CutDisk::contents(const File& file, Unsynced unsynced, std::mt19937_64& random) const {
    std::string contents = file.safe;
    if (unsynced == Unsynced::dropped) return contents;
    auto operations = file.unsafe;
    if (unsynced == Unsynced::reordered)
        for (std::size_t i = operations.size(); i > 1; --i)
            std::swap(operations[i - 1], operations[random() % i]);
    constexpr unsigned few_half_or_most[] = {1, 4, 7};
    unsigned eighths = unsynced == Unsynced::kept ? 8 : few_half_or_most[random() % 3];
    bool tears = unsynced == Unsynced::torn || unsynced == Unsynced::scribbled;
    Tear tear{eighths, unsynced == Unsynced::scribbled ? 4u : 0u};
    for (auto* operation : operations) {
        if (tears && operation->kind == Kind::write)
            apply_torn(contents, *operation, tear, random);
        else if (chance(random, eighths))
            apply(contents, *operation);
    }
    return contents;
}

}  // namespace syncline::testing_support
