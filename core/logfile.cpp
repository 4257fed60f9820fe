#include "core/logfile.hpp"

#include <fmt/format.h>

#include "io/check.hpp"

namespace uflush {
namespace {

constexpr mode_t directory_mode = 0700;
/// A file that is unlinked each time we open it would keep us here for ever.
constexpr int attempts_max = 20;
/// A filler line is a valid queue ID of zeros. Short ones could be the name of a hash directory.
constexpr std::size_t filler_bytes_min = 8;
constexpr std::size_t filler_bytes_max = 200;

/// Releases the lock at the end of a block.
class Unlocker {
 public:
  Unlocker(FileSystem& files, FileHandle file) noexcept : files_(files), file_(file) {}
  Unlocker(const Unlocker&) = delete;
  Unlocker& operator=(const Unlocker&) = delete;
  ~Unlocker() { [[maybe_unused]] auto ignored = files_.unlock(file_); }

 private:
  FileSystem& files_;
  FileHandle file_;
};

/// Reads until `into` is full or the file ends; returns the number of bytes.
Result<std::size_t> read_fully(FileSystem& files, FileHandle file, std::span<char> into) {
  std::size_t filled = 0;
  while (filled < into.size()) {
    TRY(count, files.read_at(file, into.subspan(filled), filled));
    if (count == 0) break;
    filled += count;
  }
  return filled;
}

/// The whole contents. The caller has the lock.
Result<std::string> read_all(FileSystem& files, FileHandle file) {
  TRY(found, files.stat(file));
  std::string contents(found.size_bytes, '\0');
  TRY(filled, read_fully(files, file, contents));
  contents.resize(filled);
  return contents;
}

Result<void> write_fully_at_start(FileSystem& files, FileHandle file, std::string_view bytes) {
  std::size_t written = 0;
  while (written < bytes.size()) {
    const std::span<const char> rest{bytes.data() + written, bytes.size() - written};
    TRY(count, files.write_at(file, rest, written));
    written += count;
  }
  return outcome::success();
}

AppendOutcome locked() {
  AppendOutcome outcome;
  outcome.kind = AppendOutcome::Kind::locked;
  return outcome;
}

}  // namespace

Result<void> make_parent_directories(FileSystem& files, const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const auto made = files.make_directory(current_directory, path.substr(0, slash).c_str(), directory_mode);
    if (!made && made.error().number != EEXIST) return made.error();
  }
  return outcome::success();
}

Result<void> AppendFile::open(FileSystem::Lock patience) {
  const auto how = patience == FileSystem::Lock::wait ? FileSystem::Open::append_create
                                                      : FileSystem::Open::append_create_at_once;
  auto opened = files_.open(current_directory, path_.c_str(), how);
  if (!opened && opened.error().number == ENOENT) {
    TRY_VOID(make_parent_directories(files_, path_));
    opened = files_.open(current_directory, path_.c_str(), how);
  }
  if (!opened) return opened.error();
  TRY(found, files_.stat(opened.value().handle()));
  file_ = std::move(opened).value();
  device_ = found.device;
  inode_ = found.inode;
  end_is_known_ = false;
  half_line_left_ = false;
  return outcome::success();
}

AppendOutcome AppendFile::fatal(std::string_view operation, Error error) const {
  AppendOutcome outcome;
  outcome.kind = AppendOutcome::Kind::failed;
  outcome.failure =
      fmt::format("flush_add_path: {} fast flush logfile {}: {}", operation, name_, error.message());
  outcome.fatal = true;
  return outcome;
}

AppendOutcome AppendFile::append(std::string_view lines, FileSystem::Lock patience) {
  FLUSH_ASSERT(!lines.empty() && lines.back() == '\n');
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    if (!file_) {
      if (auto opened = open(patience); !opened) {
        if (opened.error().number == EWOULDBLOCK) return locked();
        return fatal("open", opened.error());
      }
    }
    if (auto outcome = append_to_open_file(lines, patience)) return *std::move(outcome);
    file_.close();  // somebody unlinked or replaced it: nobody will look at what we wrote
  }
  return fatal("open", Error{ENOENT});
}

std::optional<AppendOutcome> AppendFile::append_to_open_file(std::string_view lines,
                                                             FileSystem::Lock patience) {
  if (const auto taken = files_.lock(file_.handle(), patience); !taken) {
    if (taken.error().number != EWOULDBLOCK) return fatal("lock", taken.error());
    return locked();
  }
  const Unlocker unlocker(files_, file_.handle());
  // A half line that we left may have gone with a send meanwhile.
  if (!end_is_known_ || half_line_left_) look_for_half_line();
  AppendOutcome outcome = write_lines(lines);
  const auto after = files_.stat(current_directory, path_.c_str());
  if (!after && after.error().number == ENOENT) return std::nullopt;
  if (!after) return fatal("open", after.error());  // as whoever opens it by its name would see
  if (!is_the_open_file(after.value())) return std::nullopt;
  outcome.was_empty = after.value().size_bytes == outcome.landed_bytes;
  outcome.landed_bytes = drop_half_line(lines, outcome.landed_bytes, after.value().size_bytes);
  return outcome;
}

