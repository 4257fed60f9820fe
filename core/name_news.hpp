/// Whether the names of logfiles still lead to the files that we have open, and who opens them: watched for
/// all of them together.
///
/// A name is *covered* while every directory on the way to it is watched. Whoever changes a covered name has
/// told us before its system call is over, so that one look at the news after an append is worth as much as
/// looking where the name leads. What cannot be watched, or is reached through a symbolic link, is not
/// covered. What nobody tells of (a file system that is mounted over the directory) goes unnoticed for a
/// second at most: then each name must be looked at once and covered anew.
#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "io/clock.hpp"
#include "io/name_watch.hpp"

namespace uflush {

class NameNews {
 public:
  /// Names are covered for an era: a second, or until news come that concern directories. None is covered in
  /// this one.
  using Era = std::uint64_t;
  static constexpr Era never = 0;

  /// Without a watch nothing is covered. Borrows it.
  explicit NameNews(NameWatch* watch) : watch_(watch) {}

  /// The era that it is at `now`.
  [[nodiscard]] Era era(Instant now);
  /// Sees to it that `path`, relative to the queue directory, is covered from now on. The era, or never.
  [[nodiscard]] Era cover(const std::string& path);

  /// What has happened since the last time. A new era begins with `perhaps_all`. Only while something is
  /// covered.
  [[nodiscard]] NameWatch::News read();
  /// Readable when there are news.
  [[nodiscard]] Result<int> fd() { return watch_->fd(); }

 private:
  [[nodiscard]] Result<void> watch_way_to(const std::string& path);
  void begin_era() noexcept;

  NameWatch* watch_;
  Era era_ = 1;
  Instant era_ends_;
  std::set<std::string, std::less<>> covered_;    ///< directories with logs
  std::set<std::string, std::less<>> uncovered_;  ///< those that cannot be watched in this era
};

}  // namespace uflush
