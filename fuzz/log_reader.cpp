/// Logfiles of any bytes: every line is counted once, as an ID, a duplicate or a warning; every valid ID of a
/// list stands in it exactly once, whatever its order in the file, those of one hash directory together; and
/// the same lines are found in blocks of any size. Lines that are copied over the log are all there, or the
/// copy does not fit; wherever the copy is cut, no empty line comes about that was not there.
///
/// The first byte is the number of lines per list, the second how much of the log is copied over the rest, in
/// 255ths; the rest is the log.
#include "core/log_reader.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "core/line_layout.hpp"
#include "fuzz/input.hpp"
#include "io/check.hpp"
#include "protocol/queue_id.hpp"

namespace uflush {
namespace {

using Lines = std::vector<std::string_view>;

/// What the reader makes lines of: no empty one behind the last newline, no half one that ends in byte 0xFF,
/// nothing behind a NUL.
Lines naive_lines(std::string_view contents) {
  Lines lines;
  if (contents.ends_with('\xFF')) contents = contents.substr(0, contents.rfind('\n') + 1);
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
  TextSource source(contents, contents.size() + 1);
  LogReader reader(source, "example_com", layout);
  std::size_t taken = 0;
  while (!reader.at_end()) {
    const std::size_t count = std::min(lines_per_list, lines.size() - taken);
    if (count == 0) {  // there is only half a line that ends in byte 0xFF
      check_list(reader.next(lines_per_list), {}, layout);
      break;
    }
    const auto begin = lines.begin() + static_cast<std::ptrdiff_t>(taken);
    check_list(reader.next(lines_per_list), Lines(begin, begin + static_cast<std::ptrdiff_t>(count)), layout);
    taken += count;
  }
  FLUSH_ASSERT(taken == lines.size());
}

/// Any size of blocks gives the same IDs and the same number of warnings.
void check_blocks(std::string_view contents, std::size_t block_bytes, const QueueLayout& layout) {
  const Lines lines = naive_lines(contents);
  std::multiset<std::string> expected;
  for (const std::string_view line : lines)
    if (is_valid_queue_id(line)) expected.emplace(line);
  TextSource source(contents, block_bytes);
  LogReader reader(source, "example_com", layout);
  std::multiset<std::string> found;
  std::size_t warnings = 0;
  while (!reader.at_end()) {
    const MoveList list = reader.next(lines.size() + 1);
    found.insert(list.queue_ids.begin(), list.queue_ids.end());
    found.insert(list.repeated.begin(), list.repeated.end());
    warnings += list.warnings.size();
  }
  FLUSH_ASSERT(found == expected);
  FLUSH_ASSERT(warnings == lines.size() - expected.size());
}

std::size_t empty_lines(std::string_view text) {
  const std::vector<std::string_view> lines = split(text, '\n');
  return static_cast<std::size_t>(std::count(lines.begin(), lines.end(), std::string_view()));
}

void check_copy(std::string_view old, std::string_view arrived) {
  const auto copy = copy_over(old, arrived);
  if (!copy) return;
  FLUSH_ASSERT(!copy->empty() && copy->size() <= old.size() && old[copy->size() - 1] == '\n');
  std::vector<std::string_view> rest = split(arrived, '\n');
  if (rest.back().empty()) rest.pop_back();
  auto next = rest.begin();
  for (const std::string_view line : split(*copy, '\n')) {
    if (next != rest.end() && line == *next) {
      ++next;
    } else {
      FLUSH_ASSERT(line.find_first_not_of('0') == std::string_view::npos);
    }
  }
  FLUSH_ASSERT(next == rest.end());
  const std::size_t already_empty = empty_lines(old) + empty_lines(arrived);
  for (std::size_t cut = 0; cut <= copy->size(); ++cut)
    FLUSH_ASSERT(empty_lines(copy->substr(0, cut).append(old.substr(cut))) <= already_empty);
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

  if (!contents.empty()) check_blocks(contents, 1U + data[1], hashed);
  const std::size_t arrived_bytes = contents.size() * data[1] / 255U;
  if (arrived_bytes > 0)
    check_copy(contents.substr(arrived_bytes),
               contents.substr(0, std::min<std::size_t>(arrived_bytes, 4096)));
  return 0;
}
