#include "core/logfile.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>

#include "core/line_layout.hpp"
#include "io/check.hpp"

namespace uflush {
namespace {

constexpr mode_t directory_mode = 0700;
/// A file that is unlinked each time we open it would keep us here for ever.
constexpr int attempts_max = 20;
AppendOutcome not_done(AppendOutcome::Kind why) {
  AppendOutcome outcome;
  outcome.kind = why;
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

Result<File> open_log(FileSystem& files, const std::string& path) {
  TRY(file, files.open(current_directory, path.c_str(), FileSystem::Open::log));
  TRY(found, files.stat(file.handle()));
  if (!S_ISREG(found.mode)) return Error{ENXIO};
  return std::move(file);
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
  TRY(found, files_.stat(opened.value().handle()));
  if (!S_ISREG(found.mode)) return Error{ENXIO};
  file_ = std::move(opened).value();
  device_ = found.device;
  inode_ = found.inode;
  is_new_ = found.size_bytes == 0;
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

AppendOutcome AppendFile::still_locked() const {
  return fatal("lock", Error{EWOULDBLOCK});
}

AppendOutcome AppendFile::append(std::string_view lines, Patience patience, Names names) {
  FLUSH_ASSERT(!lines.empty() && lines.back() == '\n');
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    if (!file_) {
      if (patience == Patience::none) return not_done(AppendOutcome::Kind::cold);
      if (auto opened = open(); !opened) return fatal("open", opened.error());
    }
    if (auto outcome = append_to_open_file(lines, patience, names)) return *std::move(outcome);
    close();  // somebody unlinked or replaced it: nobody will look at what we wrote
  }
  return fatal("open", Error{ENOENT});
}

std::optional<AppendOutcome> AppendFile::append_to_open_file(std::string_view lines, Patience patience,
                                                             Names names) {
  if (!is_locked_) {
    if (const auto taken = files_.lock(file_.handle(), FileSystem::Lock::try_now); !taken) {
      if (taken.error().number != EWOULDBLOCK) return fatal("lock", taken.error());
      return not_done(AppendOutcome::Kind::locked);
    }
    is_locked_ = true;
    bool is_cold = false;
    if (!ends_as_we_left_it(patience, is_cold)) end_is_known_ = false;
    if (is_cold) {
      if (!keeps_lock_) release_lock();
      return not_done(AppendOutcome::Kind::cold);
    }
  }
  auto outcome = append_locked(lines, names);
  if (!keeps_lock_) release_lock();
  return outcome;
}

std::optional<AppendOutcome> AppendFile::append_locked(std::string_view lines, Names names) {
  const bool looks = names == Names::look || is_linked_to_;
  if (const auto known = look_at_end(); !known) return fatal("open", known.error());
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

/// One byte to be read where our last append has ended, and it is a newline: nobody has written since, or cut
/// the file. `is_cold`: that cannot be said now without waiting for the disk.
bool AppendFile::ends_as_we_left_it(Patience patience, bool& is_cold) {
  if (!end_is_known_ || half_line_left_ || size_bytes_ == 0) return false;
  std::array<char, 2> tail{};
  const std::uint64_t from = size_bytes_ - 1;
  const auto count = patience == Patience::none ? files_.read_cached_at(file_.handle(), tail, from)
                                                : files_.read_at(file_.handle(), tail, from);
  is_cold = !count && count.error().number == EAGAIN;
  return count && count.value() == 1 && tail[0] == '\n';
}

/// How the file ends, unless that is known: a line that is appended to half a line would be lost with it.
/// Where the file cannot be read, what was known before has to do. A half line that we left may have gone
/// with a send.
Result<void> AppendFile::look_at_end() {
  if (end_is_known_ && !half_line_left_) return outcome::success();
  TRY(found, files_.stat(file_.handle()));
  size_bytes_ = found.size_bytes;
  end_is_known_ = true;
  half_line_left_ = false;
  if (size_bytes_ == 0) return outcome::success();
  char last = '\n';
  if (!files_.read_at(file_.handle(), {&last, 1}, size_bytes_ - 1)) return outcome::success();
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
    ++size_bytes_;
    half_line_left_ = false;
  }
  const PageLayout layout(lines, size_bytes_);
  std::size_t written_bytes = 0;
  while (written_bytes < layout.bytes().size()) {
    const std::string_view rest = layout.bytes().substr(written_bytes);
    const auto written = files_.write(file_.handle(), {rest.data(), rest.size()});
    if (!written) {
      fail(written.error());
      break;
    }
    written_bytes += written.value();
  }
  size_bytes_ += written_bytes;
  outcome.landed_bytes = layout.lines_within(drop_half_line(layout.bytes().substr(0, written_bytes)));
  if (outcome.landed_bytes > 0) outcome.was_empty = std::exchange(is_new_, false);
  return outcome;
}

/// What is left of `written`.
std::size_t AppendFile::drop_half_line(std::string_view written) {
  if (written.empty() || written.back() == '\n') return written.size();
  const std::size_t newline = written.rfind('\n');
  const std::size_t whole_bytes = newline == std::string_view::npos ? 0 : newline + 1;
  const std::size_t half_bytes = written.size() - whole_bytes;
  end_is_known_ = false;
  // Not by the size that we know: where the file cannot be read, somebody else may have written behind it.
  const auto found = files_.stat(file_.handle());
  if (found && found.value().size_bytes >= half_bytes) {
    [[maybe_unused]] auto ignored = files_.truncate(file_.handle(), found.value().size_bytes - half_bytes);
  }
  return whole_bytes;
}

}  // namespace uflush
