/// Side::spoil(): what is in the spool is spoiled there, the rest in the observation.
#include "tests/differential/fault.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/differential/side.hpp"

namespace uflush::differential {
namespace {

namespace fs = std::filesystem;

bool spoil_reply(Fault fault, Observation& seen) {
  if (fault == Fault::ends_otherwise) {
    if (seen.ending != support::Ending::eof) return false;
    seen.ending = support::Ending::timeout;
    return true;
  }
  if (seen.reply.empty()) return false;
  if (fault == Fault::reply_missing) {
    seen.reply.clear();
  } else {
    seen.reply = support::reply_bytes(seen.reply == support::reply_bytes(0) ? 3 : 0);
  }
  return true;
}

bool spoil_triggers(Fault fault, Observation& seen) {
  if (fault == Fault::trigger_added) {
    seen.triggers += 'I';
    return true;
  }
  if (seen.triggers.empty()) return false;
  if (fault == Fault::trigger_missing) {
    seen.triggers.pop_back();
  } else {
    seen.triggers.back() = 'W';
  }
  return true;
}

bool spoil_log(Fault fault, Observation& seen) {
  if (fault == Fault::line_added) {
    seen.log.insert(seen.log.begin(), "relay postfix/flush: warning: nothing that should be said");
    return true;
  }
  if (seen.log.empty()) return false;
  if (fault == Fault::line_missing) {
    seen.log.pop_back();
  } else {
    seen.log.back() += '.';
  }
  return true;
}

/// A logfile or queue file that is there, or a directory below the queues.
std::string some_path(const Snapshot& spool, std::string_view kind) {
  for (const auto& [path, description] : spool)
    if (description.rfind(kind, 0) == 0 && path.find('/') != std::string::npos) return path;
  return {};
}

bool set_time(const std::string& path, bool access) {
  const timespec other{1000, 0};
  const timespec same{0, UTIME_OMIT};
  const timespec times[2] = {access ? other : same, access ? same : other};
  return ::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0;
}

/// `elsewhere`: a free name that snapshots do not show.
bool spoil_file(Fault fault, const std::string& path, const std::string& elsewhere) {
  switch (fault) {
    case Fault::content: {
      struct stat status {};
      if (::stat(path.c_str(), &status) != 0) return false;
      std::ofstream(path, std::ios::app) << 'x';
      const timespec times[2] = {status.st_atim, status.st_mtim};
      return ::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0;
    }
    case Fault::mode:
    case Fault::directory_mode:
      return ::chmod(path.c_str(), 0711) == 0;
    case Fault::owner:
      return ::chown(path.c_str(), 1234, static_cast<gid_t>(-1)) == 0;
    case Fault::group:
      return ::chown(path.c_str(), static_cast<uid_t>(-1), 1234) == 0;
    case Fault::access_time:
      return set_time(path, true);
    case Fault::modification_time:
      return set_time(path, false);
    case Fault::links:
      ::unlink(elsewhere.c_str());
      return ::link(path.c_str(), elsewhere.c_str()) == 0;
    case Fault::file_missing:
    case Fault::directory_missing:
      return fs::remove_all(path) > 0;
    default:
      return false;
  }
}

}  // namespace

bool Side::spoil(Fault fault, const StepClock& clock, Observation& seen) const {
  if (fault <= Fault::ends_otherwise) return spoil_reply(fault, seen);
  if (fault <= Fault::trigger_differs) return spoil_triggers(fault, seen);
  if (fault <= Fault::line_differs) return spoil_log(fault, seen);
  if (fault == Fault::file_added) {
    support::write_file(spool_.queue().path("active/NEW"), "");
  } else {
    const bool directory = fault == Fault::directory_mode || fault == Fault::directory_missing;
    const std::string path = some_path(seen.spool, directory ? "directory" : "file");
    if (path.empty() ||
        !spoil_file(fault, spool_.queue().path(path), spool_.queue().path("private/second_link")))
      return false;
  }
  seen.spool = spool(clock);
  return true;
}

}  // namespace uflush::differential
