/// Whether the names of logfiles still lead to the files that we have open: watched for all of them together,
/// instead of looked up for each append.
///
/// A name is *covered* while every directory on the way to it is watched. Whoever changes a covered name has
/// told us before its system call is over, so that one look after an append (`changed`) is worth as much as
/// looking where the name points. Where a directory cannot be watched, or is
/// reached by a symbolic link, nothing is covered that would need it.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "io/file_guard.hpp"

namespace uflush {

class NameNews {
 public:
  /// Names are covered for an era: until news come that concern directories. No name belongs to this one.
  using Era = std::uint64_t;
  static constexpr Era never = 0;

  /// Without a guard nothing is covered. Borrows both.
  NameNews(FileSystem& files, FileGuard* guard) : files_(files), guard_(guard) {}

  [[nodiscard]] Era era() const noexcept { return era_; }
  /// Sees to it that `path`, relative to the queue directory, is covered from now on. The era, or never.
  [[nodiscard]] Era cover(const std::string& path);

  /// Last parts of the names that have changed since the last time. When a new era has begun, all may have.
  [[nodiscard]] std::vector<std::string> changed();

 private:
  [[nodiscard]] Result<void> watch(const std::string& directory);
  [[nodiscard]] Result<void> watch_way_to(const std::string& path);

  FileSystem& files_;
  FileGuard* guard_;
  Era era_ = 1;
  bool is_hopeless_ = false;                        ///< what is not watched yet never will be
  std::set<std::string, std::less<>> directories_;  ///< with logs, watched
  std::set<std::string, std::less<>> on_the_way_;   ///< names of these directories and those above
};

}  // namespace uflush
