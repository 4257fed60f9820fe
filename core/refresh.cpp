#include "core/refresh.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include "core/log_in_pieces.hpp"
#include "protocol/queue_id.hpp"

namespace uflush {
namespace {

/// Names looked at per trip to the pool: about 3 ms.
constexpr std::size_t names_per_slice = 2000;

}  // namespace

/// One of the directories that logs lie in.
struct Refresher::Directory {
  std::string path;
  bool is_flat;  ///< its logs lie here, and nowhere below
  File file;
  std::vector<DirectoryEntry> entries;
};

/// What a slice of a scan brings back to the loop.
struct Refresher::Findings {
  std::vector<std::string> subdirectories;  ///< paths
  std::vector<std::string> due;             ///< log names to send
  std::vector<std::string> warnings;
  std::vector<std::string> notes;  ///< for the verbose log
};

Task<void> Refresher::refresh(std::chrono::seconds max_age, StopToken stop) {
  Scope aside;
  {
    const auto turn = co_await one_at_a_time_.lock();
    co_await scan("flush", max_age, aside, stop);
  }
  co_await aside.join();  // while the next refresh begins
}

/// Two slices at a time, each on a thread of its own.
Task<void> Refresher::scan(std::string path, std::chrono::seconds max_age, Scope& aside, StopToken stop) {
  const bool is_flat = path == "flush" && !spool_.layout.is_hashed("flush");
  Directory directory{std::move(path), is_flat, {}, {}};
  auto list = [&]() -> Result<void> {
    TRY(opened, spool_.files.open(current_directory, directory.path.c_str(), FileSystem::Open::directory));
    directory.file = std::move(opened);
    TRY(entries, spool_.files.list(directory.file.handle()));
    directory.entries = std::move(entries);
    return outcome::success();
  };
  const auto listed = co_await in_pool(spool_.work_pool, list);
  if (!listed) {
    spool_.log.fatal("scan_dir_push: open directory {}: {}", directory.path, listed.error().message());
    co_return;
  }
  for (std::size_t begin = 0; begin < directory.entries.size() && !stop.stop_requested();
       begin += 2 * names_per_slice) {
    auto one = [&] { return look_at(directory, begin, max_age); };
    auto another = [&] { return look_at(directory, begin + names_per_slice, max_age); };
    auto other_trip = in_pool(spool_.work_pool, another);
    if (begin + names_per_slice < directory.entries.size()) other_trip.start();
    const Findings first = co_await in_pool(spool_.work_pool, one);
    Findings second;
    if (other_trip.has_started()) second = co_await other_trip;
    co_await act_on(first, max_age, aside, stop);
    co_await act_on(second, max_age, aside, stop);
  }
}

Task<void> Refresher::act_on(const Findings& findings, std::chrono::seconds max_age, Scope& aside,
                             StopToken stop) {
  co_await log_in_pieces(spool_.loop, spool_.log, Severity::warning, findings.warnings);
  co_await log_in_pieces(spool_.loop, spool_.log, Severity::info, findings.notes);
  co_await sender_.send_each(findings.due, aside, stop);
  for (const std::string& subdirectory : findings.subdirectories)
    co_await scan(subdirectory, max_age, aside, stop);
}

Refresher::Findings Refresher::look_at(const Directory& directory, std::size_t begin,
                                       std::chrono::seconds max_age) const {
  Findings found;
  const std::time_t now = spool_.loop.wall_time();
  const std::size_t end = std::min(directory.entries.size(), begin + names_per_slice);
  for (std::size_t i = begin; i < end; ++i)
    look_at(directory, directory.entries[i].name, max_age, now, found);
  return found;
}

void Refresher::look_at(const Directory& directory, const std::string& name, std::chrono::seconds max_age,
                        std::time_t now, Findings& findings) const {
  if (name.size() == 1) {
    // A hash directory, or the log of a site with a one-letter name.
    const std::string path = directory.path + "/" + name;
    const auto found = spool_.files.stat(directory.file.handle(), name.c_str());
    if (found && S_ISDIR(found.value().mode)) {
      findings.subdirectories.push_back(path);
      return;
    }
  }
  if (!is_valid_queue_id(name)) return;
  // The path is made from the name: a log that lies in the wrong directory is not found, and left alone.
  const auto found = directory.is_flat ? spool_.files.stat(directory.file.handle(), name.c_str())
                                       : spool_.files.stat(current_directory, path_of(name).c_str());
  if (!found) {
    if (found.error().number == ENOENT) return;
    const std::string path = path_of(name);
    findings.warnings.push_back(
        fmt::format("flush_refresh_service: stat {}: {}", path, found.error().message()));
    return;
  }
  const FileStat& log = found.value();
  if (S_ISDIR(log.mode)) return;
  const bool verbose = spool_.log.verbose() > 0;
  const auto note = [&](std::string text) {
    findings.notes.push_back("flush_refresh_service: " + std::move(text));
  };
  if (log.size_bytes == 0) {
    const auto purge_time = spool_.config.fast_flush_purge_time;
    if (log.change_time + purge_time.count() < now && remove_if_empty(path_of(name), findings)) {
      if (verbose)
        note(fmt::format("unlink {}, empty and unchanged for {} days", path_of(name),
                         purge_time.count() / 86400));
    } else if (verbose) {
      note(fmt::format("skip logfile {} - empty log", name));
    }
  } else if (log.access_time + max_age.count() < now) {
    if (verbose) note(fmt::format("flush logfile {}", name));
    findings.due.push_back(name);
  } else if (verbose) {
    note(fmt::format("skip logfile {}, unread for <{} hours(s) ", name, max_age.count() / 3600));
  }
}

std::string Refresher::path_of(const std::string& name) const {
  return spool_.layout.path("flush", name);
}

bool Refresher::remove_if_empty(const std::string& path, Findings& findings) const {
  // With the lock in our hands nobody can be about to write; who has it now is about to, so the log stays.
  const auto removed = [&]() -> Result<bool> {
    const auto file = spool_.files.open(current_directory, path.c_str(), FileSystem::Open::read_write);
    if (!file && file.error().number == EACCES) {
      // Nobody adds to a log that we may not open; we may still remove it.
      TRY_VOID(spool_.files.unlink(current_directory, path.c_str()));
      return true;
    }
    if (!file) return file.error();
    TRY_VOID(spool_.files.lock(file.value().handle(), FileSystem::Lock::try_now));
    TRY(found, spool_.files.stat(file.value().handle()));
    if (found.size_bytes > 0) return false;
    // Another process may have unlinked what we opened, and somebody may have made a new log since.
    TRY(named, spool_.files.stat(current_directory, path.c_str()));
    if (named.inode != found.inode || named.device != found.device) return false;
    TRY_VOID(spool_.files.unlink(current_directory, path.c_str()));
    return true;
  }();
  if (removed) return removed.value();
  const int error = removed.error().number;
  if (error != ENOENT && error != EWOULDBLOCK) {
    findings.warnings.push_back(fmt::format("remove logfile {}: {}", path, removed.error().message()));
  }
  return false;
}

}  // namespace uflush
