#include "core/log_reader.hpp"

#include <algorithm>
#include <bit>
#include <map>

#include <fmt/format.h>

#include "core/keyed_hash.hpp"
#include "protocol/queue_id.hpp"

namespace uflush {
namespace {

/// How much of a line that is no queue ID goes into the log.
constexpr std::size_t quoted_bytes_max = 30;
/// A longer line is no queue ID, whatever comes behind.
constexpr std::size_t line_bytes_max = 1024;

/// IDs that were seen, in one flat table: this is the inner loop of reading a log.
class SeenIds {
 public:
  explicit SeenIds(std::size_t ids_max) : slots_(std::bit_ceil(2 * ids_max + 1)) {}

  /// True when `id` is new. At most `ids_max` may be.
  bool insert(std::string_view id) {
    std::size_t slot = keyed_hash(key_, id) & (slots_.size() - 1);
    while (!slots_[slot].empty()) {
      if (slots_[slot] == id) return false;
      slot = (slot + 1) & (slots_.size() - 1);
    }
    slots_[slot] = id;
    return true;
  }

 private:
  const HashKey& key_ = process_hash_key();
  std::vector<std::string_view> slots_;  ///< empty: free; an ID is never empty
};

}  // namespace

/// Behind what is left of the last block, the beginning of a line.
void LogReader::read_on() {
  auto text = std::make_shared<std::string>(rest_);
  if (const auto read = source_.read_on(*text); !read) error_ = read.error();
  text_ = std::move(text);
  rest_ = *text_;
  if (!skips_) return;
  const std::size_t newline = rest_.find('\n');
  skips_ = newline == std::string_view::npos;
  rest_.remove_prefix(skips_ ? rest_.size() : newline + 1);
}

/// Nothing when its end is not in memory yet.
std::optional<std::string_view> LogReader::next_line() {
  const std::size_t newline = rest_.find('\n');
  const bool is_cut = newline == std::string_view::npos && !source_.at_end();
  if (is_cut && rest_.size() < line_bytes_max) return std::nullopt;
  skips_ = is_cut;
  std::string_view line = rest_.substr(0, newline);
  rest_.remove_prefix(newline == std::string_view::npos ? rest_.size() : newline + 1);
  return line.substr(0, line.find('\0'));  // a NUL ends the ID early
}

/// What is left is half a line that ends in byte 0xFF: the reference takes that for the end of the file.
bool LogReader::is_at_end_mark() const noexcept {
  return rest_.ends_with('\xFF') && source_.at_end() && rest_.find('\n') == std::string_view::npos;
}

MoveList LogReader::next(std::size_t lines_max) {
  MoveList list;
  std::optional<SeenIds> seen;
  std::map<std::string, std::vector<std::string_view>, std::less<>> by_directory;
  const bool hashed = layout_.is_hashed("deferred");
  std::string directory;
  for (std::size_t count = 0; count < lines_max && !at_end();) {
    if (is_at_end_mark()) {
      rest_ = {};
      break;
    }
    const std::size_t ids_max = std::min(lines_max, rest_.size());
    const auto line = next_line();
    if (!line) {
      if (count > 0) break;
      read_on();
      continue;
    }
    if (++count == 1) seen.emplace(ids_max);
    const std::string_view id = *line;
    if (!is_valid_queue_id(id)) {
      list.warnings.push_back(fmt::format("bad queue id \"{}...\" in fast flush logfile {}",
                                          id.substr(0, quoted_bytes_max), log_name_));
    } else if (seen->insert(id)) {
      directory.clear();
      if (hashed) layout_.append_hash_directory(directory, id);
      by_directory[directory].push_back(id);
    } else {
      list.repeated.push_back(id);
    }
  }
  list.text = text_;
  for (const auto& [name, ids] : by_directory) {
    list.queue_ids.insert(list.queue_ids.end(), ids.begin(), ids.end());
  }
  return list;
}

}  // namespace uflush
