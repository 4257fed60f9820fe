#include "core/file_stamps.hpp"

#include <array>
#include <climits>
#include <functional>
#include <tuple>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "io/read_file.hpp"

namespace uflush {
namespace {

/// Longer texts are not read again to see whether only the time has changed.
constexpr std::uint64_t compared_bytes_max = 64UL * 1024 * 1024;

}  // namespace

bool FileStamp::looks_like(const FileStamp& other) const noexcept {
  const auto seen = [](const FileStamp& stamp) {
    return std::tie(stamp.exists, stamp.device, stamp.inode, stamp.bytes, stamp.modified_ns);
  };
  return seen(*this) == seen(other);
}

FileStamp stamp_of(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return {};
  constexpr std::int64_t ns_per_second = 1'000'000'000;
  return {.exists = 1,
          .device = found.st_dev,
          .inode = found.st_ino,
          .bytes = static_cast<std::uint64_t>(found.st_size),
          .modified_ns = found.st_mtim.tv_sec * ns_per_second + found.st_mtim.tv_nsec};
}

StampedFile stamped(const std::string& path) {
  StampedFile file{.path = path, .stamp = stamp_of(path)};
  if (!path.starts_with('/')) {
    // Not std::filesystem: what it brings along from libstdc++ is relocated at each start.
    std::array<char, PATH_MAX> directory{};
    if (::getcwd(directory.data(), directory.size()) != nullptr)
      file.path = std::string(directory.data()).append("/").append(path);
  }
  return file;
}

std::uint64_t contents_mark(std::string_view text) noexcept {
  return std::hash<std::string_view>{}(text) | 1U;
}

bool FileStamps::look() {
  bool changed = false;
  unsettled_ = false;
  for (Entry& entry : files_) {
    FileStamp now = stamp_of(entry.known.path);
    if (now.looks_like(entry.known.stamp)) {
      entry.seen.reset();
    } else if (!entry.seen || !now.looks_like(*entry.seen)) {
      entry.seen = now;
      unsettled_ = true;
    } else {
      const bool other_contents = has_other_contents(entry.known, now);
      changed = changed || other_contents;
      now.contents = other_contents ? 0 : entry.known.stamp.contents;
      entry.known.stamp = now;
      entry.seen.reset();
    }
  }
  return changed;
}

bool FileStamps::has_other_contents(const StampedFile& known, const FileStamp& now) {
  if (known.stamp.contents == 0 || now.exists == 0 || now.bytes > compared_bytes_max) return true;
  const Result<std::string> text = read_file(known.path);
  return !text || contents_mark(text.value()) != known.stamp.contents;
}

}  // namespace uflush
