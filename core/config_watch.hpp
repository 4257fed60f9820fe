/// Notices that main.cf, a pattern file or a table is no longer what it was when the daemon read it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "io/fd.hpp"
#include "io/result.hpp"

namespace uflush {

/// Watches files through their directories (inotify(7)), so that a file which is replaced by rename(2), or
/// which does not exist yet, is noticed as well. Symbolic links on the way to a file are followed and watched
/// too. So is the file itself: one that is mounted by itself has its contents elsewhere, and its directory
/// does not tell when they change there.
///
/// A file that is watched before it is read cannot change unnoticed: what comes too late for the reader comes
/// early enough for the watch.
///
/// A change is: new contents once the writer has closed the file, another file under the name, removal, or
/// an overrun of the kernel's event queue. Reading, chmod(2) and touch(1) are none.
/// Set up before chroot(2); works on in it. Owns its descriptor.
class ConfigWatch {
 public:
  [[nodiscard]] static Result<ConfigWatch> open();

  /// Adds a file; a relative path is relative to the working directory now. The file may be missing, its
  /// directory may not.
  [[nodiscard]] Result<void> watch_file(const std::string& path);

  /// Readable when there may be news. Non-blocking.
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

  /// Reads all news. True when a file has changed, now or at an earlier call.
  [[nodiscard]] bool drain_and_check();
  /// Reads all news. True when a file has changed since the last call.
  [[nodiscard]] bool take_changes() { return drain_and_check() && std::exchange(changed_, false); }

 private:
  explicit ConfigWatch(Fd fd) : fd_(std::move(fd)) {}

  [[nodiscard]] Result<void> watch_entry(const std::string& directory, const std::string& name);
  [[nodiscard]] Result<void> watch_contents(const std::string& file);
  void handle(int watch, unsigned mask, std::string_view name);

  Fd fd_;
  bool changed_ = false;
  std::map<int, std::set<std::string, std::less<>>> names_;             // by watch descriptor
  std::map<int, std::set<std::string, std::less<>>> being_written_to_;  // written to, not yet closed
};

}  // namespace uflush
