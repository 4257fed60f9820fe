#include "core/refresh.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include "protocol/queue_id.hpp"

namespace uflush {
namespace {

/// Names looked at per trip to the pool: about 3 ms.
constexpr std::size_t names_per_slice = 1000;

}  // namespace

/// What a slice of a scan brings back to the loop.
struct Refresher::Findings {
  std::vector<std::string> subdirectories;  ///< paths
  std::vector<std::string> due;             ///< log names to send
  std::vector<std::string> warnings;
  std::vector<std::string> notes;  ///< for the verbose log
};

Task<void> Refresher::refresh(std::chrono::seconds max_age, StopToken stop) {
  const auto turn = co_await one_at_a_time_.lock();
  co_await scan("flush", max_age, stop);
}

Task<void> Refresher::scan(const std::string& path, std::chrono::seconds max_age, StopToken stop) {
  auto list = [&]() -> Result<std::vector<DirectoryEntry>> {
    TRY(directory, spool_.files.open(current_directory, path.c_str(), FileSystem::Open::directory));
    return spool_.files.list(directory.handle());
  };
  const auto listed = co_await in_pool(spool_.work_pool, list);
  if (!listed) {
    spool_.log.fatal("scan_dir_push: open directory {}: {}", path, listed.error().message());
    co_return;
  }
  const std::vector<DirectoryEntry>& entries = listed.value();
  for (std::size_t begin = 0; begin < entries.size() && !stop.stop_requested(); begin += names_per_slice) {
    auto slice = [&] {
      Findings found;
      const std::time_t now = spool_.loop.wall_time();
      const std::size_t end = std::min(entries.size(), begin + names_per_slice);
      for (std::size_t i = begin; i < end; ++i) look_at(path, entries[i].name, max_age, now, found);
      return found;
    };
    const Findings findings = co_await in_pool(spool_.work_pool, slice);
    for (const std::string& warning : findings.warnings) spool_.log.warning("{}", warning);
    if (spool_.log.verbose() > 0) {
      for (const std::string& note : findings.notes) spool_.log.info("{}", note);
    }
    for (const std::string& name : findings.due) {
      if (stop.stop_requested()) co_return;
      co_await sender_.send(name, Sender::Cause::refresh, stop);
    }
    for (const std::string& subdirectory : findings.subdirectories)
      co_await scan(subdirectory, max_age, stop);
  }
}

void Refresher::look_at(const std::string& directory, const std::string& name, std::chrono::seconds max_age,
                        std::time_t now, Findings& findings) {
  if (name.size() == 1) {
    // A hash directory, or the log of a site with a one-letter name.
    const std::string path = directory + "/" + name;
    const auto found = spool_.files.stat(current_directory, path.c_str());
    if (found && S_ISDIR(found.value().mode)) {
      findings.subdirectories.push_back(path);
      return;
    }
  }
  if (!is_valid_queue_id(name)) return;
  // The path is made from the name: a log that lies in the wrong directory is not found, and left alone.
  const std::string path = spool_.layout.path("flush", name);
  const auto found = spool_.files.stat(current_directory, path.c_str());
  if (!found) {
    if (found.error().number == ENOENT) return;
    findings.warnings.push_back(
        fmt::format("flush_refresh_service: stat {}: {}", path, found.error().message()));
    return;
  }
  const FileStat& log = found.value();
  if (S_ISDIR(log.mode)) return;
  if (log.size_bytes == 0) {
    const auto purge_time = spool_.config.fast_flush_purge_time;
    if (log.change_time + purge_time.count() < now && remove_if_empty(path, findings)) {
      findings.notes.push_back(
          fmt::format("flush_refresh_service: unlink {}, empty and unchanged for {} days", path,
                      purge_time.count() / 86400));
    } else {
      findings.notes.push_back(fmt::format("flush_refresh_service: skip logfile {} - empty log", name));
    }
  } else if (log.access_time + max_age.count() < now) {
    findings.notes.push_back(fmt::format("flush_refresh_service: flush logfile {}", name));
    findings.due.push_back(name);
  } else {
    findings.notes.push_back(fmt::format("flush_refresh_service: skip logfile {}, unread for <{} hours(s) ",
                                         name, max_age.count() / 3600));
  }
}

bool Refresher::remove_if_empty(const std::string& path, Findings& findings) {
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
