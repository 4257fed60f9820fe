/// Logfiles of any bytes: every line is counted once, as an ID, a duplicate or a warning; every valid ID of a
/// list stands in it exactly once, whatever its order in the file, those of one hash directory together. And
/// the place for lines that came in meanwhile is the end of a line with room for a filler line, the first
/// such place there is.
///
/// The first byte is the number of lines per list, the second how many bytes came in meanwhile, in fourths of
/// the log; the rest is the log.
#include "core/log_reader.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "core/logfile.hpp"
#include "fuzz/input.hpp"
#include "io/check.hpp"
#include "protocol/queue_id.hpp"

namespace uflush {
namespace {

using Lines = std::vector<std::string_view>;

/// What the reader makes lines of: no empty one behind the last newline, nothing behind a NUL.
Lines naive_lines(std::string_view contents) {
  Lines lines;
  while (!contents.empty()) lines.push_back(split(take_until(contents, '\n'), '\0').front());
  return lines;
}

void check_order(const std::vector<std::string_view>& ids, const QueueLayout& layout) {
  std::set<std::string> finished;
  std::string current;
  for (const std::string_view id : ids) {
    const std::string directory = layout.hash_directory("deferred", id);
    if (directory == current) continue;
    finished.insert(current);
    FLUSH_ASSERT(!finished.contains(directory));
    current = directory;
  }
}

void check_list(const MoveList& list, const Lines& lines, const QueueLayout& layout) {
  std::multiset<std::string_view> valid;
  for (const std::string_view line : lines)
    if (is_valid_queue_id(line)) valid.insert(line);
  const std::set<std::string_view> expected(valid.begin(), valid.end());
  const std::multiset<std::string_view> found(list.queue_ids.begin(), list.queue_ids.end());
  FLUSH_ASSERT(std::equal(found.begin(), found.end(), expected.begin(), expected.end()));
  FLUSH_ASSERT(list.repeated.size() == valid.size() - expected.size());
  FLUSH_ASSERT(list.warnings.size() == lines.size() - valid.size());
  for (const std::string& warning : list.warnings)
    FLUSH_ASSERT(warning.starts_with("bad queue id \"") &&
                 warning.ends_with("...\" in fast flush logfile example_com"));
  check_order(list.queue_ids, layout);
}

void check_reader(std::string_view contents, std::size_t lines_per_list, const QueueLayout& layout) {
  const Lines lines = naive_lines(contents);
  LogReader reader(contents, "example_com", layout);
  std::size_t taken = 0;
  while (!reader.at_end()) {
    const std::size_t count = std::min(lines_per_list, lines.size() - taken);
    FLUSH_ASSERT(count > 0);
    const auto begin = lines.begin() + static_cast<std::ptrdiff_t>(taken);
    check_list(reader.next(lines_per_list), Lines(begin, begin + static_cast<std::ptrdiff_t>(count)), layout);
    taken += count;
  }
  FLUSH_ASSERT(taken == lines.size());
}

bool is_place_for_copy(std::string_view handled, std::size_t arrived_bytes, std::size_t end) {
  if (end < arrived_bytes || end == 0 || handled[end - 1] != '\n') return false;
  const std::size_t filler = end - arrived_bytes;
  return filler == 0 || (filler >= 8 && filler <= 200);  // a line that is a queue ID, and no directory's name
}

void check_place(std::string_view handled, std::size_t arrived_bytes) {
  std::size_t expected = std::string_view::npos;
  for (std::size_t end = handled.size(); end > 0; --end)
    if (is_place_for_copy(handled, arrived_bytes, end)) expected = end;
  FLUSH_ASSERT(place_for_copy(handled, arrived_bytes) == expected);
}

}  // namespace
}  // namespace uflush

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace uflush;
  constexpr std::size_t control_bytes = 2;
  if (size < control_bytes) return 0;
  const std::string_view contents = as_text(data, size).substr(control_bytes);
  static const QueueLayout flat("defer", 1);
  static const QueueLayout hashed("deferred", 2);
  check_reader(contents, 1U + data[0], flat);
  check_reader(contents, 1U + data[0], hashed);

  const std::size_t arrived_bytes = 1 + contents.size() * data[1] / 255U;
  check_place(contents, arrived_bytes);
  return 0;
}
