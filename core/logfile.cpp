#include "core/logfile.hpp"

#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>

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

/// Takes the lock of a log. Who keeps it (core/kept_locks.hpp) hears of openings only, and ours may be an old
/// one: who has to wait opens the file once more.
Result<void> take_lock(FileSystem& files, FileHandle file, const std::string& path,
                       FileSystem::Lock patience) {
  auto taken = files.lock(file, FileSystem::Lock::try_now);
  if (taken || taken.error().number != EWOULDBLOCK || patience == FileSystem::Lock::try_now) return taken;
  [[maybe_unused]] const auto knock =
      files.open(current_directory, path.c_str(), FileSystem::Open::read_write);
  return files.lock(file, FileSystem::Lock::wait);
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

Result<void> AppendFile::open() {
  constexpr auto how = FileSystem::Open::append_create;
  auto opened = files_.open(current_directory, path_.c_str(), how);
  if (!opened && opened.error().number == ENOENT) {
    TRY_VOID(make_parent_directories(files_, path_));
    opened = files_.open(current_directory, path_.c_str(), how);
  }
  is_linked_to_ = !opened && opened.error().number == ELOOP;
  if (is_linked_to_) {
    opened = files_.open(current_directory, path_.c_str(), FileSystem::Open::append_create_through_link);
  }
  if (!opened) return opened.error();
  file_ = std::move(opened).value();
  is_known_ = false;
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

AppendOutcome AppendFile::append(std::string_view lines, FileSystem::Lock patience, Names names) {
  FLUSH_ASSERT(!lines.empty() && lines.back() == '\n');
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    if (!file_) {
      if (auto opened = open(); !opened) return fatal("open", opened.error());
    }
    if (auto outcome = append_to_open_file(lines, patience, names)) return *std::move(outcome);
    close();  // somebody unlinked or replaced it: nobody will look at what we wrote
  }
  return fatal("open", Error{ENOENT});
}

std::optional<AppendOutcome> AppendFile::append_to_open_file(std::string_view lines,
                                                             FileSystem::Lock patience, Names names) {
  if (!is_locked_) {
    if (const auto taken = take_lock(files_, file_.handle(), path_, patience); !taken) {
      if (taken.error().number != EWOULDBLOCK) return fatal("lock", taken.error());
      return locked();
    }
    is_locked_ = true;
  }
  auto outcome = append_locked(lines, names);
  if (!keeps_lock_) release_lock();
  return outcome;
}

std::optional<AppendOutcome> AppendFile::append_locked(std::string_view lines, Names names) {
  const bool looks = names == Names::look || is_linked_to_;
  if (const auto known = get_to_know(); !known) return fatal("open", known.error());
  AppendOutcome outcome = write_lines(lines);
  if (!looks) return outcome;
  const auto named = look();
  // As whoever opens it by its name would see.
  if (!named && named.error().number != ENOENT) return fatal("open", named.error());
  if (!named || !named.value()) return std::nullopt;
  return outcome;
}

void AppendFile::release_lock() noexcept {
  keeps_lock_ = false;
  if (!std::exchange(is_locked_, false)) return;
  [[maybe_unused]] auto ignored = files_.unlock(file_.handle());
}

void AppendFile::close() noexcept {
  file_.close();  // and with it the lock
  keeps_lock_ = is_locked_ = false;
}

/// Which file it is, and how it ends: a line that is appended to half a line would be lost with it. Where the
/// file cannot be read, what was known before has to do. A half line that we left may have gone with a send.
Result<void> AppendFile::get_to_know() {
  if (is_known_ && end_is_known_ && !half_line_left_) return outcome::success();
  const auto found = files_.stat(file_.handle());
  if (!found) {
    if (is_known_) return outcome::success();
    return found.error();
  }
  device_ = found.value().device;
  inode_ = found.value().inode;
  is_empty_ = found.value().size_bytes == 0;
  is_known_ = end_is_known_ = true;
  char last = '\n';
  if (!is_empty_ && !files_.read_at(file_.handle(), {&last, 1}, found.value().size_bytes - 1))
    return outcome::success();
  half_line_left_ = last != '\n';
  return outcome::success();
}

Result<bool> AppendFile::look() {
  TRY(found, files_.stat_link(current_directory, path_.c_str()));
  is_linked_to_ = S_ISLNK(found.mode);
  if (is_linked_to_) {
    TRY(target, files_.stat(current_directory, path_.c_str()));
    found = target;
  }
  return found.inode == inode_ && found.device == device_;
}

bool AppendFile::has_its_name() {
  const auto named = look();
  return named && named.value();
}

/// The caller keeps others away.
AppendOutcome AppendFile::write_lines(std::string_view lines) {
  AppendOutcome outcome;
  const auto fail = [&](Error error) {
    outcome.kind = AppendOutcome::Kind::failed;
    outcome.failure = fmt::format("write fast flush logfile {}: {}", name_, error.message());
  };
  if (half_line_left_) {
    // On a line of its own, or it would spoil the first of ours.
    if (const auto ended = files_.write(file_.handle(), std::string_view("\n")); !ended) {
      fail(ended.error());
      return outcome;
    }
    half_line_left_ = false;
  }
  while (outcome.landed_bytes < lines.size()) {
    const std::string_view rest = lines.substr(outcome.landed_bytes);
    const auto written = files_.write(file_.handle(), {rest.data(), rest.size()});
    if (!written) {
      fail(written.error());
      break;
    }
    outcome.landed_bytes += written.value();
  }
  outcome.landed_bytes = drop_half_line(lines.substr(0, outcome.landed_bytes));
  if (outcome.landed_bytes > 0) outcome.was_empty = std::exchange(is_empty_, false);
  return outcome;
}

/// What is left of `written`.
std::size_t AppendFile::drop_half_line(std::string_view written) {
  if (written.empty() || written.back() == '\n') return written.size();
  const std::size_t newline = written.rfind('\n');
  const std::size_t whole_bytes = newline == std::string_view::npos ? 0 : newline + 1;
  const std::size_t half_bytes = written.size() - whole_bytes;
  const auto found = files_.stat(file_.handle());
  if (!found) {
    end_is_known_ = false;
  } else if (found.value().size_bytes >= half_bytes) {
    half_line_left_ = !files_.truncate(file_.handle(), found.value().size_bytes - half_bytes);
  }
  return whole_bytes;
}

Result<LogContents> read_logfile(FileSystem& files, FileHandle file, const std::string& path, std::time_t now,
                                 long nanoseconds, FileSystem::Lock patience) {
  TRY_VOID(take_lock(files, file, path, patience));
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
  TRY_VOID(take_lock(files, file, path, patience));
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
