#include "core/toucher.hpp"

#include <algorithm>
#include <utility>

#include "core/give_way.hpp"

namespace uflush {
namespace {

/// Lines that are sorted by directory together. Larger lists go easier on directories, smaller ones start
/// earlier.
constexpr std::size_t lines_per_list = 16384;
/// Those of the first list: it must not keep the first slice waiting.
constexpr std::size_t lines_in_first_list = 1024;

}  // namespace

Toucher::Toucher(const SpoolAccess& spool, std::time_t now, std::string_view log_name, LogSource& lines)
    : ring_(spool.loop.ring()),
      mover_(spool.files, spool.layout, now),
      reader_(lines, log_name, spool.layout),
      log_name_(log_name),
      verbose_(spool.log.verbose() > 0),
      lines_(lines_in_first_list) {}

Toucher::Slice Toucher::next(std::size_t files_max) {
  Slice slice;
  if (position_ == list_.queue_ids.size()) read_on(slice);
  slice.text = list_.text;
  const std::size_t end = std::min(list_.queue_ids.size(), position_ + files_max);
  if (verbose_)
    note(slice, std::span(list_.queue_ids).subspan(position_, end - position_),
         "update queue file {} time stamps");
  GiveWay give_way(ring_);
  for (; position_ < end; ++position_) {
    give_way.after_a_file();
    const std::string_view id = list_.queue_ids[position_];
    if (mover_.touch(id) == QueueFileMover::Queue::deferred) slice.in_deferred.push_back(id);
  }
  mover_.close_directories();
  for (std::string& warning : mover_.take_warnings()) slice.warnings.push_back(std::move(warning));
  slice.stayed = mover_.take_stayed();
  slice.read_error = reader_.error();
  slice.is_last = reader_.at_end() && position_ == list_.queue_ids.size();
  slice.ran_short = mover_.ran_short();
  return slice;
}

void Toucher::read_on(Slice& slice) {
  list_ = reader_.next(std::exchange(lines_, lines_per_list));
  position_ = 0;
  slice.warnings = std::move(list_.warnings);
  if (verbose_) note(slice, list_.repeated, "skip queue file {} as duplicate");
}

/// In the words of the reference.
void Toucher::note(Slice& slice, std::span<const std::string_view> ids,
                   fmt::format_string<std::string_view&> what) const {
  for (std::string_view id : ids)
    slice.notes.push_back(fmt::format("flush_send_path: logfile {}: ", log_name_) + fmt::format(what, id));
}

}  // namespace uflush
