#include "core/log_reader.hpp"

#include <map>
#include <unordered_set>

#include <fmt/format.h>

#include "protocol/queue_id.hpp"

namespace uflush {
namespace {

/// How much of a line that is no queue ID goes into the log.
constexpr std::size_t quoted_bytes_max = 30;

}  // namespace

std::string_view LogReader::next_line() {
  const std::size_t newline = rest_.find('\n');
  std::string_view line = rest_.substr(0, newline);
  rest_.remove_prefix(newline == std::string_view::npos ? rest_.size() : newline + 1);
  return line.substr(0, line.find('\0'));  // a NUL ends the ID early
}

MoveList LogReader::next(std::size_t lines_max) {
  MoveList list;
  std::unordered_set<std::string_view> seen;
  std::map<std::string, std::vector<std::string_view>> by_directory;
  for (std::size_t count = 0; count < lines_max && !at_end(); ++count) {
    const std::string_view id = next_line();
    if (!is_valid_queue_id(id)) {
      list.warnings.push_back(fmt::format("bad queue id \"{}...\" in fast flush logfile {}",
                                          id.substr(0, quoted_bytes_max), log_name_));
    } else if (seen.insert(id).second) {
      by_directory[layout_.hash_directory("deferred", id)].push_back(id);
    } else {
      ++list.duplicates;
    }
  }
  list.queue_ids.reserve(seen.size());
  for (const auto& [directory, ids] : by_directory) {
    list.queue_ids.insert(list.queue_ids.end(), ids.begin(), ids.end());
  }
  return list;
}

}  // namespace uflush