AppendOutcome AppendFile::append_alone(std::string_view lines) {
  if (!end_is_known_ || half_line_left_) look_for_half_line();
  AppendOutcome outcome = write_lines(lines);
  if (outcome.landed_bytes < lines.size()) {
    const auto after = files_.stat(file_.handle());
    if (!after) end_is_known_ = false;
    const std::uint64_t size_bytes = after ? after.value().size_bytes : 0;
    outcome.landed_bytes = drop_half_line(lines, outcome.landed_bytes, size_bytes);
  }
  return outcome;
}

bool AppendFile::has_its_name() const {
  const auto found = files_.stat_link(current_directory, path_.c_str());
  return found && is_the_open_file(found.value());
}

/// A line that is appended to half a line would be lost with it. Where the file cannot be read, what was
/// known before has to do.
void AppendFile::look_for_half_line() {
  end_is_known_ = true;
  const auto found = files_.stat(file_.handle());
  if (!found) return;
  char last = '\n';
  if (found.value().size_bytes > 0) {
    const auto read = files_.read_at(file_.handle(), {&last, 1}, found.value().size_bytes - 1);
    if (!read) return;
  }
  half_line_left_ = last != '\n';
}

AppendOutcome AppendFile::write_lines(std::string_view lines) {
  AppendOutcome outcome;
  if (half_line_left_) {
    // On a line of its own, or it would spoil the first of ours.
    const auto ended = files_.write(file_.handle(), std::string_view("\n"));
    if (!ended) {
      outcome.kind = AppendOutcome::Kind::failed;
      outcome.failure = fmt::format("write fast flush logfile {}: {}", name_, ended.error().message());
      return outcome;
    }
    half_line_left_ = false;
  }
  while (outcome.landed_bytes < lines.size()) {
    const std::string_view rest = lines.substr(outcome.landed_bytes);
    const auto written = files_.write(file_.handle(), {rest.data(), rest.size()});
    if (!written) {
      outcome.kind = AppendOutcome::Kind::failed;
      outcome.failure = fmt::format("write fast flush logfile {}: {}", name_, written.error().message());
      break;
    }
    outcome.landed_bytes += written.value();
  }
  return outcome;
}

std::size_t AppendFile::drop_half_line(std::string_view lines, std::size_t written,
                                       std::uint64_t size_bytes) {
  if (written == 0 || lines[written - 1] == '\n') return written;
  const std::size_t newline = lines.substr(0, written).rfind('\n');
  const std::size_t whole_bytes = newline == std::string_view::npos ? 0 : newline + 1;
  const std::size_t half_bytes = written - whole_bytes;
  if (size_bytes >= half_bytes) {
    half_line_left_ = !files_.truncate(file_.handle(), size_bytes - half_bytes);
  }
  return whole_bytes;
}

Result<LogContents> read_logfile(FileSystem& files, FileHandle file, std::time_t now, long nanoseconds,
                                 FileSystem::Lock patience) {
  TRY_VOID(files.lock(file, patience));
  const Unlocker unlocker(files, file);
  LogContents contents;
  TRY(lines, read_all(files, file));
  contents.lines = std::move(lines);
  // Where the mark cannot be set, the time that is there has to do.
  [[maybe_unused]] auto ignored = files.set_access_time(file, now, nanoseconds);
  TRY(marked, files.stat(file));
  contents.mark = marked.access_time;
  contents.mark_nanoseconds = marked.access_nanoseconds;
  return contents;
}

std::size_t place_for_copy(std::string_view handled, std::size_t arrived_bytes) {
  for (std::size_t from = arrived_bytes == 0 ? 0 : arrived_bytes - 1; from < handled.size();) {
    const std::size_t newline = handled.find('\n', from);
    if (newline == std::string_view::npos) return newline;
    const std::size_t filler = newline + 1 - arrived_bytes;
    if (filler == 0 || (filler >= filler_bytes_min && filler <= filler_bytes_max)) return newline + 1;
    if (filler > filler_bytes_max) return std::string_view::npos;
    from = newline + 1;
  }
  return std::string_view::npos;
}

Result<void> drop_handled_lines(FileSystem& files, FileHandle file, const std::string& path,
                                const LogContents& handled, std::time_t now, Durability durability,
                                FileSystem::Lock patience) {
  TRY_VOID(files.lock(file, patience));
  const Unlocker unlocker(files, file);
  TRY(found, files.stat(file));
  if (found.access_time != handled.mark || found.access_nanoseconds != handled.mark_nanoseconds) {
    return outcome::success();  // somebody else's send is at work
  }
  TRY(contents, read_all(files, file));
  if (!handled.lines.empty() && contents.starts_with(handled.lines)) {
    std::string arrived = contents.substr(handled.lines.size());
    const std::size_t end = arrived.empty() ? 0 : place_for_copy(handled.lines, arrived.size());
    if (end != std::string_view::npos) {
      if (const std::size_t filler = end - arrived.size(); filler > 0) {
        arrived.append(filler - 1, '0').push_back('\n');
      }
      TRY_VOID(write_fully_at_start(files, file, arrived));
      if (durability == Durability::sync && !arrived.empty()) TRY_VOID(files.sync(file));
      TRY_VOID(files.truncate(file, end));
    }
  }
  [[maybe_unused]] auto ignored = files.set_times(current_directory, path.c_str(), now);
  return outcome::success();
}

}  // namespace uflush
