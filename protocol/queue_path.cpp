#include "protocol/queue_path.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "io/check.hpp"
#include "protocol/queue_id.hpp"

namespace uflush {
namespace {

constexpr std::string_view list_separators = ", \t\r\n";
constexpr std::string_view base52_digits = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";
constexpr std::size_t microseconds_digits = 4;
constexpr std::size_t long_id_inode_offset_min = 10;  // six digits of seconds, four of microseconds

char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return to_lower(x) == to_lower(y); });
}

/// Zero when a character is no digit: such text is no long ID, only shaped like one.
std::uint32_t decode_base52(std::string_view text) noexcept {
  std::uint32_t number = 0;
  for (const char c : text) {
    const std::size_t digit = base52_digits.find(c);
    if (digit == std::string_view::npos) return 0;
    number = number * 52 + static_cast<std::uint32_t>(digit);
  }
  return number;
}

/// What the names of the hash directories are taken from.
class HashSource {
 public:
  explicit HashSource(std::string_view id) noexcept : text_(id) {
    const std::size_t separator = id.rfind('z');
    if (separator == std::string_view::npos || separator < long_id_inode_offset_min) return;
    print_hex(decode_base52(id.substr(separator - microseconds_digits, microseconds_digits)));
  }
  HashSource(const HashSource&) = delete;
  HashSource& operator=(const HashSource&) = delete;

  [[nodiscard]] char level(std::size_t i) const noexcept { return i < text_.size() ? text_[i] : '_'; }

 private:
  /// As printf's %05X.
  void print_hex(std::uint32_t number) noexcept {
    std::size_t first = hex_.size();
    while (number != 0 || hex_.size() - first < 5) {
      hex_[--first] = "0123456789ABCDEF"[number % 16];
      number /= 16;
    }
    text_ = std::string_view{hex_.data() + first, hex_.size() - first};
  }

  std::array<char, 8> hex_{};
  std::string_view text_;
};

}  // namespace

QueueLayout::QueueLayout(std::string_view hash_queue_names, int hash_queue_depth)
    : depth_(static_cast<std::size_t>(hash_queue_depth)) {
  FLUSH_ASSERT(hash_queue_depth >= 1);
  std::size_t end = 0;
  while (true) {
    const std::size_t start = hash_queue_names.find_first_not_of(list_separators, end);
    if (start == std::string_view::npos) break;
    end = std::min(hash_queue_names.find_first_of(list_separators, start), hash_queue_names.size());
    hashed_queues_.emplace_back(hash_queue_names.substr(start, end - start));
  }
}

bool QueueLayout::is_hashed(std::string_view queue) const noexcept {
  return std::any_of(hashed_queues_.begin(), hashed_queues_.end(),
                     [&](std::string_view hashed) { return equal_ignoring_case(hashed, queue); });
}

std::string QueueLayout::hash_directory(std::string_view queue, std::string_view id) const {
  FLUSH_ASSERT(is_valid_queue_id(id));
  std::string directory;
  if (is_hashed(queue)) append_hash_directory(directory, id);
  return directory;
}

std::string QueueLayout::path(std::string_view queue, std::string_view id) const {
  std::string path;
  append_path(path, queue, id);
  return path;
}

void QueueLayout::append_path(std::string& out, std::string_view queue, std::string_view id) const {
  FLUSH_ASSERT(is_valid_queue_id(id));  // or else the path could leave the queue
  out.append(queue).push_back('/');
  if (is_hashed(queue)) append_hash_directory(out, id);
  out.append(id);
}

void QueueLayout::append_hash_directory(std::string& out, std::string_view id) const {
  const HashSource source(id);
  for (std::size_t i = 0; i < depth_; ++i) {
    out.push_back(source.level(i));
    out.push_back('/');
  }
}

}  // namespace uflush
