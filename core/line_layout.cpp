#include "core/line_layout.hpp"

#include <algorithm>

#include "io/check.hpp"

namespace uflush {
namespace {

/// Whether a line leaves a page, with so much room, full or with room for a filler line.
bool fits(std::size_t room, std::size_t line_bytes) {
  return line_bytes == room || line_bytes + filler_bytes_min <= room;
}

class OldString final : public OldText {
 public:
  explicit OldString(std::string_view text) : text_(text) {}
  [[nodiscard]] char at(std::uint64_t offset) override {
    return offset < text_.size() ? text_[offset] : '\0';
  }

 private:
  std::string_view text_;
};

}  // namespace

void append_filler(std::string& to, std::size_t bytes) {
  FLUSH_ASSERT(bytes == 0 || bytes >= filler_bytes_min);
  while (bytes > 0) {
    const std::size_t line =
        bytes <= filler_bytes_max ? bytes : std::min(filler_bytes_max, bytes - filler_bytes_min);
    to.append(line - 1, '0').push_back('\n');
    bytes -= line;
  }
}

PageLayout::PageLayout(std::string_view lines, std::uint64_t position) : lines_(lines) {
  std::size_t room = page_bytes - position % page_bytes;
  if (fits(room, lines.size())) return;
  for (std::size_t begin = 0; begin < lines.size();) {
    const std::size_t line_bytes = lines.find('\n', begin) + 1 - begin;
    if (!fits(room, line_bytes) && fits(page_bytes, line_bytes) && room >= filler_bytes_min) {
      padding_.push_back({padded_.size(), room});
      append_filler(padded_, room);
    }
    padded_.append(lines, begin, line_bytes);
    begin += line_bytes;
    room = page_bytes - (position + padded_.size()) % page_bytes;
  }
}

std::size_t PageLayout::lines_within(std::size_t count) const noexcept {
  std::size_t lines = count;
  for (const Padding& padding : padding_)
    if (padding.offset < count) lines -= std::min(padding.bytes, count - padding.offset);
  return lines;
}

bool CopyLayout::put(std::string_view line, std::string& out) {
  const std::size_t line_bytes = line.size() + 1;
  std::size_t filler = 0;
  while (!may_break_at(size_bytes_ + filler + line_bytes) || !may_break_within(filler) ||
         (filler > 0 && !may_break_at(size_bytes_ + filler))) {
    filler = std::max(filler + 1, filler_bytes_min);
    if (filler > filler_in_all_max) return false;
  }
  if (size_bytes_ + filler + line_bytes > room_bytes_) return false;
  append_filler(out, filler);
  out.append(line).push_back('\n');
  size_bytes_ += filler + line_bytes;
  return true;
}

bool CopyLayout::finish(std::string& out) {
  std::size_t filler = 0;
  while (!may_end_at(size_bytes_ + filler) || !may_break_within(filler)) {
    filler = std::max(filler + 1, filler_bytes_min);
    if (filler > filler_in_all_max || size_bytes_ + filler > room_bytes_) return false;
  }
  append_filler(out, filler);
  size_bytes_ += filler;
  return true;
}

/// Between the lines of so much filler.
bool CopyLayout::may_break_within(std::size_t filler) {
  if (filler <= filler_bytes_max) return true;
  std::string lines;
  append_filler(lines, filler);
  for (std::size_t end = lines.find('\n') + 1; end < filler; end = lines.find('\n', end) + 1)
    if (!may_break_at(size_bytes_ + end)) return false;
  return true;
}

/// At the end of an old line, and where a page is full or has room for a filler line.
bool CopyLayout::may_end_at(std::uint64_t offset) {
  const std::size_t used = offset % PageLayout::page_bytes;
  const bool leaves_room = used == 0 || used + filler_bytes_min <= PageLayout::page_bytes;
  return offset > 0 && leaves_room && old_.at(offset - 1) == '\n';
}

std::optional<std::string> copy_over(std::string_view old, std::string_view lines) {
  OldString under(old);
  CopyLayout layout(under, old.size());
  std::string copy;
  while (!lines.empty()) {
    const std::size_t newline = std::min(lines.find('\n'), lines.size());
    if (!layout.put(lines.substr(0, newline), copy)) return std::nullopt;
    lines.remove_prefix(std::min(newline + 1, lines.size()));
  }
  if (!layout.finish(copy)) return std::nullopt;
  return copy;
}

}  // namespace uflush
